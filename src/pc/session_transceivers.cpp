#include "pc/media_codecs.hpp"
#include "pc/session.hpp"
#include "pc/session_media.hpp"
#include "pc/session_sections.hpp"
#include "sdp/fields.hpp"
#include "sdp/query.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

/// \file
/// Transceivers: what the application changes, and what descriptions do with them (RFC 9429 s.5.7, 5.9 to 5.11, and the
/// W3C's "set a session description").

namespace parley::pc {

// --- By the application ---

TransceiverId Session::addTransceiver(NewTransceiver wanted) {
  auto& transceiver = emplaceTransceiver(now_, wanted.kind);
  transceiver.direction = wanted.direction;
  transceiver.addedByTrack = wanted.addedByTrack;
  if (!wanted.trackId.empty()) transceiver.trackId = std::move(wanted.trackId);
  transceiver.streams = std::move(wanted.streams);
  if (!wanted.encodings.empty()) transceiver.negotiated.encodings.clear();
  for (auto& parameters : wanted.encodings)
    transceiver.negotiated.encodings.push_back(makeEncoding(std::move(parameters)));
  return transceiver.id;
}

Transceiver& Session::emplaceTransceiver(Negotiation& negotiation, MediaKind kind) {
  // RFC 7022 s.4.2: 96 random bits, 16 characters out of 64.
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (cname_.empty()) cname_ = random_.text(16, alphabet);
  auto& transceiver = negotiation.transceivers.emplace_back();
  transceiver.id = ++lastTransceiver_;
  transceiver.kind = kind;
  transceiver.trackId = random_.text(20, alphabet.substr(0, 62));
  transceiver.negotiated.encodings.push_back(makeEncoding({}));
  return transceiver;
}

SendEncoding Session::makeEncoding(RtpEncodingParameters parameters) {
  SendEncoding encoding;
  encoding.parameters = std::move(parameters);
  encoding.ssrc = freshSsrc();
  encoding.rtxSsrc = freshSsrc();
  return encoding;
}

std::uint32_t Session::freshSsrc() {
  while (true) {
    const auto ssrc = static_cast<std::uint32_t>(random_.u64());
    // Zero is legal, and taken for "none" by too many.
    if (ssrc != 0 && ssrcs_.insert(ssrc).second) return ssrc;
  }
}

void Session::setDirection(TransceiverId id, sdp::Direction direction) {
  if (auto* transceiver = now_.transceiver(id)) transceiver->direction = direction;
}

void Session::setStreams(TransceiverId id, std::vector<std::string> streams) {
  if (auto* transceiver = now_.transceiver(id)) transceiver->streams = std::move(streams);
}

void Session::useForTrack(TransceiverId id, std::vector<std::string> streams) {
  auto* transceiver = now_.transceiver(id);
  if (!transceiver) return;
  transceiver->addedByTrack = true;
  transceiver->streams = std::move(streams);
  transceiver->direction = makeDirection(true, receives(transceiver->direction));
}

void Session::stop(TransceiverId id) {
  auto* transceiver = now_.transceiver(id);
  if (!transceiver) return;
  transceiver->stopping = true;
  // No section has to be rejected for it.
  if (!transceiver->negotiated.section)
    std::erase_if(now_.transceivers, [&](const Transceiver& one) { return one.id == id; });
}

std::optional<SessionError> Session::setPreferences(TransceiverId id, std::vector<RtpCodec> codecs) {
  auto* transceiver = now_.transceiver(id);
  if (!transceiver) return std::nullopt;
  const auto refuse = [](std::string reason) {
    return SessionError{ErrorName::InvalidModificationError, std::move(reason)};
  };
  const auto& ours = mediaCodecs(transceiver->kind);
  std::vector<RtpCodec> distinct;
  bool media = false;
  for (const auto& codec : codecs) {
    const auto known = std::find_if(ours.begin(), ours.end(), [&](const MediaCodec& one) {
      const auto capability = toRtpCodec(transceiver->kind, one);
      // W3C: parameters are those of the capability, word by word. None may be said where the codec is clear without.
      return sameCodec(capability, codec) && (codec.sdpFmtpLine.empty() || codec.sdpFmtpLine == capability.sdpFmtpLine);
    });
    if (known == ours.end()) return refuse(codec.mimeType + " is not among the codecs of getCapabilities");
    media = media || !known->isHelper();
    if (std::find(distinct.begin(), distinct.end(), codec) == distinct.end()) distinct.push_back(codec);
  }
  if (!distinct.empty() && !media) return refuse("none of the codecs carries media");
  transceiver->preferences = std::move(distinct);
  return std::nullopt;
}

void Session::setEncodings(TransceiverId id, const std::vector<RtpEncodingParameters>& encodings) {
  auto* transceiver = now_.transceiver(id);
  if (!transceiver) return;
  auto& known = transceiver->negotiated.encodings;
  for (std::size_t i = 0; i < std::min(known.size(), encodings.size()); ++i) known[i].parameters = encodings[i];
}

void Session::changeSource(TransceiverId id, std::uint32_t ssrc) {
  const auto fresh = freshSsrc(), freshRtx = freshSsrc();
  const auto change = [&](std::vector<SendEncoding>& encodings) {
    for (auto& each : encodings)
      if (each.ssrc == ssrc || each.rtxSsrc == ssrc) std::tie(each.ssrc, each.rtxSsrc) = std::tie(fresh, freshRtx);
  };
  if (auto* transceiver = now_.transceiver(id)) change(transceiver->negotiated.encodings);
  if (const auto stable = now_.stable.find(id); stable != now_.stable.end()) change(stable->second.encodings);
}

// --- Parameters ---

namespace {

std::vector<RtpCodecParameters> shown(MediaKind kind, const std::vector<PlannedCodec>& codecs) {
  std::vector<RtpCodecParameters> out;
  for (const auto& codec : codecs) {
    RtpCodecParameters one;
    one.mimeType = mimeType(kind, codec.name);
    one.clockRate = codec.clockRate;
    if (codec.channels > 0) one.channels = codec.channels;
    one.sdpFmtpLine = codec.parameters;
    one.payloadType = codec.payloadType;
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<RtpHeaderExtensionParameters> shown(const std::vector<PlannedExtension>& extensions) {
  std::vector<RtpHeaderExtensionParameters> out;
  for (const auto& extension : extensions) out.push_back({extension.uri, extension.id, false});
  return out;
}

}  // namespace

std::optional<PlannedMedia> Session::plannedMedia(TransceiverId id) const {
  for (const auto& transport : planOf(now_))
    for (const auto& media : transport.media.sections)
      if (media.transceiver == id) return media;
  return std::nullopt;
}

RtpSendParameters Session::sendParameters(TransceiverId id) const {
  RtpSendParameters parameters;
  const auto* transceiver = now_.transceiver(id);
  if (!transceiver) return parameters;
  for (const auto& encoding : transceiver->negotiated.encodings) parameters.encodings.push_back(encoding.parameters);
  parameters.rtcp.cname = cname_;
  if (const auto media = plannedMedia(id)) {
    parameters.rtcp.reducedSize = media->reducedSizeRtcp;
    if (media->sending) {
      parameters.codecs = shown(media->kind, media->sending->codecs);
      parameters.headerExtensions = shown(media->sending->extensions);
    }
  }
  return parameters;
}

RtpReceiveParameters Session::receiveParameters(TransceiverId id) const {
  RtpReceiveParameters parameters;
  const auto media = plannedMedia(id);
  if (!media) return parameters;
  parameters.rtcp.reducedSize = media->reducedSizeRtcp;
  if (media->receiving) {
    parameters.codecs = shown(media->kind, media->receiving->codecs);
    parameters.headerExtensions = shown(media->receiving->extensions);
  }
  return parameters;
}

// --- By descriptions ---

/// RFC 9429 s.5.9: our offer is applied.
void Session::associate(Negotiation& changed, const std::vector<Created::Association>& associations) const {
  const auto& tree = *changed.pendingLocal->tree;
  for (const auto& [id, section] : associations) {
    auto* transceiver = changed.transceiver(id);
    if (!transceiver) continue;
    // The place was that of one that is gone.
    for (auto& other : changed.transceivers)
      if (other.negotiated.section == section) {
        other.negotiated.section.reset();
        other.negotiated.mid.reset();
      }
    transceiver->negotiated.section = section;
    transceiver->negotiated.mid = midOf(tree.media[section]);
  }
}

Transceiver& Session::transceiverForRemote(Negotiation& changed, const sdp::Description& tree, std::size_t section) {
  if (auto* known = changed.transceiverOf(tree, section)) return *known;
  // RFC 9429 s.5.10: the section is recycled.
  for (auto& other : changed.transceivers)
    if (other.negotiated.section == section) {
      other.negotiated.section.reset();
      other.negotiated.mid.reset();
      other.stopping = true;
    }
  const auto kind = *kindOf(tree.media[section]);
  const auto direction = directionOf(tree, section);
  Transceiver* found = nullptr;
  if (receives(direction))
    for (auto& one : changed.transceivers)
      if (!found && one.kind == kind && one.addedByTrack && !one.negotiated.section && !one.stopping) found = &one;
  if (!found) {
    found = &emplaceTransceiver(changed, kind);
    found->direction = sdp::Direction::RecvOnly;
    found->createdByPeer = true;
  }
  found->negotiated.section = section;
  const auto mid = midOf(tree.media[section]);
  found->negotiated.mid = mid ? *mid : freshMid();

  // W3C: what the peer asks for in simulcast becomes our encodings, unless the application has decided on them.
  const auto* simulcast = sdp::find<sdp::Simulcast>(tree.media[section].attributes);
  auto& encodings = found->negotiated.encodings;
  if (simulcast && simulcast->recv.size() > 1 && encodings.size() == 1 && encodings.front().parameters.rid.empty()) {
    const auto first = encodings.front();
    encodings.clear();
    for (const auto& stream : simulcast->recv) {
      if (stream.empty()) continue;
      auto parameters = first.parameters;
      parameters.rid = stream.front().rid;
      if (encodings.empty()) {
        encodings.push_back(first);
        encodings.back().parameters = std::move(parameters);
      } else {
        encodings.push_back(makeEncoding(std::move(parameters)));
      }
      encodings.back().pausedByPeer = stream.front().paused;
    }
  }
  return *found;
}

namespace {

/// What the peer's answer leaves of the streams that we offered (RFC 8853 s.5.3.3).
void narrowEncodings(std::vector<SendEncoding>& encodings, const sdp::MediaSection& answer) {
  if (encodings.size() < 2) return;
  const auto* simulcast = sdp::find<sdp::Simulcast>(answer.attributes);
  std::vector<SendEncoding> left;
  for (const auto& encoding : encodings)
    for (const auto& stream : simulcast ? simulcast->recv : std::vector<sdp::Simulcast::Stream>())
      for (const auto& alternative : stream)
        if (alternative.rid == encoding.parameters.rid) {
          left.push_back(encoding);
          left.back().pausedByPeer = alternative.paused;
        }
  // W3C: without simulcast, the first one is left.
  if (left.empty()) {
    left = {encodings.front()};
    left.front().parameters.rid.clear();
  }
  encodings = std::move(left);
}

/// W3C "process remote tracks": whether a track event follows, because the track is there, or in one more stream.
bool processTrack(Transceiver::Negotiated& negotiated, sdp::Direction direction, std::vector<std::string> streams) {
  const bool before = receives(negotiated.firedDirection);
  const auto& known = negotiated.remoteStreams;
  const bool added = std::any_of(streams.begin(), streams.end(), [&](const std::string& stream) {
    return std::find(known.begin(), known.end(), stream) == known.end();
  });
  negotiated.firedDirection = direction;
  negotiated.remoteStreams = receives(direction) ? std::move(streams) : std::vector<std::string>();
  return receives(direction) && (!before || added);
}

}  // namespace

void Session::takeRemote(Negotiation& changed, SdpType type, std::vector<TransceiverId>& tracks) {
  const auto& tree = *changed.pendingRemote->tree;
  const bool answers = type != SdpType::Offer;
  for (std::size_t i = 0; i < tree.media.size(); ++i) {
    const auto& section = tree.media[i];
    if (!kindOf(section)) continue;
    // W3C: no transceiver is made for what is rejected from the start.
    if (isRejected(section) && !changed.transceiverOf(tree, i)) continue;
    if (answers && !changed.transceiverOf(tree, i)) continue;
    auto& transceiver = transceiverForRemote(changed, tree, i);
    const auto direction = reversed(directionOf(tree, i));
    auto& negotiated = transceiver.negotiated;
    auto track = receives(direction) ? remoteTrackOf(section) : DescribedTrack();
    if (!track.trackId.empty()) negotiated.remoteTrackId = std::move(track.trackId);
    if (receives(direction) && !track.described) {
      if (defaultStream_.empty()) defaultStream_ = random_.text(16, "0123456789abcdef");
      track.streams = {defaultStream_};
    }
    if (processTrack(negotiated, direction, std::move(track.streams))) tracks.push_back(transceiver.id);
    if (isRejected(section)) transceiver.stopping = transceiver.stopped = true;
    if (!answers) continue;
    negotiated.currentDirection = direction;
    if (isRejected(section)) continue;
    transceiver.hasSent = transceiver.hasSent || sends(direction);
    narrowEncodings(negotiated.encodings, section);
  }
}

void Session::takeLocalAnswer(Negotiation& changed) {
  const auto& tree = *changed.pendingLocal->tree;
  for (std::size_t i = 0; i < tree.media.size(); ++i) {
    auto* transceiver = changed.transceiverOf(tree, i);
    if (!transceiver) continue;
    const auto direction = directionOf(tree, i);
    processTrack(transceiver->negotiated, direction, transceiver->negotiated.remoteStreams);
    transceiver->negotiated.currentDirection = direction;
    if (isRejected(tree.media[i])) continue;
    transceiver->hasSent = transceiver->hasSent || sends(direction);
    // Only what the answer has is agreed.
    auto& encodings = transceiver->negotiated.encodings;
    const auto rids = sdp::all<sdp::Rid>(tree.media[i].attributes);
    const auto first = encodings.front();
    std::erase_if(encodings, [&](const SendEncoding& encoding) {
      return !encoding.parameters.rid.empty() && std::none_of(rids.begin(), rids.end(), [&](const auto* rid) {
        return rid->id == encoding.parameters.rid && rid->direction == sdp::Rid::Direction::Send;
      });
    });
    if (!encodings.empty() || !sends(direction)) {
      if (encodings.empty()) encodings = {first};
      continue;
    }
    encodings = {first};
    encodings.front().parameters.rid.clear();
  }
}

/// RFC 9429 s.5.11, and the W3C's last steps of a stable state: a transceiver whose section is rejected is no more.
void Session::removeStopped(Negotiation& changed) const {
  const auto rejects = [](const auto& description, std::size_t section) {
    return description && section < description->tree->media.size() && isRejected(description->tree->media[section]);
  };
  std::erase_if(changed.transceivers, [&](const Transceiver& transceiver) {
    const auto section = transceiver.negotiated.section;
    if (!section) return transceiver.stopping;
    return rejects(changed.currentLocal, *section) || rejects(changed.currentRemote, *section);
  });
}

/// RFC 9429 s.5.7
/// The transceivers whose track events are fired again.
std::vector<TransceiverId> Session::restoreTransceivers() {
  std::vector<TransceiverId> tracks;
  std::erase_if(now_.transceivers, [&](Transceiver& transceiver) {
    const auto before = now_.stable.find(transceiver.id);
    if (before != now_.stable.end()) {
      auto was = before->second;
      if (processTrack(transceiver.negotiated, was.firedDirection, was.remoteStreams)) tracks.push_back(transceiver.id);
      transceiver.negotiated = std::move(was);
      return false;
    }
    auto& negotiated = transceiver.negotiated;
    auto encodings = std::exchange(negotiated.encodings, {});
    negotiated = {};
    negotiated.encodings = std::move(encodings);
    return transceiver.createdByPeer && !transceiver.addedByTrack;
  });
  now_.stable.clear();
  return tracks;
}

// --- W3C "check if negotiation is needed" ---

bool Session::mediaNeedsNegotiation() const {
  const auto* local = now_.currentLocal ? now_.currentLocal->tree.get() : nullptr;
  const auto* remote = now_.currentRemote ? now_.currentRemote->tree.get() : nullptr;
  return std::any_of(now_.transceivers.begin(), now_.transceivers.end(), [&](const Transceiver& transceiver) {
    if (transceiver.stopping || !local || !remote || !transceiver.negotiated.section) return true;
    const auto i = *transceiver.negotiated.section;
    if (i >= local->media.size() || i >= remote->media.size()) return true;
    auto announced = announcedStreams(local->media[i]), wanted = transceiver.streams;
    std::sort(announced.begin(), announced.end());
    std::sort(wanted.begin(), wanted.end());
    if (sends(transceiver.direction) && (announced != wanted || !sdp::has<sdp::Msid>(local->media[i].attributes)))
      return true;
    const auto ours = directionOf(*local, i), theirs = reversed(directionOf(*remote, i));
    if (now_.currentLocal->type == SdpType::Offer)
      return transceiver.direction != ours && transceiver.direction != theirs;
    return ours != intersection(transceiver.direction, theirs);
  });
}

}  // namespace parley::pc
