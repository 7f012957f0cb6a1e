#pragma once

#include <parley/configuration.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::pc {

/// A STUN or TURN URL (RFC 7064, RFC 7065), parsed.
struct IceServerUrl {
  enum class Scheme { Stun, Stuns, Turn, Turns };
  enum class Transport { Udp, Tcp, Tls, Dtls };

  Scheme scheme = Scheme::Stun;
  /// RFC 7064 s.3.2, RFC 7065 s.3.2: stun and turn are over UDP, stuns and turns over TLS, unless "?transport=" says
  /// otherwise.
  Transport transport = Transport::Udp;
  std::string host;  ///< A name, or an IP literal without brackets.
  std::uint16_t port = 3478;

  bool operator==(const IceServerUrl&) const = default;
};

/// The W3C's "validate an ICE server URL": throws SyntaxError.
IceServerUrl parseIceServerUrl(std::string_view url);

/// The checks of "set a configuration" on one server: throws SyntaxError or InvalidAccessError.
std::vector<IceServerUrl> validate(const IceServer& server);

}  // namespace parley::pc
