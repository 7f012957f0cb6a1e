#pragma once

#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace parley::test {

/// One record of a .vec file: `[name]`, then `key = value` lines; values are hex, or text where the key says so.
struct VectorRecord {
  std::string name;
  std::map<std::string, std::string> values;
  bool has(const std::string& key) const { return values.count(key) != 0; }
};

/// The records of `file` (below PARLEY_STANDARDS/vectors). The collection is not part of this repository: without it
/// there are none and a warning, but a collection that is there must have the file.
inline std::vector<VectorRecord> readVectorFile(const std::string& standards, const std::string& file) {
  std::vector<VectorRecord> records;
  if (!std::filesystem::exists(standards)) {
    WARN("no vector collection at " << standards << ": " << file << " is NOT checked");
    return records;
  }
  auto path = standards + "/vectors/" + file;
  std::ifstream in(path);
  INFO("reading " << path);
  REQUIRE(in.is_open());
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[' && line.back() == ']') {
      records.push_back({line.substr(1, line.size() - 2), {}});
      continue;
    }
    auto equals = line.find('=');
    REQUIRE(equals != std::string::npos);
    REQUIRE_FALSE(records.empty());
    auto trimmed = [](std::string text) {
      text.erase(0, text.find_first_not_of(' '));
      text.erase(text.find_last_not_of(' ') + 1);
      return text;
    };
    records.back().values[trimmed(line.substr(0, equals))] = trimmed(line.substr(equals + 1));
  }
  REQUIRE_FALSE(records.empty());
  return records;
}

}  // namespace parley::test
