#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// What RTP, FFmpeg and files call one codec.
struct CodecName {
  std::string_view mimeType;  ///< As in `parley::RtpCodec`.
  int ffmpegId;               ///< AVCodecID.
  std::uint32_t clockRate;    ///< Of RTP, Hz.
  /// The bitstream filter that makes what RTP carries of what a file has; empty if that is the same.
  const char* fromFile;
};

/// Null if it is not one that can be sent.
const CodecName* codecOfFile(int ffmpegId);
const CodecName* codecOfMimeType(std::string_view mimeType);

/// "not found", … of an error of FFmpeg's.
std::string describeError(int error);
