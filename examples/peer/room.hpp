#pragma once

#include "common/event_loop.hpp"
#include "options.hpp"

/// Meets the other peer in a room, on a server that is hosted here, joined here, or elsewhere. Returns the exit code.
int runRoom(EventLoop& loop, const Options& options);
