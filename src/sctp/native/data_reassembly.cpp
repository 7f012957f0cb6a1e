#include "sctp/native/data_reassembly.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {
namespace {

std::vector<std::uint8_t> copyOf(base::Bytes bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

void DataReassembly::add(const wire::Data& data, wire::UnwrappedTsn tsn) {
  const auto& flags = data.dataFlags;
  if (flags.beginning) {
    Run run{tsn, data.stream, data.ssn, flags.unordered, false, data.ppid, {}};
    inbox_.window().hold(0);
    if (!flags.end && runs_.size() < generous) run.bytes.reserve(usualSize_);
    append(run, data.payload);
    if (flags.end) {
      complete(run);
    } else {
      extend(runs_.emplace(tsn.next(), std::move(run)).first);
    }
    return;
  }
  const auto run = runs_.find(tsn);
  if (run == runs_.end()) {
    inbox_.window().hold(data.payload.size());
    loose_.emplace(tsn, Fragment{data.stream, data.ssn, flags.unordered, flags.end, copyOf(data.payload)});
    return;
  }
  const bool fits = run->second.stream == data.stream && run->second.unordered == flags.unordered &&
                    (flags.unordered || run->second.ssn == data.ssn);
  if (!fits) {
    inbox_.drop(ReceiveDrop::WrongFragment);
    discard(run);
    return;
  }
  append(run->second, data.payload);
  auto node = runs_.extract(run);
  if (flags.end) {
    complete(node.mapped());
    return;
  }
  node.key() = tsn.next();
  extend(runs_.insert(std::move(node)).position);
}

void DataReassembly::extend(Runs::iterator run) {
  for (auto next = loose_.find(run->first); next != loose_.end(); next = loose_.find(run->first)) {
    auto fragment = std::move(next->second);
    inbox_.window().release(fragment.bytes.size());
    loose_.erase(next);
    auto& message = run->second;
    const bool fits = message.stream == fragment.stream && message.unordered == fragment.unordered &&
                      (message.unordered || message.ssn == fragment.ssn);
    if (!fits) {
      inbox_.drop(ReceiveDrop::WrongFragment);
      discard(run);
      return;
    }
    append(message, fragment.bytes);
    auto node = runs_.extract(run);
    if (fragment.end) {
      complete(node.mapped());
      return;
    }
    node.key() = node.key().next();
    run = runs_.insert(std::move(node)).position;
  }
}

void DataReassembly::append(Run& run, base::Bytes bytes) {
  if (run.tooLarge) return;
  if (run.bytes.size() + bytes.size() > maxMessageSize_) {
    run.tooLarge = true;
    inbox_.window().shrink(run.bytes.size());
    run.bytes = {};
    inbox_.event(Association::MessageTooLarge{run.stream});
    return;
  }
  inbox_.window().grow(bytes.size());
  run.bytes.insert(run.bytes.end(), bytes.begin(), bytes.end());
}

void DataReassembly::complete(Run& run) {
  if (!run.bytes.empty()) usualSize_ = run.bytes.size();
  if (run.bytes.capacity() > 2 * run.bytes.size()) run.bytes.shrink_to_fit();
  Message message{run.stream, Ppid{run.ppid}, std::move(run.bytes)};
  if (run.unordered) {
    deliver(std::move(message));
    return;
  }
  auto& stream = streams_[run.stream];
  if (run.first <= forwardedTo_ && run.ssn.before(stream.next.wrapped())) {
    // The peer gave it up, and what was missing came nevertheless.
    inbox_.drop(ReceiveDrop::WrongNumber);
    inbox_.window().release(message.bytes.size());
    return;
  }
  // There is no older number than the next one to come, so that what looks older is further ahead than half of the
  // range.
  const auto number = stream.next + static_cast<std::uint16_t>(run.ssn.value - stream.next.wrapped().value);
  if (number == stream.next) {
    stream.next = stream.next.next();
    deliver(std::move(message));
    deliverInOrder(stream);
    return;
  }
  const auto size = message.bytes.size();
  if (!stream.waiting.emplace(number, std::move(message)).second) {
    inbox_.drop(ReceiveDrop::WrongNumber);
    inbox_.window().release(size);
  }
}

void DataReassembly::deliverInOrder(Stream& stream) {
  for (auto first = stream.waiting.begin(); first != stream.waiting.end() && first->first == stream.next;
       first = stream.waiting.erase(first)) {
    stream.next = stream.next.next();
    deliver(std::move(first->second));
  }
}

void DataReassembly::deliver(Message&& message) {
  inbox_.window().release(message.bytes.size());
  if (!message.bytes.empty()) inbox_.add(std::move(message));
}

void DataReassembly::forward(wire::UnwrappedTsn cumulative, const wire::ForwardTsnView& skipped,
                             std::uint16_t streams) {
  forwardedTo_ = cumulative;
  // A run whose next TSN was skipped cannot be completed.
  while (!runs_.empty() && runs_.begin()->first <= cumulative) discard(runs_.begin());
  for (std::size_t i = 0; i < skipped.streamCount(); ++i) {
    const auto [number, ssn] = skipped.stream(i);
    if (number >= streams) continue;
    auto& stream = streams_[number];
    const auto last = stream.next.nearest(ssn);
    if (last < stream.next) continue;
    auto& waiting = stream.waiting;
    for (auto it = waiting.begin(); it != waiting.end() && it->first <= last; it = waiting.erase(it))
      deliver(std::move(it->second));
    stream.next = last.next();
    deliverInOrder(stream);
  }
}

void DataReassembly::progressed(wire::UnwrappedTsn cumulative) {
  while (!loose_.empty() && loose_.begin()->first <= cumulative) {
    inbox_.drop(ReceiveDrop::OrphanFragment);
    inbox_.window().release(loose_.begin()->second.bytes.size());
    loose_.erase(loose_.begin());
  }
}

void DataReassembly::discard(Runs::iterator run) {
  inbox_.window().release(run->second.bytes.size());
  runs_.erase(run);
}

void DataReassembly::resetStream(std::uint16_t number) {
  const auto stream = streams_.find(number);
  if (stream == streams_.end()) return;
  for (const auto& [ssn, message] : stream->second.waiting) inbox_.window().release(message.bytes.size());
  streams_.erase(stream);
}

void DataReassembly::resetAllStreams() {
  for (const auto& [number, stream] : streams_)
    for (const auto& [ssn, message] : stream.waiting) inbox_.window().release(message.bytes.size());
  streams_.clear();
}

void DataReassembly::clear() {
  resetAllStreams();
  while (!runs_.empty()) discard(runs_.begin());
  for (const auto& [tsn, fragment] : loose_) inbox_.window().release(fragment.bytes.size());
  loose_.clear();
}

}  // namespace parley::sctp::native
