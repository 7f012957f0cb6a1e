#pragma once

#include "rtp/extension/extension.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace parley::rtp::extension {

/// RFC 6464: how loud the audio in the packet is.
struct AudioLevel {
  static constexpr std::string_view uri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

  std::uint8_t level = 127;  ///< -dBov: 0 is the loudest, 127 silence.
  bool voiceActivity = false;

  static std::optional<AudioLevel> parse(base::Bytes value) {
    if (value.size() != 1) return std::nullopt;
    return AudioLevel{static_cast<std::uint8_t>(value[0] & 0x7f), (value[0] & 0x80) != 0};
  }
  std::size_t size() const { return 1; }
  void write(base::MutableBytes room) const {
    room[0] = static_cast<std::uint8_t>((voiceActivity ? 0x80 : 0) | (level & 0x7f));
  }
};

/// RFC 6465: how loud each contributing source of a mix is, in the order of the CSRC list.
struct MixerAudioLevels {
  static constexpr std::string_view uri = "urn:ietf:params:rtp-hdrext:csrc-audio-level";
  static constexpr std::size_t maximum = 15;

  std::array<std::uint8_t, maximum> levels{};  ///< -dBov, `count` of them.
  std::size_t count = 0;

  static std::optional<MixerAudioLevels> parse(base::Bytes value) {
    if (value.empty() || value.size() > maximum) return std::nullopt;
    MixerAudioLevels result;
    result.count = value.size();
    // RFC 6465 s.3: the first bit is reserved, to be ignored.
    for (std::size_t i = 0; i < value.size(); ++i) result.levels[i] = value[i] & 0x7f;
    return result;
  }
  std::size_t size() const { return count; }
  void write(base::MutableBytes room) const { std::copy_n(levels.begin(), count, room.begin()); }
};

static_assert(Extension<AudioLevel> && Extension<MixerAudioLevels>);

}  // namespace parley::rtp::extension
