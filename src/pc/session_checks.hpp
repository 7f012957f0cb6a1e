#pragma once

#include "pc/session_error.hpp"
#include "pc/session_negotiation.hpp"
#include "sdp/description.hpp"

#include <parley/session_description.hpp>

#include <optional>

namespace parley::pc {

/// Why a remote description that parsed cannot be applied: by itself (RFC 9429 s.5.8.3), after the descriptions before
/// it, and as an answer to our offer (s.5.10, 5.11). `used` is what we could use of it. Precondition: the state permits
/// the type.
std::optional<SessionError> checkRemote(const Negotiation& negotiation, SdpType type,
                                        const sdp::Description& description, const SectionsInUse& used);

}  // namespace parley::pc
