#include "sctp/wire/tlv.hpp"

#include <algorithm>

namespace parley::sctp::wire {

std::optional<TlvView> TlvReader::next() {
  if (!ok_ || rest_.empty()) return std::nullopt;
  const std::size_t length = rest_.size() < tlvHeaderSize ? 0 : base::load16(rest_.data() + 2);
  if (length < tlvHeaderSize || length > rest_.size()) {
    ok_ = false;
    return std::nullopt;
  }
  const auto whole = rest_.first(length);
  rest_ = rest_.subspan(std::min(padded(length), rest_.size()));
  return TlvView{base::load16(whole.data()), whole.subspan(tlvHeaderSize), whole};
}

TlvBlock& TlvBlock::add(std::uint16_t type, base::Bytes value) {
  const auto begin = padded(bytes_.size());
  const auto size = tlvHeaderSize + value.size();
  assert(size <= UINT16_MAX);
  bytes_.resize(begin + size);
  Writer(base::MutableBytes(bytes_).subspan(begin)).u16(type).u16(static_cast<std::uint16_t>(size)).bytes(value);
  return *this;
}

TlvBlock& TlvBlock::addWhole(base::Bytes whole) {
  bytes_.resize(padded(bytes_.size()));
  bytes_.insert(bytes_.end(), whole.begin(), whole.end());
  return *this;
}

}  // namespace parley::sctp::wire
