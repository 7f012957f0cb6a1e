#pragma once

#include "dtls/tls_client.hpp"
#include "support/catch.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// \file
/// Authorities, certificates, and a TLS server that a plain OpenSSL program would be, all in memory.

namespace parley::dtls::test {

using namespace std::chrono_literals;

template <auto free>
struct Free {
  template <class T>
  void operator()(T* p) const {
    free(p);
  }
};

/// "Now" of these tests: 2027-01-15.
inline constexpr std::chrono::seconds wallClock{1'800'000'000};

/// A certificate with its key.
struct Identity {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;

  std::string pem() const {
    std::unique_ptr<BIO, Free<BIO_free_all>> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }
};

struct Request {
  std::string commonName = "someone";
  std::string alternativeNames = {};  ///< as OpenSSL writes them: "DNS:turn.example,IP:192.0.2.1"
  bool authority = false;
  std::chrono::seconds from = wallClock - 24h, to = wallClock + 24h;
};

/// Made by `issuer`, or by itself.
inline Identity makeIdentity(const Request& request, const Identity* issuer = nullptr) {
  Identity made{{X509_new(), X509_free}, {EVP_EC_gen("P-256"), EVP_PKEY_free}};
  X509* x509 = made.certificate.get();
  static long serial = 0;
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
  ASN1_TIME_set(X509_getm_notBefore(x509), request.from.count());
  ASN1_TIME_set(X509_getm_notAfter(x509), request.to.count());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(request.commonName.c_str()), -1, -1, 0);
  const Identity& by = issuer ? *issuer : made;
  X509_set_issuer_name(x509, X509_get_subject_name(by.certificate.get()));
  X509_set_pubkey(x509, made.key.get());
  const auto extend = [&](int nid, const std::string& value) {
    std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    REQUIRE(extension);
    X509_add_ext(x509, extension.get(), -1);
  };
  if (request.authority) extend(NID_basic_constraints, "critical,CA:TRUE");
  if (!request.alternativeNames.empty()) extend(NID_subject_alt_name, request.alternativeNames);
  REQUIRE(X509_sign(x509, by.key.get(), EVP_sha256()) > 0);
  return made;
}

/// The authority that these tests trust.
inline const Identity& authority() {
  static const Identity made = makeIdentity({"authority", {}, true});
  return made;
}

inline Identity issued(const std::string& alternativeNames) {
  return makeIdentity({"server", alternativeNames}, &authority());
}

inline std::shared_ptr<const TlsTrust> trustIn(const Identity& identity) {
  auto trust = TlsTrust::fromPem(identity.pem());
  REQUIRE(trust);
  return *trust;
}

class TlsServer {
 public:
  TlsServer(const Identity& identity, int version, const std::vector<Identity>& chain = {})
      : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    if (version < TLS1_2_VERSION) SSL_CTX_set_security_level(context_.get(), 0);
    REQUIRE(SSL_CTX_use_certificate(context_.get(), identity.certificate.get()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context_.get(), identity.key.get()) == 1);
    for (const auto& one : chain) REQUIRE(SSL_CTX_add1_chain_cert(context_.get(), one.certificate.get()) == 1);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), in_ = BIO_new(BIO_s_mem()), out_ = BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_accept_state(ssl_.get());
  }

  /// Takes bytes of the client; what it has to say is in `takeOutput`.
  void handle(base::Bytes bytes) {
    if (!bytes.empty()) BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    ERR_clear_error();
    if (!SSL_is_init_finished(ssl_.get())) {
      const int result = SSL_do_handshake(ssl_.get());
      if (result != 1 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_SSL) failed = true;
    }
    if (!SSL_is_init_finished(ssl_.get())) return;
    char buffer[4096];
    int size = 0;
    while ((size = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0)
      received.append(buffer, static_cast<std::size_t>(size));
    const int error = SSL_get_error(ssl_.get(), size);
    closed = error == SSL_ERROR_ZERO_RETURN;
    if (error == SSL_ERROR_SSL) failed = true;
  }
  void send(const std::string& text) {
    REQUIRE(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size()));
  }
  void close() { SSL_shutdown(ssl_.get()); }
  std::string takeOutput() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(out_, &data);
    std::string bytes(data, static_cast<std::size_t>(size));
    (void)BIO_reset(out_);
    return bytes;
  }
  bool connected() const { return SSL_is_init_finished(ssl_.get()); }
  std::string serverName() const {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name ? name : "";
  }

  std::string received;
  bool closed = false, failed = false;

 private:
  std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Free<SSL_free>> ssl_;
  BIO* in_;
  BIO* out_;
};

/// A client and a server, and the stream between them, which cuts what it carries into pieces.
struct TlsPair {
  TlsPair(const Identity& identity, const std::string& name,
          std::shared_ptr<const TlsTrust> trust = trustIn(authority()), int version = TLS1_3_VERSION,
          const std::vector<Identity>& chain = {}, std::chrono::seconds now = wallClock)
      : server(identity, version, chain), client({std::move(trust), name, now}, pool) {}

  /// What the client has said goes to the server. False if there was nothing.
  bool up() {
    std::string bytes;
    while (auto output = client.poll()) {
      if (auto* transmit = std::get_if<base::SecureStream::Transmit>(&*output)) {
        CHECK_FALSE(transmit->packet.empty());
        CHECK_FALSE(ended());
        bytes += base::asText(transmit->packet.bytes());
      } else if (auto* data = std::get_if<base::SecureStream::Received>(&*output)) {
        CHECK(connected);
        received += base::asText(data->packet.bytes());
      } else if (std::holds_alternative<base::SecureStream::Connected>(*output)) {
        CHECK_FALSE(connected);
        connected = true;
      } else if (auto* failure = std::get_if<base::SecureStream::Failed>(&*output)) {
        CHECK_FALSE(ended());
        failed = failure->reason;
      } else {
        CHECK_FALSE(ended());
        closed = true;
      }
    }
    sent += bytes.size();
    cut(bytes, [this](base::Bytes piece) { server.handle(piece); });
    return !bytes.empty();
  }
  /// What the server has said goes to the client.
  bool down() {
    const std::string bytes = server.takeOutput();
    cut(bytes, [this](base::Bytes piece) { client.handle(piece); });
    return !bytes.empty();
  }
  /// Until both have said everything. The number of times that the client heard something.
  int run() {
    int turns = 0;
    for (;;) {
      const bool spoke = up();
      const bool heard = down();
      turns += heard;
      if (!spoke && !heard) return turns;
      REQUIRE(turns < 100);
    }
  }
  bool ended() const { return closed || !failed.empty(); }

  base::PacketPool pool;
  TlsServer server;
  TlsClient client;
  std::size_t pieces = 100'000;
  bool connected = false, closed = false;
  std::string failed, received;
  std::size_t sent = 0;

 private:
  template <class Take>
  void cut(const std::string& bytes, Take take) {
    base::Bytes rest = base::asBytes(bytes);
    while (!rest.empty()) {
      const auto piece = rest.first(std::min(pieces, rest.size()));
      take(piece);
      rest = rest.subspan(piece.size());
    }
  }
};

}  // namespace parley::dtls::test
