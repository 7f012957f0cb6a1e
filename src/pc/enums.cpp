#include <parley/enums.hpp>

#include <array>
#include <cstddef>
#include <initializer_list>

namespace parley {

namespace {

using Name = std::string_view;

/// The words of each enum, in the order of its values.
template <class Enum>
struct Names;
template <>
struct Names<IceGatheringState> {
  static constexpr std::array<Name, 3> all = {"new", "gathering", "complete"};
};
template <>
struct Names<IceConnectionState> {
  static constexpr std::array<Name, 7> all = {"new",          "checking", "connected", "completed",
                                              "disconnected", "failed",   "closed"};
};
template <>
struct Names<PeerConnectionState> {
  static constexpr std::array<Name, 6> all = {"new", "connecting", "connected", "disconnected", "failed", "closed"};
};
template <>
struct Names<IceTransportPolicy> {
  static constexpr std::array<Name, 2> all = {"all", "relay"};
};
template <>
struct Names<BundlePolicy> {
  static constexpr std::array<Name, 3> all = {"balanced", "max-compat", "max-bundle"};
};
template <>
struct Names<RtcpMuxPolicy> {
  static constexpr std::array<Name, 1> all = {"require"};
};
template <>
struct Names<DataChannelState> {
  static constexpr std::array<Name, 4> all = {"connecting", "open", "closing", "closed"};
};
template <>
struct Names<BinaryType> {
  static constexpr std::array<Name, 2> all = {"arraybuffer", "blob"};
};
template <>
struct Names<PriorityType> {
  static constexpr std::array<Name, 4> all = {"very-low", "low", "medium", "high"};
};
template <>
struct Names<SctpTransportState> {
  static constexpr std::array<Name, 3> all = {"connecting", "connected", "closed"};
};
template <>
struct Names<DtlsTransportState> {
  static constexpr std::array<Name, 5> all = {"new", "connecting", "connected", "closed", "failed"};
};
template <>
struct Names<IceTransportState> {
  static constexpr std::array<Name, 7> all = {"new",          "checking", "connected", "completed",
                                              "disconnected", "failed",   "closed"};
};
template <>
struct Names<IceGathererState> {
  static constexpr std::array<Name, 3> all = {"new", "gathering", "complete"};
};
template <>
struct Names<IceRole> {
  static constexpr std::array<Name, 3> all = {"unknown", "controlling", "controlled"};
};
template <>
struct Names<ErrorDetail> {
  static constexpr std::array<Name, 5> all = {"data-channel-failure", "dtls-failure", "fingerprint-failure",
                                              "sctp-failure", "sdp-syntax-error"};
};
template <>
struct Names<MediaKind> {
  static constexpr std::array<Name, 2> all = {"audio", "video"};
};
template <>
struct Names<MediaStreamTrackState> {
  static constexpr std::array<Name, 2> all = {"live", "ended"};
};
template <>
struct Names<RtpTransceiverDirection> {
  static constexpr std::array<Name, 5> all = {"sendrecv", "sendonly", "recvonly", "inactive", "stopped"};
};

template <class Enum>
std::string_view nameOf(Enum value) {
  return Names<Enum>::all[static_cast<std::size_t>(value)];
}

template <class Enum>
std::optional<Enum> valueOf(std::string_view text) {
  for (std::size_t i = 0; i < Names<Enum>::all.size(); ++i)
    if (Names<Enum>::all[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}

/// For enums that have their words elsewhere: the first of `values` with this one.
template <class Enum>
std::optional<Enum> among(std::initializer_list<Enum> values, std::string_view text) {
  for (Enum value : values)
    if (toString(value) == text) return value;
  return std::nullopt;
}

}  // namespace

std::string_view toString(IceGatheringState value) { return nameOf(value); }
std::string_view toString(IceConnectionState value) { return nameOf(value); }
std::string_view toString(PeerConnectionState value) { return nameOf(value); }
std::string_view toString(IceTransportPolicy value) { return nameOf(value); }
std::string_view toString(BundlePolicy value) { return nameOf(value); }
std::string_view toString(RtcpMuxPolicy value) { return nameOf(value); }
std::string_view toString(DataChannelState value) { return nameOf(value); }
std::string_view toString(BinaryType value) { return nameOf(value); }
std::string_view toString(PriorityType value) { return nameOf(value); }
std::string_view toString(SctpTransportState value) { return nameOf(value); }
std::string_view toString(DtlsTransportState value) { return nameOf(value); }
std::string_view toString(IceTransportState value) { return nameOf(value); }
std::string_view toString(IceGathererState value) { return nameOf(value); }
std::string_view toString(IceRole value) { return nameOf(value); }
std::string_view toString(ErrorDetail value) { return nameOf(value); }
std::string_view toString(MediaKind value) { return nameOf(value); }
std::string_view toString(MediaStreamTrackState value) { return nameOf(value); }
std::string_view toString(RtpTransceiverDirection value) { return nameOf(value); }

template <>
std::optional<IceGatheringState> fromString(std::string_view text) {
  return valueOf<IceGatheringState>(text);
}
template <>
std::optional<IceConnectionState> fromString(std::string_view text) {
  return valueOf<IceConnectionState>(text);
}
template <>
std::optional<PeerConnectionState> fromString(std::string_view text) {
  return valueOf<PeerConnectionState>(text);
}
template <>
std::optional<IceTransportPolicy> fromString(std::string_view text) {
  return valueOf<IceTransportPolicy>(text);
}
template <>
std::optional<BundlePolicy> fromString(std::string_view text) {
  return valueOf<BundlePolicy>(text);
}
template <>
std::optional<RtcpMuxPolicy> fromString(std::string_view text) {
  return valueOf<RtcpMuxPolicy>(text);
}
template <>
std::optional<DataChannelState> fromString(std::string_view text) {
  return valueOf<DataChannelState>(text);
}
template <>
std::optional<BinaryType> fromString(std::string_view text) {
  return valueOf<BinaryType>(text);
}
template <>
std::optional<PriorityType> fromString(std::string_view text) {
  return valueOf<PriorityType>(text);
}
template <>
std::optional<SctpTransportState> fromString(std::string_view text) {
  return valueOf<SctpTransportState>(text);
}
template <>
std::optional<DtlsTransportState> fromString(std::string_view text) {
  return valueOf<DtlsTransportState>(text);
}
template <>
std::optional<IceTransportState> fromString(std::string_view text) {
  return valueOf<IceTransportState>(text);
}
template <>
std::optional<IceGathererState> fromString(std::string_view text) {
  return valueOf<IceGathererState>(text);
}
template <>
std::optional<IceRole> fromString(std::string_view text) {
  return valueOf<IceRole>(text);
}
template <>
std::optional<ErrorDetail> fromString(std::string_view text) {
  return valueOf<ErrorDetail>(text);
}
template <>
std::optional<MediaKind> fromString(std::string_view text) {
  return valueOf<MediaKind>(text);
}
template <>
std::optional<MediaStreamTrackState> fromString(std::string_view text) {
  return valueOf<MediaStreamTrackState>(text);
}
template <>
std::optional<RtpTransceiverDirection> fromString(std::string_view text) {
  return valueOf<RtpTransceiverDirection>(text);
}

template <>
std::optional<SdpType> fromString(std::string_view text) {
  return parseSdpType(text);
}
template <>
std::optional<SignalingState> fromString(std::string_view text) {
  using enum SignalingState;
  return among({Stable, HaveLocalOffer, HaveRemoteOffer, HaveLocalPrAnswer, HaveRemotePrAnswer, Closed}, text);
}
template <>
std::optional<IceComponent> fromString(std::string_view text) {
  return among({IceComponent::Rtp, IceComponent::Rtcp}, text);
}
template <>
std::optional<IceProtocol> fromString(std::string_view text) {
  return among({IceProtocol::Udp, IceProtocol::Tcp}, text);
}
template <>
std::optional<IceCandidateType> fromString(std::string_view text) {
  using enum IceCandidateType;
  return among({Host, Srflx, Prflx, Relay}, text);
}
template <>
std::optional<IceTcpCandidateType> fromString(std::string_view text) {
  using enum IceTcpCandidateType;
  return among({Active, Passive, So}, text);
}
template <>
std::optional<IceServerTransportProtocol> fromString(std::string_view text) {
  using enum IceServerTransportProtocol;
  return among({Udp, Tcp, Tls}, text);
}

}  // namespace parley
