#include "simulate/truth.h"

#include "base/json_writer.h"

namespace siploom::simulate {

namespace {

void write_sip(JsonWriter& json, const Truth& truth) {
  json.begin_object();
  json.field("messages", truth.sip_messages);
  json.key("requests");
  json.begin_object();
  for (size_t i = 0; i < kMethods; ++i) {
    if (truth.requests[i] > 0) json.field(method_name(static_cast<Method>(i)), truth.requests[i]);
  }
  json.end_object();
  json.key("responses");
  json.begin_object();
  for (const auto& [status, count] : truth.responses) json.field(std::to_string(status), count);
  json.end_object();
  json.key("transports");
  json.begin_object();
  for (const Transport transport : {Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws,
                                    Transport::Wss, Transport::Sctp}) {
    json.field(transport_name(transport), truth.transports[static_cast<size_t>(transport)]);
  }
  json.end_object();
  json.field("call_ids", truth.call_ids);
  json.field("malformed", truth.sip_malformed);
  json.field("duplicates", truth.sip_copies);
  json.field("retransmissions", truth.sip_retransmissions);
  json.end_object();
}

}  // namespace

std::string truth_json(const Truth& truth) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("packets", truth.packets);
  json.field("bytes", truth.bytes);
  json.key("sip");
  write_sip(json, truth);
  json.key("rtp");
  json.begin_object();
  json.field("packets", truth.rtp_packets);
  json.field("streams", truth.rtp_streams);
  json.field("copies", truth.rtp_copies);
  json.field("lost", truth.rtp_lost);
  json.end_object();
  json.key("rtcp");
  json.begin_object();
  json.field("packets", truth.rtcp_packets);
  json.end_object();
  json.key("hep");
  json.begin_object();
  json.field("packets", truth.hep_messages);
  json.end_object();
  json.field("other", truth.not_voip);
  json.end_object();
  return out;
}

}  // namespace siploom::simulate
