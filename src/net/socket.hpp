#pragma once

#include "base/result.hpp"

#include <parley/io.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace parley::net {

/// What the engine asked to be opened and knows by a `SocketId`. All members are for the loop's thread.
class Socket {
 public:
  virtual ~Socket() = default;

  /// Sends, keeps for later (bounded), or drops; never blocks. The packets are moved out of, or left for the caller to
  /// destroy. All are for this socket.
  virtual void send(std::span<Transmit> packets) = 0;
  /// The sink hears nothing from here on.
  virtual void close() = 0;
  /// For the log, at the end.
  virtual std::string report() const = 0;

  const SocketAddress& local() const { return local_; }

 protected:
  SocketAddress local_;
};

using OpenSocketResult = base::Result<std::shared_ptr<Socket>, std::string>;

/// What sockets of all kinds tell. Called on the loop's thread, and never from within `send` or `close`.
class SocketSink {
 public:
  virtual ~SocketSink() = default;
  /// What had come is delivered. May close any socket, the caller too.
  virtual void onBatchEnd() = 0;
  /// The socket is broken for good, and closed.
  virtual void onSocketFailed(SocketId socket, std::string_view reason) = 0;
};

}  // namespace parley::net
