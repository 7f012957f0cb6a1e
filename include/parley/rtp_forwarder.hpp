#pragma once

#include <parley/async.hpp>
#include <parley/error.hpp>
#include <parley/export.hpp>
#include <parley/rtp_transceiver.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Forwarding for servers: packets that one connection receives go out on others as they are, neither decrypted twice
/// nor put together to frames. Not of the W3C.
///
///     origin's receiver ──► RtpForwarder ──┬──► RtpForwarding ──► a sender of another connection
///                                          └──► RtpForwarding ──► …
///
/// To its receiver each outgoing stream is one stream of the sender's SSRC, whatever it is made of: numbers,
/// timestamps, picture ids and layer indices go on without gaps when the layer of simulcast changes, temporal layers
/// are left out, or another forwarder takes the sender over. What the receiver misses is sent again from here; its
/// requests for key frames go to the origin, for the layer that it gets.
///
/// All of it happens on the engine's thread, one copy and one encryption for each receiver of a packet. Members may be
/// called from any thread; handlers run on the executor of the sender's connection.

namespace parley {

/// What goes to one sender. It ends with this object, with the sender, or with either connection; in any order.
class PARLEY_API RtpForwarding {
 public:
  virtual ~RtpForwarding() = default;

  virtual std::shared_ptr<RtpSender> sender() const = 0;

  /// The stream of simulcast to forward. Until its next key frame, which is asked for, the one before goes on. While
  /// the origin does not send it, another one is forwarded. Empty, as at the start: whichever comes.
  virtual void select(std::string rid) = 0;
  /// Leaves out the temporal layers above (VP8, VP9, and all that has a dependency descriptor). Nothing: all layers, as
  /// at the start. It takes effect with the next frame that allows it.
  virtual void maxTemporalLayer(std::optional<std::uint8_t> layer) = 0;
  /// Sends nothing. Video begins again with a key frame, which is asked for.
  virtual void paused(bool paused) = 0;

  /// Another stream of the origin is forwarded from now on.
  virtual void onSourceChanged(std::function<void(const std::string& rid)> handler) = 0;
  /// The bit rate that the path to the receiver takes for this sender, bit/s.
  virtual void onTargetBitrate(std::function<void(std::uint64_t bitsPerSecond)> handler) = 0;
  /// NotSupportedError: the origin sends a codec that the sender's connection has not negotiated. Told once for each
  /// codec; nothing is forwarded while it is so.
  virtual void onError(std::function<void(const Error& error)> handler) = 0;

  struct Stats {
    std::string rid;                     ///< What is forwarded now.
    bool flowing = false;                ///< A source was found, and nothing holds it up.
    std::uint64_t packets = 0;           ///< Forwarded, without retransmissions.
    std::uint64_t bytes = 0;             ///< Of their payloads.
    std::uint64_t packetsLeftOut = 0;    ///< Of temporal layers that are not wanted, and padding.
    std::uint64_t packetsDropped = 0;    ///< While the sender could not send them: not negotiated, on hold, no keys.
    std::uint64_t switches = 0;          ///< Sources that were begun with.
    std::uint64_t keyFrameRequests = 0;  ///< Of the receiver.
  };
  virtual Async<Stats> getStats() = 0;
};

/// Gives what a receiver receives to senders of the same engine.
class PARLEY_API RtpForwarder {
 public:
  virtual ~RtpForwarder() = default;

  /// Throws TypeError for a receiver that is null or not of this library, InvalidStateError if its connection is
  /// closed.
  static std::shared_ptr<RtpForwarder> create(const std::shared_ptr<RtpReceiver>& receiver);

  virtual std::shared_ptr<RtpReceiver> receiver() const = 0;

  /// Begins to forward, with the next key frame if it is video. The sender should have no track. It goes to the
  /// sender's first encoding. Throws TypeError for a sender that is null, not of this library or of the other kind,
  /// NotSupportedError if its connection is of another engine, InvalidStateError if its connection is closed or
  /// something is forwarded to it already.
  virtual std::shared_ptr<RtpForwarding> addSender(const std::shared_ptr<RtpSender>& sender) = 0;

  /// A stream that came within the last seconds.
  struct Source {
    std::string rid;  ///< Empty without simulcast.
    std::uint32_t ssrc = 0;
    std::uint64_t packets = 0, bytes = 0;  ///< Bytes of payloads; differences over time are the layer's bit rate.
    std::uint16_t width = 0, height = 0;   ///< Of the last key frame; 0 if not known.
    std::uint64_t frames = 0;
  };
  /// In the order of their first packets.
  virtual Async<std::vector<Source>> getSources() = 0;
};

}  // namespace parley
