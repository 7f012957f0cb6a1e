#pragma once

#include <parley/address.hpp>
#include <parley/time.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace parley::sim {

/// A NAT by the words of RFC 4787: how it maps (s.4.1) and what it lets in (s.5), and for how long (s.4.3).
class Nat {
 public:
  enum class Dependence { Endpoint, Address, AddressAndPort };  ///< "endpoint-independent", "address-dependent", …
  struct Behaviour {
    Dependence mapping = Dependence::Endpoint;
    Dependence filtering = Dependence::AddressAndPort;
    Duration expiry = std::chrono::minutes(2);
    bool hairpinning = false;
  };

  Nat(Behaviour behaviour, IpAddress external) : behaviour_(behaviour), external_(external) {}

  const IpAddress& external() const { return external_; }
  bool hairpins() const { return behaviour_.hairpinning; }

  /// The address that the outside sees.
  SocketAddress outbound(const SocketAddress& local, const SocketAddress& remote, Time now) {
    const Key key{local, narrowed(behaviour_.mapping, remote)};
    auto found = byKey_.find(key);
    if (found == byKey_.end() || mappings_.at(found->second).expires <= now) {
      if (found != byKey_.end()) mappings_.erase(found->second);
      found = byKey_.insert_or_assign(key, nextPort_++).first;
      mappings_[found->second] = Mapping{local, {}, {}};
    }
    Mapping& mapping = mappings_[found->second];
    mapping.expires = now + behaviour_.expiry;
    mapping.allowed.insert(narrowed(behaviour_.filtering, remote));
    return {external_, found->second};
  }

  /// The inside address for what comes from `remote` to this port of ours, if it is let in.
  std::optional<SocketAddress> inbound(std::uint16_t port, const SocketAddress& remote, Time now) const {
    auto found = mappings_.find(port);
    if (found == mappings_.end() || found->second.expires <= now) return std::nullopt;
    if (!found->second.allowed.contains(narrowed(behaviour_.filtering, remote))) return std::nullopt;
    return found->second.local;
  }

 private:
  using Key = std::pair<SocketAddress, SocketAddress>;
  struct Mapping {
    SocketAddress local;
    Time expires{};
    std::set<SocketAddress> allowed;
  };
  static SocketAddress narrowed(Dependence dependence, SocketAddress remote) {
    if (dependence == Dependence::Endpoint) return {};
    if (dependence == Dependence::Address) remote.port = 0;
    return remote;
  }

  Behaviour behaviour_;
  IpAddress external_;
  std::uint16_t nextPort_ = 20000;
  std::map<Key, std::uint16_t> byKey_;
  std::map<std::uint16_t, Mapping> mappings_;
};

}  // namespace parley::sim
