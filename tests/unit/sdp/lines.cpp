#include "samples.hpp"
#include "sdp/parse.hpp"
#include "sdp/write.hpp"

#include "support/catch.hpp"

using namespace parley::sdp;
using namespace parley::sdp::test;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("RFC 8866's example is read into its fields and written as it was") {
  auto tree = parse(rfc8866Example);
  if (!tree) FAIL(tree.error().toString());
  CHECK(tree->version == 0);
  CHECK(tree->origin == Origin{"jdoe", 3724394400, 3724394405, {"IN", "IP4", "198.51.100.1"}});
  CHECK(tree->sessionName == "Call to John Smith");
  CHECK(tree->information == "SDP Offer #1");
  CHECK(tree->uri == "http://www.jdoe.example.com/home.html");
  CHECK(tree->emails == std::vector<std::string>{"Jane Doe <jane@jdoe.example.com>"});
  CHECK(tree->phones == std::vector<std::string>{"+1 617 555-6011"});
  CHECK(tree->connection == Connection{"IN", "IP4", "198.51.100.1"});
  CHECK(tree->timings == std::vector<Timing>{Timing{0, 0, {}, std::nullopt}});
  REQUIRE(tree->media.size() == 3);
  CHECK(tree->media[0].kind == "audio");
  CHECK(tree->media[0].port == 49170);
  CHECK(tree->media[2].protocol == "RTP/AVP");
  CHECK(tree->media[2].formats == std::vector<std::string>{"99"});
  CHECK(tree->media[2].connections == std::vector<Connection>{{"IN", "IP6", "2001:db8::2"}});
  CHECK(tree->media[2].attributes == std::vector<Attribute>{Rtpmap{99, "h263-1998", 90000, ""}});
  CHECK(write(*tree) == rfc8866Example);
}

TEST_CASE("RFC 9429's offer-B1 is written as it was") {
  auto tree = parse(rfc9429OfferB1);
  if (!tree) FAIL(tree.error().toString());
  CHECK(write(*tree) == rfc9429OfferB1);
  REQUIRE(tree->media.size() == 2);
  CHECK(tree->media[0].isRtp());
  CHECK_FALSE(tree->media[0].isSctp());
  CHECK(tree->media[1].isSctp());
  CHECK_FALSE(tree->media[1].isRtp());
}

TEST_CASE("every type of line survives") {
  const std::string text =
      "v=0\r\no=- 1 2 IN IP6 ::1\r\ns= \r\ni=about\r\nu=http://example.com/\r\ne=a@example.com\r\ne=b@example.com\r\n"
      "p=+1 617 555-6011\r\np=+2 617 555-6011\r\nc=IN IP4 233.252.0.1/127\r\nb=CT:128\r\nb=AS:64\r\n"
      "t=3034423619 3042462419\r\nr=604800 3600 0 90000\r\nr=7d 1h 0 25h\r\nz=2882844526 -1h 2898848070 0\r\n"
      "t=0 0\r\nk=prompt\r\na=tool:x\r\n"
      "m=video 49170/2 RTP/AVP 31\r\ni=title\r\nc=IN IP4 233.252.0.1/127\r\nc=IN IP4 233.252.0.2/127\r\n"
      "b=TIAS:50000\r\nk=clear:secret\r\na=recvonly\r\na=unknown\r\n";
  auto tree = parse(text);
  if (!tree) FAIL(tree.error().toString());
  CHECK(write(*tree) == text);
  CHECK(tree->timings.size() == 2);
  CHECK(tree->timings[0].repeats.size() == 2);
  CHECK(tree->media[0].portCount == 2u);
  CHECK(tree->media[0].connections.size() == 2);
  CHECK(parse(write(*tree)) == tree);
}

TEST_CASE("a tree built by hand is written and read back") {
  Description d;
  d.origin.sessionId = 42;
  d.origin.address.address = "127.0.0.1";
  d.attributes = {Group{"BUNDLE", {"0"}}};
  MediaSection m;
  m.kind = "application";
  m.port = 9;
  m.protocol = "UDP/DTLS/SCTP";
  m.formats = {"webrtc-datachannel"};
  m.connections = {Connection{"IN", "IP4", "0.0.0.0"}};
  m.attributes = {Mid{"0"}, SctpPort{5000}};
  d.media = {m};
  CHECK(write(d) ==
        "v=0\r\no=- 42 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sctp-port:5000\r\n");
  CHECK(parse(write(d)) == d);
}

TEST_CASE("leniency: a line may end in LF, and the last one in nothing") {
  auto tree = parse(dataOffer);
  REQUIRE(tree);
  auto unix = replaced(dataOffer, "\r\n", "\n");
  CHECK(parse(unix) == tree);
  unix.pop_back();
  CHECK(parse(unix) == tree);
}

TEST_CASE("leniency: empty lines at the end are not there") {
  CHECK(parse(dataOffer + "\r\n\r\n\n") == parse(dataOffer));
  CHECK(parse(dataOffer).has_value());
}

TEST_CASE("leniency: the session may have an empty name") {
  auto tree = parse(replaced(dataOffer, "s=-", "s="));
  REQUIRE(tree);
  CHECK(tree->sessionName.empty());
  CHECK(parse(write(*tree)) == tree);
}

TEST_CASE("leniency: spaces at the end of a line") {
  CHECK(parse(replaced(dataOffer, "t=0 0", "t=0 0 ")) == parse(dataOffer));
  CHECK(parse(replaced(dataOffer, "webrtc-datachannel", "webrtc-datachannel ")) == parse(dataOffer));
}

TEST_CASE("a broken line is named by its number, its text and the reason") {
  struct Case {
    std::string text;
    std::size_t line;
    std::string shown;
    std::string reason;
  };
  const std::string v = "v=0\r\n", o = "o=- 1 1 IN IP4 0.0.0.0\r\n", s = "s=-\r\n", t = "t=0 0\r\n";
  const std::vector<Case> cases = {
      {"", 0, "", "the description ends before its v= line"},
      {"\r\n", 0, "", "the description ends before its v= line"},
      {v, 1, "v=0", "the description ends before its o= line"},
      {v + o + s, 3, "s=-", "the description ends before its t= line"},
      {"o=- 1 1 IN IP4 0.0.0.0\r\n", 1, "o=- 1 1 IN IP4 0.0.0.0", "the v= line is missing before this one"},
      {v + s, 2, "s=-", "the o= line is missing before this one"},
      {v + o + t, 3, "t=0 0", "the s= line is missing before this one"},
      {v + o + s + "m=audio 9 RTP/AVP 0\r\n", 4, "m=audio 9 RTP/AVP 0", "the t= line is missing before this one"},
      {v + v, 2, "v=0", "there is a second v= line"},
      {v + o + s + s, 4, "s=-", "there is a second s= line"},
      {v + o + s + t + "c=IN IP4 0.0.0.0\r\n", 5, "c=IN IP4 0.0.0.0", "c= stands after t=, it belongs before"},
      {v + o + s + "r=7d 1h 0\r\n", 4, "r=7d 1h 0", "r= does not follow t= or r="},
      {v + o + s + t + "z=0 0\r\n", 5, "z=0 0", "z= does not follow r="},
      {v + o + s + t + "r=7d 1h\r\n", 5, "r=7d 1h", "the offset is missing"},
      {v + o + s + t + "r=7x 1h 0\r\n", 5, "r=7x 1h 0", "the repeat interval is not a time"},
      {v + o + s + t + "r=7d -1h 0\r\n", 5, "r=7d -1h 0", "the active duration is not a time"},
      {v + o + s + t + "k=nothing\r\n", 5, "k=nothing", "the key is none of prompt, clear:, base64: and uri:"},
      {"v=1\r\n", 1, "v=1", "the version is not 0"},
      {"v=\r\n", 1, "v=", "the version is missing"},
      {"v=0 1\r\n", 1, "v=0 1", "there is something left at the end: \"1\""},
      {v + "o=- x 1 IN IP4 0.0.0.0\r\n", 2, "o=- x 1 IN IP4 0.0.0.0", "the session id \"x\" is not a number"},
      {v + "o=- 18446744073709551616 1 IN IP4 0.0.0.0\r\n", 2, "o=- 18446744073709551616 1 IN IP4 0.0.0.0",
       "the session id 18446744073709551616 is larger than 18446744073709551615"},
      {v + "o=- 1 1 IN IP4\r\n", 2, "o=- 1 1 IN IP4", "the address is missing"},
      {v + "o=-  1 1 IN IP4 0.0.0.0\r\n", 2, "o=-  1 1 IN IP4 0.0.0.0", "the session id is missing"},
      {v + o + s + "i=\r\n", 4, "i=", "the information is missing"},
      {v + o + s + "u=\r\n", 4, "u=", "the URI is missing"},
      {v + o + s + "b=AS\r\n", 4, "b=AS", "the bandwidth is missing"},
      {v + o + s + "b=AS:\r\n", 4, "b=AS:", "the bandwidth is missing"},
      {v + o + s + "b=AS:badvalue\r\n", 4, "b=AS:badvalue", "the bandwidth \"badvalue\" is not a number"},
      {v + o + s + "b=AS:12:34\r\n", 4, "b=AS:12:34", "the bandwidth \"12:34\" is not a number"},
      {v + o + s + "t=0\r\n", 4, "t=0", "the stop time is missing"},
      {v + o + "x=1\r\n", 3, "x=1", "the line type \"x\" is unknown"},
      {v + o + "S=-\r\n", 3, "S=-", "the line type \"S\" is unknown"},
      {v + "\r\n" + o, 2, "", "the line is empty"},
      {v + "o\r\n", 2, "o", "the line does not start with a letter and \"=\""},
      {v + "o =-\r\n", 2, "o =-", "the line does not start with a letter and \"=\""},
      {v + std::string("o=- 1 1 IN IP4 a\0b\r\n", 20), 2, "o=- 1 1 IN IP4 a?b", "the line contains a NUL or a lone CR"},
      {v + "o=- 1\r1\r\n", 2, "o=- 1?1", "the line contains a NUL or a lone CR"},
      {withMediaLines("s=-\r\n"), 6, "s=-", "s= belongs to the session, before the first m="},
      {withMediaLines("a=mid:0\r\nc=IN IP4 0.0.0.0\r\n"), 7, "c=IN IP4 0.0.0.0",
       "c= stands after a=, it belongs before"},
      {withMediaLines("i=a\r\ni=b\r\n"), 7, "i=b", "there is a second i= line"},
      {withMediaLines("a=rtcp-mux\r\na=mid:0\r\na=rtcp-mux\r\n"), 8, "a=rtcp-mux",
       "there is a second a=rtcp-mux in the section"},
      {withMediaLines("m=audio\r\n"), 6, "m=audio", "the port is missing"},
      {withMediaLines("m=audio 9\r\n"), 6, "m=audio 9", "the protocol is missing"},
      {withMediaLines("m=audio 9 RTP/AVP\r\n"), 6, "m=audio 9 RTP/AVP", "the format is missing"},
      {withMediaLines("m=audio 70000 RTP/AVP 0\r\n"), 6, "m=audio 70000 RTP/AVP 0",
       "the port 70000 is larger than 65535"},
      {withMediaLines("m=audio 9/0x RTP/AVP 0\r\n"), 6, "m=audio 9/0x RTP/AVP 0",
       "the number of ports \"0x\" is not a number"},
      {withMediaLines("m=audio 9 RTP/AVP 0 badvalue\r\n"), 6, "m=audio 9 RTP/AVP 0 badvalue",
       "the payload type \"badvalue\" is not a number"},
      {withMediaLines("m=audio 9 RTP/AVP 0  8\r\n"), 6, "m=audio 9 RTP/AVP 0  8", "the format is missing"},
      {withMediaLines("a=ice-ufrag:" + std::string(300, 'x') + "\r\n"), 6,
       "a=ice-ufrag:" + std::string(68, 'x') + "...", "a=ice-ufrag: the ufrag has 300 characters, not 4 to 256"},
  };
  for (const auto& one : cases) {
    INFO(one.text);
    auto tree = parse(one.text);
    REQUIRE_FALSE(tree);
    CHECK(tree.error() == ParseError{one.line, one.shown, one.reason});
  }
}

TEST_CASE("an error says all of itself in one line") {
  CHECK(ParseError{7, "a=mid", "a=mid needs a value"}.toString() == "line 7: a=mid needs a value (a=mid)");
}

TEST_CASE("what is too large is refused before it costs memory") {
  auto tree = parse(withSessionLines("a=x:" + std::string(maxDescriptionBytes, 'x')));
  REQUIRE_FALSE(tree);
  CHECK(tree.error().reason.find("bytes, more than 2097152") != std::string::npos);

  std::string lines = withSessionLines("");
  for (std::size_t i = 4; i < maxLines; ++i) lines += "a=x\n";
  CHECK(parse(lines).has_value());
  lines += "a=x\n";
  tree = parse(lines);
  REQUIRE_FALSE(tree);
  CHECK(tree.error().line == maxLines + 1);
  CHECK(tree.error().reason == "there are more than 65536 lines");

  std::string sections = withSessionLines("");
  for (std::size_t i = 0; i < maxMediaSections; ++i) sections += "m=a 0 b c\n";
  CHECK(parse(sections).has_value());
  sections += "m=a 0 b c\n";
  tree = parse(sections);
  REQUIRE_FALSE(tree);
  CHECK(tree.error().reason == "there are more than 1024 media sections");
}

TEST_CASE("every truncation of an offer is a shorter offer or a clear error") {
  for (const auto& offer : {dataOffer, rfc9429OfferB1, rfc8866Example}) {
    for (std::size_t size = 0; size < offer.size(); ++size) {
      auto tree = parse(std::string_view(offer).substr(0, size));
      if (tree) {
        CHECK(parse(write(*tree)) == tree);
      } else {
        CHECK_FALSE(tree.error().reason.empty());
      }
    }
  }
}

TEST_CASE("every byte of an offer may be any other") {
  for (std::size_t at = 0; at < dataOffer.size(); ++at) {
    for (char other : {'\0', '\n', '\r', ' ', ':', '=', '9', 'z', '\x7f', '\xff'}) {
      auto text = dataOffer;
      text[at] = other;
      auto tree = parse(text);
      if (tree && parse(write(*tree)) != tree) FAIL("byte " << at << ": " << text);
    }
  }
}
