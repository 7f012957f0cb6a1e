#include "sctp/native/idata_reassembly.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {

void IDataReassembly::add(const wire::IData& data) {
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
  const auto [at, created] = partials.try_emplace(mid);
  if (created) {
    ++begun_;
    inbox_.window().hold(0);
  }
  join(data.stream, at->second, data);
  if (!at->second.complete) return;
  if (flags.unordered) {
    deliver(data.stream, at->second);
    partials.erase(at);
  } else {
    deliverInOrder(data.stream, stream);
  }
}

void IDataReassembly::join(std::uint16_t stream, Partial& partial, const wire::IData& data) {
  const auto fsn = data.fsn;
  // RFC 8260 s.2.1: FSN 0 is the first fragment, and it alone.
  const bool bad = partial.complete || fsn < partial.nextFsn || (fsn == 0) != data.dataFlags.beginning;
  if (bad || partial.loose.count(fsn) != 0) {
    inbox_.drop(ReceiveDrop::WrongFragment);
    return;
  }
  if (fsn != partial.nextFsn) {
    inbox_.window().hold(data.payload.size());
    partial.loose.emplace(fsn, Fragment{data.dataFlags.end, {data.payload.begin(), data.payload.end()}});
    return;
  }
  if (data.dataFlags.beginning) {
    partial.ppid = data.ppid;
    if (!data.dataFlags.end && begun_ <= generous) partial.bytes.reserve(usualSize_);
  }
  append(stream, partial, data.payload, data.dataFlags.end);
  for (auto next = partial.loose.begin();
       !partial.complete && next != partial.loose.end() && next->first == partial.nextFsn;
       next = partial.loose.erase(next)) {
    inbox_.window().release(next->second.bytes.size());
    append(stream, partial, next->second.bytes, next->second.end);
  }
  if (!partial.complete) return;
  --begun_;
  for (const auto& [number, fragment] : partial.loose) {  // Behind the end.
    inbox_.drop(ReceiveDrop::WrongFragment);
    inbox_.window().release(fragment.bytes.size());
  }
  partial.loose.clear();
  if (!data.dataFlags.beginning) usualSize_ = partial.bytes.size();
  if (partial.bytes.capacity() > 2 * partial.bytes.size()) partial.bytes.shrink_to_fit();
}

void IDataReassembly::append(std::uint16_t stream, Partial& partial, base::Bytes bytes, bool end) {
  ++partial.nextFsn;
  partial.complete = end;
  if (partial.tooLarge) return;
  if (partial.bytes.size() + bytes.size() > maxMessageSize_) {
    partial.tooLarge = true;
    inbox_.window().shrink(partial.bytes.size());
    partial.bytes = {};
    inbox_.event(Association::MessageTooLarge{stream});
    return;
  }
  inbox_.window().grow(bytes.size());
  partial.bytes.insert(partial.bytes.end(), bytes.begin(), bytes.end());
}

void IDataReassembly::deliver(std::uint16_t stream, Partial& partial) {
  inbox_.window().release(partial.bytes.size());
  if (!partial.tooLarge) inbox_.add(Message{stream, Ppid{partial.ppid}, std::move(partial.bytes)});
}

void IDataReassembly::deliverInOrder(std::uint16_t number, Stream& stream) {
  auto& ordered = stream.ordered;
  for (auto first = ordered.begin(); first != ordered.end() && first->first == stream.next && first->second.complete;
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
      if (it->second.complete) {
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

void IDataReassembly::release(Partial& partial) {
  inbox_.window().release(partial.bytes.size());
  for (const auto& [fsn, fragment] : partial.loose) inbox_.window().release(fragment.bytes.size());
  if (!partial.complete) --begun_;
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
}

}  // namespace parley::sctp::native
