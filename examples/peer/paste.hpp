#pragma once

#include "common/event_loop.hpp"
#include "options.hpp"

/// Connects without a server: the user carries the two descriptions, one line each. Returns the exit code.
int runPaste(EventLoop& loop, const Options& options);
