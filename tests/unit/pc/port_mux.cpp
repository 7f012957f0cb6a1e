#include "pc/port_mux.hpp"

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "stun/message_builder.hpp"
#include "stun/transaction.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace parley;
using namespace parley::pc;

namespace {

const IpAddress here = IpAddress::v4(192, 0, 2, 1);
const SocketAddress remote{IpAddress::v4(198, 51, 100, 1), 1000};

struct Fixture {
  base::IdSource ids;
  base::PacketPool pool;
  base::SeededRandom random{1};
  PortMux mux{ids};
  SocketId real{};
  std::vector<PortMux::Answer> answers;
  std::vector<SocketId> closed;

  void drain() {
    while (auto output = mux.poll()) {
      if (auto* bind = std::get_if<BindUdp>(&*output)) {
        real = bind->socket;
        mux.handle(SocketBound{real, {bind->local, 7000}});
      } else if (auto* answer = std::get_if<PortMux::Answer>(&*output)) {
        answers.push_back(*answer);
      } else if (auto* close = std::get_if<CloseSocket>(&*output)) {
        closed.push_back(close->socket);
      }
    }
  }
  SocketId bind(PortMux::PeerId peer) {
    const SocketId member = ids.socket();
    mux.bind(peer, BindUdp{member, here, 7000, 7000});
    drain();
    return member;
  }
  std::vector<std::uint8_t> request(const std::string& username, stun::TransactionId id) {
    auto packet = stun::MessageBuilder(pool, stun::Class::Request, stun::Method::Binding, id).addUsername(username).finish();
    return {packet.bytes().begin(), packet.bytes().end()};
  }
};

}  // namespace

TEST_CASE("peers that share a port have one socket, and each is told of it") {
  Fixture f;
  const auto a = f.bind(1), b = f.bind(2);
  REQUIRE(f.answers.size() == 2);
  CHECK(std::get<SocketBound>(f.answers[0].answer).socket == a);
  CHECK(std::get<SocketBound>(f.answers[1].answer).local.port == 7000);
  CHECK(f.mux.isShared(f.real));
  // A restart asks again: the socket that there is serves on.
  f.bind(1);
  CHECK(std::holds_alternative<SocketFailed>(f.answers.back().answer));
  f.mux.close(a);
  f.drain();
  CHECK(f.closed.empty());
  f.mux.close(b);
  f.drain();
  CHECK(f.closed == std::vector{f.real});
}

TEST_CASE("requests go by ufrag, responses by transaction, the rest by who talked to the address last") {
  Fixture f;
  const auto a = f.bind(1), b = f.bind(2);
  f.mux.setUfrags(1, {"aaaa"});
  f.mux.setUfrags(2, {"bbbb", "cccc"});
  const auto to = [&](std::vector<std::uint8_t> bytes, const SocketAddress& from = remote) {
    const auto found = f.mux.inbound(Datagram{f.real, from, bytes});
    return found ? found->second : SocketId{};
  };
  const auto id = stun::randomTransactionId(f.random);
  CHECK(to(f.request("bbbb:xxxx", id)) == b);
  CHECK(to(f.request("cccc:xxxx", id)) == b);
  CHECK(to(f.request("aaaa:xxxx", id)) == a);
  CHECK(to(f.request("dddd:xxxx", id)) == SocketId{});
  // Who merely asked has no claim to the address.
  CHECK(to({22, 1, 2, 3}) == SocketId{});

  auto check = f.pool.make(f.request("xxxx:aaaa", id));
  CHECK(f.mux.outbound(Transmit{a, remote, std::move(check)}) == f.real);
  auto parsed = f.request("xxxx:aaaa", id);
  auto response = stun::MessageBuilder(f.pool, stun::Class::SuccessResponse, *stun::Message::parse(parsed)).finish();
  CHECK(to({response.bytes().begin(), response.bytes().end()}, {remote.ip, 2000}) == a);
  CHECK(to({22, 1, 2, 3}) == a);

  // An error response does not take the address away.
  auto refused = f.request("bbbb:xxxx", id);
  auto error = stun::MessageBuilder(f.pool, stun::Class::ErrorResponse, *stun::Message::parse(refused))
                   .addErrorCode(401, "no")
                   .finish();
  f.mux.outbound(Transmit{b, remote, std::move(error)});
  CHECK(to({22, 1, 2, 3}) == a);
  f.mux.setUfrags(2, {});
  CHECK(to(f.request("bbbb:xxxx", id)) == SocketId{});
  f.mux.close(a);
  CHECK(to({22, 1, 2, 3}) == SocketId{});
}
