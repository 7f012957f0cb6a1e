#include "sctp/congestion/controller.hpp"

#include "sctp/congestion/bbr.hpp"
#include "sctp/congestion/cubic.hpp"

#include <algorithm>

namespace parley::sctp::congestion {

std::size_t quantumFor(std::uint64_t pacingRate, std::size_t maxPacket) {
  auto millisecond = static_cast<std::size_t>(pacingRate / 1'000);
  return std::max(std::min<std::size_t>(millisecond, 65'536), 2 * maxPacket);
}

std::unique_ptr<Controller> makeController(CongestionControl algorithm, const Parameters& parameters) {
  if (algorithm == CongestionControl::Bbr) return std::make_unique<Bbr>(parameters);
  return std::make_unique<Cubic>(parameters);
}

}  // namespace parley::sctp::congestion
