#include "ice/mdns.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace parley::ice {

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t port = 5353;
/// RFC 6762 s.10: for records that depend on an address.
constexpr std::uint32_t ttl = 120;
/// RFC 6762 s.5.2: the second question a second after the first, then twice as long.
constexpr Duration pauses[] = {1s, 2s, 1s};
constexpr int questionsEach = 3;
/// RFC 6762 s.8.3: at least two announcements, a second apart.
constexpr int announcements = 2;
/// 32 names for each of as many connections as are being set up at a time, and 16 addresses for each connection.
constexpr std::size_t maxQuestions = 4096, maxNames = 65536;
/// An answer is twice as long as its question: answering everything would be a (small) amplifier within the link.
constexpr int answersEachSecond = 100;

SocketAddress groupOf(IpAddress::Family family) {
  if (family == IpAddress::Family::V4) return {IpAddress::v4(224, 0, 0, 251), port};
  return {*IpAddress::parse("ff02::fb"), port};
}

std::string lowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace

void Mdns::resolve(RequestId request, std::string_view name, Time now) {
  const std::string wanted = lowerCase(name);
  // A name of our own, of another connection of this engine.
  if (auto ours = names_.find(wanted); ours != names_.end()) {
    outbox_.event(Resolved{request, {ours->second.address}});
    return;
  }
  if (questions_.size() >= maxQuestions) {
    drops_.add(Drop::TooMany);
    outbox_.event(Resolved{request, {}});
    return;
  }
  questions_.push_back({request, wanted, 0, now});
  openOrClose();
  advance(now);
}

void Mdns::publish(const std::string& name, const IpAddress& address, Time now) {
  if (names_.size() >= maxNames) return drops_.add(Drop::TooMany);
  names_[lowerCase(name)] = {address, 0, now};
  openOrClose();
  advance(now);
}

void Mdns::withdraw(const std::string& name, Time now) {
  auto node = names_.extract(lowerCase(name));
  if (node.empty()) return;
  // RFC 6762 s.10.1: a goodbye.
  if (node.mapped().announced > 0) toAll(dnsAnswer(node.key(), node.mapped().address, 0));
  openOrClose();
  advance(now);
}

// --- Sockets ---

void Mdns::openOrClose() {
  if (isWanted() == isOpen_) return;
  isOpen_ = isWanted();
  if (isOpen_) {
    listing_ = ids_.request();
    outbox_.event(ListInterfaces{*listing_});
    return;
  }
  listing_.reset();
  for (const auto& [id, socket] : sockets_) outbox_.event(CloseSocket{id});
  sockets_.clear();
}

void Mdns::handle(const InterfacesListed& listed, Time) {
  if (listing_ != listed.request) return;
  listing_.reset();
  open(listed.interfaces);
}

void Mdns::handle(const InterfacesChanged& changed, Time) {
  if (!isOpen_ || listing_) return;
  std::vector<SocketId> gone;
  for (const auto& [id, socket] : sockets_)
    if (std::none_of(changed.interfaces.begin(), changed.interfaces.end(),
                     [&address = socket.interface.address](const auto& one) { return one.address == address; }))
      gone.push_back(id);
  for (SocketId id : gone) {
    sockets_.erase(id);
    outbox_.event(CloseSocket{id});
  }
  open(changed.interfaces);
}

void Mdns::open(const std::vector<NetworkInterface>& interfaces) {
  const bool onlyLoopback =
      std::all_of(interfaces.begin(), interfaces.end(), [](const auto& one) { return one.address.isLoopback(); });
  for (const auto& one : interfaces) {
    if (one.address.isLoopback() && !onlyLoopback) continue;
    const bool served = std::any_of(sockets_.begin(), sockets_.end(), [&](const auto& each) {
      const auto& other = each.second.interface;
      return other.name == one.name && other.address.family() == one.address.family();
    });
    if (served) continue;
    const SocketId id = ids_.socket();
    sockets_[id] = {one, false};
    outbox_.event(BindMulticast{id, one.address, groupOf(one.address.family())});
  }
}

void Mdns::handle(const SocketBound& bound, Time) {
  auto at = sockets_.find(bound.socket);
  if (at == sockets_.end()) return;
  at->second.bound = true;
  // What was said before this socket was there is said on it too.
  const auto group = groupOf(at->second.interface.address.family());
  for (const auto& question : questions_)
    if (question.asked > 0)
      for (auto type : {DnsMessage::Type::A, DnsMessage::Type::Aaaa})
        send(bound.socket, group, dnsQuestion(question.name, type));
  for (const auto& [name, own] : names_)
    if (own.announced > 0) send(bound.socket, group, dnsAnswer(name, own.address, ttl));
}

void Mdns::handle(const SocketFailed& failed, Time) {
  if (sockets_.erase(failed.socket)) outbox_.event(CloseSocket{failed.socket});
}

void Mdns::send(SocketId socket, const SocketAddress& to, const std::vector<std::uint8_t>& message) {
  outbox_.packet(Transmit{socket, to, pool_.make(message)});
}

void Mdns::toAll(const std::vector<std::uint8_t>& message) {
  for (const auto& [id, socket] : sockets_)
    if (socket.bound) send(id, groupOf(socket.interface.address.family()), message);
}

// --- Questions and answers ---

void Mdns::handle(const Datagram& datagram, Time now) {
  auto message = DnsMessage::parse(datagram.bytes);
  if (!message) return drops_.add(Drop::Malformed);
  if (!message->isResponse) return answerQuestions(datagram, *message, now);
  if (datagram.from.port != port) return drops_.add(Drop::WrongPort);
  takeAnswers(*message);
  openOrClose();
}

void Mdns::answerQuestions(const Datagram& datagram, const DnsMessage& message, Time now) {
  for (const auto& question : message.questions) {
    auto own = names_.find(question.name);
    if (own == names_.end()) continue;
    const auto& address = own->second.address;
    const auto type = address.isV4() ? DnsMessage::Type::A : DnsMessage::Type::Aaaa;
    if (question.type != type && question.type != DnsMessage::Type::Any) continue;
    if (answersRefilledAt_ <= now) {
      answersLeft_ = answersEachSecond;
      answersRefilledAt_ = now + 1s;
    }
    if (answersLeft_ == 0) return drops_.add(Drop::TooMany);
    --answersLeft_;
    if (datagram.from.port != port)
      send(datagram.socket, datagram.from, dnsUnicastAnswer(message.id, question, address, std::min(ttl, 10u)));
    else if (question.unicast)
      send(datagram.socket, datagram.from, dnsAnswer(question.name, address, ttl));
    else
      send(datagram.socket, groupOf(sockets_.at(datagram.socket).interface.address.family()),
           dnsAnswer(question.name, address, ttl));
  }
}

void Mdns::takeAnswers(const DnsMessage& message) {
  std::set<std::string> answered;
  for (const auto& answer : message.answers)
    if (answer.ttl > 0) answered.insert(answer.name);
  for (const auto& name : answered) {
    std::vector<IpAddress> addresses;
    for (const auto& answer : message.answers)
      if (answer.name == name && answer.ttl > 0 &&
          std::find(addresses.begin(), addresses.end(), answer.address) == addresses.end())
        addresses.push_back(answer.address);
    for (const auto& question : questions_)
      if (question.name == name) outbox_.event(Resolved{question.request, addresses});
    std::erase_if(questions_, [&](const auto& question) { return question.name == name; });
  }
}

void Mdns::ask(const Question& question) {
  // One question in each message: some responders read no more than one.
  for (auto type : {DnsMessage::Type::A, DnsMessage::Type::Aaaa}) toAll(dnsQuestion(question.name, type));
}

// --- Time ---

Time Mdns::deadline() const {
  Time at = never;
  for (const auto& question : questions_) at = std::min(at, question.next);
  for (const auto& [name, own] : names_) at = std::min(at, own.next);
  return at;
}

void Mdns::advance(Time now) {
  for (auto& question : questions_) {
    if (question.next > now) continue;
    if (question.asked < questionsEach) ask(question);
    question.next = question.asked < questionsEach ? now + pauses[question.asked] : now;
    ++question.asked;
  }
  for (const auto& question : questions_)
    if (question.asked > questionsEach) outbox_.event(Resolved{question.request, {}});
  std::erase_if(questions_, [](const auto& question) { return question.asked > questionsEach; });
  for (auto& [name, own] : names_) {
    if (own.next > now) continue;
    toAll(dnsAnswer(name, own.address, ttl));
    own.next = ++own.announced < announcements ? now + 1s : never;
  }
  openOrClose();
}

}  // namespace parley::ice
