#include "signaling_server.hpp"

#include "json.hpp"
#include "web_socket.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace beast = boost::beast;
namespace http = beast::http;
namespace asio = boost::asio;
using asio::ip::tcp;
using nlohmann::json;

namespace {

constexpr auto httpPatience = std::chrono::seconds(10);
/// Two peers, their browsers' spare connections, and a few who look. Beyond that nobody is accepted.
constexpr std::size_t maxClients = 64;

class Member;

/// Who is in which room, and what is served beside. All on one thread.
struct Rooms {
  std::string page;
  std::map<std::string, std::vector<Member*>> members;
  std::size_t clients = 0;
};

/// Somebody who came for a room. Owned by the handlers of its socket, so it lives as long as the connection.
class Member : public std::enable_shared_from_this<Member> {
 public:
  Member(std::shared_ptr<Rooms> rooms, std::string room) : rooms_(std::move(rooms)), room_(std::move(room)) {
    ++rooms_->clients;
  }
  ~Member() { --rooms_->clients; }

  void start(tcp::socket&& socket, const http::request<http::string_body>& request) {
    WebSocket::Handlers events;
    events.opened = [self = shared_from_this()] { self->join(); };
    events.message = [self = shared_from_this()](const std::string& message) { self->relay(message); };
    events.refused = events.gone = [self = shared_from_this()](beast::error_code) { self->leave(); };
    socket_ = WebSocket::accept(std::move(socket), request, std::move(events)).get();
  }

 private:
  void join() {
    auto& members = rooms_->members[room_];
    if (members.size() >= 2) {
      send({{"type", "room-full"}});
      return socket_->close();
    }
    send({{"type", "joined"}, {"room", room_}, {"offer", !members.empty()}});
    for (Member* other : members) other->send({{"type", "peer-joined"}});
    members.push_back(this);
  }

  void leave() {
    const auto room = rooms_->members.find(room_);
    if (room == rooms_->members.end() || std::erase(room->second, this) == 0) return;
    for (Member* other : room->second) other->send({{"type", "peer-left"}});
    if (room->second.empty()) rooms_->members.erase(room);
  }

  void relay(const std::string& message) {
    const auto room = rooms_->members.find(room_);
    if (room == rooms_->members.end() ||
        std::find(room->second.begin(), room->second.end(), this) == room->second.end())
      return;  // it found the room full
    if (!parseJson(message).is_object()) return;
    for (Member* other : room->second)
      if (other != this) other->socket_->send(message);
  }

  void send(const json& message) { socket_->send(toLine(message)); }

  std::shared_ptr<Rooms> rooms_;
  std::string room_;
  WebSocket* socket_ = nullptr;  ///< Owns us.
};

/// One connection as long as it speaks HTTP.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(tcp::socket&& socket, std::shared_ptr<Rooms> rooms)
      : stream_(std::move(socket)), rooms_(std::move(rooms)) {
    boost::system::error_code error;
    loopback_ = stream_.socket().local_endpoint(error).address().is_loopback();
    ++rooms_->clients;
  }
  ~HttpConnection() { --rooms_->clients; }

  void read() {
    parser_.emplace();
    parser_->body_limit(4096);  // nobody has to send us a body
    stream_.expires_after(httpPatience);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->handle(self->parser_->release());
    });
  }

 private:
  void handle(const http::request<http::string_body>& request) {
    if (!fromHere(request)) return reply(request, http::status::forbidden, "text/plain", "Not from that page.\n");
    const std::string target(request.target().substr(0, request.target().find('?')));
    if (beast::websocket::is_upgrade(request)) {
      constexpr std::string_view prefix = "/room/";
      if (!target.starts_with(prefix) || target.size() > prefix.size() + 64)
        return reply(request, http::status::not_found, "text/plain", "There are rooms at /room/NAME only.\n");
      stream_.expires_never();
      return std::make_shared<Member>(rooms_, target.substr(prefix.size()))->start(stream_.release_socket(), request);
    }
    if (request.method() != http::verb::get && request.method() != http::verb::head)
      return reply(request, http::status::method_not_allowed, "text/plain", "GET only.\n");
    if (target == "/") return reply(request, http::status::ok, "text/html; charset=utf-8", rooms_->page);
    if (target == "/parley") {
      const json identity{{"service", signalingService}, {"version", signalingVersion}};
      return reply(request, http::status::ok, "application/json", toLine(identity) + "\n");
    }
    reply(request, http::status::not_found, "text/plain", "There is nothing here.\n");
  }

  /// A page of another site must neither join rooms (it has its own Origin) nor reach us under a name of its own that
  /// resolves to this machine (then Host is not a loopback name).
  bool fromHere(const http::request<http::string_body>& request) const {
    const std::string host(request[http::field::host]);
    const std::string origin(request[http::field::origin]);
    if (!origin.empty() && origin != "http://" + host) return false;
    const std::string name = host.substr(0, host.rfind(':'));
    return !loopback_ || name == "127.0.0.1" || name == "localhost" || name == "[::1]";
  }

  void reply(const http::request<http::string_body>& request, http::status status, const char* type, std::string body) {
    auto response = std::make_shared<http::response<http::string_body>>(status, request.version());
    response->set(http::field::server, "Parley");
    response->set(http::field::content_type, type);
    response->set(http::field::cache_control, "no-store");
    response->keep_alive(request.keep_alive());
    const std::size_t size = body.size();
    if (request.method() != http::verb::head) response->body() = std::move(body);
    response->content_length(size);
    http::async_write(stream_, *response, [self = shared_from_this(), response](beast::error_code error, std::size_t) {
      if (!error && response->keep_alive()) return self->read();
      beast::error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  beast::tcp_stream stream_;
  std::shared_ptr<Rooms> rooms_;
  bool loopback_ = false;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
};

}  // namespace

class SignalingServer::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(tcp::acceptor acceptor, std::string page) : acceptor_(std::move(acceptor)) {
    rooms_->page = std::move(page);
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](beast::error_code error, tcp::socket socket) {
      if (!self->acceptor_.is_open()) return;
      if (!error && self->rooms_->clients < maxClients)
        std::make_shared<HttpConnection>(std::move(socket), self->rooms_)->read();
      self->accept();
    });
  }

  void close() {
    beast::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  tcp::acceptor acceptor_;
  std::shared_ptr<Rooms> rooms_ = std::make_shared<Rooms>();
};

SignalingServer::SignalingServer(tcp::acceptor acceptor, std::string page)
    : listener_(std::make_shared<Listener>(std::move(acceptor), std::move(page))) {
  listener_->accept();
}

SignalingServer::~SignalingServer() { listener_->close(); }
