#include "sctp/native/receiver.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {

Receiver::Receiver(const Config& config)
    : maxMessageSize_(config.maxMessageSize), inbox_(config.receiveBuffer, config.maxMessageSize) {}

void Receiver::start(const Start& start) {
  if (start.interleaving) {
    reassembly_.emplace<IDataReassembly>(inbox_, maxMessageSize_);
  } else {
    reassembly_.emplace<DataReassembly>(inbox_, maxMessageSize_);
  }
  tsns_ = ReceivedTsns(start.initialTsn);
  acks_ = AckPolicy();
  resets_.start(wire::RequestNumber{start.initialTsn.value}, start.streams);
  arrival_ = {};
  missingBefore_ = tsns_.missingSetVersion();
  inbox_.window().announced();
}

Receiver::Verdict Receiver::accept(wire::UnwrappedTsn tsn, std::uint16_t stream, std::size_t size, bool immediate) {
  arrival_.immediate = arrival_.immediate || immediate;
  const auto refuse = [this](ReceiveDrop reason) {
    arrival_.dropped = true;
    inbox_.drop(reason);
    return Verdict::Dropped;
  };
  switch (tsns_.classify(tsn)) {
    case ReceivedTsns::Arrival::Duplicate:
      tsns_.record(tsn);
      arrival_.duplicate = true;
      inbox_.drop(ReceiveDrop::Duplicate);
      return Verdict::Dropped;
    case ReceivedTsns::Arrival::TooFar: return refuse(ReceiveDrop::TooFar);
    case ReceivedTsns::Arrival::New: break;
  }
  const bool invalid = stream >= resets_.streams();
  if (!invalid) {
    if (resets_.blocked(stream, tsn)) return refuse(ReceiveDrop::BehindReset);
    if (!inbox_.window().admits(size, tsn < tsns_.highest())) return refuse(ReceiveDrop::NoRoom);
  }
  tsns_.record(tsn);
  arrival_.data = true;
  if (!invalid) return Verdict::Taken;
  inbox_.drop(ReceiveDrop::BadStream);
  return Verdict::InvalidStream;
}

Receiver::Verdict Receiver::handle(const wire::Data& data) {
  auto* reassembly = std::get_if<DataReassembly>(&reassembly_);
  if (!reassembly) return Verdict::Dropped;
  const auto tsn = tsns_.unwrap(data.tsn);
  const auto verdict = accept(tsn, data.stream, data.payload.size(), data.dataFlags.immediate);
  if (verdict == Verdict::Taken) reassembly->add(data, tsn);
  if (verdict != Verdict::Dropped) progressed();
  return verdict;
}

Receiver::Verdict Receiver::handle(const wire::IData& data) {
  auto* reassembly = std::get_if<IDataReassembly>(&reassembly_);
  if (!reassembly) return Verdict::Dropped;
  const auto tsn = tsns_.unwrap(data.tsn);
  const auto verdict = accept(tsn, data.stream, data.payload.size(), data.dataFlags.immediate);
  if (verdict == Verdict::Taken) reassembly->add(data, tsn);
  if (verdict != Verdict::Dropped) progressed();
  return verdict;
}

bool Receiver::forwardTo(wire::UnwrappedTsn tsn) {
  // RFC 3758 s.3.6: acknowledged like DATA; one that says nothing new like a duplicate, for the SACK may have been
  // lost.
  if (tsns_.forwardTo(tsn)) {
    arrival_.data = true;
    return true;
  }
  arrival_.duplicate = true;
  inbox_.drop(ReceiveDrop::StaleForward);
  return false;
}

void Receiver::handle(const wire::ForwardTsnView& forward) {
  auto* reassembly = std::get_if<DataReassembly>(&reassembly_);
  const auto tsn = tsns_.unwrap(forward.cumulative());
  if (!reassembly || !forwardTo(tsn)) return;
  reassembly->forward(tsn, forward, resets_.streams());
  progressed();
}

void Receiver::handle(const wire::IForwardTsnView& forward) {
  auto* reassembly = std::get_if<IDataReassembly>(&reassembly_);
  if (!reassembly || !forwardTo(tsns_.unwrap(forward.cumulative()))) return;
  reassembly->forward(forward, resets_.streams());
  progressed();
}

void Receiver::handle(const wire::ReconfigParameter& request) {
  if (std::holds_alternative<wire::ReconfigResponse>(request)) return;
  // RFC 6525 s.5.2.1: a SACK should come with the answer.
  arrival_.immediate = true;
  if (auto reset = resets_.handle(request, tsns_.cumulative())) perform(*reset);
}

void Receiver::progressed() {
  if (auto* data = std::get_if<DataReassembly>(&reassembly_)) data->progressed(tsns_.cumulative());
  if (auto* idata = std::get_if<IDataReassembly>(&reassembly_)) idata->progressed(tsns_.cumulative());
  if (auto reset = resets_.progressed(tsns_.cumulative())) perform(*reset);
}

void Receiver::perform(const IncomingResets::Reset& reset) {
  auto streams = reset.streams;
  const auto apply = [&](auto& reassembly) {
    if (streams.empty()) reassembly.resetAllStreams();
    for (auto stream : streams) reassembly.resetStream(stream);
  };
  if (auto* data = std::get_if<DataReassembly>(&reassembly_)) apply(*data);
  if (auto* idata = std::get_if<IDataReassembly>(&reassembly_)) apply(*idata);
  if (streams.empty())
    for (std::uint16_t stream = 0; stream < resets_.streams(); ++stream) streams.push_back(stream);
  inbox_.event(Association::IncomingStreamsReset{std::move(streams)});
}

void Receiver::endOfPacket(Time now) {
  arrival_.gap = tsns_.hasGap();
  arrival_.missingChanged = tsns_.missingSetVersion() != missingBefore_;
  acks_.onPacket(arrival_, now);
  missingBefore_ = tsns_.missingSetVersion();
  arrival_ = {};
}

void Receiver::fill(wire::PacketBuilder& builder, Time now) {
  if (const auto room = builder.roomForChunk(); acks_.pending() && room >= wire::Sack::headerSize) {
    auto entries = (room - wire::Sack::headerSize) / 4;
    tsns_.gapBlocks(gaps_, entries);
    entries -= gaps_.size();
    const auto& duplicates = tsns_.duplicates();
    wire::Sack sack;
    sack.cumulative = cumulative();
    sack.window = inbox_.window().available();
    sack.gaps = gaps_;
    sack.duplicates = std::span(duplicates).first(std::min(duplicates.size(), entries));
    builder.add(sack);
    tsns_.clearDuplicates();
    inbox_.window().announced();
    acks_.onSent(now);
  }
  resets_.fill(builder);
}

std::optional<Message> Receiver::receive() {
  auto message = inbox_.receive();
  if (message && inbox_.window().worthAnnouncing()) acks_.onWindowOpened();
  return message;
}

}  // namespace parley::sctp::native
