#include "net/address.hpp"
#include "net/multicast.hpp"
#include "net/udp_socket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <array>
#include <deque>
#include <utility>

namespace parley::net {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

/// One datagram per system call, by completion: what every system can do.
class PlainUdpSocket final : public UdpSocket, public std::enable_shared_from_this<PlainUdpSocket> {
 public:
  PlainUdpSocket(udp::socket socket, const SocketAddress& local, SocketId id, std::uint32_t scope, UdpSink& sink)
      : socket_(std::move(socket)), id_(id), scope_(scope), sink_(sink) {
    local_ = local;
  }

  void start() { receive(); }

  void send(std::span<Transmit> packets) override {
    for (auto& packet : packets) {
      if (!backlog_.empty() || !sendNow(packet)) keep(std::move(packet));
    }
  }

  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);  // The backlog stays: its first packet may still be in use by the system.
  }

  int nativeHandle() override { return static_cast<int>(socket_.native_handle()); }

 private:
  // A jumbo frame (9000 bytes) fits. Nothing larger is meant for us, so a full buffer is a datagram that was cut.
  static constexpr std::size_t bufferSize = 9216;
  /// Datagrams taken in a row before timers and other sockets have their turn.
  static constexpr int batchLimit = 64;

  bool sendNow(const Transmit& packet) {
    boost::system::error_code error;
    counters_.add(UdpCounter::SendCalls);
    socket_.send_to(asio::buffer(packet.packet.data(), packet.packet.size()), toAsio(packet.to, scope_), 0, error);
    if (error == asio::error::would_block) return false;
    counters_.add(error ? UdpCounter::DroppedSendError : UdpCounter::Sent);
    return true;
  }

  void keep(Transmit packet) {
    if (backlog_.size() >= backlogLimit) return counters_.add(UdpCounter::DroppedBacklogFull);
    counters_.add(UdpCounter::WaitedForRoom);
    backlog_.push_back(std::move(packet));
    if (backlog_.size() == 1) sendBacklog();
  }

  void sendBacklog() {
    auto& next = backlog_.front();
    counters_.add(UdpCounter::SendCalls);
    socket_.async_send_to(asio::buffer(next.packet.data(), next.packet.size()), toAsio(next.to, scope_),
                          [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                            if (!self->socket_.is_open()) return;
                            self->counters_.add(error ? UdpCounter::DroppedSendError : UdpCounter::Sent);
                            self->backlog_.pop_front();
                            if (!self->backlog_.empty()) self->sendBacklog();
                          });
  }

  void receive() {
    socket_.async_receive_from(asio::buffer(buffer_), from_,
                               [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                                 self->received(error, size);
                               });
  }

  void received(boost::system::error_code error, std::size_t size) {
    if (!socket_.is_open()) return;
    for (int i = 1; deliver(error, size) && i < batchLimit; ++i)
      size = socket_.receive_from(asio::buffer(buffer_), from_, 0, error);
    sink_.onBatchEnd();
    if (!socket_.is_open()) return;
    if (errorsInARow_ < receiveErrorLimit) return receive();
    close();
    sink_.onSocketFailed(id_, error.message());
  }

  /// False once nothing more is there.
  bool deliver(const boost::system::error_code& error, std::size_t size) {
    counters_.add(UdpCounter::ReceiveCalls);
    if (error == asio::error::would_block) return false;
    if (error) {
      // ICMP's answers to what we sent (Windows: WSAECONNRESET). They prove nothing, and ICE finds out by itself.
      counters_.add(UdpCounter::ReceiveErrors);
      return ++errorsInARow_ < receiveErrorLimit;
    }
    errorsInARow_ = 0;
    if (size == bufferSize) {
      counters_.add(UdpCounter::DroppedTruncated);
    } else {
      counters_.add(UdpCounter::Received);
      sink_.onDatagram({id_, fromAsio(from_), std::span(buffer_).first(size)});
    }
    return true;
  }

  udp::socket socket_;
  SocketId id_;
  std::uint32_t scope_;
  UdpSink& sink_;
  udp::endpoint from_;
  std::array<std::uint8_t, bufferSize> buffer_;
  std::deque<Transmit> backlog_;
  int errorsInARow_ = 0;
};

}  // namespace

OpenResult openPlain(asio::io_context& io, const BindUdp& request, std::uint32_t scope, const UdpOptions& options,
                     UdpSink& sink) {
  auto bound = bindSocket(io, request, scope, options);
  if (!bound) return base::unexpected(bound.error());
  boost::system::error_code error;
  const SocketAddress local = fromAsio(bound->local_endpoint(error));
  auto socket = std::make_shared<PlainUdpSocket>(std::move(*bound), local, request.socket, scope, sink);
  socket->start();
  return socket;
}

OpenResult openMulticast(asio::io_context& io, const BindMulticast& request, std::uint32_t interface, UdpSink& sink) {
  auto joined = joinGroup(io, request, interface);
  if (!joined)
    return base::unexpected("cannot join " + request.group.toString() + " at " + request.local.toString() + ": " +
                            joined.error().message());
  const SocketAddress local{request.local, request.group.port};
  auto socket = std::make_shared<PlainUdpSocket>(std::move(*joined), local, request.socket, interface, sink);
  socket->start();
  return socket;
}

}  // namespace parley::net
