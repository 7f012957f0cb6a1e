#include "sctp/wire/error_causes.hpp"

#include <algorithm>
#include <array>

namespace parley::sctp::wire {
namespace {

void add(TlvBlock& block, CauseCode code, base::Bytes value) { block.add(static_cast<std::uint16_t>(code), value); }

void addU32(TlvBlock& block, CauseCode code, std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  base::store32(bytes.data(), value);
  add(block, code, bytes);
}

/// What a peer wrote, fit for a log.
std::string printable(base::Bytes text) {
  std::string result(base::asText(text.first(std::min<std::size_t>(text.size(), 128))));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

}  // namespace

std::string_view toString(CauseCode code) {
  switch (code) {
    case CauseCode::InvalidStreamIdentifier: return "invalid stream identifier";
    case CauseCode::MissingMandatoryParameter: return "missing mandatory parameter";
    case CauseCode::StaleCookie: return "stale cookie";
    case CauseCode::OutOfResource: return "out of resource";
    case CauseCode::UnresolvableAddress: return "unresolvable address";
    case CauseCode::UnrecognizedChunkType: return "unrecognized chunk type";
    case CauseCode::InvalidMandatoryParameter: return "invalid mandatory parameter";
    case CauseCode::UnrecognizedParameters: return "unrecognized parameters";
    case CauseCode::NoUserData: return "no user data";
    case CauseCode::CookieReceivedWhileShuttingDown: return "cookie received while shutting down";
    case CauseCode::RestartWithNewAddresses: return "restart with new addresses";
    case CauseCode::UserInitiatedAbort: return "user-initiated abort";
    case CauseCode::ProtocolViolation: return "protocol violation";
  }
  return "unknown cause";
}

namespace cause {

void addInvalidStream(TlvBlock& block, std::uint16_t stream) {
  addU32(block, CauseCode::InvalidStreamIdentifier, std::uint32_t{stream} << 16);
}
void addMissingParameter(TlvBlock& block, std::uint16_t parameterType) {
  std::array<std::uint8_t, 6> value{};
  Writer(value).u32(1).u16(parameterType);
  add(block, CauseCode::MissingMandatoryParameter, value);
}
void addStaleCookie(TlvBlock& block, std::uint32_t microseconds) {
  addU32(block, CauseCode::StaleCookie, microseconds);
}
void addOutOfResource(TlvBlock& block) { add(block, CauseCode::OutOfResource, {}); }
void addUnrecognizedChunk(TlvBlock& block, base::Bytes chunk) {
  add(block, CauseCode::UnrecognizedChunkType, chunk.first(std::min<std::size_t>(chunk.size(), 1'024)));
}
void addInvalidMandatoryParameter(TlvBlock& block) { add(block, CauseCode::InvalidMandatoryParameter, {}); }
void addUnrecognizedParameters(TlvBlock& block, base::Bytes parameters) {
  add(block, CauseCode::UnrecognizedParameters, parameters);
}
void addNoUserData(TlvBlock& block, Tsn tsn) { addU32(block, CauseCode::NoUserData, tsn.value); }
void addCookieWhileShuttingDown(TlvBlock& block) { add(block, CauseCode::CookieReceivedWhileShuttingDown, {}); }
void addUserInitiatedAbort(TlvBlock& block, std::string_view reason) {
  add(block, CauseCode::UserInitiatedAbort, base::asBytes(reason));
}
void addProtocolViolation(TlvBlock& block, std::string_view reason) {
  add(block, CauseCode::ProtocolViolation, base::asBytes(reason));
}

}  // namespace cause

std::string describeCauses(base::Bytes causes) {
  std::string text;
  TlvReader reader(causes);
  // A packet's worth of empty causes would make a line that nobody reads.
  for (unsigned count = 0; count < 4; ++count) {
    const auto next = reader.next();
    if (!next) break;
    if (!text.empty()) text += "; ";
    const auto code = static_cast<CauseCode>(next->type);
    text += toString(code);
    text += " (" + std::to_string(next->type) + ')';
    const bool readable = code == CauseCode::UserInitiatedAbort || code == CauseCode::ProtocolViolation;
    if (readable && !next->value.empty()) text += ": " + printable(next->value);
  }
  return text;
}

}  // namespace parley::sctp::wire
