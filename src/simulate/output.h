// Output: the frames of all calls into one file, in the order of time. Frames that come a little
// later (segments of a burst, copies of a mirror) wait here until the clock has reached them. With
// a Feed there is no file, and no frame is built.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "capture/writer.h"
#include "simulate/feed.h"
#include "simulate/frame.h"
#include "simulate/truth.h"

namespace siploom::simulate {

class Output final {
 public:
  // Either a writer or a feed.
  Output(std::unique_ptr<capture::Writer> writer, Feed* feed, bool linux_sll, Truth& truth);

  // Who wants messages rather than frames; nullptr: there is a file.
  Feed* feed() const { return feed_; }

  // The clock: no frame from before `now` will come any more.
  void advance(Nanoseconds now) {
    now_ = now;
    if (!waiting_.empty()) release(now);
  }
  // True when a mirror's copy was made of it. A datagram in fragments has none: whether a reader
  // would see one datagram or two in interleaved fragments with one identification is nobody's
  // truth.
  bool udp(const Wire& wire, const Peer& src, const Peer& dst, ByteSpan payload, Nanoseconds at);
  void tcp(const Wire& wire, const Peer& src, const Peer& dst, const TcpFields& fields,
           ByteSpan payload, Nanoseconds at);

  Nanoseconds last_time() const { return last_time_; }  // of the last frame written
  bool ok() const { return status_.has_value(); }
  // Writes what still waits and closes the file.
  Result<void> finish();

 private:
  struct Waiting {
    Nanoseconds at = 0;
    uint64_t order = 0;
    uint32_t buffer = 0;
    // The latest first, as std::push_heap wants it for a heap with the earliest on top.
    bool operator<(const Waiting& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  void emit(ByteSpan frame, Nanoseconds at);
  void write(ByteSpan frame, Nanoseconds at);
  void release(Nanoseconds until);

  std::unique_ptr<capture::Writer> writer_;
  Feed* feed_;
  Truth& truth_;
  FrameBuilder builder_;
  IpIds ip_ids_;
  capture::LinkType link_;
  Nanoseconds now_ = 0, last_time_ = 0;
  uint64_t order_ = 0;
  std::vector<Waiting> waiting_;
  std::vector<std::vector<uint8_t>> buffers_;
  std::vector<uint32_t> free_buffers_;
  Result<void> status_;
};

}  // namespace siploom::simulate
