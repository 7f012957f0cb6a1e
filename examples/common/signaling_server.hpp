#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>

/// The embedded signalling server: HTTP for the web page and for "who are you?", WebSocket for rooms.
///
///     GET /          the web page
///     GET /parley    {"service": "parley-signaling", "version": 1}
///     GET /room/NAME upgraded to WebSocket: joins the room
///
/// Two peers fit into a room. What one sends (JSON objects in text messages, of at most 256 KiB) the other gets. The
/// server itself says {"type": "joined", "offer": BOOL} to the newcomer, who shall offer if somebody is there already,
/// {"type": "peer-joined"} and {"type": "peer-left"} to the other one, and {"type": "room-full"} to a third.
/// It drops what it does not understand, and holds a bounded amount of memory for each client.
class SignalingServer {
 public:
  /// Takes over a listening socket, and serves `page` (HTML). Runs on the socket's io_context, in one thread.
  SignalingServer(boost::asio::ip::tcp::acceptor acceptor, std::string page);
  ~SignalingServer();

 private:
  class Listener;
  std::shared_ptr<Listener> listener_;
};

inline constexpr const char* signalingService = "parley-signaling";
inline constexpr int signalingVersion = 1;
