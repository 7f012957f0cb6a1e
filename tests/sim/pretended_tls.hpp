#pragma once

#include "base/outbox.hpp"
#include "base/secure_stream.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace parley::sim {

/// Stands for TLS where the network is simulated: one round trip of handshake, in which the client names the server
/// that it wants, and bytes on the wire that are no longer what they were. No secret is kept by it.
class PretendedTls final : public base::SecureStream {
 public:
  enum class Role { Client, Server };

  /// The client: the name that it wants. The server: the name that it has.
  PretendedTls(Role role, std::string name, base::PacketPool& pool)
      : role_(role), name_(std::move(name)), pool_(pool) {}

  void start() override {
    if (role_ == Role::Client) put(base::asBytes(name_ + '\n'));
  }

  void handle(base::Bytes bytes) override {
    for (std::size_t i = 0; i < bytes.size() && !ended_; ++i) {
      if (connected_) return receive(bytes.subspan(i));
      if (bytes[i] != '\n') {
        line_.push_back(static_cast<char>(bytes[i]));
        continue;
      }
      // The client reads "yes" or "no", the server the name that the client wants.
      const bool agreed = line_ == (role_ == Role::Client ? "yes" : name_);
      if (role_ == Role::Server) put(base::asBytes(agreed ? "yes\n" : "no\n"));
      connected_ = agreed;
      ended_ = !agreed;
      if (agreed)
        outbox_.event(Connected{});
      else
        outbox_.event(Failed{"the certificate is for another name"});
    }
  }

  bool send(base::Bytes plaintext) override {
    if (!connected_ || ended_) return false;
    std::vector<std::uint8_t> bytes(plaintext.begin(), plaintext.end());
    for (auto& byte : bytes) byte ^= mask;
    put(bytes);
    return true;
  }

  void close() override { ended_ = true; }
  std::optional<Output> poll() override { return outbox_.poll(); }

 private:
  static constexpr std::uint8_t mask = 0x5a;

  void put(base::Bytes bytes) {
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), base::packetCapacity)))
      outbox_.event(Transmit{pool_.make(bytes.first(std::min(bytes.size(), base::packetCapacity)))});
  }
  void receive(base::Bytes bytes) {
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), base::packetCapacity))) {
      Packet packet = pool_.make(bytes.first(std::min(bytes.size(), base::packetCapacity)));
      for (auto& byte : packet.bytes()) byte ^= mask;
      outbox_.event(Received{std::move(packet)});
    }
  }

  Role role_;
  std::string name_;
  base::PacketPool& pool_;
  base::Outbox<Output> outbox_;
  std::string line_;
  bool connected_ = false, ended_ = false;
};

/// For `ice::Config::secureStreams`.
inline base::SecureStreamFactory pretendedTls() {
  return [](std::string_view name, base::PacketPool& pool, Time) {
    return std::make_unique<PretendedTls>(PretendedTls::Role::Client, std::string(name), pool);
  };
}

}  // namespace parley::sim
