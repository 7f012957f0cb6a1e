#include <parley/address.hpp>

#include "support/catch.hpp"

#include <string>
#include <unordered_set>

using namespace parley;

namespace {
IpAddress ip(std::string_view text) {
  INFO(text);
  auto address = IpAddress::parse(text);
  REQUIRE(address);
  return *address;
}
}  // namespace

TEST_CASE("IPv6 text in any form of RFC 4291 s.2.2 is printed in the one of RFC 5952") {
  auto [text, canonical] = GENERATE(table<std::string, std::string>({
      // RFC 4291 s.2.2
      {"ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"},
      {"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
      {"2001:DB8::8:800:200C:417A", "2001:db8::8:800:200c:417a"},
      {"FF01:0:0:0:0:0:0:101", "ff01::101"},
      {"FF01::101", "ff01::101"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"::", "::"},
      {"::13.1.68.3", "::d01:4403"},
      {"0:0:0:0:0:FFFF:129.144.52.38", "::ffff:129.144.52.38"},
      {"::FFFF:129.144.52.38", "::ffff:129.144.52.38"},
      // RFC 5952 s.1 and s.2: all the ways to write one address
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8:0:0:1::1", "2001:db8::1:0:0:1"},
      {"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},
      // RFC 5952 s.4.1: no leading zeros; s.4.2.1: as short as possible
      {"2001:0db8::0001", "2001:db8::1"},
      {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
      // s.4.2.2: one group is not shortened
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      // s.4.2.3: the longest run, and the first of two as long
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      // s.4.3
      {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:AaAa", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"},
      // zeros at both ends
      {"1:0:0:0:0:0:0:0", "1::"},
      {"0:0:1:0:0:0:0:0", "0:0:1::"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
  }));
  INFO(text);
  CHECK(ip(text).isV6());
  CHECK(ip(text).toString() == canonical);
  CHECK(ip(canonical) == ip(text));
}

TEST_CASE("what is not an address is refused") {
  auto text = GENERATE(as<std::string>(), "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.4.", ".1.2.3.4", "1..3.4",
                       "256.1.1.1", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "+1.2.3.4",
                       "0x7f.0.0.1", "1.2.3.1000", "localhost", "a.b.c.d", ":", ":::", "1:::2", "::1::", "1::2::3",
                       "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
                       "1:2:3:4::5:6:7:8", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "12345::", "g::", "::-1", "::+1",
                       "[::1]", "fe80::1%eth0", "::1.2.3", "::1.2.3.256", "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4",
                       "1:2:3:4:5::6:1.2.3.4", "::1.2.3.4:5", "::ffff:01.2.3.4", "::1/64");
  INFO(text);
  CHECK_FALSE(IpAddress::parse(text));
}

TEST_CASE("IPv4 text is printed as it was read") {
  for (auto text : {"0.0.0.0", "1.2.3.4", "255.255.255.255", "192.0.2.1", "10.0.0.10"})
    CHECK(ip(text).toString() == text);
  CHECK(IpAddress() == ip("0.0.0.0"));
  CHECK(IpAddress::v4(192, 0, 2, 1) == ip("192.0.2.1"));
  CHECK(IpAddress::any(IpAddress::Family::V4) == ip("0.0.0.0"));
  CHECK(IpAddress::any(IpAddress::Family::V6) == ip("::"));
  CHECK(IpAddress::any(IpAddress::Family::V4) != IpAddress::any(IpAddress::Family::V6));
}

TEST_CASE("an IPv4-mapped address stays IPv6 until it is unmapped") {
  auto mapped = ip("::ffff:192.0.2.1");
  CHECK(mapped.isV6());
  CHECK(mapped.isV4Mapped());
  CHECK(mapped != ip("192.0.2.1"));
  CHECK(mapped.unmapped() == ip("192.0.2.1"));
  CHECK(ip("2001:db8::1").unmapped() == ip("2001:db8::1"));
  CHECK(ip("192.0.2.1").unmapped() == ip("192.0.2.1"));
  CHECK_FALSE(ip("::fffe:192.0.2.1").isV4Mapped());
  CHECK_FALSE(ip("1::ffff:192.0.2.1").isV4Mapped());
  CHECK(mapped.bytes().size() == 16);
  CHECK(mapped.unmapped().bytes().size() == 4);
}

TEST_CASE("addresses are told apart by their scope") {
  struct Row {
    const char* text;
    bool unspecified, loopback, linkLocal, siteLocal, multicast, v4Compatible, isPrivate;
  };
  auto row = GENERATE(values<Row>({
      //                unspec  loop   link   site   multi  compat private
      {"0.0.0.0", true, false, false, false, false, false, false},
      {"::", true, false, false, false, false, false, false},
      {"127.0.0.1", false, true, false, false, false, false, true},
      {"127.255.255.255", false, true, false, false, false, false, true},
      {"128.0.0.1", false, false, false, false, false, false, false},
      {"::1", false, true, false, false, false, false, true},
      {"::2", false, false, false, false, false, true, false},
      {"1::1", false, false, false, false, false, false, false},
      {"169.254.0.1", false, false, true, false, false, false, true},
      {"169.255.0.1", false, false, false, false, false, false, false},
      {"fe80::1", false, false, true, false, false, false, true},
      {"febf::1", false, false, true, false, false, false, true},
      {"fec0::1", false, false, false, true, false, false, false},
      {"feff::1", false, false, false, true, false, false, false},
      {"224.0.0.1", false, false, false, false, true, false, false},
      {"239.255.255.255", false, false, false, false, true, false, false},
      {"240.0.0.1", false, false, false, false, false, false, false},
      {"ff02::fb", false, false, false, false, true, false, false},
      {"::192.0.2.1", false, false, false, false, false, true, false},
      {"::ffff:192.0.2.1", false, false, false, false, false, false, false},
      {"10.255.255.255", false, false, false, false, false, false, true},
      {"11.0.0.0", false, false, false, false, false, false, false},
      {"172.15.0.1", false, false, false, false, false, false, false},
      {"172.16.0.1", false, false, false, false, false, false, true},
      {"172.31.0.1", false, false, false, false, false, false, true},
      {"172.32.0.1", false, false, false, false, false, false, false},
      {"192.168.1.1", false, false, false, false, false, false, true},
      {"192.169.1.1", false, false, false, false, false, false, false},
      {"fc00::1", false, false, false, false, false, false, true},
      {"fdff::1", false, false, false, false, false, false, true},
      {"2001:db8::1", false, false, false, false, false, false, false},
  }));
  INFO(row.text);
  auto address = ip(row.text);
  CHECK(address.isUnspecified() == row.unspecified);
  CHECK(address.isLoopback() == row.loopback);
  CHECK(address.isLinkLocal() == row.linkLocal);
  CHECK(address.isSiteLocal() == row.siteLocal);
  CHECK(address.isMulticast() == row.multicast);
  CHECK(address.isV4Compatible() == row.v4Compatible);
  CHECK(address.isPrivate() == row.isPrivate);
}

TEST_CASE("a socket address has brackets around IPv6 and nowhere else") {
  for (auto text : {"192.0.2.1:80", "0.0.0.0:0", "[2001:db8::1]:65535", "[::ffff:192.0.2.1]:1"}) {
    INFO(text);
    auto address = SocketAddress::parse(text);
    REQUIRE(address);
    CHECK(address->toString() == text);
  }
  for (auto text : {"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:80 ",
                    "192.0.2.1:8a", "[192.0.2.1]:80", "2001:db8::1:80", "[2001:db8::1]", "[2001:db8::1]80",
                    "[2001:db8::1:80", "[]:80", "[[::1]]:80", ":80", "host:80"}) {
    INFO(text);
    CHECK_FALSE(SocketAddress::parse(text));
  }
}

TEST_CASE("socket addresses are keys of ordered and unordered containers") {
  std::unordered_set<SocketAddress> set;
  for (int host = 0; host < 100; ++host)
    for (int port = 0; port < 10; ++port)
      set.insert({IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(host)), static_cast<std::uint16_t>(port)});
  CHECK(set.size() == 1000);
  CHECK(set.count(*SocketAddress::parse("10.0.0.99:9")) == 1);
  CHECK(set.count(*SocketAddress::parse("10.0.0.99:10")) == 0);
  CHECK(*SocketAddress::parse("10.0.0.1:2") < *SocketAddress::parse("10.0.0.1:3"));
  CHECK(*SocketAddress::parse("10.0.0.1:9") < *SocketAddress::parse("10.0.0.2:3"));
  CHECK(ip("255.255.255.255") < ip("::"));
}
