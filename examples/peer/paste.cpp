#include "paste.hpp"

#include "common/json.hpp"
#include "session.hpp"

#include <iostream>
#include <optional>

int runPaste(EventLoop& loop, const Options& options) {
  // All candidates go with the description: there is one line to carry each way.
  bool offered = false;
  Session session(loop, options, false, [&](const nlohmann::json& message) {
    std::cout << "\nGive this line to the other peer:\n\n" << toLine(message) << "\n" << std::endl;
    if (offered) std::cout << "Then paste its line here:" << std::endl;
  });
  std::cout << "Paste the line of the other peer here; or press Enter, if you are the first, to get a line for it."
            << std::endl;
  loop.readLines([&](const std::optional<std::string>& line) {
    if (session.isOpen()) {
      if (!options.interactive()) return;
      return line ? session.line(*line) : session.inputEnded();
    }
    if (!line) return loop.fail("standard input ended before the connection was up");
    if (line->empty() && !offered) {
      offered = true;
      return session.offer();
    }
    const auto message = parseJson(*line);
    if (line->empty() || session.take(message)) return;
    std::cout << "That is not a line of the other peer; it starts with {\"sdp\": or {\"type\":" << std::endl;
  });
  return loop.run();
}
