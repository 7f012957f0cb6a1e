#pragma once

#include <boost/asio/io_context.hpp>
#include <parley/io.hpp>

#include <cstdint>
#include <map>
#include <vector>

namespace parley::net {

struct InterfaceList {
  std::vector<NetworkInterface> interfaces;
  /// The index of the interface that has the address: link-local IPv6 addresses need it as their zone, multicast too.
  std::map<IpAddress, std::uint32_t> scopes;
};

/// The addresses of the interfaces that are up and running, loopback too. Not those of IPv6 that cannot be used yet
/// because the system still looks whether they are taken (duplicate address detection, RFC 4862 s.5.4).
InterfaceList listInterfaces(boost::asio::io_context& io);

/// The same without asking the system for its interfaces: the addresses that it would send from, which are those of the
/// default routes, and those of loopback.
InterfaceList listDefaultAddresses(boost::asio::io_context& io);

}  // namespace parley::net
