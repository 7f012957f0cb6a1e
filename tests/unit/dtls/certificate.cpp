#include "pair.hpp"

#include "base/hash.hpp"

#include <algorithm>

using namespace parley;
using namespace parley::dtls;
using namespace parley::dtls::test;

TEST_CASE("a certificate survives PEM") {
  for (const auto& certificate : {alice(), rsa()}) {
    const auto pem = certificate->toPem();
    CHECK(pem.certificate.find("-----BEGIN CERTIFICATE-----") == 0);
    CHECK(pem.privateKey.find("-----BEGIN PRIVATE KEY-----") == 0);
    const auto again = Certificate::fromPem(pem.certificate, pem.privateKey);
    REQUIRE(again);
    CHECK((*again)->der() == certificate->der());
    CHECK((*again)->fingerprint() == certificate->fingerprint());
    CHECK((*again)->expires() == certificate->expires());
    CHECK((*again)->toPem().privateKey == pem.privateKey);
  }
}

TEST_CASE("PEM that is none, or of two different certificates, is refused with a reason") {
  const auto mine = alice()->toPem(), other = bob()->toPem();
  CHECK(Certificate::fromPem("", mine.privateKey).error().find("certificate") != std::string::npos);
  CHECK(Certificate::fromPem(mine.certificate, "nonsense").error().find("private key") != std::string::npos);
  CHECK(Certificate::fromPem(mine.certificate, other.privateKey).error().find("not that") != std::string::npos);
  CHECK_FALSE(Certificate::fromPem(mine.certificate.substr(0, 200), mine.privateKey));
}

TEST_CASE("a certificate expires when it was told to") {
  base::SystemRandom random;
  using std::chrono::seconds;
  const auto one = Certificate::generate(KeyType::EcdsaP256, random, seconds{1'800'000'000}, seconds{100});
  REQUIRE(one);
  CHECK((*one)->expires() == 1'800'000'100'000);
  CHECK(alice()->expires() == (1'800'000'000 + 30 * 86400) * 1000LL);
  const auto far =
      Certificate::generate(KeyType::EcdsaP256, random, seconds{1'800'000'000}, seconds{31'536'000'000 / 100});
  REQUIRE(far);
  CHECK((*far)->expires() == (1'800'000'000 + 315'360'000) * 1000LL);
}

TEST_CASE("certificates differ in all that identifies them") {
  CHECK(alice()->der() != bob()->der());
  CHECK(alice()->fingerprint() != bob()->fingerprint());
}

TEST_CASE("a fingerprint is the hash of the DER form") {
  const auto hash = base::sha256(alice()->der());
  const Fingerprint fingerprint = alice()->fingerprint();
  CHECK(fingerprint.algorithm == "sha-256");
  CHECK(std::equal(hash.begin(), hash.end(), fingerprint.value.begin(), fingerprint.value.end()));
  CHECK(alice()->fingerprint("SHA-512").value.size() == 64);
  CHECK(alice()->fingerprint("sha-384").value.size() == 48);
  CHECK(alice()->fingerprint("sha-1").value.empty());
  CHECK(alice()->fingerprints() == std::vector<Fingerprint>{fingerprint});
}

TEST_CASE("fingerprints are read in any case and printed in the RFC's") {
  const Fingerprint fingerprint = alice()->fingerprint();
  const std::string text = fingerprint.toString();
  CHECK(text.size() == 8 + 32 * 3 - 1);
  CHECK(text.find("sha-256 ") == 0);
  std::string lower = text, upper = text;
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  for (const auto& form : {text, lower, upper}) {
    const auto parsed = Fingerprint::parse(form);
    REQUIRE(parsed);
    CHECK(*parsed == fingerprint);
    CHECK(parsed->toString() == text);
  }
}

TEST_CASE("a malformed fingerprint is refused") {
  for (const char* text :
       {"", "sha-256", "sha-256 ", " AB", "sha-256 AB:CD", "sha-1 AB", "x-new AB:", "x-new :AB", "x-new A", "x-new ABC",
        "x-new AB:C", "x-new AB CD", "x-new GG", "x-new AB:CD:", "x-new  AB"})
    CHECK_FALSE(Fingerprint::parse(text));
  const auto unknown = Fingerprint::parse("x-New ab:CD");
  REQUIRE(unknown);
  CHECK(*unknown == Fingerprint{"x-new", {0xab, 0xcd}});
}

TEST_CASE("only SHA-256 and better decide") {
  const Fingerprint sha1{"sha-1", std::vector<std::uint8_t>(20)}, unknown{"x-new", {1}};
  const Fingerprint sha256 = alice()->fingerprint(), sha384 = alice()->fingerprint("sha-384");
  CHECK(decisive({}).empty());
  CHECK(decisive({sha1, unknown}).empty());
  CHECK(decisive({sha1, sha256}) == std::vector<Fingerprint>{sha256});
  CHECK(decisive({sha256, sha384, bob()->fingerprint()}) == std::vector<Fingerprint>{sha384});
  CHECK(decisive({sha256, bob()->fingerprint()}) == std::vector<Fingerprint>{sha256, bob()->fingerprint()});
  CHECK(strength("SHA-256") == strength("sha-256"));
}
