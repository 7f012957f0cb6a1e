#include "sctp/native/cookie.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::sctp::native;

namespace {

Cookie someCookie() {
  Cookie cookie;
  cookie.madeAt = Time(Duration(0x0123'4567'89AB'CDEF));
  cookie.local = {0x1111'1111, {0x2222'2222}};
  cookie.peer.tag = 0x3333'3333;
  cookie.peer.window = 0x4444'4444;
  cookie.peer.outboundStreams = 0x5555;
  cookie.peer.inboundStreams = 0x6666;
  cookie.peer.initialTsn = {0x7777'7777};
  cookie.peer.forwardTsn = cookie.peer.interleaving = cookie.peer.takesZeroChecksum = true;
  cookie.tieTags = {0x8888'8888, 0x9999'9999};
  return cookie;
}

}  // namespace

TEST_CASE("a cookie comes back as it was sealed") {
  base::SeededRandom random(1);
  CookieJar jar(random);
  auto cookie = someCookie();
  auto opened = jar.open(jar.seal(cookie));
  REQUIRE(opened);
  CHECK(opened->madeAt == cookie.madeAt);
  CHECK(opened->local.tag == cookie.local.tag);
  CHECK(opened->local.initialTsn == cookie.local.initialTsn);
  CHECK(opened->peer.tag == cookie.peer.tag);
  CHECK(opened->peer.window == cookie.peer.window);
  CHECK(opened->peer.outboundStreams == cookie.peer.outboundStreams);
  CHECK(opened->peer.inboundStreams == cookie.peer.inboundStreams);
  CHECK(opened->peer.initialTsn == cookie.peer.initialTsn);
  CHECK(opened->peer.forwardTsn);
  CHECK_FALSE(opened->peer.iForwardTsn);
  CHECK_FALSE(opened->peer.reConfig);
  CHECK(opened->peer.interleaving);
  CHECK(opened->peer.takesZeroChecksum);
  CHECK(opened->tieTags == cookie.tieTags);
}

TEST_CASE("a cookie of which any bit was changed, or that is shorter or longer, is not ours") {
  base::SeededRandom random(2);
  CookieJar jar(random);
  const auto sealed = jar.seal(someCookie());
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    auto changed = sealed;
    changed[i / 8] ^= static_cast<std::uint8_t>(1u << i % 8);
    CHECK_FALSE(jar.open(changed));
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) CHECK_FALSE(jar.open(base::Bytes(sealed).first(size)));
  auto longer = sealed;
  longer.push_back(0);
  CHECK_FALSE(jar.open(longer));
}

TEST_CASE("a cookie of another jar is not ours") {
  base::SeededRandom random(3);
  CookieJar one(random), other(random);
  CHECK_FALSE(other.open(one.seal(someCookie())));
}
