#include "configuration.hpp"

#include <parley/io.hpp>

#include <algorithm>

using namespace parley;

Configuration configurationOf(const Options& options) {
  Configuration configuration;
  for (const auto& url : options.stunServers) configuration.iceServers.push_back({{url}});
  if (!options.turnServers.empty())
    configuration.iceServers.push_back({options.turnServers, options.user, options.credential});
  if (options.relayOnly) configuration.iceTransportPolicy = IceTransportPolicy::Relay;
  auto& extensions = configuration.extensions;
  extensions.trustAnchors = options.trustAnchors;
  extensions.udp = !options.tcpOnly;
  // Two ports more are a fair price for a way past firewalls that block UDP.
  extensions.tcp = IceTcp::All;
  extensions.iceLite = options.lite;
  extensions.hideAddresses = options.hideAddresses;
  if (!options.interfaces.empty())
    extensions.usesInterface = [names = options.interfaces](const NetworkInterface& interface) {
      return std::find(names.begin(), names.end(), interface.name) != names.end();
    };
  extensions.firstPort = options.firstPort;
  extensions.lastPort = options.lastPort;
  extensions.sctpEngine = options.sctpEngine;
  extensions.sctpCongestionControl = options.sctpCongestionControl;
  extensions.sctpSnap = options.sctpSnap;
  return configuration;
}
