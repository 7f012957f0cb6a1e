#pragma once

#include <parley/enums.hpp>
#include <parley/rtc_error.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace parley {

/// RTCDataChannelInit.
struct DataChannelInit {
  bool ordered = true;
  /// Milliseconds. At most one of this and the next may be set.
  std::optional<std::uint16_t> maxPacketLifeTime = std::nullopt;
  std::optional<std::uint16_t> maxRetransmits = std::nullopt;
  std::string protocol = {};
  /// True: the other side makes the same channel with the same id, and nothing is announced in-band.
  bool negotiated = false;
  /// Wanted if `negotiated`, ignored otherwise.
  std::optional<std::uint16_t> id = std::nullopt;
  /// webrtc-priority's member; "low" is what the W3C gives a channel that says nothing.
  PriorityType priority = PriorityType::Low;
};

/// A message: text (UTF-8) or bytes.
using Message = std::variant<std::string, std::vector<std::uint8_t>>;

/// RTCDataChannel. Made by `PeerConnection::createDataChannel`, or by the peer and then given to `onDataChannel`.
///
/// The connection holds its channels until they are closed, so that a handle may be dropped as soon as its handlers are
/// set. Any thread may call the members. Handlers run on the connection's executor, never inside a call of these
/// members; each `on…` replaces the handler of before, and an empty function removes it. Handlers are dropped once the
/// channel has closed and `onClose` has run.
class PARLEY_API DataChannel {
 public:
  virtual ~DataChannel() = default;

  virtual std::string label() const = 0;
  virtual bool ordered() const = 0;
  virtual std::optional<std::uint16_t> maxPacketLifeTime() const = 0;
  virtual std::optional<std::uint16_t> maxRetransmits() const = 0;
  virtual std::string protocol() const = 0;
  virtual bool negotiated() const = 0;
  /// The SCTP stream. Null until it is known: if not negotiated, when the roles of DTLS are.
  virtual std::optional<std::uint16_t> id() const = 0;
  virtual PriorityType priority() const = 0;
  virtual DataChannelState readyState() const = 0;
  /// Bytes of messages that were given to `send` and have not left for the path. Grows by `send`, falls in tasks of its
  /// own, and stays as it is when the channel closes.
  virtual std::size_t bufferedAmount() const = 0;
  virtual std::size_t bufferedAmountLowThreshold() const = 0;
  virtual void bufferedAmountLowThreshold(std::size_t bytes) = 0;
  virtual BinaryType binaryType() const = 0;
  virtual void binaryType(BinaryType type) = 0;

  /// Queues a message; it never blocks. Throws InvalidStateError unless open, TypeError if it is larger than
  /// `SctpTransport::maxMessageSize` or text that is not UTF-8, OperationError if `bufferedAmount` would pass
  /// `Configuration::Extensions::sendBufferLimit` (then wait for `onBufferedAmountLow`).
  virtual void send(std::string_view text) = 0;
  virtual void send(std::span<const std::uint8_t> bytes) = 0;
  virtual void send(std::vector<std::uint8_t> bytes) = 0;
  void send(const char* text) { send(std::string_view(text)); }
  void send(const std::string& text) { send(std::string_view(text)); }

  /// Starts the closing procedure: what was sent still arrives.
  virtual void close() = 0;

  virtual void onOpen(std::function<void()> handler) = 0;
  virtual void onClosing(std::function<void()> handler) = 0;
  virtual void onClose(std::function<void()> handler) = 0;
  virtual void onError(std::function<void(const RtcError&)> handler) = 0;
  virtual void onBufferedAmountLow(std::function<void()> handler) = 0;
  /// Text that is not UTF-8 arrives with U+FFFD in place of what is wrong, as a browser decodes it.
  virtual void onMessage(std::function<void(Message)> handler) = 0;
};

}  // namespace parley
