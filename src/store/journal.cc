#include "store/journal.h"

#include <fmt/format.h>

#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "store/files.h"

namespace siploom::store {

namespace {

constexpr std::array<std::string_view, 5> kReasons = {"age", "shelf-size", "store-size",
                                                      "free-space", "released"};

std::string line_of(const DropEvent& e) {
  std::string line = fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t", e.when.ns,
                                 reason_name(e.reason), shelf_name(e.shelf), e.segments, e.rows,
                                 e.bytes, e.held_rows, e.received_first.ns, e.received_last.ns);
  return line + fmt::format("{:016x}\n", hash_text(line, 0));
}

bool parse_line(std::string_view line, DropEvent& e) {
  const size_t last = line.rfind('\t');
  if (last == std::string_view::npos) return false;
  const auto sum = parse_number<uint64_t>(line.substr(last + 1), 16);
  if (!sum || *sum != hash_text(line.substr(0, last + 1), 0)) return false;
  std::string_view rest = line;
  bool good = true;
  const auto word = [&] {
    const Halves halves = split_once(rest, '\t');
    rest = halves.after;
    return halves.before;
  };
  const auto number = [&]<class Int>(Int& out) {
    const auto value = parse_number<Int>(word());
    good = good && value.has_value();
    out = value.value_or(Int{});
  };
  number(e.when.ns);
  good = parse_reason(word(), e.reason) && good;
  good = parse_shelf(word(), e.shelf) && good;
  number(e.segments);
  number(e.rows);
  number(e.bytes);
  number(e.held_rows);
  number(e.received_first.ns);
  number(e.received_last.ns);
  return good;
}

}  // namespace

std::string_view reason_name(DropReason reason) { return kReasons[static_cast<size_t>(reason)]; }

bool parse_reason(std::string_view name, DropReason& out) {
  for (size_t i = 0; i < kReasons.size(); ++i) {
    if (kReasons[i] != name) continue;
    out = static_cast<DropReason>(i);
    return true;
  }
  return false;
}

std::string journal_path(const std::string& folder) { return folder + "/retention"; }

std::vector<DropEvent> read_journal(const std::string& folder) {
  const auto file = MappedFile::open(journal_path(folder));
  return file ? parse_journal(as_text(file->bytes())) : std::vector<DropEvent>();
}

std::vector<DropEvent> parse_journal(std::string_view text) {
  std::vector<DropEvent> events;
  std::string_view rest = text;
  while (!rest.empty()) {
    const Halves line = split_once(rest, '\n');
    rest = line.after;
    DropEvent event;
    if (parse_line(line.before, event)) events.push_back(event);
    if (events.size() > kMaxDropEvents) events.erase(events.begin());
  }
  return events;
}

Result<void> append_journal(const std::string& folder, const std::vector<DropEvent>& events) {
  if (events.empty()) return {};
  std::vector<DropEvent> all = read_journal(folder);
  all.insert(all.end(), events.begin(), events.end());
  std::string text;
  const size_t from = all.size() > kMaxDropEvents ? all.size() - kMaxDropEvents : 0;
  for (size_t i = from; i < all.size(); ++i) text += line_of(all[i]);
  return write_atomically(journal_path(folder), text);
}

}  // namespace siploom::store
