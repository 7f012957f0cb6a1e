#pragma once

#include "base/machine.hpp"
#include "base/outbox.hpp"
#include "base/random.hpp"

#include <parley/time.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace parley::rtp {

/// When RTCP goes out (RFC 3550 s.6.2 and 6.3, RFC 4585 s.3.5), between two endpoints.
///
/// All streams of a transport report in one compound packet. To RFC 3550 they are as many members; but a packet that
/// reports for m of them counts as m packets of an m-th of its size each (RFC 8108 s.5.3), which is the same as two
/// members, one an end, with the whole packets.
///
///   start ──► regular ──► (report interval × [0.5, 1.5)) ──► regular …
///                │  feedback: at once if none went out for T_rr, else when T_rr has passed, or with the regular one
///
/// RFC 4585 lets an early packet take the place of the next regular one, so that on average one packet goes out in each
/// T_rr. The rule is kept in that form: after a feedback packet the next one waits for a T_rr.
class RtcpScheduler {
 public:
  struct Config {
    /// RFC 3550 s.6.2 gives RTCP 5 % of it, bit/s. Nobody tells us the real one: 2 Mbit/s are 100 kbit/s of RTCP, and with
    /// packets of 150 bytes a T_rr of 2 * 1200 / 100'000 = 24 ms: a frame at 40 Hz.
    double sessionBandwidth = 2'000'000;
    /// T_rr_interval: at least this is between regular packets, times [0.5, 1.5). RFC 8083 s.4.1 wants at most 4 s.
    Duration reportInterval = std::chrono::seconds(1);
  };

  /// A regular packet is compound: SR or RR, SDES, and whatever feedback there is. Another has feedback alone, if the
  /// peer takes reduced sizes (RFC 5506).
  struct Send {
    bool regular;
  };
  using Output = Send;

  RtcpScheduler(Config config, base::Random& random);

  /// There is somebody to report to. The first report goes at once: RFC 3550 s.6.2 lets unicast sessions do so, and RFC
  /// 4585 s.3.5.1 sets Tmin to zero between two.
  void start(Time now);
  void stop();
  bool running() const { return running_; }
  /// There is feedback to send, now or before.
  void wantFeedback(Time now);
  /// So many bytes of RTCP went out, or came, SRTCP's included.
  void sent(std::size_t bytes) { average(bytes); }
  void received(std::size_t bytes) { average(bytes); }

  std::optional<Output> poll();
  Time deadline() const;
  void advance(Time now);

  /// T_rr without its random factor.
  Duration interval() const;

 private:
  void average(std::size_t bytes);
  Duration dithered(Duration duration);

  Config config_;
  base::Random& random_;
  std::optional<Send> due_;
  bool running_ = false;
  bool feedback_ = false;  ///< Waits to go.
  Time now_{};
  Time regularAt_ = never;
  Time feedbackAt_{};  ///< Not before.
  /// avg_rtcp_size, with the headers of UDP and IPv4. A first guess: SR, SDES, SRTCP's index and tag.
  double averageSize_ = 150;
};
static_assert(base::Machine<RtcpScheduler>);

}  // namespace parley::rtp
