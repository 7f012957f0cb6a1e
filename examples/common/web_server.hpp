#pragma once

#include "web_socket.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

/// A small server: fixed resources by HTTP, and WebSockets. It runs on its acceptor's io_context, in one thread, and
/// holds a bounded amount of memory for each of at most 64 connections.
class WebServer {
 public:
  struct Resource {
    std::string type;  ///< "text/html; charset=utf-8", …
    std::string body;
  };

  /// Who is at the other end of a WebSocket. The server owns it until the connection has ended.
  class Visitor {
   public:
    virtual ~Visitor() = default;
    /// Messages can be sent from now on, by `socket`, which lives until `gone`.
    virtual void opened(WebSocket& socket) = 0;
    virtual void message(const std::string& text) = 0;
    virtual void gone() = 0;
  };

  struct Site {
    std::map<std::string, Resource> resources;  ///< By path: "/", …
    /// Somebody asks for a WebSocket at this path; null if there is none.
    std::function<std::shared_ptr<Visitor>(const std::string& path)> visit;
  };

  /// Takes over a listening socket.
  WebServer(boost::asio::ip::tcp::acceptor acceptor, Site site);
  ~WebServer();

 private:
  class Listener;
  std::shared_ptr<Listener> listener_;
};

/// Listens there. Throws boost::system::system_error if that cannot be.
boost::asio::ip::tcp::acceptor listenAt(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& endpoint);
