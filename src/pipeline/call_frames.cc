#include "pipeline/call_frames.h"

#include <algorithm>

#include "base/hash_net.h"
#include "packet/decode.h"
#include "wire/rtp/rtp.h"

namespace siploom::pipeline {

namespace {

constexpr size_t kWalkBytes = 1u << 20;
// Media may flow a little before the SDP that names it is seen, and after the BYE.
constexpr Nanoseconds kEarly = kSecond;
constexpr Nanoseconds kLate = 5 * kSecond;
constexpr size_t kMaxClaims = 1024;  // of one endpoint: ports are used again by later calls

bool is_media(ByteSpan payload) {
  rtp::Header header;
  return rtp::parse(payload, header) || rtp::looks_like_rtcp(payload);
}

}  // namespace

void MediaMap::add(uint32_t call, const model::Call& row) {
  for (const model::MediaEndpoint& media : row.media) {
    const auto [slot, fresh] = by_endpoint_.insert(hash_endpoint(media.where), media.where);
    if (fresh) {
      *slot = static_cast<uint32_t>(claims_.size());
      claims_.emplace_back();
    }
    std::vector<Claim>& claims = claims_[*slot];
    if (claims.size() >= kMaxClaims) continue;
    const Timestamp until =
        is_known(row.end) ? std::max(row.end, row.last) + kLate : Timestamp{INT64_MAX};
    claims.push_back({call, row.start + -kEarly, until});
  }
}

int64_t MediaMap::find(const Endpoint& endpoint, Timestamp time) const {
  const uint32_t* slot = by_endpoint_.find(hash_endpoint(endpoint), endpoint);
  if (slot == nullptr) return -1;
  const Claim* best = nullptr;
  for (const Claim& claim : claims_[*slot]) {
    if (time < claim.since || time > claim.until) continue;
    if (best == nullptr || claim.since > best->since) best = &claim;
  }
  return best == nullptr ? -1 : int64_t{best->call};
}

int64_t MediaMap::find(const packet::Datagram& datagram, Timestamp time) const {
  Endpoint ends[2] = {datagram.dst, datagram.src};
  for (Endpoint& end : ends) {
    if (const int64_t call = find(end, time); call >= 0) return call;
  }
  // RTCP on the next higher port (RFC 3550 11).
  for (Endpoint& end : ends) {
    if (end.port == 0) continue;
    --end.port;
    if (const int64_t call = find(end, time); call >= 0) return call;
  }
  return -1;
}

Result<void> walk_call_frames(capture::Source& source, const std::vector<CallFrame>& frames,
                              const MediaMap* media, const OnCallFrame& on_frame) {
  capture::FrameBatch batch;
  size_t at = 0;
  while (SL_TRY(source.next(batch, kWalkBytes))) {
    for (size_t i = 0; i < batch.frames.size(); ++i) {
      const capture::Frame& frame = batch.frames[i];
      const uint64_t number = batch.first_number + i;
      bool listed = false;
      for (; at < frames.size() && frames[at].frame <= number; ++at) {
        if (frames[at].frame < number) continue;
        listed = true;
        SL_TRY_VOID(on_frame(frames[at].call, frame));
      }
      if (listed || media == nullptr || media->is_empty()) continue;
      packet::Datagram datagram;
      packet::decode_frame(static_cast<uint16_t>(frame.link), frame.bytes(), datagram);
      if (datagram.refusal != packet::Refusal::None || datagram.protocol != packet::Protocol::Udp)
        continue;
      if (!is_media(datagram.payload)) continue;
      const int64_t call = media->find(datagram, frame.time);
      if (call >= 0) SL_TRY_VOID(on_frame(static_cast<uint32_t>(call), frame));
    }
    source.release_before(batch.first_number + batch.frames.size());
  }
  return {};
}

}  // namespace siploom::pipeline
