#pragma once

namespace parley::base {

/// A visitor of a variant, from one lambda for each alternative.
template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace parley::base
