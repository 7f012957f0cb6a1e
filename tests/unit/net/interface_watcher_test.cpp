#include "host_loop.hpp"

#include <support/catch.hpp>

#ifdef __linux__

#  include <net/if.h>
#  include <netinet/in.h>
#  include <sched.h>
#  include <sys/ioctl.h>
#  include <sys/socket.h>
#  include <unistd.h>

#  include <algorithm>
#  include <cstring>
#  include <exception>
#  include <functional>
#  include <string>
#  include <thread>

using namespace parley;
using net::test::Loop;

namespace {

/// Runs the test in a network namespace of its own, where "lo" is down at first. False if none can be made.
bool inNamespace(const std::function<void()>& test) {
  bool made = false;
  std::exception_ptr failure;
  std::thread([&] {
    made = ::unshare(CLONE_NEWNET) == 0;
    if (made) try {
        test();
      } catch (...) {
        failure = std::current_exception();
      }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return made;
}

ifreq request(const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return request;
}

bool control(unsigned long what, ifreq& request) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  const bool done = ::ioctl(fd, what, &request) == 0;
  ::close(fd);
  return done;
}

bool setUp(const char* name, bool up) {
  ifreq flags = request(name);
  if (!control(SIOCGIFFLAGS, flags)) return false;
  flags.ifr_flags = static_cast<short>(up ? flags.ifr_flags | IFF_UP : flags.ifr_flags & ~IFF_UP);
  return control(SIOCSIFFLAGS, flags);
}

bool setAddress(const char* name, const IpAddress& address) {
  ifreq set = request(name);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  std::memcpy(&in.sin_addr, address.bytes().data(), 4);
  std::memcpy(&set.ifr_addr, &in, sizeof in);
  return control(SIOCSIFADDR, set);
}

bool has(const std::vector<NetworkInterface>& interfaces, const IpAddress& address) {
  return std::any_of(interfaces.begin(), interfaces.end(), [&](const auto& entry) { return entry.address == address; });
}

const IpAddress loopback = IpAddress::v4(127, 0, 0, 1), second = IpAddress::v4(10, 1, 2, 3);

}  // namespace

TEST_CASE("addresses that come and go are told unasked, once the interfaces were listed") {
  const bool made = inNamespace([] {
    Loop loop;
    loop.ask(ListInterfaces{RequestId{1}});
    REQUIRE(loop.next<InterfacesListed>().interfaces.empty());

    REQUIRE(setUp("lo", true));
    CHECK(has(loop.next<InterfacesChanged>().interfaces, loopback));

    REQUIRE(setAddress("lo:1", second));
    const auto both = loop.next<InterfacesChanged>().interfaces;
    CHECK(has(both, loopback));
    CHECK(has(both, second));

    REQUIRE(setUp("lo", false));
    CHECK(loop.next<InterfacesChanged>().interfaces.empty());
  });
  if (!made) WARN("no network namespace can be made here: not tested");
}

TEST_CASE("a change that changes nothing is not told") {
  const bool made = inNamespace([] {
    Loop loop;
    REQUIRE(setUp("lo", true));
    loop.ask(ListInterfaces{RequestId{1}});
    REQUIRE(has(loop.next<InterfacesListed>().interfaces, loopback));
    // Down and up again within the moment that the host waits for things to be quiet.
    REQUIRE(setUp("lo", false));
    REQUIRE(setUp("lo", true));
    REQUIRE(setAddress("lo:1", second));
    const auto told = loop.next<InterfacesChanged>();
    CHECK(has(told.interfaces, loopback));
    CHECK(has(told.interfaces, second));
    CHECK(loop.core().answers.empty());
  });
  if (!made) WARN("no network namespace can be made here: not tested");
}

#endif
