// Shows a session description as the tree that the library makes of it, and as the text that it makes of the tree; or
// says which line is wrong and why.

#include "sdp/parse.hpp"
#include "sdp/verify.hpp"
#include "sdp/write.hpp"
#include "tree.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>

namespace {

std::optional<std::string> readAll(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  // A directory opens, but cannot be read.
  if (!file || file.peek() == std::ifstream::traits_type::eof()) {
    if (!file.is_open() || errno != 0) return std::nullopt;
    return std::string();
  }
  text << file.rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Shows a session description (SDP) as a tree and as text, or names the line that is wrong."};
  std::string path;
  app.add_option("FILE", path, "The description; - reads standard input")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 1;
  }

  auto text = readAll(path);
  if (!text) {
    std::cerr << path << ": " << std::strerror(errno) << '\n';
    return 1;
  }
  auto description = parley::sdp::parse(*text);
  if (!description) {
    std::cerr << path << ": " << description.error().toString() << '\n';
    return 1;
  }
  printTree(std::cout, *description);
  if (auto wrong = parley::sdp::verify(*description)) {
    std::cout << "\nnot fit for WebRTC: ";
    if (wrong->section) std::cout << "media " << *wrong->section << ": ";
    std::cout << wrong->reason << '\n';
  }
  std::cout << '\n' << parley::sdp::write(*description);
  return std::cout.flush() ? 0 : 1;
}
