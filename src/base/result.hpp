#pragma once

#include <tl/expected.hpp>

namespace parley::base {

/// A value or the reason why there is none. The one place that names the library behind it (C++23 has it in std).
template <class T, class E>
using Result = tl::expected<T, E>;

template <class E>
using Unexpected = tl::unexpected<E>;

template <class E>
tl::unexpected<std::decay_t<E>> unexpected(E&& e) {
  return tl::unexpected<std::decay_t<E>>(std::forward<E>(e));
}

}  // namespace parley::base
