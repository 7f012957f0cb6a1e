#pragma once

#include "base/counters.hpp"
#include "base/ids.hpp"
#include "base/machine.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "ice/dns_message.hpp"

#include <parley/io.hpp>
#include <parley/time.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace parley::ice {

/// Resolver and responder of multicast DNS (RFC 6762) for the names in candidates, one for all agents of an engine.
///
///     resolve() ─► asked at 0, 1 and 3 s ─► an answer: Resolved{address}
///                                       └─► 4 s: Resolved{}
///     publish() ─► announced at 0 and 1 s, answered for ─► withdraw(): goodbye
///
/// Its sockets exist while there is a name to ask or to answer for, one for each family of each interface.
class Mdns {
 public:
  using Output = std::variant<Transmit, BindMulticast, CloseSocket, ListInterfaces, Resolved>;

  /// The ids and the pool outlive it.
  Mdns(base::IdSource& ids, base::PacketPool& pool) : ids_(ids), pool_(pool) {}

  /// Answered by `Resolved`: within 4 s, with no address if nobody knows the name.
  void resolve(RequestId request, std::string_view name, Time now);
  void publish(const std::string& name, const IpAddress& address, Time now);
  void withdraw(const std::string& name, Time now);

  void handle(const InterfacesListed& listed, Time now);
  void handle(const InterfacesChanged& changed, Time now);
  void handle(const SocketBound& bound, Time now);
  void handle(const SocketFailed& failed, Time now);
  void handle(const Datagram& datagram, Time now);

  bool owns(SocketId socket) const { return sockets_.contains(socket); }
  bool owns(RequestId request) const { return listing_ == request; }

  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const;
  void advance(Time now);

  enum class Drop : std::uint8_t {
    Malformed,
    WrongPort,  ///< RFC 6762 s.6: a response that did not come from port 5353.
    TooMany,    ///< Questions or names, beyond what is kept at a time; answers, beyond what is said in a second.
    Count
  };
  const base::Counters<Drop>& drops() const { return drops_; }

 private:
  struct Socket {
    NetworkInterface interface;
    bool bound = false;
  };
  struct Question {
    RequestId request{};
    std::string name;
    int asked = 0;
    Time next{};
  };
  struct Name {
    IpAddress address;
    int announced = 0;
    Time next = never;
  };

  bool isWanted() const { return !questions_.empty() || !names_.empty(); }
  void openOrClose();
  void open(const std::vector<NetworkInterface>& interfaces);
  void toAll(const std::vector<std::uint8_t>& message);
  void send(SocketId socket, const SocketAddress& to, const std::vector<std::uint8_t>& message);
  void ask(const Question& question);
  void answerQuestions(const Datagram& datagram, const DnsMessage& message, Time now);
  void takeAnswers(const DnsMessage& message);

  base::IdSource& ids_;
  base::PacketPool& pool_;
  base::Outbox<Output> outbox_;
  base::Counters<Drop> drops_;
  std::optional<RequestId> listing_;
  bool isOpen_ = false;
  std::map<SocketId, Socket> sockets_;
  std::vector<Question> questions_;
  std::map<std::string, Name> names_;
  int answersLeft_ = 0;
  Time answersRefilledAt_ = Time::min();
};

static_assert(base::Machine<Mdns>);

}  // namespace parley::ice
