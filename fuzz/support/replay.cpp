// Runs a fuzz target without libFuzzer: over each file of the corpus folders, and over mutations of them that are the
// same in each run. `--trace` names each input before it runs, so that the last line names the one that fails;
// `--mutations N` says how many in all.

#include "base/random.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t largestInput = 64 * 1024;

struct Seed {
  std::string name;
  Input bytes;
};

bool readFolder(const std::filesystem::path& folder, std::vector<Seed>& seeds) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.is_regular_file()) files.push_back(entry.path());
  if (error) return false;
  std::sort(files.begin(), files.end());  // the folder's own order differs from machine to machine
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return false;
    seeds.push_back({file.string(), Input(std::istreambuf_iterator<char>(in), {})});
  }
  return true;
}

/// Runs on a copy of exactly the input's size, so that a sanitizer sees a read behind it.
void run(const Input& input, bool trace, const std::string& name) {
  if (trace) {
    std::printf("%s\n", name.c_str());
    std::fflush(stdout);
  }
  Input exact(input.begin(), input.end());
  exact.shrink_to_fit();
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

class Mutator {
 public:
  Mutator(const std::vector<Seed>& seeds, std::uint64_t seed) : seeds_(seeds), random_(seed) {}

  Input next() {
    Input input = pick();
    for (auto steps = 1 + random_.below(6); steps > 0; --steps) step(input);
    if (input.size() > largestInput) input.resize(largestInput);
    return input;
  }

 private:
  const Input& pick() { return seeds_[random_.below(seeds_.size())].bytes; }
  std::size_t place(const Input& input) { return random_.below(input.size()); }

  void step(Input& input) {
    static constexpr std::uint8_t edges[] = {0, 1, 3, 4, 0x7f, 0x80, 0xfe, 0xff};
    if (input.empty()) {
      input.resize(1 + random_.below(64));
      random_.fill(input);
      return;
    }
    auto at = [&](std::size_t i) { return input.begin() + static_cast<std::ptrdiff_t>(i); };
    std::size_t from = place(input);
    std::size_t length = 1 + random_.below(std::min<std::size_t>(input.size() - from, 32));
    switch (random_.below(7)) {
      case 0: input[from] ^= static_cast<std::uint8_t>(1u << random_.below(8)); break;
      case 1: input[from] = edges[random_.below(std::size(edges))]; break;
      case 2: random_.fill({&input[from], length}); break;
      case 3: input.resize(from); break;
      case 4: input.erase(at(from), at(from + length)); break;
      case 5: {
        Input part(at(from), at(from + length));
        input.insert(at(place(input)), part.begin(), part.end());
        break;
      }
      default: {  // the tail of another seed
        const Input& other = pick();
        input.resize(from);
        if (!other.empty())
          input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(place(other)), other.end());
      }
    }
  }

  const std::vector<Seed>& seeds_;
  parley::base::SeededRandom random_;
};

}  // namespace

int main(int argc, char** argv) {
  bool trace = false;
  unsigned long mutations = 5000;
  std::vector<Seed> seeds;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--trace") {
      trace = true;
    } else if (argument == "--mutations" && i + 1 < argc) {
      mutations = std::stoul(argv[++i]);
    } else if (!readFolder(argv[i], seeds)) {
      std::fprintf(stderr, "cannot read the corpus %s\n", argv[i]);
      return 2;
    }
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "no corpus: give folders with at least one file\n");
    return 2;
  }
  for (const auto& seed : seeds) run(seed.bytes, trace, seed.name);
  constexpr std::uint64_t mutationSeed = 1;
  Mutator mutator(seeds, mutationSeed);
  for (unsigned long i = 0; i < mutations; ++i) run(mutator.next(), trace, "mutation " + std::to_string(i));
  std::printf("%zu files and %lu mutations (seed %d)\n", seeds.size(), mutations, static_cast<int>(mutationSeed));
  return 0;
}
