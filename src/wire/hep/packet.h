// One HEP message of any version as the decoder reads it and the encoder writes it. Views only.
#pragma once

#include <array>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/net.h"
#include "base/time.h"
#include "wire/hep/quirk.h"

namespace siploom::hep {

// Chunk 0x0b: what the payload is. Never to be trusted over content (wire/report).
constexpr uint8_t kSip = 1, kXmpp = 2, kSdp = 3, kRtp = 4, kRtcpJson = 5, kMgcp = 6, kMegaco = 7;
constexpr uint8_t kWebRtc = 20, kQosReport = 32, kRtpFullReport = 34, kRtpShortReport = 35;
constexpr uint8_t kHoraclifix = 38, kSipJson = 50, kDns = 53, kIsup = 54, kRtsp = 55;
constexpr uint8_t kDiameter = 56, kMap = 57, kRtcpPion = 58, kCdr = 60, kVerto = 61;
constexpr uint8_t kOldXlog = 86, kMi = 87, kRest = 88, kNet = 89, kControl = 96;
constexpr uint8_t kSipQos = 99, kLog = 100, kTransaction = 101;

// A chunk nobody here understands, or one of a vendor: kept verbatim, so that a relay loses none.
struct RawChunk {
  uint16_t vendor = 0, type = 0;
  ByteSpan value;
};

enum class Magic : uint8_t { Hep3, Eep3, Eep1 };

// What occurs once. Empty texts and nullopt: not there.
struct Facts {
  uint8_t version = 0;  // 1, 2 or 3
  Magic magic = Magic::Hep3;
  uint8_t family = 0;  // as sent
  uint8_t protocol_type = kSip;
  uint8_t ip_protocol = 17;  // as sent; 22 and 50 are fakes for TLS and WS
  Transport transport = Transport::Udp;
  bool has_src = false, has_dst = false;  // addresses; ports may be there without
  bool inflated = false;                  // the payload lies in `scratch`
  bool all_in_scratch = false;            // and everything else, too (a gzipped message)
  Quirks quirks;
  Endpoint src, dst;
  // kNoTime: the message has none or an impossible one; use the time of receipt.
  Timestamp time = kNoTime;
  uint32_t agent_id = 0;      // chunk 0x0c, healed
  uint32_t agent_id_raw = 0;  // as sent
  std::string_view agent_name, correlation_id, auth_key;
  std::string_view extra_ids;  // 0x65, JSON, of OpenSIPS
  std::string_view geo, transaction_type, json_keys, tags, group_id;
  std::optional<uint64_t> src_mac, dst_mac;  // 48 bits, right aligned
  std::optional<uint32_t> jitter;            // unit: the agent's
  std::optional<uint32_t> old_correlation;   // 0x10 of four octets (2013)
  std::optional<uint16_t> old_ss7_type;      // 0x11 of two octets (2013)
  std::optional<uint16_t> keep_alive_s, vlan, ether_type, mos, r_factor, tag_type, event_type;
  std::optional<uint8_t> tcp_flags, tos;
  ByteSpan payload;
  ByteSpan rest;  // octets of the datagram behind the message: perhaps another one
};

struct Packet : Facts {
  static constexpr size_t kMaxCorrelationIds = 8;
  static constexpr size_t kMaxOtherChunks = 16;

  // All of 0x11 in order; the first is `correlation_id`.
  std::span<const std::string_view> correlation_ids() const {
    return {correlation_id_list.data(), correlation_id_count};
  }
  std::span<const RawChunk> other_chunks() const { return {others.data(), other_count}; }

  void clear() {
    // In place, and not by Facts(), which would zero all of it first.
    ::new (static_cast<void*>(static_cast<Facts*>(this))) Facts;
    correlation_id_count = other_count = 0;
    others_dropped = correlation_ids_dropped = 0;
  }
  void add_correlation_id(std::string_view id) {
    if (correlation_id.empty()) correlation_id = id;
    if (correlation_id_count < kMaxCorrelationIds) {
      correlation_id_list[correlation_id_count++] = id;
    } else {
      ++correlation_ids_dropped;
    }
  }
  void add_other(const RawChunk& chunk) {
    if (other_count < kMaxOtherChunks) {
      others[other_count++] = chunk;
    } else {
      ++others_dropped;
    }
  }

  std::array<std::string_view, kMaxCorrelationIds> correlation_id_list;
  std::array<RawChunk, kMaxOtherChunks> others;
  uint8_t correlation_id_count = 0, other_count = 0;
  uint16_t correlation_ids_dropped = 0, others_dropped = 0;  // beyond the lists
};

// What chunk 0x02 says, fakes included.
constexpr Transport transport_of(uint8_t ip_protocol) {
  switch (ip_protocol) {
    case 6:
      return Transport::Tcp;
    case 132:
      return Transport::Sctp;
    case 22:
      return Transport::Tls;  // what Kamailio, OpenSIPS and sofia write for TLS
    case 50:
      return Transport::Ws;  // and OpenSIPS for WS and WSS
    default:
      return Transport::Udp;
  }
}
// What to write there: 22 for TLS and 50 for WS and WSS, as OpenSIPS does.
uint8_t ip_protocol_of(Transport transport);

}  // namespace siploom::hep
