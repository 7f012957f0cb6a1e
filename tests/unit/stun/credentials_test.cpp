#include "stun/credentials.hpp"

#include "base/bytes.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::stun;
using namespace std::string_view_literals;

TEST_CASE("the example key of RFC 8489 s.9.2.2") {
  CHECK(base::toHex(longTermKeyMd5("user", "realm", "pass")) == "8493fbc53ba582fb4c044c456bdc40eb");
}

TEST_CASE("quotes and trailing nulls are no part of a key") {
  CHECK(longTermKeyMd5("user\0"sv, "\"realm\"", "pass\0\0"sv) == longTermKeyMd5("user", "realm", "pass"));
  CHECK(longTermKeySha256("\"user\"", "realm\0"sv, "pass") == longTermKeySha256("user", "realm", "pass"));
  CHECK(longTermKeyMd5("user", "realm", "\"pass\"") != longTermKeyMd5("user", "realm", "pass"));
  CHECK(longTermKeyMd5("", "\"", "\0"sv) == longTermKeyMd5("", "\"", ""));
}

TEST_CASE("the nonce cookie tells the server's security features") {
  auto none = securityFeatures("obMatJos2AAAAnonce");
  REQUIRE(none);
  CHECK_FALSE(none->passwordAlgorithms);
  CHECK_FALSE(none->usernameAnonymity);
  // 0x800000, 0x400000 and 0xc00000 in base64
  CHECK(securityFeatures("obMatJos2gAAA")->passwordAlgorithms);
  CHECK_FALSE(securityFeatures("obMatJos2gAAA")->usernameAnonymity);
  CHECK(securityFeatures("obMatJos2QAAA")->usernameAnonymity);
  CHECK_FALSE(securityFeatures("obMatJos2QAAA")->passwordAlgorithms);
  CHECK(securityFeatures("obMatJos2wAAA")->passwordAlgorithms);
  CHECK(securityFeatures("obMatJos2wAAA")->usernameAnonymity);
}

TEST_CASE("a nonce without a cookie says nothing") {
  for (auto nonce :
       {"", "f//499k954d6OL34oL9FSTvy64sA", "obMatJos2", "obMatJos2AAA", "obMatJos2AA=A", "obmatjos2AAAA"}) {
    INFO(nonce);
    CHECK_FALSE(securityFeatures(nonce));
  }
}
