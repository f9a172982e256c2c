// StreamTable: RTP packets to streams by source, destination and SSRC (RFC 3550 3, 8). One thread
// (a shard). RTP has no signature, so a stream counts as one only when its sequence bears it out
// (RFC 3550 A.1 probation) or SDP announced its endpoint; until then its packets are candidates.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/flat_map.h"
#include "base/net.h"
#include "base/time.h"
#include "model/stream.h"

namespace siploom::media {

// One datagram that has the shape of RTP.
struct RtpPacket {
  Timestamp time;
  Endpoint src, dst;
  uint32_t ssrc = 0;
  uint32_t rtp_timestamp = 0;
  uint32_t copy_key = 0;  // IPv4 identification
  uint16_t sequence = 0;
  uint16_t payload_bytes = 0;
  uint8_t payload_type = 0;
  bool marker = false;
  uint64_t hash = 0;  // key_hash() of it
};

uint64_t key_hash(const RtpPacket& packet);

class StreamTable final {
 public:
  // Streams kept at most; beyond, candidates that went quiet make room, and then new streams are
  // counted as refused.
  explicit StreamTable(size_t max_streams = 1u << 20) : max_streams_(max_streams) {}

  void add(const RtpPacket& packet);
  // Lets the processor fetch what add() will touch, some packets ahead.
  void prefetch_slot(const RtpPacket& packet) const { index_.prefetch(packet.hash); }

  struct Entry {
    model::Stream stream;
    uint32_t last_timestamp = 0;
    uint32_t last_copy_key = 0;
    uint16_t last_sequence = 0;
    uint16_t in_sequence = 0;  // packets that followed the one before them
    bool is_confirmed() const { return in_sequence >= kProbation; }
  };
  const std::vector<Entry>& entries() const { return entries_; }
  // For input that has no end: hands out and forgets what has been quiet since then.
  void take_quiet(Timestamp quiet_since, const std::function<void(const Entry&)>& take);
  uint64_t refused() const { return refused_; }

 private:
  // Two packets in order name a stream (RFC 3550 A.1 uses the same MIN_SEQUENTIAL), and one more
  // against chance.
  static constexpr uint16_t kProbation = 2;
  struct Key {
    Endpoint src, dst;
    uint32_t ssrc = 0;
    bool operator==(const Key&) const = default;
  };
  void begin(Entry& entry, const RtpPacket& packet);
  static bool is_copy(const Entry& entry, const RtpPacket& packet);
  void make_room(Timestamp now);
  template <class Keep>
  void keep_only(Keep&& keep);

  FlatMap<Key, uint32_t> index_;
  std::vector<Entry> entries_;
  size_t max_streams_;
  uint64_t refused_ = 0;
};

}  // namespace siploom::media
