#include "support/virtual_globals.hpp"

#include <openssl/rand.h>
#include <sys/time.h>

#include <atomic>
#include <chrono>
#include <cstddef>

namespace {

std::atomic<std::int64_t> microseconds{1'700'000'000'000'000};
std::atomic<std::uint64_t> state{1};

// splitmix64
std::uint64_t next() {
  std::uint64_t z = state.fetch_add(0x9E3779B97F4A7C15u) + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

int fill(unsigned char* out, int size) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<unsigned char>(next() >> 24);
  return 1;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
struct InstallsGenerator {
  InstallsGenerator() {
    static const RAND_METHOD method = {nullptr, fill, nullptr, nullptr, fill, [] { return 1; }};
    RAND_set_rand_method(&method);
  }
} installsGenerator;
#pragma GCC diagnostic pop

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int gettimeofday(struct timeval* time, void*) noexcept {
  auto now = microseconds.load();
  time->tv_sec = static_cast<decltype(time->tv_sec)>(now / 1'000'000);
  time->tv_usec = static_cast<decltype(time->tv_usec)>(now % 1'000'000);
  return 0;
}

/// usrsctp's own.
__attribute__((visibility("default"))) void read_random(void* out, std::size_t size);
void read_random(void* out, std::size_t size) { fill(static_cast<unsigned char*>(out), static_cast<int>(size)); }

}  // extern "C"

namespace parley::test {

void setVirtualTime(Time now) {
  microseconds = 1'700'000'000'000'000 + std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
}

void seedGlobals(std::uint64_t seed) { state = seed; }

}  // namespace parley::test
