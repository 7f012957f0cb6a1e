#pragma once

#include "base/secure_stream.hpp"

namespace parley::stun {

using base::SecureStream;
using base::SecureStreamFactory;

}  // namespace parley::stun
