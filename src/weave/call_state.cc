// What became of a call, from what was seen of it.
#include "weave/call_weaver.h"

namespace siploom::weave {

using model::CallKind;
using model::CallState;

namespace {

// RFC 3261 17.1.1.2, timer B and timer F: 64 * T1.
constexpr Nanoseconds kTransactionTimeout = 32 * kSecond;
// RFC 3261 16.6 step 11, timer C: a proxy waits for more than three minutes after a provisional
// response.
constexpr Nanoseconds kProvisionalTimeout = 190 * kSecond;

CallState of_final(const model::Call& call, const StateFacts& facts) {
  const uint16_t status = call.status;
  const bool is_call = call.kind == CallKind::Call;
  if (status == 401 || status == 407) return CallState::AuthFailed;
  if (status == 403 && facts.credentials && !is_call) return CallState::AuthFailed;
  if (status == 487 || is_known(call.cancel)) return CallState::Cancelled;
  if (status == 486 || status == 600) return CallState::Busy;
  if (status == 408) return CallState::NoResponse;
  if (status < 400) return CallState::Redirected;
  return status >= 500 && status < 600 ? CallState::Failed : CallState::Rejected;
}

CallState of_unanswered(const model::Call& call, const StateFacts& facts, Timestamp now) {
  if (is_known(call.cancel)) return CallState::Cancelled;
  if (is_known(call.bye)) return facts.primary_seen ? CallState::Cancelled : CallState::Partial;
  if (!facts.primary_seen && call.status == 0) return CallState::Partial;
  const Nanoseconds silence = now - call.last;
  if (call.status > 100) {
    return silence > kProvisionalTimeout ? CallState::NoResponse : CallState::Ringing;
  }
  const Nanoseconds patience = call.status == 100 ? kProvisionalTimeout : kTransactionTimeout;
  const Timestamp since = is_known(call.invite) ? call.invite : call.start;
  return now - since >= patience ? CallState::NoResponse : CallState::Calling;
}

}  // namespace

CallState state_of(const model::Call& call, const StateFacts& facts, Timestamp now) {
  if (is_known(call.answer)) {
    return is_known(call.bye) ? CallState::Completed : CallState::InCall;
  }
  if (!facts.has_final) return of_unanswered(call, facts, now);
  if (call.status < 300) return CallState::Completed;
  return of_final(call, facts);
}

}  // namespace siploom::weave
