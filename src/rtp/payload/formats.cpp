#include "base/text.hpp"
#include "rtp/payload/av1.hpp"
#include "rtp/payload/depacketizer.hpp"
#include "rtp/payload/h264.hpp"
#include "rtp/payload/h265.hpp"
#include "rtp/payload/packetizer.hpp"
#include "rtp/payload/red.hpp"
#include "rtp/payload/vp8.hpp"
#include "rtp/payload/vp9.hpp"
#include "rtp/payload/whole_frame.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace parley::rtp::payload {
namespace {

enum class Format : std::uint8_t { WholeFrame, Red, Vp8, Vp9, H264, H265, Av1 };

constexpr std::array<std::pair<std::string_view, Format>, 14> formats{{
    {"opus", Format::WholeFrame},
    {"pcmu", Format::WholeFrame},
    {"pcma", Format::WholeFrame},
    {"g722", Format::WholeFrame},
    {"l16", Format::WholeFrame},
    {"cn", Format::WholeFrame},
    {"telephone-event", Format::WholeFrame},
    {"red", Format::Red},
    {"vp8", Format::Vp8},
    {"vp9", Format::Vp9},
    {"h264", Format::H264},
    {"h265", Format::H265},
    {"av1", Format::Av1},
    {"av1x", Format::Av1},  // What browsers said before the format had its name.
}};

std::optional<Format> formatOf(std::string_view name) {
  for (const auto& [known, format] : formats)
    if (base::equalsIgnoringCase(known, name)) return format;
  return std::nullopt;
}

/// The value of one parameter of a=fmtp: "a=1;b=2". Empty if it is not there.
std::string_view parameter(std::string_view parameters, std::string_view name) {
  while (!parameters.empty()) {
    const auto end = parameters.find(';');
    auto one = parameters.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    const auto equals = one.find('=');
    if (equals != std::string_view::npos && base::equalsIgnoringCase(one.substr(0, equals), name))
      return one.substr(equals + 1);
    if (end == std::string_view::npos) break;
    parameters.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace

std::string_view toString(PacketizeError error) {
  switch (error) {
    case PacketizeError::EmptyFrame: return "the frame is empty";
    case PacketizeError::BadFrame: return "the frame is not what its codec writes";
    case PacketizeError::TooLarge: return "the frame does not fit and cannot be split";
    case PacketizeError::Count: break;
  }
  return "unknown";
}

std::string_view toString(PayloadError error) {
  switch (error) {
    case PayloadError::Truncated: return "the payload ends too early";
    case PayloadError::Malformed: return "the payload breaks its format";
    case PayloadError::Unsupported: return "a part of the format that is not in use";
    case PayloadError::Count: break;
  }
  return "unknown";
}

std::unique_ptr<Packetizer> makePacketizer(const CodecOptions& options) {
  const auto format = formatOf(options.name);
  if (!format) return nullptr;
  switch (*format) {
    case Format::WholeFrame: return std::make_unique<WholeFramePacketizer>();
    case Format::Red: {
      auto types = readRedParameters(options.parameters);
      return types ? std::make_unique<RedPacketizer>(std::move(*types)) : nullptr;
    }
    case Format::Vp8: return std::make_unique<Vp8Packetizer>(options.firstPictureId);
    case Format::Vp9: return std::make_unique<Vp9Packetizer>(options.firstPictureId);
    case Format::H264:
      // RFC 6184 s.8.1: mode 0 if nothing is said.
      return std::make_unique<H264Packetizer>(parameter(options.parameters, "packetization-mode") == "1" ? 1u : 0u);
    case Format::H265: return std::make_unique<H265Packetizer>();
    case Format::Av1: return std::make_unique<Av1Packetizer>();
  }
  return nullptr;
}

std::unique_ptr<Depacketizer> makeDepacketizer(const CodecOptions& options) {
  const auto format = formatOf(options.name);
  if (!format) return nullptr;
  const std::string_view parameters = options.parameters;
  switch (*format) {
    case Format::WholeFrame: return std::make_unique<WholeFrameDepacketizer>();
    case Format::Red: return nullptr;
    case Format::Vp8: return std::make_unique<Vp8Depacketizer>();
    case Format::Vp9: return std::make_unique<Vp9Depacketizer>();
    case Format::H264: return std::make_unique<H264Depacketizer>(parameter(parameters, "sprop-parameter-sets"));
    case Format::H265:
      return std::make_unique<H265Depacketizer>(parameter(parameters, "sprop-vps"), parameter(parameters, "sprop-sps"),
                                                parameter(parameters, "sprop-pps"));
    case Format::Av1: return std::make_unique<Av1Depacketizer>();
  }
  return nullptr;
}

}  // namespace parley::rtp::payload
