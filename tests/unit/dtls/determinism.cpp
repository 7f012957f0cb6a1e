#define OPENSSL_SUPPRESS_DEPRECATED  // RAND_set_rand_method has no successor that is as simple
#include "pair.hpp"

#include <openssl/rand.h>

using namespace parley;
using namespace parley::dtls;
using namespace parley::dtls::test;

namespace {

base::SeededRandom* bits = nullptr;

/// OpenSSL's random bits from a seed, while it lives.
class SeededOpenSsl {
 public:
  explicit SeededOpenSsl(std::uint64_t seed) : random_(seed), before_(RAND_get_rand_method()) {
    static const RAND_METHOD method = {nullptr, fill, nullptr, nullptr, fill, [] { return 1; }};
    bits = &random_;
    RAND_set_rand_method(&method);
  }
  ~SeededOpenSsl() { RAND_set_rand_method(before_); }

 private:
  static int fill(unsigned char* out, int size) {
    bits->fill({out, static_cast<std::size_t>(size)});
    return 1;
  }
  base::SeededRandom random_;
  const RAND_METHOD* before_;
};

std::vector<std::string> everyDatagram(std::uint64_t seed) {
  SeededOpenSsl openSsl(seed);
  base::SeededRandom names(seed), path(seed);
  auto certificate = [&] {
    return *Certificate::generate(KeyType::EcdsaP256, names, std::chrono::seconds{1'800'000'000});
  };
  Pair::Options options;
  options.client = certificate();
  options.server = certificate();
  Pair pair(options);
  std::vector<std::string> datagrams;
  pair.fate = [&](bool, int, const std::string& datagram) {
    datagrams.push_back(datagram);
    return path.unit() < 0.2 ? Pair::Fate{} : Pair::Fate{path.below(20) * 1ms};
  };
  pair.start();
  pair.run(60s);
  REQUIRE(pair.up());
  pair.client.endpoint.send(bytes("data"), pair.now);
  pair.client.endpoint.close(pair.now);
  pair.run(60s);
  return datagrams;
}

}  // namespace

TEST_CASE("the same random bits give the same datagrams") {
  const auto first = everyDatagram(5);
  CHECK(first.size() > 5);
  CHECK(first == everyDatagram(5));
  CHECK(first != everyDatagram(6));
}
