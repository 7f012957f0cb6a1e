#include "dtls/datagram_bio.hpp"

#include "dtls/bio_method.hpp"

#include <algorithm>
#include <cstring>

namespace parley::dtls {
namespace {

DatagramPort& portOf(BIO* bio) { return *static_cast<DatagramPort*>(BIO_get_data(bio)); }

int write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  portOf(bio).outbound({reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)});
  return size;
}

int read(BIO* bio, char* out, int room) {
  BIO_clear_retry_flags(bio);
  base::Bytes& inbound = portOf(bio).inbound;
  if (inbound.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  // As with a socket, what does not fit is lost: a datagram is read once.
  const std::size_t size = std::min(inbound.size(), static_cast<std::size_t>(room));
  std::memcpy(out, inbound.data(), size);
  inbound = {};
  return static_cast<int>(size);
}

long control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_MTU:
    // OpenSSL would lower its MTU to this after three timeouts; ours holds on every path as it is.
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: return static_cast<long>(portOf(bio).mtu);
    // IPv6 and UDP headers. OpenSSL takes it off the least link MTU that it works with, 256; ours is the UDP payload.
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD: return 40 + 8;
    default: return 0;
  }
}

}  // namespace

bio_st* newDatagramBio(DatagramPort& port) {
  // Never freed: endpoints of other threads may use it until the process ends.
  static BIO_METHOD* const method = makeBioMethod("parley datagrams", {write, read, control});
  return newBio(method, &port);
}

}  // namespace parley::dtls
