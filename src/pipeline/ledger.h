// Ledger: where every message went, a minute, a source and an agent at a time: stored, filtered or
// lost, and why. What was counted is written within a second, so that a kill loses no more of it:
// a minute's rows are parts of its sum, which the store makes of them when it seals. One thread.
#pragma once

#include <array>
#include <map>
#include <string>
#include <tuple>

#include "base/net.h"
#include "base/time.h"
#include "store/entry.h"

namespace siploom::pipeline {

class Ledger final {
 public:
  void count(store::Fate fate, const IpAddress& source, std::string_view node,
             std::string_view reason, uint64_t messages, uint64_t octets = 0);
  // Appends what was counted since the last time, if that was a second ago or in another minute
  // (longer when there is much, so that at most 64 rows a second are written); `all`: in any case.
  void write(std::string& entries, Timestamp now, bool all = false);

 private:
  static constexpr size_t kMaxRows = 16'384;  // the rest is counted without source and agent
  struct Sum {
    uint64_t messages = 0, octets = 0;
  };
  using Key = std::tuple<store::Fate, IpAddress, std::string, std::string>;
  std::map<Key, Sum, std::less<>> sums_;
  // Keys counted lately: a few agents send nearly everything.
  struct Recent {
    const Key* key = nullptr;
    Sum* sum = nullptr;
  };
  std::array<Recent, 32> recent_{};
  int64_t minute_ = 0;
  Timestamp written_ = kNoTime;
};

}  // namespace siploom::pipeline
