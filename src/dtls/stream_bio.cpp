#include "dtls/stream_bio.hpp"

#include "dtls/bio_method.hpp"

#include <algorithm>
#include <cstring>

namespace parley::dtls {
namespace {

StreamPort& portOf(BIO* bio) { return *static_cast<StreamPort*>(BIO_get_data(bio)); }

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
  const std::size_t size = std::min(inbound.size(), static_cast<std::size_t>(room));
  std::memcpy(out, inbound.data(), size);
  inbound = inbound.subspan(size);
  return static_cast<int>(size);
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace

bio_st* newStreamBio(StreamPort& port) {
  // Never freed: streams of other threads may use it until the process ends.
  static BIO_METHOD* const method = makeBioMethod("parley stream", {write, read, control});
  return newBio(method, &port);
}

}  // namespace parley::dtls
