// X-RTP-Stat and P-RTP-Stat: what telephones say of their streams in BYE and its 200, as KEY=VALUE
// parts between semicolons. Keys are the vendor's; unknown ones are kept.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "wire/report/report.h"

namespace siploom::report {

struct Statistic {
  std::string_view key, value;  // the value may be two, with a comma: received, sent
};

class HeaderStatistics final {
 public:
  static constexpr size_t kMaxPairs = 48;

  // The header's value. False: no pair in it.
  bool parse(std::string_view value);
  std::span<const Statistic> pairs() const { return {pairs_.data(), count_}; }
  size_t dropped() const { return dropped_; }
  // Empty when there is no such key; case does not matter.
  std::string_view value_of(std::string_view key) const;
  // Of what was received: PL, JI (in RTP units), PR, MOS where one is given.
  Quality quality() const;

 private:
  std::array<Statistic, kMaxPairs> pairs_;
  size_t count_ = 0, dropped_ = 0;
};

}  // namespace siploom::report
