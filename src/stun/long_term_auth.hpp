#pragma once

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
///                      401                             438
///   (no challenge yet) ────► realm, nonce, algorithm ◄────► new nonce
class LongTermAuth {
 public:
  /// Both as RFC 8265's OpaqueString leaves them; it does not change printable ASCII.
  LongTermAuth(std::string username, std::string password);

  /// What a challenge means for the request that it answers.
  enum class Verdict : std::uint8_t {
    Retry,              ///< Again, signed with what the challenge taught.
    WrongCredentials,   ///< The same were refused already: never again (s.9.2.5).
    Incomplete,         ///< It has no realm or no nonce.
    BidDown,            ///< Someone on the way took the better algorithms out of it (s.9.2.1).
    NoCommonAlgorithm,  ///< The server hashes passwords in ways that we do not know.
  };
  /// `response` is a 401 or 438, `wasSigned` whether the request carried credentials.
  Verdict challenge(const Message& response, bool wasSigned);

  /// There was a challenge: requests are signed from then on.
  bool isChallenged() const { return !nonce_.empty(); }
  /// Adds the attributes of s.9.2.3.2, the integrity being the last; nothing before a challenge.
  void sign(MessageBuilder& request) const;
  /// Whether the response to a signed request was made by someone who knows the password (s.9.2.5).
  bool verify(const Message& response) const;

 private:
  std::string username_, password_;
  std::string realm_, nonce_;
  /// The value of PASSWORD-ALGORITHMS, which goes back as it came. If there is one, MESSAGE-INTEGRITY-SHA256 takes the
  /// place of MESSAGE-INTEGRITY.
  std::vector<std::uint8_t> offered_;
  PasswordAlgorithm algorithm_ = PasswordAlgorithm::Md5;
  bool anonymous_ = false;  ///< USERHASH takes the place of USERNAME.
  std::vector<std::uint8_t> key_;
};

std::string_view toString(LongTermAuth::Verdict verdict);

}  // namespace parley::stun
