#include "model/call.h"

#include <array>

#include "base/text.h"

namespace siploom::model {

namespace {

constexpr std::array<std::string_view, 7> kKinds = {
    "call", "registration", "subscription", "message", "options", "publish", "other"};
constexpr std::array<std::string_view, 12> kStates = {
    "calling",  "ringing",    "in-call",     "completed",   "cancelled", "busy",
    "rejected", "redirected", "auth-failed", "no-response", "failed",    "partial"};

template <class Enum, size_t N>
bool parse(const std::array<std::string_view, N>& names, std::string_view name, Enum& out) {
  for (size_t i = 0; i < N; ++i) {
    if (!iequals(names[i], name)) continue;
    out = static_cast<Enum>(i);
    return true;
  }
  return false;
}

Nanoseconds between(Timestamp from, Timestamp to) {
  return is_known(from) && is_known(to) && to >= from ? to - from : kNoDuration;
}

}  // namespace

// What a file says may be of a later version.
std::string_view kind_name(CallKind kind) {
  const auto at = static_cast<size_t>(kind);
  return at < kKinds.size() ? kKinds[at] : std::string_view("unknown");
}
std::string_view state_name(CallState state) {
  const auto at = static_cast<size_t>(state);
  return at < kStates.size() ? kStates[at] : std::string_view("unknown");
}
std::string_view hangup_name(HangupBy by) {
  return by == HangupBy::Caller ? "caller" : by == HangupBy::Callee ? "callee" : "";
}
bool parse_kind(std::string_view name, CallKind& out) { return parse(kKinds, name, out); }
bool parse_state(std::string_view name, CallState& out) { return parse(kStates, name, out); }

Nanoseconds pdd(const Call& call) { return between(call.invite, call.progress); }
Nanoseconds setup_time(const Call& call) { return between(call.invite, call.answer); }
Nanoseconds ring_time(const Call& call) {
  return between(call.ringing, is_known(call.answer) ? call.answer : call.end);
}
Nanoseconds talk_time(const Call& call) { return between(call.answer, call.end); }
Nanoseconds time_in_call(const Call& call) {
  return between(call.answer, is_known(call.end) ? call.end : call.last);
}
Nanoseconds since_start(const Call& call, Timestamp t) { return between(call.start, t); }

}  // namespace siploom::model
