#include "simulate/rtp_stream.h"

#include <algorithm>
#include <cstring>

#include "simulate/put.h"

namespace siploom::simulate {

namespace {

constexpr Nanoseconds kReportInterval = 5 * kSecond;  // RFC 3550 6.2
constexpr Nanoseconds kRelayDelay = 350 * kMicrosecond;
constexpr Nanoseconds kDigitLength = 160 * kMillisecond;
constexpr uint64_t kEndRepeats = 3;               // RFC 4733 2.5.1.4
constexpr uint64_t kNtpOffset_s = 2'208'988'800;  // 1900 to 1970
constexpr uint8_t kSenderReport = 200, kReceiverReport = 201, kSourceDescription = 202, kBye = 203;

uint64_t ntp_time(Nanoseconds at) {
  const auto seconds = static_cast<uint64_t>(at / kSecond) + kNtpOffset_s;
  const auto fraction =
      (static_cast<uint64_t>(at % kSecond) << 32) / static_cast<uint64_t>(kSecond);
  return seconds << 32 | fraction;
}

// Units of a clock; 64 bits hold 21 days of nanoseconds times 48 kHz.
uint32_t clock_units(Nanoseconds duration, uint32_t hz) {
  return static_cast<uint32_t>(duration / kMicrosecond * hz / 1'000'000);
}

// RFC 6716 3.1: the first octet says mode and length; one frame, mono.
uint8_t opus_toc(Nanoseconds ptime) {
  const bool silk = ptime > 20 * kMillisecond;
  const int configuration = silk                        ? (ptime > 40 * kMillisecond ? 11 : 10)
                            : ptime < 20 * kMillisecond ? 14
                                                        : 15;
  return static_cast<uint8_t>(configuration << 3);
}

Nanoseconds report_gap(uint64_t seed, Nanoseconds at) {
  // Half to one and a half of the interval, so that reports do not march in step (6.3.1).
  return kReportInterval / 2 +
         static_cast<Nanoseconds>(mix(seed, static_cast<uint64_t>(at)) % uint64_t{kReportInterval});
}

}  // namespace

RtpStream::RtpStream(const Settings& settings, const Plan& plan, uint8_t number)
    : ptime_(settings.ptime),
      jitter_(settings.jitter),
      loss_(settings.rtp_loss),
      seed_(mix(plan.seed, 0x5EED0 + uint64_t{number})),
      ssrc_(static_cast<uint32_t>(seed_ >> 16)),
      next_sequence_(static_cast<uint32_t>(seed_ & 0xFFFF)),
      first_timestamp_(static_cast<uint32_t>(mix(seed_, 1))),
      number_(number) {
  const MediaPlan& media = plan.media[number];
  if (media.relay_of != 0xFF) {
    seed_ = mix(plan.seed, 0x5EED0 + uint64_t{media.relay_of});
    shift_ = kRelayDelay;
  }
  reception_.highest_sequence = reception_.first_sequence = next_sequence_;
  if (!media.spans.empty()) {
    origin_ = media.spans.front().from;
    next_sent_ = origin_ + shift_;
    payload_type_ = codec(media.spans.front().codec).payload_type;
    fill(plan);
  }
  if (!settings.rtcp || media.reverse == 0xFF) return;
  // A party reports while it sends, and while it only hears.
  Nanoseconds begin = kNever;
  for (const uint8_t side : {number, media.reverse}) {
    for (const MediaSpan& span : plan.media[side].spans) {
      begin = std::min(begin, span.from);
      end_ = std::max(end_, span.to);
    }
  }
  if (begin != kNever)
    report_at_ = std::min(begin + report_gap(ssrc_, begin), end_ + 2 * kMillisecond);
}

uint32_t RtpStream::clock_at(const Plan& plan, Nanoseconds at) const {
  // The clock runs on through pauses; a codec of another rate goes on with its own (RFC 7160 4.1).
  const std::vector<MediaSpan>& spans = plan.media[number_].spans;
  uint32_t units = first_timestamp_;
  Nanoseconds from = spans.front().from;
  for (size_t i = 0; i < spans.size(); ++i) {
    const uint32_t hz = codec(spans[i].codec).clock_hz;
    const bool last = i + 1 == spans.size() || at < spans[i + 1].from;
    const Nanoseconds until = last ? at : spans[i + 1].from;
    units += clock_units(until - from, hz);
    if (last) break;
    from = until;
  }
  return units;
}

bool RtpStream::make_event(const Plan& plan, Nanoseconds sent, const Codec& used, Packet& packet) {
  const auto& digits = plan.media[number_].digits;
  if (digit_ >= digits.size() || sent < digits[digit_].first) return false;
  if (digit_tick_ == 0) digit_timestamp_ = packet.timestamp;
  const auto ticks = static_cast<uint64_t>(std::max<Nanoseconds>(kDigitLength / ptime_, 1));
  packet.event = true;
  packet.digit = digits[digit_].second;
  packet.marker = digit_tick_ == 0;
  packet.event_end = digit_tick_ >= ticks;
  packet.timestamp = digit_timestamp_;
  const auto length = static_cast<Nanoseconds>(std::min(digit_tick_, ticks) + 1) * ptime_;
  packet.duration = static_cast<uint16_t>(clock_units(length, used.clock_hz));
  if (++digit_tick_ == ticks + kEndRepeats) {
    ++digit_;
    digit_tick_ = 0;
  }
  return true;
}

void RtpStream::make_packet(const Plan& plan, const MediaSpan& span) {
  const Codec& used = codec(span.codec);
  const uint64_t random = mix(seed_, packet_number_ + 16);
  const Nanoseconds sent = next_sent_ - shift_;
  Packet packet;
  packet.sequence = next_sequence_++;
  packet.codec = span.codec;
  packet.timestamp = packet.sent_timestamp =
      clock_at(plan, span.from) +
      clock_units(static_cast<Nanoseconds>(tick_) * ptime_, used.clock_hz);
  packet.marker = tick_ == 0;
  if (make_event(plan, sent, used, packet)) {
    packet.size = 4;
  } else {
    const auto ptime_ms = static_cast<unsigned>(ptime_ / kMillisecond);
    packet.size = static_cast<uint16_t>(payload_size(used, ptime_ms, packet_number_));
  }
  ++packet_number_;
  ++tick_;
  const Nanoseconds delay =
      jitter_ == 0
          ? 0
          : static_cast<Nanoseconds>((random & 0xFFFFFF) * static_cast<uint64_t>(jitter_) >> 24);
  packet.lost = loss_.hit(random);
  packet.sent = next_sent_;
  packet.at = packet.lost ? next_sent_ : next_sent_ + delay;
  pending_[pending_count_++] = packet;
}

bool RtpStream::sends_another(const Plan& plan) {
  const std::vector<MediaSpan>& spans = plan.media[number_].spans;
  while (span_ < spans.size()) {
    const Nanoseconds sent = spans[span_].from + static_cast<Nanoseconds>(tick_) * ptime_;
    if (sent < spans[span_].to) {
      next_sent_ = sent + shift_;
      return true;
    }
    ++span_;
    tick_ = 0;
  }
  next_sent_ = kNever;
  return false;
}

// Makes packets until none that is still to be sent can overtake the first of those under way.
void RtpStream::fill(const Plan& plan) {
  while (pending_count_ < kMostPending && sends_another(plan)) {
    if (pending_count_ > 0 && next_sent_ > next_packet()) break;
    make_packet(plan, plan.media[number_].spans[span_]);
  }
}

Nanoseconds RtpStream::next_packet() const {
  Nanoseconds first = kNever;
  for (size_t i = 0; i < pending_count_; ++i) first = std::min(first, pending_[i].at);
  return first;
}

void RtpStream::receive(const Packet& packet) {
  Reception& r = reception_;
  if (r.packets == 0) {
    r.first_sequence = r.highest_sequence = packet.sequence;
  } else {
    r.first_sequence = std::min(r.first_sequence, packet.sequence);
    r.highest_sequence = std::max(r.highest_sequence, packet.sequence);
  }
  const uint32_t arrival = clock_units(packet.at - origin_, codec(packet.codec).clock_hz);
  const int64_t transit = static_cast<int32_t>(arrival - packet.sent_timestamp);
  if (r.packets > 0) {
    const int64_t change = std::abs(transit - r.transit);
    r.jitter += static_cast<uint32_t>(change) - ((r.jitter + 8) >> 4);
  }
  r.transit = transit;
  ++r.packets;
}

void RtpStream::send_packet(const Plan& plan, const PayloadTable& sounds, Output& out,
                            Truth& truth) {
  size_t first = 0;
  for (size_t i = 1; i < pending_count_; ++i) {
    if (pending_[i].at < pending_[first].at) first = i;
  }
  const Packet packet = pending_[first];
  pending_[first] = pending_[--pending_count_];
  ++sent_;
  sent_octets_ += packet.size;
  if (packet.lost) {
    ++truth.rtp_lost;
    return fill(plan);
  }
  uint8_t bytes[1500];
  bytes[0] = 0x80;
  const uint8_t type = packet.event ? kTelephoneEvent : codec(packet.codec).payload_type;
  bytes[1] = static_cast<uint8_t>((packet.marker ? 0x80 : 0) | type);
  put_be16(bytes + 2, packet.sequence & 0xFFFF);
  put_be32(bytes + 4, packet.timestamp);
  put_be32(bytes + 8, ssrc_);
  if (packet.event) {
    bytes[12] = packet.digit;
    bytes[13] = static_cast<uint8_t>((packet.event_end ? 0x80 : 0) | 10);  // -10 dBm0
    put_be16(bytes + 14, packet.duration);
  } else {
    const ByteSpan sound = sounds.payload(packet.codec, packet.size, packet.sequence);
    std::memcpy(bytes + 12, sound.data(), sound.size());
    if (codec(packet.codec).name == "opus") bytes[12] = opus_toc(ptime_);
  }
  if (reception_.packets == 0) ++truth.rtp_streams;
  receive(packet);
  ++truth.rtp_packets;
  if (out.udp(plan.wire, src(plan), dst(plan), {bytes, 12u + packet.size}, packet.at))
    ++truth.rtp_copies;
  fill(plan);
}

size_t RtpStream::put_report_block(uint8_t* out, Nanoseconds now) {
  Reception& r = reception_;
  if (r.packets == 0) return 0;
  const uint64_t expected = r.expected();
  const uint64_t lost = expected > r.packets ? expected - r.packets : 0;
  const uint64_t expected_now = expected - r.expected_prior,
                 received_now = r.packets - r.received_prior;
  const uint64_t lost_now = expected_now > received_now ? expected_now - received_now : 0;
  put_be32(out, ssrc_);
  out[4] = static_cast<uint8_t>(
      expected_now == 0 ? 0 : std::min<uint64_t>(lost_now * 256 / expected_now, 255));
  put_be32(out + 5, std::min<uint64_t>(lost, 0x7FFFFF) << 8);
  put_be32(out + 8, r.highest_sequence);
  put_be32(out + 12, r.jitter >> 4);
  put_be32(out + 16, r.last_report);
  const Nanoseconds since = r.last_report == 0 ? 0 : now - r.report_at;
  put_be32(out + 20, static_cast<uint64_t>(since) * 65'536 / static_cast<uint64_t>(kSecond));
  r.expected_prior = expected;
  r.received_prior = r.packets;
  return 24;
}

void RtpStream::tell(const Plan& plan, Feed& feed, const uint8_t* report, size_t block_at,
                     std::string_view name) const {
  const uint8_t* const block = report + block_at;
  SeenReport seen{plan, number_, src(plan), dst(plan), report_at_, {}};
  ++seen.src.port;
  ++seen.dst.port;
  hep::RtcpFacts& facts = seen.facts;
  facts.type = report[1];
  facts.ssrc = load_be32(report + 4);
  if (facts.type == kSenderReport) {
    facts.rtp_timestamp = load_be32(report + 16);
    facts.packets = load_be32(report + 20);
    facts.octets = load_be32(report + 24);
  }
  facts.source_ssrc = load_be32(block);
  facts.fraction_lost = block[4];
  facts.lost = static_cast<int32_t>(load_be32(block + 4) & 0xFFFFFF);
  facts.highest_sequence = load_be32(block + 8);
  facts.jitter = load_be32(block + 12);
  facts.lsr = load_be32(block + 16);
  facts.dlsr = load_be32(block + 20);
  facts.cname = name;
  feed.rtcp(seen);
}

void RtpStream::send_report(const Plan& plan, RtpStream& back, Output& out, Truth& truth) {
  const Nanoseconds now = report_at_;
  const bool last = now >= end_;
  uint8_t bytes[256] = {};
  const uint64_t ntp = ntp_time(now);
  size_t size = 8;
  put_be32(bytes + 4, ssrc_);
  // Packets that are under way were sent already.
  uint64_t sent = sent_, octets = sent_octets_;
  for (size_t i = 0; i < pending_count_; ++i) {
    if (pending_[i].sent > now) continue;
    ++sent;
    octets += pending_[i].size;
  }
  const bool sender = sent > 0;
  if (sender) {
    put_be32(bytes + 8, ntp >> 32);
    put_be32(bytes + 12, ntp & 0xFFFFFFFF);
    put_be32(bytes + 16, clock_at(plan, std::max(now, plan.media[number_].spans.front().from)));
    put_be32(bytes + 20, sent);
    put_be32(bytes + 24, octets);
    size = 28;
    reception_.last_report = static_cast<uint32_t>(ntp >> 16);
    reception_.report_at = now;
  }
  const size_t block_at = size;
  const size_t block = back.put_report_block(bytes + size, now);
  size += block;
  bytes[0] = static_cast<uint8_t>(0x80 | (block > 0 ? 1 : 0));
  bytes[1] = sender ? kSenderReport : kReceiverReport;
  put_be16(bytes + 2, size / 4 - 1);
  // SDES with a CNAME of 16 octets: 4 + 4 + 2 + 16, ended by two zeros (RFC 3550 6.5).
  uint8_t* const sdes = bytes + size;
  sdes[0] = 0x81;
  sdes[1] = kSourceDescription;
  put_be16(sdes + 2, 6);
  put_be32(sdes + 4, ssrc_);
  sdes[8] = 1;
  sdes[9] = 16;
  TextBuffer name;
  name.hex(mix(plan.seed, plan.media[number_].src), 16);
  std::memcpy(sdes + 10, name.view().data(), 16);
  size += 28;
  if (last) {
    uint8_t* const bye = bytes + size;
    bye[0] = 0x81;
    bye[1] = kBye;
    put_be16(bye + 2, 1);
    put_be32(bye + 4, ssrc_);
    size += 8;
  }
  // A report without a block says nothing that agents would pass on.
  if (out.feed() != nullptr && block > 0) tell(plan, *out.feed(), bytes, block_at, name.view());
  Peer from = src(plan), to = dst(plan);
  ++from.port;
  ++to.port;
  out.udp(plan.wire, from, to, {bytes, size}, now);
  ++truth.rtcp_packets;
  report_at_ = last ? kNever : std::min(now + report_gap(ssrc_, now), end_ + 2 * kMillisecond);
}

}  // namespace siploom::simulate
