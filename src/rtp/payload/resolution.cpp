#include "rtp/payload/resolution.hpp"

#include "rtp/bits.hpp"

namespace parley::rtp::payload {

std::optional<FrameHeader> readVp8Header(base::Bytes frame) {
  if (frame.empty()) return std::nullopt;
  FrameHeader header;
  header.keyFrame = (frame[0] & 1) == 0;
  if (!header.keyFrame) return header;
  if (frame.size() < 10 || frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a) return std::nullopt;
  // The two high bits are the scale that a player may apply.
  header.resolution = Resolution{static_cast<std::uint16_t>((frame[7] << 8 | frame[6]) & 0x3fff),
                                 static_cast<std::uint16_t>((frame[9] << 8 | frame[8]) & 0x3fff)};
  return header;
}

std::optional<FrameHeader> readVp9Header(base::Bytes frame) {
  BitReader in(frame);
  if (in.fixed(2) != 2) return std::nullopt;
  const unsigned low = in.fixed(1);
  const unsigned profile = in.fixed(1) << 1 | low;
  if (profile == 3 && in.flag()) return std::nullopt;
  FrameHeader header;
  const bool showsExisting = in.flag();
  if (showsExisting) return in.ok() ? std::optional(header) : std::nullopt;
  header.keyFrame = !in.flag();
  in.skip(2);  // show_frame, error_resilient_mode
  if (header.keyFrame) {
    if (in.fixed(24) != 0x498342) return std::nullopt;
    if (profile >= 2) in.skip(1);
    constexpr unsigned rgb = 7;
    const bool chroma = profile == 1 || profile == 3;
    if (in.fixed(3) != rgb)
      in.skip(chroma ? 4 : 1);
    else if (chroma)
      in.skip(1);
    const auto width = in.fixed(16);
    const auto height = in.fixed(16);
    // 65536 does not fit the 16 bits of everybody behind us, and no encoder makes it.
    header.resolution = Resolution{static_cast<std::uint16_t>(width + 1), static_cast<std::uint16_t>(height + 1)};
  }
  if (!in.ok()) return std::nullopt;
  return header;
}

}  // namespace parley::rtp::payload
