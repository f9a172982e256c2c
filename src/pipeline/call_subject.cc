#include "pipeline/call_subject.h"

#include <string>

#include "pipeline/take.h"
#include "wire/sip/uri.h"

namespace siploom::pipeline {

using query::Value;
using registry::FieldId;

namespace {

using Take = query::Subject::Take;

void take_count(uint64_t count, Take take) { take(Value(static_cast<double>(count))); }
void take_time(Timestamp t, Take take) {
  if (is_known(t)) take(Value(t));
}
void take_duration(Nanoseconds ns, Take take) {
  if (ns != model::kNoDuration) take(Value(query::Duration{ns}));
}
void take_each(const std::vector<std::string_view>& texts, Take take) {
  for (const std::string_view text : texts) {
    if (!take(Value(text))) return;
  }
}

// As it would stand in the header, without the parameters.
std::string uri_text(const model::Party& party) {
  std::string out = "sip:";
  if (!party.user.empty()) out.append(party.user).append("@");
  return out.append(party.host);
}

}  // namespace

bool CallSubject::origin_values(FieldId field, Take take) const {
  switch (field) {
    case FieldId::Src:
      take(Value(call_.src));
      return true;
    case FieldId::Dst:
      take(Value(call_.dst));
      return true;
    case FieldId::SrcIp:
      take(Value(Endpoint{call_.src.address, 0}));
      return true;
    case FieldId::DstIp:
      take(Value(Endpoint{call_.dst.address, 0}));
      return true;
    case FieldId::SrcPort:
      take_count(call_.src.port, take);
      return true;
    case FieldId::DstPort:
      take_count(call_.dst.port, take);
      return true;
    case FieldId::Ip:
      if (take(Value(Endpoint{call_.src.address, 0}))) take(Value(Endpoint{call_.dst.address, 0}));
      return true;
    case FieldId::Port:
      if (take(Value(static_cast<double>(call_.src.port)))) take_count(call_.dst.port, take);
      return true;
    case FieldId::Transport:
      take(Value(transport_name(call_.transport)));
      return true;
    case FieldId::Method:
      take_text(call_.method, take);
      return true;
    case FieldId::CallId:
      for (const model::Leg& leg : call_.legs) {
        if (!take(Value(leg.call_id))) break;
      }
      return true;
    case FieldId::RequestUri:
      take_text(call_.request_uri, take);
      return true;
    case FieldId::RuriUser:
    case FieldId::RuriHost:
      if (const auto uri = sip::parse_uri(call_.request_uri)) {
        take_text(field == FieldId::RuriUser ? uri->user : uri->host, take);
      }
      return true;
    case FieldId::From:
      take(Value(std::string_view(uri_text(call_.from))));
      return true;
    case FieldId::FromUser:
      take_text(call_.from.user, take);
      return true;
    case FieldId::FromHost:
      take_text(call_.from.host, take);
      return true;
    case FieldId::FromDisplay:
      take_text(call_.from.display, take);
      return true;
    case FieldId::To:
      take(Value(std::string_view(uri_text(call_.to))));
      return true;
    case FieldId::ToUser:
      take_text(call_.to.user, take);
      return true;
    case FieldId::ToHost:
      take_text(call_.to.host, take);
      return true;
    case FieldId::ToDisplay:
      take_text(call_.to.display, take);
      return true;
    default:
      return false;
  }
}

bool CallSubject::outcome_values(FieldId field, Take take) const {
  switch (field) {
    case FieldId::Status:
      if (call_.status != 0) take_count(call_.status, take);
      return true;
    case FieldId::Reason:
      take_text(call_.reason, take);
      return true;
    case FieldId::ReasonCause:
      if (call_.cause != 0) take_count(call_.cause, take);
      return true;
    case FieldId::CallKind:
      take(Value(model::kind_name(call_.kind)));
      return true;
    case FieldId::CallState:
      take(Value(model::state_name(call_.state)));
      return true;
    case FieldId::CallHangupBy:
      take_text(model::hangup_name(call_.hangup_by), take);
      return true;
    case FieldId::CallMessages:
      take_count(call_.messages, take);
      return true;
    case FieldId::CallRetransmissions:
      take_count(call_.retransmissions, take);
      return true;
    case FieldId::CallCopies:
      take_count(call_.copies, take);
      return true;
    case FieldId::CallMalformed:
      take_count(call_.malformed, take);
      return true;
    case FieldId::CallPartial:
      take(Value(call_.begins_before));
      return true;
    case FieldId::CallExpires:
      if (call_.expires_s != 0) take_count(call_.expires_s, take);
      return true;
    case FieldId::CallForks: {
      size_t forks = 0;
      for (const model::Leg& leg : call_.legs) forks += leg.forks.size();
      take_count(forks, take);
      return true;
    }
    default:
      return false;
  }
}

bool CallSubject::time_values(FieldId field, Take take) const {
  switch (field) {
    case FieldId::CallStart:
      take_time(call_.start, take);
      return true;
    case FieldId::CallEnd:
      take_time(call_.end, take);
      return true;
    case FieldId::CallDuration:
      take_duration(model::talk_time(call_), take);
      return true;
    case FieldId::CallTotal:
      take_duration(model::since_start(call_, call_.last), take);
      return true;
    case FieldId::CallPdd:
      take_duration(model::pdd(call_), take);
      return true;
    case FieldId::CallSetup:
      take_duration(model::setup_time(call_), take);
      return true;
    case FieldId::CallRing:
      take_duration(model::ring_time(call_), take);
      return true;
    default:
      return false;
  }
}

bool CallSubject::list_values(FieldId field, Take take) const {
  switch (field) {
    case FieldId::UserAgent:
      take_each(call_.user_agents, take);
      return true;
    case FieldId::Node:
      take_each(call_.nodes, take);
      return true;
    case FieldId::CallCodec:
      take_each(call_.codecs, take);
      return true;
    case FieldId::CallOffered:
      take_each(call_.offered, take);
      return true;
    default:
      return false;
  }
}

void CallSubject::values(FieldId field, Take take) const {
  static_cast<void>(origin_values(field, take) || outcome_values(field, take) ||
                    time_values(field, take) || list_values(field, take));
}

}  // namespace siploom::pipeline
