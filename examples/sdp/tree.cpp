#include "tree.hpp"

#include "sdp/write.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace sdp = parley::sdp;

namespace {

/// The fields of one attribute: "id=2 uri=urn:…".
class FieldList {
 public:
  template <class T>
  FieldList& add(std::string_view name, const T& value) {
    if (!text_.empty()) text_ += "  ";
    (text_ += name) += '=';
    append(value);
    return *this;
  }
  /// Leaves out what is not there.
  template <class T>
  FieldList& add(std::string_view name, const std::optional<T>& value) {
    return value ? add(name, *value) : *this;
  }
  FieldList& addIfAny(std::string_view name, const std::string& value) {
    return value.empty() ? *this : add(name, value);
  }

  std::string take() { return std::move(text_); }

 private:
  template <class T>
  void append(const T& value) {
    if constexpr (std::is_floating_point_v<T>) {
      char digits[64];
      text_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    } else if constexpr (std::is_integral_v<T>) {
      text_ += std::to_string(value);
    } else {
      text_ += value;
    }
  }
  template <class T>
  void append(const std::vector<T>& values) {
    text_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) text_ += ' ';
      append(values[i]);
    }
    text_ += ']';
  }
  void append(const sdp::Connection& c) { text_ += c.netType + ' ' + c.addrType + ' ' + c.address; }
  void append(const sdp::RemoteCandidates::Entry& c) {
    text_ += std::to_string(c.component) + ':' + c.address + ':' + std::to_string(c.port);
  }
  void append(const sdp::Rid::Restriction& r) { text_ += r.value ? r.name + '=' + *r.value : r.name; }
  void append(const sdp::Simulcast::Alternative& a) { text_ += (a.paused ? "~" : "") + a.rid; }
  void append(sdp::Direction direction) { text_ += sdp::attributeName(direction); }

  std::string text_;
};

/// What stands behind the separator in the attribute's line: for values that are best shown as they are written.
std::string textBehind(char separator, const sdp::Attribute& attribute) {
  auto text = sdp::write(attribute);
  return text.substr(text.find(separator) + 1);
}

std::string fields(const sdp::Group& a) { return FieldList().add("semantics", a.semantics).add("mids", a.mids).take(); }
std::string fields(const sdp::Mid& a) { return FieldList().add("id", a.id).take(); }
std::string fields(const sdp::IceUfrag& a) { return FieldList().add("value", a.value).take(); }
std::string fields(const sdp::IcePwd& a) { return FieldList().add("value", a.value).take(); }
std::string fields(const sdp::IceOptions& a) { return FieldList().add("options", a.options).take(); }
std::string fields(const sdp::IcePacing& a) { return FieldList().add("milliseconds", a.milliseconds).take(); }
std::string fields(const sdp::CandidateAttribute& a) { return FieldList().add("text", a.text).take(); }
std::string fields(const sdp::RemoteCandidates& a) { return FieldList().add("candidates", a.candidates).take(); }
std::string fields(const sdp::Fingerprint& a) {
  return FieldList().add("algorithm", a.algorithm).add("bytes", textBehind(' ', a)).take();
}
std::string fields(const sdp::Setup& a) { return FieldList().add("role", textBehind(':', a)).take(); }
std::string fields(const sdp::TlsId& a) { return FieldList().add("value", a.value).take(); }
std::string fields(const sdp::Identity& a) { return FieldList().add("text", a.text).take(); }
std::string fields(const sdp::Crypto& a) { return FieldList().add("text", a.text).take(); }
std::string fields(const sdp::SctpPort& a) { return FieldList().add("port", a.port).take(); }
std::string fields(const sdp::MaxMessageSize& a) { return FieldList().add("bytes", a.bytes).take(); }
std::string fields(const sdp::SctpMap& a) {
  return FieldList().add("port", a.port).add("application", a.application).add("streams", a.streams).take();
}
std::string fields(const sdp::SctpInit& a) { return FieldList().add("chunk", textBehind(':', a)).take(); }
std::string fields(const sdp::Rtpmap& a) {
  return FieldList()
      .add("payloadType", a.payloadType)
      .add("encoding", a.encoding)
      .add("clockRate", a.clockRate)
      .addIfAny("parameters", a.parameters)
      .take();
}
std::string fields(const sdp::Fmtp& a) {
  return FieldList().add("format", a.format).add("parameters", a.parameters).take();
}
std::string fields(const sdp::Ptime& a) { return FieldList().add("milliseconds", a.milliseconds).take(); }
std::string fields(const sdp::MaxPtime& a) { return FieldList().add("milliseconds", a.milliseconds).take(); }
std::string fields(const sdp::Framerate& a) { return FieldList().add("framesPerSecond", a.framesPerSecond).take(); }
std::string fields(const sdp::Imageattr& a) { return FieldList().add("text", a.text).take(); }
std::string fields(const sdp::RtcpFb& a) {
  auto payloadType = a.payloadType ? std::to_string(*a.payloadType) : "*";
  return FieldList().add("payloadType", payloadType).add("type", a.type).addIfAny("parameters", a.parameters).take();
}
std::string fields(const sdp::Rtcp& a) {
  return FieldList().add("port", a.port).add("connection", a.connection).take();
}
std::string fields(const sdp::Extmap& a) {
  return FieldList()
      .add("id", a.id)
      .add("direction", a.direction)
      .add("uri", a.uri)
      .addIfAny("attributes", a.attributes)
      .take();
}
std::string fields(const sdp::Msid& a) { return FieldList().add("id", a.id).addIfAny("appdata", a.appdata).take(); }
std::string fields(const sdp::MsidSemantic& a) {
  return FieldList().add("semantic", a.semantic).add("ids", a.ids).take();
}
std::string fields(const sdp::Ssrc& a) {
  return FieldList().add("ssrc", a.ssrc).add("attribute", a.attribute).add("value", a.value).take();
}
std::string fields(const sdp::SsrcGroup& a) {
  return FieldList().add("semantics", a.semantics).add("ssrcs", a.ssrcs).take();
}
std::string fields(const sdp::Rid& a) {
  return FieldList()
      .add("id", a.id)
      .add("direction", std::string_view(a.direction == sdp::Rid::Direction::Send ? "send" : "recv"))
      .add("formats", a.formats)
      .add("restrictions", a.restrictions)
      .take();
}
std::string fields(const sdp::Simulcast& a) { return FieldList().add("send", a.send).add("recv", a.recv).take(); }
std::string fields(const sdp::UnknownAttribute& a) {
  return "(unknown)" + (a.value ? "  " + FieldList().add("value", *a.value).take() : std::string());
}
template <class Flag>
std::string fields(const Flag&) {
  static_assert(std::is_empty_v<Flag> || std::is_enum_v<Flag>, "an attribute with fields must be shown");
  return {};
}

class TreePrinter {
 public:
  explicit TreePrinter(std::ostream& out) : out_(out) {}

  void print(const sdp::Description& d) {
    row("version", std::to_string(d.version));
    row("origin", FieldList()
                      .add("username", d.origin.username)
                      .add("sessionId", d.origin.sessionId)
                      .add("sessionVersion", d.origin.sessionVersion)
                      .add("address", d.origin.address)
                      .take());
    row("session name", d.sessionName);
    row("information", d.information);
    row("uri", d.uri);
    for (const auto& email : d.emails) row("email", email);
    for (const auto& phone : d.phones) row("phone", phone);
    if (d.connection) connection(*d.connection);
    bandwidths(d.bandwidths);
    for (const auto& timing : d.timings) {
      row("timing", FieldList().add("start", timing.start).add("stop", timing.stop).take());
      for (const auto& repeat : timing.repeats) row("repeat", repeat);
      row("zones", timing.zones);
    }
    row("key", d.key);
    attributes(d.attributes);
    for (std::size_t i = 0; i < d.media.size(); ++i) media(i, d.media[i]);
  }

 private:
  void media(std::size_t index, const sdp::MediaSection& m) {
    indent_ = 0;
    row("media " + std::to_string(index), FieldList()
                                              .add("kind", m.kind)
                                              .add("port", m.port)
                                              .add("portCount", m.portCount)
                                              .add("protocol", m.protocol)
                                              .add("formats", m.formats)
                                              .take());
    indent_ = 2;
    row("title", m.title);
    for (const auto& one : m.connections) connection(one);
    bandwidths(m.bandwidths);
    row("key", m.key);
    attributes(m.attributes);
  }

  void connection(const sdp::Connection& c) { row("connection", c.netType + ' ' + c.addrType + ' ' + c.address); }

  void bandwidths(const std::vector<sdp::Bandwidth>& list) {
    for (const auto& one : list) row("bandwidth", FieldList().add("type", one.type).add("value", one.value).take());
  }

  void attributes(const std::vector<sdp::Attribute>& list) {
    if (list.empty()) return;
    row("attributes", std::string());
    indent_ += 2;
    for (const auto& attribute : list)
      row(std::string(sdp::attributeName(attribute)), std::visit([](const auto& a) { return fields(a); }, attribute));
    indent_ -= 2;
  }

  void row(const std::string& name, const std::optional<std::string>& value) {
    if (!value) return;
    std::string line(indent_, ' ');
    line += name;
    if (!value->empty()) {
      line.resize(std::max(line.size() + 1, indent_ + 20), ' ');
      line += *value;
    }
    // A description is a stranger's text: no control characters for the terminal.
    for (auto& c : line)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    out_ << line << '\n';
  }

  std::ostream& out_;
  std::size_t indent_ = 0;
};

}  // namespace

void printTree(std::ostream& out, const sdp::Description& description) { TreePrinter(out).print(description); }
