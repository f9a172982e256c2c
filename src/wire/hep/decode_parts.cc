#include "wire/hep/decode_parts.h"

namespace siploom::hep {

namespace {

constexpr uint64_t kNtpEpoch = 2'208'988'800;  // seconds from 1900 to 1970
// Clocks outside these are wrong. The latest lies before the NTP time of the earliest, so that one
// number never means both.
constexpr uint64_t kEarliest = 946'684'800;  // 2000
constexpr uint64_t kLatest = 3'124'224'000;  // 2069
static_assert(kLatest < kEarliest + kNtpEpoch);
constexpr uint64_t kMaxMicroseconds = 1'000'000'000;

}  // namespace

Timestamp make_time(uint64_t seconds, uint64_t microseconds, Quirks& quirks) {
  if (seconds == 0 && microseconds == 0) return kNoTime;
  if (seconds >= kEarliest + kNtpEpoch && seconds <= kLatest + kNtpEpoch) {
    seconds -= kNtpEpoch;
    quirks.add(Quirk::NtpTime);
  }
  if (microseconds >= 1'000'000) {
    quirks.add(Quirk::LongMicroseconds);
    if (microseconds >= kMaxMicroseconds) microseconds = 0;  // the seconds alone are believed
    seconds += microseconds / 1'000'000;
    microseconds %= 1'000'000;
  }
  if (seconds < kEarliest || seconds > kLatest) {
    quirks.add(Quirk::ImpossibleTime);
    return kNoTime;
  }
  return {static_cast<int64_t>(seconds) * kSecond +
          static_cast<int64_t>(microseconds) * kMicrosecond};
}

uint8_t ip_protocol_of(Transport transport) {
  switch (transport) {
    case Transport::Tcp:
      return 6;
    case Transport::Sctp:
      return 132;
    case Transport::Tls:
      return 22;
    case Transport::Ws:
    case Transport::Wss:
      return 50;
    default:
      return 17;
  }
}

void take_ip_protocol(uint8_t value, Packet& out) {
  out.ip_protocol = value;
  out.transport = transport_of(value);
  if (value == 22 || value == 50) out.quirks.add(Quirk::FakeTransport);
}

void note_v6(const IpAddress& address, Quirks& quirks) {
  if (address.is_v4()) {
    quirks.add(Quirk::MappedIpv4);
  } else if (load_le32(&address.octets[4]) == 0 && load_le64(&address.octets[8]) == 0) {
    quirks.add(Quirk::TruncatedIpv6);  // no host has such an address, :: included
  }
}

ByteSpan trim_nuls(ByteSpan bytes, Quirks& quirks) {
  if (bytes.empty() || bytes.back() != 0) return bytes;
  quirks.add(Quirk::TrailingNuls);
  while (!bytes.empty() && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);
  return bytes;
}

}  // namespace siploom::hep
