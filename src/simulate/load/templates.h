// Templates: whole dialogs as HEP v3 messages, with the places where a dialog's fields go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulate/load/dialog.h"

namespace siploom::simulate::load {

struct Patch {
  uint16_t at = 0;
  Field field{};
};

struct Template {
  std::string octets;  // the HEP message
  std::vector<Patch> patches;
  uint16_t sip_bytes = 0;
};
using Flow = std::vector<Template>;  // the messages of a dialog in order

struct TemplateSet {
  // Each is as likely as any other: what is frequent is there more often.
  std::vector<Flow> flows;
  double mean_sip_bytes = 0, mean_hep_bytes = 0, messages_per_dialog = 0;
  size_t largest = 0;  // octets of a HEP message
};

// Where the time goes in all of them: seconds and microseconds, 32 bits each.
constexpr size_t kSecondsAt = 42, kMicrosecondsAt = 52;

// `sip_bytes`: the mean of their SIP; what is lacking is filled up with headers, and 480 or so is
// the least. `key` may be empty.
TemplateSet make_templates(uint64_t seed, size_t sip_bytes, std::string_view key);

}  // namespace siploom::simulate::load
