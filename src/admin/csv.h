// CSV (RFC 4180) in and out: records of a text, with the line and column where each cell begins.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace siploom::admin {

struct CsvCell {
  std::string text;
  size_t line = 1, column = 1;  // column in octets
};
using CsvRecord = std::vector<CsvCell>;

struct CsvLimits {
  size_t records_max = 200'000, cells_max = 64, cell_octets_max = 65'536;
};

// All records; lines without anything are left out. CRLF and LF end a record, also the last one
// may. Malformed or LimitExceeded, with the line and column. A byte order mark is no part of it.
Result<std::vector<CsvRecord>> parse_csv(std::string_view text, const CsvLimits& limits = {});

// Appends a cell and a comma. What a spreadsheet would run as a formula gets an apostrophe before
// it, which plain_cell() takes away again.
void append_cell(std::string& out, std::string_view text);
std::string_view plain_cell(std::string_view text);

}  // namespace siploom::admin
