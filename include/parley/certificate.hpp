#pragma once

#include <parley/export.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace parley {

namespace dtls {
class Certificate;
}

/// RTCDtlsFingerprint.
struct DtlsFingerprint {
  std::string algorithm;  ///< "sha-256".
  std::string value;      ///< Lower-case hex pairs with colons.

  bool operator==(const DtlsFingerprint&) const = default;
};

/// What WebCrypto's AlgorithmIdentifier says about the key, with the W3C's `expires`. A binding passes on the names that
/// it was given; one that is not supported is a NotSupportedError.
struct KeygenAlgorithm {
  /// "ECDSA" or "RSASSA-PKCS1-v1_5", in any case.
  std::string name = "ECDSA";
  /// ECDSA: "P-256".
  std::string namedCurve = "P-256";
  /// RSA: 2048 to 8192 bits.
  std::uint32_t modulusLength = 2048;
  /// RSA, big-endian: 65537, the only one.
  std::vector<std::uint8_t> publicExponent = {1, 0, 1};
  /// RSA: "SHA-256".
  std::string hash = "SHA-256";
  /// The certificate's life. W3C: 30 days if not said; more than 365 days become 365 days.
  std::chrono::milliseconds expires = std::chrono::hours(30 * 24);
};

/// RTCCertificate: a key and its self-signed X.509 certificate, shared by all copies of this handle. Giving one to
/// several connections saves its generation and the memory of its TLS context (and lets peers see that it is the same).
class PARLEY_API Certificate {
 public:
  /// What `PeerConnection::generateCertificate` does, at once, for a caller who knows the time. Any thread.
  /// Throws NotSupportedError or OperationError.
  static Certificate generate(const KeygenAlgorithm& algorithm, std::chrono::milliseconds sinceEpoch);

  /// Milliseconds since 1970-01-01T00:00:00Z.
  std::int64_t expires() const;
  /// One for each hash that descriptions carry; the signature's hash, sha-256, first.
  std::vector<DtlsFingerprint> getFingerprints() const;

  bool operator==(const Certificate&) const = default;

  /// The library's own way in; not for applications.
  explicit Certificate(std::shared_ptr<const dtls::Certificate> certificate, std::chrono::milliseconds expires)
      : certificate_(std::move(certificate)), expires_(expires) {}
  const std::shared_ptr<const dtls::Certificate>& shared() const { return certificate_; }

 private:
  std::shared_ptr<const dtls::Certificate> certificate_;
  std::chrono::milliseconds expires_;
};

}  // namespace parley
