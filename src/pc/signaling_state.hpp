#pragma once

#include <parley/session_description.hpp>

#include <optional>

namespace parley::pc {

enum class Source { Local, Remote };

/// RFC 9429 s.3.2, figure 3 (L: setLocalDescription, R: setRemoteDescription):
///
///                                        ┌────────┐
///                  ┌───── R(offer) ──────┤ stable ├────── L(offer) ──────┐
///                  │                     └────────┘                      │
///                  ▼                      ▲ ▲  ▲ ▲                       ▼
///      ┌───────────────────┐  L(answer)   │ │  │ │  R(answer)   ┌──────────────────┐
///   ┌─►│ have-remote-offer ├──────────────┘ │  │ └──────────────┤ have-local-offer │◄─┐
///   │  └─┬─────┬───────────┘  rollback      │  │    rollback    └───────────┬────┬─┘  │
///   └────┘     │ L(pranswer)                │  │                R(pranswer) │    └────┘
///  R(offer)    ▼                            │  │                            ▼   L(offer)
///      ┌─────────────────────┐  L(answer)   │  │  R(answer)   ┌──────────────────────┐
///   ┌─►│ have-local-pranswer ├──────────────┘  └──────────────┤ have-remote-pranswer │◄─┐
///   │  └─┬───────────────────┘                                └────────────────────┬─┘  │
///   └────┘ L(pranswer)                                                 R(pranswer) └────┘
///
/// The W3C permits a rollback in the two have-…-offer states alone (RFC 9429 s.5.7 is wider). Nothing if a description
/// is not acceptable in the state.
constexpr std::optional<SignalingState> next(SignalingState state, Source source, SdpType type) {
  const bool local = source == Source::Local;
  switch (state) {
    case SignalingState::Stable:
      if (type == SdpType::Offer) return local ? SignalingState::HaveLocalOffer : SignalingState::HaveRemoteOffer;
      return std::nullopt;
    case SignalingState::HaveLocalOffer:
      if (type == SdpType::Rollback) return SignalingState::Stable;
      if (local) return type == SdpType::Offer ? std::optional(state) : std::nullopt;
      if (type == SdpType::PrAnswer) return SignalingState::HaveRemotePrAnswer;
      if (type == SdpType::Answer) return SignalingState::Stable;
      return std::nullopt;
    case SignalingState::HaveRemoteOffer:
      if (type == SdpType::Rollback) return SignalingState::Stable;
      if (!local) return type == SdpType::Offer ? std::optional(state) : std::nullopt;
      if (type == SdpType::PrAnswer) return SignalingState::HaveLocalPrAnswer;
      if (type == SdpType::Answer) return SignalingState::Stable;
      return std::nullopt;
    case SignalingState::HaveLocalPrAnswer:
      if (!local) return std::nullopt;
      if (type == SdpType::PrAnswer) return state;
      if (type == SdpType::Answer) return SignalingState::Stable;
      return std::nullopt;
    case SignalingState::HaveRemotePrAnswer:
      if (local) return std::nullopt;
      if (type == SdpType::PrAnswer) return state;
      if (type == SdpType::Answer) return SignalingState::Stable;
      return std::nullopt;
    case SignalingState::Closed: return std::nullopt;
  }
  return std::nullopt;
}

namespace detail {
using enum SignalingState;
using enum SdpType;
using enum Source;
static_assert(next(Stable, Local, Offer) == HaveLocalOffer);
static_assert(next(Stable, Remote, Offer) == HaveRemoteOffer);
static_assert(!next(Stable, Local, Answer) && !next(Stable, Remote, Answer));
static_assert(!next(Stable, Local, PrAnswer) && !next(Stable, Remote, PrAnswer));
static_assert(!next(Stable, Local, Rollback) && !next(Stable, Remote, Rollback));
static_assert(next(HaveLocalOffer, Local, Offer) == HaveLocalOffer);
static_assert(next(HaveLocalOffer, Remote, Answer) == Stable);
static_assert(next(HaveLocalOffer, Remote, PrAnswer) == HaveRemotePrAnswer);
static_assert(next(HaveLocalOffer, Local, Rollback) == Stable && next(HaveLocalOffer, Remote, Rollback) == Stable);
static_assert(!next(HaveLocalOffer, Remote, Offer));
static_assert(!next(HaveLocalOffer, Local, Answer) && !next(HaveLocalOffer, Local, PrAnswer));
static_assert(next(HaveRemoteOffer, Remote, Offer) == HaveRemoteOffer);
static_assert(next(HaveRemoteOffer, Local, Answer) == Stable);
static_assert(next(HaveRemoteOffer, Local, PrAnswer) == HaveLocalPrAnswer);
static_assert(next(HaveRemoteOffer, Local, Rollback) == Stable && next(HaveRemoteOffer, Remote, Rollback) == Stable);
static_assert(!next(HaveRemoteOffer, Local, Offer));
static_assert(!next(HaveRemoteOffer, Remote, Answer) && !next(HaveRemoteOffer, Remote, PrAnswer));
static_assert(next(HaveLocalPrAnswer, Local, PrAnswer) == HaveLocalPrAnswer);
static_assert(next(HaveLocalPrAnswer, Local, Answer) == Stable);
static_assert(!next(HaveLocalPrAnswer, Local, Offer) && !next(HaveLocalPrAnswer, Remote, Offer));
static_assert(!next(HaveLocalPrAnswer, Remote, Answer) && !next(HaveLocalPrAnswer, Remote, PrAnswer));
static_assert(!next(HaveLocalPrAnswer, Local, Rollback) && !next(HaveLocalPrAnswer, Remote, Rollback));
static_assert(next(HaveRemotePrAnswer, Remote, PrAnswer) == HaveRemotePrAnswer);
static_assert(next(HaveRemotePrAnswer, Remote, Answer) == Stable);
static_assert(!next(HaveRemotePrAnswer, Local, Offer) && !next(HaveRemotePrAnswer, Remote, Offer));
static_assert(!next(HaveRemotePrAnswer, Local, Answer) && !next(HaveRemotePrAnswer, Local, PrAnswer));
static_assert(!next(HaveRemotePrAnswer, Local, Rollback) && !next(HaveRemotePrAnswer, Remote, Rollback));
static_assert(!next(Closed, Local, Offer) && !next(Closed, Remote, Offer));
}  // namespace detail

}  // namespace parley::pc
