#include "admin/csv.h"

#include <fmt/format.h>

namespace siploom::admin {

namespace {

constexpr std::string_view kFormula = "=+-@";

class CsvReader final {
 public:
  CsvReader(std::string_view text, const CsvLimits& limits) : text_(text), limits_(limits) {}

  Result<std::vector<CsvRecord>> read() {
    std::vector<CsvRecord> out;
    while (at_ < text_.size()) {
      CsvRecord record = SL_TRY(read_record());
      const bool blank = record.size() == 1 && record.front().text.empty();
      if (blank) continue;
      if (out.size() >= limits_.records_max) return too_many("records", limits_.records_max);
      out.push_back(std::move(record));
    }
    return out;
  }

 private:
  size_t column() const { return at_ - line_begin_ + 1; }
  bool at_line_end() const {
    return at_ == text_.size() || text_[at_] == '\n' ||
           (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n');
  }
  tl::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorCode::Malformed, fmt::format("line {}, column {}: {}", line_, column(), what));
  }
  tl::unexpected<Error> too_many(std::string_view what, size_t most) const {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("line {}: more than {} {}", line_, most, what));
  }
  void new_line() {
    ++line_;
    line_begin_ = at_;
  }

  Result<CsvRecord> read_record() {
    CsvRecord record;
    while (true) {
      CsvCell cell{"", line_, column()};
      const bool quoted = at_ < text_.size() && text_[at_] == '"';
      cell.text = SL_TRY(quoted ? read_quoted() : read_plain());
      record.push_back(std::move(cell));
      if (record.size() > limits_.cells_max) return too_many("cells", limits_.cells_max);
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (!at_line_end()) return wrong("a comma or the end of the line must follow the quotes");
      if (at_ < text_.size()) {
        at_ += text_[at_] == '\r' ? 2 : 1;
        new_line();
      }
      return record;
    }
  }

  Result<std::string> read_plain() {
    const size_t begin = at_;
    while (!at_line_end() && text_[at_] != ',') {
      if (text_[at_] == '"') return wrong("a quote inside of a cell without quotes");
      ++at_;
    }
    if (at_ - begin > limits_.cell_octets_max)
      return too_many("octets in a cell", limits_.cell_octets_max);
    return std::string(text_.substr(begin, at_ - begin));
  }

  Result<std::string> read_quoted() {
    const size_t line = line_, begun = column();
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') {
          ++at_;
          return out;
        }
        ++at_;
      }
      out += text_[at_];
      if (out.size() > limits_.cell_octets_max)
        return too_many("octets in a cell", limits_.cell_octets_max);
      if (text_[at_] == '\n') {
        ++line_;
        line_begin_ = at_ + 1;
      }
    }
    return fail(ErrorCode::Malformed,
                fmt::format("line {}, column {}: the quote is not closed", line, begun));
  }

  std::string_view text_;
  const CsvLimits& limits_;
  size_t at_ = 0, line_ = 1, line_begin_ = 0;
};

bool needs_apostrophe(std::string_view text) {
  return !text.empty() && (kFormula.find(text.front()) != std::string_view::npos ||
                           (text.front() == '\'' && text.size() > 1 &&
                            (kFormula.find(text[1]) != std::string_view::npos || text[1] == '\'')));
}

}  // namespace

Result<std::vector<CsvRecord>> parse_csv(std::string_view text, const CsvLimits& limits) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return CsvReader(text, limits).read();
}

void append_cell(std::string& out, std::string_view text) {
  const bool guarded = needs_apostrophe(text);
  if (!guarded && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(text) += ',';
    return;
  }
  out += guarded ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += "\",";
}

std::string_view plain_cell(std::string_view text) {
  if (text.starts_with('\'') && needs_apostrophe(text)) text.remove_prefix(1);
  return text;
}

}  // namespace siploom::admin
