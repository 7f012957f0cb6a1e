#pragma once

#include "web_server.hpp"

#include <string>

/// The signalling server's site: the web page, "who are you?", and rooms.
///
///     GET /          the web page
///     GET /parley    {"service": "parley-signaling", "version": 1}
///     GET /room/NAME upgraded to WebSocket: joins the room
///
/// Two peers fit into a room. What one sends (JSON objects in text messages, of at most 256 KiB) the other gets. The
/// server itself says {"type": "joined", "offer": BOOL} to the newcomer, who shall offer if somebody is there already,
/// {"type": "peer-joined"} and {"type": "peer-left"} to the other one, and {"type": "room-full"} to a third.
/// It drops what it does not understand.
WebServer::Site signalingSite(std::string page);

inline constexpr const char* signalingService = "parley-signaling";
inline constexpr int signalingVersion = 1;
