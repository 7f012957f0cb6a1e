#pragma once

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "sctp/association.hpp"

namespace parley::sctp::native {

/// The engine of our own. `random` and `pool` outlive it.
class Association final : public sctp::Association {
 public:
  Association(const Config& config, base::Random& random, base::PacketPool& pool);
  ~Association() override;

  void connect(Time now) override;
  void handle(base::Bytes packet, Time now) override;
  using sctp::Association::send;
  SendResult send(std::uint16_t stream, Ppid ppid, std::vector<std::uint8_t>&& bytes, const Reliability& reliability,
                  Time now) override;
  void setPriority(std::uint16_t stream, std::uint16_t priority) override;
  std::optional<Message> receive(Time now) override;
  const Message* peek() const override;
  void resetStreams(const std::vector<std::uint16_t>& streams, Time now) override;
  void shutdown(Time now) override;
  void abort(Time now) override;

  std::optional<Output> poll() override;
  Time deadline() const override;
  void advance(Time now) override;
  AssociationStats stats() const override;
};

}  // namespace parley::sctp::native
