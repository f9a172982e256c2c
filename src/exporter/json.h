// The JSON that siploom writes, with its stable names (docs/json.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "model/call.h"
#include "model/stats.h"

namespace siploom::exporter {

void write_call(JsonWriter& json, const model::Call& call);
// `top`: rows of the lists of agents, peers and talkers.
void write_stats(JsonWriter& json, const model::Stats& stats, size_t top);

// One message of `siploom grep --json`.
struct MessageRow {
  Timestamp time;
  Endpoint src, dst;
  Transport transport = Transport::Udp;
  uint16_t status = 0;  // 0: a request
  uint32_t cseq = 0;
  bool has_cseq = false;
  std::string_view method, reason, call_id, cseq_method, from, to, from_tag, to_tag, branch,
      user_agent, raw;
  uint64_t frame = 0;
};
void write_message(JsonWriter& json, const MessageRow& row);

// The names and values of calls as CSV (RFC 4180).
std::string csv_header();
void append_csv_row(std::string& out, const std::vector<std::string>& cells);
void append_csv(std::string& out, const model::Call& call);

}  // namespace siploom::exporter
