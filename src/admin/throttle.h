// LoginThrottle: how long somebody who guesses has to wait. Counts failures by user name and by
// address, in memory; thread-safe.
#pragma once

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "admin/clock.h"
#include "base/net.h"

namespace siploom::admin {

struct ThrottleLimits {
  int free_failures = 5;                 // without a delay
  Nanoseconds first_delay = kSecond;     // then doubled with each failure
  Nanoseconds name_delay_max = kMinute;  // short: else anybody could lock a user out
  Nanoseconds address_delay_max = 15 * kMinute;
  Nanoseconds forget_after = kHour;  // without a failure
  size_t names_max = 4'096;          // the ones that failed longest ago are forgotten first
  size_t addresses_max = 16'384;
};

struct ThrottleCounters {
  uint64_t attempts = 0, failures = 0, throttled = 0, evicted = 0;
};

class LoginThrottle final {
 public:
  explicit LoginThrottle(Clock clock, const ThrottleLimits& limits = {});

  // Before the password is looked at: nothing, and the attempt counts as a failure until
  // succeeded() takes it back, so that many at once gain nothing; or how long to wait.
  std::optional<Nanoseconds> begin(std::string_view name, const IpAddress& from);
  void succeeded(std::string_view name, const IpAddress& from);

  // For failures to come; who waits goes on waiting.
  void set_limits(const ThrottleLimits& limits);
  ThrottleCounters counters() const;

 private:
  struct Entry {
    std::string key;
    int failures = 0;
    Timestamp last{}, blocked_until{};
  };
  // Entries from the one that failed longest ago to the latest.
  class Table {
   public:
    Entry* find(const std::string& key);
    Entry& touch(const std::string& key, size_t most, uint64_t& evicted);
    void erase(const std::string& key);

   private:
    struct Hash {
      size_t operator()(const std::string& key) const;
    };
    std::list<Entry> entries_;
    std::unordered_map<std::string, std::list<Entry>::iterator, Hash> by_key_;
  };

  Nanoseconds wait(Table& table, const std::string& key, Timestamp now) const;
  void count_failure(Table& table, const std::string& key, size_t most, Nanoseconds delay_max,
                     Timestamp now);

  Clock clock_;
  ThrottleLimits limits_;
  mutable std::mutex mutex_;
  Table names_, addresses_;
  ThrottleCounters counters_;
};

}  // namespace siploom::admin
