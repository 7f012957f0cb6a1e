#pragma once

#include "base/counters.hpp"
#include "ice/candidate.hpp"
#include "ice/config.hpp"

#include <parley/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace parley::ice {

enum class Role : std::uint8_t { Controlling, Controlled };
enum class GatheringState : std::uint8_t { New, Gathering, Complete };
/// W3C RTCIceTransportState.
enum class State : std::uint8_t { New, Checking, Connected, Completed, Disconnected, Failed, Closed };
/// RFC 8445 s.6.1.2.6. `stats` maps InProgress to "in-progress" and so on by `toString`.
enum class PairState : std::uint8_t { Frozen, Waiting, InProgress, Succeeded, Failed };

std::string_view toString(Role role);
std::string_view toString(GatheringState state);
std::string_view toString(State state);
std::string_view toString(PairState state);

/// Why something that came from the network was not used.
enum class Drop : std::uint8_t {
  NotStun,             ///< Not a STUN message, or a damaged one.
  UnknownMethod,       ///< STUN, but not Binding.
  BadFingerprint,      ///< Absent or wrong.
  BadRequest,          ///< A request without USERNAME, MESSAGE-INTEGRITY or PRIORITY. Answered with 400 where possible.
  UnknownUfrag,        ///< A request for credentials that are not ours. Answered with 401.
  BadIntegrity,        ///< A request or a response with a wrong MESSAGE-INTEGRITY. A request is answered with 401.
  UnknownAttribute,    ///< A request with a comprehension-required attribute that we do not know. Answered with 420.
  BadResponse,         ///< A response with the right integrity that does not say what it must.
  UnknownTransaction,  ///< A response to nothing that we asked, or too late.
  UnknownSocket,       ///< A datagram on a socket that we do not have.
  NotRelayed,          ///< It came straight to us, and only relays may be used.
  TooLong,             ///< A packet from a stream that no datagram could have been.
  ErrorLimit,          ///< An error response that was not sent, because too many were.
  EarlyRequestLimit,   ///< A request before the remote description, more than are kept.
  RemoteCandidateLimit,
  UnusableCandidate,  ///< TCP where it is off, a host name, an address that cannot be sent to.
  WrongGeneration,    ///< A candidate with a ufrag that is not the remote one's.
  Count
};
std::string_view toString(Drop drop);

struct CandidateStats {
  std::string id;  ///< Stable, unique within the agent.
  Candidate candidate;
  std::string url;    ///< Of the server that a reflexive local candidate came from.
  std::string ufrag;  ///< Of the candidate's side in its generation.
  std::optional<ServerTransport> relayProtocol;
};

/// The members of the W3C's RTCIceCandidatePairStats that ICE knows.
struct PairStats {
  std::string id;
  std::string localCandidateId;
  std::string remoteCandidateId;
  PairState state{};
  bool nominated = false;
  std::uint64_t priority = 0;
  std::uint64_t packetsSent = 0, packetsReceived = 0, bytesSent = 0, bytesReceived = 0;
  std::optional<Time> lastPacketSent, lastPacketReceived;
  Duration totalRoundTripTime{};
  std::optional<Duration> currentRoundTripTime;
  std::uint64_t requestsSent = 0, requestsReceived = 0, responsesSent = 0, responsesReceived = 0;
  std::uint64_t consentRequestsSent = 0;
  std::uint64_t packetsDiscardedOnSend = 0, bytesDiscardedOnSend = 0;
};

struct Stats {
  std::vector<CandidateStats> localCandidates, remoteCandidates;
  std::vector<PairStats> pairs;
  std::string selectedPairId;  ///< Empty if there is none.
  std::uint32_t selectedCandidatePairChanges = 0;
  Role role{};
  State state{};
  std::string localUfrag;
  base::Counters<Drop> drops;
};

}  // namespace parley::ice
