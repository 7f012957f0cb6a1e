#pragma once

#include "options.hpp"

#include <parley/configuration.hpp>

/// What the options ask of the connection. Loopback addresses are gathered, too: two terminals of one machine without
/// any network have nothing else.
parley::Configuration configurationOf(const Options& options);
