#include "packet/sctp.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "base/flat_map.h"
#include "base/hash.h"
#include "base/intrusive_list.h"

namespace siploom::packet {

namespace {

// A TSN so far behind the highest is no longer waited for; copies are known as far back.
constexpr uint64_t kWindow = 1024;
// A TSN so far away is another association's that has the same endpoints and tag.
constexpr uint64_t kMaxJump = 1u << 20;
constexpr uint64_t kSweepEvery = 256;
constexpr size_t kMaxFlows = 16'384;
// What a fragment costs besides its octets.
constexpr size_t kFragmentCost = 128;

// One direction of an association. The verification tag tells an association from an earlier one of
// the same ports.
struct FlowKey {
  Endpoint src, dst;
  uint32_t tag = 0;
  bool operator==(const FlowKey&) const = default;
};
static_assert(sizeof(FlowKey) == 40, "hashed as octets, so there must be no padding");

// A DATA (RFC 9260 3.3.1) or I-DATA (RFC 8260 2.1) chunk.
struct Chunk {
  bool begins = false, ends = false;
  uint32_t tsn = 0;
  uint16_t stream = 0;
  uint32_t payload_protocol = 0;  // told by the first fragment
  // Fragments of one message have the same group and follow each other by position: DATA by TSN,
  // I-DATA by fragment number.
  uint64_t group = 0;
  uint32_t position = 0;
  ByteSpan data;
};

struct Fragment {
  bool begins = false, ends = false;
  uint32_t payload_protocol = 0;
  uint64_t tsn = 0;
  uint64_t frame = 0;
  std::vector<uint8_t> bytes;
};

// Which of the last TSNs have come.
class SeenWindow final {
 public:
  // False if it was there before, or is too old to tell. `tsn` is at most `highest`.
  bool mark(uint64_t tsn, uint64_t highest) {
    if (highest - highest_ >= kWindow) words_ = {};
    for (uint64_t fresh = std::max(highest_ + 1, highest - kWindow + 1); fresh <= highest; ++fresh)
      set(fresh, false);
    highest_ = highest;
    if (tsn + kWindow <= highest_ || get(tsn)) return false;
    set(tsn, true);
    return true;
  }
  void start(uint64_t highest) {
    words_ = {};
    highest_ = highest;
  }

 private:
  bool get(uint64_t tsn) const { return (words_[tsn % kWindow / 64] >> (tsn % 64) & 1) != 0; }
  void set(uint64_t tsn, bool value) {
    uint64_t& word = words_[tsn % kWindow / 64];
    const uint64_t bit = uint64_t{1} << (tsn % 64);
    word = value ? word | bit : word & ~bit;
  }
  std::array<uint64_t, kWindow / 64> words_{};
  uint64_t highest_ = 0;
};

using FragmentPlace = std::pair<uint64_t, uint32_t>;  // group, position
using Fragments = std::map<FragmentPlace, Fragment>;

struct SctpFlow {
  FlowKey key;
  uint64_t hash = 0;
  uint64_t highest = 0;  // TSN, widened so that it does not wrap; 0: none yet
  uint64_t swept = 0;    // `highest` when old fragments were last looked for
  SeenWindow seen;
  Fragments fragments;
  ListLink<SctpFlow> by_use, by_load;

  // Above 2^32, so that what lies before is not negative.
  uint64_t widen(uint32_t tsn) const {
    if (highest == 0) return (uint64_t{1} << 32) + tsn;
    const auto distance = static_cast<int32_t>(tsn - static_cast<uint32_t>(highest));
    return highest + static_cast<uint64_t>(int64_t{distance});
  }
};

constexpr uint8_t kData = 0, kIData = 64;
constexpr size_t kChunkHeader = 4;

// `body` is what follows the chunk's header.
bool parse_chunk(uint8_t type, uint8_t flags, ByteSpan body, Chunk& chunk) {
  ByteReader reader(body);
  constexpr uint8_t kEnds = 1, kBegins = 2, kUnordered = 4;
  chunk.begins = (flags & kBegins) != 0;
  chunk.ends = (flags & kEnds) != 0;
  chunk.tsn = reader.be32();
  chunk.stream = reader.be16();
  reader.skip(2);  // stream sequence number, or reserved
  const uint64_t unordered = (flags & kUnordered) != 0 ? 1 : 0;
  if (type == kData) {
    chunk.group = unordered << 16 | chunk.stream;
    chunk.position = chunk.tsn;
    chunk.payload_protocol = reader.be32();
  } else {
    const uint32_t message = reader.be32(), protocol_or_number = reader.be32();
    chunk.group = uint64_t{1} << 63 | unordered << 48 | uint64_t{chunk.stream} << 32 | message;
    chunk.payload_protocol = chunk.begins ? protocol_or_number : 0;
    chunk.position = chunk.begins ? 0 : protocol_or_number;
  }
  chunk.data = reader.rest();
  return reader.ok() && !chunk.data.empty();
}

}  // namespace

struct SctpReassembler::State {
  State(OnMessage on_message_, size_t max_bytes_)
      : on_message(std::move(on_message_)), max_bytes(max_bytes_) {}

  SctpFlow& flow_of(const FlowKey& key);
  void take(SctpFlow& flow, const Chunk& chunk, uint64_t frame);
  uint64_t place(SctpFlow& flow, uint32_t chunk_tsn);
  void keep(SctpFlow& flow, const Chunk& chunk, uint64_t tsn, uint64_t frame);
  void join(SctpFlow& flow, Fragments::iterator first, Fragments::iterator last, uint16_t stream);
  void emit(const SctpFlow& flow, uint16_t stream, uint32_t payload_protocol, ByteSpan payload);
  Fragments::iterator drop(SctpFlow& flow, Fragments::iterator fragment);
  void sweep(SctpFlow& flow);
  void drop_all(SctpFlow& flow);

  OnMessage on_message;
  size_t max_bytes;
  size_t bytes = 0;
  SctpCounters counters;
  FlatMap<FlowKey, std::unique_ptr<SctpFlow>> flows;
  IntrusiveList<SctpFlow, &SctpFlow::by_use> least_recently_used;
  IntrusiveList<SctpFlow, &SctpFlow::by_load> loaded;  // those with fragments
  std::vector<uint8_t> joined;
  std::vector<uint64_t> frames;
};

SctpReassembler::SctpReassembler(OnMessage on_message, size_t max_bytes)
    : state_(std::make_unique<State>(std::move(on_message), max_bytes)) {}

SctpReassembler::~SctpReassembler() = default;

const SctpCounters& SctpReassembler::counters() const { return state_->counters; }

void SctpReassembler::add(const Datagram& datagram, Timestamp, uint64_t frame) {
  State& state = *state_;
  ++state.counters.packets;
  constexpr size_t kCommonHeader = 12;
  const ByteSpan packet = datagram.payload;
  if (packet.size() < kCommonHeader) {
    ++state.counters.malformed;
    return;
  }
  const FlowKey key{{datagram.src.address, load_be16(&packet[0])},
                    {datagram.dst.address, load_be16(&packet[2])},
                    load_be32(&packet[4])};
  SctpFlow* flow = nullptr;
  for (ByteSpan rest = packet.subspan(kCommonHeader); rest.size() >= kChunkHeader;) {
    const uint8_t type = rest[0], flags = rest[1];
    const size_t size = load_be16(&rest[2]), there = std::min(size, rest.size());
    const bool cut = there < size;
    if (size < kChunkHeader || (cut && !datagram.cut)) {
      ++state.counters.malformed;
      return;
    }
    if (type == kData || type == kIData) {
      ++state.counters.chunks;
      Chunk chunk;
      if (!parse_chunk(type, flags, rest.subspan(kChunkHeader, there - kChunkHeader), chunk)) {
        ++state.counters.malformed;
      } else if (!cut ||
                 (chunk.begins &&
                  chunk.ends)) {  // a message that the capture cut is worth having, a part is not
        if (flow == nullptr) flow = &state.flow_of(key);
        state.take(*flow, chunk, frame);
      }
    }
    // RFC 9260 3.2: padded to four octets, which the length does not count.
    rest = rest.subspan(std::min(rest.size(), (size + 3) & ~size_t{3}));
  }
}

SctpFlow& SctpReassembler::State::flow_of(const FlowKey& key) {
  const uint64_t hash = hash_bytes({reinterpret_cast<const uint8_t*>(&key), sizeof key});
  if (flows.find(hash, key) == nullptr && flows.size() >= kMaxFlows) {
    SctpFlow& oldest = *least_recently_used.front();
    drop_all(oldest);
    const FlowKey oldest_key = oldest.key;
    flows.erase(oldest.hash, oldest_key);
  }
  std::unique_ptr<SctpFlow>& flow = *flows.insert(hash, key).first;
  if (flow == nullptr) {
    flow = std::make_unique<SctpFlow>();
    flow->key = key;
    flow->hash = hash;
  }
  least_recently_used.push_back(*flow);
  return *flow;
}

// The TSN, widened; the flow begins anew if it is far from all that came before.
uint64_t SctpReassembler::State::place(SctpFlow& flow, uint32_t chunk_tsn) {
  const uint64_t tsn = flow.widen(chunk_tsn);
  const uint64_t jump = tsn > flow.highest ? tsn - flow.highest : flow.highest - tsn;
  if (flow.highest != 0 && jump <= kMaxJump) {
    flow.highest = std::max(flow.highest, tsn);
    return tsn;
  }
  drop_all(flow);
  flow.highest = 0;
  flow.highest = flow.swept = flow.widen(chunk_tsn);
  flow.seen.start(flow.highest);
  return flow.highest;
}

void SctpReassembler::State::take(SctpFlow& flow, const Chunk& chunk, uint64_t frame) {
  const uint64_t tsn = place(flow, chunk.tsn);
  if (!flow.seen.mark(tsn, flow.highest)) {
    ++counters.copies;
    return;
  }
  if (flow.highest - flow.swept >= kSweepEvery) sweep(flow);
  if (chunk.begins && chunk.ends) {
    frames.assign(1, frame);
    return emit(flow, chunk.stream, chunk.payload_protocol, chunk.data);
  }
  keep(flow, chunk, tsn, frame);
}

// Puts a fragment aside, and its message together if this was the last one missing.
void SctpReassembler::State::keep(SctpFlow& flow, const Chunk& chunk, uint64_t tsn,
                                  uint64_t frame) {
  const auto [here, is_new] =
      flow.fragments.try_emplace(FragmentPlace{chunk.group, chunk.position});
  if (!is_new) {
    ++counters.copies;
    return;
  }
  here->second = {chunk.begins, chunk.ends, chunk.payload_protocol,
                  tsn,          frame,      {chunk.data.begin(), chunk.data.end()}};
  bytes += chunk.data.size() + kFragmentCost;
  loaded.push_back(flow);

  // Positions wrap as TSNs do, so neighbours are looked up, not stepped to.
  const auto neighbour = [&](Fragments::iterator from, uint32_t step) {
    return flow.fragments.find({chunk.group, from->first.second + step});
  };
  // Both neighbours first: while fragments come in order or in reverse, one is missing and nothing
  // is walked through.
  const auto none = flow.fragments.end();
  const bool open = (!chunk.begins && neighbour(here, UINT32_MAX) == none) ||
                    (!chunk.ends && neighbour(here, 1) == none);
  if (!open) {
    auto first = here, last = here;
    while (first != none && !first->second.begins) first = neighbour(first, UINT32_MAX);
    while (last != none && !last->second.ends) last = neighbour(last, 1);
    if (first != none && last != none) join(flow, first, last, chunk.stream);
  }
  while (bytes > max_bytes && !loaded.empty()) drop_all(*loaded.front());
}

void SctpReassembler::State::join(SctpFlow& flow, Fragments::iterator first,
                                  Fragments::iterator last, uint16_t stream) {
  const uint64_t group = first->first.first;
  const uint32_t end = last->first.second;
  const uint32_t payload_protocol = first->second.payload_protocol;
  joined.clear();
  frames.clear();
  for (uint32_t position = first->first.second;; ++position) {
    const auto fragment = flow.fragments.find({group, position});
    joined.insert(joined.end(), fragment->second.bytes.begin(), fragment->second.bytes.end());
    frames.push_back(fragment->second.frame);
    drop(flow, fragment);
    if (position == end) break;
  }
  std::sort(frames.begin(), frames.end());
  frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
  emit(flow, stream, payload_protocol, joined);
}

void SctpReassembler::State::emit(const SctpFlow& flow, uint16_t stream, uint32_t payload_protocol,
                                  ByteSpan payload) {
  ++counters.messages;
  on_message({flow.key.src, flow.key.dst, stream, payload_protocol, payload, frames});
}

Fragments::iterator SctpReassembler::State::drop(SctpFlow& flow, Fragments::iterator fragment) {
  bytes -= fragment->second.bytes.size() + kFragmentCost;
  const auto next = flow.fragments.erase(fragment);
  if (flow.fragments.empty()) flow.by_load.unlink();
  return next;
}

// Drops fragments whose message will never be whole. There are never more than the window has TSNs,
// and some.
void SctpReassembler::State::sweep(SctpFlow& flow) {
  flow.swept = flow.highest;
  for (auto at = flow.fragments.begin(); at != flow.fragments.end();) {
    if (at->second.tsn + kWindow >= flow.highest) {
      ++at;
      continue;
    }
    ++counters.evicted;
    at = drop(flow, at);
  }
}

void SctpReassembler::State::drop_all(SctpFlow& flow) {
  counters.evicted += flow.fragments.size();
  while (!flow.fragments.empty()) drop(flow, flow.fragments.begin());
}

}  // namespace siploom::packet
