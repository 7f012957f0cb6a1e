// What the engine allocates while data flows: nothing for a packet or a chunk. In an executable of its own, for it counts
// all allocations of the process.
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "sctp/native/association.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <deque>
#include <memory>
#include <new>

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

using namespace parley;
using namespace parley::sctp;
using namespace std::chrono_literals;

namespace {

/// Two associations and a path of 10 ms between them. The path keeps its places, so that it allocates nothing either.
struct Flow {
  struct Flying {
    Time at;
    Packet packet;
  };

  base::SeededRandom random{1};
  base::PacketPool pool{8'192};
  std::unique_ptr<sctp::Association> ends[2];
  std::vector<Flying> path[2];  ///< To each end: a ring, so large that it does not fill.
  std::size_t first[2] = {}, last[2] = {};
  std::size_t packets = 0, received = 0, sent = 0;
  std::size_t offered = 0;  ///< Messages made, those that there was no room for included.
  bool up = false, full = false;
  Time now{1s};

  explicit Flow(const Config& config) {
    for (int i = 0; i < 2; ++i) {
      ends[i] = std::make_unique<native::Association>(config, random, pool);
      path[i].resize(8'192);
    }
    for (auto& end : ends) end->connect(now);
  }

  void drain() {
    for (bool more = true; more;) {
      more = false;
      for (int i = 0; i < 2; ++i) {
        while (auto output = ends[i]->poll()) {
          more = true;
          if (auto* transmit = std::get_if<sctp::Association::Transmit>(&*output)) {
            auto& place = path[1 - i][last[1 - i]++ % path[1 - i].size()];
            if (place.packet) FAIL("more packets on the path than it has room for");
            place = Flying{now + 10ms, std::move(transmit->packet)};
            ++packets;
          } else if (std::holds_alternative<sctp::Association::Connected>(*output)) {
            up = true;
          } else if (std::holds_alternative<sctp::Association::Writable>(*output)) {
            full = false;
          }
        }
        while (ends[i]->receive(now)) {
          more = true;
          ++received;
        }
      }
    }
  }

  /// Keeps the sender's buffer full until so many messages have arrived.
  void run(std::size_t size, std::size_t messages) {
    while (received < messages) {
      drain();
      while (up && !full && sent < messages + 10'000) {
        ++offered;
        full = ends[0]->send(1, Ppid::Binary, std::vector<std::uint8_t>(size), {}, now) == SendResult::Full;
        sent += !full;
      }
      drain();
      auto next = std::min(ends[0]->deadline(), ends[1]->deadline());
      for (int i = 0; i < 2; ++i)
        if (first[i] < last[i]) next = std::min(next, path[i][first[i] % path[i].size()].at);
      if (next == never) FAIL("nothing is under way");
      now = std::max(now, next);
      for (int i = 0; i < 2; ++i)
        while (first[i] < last[i] && path[i][first[i] % path[i].size()].at <= now) {
          auto packet = std::move(path[i][first[i]++ % path[i].size()].packet);
          ends[i]->handle(packet.bytes(), now);
        }
      for (auto& end : ends) end->advance(now);
    }
    drain();
  }
};

}  // namespace

TEST_CASE("data that flows costs an allocation for a message at each end, and none for a packet or a chunk") {
  for (bool interleaving : {true, false})
    for (std::size_t size : {100u, 1'000u, 16'384u, 65'536u}) {
      Config config;
      config.interleaving = interleaving;
      const std::size_t bulk = 10'000'000 / size;
      Flow flow(config);
      // Slow start, and everything as large as it gets.
      flow.run(size, bulk);
      const auto allocationsBefore = allocations;
      const auto packetsBefore = flow.packets;
      const auto offeredBefore = flow.offered;
      const auto receivedBefore = flow.received;
      flow.run(size, 2 * bulk);
      const auto made = allocations - allocationsBefore;
      const auto packets = flow.packets - packetsBefore;
      const auto messages = flow.offered - offeredBefore + flow.received - receivedBefore;
      // A message that comes in parts has a node besides its bytes, and may be given less room at first than it needs.
      const auto parts = size > 1'000 ? 3 * (flow.received - receivedBefore) : 0;
      CAPTURE(interleaving, size, made, packets, messages);
      CHECK(packets > 5'000);
      // One allocation in a hundred packets is what growing once more would be.
      CHECK(made <= messages + parts + packets / 100);
    }
}
