#include "rtp/extension/audio_level.hpp"
#include "rtp/extension/sdes.hpp"
#include "rtp/extension/timing.hpp"
#include "rtp/extension/transport.hpp"
#include "rtp/extension/video.hpp"
#include "rtp/extension/video_layers_allocation.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::rtp::extension;
using namespace std::chrono_literals;

namespace {

template <Extension E>
std::string hexOf(const E& value) {
  std::vector<std::uint8_t> bytes(value.size(), 0xee);
  value.write(bytes);
  return base::toHex(bytes);
}

template <Extension E>
std::optional<E> parse(const std::string& hex, std::vector<std::uint8_t>& keep) {
  keep = base::fromHex(hex);
  return E::parse(keep);
}

/// For those that borrow nothing.
template <Extension E>
std::optional<E> parse(const std::string& hex) {
  std::vector<std::uint8_t> keep;
  return parse<E>(hex, keep);
}

}  // namespace

TEST_CASE("identifiers are their text, without the zeros that some fill up with") {
  std::vector<std::uint8_t> bytes;
  CHECK(parse<Mid>("616263", bytes)->text == "abc");
  CHECK(parse<Rid>("68690000", bytes)->text == "hi");
  CHECK(parse<RepairedRid>("68", bytes)->text == "h");
  CHECK_FALSE(parse<Mid>(""));
  CHECK_FALSE(parse<Mid>("0000"));
  CHECK(hexOf(Mid{{"abc"}}) == "616263");
}

TEST_CASE("audio levels are told below the overload, with voice activity apart") {
  auto level = parse<AudioLevel>("da");
  REQUIRE(level);
  CHECK(level->voiceActivity);
  CHECK(level->level == 0x5a);
  CHECK(hexOf(*level) == "da");
  CHECK_FALSE(parse<AudioLevel>(""));
  CHECK_FALSE(parse<AudioLevel>("dada"));
  auto mixer = parse<MixerAudioLevels>("01ff05");
  REQUIRE(mixer);
  CHECK(mixer->count == 3);
  CHECK(mixer->levels[1] == 0x7f);
  CHECK(hexOf(*mixer) == "017f05");
  CHECK_FALSE(parse<MixerAudioLevels>(""));
  CHECK_FALSE(parse<MixerAudioLevels>("00000000000000000000000000000000"));
}

TEST_CASE("send times are in 24 bits that wrap each 64 s") {
  CHECK(AbsSendTime::of(Time(1s)).units == 1 << 18);
  CHECK(AbsSendTime::of(Time(64s)).units == 0);
  CHECK(AbsSendTime::of(Time(-1s)).units == 63 << 18);
  CHECK(AbsSendTime::of(Time(400 * 24h + 500ms)).units == 1 << 17);
  CHECK(AbsSendTime::of(Time(65s)).since(AbsSendTime::of(Time(63s))) == 2s);
  CHECK(AbsSendTime::of(Time(63s)).since(AbsSendTime::of(Time(65s))) == -2s);
  CHECK(parse<AbsSendTime>("123456")->units == 0x123456);
  CHECK(hexOf(AbsSendTime{0x123456}) == "123456");
  CHECK_FALSE(parse<AbsSendTime>("1234"));
  CHECK(parse<TransportSequenceNumber>("fffe")->number == 0xfffe);
  CHECK(hexOf(TransportSequenceNumber{0x0102}) == "0102");
  CHECK_FALSE(parse<TransportSequenceNumber>("fffefd"));
  CHECK(parse<TransmissionTimeOffset>("0056ce")->offset == 0x56ce);
  CHECK(parse<TransmissionTimeOffset>("ffffff")->offset == -1);
  CHECK(hexOf(TransmissionTimeOffset{-2}) == "fffffe");
  CHECK_FALSE(parse<TransmissionTimeOffset>("ff"));
}

TEST_CASE("capture times are NTP, with or without what the clocks differ by") {
  auto time = parse<AbsCaptureTime>("0102030405060708");
  REQUIRE(time);
  CHECK(time->captured.value == 0x0102030405060708);
  CHECK_FALSE(time->clockOffset);
  CHECK(hexOf(*time) == "0102030405060708");
  time = parse<AbsCaptureTime>("0102030405060708fffffffffffffffe");
  REQUIRE(time);
  CHECK(time->clockOffset == -2);
  CHECK(hexOf(*time) == "0102030405060708fffffffffffffffe");
  CHECK_FALSE(parse<AbsCaptureTime>("01020304050607"));
  CHECK_FALSE(parse<AbsCaptureTime>("010203040506070809"));
}

TEST_CASE("playout delays are steps of 10 ms in 12 bits each") {
  auto delay = parse<PlayoutDelay>("00a064");
  REQUIRE(delay);
  CHECK(delay->minimum == 100ms);
  CHECK(delay->maximum == 1s);
  CHECK(hexOf(*delay) == "00a064");
  CHECK(hexOf(PlayoutDelay{-1s, 100h}) == "000fff");
  CHECK_FALSE(parse<PlayoutDelay>("064001"));
  CHECK_FALSE(parse<PlayoutDelay>("0640"));
}

TEST_CASE("orientation and content type are bits of an octet") {
  auto orientation = parse<VideoOrientation>("0f");
  REQUIRE(orientation);
  CHECK(orientation->rotation == 270);
  CHECK(orientation->flipped);
  CHECK(orientation->backCamera);
  CHECK(hexOf(*orientation) == "0f");
  CHECK(hexOf(VideoOrientation{90, false, false}) == "01");
  CHECK_FALSE(parse<VideoOrientation>("0000"));
  CHECK(parse<VideoContentType>("01")->screenshare);
  CHECK_FALSE(parse<VideoContentType>("00")->screenshare);
  CHECK(hexOf(VideoContentType{true}) == "01");
  CHECK_FALSE(parse<VideoContentType>(""));
}

TEST_CASE("an allocation of layers is told as short as it can be") {
  VideoLayersAllocation allocation;
  CHECK(hexOf(allocation) == "00");
  CHECK(*parse<VideoLayersAllocation>("00") == allocation);

  // One stream of one spatial layer with two temporal layers of 100 and 200 kbit/s.
  allocation.layers[0][0] = {2, {100, 200}, 0, 0, 0};
  CHECK(hexOf(allocation) == "01" "40" "64" "c801");
  CHECK(*parse<VideoLayersAllocation>(hexOf(allocation)) == allocation);

  // Three streams that are alike, with resolutions; this packet is of the second.
  allocation.streamIndex = 1;
  allocation.streams = 3;
  allocation.hasResolutions = true;
  for (std::uint32_t i = 0; i < 3; ++i) allocation.layers[i][0] = {1, {100u << i}, 320u << i, 180u << i, 30};
  CHECK(hexOf(allocation) == "61" "00" "64" "c801" "9003" "013f00b31e" "027f01671e" "04ff02cf1e");
  CHECK(*parse<VideoLayersAllocation>(hexOf(allocation)) == allocation);

  // The third is not sent: the layers of each are told.
  allocation.layers[2] = {};
  CHECK(hexOf(allocation) == "60" "1100" "00" "64" "c801" "013f00b31e" "027f01671e");
  CHECK(*parse<VideoLayersAllocation>(hexOf(allocation)) == allocation);
}

TEST_CASE("the largest allocation survives, and each that was cut short is refused") {
  VideoLayersAllocation allocation;
  allocation.streamIndex = 3;
  allocation.streams = 4;
  allocation.hasResolutions = true;
  for (auto& stream : allocation.layers)
    for (auto& layer : stream) layer = {4, {1, 300, 70'000, 0xffffffff}, 65536, 65536, 255};
  auto text = hexOf(allocation);
  CHECK(*parse<VideoLayersAllocation>(text) == allocation);
  for (std::size_t n = 0; n < text.size(); n += 2) {
    auto cut = parse<VideoLayersAllocation>(text.substr(0, n));
    // Only where the resolutions would begin is there a whole allocation, without them.
    CHECK(cut.has_value() == (text.size() - n == 2 * 16 * 5));
  }
  CHECK_FALSE(parse<VideoLayersAllocation>(text + "00"));
  CHECK_FALSE(parse<VideoLayersAllocation>("01"));
  CHECK_FALSE(parse<VideoLayersAllocation>("0000"));
  CHECK_FALSE(parse<VideoLayersAllocation>("01" "00" "ffffffffff01"));
}
