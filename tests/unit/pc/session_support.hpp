#pragma once

#include "base/random.hpp"
#include "pc/session.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

// What the tests of the session share: two sessions that talk, and ways to change a description.

namespace parley::pc::test {

inline dtls::Fingerprint someFingerprint(std::uint8_t fill) { return {"sha-256", std::vector<std::uint8_t>(32, fill)}; }

/// A session with its own reproducible random source.
struct Party {
  explicit Party(std::uint64_t seed, std::uint8_t certificate)
      : random(seed), session(SessionConfig{{someFingerprint(certificate)}, 262144, 5000}, random) {}
  base::SeededRandom random;
  Session session;
};

/// Offers and answers a data channel, as two applications would.
struct Pair {
  Party a{1, 0xaa};
  Party b{2, 0xbb};

  void exchange(Session& from, Session& to, bool iceRestart = false) {
    auto offer = from.createOffer(iceRestart);
    REQUIRE(offer);
    REQUIRE(from.setLocal(SdpType::Offer, *offer));
    REQUIRE(to.setRemote(SdpType::Offer, *offer));
    auto answer = to.createAnswer();
    REQUIRE(answer);
    REQUIRE(to.setLocal(SdpType::Answer, *answer));
    REQUIRE(from.setRemote(SdpType::Answer, *answer));
  }
  void connect() {
    a.session.wantDataChannel();
    exchange(a.session, b.session);
  }
};

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  auto at = text.find(from);
  INFO("looking for " << from << " in\n" << text);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// Changes the value of the first line that starts with `prefix`.
inline std::string withLine(std::string text, std::string_view prefix, std::string_view line) {
  auto at = text.find("\r\n" + std::string(prefix));
  INFO("looking for " << prefix << " in\n" << text);
  REQUIRE(at != std::string::npos);
  at += 2;
  auto end = text.find("\r\n", at);
  return text.replace(at, end - at, line);
}

inline std::string withoutLine(std::string text, std::string_view prefix) {
  auto changed = withLine(std::move(text), prefix, "\x01");
  return replaced(changed, "\x01\r\n", "");
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The value behind `prefix` of the first such line; empty if there is none.
inline std::string lineValue(std::string_view text, std::string_view prefix) {
  auto at = text.find("\r\n" + std::string(prefix));
  if (at == std::string_view::npos) return "";
  at += 2 + prefix.size();
  return std::string(text.substr(at, text.find("\r\n", at) - at));
}

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

/// Everything that an application can see.
inline std::string visible(const Session& session) {
  std::string out(toString(session.state()));
  for (const auto& description :
       {session.currentLocal(), session.pendingLocal(), session.currentRemote(), session.pendingRemote()})
    out += description ? "|" + std::string(toString(description->type)) + "\n" + description->sdp : "|none";
  out += session.negotiationNeeded() ? "|needed" : "|not needed";
  auto credentials = [](const std::optional<ice::Credentials>& c) { return c ? c->ufrag + ":" + c->pwd : "none"; };
  for (const auto& plan : session.plan()) {
    out += "|" + credentials(plan.ice.local) + "|" + credentials(plan.ice.remote);
    out += plan.ice.role == ice::Role::Controlling ? "|controlling" : "|controlled";
    out += plan.dtls ? (plan.dtls->role == dtls::Role::Client ? "|client" : "|server") : "|no dtls";
    out += plan.sctp ? "|" + std::to_string(plan.sctp->remotePort) : "|no sctp";
  }
  return out;
}

template <class R>
ErrorName errorOf(const R& result) {
  REQUIRE_FALSE(result);
  INFO(result.error().message);
  CHECK(result.error().message.size() > 10);
  return result.error().name;
}

/// Catch2 has no text for a class enum.
#define CHECK_ERROR(expression, expected)                                                         \
  do {                                                                                            \
    auto nameOfError_ = ::parley::pc::test::errorOf(expression);                                  \
    CHECK(::parley::toString(nameOfError_) == ::parley::toString(::parley::ErrorName::expected)); \
  } while (false)

}  // namespace parley::pc::test
