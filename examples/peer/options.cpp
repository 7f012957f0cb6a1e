#include "options.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

namespace {

[[noreturn]] void refuse(const std::string& message) {
  std::cerr << "peer: " << message << " (--help tells more)" << std::endl;
  std::exit(2);
}

bool isRoomName(const std::string& name) {
  constexpr const char* allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(allowed) == std::string::npos;
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
  std::string send, receive, into = ".";

  auto* room = app.add_option("--room", options.room, "Meet the other peer in the room of this name");
  auto* pasteFlag = app.add_flag("--paste", paste, "No server: descriptions travel by copy and paste");
  auto* agentFlag = app.add_flag("--agent", agent, "To be driven by a program: JSON lines in and out, see docs/peer.md");
  pasteFlag->excludes(room);
  agentFlag->excludes(room)->excludes(pasteFlag);
  app.add_option("--server", options.server, "The signalling server is at this URL (http:// or ws://)")->needs(room);
  app.add_option("--port", options.port, "Port of the signalling server that is hosted or joined here")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  app.add_option("--bind", options.bindAddress, "Address to host it at")->capture_default_str()->check(CLI::ValidIPV4);
  app.add_option("--stun", options.stunServers, "A STUN server, as in stun:stun.example.org:3478");
  auto* sendOption = app.add_option("--send", send, "Send this file and exit: 0 if the other side has it, hash and all");
  auto* receiveOption = app.add_option("--receive", receive, "Receive one file into this folder and exit: 0 if it is whole");
  sendOption->excludes(receiveOption)->excludes(agentFlag);
  receiveOption->excludes(agentFlag);
  app.add_option("--into", into, "Folder for files that come while chatting")->capture_default_str();
  app.add_flag("--trickle", options.trickle, "With --agent: tell candidates one by one")->needs(agentFlag);
  const std::map<std::string, parley::SctpEngine> engines{{"native", parley::SctpEngine::Native},
                                                          {"usrsctp", parley::SctpEngine::Usrsctp}};
  app.add_option("--sctp-engine", options.sctpEngine, "What carries the channel: native or usrsctp")
      ->transform(CLI::Transformer(engines));
  const std::map<std::string, parley::SctpCongestionControl> controls{{"cubic", parley::SctpCongestionControl::Cubic},
                                                                      {"bbr", parley::SctpCongestionControl::Bbr}};
  app.add_option("--congestion-control", options.sctpCongestionControl, "Of the native engine: cubic or bbr")
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
  check(options);
  return options;
}
