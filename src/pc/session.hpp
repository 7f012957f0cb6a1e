#pragma once

#include "base/random.hpp"
#include "base/result.hpp"
#include "dtls/fingerprint.hpp"
#include "ice/candidate.hpp"
#include "ice/credentials.hpp"
#include "pc/offer_answer.hpp"
#include "pc/session_candidates.hpp"
#include "pc/session_error.hpp"
#include "pc/session_media.hpp"
#include "pc/session_negotiation.hpp"
#include "pc/signaling_state.hpp"
#include "pc/transport_plan.hpp"

#include <parley/enums.hpp>
#include <parley/ice_candidate.hpp>
#include <parley/session_description.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace parley::pc {

/// What a session is made with; it does not change during its life.
struct SessionConfig {
  /// Of our certificate; never empty.
  std::vector<dtls::Fingerprint> fingerprints;
  /// Largest message that we take (a=max-message-size).
  std::uint64_t maxMessageSize = 262144;
  /// RFC 8841 s.5.1 has no default, but all peers use this one (RFC 8831 s.6.1 needs no other).
  std::uint16_t sctpPort = 5000;
  /// Makes our INIT for a=sctp-init (draft-hancke-tsvwg-snap). Empty: the attribute is neither written nor looked at.
  std::function<std::vector<std::uint8_t>()> makeSctpInit = {};
  bool iceLite = false;
  bool renomination = false;
  /// The pause between checks that we propose (RFC 8839 s.5.5).
  std::chrono::milliseconds icePacing{50};
  /// RFC 9429 s.4.1.1: which sections have a transport of their own until the peer bundles them.
  BundlePolicy bundlePolicy = BundlePolicy::Balanced;
};

/// What applying a description did, for the data plane and for the façade's events.
struct Applied {
  Plan plan;
  /// What the description brought for our transports.
  std::vector<DescribedCandidates> remoteCandidates;

  SdpType type = SdpType::Offer;  ///< As applied; a missing type was inferred.
  bool signalingStateChanged = false;
  /// The exchange ended the data section: SCTP ends, open channels close. So do DTLS and ICE if nothing else is in use.
  bool dataSectionRemoved = false;
  /// Transceivers whose track begins to be received, or goes on with other streams; in the order of their sections.
  /// Each is one track event.
  std::vector<TransceiverId> tracks;
};

/// A remote candidate that was accepted.
struct AddedCandidate {
  /// For `Peer::addRemoteCandidate`; none if this is the end of them.
  std::optional<ice::Candidate> candidate;
  /// Whose it is. None if it is of no use to us: the section is rejected, or was bundled with another.
  std::vector<TransportId> transports;
};

/// JSEP (RFC 9429) and the parts of the W3C's algorithms that decide on descriptions: a value-like object without time,
/// transport or threads. Each operation is all or nothing: after an error nothing has changed.
///
/// Sections that are bundled share a transport; the session gives transports their names, and says in its plan which
/// are wanted.
///
/// The W3C's setRemoteDescription first rolls back a local offer if a remote one comes. These are two steps with events
/// between them, so they are two calls here: `if (session.needsRollback(type)) session.setLocal(Rollback, "");` and
/// then `setRemote`. Should the latter fail the rollback stands, as the specification has it.
class Session {
 public:
  /// `random` outlives the session.
  Session(SessionConfig config, base::Random& random);

  // --- Descriptions ---

  /// InvalidStateError unless stable or have-local-offer. Gives the same text again while nothing has changed.
  base::Result<std::string, SessionError> createOffer(bool iceRestart = false);
  /// InvalidStateError unless have-remote-offer or have-local-pranswer.
  base::Result<std::string, SessionError> createAnswer();

  /// setLocalDescription. No type: an offer or an answer, as the state wants it. An empty `sdp` stands for what
  /// createOffer or createAnswer would return now. Any other than what they returned last is an
  /// InvalidModificationError (RFC 9429 s.5.4), a type that the state does not permit an InvalidStateError.
  base::Result<Applied, SessionError> setLocal(std::optional<SdpType> type, std::string_view sdp = {});
  /// setRemoteDescription. InvalidStateError for a type that the state does not permit, OperationError with a line
  /// number for what is not SDP, InvalidAccessError for content that is not acceptable.
  base::Result<Applied, SessionError> setRemote(SdpType type, std::string_view sdp);
  /// What the specification refuses while it is called, before anything goes "in parallel": why createOffer or
  /// createAnswer, setLocalDescription and addIceCandidate would fail now. The operations look for it themselves.
  std::optional<SessionError> refusalToCreate(SdpType type) const;
  std::optional<SessionError> refusalOfLocal(std::optional<SdpType> type, std::string_view sdp) const;
  std::optional<SessionError> refusalOfCandidates() const;
  /// Whether `setRemote` with this type wants a rollback before (perfect negotiation).
  bool needsRollback(SdpType type) const {
    return type == SdpType::Offer && !next(state(), Source::Remote, SdpType::Offer) &&
           state() != SignalingState::Closed;
  }

  SignalingState state() const { return now_.state; }
  /// With the candidates known so far. The pending one of each side, where there is one, is the W3C's
  /// localDescription or remoteDescription; else the current one.
  std::optional<SessionDescription> currentLocal() const;
  std::optional<SessionDescription> pendingLocal() const;
  std::optional<SessionDescription> currentRemote() const;
  std::optional<SessionDescription> pendingRemote() const;
  /// Nothing before the first remote description.
  std::optional<bool> canTrickleIceCandidates() const;

  // --- Candidates ---

  /// addIceCandidate. An empty candidate ends the candidates. TypeError if the section is not named, InvalidStateError
  /// without remote description, OperationError for an unknown section or ufrag, or a line that does not parse.
  base::Result<AddedCandidate, SessionError> addRemoteCandidate(const IceCandidateInit& init);
  /// A candidate of ours for the generation `ufrag`; local descriptions and later offers contain it.
  void localCandidate(std::string_view ufrag, const ice::Candidate& candidate);
  /// Gathering for this generation is complete.
  void localEndOfCandidates(std::string_view ufrag);

  // --- What calls for negotiation ---

  /// The application made a data channel.
  void wantDataChannel();

  // --- Transceivers ---

  struct NewTransceiver {
    MediaKind kind = MediaKind::Audio;
    sdp::Direction direction = sdp::Direction::SendRecv;
    bool addedByTrack = false;
    std::string trackId;
    std::vector<std::string> streams = {};
    /// What addTransceiver got, validated; none is one without rid.
    std::vector<RtpEncodingParameters> encodings = {};
  };
  TransceiverId addTransceiver(NewTransceiver wanted);
  /// In the order of adding. Those that were stopped and negotiated away, or rolled back, are not there.
  const std::vector<Transceiver>& transceivers() const { return now_.transceivers; }
  const Transceiver* transceiver(TransceiverId id) const { return now_.transceiver(id); }
  /// The next ones do nothing for a transceiver that is not there.
  void setDirection(TransceiverId id, sdp::Direction direction);
  void setStreams(TransceiverId id, std::vector<std::string> streams);
  /// addTrack uses an existing transceiver.
  void useForTrack(TransceiverId id, std::vector<std::string> streams);
  void stop(TransceiverId id);
  /// InvalidModificationError for codecs that we do not have, or none that carries media.
  std::optional<SessionError> setPreferences(TransceiverId id, std::vector<RtpCodec> codecs);
  /// As many as there are; rids do not change.
  void setEncodings(TransceiverId id, const std::vector<RtpEncodingParameters>& encodings);
  /// Another SSRC, and another one for its repair stream, for the encoding that has this one. No rollback brings it back.
  void changeSource(TransceiverId id, std::uint32_t ssrc);
  RtpSendParameters sendParameters(TransceiverId id) const;
  RtpReceiveParameters receiveParameters(TransceiverId id) const;

  /// restartIce: the next offer restarts ICE, whatever is rolled back before an answer is applied.
  void restartIce();
  /// W3C "check if negotiation is needed".
  bool negotiationNeeded() const;

  // --- What is negotiated ---

  /// The transports that descriptions want.
  Plan plan() const;
  /// Whether a transport is described, by an offer or a finished exchange.
  bool hasTransport() const { return describesTransport(now_); }
  /// Whether the W3C's `sctp` attribute has an object: an offer or a finished exchange describes an association.
  bool hasSctpTransport() const { return describesSctp(now_); }
  /// Of the section that a transceiver has, if one is described.
  std::optional<TransportId> transportOf(const Transceiver& transceiver) const;
  std::optional<TransportId> transportOfData() const;
  /// The section of a transport, for the candidates that we signal: index and mid (if the peer uses mids).
  struct TransportSection {
    std::uint16_t index = 0;
    std::optional<std::string> mid;
  };
  std::optional<TransportSection> transportSection(TransportId transport) const;

  /// Final. Descriptions stay readable.
  void close();

 private:
  struct Created {
    std::string text;
    sdp::Description tree;
    SectionsInUse used;
    /// Of an offer: the transceivers of its new sections.
    struct Association {
      TransceiverId transceiver = 0;
      std::size_t section = 0;
    };
    std::vector<Association> associations;
  };

  // session_create.cpp
  LocalTransport localTransport() const;
  std::vector<SectionPlan> offeredSections(std::vector<Created::Association>& associations);
  void bundleOffered(DescriptionPlan& plan, SectionsInUse& used);
  TransportId proposeTransport(std::size_t section);
  void offerTransports(DescriptionPlan& plan, const SectionsInUse& used, bool iceRestart);
  std::optional<Bundle> answerBundle(DescriptionPlan& plan, const Bundle& offered);
  LocalMedia offeredMedia(const Transceiver& transceiver, const sdp::MediaSection* before,
                          const sdp::MediaSection* answered, Numbers& numbers) const;
  LocalData offeredData(const std::optional<DataView>& existing);
  LocalMedia answeredMedia(const Transceiver& transceiver, const sdp::Description& offer, std::size_t section) const;
  LocalData answeredData(const DataView& offered, bool continues);
  LocalMedia sentMedia(const Transceiver& transceiver) const;
  Numbers numbers() const;
  ice::Credentials offerCredentials(TransportId transport, bool iceRestart);
  ice::Credentials answerCredentials(TransportId transport, const TransportView& offered,
                                     const Exchange::Transport* current);
  ice::Credentials propose(TransportId transport, const std::function<bool(const std::string& ufrag)>& usable);
  std::string proposeTlsId(TransportId transport);
  std::optional<std::vector<std::uint8_t>> proposeSctpInit();
  std::string proposeMid(TransceiverId id);
  std::string freshMid();
  Created finish(Created created, const std::optional<Created>& last);

  // session_transceivers.cpp
  SendEncoding makeEncoding(RtpEncodingParameters parameters);
  std::uint32_t freshSsrc();
  Transceiver& emplaceTransceiver(Negotiation& negotiation, MediaKind kind);
  void associate(Negotiation& changed, const std::vector<Created::Association>& associations) const;
  SdpType localType(std::optional<SdpType> given) const;
  void takeRemote(Negotiation& changed, SdpType type, std::vector<TransceiverId>& tracks);
  Transceiver& transceiverForRemote(Negotiation& changed, const sdp::Description& tree, std::size_t section);
  void takeLocalAnswer(Negotiation& changed);
  void removeStopped(Negotiation& changed) const;
  std::vector<TransceiverId> restoreTransceivers();
  bool mediaNeedsNegotiation() const;
  std::optional<PlannedMedia> plannedMedia(TransceiverId id) const;

  SectionsInUse offeredByPeer(const sdp::Description& offer);
  SectionsInUse answeredByPeer(const sdp::Description& answer) const;
  Applied commit(Negotiation changed, SdpType type);
  base::Result<Applied, SessionError> rollback();
  void forgetProposals();
  std::set<std::string> localUfrags() const;
  std::optional<SessionDescription> render(const std::optional<LocalDescription>& description) const;

  SessionConfig config_;
  base::Random& random_;
  std::uint64_t sessionId_;
  std::uint64_t sessionVersion_ = 0;
  std::uint32_t nextMid_ = 0;
  TransceiverId lastTransceiver_ = 0;
  TransportId lastTransport_ = 0;
  std::set<std::uint32_t> ssrcs_;
  /// RFC 7022: random, for the life of the connection. Made with the first transceiver.
  std::string cname_;
  /// RFC 9429 s.5.8.2: of the tracks of a peer that names no streams at all.
  std::string defaultStream_;

  Negotiation now_;
  bool wantsData_ = false;
  /// [[LocalIceCredentialsToReplace]]; the ufrags are enough.
  std::set<std::string> ufragsToReplace_;
  /// [[LastCreatedOffer]] and [[LastCreatedAnswer]].
  std::optional<Created> lastOffer_, lastAnswer_;
  std::shared_ptr<const std::string> answeredOffer_;  ///< What lastAnswer_ answers.
  /// What unapplied offers and answers contain, so that creating one again gives the same text.
  std::map<std::size_t, TransportId> proposedTransports_;  ///< By section.
  std::map<TransportId, ice::Credentials> proposedCredentials_;
  std::map<TransportId, std::string> proposedTlsIds_;
  /// By transceiver; the data section is 0.
  std::map<TransceiverId, std::string> proposedMids_;
  std::optional<std::vector<std::uint8_t>> proposedSctpInit_;
  GatheredCandidates gathered_;
};

}  // namespace parley::pc
