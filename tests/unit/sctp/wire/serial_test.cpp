#include "sctp/wire/serial.hpp"

#include "support/catch.hpp"

using namespace parley::sctp::wire;

TEST_CASE("sequence numbers are ordered across the wrap-around") {
  CHECK(Tsn{0xfffffffe}.before(Tsn{1}));
  CHECK(Tsn{1}.after(Tsn{0xfffffffe}));
  CHECK(Tsn{1}.aheadOf(Tsn{0xffffffff}) == 2);
  CHECK(Tsn{0xffffffff}.next() == Tsn{0});
  CHECK(Tsn{0} - 1 == Tsn{0xffffffff});
  CHECK(Ssn{65535}.before(Ssn{0}));
  CHECK(Ssn{65535}.next() == Ssn{0});
  CHECK(Ssn{0}.aheadOf(Ssn{65535}) == 1);
  CHECK_FALSE(Ssn{5}.before(Ssn{5}));
  CHECK_FALSE(Ssn{5}.after(Ssn{5}));
}

TEST_CASE("of two numbers half a turn apart each is behind the other") {
  CHECK(Tsn{0}.before(Tsn{0x80000000}));
  CHECK(Tsn{0x80000000}.before(Tsn{0}));
}

TEST_CASE("an unwrapped number goes on where the wire starts again") {
  const auto first = UnwrappedTsn::first(Tsn{0xfffffff0});
  const auto later = first.nearest(Tsn{0x10});
  CHECK(first < later);
  CHECK(later.aheadOf(first) == 0x20);
  CHECK(later.wrapped() == Tsn{0x10});
  CHECK(later.nearest(Tsn{0xfffffff0}) == first);
}

TEST_CASE("what is a little older than the first number is before it") {
  const auto first = UnwrappedTsn::first(Tsn{0});
  const auto older = first.nearest(Tsn{0xffffffff});
  CHECK(older < first);
  CHECK(older.next() == first);
  CHECK(older.wrapped() == Tsn{0xffffffff});
  CHECK(UnwrappedSsn::first(Ssn{0}).nearest(Ssn{65000}) < UnwrappedSsn::first(Ssn{0}));
}
