#pragma once

#include "base/random.hpp"
#include "pc/engine_core.hpp"
#include "sim/world.hpp"
#include "support/catch.hpp"
#include "support/sctp_engine.hpp"

#include <parley/peer_connection.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// \file
/// Two PeerConnections over the simulated network, as an application would use them.

namespace parley::sim {

using namespace std::chrono_literals;

inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

/// How the two ends exchange descriptions and candidates.
struct Signalling {
  Duration delay = 20ms;  ///< One way; nothing is lost or overtaken.
  bool trickle = true;    ///< False: a description is sent when all candidates are gathered.
  bool automatic = true;  ///< Each negotiationneeded makes an offer.
};

/// One end: a PeerConnection, all that it said in order, and signalling by the pattern of the W3C's s.10.7 ("perfect
/// negotiation").
class End {
 public:
  struct Channel {
    std::shared_ptr<DataChannel> channel;
    std::vector<Message> messages;
    std::vector<Time> arrivals;  ///< Of the messages.
    std::size_t bytes = 0;
    int opened = 0, closing = 0, closed = 0, low = 0;
    std::vector<std::string> errors;
    bool keepMessages = true;
    std::function<void(const Message&)> onMessage;
  };
  struct Event {
    Time at;
    std::string text;  ///< "connectionstate connected"
  };

  End(World& world, Host& host, bool polite, const Signalling& signalling, Configuration configuration,
      Executor* executor = nullptr)
      : world_(world), host_(host), polite_(polite), signalling_(signalling) {
    configuration.extensions.sctpEngine = test::sctpEngine();
    if (executor)
      pc_.emplace(host.engine(), *executor, std::move(configuration));
    else
      pc_.emplace(host.engine(), std::move(configuration));
    setHandlers();
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  void connectTo(End& other) { other_ = &other; }
  Host& host() { return host_; }
  PeerConnection& pc() { return *pc_; }
  bool exists() const { return pc_.has_value(); }
  void destroy() { pc_.reset(); }
  void close() {
    if (pc_) pc_->close();
  }

  /// Of channels with one label the newest.
  Channel& channel(const std::string& label) {
    auto found = channels_.find(label);
    REQUIRE(found != channels_.end());
    return *found->second;
  }
  bool has(const std::string& label) const { return channels_.count(label) != 0; }
  bool isOpen(const std::string& label) const {
    auto found = channels_.find(label);
    return found != channels_.end() && found->second->opened && !found->second->closed;
  }
  Channel& createChannel(const std::string& label, const DataChannelInit& init = {}) {
    return watch(pc_->createDataChannel(label, init));
  }

  /// Makes an offer and sends it.
  void negotiate() {
    if (!pc_) return;
    makingOffer_ = true;
    pc_->setLocalDescription().then(
        [this] {
          makingOffer_ = false;
          sendLocalDescription();
        },
        [this](const Error& error) {
          makingOffer_ = false;
          note("error", error.what());
        });
  }

  /// What a signalling server delivers.
  void take(const SessionDescription& description) {
    if (!pc_ || pc_->signalingState() == SignalingState::Closed) return;
    note("received", std::string(toString(description.type)));
    const bool ready = !makingOffer_ && (pc_->signalingState() == SignalingState::Stable || settingRemoteAnswer_);
    ignoreOffer_ = !polite_ && description.type == SdpType::Offer && !ready;
    if (ignoreOffer_) return note("ignored", "offer");
    settingRemoteAnswer_ = description.type == SdpType::Answer;
    pc_->setRemoteDescription(description)
        .then(
            [this, type = description.type] {
              settingRemoteAnswer_ = false;
              if (!pc_ || type != SdpType::Offer) return;
              pc_->setLocalDescription().then([this] { sendLocalDescription(); },
                                              [this](const Error& error) { note("error", error.what()); });
            },
            [this](const Error& error) {
              settingRemoteAnswer_ = false;
              note("error", error.what());
            });
  }
  void take(const std::optional<IceCandidateInit>& candidate) {
    if (!pc_ || pc_->signalingState() == SignalingState::Closed) return;
    pc_->addIceCandidate(candidate).onRejected([this](const Error& error) {
      if (!ignoreOffer_) note("error", error.what());
    });
  }

  /// May change a description before it is sent, as a signalling server could.
  std::function<void(SessionDescription&)> tamper;
  /// Called with the name of each event, inside of its handler. It may close or destroy the connection.
  std::function<void(const std::string& event)> onEvent;

  const std::vector<Event>& events() const { return events_; }
  std::optional<Time> when(std::string_view text) const {
    for (const auto& event : events_)
      if (event.text == text) return event.at;
    return std::nullopt;
  }
  int count(std::string_view text) const {
    int n = 0;
    for (const auto& event : events_) n += event.text == text;
    return n;
  }
  bool sawErrors() const {
    for (const auto& event : events_)
      if (event.text.starts_with("error")) return true;
    return false;
  }
  std::string log() const {
    std::string text;
    for (const auto& event : events_)
      text += std::to_string(seconds(event.at.time_since_epoch())) + " " + event.text + "\n";
    return text;
  }

  /// Of the transport's statistics: all that was dropped, by reason.
  std::map<std::string, std::uint64_t> drops() {
    std::map<std::string, std::uint64_t> found;
    bool done = false;
    pc_->getStats().then([&](const StatsReport& report) {
      if (auto* transport = report.first<TransportStats>()) found = transport->drops;
      done = true;
    });
    REQUIRE(world_.runUntil([&] { return done; }, 1s));
    return found;
  }

 private:
  void note(const std::string& name, const std::string& detail) {
    events_.push_back({world_.now(), detail.empty() ? name : name + " " + detail});
    if (onEvent) onEvent(name + " " + detail);
  }

  void setHandlers() {
    auto text = [](auto state) { return std::string(toString(state)); };
    pc_->onNegotiationNeeded([this] {
      note("negotiationneeded", {});
      if (signalling_.automatic) negotiate();
    });
    pc_->onSignalingStateChange([this, text] {
      watchTransports();
      note("signalingstate", text(pc_->signalingState()));
    });
    pc_->onIceConnectionStateChange([this, text] { note("iceconnectionstate", text(pc_->iceConnectionState())); });
    pc_->onConnectionStateChange([this, text] { note("connectionstate", text(pc_->connectionState())); });
    pc_->onIceGatheringStateChange([this, text] {
      if (pc_->iceGatheringState() == IceGatheringState::Complete && std::exchange(sendWhenGathered_, false))
        sendLocalDescription();
      note("icegatheringstate", text(pc_->iceGatheringState()));
    });
    pc_->onIceCandidate([this](const std::optional<IceCandidate>& candidate) {
      if (candidate && signalling_.trickle)
        send([init = candidate->toJson()](End& other) { other.take(std::optional(init)); });
      note("icecandidate", !candidate ? "null" : candidate->type() ? std::string(toString(*candidate->type())) : "end");
    });
    pc_->onIceCandidateError([this](const IceCandidateError& error) { note("icecandidateerror", std::to_string(error.errorCode)); });
    pc_->onDataChannel([this](const std::shared_ptr<DataChannel>& channel) {
      watch(channel);
      note("datachannel", channel->label());
    });
  }

  void watchTransports() {
    if (!pc_ || !pc_->sctp() || pc_->sctp() == sctp_) return;
    sctp_ = pc_->sctp();
    const auto dtls = sctp_->transport();
    const auto ice = dtls->iceTransport();
    // Not the transports themselves: a handler that holds its object keeps it for ever.
    sctp_->onStateChange([this, t = sctp_.get()] { note("sctp", std::string(toString(t->state()))); });
    dtls->onStateChange([this, t = dtls.get()] { note("dtls", std::string(toString(t->state()))); });
    dtls->onError([this](const RtcError& error) {
      note("dtlserror", std::string(toString(error.errorDetail())) + ": " + error.what());
    });
    ice->onStateChange([this, t = ice.get()] { note("ice", std::string(toString(t->state()))); });
    ice->onSelectedCandidatePairChange([this] { note("selectedpair", {}); });
  }

  Channel& watch(const std::shared_ptr<DataChannel>& channel) {
    const std::string label = channel->label();
    auto* log = all_.emplace_back(std::make_unique<Channel>()).get();
    channels_[label] = log;
    log->channel = channel;
    channel->onOpen([this, log, label] {
      ++log->opened;
      note("open", label);
    });
    channel->onClosing([this, log, label] {
      ++log->closing;
      note("closing", label);
    });
    channel->onClose([this, log, label] {
      ++log->closed;
      note("close", label);
    });
    channel->onError([this, log, label](const RtcError& error) {
      log->errors.push_back(error.what());
      note("channelerror", label);
    });
    channel->onBufferedAmountLow([this, log, label] {
      ++log->low;
      if (onEvent) onEvent("bufferedamountlow " + label);
    });
    channel->onMessage([this, log](const Message& message) {
      log->bytes += std::visit([](const auto& content) { return content.size(); }, message);
      log->arrivals.push_back(world_.now());
      if (log->keepMessages) log->messages.push_back(message);
      if (log->onMessage) log->onMessage(message);
      if (onEvent) onEvent("message");
    });
    return *log;
  }

  void sendLocalDescription() {
    if (!pc_ || !pc_->localDescription()) return;
    watchTransports();
    if (!signalling_.trickle && pc_->iceGatheringState() != IceGatheringState::Complete) {
      sendWhenGathered_ = true;
      return;
    }
    auto description = *pc_->localDescription();
    if (tamper) tamper(description);
    send([description = std::move(description)](End& other) { other.take(description); });
  }

  void send(std::function<void(End&)> delivery) {
    world_.after(signalling_.delay, [other = other_, delivery = std::move(delivery)] { delivery(*other); });
  }

  World& world_;
  Host& host_;
  End* other_ = nullptr;
  bool polite_;
  Signalling signalling_;
  bool makingOffer_ = false, ignoreOffer_ = false, settingRemoteAnswer_ = false, sendWhenGathered_ = false;
  std::vector<Event> events_;
  std::vector<std::unique_ptr<Channel>> all_;
  std::map<std::string, Channel*> channels_;
  std::shared_ptr<SctpTransport> sctp_;
  std::optional<PeerConnection> pc_;  // last: its end may still call nothing, but uses all of the above
};

/// Bytes that tell their index and their damage: index, then a sequence that depends on it.
inline std::vector<std::uint8_t> pattern(std::uint32_t index, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::uint32_t x = index * 2654435761u + 1;
  for (std::size_t i = 0; i < size; ++i) {
    if (i < 4) {
      bytes[i] = static_cast<std::uint8_t>(index >> (8 * i));
    } else {
      x = x * 1664525u + 1013904223u;
      bytes[i] = static_cast<std::uint8_t>(x >> 24);
    }
  }
  return bytes;
}
/// The index; fails unless the bytes are those of `pattern`.
inline std::uint32_t indexOf(const Message& message) {
  const auto& bytes = std::get<std::vector<std::uint8_t>>(message);
  REQUIRE(bytes.size() >= 4);
  std::uint32_t index = 0;
  for (std::size_t i = 0; i < 4; ++i) index |= static_cast<std::uint32_t>(bytes[i]) << (8 * i);
  REQUIRE(bytes == pattern(index, bytes.size()));
  return index;
}

/// Two hosts, a link between them, one connection. `b` is the polite one; channels are made by `a` unless said.
struct TwoConnections {
  struct Options {
    std::uint64_t seed = 1;
    LinkConfig link = {};
    Signalling signalling = {};
    Configuration a = {}, b = {};
  };

  TwoConnections() : TwoConnections(Options()) {}
  explicit TwoConnections(const Options& options)
      : world(options.seed),
        hostA(world.addHost("a", {IpAddress::v4(10, 0, 0, 1)})),
        hostB(world.addHost("b", {IpAddress::v4(10, 0, 0, 2)})),
        a(world, hostA, false, options.signalling, options.a),
        b(world, hostB, true, options.signalling, options.b) {
    world.setLink(options.link);
    a.connectTo(b);
    b.connectTo(a);
  }

  bool bothOpen(const std::string& label) const { return a.isOpen(label) && b.isOpen(label); }

  /// `a` makes a channel; true when it is open on both sides.
  bool open(const std::string& label, Duration limit = 10s, const DataChannelInit& init = {}) {
    a.createChannel(label, init);
    return world.runUntil([&] { return bothOpen(label); }, limit);
  }

  /// A message each way over an open channel.
  bool echo(const std::string& label, Duration limit = 10s) {
    if (!bothOpen(label)) return false;
    const auto toB = b.channel(label).messages.size(), toA = a.channel(label).messages.size();
    a.channel(label).channel->send("there");
    b.channel(label).channel->send("back");
    return world.runUntil(
        [&] {
          return b.channel(label).messages.size() == toB + 1 && a.channel(label).messages.size() == toA + 1 &&
                 std::get<std::string>(b.channel(label).messages.back()) == "there" &&
                 std::get<std::string>(a.channel(label).messages.back()) == "back";
        },
        limit);
  }

  /// Closes what is not closed, and checks that nothing at all is left of the connections.
  void closeAndCheckThatNothingIsLeft() {
    a.close();
    b.close();
    checkThatNothingIsLeft();
  }
  void checkThatNothingIsLeft() {
    world.runFor(2s);
    for (auto* host : {&hostA, &hostB}) {
      INFO("host " << host->name());
      CHECK(host->engine().statistics().connections == 0);
      CHECK(host->engine().core().packetsOutstanding() == 0);
      CHECK(host->engine().deadline() == never);
      CHECK(host->boundSockets().empty());
    }
    const auto sent = world.datagrams();
    world.runFor(60s);
    CHECK(world.datagrams() == sent);
  }

  World world;
  Host& hostA;
  Host& hostB;
  End a, b;
};

/// Shown when something fails.
#define PARLEY_SHOW(pair)                                                                                         \
  INFO("seed " << (pair).world.seed() << ", after " << parley::sim::seconds((pair).world.elapsed()) << " s\na:\n" \
               << (pair).a.log() << "b:\n"                                                                        \
               << (pair).b.log())

}  // namespace parley::sim
