#include "ice/candidate.hpp"
#include "support/check.hpp"

#include <cstdint>
#include <string_view>

// A candidate line that parses is written, and what was written parses to the same.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley::ice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  isMdnsName(text);
  const auto candidate = parseCandidate(text);
  if (!candidate) return 0;
  const auto again = parseCandidate(toString(*candidate));
  FUZZ_CHECK(again);
  FUZZ_CHECK(*again == *candidate);
  return 0;
}
