#include "ice/candidate.hpp"

#include "ice/credentials.hpp"
#include "ice/priority.hpp"
#include "support/catch.hpp"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace parley;
using namespace parley::ice;

TEST_CASE("A host candidate parses with each of its prefixes and prints as candidate:") {
  const std::string bare = "1 1 udp 2130706431 192.0.2.1 50000 typ host";
  for (const auto& line : {bare, "candidate:" + bare, "a=candidate:" + bare, "a=candidate:" + bare + "\r\n"}) {
    auto candidate = parseCandidate(line);
    REQUIRE(candidate);
    CHECK(candidate->foundation == "1");
    CHECK(candidate->component == 1);
    CHECK(candidate->isUdp());
    CHECK(candidate->priority == 2130706431);
    CHECK(candidate->socketAddress() == SocketAddress{IpAddress::v4(192, 0, 2, 1), 50000});
    CHECK(candidate->type == CandidateType::Host);
    CHECK(toString(*candidate) == "candidate:" + bare);
  }
}

TEST_CASE("Candidates of other stacks parse and print back to an equal candidate") {
  // RFC 8839 s.5.1's example, then what Chromium, Firefox, libnice, Pion and werift write.
  auto line = GENERATE(
      "2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
      "3484986221 1 udp 2122129151 10.77.0.1 54535 typ host generation 0 ufrag 3881 network-id 1 network-cost 50",
      "842163049 1 udp 1677729535 203.0.113.9 4000 typ srflx raddr 0.0.0.0 rport 0 generation 0 network-cost 999",
      "0 1 UDP 2122187007 fd77::1 50641 typ host", "3 1 TCP 2105524479 10.77.0.1 9 typ host tcptype active",
      "1 2 UDP 92216830 2001:db8::7 49203 typ relay raddr 198.51.100.1 rport 51096",
      "7 1 udp 2113937151 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host generation 0",
      "5 1 sctp 1 host.example.com 9 typ prflx raddr :: rport 9", "6 1 udp 1 192.0.2.1 7 typ host x-empty");
  auto candidate = parseCandidate(line);
  REQUIRE(candidate);
  auto again = parseCandidate(toString(*candidate));
  REQUIRE(again);
  CHECK(*again == *candidate);
}

TEST_CASE("What cannot be used is kept, and said to be of no use") {
  CHECK_FALSE(parseCandidate("1 1 udp 1 abc.local 9 typ host")->socketAddress());
  CHECK_FALSE(parseCandidate("1 1 tcp 1 192.0.2.1 9 typ host tcptype passive")->isUdp());
  CHECK(parseCandidate("1 1 tcp 1 192.0.2.1 9 typ host tcptype passive")->tcpType == "passive");
  auto candidate = parseCandidate("1 1 udp 1 192.0.2.1 9 typ host generation 3 ufrag abcd network-id 1");
  CHECK(candidate->ufrag() == "abcd");
  CHECK(candidate->extension("generation") == "3");
  CHECK(candidate->extensions.size() == 3);
  CHECK_FALSE(candidate->extension("network-cost"));
}

TEST_CASE("A malformed candidate is refused with a reason") {
  auto line = GENERATE("", "candidate:", "a=candidate:1", "1 1 udp 1 192.0.2.1", "1 1 udp 1 192.0.2.1 9",
                       "1 1 udp 1 192.0.2.1 9 typ", "1 1 udp 1 192.0.2.1 9 typ what", "1 1 udp 1 192.0.2.1 9 type host",
                       "1 0 udp 1 192.0.2.1 9 typ host", "1 257 udp 1 192.0.2.1 9 typ host",
                       "1 x udp 1 192.0.2.1 9 typ host", "1 1 udp 4294967296 192.0.2.1 9 typ host",
                       "1 1 udp -1 192.0.2.1 9 typ host", "1 1 udp 1 192.0.2.1 65536 typ host",
                       "1 1 udp 1 192.0.2.1 9 typ srflx raddr 192.0.2.2 rport 99999", "!? 1 udp 1 192.0.2.1 9 typ host",
                       "123456789012345678901234567890123 1 udp 1 192.0.2.1 9 typ host",
                       "1 1 udp 1 192.0.2.1 9 typ host x \x01");
  auto candidate = parseCandidate(line);
  REQUIRE_FALSE(candidate);
  CHECK_FALSE(candidate.error().empty());
}

TEST_CASE("Candidates in the collected descriptions parse and print back") {
  std::filesystem::path folder = std::filesystem::path(PARLEY_STANDARDS) / "sdp";
  if (!std::filesystem::exists(folder)) {
    WARN("not run: there is no " << folder);
    return;
  }
  std::size_t found = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(file.path());
    INFO(file.path());
    REQUIRE(in);
    for (std::string line; std::getline(in, line);) {
      if (line.rfind("a=candidate:", 0) != 0) continue;
      INFO(line);
      auto candidate = parseCandidate(line);
      REQUIRE(candidate);
      CHECK(*parseCandidate(toString(*candidate)) == *candidate);
      ++found;
    }
  }
  CHECK(found > 50);
}

TEST_CASE("Priorities follow the formulas of RFC 8445") {
  CHECK(candidatePriority(CandidateType::Host, 65535) == 2130706431);
  CHECK(candidatePriority(CandidateType::Relayed, 0) == 255);
  CHECK(typePreference(CandidateType::PeerReflexive) > typePreference(CandidateType::ServerReflexive));
  Candidate base;
  base.priority = candidatePriority(CandidateType::Host, 65535);
  CHECK(checkPriority(base) == candidatePriority(CandidateType::PeerReflexive, 65535));
  CHECK(pairPriority(5, 9) == (std::uint64_t{5} << 32) + 18);
  CHECK(pairPriority(9, 5) == (std::uint64_t{5} << 32) + 19);
  CHECK(pairPriority(7, 7) == (std::uint64_t{7} << 32) + 14);
}

TEST_CASE("Credentials have the length and the alphabet that RFC 8839 asks for") {
  base::SeededRandom random(7);
  auto one = makeCredentials(random), other = makeCredentials(random);
  CHECK(isValidUfrag(one.ufrag));
  CHECK(isValidPwd(one.pwd));
  CHECK(one.ufrag.size() <= 32);
  CHECK_FALSE(one == other);
  CHECK(isValidUfrag("abc+"));
  CHECK(isValidUfrag(std::string(256, 'a')));
  CHECK_FALSE(isValidUfrag("abc"));
  CHECK_FALSE(isValidUfrag(std::string(257, 'a')));
  CHECK_FALSE(isValidUfrag("ab:cd"));
  CHECK(isValidPwd(std::string(22, '/')));
  CHECK_FALSE(isValidPwd(std::string(21, '/')));
  CHECK_FALSE(isValidPwd(std::string(22, '-')));
}
