// HEP as the real senders write it, quirks and all (docs of the wire: chunk order, fake transports,
// dialects of JSON). Written by hand, chunk by chunk, so that decoder and encoder are not tested
// against themselves.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/net.h"
#include "base/result.h"
#include "base/time.h"

namespace siploom::simulate::hep {

enum class Content : uint8_t {
  Sip,      // `payload`
  Rtcp,     // `rtcp`, as the sender's JSON
  Log,      // `payload`, `level`
  Net,      // OpenSIPS: `parts` are Protocol, Event, Status, ...
  Rest,     // OpenSIPS: first_line, payload
  Mi,       // OpenSIPS: command, backend, parameters; or reply
  Control,  // OpenSIPS: `parts` are kinds of ids and ids
  Ng,       // rtpengine: `parts` are the dictionary, `cookie` before it
  Dns,      // heplify: `payload` is the name asked for, `parts` the answers (type, value)
  Event,    // hep-js: type 101, `payload` is JSON, `transaction_type`
};

// One report block.
struct RtcpFacts {
  uint8_t type = 200;  // 200 SR, 201 RR
  uint32_t ssrc = 0, source_ssrc = 0, packets = 0, octets = 0, rtp_timestamp = 0;
  uint32_t highest_sequence = 0, jitter = 0, lsr = 0, dlsr = 0;
  uint8_t fraction_lost = 0;
  int32_t lost = 0;  // 24 bits, signed
  std::string cname;
};

struct HepInput {
  Content content = Content::Sip;
  Endpoint src, dst;
  Transport transport = Transport::Udp;
  Timestamp time;
  bool received = false;  // rather than sent by the node (Asterisk stamps the two differently)
  uint32_t node_id = 2001;
  std::string node_name, password;
  std::string payload, call_id;
  // 0x11 where it is not the Call-ID: an operator's text, RESTCORR..., a channel, a connection.
  std::string correlation_id;
  std::string connection_id;  // OpenSIPS: of SIP over streams
  std::string level = "NOTICE", cookie, transaction_type;
  std::vector<std::pair<std::string, std::string>> parts;
  RtcpFacts rtcp;
};

std::vector<std::string_view> profile_names();
// False also where there is no such profile.
bool sends(std::string_view profile, Content content);
// What a program's HEP would be. InvalidArgument: no such profile, or it never sends such content;
// LimitExceeded: more than a message holds.
Result<std::string> encode(std::string_view profile, const HepInput& input);

}  // namespace siploom::simulate::hep
