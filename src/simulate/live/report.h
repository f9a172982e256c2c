// Report: what a live run has sent and lost, for people and for scripts.
#pragma once

#include <string>
#include <vector>

#include "simulate/live/link.h"

namespace siploom::simulate::live {

struct NodeReport {
  std::string name, profile, destination;
  uint32_t capture_id = 0;
  uint64_t unencodable = 0;  // larger than a HEP message
  LinkCounters link;
};

struct Report {
  std::vector<NodeReport> nodes;
  Nanoseconds begin_wall = 0;
  Nanoseconds took = 0;
  Nanoseconds behind_max = 0;  // how late a message was at the most
  uint64_t calls = 0;          // Call-IDs

  uint64_t sent() const;
  uint64_t refused() const;  // of what was sent
  uint64_t lost() const;     // never sent
};

// A line for all, and one for each node; ends in a newline.
std::string report_text(const Report& report);
std::string report_json(const Report& report);

}  // namespace siploom::simulate::live
