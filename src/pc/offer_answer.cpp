#include "pc/offer_answer.hpp"

#include "pc/session_sections.hpp"
#include "sdp/query.hpp"

#include <algorithm>

namespace parley::pc {

namespace {

constexpr const char* dataFormat = "webrtc-datachannel";
/// The streams that a=sctpmap announces; INIT negotiates the number that counts (RFC 8831 s.6.2 asks for 65535).
constexpr std::uint64_t oldSctpStreams = 65535;

using Attributes = std::vector<sdp::Attribute>;

sdp::Connection noAddress() { return {"IN", "IP4", "0.0.0.0"}; }

sdp::Description emptyDescription() {
  sdp::Description description;
  // RFC 9429 s.5.2.1: no address that could tell where we are.
  description.origin.address = noAddress();
  return description;
}

/// RFC 3264 s.6: a rejected section repeats kind, protocol and formats, which mean nothing any more.
sdp::MediaSection rejected(const sdp::MediaSection& model) {
  sdp::MediaSection section;
  section.kind = model.kind;
  section.port = 0;
  section.protocol = model.protocol;
  section.formats = model.formats;
  section.connections.push_back(noAddress());
  if (auto mid = midOf(model)) section.attributes.push_back(sdp::Mid{*mid});
  section.attributes.push_back(sdp::Direction::Inactive);
  return section;
}

bool saysOldSctp(const sdp::MediaSection& section) {
  return isOldSctp(section) && sdp::has<sdp::SctpMap>(section.attributes);
}

void appendTransport(Attributes& out, const LocalTransport& transport) {
  out.push_back(sdp::IceUfrag{transport.credentials.ufrag});
  out.push_back(sdp::IcePwd{transport.credentials.pwd});
  for (const auto& fingerprint : transport.fingerprints)
    out.push_back(sdp::Fingerprint{fingerprint.algorithm, fingerprint.value});
  out.push_back(sdp::Setup{transport.setup});
  if (transport.tlsId) out.push_back(sdp::TlsId{*transport.tlsId});
}

void fill(sdp::MediaSection& section, const LocalData& data, const SectionPlan& plan) {
  const bool old = plan.model && saysOldSctp(*plan.model);
  section.kind = "application";
  section.protocol = plan.model ? plan.model->protocol : "UDP/DTLS/SCTP";
  section.formats = {old ? std::to_string(data.sctpPort) : dataFormat};
  auto& attributes = section.attributes;
  if (old)
    attributes.push_back(sdp::SctpMap{data.sctpPort, dataFormat, oldSctpStreams});
  else
    attributes.push_back(sdp::SctpPort{data.sctpPort});
  attributes.push_back(sdp::MaxMessageSize{data.maxMessageSize});
  if (data.sctpInit) attributes.push_back(sdp::SctpInit{*data.sctpInit});
}

void appendCodec(Attributes& out, const PlannedCodec& codec) {
  out.push_back(sdp::Rtpmap{codec.payloadType, codec.name, codec.clockRate,
                            codec.channels > 1 ? std::to_string(codec.channels) : std::string()});
  for (const auto& feedback : codec.feedback)
    if (feedback != sourceFeedback) out.push_back(sdp::RtcpFb{codec.payloadType, feedback.type, feedback.parameter});
  if (!codec.parameters.empty()) out.push_back(sdp::Fmtp{std::to_string(codec.payloadType), codec.parameters});
}

/// RFC 8830. Its section 2 makes the track's id optional, RFC 9429 s.5.2.1 leaves it out; but older peers (and all
/// browsers write it) know a track by nothing else.
void appendStreams(Attributes& out, const LocalMedia& media) {
  if (media.streams.empty()) out.push_back(sdp::Msid{"-", media.trackId});
  for (const auto& stream : media.streams) out.push_back(sdp::Msid{stream, media.trackId});
}

/// RFC 5576. Redundant with MID, and the only thing that peers without it have.
void appendSources(Attributes& out, const LocalMedia& media) {
  const auto& encoding = media.encodings.front();
  const bool rtx =
      std::any_of(media.codecs.begin(), media.codecs.end(), [](const auto& codec) { return codec.isRtx(); });
  if (rtx) out.push_back(sdp::SsrcGroup{"FID", {encoding.ssrc, encoding.rtxSsrc}});
  const auto stream = media.streams.empty() ? "-" : media.streams.front();
  for (const auto ssrc : {encoding.ssrc, encoding.rtxSsrc}) {
    if (ssrc == encoding.rtxSsrc && !rtx) continue;
    out.push_back(sdp::Ssrc{ssrc, "cname", media.cname});
    out.push_back(sdp::Ssrc{ssrc, "msid", stream + " " + media.trackId});
  }
}

/// RFC 8851, RFC 8853 s.5.1
void appendSimulcast(Attributes& out, const LocalMedia& media) {
  sdp::Simulcast simulcast;
  if (sends(media.direction)) {
    for (const auto& encoding : media.encodings) {
      if (encoding.parameters.rid.empty()) continue;
      out.push_back(sdp::Rid{encoding.parameters.rid, sdp::Rid::Direction::Send, {}, {}});
      simulcast.send.push_back({{encoding.parameters.rid, false}});
    }
    if (simulcast.send.size() < 2) simulcast.send.clear();
  }
  for (const auto& rid : media.receivedRids) {
    out.push_back(sdp::Rid{rid, sdp::Rid::Direction::Recv, {}, {}});
    simulcast.recv.push_back({{rid, false}});
  }
  if (!simulcast.send.empty() || !simulcast.recv.empty()) out.push_back(simulcast);
}

void fill(sdp::MediaSection& section, const LocalMedia& media, const SectionPlan& plan) {
  section.kind = toString(media.kind);
  section.protocol = plan.model && plan.model->isRtp() ? plan.model->protocol : "UDP/TLS/RTP/SAVPF";
  for (const auto& codec : media.codecs) section.formats.push_back(std::to_string(codec.payloadType));
  auto& attributes = section.attributes;
  for (const auto& extension : media.extensions)
    attributes.push_back(sdp::Extmap{extension.id, std::nullopt, extension.uri, ""});
  attributes.push_back(media.direction);
  if (sends(media.direction)) appendStreams(attributes, media);
  attributes.push_back(sdp::RtcpMux{});
  if (media.reducedSizeRtcp) attributes.push_back(sdp::RtcpRsize{});
  // RFC 3611 s.5.1
  if (media.receiverRtt) attributes.push_back(sdp::UnknownAttribute{"rtcp-xr", "rcvr-rtt=all"});
  // RFC 8888 s.6: it is about all packets, whatever their payload type.
  if (std::any_of(media.codecs.begin(), media.codecs.end(), [](const PlannedCodec& codec) {
        return std::find(codec.feedback.begin(), codec.feedback.end(), sourceFeedback) != codec.feedback.end();
      }))
    attributes.push_back(sdp::RtcpFb{std::nullopt, sourceFeedback.type, sourceFeedback.parameter});
  for (const auto& codec : media.codecs) appendCodec(attributes, codec);
  if (sends(media.direction) && media.encodings.front().parameters.rid.empty()) appendSources(attributes, media);
  appendSimulcast(attributes, media);
}

sdp::MediaSection makeSection(const SectionPlan& plan, const std::vector<LocalTransport>& transports) {
  if (plan.isRejected()) return rejected(*plan.model);
  sdp::MediaSection section;
  // RFC 8840 s.4.1.1: the port and the address of "no candidate yet".
  section.port = plan.bundleOnly ? 0 : 9;
  section.connections.push_back(noAddress());
  if (plan.mid) section.attributes.push_back(sdp::Mid{*plan.mid});
  // RFC 9429 s.5.2.2 wants nothing of the transport in sections that are bundled onto another. Peers are best served if
  // each tells the whole of it.
  if (plan.bundleOnly)
    section.attributes.push_back(sdp::BundleOnly{});
  else
    appendTransport(section.attributes, transports[plan.transport]);
  if (const auto* data = std::get_if<LocalData>(&plan.content)) fill(section, *data, plan);
  if (const auto* media = std::get_if<LocalMedia>(&plan.content)) fill(section, *media, plan);
  return section;
}

/// What the session level says about our ICE. RFC 8839 s.4.2.1: a lite agent paces nothing.
void appendIce(std::vector<sdp::Attribute>& attributes, const std::vector<LocalTransport>& transports,
               sdp::IceOptions options) {
  if (!options.options.empty()) attributes.push_back(std::move(options));
  if (transports.empty()) return;
  if (transports.front().iceLite)
    attributes.push_back(sdp::IceLite{});
  else
    attributes.push_back(sdp::IcePacing{static_cast<std::uint64_t>(transports.front().icePacing.count())});
}

bool renominates(const std::vector<LocalTransport>& transports) {
  return !transports.empty() && transports.front().renomination;
}

/// The streams in which the section's track is, in the sense of RFC 5888 s.7; null if nothing is sent in it.
const std::vector<std::string>* streamsOf(const SectionPlan& plan) {
  const auto* media = std::get_if<LocalMedia>(&plan.content);
  return media && plan.mid && sends(media->direction) ? &media->streams : nullptr;
}

/// RFC 9429 s.5.2.1: a group for each stream that has several tracks.
void appendLipSync(std::vector<sdp::Attribute>& attributes, const DescriptionPlan& plan) {
  std::vector<std::pair<std::string_view, sdp::Group>> groups;  // In the order of the sections.
  for (const auto& section : plan.sections) {
    const auto* streams = streamsOf(section);
    if (!streams) continue;
    for (const auto& stream : *streams) {
      auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& each) { return each.first == stream; });
      if (group == groups.end()) group = groups.insert(groups.end(), {stream, sdp::Group{"LS", {}}});
      group->second.mids.push_back(*section.mid);
    }
  }
  for (auto& [stream, group] : groups)
    if (group.mids.size() > 1) attributes.push_back(std::move(group));
}

/// RFC 9429 s.5.3.1: of an offered group those of our tracks that have a stream in common, or none at all.
void answerLipSync(std::vector<sdp::Attribute>& attributes, const sdp::Group& offered, const DescriptionPlan& plan) {
  std::vector<std::pair<std::string, const std::vector<std::string>*>> ours;
  for (const auto& mid : offered.mids)
    for (const auto& section : plan.sections)
      if (section.mid == mid)
        if (const auto* streams = streamsOf(section)) ours.emplace_back(mid, streams);
  sdp::Group answered{"LS", {}};
  for (const auto& [mid, streams] : ours) {
    const bool together = std::count_if(ours.begin(), ours.end(), [&own = *streams](const auto& other) {
                            return own.empty() ? other.second->empty()
                                               : std::find_first_of(own.begin(), own.end(), other.second->begin(),
                                                                    other.second->end()) != own.end();
                          }) > 1;
    if (together) answered.mids.push_back(mid);
  }
  if (answered.mids.size() > 1) attributes.push_back(std::move(answered));
}

}  // namespace

sdp::Description makeOffer(const DescriptionPlan& plan) {
  auto offer = emptyDescription();
  sdp::IceOptions options{{"trickle", "ice2"}};
  if (renominates(plan.transports)) options.options.push_back("renomination");
  appendIce(offer.attributes, plan.transports, std::move(options));
  // RFC 8285 s.6: at the session level it is a statement about ourselves.
  offer.attributes.push_back(sdp::ExtmapAllowMixed{});

  for (const auto& section : plan.sections) offer.media.push_back(makeSection(section, plan.transports));
  std::vector<sdp::Attribute> groups;
  for (const auto& sections : plan.groups) {
    sdp::Group bundle{"BUNDLE", {}};
    for (const auto i : sections)
      if (const auto& mid = plan.sections[i].mid) bundle.mids.push_back(*mid);
    if (!bundle.mids.empty()) groups.push_back(std::move(bundle));
  }
  offer.attributes.insert(offer.attributes.begin(), groups.begin(), groups.end());
  appendLipSync(offer.attributes, plan);
  return offer;
}

sdp::Description makeAnswer(const sdp::Description& offer, const DescriptionPlan& plan) {
  auto answer = emptyDescription();
  std::vector<std::string> accepted;
  for (const auto& section : plan.sections) {
    answer.media.push_back(makeSection(section, plan.transports));
    if (!section.isRejected() && section.mid) accepted.push_back(*section.mid);
  }

  auto& attributes = answer.attributes;
  // RFC 9429 s.5.3.1: the offered groups without what is rejected.
  for (const auto* group : sdp::all<sdp::Group>(offer.attributes)) {
    if (group->semantics == "LS") answerLipSync(attributes, *group, plan);
    if (group->semantics != "BUNDLE") continue;
    sdp::Group answered{"BUNDLE", {}};
    for (const auto& mid : group->mids)
      if (std::find(accepted.begin(), accepted.end(), mid) != accepted.end()) answered.mids.push_back(mid);
    if (!answered.mids.empty()) attributes.push_back(answered);
  }
  // RFC 9429 s.5.3.1: only what was offered.
  sdp::IceOptions options;
  for (const char* option : {"trickle", "ice2"})
    if (hasIceOption(offer, option)) options.options.push_back(option);
  if (renominates(plan.transports) && hasIceOption(offer, "renomination")) options.options.push_back("renomination");
  appendIce(attributes, plan.transports, std::move(options));
  if (sdp::has<sdp::ExtmapAllowMixed>(offer.attributes)) attributes.push_back(sdp::ExtmapAllowMixed{});
  return answer;
}

}  // namespace parley::pc
