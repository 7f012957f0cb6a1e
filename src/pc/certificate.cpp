#include <parley/certificate.hpp>
#include <parley/error.hpp>

#include "base/random.hpp"
#include "base/text.hpp"
#include "dtls/certificate.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace parley {

namespace {

dtls::KeyType keyType(const KeygenAlgorithm& algorithm) {
  const auto refuse = [](const std::string& what) { throw Error(ErrorName::NotSupportedError, what); };
  if (base::equalsIgnoringCase(algorithm.name, "ECDSA")) {
    if (algorithm.namedCurve != "P-256")
      refuse("the only curve for certificates is P-256, not " + algorithm.namedCurve);
    return dtls::KeyType::EcdsaP256;
  }
  if (base::equalsIgnoringCase(algorithm.name, "RSASSA-PKCS1-v1_5")) {
    if (algorithm.modulusLength != 2048) refuse("the only length of RSA keys is 2048 bits");
    if (algorithm.publicExponent != std::vector<std::uint8_t>{1, 0, 1}) refuse("the only RSA exponent is 65537");
    if (!base::equalsIgnoringCase(algorithm.hash, "SHA-256")) refuse("the only hash for RSA certificates is SHA-256");
    return dtls::KeyType::Rsa2048;
  }
  refuse("keys for certificates are ECDSA or RSASSA-PKCS1-v1_5, not " + algorithm.name);
  return {};
}

}  // namespace

Certificate Certificate::generate(const KeygenAlgorithm& algorithm, std::chrono::milliseconds sinceEpoch) {
  using namespace std::chrono_literals;
  const dtls::KeyType type = keyType(algorithm);
  // W3C s.4.9.1: "If expires is greater than 31536000000, set expires to 31536000000."
  const auto life = std::min<std::chrono::milliseconds>(algorithm.expires, 31'536'000'000ms);
  base::SystemRandom random;
  auto made = dtls::Certificate::generate(type, random, std::chrono::floor<std::chrono::seconds>(sinceEpoch),
                                          std::chrono::ceil<std::chrono::seconds>(life));
  if (!made) throw Error(ErrorName::OperationError, "no certificate could be made: " + made.error());
  return Certificate(*made, sinceEpoch + life);
}

std::int64_t Certificate::expires() const { return expires_.count(); }

std::vector<DtlsFingerprint> Certificate::getFingerprints() const {
  std::vector<DtlsFingerprint> fingerprints;
  for (const auto& fingerprint : certificate_->fingerprints()) {
    const std::string text = fingerprint.toString();  // "sha-256 AB:CD:…"
    const auto space = text.find(' ');
    DtlsFingerprint entry{text.substr(0, space), text.substr(space + 1)};
    // W3C: "in lowercase hex string", whatever RFC 8122 writes.
    std::transform(entry.value.begin(), entry.value.end(), entry.value.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    fingerprints.push_back(std::move(entry));
  }
  return fingerprints;
}

}  // namespace parley
