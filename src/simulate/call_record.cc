#include "simulate/call_record.h"

#include "simulate/sip_text.h"

namespace siploom::simulate {

namespace {

std::string_view kind_of(Method method) {
  switch (method) {
    case Method::Invite:
      return "call";
    case Method::Register:
      return "registration";
    case Method::Subscribe:
      return "subscription";
    case Method::Message:
      return "message";
    case Method::Options:
      return "options";
    case Method::Publish:
      return "publish";
    default:
      return "other";
  }
}

// What leads the one who sends from a leg to its other legs.
std::string_view join_of(const Leg& leg) {
  if (leg.x_call_id != kNoLeg) return "x-call-id";
  if (leg.replaces != kNoLeg) return "replaces";
  if (leg.referred_by != kNoLeg) return "refer";
  return "";
}

std::string call_id_of(const Plan& plan, uint8_t leg) {
  TextBuffer text;
  append_call_id(text, plan, leg);
  return std::string(text.view());
}

void write_streams(JsonWriter& json, const Plan& plan, uint8_t leg,
                   const std::vector<RtpStream>& streams) {
  json.begin_array();
  for (size_t i = 0; i < streams.size(); ++i) {
    const Reception& heard = streams[i].reception();
    if (plan.media[i].leg != leg || heard.packets == 0) continue;
    const Peer src = streams[i].src(plan), dst = streams[i].dst(plan);
    json.begin_object();
    json.field("src", format_endpoint({address_of(src.host, plan.wire.v6), src.port}));
    json.field("dst", format_endpoint({address_of(dst.host, plan.wire.v6), dst.port}));
    json.field("ssrc", uint64_t{streams[i].ssrc()});
    json.field("payload_type", unsigned{streams[i].payload_type()});
    json.field("packets", heard.packets);
    json.field("lost", heard.expected() - heard.packets);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void CallRecord::note(const Leg& leg, const Step& step, bool copied) {
  if (messages_ == 0) {
    first_ = step.at;
    method_ = step.method;
  }
  ++messages_;
  last_ = step.at;
  if ((step.flags & kRetransmission) != 0) ++retransmissions_;
  if (copied) ++copies_;
  if ((step.flags & kSecondCodec) != 0) changed_codec_ = true;
  if (step.body == Body::Offer) offered_ = true;
  if (step.body == Body::Answer) agreed_ = true;
  step.status == 0 ? note_request(step) : note_response(leg, step);
}

void CallRecord::note_request(const Step& step) {
  if (step.method == Method::Bye && !ended_) {
    ended_ = true;
    ended_by_callee_ = step.reverse;
    end_ = step.at;
  }
  if (step.method != method_ || step.reverse || (step.flags & kInDialog) != 0) return;
  if (begun_ == kUnseen) begun_ = step.at;
  if ((step.flags & kCredentials) != 0) credentials_ = true;
}

void CallRecord::note_response(const Leg& leg, const Step& step) {
  // Only what answers the request that began it; a re-INVITE changes nothing here.
  if (step.method != method_ || step.reverse || (step.flags & kInDialog) != 0) return;
  const bool success = step.status >= 200 && step.status < 300;
  if (step.status > 100 && step.status < 300 && progress_ == kUnseen) progress_ = step.at;
  if (step.status == 100) tried_ = true;
  if (step.status > 100 && step.status < 200) rang_ = true;
  if (success && answered_ == kUnseen) answered_ = step.at;
  // The final response that reached the one who asked.
  if (step.status >= 200 && Plan::physical_hop(leg, step.reverse, step.hop) == 0)
    status_ = step.status;
}

std::string_view CallRecord::unanswered_state(Nanoseconds now) const {
  // Timers B and F are 32 s (RFC 3261 17.1.1.2); a provisional response buys timer C's three
  // minutes (16.6 step 11).
  constexpr Nanoseconds kTransaction = 32 * kSecond, kProvisional = 190 * kSecond;
  if (rang_) return now - last_ > kProvisional ? "no-response" : "ringing";
  return now - begun_ >= (tried_ ? kProvisional : kTransaction) ? "no-response" : "calling";
}

std::string_view CallRecord::state(Nanoseconds now) const {
  if (begun_ == kUnseen) return "partial";
  if (method_ == Method::Invite && answered_ != kUnseen) return ended_ ? "completed" : "in-call";
  if (status_ == 0) return unanswered_state(now);
  if (status_ < 300) return "completed";
  if (status_ == 401 || status_ == 407 || (status_ == 403 && credentials_)) return "auth-failed";
  if (status_ == 487) return "cancelled";
  if (status_ == 486 || status_ == 600) return "busy";
  if (status_ == 408) return "no-response";
  if (status_ < 400) return "redirected";
  return status_ >= 500 && status_ < 600 ? "failed" : "rejected";
}

void CallRecord::write_codecs(JsonWriter& json, const Plan& plan) const {
  json.begin_array();
  const size_t first = changed_codec_ && plan.codecs.size() > 1 ? 1 : 0;
  const size_t end = agreed_ ? first + 1 : plan.codecs.size();
  if (offered_ || agreed_) {
    for (size_t i = first; i < end; ++i) json.value(codec(plan.codecs[i]).name);
    json.value("telephone-event");
  }
  json.end_array();
}

void CallRecord::append_json(std::string& out, const Plan& plan, uint8_t leg_number,
                             const std::vector<RtpStream>& streams, Nanoseconds now) const {
  const Leg& leg = plan.legs[leg_number];
  JsonWriter json(out);
  json.begin_object();
  json.field("call_id", call_id_of(plan, leg_number));
  json.field("scenario", plan.scenario);
  // A call that was cut off is one even if nothing but its end was seen.
  json.field("kind", begun_ == kUnseen ? std::string_view("call") : kind_of(method_));
  const std::string_view became = state(now);
  json.field("state", became);
  json.field("status", unsigned{status_});
  json.field("start", format_rfc3339({first_}));
  const auto seconds = [&](std::string_view name, Nanoseconds from, Nanoseconds to) {
    if (from == kUnseen || to == kUnseen) return;
    json.key(name);
    json.seconds(to - from);
  };
  if (method_ == Method::Invite) {
    seconds("pdd_s", begun_, progress_);
    seconds("setup_s", begun_, answered_);
    seconds("duration_s", answered_, ended_ ? end_ : last_);
  }
  if (ended_) json.field("hangup_by", ended_by_callee_ ? "callee" : "caller");
  if (became == "cancelled") json.field("hangup_by", "caller");
  json.field("messages", messages_);
  json.field("retransmissions", retransmissions_);
  json.field("copies", copies_);
  json.key("codecs");
  write_codecs(json, plan);
  json.key("joined");
  json.begin_array();
  const auto legs = static_cast<uint8_t>(plan.legs.size());
  for (uint8_t other = 0; other < legs; ++other) {
    const bool related = plan.scenario != "scanner";
    if (other != leg_number && related) json.value(call_id_of(plan, other));
  }
  json.end_array();
  if (!join_of(leg).empty()) json.field("joined_by", join_of(leg));
  json.key("streams");
  write_streams(json, plan, leg_number, streams);
  json.end_object();
  out += '\n';
}

}  // namespace siploom::simulate
