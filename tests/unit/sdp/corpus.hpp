#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace parley::sdp::test {

/// The folder of other stacks' descriptions and of the standards' examples.
inline std::filesystem::path standards() { return PARLEY_STANDARDS; }

inline std::string readFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// All files below `folder` that end in ".sdp", sorted.
inline std::vector<std::filesystem::path> descriptionsBelow(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".sdp") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace parley::sdp::test
