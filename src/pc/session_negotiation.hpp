#pragma once

#include "ice/stats.hpp"
#include "pc/session_error.hpp"
#include "pc/session_sections.hpp"
#include "pc/signaling_state.hpp"
#include "pc/transport_plan.hpp"
#include "sdp/description.hpp"

#include <parley/session_description.hpp>

#include <cstddef>
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
};

/// The state of signalling as a value: an operation changes a copy, which becomes the state once nothing can fail any
/// more. Everything else that there is to know is derived from the descriptions, so that a rollback has nothing to undo
/// but them.
struct Negotiation {
  SignalingState state = SignalingState::Stable;
  std::optional<LocalDescription> currentLocal, pendingLocal;
  std::optional<RemoteDescription> currentRemote, pendingRemote;
  /// The role of the first finished exchange. RFC 8445 s.6.1.1: roles persist, restarts included.
  std::optional<ice::Role> iceRole;
  /// Our role in the DTLS association, from the exchange that began it.
  std::optional<dtls::Role> dtlsRole;
  /// Counts the DTLS associations that the exchanges began, from 0.
  std::uint32_t dtlsAssociation = 0;

  const sdp::Description* local() const { return treeOf(pendingLocal, currentLocal); }
  const sdp::Description* remote() const { return treeOf(pendingRemote, currentRemote); }

 private:
  template <class T>
  static const sdp::Description* treeOf(const std::optional<T>& pending, const std::optional<T>& current) {
    return pending ? pending->tree.get() : current ? current->tree.get() : nullptr;
  }
};

/// The data section that both sides of an exchange use, and what each says about it.
struct Exchange {
  DataSectionView local;
  DataSectionView remote;
  /// RFC 8842 s.5.3: the answer that begins the association decides. Client if we are active.
  dtls::Role dtlsRole = dtls::Role::Client;
};

/// The exchange that was answered last, finally; nothing if it left no data section in use.
std::optional<Exchange> currentExchange(const Negotiation& negotiation);
/// The one that holds now: the pending one if it has a provisional answer, else the current one.
std::optional<Exchange> activeExchange(const Negotiation& negotiation);

/// RFC 8842 s.5.1: whether `next` of the same side continues the DTLS association of `previous`. A tls-id that only one
/// of them has says nothing: no browser writes one.
bool continuesDtls(const DataSectionView& previous, const DataSectionView& next);

TransportPlan planOf(const Negotiation& negotiation);
bool describesSctp(const Negotiation& negotiation);

}  // namespace parley::pc
