// The ladder: messages of a call as arrows between lanes, as text. Lanes stand in the order in
// which the request met them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/message.h"
#include "view/style.h"

namespace siploom::view {

struct LadderOptions {
  size_t width = 0;  // 0: as wide as it needs to be
  bool color = false;
  bool ascii = false;
  bool by_ip = false;                          // one lane an address
  bool unfold = false;                         // each retransmission on its own
  bool relative = false;                       // times since the first message instead of the clock
  std::map<std::string, std::string> aliases;  // "10.0.0.1" or "10.0.0.1:5060" to a name
};

// `messages` are in the order of time.
std::string ladder(const std::vector<model::Message>& messages, const LadderOptions& options);

}  // namespace siploom::view
