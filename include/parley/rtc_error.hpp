#pragma once

#include <parley/enums.hpp>
#include <parley/error.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace parley {

/// The W3C's RTCError: an OperationError that says what of WebRTC failed. It comes in the error events of data channels
/// and DTLS transports, and as the rejection of a description that does not parse.
class PARLEY_API RtcError : public Error {
 public:
  /// RTCErrorInit.
  struct Init {
    ErrorDetail errorDetail{};
    std::optional<std::int32_t> sdpLineNumber;
    std::optional<std::int32_t> sctpCauseCode;
    std::optional<std::uint32_t> receivedAlert;
    std::optional<std::uint32_t> sentAlert;
  };

  RtcError(const Init& init, const std::string& message) : Error(ErrorName::OperationError, message), init_(init) {}

  ErrorDetail errorDetail() const noexcept { return init_.errorDetail; }
  /// Of a sdp-syntax-error; the first line is 1.
  std::optional<std::int32_t> sdpLineNumber() const noexcept { return init_.sdpLineNumber; }
  /// RFC 9260 s.3.3.10, of a sctp-failure.
  std::optional<std::int32_t> sctpCauseCode() const noexcept { return init_.sctpCauseCode; }
  /// RFC 5246 s.7.2, of a dtls-failure: the number of the peer's alert, or of ours.
  std::optional<std::uint32_t> receivedAlert() const noexcept { return init_.receivedAlert; }
  std::optional<std::uint32_t> sentAlert() const noexcept { return init_.sentAlert; }

 private:
  Init init_;
};

}  // namespace parley
