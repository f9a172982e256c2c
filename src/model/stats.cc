#include "model/stats.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/call.h"

namespace siploom::model {

namespace {

// Buckets of equal width up to 32 us; from there each doubling is cut into 32, so a bucket is 1/32
// of its value wide.
constexpr unsigned kStepBits = 5;
constexpr uint64_t kSteps = uint64_t{1} << kStepBits;

size_t bucket_of(Nanoseconds value) {
  const uint64_t us = static_cast<uint64_t>(std::max<Nanoseconds>(0, value)) / kMicrosecond;
  if (us < kSteps) return us;
  const unsigned octave = static_cast<unsigned>(std::bit_width(us)) - 1 - kStepBits;
  return kSteps + octave * kSteps + ((us >> octave) - kSteps);
}

Nanoseconds middle_of(size_t bucket) {
  if (bucket < kSteps) return static_cast<Nanoseconds>(bucket) * kMicrosecond;
  const uint64_t octave = (bucket - kSteps) / kSteps, step = (bucket - kSteps) % kSteps;
  const uint64_t low = (kSteps + step) << octave, width = uint64_t{1} << octave;
  return static_cast<Nanoseconds>(low + width / 2) * kMicrosecond;
}

}  // namespace

void DurationHistogram::add(Nanoseconds value) {
  ++buckets_[std::min(bucket_of(value), kBuckets - 1)];
  ++count_;
}

void DurationHistogram::add(const DurationHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
}

Nanoseconds DurationHistogram::quantile(double q) const {
  if (count_ == 0) return kNoDuration;
  const auto rank =
      static_cast<uint64_t>(std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= std::max<uint64_t>(1, rank)) return middle_of(i);
  }
  return middle_of(kBuckets - 1);
}

void CallTally::add(const CallTally& other) {
  attempts += other.attempts;
  answered += other.answered;
  user_failures += other.user_failures;
  failed += other.failed;
  open += other.open;
  pdd.add(other.pdd);
  setup.add(other.setup);
  talk.add(other.talk);
}

double CallTally::asr() const {
  return attempts == 0 ? std::nan("")
                       : static_cast<double>(answered) / static_cast<double>(attempts);
}

double CallTally::ner() const {
  return attempts == 0
             ? std::nan("")
             : static_cast<double>(answered + user_failures) / static_cast<double>(attempts);
}

}  // namespace siploom::model
