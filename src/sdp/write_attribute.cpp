#include "sdp/write_attribute.hpp"

#include "sdp/base64.hpp"
#include "sdp/write.hpp"

#include <charconv>

namespace parley::sdp {
namespace {

// --- Names: what stands in front of the colon ---

std::string_view nameOf(const Group&) { return "group"; }
std::string_view nameOf(const Mid&) { return "mid"; }
std::string_view nameOf(const BundleOnly&) { return "bundle-only"; }
std::string_view nameOf(const IceUfrag&) { return "ice-ufrag"; }
std::string_view nameOf(const IcePwd&) { return "ice-pwd"; }
std::string_view nameOf(const IceOptions&) { return "ice-options"; }
std::string_view nameOf(const IceLite&) { return "ice-lite"; }
std::string_view nameOf(const IcePacing&) { return "ice-pacing"; }
std::string_view nameOf(const CandidateAttribute&) { return "candidate"; }
std::string_view nameOf(const EndOfCandidates&) { return "end-of-candidates"; }
std::string_view nameOf(const RemoteCandidates&) { return "remote-candidates"; }
std::string_view nameOf(const Fingerprint&) { return "fingerprint"; }
std::string_view nameOf(const Setup&) { return "setup"; }
std::string_view nameOf(const TlsId&) { return "tls-id"; }
std::string_view nameOf(const Identity&) { return "identity"; }
std::string_view nameOf(const Crypto&) { return "crypto"; }
std::string_view nameOf(const SctpPort&) { return "sctp-port"; }
std::string_view nameOf(const MaxMessageSize&) { return "max-message-size"; }
std::string_view nameOf(const SctpMap&) { return "sctpmap"; }
std::string_view nameOf(const SctpInit&) { return "sctp-init"; }
std::string_view nameOf(const Direction& direction) { return toString(direction); }
std::string_view nameOf(const Rtpmap&) { return "rtpmap"; }
std::string_view nameOf(const Fmtp&) { return "fmtp"; }
std::string_view nameOf(const Ptime&) { return "ptime"; }
std::string_view nameOf(const MaxPtime&) { return "maxptime"; }
std::string_view nameOf(const Framerate&) { return "framerate"; }
std::string_view nameOf(const Imageattr&) { return "imageattr"; }
std::string_view nameOf(const RtcpFb&) { return "rtcp-fb"; }
std::string_view nameOf(const Rtcp&) { return "rtcp"; }
std::string_view nameOf(const RtcpMux&) { return "rtcp-mux"; }
std::string_view nameOf(const RtcpMuxOnly&) { return "rtcp-mux-only"; }
std::string_view nameOf(const RtcpRsize&) { return "rtcp-rsize"; }
std::string_view nameOf(const Extmap&) { return "extmap"; }
std::string_view nameOf(const ExtmapAllowMixed&) { return "extmap-allow-mixed"; }
std::string_view nameOf(const Msid&) { return "msid"; }
std::string_view nameOf(const MsidSemantic&) { return "msid-semantic"; }
std::string_view nameOf(const Ssrc&) { return "ssrc"; }
std::string_view nameOf(const SsrcGroup&) { return "ssrc-group"; }
std::string_view nameOf(const Rid&) { return "rid"; }
std::string_view nameOf(const Simulcast&) { return "simulcast"; }
std::string_view nameOf(const UnknownAttribute& unknown) { return unknown.name; }

// --- Values: what stands behind the colon; nothing for flags ---

void appendReal(std::string& out, double value) {
  // The largest double has 309 digits in front of the point, and the smallest 324 zeros behind it and up to 17 digits.
  char text[400];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  out.append(text, end);
}

template <class List>
void appendList(std::string& out, const List& list, std::string_view before) {
  for (const auto& item : list) {
    out += before;
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(item)>>)
      out += std::to_string(item);
    else
      out += item;
  }
}

template <class T>
void appendValue(std::string&, const T&) {
  static_assert(std::is_empty_v<T> || std::is_enum_v<T>, "an attribute with fields must be written");
}

void appendValue(std::string& out, const Group& a) {
  out += ':' + a.semantics;
  appendList(out, a.mids, " ");
}
void appendValue(std::string& out, const Mid& a) { out += ':' + a.id; }
void appendValue(std::string& out, const IceUfrag& a) { out += ':' + a.value; }
void appendValue(std::string& out, const IcePwd& a) { out += ':' + a.value; }
void appendValue(std::string& out, const IceOptions& a) {
  std::string_view before = ":";
  for (const auto& option : a.options) {
    out += before;
    out += option;
    before = " ";
  }
}
void appendValue(std::string& out, const IcePacing& a) { out += ':' + std::to_string(a.milliseconds); }
void appendValue(std::string& out, const CandidateAttribute& a) { out += ':' + a.text; }
void appendValue(std::string& out, const RemoteCandidates& a) {
  std::string_view before = ":";
  for (const auto& candidate : a.candidates) {
    out += before;
    out += std::to_string(candidate.component) + ' ' + candidate.address + ' ' + std::to_string(candidate.port);
    before = " ";
  }
}
void appendValue(std::string& out, const Fingerprint& a) {
  out += ':' + a.algorithm;
  char before = ' ';
  for (auto octet : a.bytes) {
    out += before;
    out += "0123456789ABCDEF"[octet >> 4];
    out += "0123456789ABCDEF"[octet & 15];
    before = ':';
  }
}
void appendValue(std::string& out, const Setup& a) { (out += ':') += toString(a.role); }
void appendValue(std::string& out, const TlsId& a) { out += ':' + a.value; }
void appendValue(std::string& out, const Identity& a) { out += ':' + a.text; }
void appendValue(std::string& out, const Crypto& a) { out += ':' + a.text; }
void appendValue(std::string& out, const SctpPort& a) { out += ':' + std::to_string(a.port); }
void appendValue(std::string& out, const MaxMessageSize& a) { out += ':' + std::to_string(a.bytes); }
void appendValue(std::string& out, const SctpMap& a) {
  out += ':' + std::to_string(a.port) + ' ' + a.application;
  if (a.streams) out += ' ' + std::to_string(*a.streams);
}
void appendValue(std::string& out, const SctpInit& a) { out += ':' + toBase64(a.chunk); }
void appendValue(std::string& out, const Rtpmap& a) {
  out += ':' + std::to_string(a.payloadType) + ' ' + a.encoding + '/' + std::to_string(a.clockRate);
  if (!a.parameters.empty()) out += '/' + a.parameters;
}
void appendValue(std::string& out, const Fmtp& a) { out += ':' + a.format + ' ' + a.parameters; }
void appendValue(std::string& out, const Ptime& a) { appendReal(out += ':', a.milliseconds); }
void appendValue(std::string& out, const MaxPtime& a) { appendReal(out += ':', a.milliseconds); }
void appendValue(std::string& out, const Framerate& a) { appendReal(out += ':', a.framesPerSecond); }
void appendValue(std::string& out, const Imageattr& a) { out += ':' + a.text; }
void appendValue(std::string& out, const RtcpFb& a) {
  out += ':' + (a.payloadType ? std::to_string(*a.payloadType) : "*") + ' ' + a.type;
  if (!a.parameters.empty()) out += ' ' + a.parameters;
}
void appendValue(std::string& out, const Rtcp& a) {
  out += ':' + std::to_string(a.port);
  if (a.connection) appendConnection(out += ' ', *a.connection);
}
void appendValue(std::string& out, const Extmap& a) {
  out += ':' + std::to_string(a.id);
  if (a.direction) (out += '/') += toString(*a.direction);
  out += ' ' + a.uri;
  if (!a.attributes.empty()) out += ' ' + a.attributes;
}
void appendValue(std::string& out, const Msid& a) {
  out += ':' + a.id;
  if (!a.appdata.empty()) out += ' ' + a.appdata;
}
void appendValue(std::string& out, const MsidSemantic& a) {
  out += ": " + a.semantic;
  appendList(out, a.ids, " ");
}
void appendValue(std::string& out, const Ssrc& a) {
  out += ':' + std::to_string(a.ssrc) + ' ' + a.attribute;
  if (a.value) out += ':' + *a.value;
}
void appendValue(std::string& out, const SsrcGroup& a) {
  out += ':' + a.semantics;
  appendList(out, a.ssrcs, " ");
}
void appendValue(std::string& out, const Rid& a) {
  ((out += ':' + a.id) += ' ') += toString(a.direction);
  char before = ' ';
  if (!a.formats.empty()) {
    out += " pt=";
    for (std::size_t i = 0; i < a.formats.size(); ++i) (out += i == 0 ? "" : ",") += a.formats[i];
    before = ';';
  }
  for (const auto& restriction : a.restrictions) {
    (out += before) += restriction.name;
    if (restriction.value) out += '=' + *restriction.value;
    before = ';';
  }
}
void appendStreams(std::string& out, const std::vector<Simulcast::Stream>& streams) {
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (i > 0) out += ';';
    for (std::size_t j = 0; j < streams[i].size(); ++j) {
      if (j > 0) out += ',';
      if (streams[i][j].paused) out += '~';
      out += streams[i][j].rid;
    }
  }
}
void appendValue(std::string& out, const Simulcast& a) {
  out += ':';
  if (!a.send.empty()) appendStreams(out += "send ", a.send);
  if (!a.send.empty() && !a.recv.empty()) out += ' ';
  if (!a.recv.empty()) appendStreams(out += "recv ", a.recv);
}
void appendValue(std::string& out, const UnknownAttribute& a) {
  if (a.value) out += ':' + *a.value;
}

}  // namespace

std::string_view toString(Direction direction) {
  switch (direction) {
    case Direction::SendOnly:
      return "sendonly";
    case Direction::RecvOnly:
      return "recvonly";
    case Direction::Inactive:
      return "inactive";
    case Direction::SendRecv:
      break;
  }
  return "sendrecv";
}

std::string_view toString(Setup::Role role) {
  switch (role) {
    case Setup::Role::Active:
      return "active";
    case Setup::Role::Passive:
      return "passive";
    case Setup::Role::Holdconn:
      return "holdconn";
    case Setup::Role::Actpass:
      break;
  }
  return "actpass";
}

std::string_view toString(Rid::Direction direction) { return direction == Rid::Direction::Send ? "send" : "recv"; }

void appendConnection(std::string& out, const Connection& connection) {
  out += connection.netType + ' ' + connection.addrType + ' ' + connection.address;
}

void appendAttribute(std::string& out, const Attribute& attribute) {
  out += attributeName(attribute);
  std::visit([&out](const auto& one) { appendValue(out, one); }, attribute);
}

std::string_view attributeName(const Attribute& attribute) {
  return std::visit([](const auto& one) { return nameOf(one); }, attribute);
}

}  // namespace parley::sdp
