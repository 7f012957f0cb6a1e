#include "base/bytes.hpp"

#include "support/catch.hpp"

#include <array>

using namespace parley::base;

TEST_CASE("integers are stored in network order") {
  std::array<std::uint8_t, 8> bytes{};
  store16(bytes.data(), 0x8001);
  CHECK(toHex(bytes) == "8001000000000000");
  CHECK(load16(bytes.data()) == 0x8001);
  store32(bytes.data(), 0x80020304);
  CHECK(toHex(bytes) == "8002030400000000");
  CHECK(load32(bytes.data()) == 0x80020304);
  store64(bytes.data(), 0x8002030405060708);
  CHECK(toHex(bytes) == "8002030405060708");
  CHECK(load64(bytes.data()) == 0x8002030405060708);
}

TEST_CASE("a reader yields the fields in order") {
  auto bytes = fromHex("0102030405060708090a0b0c0d0e0f1011");
  Reader reader(bytes);
  CHECK(reader.u8() == 0x01);
  CHECK(reader.u16() == 0x0203);
  CHECK(reader.u32() == 0x04050607);
  CHECK(reader.u64() == 0x08090a0b0c0d0e0f);
  CHECK(reader.remaining() == 2);
  CHECK(toHex(reader.take(1)) == "10");
  CHECK(toHex(reader.rest()) == "11");
  CHECK(reader.remaining() == 0);
  CHECK(reader.rest().empty());
  CHECK(reader.take(0).empty());
  CHECK(reader.ok());
}

TEST_CASE("a reader past the end yields zeros and says so from then on") {
  auto bytes = fromHex("ffffff");
  SECTION("u32") {
    Reader reader(bytes);
    CHECK(reader.u32() == 0);
    CHECK_FALSE(reader.ok());
    CHECK(reader.u8() == 0);  // what was left is not given out any more
    CHECK(reader.remaining() == 0);
    CHECK_FALSE(reader.ok());
  }
  SECTION("u64") {
    Reader reader(bytes);
    CHECK(reader.u64() == 0);
    CHECK_FALSE(reader.ok());
  }
  SECTION("u16 and u8 of nothing") {
    Reader reader({});
    CHECK(reader.ok());
    CHECK(reader.u16() == 0);
    CHECK_FALSE(reader.ok());
    CHECK(reader.u8() == 0);
  }
  SECTION("take") {
    Reader reader(bytes);
    CHECK(reader.take(4).empty());
    CHECK_FALSE(reader.ok());
    CHECK_FALSE(Reader(bytes).take(std::size_t(-1)).size());
  }
}

TEST_CASE("hexadecimal is read in both cases and written in lower case") {
  CHECK(toHex(fromHex("00ffAb9C")) == "00ffab9c");
  CHECK(toHex({}).empty());
  for (auto bad : {"0", "0g", "g0", "0x", " 00", "00 ", "000"}) {
    INFO(bad);
    CHECK(fromHex(bad).empty());
  }
}
