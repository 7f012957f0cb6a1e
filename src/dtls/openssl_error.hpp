#pragma once

#include <string>

namespace parley::dtls {

/// What OpenSSL says of the last call of this thread that failed, or of the alert that made it fail.
std::string lastOpenSslError();

}  // namespace parley::dtls
