#include "agent.hpp"

#include "common/json.hpp"
#include "common/negotiation.hpp"
#include "configuration.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/error.hpp>
#include <parley/runtime.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <utility>

using namespace parley;
using nlohmann::json;

namespace {

/// Sends back what a channel receives. What does not fit into the channel now waits for room.
class Echo : public std::enable_shared_from_this<Echo> {
 public:
  Echo(std::shared_ptr<DataChannel> channel, std::function<void(const std::string&)> error)
      : channel_(std::move(channel)), error_(std::move(error)) {}

  void start() {
    channel_->bufferedAmountLowThreshold(1u << 20);
    channel_->onMessage([self = shared_from_this()](Message message) {
      self->waiting_.push_back(std::move(message));
      self->send();
    });
    channel_->onBufferedAmountLow([self = shared_from_this()] { self->send(); });
  }

 private:
  /// Half of what a channel holds by default.
  static constexpr std::size_t highMark = 8u << 20;

  void send() {
    while (!waiting_.empty() && channel_->bufferedAmount() < highMark &&
           channel_->readyState() == DataChannelState::Open) {
      const Message message = std::move(waiting_.front());
      waiting_.pop_front();
      try {
        std::visit([this](const auto& content) { channel_->send(content); }, message);
      } catch (const Error& error) {
        error_(error.what());
      }
    }
  }

  std::shared_ptr<DataChannel> channel_;
  std::function<void(const std::string&)> error_;
  std::deque<Message> waiting_;
};

/// Says how many frames of one kind came: at once with the first, then at most once a second.
class FrameCount {
 public:
  /// The count, if it is to be told now.
  std::optional<std::uint64_t> add() {
    const auto now = std::chrono::steady_clock::now();
    if (frames_++ != 0 && now - told_ < std::chrono::seconds(1)) return std::nullopt;
    told_ = now;
    return frames_;
  }

 private:
  std::uint64_t frames_ = 0;
  std::chrono::steady_clock::time_point told_;
};

class Agent {
 public:
  Agent(EventLoop& loop, const Options& options)
      : loopsMedia_(options.loopMedia),
        runtime_(Runtime::create()),
        connection_(runtime_->engine(), loop, configurationOf(options), runtime_),
        negotiation_(
            connection_, options.trickle,
            {[this](const json& message) { print(message); }, [this](const std::string& e) { error(e); }, {}, {}}) {
    connection_.onConnectionStateChange(
        [this] { event("state " + std::string(toString(connection_.connectionState()))); });
    connection_.onDataChannel([this](std::shared_ptr<DataChannel> channel) { adopt(std::move(channel)); });
    connection_.onTrack([this](const TrackEvent& track) { take(track); });
  }

  void line(const std::string& text) {
    if (text.empty()) return;
    const json message = parseJson(text);
    try {
      if (!message.is_object())
        error("not a JSON object: " + text.substr(0, 80));
      else if (message.contains("cmd"))
        command(::text(message, "cmd"), message);
      else if (!negotiation_.take(message))
        error("not a command, a description or a candidate: " + text.substr(0, 80));
    } catch (const std::exception& e) {
      error(e.what());
    }
  }

  void close() {
    if (connection_.connectionState() == PeerConnectionState::Closed) return;
    connection_.close();
    event("state closed");
  }

 private:
  void command(const std::string& name, const json& message) {
    if (name == "offer") {
      if (channels_.empty()) createChannel(message);
      for (const auto kind : {MediaKind::Audio, MediaKind::Video})
        if (message.value(std::string(toString(kind)), false)) offerMedia(kind);
      negotiation_.offer();
    } else if (name == "channel") {
      createChannel(message);
    } else if (name == "close-channel") {
      const auto channel = channels_.find(message.value("label", ""));
      if (channel == channels_.end()) return error("no channel has that label");
      channel->second->close();
    } else if (name == "restart") {
      connection_.restartIce();
      negotiation_.offer();
    } else if (name == "stats") {
      connection_.getStats().then([this](const StatsReport& report) {
        print({{"stats", parseJson(report.toJson())}});
      });
    } else if (name == "close") {
      close();
    } else {
      error("unknown command: " + name);
    }
  }

  /// One section of each kind: to receive, and to send back what is received if asked to.
  void offerMedia(MediaKind kind) {
    for (const auto& transceiver : connection_.getTransceivers())
      if (transceiver->receiver()->track()->kind() == kind) return;
    connection_.addTransceiver(kind,
                               {loopsMedia_ ? RtpTransceiverDirection::SendRecv : RtpTransceiverDirection::RecvOnly});
  }

  void take(const TrackEvent& event) {
    const auto& track = event.track;
    const auto kind = track->kind();
    this->event("track " + std::string(toString(kind)) + " " + event.transceiver->mid().value_or(""));
    track->onFrame([this, kind](const EncodedFrame&) {
      if (const auto frames = frames_[kind].add())
        print({{"event", "frames"}, {"kind", toString(kind)}, {"frames", *frames}});
    });
    if (!loopsMedia_) return;
    // The sender forwards the frames as they are, and asks their sender for key frames.
    event.transceiver->direction(RtpTransceiverDirection::SendRecv);
    event.transceiver->sender()->replaceTrack(track).onRejected([this](const Error& e) { error(e.what()); });
  }

  void createChannel(const json& message) {
    DataChannelInit init;
    init.ordered = message.value("ordered", true);
    init.protocol = message.value("protocol", "");
    init.negotiated = message.value("negotiated", false);
    init.id = number(message, "id");
    init.maxRetransmits = number(message, "maxRetransmits");
    init.maxPacketLifeTime = number(message, "maxPacketLifeTime");
    adopt(connection_.createDataChannel(message.value("label", "parley"), init));
  }

  static std::optional<std::uint16_t> number(const json& message, const char* member) {
    if (!message.contains(member)) return std::nullopt;
    return message[member].get<std::uint16_t>();
  }

  void adopt(std::shared_ptr<DataChannel> channel) {
    channels_[channel->label()] = channel;
    std::make_shared<Echo>(channel, [this](const std::string& e) { error(e); })->start();
    channel->onError([this](const RtcError& e) { error(e.what()); });
    channel->onClose([this, label = channel->label()] { event("dc-close " + label); });
    if (channel->readyState() == DataChannelState::Open)
      opened(*channel);
    else
      channel->onOpen([this, channel = channel.get()] { opened(*channel); });
  }

  void opened(const DataChannel& channel) {
    json message{
        {"event", "dc-open " + channel.label()}, {"ordered", channel.ordered()}, {"protocol", channel.protocol()}};
    if (channel.id()) message["id"] = *channel.id();
    if (channel.maxRetransmits()) message["maxRetransmits"] = *channel.maxRetransmits();
    if (channel.maxPacketLifeTime()) message["maxPacketLifeTime"] = *channel.maxPacketLifeTime();
    print(message);
  }

  void print(const json& message) { std::cout << toLine(message) << std::endl; }
  void event(const std::string& text) { print({{"event", text}}); }
  void error(const std::string& text) { event("error " + text); }

  const bool loopsMedia_;
  std::map<MediaKind, FrameCount> frames_;
  std::shared_ptr<Runtime> runtime_;
  PeerConnection connection_;
  Negotiation negotiation_;
  std::map<std::string, std::shared_ptr<DataChannel>> channels_;  ///< The latest of each label.
};

}  // namespace

int runAgent(EventLoop& loop, const Options& options) {
  Agent agent(loop, options);
  loop.readLines([&](const std::optional<std::string>& line) {
    if (line) return agent.line(*line);
    agent.close();
    loop.exit(0);
  });
  return loop.run();
}
