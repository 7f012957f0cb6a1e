#include "pc/session_media.hpp"

#include "pc/media_codecs.hpp"
#include "pc/session_sections.hpp"
#include "sdp/fields.hpp"
#include "sdp/query.hpp"

#include <algorithm>

namespace parley::pc {

namespace {

bool same(std::string_view a, std::string_view b) { return sdp::equalsIgnoringCase(a, b); }

void addOnce(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

/// Our codecs that the transceiver's preferences leave, in their order.
std::vector<MediaCodec> preferredCodecs(const Transceiver& transceiver) {
  const auto& all = mediaCodecs(transceiver.kind);
  if (transceiver.preferences.empty()) return all;
  std::vector<MediaCodec> chosen;
  for (const auto& preference : transceiver.preferences)
    for (const auto& codec : all)
      if (sameCodec(toRtpCodec(transceiver.kind, codec), preference) ||
          // An event has no parameters there.
          (codec.name == "telephone-event" && same(preference.mimeType, "audio/telephone-event") &&
           preference.clockRate == codec.clockRate))
        chosen.push_back(codec);
  return chosen;
}

PlannedCodec planned(MediaKind kind, const MediaCodec& codec) {
  PlannedCodec out;
  out.name = codec.name;
  out.clockRate = codec.clockRate;
  out.channels = codec.channels;
  out.parameters = codec.parameters;
  if (!codec.isHelper()) out.feedback = mediaFeedback(kind);
  return out;
}

PlannedCodec rtxFor(const PlannedCodec& primary) {
  PlannedCodec rtx;
  rtx.name = "rtx";
  rtx.clockRate = primary.clockRate;
  rtx.apt = primary.payloadType;
  rtx.parameters = "apt=" + std::to_string(primary.payloadType);
  return rtx;
}

/// RFC 2198 s.5: the payload type of each block; we repeat one codec, which is the first.
std::string redParameters(std::uint8_t payloadType) {
  return std::to_string(payloadType) + "/" + std::to_string(payloadType);
}

bool meansTheSame(const PlannedCodec& a, const PlannedCodec& b) { return matches(a, b) && a.apt == b.apt; }

}  // namespace

sdp::Direction directionOf(const sdp::Description& description, std::size_t section) {
  if (isRejected(description.media[section])) return sdp::Direction::Inactive;
  const auto* direction = sdp::findInherited<sdp::Direction>(description, description.media[section]);
  return direction ? *direction : sdp::Direction::SendRecv;
}

std::vector<PlannedExtension> extensionsOf(const sdp::MediaSection& section) {
  std::vector<PlannedExtension> extensions;
  for (const auto* extmap : sdp::all<sdp::Extmap>(section.attributes)) {
    // RFC 8285 s.4.2: 15 is reserved, 0 is padding; and what is above 255 are proposals without an id yet (s.6).
    if (extmap->id == 0 || extmap->id == 15 || extmap->id > 255) continue;
    if (extmap->uri == "urn:ietf:params:rtp-hdrext:encrypt") continue;
    extensions.push_back({static_cast<std::uint8_t>(extmap->id), extmap->uri});
  }
  return extensions;
}

std::vector<std::string> offeredRids(const sdp::MediaSection& section) {
  std::vector<std::string> rids;
  if (const auto* simulcast = sdp::find<sdp::Simulcast>(section.attributes))
    for (const auto& stream : simulcast->send)
      if (!stream.empty()) addOnce(rids, stream.front().rid);
  return rids;
}

DescribedTrack remoteTrackOf(const sdp::MediaSection& section) {
  DescribedTrack track;
  const auto add = [&](const std::string& stream, const std::string& id) {
    if (stream != "-") addOnce(track.streams, stream);
    if (track.trackId.empty()) track.trackId = id;
    track.described = true;
  };
  for (const auto* msid : sdp::all<sdp::Msid>(section.attributes)) add(msid->id, msid->appdata);
  if (sdp::has<sdp::Msid>(section.attributes)) return track;
  for (const auto* ssrc : sdp::all<sdp::Ssrc>(section.attributes)) {
    if (ssrc->attribute != "msid" || !ssrc->value) continue;
    const auto space = ssrc->value->find(' ');
    add(ssrc->value->substr(0, space), space == std::string::npos ? "" : ssrc->value->substr(space + 1));
  }
  return track;
}

std::vector<std::string> announcedStreams(const sdp::MediaSection& section) {
  std::vector<std::string> streams;
  for (const auto* msid : sdp::all<sdp::Msid>(section.attributes))
    if (msid->id != "-") streams.push_back(msid->id);
  return streams;
}

// --- Numbers ---

void Numbers::learn(const sdp::Description& description) {
  for (const auto& section : description.media) {
    if (isRejected(section)) continue;
    for (auto& codec : codecsOf(section)) payloadTypes_.try_emplace(codec.payloadType, codec);
    for (const auto& extension : extensionsOf(section)) extensions_.try_emplace(extension.id, extension.uri);
  }
}

std::optional<std::uint8_t> Numbers::payloadType(const PlannedCodec& codec, std::uint8_t preferred) {
  const auto take = [&](int number) -> std::optional<std::uint8_t> {
    const auto payloadType = static_cast<std::uint8_t>(number);
    const auto known = payloadTypes_.find(payloadType);
    if (known != payloadTypes_.end() && !meansTheSame(known->second, codec)) return std::nullopt;
    payloadTypes_.try_emplace(payloadType, codec);
    return payloadType;
  };
  // The number after 127, or after 63, is none.
  if (preferred < 64 || (preferred > 95 && preferred < 128))
    if (auto taken = take(preferred)) return taken;
  for (const auto& [payloadType, known] : payloadTypes_)
    if (meansTheSame(known, codec)) return payloadType;
  // RFC 3551 s.3: 96 to 127; and what RFC 5761 s.4 leaves below 64 beside RTCP.
  for (int number = 96; number <= 127; ++number)
    if (auto taken = take(number)) return taken;
  for (int number = 63; number >= 35; --number)
    if (auto taken = take(number)) return taken;
  return std::nullopt;
}

std::optional<std::uint8_t> Numbers::extension(const std::string& uri, std::uint8_t preferred) {
  for (const auto& [id, known] : extensions_)
    if (known == uri) return id;
  if (extensions_.try_emplace(preferred, uri).second) return preferred;
  for (std::uint8_t id = 1; id <= 14; ++id)
    if (extensions_.try_emplace(id, uri).second) return id;
  return std::nullopt;
}

// --- Offers ---

std::vector<PlannedCodec> offeredCodecs(const Transceiver& transceiver, const sdp::MediaSection* before,
                                        const sdp::MediaSection* answered, Numbers& numbers) {
  auto wanted = preferredCodecs(transceiver);
  // RFC 9429 s.5.2.2: the order of the last answer, and then what is new.
  if (answered && transceiver.preferences.empty()) {
    const auto order = codecsOf(*answered);
    const auto place = [&](const MediaCodec& codec) {
      return std::find_if(order.begin(), order.end(), [&](const auto& one) { return matches(one, codec); });
    };
    std::stable_sort(wanted.begin(), wanted.end(),
                     [&](const MediaCodec& a, const MediaCodec& b) { return place(a) < place(b); });
  }

  const auto known = before ? codecsOf(*before) : std::vector<PlannedCodec>();
  const auto number = [&](PlannedCodec& codec, std::uint8_t preferred) {
    for (const auto& one : known)
      if (meansTheSame(one, codec)) {
        codec.payloadType = one.payloadType;
        return true;
      }
    const auto payloadType = numbers.payloadType(codec, preferred);
    codec.payloadType = payloadType.value_or(0);
    // What a number means in one bundle it need not mean in another.
    return payloadType && std::none_of(known.begin(), known.end(),
                                       [&](const PlannedCodec& one) { return one.payloadType == *payloadType; });
  };

  const bool rtx = std::any_of(wanted.begin(), wanted.end(), [](const auto& codec) { return codec.name == "rtx"; });
  std::optional<std::uint8_t> opus;
  std::vector<PlannedCodec> codecs;
  std::optional<std::size_t> red;
  for (const auto& one : wanted) {
    if (one.name == "rtx") continue;
    auto codec = planned(transceiver.kind, one);
    if (!number(codec, one.payloadType)) continue;
    if (one.name == "opus") opus = codec.payloadType;
    if (one.name == "red" && transceiver.kind == MediaKind::Audio) red = codecs.size();
    codecs.push_back(codec);
    if (!rtx || !one.isRepaired()) continue;
    auto repair = rtxFor(codec);
    if (number(repair, static_cast<std::uint8_t>(codec.payloadType + 1))) codecs.push_back(repair);
  }
  if (red && opus) codecs[*red].parameters = redParameters(*opus);
  if (red && !opus) codecs.erase(codecs.begin() + static_cast<std::ptrdiff_t>(*red));
  // FEC goes in RED.
  const auto is = [&](const char* name) { return [name](const auto& codec) { return codec.name == name; }; };
  if (std::none_of(codecs.begin(), codecs.end(), is("red"))) std::erase_if(codecs, is("ulpfec"));
  return codecs;
}

std::vector<PlannedExtension> offeredExtensions(const Transceiver& transceiver, const sdp::MediaSection* before,
                                                Numbers& numbers) {
  const auto known = before ? extensionsOf(*before) : std::vector<PlannedExtension>();
  std::vector<PlannedExtension> extensions;
  for (const auto& one : mediaExtensions(transceiver.kind)) {
    const auto same = std::find_if(known.begin(), known.end(), [&](const auto& other) { return other.uri == one.uri; });
    if (same != known.end()) {
      extensions.push_back(*same);
    } else if (const auto id = numbers.extension(one.uri, one.id)) {
      const bool taken = std::any_of(known.begin(), known.end(), [&](const auto& other) { return other.id == *id; });
      if (!taken) extensions.push_back({*id, one.uri});
    }
  }
  return extensions;
}

// --- Answers ---

std::vector<PlannedCodec> answeredCodecs(const Transceiver& transceiver, const sdp::MediaSection& offer) {
  const auto wanted = preferredCodecs(transceiver);
  const auto offered = codecsOf(offer);
  struct Accepted {
    PlannedCodec codec;
    std::size_t preference = 0;
    bool helper = false, repaired = false;
  };
  std::vector<Accepted> accepted;
  for (const auto& codec : offered) {
    const auto ours = std::find_if(wanted.begin(), wanted.end(), [&](const auto& one) { return matches(codec, one); });
    if (ours == wanted.end() || codec.isRtx()) continue;
    auto answer = planned(transceiver.kind, *ours);
    answer.payloadType = codec.payloadType;
    answer.parameters = ours->name == "red" ? codec.parameters : answeredParameters(codec, *ours);
    std::erase_if(answer.feedback, [&](const RtcpFeedback& feedback) {
      return std::find(codec.feedback.begin(), codec.feedback.end(), feedback) == codec.feedback.end();
    });
    // RFC 8888 s.6: one of them. The transport-wide one has the finer clock.
    const auto& all = answer.feedback;
    if (std::find(all.begin(), all.end(), transportFeedback) != all.end()) std::erase(answer.feedback, sourceFeedback);
    accepted.push_back(
        {std::move(answer), static_cast<std::size_t>(ours - wanted.begin()), ours->isHelper(), ours->isRepaired()});
  }

  const auto carries = [&](auto condition) {
    return std::any_of(accepted.begin(), accepted.end(),
                       [&](const Accepted& one) { return !one.helper && condition(one.codec); });
  };
  if (!carries([](const auto&) { return true; })) return {};
  // Helpers that belong to nothing: RFC 2198 s.5 (the payload types), RFC 4733 s.2.5.1.2 and RFC 3389 s.4 (the clock
  // rate). FEC without RED would be a stream of its own (RFC 5109 s.14.1), which we neither send nor take.
  const bool red =
      std::any_of(accepted.begin(), accepted.end(), [](const auto& one) { return one.codec.name == "red"; });
  std::erase_if(accepted, [&](const Accepted& one) {
    if (!one.helper) return false;
    if (one.codec.name == "ulpfec" && !red) return true;
    if (one.codec.name != "red")
      return !carries([&](const PlannedCodec& codec) { return codec.clockRate == one.codec.clockRate; });
    std::string_view members = one.codec.parameters;
    while (!members.empty()) {
      const auto member = sdp::takeUntil(members, '/');
      if (!carries([&](const PlannedCodec& codec) { return std::to_string(codec.payloadType) == member; })) return true;
    }
    // Of video there are none (RFC 5109 s.14.2), and some leave them out for audio as well: then they are those of the
    // m-line.
    return false;
  });
  // RFC 9429 s.5.3.1: the order of the preferences, else that of the offer.
  if (!transceiver.preferences.empty())
    std::stable_sort(accepted.begin(), accepted.end(),
                     [](const Accepted& a, const Accepted& b) { return a.preference < b.preference; });

  const bool rtx = std::any_of(wanted.begin(), wanted.end(), [](const auto& codec) { return codec.name == "rtx"; });
  std::vector<PlannedCodec> codecs;
  for (const auto& one : accepted) {
    codecs.push_back(one.codec);
    if (!rtx || !one.repaired) continue;
    for (const auto& codec : offered) {
      if (codec.apt != one.codec.payloadType) continue;
      auto repair = rtxFor(one.codec);
      repair.payloadType = codec.payloadType;
      codecs.push_back(repair);
      break;
    }
  }
  return codecs;
}

std::vector<PlannedExtension> answeredExtensions(const Transceiver& transceiver, const sdp::MediaSection& offer) {
  const auto& ours = mediaExtensions(transceiver.kind);
  auto extensions = extensionsOf(offer);
  std::erase_if(extensions, [&](const PlannedExtension& extension) {
    return std::none_of(ours.begin(), ours.end(), [&](const auto& one) { return one.uri == extension.uri; });
  });
  return extensions;
}

}  // namespace parley::pc
