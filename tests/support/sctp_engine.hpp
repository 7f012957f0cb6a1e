#pragma once

#include <parley/configuration.hpp>

#include <cstdlib>
#include <string_view>

namespace parley::test {

/// Which SCTP engine a test that is about none of them runs with: PARLEY_SCTP_ENGINE is "usrsctp" or "native". CTest
/// runs such tests with each.
inline SctpEngine sctpEngine() {
  const char* name = std::getenv("PARLEY_SCTP_ENGINE");
  return name && std::string_view(name) == "usrsctp" ? SctpEngine::Usrsctp : SctpEngine::Native;
}

}  // namespace parley::test
