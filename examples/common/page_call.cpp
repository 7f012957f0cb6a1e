#include "page_call.hpp"

#include "json.hpp"

#include <boost/system/system_error.hpp>

#include <iostream>
#include <stdexcept>
#include <utility>

using namespace parley;
using nlohmann::json;

PageCall::PageCall(EventLoop& loop, std::shared_ptr<Runtime> runtime, Configuration configuration) : loop_(loop) {
  connection_.emplace(runtime->engine(), loop, std::move(configuration), runtime);
}

void PageCall::opened(WebSocket& socket) {
  socket_ = &socket;
  negotiation_.emplace(*connection_, true,
                       Negotiation::Handlers{[this](const json& message) { say(message); },
                                             [this](const std::string& error) {
                                               say({{"error", error}});
                                               hangUp();
                                             },
                                             nullptr, nullptr});
  connection_->onConnectionStateChange([this] {
    if (connection_->connectionState() == PeerConnectionState::Failed) hangUp();
  });
  begin();
}

void PageCall::message(const std::string& text) {
  const json message = parseJson(text);
  if (!message.is_object() || ended_) return;
  if (!negotiation_->take(message)) other(message);
}

void PageCall::gone() {
  socket_ = nullptr;
  if (!std::exchange(ended_, true)) end();
  if (connection_) connection_->close();
}

void PageCall::drop() {
  ended_ = true;
  negotiation_.reset();
  connection_.reset();
}

void PageCall::say(const json& message) {
  if (socket_) socket_->send(toLine(message));
}

void PageCall::hangUp() {
  if (!std::exchange(ended_, true)) end();
  if (socket_) socket_->close();
}

PageServer::PageServer(EventLoop& loop, const std::string& address, std::uint16_t port, std::string page,
                       std::function<std::shared_ptr<PageCall>()> call) {
  WebServer::Site site;
  site.resources["/"] = {"text/html; charset=utf-8", std::move(page)};
  site.visit = [this, call = std::move(call)](const std::string& path) -> std::shared_ptr<WebServer::Visitor> {
    if (path != "/call") return nullptr;
    std::erase_if(calls_, [](const auto& one) { return one.expired(); });
    auto made = call();
    if (made) calls_.push_back(made);
    return made;
  };
  try {
    auto acceptor = listenAt(loop.io(), {boost::asio::ip::make_address(address), port});
    const auto bound = acceptor.local_endpoint();
    const std::string host = bound.address().is_unspecified() ? "127.0.0.1"
                             : bound.address().is_v6()        ? "[" + address + "]"
                                                              : address;
    std::cout << "Open http://" << host << ":" << bound.port() << "/ in a browser." << std::endl;
    server_.emplace(std::move(acceptor), std::move(site));
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("cannot listen at " + address + ":" + std::to_string(port) + ": " +
                             error.code().message());
  }
}

PageServer::~PageServer() {
  for (const auto& one : calls_)
    if (const auto call = one.lock()) call->drop();
}
