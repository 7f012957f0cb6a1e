#pragma once

// What answer is due to each description of the samples: who would send and receive everything answers so.

namespace parley::pc::test {

struct DueAnswer {
  const char* name;
  const char* answer;
};

inline constexpr DueAnswer dueAnswers[] = {
    {"", ""},
};

}  // namespace parley::pc::test
