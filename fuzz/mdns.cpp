#include "ice/mdns.hpp"
#include "support/check.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

// The first byte is the number of bytes of a message, that many follow, and so on. The resolver has a question and a name
// of its own, and gets the messages at its socket. What parses as an answer is written and read again.

using namespace parley;
using namespace parley::ice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string asked = "a.local", own = "b.local";
  base::IdSource ids;
  base::PacketPool pool;
  Mdns mdns(ids, pool);
  Time now{std::chrono::seconds(1000)};
  mdns.resolve(RequestId{1}, asked, now);
  mdns.publish(own, IpAddress::v4(10, 0, 0, 1), now);
  SocketId socket{};
  const auto drain = [&] {
    for (int n = 0; auto output = mdns.poll(); ++n) {
      FUZZ_CHECK(n < 10000);
      if (auto* list = std::get_if<ListInterfaces>(&*output))
        mdns.handle(InterfacesListed{list->request, {{"eth0", IpAddress::v4(10, 0, 0, 1)}}}, now);
      if (auto* bind = std::get_if<BindMulticast>(&*output)) {
        socket = bind->socket;
        mdns.handle(SocketBound{bind->socket, {bind->local, 5353}}, now);
      }
      if (auto* packet = std::get_if<Transmit>(&*output)) FUZZ_CHECK(DnsMessage::parse(packet->packet.bytes()));
    }
    FUZZ_CHECK(mdns.deadline() > now);
  };
  drain();
  for (std::size_t at = 0; at < size;) {
    const std::size_t length = std::min<std::size_t>(data[at], size - at - 1);
    std::vector<std::uint8_t> message(data + at + 1, data + at + 1 + length);
    if (auto parsed = DnsMessage::parse(message)) {
      for (const auto& answer : parsed->answers) {
        const auto again = DnsMessage::parse(dnsAnswer("x.local", answer.address, answer.ttl));
        FUZZ_CHECK(again && again->answers.size() == 1 && again->answers[0].address == answer.address);
      }
    }
    mdns.handle(Datagram{socket, {IpAddress::v4(10, 0, 0, 2), length % 2 ? std::uint16_t{5353} : std::uint16_t{999}}, message},
                now);
    now += std::chrono::milliseconds(100);
    mdns.advance(now);
    drain();
    at += 1 + length;
  }
  return 0;
}
