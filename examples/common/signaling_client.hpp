#pragma once

#include "web_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

/// Where a signalling server is.
struct ServerAddress {
  std::string host;
  std::uint16_t port = 80;

  /// Of "http://HOST[:PORT]" or "ws://HOST[:PORT]". Throws std::runtime_error for anything else.
  static ServerAddress parse(const std::string& url);
  /// As in a URL and a Host header.
  std::string toString() const {
    return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
  }
};

/// A member of a room on a signalling server. Lives on its io_context's thread.
class SignalingClient {
 public:
  struct Handlers {
    std::function<void(bool offer)> joined;  ///< `offer`: the other peer is there already, and waits for an offer.
    std::function<void()> peerJoined;
    std::function<void()> peerLeft;
    std::function<void(const nlohmann::json&)> message;
    std::function<void(const std::string& reason)> failed;  ///< The server was not reached, or is gone, or refuses us.
  };

  SignalingClient(boost::asio::io_context& io, const ServerAddress& server, const std::string& room, Handlers handlers);
  ~SignalingClient();

  SignalingClient(const SignalingClient&) = delete;
  SignalingClient& operator=(const SignalingClient&) = delete;

  void send(const nlohmann::json& message);

 private:
  void dispatch(const nlohmann::json& message);
  void fail(const std::string& reason);

  std::string room_;
  Handlers handlers_;
  std::shared_ptr<WebSocket> socket_;
};

/// Asks whoever listens there whether it is a signalling server of ours. Blocks, for three seconds at most.
bool isSignalingServer(const ServerAddress& server);
