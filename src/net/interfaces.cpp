#include "net/interfaces.hpp"

#include "net/address.hpp"

#include <boost/asio/ip/udp.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#if __has_include(<ifaddrs.h>)
#  define PARLEY_HAS_IFADDRS
#  include <ifaddrs.h>
#  include <net/if.h>
#  include <netinet/in.h>
#endif

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::udp;

InterfaceList listDefaultAddresses(asio::io_context& io) {
  InterfaceList list;
  // Connecting a UDP socket sends nothing; it asks the routing table. The addresses are of the ranges for documentation.
  const std::array targets{SocketAddress{IpAddress::v4(192, 0, 2, 1), 9}, SocketAddress{*IpAddress::parse("2001:db8::1"), 9},
                           SocketAddress{IpAddress::v4(127, 0, 0, 1), 9}, SocketAddress{*IpAddress::parse("::1"), 9}};
  for (const auto& target : targets) {
    boost::system::error_code error;
    udp::socket socket(io);
    socket.open(target.ip.isV4() ? udp::v4() : udp::v6(), error);
    if (!error) socket.connect(toAsio(target), error);
    if (error) continue;
    const auto local = socket.local_endpoint(error);
    if (error) continue;
    const IpAddress address = fromAsio(local.address());
    auto known = [&](const NetworkInterface& entry) { return entry.address == address; };
    if (std::none_of(list.interfaces.begin(), list.interfaces.end(), known))
      list.interfaces.push_back({address.isLoopback() ? "loopback" : "default", address, !address.isLoopback()});
  }
  return list;
}

#ifdef PARLEY_HAS_IFADDRS

namespace {

/// IPv6 addresses that cannot be bound yet, or never, because another machine has them. Only Linux' list of addresses has
/// them in it, and only this file of its says so.
std::set<IpAddress> tentativeAddresses() {
  std::set<IpAddress> tentative;
  std::ifstream file("/proc/net/if_inet6");
  std::string digits, index, prefix, scope, name;
  unsigned flags = 0;
  while (file >> digits >> index >> prefix >> scope >> std::hex >> flags >> name) {
    constexpr unsigned ifaFailed = 0x08, ifaTentative = 0x40;  // <linux/if_addr.h>
    if ((flags & (ifaFailed | ifaTentative)) == 0 || digits.size() != 32) continue;
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
      std::from_chars(digits.data() + 2 * i, digits.data() + 2 * i + 2, bytes[i], 16);
    tentative.insert(IpAddress::v6(bytes));
  }
  return tentative;
}

}  // namespace

InterfaceList listInterfaces(asio::io_context& io) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return listDefaultAddresses(io);
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);

  const auto defaults = listDefaultAddresses(io).interfaces;
  const auto isDefault = [&](const IpAddress& address) {
    return std::any_of(defaults.begin(), defaults.end(), [&](const NetworkInterface& entry) {
      return entry.isDefaultRoute && entry.address == address;
    });
  };
  const auto tentative = tentativeAddresses();

  InterfaceList list;
  const auto add = [&](const ifaddrs& entry, const IpAddress& address) {
    list.interfaces.push_back({entry.ifa_name, address, isDefault(address)});
    list.scopes[address] = ::if_nametoindex(entry.ifa_name);
  };
  for (const ifaddrs* entry = first; entry; entry = entry->ifa_next) {
    constexpr unsigned wanted = IFF_UP | IFF_RUNNING;
    if (!entry->ifa_addr || (entry->ifa_flags & wanted) != wanted) continue;
    if (entry->ifa_addr->sa_family == AF_INET) {
      sockaddr_in in;
      std::memcpy(&in, entry->ifa_addr, sizeof in);
      std::array<std::uint8_t, 4> bytes;
      std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
      add(*entry, IpAddress::v4(bytes));
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 in;
      std::memcpy(&in, entry->ifa_addr, sizeof in);
      std::array<std::uint8_t, 16> bytes;
      std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
      const IpAddress address = IpAddress::v6(bytes);
      if (!tentative.contains(address)) add(*entry, address);
    }
  }
  return list;
}

#else

InterfaceList listInterfaces(asio::io_context& io) { return listDefaultAddresses(io); }

#endif

}  // namespace parley::net
