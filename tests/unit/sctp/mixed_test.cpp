// One engine at each end.
#include "two_ends.hpp"

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

namespace {

TwoAssociations mixed(bool nativeFirst, const Config& config = bigConfig()) {
  auto native = std::make_unique<native::Association>(config, random(), packetPool());
  auto other = std::make_unique<UsrsctpAssociation>(config);
  if (nativeFirst) return TwoAssociations(std::move(native), std::move(other));
  return TwoAssociations(std::move(other), std::move(native));
}

}  // namespace

TEST_CASE("the engines carry messages of all sizes to each other, with and without loss") {
  for (bool nativeFirst : {true, false})
    for (unsigned loss : {0u, 3u}) {
      INFO("native first " << nativeFirst << ", loss " << loss << " %");
      base::SeededRandom luck(loss + 1);
      auto two = mixed(nativeFirst);
      two.drop = [&](bool, std::size_t, base::Bytes) { return luck.below(100) < loss; };
      two.connect();
      REQUIRE(two.run(20s, [&] {
        return two.a.has<Association::Connected>() && two.b.has<Association::Connected>();
      }));
      const std::vector<std::size_t> sizes{1, 1'123, 1'124, 1'136, 65'536, 262'144, 10};
      for (auto size : sizes) {
        REQUIRE(two.a->send(1, Ppid::Binary, pattern(size, size), {}, two.now()) == SendResult::Sent);
        REQUIRE(two.b->send(2, Ppid::String, pattern(size, size + 1), {}, two.now()) == SendResult::Sent);
      }
      REQUIRE(two.run(120s, [&] {
        return two.a.messages.size() == sizes.size() && two.b.messages.size() == sizes.size();
      }));
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        CHECK(two.b.messages[i].bytes == pattern(sizes[i], sizes[i]));
        CHECK(two.a.messages[i].bytes == pattern(sizes[i], sizes[i] + 1));
      }
      two.a->shutdown(two.now());
      two.run(30s);
      CHECK(two.a.has<Association::Closed>());
      CHECK(two.b.has<Association::Closed>());
    }
}

TEST_CASE("the engines give up and reset for each other") {
  for (bool nativeFirst : {true, false}) {
    INFO("native first " << nativeFirst);
    base::SeededRandom luck(5);
    auto two = mixed(nativeFirst);
    connectBoth(two);
    two.drop = [&](bool, std::size_t, base::Bytes) { return luck.below(10) == 0; };
    Reliability once{.ordered = true, .maxRetransmits = 0, .maxPacketLifeTime = {}};
    for (int i = 0; i < 100; ++i) {
      two.a->send(1, Ppid::Binary, pattern(3'000, i), once, two.now());
      two.b->send(1, Ppid::Binary, pattern(3'000, i), once, two.now());
      two.run(50ms);
    }
    two.drop = {};
    two.run(10s);
    for (auto* end : {&two.a, &two.b}) {
      CHECK(end->messages.size() > 30);
      CHECK(end->messages.size() < 100);
      end->messages.clear();
    }
    two.a->resetStreams({1}, two.now());
    two.b->resetStreams({1}, two.now());
    two.run(5s);
    for (auto* end : {&two.a, &two.b}) {
      CHECK(end->all<Association::IncomingStreamsReset>().size() == 1);
      CHECK(end->all<Association::OutgoingStreamsReset>().size() == 1);
    }
    two.a->send(1, Ppid::Binary, pattern(3'000), {}, two.now());
    two.b->send(1, Ppid::Binary, pattern(3'000), {}, two.now());
    two.run(1s);
    CHECK(two.a.messages.size() == 1);
    CHECK(two.b.messages.size() == 1);
  }
}
