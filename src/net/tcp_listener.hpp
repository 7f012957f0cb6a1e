#pragma once

#include "net/tcp_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace parley::net {

/// Takes the connections that come, under ids that it chooses.
class ListenerSink : public StreamSink {
 public:
  virtual SocketId onTcpAccepting() = 0;
  /// `stream` is to be started once the engine knows of it.
  virtual void onTcpAccepted(const TcpAccepted& accepted, std::shared_ptr<TcpStream> stream) = 0;
};

/// One listening TCP socket.
class TcpListener final : public Socket, public std::enable_shared_from_this<TcpListener> {
 public:
  /// Connections that may wait to be accepted.
  static constexpr int backlog = 16;
  /// After a failure to accept (no descriptors left): trying at once would only fail again, and again.
  static constexpr auto pause = std::chrono::milliseconds(100);

  static base::Result<std::shared_ptr<TcpListener>, std::string> listen(boost::asio::io_context& io,
                                                                        const ListenTcp& request, std::uint32_t scope,
                                                                        ListenerSink& sink);

  void send(std::span<Transmit>) override {}
  void close() override;
  std::string report() const override;

  TcpListener(boost::asio::ip::tcp::acceptor acceptor, SocketId id, ListenerSink& sink);

 private:
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  SocketId id_;
  ListenerSink& sink_;
  std::uint64_t accepted_ = 0;
};

}  // namespace parley::net
