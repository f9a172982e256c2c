#include <algorithm>

#include "wire/report/report.h"

namespace siploom::report {

namespace {

template <class Enum, size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, Enum value) {
  static_assert(N == static_cast<size_t>(Enum::Count));
  return names[std::min(static_cast<size_t>(value), N - 1)];
}

}  // namespace

std::string_view kind_name(Kind kind) {
  static constexpr std::array<std::string_view, static_cast<size_t>(Kind::Count)> kNames = {
      "sip",         "sdp",
      "rtp",         "rtcp",
      "rtcp_report", "vq_report",
      "rtp_report",  "header_statistics",
      "log",         "transport_event",
      "rest_query",  "management_command",
      "correlation", "ng",
      "dns",         "isup",
      "diameter",    "map",
      "verto",       "cdr",
      "webrtc",      "megaco",
      "mgcp",        "xmpp",
      "rtsp",        "keep_alive",
      "other"};
  return name_of(kNames, kind);
}

std::string_view id_space_name(IdSpace space) {
  static constexpr std::array<std::string_view, static_cast<size_t>(IdSpace::Count)> kNames = {
      "call", "net", "rest", "mi", "channel", "ng-cookie", "session", "other"};
  return name_of(kNames, space);
}

std::string_view severity_name(Severity severity) {
  static constexpr std::array<std::string_view, static_cast<size_t>(Severity::Count)> kNames = {
      "unknown", "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"};
  return name_of(kNames, severity);
}

}  // namespace siploom::report
