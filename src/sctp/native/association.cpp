#include "sctp/native/association.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {

Association::Association(const Config& config, base::Random& random, base::PacketPool& pool)
    : config_(config), random_(random), pool_(pool), jar_(random) {}

Association::~Association() = default;

bool Association::transfers() const {
  return is<Established>() || is<ShutdownPending>() || is<ShutdownSent>() || is<ShutdownReceived>();
}

bool Association::takesData() const { return is<Established>() || is<ShutdownPending>() || is<ShutdownSent>(); }

// --- The application's side ---

SendResult Association::send(std::uint16_t stream, Ppid ppid, std::vector<std::uint8_t>&& bytes,
                             const Reliability& reliability, Time now) {
  begin(now);
  if (!is<Established>() && !is<CookieEchoed>()) return SendResult::Invalid;
  if (bytes.size() > config_.mtu) link_->pathMtu.start(now_);
  return link_->sender.send(stream, ppid, std::move(bytes), reliability, now_);
}

void Association::setPriority(std::uint16_t stream, std::uint16_t priority) {
  if (link_) link_->sender.setPriority(stream, priority);
}

void Association::resetStreams(const std::vector<std::uint16_t>& streams, Time now) {
  begin(now);
  if ((is<Established>() || is<CookieEchoed>()) && !streams.empty()) link_->sender.resetStreams(streams, now_);
}

std::optional<Message> Association::receive(Time now) {
  begin(now);
  return link_ ? link_->receiver.receive() : std::nullopt;
}

const Message* Association::peek() const { return link_ ? link_->receiver.peek() : nullptr; }

// --- The machine ---

std::optional<Association::Output> Association::poll() {
  if (auto output = outbox_.poll()) return output;
  if (auto* echo = std::get_if<CookieEchoed>(&state_)) {
    if (echo->due) {
      if (auto packet = cookieEchoPacket(*echo)) return Transmit{std::move(*packet)};
    }
    if (auto event = link_->sender.poll()) return std::visit([](auto& e) -> Output { return std::move(e); }, *event);
  }
  if (transfers()) {
    if (auto event = link_->sender.poll()) return std::visit([](auto& e) -> Output { return std::move(e); }, *event);
    settleShutdown();
    if (auto output = outbox_.poll()) return output;
    if (auto packet = nextPacket()) return Transmit{std::move(*packet)};
    // What the packet that was not to be has left: a message that was given up unsent.
    if (auto event = link_->sender.poll()) return std::visit([](auto& e) -> Output { return std::move(e); }, *event);
  }
  if (link_) {
    if (auto event = link_->receiver.poll()) return std::visit([](auto& e) -> Output { return std::move(e); }, *event);
  }
  if (farewell_ && !peek()) return std::exchange(farewell_, std::nullopt);
  return std::nullopt;
}

Time Association::deadline() const {
  auto next = timers_.next();
  if (transfers())
    next = std::min({next, link_->sender.deadline(), link_->receiver.deadline(), link_->heartbeat.deadline(),
                     link_->pathMtu.deadline()});
  return next;
}

void Association::advance(Time now) {
  if (now < now_) return;
  now_ = now;
  if (timers_.expired(Timer::T1, now_)) onT1();
  if (timers_.expired(Timer::Guard, now_)) onGuard();
  if (timers_.expired(Timer::T2, now_)) onT2();
  if (!transfers()) return;
  link_->sender.advance(now_);
  link_->receiver.advance(now_);
  tendPath();
}

AssociationStats Association::stats() const {
  AssociationStats stats;
  stats.mtu = config_.mtu;
  stats.packetsSent = packetsSent_;
  stats.packetsReceived = packetsReceived_;
  for (auto reason : {Drop::BadPacket, Drop::BadChecksum, Drop::WrongPort, Drop::WrongTag})
    stats.packetsDropped += drops_[reason];
  for (std::size_t i = 0; i < static_cast<std::size_t>(Drop::Count); ++i)
    if (auto count = drops_[static_cast<Drop>(i)]) stats.drops.emplace_back(toString(static_cast<Drop>(i)), count);
  if (!link_) return stats;
  const auto& received = link_->receiver.drops();
  for (std::size_t i = 0; i < static_cast<std::size_t>(ReceiveDrop::Count); ++i)
    if (auto count = received[static_cast<ReceiveDrop>(i)])
      stats.drops.emplace_back(toString(static_cast<ReceiveDrop>(i)), count);
  stats.mtu = link_->pathMtu.current();
  link_->sender.fillStats(stats);
  return stats;
}

std::string_view toString(Drop reason) {
  switch (reason) {
    case Drop::BadPacket: return "bad-packet";
    case Drop::BadChecksum: return "bad-checksum";
    case Drop::WrongPort: return "wrong-port";
    case Drop::WrongTag: return "wrong-tag";
    case Drop::OutOfPlace: return "out-of-place";
    case Drop::BadChunk: return "bad-chunk";
    case Drop::UnexpectedChunk: return "unexpected-chunk";
    case Drop::UnknownChunk: return "unknown-chunk";
    case Drop::BadCookie: return "bad-cookie";
    case Drop::Count: break;
  }
  return "unknown";
}

const char* Association::stateName() const {
  static constexpr const char* names[] = {
      "IDLE",          "COOKIE-WAIT",       "COOKIE-ECHOED",     "ESTABLISHED", "SHUTDOWN-PENDING",
      "SHUTDOWN-SENT", "SHUTDOWN-RECEIVED", "SHUTDOWN-ACK-SENT", "ENDED"};
  static_assert(std::size(names) == std::variant_size_v<State>);
  return names[state_.index()];
}

}  // namespace parley::sctp::native
