// What agents report by HEP: SIP messages go the way of captured ones, everything else becomes an
// Event.
#pragma once

#include "pipeline/decode_stage.h"

namespace siploom::pipeline {

constexpr int kMaxHepDepth = 2;  // a HEP packet captured on its way to a collector, relayed in HEP

// A HEP message in a datagram or stream that was captured, or taken from the network (`flags`:
// capture::kIntake...). `sender` is who sent it here.
void take_hep(const Context& context, const model::Record& outer, const IpAddress& sender,
              uint8_t flags, int depth);
// A frame of the network intake: its header, then the message.
void take_intake(const Context& context, const capture::Frame& frame, uint64_t number);
// RTCP that was captured here: kept as what it is.
void add_rtcp_event(const Context& context, const model::Record& record);
// Agents tell TLS and WebSocket apart from TCP in several ways or not at all; the topmost Via does.
void refine_transport(model::Record& record, const sip::MessageView& message);

}  // namespace siploom::pipeline
