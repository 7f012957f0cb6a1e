#include "pc/ice_server_url.hpp"

#include <parley/address.hpp>
#include <parley/error.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

namespace parley::pc {

namespace {

[[noreturn]] void refuse(std::string_view url, std::string_view why) {
  throw Error(ErrorName::SyntaxError, "\"" + std::string(url) + "\" is no URL of an ICE server: " + std::string(why));
}

/// WHATWG URL, "basic URL parser", steps 1 and 3: no control characters and spaces around it, no tabs and newlines in
/// it.
std::string strip(std::string_view url) {
  const auto isC0OrSpace = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!url.empty() && isC0OrSpace(url.front())) url.remove_prefix(1);
  while (!url.empty() && isC0OrSpace(url.back())) url.remove_suffix(1);
  std::string text(url);
  std::erase_if(text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return text;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hexDigit(text[i + 1]) >= 0 && hexDigit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hexDigit(text[i + 1]) * 16 + hexDigit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

/// WHATWG URL, "IPv4 number parser": decimal, 0x hexadecimal or octal.
std::optional<std::uint64_t> ipv4Number(std::string_view text) {
  int base = 10;
  if (text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    text.remove_prefix(2);
    base = 16;
  } else if (text.size() >= 2 && text[0] == '0') {
    text.remove_prefix(1);
    base = 8;
  }
  if (text.empty()) return base == 10 ? std::nullopt : std::optional<std::uint64_t>(0);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

/// WHATWG URL, "ends in a number" and "IPv4 parser": the host as dotted quads if it is meant as an IPv4 address.
/// Throws if it is meant so and is none.
std::optional<std::string> ipv4Host(std::string_view url, std::string_view host) {
  auto parts = split(host, '.');
  if (parts.back().empty()) {
    if (parts.size() == 1) return std::nullopt;
    parts.pop_back();
  }
  const std::string_view last = parts.back();
  const bool digits =
      !last.empty() && std::all_of(last.begin(), last.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  const bool hexadecimal = last.size() >= 2 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X') && ipv4Number(last);
  if (!digits && !hexadecimal) return std::nullopt;
  if (parts.size() > 4) refuse(url, "an IPv4 address has four numbers at most");
  std::uint64_t address = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = ipv4Number(parts[i]);
    const bool isLast = i + 1 == parts.size();
    // The last number fills what the others leave: 1.2.3.4, 1.2.772, 16909060.
    const std::uint64_t limit = isLast ? std::uint64_t{1} << (8 * (5 - parts.size())) : 256;
    if (!number || *number >= limit) refuse(url, "the host looks like an IPv4 address and is none");
    address = isLast ? address + *number : address + (*number << (8 * (3 - i)));
  }
  return IpAddress::v4(static_cast<std::uint8_t>(address >> 24), static_cast<std::uint8_t>(address >> 16),
                       static_cast<std::uint8_t>(address >> 8), static_cast<std::uint8_t>(address))
      .toString();
}

/// WHATWG URL, "host parser". Names in other scripts are left as they are: the resolver knows or does not know them.
std::string parseHost(std::string_view url, std::string_view text) {
  if (text.empty()) refuse(url, "there is no host");
  if (text.front() == '[') {
    if (text.back() != ']') refuse(url, "the bracket is not closed");
    const auto ip = IpAddress::parse(text.substr(1, text.size() - 2));
    if (!ip || !ip->isV6()) refuse(url, "what is in brackets is no IPv6 address");
    return ip->toString();
  }
  std::string host = percentDecode(text);
  for (unsigned char c : host) {
    constexpr std::string_view forbidden = " #/:<>?@[\\]^|%";
    if (c < 0x20 || c == 0x7f || forbidden.find(static_cast<char>(c)) != std::string_view::npos)
      refuse(url, "the host has a character that no host has");
  }
  if (auto ip = ipv4Host(url, host)) return *ip;
  return host;
}

std::optional<IceServerUrl::Scheme> parseScheme(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  using enum IceServerUrl::Scheme;
  constexpr std::array<std::pair<std::string_view, IceServerUrl::Scheme>, 4> schemes = {
      {{"stun", Stun}, {"stuns", Stuns}, {"turn", Turn}, {"turns", Turns}}};
  for (const auto& [name, scheme] : schemes)
    if (name == lower) return scheme;
  return std::nullopt;
}

}  // namespace

IceServerUrl parseIceServerUrl(std::string_view url) {
  using enum IceServerUrl::Scheme;
  const std::string text = strip(url);
  std::string_view rest = text;
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos) refuse(url, "there is no scheme");
  const auto scheme = parseScheme(rest.substr(0, colon));
  if (!scheme) refuse(url, "the scheme is none of stun, stuns, turn, turns");
  rest.remove_prefix(colon + 1);
  if (rest.find('#') != std::string_view::npos) refuse(url, "it has a fragment");

  IceServerUrl result;
  result.scheme = *scheme;
  const bool turn = *scheme == Turn || *scheme == Turns;
  const bool secure = *scheme == Stuns || *scheme == Turns;
  bool tcp = secure;
  if (const auto question = rest.find('?'); question != std::string_view::npos) {
    const auto query = rest.substr(question + 1);
    if (!turn) refuse(url, "a STUN server has no query");
    if (query != "transport=udp" && query != "transport=tcp")
      refuse(url, "the query is neither transport=udp nor transport=tcp");
    tcp = query == "transport=tcp";
    rest = rest.substr(0, question);
  }
  if (rest.find_first_of("/@") != std::string_view::npos) refuse(url, "there is a path or a user name");

  using enum IceServerUrl::Transport;
  result.transport = secure ? (tcp ? Tls : Dtls) : (tcp ? Tcp : Udp);

  // RFC 7064 s.3.2, RFC 7065 s.3.2: 3478, and 5349 over TLS.
  result.port = secure ? 5349 : 3478;
  std::string_view host = rest;
  const auto bracket = rest.rfind(']');
  const auto portAt = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (portAt != std::string_view::npos) {
    host = rest.substr(0, portAt);
    const auto digits = rest.substr(portAt + 1);
    if (!std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      refuse(url, "the port is no number");
    if (!digits.empty()) {
      std::uint32_t port = 0;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
      if (error != std::errc{} || port > 65535) refuse(url, "the port is larger than 65535");
      result.port = static_cast<std::uint16_t>(port);
    }
  }
  result.host = parseHost(url, host);
  return result;
}

std::vector<IceServerUrl> validate(const IceServer& server) {
  if (server.urls.empty()) throw Error(ErrorName::SyntaxError, "an ICE server has no URL");
  std::vector<IceServerUrl> urls;
  for (const auto& url : server.urls) {
    urls.push_back(parseIceServerUrl(url));
    using enum IceServerUrl::Scheme;
    if (urls.back().scheme == Stun || urls.back().scheme == Stuns) continue;
    if (!server.username || !server.credential)
      throw Error(ErrorName::InvalidAccessError, "the TURN server \"" + url + "\" has no username or no credential");
    // RFC 8489 s.14.3: USERNAME has less than 509 bytes.
    if (server.username->size() > 508)
      throw Error(ErrorName::InvalidAccessError, "the username of \"" + url + "\" has more than 508 bytes");
  }
  return urls;
}

}  // namespace parley::pc
