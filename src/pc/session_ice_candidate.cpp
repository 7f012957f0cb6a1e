#include "ice/candidate.hpp"

#include <parley/error.hpp>
#include <parley/ice_candidate.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace parley {

std::string_view toString(IceComponent component) { return component == IceComponent::Rtp ? "rtp" : "rtcp"; }

std::string_view toString(IceProtocol protocol) { return protocol == IceProtocol::Udp ? "udp" : "tcp"; }

std::string_view toString(IceCandidateType type) {
  constexpr std::array<std::string_view, 4> words = {"host", "srflx", "prflx", "relay"};
  return words[static_cast<std::size_t>(type)];
}

std::string_view toString(IceTcpCandidateType type) {
  constexpr std::array<std::string_view, 3> words = {"active", "passive", "so"};
  return words[static_cast<std::size_t>(type)];
}

std::string_view toString(IceServerTransportProtocol protocol) {
  constexpr std::array<std::string_view, 3> words = {"udp", "tcp", "tls"};
  return words[static_cast<std::size_t>(protocol)];
}

namespace {

IceCandidateType typeOf(ice::CandidateType type) {
  switch (type) {
    case ice::CandidateType::Host: return IceCandidateType::Host;
    case ice::CandidateType::ServerReflexive: return IceCandidateType::Srflx;
    case ice::CandidateType::PeerReflexive: return IceCandidateType::Prflx;
    case ice::CandidateType::Relayed: return IceCandidateType::Relay;
  }
  return IceCandidateType::Host;
}

std::optional<IceTcpCandidateType> tcpTypeOf(std::string_view word) {
  for (auto type : {IceTcpCandidateType::Active, IceTcpCandidateType::Passive, IceTcpCandidateType::So})
    if (word == toString(type)) return type;
  return std::nullopt;
}

}  // namespace

IceCandidate::IceCandidate(IceCandidateInit init) : init_(std::move(init)), parsed_(parse(init_.candidate)) {
  if (!init_.sdpMid && !init_.sdpMLineIndex)
    throw Error(ErrorName::TypeError, "an ICE candidate needs an sdpMid or an sdpMLineIndex");
}

IceCandidateInit IceCandidate::toJson() const {
  IceCandidateInit init;
  init.candidate = init_.candidate;
  init.sdpMid = init_.sdpMid;
  init.sdpMLineIndex = init_.sdpMLineIndex;
  init.usernameFragment = init_.usernameFragment;
  return init;
}

/// W3C "create an RTCIceCandidate": all or nothing.
IceCandidate::Parsed IceCandidate::parse(const std::string& text) {
  if (text.empty()) return {};
  const auto candidate = ice::parseCandidate(text);
  if (!candidate) return {};
  Parsed parsed;
  if (candidate->component != 1 && candidate->component != 2) return {};
  parsed.component = candidate->component == 1 ? IceComponent::Rtp : IceComponent::Rtcp;
  if (candidate->transport != "udp" && candidate->transport != "tcp") return {};
  parsed.protocol = candidate->isUdp() ? IceProtocol::Udp : IceProtocol::Tcp;
  if (!candidate->isUdp() && !candidate->tcpType.empty()) {
    parsed.tcpType = tcpTypeOf(candidate->tcpType);
    if (!parsed.tcpType) return {};
  }
  parsed.foundation = candidate->foundation;
  parsed.priority = candidate->priority;
  parsed.address = candidate->address;
  parsed.port = candidate->port;
  parsed.type = typeOf(candidate->type);
  // Of candidates that were derived from another; "0.0.0.0 9" hides the address but is still there.
  if (!candidate->relatedAddress.empty()) {
    parsed.relatedAddress = candidate->relatedAddress;
    parsed.relatedPort = candidate->relatedPort;
  }
  return parsed;
}

}  // namespace parley
