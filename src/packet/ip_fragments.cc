#include "packet/ip_fragments.h"

#include <algorithm>

#include "base/flat_map.h"
#include "base/hash.h"
#include "base/intrusive_list.h"
#include "packet/segment_store.h"

namespace siploom::packet {

namespace {

constexpr size_t kMaxFragments = 1024;
constexpr uint64_t kMaxPayload = 65'535;
// How long fragments of a datagram that is complete are taken for copies of those that made it.
// Copies by two taps lie milliseconds apart; a sender takes longer to use an identification again
// (RFC 6864 3.1).
constexpr Nanoseconds kCopyWindow = 400 * kMillisecond;

struct FragmentKey {
  IpAddress src, dst;
  uint32_t id = 0;
  uint16_t version = 0;
  uint16_t protocol = 0;  // RFC 791 has it in the key, RFC 8200 4.5 has not
  bool operator==(const FragmentKey&) const = default;
};
static_assert(sizeof(FragmentKey) == 40, "hashed as octets, so there must be no padding");

struct Pending {
  FragmentKey key;
  uint64_t hash = 0;
  Timestamp since;  // the first fragment, or completion
  SegmentStore parts;
  uint64_t held = 0;  // octets in `parts`
  std::optional<uint64_t> end;
  bool complete = false;
  ListLink<Pending> by_age;
};

}  // namespace

struct FragmentTable::State {
  using ByAge = IntrusiveList<Pending, &Pending::by_age>;

  explicit State(const FragmentLimits& limits_) : limits(limits_) {}

  Pending& find_or_make(const Datagram& fragment, Timestamp time);
  bool fits(Pending& pending, const Datagram& fragment);
  void keep(Pending& pending, const Datagram& fragment, Timestamp time, uint64_t frame);
  void complete(Pending& pending, Timestamp time);
  void forget(Pending& pending);
  void make_room();
  void expire(Timestamp now);

  FragmentLimits limits;
  FragmentCounters counters;
  FlatMap<FragmentKey, std::unique_ptr<Pending>> table;
  ByAge pending_by_age, complete_by_age;
  size_t pending_count = 0;
  size_t bytes = 0;
  Timestamp now;
  std::vector<uint8_t> whole_bytes;
  WholeDatagram whole;
};

FragmentTable::FragmentTable(const FragmentLimits& limits)
    : state_(std::make_unique<State>(limits)) {}

FragmentTable::~FragmentTable() = default;

const FragmentCounters& FragmentTable::counters() const { return state_->counters; }

void FragmentTable::expire(Timestamp now) { state_->expire(now); }

const WholeDatagram* FragmentTable::add(const Datagram& fragment, Timestamp time, uint64_t frame) {
  State& state = *state_;
  ++state.counters.fragments;
  if (is_known(time)) state.now = time;
  state.expire(state.now);
  const size_t size = fragment.payload.size();
  // RFC 8200 4.5: all but the last are multiples of eight octets; if the capture cut one off, that
  // is no fault of it.
  const bool odd = fragment.more_fragments && !fragment.cut && size % 8 != 0;
  if (size == 0 || odd || fragment.fragment_offset + size > kMaxPayload) {
    ++state.counters.malformed;
    return nullptr;
  }
  Pending& pending = state.find_or_make(fragment, state.now);
  if (pending.complete) {
    ++state.counters.duplicates;
    return nullptr;
  }
  if (!state.fits(pending, fragment)) return nullptr;
  state.keep(pending, fragment, state.now, frame);
  if (pending.end && pending.held == *pending.end) {
    state.complete(pending, state.now);
    state.make_room();
    return &state.whole;
  }
  if (pending.parts.count() > kMaxFragments) {
    ++state.counters.evicted;
    state.forget(pending);
  }
  state.make_room();
  return nullptr;
}

Pending& FragmentTable::State::find_or_make(const Datagram& fragment, Timestamp time) {
  FragmentKey key{fragment.src.address, fragment.dst.address, fragment.ip_id, fragment.ip_version,
                  0};
  if (fragment.ip_version == 4) key.protocol = fragment.ip_protocol;
  const uint64_t hash = hash_bytes({reinterpret_cast<const uint8_t*>(&key), sizeof key});
  std::unique_ptr<Pending>& pending = *table.insert(hash, key).first;
  if (pending == nullptr) {
    pending = std::make_unique<Pending>();
    pending->key = key;
    pending->hash = hash;
    pending->since = time;
    pending_by_age.push_back(*pending);
    ++pending_count;
  }
  return *pending;
}

// Whether the fragment agrees with what is known of the datagram's end; the first that told it is
// believed.
bool FragmentTable::State::fits(Pending& pending, const Datagram& fragment) {
  const uint64_t end = fragment.fragment_offset + fragment.payload.size();
  const bool last = !fragment.more_fragments;
  const bool beyond = pending.end && (last ? end != *pending.end : end > *pending.end);
  const bool lies_about_end = last && !pending.parts.empty() && pending.parts.end() > end;
  if (beyond || lies_about_end) {
    ++counters.overlaps;
    return false;
  }
  if (last) pending.end = end;
  return true;
}

void FragmentTable::State::keep(Pending& pending, const Datagram& fragment, Timestamp time,
                                uint64_t frame) {
  const uint64_t position = fragment.fragment_offset;
  const ByteSpan data = fragment.payload;
  const bool agrees = pending.parts.agrees(position, data);
  const size_t cost = pending.parts.cost();
  const size_t fresh =
      pending.parts.insert(position, data, {frame, time, static_cast<uint32_t>(data.size())});
  bytes += pending.parts.cost() - cost;
  pending.held += fresh;
  if (fresh == data.size()) return;
  ++(fresh == 0 && agrees ? counters.duplicates : counters.overlaps);
}

void FragmentTable::State::complete(Pending& pending, Timestamp time) {
  ++counters.completed;
  bytes -= pending.parts.cost();
  whole_bytes.clear();
  whole.frames.clear();
  while (!pending.parts.empty()) {
    const SegmentStore::Held part = pending.parts.pop_front();
    whole_bytes.insert(whole_bytes.end(), part.bytes.begin(), part.bytes.end());
    whole.frames.push_back(part.piece.frame);
  }
  std::sort(whole.frames.begin(), whole.frames.end());
  whole.frames.erase(std::unique(whole.frames.begin(), whole.frames.end()), whole.frames.end());
  whole.payload = whole_bytes;
  pending.complete = true;
  pending.since = time;
  complete_by_age.push_back(pending);
  --pending_count;
}

void FragmentTable::State::forget(Pending& pending) {
  if (!pending.complete) --pending_count;
  bytes -= pending.parts.cost();
  const FragmentKey key = pending.key;
  table.erase(pending.hash, key);
}

void FragmentTable::State::make_room() {
  while (pending_count > limits.max_datagrams || (bytes > limits.max_bytes && pending_count > 0)) {
    ++counters.evicted;
    forget(*pending_by_age.front());
  }
  while (table.size() > 2 * limits.max_datagrams && !complete_by_age.empty()) {
    forget(*complete_by_age.front());
  }
}

void FragmentTable::State::expire(Timestamp at) {
  while (Pending* oldest = pending_by_age.front()) {
    if (at - oldest->since < limits.timeout) break;
    ++counters.timed_out;
    forget(*oldest);
  }
  while (Pending* oldest = complete_by_age.front()) {
    if (at - oldest->since < kCopyWindow) break;
    forget(*oldest);
  }
}

}  // namespace siploom::packet
