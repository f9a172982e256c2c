// The scenarios by name. Each writes one Plan; the flow of messages is in its function, nothing is
// anywhere else.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "simulate/script.h"

namespace siploom::simulate {

struct Scenario {
  std::string_view name;
  std::string_view help;
  void (*write)(Script& script);
};

std::span<const Scenario> all_scenarios();
std::optional<size_t> find_scenario(std::string_view name);

// By file: calls that are answered, that are not, that change on the way, and what is no call.
std::span<const Scenario> answered_scenarios();
std::span<const Scenario> unanswered_scenarios();
std::span<const Scenario> changing_scenarios();
std::span<const Scenario> other_scenarios();

}  // namespace siploom::simulate
