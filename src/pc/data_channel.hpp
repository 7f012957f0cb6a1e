#pragma once

#include "pc/event_handler.hpp"
#include "sctp/data_channels.hpp"

#include <parley/data_channel.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace parley::pc {

class Connection;

/// RTCDataChannel. Its state lives under the mutex of its connection, which writes it in its tasks:
///
///     connecting ──opened──► open ──close(), the peer's close──► closing ──► closed
///         └──close()───────────────────────────────────────────────►│          ▲
///         └──error; the connection's or the association's end, from anywhere ──┘
class DataChannelImpl final : public DataChannel {
 public:
  DataChannelImpl(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection, sctp::ChannelId key,
                  sctp::Parameters parameters, PriorityType priority);

  std::string label() const override { return parameters_.label; }
  bool ordered() const override { return parameters_.reliability.ordered; }
  std::optional<std::uint16_t> maxPacketLifeTime() const override { return parameters_.reliability.maxPacketLifeTime; }
  std::optional<std::uint16_t> maxRetransmits() const override { return parameters_.reliability.maxRetransmits; }
  std::string protocol() const override { return parameters_.protocol; }
  bool negotiated() const override { return parameters_.negotiated; }
  PriorityType priority() const override { return priority_; }

  std::optional<std::uint16_t> id() const override { return read(slots.id); }
  DataChannelState readyState() const override { return read(slots.readyState); }
  std::size_t bufferedAmount() const override { return read(slots.bufferedAmount); }
  std::size_t bufferedAmountLowThreshold() const override { return read(slots.lowThreshold); }
  void bufferedAmountLowThreshold(std::size_t bytes) override;
  BinaryType binaryType() const override { return read(slots.binaryType); }
  void binaryType(BinaryType type) override;

  void send(std::string_view text) override;
  void send(std::span<const std::uint8_t> bytes) override;
  void send(std::vector<std::uint8_t> bytes) override;
  void close() override;

  void onOpen(std::function<void()> handler) override { open.set(*shared_, std::move(handler)); }
  void onClosing(std::function<void()> handler) override { closing.set(*shared_, std::move(handler)); }
  void onClose(std::function<void()> handler) override { closed.set(*shared_, std::move(handler)); }
  void onError(std::function<void(const RtcError&)> handler) override { error.set(*shared_, std::move(handler)); }
  void onBufferedAmountLow(std::function<void()> handler) override {
    bufferedAmountLow.set(*shared_, std::move(handler));
  }
  void onMessage(std::function<void(Message)> handler) override { message.set(*shared_, std::move(handler)); }

  // --- For the connection ---

  /// The data plane's name for the channel.
  sctp::ChannelId key() const { return key_; }
  /// With the id, once it is known. Under the lock.
  sctp::Parameters parameters() const;

  /// Guarded by the shared mutex, as the handlers are.
  struct Slots {
    DataChannelState readyState = DataChannelState::Connecting;
    std::optional<std::uint16_t> id;
    std::size_t bufferedAmount = 0;
    std::size_t lowThreshold = 0;
    BinaryType binaryType = BinaryType::ArrayBuffer;
    /// The data plane knows it, and will tell when it is closed.
    bool opened = false;
  };
  Slots slots;
  EventHandler<> open, closing, closed, bufferedAmountLow;
  EventHandler<const RtcError&> error;
  EventHandler<Message> message;

  /// Under the lock.
  void drop(Dropped& dropped);

 private:
  template <class Value>
  Value read(const Value& slot) const {
    std::lock_guard lock(shared_->mutex);
    return slot;
  }
  void send(bool text, std::vector<std::uint8_t> bytes);

  const std::shared_ptr<Shared> shared_;
  const std::weak_ptr<Connection> connection_;
  const sctp::ChannelId key_;
  const sctp::Parameters parameters_;
  const PriorityType priority_;
};

}  // namespace parley::pc
