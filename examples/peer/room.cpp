#include "room.hpp"

#include "common/page.hpp"
#include "common/signaling_client.hpp"
#include "common/signaling_server.hpp"
#include "session.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/system_error.hpp>

#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace {

/// Where a server that listens at all addresses is reached from here.
std::string addressToJoin(const Options& options) {
  if (options.bindAddress == "0.0.0.0") return "127.0.0.1";
  if (options.bindAddress == "::") return "::1";
  return options.bindAddress;
}

/// Hosts the server if the port is free. If it is taken: nothing, provided that it is a server of ours that has it.
std::unique_ptr<WebServer> hostOrJoin(EventLoop& loop, const Options& options) {
  const std::string where = options.bindAddress + ":" + std::to_string(options.port);
  try {
    auto acceptor = listenAt(loop.io(), {boost::asio::ip::make_address(options.bindAddress), options.port});
    return std::make_unique<WebServer>(std::move(acceptor), signalingSite(page));
  } catch (const boost::system::system_error& error) {
    if (error.code() != boost::asio::error::address_in_use)
      throw std::runtime_error("cannot listen at " + where + ": " + error.code().message());
  }
  if (!isSignalingServer({addressToJoin(options), options.port}))
    throw std::runtime_error(
        "port " + std::to_string(options.port) +
        " is in use by something that is not a signalling server of ours; choose another by --port");
  return nullptr;
}

/// One visit to a room.
class Room {
 public:
  Room(EventLoop& loop, const Options& options, const ServerAddress& server)
      : loop_(loop),
        options_(options),
        client_(loop.io(), server, options.room,
                {[this](bool offer) { joined(offer); }, [this] { begin(); }, [this] { left(); },
                 [this](const nlohmann::json& message) { received(message); },
                 [this](const std::string& reason) { lost(reason); }}) {
    if (options_.interactive()) loop_.readLines([this](const std::optional<std::string>& line) { typed(line); });
  }

 private:
  void joined(bool offer) {
    if (!offer) {
      std::cout << "Waiting in room " << options_.room << " for the other peer." << std::endl;
      return;
    }
    begin();
    session_->offer();
  }

  void begin() {
    if (session_) return;  // We are connected; whoever came into the room since then finds nobody.
    session_ = std::make_unique<Session>(loop_, options_, true,
                                         [this](const nlohmann::json& message) { client_.send(message); });
    std::cout << "The other peer is there; connecting." << std::endl;
  }

  void received(const nlohmann::json& message) {
    if (session_ && !peerLeftRoom_) session_->take(message);
  }

  // Once the channel is open, signalling is not needed any more.
  void left() {
    peerLeftRoom_ = true;
    if (!session_ || session_->isOpen()) return;
    loop_.fail("the other peer left before the connection was up");
  }
  void lost(const std::string& reason) {
    if (!session_ || !session_->isOpen()) loop_.fail(reason);
  }

  void typed(const std::optional<std::string>& line) {
    if (session_ && session_->isOpen()) return line ? session_->line(*line) : session_->inputEnded();
    if (!line || *line == "/quit") return loop_.exit(0);
    std::cout << "Not sent: nobody is connected yet." << std::endl;
  }

  EventLoop& loop_;
  const Options& options_;
  SignalingClient client_;
  std::unique_ptr<Session> session_;
  bool peerLeftRoom_ = false;
};

}  // namespace

int runRoom(EventLoop& loop, const Options& options) {
  std::unique_ptr<WebServer> server;
  ServerAddress address;
  if (!options.server.empty()) {
    address = ServerAddress::parse(options.server);
  } else {
    server = hostOrJoin(loop, options);
    address = {addressToJoin(options), options.port};
    const std::string url = "http://" + address.toString() + "/";
    std::cout << (server ? "Hosting the signalling server at " : "Joining the signalling server at ") << url << "\n"
              << "A browser can be the other peer: " << url << "?room=" << options.room << std::endl;
  }
  Room room(loop, options, address);
  return loop.run();
}
