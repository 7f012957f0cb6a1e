#include "base/random.hpp"
#include "rtp/fec/ulpfec.hpp"
#include "rtp/fec/ulpfec_decoder.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <map>

using namespace parley;
using namespace parley::rtp::fec;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes packet(std::uint16_t sequenceNumber, std::uint32_t timestamp, std::uint8_t payloadType, bool marker,
             std::size_t payload, std::uint32_t ssrc = 2) {
  Bytes bytes(12 + payload);
  bytes[0] = 0x80;
  bytes[1] = static_cast<std::uint8_t>((marker ? 0x80 : 0) | payloadType);
  base::store16(&bytes[2], sequenceNumber);
  base::store32(&bytes[4], timestamp);
  base::store32(&bytes[8], ssrc);
  for (std::size_t i = 0; i < payload; ++i) bytes[12 + i] = static_cast<std::uint8_t>(sequenceNumber * 31 + i * 7);
  return bytes;
}

Bytes protection(const std::vector<Bytes>& packets) {
  std::vector<base::Bytes> views(packets.begin(), packets.end());
  Bytes out;
  REQUIRE(protect(views, out));
  return out;
}

std::vector<Bytes> restored(UlpfecDecoder& decoder) {
  std::vector<Bytes> all;
  while (auto bytes = decoder.poll()) all.emplace_back(bytes->begin(), bytes->end());
  return all;
}

/// RFC 5109 s.10: A, B, C and D.
std::vector<Bytes> exampleMedia() {
  return {packet(8, 3, 11, true, 200), packet(9, 5, 18, false, 140), packet(10, 7, 11, true, 100),
          packet(11, 9, 18, false, 340)};
}

}  // namespace

TEST_CASE("the example of RFC 5109 section 10.1 gets the headers of figures 8 and 9") {
  const auto fec = protection(exampleMedia());
  REQUIRE(fec.size() == 10 + 4 + 340);
  CHECK(base::toHex(base::Bytes(fec).first(14)) == "00000008" "00000008" "0174" "0154f000");
}

TEST_CASE("the FEC header of two packets is that of RFC 5109 figure 12") {
  const auto media = exampleMedia();
  const auto fec = protection({media[0], media[1]});
  // The figure's own M recovery of 0 belies its rule (A has the marker, B has not): s.8.1 gives 1.
  CHECK(base::toHex(base::Bytes(fec).first(10)) == "00990008" "00000006" "0044");
  CHECK(base::load16(&fec[12]) == 0xC000);
}

TEST_CASE("any one lost packet of a group is restored to the last bit") {
  auto media = exampleMedia();
  media[1][0] |= 0x20;  // padding
  media[1].back() = 3;
  media[2][0] |= 0x12;  // an extension, and two contributing sources
  const auto fec = protection(media);
  for (std::size_t lost = 0; lost < media.size(); ++lost)
    for (bool fecFirst : {false, true}) {
      UlpfecDecoder decoder(2);
      if (fecFirst) decoder.fec(fec);
      for (std::size_t i = 0; i < media.size(); ++i)
        if (i != lost) decoder.media(media[i]);
      if (!fecFirst) decoder.fec(fec);
      CAPTURE(lost, fecFirst);
      const auto found = restored(decoder);
      REQUIRE(found.size() == 1);
      CHECK(found[0] == media[lost]);
      CHECK(decoder.drops().total() == 0);
    }
}

TEST_CASE("two lost packets of a group are not restored until one of them comes late") {
  const auto media = exampleMedia();
  UlpfecDecoder decoder(2);
  decoder.media(media[0]);
  decoder.media(media[3]);
  decoder.fec(protection(media));
  CHECK(restored(decoder).empty());
  decoder.media(media[2]);
  CHECK(restored(decoder) == std::vector<Bytes>{media[1]});
}

TEST_CASE("what one FEC packet restores helps another") {
  const auto media = exampleMedia();
  UlpfecDecoder decoder(2);
  decoder.media(media[3]);
  decoder.media(media[0]);
  decoder.fec(protection({media[1], media[2], media[3]}));  // lacks two
  decoder.fec(protection({media[0], media[1]}));
  auto found = restored(decoder);
  REQUIRE(found.size() == 2);
  CHECK(found[0] == media[1]);
  CHECK(found[1] == media[2]);
}

TEST_CASE("a group that spans more than sixteen packets uses the long mask, and the numbers may wrap") {
  std::vector<Bytes> media;
  for (std::uint16_t i = 0; i < 48; i += 5)
    media.push_back(packet(static_cast<std::uint16_t>(65'520 + i), 1'000u + i, 96, i == 45, 20 + i));
  const auto fec = protection(media);
  CHECK((fec[0] & 0x40) != 0);
  CHECK(base::load16(&fec[2]) == 65'520);
  UlpfecDecoder decoder(2);
  for (std::size_t i = 0; i < media.size(); ++i)
    if (i != 7) decoder.media(media[i]);
  decoder.fec(fec);
  CHECK(restored(decoder) == std::vector<Bytes>{media[7]});
}

TEST_CASE("packets that no mask can name together are not protected") {
  Bytes out{1, 2, 3};
  const auto a = packet(1, 1, 96, false, 10), far = packet(49, 1, 96, false, 10);
  CHECK_FALSE(protect({}, out));
  CHECK_FALSE(protect(std::vector<base::Bytes>{a, far}, out));
  CHECK_FALSE(protect(std::vector<base::Bytes>{a, a}, out));
  CHECK_FALSE(protect(std::vector<base::Bytes>{base::Bytes(a).first(11)}, out));
  CHECK(out == Bytes{1, 2, 3});
}

TEST_CASE("FEC that does not parse, is late or restores too much is dropped and counted") {
  UlpfecDecoder decoder(2);
  const auto media = exampleMedia();
  auto fec = protection(media);
  for (std::size_t size = 0; size < fec.size(); ++size) decoder.fec(base::Bytes(fec).first(size));
  CHECK(decoder.drops()[FecDrop::Malformed] == fec.size());
  auto nothing = fec;
  nothing[12] = nothing[13] = 0;
  decoder.fec(nothing);
  CHECK(decoder.drops()[FecDrop::Malformed] == fec.size() + 1);

  for (int i : {0, 1, 2}) decoder.media(media[static_cast<std::size_t>(i)]);
  auto longer = fec;
  base::store16(&longer[8], static_cast<std::uint16_t>(base::load16(&fec[8]) ^ 0x4000));
  decoder.fec(longer);
  CHECK(decoder.drops()[FecDrop::Incomplete] == 1);

  decoder.media(packet(8 + 64, 1, 96, false, 1));
  decoder.fec(fec);
  CHECK(decoder.drops()[FecDrop::Old] == 1);
  CHECK(restored(decoder).empty());
}

TEST_CASE("FEC that waits for more than will come is bounded") {
  UlpfecDecoder decoder(2);
  for (std::uint16_t i = 0; i < 1'000; ++i)
    decoder.fec(protection({packet(static_cast<std::uint16_t>(2 * i), 1, 96, false, 10),
                            packet(static_cast<std::uint16_t>(2 * i + 1), 1, 96, false, 10)}));
  CHECK(decoder.drops()[FecDrop::Old] == 992);
  CHECK(restored(decoder).empty());
}

TEST_CASE("with FEC for the rate of the losses most of what a lossy path takes comes back") {
  base::SeededRandom random(7);
  constexpr double loss = 0.05;
  constexpr std::size_t group = 3;
  const auto count = packetsFor(group, loss);
  REQUIRE(count == 1);
  UlpfecDecoder decoder(2);
  std::map<std::uint16_t, Bytes> lost;
  std::size_t back = 0;
  std::uint16_t next = 60'000;
  for (int i = 0; i < 1'000; ++i) {
    std::vector<Bytes> media;
    for (std::size_t k = 0; k < group; ++k)
      media.push_back(packet(next++, 3'000u * static_cast<std::uint32_t>(i), 96, k + 1 == group, 100 + random.below(900)));
    ++next;  // the number that the FEC packet takes
    for (const auto& bytes : media)
      if (random.below(1'000) < loss * 1'000)
        lost[base::load16(&bytes[2])] = bytes;
      else
        decoder.media(bytes);
    if (random.below(1'000) >= loss * 1'000) decoder.fec(protection(media));
    for (const auto& bytes : restored(decoder)) {
      const auto found = lost.find(base::load16(&bytes[2]));
      REQUIRE(found != lost.end());
      CHECK(found->second == bytes);
      lost.erase(found);
      ++back;
    }
  }
  // One loss in a group of four, the FEC included, is what is restored: 0.95^3 = 86 % of the losses are alone.
  CHECK(back > 4 * lost.size());
}

TEST_CASE("how much FEC there is follows the losses, and is never more than half") {
  CHECK(packetsFor(10, 0) == 0);
  CHECK(packetsFor(0, 0.5) == 0);
  CHECK(packetsFor(1, 0.01) == 1);
  CHECK(packetsFor(20, 0.9) == 10);
  CHECK(protectedAt(0.01) == 19);
  CHECK(packetsFor(20, 0.01) == 1);
  CHECK(protectedAt(0.05) == 3);
  CHECK(packetsFor(20, 0.05) == 7);
  CHECK(protectedAt(0.001) == 48);
  std::size_t covered = 0;
  for (std::size_t index = 0; index < 3; ++index)
    for (std::size_t i = 0; i < 10; ++i) covered += protects(i, index, 3);
  CHECK(covered == 10);
}
