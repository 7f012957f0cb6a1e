// FEC of one stream (RFC 5109): payloads of a hostile peer, and packets that go through loss and come back as they
// were.
#include "base/bytes.hpp"
#include "rtp/fec/ulpfec.hpp"
#include "rtp/fec/ulpfec_decoder.hpp"
#include "support/check.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using namespace parley;
using namespace parley::rtp::fec;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t ssrc = 7;

Bytes packet(base::Reader& in, std::uint16_t number) {
  Bytes bytes(fixedHeader);
  bytes[0] = 0x80;
  bytes[1] = in.u8();
  base::store16(&bytes[2], number);
  base::store32(&bytes[4], in.u16());
  base::store32(&bytes[8], ssrc);
  const auto payload = in.take(std::min<std::size_t>(in.remaining(), in.u8()));
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

/// Whatever comes, what is restored is a packet of the stream.
void drain(UlpfecDecoder& decoder) {
  while (const auto restored = decoder.poll()) {
    FUZZ_CHECK(restored->size() >= fixedHeader && (*restored)[0] >> 6 == 2);
    FUZZ_CHECK(base::load32(restored->data() + 8) == ssrc);
  }
}

/// Of a group, one is lost, and comes back.
void throughLoss(base::Reader& in) {
  const std::size_t count = 1 + in.u8() % maxSpan;
  std::uint16_t number = in.u16();
  const std::size_t lost = in.u8() % count;
  std::vector<Bytes> group;
  for (std::size_t i = 0; i < count; ++i) group.push_back(packet(in, number++));
  const std::vector<base::Bytes> views(group.begin(), group.end());
  Bytes payload;
  FUZZ_CHECK(protect(views, payload));
  UlpfecDecoder decoder(ssrc);
  for (std::size_t i = 0; i < count; ++i)
    if (i != lost) decoder.media(group[i]);
  decoder.fec(payload);
  const auto restored = decoder.poll();
  FUZZ_CHECK(restored && std::equal(restored->begin(), restored->end(), group[lost].begin(), group[lost].end()));
  FUZZ_CHECK(!decoder.poll());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::Reader in(base::Bytes(data, size));
  throughLoss(in);
  UlpfecDecoder decoder(ssrc);
  std::uint16_t number = 0;
  std::size_t payloads = 0;
  while (in.remaining() > 0) {
    const auto operation = in.u8();
    number = static_cast<std::uint16_t>(number + (operation < 0xf0 ? operation >> 4 : 31 * operation));
    if (operation & 1) {
      decoder.media(packet(in, number));
    } else {
      ++payloads;
      decoder.fec(in.take(std::min<std::size_t>(in.remaining(), in.u8())));
    }
    drain(decoder);
  }
  FUZZ_CHECK(decoder.drops().total() <= payloads);
  return 0;
}
