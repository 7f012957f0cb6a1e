#pragma once

#include <boost/asio/io_context.hpp>
#include <parley/io.hpp>

#include <cstdint>
#include <map>
#include <vector>

namespace parley::net {

struct InterfaceList {
  std::vector<NetworkInterface> interfaces;
  /// Indices of the interfaces that have link-local IPv6 addresses: a socket on one of them needs its zone.
  std::map<IpAddress, std::uint32_t> scopes;
};

/// The addresses of the interfaces that are up and running, loopback too.
InterfaceList listInterfaces(boost::asio::io_context& io);

/// The same without asking the system for its interfaces: the addresses that it would send from, and those of loopback.
InterfaceList listDefaultAddresses(boost::asio::io_context& io);

}  // namespace parley::net
