#include "dtls/certificate.hpp"

#include "dtls/context.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace parley::dtls {
namespace {

template <auto free>
struct Free {
  template <class T>
  void operator()(T* p) const {
    free(p);
  }
};
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free_all>>;
using NumberPtr = std::unique_ptr<BIGNUM, Free<BN_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, Free<ASN1_TIME_free>>;

/// Clocks differ: the certificate is good from a day before its making.
constexpr std::chrono::seconds backdating = std::chrono::hours{24};

const EVP_MD* hashOf(std::string_view algorithm) {
  switch (strength(algorithm)) {
    case 1:
      return EVP_sha256();
    case 2:
      return EVP_sha384();
    case 3:
      return EVP_sha512();
    default:
      return nullptr;
  }
}

std::string textOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string{};
}

BioPtr bioOf(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// A key in a file that needs a passphrase is refused; OpenSSL would ask at the terminal.
int noPassphrase(char*, int, int, void*) { return -1; }

bool fill(X509* certificate, EVP_PKEY* key, base::Random& random, std::chrono::seconds now,
          std::chrono::seconds validity) {
  // RFC 5280 s.4.1.2.2: positive and at most 20 octets. 16 random ones, of which the first bit is clear.
  std::uint8_t serial[16];
  random.fill(serial);
  serial[0] &= 0x7f;
  serial[15] |= 1;
  NumberPtr number(BN_bin2bn(serial, sizeof serial, nullptr));
  const std::string name = random.text(16, "0123456789abcdef");
  X509_NAME* subject = X509_get_subject_name(certificate);
  return number && X509_set_version(certificate, X509_VERSION_3) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()),
                                    -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), (now - backdating).count()) &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), (now + validity).count()) &&
         X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
}

}  // namespace

Fingerprint fingerprintOf(base::Bytes der, std::string_view algorithm) {
  Fingerprint result{{}, {}};
  const EVP_MD* hash = hashOf(algorithm);
  if (!hash) return result;
  result.algorithm = "sha-" + std::to_string(EVP_MD_get_size(hash) * 8);
  result.value.resize(static_cast<std::size_t>(EVP_MD_get_size(hash)));
  if (EVP_Digest(der.data(), der.size(), result.value.data(), nullptr, hash, nullptr) != 1) return {};
  return result;
}

base::Result<std::shared_ptr<const Certificate>, std::string> Certificate::make(x509_st* certificate,
                                                                                evp_pkey_st* key) {
  std::shared_ptr<Certificate> result(new Certificate);
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return base::unexpected(std::string("the certificate cannot be encoded"));
  result->der_.assign(der, der + size);
  OPENSSL_free(der);

  TimePtr epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0, seconds = 0;
  if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), X509_get0_notAfter(certificate)) != 1)
    return base::unexpected(std::string("the certificate's end of validity is not a time"));
  result->expires_ = (std::int64_t{days} * 86400 + seconds) * 1000;

  result->context_ = newContext(certificate, key);
  if (!result->context_) return base::unexpected(std::string("the certificate and its key do not serve DTLS"));
  return result;
}

base::Result<std::shared_ptr<const Certificate>, std::string> Certificate::generate(KeyType type, base::Random& random,
                                                                                    std::chrono::seconds now,
                                                                                    std::chrono::seconds validity) {
  KeyPtr key(type == KeyType::EcdsaP256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048));
  if (!key) return base::unexpected(std::string("no key could be made"));
  X509Ptr certificate(X509_new());
  if (!certificate || !fill(certificate.get(), key.get(), random, now, validity))
    return base::unexpected(std::string("no certificate could be made"));
  return make(certificate.get(), key.get());
}

base::Result<std::shared_ptr<const Certificate>, std::string> Certificate::fromPem(std::string_view certificate,
                                                                                   std::string_view privateKey) {
  BioPtr certificateBio = bioOf(certificate), keyBio = bioOf(privateKey);
  X509Ptr x509(PEM_read_bio_X509(certificateBio.get(), nullptr, noPassphrase, nullptr));
  if (!x509) return base::unexpected(std::string("the certificate is not PEM"));
  KeyPtr key(PEM_read_bio_PrivateKey(keyBio.get(), nullptr, noPassphrase, nullptr));
  if (!key) return base::unexpected(std::string("the private key is not PEM, or it needs a passphrase"));
  if (X509_check_private_key(x509.get(), key.get()) != 1)
    return base::unexpected(std::string("the private key is not that of the certificate"));
  return make(x509.get(), key.get());
}

Certificate::~Certificate() { SSL_CTX_free(context_); }

Certificate::Pem Certificate::toPem() const {
  BioPtr certificate(BIO_new(BIO_s_mem())), key(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate.get(), SSL_CTX_get0_certificate(context_));
  PEM_write_bio_PrivateKey(key.get(), SSL_CTX_get0_privatekey(context_), nullptr, nullptr, 0, nullptr, nullptr);
  return {textOf(certificate.get()), textOf(key.get())};
}

Fingerprint Certificate::fingerprint(std::string_view algorithm) const { return fingerprintOf(der_, algorithm); }

}  // namespace parley::dtls
