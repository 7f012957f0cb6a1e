#pragma once

#include <parley/export.hpp>
#include <parley/ice_candidate.hpp>
#include <parley/session_description.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

/// \file
/// The W3C's string unions. `toString` gives the string of the specification ("have-local-offer"), `fromString` the
/// value for it, or nothing for a string that the union does not have.

namespace parley {

enum class IceGatheringState : std::uint8_t { New, Gathering, Complete };
enum class IceConnectionState : std::uint8_t { New, Checking, Connected, Completed, Disconnected, Failed, Closed };
enum class PeerConnectionState : std::uint8_t { New, Connecting, Connected, Disconnected, Failed, Closed };

enum class IceTransportPolicy : std::uint8_t { All, Relay };
enum class BundlePolicy : std::uint8_t { Balanced, MaxCompat, MaxBundle };
enum class RtcpMuxPolicy : std::uint8_t { Require };

enum class DataChannelState : std::uint8_t { Connecting, Open, Closing, Closed };
/// How a binding shows binary messages to scripts. Here it is stored and means nothing: a message is a vector of bytes.
enum class BinaryType : std::uint8_t { ArrayBuffer, Blob };
/// RFC 8831 s.6.4, webrtc-priority.
enum class PriorityType : std::uint8_t { VeryLow, Low, Medium, High };

enum class SctpTransportState : std::uint8_t { Connecting, Connected, Closed };
enum class DtlsTransportState : std::uint8_t { New, Connecting, Connected, Closed, Failed };
enum class IceTransportState : std::uint8_t { New, Checking, Connected, Completed, Disconnected, Failed, Closed };
enum class IceGathererState : std::uint8_t { New, Gathering, Complete };
enum class IceRole : std::uint8_t { Unknown, Controlling, Controlled };

enum class ErrorDetail : std::uint8_t {
  DataChannelFailure,
  DtlsFailure,
  FingerprintFailure,
  SctpFailure,
  SdpSyntaxError
};

/// The "kind" of a track.
enum class MediaKind : std::uint8_t { Audio, Video };
enum class MediaStreamTrackState : std::uint8_t { Live, Ended };
enum class RtpTransceiverDirection : std::uint8_t { SendRecv, SendOnly, RecvOnly, Inactive, Stopped };

PARLEY_API std::string_view toString(IceGatheringState value);
PARLEY_API std::string_view toString(IceConnectionState value);
PARLEY_API std::string_view toString(PeerConnectionState value);
PARLEY_API std::string_view toString(IceTransportPolicy value);
PARLEY_API std::string_view toString(BundlePolicy value);
PARLEY_API std::string_view toString(RtcpMuxPolicy value);
PARLEY_API std::string_view toString(DataChannelState value);
PARLEY_API std::string_view toString(BinaryType value);
PARLEY_API std::string_view toString(PriorityType value);
PARLEY_API std::string_view toString(SctpTransportState value);
PARLEY_API std::string_view toString(DtlsTransportState value);
PARLEY_API std::string_view toString(IceTransportState value);
PARLEY_API std::string_view toString(IceGathererState value);
PARLEY_API std::string_view toString(IceRole value);
PARLEY_API std::string_view toString(ErrorDetail value);
PARLEY_API std::string_view toString(MediaKind value);
PARLEY_API std::string_view toString(MediaStreamTrackState value);
PARLEY_API std::string_view toString(RtpTransceiverDirection value);

/// `fromString<BundlePolicy>("max-compat")`. Defined for each enum of this file, of session_description.hpp
/// and of ice_candidate.hpp.
template <class Enum>
std::optional<Enum> fromString(std::string_view text);

template <>
PARLEY_API std::optional<SignalingState> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceGatheringState> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceConnectionState> fromString(std::string_view text);
template <>
PARLEY_API std::optional<PeerConnectionState> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceTransportPolicy> fromString(std::string_view text);
template <>
PARLEY_API std::optional<BundlePolicy> fromString(std::string_view text);
template <>
PARLEY_API std::optional<RtcpMuxPolicy> fromString(std::string_view text);
template <>
PARLEY_API std::optional<DataChannelState> fromString(std::string_view text);
template <>
PARLEY_API std::optional<BinaryType> fromString(std::string_view text);
template <>
PARLEY_API std::optional<PriorityType> fromString(std::string_view text);
template <>
PARLEY_API std::optional<SctpTransportState> fromString(std::string_view text);
template <>
PARLEY_API std::optional<DtlsTransportState> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceTransportState> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceGathererState> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceRole> fromString(std::string_view text);
template <>
PARLEY_API std::optional<ErrorDetail> fromString(std::string_view text);
template <>
PARLEY_API std::optional<MediaKind> fromString(std::string_view text);
template <>
PARLEY_API std::optional<MediaStreamTrackState> fromString(std::string_view text);
template <>
PARLEY_API std::optional<RtpTransceiverDirection> fromString(std::string_view text);
template <>
PARLEY_API std::optional<SdpType> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceComponent> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceProtocol> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceCandidateType> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceTcpCandidateType> fromString(std::string_view text);
template <>
PARLEY_API std::optional<IceServerTransportProtocol> fromString(std::string_view text);

}  // namespace parley
