#include "sdp/parse.hpp"

#include "sdp/attribute_parsers.hpp"
#include "sdp/fields.hpp"
#include "sdp/parse_attribute.hpp"
#include "sdp/write.hpp"

#include <algorithm>
#include <bitset>
#include <utility>
#include <variant>

namespace parley::sdp {
namespace {

// RFC 8866 s.5 and s.9: the order of the lines, and which of them may be repeated. "r" and "z" belong to the "t" before
// them.
constexpr std::string_view sessionOrder = "vosiuepcbtka";
constexpr std::string_view mediaOrder = "icbka";
constexpr std::string_view repeatable[] = {"epbta", "cba"};
constexpr std::string_view lineTypes = "vosiuepcbtrzkam";

constexpr std::size_t none = std::string_view::npos;

/// RFC 8866 s.5.10: a number with an optional unit.
void checkTypedTime(Fields& in, std::string_view what, bool negative = false) {
  auto word = in.word(what);
  if (negative && word.starts_with('-')) word.remove_prefix(1);
  if (!word.empty() && std::string_view("dhms").find(word.back()) != none) word.remove_suffix(1);
  if (in.ok() && (word.empty() || !std::all_of(word.begin(), word.end(), isDigit)))
    in.fail("the " + std::string(what) + " is not a time");
}

/// RFC 8866 s.5.12
void checkKey(Fields& in, std::string_view key) {
  if (key != "prompt" && !key.starts_with("clear:") && !key.starts_with("base64:") && !key.starts_with("uri:"))
    in.fail("the key is none of prompt, clear:, base64: and uri:");
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  base::Result<Description, ParseError> run() {
    description_.timings.clear();
    if (rest_.size() > maxDescriptionBytes) {
      fail("the description has " + std::to_string(rest_.size()) + " bytes, more than " +
           std::to_string(maxDescriptionBytes));
    } else {
      while (!error_ && nextLine()) parseLine();
      if (!error_) finish();
    }
    if (error_) return base::unexpected(std::move(*error_));
    return std::move(description_);
  }

 private:
  bool nextLine() {
    // Leniency: empty lines at the end, which copying and pasting leaves.
    if (rest_.find_first_not_of("\r\n") == none) return false;
    line_ = takeUntil(rest_, '\n');
    // Leniency that RFC 8866 s.5 asks for: a line may end in LF alone; and the last one without any line end.
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    ++number_;
    return true;
  }

  void fail(std::string reason) {
    if (!error_) error_ = ParseError{number_, printable(line_), std::move(reason)};
  }

  void parseLine() {
    if (number_ > maxLines) return fail("there are more than " + std::to_string(maxLines) + " lines");
    if (line_.empty()) return fail("the line is empty");
    if (line_.find('\0') != none || line_.find('\r') != none) return fail("the line contains a NUL or a lone CR");
    if (line_.size() < 2 || line_[1] != '=') return fail("the line does not start with a letter and \"=\"");
    char type = line_[0];
    if (lineTypes.find(type) == none) return fail("the line type " + quoted({&type, 1}) + " is unknown");
    if (type == 'm') {
      if (requireBefore(sessionOrder.size())) parseMediaLine();
    } else if (checkOrder(type)) {
      if (type == 'a') return parseAttributeLine();
      Fields in(line_.substr(2));
      inMedia() ? readMedia(type, in) : readSession(type, in);
      check(in);
    }
    previous_ = type;
  }

  bool inMedia() const { return !description_.media.empty(); }

  void check(Fields& in) {
    in.end();
    if (!in.ok()) fail(in.reason());
  }

  bool checkOrder(char type) {
    if (type == 'r' || type == 'z') {
      // RFC 8866 s.9: repeat-description = 1*repeat-field [zone-field]
      if (previous_ == 'r' || (type == 'r' && previous_ == 't')) return true;
      fail(type == 'r' ? "r= does not follow t= or r=" : "z= does not follow r=");
      return false;
    }
    auto order = inMedia() ? mediaOrder : sessionOrder;
    auto place = order.find(type);
    if (place == none) {
      fail(std::string(1, type) + "= belongs to the session, before the first m=");
      return false;
    }
    if (reached_ != none && place < reached_) {
      fail(std::string(1, type) + "= stands after " + order[reached_] + "=, it belongs before");
      return false;
    }
    if (place == reached_ && repeatable[inMedia()].find(type) == none) {
      fail("there is a second " + std::string(1, type) + "= line");
      return false;
    }
    if (!requireBefore(place)) return false;
    if (!inMedia()) sessionLines_.set(place);
    reached_ = place;
    return true;
  }

  /// v=, o=, s= and t= are required: they must have come once their place in the order is passed.
  bool requireBefore(std::size_t place) {
    if (inMedia()) return true;
    for (char type : {'v', 'o', 's', 't'}) {
      auto own = sessionOrder.find(type);
      if (own < place && !sessionLines_[own]) {
        fail(std::string("the ") + type + "= line is missing before this one");
        return false;
      }
    }
    return true;
  }

  void readSession(char type, Fields& in) {
    auto& d = description_;
    switch (type) {
      case 'v':
        d.version = in.number("version");
        if (in.ok() && d.version != 0) in.fail("the version is not 0");
        break;
      case 'o':
        d.origin.username = in.word("user name");
        d.origin.sessionId = in.number("session id");
        d.origin.sessionVersion = in.number("session version");
        d.origin.address = parseConnection(in);
        break;
      case 's':
        // Leniency: an empty name, as many write who have none (RFC 8866 s.5.3 asks for "-").
        d.sessionName = in.optionalRest();
        break;
      case 'i':
        d.information = std::string(in.rest("information"));
        break;
      case 'u':
        d.uri = std::string(in.word("URI"));
        break;
      case 'e':
        d.emails.emplace_back(in.rest("e-mail address"));
        break;
      case 'p':
        d.phones.emplace_back(in.rest("phone number"));
        break;
      case 'c':
        d.connection = parseConnection(in);
        break;
      case 'b':
        d.bandwidths.push_back(readBandwidth(in));
        break;
      case 't': {
        Timing timing;
        timing.start = in.number("start time");
        timing.stop = in.number("stop time");
        d.timings.push_back(std::move(timing));
        break;
      }
      case 'r': {
        d.timings.back().repeats.emplace_back(line_.substr(2));
        checkTypedTime(in, "repeat interval");
        checkTypedTime(in, "active duration");
        do checkTypedTime(in, "offset");
        while (in.more());
        break;
      }
      case 'z':
        d.timings.back().zones = std::string(line_.substr(2));
        do {
          in.number("adjustment time");
          checkTypedTime(in, "offset", true);
        } while (in.more());
        break;
      case 'k':
        d.key = readKey(in);
        break;
      default:
        break;
    }
  }

  void readMedia(char type, Fields& in) {
    auto& m = description_.media.back();
    switch (type) {
      case 'i':
        m.title = std::string(in.rest("title"));
        break;
      case 'c':
        m.connections.push_back(parseConnection(in));
        break;
      case 'b':
        m.bandwidths.push_back(readBandwidth(in));
        break;
      case 'k':
        m.key = readKey(in);
        break;
      default:
        break;
    }
  }

  Bandwidth readBandwidth(Fields& in) {
    auto value = in.rest("bandwidth");
    Bandwidth bandwidth;
    Fields type(takeUntil(value, ':'));
    bandwidth.type = type.token("type of bandwidth");
    Fields number(value);
    bandwidth.value = number.number("bandwidth");
    number.end();
    if (!type.ok()) in.fail(type.reason());
    if (!number.ok()) in.fail(number.reason());
    return bandwidth;
  }

  std::string readKey(Fields& in) {
    std::string key(in.rest("key"));
    checkKey(in, key);
    return key;
  }

  void parseMediaLine() {
    if (description_.media.size() >= maxMediaSections)
      return fail("there are more than " + std::to_string(maxMediaSections) + " media sections");
    MediaSection m;
    Fields in(line_.substr(2));
    m.kind = in.token("kind of media");
    auto ports = in.word("port");
    bool counted = ports.find('/') != none;
    Fields port(takeUntil(ports, '/'));
    m.port = port.port("port");
    if (!port.ok()) in.fail(port.reason());
    if (counted) {
      Fields count(ports);
      m.portCount = static_cast<std::uint32_t>(count.integer("number of ports", UINT32_MAX));
      if (!count.ok()) in.fail(count.reason());
    }
    m.protocol = in.word("protocol", [](char c) { return isTokenChar(c) || c == '/'; });
    bool rtp = m.isRtp();
    do {
      m.formats.emplace_back(in.token("format"));
      if (!rtp || !in.ok()) continue;
      Fields payloadType(m.formats.back());
      payloadType.payloadType();
      if (!payloadType.ok()) in.fail(payloadType.reason());
    } while (in.more());
    check(in);
    description_.media.push_back(std::move(m));
    reached_ = none;
    seen_.reset();
  }

  void parseAttributeLine() {
    auto parsed = parseAttribute(line_.substr(2), inMedia() ? Level::Media : Level::Session);
    if (!parsed) return fail(std::move(parsed.error()));
    auto kind = parsed->attribute.index();
    if (parsed->single && seen_[kind])
      return fail("there is a second a=" + std::string(attributeName(parsed->attribute)) + " in the section");
    seen_.set(kind);
    auto& attributes = inMedia() ? description_.media.back().attributes : description_.attributes;
    attributes.push_back(std::move(parsed->attribute));
    previous_ = 'a';
  }

  void finish() {
    if (requireBefore(sessionOrder.size())) return;
    for (char type : {'v', 'o', 's', 't'}) {
      if (sessionLines_[sessionOrder.find(type)]) continue;
      error_->reason = std::string("the description ends before its ") + type + "= line";
      return;
    }
  }

  std::string_view rest_;
  std::string_view line_;
  std::size_t number_ = 0;
  char previous_ = 0;
  std::size_t reached_ = none;  ///< The place in the order of the section's last line.
  std::bitset<sessionOrder.size()> sessionLines_;
  std::bitset<std::variant_size_v<Attribute>> seen_;
  Description description_;
  std::optional<ParseError> error_;
};

}  // namespace

std::string ParseError::toString() const { return "line " + std::to_string(line) + ": " + reason + " (" + text + ")"; }

base::Result<Description, ParseError> parse(std::string_view text) { return Parser(text).run(); }

}  // namespace parley::sdp
