#pragma once

#include "sdp/attributes.hpp"

#include <string>

namespace parley::sdp {

std::string_view toString(Direction direction);
std::string_view toString(Setup::Role role);
std::string_view toString(Rid::Direction direction);

/// Appends the attribute as it stands behind "a=".
void appendAttribute(std::string& out, const Attribute& attribute);
/// Appends "IN IP4 192.0.2.1".
void appendConnection(std::string& out, const Connection& connection);

}  // namespace parley::sdp
