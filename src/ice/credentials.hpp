#pragma once

#include "base/random.hpp"

#include <string>
#include <string_view>

namespace parley::ice {

/// The user name fragment and the password of one side in one generation.
struct Credentials {
  std::string ufrag;
  std::string pwd;

  bool operator==(const Credentials&) const = default;
};

/// RFC 8445 s.5.3 asks for 24 random bits in the ufrag and 128 in the password. A character of the alphabet (ice-char,
/// 64 of them) holds 6 bits: 8 characters are 48 bits (so that ufrags stay unique among the thousands of agents that
/// share one port), 24 are 144.
Credentials makeCredentials(base::Random& random);

/// RFC 8839 s.5.4: 4 to 256 ice-chars (letters, digits, "+", "/").
bool isValidUfrag(std::string_view ufrag);
/// RFC 8839 s.5.4: 22 to 256 ice-chars.
bool isValidPwd(std::string_view pwd);

}  // namespace parley::ice
