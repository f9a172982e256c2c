#include "intake/gate.h"

#include <algorithm>

#include "intake/auth_chunks.h"
#include "wire/hep/hep.h"
#include "wire/hep/inflate.h"

namespace siploom::intake {

namespace {

using capture::Carrier;

constexpr uint8_t kGzip0 = 0x1f, kGzip1 = 0x8b;
constexpr double kLargestMessage = 65'535;

bool is_gzip(ByteSpan message) {
  return message.size() >= 2 && message[0] == kGzip0 && message[1] == kGzip1;
}

uint8_t version_bit(ByteSpan message) {
  const int version = message[0] <= 2 ? message[0] : 3;
  return static_cast<uint8_t>(1 << version);
}

}  // namespace

Gate::Gate(const Policy& policy, const IntakeOptions& options, BatchWriter& writer)
    : policy_(policy),
      quarantine_(options.quarantine),
      writer_(writer),
      sources_(policy, options.max_sources) {
  set_limits(options.rate);
}

void Gate::set_limits(const RateLimit& rate) {
  rate_ = rate;
  limited_ = rate_.messages_per_s != 0 || rate_.octets_per_s != 0;
  sources_.judge_again();
  const auto per_s = static_cast<double>(rate_.messages_per_s);
  burst_messages_ =
      rate_.burst_messages != 0 ? static_cast<double>(rate_.burst_messages) : std::max(1.0, per_s);
  burst_octets_ = std::max(kLargestMessage, static_cast<double>(rate_.octets_per_s));
}

void Gate::begin(const Origin& origin) {
  const bool same = row_ != nullptr && row_->counts.address == origin.peer.address;
  origin_ = origin;
  if (!same) row_ = &sources_.row(origin.peer.address, origin.time);
  row_->counts.last_seen = origin.time;
  if (limited_) refill();
}

void Gate::refill() {
  if (row_->refilled_at == 0) {
    row_->messages_left = burst_messages_;
    row_->octets_left = burst_octets_;
  } else {
    const double seconds = static_cast<double>(origin_.now - row_->refilled_at) / 1e9;
    row_->messages_left = std::min(
        burst_messages_, row_->messages_left + seconds * static_cast<double>(rate_.messages_per_s));
    row_->octets_left = std::min(
        burst_octets_, row_->octets_left + seconds * static_cast<double>(rate_.octets_per_s));
  }
  row_->refilled_at = std::max<Nanoseconds>(1, origin_.now);
}

bool Gate::is_in_debt() {
  if (!limited_) return false;
  return (rate_.messages_per_s != 0 && row_->messages_left < 0) ||
         (rate_.octets_per_s != 0 && row_->octets_left < 0);
}

// False: over the rate. A datagram over it is not charged, a stream's message is, since it is kept.
bool Gate::charge(size_t octets, bool is_datagram) {
  if (!limited_) return true;
  const bool within = (rate_.messages_per_s == 0 || row_->messages_left >= 1) &&
                      (rate_.octets_per_s == 0 || row_->octets_left >= 0);
  if (!within && is_datagram) return false;
  row_->messages_left -= 1;
  row_->octets_left -= static_cast<double>(octets);
  return within;
}

void Gate::count(Drop trouble) {
  ++row_->counts.drops[static_cast<size_t>(trouble)];
  ++totals_.drops[static_cast<size_t>(trouble)];
}

void Gate::take_datagram(ByteSpan datagram) {
  for (;;) {
    const size_t length = hep::stream_length(datagram).value_or(0);
    // Behind a length that lies (or wrapped) there is no magic: the decoder makes the best of it.
    const bool several = length != 0 && length < datagram.size() &&
                         hep::stream_length(datagram.subspan(length)).value_or(0) != 0;
    const ByteSpan message = several ? datagram.first(length) : datagram;
    if (const Drop drop = take(message, Carrier::Udp); drop == Drop::NotAllowed) return;
    if (!several) return;
    datagram = datagram.subspan(length);
  }
}

// A key may lie in a gzip'd message, where it can be neither checked nor wiped: then the message
// goes on as it was before it was packed.
ByteSpan Gate::unpacked(ByteSpan message) {
  if (!is_gzip(message) || !hep::inflate(message, inflated_)) return message;
  return find_auth_key(as_bytes(inflated_)).present ? as_bytes(inflated_) : message;
}

Drop Gate::take(ByteSpan message, Carrier carrier) {
  const auto dropped = [this](Drop why) {
    count(why);
    return why;
  };
  const bool is_datagram = carrier == Carrier::Udp;
  if (!row_->verdict.allowed) return dropped(Drop::NotAllowed);
  const bool within_rate = charge(message.size(), is_datagram);
  if (!within_rate && is_datagram) return dropped(Drop::OverRate);
  if (!hep::looks_like_hep(message)) return dropped(Drop::NotHep);
  const uint8_t version = version_bit(message);
  message = unpacked(message);
  const AuthKey auth = find_auth_key(message);
  uint8_t flags = origin_.flags;
  if (row_->verdict.wants_key()) {
    const bool good = auth.present && policy_.is_key_good(row_->verdict, auth.key);
    if (!good && !quarantine_) return dropped(Drop::BadKey);
    flags = static_cast<uint8_t>(flags |
                                 (good ? capture::kIntakeKeyMatched : capture::kIntakeQuarantined));
  }
  if (!within_rate) flags |= capture::kIntakeOverQuota;
  const capture::IntakeHeader header{origin_.peer, origin_.local_port, carrier, flags};
  const std::span<uint8_t> kept = writer_.add(header, message, origin_.time);
  if (auth.present) wipe_auth_keys(kept);

  const bool quarantined = (flags & capture::kIntakeQuarantined) != 0;
  SourceCounts& counts = row_->counts;
  ++counts.messages;
  counts.octets += message.size();
  counts.quarantined += quarantined ? 1 : 0;
  counts.carriers |= static_cast<uint8_t>(1 << static_cast<int>(carrier));
  counts.versions |= version;
  ++totals_.messages;
  totals_.octets += message.size();
  totals_.quarantined += quarantined ? 1 : 0;
  ++totals_.by_carrier[static_cast<size_t>(carrier)];
  sources_.prove(*row_);
  return Drop::None;
}

}  // namespace siploom::intake
