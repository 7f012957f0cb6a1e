// parley-sfu: a room for browsers. Each sees all others; packets are forwarded, nothing is decoded or encoded here.
#include "common/event_loop.hpp"
#include "common/page.hpp"
#include "common/page_call.hpp"
#include "member.hpp"
#include "room.hpp"

#include <CLI/CLI.hpp>
#include <parley/log.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

using namespace parley;

int main(int argc, char** argv) {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8768;
  bool verbose = false;
  CLI::App app("A room: everybody who opens the page sees everybody else.");
  app.add_option("--bind", address, "Serve the page at this address");
  app.add_option("--port", port, "Serve the page at this port; 0: any");
  app.add_flag("-v,--verbose", verbose, "Log what the library does");
  CLI11_PARSE(app, argc, argv);
  if (verbose) setLogHandler(LogLevel::Debug);
  EventLoop& loop = EventLoop::instance();
  loop.setProgram("sfu");
  try {
    const auto runtime = Runtime::create();
    Configuration configuration;
    configuration.extensions.includeLoopback = true;
    Room room(loop, runtime, configuration);
    const PageServer server(loop, address, port, page, [&] { return room.enter(); });
    return loop.run();
  } catch (const std::exception& error) {
    std::cerr << "sfu: " << error.what() << std::endl;
  }
  return 1;
}
