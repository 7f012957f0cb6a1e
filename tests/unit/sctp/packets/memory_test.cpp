#include "network.hpp"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED

TEST_CASE("an idle association takes at most 4 KiB") {
  constexpr std::size_t pairs = 100;
  Config config;
  config.streams = 65'535;
  base::PacketPool pool(4);
  base::SeededRandom random(1);
  Time now{1s};
  std::vector<std::unique_ptr<native::Association>> ends;
  ends.reserve(2 * pairs + 2);
  const auto addPair = [&] {
    auto& a = ends.emplace_back(std::make_unique<native::Association>(config, random, pool));
    auto& b = ends.emplace_back(std::make_unique<native::Association>(config, random, pool));
    a->connect(now);
    b->connect(now);
    bool up[2] = {false, false};
    for (int round = 0; round < 20; ++round) {
      for (int side = 0; side < 2; ++side) {
        while (auto output = (side == 0 ? a : b)->poll()) {
          if (auto* transmit = std::get_if<Association::Transmit>(&*output))
            (side == 0 ? b : a)->handle(transmit->packet.bytes(), now);
          up[side] = up[side] || std::holds_alternative<Association::Connected>(*output);
        }
      }
    }
    REQUIRE(up[0]);
    REQUIRE(up[1]);
  };
  const auto inUse = [] {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  addPair();  // The pool's packets, and what the cryptographic library keeps.
  const auto before = inUse();
  for (std::size_t i = 0; i < pairs; ++i) addPair();
  const auto each = (inUse() - before) / (2 * pairs);
  WARN("an idle association takes " << each << " bytes, of which " << sizeof(native::Association) << " itself");
  CHECK(each <= 4'096);
}

#endif
#endif
