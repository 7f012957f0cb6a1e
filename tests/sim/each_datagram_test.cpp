// Each single datagram of the set-up is lost, repeated and delayed in turn: the connection comes up every time.

#include "sim/two_connections.hpp"

using namespace parley;
using namespace parley::sim;

namespace {

enum class Trouble { None, Lost, Twice, Late };

struct Outcome {
  Duration took{};
  std::uint64_t datagrams = 0;  ///< Sent until both were open.
  std::size_t size = 0;         ///< Of the datagram that had the trouble.
  int first = 0;                ///< Its first byte.
};

Outcome setUp(Trouble trouble, std::uint64_t which, Duration limit, const Signalling& signalling) {
  TwoConnections::Options options;
  options.seed = 99;
  options.signalling = signalling;
  TwoConnections pair(options);
  Outcome outcome;
  auto isIt = [&](const Wire& wire) {
    if (wire.number != which) return false;
    outcome.size = wire.bytes.size();
    outcome.first = wire.bytes[0];
    return true;
  };
  if (trouble == Trouble::Lost) pair.world.drop = isIt;
  if (trouble == Trouble::Twice)
    pair.world.copies = [&](const Wire& wire) {
      return isIt(wire) ? std::vector<Duration>{0ms, 5ms} : std::vector<Duration>{};
    };
  if (trouble == Trouble::Late)
    pair.world.hold = [&](const Wire& wire) { return isIt(wire) ? Duration(300ms) : Duration{}; };
  const bool opened = pair.open("chat", limit);
  PARLEY_SHOW(pair);
  INFO("the trouble was with datagram " << which << " of " << outcome.size << " bytes, first byte " << outcome.first);
  REQUIRE(opened);
  outcome.took = pair.world.elapsed();
  outcome.datagrams = pair.world.datagrams();
  REQUIRE(pair.echo("chat"));
  CHECK_FALSE(pair.a.sawErrors());
  CHECK_FALSE(pair.b.sawErrors());
  pair.closeAndCheckThatNothingIsLeft();
  return outcome;
}

void eachInTurn(Trouble trouble, Duration bound) {
  for (const bool trickle : {true, false}) {
    Signalling signalling;
    signalling.trickle = trickle;
    const Outcome clean = setUp(Trouble::None, 0, 1s, signalling);
    Outcome slowest;
    std::uint64_t number = 0;
    for (std::uint64_t i = 1; i <= clean.datagrams; ++i) {
      const Outcome outcome = setUp(trouble, i, clean.took + bound, signalling);
      if (outcome.took <= slowest.took) continue;
      slowest = outcome;
      number = i;
    }
    std::printf("  %s: %u datagrams in %.0f ms; slowest with number %u (%u bytes, first byte %d): %.0f ms\n",
                trickle ? "trickle" : "no trickle", static_cast<unsigned>(clean.datagrams), seconds(clean.took) * 1000,
                static_cast<unsigned>(number), static_cast<unsigned>(slowest.size), slowest.first,
                seconds(slowest.took) * 1000);
  }
}

}  // namespace

// The bounds: one retransmission of the slowest layer, a check of ICE or SCTP's INIT after 500 ms, with what waits
// behind.
TEST_CASE("the connection comes up whichever datagram of its set-up is lost") { eachInTurn(Trouble::Lost, 700ms); }
TEST_CASE("the connection comes up whichever datagram of its set-up arrives twice") {
  eachInTurn(Trouble::Twice, 50ms);
}
TEST_CASE("the connection comes up whichever datagram of its set-up is 300 ms late") {
  eachInTurn(Trouble::Late, 400ms);
}

TEST_CASE("the connection comes up when any two datagrams of its set-up in a row are lost") {
  const Outcome clean = setUp(Trouble::None, 0, 1s, {});
  for (std::uint64_t i = 1; i <= clean.datagrams; ++i) {
    TwoConnections pair;
    pair.world.drop = [i](const Wire& wire) { return wire.number == i || wire.number == i + 1; };
    const bool opened = pair.open("chat", clean.took + 1500ms);
    PARLEY_SHOW(pair);
    INFO("datagrams " << i << " and the next");
    REQUIRE(opened);
  }
}
