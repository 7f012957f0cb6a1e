#pragma once

#include <deque>
#include <optional>

/// Stands between the sockets under test and the kernel: the executable defines the system calls that send, so that a
/// test can say what the next ones shall return. A full buffer or a refusing device cannot be had on loopback.
struct KernelScript {
  struct Answer {
    int error = 0;     ///< errno; 0: the call is let through…
    int messages = 0;  ///< …with at most this many messages (0: all).
  };
  std::deque<Answer> sends;
  /// As long as it is set, each send that has no answer of its own gets this errno.
  std::optional<int> alwaysFails;
  /// Runs of more than one packet are refused with this errno, as by a device without checksum offload.
  std::optional<int> refusesRuns;
};

extern KernelScript kernelScript;
