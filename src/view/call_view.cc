#include "view/call_view.h"

#include <fmt/format.h>

namespace siploom::view {

using model::Call;
using model::CallState;

namespace {

Cell duration_cell(Nanoseconds ns) {
  return {ns == model::kNoDuration ? std::string() : short_duration(ns), Role::Plain};
}

std::string status_text(const Call& call) {
  if (call.status == 0) return "";
  return safe(fmt::format("{} {}", call.status, call.reason));
}

std::string hangup_text(const Call& call) {
  if (call.hangup_by == model::HangupBy::Nobody) return "";
  return fmt::format(", the {} hung up", model::hangup_name(call.hangup_by));
}

std::string cause_text(const Call& call) {
  if (call.cause == 0) return "";
  std::string out = fmt::format(" ({} cause {}", safe(call.cause_protocol), call.cause);
  if (!call.cause_text.empty()) out += fmt::format(": {}", safe(call.cause_text));
  return out + ")";
}

std::string after_text(const Call& call) {
  const Nanoseconds ns = model::since_start(call, call.final_response);
  return ns == model::kNoDuration ? "" : fmt::format(" after {}", short_duration(ns));
}

std::string answered_text(const Call& call) {
  std::string out;
  if (const Nanoseconds setup = model::setup_time(call); setup != model::kNoDuration) {
    out += fmt::format("answered after {}", short_duration(setup));
    if (const Nanoseconds pdd = model::pdd(call); pdd != model::kNoDuration) {
      out += fmt::format(" (PDD {})", short_duration(pdd));
    }
  } else {
    out += "answered";
  }
  const Nanoseconds talk = model::time_in_call(call);
  const bool over = is_known(call.bye);
  if (talk != model::kNoDuration) {
    out += over ? fmt::format(", talked {}", short_duration(talk))
                : fmt::format(", talking for {}", short_duration(talk));
  }
  return out;
}

std::string waited_text(const Call& call) {
  return fmt::format(" after {}", short_duration(model::since_start(call, call.last)));
}

}  // namespace

std::string party_text(const model::Party& party) {
  std::string out(party.user);
  if (!party.host.empty()) out += (out.empty() ? "" : "@") + std::string(party.host);
  return safe(out);
}

Role role_of_state(CallState state) {
  switch (state) {
    case CallState::Completed:
    case CallState::InCall:
      return Role::Success;
    case CallState::Calling:
    case CallState::Ringing:
      return Role::Provisional;
    case CallState::Redirected:
      return Role::Redirect;
    case CallState::Cancelled:
    case CallState::Busy:
      return Role::Warning;
    case CallState::Partial:
      return Role::Dim;
    case CallState::Rejected:
    case CallState::AuthFailed:
    case CallState::NoResponse:
      return Role::ClientError;
    case CallState::Failed:
      return Role::ServerError;
  }
  return Role::Plain;
}

std::string short_duration(Nanoseconds ns) {
  if (ns < 10 * kSecond) return format_seconds(ns, 3) + " s";
  if (ns < 60 * kSecond) return format_seconds(ns, 1) + " s";
  return format_duration(ns);
}

std::string summarize(const Call& call) {
  std::string out =
      fmt::format("{} {}: ", model::kind_name(call.kind), model::state_name(call.state));
  const bool is_call = call.kind == model::CallKind::Call;
  switch (call.state) {
    case CallState::Completed:
    case CallState::InCall:
      out +=
          is_call ? answered_text(call) + hangup_text(call) : status_text(call) + after_text(call);
      break;
    case CallState::Calling:
      out += "no answer yet" + waited_text(call);
      break;
    case CallState::Ringing:
      out += "still ringing" + waited_text(call);
      break;
    case CallState::NoResponse:
      out += call.status >= 200 ? status_text(call) + after_text(call)
                                : "nothing final came back" + waited_text(call);
      break;
    case CallState::Cancelled:
      out += "the caller gave up" +
             (is_known(call.cancel)
                  ? fmt::format(" after {}", short_duration(model::since_start(call, call.cancel)))
                  : after_text(call));
      break;
    case CallState::Partial:
      out += "its beginning is not in the capture" + hangup_text(call);
      break;
    case CallState::Busy:
    case CallState::Rejected:
    case CallState::Redirected:
    case CallState::AuthFailed:
    case CallState::Failed:
      out += status_text(call) + after_text(call);
      break;
  }
  out += cause_text(call);
  if (call.retransmissions != 0) {
    out += fmt::format(", {} retransmission{}", call.retransmissions,
                       call.retransmissions == 1 ? "" : "s");
  }
  if (call.begins_before && call.state != CallState::Partial) out += ", begun before the capture";
  return out;
}

const std::vector<CallColumn>& call_columns() {
  static const std::vector<CallColumn> columns = {
      {"number", {"#", Align::Right, 0, 1, 9}},
      {"start", {"Start", Align::Left, 1, 12, 12}},
      {"kind", {"Kind", Align::Left, 4, 4, 12, 12}},
      {"from", {"From", Align::Left, 1, 12, 32, 22}},
      {"to", {"To", Align::Left, 1, 12, 32, 22}},
      {"state", {"State", Align::Left, 0, 11, 11}},
      {"status", {"Status", Align::Left, 2, 10, 28, 16}},
      {"duration", {"Talk", Align::Right, 3, 8, 9}},
      {"pdd", {"PDD", Align::Right, 4, 8, 9}},
      {"messages", {"Msgs", Align::Right, 6, 4, 6}},
      {"retransmissions", {"Rtx", Align::Right, 7, 3, 5}},
      {"src", {"Source", Align::Left, 5, 15, 47, 21}},
      {"dst", {"Destination", Align::Left, 5, 15, 47, 21}},
      {"call_id", {"Call-ID", Align::Left, 8, 12, 48}},
  };
  return columns;
}

Cell call_cell(const std::string& column, const Call& call, size_t number) {
  if (column == "number") return {std::to_string(number), Role::Dim};
  if (column == "start") return {format_clock(call.start, 3), Role::Plain};
  if (column == "date") {
    return {format_rfc3339(call.start, 0).substr(0, 10) + " " + format_clock(call.start, 3),
            Role::Plain};
  }
  if (column == "kind") return {std::string(model::kind_name(call.kind)), Role::Dim};
  if (column == "from") return {party_text(call.from), Role::Plain};
  if (column == "to") return {party_text(call.to), Role::Plain};
  if (column == "state")
    return {std::string(model::state_name(call.state)), role_of_state(call.state)};
  if (column == "status")
    return {status_text(call), call.status == 0 ? Role::Plain : role_of_status(call.status)};
  if (column == "duration") return duration_cell(model::talk_time(call));
  if (column == "pdd") return duration_cell(model::pdd(call));
  if (column == "messages") return {std::to_string(call.messages), Role::Plain};
  if (column == "retransmissions") {
    return {call.retransmissions == 0 ? std::string() : std::to_string(call.retransmissions),
            Role::Warning};
  }
  if (column == "src") return {format_endpoint(call.src), Role::Plain};
  if (column == "dst") return {format_endpoint(call.dst), Role::Plain};
  if (column == "call_id") return {safe(model::call_id(call)), Role::Dim};
  return {};
}

}  // namespace siploom::view
