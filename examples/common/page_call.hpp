#pragma once

#include "event_loop.hpp"
#include "negotiation.hpp"
#include "web_server.hpp"

#include <parley/peer_connection.hpp>
#include <parley/runtime.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// A call with a browser that has our page open: the page's WebSocket at /call carries offers, answers and candidates,
/// in the form of `Negotiation`, for as long as the call lasts. All on the event loop.
class PageCall : public WebServer::Visitor {
 public:
  PageCall(EventLoop& loop, std::shared_ptr<parley::Runtime> runtime, parley::Configuration configuration);

  void opened(WebSocket& socket) final;
  void message(const std::string& text) final;
  void gone() final;

  /// Ends it for good: no connection and no handler after this.
  void drop();

 protected:
  /// The page is there: set handlers, add tracks, perhaps offer.
  virtual void begin() = 0;
  /// A message of the page's that is no part of the negotiation.
  virtual void other(const nlohmann::json&) {}
  /// The page has gone, or the path to it. Called once.
  virtual void end() {}

  /// To the page.
  void say(const nlohmann::json& message);
  /// Ends the call from our side.
  void hangUp();

  EventLoop& loop() { return loop_; }
  parley::PeerConnection& connection() { return *connection_; }
  Negotiation& negotiation() { return *negotiation_; }

 private:
  EventLoop& loop_;
  std::optional<parley::PeerConnection> connection_;
  std::optional<Negotiation> negotiation_;
  WebSocket* socket_ = nullptr;
  bool ended_ = false;
};

/// A program's page, and the calls that come by it. Its destructor ends them all, so that nothing of theirs is left
/// when the program ends: the loop, which owns what waits for their WebSockets, is never destroyed.
class PageServer {
 public:
  /// Serves `page` at http://ADDRESS:PORT/, prints where, and makes a call of everybody who opens it; null refuses.
  /// Throws std::runtime_error if it cannot listen there.
  PageServer(EventLoop& loop, const std::string& address, std::uint16_t port, std::string page,
             std::function<std::shared_ptr<PageCall>()> call);
  ~PageServer();
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

 private:
  std::optional<WebServer> server_;
  std::vector<std::weak_ptr<PageCall>> calls_;
};
