#include "net/interfaces.hpp"

#include "net/address.hpp"

#include <boost/asio/ip/udp.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

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
      list.interfaces.push_back({address.isLoopback() ? "loopback" : "default", address});
  }
  return list;
}

#ifdef PARLEY_HAS_IFADDRS

InterfaceList listInterfaces(asio::io_context& io) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return listDefaultAddresses(io);
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);

  InterfaceList list;
  for (const ifaddrs* entry = first; entry; entry = entry->ifa_next) {
    constexpr unsigned wanted = IFF_UP | IFF_RUNNING;
    if (!entry->ifa_addr || (entry->ifa_flags & wanted) != wanted) continue;
    if (entry->ifa_addr->sa_family == AF_INET) {
      sockaddr_in in;
      std::memcpy(&in, entry->ifa_addr, sizeof in);
      std::array<std::uint8_t, 4> bytes;
      std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
      list.interfaces.push_back({entry->ifa_name, IpAddress::v4(bytes)});
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 in;
      std::memcpy(&in, entry->ifa_addr, sizeof in);
      std::array<std::uint8_t, 16> bytes;
      std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
      const IpAddress address = IpAddress::v6(bytes);
      list.interfaces.push_back({entry->ifa_name, address});
      if (address.isLinkLocal()) list.scopes[address] = in.sin6_scope_id;
    }
  }
  return list;
}

#else

InterfaceList listInterfaces(asio::io_context& io) { return listDefaultAddresses(io); }

#endif

}  // namespace parley::net
