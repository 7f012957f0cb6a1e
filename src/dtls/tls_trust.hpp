#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;

namespace parley::dtls {

/// Whom a TLS client believes: the authorities that may vouch for a server's certificate. Immutable, and shared by all
/// clients, also of several threads. The errors are sentences.
class TlsTrust {
 public:
  /// Those of the system: where OpenSSL was built to look for them (Debian: /etc/ssl/certs), or where the environment's
  /// SSL_CERT_FILE and SSL_CERT_DIR say. OpenSSL reads the files while it verifies.
  static base::Result<std::shared_ptr<const TlsTrust>, std::string> system();
  /// Only these: PEM certificates, one after the other. One that is no authority's vouches for itself alone.
  static base::Result<std::shared_ptr<const TlsTrust>, std::string> fromPem(std::string_view certificates);

  ~TlsTrust();
  TlsTrust(const TlsTrust&) = delete;
  TlsTrust& operator=(const TlsTrust&) = delete;

  /// For `TlsClient`.
  ssl_ctx_st* context() const { return context_; }

 private:
  explicit TlsTrust(ssl_ctx_st* context) : context_(context) {}

  ssl_ctx_st* context_;
};

}  // namespace parley::dtls
