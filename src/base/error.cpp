#include <parley/error.hpp>

namespace parley {

std::string_view toString(ErrorName name) {
  switch (name) {
    case ErrorName::AbortError: return "AbortError";
    case ErrorName::InvalidAccessError: return "InvalidAccessError";
    case ErrorName::InvalidCharacterError: return "InvalidCharacterError";
    case ErrorName::InvalidModificationError: return "InvalidModificationError";
    case ErrorName::InvalidStateError: return "InvalidStateError";
    case ErrorName::NotSupportedError: return "NotSupportedError";
    case ErrorName::OperationError: return "OperationError";
    case ErrorName::RangeError: return "RangeError";
    case ErrorName::SyntaxError: return "SyntaxError";
    case ErrorName::TypeError: return "TypeError";
  }
  return "Error";
}

}  // namespace parley
