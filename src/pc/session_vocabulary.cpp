#include <parley/session_description.hpp>

#include <array>
#include <cstddef>

namespace parley {

namespace {

constexpr std::array<std::string_view, 4> sdpTypes = {"offer", "pranswer", "answer", "rollback"};
constexpr std::array<std::string_view, 6> signalingStates = {
    "stable", "have-local-offer", "have-remote-offer", "have-local-pranswer", "have-remote-pranswer", "closed"};

}  // namespace

std::string_view toString(SdpType type) { return sdpTypes[static_cast<std::size_t>(type)]; }

std::optional<SdpType> parseSdpType(std::string_view text) {
  for (std::size_t i = 0; i < sdpTypes.size(); ++i)
    if (sdpTypes[i] == text) return static_cast<SdpType>(i);
  return std::nullopt;
}

std::string_view toString(SignalingState state) { return signalingStates[static_cast<std::size_t>(state)]; }

}  // namespace parley
