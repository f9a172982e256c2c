#include "store/manifest.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "base/hash.h"
#include "base/text.h"
#include "model/record.h"

namespace siploom::store {

namespace {

constexpr std::string_view kFirstLine = "siploom-store 1";
constexpr std::array<std::string_view, static_cast<size_t>(Shelf::kCount)> kShelves = {
    "sip",     "media",  "logs", "events",     "calls",
    "streams", "ledger", "held", "held-calls", "held-streams"};

// A reason or a path within a line: its tabs and line ends would take it apart.
std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  }
  return out;
}

// The tab-separated words of a line, one after the other.
class Words final {
 public:
  explicit Words(std::string_view line) : rest_(line) {}
  std::string_view text() {
    const Halves halves = split_once(rest_, '\t');
    rest_ = halves.after;
    return halves.before;
  }
  template <class Int>
  Int number(int base = 10) {
    const auto value = parse_number<Int>(text(), base);
    if (!value) good_ = false;
    return value.value_or(Int{});
  }
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

bool read_segment(Words& words, Segment& s) {
  s.number = words.number<uint64_t>();
  const bool known = parse_shelf(words.text(), s.shelf);
  s.path = words.text();
  s.rows = words.number<uint64_t>();
  s.bytes = words.number<uint64_t>();
  s.index_bytes = words.number<uint64_t>();
  s.first = {words.number<int64_t>()};
  s.last = {words.number<int64_t>()};
  s.received_first = {words.number<int64_t>()};
  s.received_last = {words.number<int64_t>()};
  s.sequence_first = words.number<uint64_t>();
  s.sequence_last = words.number<uint64_t>();
  s.hash = words.number<uint64_t>(16);
  s.schema = words.number<uint32_t>();
  s.level = words.number<uint32_t>();
  return known && words.good() && !s.path.empty();
}

}  // namespace

std::string_view shelf_name(Shelf shelf) {
  const auto at = static_cast<size_t>(shelf);
  return at < kShelves.size() ? kShelves[at] : std::string_view("?");
}

bool parse_shelf(std::string_view name, Shelf& out) {
  for (size_t i = 0; i < kShelves.size(); ++i) {
    if (kShelves[i] != name) continue;
    out = static_cast<Shelf>(i);
    return true;
  }
  return false;
}

Shelf shelf_of(const EntryHead& entry) {
  switch (entry.table) {
    case Table::Calls:
      return Shelf::Calls;
    case Table::Streams:
      return Shelf::Streams;
    case Table::Ledger:
      return Shelf::Ledger;
    case Table::Records:
      break;
  }
  using model::RecordKind;
  switch (static_cast<RecordKind>(entry.kind)) {
    case RecordKind::Sip:
      return Shelf::Sip;
    case RecordKind::Rtp:
    case RecordKind::Rtcp:
    case RecordKind::RtcpReport:
    case RecordKind::RtpReport:
    case RecordKind::VqReport:
      return Shelf::Media;
    case RecordKind::Log:
      return Shelf::Logs;
    default:
      return Shelf::Events;
  }
}

Table table_of(Shelf shelf) {
  switch (shelf) {
    case Shelf::Calls:
    case Shelf::HeldCalls:
      return Table::Calls;
    case Shelf::Streams:
    case Shelf::HeldStreams:
      return Table::Streams;
    case Shelf::Ledger:
      return Table::Ledger;
    default:
      return Table::Records;
  }
}

bool is_held(Shelf shelf) {
  return shelf == Shelf::Held || shelf == Shelf::HeldCalls || shelf == Shelf::HeldStreams;
}

Shelf held_shelf(Shelf shelf) {
  switch (table_of(shelf)) {
    case Table::Calls:
      return Shelf::HeldCalls;
    case Table::Streams:
      return Shelf::HeldStreams;
    default:
      return Shelf::Held;
  }
}

std::string Manifest::text() const {
  fmt::memory_buffer out;
  auto to = std::back_inserter(out);
  fmt::format_to(to, "{}\nnext\t{}\t{}\t{}\n", kFirstLine, next_segment, sealed_log, next_sequence);
  for (const Segment& s : segments) {
    fmt::format_to(to, "segment\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{:016x}\t{}\t{}\n",
                   s.number, shelf_name(s.shelf), s.path, s.rows, s.bytes, s.index_bytes,
                   s.first.ns, s.last.ns, s.received_first.ns, s.received_last.ns, s.sequence_first,
                   s.sequence_last, s.hash, s.schema, s.level);
  }
  for (const Damage& d : damaged) {
    fmt::format_to(to, "damaged\t{}\t{}\t{}\t{}\t{}\n", one_line(d.path), one_line(d.why), d.rows,
                   d.first.ns, d.last.ns);
  }
  const uint64_t sum = hash_text({out.data(), out.size()}, 0);
  fmt::format_to(to, "sum\t{:016x}\n", sum);
  return fmt::to_string(out);
}

Result<Manifest> Manifest::parse(std::string_view text) {
  const auto bad = [](std::string_view why) {
    return fail(ErrorCode::Malformed, fmt::format("the store's manifest {}", why));
  };
  const size_t last = text.rfind("sum\t");
  if (!text.starts_with(kFirstLine)) {
    const bool newer = text.starts_with("siploom-store ");
    return bad(newer ? "is of another version; use the siploom that wrote it" : "is none");
  }
  if (last == std::string_view::npos) return bad("is cut off");
  const auto sum = parse_number<uint64_t>(trim(text.substr(last + 4)), 16);
  if (!sum || *sum != hash_text(text.substr(0, last), 0)) return bad("does not have its checksum");
  Manifest manifest;
  std::string_view rest = text.substr(0, last);
  while (!rest.empty()) {
    const Halves line = split_once(rest, '\n');
    rest = line.after;
    Words words(line.before);
    const std::string_view what = words.text();
    if (what == "next") {
      manifest.next_segment = words.number<uint64_t>();
      manifest.sealed_log = words.number<uint64_t>();
      manifest.next_sequence = words.number<uint64_t>();
      if (!words.good()) return bad("has a line that is wrong: next");
    } else if (what == "segment") {
      Segment segment;
      if (!read_segment(words, segment)) return bad("has a segment that is wrong");
      manifest.segments.push_back(std::move(segment));
    } else if (what == "damaged") {
      Damage damage;
      damage.path = words.text();
      damage.why = words.text();
      damage.rows = words.number<uint64_t>();
      damage.first = {words.number<int64_t>()};
      damage.last = {words.number<int64_t>()};
      manifest.damaged.push_back(std::move(damage));
    }
  }
  return manifest;
}

}  // namespace siploom::store
