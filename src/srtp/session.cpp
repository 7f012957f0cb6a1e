#include "srtp/session.hpp"

#include <srtp2/srtp.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

namespace parley::srtp {
namespace {

constexpr std::size_t rtpHeader = 12;
constexpr std::size_t rtcpHeader = 8;
/// RFC 3711 s.3.3.2 asks for 64 at least. At 2 000 packets a second, 1 024 are half a second of reordering.
constexpr unsigned long replayWindow = 1024;

/// libsrtp is set up once for the process and never torn down: its tables are static, and others may use it too.
bool libraryReady() {
  static const bool ready = srtp_init() == srtp_err_status_ok;
  return ready;
}

void setPolicies(Profile profile, srtp_policy_t& policy) {
  switch (profile) {
    case Profile::Aes128CmSha1_80:
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
      break;
    case Profile::Aes128CmSha1_32:
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
      break;
    case Profile::AeadAes128Gcm:
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
      break;
    case Profile::AeadAes256Gcm:
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
      break;
  }
}

bool isAligned(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer) % alignof(std::uint32_t) == 0; }

int callUnprotectRtp(srtp_t session, void* packet, int* size) { return srtp_unprotect(session, packet, size); }
int callUnprotectRtcp(srtp_t session, void* packet, int* size) { return srtp_unprotect_rtcp(session, packet, size); }

}  // namespace

void Session::End::operator()(srtp_ctx_t_* session) const { srtp_dealloc(session); }

Session::Session(Profile profile, base::Bytes key, base::Bytes salt, Direction direction) : profile_(profile) {
  assert(key.size() == keyLength(profile) && salt.size() == saltLength(profile));
  if (!libraryReady()) return;
  std::array<unsigned char, SRTP_MAX_KEY_LEN> master{};
  std::memcpy(master.data(), key.data(), key.size());
  std::memcpy(master.data() + key.size(), salt.data(), salt.size());
  srtp_policy_t policy{};
  setPolicies(profile, policy);
  policy.ssrc.type = direction == Direction::Send ? ssrc_any_outbound : ssrc_any_inbound;
  policy.key = master.data();
  policy.window_size = replayWindow;
  policy.allow_repeat_tx = 1;
  srtp_t session = nullptr;
  if (srtp_create(&session, &policy) == srtp_err_status_ok) session_.reset(session);
  // Not to be optimised away: it is read through a volatile pointer.
  volatile unsigned char* wiped = master.data();
  for (std::size_t i = 0; i < master.size(); ++i) wiped[i] = 0;
}

bool Session::knows(std::uint32_t ssrc) const {
  if (!sources_.empty() && ssrc == last_) return true;
  return std::binary_search(sources_.begin(), sources_.end(), ssrc);
}

void Session::remember(std::uint32_t ssrc) {
  if (!knows(ssrc)) sources_.insert(std::lower_bound(sources_.begin(), sources_.end(), ssrc), ssrc);
  last_ = ssrc;
}

void Session::forget(std::uint32_t ssrc) {
  const auto found = std::lower_bound(sources_.begin(), sources_.end(), ssrc);
  if (found == sources_.end() || *found != ssrc) return;
  // The one call of libsrtp that takes it as it is in a packet.
  std::array<std::uint8_t, 4> wire;
  base::store32(wire.data(), ssrc);
  std::uint32_t networkOrder;
  std::memcpy(&networkOrder, wire.data(), wire.size());
  srtp_remove_stream(session_.get(), networkOrder);
  sources_.erase(found);
  if (!sources_.empty()) last_ = sources_.front();
}

bool Session::refuse(Drop reason) {
  drops_.add(reason);
  return false;
}

bool Session::check(int status) {
  switch (status) {
    case srtp_err_status_ok:
      return true;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
      return refuse(Drop::Replayed);
    case srtp_err_status_key_expired:
      return refuse(Drop::Exhausted);
    case srtp_err_status_auth_fail:
    case srtp_err_status_cipher_fail:
      return refuse(Drop::NotAuthenticated);
    default:
      return refuse(Drop::Malformed);
  }
}

bool Sender::protectRtp(Packet& packet) {
  if (!session_ || packet.size() < rtpHeader) return refuse(Drop::Malformed);
  if (packet.tailroom() < rtpOverhead(profile_)) return refuse(Drop::NoRoom);
  const auto ssrc = base::load32(packet.data() + 8);
  if (!mayKnow(ssrc)) return refuse(Drop::TooManySources);
  const auto plain = packet.size();
  int size = static_cast<int>(plain);
  packet.append(rtpOverhead(profile_));
  if (!check(srtp_protect(session_.get(), packet.data(), &size))) {
    packet.truncate(plain);
    return false;
  }
  packet.truncate(static_cast<std::size_t>(size));
  remember(ssrc);
  return true;
}

bool Sender::protectRtcp(Packet& packet) {
  if (!session_ || packet.size() < rtcpHeader) return refuse(Drop::Malformed);
  if (packet.tailroom() < rtcpOverhead(profile_)) return refuse(Drop::NoRoom);
  const auto ssrc = base::load32(packet.data() + 4);
  if (!mayKnow(ssrc)) return refuse(Drop::TooManySources);
  const auto plain = packet.size();
  int size = static_cast<int>(plain);
  packet.append(rtcpOverhead(profile_));
  if (!check(srtp_protect_rtcp(session_.get(), packet.data(), &size))) {
    packet.truncate(plain);
    return false;
  }
  packet.truncate(static_cast<std::size_t>(size));
  remember(ssrc);
  return true;
}

std::optional<base::MutableBytes> Receiver::unprotectRtp(base::MutableBytes bytes) {
  if (bytes.size() < rtpHeader + rtpOverhead(profile_)) {
    refuse(Drop::Malformed);
    return std::nullopt;
  }
  return unprotect(bytes, base::load32(bytes.data() + 8), callUnprotectRtp);
}

std::optional<base::MutableBytes> Receiver::unprotectRtcp(base::MutableBytes bytes) {
  if (bytes.size() < rtcpHeader + rtcpOverhead(profile_)) {
    refuse(Drop::Malformed);
    return std::nullopt;
  }
  return unprotect(bytes, base::load32(bytes.data() + 4), callUnprotectRtcp);
}

std::optional<base::MutableBytes> Receiver::unprotect(base::MutableBytes bytes, std::uint32_t ssrc,
                                                      Unprotect function) {
  if (!session_) {
    refuse(Drop::Malformed);
    return std::nullopt;
  }
  if (!mayKnow(ssrc)) {
    refuse(Drop::TooManySources);
    return std::nullopt;
  }
  int size = static_cast<int>(bytes.size());
  if (isAligned(bytes.data())) {
    if (!check(function(session_.get(), bytes.data(), &size))) return std::nullopt;
  } else {
    aligned_.resize(std::max(aligned_.size(), bytes.size() / sizeof(std::uint32_t) + 1));
    std::memcpy(aligned_.data(), bytes.data(), bytes.size());
    if (!check(function(session_.get(), aligned_.data(), &size))) return std::nullopt;
    std::memcpy(bytes.data(), aligned_.data(), static_cast<std::size_t>(size));
  }
  remember(ssrc);
  return bytes.first(static_cast<std::size_t>(size));
}

}  // namespace parley::srtp
