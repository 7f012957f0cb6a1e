#include "member.hpp"

#include "common/json.hpp"
#include "room.hpp"

#include <algorithm>
#include <utility>

using namespace parley;
using nlohmann::json;

namespace {

/// All browsers have VP8, and its simulcast; what one sends all others must be able to show, as it comes.
void useVp8(RtpTransceiver& transceiver) {
  std::vector<RtpCodec> codecs;
  for (const auto& codec : RtpReceiver::getCapabilities(MediaKind::Video).codecs)
    if (codec.mimeType == "video/VP8" || codec.mimeType == "video/rtx") codecs.push_back(codec);
  transceiver.setCodecPreferences(codecs);
}

}  // namespace

Member::Member(EventLoop& loop, std::shared_ptr<Runtime> runtime, Configuration configuration, Room& room,
               std::string id)
    : PageCall(loop, std::move(runtime), std::move(configuration)), room_(room), id_(std::move(id)) {}

void Member::begin() {
  connection().onTrack([this](const TrackEvent& event) { track(event); });
  connection().onSignalingStateChange([this] {
    if (connection().signalingState() != SignalingState::Stable || std::exchange(ready_, true)) return;
    room_.ready(*this);
  });
  connection().onNegotiationNeeded([this] {
    // The first offer is the page's, which alone knows what it has.
    if (ready_) negotiation().offer();
  });
  say({{"you", id_}});
}

void Member::end() { room_.left(*this); }

void Member::track(const TrackEvent& event) {
  auto& forwarder = event.track->kind() == MediaKind::Audio ? sound_ : picture_;
  if (forwarder) return;  // One camera and one microphone each.
  if (event.track->kind() == MediaKind::Video) useVp8(*event.transceiver);
  forwarder = RtpForwarder::create(event.receiver);
}

// --- Others ---

void Member::show(Member& other) {
  Seat& seat = seats_.emplace_back(other);
  RtpTransceiverInit init;
  init.direction = RtpTransceiverDirection::SendOnly;
  // The page knows by the stream's id whom it sees.
  init.streams = {MediaStream::create({}, other.id())};
  seat.audio = connection().addTransceiver(MediaKind::Audio, init);
  seat.video = connection().addTransceiver(MediaKind::Video, init);
  useVp8(*seat.video);
  if (other.sound_) seat.sound = other.sound_->addSender(seat.audio->sender());
  if (!other.picture_) return;
  seat.picture = other.picture_->addSender(seat.video->sender());
  seat.picture->onSourceChanged([&seat](const std::string& rid) { seat.shown = rid; });
  seat.picture->onTargetBitrate(
      [&seat](std::uint64_t bitsPerSecond) { seat.estimate = static_cast<double>(bitsPerSecond); });
}

void Member::hide(const Member& other) {
  std::erase_if(seats_, [&](const Seat& seat) {
    if (&seat.member != &other) return false;
    seat.audio->stop();
    seat.video->stop();
    say({{"gone", other.id()}});  // Browsers differ in what they fire for the tracks of a rejected section.
    return true;
  });
}

Member::Seat* Member::seatOf(const std::string& member) {
  const auto found =
      std::find_if(seats_.begin(), seats_.end(), [&](const Seat& seat) { return seat.member.id() == member; });
  return found == seats_.end() ? nullptr : &*found;
}

// --- Layers ---

void Member::measure() {
  if (!picture_) return;
  picture_->getSources().then(
      [weak = weak_from_this()](const std::vector<RtpForwarder::Source>& sources) {
        if (const auto self = weak.lock()) self->measured(sources);
      },
      [](const Error&) {});
}

void Member::measured(const std::vector<RtpForwarder::Source>& sources) {
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - measuredAt_).count();
  layers_.clear();
  for (const auto& source : sources) {
    const auto before =
        std::find_if(sources_.begin(), sources_.end(), [&](const auto& each) { return each.ssrc == source.ssrc; });
    if (before == sources_.end() || elapsed <= 0) continue;
    layers_.push_back({source.rid, source.width, source.height,
                       static_cast<double>(source.bytes - before->bytes) * 8 / elapsed,
                       static_cast<double>(source.frames - before->frames) / elapsed});
  }
  sources_ = sources;
  measuredAt_ = now;
}

void Member::choose(Seat& seat) {
  if (!seat.picture) return;
  const auto& layers = seat.member.layers();
  const std::string rid = seat.clicked.empty() ? pickLayer(layers, seat.estimate, seat.shown) : seat.clicked;
  if (rid != seat.selected) seat.picture->select(seat.selected = rid);

  // What we could send if the path took it: the library finds out whether it does.
  double best = 0;
  for (const Layer& layer : layers) best = std::max(best, layer.bitrate * 1.25);
  if (best == 0 || (best < 1.5 * seat.probed && best > 0.67 * seat.probed)) return;
  seat.probed = best;
  auto parameters = seat.video->sender()->getParameters();
  if (parameters.encodings.empty()) return;
  parameters.encodings.front().maxBitrate = static_cast<std::uint32_t>(best);
  seat.video->sender()->setParameters(parameters).onRejected([](const Error&) {});  // Between two descriptions.
}

void Member::readStats(const Seat& seat) {
  seat.video->sender()->getStats().then(
      [weak = weak_from_this(), member = seat.member.id()](const StatsReport& report) {
        const auto self = weak.lock();
        Seat* found = self ? self->seatOf(member) : nullptr;
        const auto* remote = report.first<RemoteInboundRtpStreamStats>();
        if (!found || !remote) return;
        found->lost = remote->fractionLost;
        found->roundTrip = remote->roundTripTime;
      },
      [](const Error&) {});
}

void Member::report() {
  json seats = json::array();
  for (Seat& seat : seats_) {
    choose(seat);
    readStats(seat);
    json layers = json::array();
    for (const Layer& layer : seat.member.layers())
      layers.push_back({{"rid", layer.rid},
                        {"width", layer.width},
                        {"height", layer.height},
                        {"kbps", static_cast<int>(layer.bitrate / 1000)},
                        {"fps", static_cast<int>(layer.framesPerSecond + 0.5)}});
    json one{{"member", seat.member.id()},
             {"layer", seat.shown},
             {"clicked", seat.clicked},
             {"layers", layers},
             {"kbps", static_cast<int>(seat.estimate / 1000)}};
    if (seat.lost) one["lost"] = *seat.lost;
    if (seat.roundTrip) one["rtt"] = *seat.roundTrip;
    seats.push_back(std::move(one));
  }
  say({{"seats", seats}});
}

/// A click: {"member": …, "layer": "q" or "" for automatic}.
void Member::other(const json& message) {
  Seat* seat = seatOf(text(message, "member"));
  if (!seat) return;
  seat->clicked = text(message, "layer");
  choose(*seat);
}
