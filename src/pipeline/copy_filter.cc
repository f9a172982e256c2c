#include "pipeline/copy_filter.h"

#include <utility>

#include "base/hash.h"

namespace siploom::pipeline {

namespace {
// Copies by two taps lie microseconds to milliseconds apart. The identification makes a longer lag
// safe.
constexpr Nanoseconds kWindowWithId = 400 * kMillisecond;
constexpr Nanoseconds kWindowWithoutId = 10 * kMillisecond;
}  // namespace

uint64_t copy_hash_of(const model::Record& record) {
  return copy_hash_of(record, hash_bytes(record.payload));
}

uint64_t copy_hash_of(const model::Record& record, uint64_t identity) {
  const uint64_t ports = uint64_t{record.src.port} << 16 | record.dst.port;
  uint64_t h = mix(identity, record.payload.size());
  h = mix(h, load_le64(&record.src.address.octets[8]) ^ load_le64(&record.src.address.octets[0]));
  h = mix(h, load_le64(&record.dst.address.octets[8]) ^ load_le64(&record.dst.address.octets[0]));
  return mix(h, ports);
}

void CopyFilter::turn_over() {
  previous_ = std::move(current_);
  current_ = Generation{};
  current_.reserve(previous_.size());
}

void CopyFilter::advance(Timestamp now) {
  if (is_known(began_) && now >= began_ && now - began_ <= 2 * kWindowWithId) return;
  began_ = now;
  if (current_.size() != 0 || previous_.size() != 0) turn_over();
}

bool CopyFilter::is_copy(Timestamp time, uint32_t copy_key, uint64_t copy_hash) {
  if (current_.size() >= kMaxRemembered) turn_over();
  const auto [seen, is_new] = current_.insert(copy_hash, copy_hash);
  if (is_new) {
    const Seen* before = previous_.find(copy_hash, copy_hash);
    if (before == nullptr) {
      *seen = {time, copy_key};
      return false;
    }
    *seen = *before;
  }
  const Nanoseconds lag = time > seen->time ? time - seen->time : seen->time - time;
  const bool both_named = seen->copy_key != 0 && copy_key != 0;
  if (both_named ? seen->copy_key == copy_key && lag < kWindowWithId : lag < kWindowWithoutId) {
    return true;
  }
  *seen = {time, copy_key};
  return false;
}

}  // namespace siploom::pipeline
