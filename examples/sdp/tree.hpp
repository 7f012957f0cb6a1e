#pragma once

#include "sdp/description.hpp"

#include <ostream>

/// Prints the description as an indented tree, one value a line; attributes that have no type are marked "unknown".
void printTree(std::ostream& out, const parley::sdp::Description& description);
