// What is kept of one direction of a connection, and StreamAssembler, which puts its segments in
// order. Inner to tcp.cc.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "base/intrusive_list.h"
#include "packet/segment_store.h"
#include "packet/stream_buffer.h"
#include "packet/tcp_segment.h"

namespace siploom::packet {

// Remembers the last few segments, to tell copies made by the capture from what was sent twice.
class RecentSegments final {
 public:
  void note(const TcpSegment& segment);
  bool has_copy_of(const TcpSegment& segment) const;

 private:
  struct Entry {
    uint32_t sequence = 0, size = 0, ip_id = 0;
    Timestamp time;
  };
  std::array<Entry, 4> entries_{};
  size_t next_ = 0;
};

// Positions are sequence numbers widened to 64 bits, so that they do not wrap.
struct Flow {
  // Holding: its beginning was not captured, and what came so far may have something in front of
  // it.
  enum class Phase : uint8_t { Holding, Open, Closed };

  TcpFlow facts;
  Phase phase = Phase::Holding;
  bool has_syn = false;
  bool soft_start = false;      // there may be data before `start`
  bool waits_short = false;     // which of the lists `by_wait` is in
  uint64_t start = 0;           // first position of the stream, as far as known
  uint64_t next = 0;            // the one that the reader gets next
  std::optional<uint64_t> end;  // where FIN or RST said it is
  Timestamp begun, seen;        // first and last segment with data
  Timestamp wait_since;
  uint64_t wait_position = 0;  // `next` when waiting began
  StreamBuffer unread;
  SegmentStore waiting;
  RecentSegments recent;
  // Data from before `start`, found later: a stream of its own, because the reader has begun to
  // read at `start`.
  std::unique_ptr<Flow> earlier;
  size_t cost = 0;  // as it is in the assembler's sum
  ListLink<Flow> by_wait, by_load;

  bool waits() const {
    return phase == Phase::Holding ||
           (phase == Phase::Open && (!waiting.empty() || end.has_value()));
  }
  uint64_t position_of(uint32_t sequence) const {
    const auto distance = static_cast<int32_t>(sequence - static_cast<uint32_t>(next));
    return next + static_cast<uint64_t>(int64_t{distance});
  }
};

class StreamAssembler final {
 public:
  StreamAssembler(TcpReader& reader, const TcpLimits& limits) : reader_(reader), limits_(limits) {}

  // Begins a flow with its first segment, which is not also to be given to add(). `is_next`: the
  // peer was waiting for just this one.
  void begin(Flow& flow, const TcpSegment& segment, bool is_next);
  // Takes another segment. False: it belongs to another, newer connection of the same endpoints;
  // nothing was done.
  bool add(Flow& flow, const TcpSegment& segment);
  // The peer says that it has everything before `ack`.
  void acknowledge(Flow& flow, uint32_t ack, Timestamp time);
  void expire(Timestamp now);
  // Gives up what is missing and closes.
  void close(Flow& flow);

  uint64_t new_flow_id() { return ++last_id_; }
  TcpCounters& counters() { return counters_; }

 private:
  static bool is_far(const Flow& flow, uint64_t position);
  static bool is_other_connection(const Flow& flow, const TcpSegment& segment);
  void take_syn(Flow& flow, uint64_t position);
  void take_data(Flow& flow, const TcpSegment& segment, uint64_t position);
  void take_earlier(Flow& flow, const TcpSegment& segment, uint64_t position);
  bool hold(Flow& flow, const TcpSegment& segment, uint64_t position);
  void release(Flow& flow);
  void keep(Flow& flow, const TcpSegment& segment, uint64_t position, size_t skip);
  void hand_over_next(Flow& flow, const TcpSegment& segment, size_t skip);
  void hand_over(Flow& flow);
  void drain(Flow& flow);
  void gap(Flow& flow, uint64_t missing);
  void give_up(Flow& flow);
  void relieve(Flow& flow);
  // Brings lists, sums and limits up to date after anything has changed.
  void settle(Flow& flow, Timestamp now);
  void watch_wait(Flow& flow, Timestamp now);
  void start_wait(Flow& flow, Timestamp since, bool is_short);
  void count_old(Flow& flow, const TcpSegment& segment);

  TcpReader& reader_;
  TcpLimits limits_;
  TcpCounters counters_;
  IntrusiveList<Flow, &Flow::by_wait> short_waits_, long_waits_;
  IntrusiveList<Flow, &Flow::by_load> loaded_;
  size_t cost_ = 0;
  uint64_t last_id_ = 0;
};

}  // namespace siploom::packet
