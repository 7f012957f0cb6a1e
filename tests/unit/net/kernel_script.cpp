#include "kernel_script.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

KernelScript kernelScript;

namespace {

std::optional<KernelScript::Answer> nextAnswer() {
  if (!kernelScript.sends.empty()) {
    auto answer = kernelScript.sends.front();
    kernelScript.sends.pop_front();
    return answer;
  }
  if (kernelScript.alwaysFails) return KernelScript::Answer{*kernelScript.alwaysFails, 0};
  return std::nullopt;
}

int fail(int error) {
  errno = error;
  return -1;
}

}  // namespace

extern "C" int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags) {
  if (auto answer = nextAnswer()) {
    if (answer->error) return fail(answer->error);
    if (answer->messages) count = std::min(count, static_cast<unsigned>(answer->messages));
  }
  if (kernelScript.refusesRuns) {
    const auto run = std::find_if(messages, messages + count, [](auto& m) { return m.msg_hdr.msg_iovlen > 1; });
    if (run == messages) return fail(*kernelScript.refusesRuns);
    count = static_cast<unsigned>(run - messages);
  }
  return static_cast<int>(::syscall(SYS_sendmmsg, fd, messages, count, flags));
}

extern "C" ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t length) {
  if (auto answer = nextAnswer(); answer && answer->error) return fail(answer->error);
  return ::syscall(SYS_sendto, fd, data, size, flags, to, length);
}

extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  if (auto answer = nextAnswer(); answer && answer->error) return fail(answer->error);
  return ::syscall(SYS_sendmsg, fd, message, flags);
}
