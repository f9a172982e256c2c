#include "media/stream_table.h"

#include "base/hash.h"

namespace siploom::media {

namespace {

// How long a second tap may lag behind the first (see pipeline/copy_filter.h for SIP).
constexpr Nanoseconds kCopyWindow = 400 * kMillisecond;
constexpr Nanoseconds kCopyWindowWithoutId = kMillisecond;
constexpr Nanoseconds kCandidateIdle = 5 * kSecond;
constexpr uint8_t kComfortNoise = 13;  // RFC 3389

}  // namespace

uint64_t key_hash(const RtpPacket& p) {
  const uint64_t ports = uint64_t{p.src.port} << 48 | uint64_t{p.dst.port} << 32 | p.ssrc;
  uint64_t h = mix(load_le64(&p.src.address.octets[8]), load_le64(&p.dst.address.octets[8]));
  if (!p.src.address.is_v4()) {
    h = mix(h, load_le64(&p.src.address.octets[0]) ^ load_le64(&p.dst.address.octets[0]) * 3);
  }
  return mix(h ^ hash_seed(), ports);
}

void StreamTable::begin(Entry& entry, const RtpPacket& packet) {
  entry = Entry{};
  model::Stream& s = entry.stream;
  s.src = packet.src;
  s.dst = packet.dst;
  s.ssrc = packet.ssrc;
  s.payload_type = packet.payload_type;
  s.first = s.last = packet.time;
  s.first_sequence = packet.sequence;
  s.highest_sequence = packet.sequence;
  entry.last_sequence = static_cast<uint16_t>(packet.sequence - 1);
}

bool StreamTable::is_copy(const Entry& entry, const RtpPacket& packet) {
  if (packet.sequence != entry.last_sequence || packet.rtp_timestamp != entry.last_timestamp)
    return false;
  const Nanoseconds lag = packet.time - entry.stream.last;
  if (packet.copy_key != 0 && entry.last_copy_key != 0) {
    return packet.copy_key == entry.last_copy_key && lag < kCopyWindow;
  }
  return lag < kCopyWindowWithoutId;
}

template <class Keep>
void StreamTable::keep_only(Keep&& keep) {
  std::vector<Entry> kept;
  kept.reserve(entries_.size());
  index_.clear();
  for (const Entry& entry : entries_) {
    if (!keep(entry)) continue;
    const model::Stream& s = entry.stream;
    RtpPacket key;
    key.src = s.src, key.dst = s.dst, key.ssrc = s.ssrc;
    *index_.insert(key_hash(key), Key{s.src, s.dst, s.ssrc}).first =
        static_cast<uint32_t>(kept.size());
    kept.push_back(entry);
  }
  entries_.swap(kept);
}

void StreamTable::make_room(Timestamp now) {
  keep_only([&](const Entry& entry) {
    return entry.is_confirmed() || entry.stream.last + kCandidateIdle >= now;
  });
}

void StreamTable::take_quiet(Timestamp quiet_since, const std::function<void(const Entry&)>& take) {
  keep_only([&](const Entry& entry) {
    if (entry.stream.last >= quiet_since) return true;
    take(entry);
    return false;
  });
}

void StreamTable::add(const RtpPacket& packet) {
  const Key key{packet.src, packet.dst, packet.ssrc};
  const uint32_t* known = index_.find(packet.hash, key);
  if (known == nullptr) {
    if (entries_.size() >= max_streams_) {
      // Looking for room costs a walk over all streams, so it is done once in a while only.
      if (refused_ % max_streams_ == 0) make_room(packet.time);
      if (entries_.size() >= max_streams_) {
        ++refused_;
        return;
      }
    }
    const auto slot = static_cast<uint32_t>(entries_.size());
    *index_.insert(packet.hash, key).first = slot;
    entries_.emplace_back();
    begin(entries_.back(), packet);
    known = index_.find(packet.hash, key);
  }
  Entry& entry = entries_[*known];
  model::Stream& s = entry.stream;
  if (s.packets != 0 && is_copy(entry, packet)) {
    ++s.copies;
    return;
  }
  const auto step =
      static_cast<int16_t>(static_cast<uint16_t>(packet.sequence - entry.last_sequence));
  ++s.packets;
  s.bytes += packet.payload_bytes;
  if (step == 0) {
    ++s.duplicates;
  } else if (step > 0) {
    s.highest_sequence += static_cast<uint32_t>(s.packets == 1 ? 0 : step);
    entry.last_sequence = packet.sequence;
    entry.last_timestamp = packet.rtp_timestamp;
    if (step <= 32 && entry.in_sequence < 0xFFFF) ++entry.in_sequence;
  }
  if (s.payload_type == kComfortNoise) s.payload_type = packet.payload_type;
  entry.last_copy_key = packet.copy_key;
  if (packet.time > s.last) s.last = packet.time;
  if (packet.time < s.first) s.first = packet.time;
}

}  // namespace siploom::media
