#pragma once

#include "net/socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

namespace parley::net {

/// Takes what TCP connections tell.
class StreamSink : public virtual SocketSink {
 public:
  virtual void onStreamData(const StreamData& data) = 0;
  virtual void onTcpConnected(const TcpConnected& connected) = 0;
  /// From within `send`, too.
  virtual void onStreamBacklog(const StreamBacklog& backlog) = 0;
};

/// One TCP connection.
///
///     connect ─► connecting ──► open ──close()──► lingering ─► closed
///     accept ──────────────────►┘ │                 (what waits is written, then the other side's end is awaited)
///                                 └─ error, end of the stream, a queue that is too long ─► onSocketFailed ─► closed
class TcpStream final : public Socket, public std::enable_shared_from_this<TcpStream> {
 public:
  /// Bytes in the queue from which on, and below which again, the engine is told (see `StreamBacklog`).
  static constexpr std::size_t fullAt = 128 * 1024;
  static constexpr std::size_t roomAt = 64 * 1024;
  /// Beyond it nobody seems to heed that; the stream is given up. It is 40 times the time that `fullAt` stands for, and
  /// more than the 1.5 MB that the engine may have said before it hears of a full queue.
  static constexpr std::size_t queueLimit = 5 * 1024 * 1024;
  /// The same for short packets, whose buffers are as large as those of long ones: 5 MiB of 640 bytes.
  static constexpr std::size_t packetLimit = 8192;
  /// For what waits when the stream is closed, and for the other side to take it.
  static constexpr auto lingerTime = std::chrono::seconds(2);

  /// Fails at once if there is no such local address or no free port in the range.
  static base::Result<std::shared_ptr<TcpStream>, std::string> connect(boost::asio::io_context& io,
                                                                       const ConnectTcp& request, std::uint32_t scope,
                                                                       StreamSink& sink);
  /// An accepted connection. Call `start` when the engine knows of it.
  static std::shared_ptr<TcpStream> accepted(boost::asio::ip::tcp::socket socket, SocketId id, StreamSink& sink);
  void start();
  const SocketAddress& remote() const { return remote_; }

  void send(std::span<Transmit> packets) override;
  void close() override;
  std::string report() const override;

  TcpStream(boost::asio::ip::tcp::socket socket, SocketId id, StreamSink& sink);

 private:
  enum class State : std::uint8_t { Connecting, Open, Lingering, Closed };

  void opened();
  void read();
  void readable();
  void write();
  void waitWritable();
  void wrote();
  void linger();
  void fail(std::string reason);
  void shut();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer patience_;  ///< With a stream that is closed here.
  SocketId id_;
  StreamSink* sink_;  ///< Null once it shall hear nothing.
  State state_ = State::Open;
  SocketAddress remote_;
  std::deque<Packet> queue_;
  std::size_t offset_ = 0;  ///< What is written of the first of them.
  std::size_t queued_ = 0;  ///< Bytes to be written.
  bool waitsForRoom_ = false;
  bool toldFull_ = false;
  std::uint64_t sent_ = 0, received_ = 0;
};

}  // namespace parley::net
