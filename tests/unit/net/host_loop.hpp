#pragma once

#include "fake_engine.hpp"
#include "net/host.hpp"

#include <boost/asio/io_context.hpp>
#include <support/catch.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace parley::net::test {

/// A host on an io_context that the test runs itself.
struct Loop {
  explicit Loop(bool plain = false) : host(io, engine, options(plain)) {}

  static net::Host::Options options(bool plain) {
    net::Host::Options options;
    options.plain = plain;
    return options;
  }
  pc::EngineCore& core() { return engine.core(); }
  void ask(Engine::Output output) {
    engine.post([this, o = std::make_shared<Engine::Output>(std::move(output))](Time) {
      core().outputs.push_back(std::move(*o));
    });
  }
  bool runUntil(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io.run_one_for(std::chrono::milliseconds(100));
      io.restart();
    }
    return true;
  }
  /// The next answer of this kind; those before it are forgotten.
  template <class Answer>
  Answer next() {
    auto& answers = core().answers;
    const auto find = [&] {
      while (!answers.empty() && !std::holds_alternative<Answer>(answers.front())) answers.erase(answers.begin());
      return !answers.empty();
    };
    if (!runUntil(find)) FAIL("no answer came");
    auto answer = std::get<Answer>(std::move(answers.front()));
    answers.erase(answers.begin());
    return answer;
  }
  /// The answer to what was asked last.
  template <class Answer>
  Answer answer() {
    core().answers.clear();
    if (!runUntil([&] { return !core().answers.empty(); })) FAIL("no answer came");
    return std::get<Answer>(core().answers.front());
  }

  boost::asio::io_context io;
  Engine engine;
  net::Host host;
};

}  // namespace parley::net::test
