#pragma once

#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/secure_stream.hpp"
#include "dtls/stream_bio.hpp"
#include "dtls/tls_trust.hpp"

#include <parley/packet.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct ssl_st;

namespace parley::dtls {

/// The client's end of TLS 1.2 or 1.3 over a byte stream (`turns:` over TCP), by OpenSSL.
///
///           start               the chain and the name are proven
///   New ───────────► Connecting ──────────────────────────────────► Connected
///                        │                                          │      │
///                        │ certificate, alert, nonsense      alert, │      │ close, close_notify
///                        ▼                                 nonsense ▼      ▼
///                      Failed                                    Failed   Closed
///
/// The server proves by its certificate that it is `serverName` (RFC 8489 s.6.2.3; RFC 6125): a DNS name, perhaps by a
/// wildcard, is sent in SNI too; an IP address has to be in the certificate as such. Revocation is not asked for.
///
/// Not movable: OpenSSL holds pointers to it.
class TlsClient final : public base::SecureStream {
 public:
  struct Config {
    std::shared_ptr<const TlsTrust> trust;
    /// A DNS name, or an IP literal without brackets.
    std::string serverName;
    /// Wall-clock time since 1970, for the validity of certificates.
    std::chrono::seconds wallClock{};
  };

  /// Precondition: config.trust. The pool outlives the client.
  TlsClient(Config config, base::PacketPool& pool);
  ~TlsClient() override;
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  void start() override;
  void handle(base::Bytes bytes) override;
  bool send(base::Bytes plaintext) override;
  void close() override;
  std::optional<Output> poll() override { return outbox_.poll(); }

  /// "TLSv1.3", once it is connected.
  std::string version() const;

 private:
  enum class State : std::uint8_t { New, Connecting, Connected, Closed, Failed };
  struct SslDeleter {
    void operator()(ssl_st* ssl) const;
  };

  bool setUp();
  void shakeHands();
  void read();
  void take(base::Bytes bytes);
  void flush();
  void end(State state, Output event);
  void failByOpenSsl();

  Config config_;
  base::PacketPool& pool_;
  base::Outbox<Output> outbox_;
  StreamPort port_;
  std::unique_ptr<ssl_st, SslDeleter> ssl_;
  Packet outbound_;  ///< What OpenSSL wrote since the last flush.
  State state_ = State::New;
};

/// Makes clients that trust `trust`. `wallClockOffset`: wall-clock time since 1970 is this more than the engine's time
/// (`Engine::Options::wallClockOffset`).
base::SecureStreamFactory tlsClients(std::shared_ptr<const TlsTrust> trust, Duration wallClockOffset);

}  // namespace parley::dtls
