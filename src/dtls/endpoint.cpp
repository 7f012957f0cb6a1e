#include "dtls/endpoint.hpp"

#include "base/log.hpp"
#include "dtls/context.hpp"
#include "dtls/openssl_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cassert>

namespace parley::dtls {
namespace {

using namespace std::chrono_literals;

/// Below a round trip nothing can have answered; 100 ms where it is short or unknown, as a peer on a small processor
/// needs tens of milliseconds for its keys.
constexpr Duration shortestInterval = 100ms;
constexpr Duration longestInterval = 60s;  // RFC 6347 s.4.2.4.1

/// What is held before `start`: a ClientHello of two fragments and its retransmissions.
constexpr std::size_t holdDatagrams = 8, holdBytes = 16384;

/// OpenSSL's two record buffers go after this long without traffic: 18 of an endpoint's 59 KiB (OpenSSL 3.0).
constexpr Duration idle = 5s;

constexpr std::size_t smallestMtu = 256;  // OpenSSL refuses less than 208, and `aeadExpansion` goes off

/// OpenSSL (3.0) fills datagrams of the handshake to the MTU without counting what AEAD adds to an encrypted record:
/// nonce 8 and tag 16 (RFC 5288 s.3).
constexpr std::size_t aeadExpansion = 24;
/// Other ciphers may do without a nonce on the wire (RFC 7905 s.2).
constexpr std::size_t tag = 16;

/// The least that an encrypted record is longer than what is in it.
std::size_t leastExpansion(const SSL* ssl) {
  const int number = SSL_CIPHER_get_cipher_nid(SSL_get_current_cipher(ssl));
  return number == NID_aes_128_gcm || number == NID_aes_256_gcm ? aeadExpansion : tag;
}

// RFC 6347 s.4.1: type, version, epoch, sequence number, length.
constexpr std::size_t recordHeader = 13;
constexpr std::uint8_t applicationData = 23;

enum class Framing { Records, NotDtls, Forged };

/// What OpenSSL would drop without a word, or, worse, take for a fatal error.
Framing framingOf(base::Bytes datagram, std::size_t expansion) {
  if (datagram.empty()) return Framing::NotDtls;
  while (!datagram.empty()) {
    const std::uint8_t type = datagram[0];
    if (type < 20 || type > 63) return Framing::NotDtls;  // RFC 7983 s.7
    if (type >= 32) return Framing::Records;              // RFC 9147 s.4: the unified header of DTLS 1.3
    if (datagram.size() < recordHeader || datagram[1] != 0xfe) return Framing::NotDtls;
    const std::size_t size = recordHeader + base::load16(&datagram[11]);
    if (size > datagram.size()) return Framing::NotDtls;
    const bool inTheClear = base::load16(&datagram[3]) == 0;
    // Application data in the clear is nobody's; OpenSSL would end the handshake over it.
    if (type == applicationData && inTheClear) return Framing::Forged;
    // RFC 6347 s.4.1.2.7 has it dropped; OpenSSL 3.0.19 would end the association over a record without room for a tag.
    if (!inTheClear && size < recordHeader + expansion) return Framing::Forged;
    datagram = datagram.subspan(size);
  }
  return Framing::Records;
}

std::string profileList(const std::vector<SrtpProfile>& profiles) {
  std::string list;
  for (SrtpProfile profile : profiles) {
    if (!list.empty()) list += ':';
    // OpenSSL leaves the HMAC out of RFC 5764's name.
    list += profile == SrtpProfile::Aes128CmSha1_80 ? "SRTP_AES128_CM_SHA1_80" : name(profile);
  }
  return list;
}

}  // namespace

struct EndpointCallbacks {
  static Endpoint& of(const SSL* ssl) { return *static_cast<Endpoint*>(SSL_get_app_data(ssl)); }

  /// Microseconds until OpenSSL's timer expires; `previous` is zero when it starts for a new flight. See `Flight`.
  static unsigned timer(SSL* ssl, unsigned previous) {
    constexpr unsigned atOnce = 1, practicallyNever = ~0u;  // 71 minutes
    Flight& flight = of(ssl).flight_;
    if (previous == 0) {
      flight.begin();
      return atOnce;
    }
    return flight.beginCopy() ? atOnce : practicallyNever;
  }

  static void information(const SSL* ssl, int where, int value) {
    if (!(where & SSL_CB_ALERT)) return;
    const auto alert = static_cast<std::uint8_t>(value & 0xff);  // above it: the level
    if (alert == SSL3_AD_CLOSE_NOTIFY) return;
    ((where & SSL_CB_READ) ? of(ssl).receivedAlert_ : of(ssl).sentAlert_) = alert;
  }

  static bool acceptPeer(const SSL* ssl, base::Bytes der) { return of(ssl).acceptPeer(der); }
};

int verifyPeer(x509_store_ctx_st* store, void*) {
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  unsigned char* der = nullptr;
  const int size = i2d_X509(X509_STORE_CTX_get0_cert(store), &der);
  const bool ok = size > 0 && EndpointCallbacks::acceptPeer(ssl, {der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  // RFC 8122 s.6.2: a certificate that does not match ends the handshake, with a bad_certificate alert.
  X509_STORE_CTX_set_error(store, ok ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return ok ? 1 : 0;
}

void Endpoint::SslDeleter::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Endpoint::Endpoint(Config config, base::PacketPool& pool) : config_(std::move(config)), pool_(pool) {
  assert(config_.certificate);
  config_.mtu = std::clamp(config_.mtu, smallestMtu, base::packetCapacity);
  port_.mtu = config_.mtu;
  port_.outbound = [this](base::Bytes datagram) { transmit(datagram); };
}

Endpoint::~Endpoint() = default;

void Endpoint::start(Role role, const std::vector<Fingerprint>& remote, Duration roundTrip, Time now) {
  if (state_ != State::New) return;
  state_ = State::Connecting;
  role_ = role;
  roundTrip_ = roundTrip;
  remote_ = decisive(remote);
  auto held = std::exchange(held_, {});
  if (remote_.empty())
    return end(State::Failed, Failed{"none of the peer's fingerprints is by SHA-256, SHA-384 or SHA-512"});
  if (std::string error = setUp(role); !error.empty()) return end(State::Failed, Failed{std::move(error)});

  if (role == Role::Client) {
    // Only a client speaks first: what came before is from nobody who expects us to be one.
    stats_.drops.add(Drop::TooEarly, held.size());
    shakeHands(now);
  } else {
    for (const auto& datagram : held) feed(datagram, now);
  }
}

std::string Endpoint::setUp(Role role) {
  ERR_clear_error();
  ssl_.reset(SSL_new(config_.certificate->context()));
  BIO* bio = ssl_ ? newDatagramBio(port_) : nullptr;
  if (!bio) return "OpenSSL: " + lastOpenSslError();
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_info_callback(ssl_.get(), EndpointCallbacks::information);
  DTLS_set_timer_cb(ssl_.get(), EndpointCallbacks::timer);
  SSL_set_mtu(ssl_.get(), static_cast<long>(config_.mtu - aeadExpansion));
  // The write buffer need not hold a record of 16 KiB when datagrams are of 1.2 (512 is the least that OpenSSL takes).
  SSL_set_max_send_fragment(ssl_.get(), static_cast<long>(std::max<std::size_t>(512, config_.mtu)));
  // RFC 9143 s.11: offered for data alone too, as media may join the association later. 0 is success.
  if (SSL_set_tlsext_use_srtp(ssl_.get(), profileList(config_.srtpProfiles).c_str()) != 0)
    return "OpenSSL: " + lastOpenSslError();
  role == Role::Client ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
  return {};
}

void Endpoint::setRoundTripTime(Duration roundTrip) { roundTrip_ = roundTrip; }

void Endpoint::handle(base::Bytes datagram, Time now) {
  ++stats_.datagramsReceived;
  stats_.bytesReceived += datagram.size();
  if (state_ == State::Closed || state_ == State::Failed) return stats_.drops.add(Drop::NotConnected);
  switch (framingOf(datagram, expansion_)) {
    case Framing::NotDtls: return stats_.drops.add(Drop::NotDtls);
    case Framing::Forged: return stats_.drops.add(Drop::Rejected);
    case Framing::Records: break;
  }
  if (state_ != State::New) return feed(datagram, now);
  if (held_.size() >= holdDatagrams || heldBytes_ + datagram.size() > holdBytes)
    return stats_.drops.add(Drop::TooEarly);
  heldBytes_ += datagram.size();
  held_.emplace_back(datagram.begin(), datagram.end());
}

void Endpoint::feed(base::Bytes datagram, Time now) {
  if (!ssl_) return stats_.drops.add(Drop::NotConnected);
  port_.inbound = datagram;
  if (state_ == State::Connecting) {
    shakeHands(now);
  } else {
    wantBuffers(now);
    const std::size_t before = outbox_.size() + outbox_.dropped() + stats_.drops.total();
    read();
    // It gave no data, called for no answer and ended nothing.
    if (before == outbox_.size() + outbox_.dropped() + stats_.drops.total()) stats_.drops.add(Drop::Rejected);
  }
  port_.inbound = {};
}

void Endpoint::shakeHands(Time now) {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  flight_.endCopies();
  if (result == 1) return becomeConnected(now);
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      if (flight_.takeFresh()) startFlight(now);
      return;
    case SSL_ERROR_ZERO_RETURN: return end(State::Closed, Closed{});
    default: return failByOpenSsl("the DTLS handshake failed: ");
  }
}

void Endpoint::startFlight(Time now) {
  interval_ = std::clamp(2 * roundTrip_, shortestInterval, longestInterval);
  timers_.set(Timer::Retransmit, now + interval_);
}

void Endpoint::repeatFlight(Time now) {
  const auto datagrams = flight_.next();
  if (datagrams.empty()) return end(State::Failed, Failed{"the DTLS handshake failed: the peer no longer answers"});
  for (const auto& datagram : datagrams) transmit(datagram);
  ++stats_.retransmissions;
  interval_ = std::min(2 * interval_, longestInterval);
  timers_.set(Timer::Retransmit, now + interval_);
}

void Endpoint::becomeConnected(Time now) {
  SSL* ssl = ssl_.get();
  timers_.stop(Timer::Retransmit);
  flight_.clear();
  state_ = State::Connected;
  SSL_set_mtu(ssl, static_cast<long>(config_.mtu));
  expansion_ = leastExpansion(ssl);
  maxPayload_ = std::min(DTLS_get_data_mtu(ssl), base::packetCapacity);
  Connected report;
  report.version = SSL_get_version(ssl);
  report.wireVersion = static_cast<std::uint16_t>(SSL_version(ssl));
  report.cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl));
  if (const int group = static_cast<int>(SSL_get_negotiated_group(ssl)); group != 0)
    if (const char* groupName = SSL_group_to_name(ssl, group)) report.group = groupName;
  if (const auto* profile = SSL_get_selected_srtp_profile(ssl))
    report.srtpProfile = static_cast<SrtpProfile>(profile->id);
  PARLEY_LOG(Info, "dtls", "connected: ", report.version, ", ", report.cipher, ", ", report.group);
  negotiated_ = report;
  outbox_.event(std::move(report));
  wantBuffers(now);
  // Application data may follow in the same datagram, or may have overtaken the Finished.
  read();
}

void Endpoint::read() {
  while (state_ == State::Connected) {
    Packet packet = pool_.make();
    auto room = packet.append(base::packetCapacity);
    std::size_t size = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), room.data(), room.size(), &size);
    if (result == 1) {
      if (SSL_pending(ssl_.get()) > 0) {
        while (SSL_pending(ssl_.get()) > 0 && SSL_read_ex(ssl_.get(), room.data(), room.size(), &size) == 1) continue;
        stats_.drops.add(Drop::TooLarge);
        continue;
      }
      packet.truncate(size);
      outbox_.packet(Received{std::move(packet)});
      continue;
    }
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ: return;
      case SSL_ERROR_ZERO_RETURN:
        SSL_shutdown(ssl_.get());  // RFC 5246 s.7.2.1: close_notify is answered
        return end(State::Closed, Closed{});
      default: return failByOpenSsl("the DTLS association failed: ");
    }
  }
}

bool Endpoint::send(base::Bytes plaintext, Time now) {
  if (state_ != State::Connected || plaintext.empty() || plaintext.size() > maxPayload_) return false;
  wantBuffers(now);
  ERR_clear_error();
  std::size_t written = 0;
  const std::uint64_t dropped = outbox_.dropped();
  return SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) == 1 && outbox_.dropped() == dropped;
}

void Endpoint::close(Time now) {
  if (state_ == State::Closed || state_ == State::Failed) return;
  if (state_ == State::Connected) {
    wantBuffers(now);
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  end(State::Closed, Closed{});
}

void Endpoint::advance(Time now) {
  if (timers_.expired(Timer::Retransmit, now)) repeatFlight(now);
  if (timers_.expired(Timer::ReleaseBuffers, now)) {
    if (std::exchange(buffersUsed_, false) || SSL_free_buffers(ssl_.get()) != 1)
      timers_.set(Timer::ReleaseBuffers, now + idle);
  }
}

void Endpoint::wantBuffers(Time now) {
  buffersUsed_ = true;
  if (timers_.running(Timer::ReleaseBuffers)) return;
  // Reading would make them when needed, writing would not.
  SSL_alloc_buffers(ssl_.get());
  timers_.set(Timer::ReleaseBuffers, now + idle);
}

void Endpoint::end(State state, Output event) {
  state_ = state;
  timers_.stopAll();
  flight_.clear();
  held_.clear();
  maxPayload_ = 0;
  ssl_.reset();
  if (const auto* failed = std::get_if<Failed>(&event)) PARLEY_LOG(Warning, "dtls", failed->reason);
  outbox_.event(std::move(event));
}

void Endpoint::failByOpenSsl(std::string_view what) {
  std::string reason = refusal_.empty() ? lastOpenSslError() : refusal_;
  ERR_clear_error();
  end(State::Failed, Failed{std::string(what) + reason, !refusal_.empty(), receivedAlert_, sentAlert_});
}

void Endpoint::transmit(base::Bytes datagram) {
  if (flight_.copying()) return flight_.add(datagram);
  assert(datagram.size() <= base::packetCapacity);
  if (!outbox_.packet(Transmit{pool_.make(datagram)})) return;
  ++stats_.datagramsSent;
  stats_.bytesSent += datagram.size();
}

bool Endpoint::acceptPeer(base::Bytes der) {
  const Fingerprint actual = fingerprintOf(der, remote_.front().algorithm);
  if (std::find(remote_.begin(), remote_.end(), actual) == remote_.end()) {
    refusal_ = "the peer's certificate is not the one that signalling promised: it is " + actual.toString();
    return false;
  }
  remoteCertificate_.assign(der.begin(), der.end());
  return true;
}

std::optional<SrtpKeys> Endpoint::srtpKeys() const {
  if (state_ != State::Connected || !negotiated_->srtpProfile) return std::nullopt;
  const SrtpProfile profile = *negotiated_->srtpProfile;
  const std::size_t key = keyLength(profile), salt = saltLength(profile);
  std::vector<std::uint8_t> material(2 * (key + salt));
  constexpr std::string_view label = "EXTRACTOR-dtls_srtp";
  if (SSL_export_keying_material(ssl_.get(), material.data(), material.size(), label.data(), label.size(), nullptr, 0,
                                 0) != 1)
    return std::nullopt;
  // RFC 5764 s.4.2: client's key, server's key, client's salt, server's salt.
  auto at = material.begin();
  auto take = [&at](std::size_t n) {
    std::vector<std::uint8_t> part(at, at + static_cast<std::ptrdiff_t>(n));
    at += static_cast<std::ptrdiff_t>(n);
    return part;
  };
  SrtpKeys keys{profile, take(key), {}, {}, {}};
  keys.remoteKey = take(key);
  keys.localSalt = take(salt);
  keys.remoteSalt = take(salt);
  if (role_ == Role::Server) {
    std::swap(keys.localKey, keys.remoteKey);
    std::swap(keys.localSalt, keys.remoteSalt);
  }
  return keys;
}

}  // namespace parley::dtls
