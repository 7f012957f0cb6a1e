#pragma once

#include "base/bytes.hpp"
#include "base/packet_pool.hpp"

#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace parley::base {

/// Encryption between a byte stream and what runs over it (TLS over TCP), as a filter without I/O. Only the interface is
/// here: `dtls::TlsClient` implements it, and is injected where it is wanted, so that TURN and ICE do not depend on a TLS
/// library. It has no timers: how long a server may take is its owner's to say.
///
///   start ──► (handshake) ──► Connected ──► close, close_notify: Closed
///                  └──────────────┴───────► Failed
class SecureStream {
 public:
  /// Bytes to the other end, to be written to the stream in order.
  struct Transmit {
    Packet packet;
  };
  /// The other end has proven who it is; `send` works from here on.
  struct Connected {};
  /// Bytes from the other end, in order; their division into packets means nothing. They may be changed in place.
  struct Received {
    Packet packet;
  };
  /// The other end has said that no more will come.
  struct Closed {};
  struct Failed {
    std::string reason;  ///< A sentence's worth: "certificate has expired".
  };
  using Output = std::variant<Transmit, Connected, Received, Closed, Failed>;

  virtual ~SecureStream() = default;
  /// Once, when the stream is connected.
  virtual void start() = 0;
  /// Bytes from the stream.
  virtual void handle(Bytes bytes) = 0;
  /// Encrypts these bytes. False, and nothing sent, if not connected.
  virtual bool send(Bytes plaintext) = 0;
  /// Says close_notify if connected. Idempotent.
  virtual void close() = 0;
  virtual std::optional<Output> poll() = 0;
};

/// Makes the client's end for a server of this name (a DNS name, or an IP literal without brackets), which the server's
/// certificate has to prove. The pool outlives the stream. `now` is for the validity of certificates.
using SecureStreamFactory =
    std::function<std::unique_ptr<SecureStream>(std::string_view serverName, PacketPool& pool, Time now)>;

}  // namespace parley::base
