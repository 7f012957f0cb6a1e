#pragma once

#include <parley/export.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace parley {

/// The names of the DOMExceptions (and of the ECMAScript errors) that the W3C's algorithms throw.
enum class ErrorName {
  AbortError,
  InvalidAccessError,
  InvalidCharacterError,
  InvalidModificationError,
  InvalidStateError,
  NotSupportedError,
  OperationError,
  RangeError,
  SyntaxError,
  TypeError,
};

/// "InvalidStateError" and so on.
PARLEY_API std::string_view toString(ErrorName name);

/// What the public API throws where the specification throws, and what an `Async` rejects with where it rejects.
/// `what()` is a sentence for people; programs look at `name()`.
class PARLEY_API Error : public std::runtime_error {
 public:
  Error(ErrorName name, const std::string& message) : std::runtime_error(message), name_(name) {}
  ErrorName name() const noexcept { return name_; }

 private:
  ErrorName name_;
};

}  // namespace parley
