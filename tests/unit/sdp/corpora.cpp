#include "corpus.hpp"
#include "sdp/parse.hpp"
#include "sdp/verify.hpp"
#include "sdp/write.hpp"

#include "support/catch.hpp"

#include <map>
#include <set>

using namespace parley::sdp;
using namespace parley::sdp::test;

namespace {

/// Examples of the standards that break a rule which RFC 9429 s.5.8 tells us to hold: the reason that each must get.
/// An entry holds for all files whose names start so.
const std::map<std::string, std::string>& refused() {
  static const std::string early = "the t= line is missing before this one";
  static const std::string nameless = "the s= line is missing before this one";
  static const std::string misplaced = "c= stands after t=, it belongs before";
  static const std::string shortPassword = "a=ice-pwd: the password has 9 characters, not 22 to 256";
  static const std::string twoSpaces = "the session id is missing";
  static const std::map<std::string, std::string> list = {
      // Abbreviated by their authors.
      {"corpus-sdp-transform/mediaclk-avbtp.sdp", nameless},
      {"corpus-sdp-transform/mediaclk-ptp-v2-w-rate.sdp", nameless},
      {"corpus-sdp-transform/mediaclk-ptp-v2.sdp", nameless},
      {"corpus-sdp-transform/mediaclk-rtp.sdp", nameless},
      {"corpus-sdp-transform/onvif.sdp", early},
      {"corpus-sdp-transform/tcp-active.sdp", early},
      {"corpus-sdp-transform/tcp-passive.sdp", early},
      {"rfc5104/02.sdp", early},
      {"rfc5104/03.sdp", early},
      {"rfc5104/04.sdp", early},
      {"rfc5104/05.sdp", early},
      {"rfc5104/06.sdp", early},
      {"rfc5104/07.sdp", early},
      {"rfc5763/", early},
      {"rfc5888/", nameless},
      {"rfc8827/01.sdp", early},
      {"rfc8853-quoted/", "the v= line is missing before this one"},
      {"rfc8859/04.sdp", nameless},
      {"rfc8859/07.sdp", "the format is missing"},
      {"rfc8859/09.sdp", "the port is missing"},
      // Lines in an order that RFC 8866 s.5 does not allow.
      {"corpus-sdp-transform/extmap-encrypt.sdp", misplaced},
      {"corpus-sdp-transform/normal.sdp", misplaced},
      {"corpus-sdp-transform/simulcast.sdp", misplaced},
      {"draft-roach-mmusic-unified-plan-00/", misplaced},
      {"rfc3264/01.sdp", misplaced},
      {"rfc4571/", misplaced},
      {"rfc4585/01.sdp", misplaced},
      {"rfc5104/01.sdp", misplaced},
      {"rfc5109/01.sdp", misplaced},
      // Values that the grammar does not allow.
      {"corpus-libwebrtc/kBundleOnlySdpFullString.sdp", shortPassword},
      {"corpus-libwebrtc/kPlanBSdpFullString.sdp", shortPassword},
      {"corpus-libwebrtc/kSdpFullString.sdp", shortPassword},
      {"corpus-libwebrtc/kSdpString.sdp", shortPassword},
      {"corpus-libwebrtc/kUnifiedPlan", shortPassword},
      {"corpus-sdp-transform/alac.sdp", "a=rtpmap: the clock rate is missing"},
      {"corpus-sdp-transform/invalid.sdp", "the line type \"f\" is unknown"},
      {"corpus-sdp-transform/st2110-20.sdp",
       "a=mid: the identification tag \"secondary;\" contains the character \";\", which is not allowed there"},
      {"rfc8839/02.sdp", "the port \"$NAT-PUB-1.PORT\" is not a number"},
      {"rfc8839/03.sdp", "a=candidate: the port is missing"},
      {"rfc8839/04.sdp", "the port \"$R-PUB-1.PORT\" is not a number"},
      {"rfc8859/10.sdp", "the port 560024 is larger than 65535"},
      {"rtcweb-sdp-11/00_", "there is a second a=ice-options in the section"},
      {"rtcweb-sdp-11/01_", twoSpaces},
      {"rtcweb-sdp-11/03_", twoSpaces},
      {"rtcweb-sdp-11/05_", twoSpaces},
      {"rtcweb-sdp-11/07_", twoSpaces},
      {"rtcweb-sdp-11/09_", twoSpaces},
      {"rtcweb-sdp-11/11_", twoSpaces},
      {"rtcweb-sdp-11/15_", twoSpaces},
      {"rtcweb-sdp-11/18_", "a=candidate: the port 71775 is larger than 65535"},
      {"rtcweb-sdp-11/19_", twoSpaces},
      {"rtcweb-sdp-11/21_", twoSpaces},
      {"rtcweb-sdp-11/23_", twoSpaces},
      {"rtcweb-sdp-11/25_", twoSpaces},
      {"rtcweb-sdp-11/37_", twoSpaces},
      {"rtcweb-sdp-11/39_", twoSpaces},
      {"rtcweb-sdp-11/43_", twoSpaces},
  };
  return list;
}

const std::string* refusalOf(const std::string& name) {
  for (const auto& [prefix, reason] : refused())
    if (name.starts_with(prefix)) return &reason;
  return nullptr;
}

void checkRoundTrip(const std::string& text) {
  auto tree = parse(text);
  if (!tree) FAIL(tree.error().toString());
  auto again = parse(write(*tree));
  if (!again) FAIL("its own text: " + again.error().toString());
  CHECK(*again == *tree);
}

/// One rule of the torture list: what to change in libwebrtc's sample.
struct Torture {
  std::string operation;
  std::string anchor;
  std::string text;
};

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 4, "\\x01") == 0) {
      out += '\x01';
      i += 3;
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      out += text[++i] == 'r' ? '\r' : '\n';
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<Torture> tortures(const std::filesystem::path& file) {
  std::vector<Torture> list;
  std::istringstream lines(readFile(file));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    auto first = line.find('\t');
    auto second = line.find('\t', first + 1);
    list.push_back({line.substr(0, first), unescaped(line.substr(first + 1, second - first - 1)),
                    unescaped(line.substr(second + 1))});
  }
  return list;
}

std::string tortured(std::string text, const Torture& torture) {
  bool insert = torture.operation == "insert_after";
  auto replacement = insert ? torture.anchor + torture.text : torture.text;
  for (std::size_t at = 0; (at = text.find(torture.anchor, at)) != std::string::npos; at += replacement.size())
    text.replace(at, torture.anchor.size(), replacement);
  return text;
}

/// What libwebrtc refuses and RFC 9429 does not ask to refuse: an escape of an unprintable character is a URI
/// (RFC 3986 s.2.1), any number of SSRCs is a group (RFC 5576 s.4.2), an unknown extension of a candidate may have any
/// value (RFC 8839 s.5.1), and md5 is a hash function (RFC 8122 s.5; DTLS does not choose it).
const std::set<std::string>& tolerated() {
  static const std::set<std::string> list = {
      "a=extmap:1 http://example.com/%0a\r\n",
      "a=extmap:1 http://example.com/%0d\r\n",
      "a=extmap:1 http://example.com/%1f\r\n",
      "a=extmap:1 http://example.com/%7f\r\n",
      "a=fingerprint:md5 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B",
      "a=ssrc-group:FEC 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35",
      "rport 2346 generation badvalue",
  };
  return list;
}

}  // namespace

TEST_CASE("every description of a real stack parses, prints back to an equal tree, and is fit for WebRTC") {
  if (!std::filesystem::exists(standards())) {
    WARN("NOT TESTED: there is no folder " << standards());
    return;
  }
  auto files = descriptionsBelow(standards() / "sdp");
  REQUIRE(files.size() >= 187);
  for (const auto& file : files) {
    INFO(file.filename().string());
    auto text = readFile(file);
    checkRoundTrip(text);
    auto wrong = verify(*parse(text));
    CHECK((wrong ? wrong->reason : "") == "");
  }
}

TEST_CASE("every example of the standards parses and prints back to an equal tree, or is refused for its known fault") {
  if (!std::filesystem::exists(standards())) {
    WARN("NOT TESTED: there is no folder " << standards());
    return;
  }
  auto folder = standards() / "vectors" / "sdp";
  auto files = descriptionsBelow(folder);
  REQUIRE(files.size() >= 198);
  for (const auto& file : files) {
    auto name = std::filesystem::relative(file, folder).generic_string();
    INFO(name);
    auto text = readFile(file);
    if (const auto* reason = refusalOf(name)) {
      auto tree = parse(text);
      REQUIRE_FALSE(tree);
      CHECK(tree.error().reason == *reason);
    } else {
      checkRoundTrip(text);
    }
  }
}

TEST_CASE("what libwebrtc's torture list breaks is refused, but for what the RFCs allow") {
  if (!std::filesystem::exists(standards())) {
    WARN("NOT TESTED: there is no folder " << standards());
    return;
  }
  auto folder = standards() / "vectors" / "sdp";
  // The sample's credentials are shorter than RFC 8839 s.5.4 allows.
  auto sample = readFile(folder / "corpus-libwebrtc" / "kSdpFullString.sdp");
  for (const char* name : {"pwd_voice", "pwd_video"})
    sample = tortured(sample, {"replace", name, std::string(name) + "_long_enough_for_22"});
  checkRoundTrip(sample);
  auto list = tortures(folder / "torture_libwebrtc.txt");
  REQUIRE(list.size() >= 40);
  for (const auto& torture : list) {
    INFO(torture.operation << ' ' << torture.anchor << " -> " << torture.text);
    auto text = tortured(sample, torture);
    REQUIRE(text != sample);
    CHECK(parse(text).has_value() == tolerated().contains(torture.text));
  }
}
