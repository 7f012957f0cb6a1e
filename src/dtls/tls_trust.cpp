#include "dtls/tls_trust.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace parley::dtls {
namespace {

using Trust = base::Result<std::shared_ptr<const TlsTrust>, std::string>;

SSL_CTX* newClientContext() {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (!context) return nullptr;
  const bool ok =
      // RFC 9325 s.3.1.1: TLS 1.2 at least, TLS 1.3 where the server knows it.
      SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
      // RFC 9325 s.4.2: forward secrecy and AEAD. The suites with DHE are there for RFC 8489 s.6.2.3, which makes one
      // of them mandatory.
      SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM") == 1;
  if (!ok) {
    SSL_CTX_free(context);
    return nullptr;
  }
  // RFC 8489 s.6.2.3: no compression. A connection lasts as long as its allocation: nothing is ever resumed.
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // Two buffers of 16 KiB, which an idle connection can do without.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return context;
}

}  // namespace

Trust TlsTrust::system() {
  std::shared_ptr<const TlsTrust> trust(new TlsTrust(newClientContext()));
  if (!trust->context_) return base::unexpected(std::string("OpenSSL refuses to make a context for TLS"));
  if (SSL_CTX_set_default_verify_paths(trust->context_) != 1)
    return base::unexpected(std::string("the system's trusted certificates cannot be read"));
  return trust;
}

Trust TlsTrust::fromPem(std::string_view certificates) {
  std::shared_ptr<const TlsTrust> trust(new TlsTrust(newClientContext()));
  if (!trust->context_) return base::unexpected(std::string("OpenSSL refuses to make a context for TLS"));
  X509_STORE* store = SSL_CTX_get_cert_store(trust->context_);
  // An anchor need not be a root: whoever gives it says that it is to be believed.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(trust->context_), X509_V_FLAG_PARTIAL_CHAIN);
  ERR_clear_error();
  BIO* bio = BIO_new_mem_buf(certificates.data(), static_cast<int>(certificates.size()));
  int count = 0;
  bool ok = bio != nullptr;
  while (X509* certificate = ok ? PEM_read_bio_X509(bio, nullptr, nullptr, nullptr) : nullptr) {
    ok = X509_STORE_add_cert(store, certificate) == 1;
    X509_free(certificate);
    ++count;
  }
  BIO_free_all(bio);
  // Reading ends with "no start line", after the last certificate; anything else is a damaged one.
  const unsigned long error = ERR_peek_last_error();
  ok = ok && ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!ok) return base::unexpected(std::string("a trusted certificate is damaged"));
  if (count == 0) return base::unexpected(std::string("there is no PEM certificate among those to be trusted"));
  return trust;
}

TlsTrust::~TlsTrust() { SSL_CTX_free(context_); }

}  // namespace parley::dtls
