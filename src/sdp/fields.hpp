#pragma once

#include "base/text.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::sdp {

/// RFC 8866 s.9: token-char.
bool isTokenChar(char c);
/// RFC 8839 s.5.1: ice-char.
bool isIceChar(char c);
bool isDigit(char c);
bool isAlphaNumeric(char c);
/// VCHAR or a byte of UTF-8: what may stand in a word.
bool isVisible(char c);

using base::equalsIgnoringCase;

/// Reads the fields of one line, which one space separates. The first failure sticks: later reads return nothing, so
/// that a parser reads all its fields and asks `ok()` once. `what` names the field in the failure's reason. The text
/// must outlive the reader.
class Fields {
 public:
  explicit Fields(std::string_view text) : text_(text) {}

  /// Whether anything but trailing spaces is left.
  bool more() const { return ok() && text_.find_first_not_of(' ') != std::string_view::npos; }
  /// Up to the next space or the end.
  std::string_view word(std::string_view what);
  /// A word of the characters that `allowed` accepts.
  std::string_view word(std::string_view what, bool (*allowed)(char));
  std::string_view token(std::string_view what) { return word(what, isTokenChar); }
  /// Digits, leading zeros allowed.
  std::uint64_t number(std::string_view what, std::uint64_t most = UINT64_MAX);
  /// Digits without leading zeros.
  std::uint64_t integer(std::string_view what, std::uint64_t most = UINT64_MAX);
  /// Digits with an optional fraction; more than zero.
  double positiveReal(std::string_view what);
  std::uint16_t port(std::string_view what) { return static_cast<std::uint16_t>(number(what, 65535)); }
  std::uint8_t payloadType() { return static_cast<std::uint8_t>(integer("payload type", 127)); }
  /// Everything that is left, which must be something.
  std::string_view rest(std::string_view what);
  /// Like `rest`, but may be nothing.
  std::string_view optionalRest();
  /// Fails unless nothing is left.
  void end();

  void fail(std::string reason);
  bool ok() const { return reason_.empty(); }
  const std::string& reason() const { return reason_; }

 private:
  std::string_view text_;
  std::string reason_;
};

/// Up to `separator`, which is removed as well, or all of `text`.
std::string_view takeUntil(std::string_view& text, char separator);

/// `text` in quotes for a reason: shortened, unprintable bytes replaced.
std::string quoted(std::string_view text);
/// The same without quotes.
std::string printable(std::string_view text, std::size_t most = 80);

}  // namespace parley::sdp
