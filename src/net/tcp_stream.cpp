#include "net/tcp_stream.hpp"

#include "net/address.hpp"
#include "net/bind_range.hpp"
#include "net/reuse.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <utility>
#include <vector>

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// One for all streams of a thread: what is read is used up before the next read. 64 KiB are more than the kernel
/// collects between two turns of the loop at 1 Gbit/s (500 µs).
constexpr std::size_t readSize = 65'536;
std::uint8_t* readBuffer() {
  static thread_local const std::unique_ptr<std::uint8_t[]> buffer(new std::uint8_t[readSize]);
  return buffer.get();
}

/// Reads in a row before timers and other sockets have their turn.
constexpr int readsPerWake = 4;
/// Packets that go to the kernel in one call; POSIX guarantees 16, Asio takes 64.
constexpr std::size_t packetsPerWrite = 64;

}  // namespace

TcpStream::TcpStream(tcp::socket socket, SocketId id, StreamSink& sink)
    : socket_(std::move(socket)), patience_(socket_.get_executor()), id_(id), sink_(&sink) {}

base::Result<std::shared_ptr<TcpStream>, std::string> TcpStream::connect(asio::io_context& io,
                                                                         const ConnectTcp& request, std::uint32_t scope,
                                                                         StreamSink& sink) {
  boost::system::error_code error;
  const tcp::endpoint remote(toAsio(request.remote.ip, scope), request.remote.port);
  tcp::socket socket(io);
  socket.open(remote.protocol(), error);
  if (error) return base::unexpected("cannot make a socket: " + error.message());
  const bool onePort = request.firstPort != 0 && request.firstPort == request.lastPort;
  if (request.lastPort != 0) setReuseAddress(socket);
  if (onePort) setReusePort(socket);
  if (request.lastPort != 0 || !request.local.isUnspecified()) {
    if (request.lastPort == 0) setPortByConnection(socket);
    error = bindInRange(socket, toAsio(request.local, scope), request.firstPort, request.lastPort);
    if (error)
      return base::unexpected("cannot connect from " + rangeText({request.local, request.firstPort}, request.lastPort) +
                              ": " + error.message());
  }
  auto stream = std::make_shared<TcpStream>(std::move(socket), request.socket, sink);
  stream->state_ = State::Connecting;
  stream->remote_ = request.remote;
  stream->socket_.async_connect(remote, [stream](const boost::system::error_code& failure) {
    if (stream->state_ != State::Connecting) return;
    if (failure) return stream->fail("cannot connect to " + stream->remote_.toString() + ": " + failure.message());
    stream->opened();
    if (stream->state_ == State::Closed) return;
    stream->sink_->onTcpConnected({stream->id_, stream->local_, stream->remote_});
    stream->sink_->onBatchEnd();
    stream->start();
  });
  return stream;
}

std::shared_ptr<TcpStream> TcpStream::accepted(tcp::socket socket, SocketId id, StreamSink& sink) {
  auto stream = std::make_shared<TcpStream>(std::move(socket), id, sink);
  boost::system::error_code error;
  stream->remote_ = fromAsio(stream->socket_.remote_endpoint(error));
  stream->opened();
  return stream;
}

void TcpStream::opened() {
  state_ = State::Open;
  boost::system::error_code error;
  local_ = fromAsio(socket_.local_endpoint(error));
  if (!error) socket_.non_blocking(true, error);
  if (error) return fail(error.message());
  // Each packet is complete, and the next one may take a while: waiting to fill a segment only costs time.
  socket_.set_option(tcp::no_delay(true), error);
}

void TcpStream::start() {
  if (state_ == State::Open) read();
}

// --- Receiving ---

void TcpStream::read() {
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const boost::system::error_code&) {
    if (self->state_ == State::Open || self->state_ == State::Lingering) self->readable();
  });
}

void TcpStream::readable() {
  boost::system::error_code error;
  for (int i = 0; i < readsPerWake && !error; ++i) {
    const std::size_t size = socket_.read_some(asio::buffer(readBuffer(), readSize), error);
    if (error == asio::error::interrupted) error = {};
    if (error || size == 0) continue;
    received_ += size;
    if (state_ == State::Open) sink_->onStreamData({id_, {readBuffer(), size}});
    if (state_ == State::Closed) break;
    if (size < readSize) break;  // All that was there, most likely: a call that would say so is saved.
  }
  if (state_ == State::Open) sink_->onBatchEnd();
  if (state_ == State::Closed) return;
  if (!error || error == asio::error::would_block) return read();
  if (state_ == State::Lingering) return shut();
  fail(error == asio::error::eof ? "the other side closed the connection" : error.message());
}

// --- Sending ---

void TcpStream::send(std::span<Transmit> packets) {
  if (state_ != State::Open) return;
  for (auto& packet : packets) {
    if (packet.packet.empty()) continue;
    queued_ += packet.packet.size();
    queue_.push_back(std::move(packet.packet));
  }
  if (!waitsForRoom_) write();
  if (queued_ > queueLimit || queue_.size() > packetLimit) return fail("too much waits to be written");
  if (queued_ > fullAt && !std::exchange(toldFull_, true)) sink_->onStreamBacklog({id_, true});
}

void TcpStream::write() {
  boost::system::error_code error;
  while (!queue_.empty() && !error) {
    std::array<asio::const_buffer, packetsPerWrite> buffers;
    const std::size_t count = std::min(queue_.size(), packetsPerWrite);
    for (std::size_t i = 0; i < count; ++i) buffers[i] = asio::const_buffer(queue_[i].data(), queue_[i].size());
    buffers[0] += offset_;
    std::size_t written = socket_.write_some(std::span(buffers).first(count), error);
    if (error == asio::error::interrupted) error = {};
    sent_ += written;
    queued_ -= written;
    for (offset_ += written; !queue_.empty() && offset_ >= queue_.front().size(); queue_.pop_front())
      offset_ -= queue_.front().size();
  }
  if (error == asio::error::would_block) return waitWritable();
  if (error) fail(error.message());
}

void TcpStream::waitWritable() {
  waitsForRoom_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const boost::system::error_code&) {
    self->waitsForRoom_ = false;
    if (self->state_ == State::Open || self->state_ == State::Lingering) self->wrote();
  });
}

void TcpStream::wrote() {
  write();
  if (state_ == State::Lingering && queue_.empty()) return linger();
  if (state_ != State::Open || queued_ >= roomAt || !std::exchange(toldFull_, false)) return;
  sink_->onStreamBacklog({id_, false});
  sink_->onBatchEnd();
}

// --- The end ---

void TcpStream::close() {
  sink_ = nullptr;
  if (state_ != State::Open) return shut();
  state_ = State::Lingering;
  patience_.expires_after(lingerTime);
  patience_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->shut();
  });
  if (queue_.empty()) linger();
}

/// All is written. To close a socket that still has something to read resets the connection, and with it goes what the
/// other side has not read yet; so the other side's end is awaited.
void TcpStream::linger() {
  boost::system::error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) shut();
}

/// Told later: the host may be in the middle of sending.
void TcpStream::fail(std::string reason) {
  const bool tells = state_ == State::Open || state_ == State::Connecting;
  shut();
  if (!tells) return;
  asio::post(socket_.get_executor(), [self = shared_from_this(), reason = std::move(reason)] {
    if (self->sink_) self->sink_->onSocketFailed(self->id_, reason);
  });
}

void TcpStream::shut() {
  state_ = State::Closed;
  boost::system::error_code ignored;
  socket_.close(ignored);
  patience_.cancel();
  queue_.clear();
  queued_ = 0;
}

std::string TcpStream::report() const {
  return "TCP " + local_.toString() + " - " + remote_.toString() + ": sent " + std::to_string(sent_) +
         " bytes, received " + std::to_string(received_);
}

}  // namespace parley::net
