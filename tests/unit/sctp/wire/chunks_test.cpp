#include "base/bytes.hpp"
#include "sctp/wire/abort_chunk.hpp"
#include "sctp/wire/cookie_chunk.hpp"
#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/error_causes.hpp"
#include "sctp/wire/error_chunk.hpp"
#include "sctp/wire/forward_tsn_chunk.hpp"
#include "sctp/wire/heartbeat_chunk.hpp"
#include "sctp/wire/idata_chunk.hpp"
#include "sctp/wire/iforward_tsn_chunk.hpp"
#include "sctp/wire/init_chunk.hpp"
#include "sctp/wire/init_parameters.hpp"
#include "sctp/wire/pad_chunk.hpp"
#include "sctp/wire/reconfig_chunk.hpp"
#include "sctp/wire/sack_chunk.hpp"
#include "sctp/wire/shutdown_chunk.hpp"
#include "support.hpp"

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::wire;
using namespace parley::sctp::test;
using base::fromHex;

// The octets are the captures of libwebrtc's net/dcsctp tests, chunk by chunk: facts of the wire format. Each is read, checked
// field by field against the dissection that comes with it, and written again.

TEST_CASE("DATA reads and writes a capture") {
  const auto bytes = fromHex("000300145508363c000200010000003500010203");
  const auto data = Data::parse(chunkIn(bytes));
  REQUIRE(data);
  CHECK(data->tsn == Tsn{1426601532});
  CHECK(data->stream == 2);
  CHECK(data->ssn == Ssn{1});
  CHECK(data->ppid == 53);
  CHECK(bytesOf(data->payload) == fromHex("00010203"));
  CHECK(data->dataFlags == DataFlags{false, false, true, true});
  CHECK(toBytes(*data) == bytes);
}

TEST_CASE("the flags of DATA are where RFC 9260 s.3.3.1 has them") {
  CHECK(DataFlags::from(0x08) == DataFlags{true, false, false, false});
  CHECK(DataFlags::from(0x04) == DataFlags{false, true, false, false});
  CHECK(DataFlags::from(0x02) == DataFlags{false, false, true, false});
  CHECK(DataFlags::from(0x01) == DataFlags{false, false, false, true});
  for (unsigned bits = 0; bits < 16; ++bits)
    CHECK(DataFlags::from(static_cast<std::uint8_t>(0xf0 | bits)).bits() == bits);
}

TEST_CASE("DATA without user data, and too short for its fields, is told apart") {
  CHECK(Data::parse(chunkIn(fromHex("000300105508363c0002000100000035"))).error() == ChunkError::NoUserData);
  CHECK(Data::parse(chunkIn(fromHex("0003000c5508363c00020001"))).error() == ChunkError::BadLength);
  CHECK(IData::parse(chunkIn(fromHex("40020014944a5dd500010000000000000000003500"))).error() == ChunkError::NoUserData);
  CHECK(IData::parse(chunkIn(fromHex("40020010944a5dd50001000000000000"))).error() == ChunkError::BadLength);
}

TEST_CASE("I-DATA reads and writes a first fragment, which has a PPID") {
  const auto bytes = fromHex("40020015944a5dd50001000000000000000000350100");
  const auto data = IData::parse(chunkIn(bytes));
  REQUIRE(data);
  CHECK(data->tsn == Tsn{0x944a5dd5});
  CHECK(data->stream == 1);
  CHECK(data->mid == Mid{0});
  CHECK(data->ppid == 53);
  CHECK(data->fsn == 0);
  CHECK(data->dataFlags == DataFlags{false, false, true, false});
  CHECK(bytesOf(data->payload) == fromHex("01"));
  CHECK(hexOf(toBytes(*data)) == "40020015944a5dd500010000000000000000003501");
}

TEST_CASE("I-DATA reads and writes a later fragment, which has an FSN") {
  const auto bytes = fromHex("40010015944a5e0a000300000000000100000008010000");
  const auto data = IData::parse(chunkIn(bytes));
  REQUIRE(data);
  CHECK(data->stream == 3);
  CHECK(data->mid == Mid{1});
  CHECK(data->fsn == 8);
  CHECK(data->ppid == 0);
  CHECK(data->dataFlags.end);
  CHECK(hexOf(toBytes(*data)) == "40010015944a5e0a0003000000000001000000" "0801");
}

TEST_CASE("SACK reads and writes gap blocks and duplicates") {
  const auto bytes = fromHex("0300001c369dd00b0001ed73000200010002000600080008369dd011");
  const auto sack = SackView::parse(chunkIn(bytes));
  REQUIRE(sack);
  CHECK(sack->cumulative() == Tsn{0x369dd00b});
  CHECK(sack->window() == 0x0001ed73);
  REQUIRE(sack->gapCount() == 2);
  CHECK(sack->gap(0) == GapBlock{2, 6});
  CHECK(sack->gap(1) == GapBlock{8, 8});
  REQUIRE(sack->duplicateCount() == 1);
  CHECK(sack->duplicate(0) == Tsn{0x369dd011});

  const std::vector<GapBlock> gaps{{2, 6}, {8, 8}};
  const std::vector<Tsn> duplicates{{0x369dd011}};
  CHECK(toBytes(Sack{sack->cumulative(), sack->window(), gaps, duplicates}) == bytes);
}

TEST_CASE("a SACK whose lists do not fill it, or whose gap blocks make no sense, is refused") {
  // One gap block fewer than it says, one more, and a length that would wrap around.
  CHECK(SackView::parse(chunkIn(fromHex("03000014369dd00b0001ed730002000000020006"))).error() == ChunkError::BadLength);
  CHECK(SackView::parse(chunkIn(fromHex("03000014369dd00b0001ed730000000000020006"))).error() == ChunkError::BadLength);
  CHECK(SackView::parse(chunkIn(fromHex("03000010369dd00b0001ed73ffffffff"))).error() == ChunkError::BadLength);
  CHECK(SackView::parse(chunkIn(fromHex("0300000c369dd00b0001ed73"))).error() == ChunkError::BadLength);
  CHECK(SackView::parse(chunkIn(fromHex("03000014369dd00b0001ed730001000000000006"))).error() == ChunkError::BadValue);
  CHECK(SackView::parse(chunkIn(fromHex("03000014369dd00b0001ed730001000000070006"))).error() == ChunkError::BadValue);
}

TEST_CASE("INIT reads a browser's, with the parameters that matter here") {
  const auto bytes = fromHex(
      "0100005ade7a16900002000003e803e8250d37e880000004c000000480080009c00fc1808200000080020024ab314462121a1513fd5a5f69"
      "efaa06e9abd748cc3bd14b60ed7fa644ce4dd2ad80040006000100008003000680c10000");
  const auto init = Init::parse(chunkIn(bytes));
  REQUIRE(init);
  CHECK(init->initiateTag == 0xde7a1690);
  CHECK(init->window == 131072);
  CHECK(init->outboundStreams == 1000);
  CHECK(init->inboundStreams == 1000);
  CHECK(init->initialTsn == Tsn{621623272});
  const auto parameters = InitParameters::parse(init->parameters);
  REQUIRE(parameters);
  CHECK(parameters->forwardTsn);
  CHECK(parameters->reConfig);
  CHECK_FALSE(parameters->interleaving);
  CHECK_FALSE(parameters->iForwardTsn);
  CHECK_FALSE(parameters->errorDetection);
  CHECK(parameters->cookie.empty());
  // ECN and AUTH are not known here: types that are to be skipped in silence.
  CHECK(parameters->unrecognized.empty());
  CHECK(hexOf(toBytes(*init)) == base::toHex(base::Bytes(bytes).first(90)));
}

TEST_CASE("INIT ACK holds the cookie, and what it did not know of our INIT") {
  TlvBlock unknown;
  unknown.add(0xc123, fromHex("0102"));
  InitParameters parameters;
  parameters.forwardTsn = parameters.reConfig = parameters.interleaving = parameters.iForwardTsn = true;
  parameters.errorDetection = dtlsErrorDetection;
  const auto cookie = fromHex("00112233445566");
  parameters.cookie = cookie;
  parameters.unrecognized.push_back(unknown.bytes());
  TlvBlock block;
  parameters.appendTo(block);

  InitAck ack;
  ack.initiateTag = 7;
  ack.window = 1000;
  ack.outboundStreams = 3;
  ack.inboundStreams = 4;
  ack.initialTsn = {99};
  ack.parameters = block.bytes();
  const auto bytes = toBytes(ack);
  const auto again = InitAck::parse(chunkIn(bytes));
  REQUIRE(again);
  const auto read = InitParameters::parse(again->parameters);
  REQUIRE(read);
  CHECK(read->forwardTsn);
  CHECK(read->reConfig);
  CHECK(read->interleaving);
  CHECK(read->iForwardTsn);
  CHECK_FALSE(read->pad);
  CHECK(read->errorDetection == dtlsErrorDetection);
  CHECK(bytesOf(read->cookie) == cookie);
  CHECK(read->unrecognized.empty());
  CHECK(hexOf(bytesOf(block.bytes())).find("00080008" "0008" "c12300060102") == std::string::npos);
  CHECK(hexOf(bytesOf(block.bytes())).find("0008000a" "c12300060102") != std::string::npos);
}

TEST_CASE("an INIT with tag zero, or cut short, is refused") {
  CHECK(Init::parse(chunkIn(fromHex("01000014000000000002000003e803e8250d37e8"))).error() == ChunkError::BadValue);
  CHECK(Init::parse(chunkIn(fromHex("01000010de7a16900002000003e803e8"))).error() == ChunkError::BadLength);
}

TEST_CASE("an unknown parameter is skipped or stops, in silence or reported, by its first two bits") {
  const auto read = [](std::uint16_t type) {
    static TlvBlock block;
    block = TlvBlock();
    block.add(type, fromHex("aabb")).add(0xc000, {});
    auto parameters = InitParameters::parse(block.bytes());
    REQUIRE(parameters);
    return *parameters;
  };
  CHECK(read(0x1234).unrecognized.empty());
  CHECK_FALSE(read(0x1234).forwardTsn);
  REQUIRE(read(0x5234).unrecognized.size() == 1);
  CHECK_FALSE(read(0x5234).forwardTsn);
  CHECK(read(0x9234).unrecognized.empty());
  CHECK(read(0x9234).forwardTsn);
  REQUIRE(read(0xd234).unrecognized.size() == 1);
  CHECK(read(0xd234).forwardTsn);
  CHECK(base::toHex(read(0xd234).unrecognized[0]) == "d2340006aabb");
}

TEST_CASE("a parameter that runs over the end makes the block wrong") {
  CHECK_FALSE(InitParameters::parse(fromHex("c00000040007000800")));
  CHECK_FALSE(InitParameters::parse(fromHex("c0000003")));
  CHECK_FALSE(InitParameters::parse(fromHex("c0")));
  CHECK(InitParameters::parse({}));
}

TEST_CASE("a SNAP attribute of the draft is one INIT chunk") {
  const auto bytes = fromHex("0100001e896cdd1d00500000ffffffffe079651dc00000048008000682c0");
  const auto init = Init::parse(chunkIn(bytes));
  REQUIRE(init);
  CHECK(init->initiateTag == 0x896cdd1d);
  CHECK(init->window == 5242880);
  CHECK(init->outboundStreams == 65535);
  CHECK(init->initialTsn == Tsn{0xe079651d});
  const auto parameters = InitParameters::parse(init->parameters);
  REQUIRE(parameters);
  CHECK(parameters->forwardTsn);
  CHECK(parameters->reConfig);
  CHECK(toBytes(*init) == bytes);
}

TEST_CASE("HEARTBEAT comes back as it went, byte by byte") {
  const auto info = fromHex("ad2436603726070000000000000000007b10000001000000000000000000000000000000");
  auto whole = fromHex("0400002c00010028");
  whole.insert(whole.end(), info.begin(), info.end());
  const auto heartbeat = Heartbeat::parse(chunkIn(whole));
  REQUIRE(heartbeat);
  CHECK(bytesOf(heartbeat->info) == info);
  CHECK(toBytes(*heartbeat) == whole);

  const auto answer = toBytes(HeartbeatAck::answering(chunkIn(whole)));
  CHECK(answer[0] == 5);
  CHECK(base::toHex(base::Bytes(answer).subspan(1)) == base::toHex(base::Bytes(whole).subspan(1)));
  CHECK(bytesOf(HeartbeatAck::parse(chunkIn(answer))->info()) == info);
}

TEST_CASE("a HEARTBEAT of anything is answered by the same") {
  const auto odd = fromHex("04000007aabbcc00");
  CHECK(hexOf(toBytes(HeartbeatAck::answering(chunkIn(odd)))) == "05000007aabbcc");
  CHECK_FALSE(Heartbeat::parse(chunkIn(odd)));
  CHECK(HeartbeatAck::parse(chunkIn(fromHex("05000007aabbcc00")))->info().empty());
}

TEST_CASE("FORWARD-TSN reads and writes streams") {
  const auto bytes = fromHex("c000000c000004d2000c0022");
  const auto forward = ForwardTsnView::parse(chunkIn(bytes));
  REQUIRE(forward);
  CHECK(forward->cumulative() == Tsn{1234});
  REQUIRE(forward->streamCount() == 1);
  CHECK(forward->stream(0) == ForwardTsn::Skipped{12, {34}});
  const std::vector<ForwardTsn::Skipped> streams{{12, {34}}};
  CHECK(toBytes(ForwardTsn{{1234}, streams}) == bytes);
  CHECK(ForwardTsnView::parse(chunkIn(fromHex("c000000871976b2a")))->streamCount() == 0);
  CHECK_FALSE(ForwardTsnView::parse(chunkIn(fromHex("c000000a000004d2000c"))));
  CHECK_FALSE(ForwardTsnView::parse(chunkIn(fromHex("c0000004"))));
}

TEST_CASE("I-FORWARD-TSN reads and writes ordered and unordered streams") {
  const auto bytes = fromHex("c2000018b87452ec00010000000000020003000100000007");
  const auto forward = IForwardTsnView::parse(chunkIn(bytes));
  REQUIRE(forward);
  CHECK(forward->cumulative() == Tsn{0xb87452ec});
  REQUIRE(forward->streamCount() == 2);
  CHECK(forward->stream(0) == IForwardTsn::Skipped{1, false, {2}});
  CHECK(forward->stream(1) == IForwardTsn::Skipped{3, true, {7}});
  const std::vector<IForwardTsn::Skipped> streams{{1, false, {2}}, {3, true, {7}}};
  CHECK(toBytes(IForwardTsn{{0xb87452ec}, streams}) == bytes);
  CHECK_FALSE(IForwardTsnView::parse(chunkIn(fromHex("c200000cb87452ec00010000"))));
}

TEST_CASE("RE-CONFIG reads and writes an outgoing reset") {
  const auto bytes = fromHex("82000016000d00128755d82371976a9e8755d8320006");
  const auto chunk = ReConfig::parse(chunkIn(bytes));
  REQUIRE(chunk);
  TlvReader reader(chunk->parameters);
  const auto parameter = parseReconfigParameter(*reader.next());
  REQUIRE(parameter);
  const auto& reset = std::get<OutgoingSsnReset>(*parameter);
  CHECK(reset.request == RequestNumber{0x8755d823});
  CHECK(reset.responseTo == RequestNumber{0x71976a9e});
  CHECK(reset.lastTsn == Tsn{0x8755d832});
  REQUIRE(reset.streams.size() == 1);
  CHECK(reset.streams[0] == 6);

  TlvBlock block;
  const std::vector<std::uint16_t> streams{6};
  addOutgoingSsnReset(block, reset.request, reset.responseTo, reset.lastTsn, streams);
  CHECK(toBytes(ReConfig{block.bytes()}) == bytes);
}

TEST_CASE("RE-CONFIG reads and writes the other requests and responses") {
  const auto readBack = [](const TlvBlock& block) {
    TlvReader reader(block.bytes());
    auto parameter = parseReconfigParameter(*reader.next());
    REQUIRE(parameter);
    return *parameter;
  };
  TlvBlock incoming, response, add, addIn;
  const std::vector<std::uint16_t> streams{1, 2, 3};
  addIncomingSsnReset(incoming, {5}, streams);
  const auto read = std::get<IncomingSsnReset>(readBack(incoming));
  CHECK(read.request == RequestNumber{5});
  CHECK(read.streams.size() == 3);
  CHECK(read.streams[2] == 3);

  addReconfigResponse(response, {6}, ReconfigResult::InProgress);
  CHECK(std::get<ReconfigResponse>(readBack(response)).result == ReconfigResult::InProgress);
  CHECK(base::toHex(response.bytes()) == "0010000c0000000600000006");

  addAddStreams(add, {{0xca02f630}, true, 1});
  CHECK(base::toHex(add.bytes()) == "0011000cca02f63000010000");
  CHECK(std::get<AddStreams>(readBack(add)).outgoing);
  addAddStreams(addIn, {{1}, false, 16});
  CHECK_FALSE(std::get<AddStreams>(readBack(addIn)).outgoing);
  CHECK(std::get<AddStreams>(readBack(addIn)).count == 16);
}

TEST_CASE("parameters of RE-CONFIG with wrong lengths are nothing") {
  const auto refuse = [](const char* hex) {
    const auto bytes = fromHex(hex);
    TlvReader reader(bytes);
    return !parseReconfigParameter(*reader.next());
  };
  CHECK(refuse("000d000c0000000100000002"));
  CHECK(refuse("000d0013000000010000000200000003aaaaaa"));
  CHECK(refuse("000e0007000000"));
  CHECK(refuse("00100008000000010000"));
  CHECK(refuse("0011000800000001"));
  CHECK(refuse("00630008000000010000"));
  CHECK_FALSE(ReConfig::parse(chunkIn(fromHex("82000004"))));
  CHECK_FALSE(ReConfig::parse(chunkIn(fromHex("82000008000d0012"))));
}

TEST_CASE("ABORT and SHUTDOWN COMPLETE say whose tag they have") {
  const auto bytes = fromHex("06000008000c0004");
  const auto abort = Abort::parse(chunkIn(bytes));
  REQUIRE(abort);
  CHECK_FALSE(abort->tagReflected);
  CHECK(describeCauses(abort->causes) == "user-initiated abort (12)");
  CHECK(Abort::parse(chunkIn(fromHex("06010004")))->tagReflected);
  CHECK(hexOf(toBytes(Abort{true, {}})) == "06010004");
  CHECK(ShutdownComplete::parse(chunkIn(fromHex("0e010004"))).tagReflected);
  CHECK_FALSE(ShutdownComplete::parse(chunkIn(fromHex("0e000004"))).tagReflected);
  CHECK(hexOf(toBytes(ShutdownComplete{true})) == "0e010004");
}

TEST_CASE("the small chunks") {
  CHECK(Shutdown::parse(chunkIn(fromHex("070000080611d1bd")))->cumulative == Tsn{0x0611d1bd});
  CHECK(hexOf(toBytes(Shutdown{{0x0611d1bd}})) == "070000080611d1bd");
  CHECK_FALSE(Shutdown::parse(chunkIn(fromHex("07000004"))));
  CHECK(hexOf(toBytes(ShutdownAck{})) == "08000004");
  CHECK(hexOf(toBytes(CookieAck{})) == "0b000004");
  const auto cookie = fromHex("3132333435363738");
  CHECK(hexOf(toBytes(CookieEcho{cookie})) == "0a00000c3132333435363738");
  CHECK(hexOf(toBytes(Pad{3})) == "84000007000000");
}

TEST_CASE("the error causes of RFC 9260 s.3.3.10") {
  const auto hexAfter = [](auto add) {
    TlvBlock block;
    add(block);
    return base::toHex(block.bytes());
  };
  CHECK(hexAfter([](TlvBlock& b) { cause::addInvalidStream(b, 12345); }) == "0001000830390000");
  CHECK(hexAfter([](TlvBlock& b) { cause::addMissingParameter(b, 7); }) == "0002000a000000010007");
  CHECK(hexAfter([](TlvBlock& b) { cause::addStaleCookie(b, 1000); }) == "00030008000003e8");
  CHECK(hexAfter([](TlvBlock& b) { cause::addOutOfResource(b); }) == "00040004");
  CHECK(hexAfter([](TlvBlock& b) { cause::addUnrecognizedChunk(b, fromHex("49000004")); }) == "0006000849000004");
  CHECK(hexAfter([](TlvBlock& b) { cause::addInvalidMandatoryParameter(b); }) == "00070004");
  CHECK(hexAfter([](TlvBlock& b) { cause::addUnrecognizedParameters(b, fromHex("c1230004")); }) == "00080008c1230004");
  CHECK(hexAfter([](TlvBlock& b) { cause::addNoUserData(b, {77}); }) == "000900080000004d");
  CHECK(hexAfter([](TlvBlock& b) { cause::addCookieWhileShuttingDown(b); }) == "000a0004");
  CHECK(hexAfter([](TlvBlock& b) { cause::addUserInitiatedAbort(b, "x"); }) == "000c000578");
  CHECK(hexAfter([](TlvBlock& b) { cause::addProtocolViolation(b, "y"); }) == "000d000579");
  // Two: the first is padded, the last is not.
  CHECK(hexAfter([](TlvBlock& b) {
          cause::addProtocolViolation(b, "y");
          cause::addUserInitiatedAbort(b, "x");
        }) == "000d000579000000000c000578");
  CHECK(hexAfter([](TlvBlock& b) { cause::addUnrecognizedChunk(b, std::vector<std::uint8_t>(60'000)); }).size() ==
        2 * (4 + 1024));
}

TEST_CASE("what a peer wrote into its ABORT is fit for a log") {
  TlvBlock block;
  cause::addProtocolViolation(block, std::string("bad\x1b[31m\n") + std::string(500, 'a'));
  block.add(99, {});
  const auto text = describeCauses(block.bytes());
  CHECK(text.find("protocol violation (13): bad?[31m?aaa") == 0);
  CHECK(text.size() < 200);
  CHECK(text.find("; unknown cause (99)") != std::string::npos);
  CHECK(describeCauses(fromHex("000d00ff")).empty());
}
