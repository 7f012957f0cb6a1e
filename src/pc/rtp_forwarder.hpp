#pragma once

#include "pc/event_handler.hpp"
#include "pc/forwarder.hpp"
#include "pc/peer_connection.hpp"
#include "pc/rtp_transceiver.hpp"

#include <parley/rtp_forwarder.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

/// \file
/// The façade of forwarding: commands go to the origin's peer, whose plane has the `Forwarder`; events go to the
/// executor of the sender's connection.

namespace parley::pc {

class RtpForwarderImpl final : public RtpForwarder, public std::enable_shared_from_this<RtpForwarderImpl> {
 public:
  RtpForwarderImpl(std::shared_ptr<RtpReceiverImpl> receiver, const std::shared_ptr<Connection>& connection);
  ~RtpForwarderImpl() override;

  std::shared_ptr<RtpReceiver> receiver() const override { return receiver_; }
  std::shared_ptr<RtpForwarding> addSender(const std::shared_ptr<RtpSender>& sender) override;
  Async<std::vector<Source>> getSources() override;

  /// Nothing once the origin is closed.
  void command(std::function<void(Forwarder&, Time)> command) const;
  const std::weak_ptr<Connection>& connection() const { return connection_; }

 private:
  const std::shared_ptr<RtpReceiverImpl> receiver_;
  const std::weak_ptr<Connection> connection_;
  const std::shared_ptr<Forwarder> forwarder_;
};

class RtpForwardingImpl final : public RtpForwarding, public std::enable_shared_from_this<RtpForwardingImpl> {
 public:
  RtpForwardingImpl(std::shared_ptr<const RtpForwarderImpl> forwarder, std::shared_ptr<RtpSenderImpl> sender,
                    std::shared_ptr<Shared> shared)
      : forwarder_(std::move(forwarder)), sender_(std::move(sender)), shared_(std::move(shared)) {}
  ~RtpForwardingImpl() override;
  /// Once, behind the constructor.
  void begin(std::uint64_t targetPeer);

  std::shared_ptr<RtpSender> sender() const override { return sender_; }
  void select(std::string rid) override;
  void maxTemporalLayer(std::optional<std::uint8_t> layer) override;
  void paused(bool paused) override;
  void onSourceChanged(std::function<void(const std::string&)> handler) override {
    sourceChanged_.set(*shared_, std::move(handler));
  }
  void onTargetBitrate(std::function<void(std::uint64_t)> handler) override {
    bitrate_.set(*shared_, std::move(handler));
  }
  void onError(std::function<void(const Error&)> handler) override { error_.set(*shared_, std::move(handler)); }
  Async<Stats> getStats() override;

  /// In a task.
  void bitrateChanged(std::uint64_t bitsPerSecond) const { bitrate_.fire(*shared_, bitsPerSecond); }

 private:
  const std::shared_ptr<const RtpForwarderImpl> forwarder_;
  const std::shared_ptr<RtpSenderImpl> sender_;
  const std::shared_ptr<Shared> shared_;  ///< The target's.
  std::shared_ptr<ForwardLink> link_;
  EventHandler<const std::string&> sourceChanged_;
  EventHandler<std::uint64_t> bitrate_;
  EventHandler<const Error&> error_;
};

}  // namespace parley::pc
