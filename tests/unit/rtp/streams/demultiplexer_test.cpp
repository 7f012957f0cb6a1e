#include "rtp/demultiplexer.hpp"
#include "support/catch.hpp"

#include <optional>

using namespace parley::rtp;
using Section = std::optional<Demultiplexer::Section>;

namespace {

Demultiplexer twoSections() {
  Demultiplexer demux;
  demux.configure({{1, "a", {111, 0}, {1000}}, {2, "v", {96, 97, 0}, {2000, 2001}}});
  return demux;
}

}  // namespace

TEST_CASE("a MID names the section, and its packets without MID follow") {
  auto demux = twoSections();
  CHECK(demux.route(77, 96, 1, "v") == Section(2));
  CHECK(demux.route(77, 97, 2, "") == Section(2));
}

TEST_CASE("a MID that no section has is nobody's, whatever the payload type") {
  auto demux = twoSections();
  CHECK(demux.route(77, 96, 1, "x") == Section());
}

TEST_CASE("announced SSRCs are known at once, payload types only if one section has them") {
  auto demux = twoSections();
  CHECK(demux.route(2001, 97, 1, "") == Section(2));
  CHECK(demux.route(500, 111, 1, "") == Section(1));
  CHECK(demux.route(501, 0, 1, "") == Section());
}

TEST_CASE("an SSRC does not move with its payload type, and what its section does not take is dropped") {
  auto demux = twoSections();
  CHECK(demux.route(500, 111, 1, "") == Section(1));
  CHECK(demux.route(500, 96, 2, "") == Section());
  CHECK(demux.route(500, 111, 3, "") == Section(1));
}

TEST_CASE("a late packet does not take back what a newer MID said") {
  auto demux = twoSections();
  CHECK(demux.route(500, 0, 10, "v") == Section(2));
  CHECK(demux.route(500, 0, 9, "a") == Section(2));
  CHECK(demux.route(500, 0, 11, "a") == Section(1));
}

TEST_CASE("SDES tells the section of what comes later, but packets know better") {
  auto demux = twoSections();
  demux.learn(500, "v");
  CHECK(demux.route(500, 0, 1, "") == Section(2));
  demux.route(500, 0, 2, "a");
  demux.learn(500, "v");
  CHECK(demux.route(500, 0, 3, "") == Section(1));
}

TEST_CASE("another description keeps what was learned of sections that stay") {
  auto demux = twoSections();
  demux.route(500, 96, 1, "v");
  demux.route(501, 111, 1, "a");
  demux.configure({{2, "v", {96}, {}}});
  CHECK(demux.find(500) == Section(2));
  CHECK(demux.find(501) == Section());
  CHECK(demux.find(2000) == Section());
}

TEST_CASE("a source that ended may begin again without its MID, and makes room for others") {
  auto demux = twoSections();
  CHECK(demux.route(500, 0, 1, "v") == Section(2));
  demux.end(500);
  CHECK(demux.route(500, 0, 2, "") == Section(2));
  for (std::uint32_t i = 0; demux.learned() < Demultiplexer::maxLearned; ++i) demux.route(100'000 + i, 96, 1, "v");
  demux.route(7, 96, 1, "v");
  CHECK(demux.find(7) == Section());
  demux.end(100'000);
  demux.route(7, 96, 1, "v");
  CHECK(demux.find(7) == Section(2));
  CHECK(demux.find(100'000) == Section());
  CHECK(demux.find(500) == Section(2));
}

TEST_CASE("a peer with endless SSRCs costs bounded memory") {
  auto demux = twoSections();
  for (std::uint32_t i = 0; i < 5000; ++i) CHECK(demux.route(100'000 + i, 96, 1, "v") == Section(2));
  CHECK(demux.learned() <= Demultiplexer::maxLearned);
}
