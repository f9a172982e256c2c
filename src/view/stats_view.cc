#include "view/stats_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "model/call.h"
#include "view/call_view.h"
#include "view/table.h"

namespace siploom::view {

namespace {

constexpr size_t kBarColumns = 24;

std::string percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? ""
                    : fmt::format("{:.1f} %",
                                  100.0 * static_cast<double>(part) / static_cast<double>(whole));
}
std::string ratio(double value) {
  return std::isnan(value) ? "" : fmt::format("{:.1f} %", value * 100);
}
std::string quantile(const model::DurationHistogram& histogram, double q) {
  const Nanoseconds ns = histogram.quantile(q);
  return ns == model::kNoDuration ? "" : short_duration(ns);
}

// Names with counts, the largest first.
template <class Map, class Name>
std::string counts(std::string_view title, const Map& map, size_t top, size_t width, bool color,
                   Name&& name) {
  if (map.empty()) return "";
  std::vector<const typename Map::value_type*> rows;
  uint64_t sum = 0, most = 1;
  for (const auto& entry : map) {
    rows.push_back(&entry);
    sum += entry.second;
    most = std::max(most, entry.second);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto* a, const auto* b) { return a->second > b->second; });
  Table table({{std::string(title), Align::Left, 0, 8, 60},
               {"Count", Align::Right, 0, 5, 12},
               {"Share", Align::Right, 1, 6, 8},
               {"", Align::Left, 2, 1, kBarColumns}});
  for (size_t i = 0; i < std::min(top, rows.size()); ++i) {
    const uint64_t count = rows[i]->second;
    const auto bar = static_cast<size_t>(
        std::lround(static_cast<double>(count) * kBarColumns / static_cast<double>(most)));
    table.add({{safe(name(rows[i]->first)), Role::Plain},
               {std::to_string(count), Role::Plain},
               {percent(count, sum), Role::Plain},
               {std::string(bar, '#'), Role::Bar}});
  }
  std::string out = "\n" + table.text(width, color);
  if (rows.size() > top) out += fmt::format("and {} more\n", rows.size() - top);
  return out;
}

void add_tally(Table& table, const std::string& name, const model::CallTally& t) {
  table.add({{name, Role::Plain},
             {std::to_string(t.attempts), Role::Plain},
             {std::to_string(t.answered), Role::Success},
             {t.failed == 0 ? "" : std::to_string(t.failed), Role::ClientError},
             {ratio(t.asr()), Role::Plain},
             {ratio(t.ner()), Role::Plain},
             {quantile(t.pdd, 0.5), Role::Plain},
             {quantile(t.pdd, 0.95), Role::Plain},
             {quantile(t.talk, 0.5), Role::Plain}});
}

Table tally_table(const std::string& title) {
  return Table({{title, Align::Left, 0, 9, 47},
                {"Calls", Align::Right, 0, 5, 10},
                {"Answered", Align::Right, 3, 8, 10},
                {"Failed", Align::Right, 2, 6, 10},
                {"ASR", Align::Right, 0, 7, 8},
                {"NER", Align::Right, 1, 7, 8},
                {"PDD p50", Align::Right, 2, 7, 10},
                {"p95", Align::Right, 4, 7, 10},
                {"Talk p50", Align::Right, 5, 8, 10}});
}

std::string peers(const model::Stats& stats, size_t top, size_t width, bool color) {
  if (stats.peers.empty()) return "";
  std::vector<const std::pair<const Endpoint, model::CallTally>*> rows;
  for (const auto& entry : stats.peers) rows.push_back(&entry);
  std::stable_sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) {
    return a->second.attempts > b->second.attempts;
  });
  Table table = tally_table("Called peer");
  add_tally(table, "all", stats.calls);
  for (size_t i = 0; i < std::min(top, rows.size()); ++i) {
    add_tally(table, format_ip(rows[i]->first.address), rows[i]->second);
  }
  std::string out = "\n" + table.text(width, color);
  if (rows.size() > top) out += fmt::format("and {} more\n", rows.size() - top);
  return out;
}

std::string intervals(const model::Stats& stats, size_t width, bool color) {
  if (stats.intervals.empty()) return "";
  Table table({{"From (UTC)", Align::Left, 0, 19, 24},
               {"Messages", Align::Right, 0, 8, 10},
               {"Rtx", Align::Right, 3, 3, 8},
               {"Calls", Align::Right, 0, 5, 8},
               {"ASR", Align::Right, 1, 7, 8},
               {"NER", Align::Right, 2, 7, 8},
               {"PDD p95", Align::Right, 2, 7, 10},
               {"", Align::Left, 4, 1, kBarColumns}});
  uint64_t most = 1;
  for (const auto& [start, interval] : stats.intervals) most = std::max(most, interval.messages);
  for (const auto& [start, i] : stats.intervals) {
    const auto bar = static_cast<size_t>(
        std::lround(static_cast<double>(i.messages) * kBarColumns / static_cast<double>(most)));
    table.add({{format_rfc3339({start}, 0), Role::Plain},
               {std::to_string(i.messages), Role::Plain},
               {i.retransmissions == 0 ? "" : std::to_string(i.retransmissions), Role::Warning},
               {std::to_string(i.calls.attempts), Role::Plain},
               {ratio(i.calls.asr()), Role::Plain},
               {ratio(i.calls.ner()), Role::Plain},
               {quantile(i.calls.pdd, 0.95), Role::Plain},
               {std::string(bar, '#'), Role::Bar}});
  }
  return "\n" + table.text(width, color);
}

std::string overview(const model::Stats& stats) {
  std::string out =
      fmt::format("{} packets, {:.1f} MB", stats.packets, static_cast<double>(stats.bytes) / 1e6);
  if (is_known(stats.first)) {
    out += fmt::format(", {} to {}", format_rfc3339(stats.first, 3), format_rfc3339(stats.last, 3));
  }
  out += fmt::format("\n{} SIP messages in {} Call-IDs", stats.sip_messages, stats.call_ids);
  if (stats.retransmissions != 0) {
    out += fmt::format(", {} retransmissions ({})", stats.retransmissions,
                       percent(stats.retransmissions, stats.sip_messages));
  }
  if (stats.malformed != 0) out += fmt::format(", {} malformed", stats.malformed);
  if (stats.copies != 0) out += fmt::format(", {} copies by another tap left out", stats.copies);
  out += "\n";
  if (stats.rtp_packets != 0 || stats.rtcp_packets != 0) {
    out += fmt::format("{} RTP packets in {} stream{}, {} RTCP packets\n", stats.rtp_packets,
                       stats.rtp_streams, stats.rtp_streams == 1 ? "" : "s", stats.rtcp_packets);
  }
  if (stats.hep_packets != 0) out += fmt::format("{} HEP packets\n", stats.hep_packets);
  return out;
}

}  // namespace

std::string stats_text(const model::Stats& stats, size_t top, size_t width, bool color) {
  std::string out;
  const std::string head = overview(stats);
  std::string_view lines = head;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    out += (width == 0 ? std::string(line) : fit_width(line, width)) + "\n";
    lines.remove_prefix(end + 1);
  }
  out +=
      counts("Request", stats.requests, top, width, color, [](const std::string& m) { return m; });
  out += counts("Response", stats.responses, top * 2, width, color,
                [](uint16_t s) { return std::to_string(s); });
  std::map<std::string, uint64_t> transports;
  for (size_t i = 0; i < stats.transports.size(); ++i) {
    if (stats.transports[i] != 0)
      transports[std::string(transport_name(static_cast<Transport>(i)))] = stats.transports[i];
  }
  if (transports.size() > 1)
    out +=
        counts("Transport", transports, top, width, color, [](const std::string& t) { return t; });
  out += peers(stats, top, width, color);
  out += intervals(stats, width, color);
  out += counts("User agent", stats.user_agents, top, width, color,
                [](const std::string& a) { return a.empty() ? std::string("other") : a; });
  out += counts("Talker", stats.talkers, top, width, color,
                [](const Endpoint& e) { return format_ip(e.address); });
  out += counts("Not understood", stats.not_understood, top, width, color,
                [](const std::string& r) { return r; });
  return out;
}

}  // namespace siploom::view
