#pragma once

#include <nlohmann/json.hpp>

#include <string>

/// The JSON in a line or a message; a discarded value if there is none.
inline nlohmann::json parseJson(const std::string& text) { return nlohmann::json::parse(text, nullptr, false); }

/// One line. What is not UTF-8 becomes U+FFFD.
inline std::string toLine(const nlohmann::json& message) {
  return message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The member if it is a string, else an empty string.
inline std::string text(const nlohmann::json& message, const char* member) {
  const auto found = message.find(member);
  return found != message.end() && found->is_string() ? found->get<std::string>() : std::string();
}
