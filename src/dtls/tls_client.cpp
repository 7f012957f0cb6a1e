#include "dtls/tls_client.hpp"

#include "base/log.hpp"
#include "dtls/openssl_error.hpp"

#include <parley/address.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::dtls {

void TlsClient::SslDeleter::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsClient::TlsClient(Config config, base::PacketPool& pool) : config_(std::move(config)), pool_(pool) {
  assert(config_.trust);
  port_.outbound = [this](base::Bytes bytes) { take(bytes); };
}

TlsClient::~TlsClient() = default;

bool TlsClient::setUp() {
  ssl_.reset(SSL_new(config_.trust->context()));
  BIO* bio = ssl_ ? newStreamBio(port_) : nullptr;
  if (!bio) return false;
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_connect_state(ssl_.get());
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(config_.wallClock.count()));
  if (IpAddress::parse(config_.serverName)) {
    // RFC 6066 s.3: no literal addresses in SNI.
    return X509_VERIFY_PARAM_set1_ip_asc(parameters, config_.serverName.c_str()) == 1;
  }
  // Certificates and SNI know names without the dot of the root (RFC 6066 s.3).
  std::string name = config_.serverName;
  if (!name.empty() && name.back() == '.') name.pop_back();
  // An empty name would be no check at all.
  if (name.empty()) return false;
  // RFC 6125 s.6.4.3: a wildcard is the whole leftmost label.
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1;
}

void TlsClient::start() {
  if (state_ != State::New) return;
  state_ = State::Connecting;
  ERR_clear_error();
  if (!setUp()) return end(State::Failed, Failed{"no TLS to \"" + config_.serverName + "\": " + lastOpenSslError()});
  shakeHands();
  flush();
}

void TlsClient::handle(base::Bytes bytes) {
  if (state_ != State::Connecting && state_ != State::Connected) return;
  port_.inbound = bytes;
  if (state_ == State::Connecting) shakeHands();
  if (state_ == State::Connected) read();
  port_.inbound = {};
  flush();
}

void TlsClient::shakeHands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    state_ = State::Connected;
    PARLEY_LOG(Debug, "tls", "connected to ", config_.serverName, " by ", version());
    flush();  // the Finished is ahead of what `Connected` leads to
    outbox_.event(Connected{});
    return;
  }
  if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) failByOpenSsl();
}

void TlsClient::read() {
  for (;;) {
    ERR_clear_error();
    Packet packet = pool_.make();
    const auto room = packet.append(packet.tailroom());
    const int size = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
    if (size > 0) {
      packet.truncate(static_cast<std::size_t>(size));
      outbox_.event(Received{std::move(packet)});
      continue;
    }
    switch (SSL_get_error(ssl_.get(), size)) {
      case SSL_ERROR_WANT_READ: return;
      case SSL_ERROR_ZERO_RETURN: SSL_shutdown(ssl_.get()); return end(State::Closed, Closed{});
      default: return failByOpenSsl();
    }
  }
}

bool TlsClient::send(base::Bytes plaintext) {
  if (state_ != State::Connected) return false;
  if (plaintext.empty()) return true;
  ERR_clear_error();
  // The BIO takes everything, so that it is all or an error.
  const int written = SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(plaintext.size()));
  if (written != static_cast<int>(plaintext.size())) failByOpenSsl();
  flush();
  return state_ == State::Connected;
}

void TlsClient::close() {
  if (state_ == State::Connected) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    flush();
  }
  if (state_ != State::Failed) state_ = State::Closed;
}

/// OpenSSL writes headers and flights in many small pieces: they are gathered into packets.
void TlsClient::take(base::Bytes bytes) {
  while (!bytes.empty()) {
    if (!outbound_) outbound_ = pool_.make();
    const auto part = bytes.first(std::min(bytes.size(), outbound_.tailroom()));
    outbound_.append(part);
    bytes = bytes.subspan(part.size());
    if (outbound_.tailroom() == 0) flush();
  }
}

void TlsClient::flush() {
  if (outbound_) outbox_.event(Transmit{std::exchange(outbound_, Packet())});
}

void TlsClient::end(State state, Output event) {
  flush();  // an alert that says why
  state_ = state;
  outbox_.event(std::move(event));
}

void TlsClient::failByOpenSsl() {
  const long verdict = SSL_get_verify_result(ssl_.get());
  end(State::Failed, Failed{verdict == X509_V_OK ? "TLS to \"" + config_.serverName + "\" failed: " + lastOpenSslError()
                                                 : "the certificate of \"" + config_.serverName +
                                                       "\" is refused: " + X509_verify_cert_error_string(verdict)});
}

std::string TlsClient::version() const {
  return state_ == State::Connected ? SSL_get_version(ssl_.get()) : std::string();
}

base::SecureStreamFactory tlsClients(std::shared_ptr<const TlsTrust> trust, Duration wallClockOffset) {
  return [trust = std::move(trust), wallClockOffset](std::string_view serverName, base::PacketPool& pool, Time now) {
    const auto wallClock = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch() + wallClockOffset);
    return std::make_unique<TlsClient>(TlsClient::Config{trust, std::string(serverName), wallClock}, pool);
  };
}

}  // namespace parley::dtls
