#include "pipeline/record_entry.h"

#include "base/find.h"
#include "base/text.h"
#include "wire/sip/address.h"
#include "wire/sip/uri.h"

namespace siploom::pipeline {

using store::RecordText;

namespace {

struct UserHost {
  std::string_view user, host;
};

UserHost party(std::string_view header) {
  if (const auto address = sip::parse_address(header))
    return {address->uri.user, address->uri.host};
  return {};
}

UserHost target(std::string_view request_uri) {
  if (request_uri.empty()) return {};
  if (const auto uri = sip::parse_uri(request_uri)) return {uri->user, uri->host};
  return {};
}

// The call that a report of a telephone is about (RFC 6035 4.6.2); empty: it is none.
std::string_view reported_call(const model::Record& record, const weave::SipFacts& facts) {
  if (facts.method != "PUBLISH" && facts.method != "NOTIFY") return {};
  const std::string_view text = as_text(record.payload);
  constexpr std::string_view kLine = "\nCallID:";
  if (find_any_case(text, "vq-rtcpxr") == std::string_view::npos) return {};
  const size_t at = find_any_case(text, kLine);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + kLine.size());
  return trim(rest.substr(0, rest.find_first_of("\r\n")));
}

void take_agent(const model::Record& record, store::RecordFields& fields) {
  if (record.agent == nullptr) {
    fields.received = record.time;
    return;
  }
  fields.received = record.agent->received;
  fields.agent_id = record.agent->agent_id;
  fields.quirks = record.agent->quirks;
  fields.text(RecordText::Node) = record.agent->node;
  fields.text(RecordText::Chunks) = record.agent->chunks;
}

}  // namespace

void describe_message(const Message& message, store::RecordFields& fields) {
  const model::Record& record = message.record;
  const weave::SipFacts& facts = message.facts;
  fields = store::RecordFields{};
  fields.time = record.time;
  fields.kind = model::RecordKind::Sip;
  fields.transport = record.transport;
  fields.src = record.src;
  fields.dst = record.dst;
  fields.status = facts.status;
  fields.cseq = facts.cseq;
  fields.payload = record.payload;
  if (facts.malformed) fields.flags |= store::kMalformed;
  if (record.transport == Transport::Udp) fields.flags |= store::kDatagram;
  const UserHost from = party(facts.from), to = party(facts.to), ruri = target(facts.request_uri);
  fields.text(RecordText::CallId) = facts.call_id;
  fields.text(RecordText::CorrelationId) = record.correlation_id;
  fields.text(RecordText::ExtraIds) = record.extra_ids;
  if (const std::string_view call = reported_call(record, facts); !call.empty()) {
    fields.made = record.extra_ids.empty() ? "" : std::string(record.extra_ids) + '\n';
    fields.made += "call:";
    fields.made += call;
    fields.text(RecordText::ExtraIds) = fields.made;
  }
  fields.text(RecordText::Method) = facts.method;
  fields.text(RecordText::Reason) = facts.reason;
  fields.text(RecordText::FromUser) = from.user;
  fields.text(RecordText::FromHost) = from.host;
  fields.text(RecordText::ToUser) = to.user;
  fields.text(RecordText::ToHost) = to.host;
  fields.text(RecordText::RuriUser) = ruri.user;
  fields.text(RecordText::RuriHost) = ruri.host;
  fields.text(RecordText::UserAgent) = facts.user_agent;
  take_agent(record, fields);
}

void describe_event(const Event& event, store::RecordFields& fields) {
  const model::Record& record = event.record;
  fields = store::RecordFields{};
  fields.time = record.time;
  fields.kind = record.kind;
  fields.transport = record.transport;
  fields.src = record.src;
  fields.dst = record.dst;
  fields.payload = record.payload;
  fields.flags = store::kDatagram;
  if (event.malformed) fields.flags |= store::kMalformed;
  if (!event.secret.empty()) fields.flags |= store::kSecretCut;
  fields.text(RecordText::CallId) = event.primary_id;
  fields.text(RecordText::CorrelationId) = record.correlation_id;
  fields.text(RecordText::ExtraIds) = event.extra_ids;
  fields.text(RecordText::Method) = event.event;
  fields.text(RecordText::Summary) = event.summary;
  take_agent(record, fields);
}

void append_call_entry(std::string& out, const model::Call& call, store::CallExtras extras) {
  const UserHost ruri = target(call.request_uri);
  extras.ruri_user = ruri.user;
  extras.ruri_host = ruri.host;
  store::append_call(out, call, extras);
}

}  // namespace siploom::pipeline
