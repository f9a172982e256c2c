#include "model/record.h"

#include <array>

namespace siploom::model {

namespace {

constexpr std::array<std::string_view, static_cast<size_t>(RecordKind::kCount)> kNames = {
    "other", "sip",       "rtp",  "rtcp",    "rtcp-report", "rtp-report", "vq-report",
    "log",   "transport", "rest", "command", "correlation", "ng",         "dns",
    "isup",  "diameter",  "map",  "verto",   "cdr",         "sdp",        "webrtc",
    "rtsp",  "xmpp",      "mgcp", "megaco"};

}  // namespace

std::string_view record_kind_name(RecordKind kind) {
  const auto at = static_cast<size_t>(kind);
  return at < kNames.size() ? kNames[at] : kNames[0];
}

bool parse_record_kind(std::string_view name, RecordKind& out) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != name) continue;
    out = static_cast<RecordKind>(i);
    return true;
  }
  return false;
}

}  // namespace siploom::model
