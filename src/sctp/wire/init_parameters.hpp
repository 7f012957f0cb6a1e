#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/tlv.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace parley::sctp::wire {

/// The parameters of INIT, INIT ACK and HEARTBEAT.
enum class ParameterType : std::uint16_t {
  HeartbeatInfo = 1,
  Ipv4Address = 5,
  Ipv6Address = 6,
  StateCookie = 7,
  UnrecognizedParameter = 8,
  CookiePreservative = 9,
  HostNameAddress = 11,
  SupportedAddressTypes = 12,
  OutgoingSsnReset = 13,  ///< RFC 6525, in RE-CONFIG, as the five after it.
  IncomingSsnReset = 14,
  SsnTsnReset = 15,
  ReconfigResponse = 16,
  AddOutgoingStreams = 17,
  AddIncomingStreams = 18,
  ZeroChecksumAcceptable = 0x8001,  ///< RFC 9653 s.4.
  Random = 0x8002,                  ///< RFC 4895, as the two after it.
  ChunkList = 0x8003,
  RequestedHmac = 0x8004,
  SupportedExtensions = 0x8008,  ///< RFC 5061 s.4.2.7.
  ForwardTsnSupported = 0xc000,  ///< RFC 3758 s.3.1.
};
constexpr std::uint16_t number(ParameterType type) { return static_cast<std::uint16_t>(type); }

/// RFC 9260 s.3.2.1: what to do with a parameter that is not known.
constexpr UnknownAction unknownActionOf(std::uint16_t parameterType) {
  return {(parameterType & 0x8000) == 0, (parameterType & 0x4000) != 0};
}

/// RFC 9653 s.8: "SCTP over DTLS", the error detection method that stands in for the checksum.
inline constexpr std::uint32_t dtlsErrorDetection = 1;

/// What an end says of itself in INIT or INIT ACK, as far as WebRTC has a use for it.
struct InitParameters {
  bool forwardTsn = false;    ///< RFC 3758, by either its parameter or the supported extensions.
  bool reConfig = false;      ///< RFC 6525
  bool interleaving = false;  ///< RFC 8260: I-DATA.
  bool iForwardTsn = false;   ///< RFC 8260 s.2.3.1: without it, interleaving has no partial reliability.
  bool pad = false;           ///< RFC 4820: PAD among the supported extensions.
  std::optional<std::uint32_t> errorDetection;  ///< RFC 9653: takes a checksum of zero under this method.
  base::Bytes cookie;                           ///< INIT ACK's state cookie; borrowed. Empty if none.
  bool hostName = false;                        ///< RFC 9260 s.3.3.2.1.4: must be answered by an ABORT.
  /// Unknown ones to be reported (RFC 9260 s.3.2.1), whole; borrowed. Those of the INIT go back in the INIT ACK, those
  /// of the INIT ACK in an ERROR beside the COOKIE ECHO.
  std::vector<base::Bytes> unrecognized;

  /// Reads the block of an INIT or INIT ACK. An error if a length is wrong.
  static base::Result<InitParameters, ChunkError> parse(base::Bytes block);
  /// Writes what is set: FORWARD-TSN-supported, supported extensions, zero checksum acceptable, the cookie, and the
  /// unrecognized ones as "unrecognized parameter".
  void appendTo(TlvBlock& block) const;
};

}  // namespace parley::sctp::wire
