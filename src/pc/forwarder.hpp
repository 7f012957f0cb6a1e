#pragma once

#include "pc/engine_core.hpp"
#include "pc/packet_tap.hpp"

#include <parley/enums.hpp>
#include <parley/rtp_forwarder.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Forwarding on the engine's thread; its façade is pc/rtp_forwarder.hpp.
///
///     origin's MediaPlane ──tap──► Forwarder ──► ForwardLink ──► target's MediaPlane ──► SendStream
///            ▲                         ▲                                │
///            └───── key frame ─────────┴──────── PLI, FIR ──────────────┘

namespace parley::pc {

class Forwarder;

/// From a forwarder to one sender. Which source it follows:
///
///     None ── key frame of a source that is wanted ──► Following ── key frame of one that is wanted more ──► Following
///     …
///       ▲                                                  │
///       └────────── pause; the sender cannot send ─────────┘
class ForwardLink final : public KeyFrameSource {
 public:
  /// What happens; on the engine's thread.
  struct Events {
    std::function<void(std::string rid)> sourceChanged;
    std::function<void(std::string mimeType)> unknownCodec;
  };
  ForwardLink(std::uint64_t targetPeer, TransceiverId targetTransceiver, Events linkEvents)
      : peer(targetPeer), transceiver(targetTransceiver), events(std::move(linkEvents)) {}

  void onKeyFrameWanted(Time now) override;

  const std::uint64_t peer;
  const TransceiverId transceiver;
  const Events events;

  std::weak_ptr<Forwarder> forwarder;
  std::string wanted;  ///< A rid; empty: any.
  std::optional<std::uint8_t> maxTemporalLayer;
  bool paused = false;
  bool gone = false;
  std::optional<std::uint32_t> source;  ///< The SSRC that is followed.
  Time nextRequest = Time::min();
  std::optional<std::uint8_t> refused;  ///< The payload type that was told as unknown.
  ForwardMap map;
  RtpForwarding::Stats stats;
};

/// Gives the packets of one receiving section to links.
class Forwarder final : public PacketTap, public std::enable_shared_from_this<Forwarder> {
 public:
  Forwarder(EngineCore& core, std::uint64_t peer, TransceiverId transceiver, MediaKind kind)
      : core_(core), peer_(peer), transceiver_(transceiver), kind_(kind) {}

  void onPacket(const ReceivedPacket& received, Time now) override;

  void add(std::shared_ptr<ForwardLink> link, Time now);
  void remove(const ForwardLink* link) {
    std::erase_if(links_, [&](const auto& each) { return each.get() == link; });
  }
  void select(ForwardLink& link, std::string rid, Time now);
  void pause(ForwardLink& link, bool paused, Time now);
  /// For what the link follows, or waits for.
  void requestKeyFrame(const ForwardLink& link, Time now);

 private:
  struct Source {
    std::uint32_t ssrc = 0;
    std::string rid;
    Time last{};
  };
  /// What a payload type of the origin is.
  struct Codec {
    rtp::payload::LayerFormat format = rtp::payload::LayerFormat::Unknown;
    std::uint32_t clockRate = 90000;
    std::uint8_t payloadType = 0;
    std::string mimeType;
  };
  /// All layers are made of the same pictures: one that is silent for so long while another is not has been switched
  /// off.
  static constexpr Duration silence = std::chrono::milliseconds(1500);
  /// A request is repeated by the origin's stream; this one is for key frames that came damaged.
  static constexpr Duration requestInterval = std::chrono::milliseconds(300);
  static constexpr std::size_t maxSources = 16;

  void read(const ReceivedPacket& received);
  Source& sourceOf(const ReceivedPacket& received, Time now);
  const Source* find(std::optional<std::uint32_t> ssrc) const;
  bool takes(const ForwardLink& link, const Source& source, Time now) const;
  void give(ForwardLink& link, const Source& source, ForwardedPacket& packet, const Codec& codec, Time now);

  EngineCore& core_;
  const std::uint64_t peer_;
  const TransceiverId transceiver_;
  const MediaKind kind_;
  std::uint64_t generation_ = 0;
  std::vector<Codec> codecs_;
  std::uint8_t dependencyDescriptor_ = 0;
  rtp::extension::DependencyDescriptorReader descriptors_;
  std::vector<Source> sources_;
  std::vector<std::shared_ptr<ForwardLink>> links_;
};

}  // namespace parley::pc
