// The ladder's layout: which lanes there are, and which arrows between them, with what was folded
// into each. What text and a browser draw alike.
#pragma once

#include <string>
#include <vector>

#include "view/ladder.h"

namespace siploom::view {

constexpr size_t kMaxLadderLanes = 24;  // the last one stands for all others beyond

struct LadderLane {
  std::string key, title;  // key: the endpoint or address
};

// An arrow, with what was folded into it.
struct LadderStep {
  const model::Message* message = nullptr;
  std::vector<Timestamp> repeated;
  std::vector<size_t> repeated_at;  // indices of these messages
  size_t index = 0;                 // of the message
  size_t from = 0, to = 0;          // lanes
  std::string label;                // safe for a terminal
};

struct LadderLayout {
  std::vector<LadderLane> lanes;
  std::vector<LadderStep> steps;
};

// `messages` must outlive it. Of the options those that say what is shown count, not how.
LadderLayout lay_out_ladder(const std::vector<model::Message>& messages,
                            const LadderOptions& options);

}  // namespace siploom::view
