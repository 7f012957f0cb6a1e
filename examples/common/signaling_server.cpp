#include "signaling_server.hpp"

#include "json.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

using nlohmann::json;

namespace {

class Member;

/// Who is in which room. All on one thread.
struct Rooms {
  std::map<std::string, std::vector<Member*>> members;
};

/// Somebody who came for a room.
class Member final : public WebServer::Visitor {
 public:
  Member(std::shared_ptr<Rooms> rooms, std::string room) : rooms_(std::move(rooms)), room_(std::move(room)) {}

  void opened(WebSocket& socket) override {
    socket_ = &socket;
    auto& members = rooms_->members[room_];
    if (members.size() >= 2) {
      send({{"type", "room-full"}});
      return socket_->close();
    }
    send({{"type", "joined"}, {"room", room_}, {"offer", !members.empty()}});
    for (Member* other : members) other->send({{"type", "peer-joined"}});
    members.push_back(this);
  }

  void message(const std::string& text) override {
    const auto room = rooms_->members.find(room_);
    if (room == rooms_->members.end() ||
        std::find(room->second.begin(), room->second.end(), this) == room->second.end())
      return;  // it found the room full
    if (!parseJson(text).is_object()) return;
    for (Member* other : room->second)
      if (other != this) other->socket_->send(text);
  }

  void gone() override {
    const auto room = rooms_->members.find(room_);
    if (room == rooms_->members.end() || std::erase(room->second, this) == 0) return;
    for (Member* other : room->second) other->send({{"type", "peer-left"}});
    if (room->second.empty()) rooms_->members.erase(room);
  }

 private:
  void send(const json& message) { socket_->send(toLine(message)); }

  std::shared_ptr<Rooms> rooms_;
  std::string room_;
  WebSocket* socket_ = nullptr;
};

}  // namespace

WebServer::Site signalingSite(std::string page) {
  WebServer::Site site;
  const json identity{{"service", signalingService}, {"version", signalingVersion}};
  site.resources["/"] = {"text/html; charset=utf-8", std::move(page)};
  site.resources["/parley"] = {"application/json", toLine(identity) + "\n"};
  site.visit = [rooms = std::make_shared<Rooms>()](const std::string& path) -> std::shared_ptr<WebServer::Visitor> {
    constexpr std::string_view prefix = "/room/";
    if (!path.starts_with(prefix) || path.size() == prefix.size() || path.size() > prefix.size() + 64) return nullptr;
    return std::make_shared<Member>(rooms, path.substr(prefix.size()));
  };
  return site;
}
