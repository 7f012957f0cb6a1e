#include "samples.hpp"
#include "sdp/parse.hpp"
#include "sdp/parse_attribute.hpp"
#include "sdp/write.hpp"

#include "support/catch.hpp"

using namespace parley::sdp;
using namespace parley::sdp::test;

namespace {

struct Good {
  Level level;
  std::string text;
  Attribute tree;
  std::string written = {};  // If it is written otherwise than it was read.
};

const std::string hash32 =
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";

std::vector<std::uint8_t> octets(std::size_t n) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < n; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}

constexpr auto session = Level::Session;
constexpr auto media = Level::Media;

const std::vector<Good>& goodAttributes() {
  static const std::vector<Good> list = {
      // RFC 5888, RFC 9143
      {session, "group:BUNDLE 0 1", Group{"BUNDLE", {"0", "1"}}},
      {session, "group:LS", Group{"LS", {}}},
      {session, "group:BUNDLE ", Group{"BUNDLE", {}}, "group:BUNDLE"},
      {media, "mid:audio-1", Mid{"audio-1"}},
      {media, "mid:{a|b}", Mid{"{a|b}"}},
      {media, "bundle-only", BundleOnly{}},
      // RFC 8839, RFC 8840
      {media, "ice-ufrag:8hhY", IceUfrag{"8hhY"}},
      {session, "ice-ufrag:" + std::string(256, 'x'), IceUfrag{std::string(256, 'x')}},
      {media, "ice-ufrag:ufrag_v-1=#", IceUfrag{"ufrag_v-1=#"}},
      {media, "ice-pwd:asd88fgpdd777uzjYhagZg", IcePwd{"asd88fgpdd777uzjYhagZg"}},
      {session, "ice-options:ice2 rtp+ecn", IceOptions{{"ice2", "rtp+ecn"}}},
      {media, "ice-options:ice2,trickle", IceOptions{{"ice2", "trickle"}}, "ice-options:ice2 trickle"},
      {media, "ice-options:google-ice", IceOptions{{"google-ice"}}},
      {session, "ice-lite", IceLite{}},
      {session, "ice-pacing:50", IcePacing{50}},
      {media, "candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
       CandidateAttribute{"2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998"}},
      {media, "candidate:1 1 tcp 2105524479 fe80::1 9 typ host tcptype passive generation 0 ufrag abcd network-cost 10",
       CandidateAttribute{
           "1 1 tcp 2105524479 fe80::1 9 typ host tcptype passive generation 0 ufrag abcd network-cost 10"}},
      {media, "candidate:1 1 udp 2122262783 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 5000 typ host",
       CandidateAttribute{"1 1 udp 2122262783 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 5000 typ host"}},
      {media, "end-of-candidates", EndOfCandidates{}},
      {session, "end-of-candidates", EndOfCandidates{}},
      {media, "remote-candidates:1 192.0.2.3 45664 2 192.0.2.3 45665",
       RemoteCandidates{{{1, "192.0.2.3", 45664}, {2, "192.0.2.3", 45665}}}},
      // RFC 8122, RFC 4145, RFC 8842, RFC 8827, RFC 4568
      {media, "fingerprint:sha-256 " + hash32, Fingerprint{"sha-256", octets(32)}},
      {session, "fingerprint:SHA-1 00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13",
       Fingerprint{"sha-1", octets(20)},
       "fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13"},
      {media, "fingerprint:sha3-256 AB:CD", Fingerprint{"sha3-256", {0xab, 0xcd}}},
      {media, "setup:actpass", Setup{Setup::Role::Actpass}},
      {media, "setup:active", Setup{Setup::Role::Active}},
      {session, "setup:passive", Setup{Setup::Role::Passive}},
      {media, "setup:holdconn", Setup{Setup::Role::Holdconn}},
      {media, "setup:ACTIVE", Setup{Setup::Role::Active}, "setup:active"},
      {media, "tls-id:abc3de65cddef001be82", TlsId{"abc3de65cddef001be82"}},
      {session, "identity:eyJpZHAiOns= a=b", Identity{"eyJpZHAiOns= a=b"}},
      {media, "crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:32",
       Crypto{"1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:32"}},
      // RFC 8841, draft-hancke-tsvwg-snap
      {media, "sctp-port:5000", SctpPort{5000}},
      {media, "sctp-port:0", SctpPort{0}},
      {media, "max-message-size:262144", MaxMessageSize{262144}},
      {media, "max-message-size:0", MaxMessageSize{0}},
      {media, "max-message-size:18446744073709551615", MaxMessageSize{UINT64_MAX}},
      {media, "sctpmap:5000 webrtc-datachannel 65535", SctpMap{5000, "webrtc-datachannel", 65535}},
      {media, "sctpmap:5000 webrtc-datachannel", SctpMap{5000, "webrtc-datachannel", std::nullopt}},
      {media, "sctp-init:AQAAHg==", SctpInit{{1, 0, 0, 0x1e}}},
      {media, "sctp-init:AQAA", SctpInit{{1, 0, 0}}},
      {media, "sctp-init:AQA=", SctpInit{{1, 0}}},
      // RFC 8866 s.6
      {media, "sendrecv", Direction::SendRecv},
      {session, "sendonly", Direction::SendOnly},
      {media, "recvonly", Direction::RecvOnly},
      {media, "inactive", Direction::Inactive},
      {media, "rtpmap:111 opus/48000/2", Rtpmap{111, "opus", 48000, "2"}},
      {media, "rtpmap:98 L16/16000", Rtpmap{98, "L16", 16000, ""}},
      {media, "rtpmap:9 G722/8000/1", Rtpmap{9, "G722", 8000, "1"}},
      {media, "fmtp:111 minptime=10;useinbandfec=1", Fmtp{"111", "minptime=10;useinbandfec=1"}},
      {media, "fmtp:101 0-15", Fmtp{"101", "0-15"}},
      {media, "ptime:20", Ptime{20}},
      {media, "ptime:2.5", Ptime{2.5}},
      {media, "maxptime:120", MaxPtime{120}},
      {media, "framerate:29.97", Framerate{29.97}},
      {media, "imageattr:97 send [x=[480:16:800],y=[320:16:640],par=[1.2-1.3]] recv *",
       Imageattr{"97 send [x=[480:16:800],y=[320:16:640],par=[1.2-1.3]] recv *"}},
      // RTP
      {media, "rtcp-fb:96 nack pli", RtcpFb{96, "nack", "pli"}},
      {media, "rtcp-fb:* ccm fir", RtcpFb{std::nullopt, "ccm", "fir"}},
      {media, "rtcp-fb:98 trr-int 100", RtcpFb{98, "trr-int", "100"}},
      {media, "rtcp-fb:96 nack ", RtcpFb{96, "nack", ""}, "rtcp-fb:96 nack"},
      {media, "rtcp-fb:96 transport-cc", RtcpFb{96, "transport-cc", ""}},
      {media, "rtcp:53020", Rtcp{53020, std::nullopt}},
      {media, "rtcp:53020 IN IP6 2001:DB8::1", Rtcp{53020, Connection{"IN", "IP6", "2001:DB8::1"}}},
      {media, "rtcp-mux", RtcpMux{}},
      {media, "rtcp-mux-only", RtcpMuxOnly{}},
      {media, "rtcp-rsize", RtcpRsize{}},
      {media, "rtcp-rsize ", RtcpRsize{}, "rtcp-rsize"},
      {media, "extmap:2/sendrecv http://example.com/082005/ext.htm#xmeta short",
       Extmap{2, Direction::SendRecv, "http://example.com/082005/ext.htm#xmeta", "short"}},
      {session, "extmap:4096 URI-gps-string", Extmap{4096, std::nullopt, "URI-gps-string", ""}},
      {media, "extmap:3/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level",
       Extmap{3, Direction::RecvOnly, "urn:ietf:params:rtp-hdrext:csrc-audio-level", ""}},
      {session, "extmap-allow-mixed", ExtmapAllowMixed{}},
      {media, "msid:examplefoo examplebar", Msid{"examplefoo", "examplebar"}},
      {media, "msid:-", Msid{"-", ""}},
      {media, "msid:{5a990edd-0568} {8f0ba7cf}", Msid{"{5a990edd-0568}", "{8f0ba7cf}"}},
      {session, "msid-semantic: WMS", MsidSemantic{"WMS", {}}},
      {session, "msid-semantic:WMS *", MsidSemantic{"WMS", {"*"}}, "msid-semantic: WMS *"},
      {session, "msid-semantic: WMS ", MsidSemantic{"WMS", {}}, "msid-semantic: WMS"},
      {media, "ssrc:314159 cname:user@example.com", Ssrc{314159, "cname", "user@example.com"}},
      {media, "ssrc:4294967295 msid:stream track", Ssrc{4294967295u, "msid", "stream track"}},
      {media, "ssrc:1 flag", Ssrc{1, "flag", std::nullopt}},
      {media, "ssrc-group:FID 1183589954 3668536303", SsrcGroup{"FID", {1183589954u, 3668536303u}}},
      {media, "rid:1 send pt=97,98;max-width=1280;max-height=720",
       Rid{"1", Rid::Direction::Send, {"97", "98"}, {{"max-width", "1280"}, {"max-height", "720"}}}},
      {media, "rid:hi-res_0 recv max-br=64000;depend=a,b;max-fps",
       Rid{"hi-res_0", Rid::Direction::Recv, {}, {{"max-br", "64000"}, {"depend", "a,b"}, {"max-fps", std::nullopt}}}},
      {media, "rid:q send", Rid{"q", Rid::Direction::Send, {}, {}}},
      {media, "simulcast:send 1,~4;2;3 recv c",
       Simulcast{{{{"1", false}, {"4", true}}, {{"2", false}}, {{"3", false}}}, {{{"c", false}}}}},
      {media, "simulcast:recv a send b", Simulcast{{{{"b", false}}}, {{{"a", false}}}}, "simulcast:send b recv a"},
      // Unknown, and known ones at a level where they mean nothing
      {session, "tool:libfoo 1.0", UnknownAttribute{"tool", "libfoo 1.0"}},
      {media, "rtcp-xr:rcvr-rtt=all", UnknownAttribute{"rtcp-xr", "rcvr-rtt=all"}},
      {media, "x-google-flag:conference", UnknownAttribute{"x-google-flag", "conference"}},
      {media, "orient", UnknownAttribute{"orient", std::nullopt}},
      {media, "empty:", UnknownAttribute{"empty", ""}},
      {media, "Mid:0", UnknownAttribute{"Mid", "0"}},
      {session, "mid:0", UnknownAttribute{"mid", "0"}},
      {session, "candidate:nonsense", UnknownAttribute{"candidate", "nonsense"}},
      {media, "group:BUNDLE 0", UnknownAttribute{"group", "BUNDLE 0"}},
      {media, "ice-lite", UnknownAttribute{"ice-lite", std::nullopt}},
  };
  return list;
}

struct Bad {
  std::string text;
  std::string reason;
  Level level = Level::Media;
};

const std::vector<Bad>& badAttributes() {
  static const std::vector<Bad> list = {
      {"", "the name of the attribute is missing"},
      {":x", "the name of the attribute is missing"},
      {" candidate:x", "the name of the attribute is missing"},
      {"two words:x", "there is something left at the end: \"words\""},
      {"na/me", "the name of the attribute \"na/me\" contains the character \"/\", which is not allowed there"},
      {"mid", "a=mid needs a value"},
      {"mid:", "a=mid needs a value"},
      {"mid:a b", "a=mid: there is something left at the end: \"b\""},
      {"mid:a;b", "a=mid: the identification tag \"a;b\" contains the character \";\", which is not allowed there"},
      {"rtcp-mux:", "a=rtcp-mux takes no value"},
      {"sendrecv:1", "a=sendrecv takes no value"},
      {"group:", "a=group needs a value", session},
      {"group:BUNDLE  0", "a=group: the identification tag is missing", session},
      {"ice-ufrag:abc", "a=ice-ufrag: the ufrag has 3 characters, not 4 to 256"},
      {"ice-ufrag:" + std::string(257, 'x'), "a=ice-ufrag: the ufrag has 257 characters, not 4 to 256"},
      {"ice-ufrag:ab:cd", "a=ice-ufrag: the ufrag \"ab:cd\" contains the character \":\", which is not allowed there"},
      {"ice-pwd:short", "a=ice-pwd: the password has 5 characters, not 22 to 256"},
      {"ice-options: ice2", "a=ice-options: the option is missing"},
      {"ice-options:ice2,,trickle", "a=ice-options: the option is missing"},
      {"ice-pacing:fast", "a=ice-pacing: the pacing \"fast\" is not a number", session},
      {"candidate:1 1 udp 1 192.0.2.1", "a=candidate: the port is missing"},
      {"candidate:1 badvalue udp 1 192.0.2.1 1 typ host", "a=candidate: the component \"badvalue\" is not a number"},
      {"candidate:1 1 udp badvalue 192.0.2.1 1 typ host", "a=candidate: the priority \"badvalue\" is not a number"},
      {"candidate:1 1 udp 1 192.0.2.1 65536 typ host", "a=candidate: the port 65536 is larger than 65535"},
      {"candidate:1 1 udp 1 192.0.2.1 1 host", "a=candidate: \"typ\" is missing"},
      {"candidate:1 1 udp 1 192.0.2.1 1 typ", "a=candidate: the type is missing"},
      {"candidate:1 1 udp 1 192.0.2.1 1 typ host generation",
       "a=candidate: the value of the extension \"generation\" is missing"},
      {"candidate:1 1 udp 1 192.0.2.1 1 typ srflx raddr 0.0.0.0 rport x",
       "a=candidate: the related port \"x\" is not a number"},
      {"candidate:" + std::string(33, '1') + " 1 udp 1 192.0.2.1 1 typ host",
       "a=candidate: the foundation is longer than 32 characters"},
      {"remote-candidates:1 192.0.2.3", "a=remote-candidates: the port is missing"},
      {"fingerprint:sha-256", "a=fingerprint: the fingerprint is missing"},
      {"fingerprint:sha-1 4AAD:B9",
       "a=fingerprint: the fingerprint is not pairs of hexadecimal digits with colons "
       "between them"},
      {"fingerprint:sha3-1 4A:",
       "a=fingerprint: the fingerprint is not pairs of hexadecimal digits with colons "
       "between them"},
      {"fingerprint:sha3-1 4G",
       "a=fingerprint: the fingerprint is not pairs of hexadecimal digits with colons "
       "between them"},
      {"fingerprint:sha-256 00:01", "a=fingerprint: a sha-256 fingerprint has 32 octets, not 2"},
      {"fingerprint:sha-256 " + hash32 + " XXX", "a=fingerprint: there is something left at the end: \"XXX\""},
      {"setup:both", "a=setup: the role \"both\" is none of active, passive, actpass and holdconn"},
      {"tls-id:short", "a=tls-id: the tls-id has 5 characters, not 20 to 255"},
      {"sctp-port:65536", "a=sctp-port: the port 65536 is larger than 65535"},
      {"sctp-port:05000", "a=sctp-port: the port has a leading zero"},
      {"sctp-port:-1", "a=sctp-port: the port \"-1\" is not a number"},
      {"max-message-size:18446744073709551616",
       "a=max-message-size: the size 18446744073709551616 is larger than 18446744073709551615"},
      {"max-message-size:1 2", "a=max-message-size: there is something left at the end: \"2\""},
      {"sctpmap:5000", "a=sctpmap: the application is missing"},
      {"sctp-init:AQA", "a=sctp-init: the INIT chunk is not base64"},
      {"sctp-init:AQ=A", "a=sctp-init: the INIT chunk is not base64"},
      {"sctp-init:AR==", "a=sctp-init: the INIT chunk is not base64"},
      {"sctp-init:A-A_", "a=sctp-init: the INIT chunk is not base64"},
      {"rtpmap:111", "a=rtpmap: the encoding is missing"},
      {"rtpmap:badvalue opus/48000/2", "a=rtpmap: the payload type \"badvalue\" is not a number"},
      {"rtpmap:128 opus/48000/2", "a=rtpmap: the payload type 128 is larger than 127"},
      {"rtpmap:111 opus", "a=rtpmap: the clock rate is missing"},
      {"rtpmap:111 opus/badvalue/2", "a=rtpmap: the clock rate \"badvalue\" is not a number"},
      {"rtpmap:111 opus/48000/badvalue", "a=rtpmap: the number of channels \"badvalue\" is not a number"},
      {"rtpmap:111 /48000", "a=rtpmap: the name of the encoding is missing"},
      {"fmtp:111", "a=fmtp: the list of parameters is missing"},
      {"ptime:0", "a=ptime: the packet time is zero"},
      {"ptime:1e3", "a=ptime: the packet time \"1e3\" is not a number"},
      {"maxptime:20.", "a=maxptime: the maximum packet time \"20.\" is not a number"},
      {"rtcp-fb:badvalue nack", "a=rtcp-fb: the payload type \"badvalue\" is not a number"},
      {"rtcp-fb:96", "a=rtcp-fb: the type of feedback is missing"},
      {"rtcp:53020 IN IP4", "a=rtcp: the address is missing"},
      {"extmap:badvalue http://example.com", "a=extmap: the id \"badvalue\" is not a number"},
      {"extmap:0 http://example.com", "a=extmap: the id 0 is in neither 1 to 255 nor 4096 to 4351"},
      {"extmap:256 http://example.com", "a=extmap: the id 256 is in neither 1 to 255 nor 4096 to 4351"},
      {"extmap:1/up http://example.com", "a=extmap: the direction \"up\" is unknown"},
      {"extmap:1", "a=extmap: the URI is missing"},
      {"extmap:1 http://example.com/%7g", "a=extmap: \"http://example.com/%7g\" is not a URI"},
      {"extmap:1 http://example.com/\x01",
       "a=extmap: the URI \"http://example.com/?\" contains the character \"?\", "
       "which is not allowed there"},
      {"msid:a b c", "a=msid: there is something left at the end: \"c\""},
      {"msid-semantic: ", "a=msid-semantic: the semantic is missing", session},
      {"ssrc:badvalue cname:x", "a=ssrc: the SSRC \"badvalue\" is not a number"},
      {"ssrc:4294967296 cname:x", "a=ssrc: the SSRC 4294967296 is larger than 4294967295"},
      {"ssrc:1", "a=ssrc: the attribute of the SSRC is missing"},
      {"ssrc-group:FEC badvalue 3", "a=ssrc-group: the SSRC \"badvalue\" is not a number"},
      {"rid:1", "a=rid: the direction is missing"},
      {"rid:1 both", "a=rid: the direction \"both\" is unknown"},
      {"rid:1 send max-fps=30;pt=97", "a=rid: \"pt=\" is not the first of the restrictions"},
      {"rid:1 send pt=", "a=rid: the format is missing"},
      {"rid:1 send =5", "a=rid: the name of the restriction \"\" is malformed"},
      {"simulcast:", "a=simulcast needs a value"},
      {"simulcast:send", "a=simulcast: the list of streams is missing"},
      {"simulcast:send 1;", "a=simulcast: \"\" is not a rid"},
      {"simulcast:both 1", "a=simulcast: the direction \"both\" is neither send nor recv"},
      {"simulcast:send 1 send 2", "a=simulcast: the direction send occurs twice"},
      {"simulcast:send rid=1", "a=simulcast: \"rid=1\" is not a rid"},
  };
  return list;
}

}  // namespace

TEST_CASE("each attribute is read into its fields and written as it was") {
  for (const auto& good : goodAttributes()) {
    INFO(good.text);
    auto parsed = parseAttribute(good.text, good.level);
    if (!parsed) FAIL(parsed.error());
    CHECK(parsed->attribute == good.tree);
    CHECK(write(parsed->attribute) == (good.written.empty() ? good.text : good.written));
    CHECK(good.text.starts_with(attributeName(parsed->attribute)));
    auto again = parseAttribute(write(parsed->attribute), good.level);
    REQUIRE(again);
    CHECK(again->attribute == good.tree);
  }
}

TEST_CASE("a malformed attribute is refused with the reason") {
  for (const auto& bad : badAttributes()) {
    INFO(bad.text);
    auto parsed = parseAttribute(bad.text, bad.level);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error() == bad.reason);
  }
}

TEST_CASE("each attribute that RFC 9429 calls single is refused the second time, the others are not") {
  for (const auto& good : goodAttributes()) {
    INFO(good.text);
    auto line = "a=" + good.text + "\r\n";
    auto text = good.level == session ? withSessionLines(line + line) : withMediaLines(line + line);
    auto parsed = parseAttribute(good.text, good.level);
    REQUIRE(parsed);
    auto tree = parse(text);
    CHECK(tree.has_value() != parsed->single);
    if (!tree) CHECK(tree.error().reason.starts_with("there is a second a="));
  }
}

TEST_CASE("two directions in one section contradict each other") {
  auto tree = parse(withMediaLines("a=sendrecv\r\na=inactive\r\n"));
  REQUIRE_FALSE(tree);
  CHECK(tree.error().line == 7);
  CHECK(tree.error().reason == "there is a second a=inactive in the section");
}

TEST_CASE("an attribute at session level and again in a section is no repetition") {
  auto tree =
      parse(withSessionLines("a=setup:actpass\r\nm=audio 9 RTP/AVP 0\r\na=setup:active\r\n"
                             "m=audio 9 RTP/AVP 0\r\na=setup:passive\r\n"));
  CHECK(tree.has_value());
}
