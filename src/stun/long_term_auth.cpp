#include "stun/long_term_auth.hpp"

#include "stun/credentials.hpp"

#include <algorithm>
#include <utility>

namespace parley::stun {

LongTermAuth::LongTermAuth(std::string username, std::string password)
    : username_(std::move(username)), password_(std::move(password)) {}

LongTermAuth::Verdict LongTermAuth::challenge(const Message& response, bool wasSigned) {
  const bool stale = response.errorCode() && response.errorCode()->code == 438;
  // A 438 of a server of RFC 5389 may leave out the realm, which it does not change.
  const std::string realm(response.realm().value_or(stale ? std::string_view(realm_) : std::string_view()));
  const auto nonce = response.nonce();
  if (realm.empty() || !nonce || nonce->empty()) return Verdict::Incomplete;
  // RFC 8489 s.9.2.5: "MUST NOT perform this retry if it is not changing the USERNAME, USERHASH, REALM, or its
  // associated password".
  if (!stale && wasSigned && realm == realm_) return Verdict::WrongCredentials;

  const auto offered = response.passwordAlgorithms();
  const auto features = securityFeatures(*nonce).value_or(SecurityFeatures());
  if (features.passwordAlgorithms && offered.empty()) return Verdict::BidDown;
  // What the server could do a moment ago it can still do.
  if (offered.empty() && !offered_.empty()) return Verdict::BidDown;
  auto algorithm = PasswordAlgorithm::Md5;
  if (!offered.empty()) {
    const auto known = std::find_if(offered.begin(), offered.end(), [](PasswordAlgorithm one) {
      return one == PasswordAlgorithm::Md5 || one == PasswordAlgorithm::Sha256;
    });
    if (known == offered.end()) return Verdict::NoCommonAlgorithm;
    algorithm = *known;
  }

  realm_ = realm;
  nonce_ = *nonce;
  const auto list = response.attribute(AttributeType::PasswordAlgorithms).value_or(base::Bytes());
  offered_.assign(list.begin(), list.end());
  algorithm_ = algorithm;
  anonymous_ = features.usernameAnonymity;
  if (algorithm_ == PasswordAlgorithm::Sha256) {
    const auto key = longTermKeySha256(username_, realm_, password_);
    key_.assign(key.begin(), key.end());
  } else {
    const auto key = longTermKeyMd5(username_, realm_, password_);
    key_.assign(key.begin(), key.end());
  }
  return Verdict::Retry;
}

void LongTermAuth::sign(MessageBuilder& request) const {
  if (!isChallenged()) return;
  if (anonymous_)
    request.addUserhash(userhash(username_, realm_));
  else
    request.addUsername(username_);
  request.addRealm(realm_).addNonce(nonce_);
  if (offered_.empty()) {
    request.addIntegrity(key_);
    return;
  }
  request.add(AttributeType::PasswordAlgorithms, offered_).addPasswordAlgorithm(algorithm_).addIntegritySha256(key_);
}

bool LongTermAuth::verify(const Message& response) const {
  // RFC 8489 s.9.2.4: a server that offered algorithms uses MESSAGE-INTEGRITY-SHA256, any other MESSAGE-INTEGRITY.
  return offered_.empty() ? response.checkIntegrity(key_) : response.checkIntegritySha256(key_);
}

std::string_view toString(LongTermAuth::Verdict verdict) {
  switch (verdict) {
    case LongTermAuth::Verdict::Retry: return "the server wants credentials";
    case LongTermAuth::Verdict::WrongCredentials: return "the server does not accept the credentials";
    case LongTermAuth::Verdict::Incomplete: return "the server's challenge has no realm or no nonce";
    case LongTermAuth::Verdict::BidDown:
      return "the server's challenge was tampered with: its password algorithms are missing";
    case LongTermAuth::Verdict::NoCommonAlgorithm: return "the server hashes passwords in ways that are not known here";
  }
  return "";
}

}  // namespace parley::stun
