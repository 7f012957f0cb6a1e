#pragma once

#include "pc/event_handler.hpp"

#include <parley/transports.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// \file
/// The transport objects: attributes that the connection writes under the shared mutex, and handlers that it fires.

namespace parley::pc {

class IceTransportImpl final : public IceTransport {
 public:
  explicit IceTransportImpl(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  IceRole role() const override { return read(slots.role); }
  IceComponent component() const override { return IceComponent::Rtp; }
  IceTransportState state() const override { return read(slots.state); }
  IceGathererState gatheringState() const override { return read(slots.gatheringState); }
  std::vector<IceCandidate> getLocalCandidates() const override { return read(slots.localCandidates); }
  std::vector<IceCandidate> getRemoteCandidates() const override { return read(slots.remoteCandidates); }
  std::optional<IceCandidatePair> getSelectedCandidatePair() const override;
  std::optional<IceParameters> getLocalParameters() const override { return read(slots.localParameters); }
  std::optional<IceParameters> getRemoteParameters() const override { return read(slots.remoteParameters); }

  void onStateChange(std::function<void()> handler) override { stateChange.set(*shared_, std::move(handler)); }
  void onGatheringStateChange(std::function<void()> handler) override {
    gatheringStateChange.set(*shared_, std::move(handler));
  }
  void onSelectedCandidatePairChange(std::function<void()> handler) override {
    selectedCandidatePairChange.set(*shared_, std::move(handler));
  }

  /// Guarded by the shared mutex, as the handlers are.
  struct Slots {
    IceRole role = IceRole::Unknown;
    IceTransportState state = IceTransportState::New;
    IceGathererState gatheringState = IceGathererState::New;
    std::vector<IceCandidate> localCandidates, remoteCandidates;
    std::optional<IceCandidatePair> selectedPair;
    std::optional<IceParameters> localParameters, remoteParameters;
  };
  Slots slots;
  EventHandler<> stateChange, gatheringStateChange, selectedCandidatePairChange;

  /// Under the lock.
  void drop(Dropped& dropped) {
    for (auto* handler : {&stateChange, &gatheringStateChange, &selectedCandidatePairChange})
      dropped.push_back(handler->take());
  }

 private:
  template <class Value>
  Value read(const Value& slot) const {
    std::lock_guard lock(shared_->mutex);
    return slot;
  }
  const std::shared_ptr<Shared> shared_;
};

class DtlsTransportImpl final : public DtlsTransport {
 public:
  DtlsTransportImpl(std::shared_ptr<Shared> shared, std::shared_ptr<IceTransportImpl> iceTransport)
      : ice(std::move(iceTransport)), shared_(std::move(shared)) {}

  std::shared_ptr<IceTransport> iceTransport() const override { return ice; }
  DtlsTransportState state() const override {
    std::lock_guard lock(shared_->mutex);
    return slots.state;
  }
  std::vector<std::vector<std::uint8_t>> getRemoteCertificates() const override {
    std::lock_guard lock(shared_->mutex);
    return slots.remoteCertificates;
  }
  void onStateChange(std::function<void()> handler) override { stateChange.set(*shared_, std::move(handler)); }
  void onError(std::function<void(const RtcError&)> handler) override { error.set(*shared_, std::move(handler)); }

  const std::shared_ptr<IceTransportImpl> ice;
  struct Slots {
    DtlsTransportState state = DtlsTransportState::New;
    std::vector<std::vector<std::uint8_t>> remoteCertificates;
  };
  Slots slots;
  EventHandler<> stateChange;
  EventHandler<const RtcError&> error;

  /// Under the lock: closed with ICE below, and without handlers.
  void close(Dropped& dropped);

 private:
  const std::shared_ptr<Shared> shared_;
};

class SctpTransportImpl final : public SctpTransport {
 public:
  SctpTransportImpl(std::shared_ptr<Shared> shared, std::shared_ptr<DtlsTransportImpl> transport)
      : dtls(std::move(transport)), shared_(std::move(shared)) {}

  std::shared_ptr<DtlsTransport> transport() const override {
    std::lock_guard lock(shared_->mutex);
    return dtls;
  }
  SctpTransportState state() const override {
    std::lock_guard lock(shared_->mutex);
    return slots.state;
  }
  std::optional<double> maxMessageSize() const override;
  std::optional<std::uint16_t> maxChannels() const override {
    std::lock_guard lock(shared_->mutex);
    return slots.maxChannels;
  }
  void onStateChange(std::function<void()> handler) override { stateChange.set(*shared_, std::move(handler)); }

  /// Another one once the data section is bundled.
  std::shared_ptr<DtlsTransportImpl> dtls;
  struct Slots {
    SctpTransportState state = SctpTransportState::Connecting;
    std::optional<std::size_t> maxMessageSize;
    std::optional<std::uint16_t> maxChannels;
  };
  Slots slots;
  EventHandler<> stateChange;

  /// Under the lock: closed, and forgets its handlers. What is below may go on.
  void close(Dropped& dropped);

 private:
  const std::shared_ptr<Shared> shared_;
};

}  // namespace parley::pc
