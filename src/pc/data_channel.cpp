#include "pc/data_channel.hpp"

#include "pc/peer_connection.hpp"
#include "pc/utf8.hpp"

namespace parley::pc {

DataChannelImpl::DataChannelImpl(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection,
                                 sctp::ChannelId key, sctp::Parameters parameters, PriorityType priority)
    : shared_(std::move(shared)),
      connection_(std::move(connection)),
      key_(key),
      parameters_(std::move(parameters)),
      priority_(priority) {
  slots.id = parameters_.streamId;
}

sctp::Parameters DataChannelImpl::parameters() const {
  auto parameters = parameters_;
  parameters.streamId = slots.id;
  return parameters;
}

void DataChannelImpl::bufferedAmountLowThreshold(std::size_t bytes) {
  std::lock_guard lock(shared_->mutex);
  slots.lowThreshold = bytes;
}

void DataChannelImpl::binaryType(BinaryType type) {
  std::lock_guard lock(shared_->mutex);
  slots.binaryType = type;
}

void DataChannelImpl::send(std::string_view text) {
  // In JavaScript a string is always text; here it may be anything, and must not leave as something that the peer's
  // decoder changes.
  if (!isUtf8(text)) throw Error(ErrorName::TypeError, "the text to send is not UTF-8; send it as bytes");
  const auto* first = reinterpret_cast<const std::uint8_t*>(text.data());
  send(true, {first, first + text.size()});
}

void DataChannelImpl::send(std::span<const std::uint8_t> bytes) { send(false, {bytes.begin(), bytes.end()}); }

void DataChannelImpl::send(std::vector<std::uint8_t> bytes) { send(false, std::move(bytes)); }

void DataChannelImpl::send(bool text, std::vector<std::uint8_t> bytes) {
  auto connection = connection_.lock();
  if (!connection) throw Error(ErrorName::InvalidStateError, "the channel is closed");
  connection->send(*this, text, std::move(bytes));
}

void DataChannelImpl::close() {
  if (auto connection = connection_.lock()) connection->closeChannel(*this);
}

void DataChannelImpl::drop(Dropped& dropped) {
  for (auto* handler : {&open, &closing, &closed, &bufferedAmountLow}) dropped.push_back(handler->take());
  dropped.push_back(error.take());
  dropped.push_back(message.take());
}

}  // namespace parley::pc
