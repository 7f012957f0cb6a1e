#include "rtp/send_stream.hpp"

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "rtp/packet.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <vector>

using namespace parley;
using namespace parley::rtp;
using namespace std::chrono_literals;

TEST_CASE("the structure of a dependency descriptor is in a frame's first packet alone") {
  base::SeededRandom random(1);
  base::PacketPool pool;
  SendStream::Config config;
  config.ssrc = 1;
  config.ids.dependencyDescriptor = 7;
  config.form = ExtensionForm::Mixed;
  SendStream::Codec codec;
  codec.mimeType = "video/VP8";
  codec.payloadType = 96;
  codec.options.name = "VP8";
  config.codecs.push_back(codec);
  SendStream stream(config, pool, random);

  EncodedFrame frame;
  frame.mimeType = "video/VP8";
  frame.type = EncodedFrameType::Key;
  std::vector<std::uint8_t> bytes(3000, 1);
  bytes[0] = 0x10;
  frame.data = FrameData(std::move(bytes));
  // Template 0, frame 5, and the first octet of what follows: with a structure, or with differences of its own.
  const bool structure = GENERATE(true, false);
  frame.dependencyDescriptor = {0xc0, 0, 5, static_cast<std::uint8_t>(structure ? 0x80 : 0x10), 0, 1, 2, 3};
  REQUIRE(stream.send(frame, Time(1s)) == SendStream::Sent::Yes);
  std::vector<std::vector<std::uint8_t>> descriptors;
  while (auto outgoing = stream.poll()) {
    const auto view = PacketView::parse(outgoing->packet.bytes());
    REQUIRE(view);
    const auto value = view->extension(7);
    REQUIRE(value);
    descriptors.emplace_back(value->begin(), value->end());
  }
  REQUIRE(descriptors.size() == 3);
  CHECK(descriptors[0].size() == 8);
  CHECK(descriptors[1].size() == (structure ? 3u : 8u));
  CHECK(descriptors[2].size() == (structure ? 3u : 8u));
  // Start and end of the frame.
  CHECK((descriptors[0][0] & 0xc0) == 0x80);
  CHECK((descriptors[1][0] & 0xc0) == 0);
  CHECK((descriptors[2][0] & 0xc0) == 0x40);
}
