#include "web_server.hpp"

#include <boost/asio/socket_base.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;

namespace {

constexpr auto httpPatience = std::chrono::seconds(10);
/// A room of people, their browsers' spare connections, and a few who look. Beyond that nobody is accepted.
constexpr std::size_t maxClients = 64;

struct Shared {
  WebServer::Site site;
  std::size_t clients = 0;
};

/// Counts somebody who is connected.
class Place {
 public:
  explicit Place(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) { ++shared_->clients; }
  ~Place() { --shared_->clients; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::shared_ptr<Shared> shared_;
};

/// A WebSocket and its visitor. Owned by the handlers of the socket, so it lives as long as the connection.
struct Visit {
  Visit(std::shared_ptr<Shared> shared, std::shared_ptr<WebServer::Visitor> who)
      : place(std::move(shared)), visitor(std::move(who)) {}

  static void begin(std::shared_ptr<Visit> visit, tcp::socket&& socket,
                    const http::request<http::string_body>& request) {
    WebSocket::Handlers events;
    events.opened = [visit] { visit->visitor->opened(*visit->socket); };
    events.message = [visit](const std::string& text) { visit->visitor->message(text); };
    events.refused = events.gone = [visit](beast::error_code) { visit->visitor->gone(); };
    visit->socket = WebSocket::accept(std::move(socket), request, std::move(events)).get();
  }

  Place place;
  std::shared_ptr<WebServer::Visitor> visitor;
  WebSocket* socket = nullptr;  ///< Owns us.
};

/// One connection as long as it speaks HTTP.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(tcp::socket&& socket, std::shared_ptr<Shared> shared)
      : stream_(std::move(socket)), shared_(std::move(shared)), place_(shared_) {
    boost::system::error_code error;
    loopback_ = stream_.socket().local_endpoint(error).address().is_loopback();
  }

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
    const std::string path(request.target().substr(0, request.target().find('?')));
    if (beast::websocket::is_upgrade(request)) {
      auto visitor = shared_->site.visit ? shared_->site.visit(path) : nullptr;
      if (!visitor) return reply(request, http::status::not_found, "text/plain", "There is no WebSocket here.\n");
      stream_.expires_never();
      return Visit::begin(std::make_shared<Visit>(shared_, std::move(visitor)), stream_.release_socket(), request);
    }
    if (request.method() != http::verb::get && request.method() != http::verb::head)
      return reply(request, http::status::method_not_allowed, "text/plain", "GET only.\n");
    const auto found = shared_->site.resources.find(path);
    if (found == shared_->site.resources.end())
      return reply(request, http::status::not_found, "text/plain", "There is nothing here.\n");
    reply(request, http::status::ok, found->second.type, found->second.body);
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

  void reply(const http::request<http::string_body>& request, http::status status, const std::string& type,
             std::string body) {
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
  std::shared_ptr<Shared> shared_;
  Place place_;
  bool loopback_ = false;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
};

}  // namespace

class WebServer::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(tcp::acceptor acceptor, Site site) : acceptor_(std::move(acceptor)) { shared_->site = std::move(site); }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](beast::error_code error, tcp::socket socket) {
      if (!self->acceptor_.is_open()) return;
      if (!error && self->shared_->clients < maxClients)
        std::make_shared<HttpConnection>(std::move(socket), self->shared_)->read();
      self->accept();
    });
  }

  void close() {
    beast::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  tcp::acceptor acceptor_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

WebServer::WebServer(tcp::acceptor acceptor, Site site)
    : listener_(std::make_shared<Listener>(std::move(acceptor), std::move(site))) {
  listener_->accept();
}

WebServer::~WebServer() { listener_->close(); }

tcp::acceptor listenAt(boost::asio::io_context& io, const tcp::endpoint& endpoint) {
  tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));  // not to wait for TIME_WAIT
  acceptor.bind(endpoint);
  acceptor.listen(boost::asio::socket_base::max_listen_connections);
  return acceptor;
}
