#include "wire/report/header_statistics.h"

#include "base/text.h"

namespace siploom::report {

namespace {

template <class Number>
std::optional<Number> first_number(std::string_view value) {
  return parse_number<Number>(trim(split_once(value, ',').before));
}

}  // namespace

bool HeaderStatistics::parse(std::string_view value) {
  count_ = dropped_ = 0;
  while (!value.empty()) {
    const Halves halves = split_once(value, ';');
    value = halves.after;
    const Halves pair = split_once(halves.before, '=');
    const std::string_view key = trim(pair.before);
    if (!pair.found || key.empty()) continue;
    if (count_ == kMaxPairs) {
      ++dropped_;
    } else {
      pairs_[count_++] = {key, trim(pair.after)};
    }
  }
  return count_ > 0;
}

std::string_view HeaderStatistics::value_of(std::string_view key) const {
  for (const Statistic& pair : pairs()) {
    if (iequals(pair.key, key)) return pair.value;
  }
  return {};
}

Quality HeaderStatistics::quality() const {
  Quality out;
  out.lost = first_number<int64_t>(value_of("PL"));
  out.packets = first_number<uint64_t>(value_of("PR"));
  out.octets = first_number<uint64_t>(value_of("OR"));
  const auto jitter = first_number<double>(value_of("JI"));
  if (jitter && *jitter >= 0 && *jitter < 4e9) out.jitter_rtp = static_cast<uint32_t>(*jitter);
  for (const std::string_view key : {"MOS", "MOSLQ", "LQ"}) {
    const auto mos = first_number<double>(value_of(key));
    if (mos && !out.mos) out.mos = mos_of(*mos);
  }
  return out;
}

}  // namespace siploom::report
