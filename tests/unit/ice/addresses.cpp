#include "ice/addresses.hpp"

#include "network.hpp"

using namespace parley;
using namespace parley::ice;
using namespace parley::ice::test;

namespace {

std::vector<std::string> gathered(const std::vector<std::pair<std::string, std::string>>& interfaces,
                                  const Config& config = Config()) {
  std::vector<NetworkInterface> list;
  for (const auto& [name, address] : interfaces) list.push_back({name, ip(address)});
  std::vector<std::string> out;
  for (const auto& address : gatherableAddresses(list, config)) out.push_back(address.toString());
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("Addresses that RFC 8445 forbids are not gathered") {
  CHECK(gathered({{"lo", "127.0.0.1"}, {"lo", "::1"}, {"eth0", "10.0.0.1"}, {"eth0", "fec0::1"}, {"eth0", "fe80::1"},
                  {"eth0", "::192.0.2.1"}, {"eth0", "::ffff:192.0.2.1"}, {"eth0", "0.0.0.0"}, {"eth0", "224.0.0.1"}}) ==
        Texts{"10.0.0.1"});
}

TEST_CASE("Loopback is gathered if it is all there is, or if it is wanted") {
  CHECK(gathered({{"lo", "127.0.0.1"}, {"lo", "::1"}}) == Texts{"::1", "127.0.0.1"});
  Config config;
  config.includeLoopback = true;
  CHECK(gathered({{"lo", "127.0.0.1"}, {"eth0", "10.0.0.1"}}, config) == Texts{"10.0.0.1", "127.0.0.1"});
  config.usesAddress = [](const IpAddress& address) { return address.isLoopback(); };
  CHECK(gathered({{"lo", "127.0.0.1"}, {"eth0", "10.0.0.1"}}, config) == Texts{"127.0.0.1"});
}

TEST_CASE("IPv6 and IPv4 take turns, public addresses first") {
  CHECK(gathered({{"eth0", "10.0.0.1"}, {"eth1", "192.0.2.1"}, {"eth0", "fd00::1"}, {"eth1", "2001:db8::1"}}) ==
        Texts{"2001:db8::1", "192.0.2.1", "fd00::1", "10.0.0.1"});
}

TEST_CASE("Of the IPv6 addresses of one interface in one network the first counts") {
  CHECK(gathered({{"eth0", "2001:db8::1"}, {"eth0", "2001:db8::2"}, {"eth0", "2001:db8:0:1::1"}, {"eth1", "2001:db8::3"},
                  {"eth1", "2001:db8::3"}}) == Texts{"2001:db8::1", "2001:db8:0:1::1", "2001:db8::3"});
}

TEST_CASE("The number of addresses is bounded, and local preferences stay unique") {
  Config config;
  config.maxAddresses = 3;
  CHECK(gathered({{"a", "192.0.2.1"}, {"b", "192.0.2.2"}, {"c", "192.0.2.3"}, {"d", "192.0.2.4"}}, config).size() == 3);
  CHECK(localPreference(0) == 65535);
  CHECK(localPreference(0, 255) > localPreference(1, 0));
}
