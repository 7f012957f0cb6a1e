#include "sdp/parse_attribute.hpp"

#include "sdp/attribute_parsers.hpp"

#include <algorithm>
#include <iterator>

namespace parley::sdp {
namespace {

enum class At { Session, Media, Both };
/// RFC 9429 s.5.8 says "a single" of some attributes and "any" of others; the rest by the RFC that defines it.
enum class Times { Once, Any };

struct Rule {
  std::string_view name;
  At at;
  Times times;
  Attribute (*parse)(Fields&);
  bool hasValue = true;
};

template <class T>
constexpr Rule flag(std::string_view name, At at) {
  return {name, at, Times::Once, [](Fields&) -> Attribute { return T{}; }, false};
}

template <Direction direction>
constexpr Rule directionFlag(std::string_view name) {
  return {name, At::Both, Times::Once, [](Fields&) -> Attribute { return direction; }, false};
}

// Sorted by name, which are case-sensitive (RFC 8866 s.6).
constexpr Rule rules[] = {
    flag<BundleOnly>("bundle-only", At::Media),
    {"candidate", At::Media, Times::Any, parseCandidate},
    {"crypto", At::Media, Times::Any, parseCrypto},
    flag<EndOfCandidates>("end-of-candidates", At::Both),
    {"extmap", At::Both, Times::Any, parseExtmap},
    flag<ExtmapAllowMixed>("extmap-allow-mixed", At::Both),
    {"fingerprint", At::Both, Times::Any, parseFingerprint},
    {"fmtp", At::Media, Times::Any, parseFmtp},
    {"framerate", At::Media, Times::Once, parseFramerate},
    {"group", At::Session, Times::Any, parseGroup},
    flag<IceLite>("ice-lite", At::Session),
    {"ice-options", At::Both, Times::Once, parseIceOptions},
    {"ice-pacing", At::Session, Times::Once, parseIcePacing},
    {"ice-pwd", At::Both, Times::Once, parseIcePwd},
    {"ice-ufrag", At::Both, Times::Once, parseIceUfrag},
    {"identity", At::Session, Times::Any, parseIdentity},
    {"imageattr", At::Media, Times::Any, parseImageattr},
    directionFlag<Direction::Inactive>("inactive"),
    {"max-message-size", At::Media, Times::Once, parseMaxMessageSize},
    {"maxptime", At::Media, Times::Once, parseMaxPtime},
    {"mid", At::Media, Times::Once, parseMid},
    {"msid", At::Media, Times::Any, parseMsid},
    {"msid-semantic", At::Session, Times::Any, parseMsidSemantic},
    {"ptime", At::Media, Times::Once, parsePtime},
    directionFlag<Direction::RecvOnly>("recvonly"),
    {"remote-candidates", At::Media, Times::Any, parseRemoteCandidates},
    {"rid", At::Media, Times::Any, parseRid},
    {"rtcp", At::Media, Times::Once, parseRtcp},
    {"rtcp-fb", At::Media, Times::Any, parseRtcpFb},
    flag<RtcpMux>("rtcp-mux", At::Media),
    flag<RtcpMuxOnly>("rtcp-mux-only", At::Media),
    flag<RtcpRsize>("rtcp-rsize", At::Media),
    {"rtpmap", At::Media, Times::Any, parseRtpmap},
    {"sctp-init", At::Media, Times::Once, parseSctpInit},
    {"sctp-port", At::Media, Times::Once, parseSctpPort},
    {"sctpmap", At::Media, Times::Any, parseSctpMap},
    directionFlag<Direction::SendOnly>("sendonly"),
    directionFlag<Direction::SendRecv>("sendrecv"),
    {"setup", At::Both, Times::Once, parseSetup},
    {"simulcast", At::Media, Times::Once, parseSimulcast},
    {"ssrc", At::Media, Times::Any, parseSsrc},
    {"ssrc-group", At::Media, Times::Any, parseSsrcGroup},
    {"tls-id", At::Both, Times::Once, parseTlsId},
};

constexpr bool byName(const Rule& a, const Rule& b) { return a.name < b.name; }
static_assert(std::is_sorted(std::begin(rules), std::end(rules), byName));

const Rule* findRule(std::string_view name, Level level) {
  const auto* found = std::lower_bound(std::begin(rules), std::end(rules), name,
                                       [](const Rule& rule, std::string_view wanted) { return rule.name < wanted; });
  if (found == std::end(rules) || found->name != name) return nullptr;
  // RFC 8866 s.5.13: what is not understood is ignored. At the wrong level an attribute has no meaning.
  if (found->at == (level == Level::Session ? At::Media : At::Session)) return nullptr;
  return found;
}

}  // namespace

base::Result<ParsedAttribute, std::string> parseAttribute(std::string_view text, Level level) {
  bool hasValue = text.find(':') != std::string_view::npos;
  auto value = text;
  auto name = takeUntil(value, ':');
  Fields nameField(name);
  auto unspacedName = nameField.token("name of the attribute");
  nameField.end();
  if (!nameField.ok()) return base::unexpected(nameField.reason());

  const auto* rule = findRule(unspacedName, level);
  if (!rule) {
    // RFC 8866 s.9: a value is at least one byte; but what is not understood is ignored, so its value is not judged.
    if (!hasValue) return ParsedAttribute{UnknownAttribute{std::string(unspacedName), std::nullopt}, false};
    return ParsedAttribute{UnknownAttribute{std::string(unspacedName), std::string(value)}, false};
  }
  auto label = "a=" + std::string(unspacedName);
  if (rule->hasValue && value.empty()) return base::unexpected(label + " needs a value");
  if (!rule->hasValue && hasValue) return base::unexpected(label + " takes no value");
  Fields in(value);
  ParsedAttribute parsed{rule->parse(in), rule->times == Times::Once};
  in.end();
  if (!in.ok()) return base::unexpected(label + ": " + in.reason());
  return parsed;
}

}  // namespace parley::sdp
