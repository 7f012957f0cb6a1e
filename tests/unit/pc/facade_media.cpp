#include "facade_support.hpp"

#include <algorithm>

using namespace parley;
using namespace parley::test;

namespace {

EncodedFrame audioFrame(std::uint32_t timestamp, std::uint8_t fill) {
  EncodedFrame frame;
  frame.kind = MediaKind::Audio;
  frame.mimeType = "audio/opus";
  frame.type = EncodedFrameType::Key;
  frame.data = FrameData(std::vector<std::uint8_t>(40, fill));
  frame.rtpTimestamp = timestamp;
  return frame;
}

std::vector<std::string> idsOf(const std::vector<std::shared_ptr<MediaStream>>& streams) {
  std::vector<std::string> ids;
  for (const auto& stream : streams) ids.push_back(stream->id());
  return ids;
}

}  // namespace

TEST_CASE("A track of one side is a track event of the other, with its streams, between the states") {
  Pair pair;
  auto track = EncodedTrack::create(MediaKind::Video, "camera");
  auto stream = MediaStream::create({track}, "the-stream");
  CHECK(stream->getVideoTracks().size() == 1);
  CHECK(stream->getAudioTracks().empty());
  CHECK(stream->active());
  auto sender = pair.a.addTrack(track, {stream});
  CHECK(sender->track() == track);
  CHECK_FALSE(sender->dtmf());
  REQUIRE(pair.a.getTransceivers().size() == 1);
  CHECK_FALSE(pair.a.getTransceivers()[0]->mid());
  CHECK_THROWN(pair.a.addTrack(track), InvalidAccessError);
  CHECK_THROWN(pair.a.addTrack(EncodedTrack::create(MediaKind::Video), {MediaStream::create({}, "a\r\nb")}), TypeError);

  std::string order;
  std::optional<TrackEvent> event;
  pair.b.onSignalingStateChange([&] { order += "state "; });
  pair.b.onTrack([&](const TrackEvent& happened) {
    order += "track ";
    event = happened;
  });
  pair.exchange();
  CHECK(order == "state track state ");
  REQUIRE(event);
  CHECK(idsOf(event->streams) == std::vector<std::string>{"the-stream"});
  CHECK(event->streams[0]->getTracks() == std::vector<std::shared_ptr<MediaStreamTrack>>{event->track});
  CHECK(event->track == event->receiver->track());
  CHECK(event->transceiver->receiver() == event->receiver);
  CHECK(event->track->kind() == MediaKind::Video);
  CHECK(event->track->muted());
  CHECK(pair.a.getTransceivers()[0]->mid() == event->transceiver->mid());
  CHECK(toString(*event->transceiver->currentDirection()) == "recvonly");
  CHECK(toString(*pair.a.getTransceivers()[0]->currentDirection()) == "sendonly");
  CHECK(pair.a.sctp() == nullptr);
  REQUIRE(sender->transport());
  REQUIRE(pair.loop.runUntil([&] { return pair.a.connectionState() == PeerConnectionState::Connected; }));
  CHECK(sender->transport()->state() == DtlsTransportState::Connected);
  CHECK(sender->getParameters().codecs.front().mimeType == "video/VP8");
  CHECK(event->receiver->getParameters().codecs.front().payloadType == 96);
}

TEST_CASE("A track that comes in one more stream is told once more, and again when that is rolled back") {
  Pair pair;
  auto first = MediaStream::create({}, "first"), second = MediaStream::create({}, "second");
  auto sender = pair.a.addTrack(EncodedTrack::create(MediaKind::Audio), {first});
  std::vector<std::vector<std::string>> told;
  std::vector<std::shared_ptr<MediaStream>> streams;
  pair.b.onTrack([&](const TrackEvent& event) {
    told.push_back(idsOf(event.streams));
    streams.insert(streams.end(), event.streams.begin(), event.streams.end());
  });
  pair.exchange();
  sender->setStreams({second});
  pair.loop.result(pair.b.setRemoteDescription(pair.loop.result(pair.a.createOffer())));
  REQUIRE(streams.size() == 2);
  CHECK(streams[0]->getTracks().empty());
  CHECK(streams[1]->getTracks().size() == 1);
  pair.loop.result(pair.b.setRemoteDescription({SdpType::Rollback, ""}));
  REQUIRE(streams.size() == 3);
  CHECK(streams[1]->getTracks().empty());
  CHECK(streams[2]->getTracks().size() == 1);
  CHECK(told == std::vector<std::vector<std::string>>{{"first"}, {"second"}, {"first"}});
}

TEST_CASE("Tracks of a peer that names no streams are in one default stream; \"-\" means none") {
  Pair pair;
  pair.a.addTransceiver(MediaKind::Audio);
  pair.a.addTransceiver(MediaKind::Video);
  auto offer = pair.loop.result(pair.a.createOffer());
  std::vector<std::vector<std::string>> told;
  pair.b.onTrack([&](const TrackEvent& event) { told.push_back(idsOf(event.streams)); });
  SECTION("none") {
    pair.loop.result(pair.b.setRemoteDescription(offer));
    CHECK(told == std::vector<std::vector<std::string>>{{}, {}});
  }
  SECTION("not said") {
    for (std::size_t at; (at = offer.sdp.find("a=msid:")) != std::string::npos;) offer.sdp.replace(at, 7, "a=unknown:");
    for (std::size_t at; (at = offer.sdp.find(" msid:")) != std::string::npos;) offer.sdp.replace(at, 6, " unknown:");
    pair.loop.result(pair.b.setRemoteDescription(offer));
    REQUIRE(told.size() == 2);
    REQUIRE(told[0].size() == 1);
    CHECK(told[0] == told[1]);
    CHECK(told[0][0].size() == 16);
  }
}

TEST_CASE("Frames of a track arrive in the other side's track, and come back by the same way") {
  Pair pair;
  auto track = EncodedTrack::create(MediaKind::Audio);
  pair.a.addTrack(track);
  std::vector<EncodedFrame> there, back;
  bool unmuted = false;
  pair.b.onTrack([&](const TrackEvent& event) {
    event.track->onFrame([&](const EncodedFrame& frame) { there.push_back(frame); });
    event.track->onUnmute([&] { unmuted = true; });
    // What is received is sent back.
    pair.b.addTrack(event.track);
  });
  pair.a.onTrack([&](const TrackEvent& event) {
    event.track->onFrame([&](const EncodedFrame& frame) { back.push_back(frame); });
  });
  pair.exchange();
  REQUIRE(pair.loop.runUntil([&] {
    return pair.a.connectionState() == PeerConnectionState::Connected &&
           pair.b.connectionState() == PeerConnectionState::Connected;
  }));
  for (std::uint8_t i = 0; i < 20; ++i) {
    track->write(audioFrame(i * 960u, i));
    pair.loop.runFor(20ms);
  }
  pair.loop.runFor(1s);
  CHECK(there.size() == 20);
  CHECK(back.size() == 20);
  CHECK(unmuted);
  for (std::size_t i = 0; i < there.size(); ++i) {
    CHECK(there[i].data.size() == 40);
    CHECK(there[i].data.bytes()[0] == i);
    CHECK(there[i].mimeType == "audio/opus");
  }
  CHECK(pair.b.getReceivers()[0]->getSynchronizationSources().size() == 1);

  SECTION("but not while the track is disabled") {
    track->enabled(false);
    track->write(audioFrame(96000, 99));
    pair.loop.runFor(200ms);
    CHECK(there.size() == 20);
  }
  SECTION("and through transforms") {
    pair.a.getSenders()[0]->transform([](EncodedFrame frame) -> std::optional<EncodedFrame> {
      frame.data = FrameData(std::vector<std::uint8_t>(7, 7));
      return frame;
    });
    pair.b.getReceivers()[0]->transform([](EncodedFrame frame) -> std::optional<EncodedFrame> {
      if (frame.data.size() != 7) return std::nullopt;
      return frame;
    });
    track->write(audioFrame(96000, 99));
    pair.loop.runFor(200ms);
    REQUIRE(there.size() == 21);
    CHECK(there.back().data.size() == 7);
  }
  SECTION("and another track takes its place without negotiation") {
    auto other = EncodedTrack::create(MediaKind::Audio);
    const auto sender = pair.a.getSenders()[0];
    pair.loop.result(sender->replaceTrack(other));
    CHECK(sender->track() == other);
    track->write(audioFrame(96000, 1));
    other->write(audioFrame(96000, 2));
    pair.loop.runFor(200ms);
    REQUIRE(there.size() == 21);
    CHECK(there.back().data.bytes()[0] == 2);
    CHECK_THROWN(pair.loop.result(sender->replaceTrack(EncodedTrack::create(MediaKind::Video))), TypeError);
  }
}

TEST_CASE("A removed track leaves its section, which the next track of its kind takes unless it was used") {
  Pair pair;
  auto first = EncodedTrack::create(MediaKind::Audio), second = EncodedTrack::create(MediaKind::Audio);
  auto sender = pair.a.addTrack(first);
  pair.a.removeTrack(sender);
  CHECK(toString(pair.a.getTransceivers()[0]->direction()) == "recvonly");
  CHECK(pair.a.addTrack(second) == sender);
  CHECK(toString(pair.a.getTransceivers()[0]->direction()) == "sendrecv");
  pair.exchange();
  pair.a.removeTrack(sender);
  CHECK(pair.a.addTrack(first) != sender);
  CHECK(pair.a.getTransceivers().size() == 2);
  CHECK_THROWN(pair.b.removeTrack(sender), InvalidAccessError);
  pair.exchange();
  CHECK(toString(*pair.b.getTransceivers()[0]->currentDirection()) == "inactive");
}

TEST_CASE("A stopped transceiver ends its track on both sides") {
  Pair pair;
  auto transceiver = pair.a.addTransceiver(MediaKind::Video);
  pair.exchange();
  int endedHere = 0, endedThere = 0;
  const auto theirs = pair.b.getTransceivers().at(0);
  theirs->receiver()->track()->onEnded([&] { ++endedThere; });
  transceiver->receiver()->track()->onEnded([&] { ++endedHere; });
  transceiver->stop();
  CHECK(toString(transceiver->direction()) == "stopped");
  CHECK_THROWN(transceiver->direction(RtpTransceiverDirection::SendRecv), InvalidStateError);
  pair.exchange();
  CHECK(endedHere == 1);
  CHECK(endedThere == 1);
  CHECK(toString(theirs->direction()) == "stopped");
  CHECK(toString(*transceiver->currentDirection()) == "stopped");
  CHECK_FALSE(transceiver->mid());
  CHECK(pair.a.getTransceivers().empty());
  CHECK(pair.b.getTransceivers().empty());
}

TEST_CASE("A section that the peer's offer rejects stops its transceiver at once, and no rollback starts it again") {
  Pair pair;
  auto transceiver = pair.a.addTransceiver(MediaKind::Video);
  pair.exchange();
  const auto theirs = pair.b.getTransceivers().at(0);
  int ended = 0, needed = 0;
  theirs->receiver()->track()->onEnded([&] { ++ended; });
  transceiver->stop();
  pair.loop.result(pair.a.setLocalDescription());
  pair.loop.result(pair.b.setRemoteDescription(*pair.a.localDescription()));
  CHECK(ended == 1);
  CHECK(toString(theirs->direction()) == "stopped");
  CHECK(toString(*theirs->currentDirection()) == "stopped");
  CHECK_THROWN(theirs->direction(RtpTransceiverDirection::SendRecv), InvalidStateError);
  CHECK(pair.b.getTransceivers().size() == 1);

  pair.b.onNegotiationNeeded([&] { ++needed; });
  pair.loop.result(pair.b.setRemoteDescription({SdpType::Rollback, ""}));
  pair.loop.settle();
  CHECK(toString(*theirs->currentDirection()) == "stopped");
  CHECK(ended == 1);
  CHECK(needed == 1);
  // And so the offer that b makes rejects it.
  pair.loop.result(pair.a.setLocalDescription({SdpType::Rollback, ""}));
  pair.loop.result(pair.b.setLocalDescription());
  CHECK(pair.b.localDescription()->sdp.find("m=video 0 ") != std::string::npos);
  pair.loop.result(pair.a.setRemoteDescription(*pair.b.localDescription()));
  pair.loop.result(pair.a.setLocalDescription());
  pair.loop.result(pair.b.setRemoteDescription(*pair.a.localDescription()));
  CHECK(ended == 1);
  CHECK(pair.a.getTransceivers().empty());
  CHECK(pair.b.getTransceivers().empty());
}

TEST_CASE("Parameters are read, changed, and guarded against what cannot change") {
  Pair pair;
  RtpTransceiverInit init;
  for (const char* rid : {"q", "f"}) {
    RtpEncodingParameters encoding;
    encoding.rid = rid;
    init.sendEncodings.push_back(encoding);
  }
  auto sender = pair.a.addTransceiver(MediaKind::Video, init)->sender();
  auto parameters = sender->getParameters();
  REQUIRE(parameters.encodings.size() == 2);
  CHECK(parameters.encodings[0].scaleResolutionDownBy == 2.0);
  CHECK(parameters.encodings[1].scaleResolutionDownBy == 1.0);
  parameters.encodings[0].active = false;
  parameters.encodings[1].maxBitrate = 100000;
  pair.loop.result(sender->setParameters(parameters));
  CHECK_THROWN(pair.loop.result(sender->setParameters(parameters)), InvalidStateError);
  parameters = sender->getParameters();
  CHECK_FALSE(parameters.encodings[0].active);
  CHECK(parameters.encodings[1].maxBitrate == 100000u);
  auto wrong = parameters;
  wrong.encodings.pop_back();
  CHECK_THROWN(pair.loop.result(sender->setParameters(wrong)), InvalidModificationError);
  wrong = parameters;
  wrong.encodings[0].rid = "x";
  CHECK_THROWN(pair.loop.result(sender->setParameters(wrong)), InvalidModificationError);
  wrong = parameters;
  wrong.encodings[0].scaleResolutionDownBy = 0.5;
  CHECK_THROWN(pair.loop.result(sender->setParameters(wrong)), RangeError);

  init.sendEncodings[1].rid = "q";
  CHECK_THROWN(pair.a.addTransceiver(MediaKind::Video, init), TypeError);
  init.sendEncodings[1].rid = "not a rid";
  CHECK_THROWN(pair.a.addTransceiver(MediaKind::Video, init), TypeError);
  init.sendEncodings.pop_back();
  CHECK(pair.a.addTransceiver(MediaKind::Video, init)->sender()->getParameters().encodings[0].rid.empty());
}

TEST_CASE("Tones can be inserted once they are negotiated") {
  Pair pair;
  auto sender = pair.a.addTrack(EncodedTrack::create(MediaKind::Audio));
  auto dtmf = sender->dtmf();
  REQUIRE(dtmf);
  CHECK_FALSE(dtmf->canInsertDtmf());
  CHECK_THROWN(dtmf->insertDtmf("1"), InvalidStateError);
  pair.exchange();
  CHECK(dtmf->canInsertDtmf());
  CHECK_THROWN(dtmf->insertDtmf("1x"), InvalidCharacterError);
  int changes = 0;
  dtmf->onToneChange([&](const std::string&) { ++changes; });
  dtmf->insertDtmf("");
  pair.loop.settle();
  CHECK(changes == 0);
  dtmf->insertDtmf("12ab#*,");
  CHECK(dtmf->toneBuffer() == "12AB#*,");
  pair.a.close();
  CHECK_FALSE(dtmf->canInsertDtmf());
}

TEST_CASE("A closed connection stops its transceivers and takes no more tracks") {
  Pair pair;
  auto track = EncodedTrack::create(MediaKind::Audio);
  pair.a.addTrack(track);
  pair.exchange();
  const auto transceiver = pair.a.getTransceivers().at(0);
  pair.a.close();
  CHECK(toString(transceiver->direction()) == "stopped");
  CHECK(toString(transceiver->receiver()->track()->readyState()) == "ended");
  CHECK(toString(track->readyState()) == "live");
  track->write(audioFrame(0, 0));
  CHECK_THROWN(pair.a.addTrack(EncodedTrack::create(MediaKind::Audio)), InvalidStateError);
  CHECK_THROWN(pair.a.addTransceiver(MediaKind::Audio), InvalidStateError);
}

TEST_CASE("A new track asks for a negotiation, once") {
  Pair pair;
  int needed = 0;
  pair.a.onNegotiationNeeded([&] { ++needed; });
  auto transceiver = pair.a.addTransceiver(MediaKind::Audio);
  pair.a.addTrack(EncodedTrack::create(MediaKind::Video));
  pair.loop.settle();
  CHECK(needed == 1);
  pair.exchange();
  pair.loop.settle();
  CHECK(needed == 1);
  transceiver->direction(RtpTransceiverDirection::Inactive);
  pair.loop.settle();
  CHECK(needed == 2);
}
