#pragma once

#include "base/bytes.hpp"
#include "stun/attribute.hpp"
#include "stun/message.hpp"
#include "stun/message_builder.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::stun {

/// The client's side of the long-term credential mechanism (RFC 8489 s.9.2) towards one server: what it learns from the
/// server's challenges, and how it signs requests and checks responses.
///
///               401                     438
///   no realm ──────► realm, nonce, key ─────► new nonce
class LongTermAuth {
 public:
  LongTermAuth(std::string username, std::string password);

  /// What a 401 or 438 means for the request that it answers.
  enum class Verdict : std::uint8_t {
    Retry,       ///< Again, with what the challenge taught.
    Ignore,      ///< Forged or of a server that cannot be trusted to mean it: as if it had not come (s.9.2.5).
    Refused,     ///< These credentials are wrong.
  };
  /// `signedRequest`: the request that was answered carried credentials.
  Verdict challenge(const Message& response, bool signedRequest);

  /// True once there was a challenge: requests are signed from then on.
  bool hasChallenge() const { return !nonce_.empty(); }
  /// The attributes of s.9.2.3.2, the integrity being the last; nothing without a challenge.
  void sign(MessageBuilder& request) const;
  /// Whether the response was made by someone who knows the password (s.9.2.5).
  bool verify(const Message& response) const;

 private:
  void deriveKey();

  std::string username_, password_;
  std::string realm_, nonce_;
  std::vector<PasswordAlgorithm> offered_;  ///< PASSWORD-ALGORITHMS, which go back as they came (against bid-down)
  PasswordAlgorithm algorithm_ = PasswordAlgorithm::Md5;
  bool sha256Integrity_ = false;  ///< MESSAGE-INTEGRITY-SHA256 takes the place of MESSAGE-INTEGRITY
  bool anonymous_ = false;        ///< USERHASH takes the place of USERNAME
  std::vector<std::uint8_t> key_;
};

}  // namespace parley::stun
