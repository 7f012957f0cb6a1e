#include "net/interfaces.hpp"

#include <support/catch.hpp>

#include <algorithm>

using namespace parley;

namespace {
bool has(const net::InterfaceList& list, const IpAddress& address) {
  return std::any_of(list.interfaces.begin(), list.interfaces.end(),
                     [&](const NetworkInterface& entry) { return entry.address == address; });
}
}  // namespace

TEST_CASE("the loopback address is among the interfaces, under its name") {
  boost::asio::io_context io;
  const auto list = net::listInterfaces(io);
  REQUIRE(has(list, IpAddress::v4(127, 0, 0, 1)));
  for (const auto& entry : list.interfaces) CHECK(!entry.name.empty());
}

TEST_CASE("link-local addresses of IPv6 come with the index of their interface") {
  boost::asio::io_context io;
  const auto list = net::listInterfaces(io);
  for (const auto& entry : list.interfaces)
    if (entry.address.isV6() && entry.address.isLinkLocal()) CHECK(list.scopes.at(entry.address) > 0);
}

TEST_CASE("without a list of interfaces the routing table names the addresses") {
  boost::asio::io_context io;
  const auto list = net::listDefaultAddresses(io);
  REQUIRE(has(list, IpAddress::v4(127, 0, 0, 1)));
  const auto all = net::listInterfaces(io);
  for (const auto& entry : list.interfaces) CHECK(has(all, entry.address));
}
