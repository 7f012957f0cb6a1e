// The estimate over a bottleneck in virtual time: packets leave 33 ms apart in frames, wait in a queue that drops its
// tail, and are told of by real feedback packets.

#include "rtp/bandwidth/estimator.hpp"

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "rtp/ntp.hpp"
#include "rtp/rtcp/builder.hpp"
#include "rtp/rtcp/compound.hpp"
#include "rtp/source_arrivals.hpp"
#include "rtp/transport_arrivals.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace parley::rtp::bandwidth {
namespace {

using namespace std::chrono_literals;

struct Link {
  double bitrate = 1e6;
  Duration delay = 25ms;   ///< One way.
  Duration queue = 500ms;  ///< What does not fit is dropped.
  double loss = 0;
};

enum class Feedback { TransportWide, Rfc8888 };

/// A sender with its estimator, a link, and a receiver.
class Path {
 public:
  explicit Path(Link between, Feedback kind = Feedback::TransportWide) : link(between), kind_(kind) {}

  /// What the encoder makes; by default what the estimate allows.
  std::function<double(double estimate)> encoder = [](double estimate) { return estimate; };

  void run(Duration time) {
    const Time end = now_ + time;
    delays.clear();
    while (now_ < end) {
      now_ += 1ms;
      if (now_ >= nextFrame_) {
        nextFrame_ += 33333us;
        budget_ += encoder(estimator.bitrate()) / 8 / 30;
        // Leaves in packets of 1200 bytes at most, a millisecond apart: as a pacer of a network card would have it.
        while (budget_ >= 200) {
          const auto size = static_cast<std::size_t>(std::min(budget_, 1200.0));
          send(size);
          budget_ -= static_cast<double>(size);
        }
      }
      while (estimator.probeDeadline() <= now_) send(1200);
      for (auto each = arriving_.begin(); each != arriving_.end() && each->first <= now_; each = arriving_.erase(each))
        arrive(each->second, each->first);
      if (std::min(arrivals_.deadline(), sources_.deadline()) <= now_) report();
      for (auto each = reports_.begin(); each != reports_.end() && each->first <= now_; each = reports_.erase(each))
        hear(each->second);
    }
  }

  Duration delayAt(double share) {
    std::sort(delays.begin(), delays.end());
    return delays.at(static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1)));
  }

  Link link;
  Estimator estimator;
  std::vector<Duration> delays;  ///< In the queue.

 private:
  void send(std::size_t size) {
    // Two streams take turns, for feedback that tells of each.
    Estimator::Names names;
    if (kind_ == Feedback::TransportWide) {
      names.transportSequence = static_cast<std::uint16_t>(number_);
    } else {
      names = {std::nullopt, true, ssrcOf(number_), sequenceOf(number_)};
    }
    estimator.sent(names, size, now_);
    const auto number = number_++;
    free_ = std::max(free_, now_);
    const Duration wait = free_ - now_;
    if (wait > link.queue || random_.u32() < link.loss * 4294967296.0) return;
    delays.push_back(wait);
    free_ += std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(size) * 8e9 / link.bitrate));
    arriving_.emplace(free_ + link.delay, number);
  }
  static std::uint32_t ssrcOf(std::uint32_t number) { return 10 + number % 2; }
  static std::uint16_t sequenceOf(std::uint32_t number) { return static_cast<std::uint16_t>(65'000 + number / 2); }
  void arrive(std::uint32_t number, Time at) {
    if (kind_ == Feedback::TransportWide) {
      arrivals_.add(static_cast<std::uint16_t>(number), at);
    } else {
      sources_.add(ssrcOf(number), sequenceOf(number), at);
    }
  }
  void report() {
    rtcp::CompoundBuilder builder(pool_, 1100);
    if (kind_ == Feedback::Rfc8888) {
      const auto streams = sources_.take(1000, now_);
      // The receiver's clock is another one, and its short form wraps soon.
      REQUIRE(builder.add(rtcp::CongestionFeedback(1, streams, 0xfff0'0000 + toCompactNtp(now_.time_since_epoch()))));
      reports_.emplace(now_ + link.delay, builder.take());
      return;
    }
    rtcp::TransportFeedbackReport feedback;
    feedback.feedbackNumber = arrivals_.nextFeedbackNumber();
    feedback.lostBefore = arrivals_.lostBefore();
    feedback.arrivals =
        arrivals_.waiting().first(rtcp::TransportFeedbackReport::fit(arrivals_.waiting(), 1000, feedback.lostBefore));
    REQUIRE(builder.add(feedback));
    arrivals_.reported(feedback.arrivals.size());
    reports_.emplace(now_ + link.delay, builder.take());
  }
  void hear(const Packet& packet) {
    const auto compound = rtcp::CompoundView::parse(packet.bytes());
    REQUIRE(compound);
    for (const rtcp::PacketView& each : *compound) {
      if (rtcp::CongestionFeedback::matches(each)) {
        const auto feedback = rtcp::CongestionFeedback::parse(each);
        REQUIRE(feedback);
        estimator.handle(*feedback, 2 * link.delay, now_);
        continue;
      }
      const auto feedback = rtcp::TransportFeedback::parse(each);
      REQUIRE(feedback);
      estimator.handle(*feedback, 2 * link.delay, now_);
    }
  }

  Feedback kind_;
  base::PacketPool pool_;
  base::SeededRandom random_{1};
  Time now_{};
  Time nextFrame_{}, free_{};
  double budget_ = 0;
  std::uint32_t number_ = 65000;  // On the wire it wraps soon.
  std::multimap<Time, std::uint32_t> arriving_;
  std::multimap<Time, Packet> reports_;
  TransportArrivals arrivals_;
  SourceArrivals sources_;
};

}  // namespace

TEST_CASE("The estimate finds what the path carries and leaves its queue short") {
  const double capacity = GENERATE(400e3, 1e6, 3e6);
  const auto kind = GENERATE(Feedback::TransportWide, Feedback::Rfc8888);
  CAPTURE(capacity, kind == Feedback::Rfc8888);
  Path path({.bitrate = capacity, .delay = 25ms, .queue = 500ms, .loss = 0}, kind);
  path.run(60s);
  path.run(30s);
  CHECK(path.estimator.bitrate() > 0.6 * capacity);
  CHECK(path.estimator.bitrate() < 1.2 * capacity);
  CHECK(path.delayAt(0.5) < 60ms);
  CHECK(path.delayAt(0.95) < 200ms);
}

TEST_CASE("A path that carries less than before is noticed within seconds") {
  const auto kind = GENERATE(Feedback::TransportWide, Feedback::Rfc8888);
  Path path({.bitrate = 2e6, .delay = 25ms, .queue = 500ms, .loss = 0}, kind);
  path.run(45s);
  REQUIRE(path.estimator.bitrate() > 1e6);
  path.link.bitrate = 500e3;
  path.run(4s);
  CHECK(path.estimator.bitrate() < 550e3);
  path.run(30s);
  CHECK(path.estimator.bitrate() > 250e3);
  CHECK(path.delayAt(0.5) < 100ms);
}

TEST_CASE("A lost packet in a hundred does not matter, one in five does") {
  const auto kind = GENERATE(Feedback::TransportWide, Feedback::Rfc8888);
  Path some({.bitrate = 3e6, .delay = 25ms, .queue = 500ms, .loss = 0.01}, kind);
  some.run(30s);
  CHECK(some.estimator.bitrate() > 1.5e6);
  Path many({.bitrate = 3e6, .delay = 25ms, .queue = 500ms, .loss = 0.2}, kind);
  many.run(30s);
  CHECK(many.estimator.bitrate() < 100e3);
}

TEST_CASE("Whoever sends little and could send more gets to know it by probes") {
  const auto kind = GENERATE(Feedback::TransportWide, Feedback::Rfc8888);
  Path path({.bitrate = 3e6, .delay = 25ms, .queue = 500ms, .loss = 0}, kind);
  path.encoder = [](double) { return 200e3; };
  path.run(20s);
  // What was not tried is not believed.
  CHECK(path.estimator.bitrate() < 500e3);
  path.estimator.want(2e6);
  path.run(5s);
  CHECK(path.estimator.bitrate() > 1.8e6);
  CHECK(path.estimator.bitrate() < 3.1e6);
}

TEST_CASE("A probe does not find what is not there") {
  Path path({.bitrate = 600e3, .delay = 25ms, .queue = 500ms, .loss = 0});
  path.encoder = [](double) { return 200e3; };
  path.estimator.want(5e6);
  path.run(30s);
  CHECK(path.estimator.bitrate() > 300e3);
  CHECK(path.estimator.bitrate() < 660e3);
}

TEST_CASE("Feedback about packets that never were changes nothing") {
  base::PacketPool pool;
  Estimator estimator;
  const auto tell = [&](std::int64_t first, std::size_t count) {
    std::vector<rtcp::TransportArrival> arrivals;
    for (std::size_t i = 0; i < count; ++i)
      arrivals.push_back({first + static_cast<std::int64_t>(i), Time(std::chrono::milliseconds(100 + i))});
    rtcp::TransportFeedbackReport report;
    report.arrivals = arrivals;
    rtcp::CompoundBuilder builder(pool, 1100);
    REQUIRE(builder.add(report));
    const Packet packet = builder.take();
    const auto compound = rtcp::CompoundView::parse(packet.bytes());
    REQUIRE(compound);
    return estimator.handle(*rtcp::TransportFeedback::parse(*compound->begin()), 50ms, Time(1s));
  };
  CHECK_FALSE(tell(0, 100));
  estimator.sent({7}, 1000, Time(1ms));
  CHECK_FALSE(tell(100, 100));
  CHECK_FALSE(estimator.isKnown());
  CHECK(tell(0, 100));
  CHECK(estimator.isKnown());
  CHECK_FALSE(tell(0, 100));  // The same again.
}

TEST_CASE("Reports of RFC 8888 go on where the one before ended, and begin earlier for what comes late") {
  SourceArrivals arrivals;
  const auto metrics = [](const rtcp::StreamMetrics& stream) {
    std::vector<rtcp::PacketMetric> list;
    for (const auto& each : stream.metrics) list.push_back(each);
    return list;
  };
  CHECK(arrivals.deadline() == never);
  arrivals.add(7, 65'534, Time(0ms));
  arrivals.add(7, 0, Time(10ms));
  arrivals.add(7, 0, Time(12ms));  // Twice.
  CHECK(arrivals.deadline() == Time(50ms));
  auto streams = arrivals.take(500, Time(50ms));
  REQUIRE(streams.size() == 1);
  CHECK(streams[0].ssrc == 7);
  CHECK(streams[0].beginSequence == 65'534);
  CHECK(metrics(streams[0]) == std::vector<rtcp::PacketMetric>{{true, 0, 51}, {}, {true, 0, 40}});
  CHECK(arrivals.deadline() == never);
  CHECK(arrivals.take(500, Time(60ms)).empty());

  arrivals.add(7, 3, Time(70ms));
  streams = arrivals.take(500, Time(120ms));
  REQUIRE(streams.size() == 1);
  CHECK(streams[0].beginSequence == 1);
  CHECK(metrics(streams[0]).size() == 3);

  arrivals.add(7, 65'535, Time(130ms));  // Late.
  arrivals.add(9, 1, Time(20s));
  streams = arrivals.take(500, Time(20s));
  REQUIRE(streams.size() == 2);
  CHECK(streams[0].beginSequence == 65'535);
  CHECK(metrics(streams[0]) == std::vector<rtcp::PacketMetric>{{true, 0, rtcp::PacketMetric::offsetTooLarge},
                                                               {true, 0, rtcp::PacketMetric::offsetTooLarge},
                                                               {},
                                                               {},
                                                               {true, 0, rtcp::PacketMetric::offsetTooLarge}});
}

TEST_CASE("Of a source that has gone there is nothing to report") {
  SourceArrivals arrivals;
  arrivals.add(7, 1, Time(0ms));
  arrivals.add(9, 1, Time(1ms));
  arrivals.forget(7);
  arrivals.forget(8);
  CHECK(arrivals.deadline() == Time(50ms));
  const auto streams = arrivals.take(500, Time(50ms));
  REQUIRE(streams.size() == 1);
  CHECK(streams[0].ssrc == 9);
  arrivals.add(9, 2, Time(60ms));
  arrivals.forget(9);
  CHECK(arrivals.deadline() == never);
}

TEST_CASE("Reports of RFC 8888 stay within their packet whatever comes") {
  base::SeededRandom random(5);
  SourceArrivals arrivals;
  base::PacketPool pool;
  Time now{};
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 50; ++i)
      arrivals.add(random.below(100),
                   static_cast<std::uint16_t>(random.below(4) == 0 ? random.below(65'536) : round * 50 + i), now);
    now += 30ms;
    std::size_t rounds = 0;
    while (!arrivals.take(300, now).empty()) {
      rtcp::CompoundBuilder builder(pool, 320);
      arrivals.add(1, static_cast<std::uint16_t>(random.below(65'536)), now);
      const auto streams = arrivals.take(300, now);
      if (!streams.empty()) REQUIRE(builder.add(rtcp::CongestionFeedback(1, streams, 0)));
      REQUIRE(++rounds < 2'000);
    }
    CHECK(arrivals.deadline() == never);
  }
}

TEST_CASE("Reports of RFC 8888 about packets that never were change nothing") {
  Estimator estimator;
  const std::vector<rtcp::PacketMetric> metrics(100, rtcp::PacketMetric{true, 0, 5});
  const auto tell = [&](std::uint32_t ssrc, std::uint16_t begin) {
    const std::vector<rtcp::StreamMetrics> streams{{ssrc, begin, std::span<const rtcp::PacketMetric>(metrics)}};
    return estimator.handle(rtcp::CongestionFeedback(1, streams, 70'000), 50ms, Time(1s));
  };
  CHECK_FALSE(tell(5, 0));
  estimator.sent({std::nullopt, true, 5, 7}, 1000, Time(1ms));
  CHECK_FALSE(tell(6, 0));
  CHECK_FALSE(tell(5, 100));
  CHECK_FALSE(estimator.isKnown());
  CHECK(tell(5, 0));
  CHECK(estimator.isKnown());
  CHECK_FALSE(tell(5, 0));  // The same again.
}

}  // namespace parley::rtp::bandwidth
