#pragma once

#include "rtp/rtcp/feedback.hpp"

#include <parley/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace parley::rtp::rtcp {

/// A packet that came, as its receiver notes it for feedback.
struct TransportArrival {
  std::int64_t sequence = 0;  ///< The transport-wide number, unwrapped.
  Time at{};
};

/// draft-holmer-rmcat-transport-wide-cc-extensions-01 s.3.1: which packets of a transport came when. As read.
class TransportFeedback {
 public:
  /// Times are exact to this, after a reference in units of 64 ms.
  static constexpr Duration tick = std::chrono::microseconds(250);
  static constexpr std::int64_t ticksPerReference = 256;

  struct Status {
    std::uint16_t sequence = 0;
    bool received = false;
    /// After `reference()`. Nothing for a packet that is said to have come, but not when.
    std::optional<Duration> at;
  };

  static bool matches(const PacketView& packet) {
    return isFeedback(packet, Type::TransportFeedback, transport_format::transportWide);
  }
  static base::Result<TransportFeedback, ParseError> parse(const PacketView& packet);

  std::uint32_t sender() const { return sources_.sender; }
  std::uint32_t media() const { return sources_.media; }
  std::uint16_t baseSequence() const { return baseSequence_; }
  /// How many packets it is about. Some send feedback about none.
  std::uint16_t statusCount() const { return statusCount_; }
  /// Counts feedback packets, so that lost ones show.
  std::uint8_t feedbackNumber() const { return feedbackNumber_; }
  /// In units of 64 ms of the receiver's clock: 24 bits with a sign, which wrap after 12 days.
  std::int32_t reference() const { return reference_; }

  /// Calls `function(Status)` for each packet, in order of the numbers.
  template <class Function>
  void forEach(Function function) const {
    Cursor cursor(*this);
    Status status;
    while (cursor.next(status)) function(status);
  }

 private:
  class Cursor {
   public:
    explicit Cursor(const TransportFeedback& feedback);
    /// False at the end, and where chunks or deltas end too soon: `ok` is false then.
    bool next(Status& status);
    bool ok = true;

   private:
    friend class TransportFeedback;
    bool loadChunk();
    base::Bytes chunks_;
    base::Bytes deltas_;
    std::uint16_t sequence_;
    std::uint32_t left_;
    std::int64_t ticks_ = 0;
    std::uint32_t word_ = 0;   // the chunk in work, its next symbol highest
    unsigned inChunk_ = 0;     // symbols that are left of it
    unsigned symbolBits_ = 0;  // 0: a run of `run_`
    unsigned run_ = 0;
  };
  TransportFeedback() = default;

  FeedbackSources sources_;
  std::uint16_t baseSequence_ = 0;
  std::uint16_t statusCount_ = 0;
  std::int32_t reference_ = 0;
  std::uint8_t feedbackNumber_ = 0;
  base::Bytes chunks_;
  base::Bytes deltas_;
};

/// The same, to be written: what came, ascending by number without repetition; those in between did not come.
///
/// One packet cannot say everything. `fit` tells how many of the arrivals go into one; the rest goes into the next.
struct TransportFeedbackReport {
  std::uint32_t sender = 0;
  std::uint32_t media = 0;
  std::uint8_t feedbackNumber = 0;
  std::span<const TransportArrival> arrivals = {};  ///< Not empty, and `fit` took all of them.
  /// So many before the first arrival did not come either, and no report before told of them.
  std::uint16_t lostBefore = 0;

  /// How many of `arrivals`, from the first on, fit a packet of `limit` octets. None only if the limit is too small for
  /// one.
  static std::size_t fit(std::span<const TransportArrival> arrivals, std::size_t limit, std::uint16_t lostBefore = 0);

  std::size_t size() const;
  void write(base::MutableBytes room) const;
};

}  // namespace parley::rtp::rtcp
