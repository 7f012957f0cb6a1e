#include "pc/media_codecs.hpp"
#include "pc/session_media.hpp"
#include "pc/session_negotiation.hpp"
#include "sdp/query.hpp"

#include <algorithm>

/// \file
/// What two descriptions mean for the media data plane (RFC 9429 s.5.9 to 5.11).

namespace parley::pc {

namespace {

/// Those of `codecs` that the other side has too. Feedback is what both said.
std::vector<PlannedCodec> common(const std::vector<PlannedCodec>& codecs, const std::vector<PlannedCodec>& others) {
  std::vector<PlannedCodec> found;
  for (const auto& codec : codecs) {
    if (codec.isRtx()) continue;
    const auto other = std::find_if(others.begin(), others.end(),
                                    [&](const PlannedCodec& one) { return !one.isRtx() && matches(codec, one); });
    if (other == others.end()) continue;
    found.push_back(codec);
    std::erase_if(found.back().feedback, [&](const RtcpFeedback& feedback) {
      return std::find(other->feedback.begin(), other->feedback.end(), feedback) == other->feedback.end();
    });
    // RFC 4588 s.8.6: what repairs it, if both can.
    const auto repairs = [](const PlannedCodec& primary) {
      return [&primary](const PlannedCodec& one) { return one.apt == primary.payloadType; };
    };
    const auto rtx = std::find_if(codecs.begin(), codecs.end(), repairs(codec));
    if (rtx != codecs.end() && std::any_of(others.begin(), others.end(), repairs(*other))) found.push_back(*rtx);
  }
  return found;
}

std::vector<PlannedExtension> common(const std::vector<PlannedExtension>& extensions,
                                     const std::vector<PlannedExtension>& others) {
  std::vector<PlannedExtension> found;
  for (const auto& extension : extensions)
    if (std::any_of(others.begin(), others.end(), [&](const auto& other) { return other.uri == extension.uri; }))
      found.push_back(extension);
  return found;
}

/// RFC 9429 s.5.10. What is beyond 2^53 bit/s is no limit.
std::optional<std::uint64_t> maxBitrateOf(const sdp::MediaSection& section) {
  constexpr std::uint64_t most = std::uint64_t{1} << 53;
  std::optional<std::uint64_t> limit;
  for (const auto& bandwidth : section.bandwidths) {
    if (bandwidth.value >= most / 1000) continue;
    if (bandwidth.type == "TIAS") return bandwidth.value;
    // 5 % for RTCP, and the headers of 50 packets per second, 40 bytes each.
    const std::uint64_t withoutRtcp = bandwidth.value * 950;
    if (bandwidth.type == "AS") limit = withoutRtcp > 16000 ? withoutRtcp - 16000 : 0;
  }
  return limit;
}

/// RFC 5576. Lines beyond this are dropped: an honest peer has three streams and what repairs them.
constexpr std::size_t maxSources = 64;

std::vector<PlannedSource> sourcesOf(const sdp::MediaSection& section) {
  std::vector<PlannedSource> sources;
  std::vector<std::uint32_t> repairing;
  const auto groups = sdp::all<sdp::SsrcGroup>(section.attributes);
  for (const auto* group : groups)
    if ((group->semantics == "FID" || group->semantics == "FEC-FR") && group->ssrcs.size() == 2)
      repairing.push_back(group->ssrcs[1]);
  for (const auto* line : sdp::all<sdp::Ssrc>(section.attributes)) {
    if (std::find(repairing.begin(), repairing.end(), line->ssrc) != repairing.end()) continue;
    auto known = std::find_if(sources.begin(), sources.end(), [&](const auto& one) { return one.ssrc == line->ssrc; });
    if (known == sources.end()) {
      if (sources.size() == maxSources) continue;
      known = sources.insert(sources.end(), PlannedSource{line->ssrc, {}, {}, {}});
    }
    if (line->attribute == "cname" && line->value) known->cname = *line->value;
  }
  for (auto& source : sources)
    for (const auto* group : groups) {
      if (group->ssrcs.size() != 2 || group->ssrcs[0] != source.ssrc) continue;
      if (group->semantics == "FID") source.rtxSsrc = group->ssrcs[1];
      if (group->semantics == "FEC-FR") source.fecSsrc = group->ssrcs[1];
    }
  return sources;
}

std::optional<PlannedSending> sendingOf(const sdp::MediaSection& local, const sdp::MediaSection& remote,
                                        const Transceiver& transceiver) {
  PlannedSending sending;
  sending.codecs = common(codecsOf(remote), codecsOf(local));
  if (sending.codecs.empty()) return std::nullopt;
  sending.extensions = common(extensionsOf(remote), extensionsOf(local));
  sending.maxBitrate = maxBitrateOf(remote);
  const bool rtx = std::any_of(sending.codecs.begin(), sending.codecs.end(), [](const auto& one) { return one.isRtx(); });
  for (const auto& encoding : transceiver.negotiated.encodings) {
    const auto& parameters = encoding.parameters;
    PlannedEncoding planned;
    planned.rid = parameters.rid;
    planned.ssrc = encoding.ssrc;
    if (rtx) planned.rtxSsrc = encoding.rtxSsrc;
    planned.active = parameters.active && !encoding.pausedByPeer;
    planned.maxBitrate = parameters.maxBitrate;
    planned.maxFramerate = parameters.maxFramerate;
    planned.scaleResolutionDownBy = parameters.scaleResolutionDownBy;
    planned.scalabilityMode = parameters.scalabilityMode.value_or("");
    sending.encodings.push_back(std::move(planned));
  }
  return sending;
}

std::optional<PlannedReceiving> receivingOf(const sdp::MediaSection& local, const sdp::MediaSection& remote) {
  PlannedReceiving receiving;
  receiving.codecs = common(codecsOf(local), codecsOf(remote));
  if (receiving.codecs.empty()) return std::nullopt;
  receiving.extensions = common(extensionsOf(local), extensionsOf(remote));
  receiving.sources = sourcesOf(remote);
  receiving.rids = offeredRids(remote);
  return receiving;
}

bool saysReceiverRtt(const sdp::MediaSection& section) {
  for (const auto* unknown : sdp::all<sdp::UnknownAttribute>(section.attributes))
    if (unknown->name == "rtcp-xr" && unknown->value && unknown->value->find("rcvr-rtt") != std::string::npos) return true;
  return false;
}

}  // namespace

MediaPlan mediaPlanOf(const Negotiation& negotiation, const Exchange& exchange, const Bundle& bundle) {
  MediaPlan plan;
  const auto &local = *exchange.localTree, &remote = *exchange.remoteTree;
  plan.mixedExtensions =
      sdp::has<sdp::ExtmapAllowMixed>(local.attributes) && sdp::has<sdp::ExtmapAllowMixed>(remote.attributes);
  for (std::size_t i = 0; i < local.media.size(); ++i) {
    if (!bundle.contains(i) || exchange.used.data == i) continue;
    const auto* transceiver = negotiation.transceiverOf(local, i);
    // A stopped one is silent at once, before the peer hears of it.
    if (!transceiver || transceiver->stopping) continue;
    const auto &ours = local.media[i], &theirs = remote.media[i];
    PlannedMedia media;
    media.transceiver = transceiver->id;
    media.mid = transceiver->negotiated.mid.value_or("");
    media.kind = transceiver->kind;
    media.reducedSizeRtcp = sdp::has<sdp::RtcpRsize>(ours.attributes) && sdp::has<sdp::RtcpRsize>(theirs.attributes);
    media.receiverRtt = saysReceiverRtt(theirs);
    // The answer's direction is within the offer's, if the answerer is one that keeps to RFC 3264.
    const auto direction = intersection(directionOf(local, i), reversed(directionOf(remote, i)));
    if (sends(direction)) media.sending = sendingOf(ours, theirs, *transceiver);
    if (receives(direction)) media.receiving = receivingOf(ours, theirs);
    plan.sections.push_back(std::move(media));
  }
  return plan;
}

}  // namespace parley::pc
