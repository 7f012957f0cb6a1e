#include "sdp/attribute_parsers.hpp"

#include <algorithm>

namespace parley::sdp {
namespace {

bool isRidChar(char c) { return isAlphaNumeric(c) || c == '-' || c == '_'; }
bool isFeedbackIdChar(char c) { return isAlphaNumeric(c) || c == '-' || c == '_'; }

std::string_view withoutTrailingSpaces(std::string_view text) { return text.substr(0, text.find_last_not_of(' ') + 1); }

/// RFC 3986: the characters of a URI, and two digits after each per cent sign.
bool isUri(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    auto hex = [&](std::size_t at) {
      return at < text.size() &&
             (isDigit(text[at]) || (text[at] >= 'a' && text[at] <= 'f') || (text[at] >= 'A' && text[at] <= 'F'));
    };
    if (c == '%' ? !hex(i + 1) || !hex(i + 2)
                 : !isAlphaNumeric(c) && std::string_view("-._~:/?#[]@!$&'()*+,;=").find(c) == std::string_view::npos)
      return false;
  }
  return true;
}

Direction parseDirection(Fields& in, std::string_view text) {
  if (text == "sendonly") return Direction::SendOnly;
  if (text == "recvonly") return Direction::RecvOnly;
  if (text == "inactive") return Direction::Inactive;
  if (text != "sendrecv") in.fail("the direction " + quoted(text) + " is unknown");
  return Direction::SendRecv;
}

/// "1,~4;2;3" of RFC 8853 s.5.1.
std::vector<Simulcast::Stream> parseStreams(Fields& in, std::string_view text) {
  std::vector<Simulcast::Stream> streams;
  bool more = true;
  while (more && in.ok()) {
    more = text.find(';') != std::string_view::npos;
    auto alternatives = takeUntil(text, ';');
    auto& stream = streams.emplace_back();
    bool moreAlternatives = true;
    while (moreAlternatives && in.ok()) {
      moreAlternatives = alternatives.find(',') != std::string_view::npos;
      auto id = takeUntil(alternatives, ',');
      bool paused = id.starts_with('~');
      if (paused) id.remove_prefix(1);
      if (id.empty() || !std::all_of(id.begin(), id.end(), isRidChar)) in.fail(quoted(id) + " is not a rid");
      stream.push_back({std::string(id), paused});
    }
  }
  return streams;
}

}  // namespace

Connection parseConnection(Fields& in) {
  Connection connection;
  connection.netType = in.token("network type");
  connection.addrType = in.token("address type");
  connection.address = in.word("address");
  return connection;
}

// RFC 8866 s.6.6
Attribute parseRtpmap(Fields& in) {
  Rtpmap map;
  map.payloadType = in.payloadType();
  auto format = in.word("encoding");
  Fields encoding(takeUntil(format, '/'));
  map.encoding = encoding.token("name of the encoding");
  Fields clock(takeUntil(format, '/'));
  map.clockRate = static_cast<std::uint32_t>(clock.integer("clock rate", UINT32_MAX));
  if (!format.empty()) {
    Fields channels(format);
    channels.integer("number of channels", UINT32_MAX);
    if (!channels.ok()) in.fail(channels.reason());
    map.parameters = format;
  }
  if (in.ok() && !encoding.ok()) in.fail(encoding.reason());
  if (in.ok() && !clock.ok()) in.fail(clock.reason());
  return map;
}

// RFC 8866 s.6.15
Attribute parseFmtp(Fields& in) {
  Fmtp fmtp;
  fmtp.format = in.token("format");
  fmtp.parameters = in.rest("list of parameters");
  return fmtp;
}

// RFC 8866 s.6.4, 6.5, 6.13
Attribute parsePtime(Fields& in) { return Ptime{in.positiveReal("packet time")}; }
Attribute parseMaxPtime(Fields& in) { return MaxPtime{in.positiveReal("maximum packet time")}; }
Attribute parseFramerate(Fields& in) { return Framerate{in.positiveReal("frame rate")}; }

Attribute parseImageattr(Fields& in) { return Imageattr{std::string(in.rest("image attributes"))}; }

// RFC 4585 s.4.2. Whether the m-line lists the payload type is not checked: Firefox leaves the feedback of codecs that
// setCodecPreferences took away.
Attribute parseRtcpFb(Fields& in) {
  RtcpFb feedback;
  auto payloadType = in.word("payload type");
  if (payloadType != "*") {
    Fields number(payloadType);
    feedback.payloadType = number.payloadType();
    if (in.ok() && !number.ok()) in.fail(number.reason());
  }
  feedback.type = in.word("type of feedback", isFeedbackIdChar);
  feedback.parameters = withoutTrailingSpaces(in.optionalRest());
  return feedback;
}

// RFC 3605 s.2.1
Attribute parseRtcp(Fields& in) {
  Rtcp rtcp;
  rtcp.port = in.port("port");
  if (in.more()) rtcp.connection = parseConnection(in);
  return rtcp;
}

// RFC 8285 s.8
Attribute parseExtmap(Fields& in) {
  Extmap map;
  auto head = in.word("id");
  bool directed = head.find('/') != std::string_view::npos;
  Fields id(takeUntil(head, '/'));
  map.id = static_cast<std::uint16_t>(id.number("id", 65535));
  // RFC 8285 s.4.2, 4.3, s.6: 4096 to 4351 are for offers of more extensions than there are ids.
  if (id.ok() && (map.id == 0 || (map.id > 255 && (map.id < 4096 || map.id > 4351))))
    id.fail("the id " + std::to_string(map.id) + " is in neither 1 to 255 nor 4096 to 4351");
  if (in.ok() && !id.ok()) in.fail(id.reason());
  if (directed) map.direction = parseDirection(in, head);
  map.uri = in.word("URI");
  if (!isUri(map.uri)) in.fail(quoted(map.uri) + " is not a URI");
  map.attributes = withoutTrailingSpaces(in.optionalRest());
  return map;
}

// RFC 8830 s.2
Attribute parseMsid(Fields& in) {
  Msid msid;
  msid.id = in.token("identifier");
  if (in.more()) msid.appdata = in.token("application data");
  return msid;
}

// draft-ietf-mmusic-msid-00 s.3, whose example, and so everybody, writes a space behind the colon.
Attribute parseMsidSemantic(Fields& in) {
  MsidSemantic semantic;
  Fields list(in.rest("semantic"));
  auto text = list.optionalRest();
  if (text.starts_with(' ')) text.remove_prefix(1);
  list = Fields(text);
  semantic.semantic = list.token("semantic");
  while (list.more()) semantic.ids.emplace_back(list.token("identifier"));
  if (!list.ok()) in.fail(list.reason());
  return semantic;
}

// RFC 5576 s.4.1
Attribute parseSsrc(Fields& in) {
  Ssrc ssrc;
  ssrc.ssrc = static_cast<std::uint32_t>(in.number("SSRC", UINT32_MAX));
  auto value = in.rest("attribute of the SSRC");
  bool hasValue = value.find(':') != std::string_view::npos;
  Fields name(takeUntil(value, ':'));
  ssrc.attribute = name.token("attribute of the SSRC");
  name.end();
  if (in.ok() && !name.ok()) in.fail(name.reason());
  if (hasValue) ssrc.value = std::string(value);
  return ssrc;
}

// RFC 5576 s.4.2
Attribute parseSsrcGroup(Fields& in) {
  SsrcGroup group;
  group.semantics = in.token("semantics");
  while (in.more()) group.ssrcs.push_back(static_cast<std::uint32_t>(in.number("SSRC", UINT32_MAX)));
  return group;
}

// RFC 8851 s.10
Attribute parseRid(Fields& in) {
  Rid rid;
  rid.id = in.word("rid", isRidChar);
  auto direction = in.word("direction");
  if (direction != "send" && direction != "recv") in.fail("the direction " + quoted(direction) + " is unknown");
  rid.direction = direction == "recv" ? Rid::Direction::Recv : Rid::Direction::Send;
  if (!in.more()) return rid;
  auto restrictions = in.word("restrictions");
  bool first = true;
  while (!restrictions.empty() && in.ok()) {
    auto value = takeUntil(restrictions, ';');
    bool hasValue = value.find('=') != std::string_view::npos;
    auto name = takeUntil(value, '=');
    if (name == "pt") {
      if (!first) in.fail("\"pt=\" is not the first of the restrictions");
      do {
        Fields format(takeUntil(value, ','));
        rid.formats.emplace_back(format.token("format"));
        if (!format.ok()) in.fail(format.reason());
      } while (!value.empty());
    } else {
      if (name.empty() || !std::all_of(name.begin(), name.end(), [](char c) { return isAlphaNumeric(c) || c == '-'; }))
        in.fail("the name of the restriction " + quoted(name) + " is malformed");
      rid.restrictions.push_back({std::string(name), hasValue ? std::optional(std::string(value)) : std::nullopt});
    }
    first = false;
  }
  return rid;
}

// RFC 8853 s.5.1
Attribute parseSimulcast(Fields& in) {
  Simulcast simulcast;
  do {
    auto direction = in.word("direction");
    if (!in.ok()) break;
    if (direction != "send" && direction != "recv") {
      in.fail("the direction " + quoted(direction) + " is neither send nor recv");
      break;
    }
    auto& streams = direction == "send" ? simulcast.send : simulcast.recv;
    if (!streams.empty()) in.fail("the direction " + std::string(direction) + " occurs twice");
    auto list = in.word("list of streams");
    if (in.ok()) streams = parseStreams(in, list);
  } while (in.more());
  return simulcast;
}

}  // namespace parley::sdp
