#include "sctp/native/idata_reassembly.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {

void IDataReassembly::add(const wire::IData& data, wire::UnwrappedTsn tsn) {
  auto& stream = streams_[data.stream];
  const auto& flags = data.dataFlags;
  const auto mid = (flags.unordered ? stream.latest : stream.next).nearest(data.mid);
  if (!flags.unordered && mid < stream.next) {
    inbox_.drop(ReceiveDrop::WrongNumber);
    return;
  }
  if (flags.unordered) stream.latest = std::max(stream.latest, mid);

  auto& partials = flags.unordered ? stream.unordered : stream.ordered;
  // Whole and next, as small messages mostly are: there is nothing to hold.
  if (flags.beginning && flags.end && (flags.unordered || mid == stream.next) &&
      data.payload.size() <= maxMessageSize_ && partials.find(mid) == partials.end()) {
    inbox_.add(Message{data.stream, Ppid{data.ppid}, {data.payload.begin(), data.payload.end()}});
    if (flags.unordered) return;
    stream.next = stream.next.next();
    deliverInOrder(data.stream, stream);
    return;
  }
  const auto [at, created] = partials.try_emplace(mid, Partial{0, MessageAssembly(maxMessageSize_), {}});
  if (created) {
    inbox_.window().hold(0);
    if (++begun_ <= generous && !flags.end) at->second.message.reserve(usualSize_);
    if (data.fsn != 0) withoutBeginning_.emplace(tsn, Key{data.stream, flags.unordered, mid});
  }
  join(data.stream, at->second, data);
  if (!at->second.message.complete()) return;
  if (flags.unordered) {
    deliver(data.stream, at->second);
    partials.erase(at);
  } else {
    deliverInOrder(data.stream, stream);
  }
}

void IDataReassembly::join(std::uint16_t stream, Partial& partial, const wire::IData& data) {
  auto& message = partial.message;
  const auto fsn = data.fsn;
  const auto& flags = data.dataFlags;
  // RFC 8260 s.2.1: FSN 0 is the first fragment, and it alone.
  const bool bad = message.complete() || (fsn == 0) != flags.beginning;
  if (bad || message.has(fsn) || partial.loose.count(fsn) != 0) {
    inbox_.drop(ReceiveDrop::WrongFragment);
    return;
  }
  if (fsn != message.joined()) {
    const auto before = message.held();
    if (message.place(fsn, data.payload, flags.end, before + inbox_.window().available())) {
      inbox_.window().resize(before, message.held());
    } else {
      inbox_.window().hold(data.payload.size());
      partial.loose.emplace(fsn, Fragment{flags.end, {data.payload.begin(), data.payload.end()}});
    }
    return;
  }
  if (flags.beginning) partial.ppid = data.ppid;
  append(stream, partial, data.payload, flags.end);
  while (!message.complete()) {
    const auto next = partial.loose.find(message.joined());
    if (next == partial.loose.end()) return;
    const auto fragment = std::move(next->second);
    inbox_.window().release(fragment.bytes.size());
    partial.loose.erase(next);
    append(stream, partial, fragment.bytes, fragment.end);
  }
  --begun_;
  for (const auto& [number, fragment] : partial.loose) {  // Behind the end.
    inbox_.drop(ReceiveDrop::WrongFragment);
    inbox_.window().release(fragment.bytes.size());
  }
  partial.loose.clear();
  if (!flags.beginning) usualSize_ = message.held();
}

void IDataReassembly::append(std::uint16_t stream, Partial& partial, base::Bytes bytes, bool end) {
  auto& message = partial.message;
  auto before = message.held();
  if (!message.fits(bytes, end)) {
    message.evict([&](std::uint32_t fsn, base::Bytes fragment, bool isEnd) {
      inbox_.window().hold(fragment.size());
      partial.loose.emplace(fsn, Fragment{isEnd, {fragment.begin(), fragment.end()}});
    });
    inbox_.window().resize(before, message.held());
    before = message.held();
  }
  const bool wasTooLarge = message.tooLarge();
  message.join(bytes, end);
  inbox_.window().resize(before, message.held());
  if (message.tooLarge() && !wasTooLarge) inbox_.event(Association::MessageTooLarge{stream});
}

void IDataReassembly::deliver(std::uint16_t stream, Partial& partial) {
  inbox_.window().release(partial.message.held());
  if (!partial.message.tooLarge()) inbox_.add(Message{stream, Ppid{partial.ppid}, partial.message.take()});
}

void IDataReassembly::deliverInOrder(std::uint16_t number, Stream& stream) {
  auto& ordered = stream.ordered;
  for (auto first = ordered.begin();
       first != ordered.end() && first->first == stream.next && first->second.message.complete();
       first = ordered.erase(first)) {
    stream.next = stream.next.next();
    deliver(number, first->second);
  }
}

void IDataReassembly::forward(const wire::IForwardTsnView& skipped, std::uint16_t streams) {
  for (std::size_t i = 0; i < skipped.streamCount(); ++i) {
    const auto [number, unordered, mid] = skipped.stream(i);
    if (number >= streams) continue;
    auto& stream = streams_[number];
    const auto last = (unordered ? stream.latest : stream.next).nearest(mid);
    auto& partials = unordered ? stream.unordered : stream.ordered;
    for (auto it = partials.begin(); it != partials.end() && it->first <= last; it = partials.erase(it)) {
      if (it->second.message.complete()) {
        deliver(number, it->second);
      } else {
        release(it->second);
      }
    }
    if (unordered) continue;
    stream.next = std::max(stream.next, last.next());
    deliverInOrder(number, stream);
  }
}

void IDataReassembly::progressed(wire::UnwrappedTsn cumulative) {
  while (!withoutBeginning_.empty() && withoutBeginning_.begin()->first <= cumulative) {
    const auto key = withoutBeginning_.begin()->second;
    withoutBeginning_.erase(withoutBeginning_.begin());
    const auto stream = streams_.find(key.stream);
    if (stream == streams_.end()) continue;
    auto& partials = key.unordered ? stream->second.unordered : stream->second.ordered;
    const auto partial = partials.find(key.mid);
    if (partial == partials.end() || partial->second.message.joined() != 0) continue;
    inbox_.drop(ReceiveDrop::OrphanFragment);
    release(partial->second);
    partials.erase(partial);
  }
}

void IDataReassembly::release(Partial& partial) {
  inbox_.window().release(partial.message.held());
  for (const auto& [fsn, fragment] : partial.loose) inbox_.window().release(fragment.bytes.size());
  if (!partial.message.complete()) --begun_;
}

void IDataReassembly::release(Stream& stream) {
  for (auto& [mid, partial] : stream.ordered) release(partial);
  for (auto& [mid, partial] : stream.unordered) release(partial);
}

void IDataReassembly::resetStream(std::uint16_t number) {
  const auto stream = streams_.find(number);
  if (stream == streams_.end()) return;
  release(stream->second);
  streams_.erase(stream);
}

void IDataReassembly::resetAllStreams() { clear(); }

void IDataReassembly::clear() {
  for (auto& [number, stream] : streams_) release(stream);
  streams_.clear();
  withoutBeginning_.clear();
}

}  // namespace parley::sctp::native
