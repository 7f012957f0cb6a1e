#include "session.hpp"

#include "configuration.hpp"
#include "path.hpp"

#include <parley/error.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <utility>

using namespace parley;

namespace {

/// From the first message of the negotiation on. ICE gives up by itself after about as long.
constexpr auto connectPatience = std::chrono::seconds(30);
/// A path that is lost may come back within seconds (another network, a suspended machine); after that it is gone.
constexpr auto disconnectPatience = std::chrono::seconds(10);
/// For the other side's part in closing.
constexpr auto quitPatience = std::chrono::seconds(2);

PeerConnection connect(EventLoop& loop, const Options& options) {
  auto runtime = Runtime::create();
  return PeerConnection(runtime->engine(), loop, configurationOf(options), runtime);
}

/// Removes `item` from `list` in a task of its own: it is its own handler that asks for this.
template <class List>
void removeLater(EventLoop& loop, List& list, const void* item) {
  loop.post([&list, item] { list.remove_if([item](const auto& entry) { return entry.get() == item; }); });
}

/// What came from elsewhere must not steer the terminal.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

}  // namespace

Session::Session(EventLoop& loop, const Options& options, bool trickle, std::function<void(const nlohmann::json&)> emit)
    : loop_(loop), options_(options), connection_(connect(loop, options)),
      negotiation_(connection_, trickle,
                   {std::move(emit), [this](const std::string& error) { fail(error); },
                    [this] {
                      stages_.reached(Stages::Signaling);
                      watchTransport();
                    },
                    [this] { stages_.reached(Stages::Gathering); }}),
      patience_(loop.io()) {
  connection_.onIceConnectionStateChange([this] {
    const auto state = connection_.iceConnectionState();
    if (state == IceConnectionState::Connected || state == IceConnectionState::Completed) stages_.reached(Stages::Checks);
  });
  connection_.onConnectionStateChange([this] { connectionChanged(); });
  connection_.onDataChannel([this](std::shared_ptr<DataChannel> channel) {
    if (channel->label() == fileChannelLabel)
      receiveFile(std::move(channel));
    else if (!chat_)
      adoptChat(std::move(channel));
    else
      channel->close();
  });
}

Session::~Session() { connection_.close(); }

void Session::offer() {
  adoptChat(connection_.createDataChannel("chat"));
  negotiation_.offer();
}

/// The transports exist once a description is set; what they reached before is seen in their states.
void Session::watchTransport() {
  const auto sctp = connection_.sctp();
  if (!sctp || std::exchange(transportWatched_, true)) return;
  // Where people carry the descriptions, ICE's own patience has to do.
  if (options_.mode == Options::Mode::Room) {
    patience_.expires_after(connectPatience);
    patience_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !isOpen()) fail("no connection to the other peer within 30 s");
    });
  }
  auto look = [this, sctp = sctp.get(), dtls = sctp->transport()] {
    if (dtls->state() == DtlsTransportState::Connected) stages_.reached(Stages::Dtls);
    if (sctp->state() == SctpTransportState::Connected) stages_.reached(Stages::Sctp);
  };
  sctp->transport()->onStateChange(look);
  sctp->onStateChange(look);
  sctp->transport()->onError([this](const RtcError& error) { fail(error.what()); });
  look();
}

void Session::adoptChat(std::shared_ptr<DataChannel> channel) {
  chat_ = std::move(channel);
  chat_->onOpen([this] { opened(); });
  chat_->onClose([this] { peerLeft(); });
  chat_->onMessage([](const Message& message) {
    if (const auto* line = std::get_if<std::string>(&message)) std::cout << "< " << printable(*line) << std::endl;
  });
  if (chat_->readyState() == DataChannelState::Open) opened();
}

void Session::opened() {
  if (isOpen()) return;
  patience_.cancel();
  stages_.reached(Stages::Open);
  stages_.print();
  printPath([] {});
  if (options_.send) return sendFile(*options_.send);
  if (options_.interactive())
    std::cout << "Connected. Type a line to send it; /send PATH, /stats, /quit." << std::endl;
}

void Session::connectionChanged() {
  switch (connection_.connectionState()) {
    case PeerConnectionState::Failed:
      return fail(isOpen() ? "the connection to the other peer is lost" : "no way to the other peer was found");
    case PeerConnectionState::Disconnected:
      patience_.expires_after(disconnectPatience);
      patience_.async_wait([this](const boost::system::error_code& error) {
        if (!error && connection_.connectionState() != PeerConnectionState::Connected)
          fail("the other peer has vanished");
      });
      return;
    case PeerConnectionState::Connected:
      if (isOpen()) patience_.cancel();
      return;
    default:
      return;
  }
}

/// The chat channel was closed: the other side said goodbye, or the connection broke.
void Session::peerLeft() {
  if (done_) return;
  if (quitting_) return loop_.exit(0);
  if (!options_.interactive() || !senders_.empty() || !receivers_.empty()) {
    // A receiver that has its file says so by itself, and then this comes too late.
    loop_.post([this] { fail("the other peer has left"); });
    return;
  }
  if (connection_.connectionState() == PeerConnectionState::Failed) return fail("the connection to the other peer is lost");
  std::cout << "The other peer has left." << std::endl;
  loop_.exit(0);
}

void Session::fail(const std::string& message) {
  if (done_) return;
  for (auto& sender : senders_) sender->fail(message);
  for (auto& receiver : receivers_) receiver->fail(message);
  if (done_) return;  // a receiver had its file already
  loop_.fail(message);
}

// --- What the user wants ---

void Session::line(const std::string& line) {
  if (line == "/quit") return quit();
  if (line == "/stats") return printStatistics();
  if (line.starts_with("/send ")) return sendFile(line.substr(6));
  if (line.starts_with("/")) {
    std::cout << "Commands are /send PATH, /stats and /quit." << std::endl;
    return;
  }
  if (!line.empty()) try {
      chat_->send(line);
    } catch (const Error& error) {
      std::cout << "Not sent: " << error.what() << std::endl;
    }
}

void Session::inputEnded() {
  quitWhenSent_ = true;
  if (senders_.empty()) quit();
}

/// The closing procedure of the channel lets the lines before it arrive.
void Session::quit() {
  if (std::exchange(quitting_, true)) return;
  chat_->close();
  patience_.expires_after(quitPatience);
  patience_.async_wait([this](const boost::system::error_code& error) {
    if (!error) loop_.exit(0);
  });
}

void Session::sendFile(const std::filesystem::path& path) {
  const double limit = connection_.sctp()->maxMessageSize().value_or(65'536);
  const auto maxMessageSize = static_cast<std::size_t>(std::min(limit, double{1u << 30}));
  try {
    auto& sender = senders_.emplace_back();
    sender = std::make_unique<FileSender>(path, connection_, maxMessageSize,
                                          [this, item = &sender](TransferResult result) {
                                            (result.ok ? std::cout : std::cerr) << result.text << std::endl;
                                            if (options_.send) return done(result);
                                            if (quitWhenSent_ && senders_.size() == 1) quit();
                                            removeLater(loop_, senders_, item->get());
                                          });
  } catch (const std::runtime_error& error) {
    senders_.pop_back();
    if (options_.send) return fail(error.what());
    std::cout << error.what() << std::endl;
  }
}

void Session::receiveFile(std::shared_ptr<DataChannel> channel) {
  auto& receiver = receivers_.emplace_back();
  receiver = std::make_unique<FileReceiver>(options_.receive.value_or(options_.into), std::move(channel),
                                            [this, item = &receiver](TransferResult result) {
                                              (result.ok ? std::cout : std::cerr) << result.text << std::endl;
                                              if (options_.receive) return done(result);
                                              removeLater(loop_, receivers_, item->get());
                                            });
}

void Session::done(const TransferResult& result) {
  // Which path it took may have changed since the channel was opened. The other side may be gone before it is printed.
  done_ = true;
  printPath([this, code = result.ok ? 0 : 1] { loop_.exit(code); });
}

void Session::printPath(std::function<void()> then) {
  connection_.getStats().then([then = std::move(then)](const StatsReport& report) {
    if (const auto line = pathLine(report); !line.empty()) std::cout << line << std::endl;
    then();
  });
}

void Session::printStatistics() {
  connection_.getStats().then([](const StatsReport& report) {
    for (const auto* transport : report.all<TransportStats>()) {
      std::cout << "sent " << formatBytes(transport->bytesSent) << " in " << transport->packetsSent << " packets, received "
                << formatBytes(transport->bytesReceived) << " in " << transport->packetsReceived << " packets\n";
    }
    if (const auto line = pathLine(report); !line.empty()) std::cout << line << "\n";
    std::cout << std::flush;
  });
}
