#pragma once

#include "base/bytes.hpp"
#include "sctp/wire/chunk.hpp"

#include <cstdint>
#include <optional>
#include <vector>

/// \file
/// Parameters (RFC 9260 s.3.2.1) and error causes (s.3.3.10) have one form: type, length, value, padding.

namespace parley::sctp::wire {

struct TlvView {
  std::uint16_t type = 0;
  base::Bytes value;  ///< Without padding.
  base::Bytes whole;  ///< With the header, without padding.
};

inline constexpr std::size_t tlvHeaderSize = 4;

/// The parameters or causes of a chunk one after the other.
///
///     TlvReader reader(block);
///     while (auto parameter = reader.next()) …
///     if (!reader.ok()) …
class TlvReader {
 public:
  explicit TlvReader(base::Bytes block) : rest_(block) {}
  std::optional<TlvView> next();
  /// False once a length was wrong; nothing comes after that.
  bool ok() const { return ok_; }

 private:
  base::Bytes rest_;
  bool ok_ = true;
};

/// Collects parameters or causes for a chunk that is written. The last one is padded only if another follows, since the
/// chunk's own padding does that.
class TlvBlock {
 public:
  TlvBlock& add(std::uint16_t type, base::Bytes value);
  /// One that is whole already (header and value).
  TlvBlock& addWhole(base::Bytes whole);

  bool empty() const { return bytes_.empty(); }
  base::Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace parley::sctp::wire
