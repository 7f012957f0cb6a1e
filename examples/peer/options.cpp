#include "options.hpp"

#include <CLI/CLI.hpp>
#include <parley/address.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

namespace {

[[noreturn]] void refuse(const std::string& message) {
  std::cerr << "peer: " << message << " (--help tells more)" << std::endl;
  std::exit(2);
}

bool isRoomName(const std::string& name) {
  constexpr const char* allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(allowed) == std::string::npos;
}

std::string isAddress(const std::string& text) {
  return parley::IpAddress::parse(text) ? "" : text + " is not an IP address";
}

std::string contentsOf(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) refuse("cannot read " + path);
  return text.str();
}

void parsePortRange(const std::string& text, Options& options) {
  const auto isPort = [](const std::string& number) {
    return !number.empty() && number.size() <= 5 && number.find_first_not_of("0123456789") == std::string::npos &&
           std::stoi(number) >= 1 && std::stoi(number) <= 65535;
  };
  const auto dash = text.find('-');
  const std::string first = text.substr(0, dash), last = dash == std::string::npos ? first : text.substr(dash + 1);
  if (!isPort(first) || !isPort(last) || std::stoi(first) > std::stoi(last))
    refuse("--port-range: " + text + " is not a range of ports, as in 40000-40099");
  options.firstPort = static_cast<std::uint16_t>(std::stoi(first));
  options.lastPort = static_cast<std::uint16_t>(std::stoi(last));
}

void check(Options& options) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (options.mode == Options::Mode::Room && !isRoomName(options.room))
    refuse(options.room.empty() ? "say --room NAME, --paste or --agent"
                                : "a room's name has 1 to 64 of the characters a-z A-Z 0-9 . _ -");
  if (options.send) {
    if (!fs::exists(*options.send, error)) refuse("there is no file " + options.send->string());
    if (!fs::is_regular_file(*options.send, error)) refuse(options.send->string() + " is not a file");
    if (!std::ifstream(*options.send)) refuse("cannot read " + options.send->string());
  }
  for (const auto* folder : {options.receive ? &*options.receive : nullptr, &options.into})
    if (folder && !fs::is_directory(*folder, error)) refuse("there is no folder " + folder->string());
}

}  // namespace

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Chat and files between two terminals, or a terminal and a browser, over a WebRTC data channel.\n"
      "Start the same command twice: the first one hosts the signalling, the second one joins it.\n");
  bool paste = false, agent = false;
  std::string send, receive, into = ".", portRange, trustAnchors;

  auto* room = app.add_option("--room", options.room, "Meet the other peer in the room of this name");
  auto* pasteFlag = app.add_flag("--paste", paste, "No server: descriptions travel by copy and paste");
  auto* agentFlag = app.add_flag("--agent", agent, "To be driven by a program: JSON lines in and out, see docs/peer.md");
  pasteFlag->excludes(room);
  agentFlag->excludes(room)->excludes(pasteFlag);
  app.add_option("--server", options.server, "The signalling server is at this URL (http:// or ws://)")->needs(room);
  app.add_option("--port", options.port, "Port of the signalling server that is hosted or joined here")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  app.add_option("--bind", options.bindAddress, "Address to host it at")->capture_default_str()->check(isAddress);
  app.add_option("--stun", options.stunServers, "A STUN server, as in stun:stun.example.org:3478");
  auto* turn = app.add_option("--turn", options.turnServers,
                              "A TURN server, as in turn:turn.example.org, turn:turn.example.org?transport=tcp or "
                              "turns:turn.example.org:443?transport=tcp");
  auto* user = app.add_option("--user", options.user, "Who we are to the TURN servers")->needs(turn);
  auto* credential = app.add_option("--credential", options.credential, "The user's password there")->needs(turn);
  turn->needs(user)->needs(credential);
  app.add_flag("--relay-only", options.relayOnly, "Only by TURN servers: the peer does not learn our addresses")->needs(turn);
  app.add_option("--turn-ca", trustAnchors, "The certificates of turns: servers lead to one of this file (PEM)")->needs(turn);
  app.add_flag("--tcp-only", options.tcpOnly, "No UDP: connections between the peers and to TURN servers are of TCP");
  app.add_flag("--lite", options.lite, "ICE lite, for a machine with a public address: answers checks, makes none");
  app.add_flag("--hide-addresses", options.hideAddresses, "Tell the peer mDNS names in the place of our own addresses");
  app.add_option("--interface", options.interfaces, "Use this network interface alone, as in eth0; may be repeated");
  app.add_option("--port-range", portRange, "Use these local ports alone, as in 40000-40099");
  auto* sendOption = app.add_option("--send", send, "Send this file and exit: 0 if the other side has it, hash and all");
  auto* receiveOption = app.add_option("--receive", receive, "Receive one file into this folder and exit: 0 if it is whole");
  sendOption->excludes(receiveOption)->excludes(agentFlag);
  receiveOption->excludes(agentFlag);
  app.add_option("--into", into, "Folder for files that come while chatting")->capture_default_str();
  app.add_flag("--trickle", options.trickle, "With --agent: tell candidates one by one")->needs(agentFlag);
  app.add_flag("--loop-media", options.loopMedia, "With --agent: send received audio and video back")->needs(agentFlag);
  const std::map<std::string, parley::SctpEngine> engines{{"native", parley::SctpEngine::Native},
                                                          {"usrsctp", parley::SctpEngine::Usrsctp}};
  app.add_option("--sctp-engine", options.sctpEngine, "What carries the channel: native or usrsctp")
      ->transform(CLI::Transformer(engines));
  const std::map<std::string, parley::SctpCongestionControl> controls{
      {"tolerant-cubic", parley::SctpCongestionControl::TolerantCubic},
      {"cubic", parley::SctpCongestionControl::Cubic},
      {"bbr", parley::SctpCongestionControl::Bbr}};
  app.add_option("--congestion-control", options.sctpCongestionControl, "Of the native engine: tolerant-cubic, cubic or bbr")
      ->transform(CLI::Transformer(controls));
  app.add_flag("--snap", options.sctpSnap, "Save the handshake of SCTP where the other side can as well (native engine)");
  app.add_flag("-v,--verbose", options.verbose, "Log what the library does to standard error");

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    std::exit(0);
  } catch (const CLI::ParseError& error) {
    refuse(error.what());
  }
  if (paste) options.mode = Options::Mode::Paste;
  if (agent) options.mode = Options::Mode::Agent;
  if (sendOption->count()) options.send = send;
  if (receiveOption->count()) options.receive = receive;
  options.into = into;
  if (!trustAnchors.empty()) options.trustAnchors = contentsOf(trustAnchors);
  if (!portRange.empty()) parsePortRange(portRange, options);
  check(options);
  return options;
}
