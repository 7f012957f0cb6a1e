#pragma once

#include "ice/stats.hpp"
#include "pc/session_error.hpp"
#include "pc/session_sections.hpp"
#include "pc/session_transceiver.hpp"
#include "pc/signaling_state.hpp"
#include "pc/transport_plan.hpp"
#include "sdp/description.hpp"

#include <parley/session_description.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley::pc {

/// A local description in force. Candidates are not in the tree: they belong to the generation, and join the text when
/// somebody reads it.
struct LocalDescription {
  SdpType type = SdpType::Offer;
  std::shared_ptr<const sdp::Description> tree;
  /// With named transports: one for each section of ours that a peer may leave outside of the bundle; once it is
  /// answered, those of the answer.
  SectionsInUse used;
};

/// A remote description in force: what the application gave, word by word, and what addIceCandidate added to it.
struct RemoteDescription {
  struct AddedLine {
    std::size_t section = 0;
    std::string line;  ///< "a=candidate:…", without line end.
    bool operator==(const AddedLine&) const = default;
  };

  SdpType type = SdpType::Offer;
  std::shared_ptr<const sdp::Description> tree;
  std::shared_ptr<const std::string> text;
  std::vector<AddedLine> added;
  /// What we can accept of an offer, or what an answer accepts; with named transports.
  SectionsInUse used;
};

/// Our role in a DTLS association, from the exchange that began it; and which one it is of its transport, from 0.
struct DtlsAssociation {
  dtls::Role role = dtls::Role::Client;
  std::uint32_t number = 0;
};

/// The state of signalling as a value: an operation changes a copy, which becomes the state once nothing can fail any
/// more. What is not in the transceivers is derived from the descriptions, so that a rollback has nothing to undo but
/// these two.
struct Negotiation {
  SignalingState state = SignalingState::Stable;
  std::optional<LocalDescription> currentLocal, pendingLocal;
  std::optional<RemoteDescription> currentRemote, pendingRemote;
  /// The role of the first finished exchange. RFC 8445 s.6.1.1: roles persist, restarts included.
  std::optional<ice::Role> iceRole;
  std::map<TransportId, DtlsAssociation> associations;

  /// In the order in which they were added. Those that stopped for good are gone.
  std::vector<Transceiver> transceivers;
  /// For a rollback: what was negotiated when the exchange began.
  std::map<TransceiverId, Transceiver::Negotiated> stable;

  Transceiver* transceiver(TransceiverId id);
  const Transceiver* transceiver(TransceiverId id) const;
  /// Associated with a section, and with its mid if it has one; null if there is none.
  Transceiver* transceiverOf(const sdp::Description& description, std::size_t section);
  const Transceiver* transceiverOf(const sdp::Description& description, std::size_t section) const;

  const sdp::Description* local() const { return treeOf(pendingLocal, currentLocal); }
  const sdp::Description* remote() const { return treeOf(pendingRemote, currentRemote); }

 private:
  template <class T>
  static const sdp::Description* treeOf(const std::optional<T>& pending, const std::optional<T>& current) {
    return pending ? pending->tree.get() : current ? current->tree.get() : nullptr;
  }
};

/// The sections that both sides of an exchange use, and what each says about them.
struct Exchange {
  struct Transport {
    Bundle bundle;
    TransportView local, remote;
    /// RFC 8842 s.5.3: the answer that begins the association decides. Client if we are active.
    dtls::Role dtlsRole = dtls::Role::Client;
  };

  SectionsInUse used;
  std::shared_ptr<const sdp::Description> localTree, remoteTree;
  std::vector<Transport> transports;  ///< Of the bundles in use, in their order.
  std::optional<DataView> localData, remoteData;

  const Transport* transport(TransportId id) const;
};

/// The exchange that was answered last, finally; nothing if it left no section in use.
std::optional<Exchange> currentExchange(const Negotiation& negotiation);
/// The one that holds now: the pending one if it has a provisional answer, else the current one.
std::optional<Exchange> activeExchange(const Negotiation& negotiation);

/// RFC 8842 s.5.1: whether `next` of the same side continues the DTLS association of `previous`. A tls-id that only one
/// of them has says nothing: no browser writes one.
bool continuesDtls(const TransportView& previous, const TransportView& next);

/// Without the name of our streams, which is not negotiated.
Plan planOf(const Negotiation& negotiation);
/// The sections of one transport (session_media_plan.cpp).
MediaPlan mediaPlanOf(const Negotiation& negotiation, const Exchange& exchange, const Bundle& bundle);
/// Whether an offer or a finished exchange describes a transport, and an SCTP association over it.
bool describesTransport(const Negotiation& negotiation);
bool describesSctp(const Negotiation& negotiation);

}  // namespace parley::pc
