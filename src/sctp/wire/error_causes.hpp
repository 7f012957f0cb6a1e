#pragma once

#include "base/bytes.hpp"
#include "sctp/wire/serial.hpp"
#include "sctp/wire/tlv.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// \file
/// What ERROR and ABORT hold (RFC 9260 s.3.3.10). Read by `TlvReader`, collected in a `TlvBlock`.

namespace parley::sctp::wire {

enum class CauseCode : std::uint16_t {
  InvalidStreamIdentifier = 1,
  MissingMandatoryParameter = 2,
  StaleCookie = 3,
  OutOfResource = 4,
  UnresolvableAddress = 5,
  UnrecognizedChunkType = 6,
  InvalidMandatoryParameter = 7,
  UnrecognizedParameters = 8,
  NoUserData = 9,
  CookieReceivedWhileShuttingDown = 10,
  RestartWithNewAddresses = 11,
  UserInitiatedAbort = 12,
  ProtocolViolation = 13,
};

std::string_view toString(CauseCode code);

namespace cause {

void addInvalidStream(TlvBlock& block, std::uint16_t stream);
void addMissingParameter(TlvBlock& block, std::uint16_t parameterType);
/// How long ago the cookie ran out.
void addStaleCookie(TlvBlock& block, std::uint32_t microseconds);
void addOutOfResource(TlvBlock& block);
/// `chunk`: whole, as in `ChunkView::whole`. Shortened to 1 KiB so that it fits a packet.
void addUnrecognizedChunk(TlvBlock& block, base::Bytes chunk);
void addInvalidMandatoryParameter(TlvBlock& block);
/// `parameters`: whole ones, one or several padded, as in `InitParameters::unrecognized`.
void addUnrecognizedParameters(TlvBlock& block, base::Bytes parameters);
void addNoUserData(TlvBlock& block, Tsn tsn);
void addCookieWhileShuttingDown(TlvBlock& block);
void addUserInitiatedAbort(TlvBlock& block, std::string_view reason);
void addProtocolViolation(TlvBlock& block, std::string_view reason);

}  // namespace cause

/// One line for a log or an error: "protocol violation (13): bad stream". What the peer wrote is cut to 128 characters,
/// those that cannot be printed replaced.
std::string describeCauses(base::Bytes causes);

}  // namespace parley::sctp::wire
