#include "ice/agent.hpp"
#include "stun/deframer.hpp"
#include "stun/message_builder.hpp"
#include "support/check.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace parley;
using namespace parley::ice;

/// What parses prints to what parses to the same.
void checkCandidate(std::string_view line) {
  auto candidate = parseCandidate(line);
  if (!candidate) {
    FUZZ_CHECK(!candidate.error().empty());
    return;
  }
  auto again = parseCandidate(toString(*candidate));
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(*again == *candidate);
}

/// An agent whose host and peer do what the input says, each byte an operation or its argument. The peer may know the
/// passwords, so that the input gets behind the integrity check.
class Machine {
 public:
  explicit Machine(base::Bytes input) : input_(input) {
    config_.servers.stun.push_back({"198.51.100.1", 3478, "stun:198.51.100.1"});
    config_.servers.stun.push_back({"stun.example.com", 3478, "stun:stun.example.com"});
    config_.servers.turn.push_back({"198.51.100.2", 3478, ServerTransport::Udp, "user", "secret", "turn:198.51.100.2"});
    config_.servers.turn.push_back({"198.51.100.2", 80, ServerTransport::Tcp, "user", "secret", "turn:198.51.100.2:80"});
    config_.tcp = TcpCandidates::All;
    config_.renomination = true;
  }

  void run() {
    Agent agent(config_, ids_, random_, pool_);
    while (!input_.empty()) {
      operate(agent, next());
      drain(agent);
    }
    // Left alone, it comes to rest or goes on with consent checks; an hour of either is bounded.
    for (int i = 0; i < 5000 && agent.deadline() < Time(std::chrono::hours(2)); ++i) {
      now_ = std::max(now_, agent.deadline());
      settle(agent);
    }
    agent.close(now_);
    drain(agent);
    FUZZ_CHECK(agent.deadline() == never);
    FUZZ_CHECK(pool_.outstanding() == 0);
  }

 private:
  std::uint8_t next() {
    if (input_.empty()) return 0;
    auto byte = input_[0];
    input_ = input_.subspan(1);
    return byte;
  }

  SocketAddress address() { return {IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(next() % 4)), next()}; }
  SocketId socket() { return sockets_.empty() ? SocketId{1000} : sockets_[next() % sockets_.size()]; }
  static Credentials credentials(std::uint8_t which) {
    auto letter = static_cast<char>('a' + which % 4);
    return {std::string(4, letter), std::string(22, letter)};
  }

  void operate(Agent& agent, std::uint8_t operation) {
    switch (operation % 22) {
      case 0: now_ += std::chrono::milliseconds(next()); break;
      case 1: now_ = std::max(now_, std::min(agent.deadline(), now_ + std::chrono::hours(1))); break;
      case 2: agent.gather(credentials(next()), now_); break;
      case 3: agent.setRemote(credentials(next()), {next() % 8 == 0, next() % 4 == 0}, now_); break;
      case 4: agent.setRole(next() % 2 ? Role::Controlling : Role::Controlled, now_); break;
      case 5: addCandidate(agent); break;
      case 6: agent.endOfRemoteCandidates(now_); break;
      case 7: agent.handle(SocketBound{socket(), {IpAddress::v4(192, 0, 2, 1), next()}}, now_); break;
      case 8: agent.handle(SocketFailed{socket(), "no"}, now_); break;
      case 9: list(agent); break;
      case 10: agent.handle(Resolved{request_, {IpAddress::v4(198, 51, 100, next())}}, now_); break;
      case 11: request(agent); break;
      case 12: answer(agent, stun::Class::SuccessResponse); break;
      case 13: answer(agent, stun::Class::ErrorResponse); break;
      case 14: garbage(agent); break;
      case 15: agent.countReceived(socket(), address(), next(), now_); break;
      case 16: agent.handle(InterfacesChanged{interfaces()}, now_); break;
      case 17: agent.handle(TcpConnected{socket(), address(), address()}, now_); break;
      case 18: accept(agent); break;
      case 19: stream(agent); break;
      case 20: agent.handle(StreamBacklog{socket(), next() % 2 == 0}, now_); break;
      case 21: agent.prepare(now_); break;
    }
    settle(agent);
  }

  void addCandidate(Agent& agent) {
    Candidate candidate;
    candidate.foundation = std::to_string(next() % 8);
    auto where = address();
    candidate.address = where.ip.toString();
    candidate.port = where.port;
    candidate.priority = next();
    if (auto kind = next(); kind % 4 == 0) candidate.extensions.emplace_back("ufrag", credentials(kind).ufrag);
    agent.addRemoteCandidate(candidate, now_);
  }

  std::vector<NetworkInterface> interfaces() {
    std::vector<NetworkInterface> all;
    for (int i = next() % 4; i > 0; --i)
      all.push_back({"eth0", IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(next() % 8))});
    return all;
  }
  void list(Agent& agent) { agent.handle(InterfacesListed{request_, interfaces()}, now_); }

  void accept(Agent& agent) {
    const SocketId id{static_cast<std::uint32_t>(firstAcceptedSocket) + ++accepted_};
    agent.handle(TcpAccepted{socket(), id, address(), address()}, now_);
    sockets_.push_back(id);
    streams_.insert(id);
  }
  void stream(Agent& agent) {
    const std::size_t wanted = next();
    auto size = std::min(wanted, input_.size());
    std::vector<std::uint8_t> bytes(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
    input_ = input_.subspan(size);
    agent.handle(StreamData{socket(), bytes}, now_);
  }

  void deliver(Agent& agent, Packet packet, SocketId to, const SocketAddress& from) {
    if (streams_.contains(to)) {
      stun::frameRfc4571(packet);
      agent.handle(StreamData{to, packet.bytes()}, now_);
    } else {
      agent.handle(Datagram{to, from, packet.bytes()}, now_);
    }
  }

  void request(Agent& agent) {
    auto ours = credentials(next()), theirs = credentials(next());
    auto flags = next();
    stun::MessageBuilder builder(pool_, stun::Class::Request, stun::Method::Binding, {});
    builder.addUsername(ours.ufrag + ':' + theirs.ufrag);
    if (flags & 1) builder.addPriority(next());
    if (flags & 2) builder.addUseCandidate();
    if (flags & 4) builder.addIceControlling(flags);
    if (flags & 8) builder.addIceControlled(~std::uint64_t{0});
    deliver(agent, builder.addIntegrity(base::asBytes(ours.pwd)).addFingerprint().finish(), socket(), address());
  }

  void answer(Agent& agent, stun::Class kind) {
    if (sent_.empty()) return;
    auto& what = sent_[next() % sent_.size()];
    auto parsed = stun::Message::parse(what.bytes);
    if (!parsed) return;
    stun::MessageBuilder builder(pool_, kind, *parsed);
    auto flags = next();
    if (kind == stun::Class::ErrorResponse) builder.addErrorCode(flags % 2 ? 487 : 300 + flags, "");
    if (kind == stun::Class::SuccessResponse) builder.addXorMappedAddress(address());
    if (parsed->username()) builder.addIntegrity(base::asBytes(credentials((*parsed->username())[0]).pwd));
    deliver(agent, builder.addFingerprint().finish(), what.socket, flags % 16 ? what.to : address());
  }

  void garbage(Agent& agent) {
    const std::size_t wanted = next();  // before the size of what is left
    auto size = std::min(wanted, input_.size());
    std::vector<std::uint8_t> bytes(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
    input_ = input_.subspan(size);
    agent.handle(Datagram{socket(), address(), bytes}, now_);
  }

  void settle(Agent& agent) {
    agent.advance(now_);
    drain(agent);
    FUZZ_CHECK(agent.deadline() > now_);
    if (auto path = agent.sendPath()) {
      FUZZ_CHECK(agent.mayReceive(path->socket, path->to));
      agent.countSent(1, now_);
    }
    auto stats = agent.stats();
    // Two generations at most.
    FUZZ_CHECK(stats.pairs.size() <= 2 * config_.maxPairs);
    FUZZ_CHECK(stats.remoteCandidates.size() <= 2 * config_.maxRemoteCandidates);
  }

  void drain(Agent& agent) {
    int outputs = 0;
    while (auto output = agent.poll()) {
      FUZZ_CHECK(++outputs < 10000);
      if (auto* transmit = std::get_if<Transmit>(&*output)) {
        FUZZ_CHECK(transmit->packet);
        if (streams_.contains(transmit->socket)) continue;
        auto message = stun::Message::parse(transmit->packet.bytes());
        FUZZ_CHECK(message.has_value());
        if (message->messageClass() != stun::Class::Request) continue;
        if (sent_.size() >= 64) sent_.erase(sent_.begin());
        sent_.push_back({transmit->socket, transmit->to, {message->bytes().begin(), message->bytes().end()}});
      } else if (auto* bind = std::get_if<BindUdp>(&*output)) {
        sockets_.push_back(bind->socket);
      } else if (auto* listen = std::get_if<ListenTcp>(&*output)) {
        sockets_.push_back(listen->socket);
      } else if (auto* connect = std::get_if<ConnectTcp>(&*output)) {
        sockets_.push_back(connect->socket);
        streams_.insert(connect->socket);
      } else if (auto* asked = std::get_if<ListInterfaces>(&*output)) {
        request_ = asked->request;
      } else if (auto* resolve = std::get_if<Resolve>(&*output)) {
        if (next() % 2) request_ = resolve->request;
      } else if (auto* found = std::get_if<CandidateFound>(&*output)) {
        checkCandidate(toString(found->candidate));
      }
    }
  }

  struct Sent {
    SocketId socket;
    SocketAddress to;
    std::vector<std::uint8_t> bytes;
  };

  base::Bytes input_;
  Time now_{std::chrono::hours(1)};
  Config config_;
  base::IdSource ids_;
  base::SeededRandom random_{1};
  base::PacketPool pool_;
  std::vector<SocketId> sockets_;
  std::set<SocketId> streams_;
  std::uint32_t accepted_ = 0;
  RequestId request_{};
  std::vector<Sent> sent_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  checkCandidate(base::asText({data, size}));
  Machine({data, std::min<std::size_t>(size, 2000)}).run();
  return 0;
}
