#pragma once

#include "pc/media_codecs.hpp"
#include "pc/session.hpp"
#include "pc/session_media.hpp"
#include "session_support.hpp"

#include <string>
#include <utility>
#include <vector>

namespace parley::pc::test {

inline TransceiverId add(Session& session, MediaKind kind, sdp::Direction direction = sdp::Direction::SendRecv,
                         std::vector<RtpEncodingParameters> encodings = {}) {
  Session::NewTransceiver wanted;
  wanted.kind = kind;
  wanted.direction = direction;
  wanted.streams = {"stream"};
  wanted.encodings = std::move(encodings);
  return session.addTransceiver(std::move(wanted));
}

inline TransceiverId addTrack(Session& session, MediaKind kind, std::vector<std::string> streams = {"stream"}) {
  Session::NewTransceiver wanted;
  wanted.kind = kind;
  wanted.addedByTrack = true;
  wanted.streams = std::move(streams);
  return session.addTransceiver(std::move(wanted));
}

inline RtpEncodingParameters withRid(const std::string& rid) {
  RtpEncodingParameters encoding;
  encoding.rid = rid;
  return encoding;
}

/// Applies an offer of `from` and the answer of `to`, and returns the answer.
inline std::string exchange(Session& from, Session& to) {
  auto offer = from.setLocal(SdpType::Offer);
  REQUIRE(offer);
  auto applied = to.setRemote(SdpType::Offer, from.pendingLocal()->sdp);
  INFO((applied ? "" : applied.error().message));
  REQUIRE(applied);
  REQUIRE(to.setLocal(SdpType::Answer));
  auto answered = from.setRemote(SdpType::Answer, to.currentLocal()->sdp);
  INFO((answered ? "" : answered.error().message));
  REQUIRE(answered);
  return to.currentLocal()->sdp;
}

inline PlannedMedia planned(const MediaPlan& plan, std::size_t index) {
  REQUIRE(plan.sections.size() > index);
  return plan.sections[index];
}

inline std::vector<std::string> names(const std::vector<PlannedCodec>& codecs) {
  std::vector<std::string> out;
  for (const auto& codec : codecs) out.push_back(codec.name + "/" + std::to_string(codec.payloadType));
  return out;
}

inline RtpCodec codec(const std::string& mimeType, const std::string& parameters = {}) {
  for (const auto kind : {MediaKind::Audio, MediaKind::Video})
    for (const auto& one : mediaCapabilities(kind).codecs)
      if (one.mimeType == mimeType && (parameters.empty() || one.sdpFmtpLine == parameters)) return one;
  FAIL("no codec " << mimeType);
  return {};
}

}  // namespace parley::pc::test
