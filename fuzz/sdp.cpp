#include "sdp/parse.hpp"
#include "sdp/query.hpp"
#include "sdp/verify.hpp"
#include "sdp/write.hpp"
#include "support/check.hpp"

#include <cstdint>
#include <string_view>

using namespace parley::sdp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto tree = parse({reinterpret_cast<const char*>(data), size});
  if (!tree) {
    FUZZ_CHECK(!tree.error().reason.empty());
    return 0;
  }
  auto text = write(*tree);
  auto again = parse(text);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(*again == *tree);
  FUZZ_CHECK(write(*again) == text);

  verify(*tree);
  for (std::size_t i = 0; i < tree->media.size(); ++i) {
    FUZZ_CHECK(transportSection(*tree, i) < tree->media.size());
    const auto* setup = findInherited<Setup>(*tree, tree->media[i]);
    FUZZ_CHECK(setup || !has<Setup>(tree->attributes));
  }
  return 0;
}
