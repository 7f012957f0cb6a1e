#include "base/random.hpp"
#include "pc/session.hpp"
#include "pc/session_sections.hpp"
#include "sdp/parse.hpp"
#include "sdp/verify.hpp"
#include "support/check.hpp"

#include <cstdint>
#include <string>
#include <string_view>

using namespace parley;
using namespace parley::pc;

namespace {

SessionConfig someConfig() {
  SessionConfig config;
  config.fingerprints = {{"sha-256", std::vector<std::uint8_t>(32, 0x5a)}};
  // It takes the most.
  config.bundlePolicy = BundlePolicy::MaxCompat;
  return config;
}

void checkMedia(const PlannedMedia& media) {
  FUZZ_CHECK(media.transceiver != 0);
  if (media.sending) {
    FUZZ_CHECK(!media.sending->codecs.empty());
    FUZZ_CHECK(!media.sending->encodings.empty());
  }
  if (media.receiving) {
    FUZZ_CHECK(!media.receiving->codecs.empty());
    FUZZ_CHECK(media.receiving->sources.size() <= 64);
  }
}

void checkPlan(const Plan& plan) {
  FUZZ_CHECK(plan.size() <= maxTransports);
  for (const auto& transport : plan)
    for (const auto& media : transport.media.sections) checkMedia(media);
}

/// What we write ourselves has to be good.
void checkOwn(const std::string& text) {
  const auto tree = sdp::parse(text);
  FUZZ_CHECK(tree.has_value());
  FUZZ_CHECK(!sdp::verify(*tree));
}

}  // namespace

/// Any description as a first offer, as a later one, and as an answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  base::SeededRandom random(1);
  Session answerer(someConfig(), random);
  Session::NewTransceiver track;
  track.kind = MediaKind::Video;
  track.addedByTrack = true;
  track.streams = {"s"};
  answerer.addTransceiver(track);
  for (int round = 0; round < 2; ++round) {
    auto applied = answerer.setRemote(SdpType::Offer, text);
    if (!applied) {
      FUZZ_CHECK(!applied.error().message.empty());
      FUZZ_CHECK(answerer.state() == SignalingState::Stable);
      break;
    }
    auto answer = answerer.createAnswer();
    FUZZ_CHECK(answer.has_value());
    checkOwn(*answer);
    auto answered = answerer.setLocal(SdpType::Answer, *answer);
    FUZZ_CHECK(answered.has_value());
    checkPlan(answered->plan);
    auto offer = answerer.createOffer();
    FUZZ_CHECK(offer.has_value());
    checkOwn(*offer);
    FUZZ_CHECK(answerer.setLocal(SdpType::Offer, *offer).has_value());
    FUZZ_CHECK(answerer.setLocal(SdpType::Rollback).has_value());
    checkPlan(answerer.plan());
  }

  Session offerer(someConfig(), random);
  track.kind = MediaKind::Audio;
  offerer.addTransceiver(track);
  track.kind = MediaKind::Video;
  for (const char* rid : {"q", "h", "f"}) {
    track.encodings.emplace_back();
    track.encodings.back().rid = rid;
  }
  offerer.addTransceiver(track);
  offerer.wantDataChannel();
  FUZZ_CHECK(offerer.setLocal(SdpType::Offer).has_value());
  if (auto applied = offerer.setRemote(SdpType::Answer, text)) {
    checkPlan(applied->plan);
    auto offer = offerer.createOffer();
    FUZZ_CHECK(offer.has_value());
    checkOwn(*offer);
  }
  return 0;
}
