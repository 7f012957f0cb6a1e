// The end, in every state and inside every handler.

#include "sim/two_connections.hpp"

#include <set>

using namespace parley;
using namespace parley::sim;

namespace {

enum class Way { Close, Destroy };

void end(End& side, Way way) {
  if (way == Way::Close)
    side.close();
  else
    side.destroy();
}

/// A life with everything in it: set-up, two channels, messages, one channel closed from each side, a restart.
void live(TwoConnections& pair) {
  auto& world = pair.world;
  pair.a.createChannel("chat");
  pair.a.createChannel("bulk");
  const Time start = world.now();
  auto whenUp = [&pair](auto action) {
    return [&pair, action] {
      if (pair.a.exists() && pair.b.exists() && pair.bothOpen("chat")) action();
    };
  };
  auto send = [](End& end, const std::string& label, std::size_t size) {
    auto& channel = *end.channel(label).channel;
    if (channel.readyState() != DataChannelState::Open) return;
    channel.bufferedAmountLowThreshold(10'000);
    channel.send(std::vector<std::uint8_t>(size, 'x'));
  };
  world.at(start + 400ms, whenUp([&pair, send] {
             send(pair.a, "bulk", 200'000);
             send(pair.b, "chat", 20'000);
           }));
  world.at(start + 450ms, whenUp([&pair] { pair.a.channel("bulk").channel->close(); }));
  world.at(start + 800ms, whenUp([&pair] { pair.b.createChannel("late"); }));
  world.at(start + 900ms, whenUp([&pair] {
             if (pair.a.has("late")) pair.a.channel("late").channel->close();
           }));
  world.at(start + 1000ms, whenUp([&pair] { pair.b.pc().restartIce(); }));
  world.runFor(2s);
}

/// What must hold after one side has ended: the other one notices if it was told, nothing crashes, nothing stays.
void finish(TwoConnections& pair) {
  pair.a.onEvent = pair.b.onEvent = nullptr;
  pair.closeAndCheckThatNothingIsLeft();
}

std::set<std::string> eventsOfALife(bool ofA) {
  TwoConnections pair;
  live(pair);
  PARLEY_SHOW(pair);
  const End& end = ofA ? pair.a : pair.b;
  CHECK_FALSE(end.sawErrors());
  std::set<std::string> names{"message", "bufferedamountlow " + std::string(ofA ? "bulk" : "chat")};
  for (const auto& event : end.events())
    if (event.text.find("received") != 0)
      names.insert(event.text.find(' ') == std::string::npos ? event.text + " " : event.text);
  finish(pair);
  return names;
}

void endsInsideEachHandler(bool ofA, Way way) {
  const auto names = eventsOfALife(ofA);
  CHECK(names.size() > 20);
  for (const auto& name : names) {
    TwoConnections pair;
    End& side = ofA ? pair.a : pair.b;
    bool ended = false;
    side.onEvent = [&](const std::string& event) {
      if (event != name || ended) return;
      ended = true;
      end(side, way);
    };
    live(pair);
    PARLEY_SHOW(pair);
    INFO("in " << name);
    CHECK(ended);
    finish(pair);
  }
}

}  // namespace

TEST_CASE("a connection may be closed inside each of the offerer's handlers") {
  endsInsideEachHandler(true, Way::Close);
}
TEST_CASE("a connection may be closed inside each of the answerer's handlers") {
  endsInsideEachHandler(false, Way::Close);
}
TEST_CASE("a connection may be destroyed inside each of the offerer's handlers") {
  endsInsideEachHandler(true, Way::Destroy);
}
TEST_CASE("a connection may be destroyed inside each of the answerer's handlers") {
  endsInsideEachHandler(false, Way::Destroy);
}

TEST_CASE("each channel may be closed inside each of its handlers") {
  for (const bool ofA : {true, false})
    for (const auto& name : eventsOfALife(ofA)) {
      TwoConnections pair;
      End& side = ofA ? pair.a : pair.b;
      side.onEvent = [&](const std::string& event) {
        if (event != name) return;
        for (const char* label : {"chat", "bulk", "late"})
          if (side.has(label)) side.channel(label).channel->close();
      };
      live(pair);
      PARLEY_SHOW(pair);
      INFO("in " << name);
      finish(pair);
    }
}

TEST_CASE("either side may close or be destroyed at any datagram of a connection's life") {
  std::uint64_t datagrams = 0, setUp = 0;
  {
    TwoConnections pair;
    pair.world.trace = [&](const Wire& wire) {
      if (!pair.bothOpen("chat")) setUp = wire.number;
    };
    live(pair);
    datagrams = pair.world.datagrams();
    finish(pair);
  }
  std::printf("  %u datagrams, %u of them before both were open\n", static_cast<unsigned>(datagrams),
              static_cast<unsigned>(setUp));
  CHECK(setUp > 10);
  int told = 0;
  // All of the set-up, and some of the hundreds that follow.
  for (std::uint64_t number = 1; number <= datagrams; number += number <= setUp + 5 ? 1 : 17)
    for (const bool ofA : {true, false}) {
      TwoConnections pair;
      End& side = ofA ? pair.a : pair.b;
      End& other = ofA ? pair.b : pair.a;
      bool wasOpen = false;
      pair.world.trace = [&](const Wire& wire) {
        if (wire.number != number) return;
        pair.world.at(pair.world.now(), [&] {
          wasOpen = pair.bothOpen("chat");
          end(side, number % 2 ? Way::Close : Way::Destroy);
        });
      };
      live(pair);
      PARLEY_SHOW(pair);
      INFO("at datagram " << number);
      if (wasOpen) {
        // It said goodbye, so the other one does not have to wait for consent to expire.
        ++told;
        CHECK(other.channel("chat").closed == 1);
        CHECK(other.count("dtls closed") == 1);
      }
      pair.world.trace = nullptr;
      finish(pair);
    }
  CHECK(told > 10);
}

TEST_CASE("a connection may end in each state before there is a network") {
  for (const Way way : {Way::Close, Way::Destroy}) {
    {  // new
      TwoConnections pair;
      end(pair.a, way);
      finish(pair);
    }
    {  // new, with a channel
      TwoConnections pair;
      pair.a.createChannel("chat");
      end(pair.a, way);
      finish(pair);
    }
    {  // have-local-offer, gathering: nobody answers
      TwoConnections::Options options;
      options.signalling.delay = 1000s;
      TwoConnections pair(options);
      pair.a.createChannel("chat");
      REQUIRE(pair.world.runUntil([&] { return pair.a.pc().signalingState() == SignalingState::HaveLocalOffer; }, 1s));
      end(pair.a, way);
      finish(pair);
    }
    {  // have-local-offer, gathered
      TwoConnections::Options options;
      options.signalling.delay = 1000s;
      TwoConnections pair(options);
      pair.a.createChannel("chat");
      pair.world.runFor(5s);
      REQUIRE(pair.a.pc().iceGatheringState() == IceGatheringState::Complete);
      end(pair.a, way);
      finish(pair);
    }
    {  // checking, with nobody there
      TwoConnections pair;
      pair.hostA.setOffline(true);
      pair.a.createChannel("chat");
      REQUIRE(
          pair.world.runUntil([&] { return pair.b.pc().iceConnectionState() == IceConnectionState::Checking; }, 1s));
      pair.world.runFor(1s);
      end(pair.a, way);
      end(pair.b, way);
      finish(pair);
    }
  }
}

TEST_CASE("closing says goodbye in one round and later calls say that it is closed") {
  TwoConnections pair;
  REQUIRE(pair.open("chat"));
  pair.a.close();
  const bool told = pair.world.runUntil([&] { return pair.b.channel("chat").closed == 1; }, 100ms);
  PARLEY_SHOW(pair);
  CHECK(told);
  CHECK(pair.a.pc().signalingState() == SignalingState::Closed);
  CHECK(pair.a.pc().connectionState() == PeerConnectionState::Closed);
  CHECK(pair.a.channel("chat").channel->readyState() == DataChannelState::Closed);
  CHECK_THROWS_AS(pair.a.pc().createDataChannel("more"), Error);
  CHECK_THROWS_AS(pair.a.channel("chat").channel->send("more"), Error);
  pair.a.close();  // nothing more
  finish(pair);
}

TEST_CASE("what was sent before a channel is closed arrives and then both sides close") {
  for (const bool byA : {true, false})
    for (const double loss : {0.0, 0.1}) {
      TwoConnections::Options options;
      options.link.loss = loss;
      TwoConnections pair(options);
      REQUIRE(pair.open("chat", 10s));
      End& sender = byA ? pair.a : pair.b;
      End& receiver = byA ? pair.b : pair.a;
      for (std::uint32_t i = 0; i < 20; ++i) sender.channel("chat").channel->send(pattern(i, 20'000));
      sender.channel("chat").channel->close();
      CHECK(sender.channel("chat").channel->readyState() == DataChannelState::Closing);
      const bool closed = pair.world.runUntil(
          [&] { return sender.channel("chat").closed == 1 && receiver.channel("chat").closed == 1; }, 120s);
      PARLEY_SHOW(pair);
      CHECK(closed);
      CHECK(receiver.channel("chat").messages.size() == 20);
      CHECK(receiver.channel("chat").closing == 1);
      CHECK(sender.channel("chat").errors.empty());
      CHECK(receiver.channel("chat").errors.empty());
      // The stream can be used again.
      pair.a.createChannel("again");
      REQUIRE(pair.world.runUntil([&] { return pair.bothOpen("again"); }, 10s));
      CHECK(pair.a.channel("again").channel->id().value() == pair.a.channel("chat").channel->id().value());
      REQUIRE(pair.echo("again"));
      pair.closeAndCheckThatNothingIsLeft();
    }
}

TEST_CASE("a thousand channels open and close one after the other on few streams") {
  TwoConnections pair;
  REQUIRE(pair.open("base"));
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> labels;
    for (int i = 0; i < 50; ++i) {
      labels.push_back(std::to_string(round) + "/" + std::to_string(i));
      (i % 2 ? pair.a : pair.b).createChannel(labels.back());
    }
    const bool opened = pair.world.runUntil(
        [&] {
          for (const auto& label : labels)
            if (!pair.bothOpen(label)) return false;
          return true;
        },
        10s);
    INFO("round " << round);
    REQUIRE(opened);
    for (const auto& label : labels) (label.size() % 2 ? pair.a : pair.b).channel(label).channel->close();
    const bool closed = pair.world.runUntil(
        [&] {
          for (const auto& label : labels)
            if (!pair.a.channel(label).closed || !pair.b.channel(label).closed) return false;
          return true;
        },
        20s);
    REQUIRE(closed);
  }
  pair.closeAndCheckThatNothingIsLeft();
}
