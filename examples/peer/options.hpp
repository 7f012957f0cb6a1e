#pragma once

#include <parley/configuration.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// What the command line says, checked.
struct Options {
  enum class Mode { Room, Paste, Agent };
  Mode mode = Mode::Room;

  std::string room;
  std::string bindAddress = "127.0.0.1";  ///< Where the signalling server is hosted.
  std::uint16_t port = 8765;
  std::string server;  ///< URL of a signalling server elsewhere; empty: host or join one here.

  std::vector<std::string> stunServers;
  std::vector<std::string> turnServers;  ///< All with the same user and credential.
  std::string user, credential;
  std::string trustAnchors;  ///< PEM, of the TURN servers' certificates.
  bool relayOnly = false;
  bool tcpOnly = false;
  bool lite = false;
  bool hideAddresses = false;
  std::vector<std::string> interfaces;  ///< Empty: all.
  std::uint16_t firstPort = 0;  ///< Of the local UDP ports; 0: any.
  std::uint16_t lastPort = 0;

  std::optional<std::filesystem::path> send;     ///< Send this file, then exit.
  std::optional<std::filesystem::path> receive;  ///< Receive one file into this folder, then exit.
  std::filesystem::path into = ".";              ///< Where files go that come while chatting.
  bool trickle = false;                          ///< Of the agent.
  bool loopMedia = false;                        ///< Of the agent.
  parley::SctpEngine sctpEngine = parley::Configuration::Extensions().sctpEngine;
  parley::SctpCongestionControl sctpCongestionControl = parley::Configuration::Extensions().sctpCongestionControl;
  bool sctpSnap = false;
  bool verbose = false;

  bool interactive() const { return !send && !receive; }
};

/// Prints help or one line on what is wrong, and exits, unless the program shall go on.
Options parseOptions(int argc, char** argv);
