#pragma once

#include "pc/media_plan.hpp"
#include "rtp/packet.hpp"
#include "rtp/payload/layer_fields.hpp"
#include "rtp/receive_stream.hpp"

#include <parley/time.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

/// \file
/// What passes between the media planes of two connections when packets are forwarded (pc/forwarder.hpp).

namespace parley::pc {

/// An authentic packet of a receiving section, which nobody was given before. All of it is borrowed for the call.
struct ReceivedPacket {
  const rtp::PacketView& packet;
  /// It may be asked for a key frame.
  rtp::ReceiveStream& stream;
  const PlannedMedia& section;
  /// Changes with the plan: of one plane, never used twice.
  std::uint64_t generation = 0;
  bool newest = false;  ///< No later one came before.
  std::optional<Time> captured;
};

/// Who wants the packets that a section receives, in the order in which they come. On the engine's thread.
class PacketTap {
 public:
  virtual ~PacketTap() = default;
  virtual void onPacket(const ReceivedPacket& received, Time now) = 0;
};

/// Who makes what a section sends: the peer wants a key frame of it.
class KeyFrameSource {
 public:
  virtual ~KeyFrameSource() = default;
  virtual void onKeyFrameWanted(Time now) = 0;
};

/// How payload types and header extensions of a receiving section become those of a sending one.
struct ForwardMap {
  static constexpr std::uint8_t unknown = 0xff;
  std::array<std::uint8_t, 128> payloadTypes{};
  std::array<std::uint8_t, 256> extensionIds{};
  /// Of which plans it was made.
  std::uint64_t origin = 0, target = 0;

  void make(const PlannedMedia& from, const PlannedMedia& to, bool mixedExtensions);
};

struct ForwardedPacket {
  const ReceivedPacket& received;
  const rtp::payload::LayerFields& fields;
  std::uint32_t clockRate = 90000;
  std::uint8_t dependencyDescriptor = 0;  ///< Its id, or 0.
  std::optional<std::uint8_t> maxTemporalLayer;
  bool begins = false;
  ForwardMap& map;  ///< Of this pair of sections; made anew when a plan has changed.
};

enum class ForwardOutcome : std::uint8_t {
  Yes,
  LeftOut,
  NotBegun,      ///< The source has to begin (again), with a key frame.
  UnknownCodec,  ///< Not negotiated.
  NotSending,    ///< For now: no keys, on hold, the circuit is open.
  Gone           ///< There is no such connection any more.
};

}  // namespace parley::pc
