#include "sdp/fields.hpp"

#include <algorithm>
#include <charconv>

namespace parley::sdp {

bool isDigit(char c) { return c >= '0' && c <= '9'; }

bool isAlphaNumeric(char c) { return isDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool isTokenChar(char c) {
  return isAlphaNumeric(c) || (c != '\0' && std::string_view("!#$%&'*+-.^_`{|}~").find(c) != std::string_view::npos);
}

bool isIceChar(char c) { return isAlphaNumeric(c) || c == '+' || c == '/'; }

bool isVisible(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }

std::string_view takeUntil(std::string_view& text, char separator) {
  auto at = text.find(separator);
  auto head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return head;
}

std::string printable(std::string_view text, std::size_t most) {
  std::string out(text.substr(0, most));
  for (auto& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  if (text.size() > most) out += "...";
  return out;
}

std::string quoted(std::string_view text) { return '"' + printable(text, 40) + '"'; }

void Fields::fail(std::string reason) {
  if (!ok()) return;
  reason_ = std::move(reason);
  text_ = {};
}

std::string_view Fields::word(std::string_view what) { return word(what, isVisible); }

std::string_view Fields::word(std::string_view what, bool (*allowed)(char)) {
  auto found = takeUntil(text_, ' ');
  if (found.empty()) {
    fail("the " + std::string(what) + " is missing");
    return {};
  }
  auto bad = std::find_if_not(found.begin(), found.end(), allowed);
  if (bad != found.end()) {
    fail("the " + std::string(what) + ' ' + quoted(found) + " contains the character " + quoted({&*bad, 1}) +
         ", which is not allowed there");
    return {};
  }
  return found;
}

std::uint64_t Fields::number(std::string_view what, std::uint64_t most) {
  auto digits = word(what);
  if (!ok()) return 0;
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    fail("the " + std::string(what) + ' ' + quoted(digits) + " is not a number");
    return 0;
  }
  if (error == std::errc::result_out_of_range || value > most) {
    fail("the " + std::string(what) + ' ' + printable(digits, 40) + " is larger than " + std::to_string(most));
    return 0;
  }
  return value;
}

std::uint64_t Fields::integer(std::string_view what, std::uint64_t most) {
  bool zero = text_.size() > 1 && text_[0] == '0' && isDigit(text_[1]);
  auto value = number(what, most);
  if (zero) fail("the " + std::string(what) + " has a leading zero");
  return ok() ? value : 0;
}

double Fields::positiveReal(std::string_view what) {
  auto digits = word(what);
  if (!ok()) return 0;
  auto fraction = digits;
  auto whole = takeUntil(fraction, '.');
  auto allDigits = [](std::string_view s) { return !s.empty() && std::all_of(s.begin(), s.end(), isDigit); };
  // 15 digits are what a double holds exactly.
  if (!allDigits(whole) || (whole.size() < digits.size() && !allDigits(fraction)) || digits.size() > 16) {
    fail("the " + std::string(what) + ' ' + quoted(digits) + " is not a number");
    return 0;
  }
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  if (!(value > 0)) fail("the " + std::string(what) + " is zero");
  return value;
}

std::string_view Fields::rest(std::string_view what) {
  if (text_.empty()) fail("the " + std::string(what) + " is missing");
  return optionalRest();
}

std::string_view Fields::optionalRest() {
  auto all = text_;
  text_ = {};
  return all;
}

void Fields::end() {
  // Leniency: spaces at the end of a line. Pion writes them in rtcp-fb without parameters, older Chromium in
  // msid-semantic without streams.
  if (more()) fail("there is something left at the end: " + quoted(text_));
}

}  // namespace parley::sdp
