#include "wire/hep/quirk.h"

#include <array>

namespace siploom::hep {

std::string_view quirk_name(Quirk quirk) {
  static constexpr std::array<std::string_view, kQuirks> kNames = {
      "swapped-agent-id",    "damaged",           "cut-payload",     "inflated",
      "gzipped-message",     "inflate-failed",    "both-payloads",   "no-payload",
      "no-addresses",        "ntp-time",          "big-endian-time", "short-time-header",
      "long-microseconds",   "impossible-time",   "trailing-nuls",   "fake-transport",
      "truncated-ipv6",      "mapped-ipv4",       "bsd-family",      "length-mismatch",
      "odd-header-length",   "odd-chunk-length",  "repeated-chunk",  "vendor-shadow",
      "null-correlation-id", "old-chunk-meaning", "left-aligned-mac"};
  const auto at = static_cast<size_t>(quirk);
  return at < kNames.size() ? kNames[at] : std::string_view("unknown");
}

}  // namespace siploom::hep
