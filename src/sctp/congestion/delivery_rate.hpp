#pragma once

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>

namespace parley::sctp::congestion {

/// What the estimator has to know of a packet when it is acknowledged: taken when it was sent, kept with what is
/// outstanding (draft-ietf-ccwg-bbr s.4.1.2.1.2). All chunks of a packet have the same. A retransmission takes a new
/// one.
struct SentState {
  Time sentAt{};                ///< When it left.
  Time firstSentAt{};           ///< The send time of the packet that was the last delivered one then.
  Time deliveredAt{};           ///< When anything was last delivered.
  std::uint64_t delivered = 0;  ///< All that had been delivered, bytes.
  std::uint64_t lost = 0;       ///< All that had been marked lost, bytes.
  std::uint32_t inFlight = 0;   ///< Bytes in flight, this packet included.
  bool applicationLimited = false;
};

/// What one acknowledgement says of the path's rate (draft s.4.1.2.1.3).
struct RateSample {
  double bytesPerSecond = 0;         ///< 0: this acknowledgement gave none.
  bool hasData = false;              ///< Something was newly acknowledged; otherwise nothing below means anything.
  bool applicationLimited = false;   ///< Of the newest packet acknowledged: the rate may be the application's.
  std::uint64_t priorDelivered = 0;  ///< `DeliveryRate::delivered()` when the newest packet was sent.
  std::uint64_t delivered = 0;       ///< Bytes delivered since then.
  std::uint64_t lost = 0;            ///< Bytes marked lost since then.
  std::uint32_t inFlightAtSend = 0;  ///< Bytes in flight just after the newest packet was sent.
  Time newestSentAt{};               ///< When the newest packet was sent.
};

/// Estimates the rate at which the path delivers (draft-ietf-ccwg-bbr s.4.1, formerly
/// draft-cheng-iccrg-delivery-rate-estimation). The owner of what is outstanding owns one. For each SACK, in order:
/// `onDelivered` for each newly acknowledged chunk (cumulatively or by gap block), `onLost` for each that is marked
/// lost, then `sample` once.
///
/// Bytes are those of DATA or I-DATA chunks with header and padding, here as in all of this folder: what the path
/// carries, as far as it grows with the data. A chunk in a packet that was retransmitted counts again when delivered.
class DeliveryRate {
 public:
  /// A packet with `bytes` of DATA is sent; `inFlight` includes them. Store the result with each of its chunks.
  SentState onSent(std::size_t bytes, std::size_t inFlight, Time now);
  void onDelivered(const SentState& state, std::size_t bytes, Time now);
  void onLost(std::size_t bytes) { lost_ += bytes; }
  /// `minRtt`: the smallest seen in the association's life; zero if there was none.
  RateSample sample(Duration minRtt);

  /// Nothing is left to send (or the peer's window is closed) though the congestion window and the pacer would allow
  /// it: rates measured until what is in flight now has been delivered may be too small (draft s.4.1.2.4). To be called
  /// whenever sending stops for want of data.
  void onApplicationLimited(std::size_t inFlight);
  bool applicationLimited() const { return applicationLimitedUntil_ != 0; }

  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t lost() const { return lost_; }

 private:
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t applicationLimitedUntil_ = 0;  ///< A value of `delivered_`; 0 if not limited.
  Time deliveredAt_{};
  Time firstSentAt_{};

  // Of the acknowledgement in progress.
  bool hasNewest_ = false;
  SentState newest_;
};

}  // namespace parley::sctp::congestion
