#pragma once

#include "base/bytes.hpp"
#include "base/ring.hpp"
#include "rtp/packet.hpp"
#include "rtp/sequence.hpp"

#include <parley/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::rtp {

/// Makes one outgoing stream of packets of incoming ones, for a forwarder: of one source at a time, with numbers that go on
/// when the source changes (a simulcast layer, the loudest speaker), and without gaps for packets that are left out.
///
///   switchTo(source) ──► source's first packet that is given ──► its numbers follow those before ──► switchTo(another) …
///
/// Nothing is allocated for a packet: copy it for each receiver, then
///
///     if (auto numbers = rewriter.next(*view, clockRate, now)) rewriter.apply(*numbers, copy.bytes());
class Rewriter {
 public:
  /// How the receiver of the outgoing stream knows it.
  struct Target {
    std::uint32_t ssrc = 0;
    /// Where the numbers begin; random in both (RFC 3550 s.5.1).
    std::uint16_t firstSequence = 0;
    std::uint32_t firstTimestamp = 0;
    /// By the incoming number: the outgoing one, or `unknown`: such packets are not forwarded.
    std::array<std::uint8_t, 128> payloadTypes{};
    /// By the incoming id: the outgoing one, or 0: such elements are blotted out.
    std::array<std::uint8_t, 256> extensionIds{};
  };
  static constexpr std::uint8_t unknown = 0xff;

  struct Numbers {
    std::uint16_t sequenceNumber = 0;
    std::uint32_t timestamp = 0;
    std::uint8_t payloadType = 0;
  };

  explicit Rewriter(const Target& target) : target_(target) {}

  /// The source that is forwarded from its next packet on. What a decoder can begin with (a key frame) is the caller's to
  /// know: it switches when that packet is there.
  void switchTo(std::uint32_t source);
  /// The same, also for a source of the same SSRC: another origin's.
  void restart(std::uint32_t source) {
    source_ = source;
    started_ = false;
  }
  std::optional<std::uint32_t> source() const { return source_; }

  /// The numbers of a packet that is to be forwarded. Nothing for one of another source, of an unknown payload type, from
  /// before the switch, or so late that nobody knows what was left out since. A packet that comes twice gets the same
  /// numbers. `clockRate`: of its payload type, not zero.
  std::optional<Numbers> next(const PacketView& packet, std::uint32_t clockRate, Time now);
  /// A packet of the source that is not forwarded: padding, a layer that the receiver does not want. No gap is left for it,
  /// unless a later one was forwarded before it came.
  void skip(const PacketView& packet);

  /// Rewrites a copy of the packet. Its size does not change.
  void apply(const Numbers& numbers, base::MutableBytes copy) const;

 private:
  /// Reordering over more left-out packets than this is no reordering.
  static constexpr std::size_t rememberedSkips = 256;
  void start(const PacketView& packet, std::uint32_t clockRate, Time now);
  /// How many were left out before `sequence`, of those that are remembered.
  std::int64_t skippedBefore(std::int64_t sequence) const;

  Target target_;
  std::optional<std::uint32_t> source_;
  bool started_ = false;         ///< The source's first packet came.
  SequenceUnwrapper unwrapper_;
  std::int64_t first_ = 0;       ///< The oldest sequence number that may still be forwarded, unwrapped.
  std::int64_t highest_ = 0;     ///< The newest that was forwarded or left out.
  std::int64_t offset_ = 0;      ///< Outgoing minus incoming sequence number, at `first_`.
  std::uint32_t timestampOffset_ = 0;
  base::Ring<std::int64_t> skips_;  ///< Ascending, none below `first_`.

  bool any_ = false;             ///< Something was forwarded, of whatever source.
  std::int64_t lastSequence_ = 0;   ///< Outgoing: the newest.
  std::uint32_t lastTimestamp_ = 0;
  Time lastAt_{};
};

}  // namespace parley::rtp
