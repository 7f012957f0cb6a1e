#pragma once

#include "base/result.hpp"
#include "sdp/description.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::sdp {

/// Chromium's richest media section takes 2.7 kB in 70 lines, and two each of audio and video 11 kB. 1024 sections at
/// half of that fit. A description at these limits takes some tens of megabytes as a tree.
inline constexpr std::size_t maxDescriptionBytes = 2 * 1024 * 1024;
inline constexpr std::size_t maxLines = 64 * 1024;
inline constexpr std::size_t maxMediaSections = 1024;

struct ParseError {
  std::size_t line = 0;  ///< From 1.
  std::string text;      ///< The line, shortened and with unprintable bytes replaced.
  std::string reason;    ///< For people: "the port number 70000 is larger than 65535".

  /// "line 7: the port … (m=audio 70000 …)"
  std::string toString() const;
  bool operator==(const ParseError&) const = default;
};

/// Strict as RFC 9429 s.5.8.1 and 5.8.2 ask, but for the leniencies that docs/sdp.md lists. Line ends are CRLF or LF.
/// Whether the description is fit for WebRTC is the question of `verify`.
base::Result<Description, ParseError> parse(std::string_view text);

}  // namespace parley::sdp
