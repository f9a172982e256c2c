// Meters: how long requests take, by route, as histograms that /metrics shows. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace siploom::api {

struct Histogram {
  static constexpr std::array<double, 12> kBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                     0.5,   1,    2.5,   5,    10,  30};
  std::array<uint64_t, kBounds.size()> counts{};  // of each bound alone
  uint64_t count = 0;
  double sum_s = 0;

  void add(double seconds);
};

class Meters final {
 public:
  static constexpr size_t kMaxNames = 256;
  void add(std::string_view name, double seconds);
  using All = std::map<std::string, Histogram, std::less<>>;
  All snapshot() const;

 private:
  mutable std::mutex mutex_;
  All histograms_;
};

}  // namespace siploom::api
