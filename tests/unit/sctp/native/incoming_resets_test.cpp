#include "sctp/native/incoming_resets.hpp"

#include "base/packet_pool.hpp"
#include "sctp/wire/packet_view.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::native;
using wire::ReconfigResult;
using wire::RequestNumber;

namespace {

struct Fixture {
  base::PacketPool pool;
  IncomingResets resets;
  wire::UnwrappedTsn cumulative = wire::UnwrappedTsn::first({1'000});
  std::vector<std::uint8_t> block;  ///< What the last request borrows.

  Fixture() { resets.start({500}, 16); }

  std::optional<IncomingResets::Reset> outgoing(std::uint32_t number, std::uint32_t lastTsn,
                                                std::vector<std::uint16_t> streams) {
    wire::TlvBlock request;
    wire::addOutgoingSsnReset(request, {number}, {0}, {lastTsn}, streams);
    return give(request);
  }
  std::optional<IncomingResets::Reset> give(const wire::TlvBlock& request) {
    block.assign(request.bytes().begin(), request.bytes().end());
    wire::TlvReader reader(block);
    return resets.handle(*wire::parseReconfigParameter(*reader.next()), cumulative);
  }
  /// The answers that are sent now.
  std::vector<std::pair<std::uint32_t, ReconfigResult>> answers() {
    std::vector<std::pair<std::uint32_t, ReconfigResult>> found;
    if (!resets.due()) return found;
    wire::PacketBuilder builder(pool, {}, 1'000);
    REQUIRE(resets.fill(builder));
    const auto packet = builder.finish(wire::PacketBuilder::Checksum::Crc32c);
    auto chunks = wire::PacketView::parse(packet.bytes(), wire::ZeroChecksum::Refused)->chunks();
    while (auto chunk = chunks.next()) {
      wire::TlvReader reader(wire::ReConfig::parse(*chunk)->parameters);
      while (auto parameter = reader.next()) {
        const auto response = std::get<wire::ReconfigResponse>(*wire::parseReconfigParameter(*parameter));
        found.push_back({response.request.value, response.result});
      }
    }
    return found;
  }
};

using Answers = std::vector<std::pair<std::uint32_t, ReconfigResult>>;

}  // namespace

TEST_CASE("a reset is made at once if all before it has come") {
  Fixture f;
  const auto reset = f.outgoing(500, 1'000, {3, 4});
  REQUIRE(reset);
  CHECK(reset->streams == std::vector<std::uint16_t>{3, 4});
  CHECK(f.answers() == Answers{{500, ReconfigResult::Performed}});
  CHECK_FALSE(f.resets.due());
  CHECK(f.resets.lastSeen() == RequestNumber{500});
}

TEST_CASE("a reset waits for what was sent before it, and is answered again then") {
  Fixture f;
  CHECK_FALSE(f.outgoing(500, 1'005, {3}));
  CHECK(f.answers() == Answers{{500, ReconfigResult::InProgress}});
  CHECK(f.resets.blocked(3, f.cumulative + 6));
  CHECK_FALSE(f.resets.blocked(3, f.cumulative + 5));
  CHECK_FALSE(f.resets.blocked(4, f.cumulative + 6));
  CHECK_FALSE(f.resets.progressed(f.cumulative + 4));
  const auto reset = f.resets.progressed(f.cumulative + 5);
  REQUIRE(reset);
  CHECK(reset->streams == std::vector<std::uint16_t>{3});
  CHECK(f.answers() == Answers{{500, ReconfigResult::Performed}});
  CHECK_FALSE(f.resets.progressed(f.cumulative + 9));
  CHECK_FALSE(f.resets.blocked(3, f.cumulative + 6));
}

TEST_CASE("a request that is repeated is answered with what became of it, and not performed again") {
  Fixture f;
  CHECK_FALSE(f.outgoing(500, 1'005, {3}));
  f.answers();
  CHECK_FALSE(f.outgoing(500, 1'005, {3}));
  CHECK(f.answers() == Answers{{500, ReconfigResult::InProgress}});
  CHECK(f.resets.progressed(f.cumulative + 5));
  f.answers();
  f.cumulative = f.cumulative + 5;
  CHECK_FALSE(f.outgoing(500, 1'005, {3}));
  CHECK(f.answers() == Answers{{500, ReconfigResult::Performed}});
}

TEST_CASE("who asks for the same under a new number, told that it is in progress, gets one reset") {
  Fixture f;
  SECTION("before it is done") {
    CHECK_FALSE(f.outgoing(500, 1'005, {3}));
    CHECK_FALSE(f.outgoing(501, 1'005, {3}));
    CHECK(f.answers() == Answers{{500, ReconfigResult::InProgress}, {501, ReconfigResult::InProgress}});
    CHECK(f.resets.progressed(f.cumulative + 5));
    CHECK(f.answers() == Answers{{501, ReconfigResult::Performed}});
  }
  SECTION("after it is done") {
    CHECK_FALSE(f.outgoing(500, 1'005, {3}));
    CHECK(f.resets.progressed(f.cumulative + 5));
    f.answers();
    f.cumulative = f.cumulative + 5;
    CHECK_FALSE(f.outgoing(501, 1'005, {3}));
    CHECK(f.answers() == Answers{{501, ReconfigResult::Performed}});
  }
}

TEST_CASE("a stream that is reset twice is reset twice, though nothing was sent between") {
  Fixture f;
  CHECK(f.outgoing(500, 1'000, {3}));
  CHECK(f.outgoing(501, 1'000, {3}));
  CHECK(f.answers() == Answers{{500, ReconfigResult::Performed}, {501, ReconfigResult::Performed}});
}

TEST_CASE("another reset has to wait for the one in progress") {
  Fixture f;
  CHECK_FALSE(f.outgoing(500, 1'005, {3}));
  f.answers();
  CHECK_FALSE(f.outgoing(501, 1'005, {4}));
  CHECK(f.answers() == Answers{{501, ReconfigResult::RequestInProgress}});
}

TEST_CASE("a request out of sequence is refused") {
  Fixture f;
  CHECK_FALSE(f.outgoing(501, 1'000, {3}));
  CHECK(f.answers() == Answers{{501, ReconfigResult::BadSequenceNumber}});
  CHECK_FALSE(f.outgoing(499, 1'000, {3}));
  CHECK(f.answers() == Answers{{499, ReconfigResult::BadSequenceNumber}});
  CHECK(f.outgoing(500, 1'000, {3}));
}

TEST_CASE("no stream named means all; only streams that do not exist mean none") {
  Fixture f;
  const auto all = f.outgoing(500, 1'000, {});
  REQUIRE(all);
  CHECK(all->streams.empty());
  CHECK_FALSE(f.outgoing(501, 1'000, {16, 99}));
  CHECK(f.answers() == Answers{{500, ReconfigResult::Performed}, {501, ReconfigResult::NothingToDo}});
  const auto some = f.outgoing(502, 1'000, {99, 15});
  REQUIRE(some);
  CHECK(some->streams == std::vector<std::uint16_t>{15});
}

TEST_CASE("the peer may add streams, and may not reset ours or the TSN") {
  Fixture f;
  wire::TlvBlock add, addIn, incoming;
  wire::addAddStreams(add, {{500}, true, 100});
  wire::addAddStreams(addIn, {{501}, false, 1});
  const std::vector<std::uint16_t> streams{1};
  wire::addIncomingSsnReset(incoming, {502}, streams);
  CHECK_FALSE(f.give(add));
  CHECK(f.resets.streams() == 116);
  CHECK_FALSE(f.give(add));
  CHECK(f.resets.streams() == 116);
  CHECK_FALSE(f.give(addIn));
  CHECK_FALSE(f.give(incoming));
  CHECK(f.answers() == Answers{{500, ReconfigResult::Performed},
                               {501, ReconfigResult::Denied},
                               {502, ReconfigResult::Denied}});
  wire::TlvBlock tooMany, reset;
  wire::addAddStreams(tooMany, {{503}, true, 65'535});
  CHECK_FALSE(f.give(tooMany));
  CHECK(f.resets.streams() == 116);
  reset.add(static_cast<std::uint16_t>(wire::ParameterType::SsnTsnReset), std::vector<std::uint8_t>{0, 0, 1, 248});
  CHECK_FALSE(f.give(reset));
  CHECK(f.answers() == Answers{{503, ReconfigResult::Denied}, {504, ReconfigResult::Denied}});
}

TEST_CASE("more requests in one go than answers are kept are answered when they are repeated") {
  Fixture f;
  for (std::uint32_t i = 0; i < 10; ++i) f.outgoing(500 + i, 1'000, {1});
  CHECK(f.answers().size() == 4);
  CHECK_FALSE(f.outgoing(509, 1'000, {1}));
  CHECK(f.answers() == Answers{{509, ReconfigResult::Performed}});
}
