// A TURN client, and a server that says what the input wants it to say, signed or not. Each operation is one byte: the
// low four bits say what, the high four bits how much.

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "stun/credentials.hpp"
#include "stun/message_builder.hpp"
#include "stun/turn_client.hpp"
#include "support/check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace parley;
using namespace parley::stun;
using namespace std::chrono_literals;

const std::string user = "user", password = "secret", realm = "realm";

SocketAddress peer(std::uint8_t n) {
  if (n & 8) {
    std::array<std::uint8_t, 16> ip{0x20, 0x01, 0x0d, 0xb8};
    ip[15] = n;
    return {IpAddress::v6(ip), 9};
  }
  return {IpAddress::v4(203, 0, 113, n & 3), static_cast<std::uint16_t>(1000 + n)};
}

class Run {
 public:
  explicit Run(base::Bytes input) : input_(input), random_(1), client_(config(input), random_, pool_) { input_.u8(); }

  void all() {
    // Each operation costs little, but a day of virtual time has many retransmissions in it.
    for (int i = 0; i < 400 && input_.remaining() > 0; ++i) {
      const std::uint8_t operation = input_.u8();
      step(operation & 15, operation >> 4);
      drain();
    }
  }

 private:
  static TurnClient::Config config(base::Bytes input) {
    const std::uint8_t how = input.empty() ? 0 : input[0];
    TurnClient::Config config;
    config.username = user;
    config.password = password;
    config.families = static_cast<RelayFamilies>((how & 3) % 3);
    config.reliable = how & 4;
    config.maxPeers = 6;
    return config;
  }

  void step(int operation, std::uint8_t amount) {
    switch (operation) {
      case 0: return client_.start(now_);
      case 1: return advance(amount * 100ms);
      case 2: return advance(amount * 1min);
      case 3:  // exactly what it waits for
        if (client_.deadline() != never) now_ = std::max(now_, client_.deadline());
        return client_.advance(now_);
      case 4: return client_.permit(peer(amount).ip, now_);
      case 5: {
        const Bytes payload(input_.u8(), 0x17);
        client_.send(peer(amount), pool_.make(payload), now_);
        return;
      }
      case 6:
        client_.send(peer(amount), MessageBuilder(pool_, Class::Request, Method::Binding, {}).finish(), now_);
        return;
      case 7:
        if (amount == 15) client_.release(now_);
        return;
      case 8: return answer([&](MessageBuilder& b) { success(b, amount); }, Class::SuccessResponse, amount & 1);
      case 9: {
        static constexpr int codes[] = {300, 400, 401, 403, 420, 437, 438, 440, 441, 442, 443, 486, 500, 508, 699, 301};
        return answer([&](MessageBuilder& b) { error(b, codes[amount]); }, Class::ErrorResponse, input_.u8() & 1);
      }
      case 10: {  // a challenge
        offersSha256_ = amount & 1;
        const std::string cookie = amount & 8 ? std::string("obMatJos2") + "AQgw"[amount >> 1 & 3] + "AAA" : "";
        return answer(
            [&](MessageBuilder& b) {
              b.addErrorCode(amount & 4 ? 438 : 401, "challenge").addRealm(realm).addNonce(cookie + "nonce");
              constexpr PasswordAlgorithm both[] = {PasswordAlgorithm::Sha256, PasswordAlgorithm::Md5};
              if (offersSha256_) b.addPasswordAlgorithms(both);
            },
            Class::ErrorResponse, false);
      }
      case 11: {  // a Data indication
        Bytes payload(input_.u8(), amount);
        MessageBuilder b(pool_, Class::Indication, Method::Data, {});
        b.addXorPeerAddress(peer(amount)).addData(payload);
        return handle(b.finish());
      }
      case 12: {  // ChannelData
        Bytes message{0x40, amount, 0, input_.u8()};
        message.resize(4 + (input_.u8() & 63));
        return handle(message);
      }
      case 13: {  // anything
        const auto raw = input_.take(std::min<std::size_t>(amount * 8u, input_.remaining()));
        return handle(Bytes(raw.begin(), raw.end()));
      }
      case 14: {  // anything, as a response to its last request
        if (requests_.empty()) return;
        const auto raw = input_.take(std::min<std::size_t>(amount * 8u, input_.remaining()));
        return answer([&](MessageBuilder& b) { attributes(b, raw); }, Class::SuccessResponse, amount & 1);
      }
      default:
        if (!requests_.empty()) requests_.pop_front();
        return;
    }
  }

  using Bytes = std::vector<std::uint8_t>;
  struct Request {
    Method method;
    TransactionId id;
    bool sha256;
  };

  template <class Fill>
  void answer(Fill fill, Class responseClass, bool isSigned) {
    if (requests_.empty()) return;
    const Request request = requests_.front();
    requests_.pop_front();
    MessageBuilder b(pool_, responseClass, request.method, request.id);
    fill(b);
    if (isSigned) {
      // The server's first choice is the client's: SHA-256 if it was offered.
      if (request.sha256)
        b.addIntegritySha256(longTermKeySha256(user, realm, password));
      else
        b.addIntegrity(longTermKeyMd5(user, realm, password));
    }
    handle(b.finish());
  }

  void success(MessageBuilder& b, std::uint8_t amount) {
    if (amount & 2) b.addXorRelayedAddress(*SocketAddress::parse("198.51.100.1:50000"));
    if (amount & 4) b.addXorRelayedAddress(*SocketAddress::parse("[2001:db8::1]:50000"));
    if (amount & 8) b.addXorMappedAddress(*SocketAddress::parse("192.0.2.1:40000"));
    const std::uint8_t lifetime = input_.u8();
    if (lifetime & 128) b.addLifetime(lifetime & 64 ? 0xffffffffu >> (lifetime & 31) : lifetime & 31);
  }

  void error(MessageBuilder& b, int code) {
    b.addErrorCode(code, "no");
    const std::uint8_t more = input_.u8();
    if (more & 1) b.addAlternateServer(peer(more >> 2 & 15));
    if (more & 2) b.addAlternateDomain("elsewhere.example");
  }

  void attributes(MessageBuilder& b, base::Bytes raw) {
    base::Reader reader(raw);
    while (reader.remaining() >= 4) {
      const auto type = static_cast<AttributeType>(reader.u16());
      const auto value = reader.take(std::min<std::size_t>(reader.u16() & 31, reader.remaining()));
      b.add(type, value);
    }
  }

  void handle(Packet packet) {
    if (packet) handle(Bytes(packet.bytes().begin(), packet.bytes().end()));
  }
  void handle(Bytes message) {
    message.shrink_to_fit();
    const bool expected = client_.expects(message);
    const auto received = client_.handle(message, now_);
    if (!received) return;
    FUZZ_CHECK(expected);
    FUZZ_CHECK(client_.state() == TurnClient::State::Allocated);
    FUZZ_CHECK(received->payload.data() >= message.data());
    FUZZ_CHECK(received->payload.data() + received->payload.size() <= message.data() + message.size());
    std::fill(received->payload.begin(), received->payload.end(), std::uint8_t{0});
  }

  void advance(Duration duration) {
    now_ += duration;
    client_.advance(now_);
  }

  void drain() {
    client_.advance(now_);
    for (int outputs = 0; auto output = client_.poll(); ++outputs) {
      FUZZ_CHECK(outputs < 100);
      if (auto* transmit = std::get_if<TurnClient::Transmit>(&*output)) {
        sent(transmit->packet);
        continue;
      }
      FUZZ_CHECK(!ended_);
      if (auto* allocated = std::get_if<TurnClient::Allocated>(&*output)) {
        FUZZ_CHECK(!allocated_ && !allocated->relayed.empty() && allocated->relayed.size() <= 2);
        FUZZ_CHECK(allocated->lifetime > Duration::zero());
        allocated_ = true;
      } else if (!std::holds_alternative<TurnClient::PermissionFailed>(*output)) {
        ended_ = true;
        FUZZ_CHECK(client_.deadline() == never);
      }
    }
    FUZZ_CHECK(client_.deadline() > now_);
    FUZZ_CHECK(pool_.outstanding() == 0);
  }

  void sent(Packet& packet) {
    const auto bytes = packet.bytes();
    FUZZ_CHECK(!bytes.empty());
    if (bytes[0] >= 0x40) {
      FUZZ_CHECK(bytes[0] <= 0x4f && bytes.size() >= 4u + base::load16(&bytes[2]));
      return;
    }
    const auto message = Message::parse(bytes);
    FUZZ_CHECK(message.has_value());
    if (message->messageClass() != Class::Request) return;
    if (requests_.size() < 32)
      requests_.push_back({message->method(), message->transactionId(), message->hasIntegritySha256()});
    // Of a server that knows SHA-256 the client takes nothing less, but for what was under way.
    usesSha256_ |= message->hasIntegritySha256();
    const bool isNew = known_.insert(message->transactionId()).second;
    FUZZ_CHECK(!(usesSha256_ && isNew && message->hasIntegrity()));
  }

  base::Reader input_;
  base::SeededRandom random_;
  base::PacketPool pool_;
  TurnClient client_;
  Time now_{100s};
  std::deque<Request> requests_;
  std::set<TransactionId> known_;
  bool offersSha256_ = false, usesSha256_ = false, allocated_ = false, ended_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run({data, std::min<std::size_t>(size, 4096)}).all();
  return 0;
}
