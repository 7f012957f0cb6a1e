#include "agent.hpp"
#include "common/event_loop.hpp"
#include "options.hpp"
#include "paste.hpp"
#include "room.hpp"

#include <parley/log.hpp>

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  const Options options = parseOptions(argc, argv);
  if (options.verbose) parley::setLogHandler(parley::LogLevel::Debug);
  EventLoop& loop = EventLoop::instance();
  loop.setProgram("peer");
  try {
    switch (options.mode) {
      case Options::Mode::Room: return runRoom(loop, options);
      case Options::Mode::Paste: return runPaste(loop, options);
      case Options::Mode::Agent: return runAgent(loop, options);
    }
  } catch (const std::exception& error) {
    std::cerr << "peer: " << error.what() << std::endl;
  }
  return 1;
}
