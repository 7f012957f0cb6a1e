#pragma once

#include "sctp/congestion/bbr.hpp"
#include "support/bottleneck/book.hpp"
#include "support/bottleneck/model_flow.hpp"

#include <vector>

namespace parley::bottleneck {

enum class Kind { Tolerant, Bbr, Cubic, BookReno, BookCubic };

inline std::unique_ptr<ModelFlow> makeFlow(Path& path, Kind kind, std::uint64_t seed = 1, ModelConfig config = {}) {
  std::unique_ptr<congestion::Controller> controller;
  if (kind == Kind::BookReno || kind == Kind::BookCubic) {
    // A kernel's TCP: 1500 bytes with headers of 52.
    config.payload = 1'448;
    config.headers = 52;
    config.paced = false;
    if (kind == Kind::BookReno)
      controller = std::make_unique<BookReno>(config.payload);
    else
      controller = std::make_unique<BookCubic>(config.payload);
  } else {
    controller = congestion::makeController(
        kind == Kind::Tolerant ? sctp::CongestionControl::TolerantCubic
        : kind == Kind::Bbr    ? sctp::CongestionControl::Bbr
                               : sctp::CongestionControl::Cubic,
        {config.payload, path.config().rtt, seed});
  }
  return std::make_unique<ModelFlow>(path, std::move(controller), config);
}

struct Result {
  std::vector<double> megabits;  ///< Of each flow, per second.
  double queueP50 = 0, queueP95 = 0;  ///< Milliseconds.
  /// Of what the headers leave.
  double share(std::size_t flow, double linkBits) const { return megabits[flow] * 1e6 / (linkBits * 1'140 / 1'217); }
};

/// All begin at once; what comes after `settle` counts.
inline Result runAll(Path& path, std::vector<std::unique_ptr<ModelFlow>>& flows, Duration settle, Duration measure) {
  std::vector<Flow*> all;
  Time start{std::chrono::seconds(1)};
  for (auto& flow : flows) {
    all.push_back(flow.get());
    flow->start(start);
  }
  std::vector<double> before;
  std::vector<double> delays;
  run(path, all, start, start + settle + measure, std::chrono::milliseconds(1), [&](Time now) {
    if (now < start + settle) return;
    if (before.empty())
      for (auto* flow : all) before.push_back(static_cast<double>(flow->received()));
    delays.push_back(std::chrono::duration<double, std::milli>(path.queueDelay(now)).count());
  });
  Result result;
  for (std::size_t i = 0; i < all.size(); ++i)
    result.megabits.push_back((static_cast<double>(all[i]->received()) - before[i]) * 8e-6 /
                              std::chrono::duration<double>(measure).count());
  std::sort(delays.begin(), delays.end());
  result.queueP50 = delays[delays.size() / 2];
  result.queueP95 = delays[delays.size() * 95 / 100];
  return result;
}

}  // namespace parley::bottleneck
