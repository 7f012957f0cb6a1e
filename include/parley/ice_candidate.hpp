#pragma once

#include <parley/export.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley {

/// RTCIceComponent
enum class IceComponent { Rtp, Rtcp };
/// RTCIceProtocol
enum class IceProtocol { Udp, Tcp };
/// RTCIceCandidateType
enum class IceCandidateType { Host, Srflx, Prflx, Relay };
/// RTCIceTcpCandidateType
enum class IceTcpCandidateType { Active, Passive, So };
/// RTCIceServerTransportProtocol
enum class IceServerTransportProtocol { Udp, Tcp, Tls };

/// The W3C's words: "rtp", "udp", "srflx", "passive", "tls", …
PARLEY_API std::string_view toString(IceComponent component);
PARLEY_API std::string_view toString(IceProtocol protocol);
PARLEY_API std::string_view toString(IceCandidateType type);
PARLEY_API std::string_view toString(IceTcpCandidateType type);
PARLEY_API std::string_view toString(IceServerTransportProtocol protocol);

/// RTCIceCandidateInit, and the two members that RTCLocalIceCandidateInit adds. The first four are what travels between
/// peers.
struct IceCandidateInit {
  /// "candidate:…" (RFC 8839 s.5.1). Empty: there are no more candidates.
  std::string candidate;
  std::optional<std::string> sdpMid;
  std::optional<std::uint16_t> sdpMLineIndex;
  std::optional<std::string> usernameFragment;

  std::optional<IceServerTransportProtocol> relayProtocol;
  std::optional<std::string> url;

  bool operator==(const IceCandidateInit&) const = default;
};

/// RTCIceCandidate. What is read from the candidate's text has no value if the text does not parse, or holds a value
/// that the W3C's attribute cannot have.
class PARLEY_API IceCandidate {
 public:
  /// Throws a TypeError if `init` names neither sdpMid nor sdpMLineIndex.
  explicit IceCandidate(IceCandidateInit init);

  const std::string& candidate() const { return init_.candidate; }
  const std::optional<std::string>& sdpMid() const { return init_.sdpMid; }
  const std::optional<std::uint16_t>& sdpMLineIndex() const { return init_.sdpMLineIndex; }
  const std::optional<std::string>& usernameFragment() const { return init_.usernameFragment; }
  /// Of local candidates only: how we reach the TURN server that relays, and the server that the candidate came from.
  const std::optional<IceServerTransportProtocol>& relayProtocol() const { return init_.relayProtocol; }
  const std::optional<std::string>& url() const { return init_.url; }

  const std::optional<std::string>& foundation() const { return parsed_.foundation; }
  std::optional<IceComponent> component() const { return parsed_.component; }
  std::optional<std::uint32_t> priority() const { return parsed_.priority; }
  const std::optional<std::string>& address() const { return parsed_.address; }
  std::optional<IceProtocol> protocol() const { return parsed_.protocol; }
  std::optional<std::uint16_t> port() const { return parsed_.port; }
  std::optional<IceCandidateType> type() const { return parsed_.type; }
  std::optional<IceTcpCandidateType> tcpType() const { return parsed_.tcpType; }
  const std::optional<std::string>& relatedAddress() const { return parsed_.relatedAddress; }
  std::optional<std::uint16_t> relatedPort() const { return parsed_.relatedPort; }

  /// toJSON: what to send to the peer.
  IceCandidateInit toJson() const;

  bool operator==(const IceCandidate&) const = default;

 private:
  struct Parsed {
    std::optional<std::string> foundation;
    std::optional<IceComponent> component;
    std::optional<std::uint32_t> priority;
    std::optional<std::string> address;
    std::optional<IceProtocol> protocol;
    std::optional<std::uint16_t> port;
    std::optional<IceCandidateType> type;
    std::optional<IceTcpCandidateType> tcpType;
    std::optional<std::string> relatedAddress;
    std::optional<std::uint16_t> relatedPort;
    bool operator==(const Parsed&) const = default;
  };
  static Parsed parse(const std::string& candidate);

  IceCandidateInit init_;
  Parsed parsed_;
};

}  // namespace parley
