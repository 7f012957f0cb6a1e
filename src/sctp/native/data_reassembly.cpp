#include "sctp/native/data_reassembly.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {
namespace {

std::vector<std::uint8_t> copyOf(base::Bytes bytes) { return {bytes.begin(), bytes.end()}; }

/// Whether a fragment may be of the message: of another run, or one that waits.
template <class Run, class Fragment>
bool sameMessage(const Run& run, const Fragment& fragment, bool unordered) {
  return run.stream == fragment.stream && run.unordered == unordered && (unordered || run.ssn == fragment.ssn);
}

}  // namespace

void DataReassembly::add(const wire::Data& data, wire::UnwrappedTsn tsn) {
  const auto& flags = data.dataFlags;
  if (flags.beginning) {
    begin(data, tsn);
    return;
  }
  const auto run = runs_.find(tsn);
  if (run == runs_.end()) {
    wait(data, tsn);
    return;
  }
  if (!run->second.begun) {
    // The message began earlier than was guessed.
    evict(run->second);
    discard(run);
    wait(data, tsn);
    return;
  }
  if (!sameMessage(run->second, data, flags.unordered)) {
    inbox_.drop(ReceiveDrop::WrongFragment);
    discard(run);
    return;
  }
  join(run, data.payload, flags.end);
}

void DataReassembly::begin(const wire::Data& data, wire::UnwrappedTsn tsn) {
  const auto& flags = data.dataFlags;
  if (const auto around = runAround(tsn); around != runs_.end()) {
    auto& run = around->second;
    if (around->first == tsn && !run.begun && sameMessage(run, data, flags.unordered)) {
      run.begun = true;
      run.ppid = data.ppid;
      join(around, data.payload, flags.end);
      return;
    }
    // What it holds behind this one is not its own.
    if (run.message.extent() > run.indexOf(tsn)) evict(run);
    if (around->first == tsn) {
      inbox_.drop(ReceiveDrop::WrongFragment);
      discard(around);
    }
  }
  Run run{tsn, data.stream, data.ssn, flags.unordered, true, data.ppid, MessageAssembly(maxMessageSize_)};
  inbox_.window().hold(0);
  if (flags.end) {
    append(run, data.payload, true);
    complete(run);
    return;
  }
  if (runs_.size() < generous) run.message.reserve(usualSize_);
  join(runs_.emplace(tsn, std::move(run)).first, data.payload, false);
}

void DataReassembly::wait(const wire::Data& data, wire::UnwrappedTsn tsn) {
  const auto& flags = data.dataFlags;
  const auto around = runAround(tsn);
  if (around != runs_.end() && place(around->second, data, tsn)) return;
  const auto before = tsn - 1;
  // Runs do not overlap, so that what one has another does not wait for.
  const bool free = around == runs_.end() ||
                    (around->first != before && around->second.message.extent() <= around->second.indexOf(before));
  if (!flags.end && free && loose_.find(before) == loose_.end()) {
    Run run{before, data.stream, data.ssn, flags.unordered, false, 0, MessageAssembly(maxMessageSize_)};
    if (runs_.size() < generous) run.message.reserve(usualSize_);
    if (place(run, data, tsn)) {
      inbox_.window().hold(0);
      runs_.emplace(before, std::move(run));
      return;
    }
  }
  inbox_.window().hold(data.payload.size());
  loose_.emplace(tsn, Fragment{data.stream, data.ssn, flags.unordered, flags.end, copyOf(data.payload)});
}

bool DataReassembly::place(Run& run, const wire::Data& data, wire::UnwrappedTsn tsn) {
  if (!sameMessage(run, data, data.dataFlags.unordered)) return false;
  const auto before = run.message.held();
  if (!run.message.place(run.indexOf(tsn), data.payload, data.dataFlags.end, before + inbox_.window().available()))
    return false;
  inbox_.window().resize(before, run.message.held());
  return true;
}

void DataReassembly::join(Runs::iterator at, base::Bytes bytes, bool end) {
  auto node = runs_.extract(at);
  auto& run = node.mapped();
  append(run, bytes, end);
  for (auto next = loose_.find(run.next()); !run.message.complete() && next != loose_.end();
       next = loose_.find(run.next())) {
    const auto fragment = std::move(next->second);
    inbox_.window().release(fragment.bytes.size());
    loose_.erase(next);
    if (!sameMessage(run, fragment, fragment.unordered)) {
      inbox_.drop(ReceiveDrop::WrongFragment);
      inbox_.window().release(run.message.held());
      return;
    }
    append(run, fragment.bytes, fragment.end);
  }
  if (run.message.complete()) {
    complete(run);
    return;
  }
  node.key() = run.next();
  if (const auto guess = runs_.find(run.next()); guess != runs_.end() && !guess->second.begun) {
    evict(guess->second);
    discard(guess);
  }
  const auto result = runs_.insert(std::move(node));
  if (result.inserted) return;
  // Two messages that go on with one TSN.
  inbox_.drop(ReceiveDrop::WrongFragment);
  inbox_.window().release(result.node.mapped().message.held());
}

void DataReassembly::append(Run& run, base::Bytes bytes, bool end) {
  auto& message = run.message;
  if (!message.fits(bytes, end)) evict(run);
  const auto before = message.held();
  const bool wasTooLarge = message.tooLarge();
  message.join(bytes, end);
  inbox_.window().resize(before, message.held());
  if (message.tooLarge() && !wasTooLarge) inbox_.event(Association::MessageTooLarge{run.stream});
}

void DataReassembly::evict(Run& run) {
  const auto before = run.message.held();
  run.message.evict([&](std::uint32_t index, base::Bytes bytes, bool end) {
    inbox_.window().hold(bytes.size());
    loose_.emplace(run.first + index, Fragment{run.stream, run.ssn, run.unordered, end, copyOf(bytes)});
  });
  inbox_.window().resize(before, run.message.held());
}

DataReassembly::Runs::iterator DataReassembly::runAround(wire::UnwrappedTsn tsn) {
  const auto after = runs_.upper_bound(tsn);
  return after == runs_.begin() ? runs_.end() : std::prev(after);
}

void DataReassembly::complete(Run& run) {
  if (run.message.held() != 0) usualSize_ = run.message.held();
  Message message{run.stream, Ppid{run.ppid}, run.message.take()};
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
  // A run whose next TSN was skipped, or was something else, cannot be completed. What it has behind that may be
  // another message's.
  while (!runs_.empty() && runs_.begin()->first <= cumulative) {
    evict(runs_.begin()->second);
    discard(runs_.begin());
  }
  while (!loose_.empty() && loose_.begin()->first <= cumulative) {
    inbox_.drop(ReceiveDrop::OrphanFragment);
    inbox_.window().release(loose_.begin()->second.bytes.size());
    loose_.erase(loose_.begin());
  }
}

void DataReassembly::discard(Runs::iterator run) {
  inbox_.window().release(run->second.message.held());
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
