#include "packet/tcp_flow.h"

#include <algorithm>

namespace siploom::packet {

namespace {

// How far in front of the first data seen there may still be some, and how much is held for its
// sake.
constexpr uint64_t kEarlierWindow = 256 * 1024;
constexpr size_t kHoldBytes = 64 * 1024;
// For swapped neighbours, and for gaps of which the peer says that it has no gap there.
constexpr Nanoseconds kShortWait = 200 * kMillisecond;
// What is so far ahead that no window reaches it, or before the beginning, is another connection's
// if there was a pause; else it is damaged or forged.
constexpr uint64_t kMaxAhead = 64u << 20;
constexpr Nanoseconds kPauseBeforeReuse = 3 * kSecond;
// An RST far from the stream is a stray one, or forged.
constexpr uint64_t kRstWindow = 1u << 20;

uint64_t distance(uint64_t a, uint64_t b) { return a < b ? b - a : a - b; }

StreamPiece piece_of(const TcpSegment& segment, size_t size) {
  return {segment.frame, segment.time, static_cast<uint32_t>(size)};
}

}  // namespace

void RecentSegments::note(const TcpSegment& segment) {
  entries_[next_] = {segment.sequence, segment.size(), segment.ip_id, segment.time};
  next_ = (next_ + 1) % entries_.size();
}

// A copy carries the identification of its original; where there is none (IPv6), only a mirror is
// quick enough.
bool RecentSegments::has_copy_of(const TcpSegment& segment) const {
  for (const Entry& entry : entries_) {
    if (entry.sequence != segment.sequence || entry.size != segment.size()) continue;
    const Nanoseconds lag = segment.time - entry.time;
    const bool named = entry.ip_id != 0 && segment.ip_id != 0;
    if (named ? entry.ip_id == segment.ip_id && lag < kSecond : lag < 2 * kMillisecond) return true;
  }
  return false;
}

void StreamAssembler::begin(Flow& flow, const TcpSegment& segment, bool is_next) {
  // Above 2^32, so that positions before the start are not negative.
  flow.next = flow.start = (uint64_t{1} << 32) + segment.sequence;
  flow.begun = flow.seen = segment.time;
  flow.has_syn = segment.syn;
  flow.soft_start = !segment.syn;
  const bool at_once = segment.syn || is_next || reader_.is_beginning(segment.data);
  if (at_once) flow.phase = Flow::Phase::Open;
  add(flow, segment);
}

bool StreamAssembler::is_far(const Flow& flow, uint64_t position) {
  return position + kEarlierWindow < flow.start || position > flow.next + kMaxAhead;
}

bool StreamAssembler::is_other_connection(const Flow& flow, const TcpSegment& segment) {
  const uint64_t position = flow.position_of(segment.sequence);
  if (segment.syn) {
    if (position == flow.start) return false;
    // The SYN of a flow that was met without may come late.
    return flow.has_syn || position > flow.start || flow.start - position > kEarlierWindow;
  }
  if (segment.size() == 0 || segment.rst) return false;
  if (flow.phase == Flow::Phase::Closed) return position + segment.size() > flow.next;
  return is_far(flow, position) && segment.time - flow.seen > kPauseBeforeReuse;
}

bool StreamAssembler::add(Flow& flow, const TcpSegment& segment) {
  if (is_other_connection(flow, segment)) return false;
  const uint64_t position = flow.position_of(segment.sequence);
  if (segment.syn) {
    take_syn(flow, position);
  } else if (is_far(flow, position) && !segment.rst) {
    ++counters_.malformed;
    return true;
  }
  if (segment.size() > 0 && !segment.rst) take_data(flow, segment, position);
  if ((segment.fin || segment.rst) && flow.phase != Flow::Phase::Closed && !flow.end) {
    const bool stray = segment.rst && distance(position, flow.next) > kRstWindow;
    if (!stray) flow.end = segment.rst ? position : position + segment.size();
  }
  settle(flow, segment.time);
  return true;
}

void StreamAssembler::take_syn(Flow& flow, uint64_t position) {
  flow.has_syn = true;
  if (flow.phase != Flow::Phase::Holding) return;
  flow.phase = Flow::Phase::Open;
  flow.soft_start = false;
  flow.start = flow.next = position;
  drain(flow);
}

void StreamAssembler::take_data(Flow& flow, const TcpSegment& segment, uint64_t position) {
  const uint64_t end = position + segment.size();
  flow.seen = segment.time;
  if (flow.phase == Flow::Phase::Holding) {
    if (hold(flow, segment, position)) return;
  }
  if (position < flow.start && flow.soft_start) take_earlier(flow, segment, position);
  if (flow.phase == Flow::Phase::Closed || end <= flow.next) {
    // RFC 9293 3.8.4: a keep-alive probe repeats the last octet, or none.
    const bool probe = segment.size() <= 1 && end == flow.next;
    if (!probe && position >= flow.start) count_old(flow, segment);
    return;
  }
  const size_t skip = position < flow.next ? flow.next - position : 0;
  if (flow.waiting.empty() && position <= flow.next && segment.lost == 0) {
    return hand_over_next(flow, segment, skip);
  }
  keep(flow, segment, position, skip);
  drain(flow);
}

// Data in front of what the reader has begun with.
void StreamAssembler::take_earlier(Flow& flow, const TcpSegment& segment, uint64_t position) {
  const bool plausible =
      flow.start - position <= kEarlierWindow && segment.time - flow.begun <= limits_.gap_wait;
  if (!plausible) return;
  if (flow.earlier == nullptr) {
    flow.earlier = std::make_unique<Flow>();
    Flow& made = *flow.earlier;
    made.facts.src = flow.facts.src;
    made.facts.dst = flow.facts.dst;
    made.facts.id = new_flow_id();
    made.facts.peer_id = flow.facts.peer_id;
    made.next = made.start = position;
    made.begun = segment.time;
    made.end = flow.start;
  }
  Flow& earlier = *flow.earlier;
  TcpSegment front = segment;
  const uint64_t size = std::min<uint64_t>(front.size(), flow.start - position);
  front.data = front.data.first(std::min<size_t>(front.data.size(), size));
  front.lost = static_cast<uint32_t>(size - front.data.size());
  front.fin = front.rst = front.syn = false;
  if (earlier.phase != Flow::Phase::Closed) add(earlier, front);
}

// Puts a segment aside until it is known what comes before it. False: it does not belong to what is
// held, which is given to the reader.
bool StreamAssembler::hold(Flow& flow, const TcpSegment& segment, uint64_t position) {
  const bool first = flow.waiting.empty();
  const uint64_t low = first ? position : flow.waiting.begin();
  const bool near = distance(position, low) <= kEarlierWindow;
  if (!near) {
    release(flow);
    return false;
  }
  if (!first && position < low) ++counters_.out_of_order;
  keep(flow, segment, position, 0);
  flow.start = flow.waiting.begin();
  const bool earliest = position == flow.waiting.begin();
  const bool enough = flow.waiting.end() - flow.waiting.begin() > kHoldBytes;
  // A flow made by take_earlier() has its time anyway.
  const bool front_came = earliest && !first && flow.soft_start;
  if (enough || (front_came && reader_.is_beginning(segment.data))) release(flow);
  return true;
}

void StreamAssembler::release(Flow& flow) {
  if (flow.phase != Flow::Phase::Holding) return;
  flow.phase = Flow::Phase::Open;
  if (flow.waiting.empty()) return;
  flow.start = flow.next = flow.waiting.begin();
  drain(flow);
}

// Puts all of `segment` but its first `skip` octets aside.
void StreamAssembler::keep(Flow& flow, const TcpSegment& segment, uint64_t position, size_t skip) {
  const size_t known = segment.data.size();
  const bool ahead = flow.phase == Flow::Phase::Open && position > flow.next;
  size_t fresh = 0;
  if (skip < known) {
    const ByteSpan data = segment.data.subspan(skip);
    fresh += flow.waiting.insert(position + skip, data, piece_of(segment, data.size()));
  }
  const size_t lost_skip = skip > known ? skip - known : 0;
  if (segment.lost > lost_skip) {
    fresh += flow.waiting.insert(position + known + lost_skip, {},
                                 piece_of(segment, segment.lost - lost_skip));
  }
  if (fresh == 0) return count_old(flow, segment);
  if (ahead) ++counters_.out_of_order;
  flow.recent.note(segment);
}

// A segment that continues the stream while nothing waits: without a copy if the reader has taken
// all before it.
void StreamAssembler::hand_over_next(Flow& flow, const TcpSegment& segment, size_t skip) {
  const ByteSpan data = segment.data.subspan(skip);
  const StreamPiece piece = piece_of(segment, data.size());
  flow.next += data.size();
  flow.recent.note(segment);
  if (!flow.unread.empty()) {
    flow.unread.append(data, piece);
    return hand_over(flow);
  }
  const size_t taken = std::min(reader_.consume(flow.facts, data, {&piece, 1}), data.size());
  flow.unread.append(data.subspan(taken), piece_of(segment, data.size() - taken));
}

void StreamAssembler::hand_over(Flow& flow) {
  const ByteSpan data = flow.unread.bytes();
  const size_t taken = reader_.consume(flow.facts, data, flow.unread.pieces());
  flow.unread.drop_front(std::min(taken, data.size()));
}

// Gives the reader what continues the stream by now.
void StreamAssembler::drain(Flow& flow) {
  bool grown = false;
  while (!flow.waiting.empty() && flow.waiting.begin() == flow.next) {
    const SegmentStore::Held held = flow.waiting.pop_front();
    if (held.bytes.empty()) {
      if (grown) hand_over(flow);
      grown = false;
      gap(flow, held.piece.size);
      continue;
    }
    flow.unread.append(held.bytes, held.piece);
    flow.next += held.piece.size;
    grown = true;
  }
  if (grown) hand_over(flow);
}

void StreamAssembler::gap(Flow& flow, uint64_t missing) {
  ++counters_.gaps;
  counters_.gap_bytes += missing;
  reader_.on_gap(flow.facts, flow.unread.bytes(), flow.unread.pieces(), missing);
  flow.unread.clear();
  flow.next += missing;
}

// Waits no longer for what the flow waits for first.
void StreamAssembler::give_up(Flow& flow) {
  if (flow.phase == Flow::Phase::Holding) {
    release(flow);
  } else if (!flow.waiting.empty()) {
    gap(flow, flow.waiting.begin() - flow.next);
    drain(flow);
  } else if (flow.end && *flow.end > flow.next) {
    gap(flow, *flow.end - flow.next);
  }
}

// Makes a flow that takes too much memory let go of all.
void StreamAssembler::relieve(Flow& flow) {
  ++counters_.evicted;
  release(flow);
  while (!flow.waiting.empty()) give_up(flow);
  if (!flow.unread.empty()) {
    reader_.on_gap(flow.facts, flow.unread.bytes(), flow.unread.pieces(), 0);
    flow.unread.clear();
  }
}

void StreamAssembler::settle(Flow& flow, Timestamp now) {
  while (flow.phase == Flow::Phase::Open && !flow.waiting.empty() &&
         flow.waiting.cost() > limits_.gap_bytes) {
    give_up(flow);
  }
  if (flow.unread.cost() + flow.waiting.cost() > limits_.max_flow_bytes) relieve(flow);
  if (flow.phase == Flow::Phase::Open && flow.end && flow.next >= *flow.end &&
      flow.waiting.empty()) {
    return close(flow);
  }
  watch_wait(flow, now);
  const size_t cost = flow.unread.cost() + flow.waiting.cost();
  cost_ = cost_ - flow.cost + cost;
  flow.cost = cost;
  if (cost == 0) {
    flow.by_load.unlink();
    return;
  }
  loaded_.push_back(flow);
  while (cost_ > limits_.max_buffered_bytes && loaded_.front() != nullptr) {
    Flow& oldest = *loaded_.front();
    relieve(oldest);
    settle(oldest, now);
  }
}

void StreamAssembler::watch_wait(Flow& flow, Timestamp now) {
  if (!flow.waits()) return flow.by_wait.unlink();
  // Once the stream has gone on, it is another gap that is waited for.
  if (flow.by_wait.linked() && flow.wait_position == flow.next) return;
  const bool holding = flow.phase == Flow::Phase::Holding;
  start_wait(flow, holding || flow.waiting.empty() ? now : flow.waiting.front_time(), holding);
}

void StreamAssembler::start_wait(Flow& flow, Timestamp since, bool is_short) {
  flow.wait_since = since;
  flow.wait_position = flow.next;
  flow.waits_short = is_short;
  (is_short ? short_waits_ : long_waits_).push_back(flow);
}

void StreamAssembler::acknowledge(Flow& flow, uint32_t ack, Timestamp time) {
  if (!flow.waits() || flow.waiting.empty()) return;
  const uint64_t position = flow.position_of(ack);
  if (flow.phase == Flow::Phase::Holding) {
    if (position < flow.waiting.end() || position - flow.waiting.end() > kEarlierWindow) return;
    release(flow);
    settle(flow, time);
  } else if (!flow.waits_short && position >= flow.waiting.begin()) {
    start_wait(flow, time, true);
  }
}

void StreamAssembler::expire(Timestamp now) {
  while (Flow* flow = short_waits_.front()) {
    if (now - flow->wait_since < kShortWait) break;
    flow->by_wait.unlink();
    give_up(*flow);
    settle(*flow, now);
  }
  while (Flow* flow = long_waits_.front()) {
    if (now - flow->wait_since < limits_.gap_wait) break;
    flow->by_wait.unlink();
    give_up(*flow);
    settle(*flow, now);
  }
}

void StreamAssembler::close(Flow& flow) {
  if (flow.earlier != nullptr) close(*flow.earlier);
  if (flow.phase == Flow::Phase::Closed) return;
  release(flow);
  while (!flow.waiting.empty()) give_up(flow);
  if (flow.end && *flow.end > flow.next) give_up(flow);
  reader_.on_close(flow.facts, flow.unread.bytes(), flow.unread.pieces());
  flow.phase = Flow::Phase::Closed;
  flow.unread.clear();
  flow.by_wait.unlink();
  flow.by_load.unlink();
  cost_ -= flow.cost;
  flow.cost = 0;
}

void StreamAssembler::count_old(Flow& flow, const TcpSegment& segment) {
  ++(flow.recent.has_copy_of(segment) ? counters_.copies : counters_.retransmitted);
}

}  // namespace siploom::packet
