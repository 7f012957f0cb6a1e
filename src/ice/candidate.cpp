#include "ice/candidate.hpp"

#include <algorithm>
#include <charconv>

namespace parley::ice {

namespace {

bool isIceChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

bool isVisible(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool startsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

/// Takes the fields off a line one by one. Several spaces in a row count as one.
class Fields {
 public:
  explicit Fields(std::string_view text) : text_(text) {}

  /// Empty at the end.
  std::string_view next() {
    while (!text_.empty() && text_.front() == ' ') text_.remove_prefix(1);
    auto length = std::min(text_.find(' '), text_.size());
    auto field = text_.substr(0, length);
    text_.remove_prefix(length);
    return field;
  }

 private:
  std::string_view text_;
};

template <class Number>
std::optional<Number> parseNumber(std::string_view text, std::size_t maxDigits) {
  Number value{};
  if (text.empty() || text.size() > maxDigits) return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<CandidateType> parseType(std::string_view text) {
  for (auto type :
       {CandidateType::Host, CandidateType::ServerReflexive, CandidateType::PeerReflexive, CandidateType::Relayed})
    if (text == toString(type)) return type;
  return std::nullopt;
}

}  // namespace

std::string_view toString(CandidateType type) {
  switch (type) {
    case CandidateType::Host: return "host";
    case CandidateType::ServerReflexive: return "srflx";
    case CandidateType::PeerReflexive: return "prflx";
    case CandidateType::Relayed: return "relay";
  }
  return "";
}

std::optional<std::string_view> Candidate::extension(std::string_view name) const {
  for (const auto& [key, value] : extensions)
    if (key == name) return value;
  return std::nullopt;
}

std::optional<SocketAddress> Candidate::socketAddress() const {
  auto ip = IpAddress::parse(address);
  if (!ip) return std::nullopt;
  return SocketAddress{*ip, port};
}

base::Result<Candidate, std::string_view> parseCandidate(std::string_view line) {
  using namespace std::string_view_literals;
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  if (startsWith(line, "a=")) line.remove_prefix(2);
  if (startsWith(line, "candidate:")) line.remove_prefix(10);
  if (!std::all_of(line.begin(), line.end(), [](char c) { return c == ' ' || isVisible(c); }))
    return base::unexpected("a control character in the candidate"sv);

  Fields fields(line);
  Candidate candidate;
  candidate.foundation = fields.next();
  if (candidate.foundation.empty() || candidate.foundation.size() > 32 ||
      !std::all_of(candidate.foundation.begin(), candidate.foundation.end(), isIceChar))
    return base::unexpected("the foundation is not 1 to 32 letters, digits, '+' or '/'"sv);

  auto component = parseNumber<std::uint16_t>(fields.next(), 3);
  if (!component || *component < 1 || *component > 256)
    return base::unexpected("the component is not a number from 1 to 256"sv);
  candidate.component = *component;

  candidate.transport = lowered(fields.next());
  if (candidate.transport.empty()) return base::unexpected("no transport"sv);

  auto priority = parseNumber<std::uint32_t>(fields.next(), 10);
  if (!priority) return base::unexpected("the priority is not a number below 2^32"sv);
  candidate.priority = *priority;

  candidate.address = fields.next();
  if (candidate.address.empty()) return base::unexpected("no address"sv);

  auto port = parseNumber<std::uint16_t>(fields.next(), 5);
  if (!port) return base::unexpected("the port is not a number below 2^16"sv);
  candidate.port = *port;

  if (fields.next() != "typ") return base::unexpected("'typ' is not where it must be"sv);
  auto type = parseType(fields.next());
  if (!type) return base::unexpected("the type is none of host, srflx, prflx, relay"sv);
  candidate.type = *type;

  for (auto name = fields.next(); !name.empty(); name = fields.next()) {
    auto value = fields.next();
    if (name == "raddr") {
      candidate.relatedAddress = value;
    } else if (name == "rport") {
      auto relatedPort = parseNumber<std::uint16_t>(value, 5);
      if (!relatedPort) return base::unexpected("rport is not a number below 2^16"sv);
      candidate.relatedPort = *relatedPort;
    } else if (name == "tcptype") {
      candidate.tcpType = lowered(value);
    } else {
      // RFC 8839 s.5.1: an extension's value may be empty, which only the last one can be told from.
      candidate.extensions.emplace_back(name, value);
    }
  }
  if (candidate.relatedAddress.empty()) candidate.relatedPort = 0;  // It means nothing alone.
  return candidate;
}

std::string toString(const Candidate& candidate) {
  std::string out = "candidate:" + candidate.foundation + ' ' + std::to_string(candidate.component) + ' ' +
                    candidate.transport + ' ' + std::to_string(candidate.priority) + ' ' + candidate.address + ' ' +
                    std::to_string(candidate.port) + " typ ";
  out += toString(candidate.type);
  if (!candidate.relatedAddress.empty())
    out += " raddr " + candidate.relatedAddress + " rport " + std::to_string(candidate.relatedPort);
  if (!candidate.tcpType.empty()) out += " tcptype " + candidate.tcpType;
  for (const auto& [name, value] : candidate.extensions) out += ' ' + name + ' ' + value;
  return out;
}

bool isMdnsName(std::string_view name) {
  constexpr std::string_view local = ".local";
  if (name.size() <= local.size() || name.size() > 63 + local.size()) return false;
  const auto label = name.substr(0, name.size() - local.size());
  const auto isLower = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return label.find('.') == std::string_view::npos &&
         std::equal(local.begin(), local.end(), name.begin() + static_cast<std::ptrdiff_t>(label.size()),
                    [&](char wanted, char given) { return isLower(given, wanted); });
}

}  // namespace parley::ice
