#include "dtls/context.hpp"

#include <openssl/ssl.h>

namespace parley::dtls {

ssl_ctx_st* newContext(x509_st* certificate, evp_pkey_st* key) {
  SSL_CTX* context = SSL_CTX_new(DTLS_method());
  if (!context) return nullptr;
  const bool ok =
      SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1 &&
      // RFC 8827 s.6.5: DTLS 1.2 at least. No upper end, and OpenSSL's own groups: what it learns is used.
      SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
      // RFC 8827 s.6.5: forward secrecy, and AEAD before anything else. AES-128 first: it is the mandatory suite, and
      // the fastest where processors have AES. A client without AES puts ChaCha20 first, and a server follows it.
      SSL_CTX_set_cipher_list(context, "ECDHE+AES128+AESGCM:ECDHE+CHACHA20:ECDHE+AESGCM:ECDHE+AES") == 1;
  if (!ok) {
    SSL_CTX_free(context);
    return nullptr;
  }
  // RFC 8827 s.6.5 and RFC 8261 s.5: no renegotiation and no compression. Tickets and sessions would let a later
  // connection do without the certificate that the fingerprint is checked against.
  SSL_CTX_set_options(context,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // RFC 8122 s.6.2: both ends present a certificate, and no authority has to vouch for it.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verifyPeer, nullptr);
  return context;
}

}  // namespace parley::dtls
