#include "signaling_client.hpp"

#include "json.hpp"
#include "signaling_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <charconv>
#include <stdexcept>
#include <utility>

namespace beast = boost::beast;
namespace http = beast::http;
namespace asio = boost::asio;
using asio::ip::tcp;
using nlohmann::json;

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

SignalingClient::SignalingClient(asio::io_context& io, const ServerAddress& server, const std::string& room,
                                 Handlers handlers)
    : room_(room), handlers_(std::move(handlers)) {
  const std::string name = server.toString();
  const auto because = [](beast::error_code error) { return ": " + error.message(); };
  WebSocket::Handlers events;
  events.message = [this](const std::string& message) { dispatch(parseJson(message)); };
  events.unreachable = [=, this](auto e) { fail("cannot reach the signalling server " + name + because(e)); };
  events.refused = [=, this](auto e) { fail(name + " is not a signalling server of ours" + because(e)); };
  events.gone = [=, this](auto) { fail("the signalling server " + name + " is gone"); };
  socket_ = WebSocket::connect(io, server.host, server.port, "/room/" + room, std::move(events));
}

SignalingClient::~SignalingClient() { socket_->end(); }

void SignalingClient::send(const json& message) { socket_->send(toLine(message)); }

void SignalingClient::dispatch(const json& message) {
  if (!message.is_object()) return;
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

void SignalingClient::fail(const std::string& reason) {
  if (auto failed = std::exchange(handlers_.failed, nullptr)) failed(reason);
}

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
  stream.expires_after(serverPatience);
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
