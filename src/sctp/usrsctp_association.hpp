#pragma once

#include "base/outbox.hpp"
#include "sctp/association.hpp"
#include "sctp/stack.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

struct socket;
union sctp_notification;

namespace parley::sctp {

/// The association by usrsctp: one one-to-one style socket over an address of its own (AF_CONN).
class UsrsctpAssociation final : public Association {
 public:
  enum class Ticks {
    Own,     ///< `deadline` and `advance` include the stack's tick: complete by itself, as every machine.
    ByHost,  ///< The host drives `Stack::global()` once for all its associations, rather than each of thousands.
  };

  /// `wake` is called from any thread when there is something to poll that no call to this object caused: a timer that
  /// another engine's tick has run. It may run concurrently with everything but this object's destructor, and once
  /// more after it.
  explicit UsrsctpAssociation(const Config& config, Ticks ticks = Ticks::Own, std::function<void()> wake = {});
  ~UsrsctpAssociation() override;
  UsrsctpAssociation(const UsrsctpAssociation&) = delete;
  UsrsctpAssociation& operator=(const UsrsctpAssociation&) = delete;

  void connect(Time now) override;
  void handle(base::Bytes packet, Time now) override;
  using Association::send;
  SendResult send(std::uint16_t stream, Ppid ppid, std::vector<std::uint8_t>&& bytes, const Reliability& reliability,
                  Time now) override;
  void setPriority(std::uint16_t, std::uint16_t) override {}
  std::optional<Message> receive(Time now) override;
  const Message* peek() const override { return head_ ? &*head_ : nullptr; }
  void resetStreams(const std::vector<std::uint16_t>& streams, Time now) override;
  void shutdown(Time now) override;
  void abort(Time now) override;

  std::optional<Output> poll() override;
  Time deadline() const override;
  void advance(Time now) override;
  AssociationStats stats() const override;

 private:
  enum class State { Idle, Connecting, Up, Closing, Ended };

  bool openSocket(Stack::Lane& lane);
  void closeSocket(const Stack::Lane& lane);
  bool hasSocket() const { return socket_ != nullptr; }
  void subscribe(std::uint16_t event);
  void fail(std::string reason, std::optional<std::uint16_t> cause, const Stack::Lane& lane);

  void read(const Stack::Lane& lane);
  void onBytes(base::Bytes bytes, std::uint16_t stream, Ppid ppid, bool end);
  void onNotification(base::Bytes bytes, const Stack::Lane& lane);
  void onAssociationChange(const sctp_notification& notification, const Stack::Lane& lane);
  void onSendFailed(const sctp_notification& notification, std::size_t length);
  void onStreamReset(std::uint16_t flags, std::vector<std::uint16_t> streams);
  void checkRoom(const Stack::Lane& lane);
  void input(base::Bytes packet, const Stack::Lane& lane);
  bool comesTooEarly(base::Bytes packet) const;
  void collect();
  void transmit(Packet packet);
  void noteSent(base::Bytes packet);
  void noteReceived(base::Bytes packet);
  void noteRead();
  void limitWindow();

  Config config_;
  Ticks ticks_;
  Stack* stack_ = nullptr;  ///< From `connect` on.
  EndpointId id_{};
  std::shared_ptr<Mailbox> mailbox_;
  struct socket* socket_ = nullptr;
  State state_ = State::Idle;
  std::uint16_t inboundStreams_ = 0;
  std::uint16_t outboundStreams_ = 0;
  bool roomWanted_ = false;                    ///< A send found no room.
  bool drainWatched_ = false;                  ///< usrsctp tells what it gives up, and when all is acknowledged.
  std::optional<std::uint32_t> lastSent_;      ///< The highest TSN that left.
  std::optional<std::uint32_t> lastReceived_;  ///< The highest TSN that came.
  std::uint32_t cumulative_ = 0;               ///< The TSN up to which we have acknowledged all.
  std::vector<std::uint8_t> early_;            ///< The packet that `comesTooEarly`.
  std::size_t messagesUnsent_ = 0;             ///< Taken, and no end of them has left.
  std::size_t messagesUnread_ = 0;             ///< Come (about), and not read.
  std::size_t chunksUnread_ = 0;
  bool windowClosed_ = false;               ///< Because of `chunksUnread_`.
  std::vector<std::uint8_t> notification_;  ///< The part of it that was read.
  Message partial_;                         ///< The part of a message that was read.
  bool skipping_ = false;                   ///< The rest of a message that was too large is thrown away.
  std::optional<Message> head_;             ///< Waits for `receive`; nothing is read until then.
  base::Outbox<Output> outbox_;
  AssociationStats counted_;
};

}  // namespace parley::sctp
