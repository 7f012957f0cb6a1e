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
  switch (algorithm) {
    case CongestionControl::Bbr: return std::make_unique<Bbr>(parameters);
    case CongestionControl::Cubic: return std::make_unique<Cubic>(Cubic::Kind::ByTheBook, parameters);
    case CongestionControl::TolerantCubic: break;
  }
  return std::make_unique<Cubic>(Cubic::Kind::Tolerant, parameters);
}

}  // namespace parley::sctp::congestion
