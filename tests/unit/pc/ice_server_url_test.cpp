#include "pc/ice_server_url.hpp"

#include "support/catch.hpp"

#include <parley/error.hpp>

#include <string>
#include <utility>

using namespace parley;
using namespace parley::pc;

namespace {

using Scheme = IceServerUrl::Scheme;
using Transport = IceServerUrl::Transport;

std::string refusal(const IceServer& server) {
  try {
    validate(server);
  } catch (const Error& error) {
    return std::string(toString(error.name()));
  }
  return "";
}

}  // namespace

TEST_CASE("ICE server URLs: scheme and query decide about the transport, the scheme about the port") {
  const std::pair<const char*, IceServerUrl> table[] = {
      {"stun:example.org", {Scheme::Stun, Transport::Udp, "example.org", 3478}},
      {"stuns:example.org", {Scheme::Stuns, Transport::Tls, "example.org", 5349}},
      {"turn:example.org", {Scheme::Turn, Transport::Udp, "example.org", 3478}},
      {"turn:example.org?transport=udp", {Scheme::Turn, Transport::Udp, "example.org", 3478}},
      {"turn:example.org?transport=tcp", {Scheme::Turn, Transport::Tcp, "example.org", 3478}},
      {"turns:example.org", {Scheme::Turns, Transport::Tls, "example.org", 5349}},
      {"turns:example.org?transport=tcp", {Scheme::Turns, Transport::Tls, "example.org", 5349}},
      {"turns:example.org?transport=udp", {Scheme::Turns, Transport::Dtls, "example.org", 5349}},
      {"turns:example.org:443?transport=tcp", {Scheme::Turns, Transport::Tls, "example.org", 443}},
      {"TURN:192.0.2.1:8000?transport=tcp", {Scheme::Turn, Transport::Tcp, "192.0.2.1", 8000}},
      {"turn:[2001:db8::1]:8000", {Scheme::Turn, Transport::Udp, "2001:db8::1", 8000}},
      {"stun:[2001:DB8:0::1]", {Scheme::Stun, Transport::Udp, "2001:db8::1", 3478}},
      {" stun:example.org:\n", {Scheme::Stun, Transport::Udp, "example.org", 3478}},
      {"stun:ex%61mple.org", {Scheme::Stun, Transport::Udp, "example.org", 3478}},
  };
  for (const auto& [text, expected] : table) {
    CAPTURE(text);
    CHECK((parseIceServerUrl(text) == expected));
  }
}

TEST_CASE("ICE server URLs: what is none is a SyntaxError") {
  for (const char* text :
       {"", "stun", "stun:", "http://example.org", "stun:example.org?transport=udp", "turn:example.org?transport=sctp",
        "turn:example.org?transport=tcp&x=1", "turn:example.org?", "turn:example.org#part", "turn:user@example.org",
        "turn://example.org", "stun:example.org:port", "stun:example.org:65536", "stun:[2001:db8::1",
        "stun:[192.0.2.1]", "stun:300.1.1.1", "stun:exa mple.org", "stun:2001:db8::1"}) {
    CAPTURE(text);
    CHECK(refusal({{text}, "user", "secret"}) == "SyntaxError");
  }
  CHECK(refusal({{}, "user", "secret"}) == "SyntaxError");
}

TEST_CASE("ICE server URLs: TURN wants a user name and a credential, STUN does not") {
  CHECK(refusal({{"stun:example.org", "stuns:example.org"}}).empty());
  CHECK(refusal({{"turn:example.org"}}) == "InvalidAccessError");
  CHECK(refusal({{"turns:example.org"}, "user"}) == "InvalidAccessError");
  CHECK(refusal({{"turn:example.org"}, std::string(508, 'u'), "secret"}).empty());
  CHECK(refusal({{"turn:example.org"}, std::string(509, 'u'), "secret"}) == "InvalidAccessError");
}
