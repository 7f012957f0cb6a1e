#include "web_socket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <deque>
#include <utility>

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// Messages that wait for a peer who does not read. Trickled candidates come in tens.
constexpr std::size_t maxQueuedMessages = 256, maxQueuedBytes = 4 * maxSignalBytes;

class Socket final : public WebSocket, public std::enable_shared_from_this<Socket> {
 public:
  Socket(asio::io_context& io, Handlers handlers) : resolver_(io), stream_(io), handlers_(std::move(handlers)) {
    configure(beast::role_type::client);
  }
  Socket(tcp::socket&& socket, Handlers handlers)
      : resolver_(socket.get_executor()), stream_(std::move(socket)), handlers_(std::move(handlers)) {
    configure(beast::role_type::server);
  }

  void connect(const std::string& host, std::uint16_t port, const std::string& target) {
    const std::string service = std::to_string(port);
    const std::string name = (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + service;
    resolver_.async_resolve(host, service,
                            [self = shared_from_this(), name, target](beast::error_code error,
                                                                      const tcp::resolver::results_type& addresses) {
                              if (error) return self->tell(self->handlers_.unreachable, error);
                              self->connect(addresses, name, target);
                            });
  }

  void accept(const http::request<http::string_body>& request) {
    stream_.async_accept(request, [self = shared_from_this()](beast::error_code error) { self->opened(error); });
  }

  void send(std::string message) override {
    queuedBytes_ += message.size();
    if (queue_.size() >= maxQueuedMessages || queuedBytes_ > maxQueuedBytes)
      return stream_.next_layer().close();  // The pending operations fail, and tell it.
    queue_.push_back(std::move(message));
    if (queue_.size() == 1 && open_) write();
  }

  void close() override {
    closing_ = true;
    if (open_ && queue_.empty()) sayGoodbye();
  }

  void end() override {
    handlers_ = {};
    resolver_.cancel();
    stream_.next_layer().close();
  }

 private:
  void configure(beast::role_type role) {
    auto timeouts = websocket::stream_base::timeout::suggested(role);
    if (role == beast::role_type::client) timeouts.handshake_timeout = serverPatience;
    timeouts.idle_timeout = std::chrono::seconds(30);  // with pings halfway: a peer that vanished is noticed
    timeouts.keep_alive_pings = true;
    stream_.set_option(timeouts);
    stream_.read_message_max(maxSignalBytes);
    stream_.text(true);
  }

  void connect(const tcp::resolver::results_type& addresses, const std::string& name, const std::string& target) {
    stream_.next_layer().expires_after(serverPatience);
    stream_.next_layer().async_connect(
        addresses, [self = shared_from_this(), name, target](beast::error_code error, const tcp::endpoint&) {
          if (error) return self->tell(self->handlers_.unreachable, error);
          self->stream_.next_layer().expires_never();
          self->stream_.async_handshake(name, target, [self](beast::error_code refused) { self->opened(refused); });
        });
  }

  void opened(beast::error_code error) {
    if (error) return tell(handlers_.refused, error);
    open_ = true;
    if (!queue_.empty()) write();
    read();
    if (handlers_.opened) handlers_.opened();
  }

  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return self->tell(self->handlers_.gone, error);
      const std::string message = beast::buffers_to_string(self->buffer_.data());
      self->buffer_.consume(self->buffer_.size());
      if (self->stream_.got_text() && self->handlers_.message) self->handlers_.message(message);
      self->read();
    });
  }

  void write() {
    stream_.async_write(asio::buffer(queue_.front()),
                        [self = shared_from_this()](beast::error_code error, std::size_t) {
                          if (error) return;  // reading fails as well, and says so
                          self->queuedBytes_ -= self->queue_.front().size();
                          self->queue_.pop_front();
                          if (!self->queue_.empty()) return self->write();
                          if (self->closing_) self->sayGoodbye();
                        });
  }

  void sayGoodbye() {
    stream_.async_close(websocket::close_code::normal, [self = shared_from_this()](beast::error_code) {});
  }

  /// The end: whoever is told may let go of us, and nobody is told twice.
  void tell(const std::function<void(beast::error_code)>& handler, beast::error_code error) {
    const auto called = handler;
    handlers_ = {};
    if (called) called(error);
  }

  tcp::resolver resolver_;
  websocket::stream<beast::tcp_stream, false> stream_;  // no compression: it is slow to compile, and little is sent
  Handlers handlers_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;
  std::size_t queuedBytes_ = 0;
  bool open_ = false;
  bool closing_ = false;
};

}  // namespace

std::shared_ptr<WebSocket> WebSocket::connect(asio::io_context& io, const std::string& host, std::uint16_t port,
                                              const std::string& target, Handlers handlers) {
  auto socket = std::make_shared<Socket>(io, std::move(handlers));
  socket->connect(host, port, target);
  return socket;
}

std::shared_ptr<WebSocket> WebSocket::accept(tcp::socket&& tcpSocket, const http::request<http::string_body>& request,
                                             Handlers handlers) {
  auto socket = std::make_shared<Socket>(std::move(tcpSocket), std::move(handlers));
  socket->accept(request);
  return socket;
}
