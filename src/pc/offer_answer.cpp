#include "pc/offer_answer.hpp"

#include "pc/session_sections.hpp"
#include "sdp/query.hpp"

#include <algorithm>

namespace parley::pc {

namespace {

constexpr const char* dataFormat = "webrtc-datachannel";
/// The streams that a=sctpmap announces; INIT negotiates the number that counts (RFC 8831 s.6.2 asks for 65535).
constexpr std::uint64_t oldSctpStreams = 65535;

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

sdp::MediaSection dataSectionFor(const LocalData& data, const std::optional<std::string>& mid,
                                 const std::string& protocol, bool old) {
  sdp::MediaSection section;
  section.kind = "application";
  // RFC 8840 s.4.1.1: the port and the address of "no candidate yet".
  section.port = 9;
  section.protocol = protocol;
  section.formats = {old ? std::to_string(data.sctpPort) : dataFormat};
  section.connections.push_back(noAddress());

  auto& attributes = section.attributes;
  if (mid) attributes.push_back(sdp::Mid{*mid});
  attributes.push_back(sdp::IceUfrag{data.credentials.ufrag});
  attributes.push_back(sdp::IcePwd{data.credentials.pwd});
  for (const auto& fingerprint : data.fingerprints)
    attributes.push_back(sdp::Fingerprint{fingerprint.algorithm, fingerprint.value});
  attributes.push_back(sdp::Setup{data.setup});
  if (data.tlsId) attributes.push_back(sdp::TlsId{*data.tlsId});
  if (old)
    attributes.push_back(sdp::SctpMap{data.sctpPort, dataFormat, oldSctpStreams});
  else
    attributes.push_back(sdp::SctpPort{data.sctpPort});
  attributes.push_back(sdp::MaxMessageSize{data.maxMessageSize});
  if (data.sctpInit) attributes.push_back(sdp::SctpInit{*data.sctpInit});
  return section;
}

bool saysOldSctp(const sdp::MediaSection& section) {
  return isOldSctp(section) && sdp::has<sdp::SctpMap>(section.attributes);
}

}  // namespace

sdp::Description makeOffer(const OfferPlan& plan) {
  auto offer = emptyDescription();
  sdp::IceOptions options{{"trickle", "ice2"}};
  if (plan.data && plan.data->renomination) options.options.push_back("renomination");
  offer.attributes.push_back(options);
  if (plan.data && plan.data->iceLite) offer.attributes.push_back(sdp::IceLite{});
  // RFC 8285 s.6: at the session level it is a statement about ourselves.
  offer.attributes.push_back(sdp::ExtmapAllowMixed{});

  // RFC 9429 s.5.2.2: sections never go away.
  if (plan.previous)
    for (const auto& section : plan.previous->media) offer.media.push_back(rejected(section));
  if (!plan.data) return offer;

  std::optional<std::string> mid = plan.mid;
  std::string protocol = "UDP/DTLS/SCTP";
  bool old = false;
  std::size_t index = offer.media.size();
  if (plan.accepted) {
    index = *plan.accepted;
    const auto& section = plan.previous->media[index];
    mid = midOf(section);
    protocol = section.protocol;
    old = saysOldSctp(section);
  } else {
    for (std::size_t i = 0; i < offer.media.size() && index == offer.media.size(); ++i)
      if (offer.media[i].kind == "application" && offer.media[i].isSctp()) index = i;
  }
  auto section = dataSectionFor(*plan.data, mid, protocol, old);
  if (index < offer.media.size())
    offer.media[index] = std::move(section);
  else
    offer.media.push_back(std::move(section));
  if (mid) offer.attributes.insert(offer.attributes.begin(), sdp::Group{"BUNDLE", {*mid}});
  return offer;
}

sdp::Description makeAnswer(const sdp::Description& offer, std::optional<std::size_t> accepted, const LocalData& data) {
  auto answer = emptyDescription();
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const auto& section = offer.media[i];
    answer.media.push_back(i == accepted ? dataSectionFor(data, midOf(section), section.protocol, saysOldSctp(section))
                                         : rejected(section));
  }

  auto& attributes = answer.attributes;
  // RFC 9429 s.5.3.1: the offered groups without what is rejected.
  if (auto mid = accepted ? midOf(offer.media[*accepted]) : std::nullopt)
    for (const auto* group : sdp::all<sdp::Group>(offer.attributes))
      if (group->semantics == "BUNDLE" && std::find(group->mids.begin(), group->mids.end(), *mid) != group->mids.end())
        attributes.push_back(sdp::Group{"BUNDLE", {*mid}});
  // RFC 9429 s.5.3.1: only what was offered.
  sdp::IceOptions options;
  for (const char* option : {"trickle", "ice2"})
    if (hasIceOption(offer, option)) options.options.push_back(option);
  if (data.renomination && hasIceOption(offer, "renomination")) options.options.push_back("renomination");
  if (!options.options.empty()) attributes.push_back(options);
  if (data.iceLite) attributes.push_back(sdp::IceLite{});
  if (sdp::has<sdp::ExtmapAllowMixed>(offer.attributes)) attributes.push_back(sdp::ExtmapAllowMixed{});
  return answer;
}

}  // namespace parley::pc
