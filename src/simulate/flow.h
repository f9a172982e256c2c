// The moves that telephone calls are made of: dialling, ringing, answering, talking, hanging up.
#pragma once

#include "simulate/script.h"

namespace siploom::simulate {

// Who calls whom, and over what. Each gives the number of the new leg.
uint8_t direct_leg(Script& s);   // a telephone and its PBX, or two PBXs
uint8_t proxied_leg(Script& s);  // telephone, proxy, telephone
uint8_t trunk_leg(Script& s);    // PBX and carrier, with P-Asserted-Identity and session timers

// INVITE with an offer up to the far end, and its 100.
Transaction dial(Script& s, uint8_t leg, uint16_t flags = 0);
// The challenge of a registrar, PBX (401) or proxy (407) to a request, which came in over `hops`
// hops.
void challenge(Script& s, Transaction& t, uint16_t extra_flags = 0);
// The request again, with credentials.
Transaction again_with_credentials(Script& s, const Transaction& t);

void ring(Script& s, Transaction& invite, int64_t low_ms = 800, int64_t high_ms = 9000);
// 200 with an answer, and the ACK.
void answer(Script& s, Transaction& invite);
void acknowledge(Script& s, const Transaction& invite);
// A failure on its way back, acknowledged on each hop.
void fail(Script& s, Transaction& invite, uint16_t status, uint16_t cause = 0);
void fail_hop(Script& s, Transaction& invite, const Content& failure, size_t hop);
// The caller gives up: CANCEL, 487, ACK.
void cancel(Script& s, Transaction& invite, uint16_t cause = 0);
void cancel_hop(Script& s, Transaction& invite, size_t hop, uint16_t cause);

// Sound both ways between the ends of a leg (or of `fork`) from now on, for as long as the call is
// held.
Nanoseconds talk(Script& s, uint8_t leg, uint8_t fork = 0);
void hang_up(Script& s, uint8_t leg, bool by_callee, uint8_t fork = 0, uint16_t cause = 0);
// A request within a dialog and its 200.
Transaction ask(Script& s, Method method, uint8_t leg, bool reverse, Content request,
                uint16_t status = 200, Content answer = {});
// A re-INVITE with its 200 and ACK.
void reinvite(Script& s, uint8_t leg, bool reverse, Content offer, Content answer);

}  // namespace siploom::simulate
