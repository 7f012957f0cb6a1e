#include "codec_names.hpp"

extern "C" {
#include <libavcodec/codec_id.h>
#include <libavutil/error.h>
}

#include <algorithm>
#include <array>
#include <cctype>

namespace {

// A raw file has start codes already, then these filters change nothing. Type 2 is the temporal delimiter, which RTP
// leaves out (AV1 RTP section 5).
constexpr CodecName codecs[] = {
    {"video/VP8", AV_CODEC_ID_VP8, 90'000, ""},
    {"video/VP9", AV_CODEC_ID_VP9, 90'000, ""},
    {"video/H264", AV_CODEC_ID_H264, 90'000, "h264_mp4toannexb"},
    {"video/H265", AV_CODEC_ID_HEVC, 90'000, "hevc_mp4toannexb"},
    {"video/AV1", AV_CODEC_ID_AV1, 90'000, "filter_units=remove_types=2"},
    {"audio/opus", AV_CODEC_ID_OPUS, 48'000, ""},
    {"audio/PCMU", AV_CODEC_ID_PCM_MULAW, 8'000, ""},
    {"audio/PCMA", AV_CODEC_ID_PCM_ALAW, 8'000, ""},
    {"audio/G722", AV_CODEC_ID_ADPCM_G722, 8'000, ""},
};

bool equalWithoutCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

const CodecName* codecOfFile(int ffmpegId) {
  for (const auto& codec : codecs)
    if (codec.ffmpegId == ffmpegId) return &codec;
  return nullptr;
}

const CodecName* codecOfMimeType(std::string_view mimeType) {
  for (const auto& codec : codecs)
    if (equalWithoutCase(codec.mimeType, mimeType)) return &codec;
  return nullptr;
}

std::string describeError(int error) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(error, text.data(), text.size());
  return text.data();
}
