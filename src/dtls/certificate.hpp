#pragma once

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "dtls/fingerprint.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;

namespace parley::dtls {

enum class KeyType { EcdsaP256, Rsa2048 };

/// A certificate with its private key, and the `SSL_CTX` that all its endpoints share. Immutable, so that connections
/// in several threads may share one.
class Certificate {
 public:
  struct Pem {
    std::string certificate;
    std::string privateKey;
  };

  /// Thirty days, as browsers do (W3C WebRTC s.4.9.1: "a default of 30 days").
  static constexpr std::chrono::seconds defaultValidity = std::chrono::hours{24 * 30};

  /// A new key with a self-signed certificate that says nothing about its owner: subject and serial number are drawn
  /// from `random` (the key's bits come from OpenSSL). `now` is wall-clock time since 1970. The error is a sentence.
  static base::Result<std::shared_ptr<const Certificate>, std::string> generate(
      KeyType type, base::Random& random, std::chrono::seconds now, std::chrono::seconds validity = defaultValidity);
  /// The error is a sentence: what does not parse, or that the key is not the certificate's.
  static base::Result<std::shared_ptr<const Certificate>, std::string> fromPem(std::string_view certificate,
                                                                               std::string_view privateKey);
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  Pem toPem() const;
  const std::vector<std::uint8_t>& der() const { return der_; }
  /// By "sha-256", "sha-384" or "sha-512", in any case; for another name the value is empty.
  Fingerprint fingerprint(std::string_view algorithm = "sha-256") const;
  /// One: sha-256, which every peer knows.
  std::vector<Fingerprint> fingerprints() const { return {fingerprint()}; }
  /// Wall-clock milliseconds since 1970, as RTCCertificate.expires.
  std::int64_t expires() const { return expires_; }

  /// For `Endpoint`.
  ssl_ctx_st* context() const { return context_; }

 private:
  Certificate() = default;
  static base::Result<std::shared_ptr<const Certificate>, std::string> make(x509_st* certificate, evp_pkey_st* key);

  ssl_ctx_st* context_ = nullptr;
  std::vector<std::uint8_t> der_;
  std::int64_t expires_ = 0;
};

/// The hash of a DER certificate, empty for an algorithm that is not known.
Fingerprint fingerprintOf(base::Bytes der, std::string_view algorithm);

}  // namespace parley::dtls
