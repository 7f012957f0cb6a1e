#pragma once

#include <parley/enums.hpp>
#include <parley/error.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace parley::pc {

/// Why a description or a candidate was refused: what the promise rejects with.
struct SessionError {
  ErrorName name;
  std::string message;
  /// Set for what is not SDP: it is an RTCError with the detail "sdp-syntax-error", and this is its sdpLineNumber.
  std::optional<std::size_t> sdpLineNumber = {};
};

inline SessionError wrongState(std::string_view what, SignalingState state) {
  return {ErrorName::InvalidStateError,
          std::string(what) + " is not possible in the signaling state \"" + std::string(toString(state)) + "\""};
}

}  // namespace parley::pc
