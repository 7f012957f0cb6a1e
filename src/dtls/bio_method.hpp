#pragma once

#include <openssl/bio.h>

namespace parley::dtls {

/// What OpenSSL calls to move bytes.
struct BioFunctions {
  int (*write)(BIO*, const char* data, int size);
  int (*read)(BIO*, char* out, int room);
  long (*control)(BIO*, int command, long, void*);
};

/// A kind of BIO that has nothing to set up: its data is the port that it was made for. Null when out of memory.
inline BIO_METHOD* makeBioMethod(const char* name, const BioFunctions& functions) {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, name);
  if (!method) return nullptr;
  BIO_meth_set_write(method, functions.write);
  BIO_meth_set_read(method, functions.read);
  BIO_meth_set_ctrl(method, functions.control);
  BIO_meth_set_create(method, [](BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  });
  return method;
}

/// A BIO of that kind. Null when out of memory.
inline BIO* newBio(BIO_METHOD* method, void* port) {
  BIO* bio = method ? BIO_new(method) : nullptr;
  if (bio) BIO_set_data(bio, port);
  return bio;
}

}  // namespace parley::dtls
