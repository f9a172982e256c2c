#include "admin/throttle.h"

#include <algorithm>

#include "admin/secret.h"
#include "admin/text_rules.h"
#include "base/hash.h"

namespace siploom::admin {

namespace {

// Of a fixed size, whatever somebody sends as a name.
std::string key_of_name(std::string_view name) {
  const std::string key = name_key(name);
  const Sha256 hash = sha256(key.empty() ? name : std::string_view(key));
  return std::string(as_text(hash));
}

// A subscriber has a whole /64 of IPv6 (RFC 6177), so that is what counts as one address.
std::string key_of_address(const IpAddress& address) {
  return std::string(as_text(ByteSpan(address.octets).first(address.is_v4() ? 16 : 8)));
}

}  // namespace

size_t LoginThrottle::Table::Hash::operator()(const std::string& key) const {
  return hash_text(key);
}

LoginThrottle::Entry* LoginThrottle::Table::find(const std::string& key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &*found->second;
}

LoginThrottle::Entry& LoginThrottle::Table::touch(const std::string& key, size_t most,
                                                  uint64_t& evicted) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.splice(entries_.end(), entries_, found->second);
    return entries_.back();
  }
  if (by_key_.size() >= most && !entries_.empty()) {
    by_key_.erase(entries_.front().key);
    entries_.pop_front();
    ++evicted;
  }
  entries_.push_back(Entry{key});
  by_key_.emplace(key, std::prev(entries_.end()));
  return entries_.back();
}

void LoginThrottle::Table::erase(const std::string& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  entries_.erase(found->second);
  by_key_.erase(found);
}

LoginThrottle::LoginThrottle(Clock clock, const ThrottleLimits& limits)
    : clock_(std::move(clock)), limits_(limits) {}

void LoginThrottle::set_limits(const ThrottleLimits& limits) {
  const std::lock_guard lock(mutex_);
  limits_ = limits;
}

Nanoseconds LoginThrottle::wait(Table& table, const std::string& key, Timestamp now) const {
  const Entry* entry = table.find(key);
  return entry == nullptr ? 0 : std::max<Nanoseconds>(0, entry->blocked_until - now);
}

void LoginThrottle::count_failure(Table& table, const std::string& key, size_t most,
                                  Nanoseconds delay_max, Timestamp now) {
  Entry& entry = table.touch(key, most, counters_.evicted);
  if (now - entry.last >= limits_.forget_after) entry.failures = 0;
  entry.last = now;
  ++entry.failures;
  const int over = entry.failures - limits_.free_failures;
  if (over < 0) return;
  constexpr int kMaxDoublings = 20;
  const Nanoseconds delay = limits_.first_delay << std::min(over, kMaxDoublings);
  entry.blocked_until = now + std::min(delay, delay_max);
}

std::optional<Nanoseconds> LoginThrottle::begin(std::string_view name, const IpAddress& from) {
  const std::string by_name = key_of_name(name), by_address = key_of_address(from);
  const Timestamp now = clock_();
  const std::lock_guard lock(mutex_);
  ++counters_.attempts;
  const Nanoseconds left = std::max(wait(names_, by_name, now), wait(addresses_, by_address, now));
  if (left > 0) {
    ++counters_.throttled;
    return left;
  }
  count_failure(names_, by_name, limits_.names_max, limits_.name_delay_max, now);
  count_failure(addresses_, by_address, limits_.addresses_max, limits_.address_delay_max, now);
  ++counters_.failures;
  return std::nullopt;
}

void LoginThrottle::succeeded(std::string_view name, const IpAddress& from) {
  const std::string by_address = key_of_address(from);
  const std::lock_guard lock(mutex_);
  if (counters_.failures > 0) --counters_.failures;
  names_.erase(key_of_name(name));
  // Only this one is taken back: an account of one's own is no way to guess at others' for ever.
  Entry* entry = addresses_.find(by_address);
  if (entry == nullptr) return;
  entry->failures = std::max(0, entry->failures - 1);
  entry->blocked_until = Timestamp{};
  if (entry->failures == 0) addresses_.erase(by_address);
}

ThrottleCounters LoginThrottle::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace siploom::admin
