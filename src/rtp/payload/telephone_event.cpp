#include "rtp/payload/telephone_event.hpp"

#include <algorithm>
#include <string_view>

namespace parley::rtp::payload {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view tones = "0123456789*#ABCD";
/// RFC 4733 s.2.5.1.2: "it is RECOMMENDED that this interval be 50 ms".
constexpr auto interval = 50ms;
/// s.2.5.1.4: the final packet is sent "a total of three times".
constexpr unsigned endReports = 3;
/// s.2.5.1.3: a longer event goes on as another segment.
constexpr std::uint32_t longestSegment = 0xffff;

}  // namespace

base::Result<TelephoneEvent, PayloadError> TelephoneEvent::parse(base::Bytes payload) {
  if (payload.size() < 4) return base::unexpected(PayloadError::Truncated);
  TelephoneEvent event;
  event.event = payload[0];
  event.end = (payload[1] & 0x80) != 0;
  event.volume = payload[1] & 0x3f;
  event.duration = base::load16(&payload[2]);
  return event;
}

std::array<std::uint8_t, 4> TelephoneEvent::write() const {
  return {event, static_cast<std::uint8_t>((end ? 0x80 : 0) | (volume & 0x3f)),
          static_cast<std::uint8_t>(duration >> 8), static_cast<std::uint8_t>(duration)};
}

std::optional<std::uint8_t> dtmfEvent(char tone) {
  if (tone >= 'a' && tone <= 'd') tone = static_cast<char>(tone - 'a' + 'A');
  const auto index = tones.find(tone);
  if (index == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(index);
}

std::optional<char> dtmfTone(std::uint8_t event) {
  if (event >= tones.size()) return std::nullopt;
  return tones[event];
}

void TelephoneEventSender::play(std::uint8_t event, Duration length, std::uint8_t volume, std::uint32_t timestamp,
                                Time now) {
  state_ = State::Playing;
  event_ = {event, false, volume, 0};
  timestamp_ = timestamp;
  segmentStart_ = 0;
  begin_ = now;
  end_ = now + length;
  first_ = true;
  endReports_ = 0;
  // s.2.5.1.2: the first report is of what has passed, so that it comes after one interval at most.
  next_ = std::min<Time>(now + interval, end_);
}

void TelephoneEventSender::stop(Time now) {
  if (state_ != State::Playing) return;
  end_ = std::min(end_, now);
  step(now);
}

void TelephoneEventSender::advance(Time now) {
  while (next_ <= now) step(next_);
}

void TelephoneEventSender::step(Time now) {
  if (state_ == State::Ending) {
    report(true);
    ++endReports_;
  } else {
    const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(std::min(now, end_) - begin_).count();
    const auto units = static_cast<std::uint32_t>(static_cast<std::uint64_t>(passed) * clockRate_ / 1'000'000);
    while (units - segmentStart_ > longestSegment) {
      event_.duration = static_cast<std::uint16_t>(longestSegment);
      report(false);
      segmentStart_ += longestSegment;
      timestamp_ += longestSegment;
    }
    event_.duration = static_cast<std::uint16_t>(std::max<std::uint32_t>(units - segmentStart_, 1));
    const bool over = now >= end_;
    report(over);
    if (over) {
      state_ = State::Ending;
      endReports_ = 1;
    }
  }
  if (endReports_ == endReports) {
    state_ = State::Silent;
    next_ = never;
    outputs_.push(Finished{});
  } else {
    next_ = state_ == State::Playing ? std::min<Time>(now + interval, end_) : now + interval;
  }
}

void TelephoneEventSender::report(bool end) {
  event_.end = end;
  EncodedFrame frame;
  frame.kind = MediaKind::Audio;
  frame.mimeType = "audio/telephone-event";
  frame.type = EncodedFrameType::Key;
  frame.rtpTimestamp = timestamp_;
  frame.startsTalkspurt = first_;
  const auto bytes = event_.write();
  frame.data = FrameData(std::span<const std::uint8_t>(bytes));
  first_ = false;
  outputs_.push(std::move(frame));
}

std::optional<TelephoneEventSender::Output> TelephoneEventSender::poll() {
  if (outputs_.empty()) return std::nullopt;
  return outputs_.pop();
}

}  // namespace parley::rtp::payload
