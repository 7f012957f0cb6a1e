#include "sctp/dcep.hpp"

#include "support/check.hpp"

using namespace parley;
using namespace parley::sctp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto message = dcep::parse({data, size});
  if (!message) return 0;
  auto written = dcep::write(*message);
  auto again = dcep::parse(written);
  FUZZ_CHECK(again);
  FUZZ_CHECK(*again == *message);
  FUZZ_CHECK(written.size() <= size);
  return 0;
}
