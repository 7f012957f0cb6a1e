#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// \file
/// The attributes ("a=" lines) that have a type of their own. Each is a plain struct with the fields of its RFC; build
/// one by aggregate initialisation. Strings hold what stands in the line, without line ends.

namespace parley::sdp {

/// An address as SDP writes it (RFC 8866 s.5.7). Host names and multicast suffixes ("/127") are kept in `address`.
struct Connection {
  std::string netType = "IN";
  std::string addrType = "IP4";
  std::string address;
  bool operator==(const Connection&) const = default;
};

// --- Grouping: RFC 5888, RFC 9143 ---

struct Group {
  std::string semantics;  ///< "BUNDLE", "LS", …
  std::vector<std::string> mids;
  bool operator==(const Group&) const = default;
};

struct Mid {
  std::string id;
  bool operator==(const Mid&) const = default;
};

struct BundleOnly {
  bool operator==(const BundleOnly&) const = default;
};

// --- ICE: RFC 8839, RFC 8840 ---

struct IceUfrag {
  std::string value;  ///< 4 to 256 characters.
  bool operator==(const IceUfrag&) const = default;
};

struct IcePwd {
  std::string value;  ///< 22 to 256 characters.
  bool operator==(const IcePwd&) const = default;
};

struct IceOptions {
  std::vector<std::string> options;  ///< "trickle", "ice2", "renomination", …
  bool operator==(const IceOptions&) const = default;
};

struct IceLite {
  bool operator==(const IceLite&) const = default;
};

struct IcePacing {
  std::uint64_t milliseconds = 0;
  bool operator==(const IcePacing&) const = default;
};

/// Its shape is checked; what it means is ICE's business, which parses the text.
struct CandidateAttribute {
  std::string text;  ///< What follows "candidate:".
  bool operator==(const CandidateAttribute&) const = default;
};

struct EndOfCandidates {
  bool operator==(const EndOfCandidates&) const = default;
};

struct RemoteCandidates {
  struct Entry {
    std::uint16_t component = 1;
    std::string address;
    std::uint16_t port = 0;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> candidates;
  bool operator==(const RemoteCandidates&) const = default;
};

// --- DTLS: RFC 8122, RFC 4145, RFC 8842, RFC 8827 ---

struct Fingerprint {
  std::string algorithm;  ///< Lower case: "sha-256".
  std::vector<std::uint8_t> bytes;
  bool operator==(const Fingerprint&) const = default;
};

struct Setup {
  enum class Role { Active, Passive, Actpass, Holdconn };
  Role role = Role::Actpass;
  bool operator==(const Setup&) const = default;
};

struct TlsId {
  std::string value;
  bool operator==(const TlsId&) const = default;
};

/// Carried, never used.
struct Identity {
  std::string text;  ///< The assertion in base64, and extensions if any.
  bool operator==(const Identity&) const = default;
};

/// SDES keys (RFC 4568). Carried, never used: RFC 8827 s.6.5 forbids them in WebRTC.
struct Crypto {
  std::string text;
  bool operator==(const Crypto&) const = default;
};

// --- SCTP: RFC 8841, draft-hancke-tsvwg-snap ---

struct SctpPort {
  std::uint16_t port = 5000;
  bool operator==(const SctpPort&) const = default;
};

struct MaxMessageSize {
  std::uint64_t bytes = 0;  ///< 0: any size.
  bool operator==(const MaxMessageSize&) const = default;
};

/// The way before RFC 8841 ("DTLS/SCTP" in the m-line).
struct SctpMap {
  std::uint16_t port = 5000;
  std::string application;
  std::optional<std::uint64_t> streams;
  bool operator==(const SctpMap&) const = default;
};

struct SctpInit {
  std::vector<std::uint8_t> chunk;  ///< The INIT chunk, with its header.
  bool operator==(const SctpInit&) const = default;
};

// --- Media: RFC 8866 s.6 and the RTP family ---

enum class Direction { SendRecv, SendOnly, RecvOnly, Inactive };

struct Rtpmap {
  std::uint8_t payloadType = 0;
  std::string encoding;  ///< As written; encoding names compare without case.
  std::uint32_t clockRate = 0;
  std::string parameters;  ///< The channels of audio; empty if absent.
  bool operator==(const Rtpmap&) const = default;
};

struct Fmtp {
  std::string format;
  std::string parameters;
  bool operator==(const Fmtp&) const = default;
};

struct Ptime {
  double milliseconds = 0;
  bool operator==(const Ptime&) const = default;
};

struct MaxPtime {
  double milliseconds = 0;
  bool operator==(const MaxPtime&) const = default;
};

struct Framerate {
  double framesPerSecond = 0;
  bool operator==(const Framerate&) const = default;
};

/// RFC 6236, as text.
struct Imageattr {
  std::string text;
  bool operator==(const Imageattr&) const = default;
};

/// RFC 4585 s.4.2, RFC 5104 s.7.1
struct RtcpFb {
  std::optional<std::uint8_t> payloadType;  ///< None for "*", which is all of them.
  std::string type;                         ///< "nack", "ccm", "transport-cc", …
  std::string parameters;                   ///< "pli", "fir", …; empty if absent.
  bool operator==(const RtcpFb&) const = default;
};

/// RFC 3605
struct Rtcp {
  std::uint16_t port = 9;
  std::optional<Connection> connection;
  bool operator==(const Rtcp&) const = default;
};

/// RFC 5761
struct RtcpMux {
  bool operator==(const RtcpMux&) const = default;
};

/// RFC 8858
struct RtcpMuxOnly {
  bool operator==(const RtcpMuxOnly&) const = default;
};

/// RFC 5506
struct RtcpRsize {
  bool operator==(const RtcpRsize&) const = default;
};

/// RFC 8285
struct Extmap {
  std::uint16_t id = 0;
  std::optional<Direction> direction;
  std::string uri;
  std::string attributes;  ///< Empty if absent.
  bool operator==(const Extmap&) const = default;
};

/// RFC 8285 s.6
struct ExtmapAllowMixed {
  bool operator==(const ExtmapAllowMixed&) const = default;
};

/// RFC 8830
struct Msid {
  std::string id;       ///< The MediaStream's id; "-" for none.
  std::string appdata;  ///< The track's id in older offers; empty if absent.
  bool operator==(const Msid&) const = default;
};

/// Gone from RFC 8830, written by everybody.
struct MsidSemantic {
  std::string semantic;
  std::vector<std::string> ids;
  bool operator==(const MsidSemantic&) const = default;
};

/// RFC 5576 s.4.1; `attribute` is "cname", "msid", …
struct Ssrc {
  std::uint32_t ssrc = 0;
  std::string attribute;
  std::optional<std::string> value;
  bool operator==(const Ssrc&) const = default;
};

/// RFC 5576 s.4.2
struct SsrcGroup {
  std::string semantics;
  std::vector<std::uint32_t> ssrcs;
  bool operator==(const SsrcGroup&) const = default;
};

/// RFC 8851
struct Rid {
  enum class Direction { Send, Recv };
  struct Restriction {
    std::string name;
    std::optional<std::string> value;
    bool operator==(const Restriction&) const = default;
  };
  std::string id;
  Direction direction = Direction::Send;
  std::vector<std::string> formats;  ///< Of "pt="; empty means all.
  std::vector<Restriction> restrictions;
  bool operator==(const Rid&) const = default;
};

/// RFC 8853. A direction is a list of streams, a stream a list of alternatives in the order of preference.
struct Simulcast {
  struct Alternative {
    std::string rid;
    bool paused = false;
    bool operator==(const Alternative&) const = default;
  };
  using Stream = std::vector<Alternative>;
  std::vector<Stream> send;
  std::vector<Stream> recv;
  bool operator==(const Simulcast&) const = default;
};

/// An attribute that has no type here, or that stands at a level where its RFC gives it no meaning.
struct UnknownAttribute {
  std::string name;
  std::optional<std::string> value;
  bool operator==(const UnknownAttribute&) const = default;
};

using Attribute =
    std::variant<Group, Mid, BundleOnly, IceUfrag, IcePwd, IceOptions, IceLite, IcePacing, CandidateAttribute,
                 EndOfCandidates, RemoteCandidates, Fingerprint, Setup, TlsId, Identity, Crypto, SctpPort,
                 MaxMessageSize, SctpMap, SctpInit, Direction, Rtpmap, Fmtp, Ptime, MaxPtime, Framerate, Imageattr,
                 RtcpFb, Rtcp, RtcpMux, RtcpMuxOnly, RtcpRsize, Extmap, ExtmapAllowMixed, Msid, MsidSemantic, Ssrc,
                 SsrcGroup, Rid, Simulcast, UnknownAttribute>;

}  // namespace parley::sdp
