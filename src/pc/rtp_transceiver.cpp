#include "pc/rtp_transceiver.hpp"

#include "pc/media_codecs.hpp"
#include "pc/peer_connection.hpp"

#include <algorithm>

namespace parley::pc {

namespace {

template <class T>
Async<T> rejectedAsync(ErrorName name, const std::string& message) {
  auto state = std::make_shared<parley::detail::AsyncValue<T>>(nullptr);
  state->reject(std::make_exception_ptr(Error(name, message)));
  return Async<T>(state);
}

constexpr const char* gone = "the connection does not exist any more";

}  // namespace

// --- The sender ---

RtpSenderImpl::RtpSenderImpl(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection, TransceiverId id,
                             MediaKind mediaKind)
    : transceiver(id),
      kind(mediaKind),
      shared_(shared),
      connection_(connection),
      dtmf_(mediaKind == MediaKind::Audio ? std::make_shared<DtmfSenderImpl>(shared, connection, id) : nullptr) {}

std::shared_ptr<MediaStreamTrack> RtpSenderImpl::track() const {
  std::lock_guard lock(shared_->mutex);
  return slots.track;
}

std::shared_ptr<DtlsTransport> RtpSenderImpl::transport() const {
  std::lock_guard lock(shared_->mutex);
  return slots.transport;
}

RtpSendParameters RtpSenderImpl::getParameters() const {
  const auto connection = connection_.lock();
  if (!connection) return {};
  auto parameters =
      connection->readSession([&](const Session& session) { return session.sendParameters(transceiver); });
  parameters.transactionId = makeUuid();
  std::lock_guard lock(shared_->mutex);
  slots.lastParameters = parameters;
  return parameters;
}

Async<void> RtpSenderImpl::setParameters(RtpSendParameters parameters) {
  const auto connection = connection_.lock();
  return connection ? connection->setParameters(shared_from_this(), std::move(parameters))
                    : rejectedAsync<void>(ErrorName::InvalidStateError, gone);
}

Async<void> RtpSenderImpl::replaceTrack(std::shared_ptr<MediaStreamTrack> track) {
  const auto connection = connection_.lock();
  return connection ? connection->replaceTrack(shared_from_this(), std::move(track))
                    : rejectedAsync<void>(ErrorName::InvalidStateError, gone);
}

void RtpSenderImpl::setStreams(std::vector<std::shared_ptr<MediaStream>> streams) {
  if (const auto connection = connection_.lock()) connection->setStreams(transceiver, streams);
}

Async<StatsReport> RtpSenderImpl::getStats() {
  const auto connection = connection_.lock();
  return connection ? connection->getStats(StatsSelector{transceiver, true})
                    : rejectedAsync<StatsReport>(ErrorName::InvalidStateError, gone);
}

void RtpSenderImpl::transform(Transform transform) {
  std::shared_ptr<const Transform> next;
  if (transform) next = std::make_shared<const Transform>(std::move(transform));
  std::lock_guard lock(shared_->mutex);
  slots.transform.swap(next);
}

void RtpSenderImpl::onTrackFrame(const EncodedFrame& frame) {
  const auto connection = connection_.lock();
  if (!connection) return;
  connection->countFrame(*this, frame);
  std::shared_ptr<const Transform> transform;
  {
    std::lock_guard lock(shared_->mutex);
    if (slots.stopped) return;
    transform = slots.transform;
  }
  std::optional<EncodedFrame> sent = frame;
  if (transform) TaskQueue::guard([&] { sent = (*transform)(std::move(*sent)); });
  if (sent) connection->sendFrame(transceiver, std::move(*sent));
}

void RtpSenderImpl::use(const std::shared_ptr<MediaStreamTrack>& before, const std::shared_ptr<MediaStreamTrack>& after) {
  if (auto* source = sourceOf(before)) source->core().detach(this);
  if (auto* source = sourceOf(after)) source->core().attach(shared_from_this());
}

// --- The receiver ---

RtpReceiverImpl::RtpReceiverImpl(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection, TransceiverId id,
                                 MediaKind kind, std::string trackId)
    : remote(std::make_shared<RemoteTrack>(shared, connection, id, kind, std::move(trackId))),
      shared_(std::move(shared)),
      connection_(std::move(connection)),
      transceiver_(id) {}

std::shared_ptr<DtlsTransport> RtpReceiverImpl::transport() const {
  std::lock_guard lock(shared_->mutex);
  return slots.transport;
}

RtpReceiveParameters RtpReceiverImpl::getParameters() const {
  const auto connection = connection_.lock();
  if (!connection) return {};
  return connection->readSession([&](const Session& session) { return session.receiveParameters(transceiver_); });
}

Async<StatsReport> RtpReceiverImpl::getStats() {
  const auto connection = connection_.lock();
  return connection ? connection->getStats(StatsSelector{transceiver_, false})
                    : rejectedAsync<StatsReport>(ErrorName::InvalidStateError, gone);
}

void RtpReceiverImpl::transform(RtpSender::Transform transform) {
  std::shared_ptr<const RtpSender::Transform> next;
  if (transform) next = std::make_shared<const RtpSender::Transform>(std::move(transform));
  std::lock_guard lock(shared_->mutex);
  slots.transform.swap(next);
}

void RtpReceiverImpl::count(const EncodedFrame& frame, double timestamp) {
  // W3C s.5.3.1: ten seconds.
  constexpr double kept = 10'000;
  for (auto* sources : {&slots.contributing, &slots.synchronization})
    std::erase_if(*sources, [&](const auto& entry) { return entry.second.timestamp < timestamp - kept; });
  RtpContributingSource source;
  source.timestamp = timestamp;
  source.rtpTimestamp = frame.rtpTimestamp;
  // A conference has some tens of speakers; a peer that makes up more is not listened to.
  constexpr std::size_t most = 256;
  const auto put = [&](Sources& sources) {
    if (sources.size() < most || sources.contains(source.source)) sources[source.source] = source;
  };
  for (const auto csrc : frame.contributingSources) {
    source.source = csrc;
    put(slots.contributing);
  }
  source.source = frame.synchronizationSource;
  if (frame.audioLevel) source.audioLevel = linearLevel(*frame.audioLevel);
  put(slots.synchronization);
}

std::vector<RtpContributingSource> RtpReceiverImpl::sources(const Sources& from) const {
  std::vector<RtpContributingSource> all;
  {
    std::lock_guard lock(shared_->mutex);
    for (const auto& [ssrc, source] : from) all.push_back(source);
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.timestamp > b.timestamp; });
  return all;
}

// --- The transceiver ---

RtpTransceiverImpl::RtpTransceiverImpl(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection,
                                       TransceiverId transceiver, MediaKind mediaKind, std::string trackId)
    : id(transceiver),
      kind(mediaKind),
      rtpSender(std::make_shared<RtpSenderImpl>(shared, connection, transceiver, mediaKind)),
      rtpReceiver(std::make_shared<RtpReceiverImpl>(shared, connection, transceiver, mediaKind, std::move(trackId))),
      shared_(std::move(shared)),
      connection_(std::move(connection)) {}

void RtpTransceiverImpl::direction(RtpTransceiverDirection direction) {
  if (direction == RtpTransceiverDirection::Stopped)
    throw Error(ErrorName::TypeError, "a transceiver is stopped by stop()");
  if (const auto connection = connection_.lock()) connection->setDirection(*this, direction);
}

void RtpTransceiverImpl::stop() {
  if (const auto connection = connection_.lock()) connection->stop(*this);
}

void RtpTransceiverImpl::setCodecPreferences(std::vector<RtpCodec> codecs) {
  if (const auto connection = connection_.lock()) connection->setCodecPreferences(id, std::move(codecs));
}

void RtpTransceiverImpl::drop(Dropped& dropped) {
  rtpReceiver->remote->core().drop(dropped);
  if (const auto& dtmf = rtpSender->dtmfImpl()) dropped.push_back(dtmf->toneChange.take());
  for (const auto& stream : rtpReceiver->slots.streams) {
    dropped.push_back(stream->trackAdded.take());
    dropped.push_back(stream->trackRemoved.take());
  }
  dropped.push_back(std::exchange(rtpSender->slots.transform, nullptr));
  dropped.push_back(std::exchange(rtpReceiver->slots.transform, nullptr));
}

// --- DTMF ---

void DtmfSenderImpl::insertDtmf(const std::string& wanted, std::uint32_t duration, std::uint32_t interToneGap) {
  if (const auto connection = connection_.lock())
    connection->insertDtmf(transceiver_, wanted, duration, interToneGap);
  else
    throw Error(ErrorName::InvalidStateError, gone);
}

bool DtmfSenderImpl::canInsertDtmf() const {
  const auto connection = connection_.lock();
  return connection && connection->canInsertDtmf(transceiver_);
}

std::string DtmfSenderImpl::toneBuffer() const {
  std::lock_guard lock(shared_->mutex);
  return tones;
}

}  // namespace parley::pc

namespace parley {

RtpCapabilities RtpSender::getCapabilities(MediaKind kind) { return pc::mediaCapabilities(kind); }
RtpCapabilities RtpReceiver::getCapabilities(MediaKind kind) { return pc::mediaCapabilities(kind); }

}  // namespace parley
