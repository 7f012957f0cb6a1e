#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::dtls {

/// The hash of a certificate, as `a=fingerprint` carries it (RFC 8122 s.5).
struct Fingerprint {
  std::string algorithm;            ///< lower case: "sha-256"
  std::vector<std::uint8_t> value;  ///< the hash's bytes

  /// "sha-256 AB:CD:…", in any case. Algorithms that are not known here are kept as they are; the length of a known one
  /// must be right. The error is a sentence.
  static base::Result<Fingerprint, std::string> parse(std::string_view text);
  /// RFC 8122 s.5: digits in upper case.
  std::string toString() const;

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

/// How much a hash is worth here: 0 for one that proves nothing (RFC 8122 s.5 forbids MD2 and MD5, RFC 8827 s.6.5 asks
/// for SHA-256 at least), more for a longer one.
int strength(std::string_view algorithm);

/// The fingerprints that decide about a certificate. RFC 8122 s.5: those of the most preferred hash function out of the
/// ones offered, and one of them has to match. Empty if none of them is strong enough.
std::vector<Fingerprint> decisive(const std::vector<Fingerprint>& offered);

}  // namespace parley::dtls
