#include "sctp/usrsctp_association.hpp"

#include "base/machine.hpp"
#include "two_ends.hpp"

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

static_assert(base::Machine<UsrsctpAssociation>);
static_assert(base::Machine<DataChannels>);

TEST_CASE("both ends connect at once and come up in two round trips") {
  auto two = twoAssociations();
  two.connect();
  bool up = two.run(1s, [&] { return two.a.has<Association::Connected>() && two.b.has<Association::Connected>(); });
  REQUIRE(up);
  CHECK(two.now() - Time{1s} <= 4 * two.delay);
  auto connected = two.a.all<Association::Connected>();
  REQUIRE(connected.size() == 1);
  CHECK(connected[0].inboundStreams == 256);
  CHECK(connected[0].outboundStreams == 256);
}
