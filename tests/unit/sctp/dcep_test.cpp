#include "sctp/dcep.hpp"

#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

using namespace parley;
using parley::sctp::Reliability;
using namespace parley::sctp::dcep;

namespace {

Message parsed(std::string_view hex) {
  auto message = parse(base::fromHex(hex));
  REQUIRE(message);
  return *message;
}

struct OpenVector {
  const char* hex;
  Open open;
};

// The layout of RFC 8832 s.5.1, field by field; the RFC prints no example.
const OpenVector openVectors[] = {
    {"030001000000000000000000", {{true, {}, {}}, 256, "", ""}},
    {"03000100000000000004000063686174", {{true, {}, {}}, 256, "chat", ""}},
    {"0380010000000000000400056368617470726f746f", {{false, {}, {}}, 256, "chat", "proto"}},
    {"03010100000000030004000063686174", {{true, 3, {}}, 256, "chat", ""}},
    {"03810100000000000004000063686174", {{false, 0, {}}, 256, "chat", ""}},
    {"03020200000001f40004000067616d65", {{true, {}, 500}, 512, "game", ""}},
    {"03820400000001f40004000067616d65", {{false, {}, 500}, 1024, "game", ""}},
    {"030000800000000000080000646f6e6ec3a96573", {{true, {}, {}}, 128, "donn\xc3\xa9" "es", ""}},
};

}  // namespace

TEST_CASE("OPEN of every channel type is read and written") {
  for (auto& vector : openVectors) {
    INFO(vector.hex);
    CHECK(std::get<Open>(parsed(vector.hex)) == vector.open);
    CHECK(base::toHex(write(vector.open)) == vector.hex);
  }
}

TEST_CASE("the ACK is one octet and may be padded") {
  CHECK(base::toHex(write(Ack{})) == "02");
  for (auto hex : {"02", "0200", "02000000"}) CHECK(std::holds_alternative<Ack>(parsed(hex)));
}

TEST_CASE("malformed messages are refused with their reason") {
  auto error = [](std::string_view hex) { return parse(base::fromHex(hex)).error(); };
  CHECK(error("") == ParseError::Empty);
  CHECK(error("ff") == ParseError::UnknownType);
  CHECK(error("03") == ParseError::Truncated);
  CHECK(error("0300010000000000") == ParseError::Truncated);
  CHECK(error("030001000000000000040000636861") == ParseError::Truncated);
  CHECK(error("0300010000000000000000046162") == ParseError::Truncated);
  CHECK(error("03000100000000000001000078ff") == ParseError::TrailingOctets);
  CHECK(error("03030100000000000001000078") == ParseError::UnknownChannelType);
  CHECK(error("03040100000000000001000078") == ParseError::UnknownChannelType);
}

TEST_CASE("the longest label and protocol pass and limits are cut to 16 bits") {
  Open open{{false, {}, {}}, 65'535, std::string(65'535, 'l'), std::string(65'535, 'p')};
  auto message = parse(write(open));
  REQUIRE(message);
  CHECK(std::get<Open>(*message) == open);
  CHECK(std::get<Open>(parsed("030101000001000000000000")).reliability.maxRetransmits == 65'535);
  CHECK(std::get<Open>(parsed("0302010000ffffff00000000")).reliability.maxPacketLifeTime == 65'535);
}

TEST_CASE("the reliability parameter of a reliable channel is ignored") {
  CHECK(std::get<Open>(parsed("030001000000000900000000")).reliability == Reliability{});
}

TEST_CASE("the vector collection is read as it says") {
  const std::filesystem::path folder = PARLEY_STANDARDS;
  if (!std::filesystem::exists(folder)) {
    WARN("not there: " << folder);
    return;
  }
  auto path = folder / "vectors/dcep/messages.vec";
  std::ifstream file(path);
  INFO(path);
  REQUIRE(file);
  std::string name;
  std::map<std::string, std::string> record;
  std::size_t count = 0;
  auto check = [&] {
    if (!record.contains("message")) return;
    INFO(name);
    ++count;
    auto message = parse(base::fromHex(record["message"]));
    auto expect = record["expect_text"];
    if (expect.starts_with("reject")) {
      CHECK_FALSE(message);
      return;
    }
    REQUIRE(message);
    if (auto* open = std::get_if<Open>(&*message)) {
      CHECK(base::toHex(write(*open)) == record["message"]);
      CHECK(base::toHex(base::asBytes(open->label)) == record["label"]);
      CHECK(base::toHex(base::asBytes(open->protocol)) == record["protocol"]);
      CHECK(std::to_string(open->priority) == record["priority_dec"]);
      auto limit = open->reliability.maxRetransmits.value_or(open->reliability.maxPacketLifeTime.value_or(0));
      CHECK(std::to_string(limit) == record["reliability_dec"]);
    }
  };
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("[")) {
      check();
      record.clear();
      name = line;
    } else if (auto equals = line.find(" ="); equals != std::string::npos && !line.starts_with("#")) {
      record[line.substr(0, equals)] = equals + 3 <= line.size() ? line.substr(equals + 3) : "";
    }
  }
  check();
  CHECK(count == 17);
}
