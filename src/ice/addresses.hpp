#pragma once

#include "ice/config.hpp"

#include <parley/io.hpp>

#include <cstdint>
#include <vector>

namespace parley::ice {

/// The local addresses to gather host candidates on, best first.
///
/// RFC 8445 s.5.1.1.1 forbids loopback (but see `Config::includeLoopback`), site-local, IPv4-compatible and IPv4-mapped
/// ones. IPv6 link-local addresses need a zone, which addresses do not have here, and are left out as well. Of several
/// IPv6 addresses of one interface within one /64, the first counts: the others are its stable or deprecated doubles, and
/// each would cost a check with each remote candidate for the same way through the network.
///
/// RFC 8421 s.4: IPv6 and IPv4 take turns, IPv6 first, so that neither starves behind the other.
std::vector<IpAddress> gatherableAddresses(const std::vector<NetworkInterface>& interfaces, const Config& config);

/// The local preference of the address at `index` of that list (65535 for the first, RFC 8445 s.5.1.2.1). The room
/// between two of them keeps candidates of one address unique that came from different servers.
constexpr std::uint16_t localPreference(std::size_t index, std::size_t server = 0) {
  auto below = (index < 200 ? index : 200) * 256 + (server < 255 ? server : 255);
  return static_cast<std::uint16_t>(65535 - below);
}

}  // namespace parley::ice
