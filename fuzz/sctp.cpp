// Two ends of an association with data channels. The input is a list of operations on them and on the packets between
// them: lost, repeated, late, and changed under a good checksum (the peer is authenticated, not sane). The input's
// second half is what packets are changed with.
#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "sctp/data_channels.hpp"
#include "sctp/usrsctp_association.hpp"

#include "support/check.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <memory>

using namespace parley;
using namespace parley::sctp;

namespace {

// usrsctp lives as long as the process, and so does its time.
Time now{std::chrono::seconds(1)};

struct End {
  std::unique_ptr<DataChannels> channels;
  std::deque<std::vector<std::uint8_t>> sent;
  std::vector<std::uint8_t> last;
  bool reads = true;
  ChannelId peers[4] = {};
  std::uint32_t incoming = 0;

  void drain() {
    for (int i = 0; i < 100'000; ++i) {
      auto output = channels->poll();
      if (!output) {
        if (!reads || !channels->receive(now)) return;
        continue;
      }
      if (auto* transmit = std::get_if<DataChannels::Transmit>(&*output)) {
        FUZZ_CHECK(transmit->packet.size() <= 1'152);
        auto bytes = transmit->packet.bytes();
        last.assign(bytes.begin(), bytes.end());
        if (sent.size() < 1'000) sent.push_back(last);
      } else if (auto* opened = std::get_if<DataChannels::Incoming>(&*output)) {
        peers[incoming++ % 4] = opened->channel;
      }
    }
    FUZZ_CHECK(!"the drain ends");
  }
};

void seal(std::vector<std::uint8_t>& packet) {
  if (packet.size() < 12) return;
  base::store16(&packet[0], 5000);
  base::store16(&packet[2], 5000);
  for (int i = 8; i < 12; ++i) packet[i] = 0;
  auto sum = base::crc32c(packet);
  for (int i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(sum >> 8 * i);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::Bytes input(data, std::min<std::size_t>(size, 600));
  base::Reader operations(input.first(input.size() / 2));
  base::Reader changes(input.subspan(input.size() / 2));

  Config config;
  config.streams = 8;
  config.maxMessageSize = 20'000;
  config.receiveBuffer = config.sendBuffer = 65'536;
  std::array<End, 2> ends;
  for (int i = 0; i < 2; ++i) {
    ends[i].channels = std::make_unique<DataChannels>(std::make_unique<UsrsctpAssociation>(config), config, i == 0);
    ends[i].channels->connect(now);
  }
  auto deliver = [&](End& to, std::vector<std::uint8_t> packet) {
    to.channels->handle(packet, now);
    to.drain();
  };
  auto pass = [&](Duration time) {
    now += time;
    for (auto& end : ends) end.channels->advance(now);
    for (auto& end : ends) end.drain();
    for (auto& end : ends) FUZZ_CHECK(end.channels->deadline() > now);
  };
  for (auto& end : ends) end.drain();

  const std::vector<std::uint8_t> message(30'000);
  while (operations.remaining() > 0) {
    auto operation = operations.u8();
    auto& self = ends[operation & 1];
    auto& peer = ends[~operation & 1];
    auto argument = operations.u8();
    auto channel = (argument & 8) ? self.peers[argument & 3] : ChannelId{argument & 7u};
    switch (operation >> 1 & 15) {
      case 0:
      case 1:
      case 2: {  // All packets under way arrive.
        auto packets = std::exchange(self.sent, {});
        for (auto& packet : packets) deliver(peer, std::move(packet));
        break;
      }
      case 3:  // One is lost.
        if (!self.sent.empty()) self.sent.erase(self.sent.begin() + argument % static_cast<int>(self.sent.size()));
        break;
      case 4:  // The last one again.
        deliver(peer, self.last);
        break;
      case 5:
      case 6:
      case 7: {  // A changed one.
        auto packet = self.last;
        for (auto n = argument & 7; n >= 0 && packet.size() > 12; --n) {
          auto at = 12 + changes.u8() % (packet.size() - 12);
          packet[at] = changes.u8();
        }
        seal(packet);
        deliver(peer, std::move(packet));
        break;
      }
      case 8: {  // Chunks of the input's own, with the right verification tag.
        auto chunks = changes.take(std::min<std::size_t>(changes.remaining(), argument & 0xFCu));
        auto packet = self.last;
        if (packet.size() < 12) break;
        packet.resize(12);
        packet.insert(packet.end(), chunks.begin(), chunks.end());
        seal(packet);
        deliver(peer, std::move(packet));
        break;
      }
      case 9: {
        Parameters parameters;
        parameters.label = "l";
        if (argument & 16) parameters.reliability.maxRetransmits = 0;
        if (argument & 32) parameters.reliability.maxPacketLifeTime = 20;
        parameters.reliability.ordered = argument & 64;
        self.channels->open(ChannelId{argument & 7u}, parameters, now);
        break;
      }
      case 10:
      case 11:
        self.channels->send(channel, argument & 16, base::Bytes(message).first(std::size_t{argument} * argument / 3), now);
        break;
      case 12:
        self.channels->close(channel, now);
        break;
      case 13:
        self.reads = argument & 1;
        break;
      case 14:
        pass(std::chrono::milliseconds(argument));
        break;
      case 15:
        if (argument < 8)
          self.channels->shutdown(now);
        else if (argument < 16)
          self.channels->abort(now);
        else
          pass(std::chrono::milliseconds(10 * argument));
        break;
    }
    self.drain();
  }
  for (auto& end : ends) end.channels->abort(now);
  for (auto& end : ends) end.drain();
  // What the stack buries is gone before the next input.
  while (Stack::global().deadline() != never) {
    now = std::max(now, Stack::global().deadline());
    Stack::global().advance(now);
  }
  return 0;
}
