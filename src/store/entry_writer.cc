#include "store/entry_writer.h"

#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"

namespace siploom::store {

namespace {

constexpr size_t kSliceReach = 65'535;  // what a Slice can point at
constexpr size_t kMaxJsonBytes = 24 * 1024;

// One entry in the making. Texts come first, so that slices reach them whatever the payload's size.
template <class Head>
class Maker final {
 public:
  explicit Maker(std::string& out) : out_(out), begin_(out.size()) {
    out_.resize(begin_ + sizeof(Head));
  }
  Slice add(std::string_view text, size_t most = kMaxTextBytes) {
    text = text.substr(0, std::min(text.size(), most));
    const size_t offset = out_.size() - begin_;
    if (text.empty() || offset + text.size() > kSliceReach) return {};
    out_.append(text);
    return {static_cast<uint16_t>(offset), static_cast<uint16_t>(text.size())};
  }
  // The text as a slice of `payload`, which will stand at `payload_offset`; false: it is none.
  static bool slice(std::string_view text, ByteSpan payload, size_t payload_offset, Slice& slice) {
    if (text.empty()) return true;
    const auto address = [](const void* p) { return reinterpret_cast<uintptr_t>(p); };
    const uintptr_t at = address(text.data()), begin = address(payload.data());
    if (at < begin || at + text.size() > begin + payload.size()) return false;
    const size_t offset = payload_offset + (at - begin);
    if (offset + text.size() > kSliceReach || text.size() > kMaxTextBytes) return false;
    slice = {static_cast<uint16_t>(offset), static_cast<uint16_t>(text.size())};
    return true;
  }
  // Texts, a line each.
  template <class Texts>
  Slice add_lines(const Texts& texts) {
    return add_written(kMaxTextBytes, true, [&](std::string& out) {
      const size_t begin = out.size();
      for (const std::string_view text : texts) {
        if (out.size() > begin) out += '\n';
        out += text;
      }
    });
  }
  // What `write` appends; of what is longer than `most`, the first octets or nothing.
  template <class Fn>
  Slice add_written(size_t most, bool may_cut, Fn&& write) {
    const size_t before = out_.size(), offset = before - begin_;
    write(out_);
    size_t size = out_.size() - before;
    if (size > most) size = may_cut ? most : 0;
    if (offset + size > kSliceReach) size = 0;
    out_.resize(before + size);
    if (size == 0) return {};
    return {static_cast<uint16_t>(offset), static_cast<uint16_t>(size)};
  }
  size_t offset() const { return out_.size() - begin_; }
  // Behind the head, so far.
  std::string_view octets() const { return std::string_view(out_).substr(begin_ + sizeof(Head)); }
  void append(ByteSpan bytes) { out_.append(as_text(bytes)); }
  void finish(Head& head, Table table) {
    out_.resize((out_.size() + 7) & ~size_t{7});
    head.entry.size = static_cast<uint32_t>(out_.size() - begin_);
    head.entry.table = table;
    std::memcpy(out_.data() + begin_, static_cast<const void*>(&head), sizeof head);
  }

 private:
  std::string& out_;
  size_t begin_;
};

void write_legs(std::string& out, const model::Call& call) {
  JsonWriter json(out);
  json.begin_array();
  for (const model::Leg& leg : call.legs) {
    json.begin_object();
    json.field("call_id", leg.call_id);
    json.field("from_tag", leg.from_tag);
    json.key("forks");
    json.begin_array();
    for (const model::Fork& fork : leg.forks) {
      json.begin_object();
      json.field("to_tag", fork.to_tag);
      json.field("answered_by", std::string_view(format_endpoint(fork.answered_by)));
      json.field("status", uint64_t{fork.status});
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

void write_media(std::string& out, const model::Call& call) {
  JsonWriter json(out);
  json.begin_array();
  for (const model::MediaEndpoint& media : call.media) {
    json.begin_object();
    json.field("where", std::string_view(format_endpoint(media.where)));
    json.field("since_ns", media.since.ns);
    json.field("from_caller", media.from_caller);
    json.end_object();
  }
  json.end_array();
}

std::array<Timestamp, kCallTimes> times_of(const model::Call& call) {
  return {call.start,     call.invite, call.trying, call.ringing,        call.progress, call.answer,
          call.confirmed, call.cancel, call.bye,    call.final_response, call.last,     call.end};
}

}  // namespace

void append_record(std::string& out, const RecordFields& fields) {
  Maker<RecordHead> maker(out);
  RecordHead head;
  head.entry.kind = static_cast<uint8_t>(fields.kind);
  head.entry.transport = static_cast<uint8_t>(fields.transport);
  head.time_ns = fields.time.ns;
  head.received_ns = fields.received.ns;
  head.sequence = fields.sequence;
  head.src = fields.src.address.octets;
  head.dst = fields.dst.address.octets;
  head.src_port = fields.src.port;
  head.dst_port = fields.dst.port;
  head.status = fields.status;
  head.flags = fields.flags;
  head.cseq = fields.cseq;
  head.agent_id = fields.agent_id;
  head.quirks = fields.quirks;
  const ByteSpan payload = fields.payload.first(std::min(fields.payload.size(), kMaxPayloadBytes));
  if (payload.size() < fields.payload.size()) head.flags |= kMalformed;
  // First what does not lie in the payload, then the slices of it.
  for (size_t i = 0; i < kRecordTexts; ++i) {
    Slice slice;
    if (!Maker<RecordHead>::slice(fields.texts[i], payload, sizeof(RecordHead), slice)) {
      head.texts[i] = maker.add(fields.texts[i]);
    }
  }
  const size_t at = maker.offset();
  for (size_t i = 0; i < kRecordTexts; ++i) {
    if (head.texts[i].size != 0) continue;
    Slice slice;
    if (Maker<RecordHead>::slice(fields.texts[i], payload, at, slice)) head.texts[i] = slice;
  }
  head.payload_offset = static_cast<uint32_t>(at);
  head.payload_size = static_cast<uint32_t>(payload.size());
  maker.append(payload);
  if (is_plain_ascii(maker.octets())) head.flags |= kPlain;
  maker.finish(head, Table::Records);
}

void append_call(std::string& out, const model::Call& call, const CallExtras& extras) {
  Maker<CallHead> maker(out);
  CallHead head;
  head.entry.kind = static_cast<uint8_t>(call.kind);
  head.entry.transport = static_cast<uint8_t>(call.transport);
  head.version = extras.version;
  head.received_ns = extras.received.ns;
  const auto times = times_of(call);
  for (size_t i = 0; i < kCallTimes; ++i) head.times[i] = times[i].ns;
  head.src = call.src.address.octets;
  head.dst = call.dst.address.octets;
  head.src_port = call.src.port;
  head.dst_port = call.dst.port;
  head.status = call.status;
  head.cause = call.cause;
  head.first_sequence = call.first_frame;
  head.last_sequence = call.last_frame;
  head.messages = call.messages;
  head.retransmissions = call.retransmissions;
  head.copies = call.copies;
  head.malformed = call.malformed;
  head.expires_s = call.expires_s;
  size_t forks = 0;
  for (const model::Leg& leg : call.legs) forks += leg.forks.size();
  head.forks = static_cast<uint16_t>(std::min<size_t>(forks, UINT16_MAX));
  head.state = static_cast<uint8_t>(call.state);
  head.hangup_by = static_cast<uint8_t>(call.hangup_by);
  head.partial = call.begins_before ? 1 : 0;
  head.open = extras.open ? 1 : 0;
  const auto set = [&](CallText which, std::string_view text) {
    head.texts[static_cast<size_t>(which)] = maker.add(text);
  };
  set(CallText::CallId, model::call_id(call));
  set(CallText::CauseProtocol, call.cause_protocol);
  set(CallText::CauseText, call.cause_text);
  set(CallText::Method, call.method);
  set(CallText::Reason, call.reason);
  set(CallText::RequestUri, call.request_uri);
  set(CallText::RuriUser, extras.ruri_user);
  set(CallText::RuriHost, extras.ruri_host);
  set(CallText::FromUser, call.from.user);
  set(CallText::FromHost, call.from.host);
  set(CallText::FromDisplay, call.from.display);
  set(CallText::ToUser, call.to.user);
  set(CallText::ToHost, call.to.host);
  set(CallText::ToDisplay, call.to.display);
  const auto set_lines = [&](CallText which, const auto& texts) {
    head.texts[static_cast<size_t>(which)] = maker.add_lines(texts);
  };
  set_lines(CallText::UserAgents, call.user_agents);
  set_lines(CallText::Offered, call.offered);
  set_lines(CallText::Codecs, call.codecs);
  set_lines(CallText::CorrelationIds, call.correlation_ids);
  set_lines(CallText::Nodes, call.nodes);
  // JSON that is cut is of no use; the forks and endpoints that a call keeps are few.
  const auto set_json = [&](CallText which, void (*write)(std::string&, const model::Call&)) {
    head.texts[static_cast<size_t>(which)] =
        maker.add_written(kMaxJsonBytes, false, [&](std::string& json) { write(json, call); });
  };
  set_json(CallText::Legs, write_legs);
  set_json(CallText::Media, write_media);
  maker.finish(head, Table::Calls);
}

void append_stream(std::string& out, const model::Stream& stream, std::string_view call_id,
                   std::string_view codec, std::string_view node, Timestamp received) {
  Maker<StreamHead> maker(out);
  StreamHead head;
  head.received_ns = received.ns;
  head.first_ns = stream.first.ns;
  head.last_ns = stream.last.ns;
  head.src = stream.src.address.octets;
  head.dst = stream.dst.address.octets;
  head.src_port = stream.src.port;
  head.dst_port = stream.dst.port;
  head.ssrc = stream.ssrc;
  head.packets = stream.packets;
  head.bytes = stream.bytes;
  head.duplicates = stream.duplicates;
  head.copies = stream.copies;
  head.expected = stream.expected();
  head.payload_type = stream.payload_type;
  head.announced = stream.announced ? 1 : 0;
  head.texts = {maker.add(call_id), maker.add(codec), maker.add(node)};
  maker.finish(head, Table::Streams);
}

void append_ledger(std::string& out, const LedgerFields& fields) {
  Maker<LedgerHead> maker(out);
  LedgerHead head;
  head.entry.kind = static_cast<uint8_t>(fields.fate);
  head.minute_ns = fields.minute.ns;
  head.source = fields.source.octets;
  head.count = fields.count;
  head.bytes = fields.bytes;
  head.texts = {maker.add(fields.node), maker.add(fields.reason)};
  maker.finish(head, Table::Ledger);
}

}  // namespace siploom::store
