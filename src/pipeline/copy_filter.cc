#include "pipeline/copy_filter.h"

#include "base/hash.h"

namespace siploom::pipeline {

namespace {
// Copies by two taps lie microseconds to milliseconds apart. The identification makes a longer lag
// safe.
constexpr Nanoseconds kWindow = 400 * kMillisecond;
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

bool CopyFilter::is_copy(const model::Record& record, uint64_t copy_hash) {
  Slot& slot = slots_[copy_hash & (kSlots - 1)];
  if (slot.hash == copy_hash) {
    const Nanoseconds lag =
        record.time > slot.time ? record.time - slot.time : slot.time - record.time;
    const bool both_named = slot.copy_key != 0 && record.copy_key != 0;
    if (both_named ? slot.copy_key == record.copy_key && lag < kWindow : lag < kWindowWithoutId) {
      return true;
    }
  }
  slot = {copy_hash, record.time, record.copy_key};
  return false;
}

}  // namespace siploom::pipeline
