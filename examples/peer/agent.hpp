#pragma once

#include "common/event_loop.hpp"
#include "options.hpp"

/// A peer that a program drives, by JSON lines on standard input and output (docs/peer.md). Returns the exit code.
int runAgent(EventLoop& loop, const Options& options);
