#include "signaling_client.hpp"

#include "negotiation.hpp"
#include "signaling_server.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <charconv>
#include <chrono>
#include <deque>
#include <stdexcept>
#include <utility>

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace asio = boost::asio;
using asio::ip::tcp;
using nlohmann::json;

namespace {
constexpr auto patience = std::chrono::seconds(3);
}  // namespace

ServerAddress ServerAddress::parse(const std::string& url) {
  const std::runtime_error error("a server's URL looks like http://HOST:PORT or ws://HOST:PORT, not like " + url);
  std::string rest;
  for (const std::string scheme : {"http://", "ws://"})
    if (url.starts_with(scheme)) rest = url.substr(scheme.size());
  if (rest.ends_with('/')) rest.pop_back();
  ServerAddress server;
  if (const auto colon = rest.rfind(':'); colon != std::string::npos && !rest.ends_with(']')) {
    const char* end = rest.data() + rest.size();
    const auto parsed = std::from_chars(rest.data() + colon + 1, end, server.port);
    if (parsed.ec != std::errc() || parsed.ptr != end || server.port == 0) throw error;
    rest.resize(colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty() || rest.find_first_of("/?#@ []") != std::string::npos) throw error;
  server.host = rest;
  return server;
}

class SignalingClient::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& io, ServerAddress server, std::string room, Handlers handlers)
      : resolver_(io), stream_(io), server_(std::move(server)), room_(std::move(room)), handlers_(std::move(handlers)) {}

  void start() {
    resolver_.async_resolve(server_.host, std::to_string(server_.port),
                            [self = shared_from_this()](beast::error_code error, auto results) {
                              if (error) return self->unreachable(error);
                              self->connect(results);
                            });
  }

  void send(const json& message) {
    queue_.push_back(toLine(message));
    if (queue_.size() == 1 && joined_) write();
  }

  /// Nothing is called any more.
  void end() {
    handlers_ = {};
    resolver_.cancel();
    beast::get_lowest_layer(stream_).close();
  }

 private:
  void connect(const tcp::resolver::results_type& addresses) {
    beast::get_lowest_layer(stream_).expires_after(patience);
    beast::get_lowest_layer(stream_).async_connect(
        addresses, [self = shared_from_this()](beast::error_code error, const tcp::endpoint&) {
          if (error) return self->unreachable(error);
          self->handshake();
        });
  }

  void handshake() {
    beast::get_lowest_layer(stream_).expires_never();
    auto timeouts = websocket::stream_base::timeout::suggested(beast::role_type::client);
    timeouts.handshake_timeout = patience;
    timeouts.idle_timeout = std::chrono::seconds(30);  // with pings halfway: a server that vanished is noticed
    timeouts.keep_alive_pings = true;
    stream_.set_option(timeouts);
    stream_.read_message_max(maxSignalBytes);
    stream_.async_handshake(server_.toString(), "/room/" + room_, [self = shared_from_this()](beast::error_code error) {
      if (error) return self->fail(self->server_.toString() + " is not a signalling server of ours: " + error.message());
      self->joined_ = true;
      self->read();
      if (!self->queue_.empty()) self->write();
    });
  }

  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return self->fail("the signalling server " + self->server_.toString() + " is gone");
      const json message = parseJson(beast::buffers_to_string(self->buffer_.data()));
      self->buffer_.consume(self->buffer_.size());
      if (message.is_object()) self->dispatch(message);
      self->read();
    });
  }

  void dispatch(const json& message) {
    const std::string type = text(message, "type");
    if (type == "room-full") return fail("the room " + room_ + " is full: two peers are in it");
    if (type == "joined" && handlers_.joined)
      handlers_.joined(message.contains("offer") && message["offer"].is_boolean() && message["offer"].get<bool>());
    else if (type == "peer-joined" && handlers_.peerJoined)
      handlers_.peerJoined();
    else if (type == "peer-left" && handlers_.peerLeft)
      handlers_.peerLeft();
    else if (handlers_.message)
      handlers_.message(message);
  }

  void write() {
    stream_.async_write(asio::buffer(queue_.front()), [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return;  // reading fails as well, and says so
      self->queue_.pop_front();
      if (!self->queue_.empty()) self->write();
    });
  }

  void unreachable(const beast::error_code& error) {
    fail("cannot reach the signalling server " + server_.toString() + ": " + error.message());
  }

  void fail(const std::string& reason) {
    if (auto failed = std::exchange(handlers_.failed, nullptr)) failed(reason);
  }

  tcp::resolver resolver_;
  websocket::stream<beast::tcp_stream> stream_;
  ServerAddress server_;
  std::string room_;
  Handlers handlers_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;
  bool joined_ = false;
};

SignalingClient::SignalingClient(asio::io_context& io, const ServerAddress& server, const std::string& room,
                                 Handlers handlers)
    : connection_(std::make_shared<Connection>(io, server, room, std::move(handlers))) {
  connection_->start();
}

SignalingClient::~SignalingClient() { connection_->end(); }

void SignalingClient::send(const json& message) { connection_->send(message); }

bool isSignalingServer(const ServerAddress& server) {
  asio::io_context io;
  beast::tcp_stream stream(io);
  beast::flat_buffer buffer;
  http::request<http::empty_body> request(http::verb::get, "/parley", 11);
  request.set(http::field::host, server.toString());
  http::response_parser<http::string_body> response;
  response.body_limit(1024);
  bool answered = false;

  tcp::resolver resolver(io);
  beast::error_code error;
  const auto addresses = resolver.resolve(server.host, std::to_string(server.port), error);
  if (error) return false;
  stream.expires_after(patience);
  stream.async_connect(addresses, [&](beast::error_code connectError, const tcp::endpoint&) {
    if (connectError) return;
    http::async_write(stream, request, [&](beast::error_code writeError, std::size_t) {
      if (writeError) return;
      http::async_read(stream, buffer, response,
                       [&](beast::error_code readError, std::size_t) { answered = !readError; });
    });
  });
  io.run();
  if (!answered) return false;
  const json identity = parseJson(response.get().body());
  return identity.is_object() && text(identity, "service") == signalingService &&
         identity.value("version", json()) == signalingVersion;
}
