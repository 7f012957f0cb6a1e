#pragma once

#include "sctp/native/cookie.hpp"

#include <cstdint>

namespace parley::sctp::native {

/// What a valid COOKIE ECHO means to an association that is there already (RFC 9260 s.5.2.4).
enum class CookieAction : std::uint8_t {
  Restart,    ///< (A) The peer has forgotten the association and begins another.
  Collision,  ///< (B) Both began at once, and the peer took another tag for its answer: that one counts.
  Late,       ///< (C) Of an INIT that a later one has overtaken: discarded.
  Duplicate,  ///< (D) Both tags are the association's: answered, and the end of COOKIE-ECHOED.
  Discard,    ///< Not in the table.
};

enum class PeerTag : std::uint8_t { Matches, Differs, Unknown };
enum class Ties : std::uint8_t { Match, Differ, None };

constexpr CookieAction cookieAction(bool localTagMatches, PeerTag peerTag, Ties ties) {
  if (localTagMatches) return peerTag == PeerTag::Matches ? CookieAction::Duplicate : CookieAction::Collision;
  if (peerTag == PeerTag::Matches && ties == Ties::None) return CookieAction::Late;
  if (peerTag == PeerTag::Differs && ties == Ties::Match) return CookieAction::Restart;
  return CookieAction::Discard;
}

// The table, row by row: local tag, peer's tag, tie-tags.
static_assert(cookieAction(false, PeerTag::Differs, Ties::Match) == CookieAction::Restart);
static_assert(cookieAction(true, PeerTag::Differs, Ties::None) == CookieAction::Collision);
static_assert(cookieAction(true, PeerTag::Differs, Ties::Match) == CookieAction::Collision);
static_assert(cookieAction(true, PeerTag::Unknown, Ties::None) == CookieAction::Collision);
static_assert(cookieAction(false, PeerTag::Matches, Ties::None) == CookieAction::Late);
static_assert(cookieAction(true, PeerTag::Matches, Ties::None) == CookieAction::Duplicate);
static_assert(cookieAction(true, PeerTag::Matches, Ties::Differ) == CookieAction::Duplicate);
// And what it does not have.
static_assert(cookieAction(false, PeerTag::Differs, Ties::None) == CookieAction::Discard);
static_assert(cookieAction(false, PeerTag::Differs, Ties::Differ) == CookieAction::Discard);
static_assert(cookieAction(false, PeerTag::Matches, Ties::Match) == CookieAction::Discard);
static_assert(cookieAction(false, PeerTag::Unknown, Ties::None) == CookieAction::Discard);

}  // namespace parley::sctp::native
