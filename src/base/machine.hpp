#pragma once

#include <parley/time.hpp>

#include <concepts>
#include <optional>

namespace parley::base {

/// A protocol object without I/O: `handle(input, now)` for each of its inputs, and the three verbs below.
///
///  - `poll()` is called until it returns nothing.
///  - `deadline()` is pure, and `never` when the machine waits for nothing.
///  - `advance(now)` lets time pass; an older `now` is a no-op.
///  - After `advance(now)` and a full drain, `deadline() > now`.
///  - `handle` may be called repeatedly without draining. Inbound bytes are borrowed for the call, outbound packets owned.
template <class M>
concept Machine = requires(M m, const M c, Time now) {
  typename M::Output;
  { m.poll() } -> std::same_as<std::optional<typename M::Output>>;
  { c.deadline() } -> std::same_as<Time>;
  { m.advance(now) } -> std::same_as<void>;
};

}  // namespace parley::base
