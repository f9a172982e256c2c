#include "pipeline/relay/relay.h"

#include <algorithm>

#include "base/thread_name.h"
#include "pipeline/event_subject.h"
#include "pipeline/hep_stage.h"
#include "pipeline/message_subject.h"
#include "pipeline/relay/framing.h"
#include "wire/hep/encode.h"

namespace siploom::pipeline::relay {

namespace {

constexpr size_t kRecordLengthBytes = 4;
constexpr size_t kHeadBytes = sizeof(Nanoseconds) + capture::kIntakeHeaderBytes;
constexpr size_t kGroup = 256;  // messages handed to the far ends at once

// Calls `each` for every message; the octets are our own, and whole.
template <class Each>
void walk_records(ByteSpan bytes, Each&& each) {
  for (size_t at = 0; bytes.size() - at >= kRecordLengthBytes;) {
    const size_t length = load_le32(&bytes[at]);
    each(bytes.subspan(at + kRecordLengthBytes, length));
    at += kRecordLengthBytes + length;
  }
}

}  // namespace

uint64_t RelayCounters::lost() const {
  uint64_t sum = overflowed + too_large;
  for (const TargetCounters& target : targets) sum += target.dropped;
  return sum;
}

Relay::Relay(RelayOptions options)
    : options_(std::move(options)),
      rewriter_({options_.key, options_.compress, options_.mask_bodies}),
      scratch_(std::make_unique<DecodeScratch>()) {}

Result<std::unique_ptr<Relay>> Relay::start(RelayOptions options) {
  if (options.clock == nullptr) options.clock = &intake::system_clock();
  std::unique_ptr<Relay> relay(new Relay(std::move(options)));
  const RelayOptions& kept = relay->options_;
  if (!kept.filter.empty()) {
    auto filter = query::Filter::compile(kept.filter, registry::Scope::Message);
    if (!filter) return fail(filter.error().code, "relay.filter: " + filter.error().message);
    relay->filter_ = std::move(*filter);
  }
  const bool wants_tls = std::any_of(kept.to.begin(), kept.to.end(), [](const Destination& to) {
    return to.protocol == Protocol::Tls;
  });
  std::shared_ptr<const TlsTrust> trust;
  if (wants_tls) trust = SL_TRY(TlsTrust::open(kept.tls_ca_file));
  for (const Destination& to : kept.to) {
    relay->targets_.push_back(SL_TRY(Target::start(to, kept, trust)));
    (to.protocol == Protocol::Udp ? relay->has_datagrams_ : relay->has_streams_) = true;
  }
  relay->thread_ = std::thread([raw = relay.get()] { raw->run(); });
  return relay;
}

Relay::~Relay() { stop(); }

void Relay::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (const auto& target : targets_) target->begin_stop();
  for (const auto& target : targets_) target->finish_stop();
}

RelayCounters Relay::counters() const {
  RelayCounters out;
  {
    const std::lock_guard lock(mutex_);
    out = counters_;
  }
  for (const auto& target : targets_) out.targets.push_back(target->counters());
  return out;
}

void Relay::gather(const capture::IntakeHeader& header, Timestamp received, ByteSpan message) {
  const auto length = static_cast<uint32_t>(kHeadBytes + message.size());
  gathered_.append(reinterpret_cast<const char*>(&length), sizeof length);
  gathered_.append(reinterpret_cast<const char*>(&received.ns), sizeof received.ns);
  const size_t at = gathered_.size();
  gathered_.resize(at + capture::kIntakeHeaderBytes);
  capture::encode_intake_header(header, reinterpret_cast<uint8_t*>(&gathered_[at]));
  gathered_ += as_text(message);
  ++gathered_messages_;
}

// Of what was captured here: as an agent of that name would report it.
void Relay::gather_captured(const model::Record& record, std::string_view node,
                            std::string_view call_id) {
  packet_.clear();
  packet_.version = 3;
  packet_.src = record.src;
  packet_.dst = record.dst;
  packet_.has_src = packet_.has_dst = true;
  packet_.transport = record.transport;
  packet_.ip_protocol = hep::ip_protocol_of(record.transport);
  packet_.time = record.time;
  packet_.protocol_type = record.kind == model::RecordKind::Sip ? hep::kSip : hep::kRtcpJson;
  packet_.agent_name = node;
  packet_.correlation_id = call_id;
  packet_.payload = record.payload;
  encoded_.clear();
  if (hep::encode(packet_, {}, encoded_)) return gather({}, record.time, as_bytes(encoded_));
  const std::lock_guard lock(mutex_);
  ++counters_.taken;
  ++counters_.too_large;
}

void Relay::hand_over() {
  if (gathered_.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    counters_.taken += gathered_messages_;
    if (stopping_ || input_.size() + gathered_.size() > options_.queue_bytes) {
      counters_.overflowed += gathered_messages_;
    } else if (input_.empty()) {
      input_.swap(gathered_);
    } else {
      input_ += gathered_;
    }
  }
  gathered_.clear();
  gathered_messages_ = 0;
  wake_.notify_one();
}

void Relay::take(ByteSpan message, const Endpoint& peer, Timestamp received) {
  gather({peer}, is_known(received) ? received : options_.clock->wall(), message);
  hand_over();
}

void Relay::take(const Chunk& chunk, std::string_view node) {
  uint64_t withheld = 0;
  const auto& frames = chunk.batch.frames;
  for (const capture::Frame& frame : frames) {
    if (frame.link != capture::LinkType::HepIntake) continue;
    const auto header = capture::decode_intake_header(frame.bytes());
    if (!header) continue;
    // Another collector would take our key as a word for who sent it.
    if ((header->flags & capture::kIntakeQuarantined) != 0) {
      ++withheld;
    } else {
      gather(*header, frame.time, frame.bytes().subspan(capture::kIntakeHeaderBytes));
    }
  }
  const auto from_intake = [&](const model::Record& record) {
    const uint64_t i = record.frame - chunk.batch.first_number;
    return record.agent != nullptr && i < frames.size() &&
           frames[i].link == capture::LinkType::HepIntake;
  };
  const auto seen_by = [&](const model::Record& record) {
    return record.agent == nullptr ? node : record.agent->node;
  };
  for (const Message& message : chunk.messages) {
    if (!from_intake(message.record))
      gather_captured(message.record, seen_by(message.record), message.facts.call_id);
  }
  for (const Event& event : chunk.events) {
    if (event.record.agent == nullptr && event.record.kind == model::RecordKind::Rtcp)
      gather_captured(event.record, node, {});
  }
  hand_over();
  if (withheld == 0) return;
  const std::lock_guard lock(mutex_);
  counters_.withheld += withheld;
}

// Asked as the store would ask it: of the SIP message, or of the event, that is in it.
bool Relay::is_wanted(const capture::IntakeHeader& header, Timestamp received, ByteSpan message) {
  if (!filter_) return true;
  chunk_.reset();
  const Context context{chunk_, chunk_.messages, *scratch_, false, 1, nullptr, true};
  chunk_.rtp.resize(1);
  chunk_.rtcp.resize(1);
  model::Record outer;
  outer.time = received;
  outer.src = header.peer;
  outer.payload = message;
  take_hep(context, outer, header.peer.address, 0, 0);
  for (Message& each : chunk_.messages) {
    scratch_->view.parse(each.record.payload, each.record.transport == Transport::Udp);
    refine_transport(each.record, scratch_->view);
    if (filter_->matches(MessageSubject(each.record, scratch_->view))) return true;
  }
  return std::any_of(chunk_.events.begin(), chunk_.events.end(),
                     [&](const Event& each) { return filter_->matches(EventSubject(each)); });
}

// False: it cannot be sent to every far end.
bool Relay::add(ByteSpan message, Timestamp received) {
  SharedMessage shared;
  const Framed framed =
      has_streams_ ? frame_for_stream(message, received, framed_) : Framed::AsItWas;
  if (has_datagrams_ || framed == Framed::AsItWas)
    shared = std::make_shared<const std::string>(as_text(message));
  if (has_datagrams_) for_datagrams_.push_back(shared);
  if (framed == Framed::Changed) shared = std::make_shared<const std::string>(framed_);
  if (has_streams_ && framed != Framed::Not) for_streams_.push_back(std::move(shared));
  return framed != Framed::Not;
}

void Relay::work(ByteSpan octets) {
  uint64_t filtered = 0, withheld = 0, unfit = 0;
  const auto give = [&] {
    for (const auto& target : targets_)
      target->push(target->is_stream() ? for_streams_ : for_datagrams_);
    for_datagrams_.clear();
    for_streams_.clear();
  };
  walk_records(octets, [&](ByteSpan record) {
    const Timestamp received{static_cast<Nanoseconds>(load_le64(record.data()))};
    const auto header = capture::decode_intake_header(record.subspan(sizeof(Nanoseconds)));
    const ByteSpan message = record.subspan(kHeadBytes);
    if (!header || !is_wanted(*header, received, message)) {
      ++filtered;
      return;
    }
    const Rewriter::Outcome outcome = rewriter_.rewrite(message, out_);
    if (outcome == Rewriter::Outcome::Withheld) {
      ++withheld;
    } else if (outcome == Rewriter::Outcome::TooLarge ||
               !add(outcome == Rewriter::Outcome::Changed ? as_bytes(out_) : message, received)) {
      ++unfit;
    }
    if (for_datagrams_.size() + for_streams_.size() >= kGroup) give();
  });
  give();
  const std::lock_guard lock(mutex_);
  counters_.filtered += filtered;
  counters_.withheld += withheld;
  counters_.too_large += unfit;
}

void Relay::run() {
  name_thread("siploom-relay");
  std::string octets;
  for (;;) {
    octets.clear();
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !input_.empty(); });
      if (input_.empty()) return;
      octets.swap(input_);
    }
    work(as_bytes(octets));
  }
}

}  // namespace siploom::pipeline::relay
