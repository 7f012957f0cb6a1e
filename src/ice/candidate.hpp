#pragma once

#include "base/result.hpp"

#include <parley/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::ice {

enum class CandidateType : std::uint8_t { Host, ServerReflexive, PeerReflexive, Relayed };

/// "host", "srflx", "prflx", "relay": the words of RFC 8839 s.5.1 and of the W3C's RTCIceCandidateType.
std::string_view toString(CandidateType type);

/// One candidate, as a line of SDP (RFC 8839 s.5.1) says it. A remote one may be of a kind that this agent cannot use (a
/// host name, TCP, an unknown transport): it is kept as it came, and `socketAddress()` says whether it is of use.
struct Candidate {
  std::string foundation;
  std::uint16_t component = 1;
  /// Lower case: "udp", "tcp" or whatever the peer wrote.
  std::string transport = "udp";
  std::uint32_t priority = 0;
  /// The connection-address as written: an IP literal, a host name, an mDNS name (".local").
  std::string address;
  std::uint16_t port = 0;
  CandidateType type = CandidateType::Host;
  /// raddr and rport as written. Empty and 0 where absent.
  std::string relatedAddress;
  std::uint16_t relatedPort = 0;
  /// "active", "passive", "so" (RFC 6544 s.4.5) for TCP, else empty.
  std::string tcpType;
  /// All other name/value pairs, in order ("generation", "ufrag", "network-id", …).
  std::vector<std::pair<std::string, std::string>> extensions;

  /// The value of the extension, if it is there.
  std::optional<std::string_view> extension(std::string_view name) const;
  /// The generation that the sender meant (RFC 8838 s.9), if it said so.
  std::optional<std::string_view> ufrag() const { return extension("ufrag"); }
  /// The transport address, if `address` is an IP literal.
  std::optional<SocketAddress> socketAddress() const;
  bool isUdp() const { return transport == "udp"; }

  bool operator==(const Candidate&) const = default;
};

/// Whether this is a name of multicast DNS, of the form that candidates have: one label and ".local"
/// (draft-ietf-mmusic-mdns-ice-candidates s.3.1.1).
bool isMdnsName(std::string_view name);

/// Parses "candidate:…", with or without "a=" before it, or the bare value behind "candidate:". The error is a sentence.
/// RFC 8839 s.5.1: unknown extensions are kept, an unknown transport or a host name is not an error.
base::Result<Candidate, std::string_view> parseCandidate(std::string_view line);

/// "candidate:…" without "a=": the form of RTCIceCandidate.candidate. raddr and rport follow all types but host
/// (RFC 8839 s.5.1), tcptype and the extensions come last.
std::string toString(const Candidate& candidate);

}  // namespace parley::ice
