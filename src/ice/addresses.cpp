#include "ice/addresses.hpp"

#include <algorithm>

namespace parley::ice {

namespace {

bool isUsable(const IpAddress& ip) {
  if (ip.isUnspecified() || ip.isMulticast() || ip.isSiteLocal() || ip.isV4Compatible() || ip.isV4Mapped())
    return false;
  return !(ip.isV6() && ip.isLinkLocal());
}

/// Public addresses reach farthest, private ones less, link-local ones a link, loopback this machine.
int reach(const IpAddress& ip) {
  if (ip.isLoopback()) return 0;
  if (ip.isLinkLocal()) return 1;
  return ip.isPrivate() ? 2 : 3;
}

bool sameSubnet(const IpAddress& a, const IpAddress& b) {
  return std::equal(a.bytes().begin(), a.bytes().begin() + 8, b.bytes().begin());
}

bool isDouble(const NetworkInterface& candidate, const std::vector<NetworkInterface>& taken) {
  return std::any_of(taken.begin(), taken.end(), [&](const NetworkInterface& other) {
    if (other.address == candidate.address) return true;
    return other.name == candidate.name && other.address.isV6() && candidate.address.isV6() &&
           !candidate.address.isLoopback() && sameSubnet(other.address, candidate.address);
  });
}

}  // namespace

std::vector<IpAddress> gatherableAddresses(const std::vector<NetworkInterface>& interfaces, const Config& config) {
  // RFC 8828 s.5.2, modes 2 and 3. A host that knows of no default route has none, or cannot tell.
  const bool onlyDefault =
      config.addressPolicy != AddressPolicy::All &&
      std::any_of(interfaces.begin(), interfaces.end(), [](const auto& one) { return one.isDefaultRoute; });
  std::vector<NetworkInterface> taken;
  for (const auto& one : interfaces) {
    if (!isUsable(one.address) || isDouble(one, taken)) continue;
    if (config.usesAddress && !config.usesAddress(one.address)) continue;
    if (config.usesInterface && !config.usesInterface(one)) continue;
    if (onlyDefault && !one.isDefaultRoute) continue;
    taken.push_back(one);
  }
  bool onlyLoopback = std::all_of(taken.begin(), taken.end(), [](const auto& one) { return one.address.isLoopback(); });

  std::vector<IpAddress> v6, v4;
  for (const auto& one : taken)
    if (!one.address.isLoopback() || config.includeLoopback || onlyLoopback)
      (one.address.isV6() ? v6 : v4).push_back(one.address);
  auto farther = [](const IpAddress& a, const IpAddress& b) { return reach(a) > reach(b); };
  std::stable_sort(v6.begin(), v6.end(), farther);
  std::stable_sort(v4.begin(), v4.end(), farther);

  std::vector<IpAddress> out;
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) out.push_back(v6[i]);
    if (i < v4.size()) out.push_back(v4[i]);
  }
  if (out.size() > config.maxAddresses) out.resize(config.maxAddresses);
  return out;
}

}  // namespace parley::ice
