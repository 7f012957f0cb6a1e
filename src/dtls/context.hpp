#pragma once

struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;
struct x509_store_ctx_st;

namespace parley::dtls {

/// What all endpoints of one certificate share: it is made once (0.1 to 0.2 ms and 12 KiB each) and never changed
/// after, so that several threads may use it. Null if OpenSSL refuses the certificate or the key.
ssl_ctx_st* newContext(x509_st* certificate, evp_pkey_st* key);

/// OpenSSL's question whether a certificate is good; `Endpoint` answers it. 1 for yes.
int verifyPeer(x509_store_ctx_st* store, void*);

}  // namespace parley::dtls
