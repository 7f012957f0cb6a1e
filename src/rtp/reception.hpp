#pragma once

#include <parley/time.hpp>

#include <cstdint>
#include <optional>

namespace parley::rtp {

/// What one receiver knows of the packets of one SSRC: their order, how many are missing, and how evenly they come
/// (RFC 3550 s.6.4.1, A.1, A.3, A.8). Packets were authenticated before, so that a source needs no probation.
class Reception {
 public:
  enum class Order : std::uint8_t {
    Newest,     ///< No packet had a greater sequence number before.
    Late,       ///< One had.
    Restarted,  ///< The source began to count anew: whatever was known by sequence numbers is void.
    Stray,      ///< Far from all others; ignored, until the next one confirms that the source jumped.
  };
  struct Arrival {
    Order order;
    /// Unwrapped: its low 16 bits are the packet's, its low 32 bits RFC 3550's extended sequence number.
    std::uint64_t sequence;
  };

  /// `clockRate` is that of the packet's payload type (RFC 7160: it may differ from packet to packet); not zero.
  Arrival handle(std::uint16_t sequence, std::uint32_t timestamp, std::uint32_t clockRate, Time now);

  /// A report block without its LSR and DLSR.
  struct Report {
    std::uint8_t fractionLost = 0;
    std::int32_t cumulativeLost = 0;  ///< 24 bits with sign: duplicates make it negative (s.6.4.1).
    std::uint32_t extendedHighest = 0;
    std::uint32_t jitter = 0;  ///< In units of the latest clock rate.
  };
  /// Ends the interval that `fractionLost` is about. Precondition: a packet was received.
  Report report();

  bool any() const { return received_ != 0; }
  std::uint64_t packetsReceived() const { return earlierReceived_ + received_; }
  std::int64_t packetsLost() const { return earlierLost_ + lost(); }
  /// In seconds.
  double jitter() const { return clockRate_ == 0 ? 0 : jitter_ / clockRate_; }
  std::uint64_t highest() const { return highest_; }

 private:
  void restart(std::uint16_t sequence);
  std::int64_t lost() const;
  void measureJitter(std::uint32_t timestamp, std::uint32_t clockRate, Time now);

  std::uint64_t base_ = 0;     ///< The first sequence number.
  std::uint64_t highest_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t earlierReceived_ = 0;  ///< Before the last restart: totals in statistics never go back.
  std::int64_t earlierLost_ = 0;
  std::uint64_t expectedPrior_ = 0, receivedPrior_ = 0;
  std::optional<std::uint16_t> stray_;  ///< The sequence number that would confirm a jump.

  std::uint32_t clockRate_ = 0;
  std::uint32_t lastTimestamp_ = 0;
  Time lastArrival_{};
  double jitter_ = 0;  ///< In units of the clock rate.
};

}  // namespace parley::rtp
