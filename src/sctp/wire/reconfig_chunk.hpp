#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/init_parameters.hpp"
#include "sctp/wire/serial.hpp"
#include "sctp/wire/tlv.hpp"

#include <optional>
#include <span>
#include <variant>

namespace parley::sctp::wire {

/// A list of stream numbers as it is on the wire: borrows the packet.
class StreamList {
 public:
  StreamList() = default;
  /// Precondition: an even number of bytes.
  explicit StreamList(base::Bytes bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size() / 2; }
  std::uint16_t operator[](std::size_t i) const { return base::load16(bytes_.data() + 2 * i); }

 private:
  base::Bytes bytes_;
};

/// RFC 6525 s.4.1: the sender resets these outgoing streams of its own; none named means all.
struct OutgoingSsnReset {
  RequestNumber request;
  RequestNumber responseTo;  ///< The incoming reset request that this answers, or one less than the next expected.
  Tsn lastTsn;               ///< The last TSN that the sender has assigned: the reset comes after it.
  StreamList streams;

  static constexpr std::size_t fixedSize = 16;  ///< With the parameter header; each stream takes 2 more.
};
/// RFC 6525 s.4.2: the sender asks the receiver to reset these of its outgoing streams; none named means all.
struct IncomingSsnReset {
  RequestNumber request;
  StreamList streams;
};
/// RFC 6525 s.4.3
struct SsnTsnReset {
  RequestNumber request;
};
/// RFC 6525 s.4.4
enum class ReconfigResult : std::uint32_t {
  NothingToDo = 0,
  Performed = 1,
  Denied = 2,
  WrongSsn = 3,
  RequestInProgress = 4,  ///< Another request is.
  BadSequenceNumber = 5,
  InProgress = 6,  ///< This one is: ask again.
};
struct ReconfigResponse {
  RequestNumber request;
  ReconfigResult result{};
};
/// RFC 6525 s.4.5, s.4.6
struct AddStreams {
  RequestNumber request;
  bool outgoing = true;
  std::uint16_t count = 0;
};

using ReconfigParameter = std::variant<OutgoingSsnReset, IncomingSsnReset, SsnTsnReset, ReconfigResponse, AddStreams>;

/// Nothing if the parameter is of another type or has the wrong length.
std::optional<ReconfigParameter> parseReconfigParameter(const TlvView& parameter);

void addOutgoingSsnReset(TlvBlock& block, RequestNumber request, RequestNumber responseTo, Tsn lastTsn,
                         std::span<const std::uint16_t> streams);
void addIncomingSsnReset(TlvBlock& block, RequestNumber request, std::span<const std::uint16_t> streams);
void addReconfigResponse(TlvBlock& block, RequestNumber request, ReconfigResult result);
void addAddStreams(TlvBlock& block, const AddStreams& request);

/// RE-CONFIG (RFC 6525 s.3.1): one parameter or two. Borrowed.
struct ReConfig {
  static constexpr ChunkType type = ChunkType::ReConfig;

  base::Bytes parameters;

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return parameters.size(); }
  void writeValue(Writer& writer) const { writer.bytes(parameters); }
  static base::Result<ReConfig, ChunkError> parse(const ChunkView& chunk);
};

}  // namespace parley::sctp::wire
