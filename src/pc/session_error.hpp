#pragma once

#include <parley/error.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace parley::pc {

/// Why a description or a candidate was refused: what the promise rejects with.
struct SessionError {
  ErrorName name;
  std::string message;
  /// Set for what is not SDP: it is an RTCError with the detail "sdp-syntax-error", and this is its sdpLineNumber.
  std::optional<std::size_t> sdpLineNumber = {};
};

}  // namespace parley::pc
