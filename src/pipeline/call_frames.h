// The original packets of chosen calls: the frames that carried their messages (fragments and
// segments as they were), and their RTP and RTCP by the endpoints that SDP named.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/flat_map.h"
#include "base/result.h"
#include "capture/source.h"
#include "model/call.h"
#include "packet/datagram.h"

namespace siploom::pipeline {

// A frame of one of the calls, `call` being an index of the caller's.
struct CallFrame {
  uint64_t frame = 0;
  uint32_t call = 0;
  auto operator<=>(const CallFrame&) const = default;
};

// Which call a media packet belongs to.
class MediaMap final {
 public:
  void add(uint32_t call, const model::Call& row);
  // The call that had announced the packet's destination or source by then; -1: none.
  int64_t find(const packet::Datagram& datagram, Timestamp time) const;
  bool is_empty() const { return by_endpoint_.size() == 0; }

 private:
  struct Claim {
    uint32_t call = 0;
    Timestamp since, until;
  };
  int64_t find(const Endpoint& endpoint, Timestamp time) const;

  FlatMap<Endpoint, uint32_t> by_endpoint_;  // to claims_
  std::vector<std::vector<Claim>> claims_;
};

using OnCallFrame = std::function<Result<void>(uint32_t call, const capture::Frame& frame)>;

// Walks over `source` once and hands out, in order, the frames in `frames` (sorted; one frame may
// belong to several calls) and, when `media` is given, the calls' RTP and RTCP packets.
Result<void> walk_call_frames(capture::Source& source, const std::vector<CallFrame>& frames,
                              const MediaMap* media, const OnCallFrame& on_frame);

}  // namespace siploom::pipeline
