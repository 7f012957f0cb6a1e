#pragma once

#include "base/bytes.hpp"
#include "base/packet_pool.hpp"
#include "rtp/payload/depacketizer.hpp"
#include "rtp/payload/frame_assembler.hpp"
#include "rtp/payload/packetizer.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace parley::rtp::payload::test {

using Octets = std::vector<std::uint8_t>;

struct Sent {
  Octets payload;
  bool marker = false;
};

inline Octets octets(base::Bytes bytes) { return {bytes.begin(), bytes.end()}; }
inline Octets hex(std::string_view text) { return base::fromHex(text); }

/// `n` bytes that look random and hold no zeros.
inline Octets noise(std::size_t n, std::uint32_t seed = 1) {
  Octets bytes(n);
  for (auto& byte : bytes) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(seed >> 24 | 1);
  }
  return bytes;
}

inline Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline EncodedFrame frameOf(Octets bytes, CodecFrameInfo codec = {}) {
  EncodedFrame frame;
  frame.data = FrameData(std::move(bytes));
  frame.codec = std::move(codec);
  return frame;
}

/// All payloads of a frame. Each is checked against the limits.
inline std::vector<Sent> payloadsOf(Packetizer& packetizer, const EncodedFrame& frame, PayloadLimits limits) {
  base::PacketPool pool;
  const auto count = packetizer.start(frame, limits);
  REQUIRE(count.has_value());
  std::vector<Sent> sent;
  for (std::size_t i = 0; i < *count; ++i) {
    Packet packet = pool.make();
    const bool marker = packetizer.next(packet);
    const std::size_t reduction =
        (i == 0 ? limits.firstReduction : 0) + (i + 1 == *count ? limits.lastReduction : 0);
    CHECK(packet.size() + reduction <= limits.maximum);
    CHECK_FALSE(packet.empty());
    CHECK((!marker || i + 1 == *count));
    sent.push_back({octets(packet.bytes()), marker});
  }
  return sent;
}

/// One codec, one stream: from frames to packets, and from the packets that arrive to frames.
class Stream {
 public:
  explicit Stream(MediaKind kind, CodecOptions options, FrameAssembler::Limits limits = {})
      : packetizer(makePacketizer(options)), assembler(kind, limits) {
    assembler.setCodec(96, (kind == MediaKind::Video ? "video/" : "audio/") + options.name, options);
  }
  explicit Stream(const char* videoCodec) : Stream(MediaKind::Video, CodecOptions{videoCodec, {}, 0}) {}

  std::vector<Sent> packetize(const EncodedFrame& frame, PayloadLimits limits = {100, 0, 0}) {
    return payloadsOf(*packetizer, frame, limits);
  }

  void lose(std::size_t packets = 1) { sequence += packets; }

  void deliver(const Sent& sent, std::uint32_t timestamp) {
    MediaPacket packet;
    packet.sequence = sequence++;
    packet.timestamp = timestamp;
    packet.payloadType = 96;
    packet.marker = sent.marker;
    packet.payload = sent.payload;
    packet.dependency = dependency;
    assembler.handle(packet, now);
  }
  void deliver(const std::vector<Sent>& sent, std::uint32_t timestamp) {
    for (const auto& one : sent) deliver(one, timestamp);
  }
  void send(const EncodedFrame& frame, std::uint32_t timestamp) { deliver(packetize(frame), timestamp); }

  /// Drains the assembler.
  std::vector<EncodedFrame> frames() {
    std::vector<EncodedFrame> result;
    while (auto output = assembler.poll()) {
      if (auto* frame = std::get_if<EncodedFrame>(&*output))
        result.push_back(std::move(*frame));
      else
        ++keyFrameRequests;
    }
    return result;
  }
  std::optional<EncodedFrame> frame() {
    auto all = frames();
    if (all.size() != 1) return std::nullopt;
    return std::move(all.front());
  }

  std::unique_ptr<Packetizer> packetizer;
  FrameAssembler assembler;
  std::uint64_t sequence = 65530;
  Time now{};
  std::optional<FrameDependency> dependency;
  int keyFrameRequests = 0;
};

inline std::uint64_t dropped(const Stream& stream, FrameAssembler::Dropped reason) {
  return stream.assembler.dropped()[reason];
}

/// A VP8 key frame of 320x240, or a delta frame.
inline Octets vp8Frame(bool key, std::size_t size, std::uint32_t seed = 1) {
  auto bytes = noise(size, seed);
  if (!key) return bytes;
  const auto head = hex("500000" "9d012a" "4001" "f000");
  std::copy(head.begin(), head.end(), bytes.begin());
  return bytes;
}

}  // namespace parley::rtp::payload::test
