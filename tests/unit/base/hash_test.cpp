#include "base/hash.hpp"

#include "base/random.hpp"
#include "support/catch.hpp"
#include "support/vector_file.hpp"

#include <vector>

using namespace parley;
using namespace parley::base;
using parley::test::readVectorFile;

namespace {

std::string repeated(std::size_t n, std::uint8_t byte) { return std::string(n, static_cast<char>(byte)); }

/// The definition of a reflected CRC, bit by bit.
std::uint32_t slowCrc(Bytes data, std::uint32_t polynomial) {
  std::uint32_t c = 0xffffffff;
  for (auto byte : data) {
    c ^= byte;
    for (int bit = 0; bit < 8; ++bit) c = c & 1 ? c >> 1 ^ polynomial : c >> 1;
  }
  return ~c;
}

struct HmacRow {
  std::string key, data, digest;
};

}  // namespace

TEST_CASE("MD5 gives the digests of RFC 1321 A.5") {
  CHECK(toHex(md5({})) == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(toHex(md5(asBytes("abc"))) == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(toHex(md5(asBytes("message digest"))) == "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST_CASE("SHA-256 gives the digests of FIPS 180-4's examples") {
  CHECK(toHex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(toHex(sha256(asBytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(toHex(sha256(asBytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("HMAC-SHA1 gives the digests of RFC 2202 s.3") {
  auto row = GENERATE(values<HmacRow>({
      {repeated(20, 0x0b), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
      {"Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      {repeated(20, 0xaa), repeated(50, 0xdd), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
      {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19",
       repeated(50, 0xcd), "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
      {repeated(20, 0x0c), "Test With Truncation", "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
      {repeated(80, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First",
       "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
      {repeated(80, 0xaa), "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
       "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
  }));
  CHECK(toHex(hmacSha1(asBytes(row.key), asBytes(row.data))) == row.digest);
}

TEST_CASE("HMAC-SHA-256 gives the digests of RFC 4231 s.4") {
  auto row = GENERATE(values<HmacRow>({
      {repeated(20, 0x0b), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {repeated(20, 0xaa), repeated(50, 0xdd), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19",
       repeated(50, 0xcd), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {repeated(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {repeated(131, 0xaa),
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
       "hashed "
       "before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  }));
  CHECK(toHex(hmacSha256(asBytes(row.key), asBytes(row.data))) == row.digest);
}

TEST_CASE("an empty key and empty data are a key and data") {
  // From the definition in RFC 2104, which pads an empty key to a block of zeros.
  CHECK(toHex(hmacSha1({}, {})) == "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
  CHECK(toHex(hmacSha256({}, {})) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  hmacSha1(asBytes("another key"), asBytes("x"));
  CHECK(toHex(hmacSha1({}, {})) == "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

TEST_CASE("the checksums of the digits 1 to 9 are the published ones") {
  CHECK(crc32(asBytes("123456789")) == 0xcbf43926);
  CHECK(crc32c(asBytes("123456789")) == 0xe3069283);
  CHECK(crc32({}) == 0);
  CHECK(crc32c({}) == 0);
}

TEST_CASE("CRC32c gives the checksums of RFC 3720 B.4") {
  std::vector<std::uint8_t> up, down;
  for (int i = 0; i < 32; ++i)
    up.push_back(static_cast<std::uint8_t>(i)), down.push_back(static_cast<std::uint8_t>(31 - i));
  CHECK(crc32c(asBytes(repeated(32, 0))) == 0x8a9136aa);
  CHECK(crc32c(asBytes(repeated(32, 0xff))) == 0x62a8ab43);
  CHECK(crc32c(up) == 0x46dd794e);
  CHECK(crc32c(down) == 0x113fdb5c);
}

TEST_CASE("CRC32c gives the checksums of the collection") {
  for (const auto& record : readVectorFile(PARLEY_STANDARDS, "sctp/crc32c.vec")) {
    INFO(record.name);
    std::uint8_t crc[4];
    store32(crc, crc32c(fromHex(record.values.at("data"))));
    CHECK(toHex(crc) == record.values.at("crc"));
  }
}

TEST_CASE("checksums of any length and alignment agree with the definition, whole or in pieces") {
  std::vector<std::uint8_t> data(200);
  SeededRandom(3).fill(data);
  for (std::size_t from = 0; from < 9; ++from)
    for (std::size_t size = 0; size + from < data.size(); ++size) {
      auto part = Bytes(data).subspan(from, size);
      REQUIRE(crc32(part) == slowCrc(part, 0xedb88320));
      REQUIRE(crc32c(part) == slowCrc(part, 0x82f63b78));
      auto head = part.first(size / 3), tail = part.subspan(size / 3);
      REQUIRE(crc32(tail, crc32(head)) == crc32(part));
      REQUIRE(crc32c(tail, crc32c(head)) == crc32c(part));
    }
}

TEST_CASE("the comparison for secrets compares length and content") {
  CHECK(equalConstantTime({}, {}));
  CHECK(equalConstantTime(asBytes("abc"), asBytes("abc")));
  CHECK_FALSE(equalConstantTime(asBytes("abc"), asBytes("abd")));
  CHECK_FALSE(equalConstantTime(asBytes("abc"), asBytes("ab")));
  CHECK_FALSE(equalConstantTime(asBytes("abc"), {}));
}
