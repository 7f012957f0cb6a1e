#include "base/bytes.hpp"
#include "sdp/attribute_parsers.hpp"
#include "sdp/base64.hpp"

#include <algorithm>

namespace parley::sdp {
namespace {

/// Leniency: '-', '=', '#' and '_' beside RFC 8839's ice-char. libwebrtc takes them, so servers in the field write
/// them. None of them is the colon that separates the ufrags in STUN's USERNAME.
bool isCredentialChar(char c) { return isIceChar(c) || c == '-' || c == '=' || c == '#' || c == '_'; }

bool isTlsIdChar(char c) { return isIceChar(c) || c == '-' || c == '_'; }

std::string sized(Fields& in, std::string_view what, std::size_t least, std::size_t most, bool (*allowed)(char)) {
  auto value = in.word(what, allowed);
  if (in.ok() && (value.size() < least || value.size() > most))
    in.fail("the " + std::string(what) + " has " + std::to_string(value.size()) + " characters, not " +
            std::to_string(least) + " to " + std::to_string(most));
  return std::string(value);
}

std::vector<std::string> words(Fields& in, std::string_view what, bool (*allowed)(char)) {
  std::vector<std::string> found;
  while (in.more()) found.emplace_back(in.word(what, allowed));
  return found;
}

/// The octets of a hash that has a fixed length; 0 for one that is not known here.
std::size_t hashSize(std::string_view algorithm) {
  if (algorithm == "sha-256") return 32;
  if (algorithm == "sha-384") return 48;
  if (algorithm == "sha-512") return 64;
  if (algorithm == "sha-224") return 28;
  if (algorithm == "sha-1") return 20;
  if (algorithm == "md5" || algorithm == "md2") return 16;
  return 0;
}

std::vector<std::uint8_t> hexOctets(Fields& in, std::string_view text) {
  std::vector<std::uint8_t> octets;
  while (!text.empty() && in.ok()) {
    bool last = text.find(':') == std::string_view::npos;
    auto pair = takeUntil(text, ':');
    auto octet = pair.size() == 2 ? base::fromHex(pair) : std::vector<std::uint8_t>{};
    if (octet.size() != 1 || (!last && text.empty()))
      in.fail("the fingerprint is not pairs of hexadecimal digits with colons between them");
    else
      octets.push_back(octet[0]);
  }
  return octets;
}

}  // namespace

// RFC 5888 s.5
Attribute parseGroup(Fields& in) {
  Group group;
  group.semantics = in.token("semantics");
  group.mids = words(in, "identification tag", isTokenChar);
  return group;
}

// RFC 5888 s.4
Attribute parseMid(Fields& in) { return Mid{std::string(in.token("identification tag"))}; }

// RFC 8839 s.5.4
Attribute parseIceUfrag(Fields& in) { return IceUfrag{sized(in, "ufrag", 4, 256, isCredentialChar)}; }
Attribute parseIcePwd(Fields& in) { return IcePwd{sized(in, "password", 22, 256, isCredentialChar)}; }

// RFC 8839 s.5.6. Leniency: option tags are 1*ice-char there, but older Chromium wrote "google-ice".
// Leniency: libdatachannel separates the options by a comma.
Attribute parseIceOptions(Fields& in) {
  IceOptions options;
  do {
    auto list = in.word("option", [](char c) { return isTokenChar(c) || c == ','; });
    do {
      auto option = takeUntil(list, ',');
      if (option.empty()) in.fail("the option is missing");
      options.options.emplace_back(option);
    } while (!list.empty());
  } while (in.more());
  return options;
}

// RFC 8839 s.5.5
Attribute parseIcePacing(Fields& in) { return IcePacing{in.number("pacing", 9'999'999'999)}; }

// RFC 8839 s.5.1. What kinds of address, transport and type are understood is for ICE to say, which ignores the others.
Attribute parseCandidate(Fields& in) {
  CandidateAttribute candidate{std::string(in.rest("candidate"))};
  Fields parts(candidate.text);
  auto foundation = parts.word("foundation");
  if (foundation.size() > 32) parts.fail("the foundation is longer than 32 characters");
  parts.number("component", 999);
  parts.token("transport");
  parts.number("priority", 9'999'999'999);
  parts.word("address");
  parts.port("port");
  if (parts.word("\"typ\"") != "typ") parts.fail("\"typ\" is missing");
  parts.token("type");
  while (parts.more()) {
    auto name = parts.token("extension's name");
    if (name == "rport")
      parts.port("related port");
    else
      parts.word("value of the extension " + quoted(name));
  }
  if (!parts.ok()) in.fail(parts.reason());
  return candidate;
}

// RFC 8839 s.5.2
Attribute parseRemoteCandidates(Fields& in) {
  RemoteCandidates remote;
  do {
    RemoteCandidates::Entry entry;
    entry.component = static_cast<std::uint16_t>(in.number("component", 999));
    entry.address = in.word("address");
    entry.port = in.port("port");
    remote.candidates.push_back(std::move(entry));
  } while (in.more());
  return remote;
}

// RFC 8122 s.5
Attribute parseFingerprint(Fields& in) {
  Fingerprint fingerprint;
  fingerprint.algorithm = in.token("hash function");
  // Hash functions are written in both cases (RFC 8122 s.5: names are case-insensitive).
  for (auto& c : fingerprint.algorithm)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  fingerprint.bytes = hexOctets(in, in.word("fingerprint"));
  auto expected = hashSize(fingerprint.algorithm);
  if (in.ok() && expected != 0 && fingerprint.bytes.size() != expected)
    in.fail("a " + fingerprint.algorithm + " fingerprint has " + std::to_string(expected) + " octets, not " +
            std::to_string(fingerprint.bytes.size()));
  return fingerprint;
}

// RFC 4145 s.4
Attribute parseSetup(Fields& in) {
  auto role = in.word("role");
  if (equalsIgnoringCase(role, "active")) return Setup{Setup::Role::Active};
  if (equalsIgnoringCase(role, "passive")) return Setup{Setup::Role::Passive};
  if (equalsIgnoringCase(role, "holdconn")) return Setup{Setup::Role::Holdconn};
  if (!equalsIgnoringCase(role, "actpass"))
    in.fail("the role " + quoted(role) + " is none of active, passive, actpass and holdconn");
  return Setup{Setup::Role::Actpass};
}

// RFC 8842 s.4
Attribute parseTlsId(Fields& in) { return TlsId{sized(in, "tls-id", 20, 255, isTlsIdChar)}; }

Attribute parseIdentity(Fields& in) { return Identity{std::string(in.rest("assertion"))}; }

Attribute parseCrypto(Fields& in) { return Crypto{std::string(in.rest("key"))}; }

// RFC 8841 s.5.2
Attribute parseSctpPort(Fields& in) { return SctpPort{static_cast<std::uint16_t>(in.integer("port", 65535))}; }

// RFC 8841 s.6.1
Attribute parseMaxMessageSize(Fields& in) { return MaxMessageSize{in.integer("size")}; }

// draft-ietf-mmusic-sctp-sdp-05 s.5.1
Attribute parseSctpMap(Fields& in) {
  SctpMap map;
  map.port = in.port("port");
  map.application = in.token("application");
  if (in.more()) map.streams = in.number("number of streams");
  return map;
}

// draft-hancke-tsvwg-snap s.4, s.5.3
Attribute parseSctpInit(Fields& in) {
  auto chunk = fromBase64(in.word("INIT chunk"));
  if (!chunk) in.fail("the INIT chunk is not base64");
  return SctpInit{chunk.value_or(std::vector<std::uint8_t>{})};
}

}  // namespace parley::sdp
