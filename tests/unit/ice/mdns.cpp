#include "ice/mdns.hpp"
#include "support/catch.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::ice;
using namespace std::chrono_literals;

namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
const SocketAddress group{ip("224.0.0.251"), 5353};
const std::string name = "1f4712db-ea17-4bcf-a596-105139dfd8bf.local";

/// One machine of the link, with its resolver.
struct Node {
  explicit Node(std::string_view text) : address(ip(text)) {}

  IpAddress address;
  base::IdSource ids;
  base::PacketPool pool;
  Mdns mdns{ids, pool};
  std::map<SocketId, BindMulticast> sockets;
  std::vector<std::pair<Time, Resolved>> resolved;
};

/// A link that loses nothing, and hands each message to all others at once.
struct Link {
  Time now{1000s};
  std::vector<Node*> nodes;
  std::vector<DnsMessage> seen;
  bool lost = false;

  void settle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (Node* node : nodes)
        while (auto output = node->mdns.poll()) {
          moved = true;
          act(*node, *output);
        }
    }
    for (Node* node : nodes) REQUIRE(node->mdns.deadline() > now);
  }
  void act(Node& node, Mdns::Output& output) {
    if (auto* list = std::get_if<ListInterfaces>(&output)) {
      node.mdns.handle(InterfacesListed{list->request, {{"eth0", node.address}}}, now);
    } else if (auto* bind = std::get_if<BindMulticast>(&output)) {
      REQUIRE(bind->group == group);
      node.sockets[bind->socket] = *bind;
      node.mdns.handle(SocketBound{bind->socket, {bind->local, 5353}}, now);
    } else if (auto* close = std::get_if<CloseSocket>(&output)) {
      node.sockets.erase(close->socket);
    } else if (auto* resolved = std::get_if<Resolved>(&output)) {
      node.resolved.emplace_back(now, *resolved);
    } else if (auto* packet = std::get_if<Transmit>(&output)) {
      auto message = DnsMessage::parse(packet->packet.bytes());
      REQUIRE(message);
      seen.push_back(*message);
      if (!lost) send({node.address, 5353}, packet->to, packet->packet.bytes(), &node);
    }
  }
  void send(const SocketAddress& from, const SocketAddress& to, base::Bytes bytes, Node* except = nullptr) {
    for (Node* node : nodes) {
      if (node == except || (to != group && to.ip != node->address)) continue;
      for (const auto& [socket, bind] : std::map(node->sockets)) {
        std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
        node->mdns.handle(Datagram{socket, from, copy}, now);
      }
    }
  }
  void run(Duration duration) {
    const Time end = now + duration;
    settle();
    while (true) {
      Time next = never;
      for (Node* node : nodes) next = std::min(next, node->mdns.deadline());
      if (next > end) break;
      now = next;
      for (Node* node : nodes) node->mdns.advance(now);
      settle();
    }
    now = end;
  }
};

}  // namespace

TEST_CASE("A name is announced twice, answered for, and taken back") {
  Node alice("192.168.0.1"), bob("192.168.0.2");
  Link link;
  link.nodes = {&alice, &bob};
  alice.mdns.publish(name, alice.address, link.now);
  link.run(5s);
  CHECK(link.seen.size() == 2);
  bob.mdns.resolve(RequestId{7}, "1F4712DB-ea17-4bcf-a596-105139dfd8bf.LOCAL", link.now);
  link.run(10ms);
  REQUIRE(bob.resolved.size() == 1);
  CHECK(bob.resolved[0].second.request == RequestId{7});
  CHECK(bob.resolved[0].second.addresses == std::vector{alice.address});
  CHECK(bob.sockets.empty());  // Nothing more to ask.
  alice.mdns.withdraw(name, link.now);
  link.run(1s);
  CHECK(link.seen.back().answers.at(0).ttl == 0);
  CHECK(alice.sockets.empty());
  CHECK(alice.mdns.deadline() == never);
}

TEST_CASE("A question is repeated after 1 and 2 s, and given up after 4 s") {
  Node bob("192.168.0.2");
  Link link;
  link.nodes = {&bob};
  const Time start = link.now;
  bob.mdns.resolve(RequestId{1}, name, start);
  link.run(10s);
  REQUIRE(bob.resolved.size() == 1);
  CHECK(bob.resolved[0].second.addresses.empty());
  CHECK(bob.resolved[0].first == start + 4s);
  CHECK(link.seen.size() == 6);  // A and AAAA, three times
  for (const auto& message : link.seen) CHECK(message.questions.size() == 1);
}

TEST_CASE("Who asks late, or by another port, is answered as well") {
  Node alice("192.168.0.1"), bob("192.168.0.2");
  Link link;
  link.nodes = {&alice, &bob};
  SECTION("a name that is published later") {
    bob.mdns.resolve(RequestId{1}, name, link.now);
    link.run(500ms);
    CHECK(bob.resolved.empty());
    alice.mdns.publish(name, alice.address, link.now);
    link.run(10ms);  // The announcement is the answer.
    CHECK(bob.resolved.size() == 1);
  }
  SECTION("a simple resolver") {
    alice.mdns.publish(name, alice.address, link.now);
    link.run(5s);
    link.seen.clear();
    link.send({ip("192.168.0.9"), 40000}, group, dnsQuestion(name, DnsMessage::Type::A));
    link.settle();
    REQUIRE(link.seen.size() == 1);
    CHECK(link.seen[0].questions.size() == 1);
    CHECK(link.seen[0].answers.at(0).address == alice.address);
  }
  SECTION("but not for addresses of the other family") {
    alice.mdns.publish(name, alice.address, link.now);
    link.run(5s);
    link.seen.clear();
    link.send({ip("192.168.0.9"), 5353}, group, dnsQuestion(name, DnsMessage::Type::Aaaa));
    link.settle();
    CHECK(link.seen.empty());
  }
}

TEST_CASE("A name of the same engine is known without asking") {
  Node alice("192.168.0.1");
  Link link;
  link.nodes = {&alice};
  alice.mdns.publish(name, alice.address, link.now);
  alice.mdns.resolve(RequestId{3}, name, link.now);
  link.settle();
  REQUIRE(alice.resolved.size() == 1);
  CHECK(alice.resolved[0].second.addresses == std::vector{alice.address});
}

TEST_CASE("Responses from other ports, and damaged messages, are dropped and counted") {
  Node bob("192.168.0.2");
  Link link;
  link.nodes = {&bob};
  bob.mdns.resolve(RequestId{1}, name, link.now);
  link.settle();
  auto answer = dnsAnswer(name, ip("10.0.0.66"), 120);
  link.send({ip("192.168.0.9"), 5354}, group, answer);
  answer.resize(answer.size() - 1);
  link.send({ip("192.168.0.9"), 5353}, group, answer);
  link.settle();
  CHECK(bob.resolved.empty());
  CHECK(bob.mdns.drops()[Mdns::Drop::WrongPort] == 1);
  CHECK(bob.mdns.drops()[Mdns::Drop::Malformed] == 1);
}

TEST_CASE("Names are compressed by pointers to the front, and by nothing else") {
  // A response with two answers, the second one's name a pointer to the first one's.
  auto bytes = dnsAnswer("a.local", ip("10.0.0.1"), 120);
  bytes[7] = 2;
  for (std::uint8_t byte : {0xc0, 12, 0, 28, 0x80, 1, 0, 0, 0, 120, 0, 16}) bytes.push_back(byte);
  const auto address = ip("2001:db8::1");
  for (auto byte : address.bytes()) bytes.push_back(byte);
  auto message = DnsMessage::parse(bytes);
  REQUIRE(message);
  REQUIRE(message->answers.size() == 2);
  CHECK(message->answers[1].name == "a.local");
  CHECK(message->answers[1].address == ip("2001:db8::1"));
  bytes[12] = 0xc0;  // A pointer to itself.
  bytes[13] = 12;
  CHECK_FALSE(DnsMessage::parse(bytes));
}
