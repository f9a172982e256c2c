#include "store/user_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace siploom::store {

std::string around_user_sql(const std::string& with, std::string_view text) {
  return fmt::format("{} SELECT * FROM (\n{}\n)", with, text);
}

std::string readable_user_sql(const std::string& with, std::string_view text, const Rows& shape) {
  // By number: names may stand twice.
  std::vector<std::string> names, columns;
  for (size_t i = 0; i < shape.column_count(); ++i) {
    names.push_back(fmt::format("_c{}", i));
    std::string title;
    for (const char c : shape.column_name(i)) title += c == '"' ? "\"\"" : std::string(1, c);
    std::string value = names.back();
    if (!shape.is_readable(i)) {
      value =
          fmt::format("CAST({} AS VARCHAR{})", value, shape.column_type(i) == "list" ? "[]" : "");
    }
    columns.push_back(fmt::format("{} AS \"{}\"", value, title));
  }
  return fmt::format("{} SELECT {} FROM (\n{}\n) AS _user({})", with, fmt::join(columns, ", "),
                     text, fmt::join(names, ", "));
}

std::string tidy_sql_error(std::string_view message) {
  constexpr std::string_view kPlace = "\n\nLINE ";
  const size_t at = message.find(kPlace);
  if (at == std::string_view::npos) return std::string(message);
  const std::string head(message.substr(0, at));
  std::string_view rest = message.substr(at + 2);
  const std::string_view line = take_line(rest), mark = take_line(rest);
  const size_t begin = line.find(": ") + 2;
  const bool is_ours = line.find("sl_rows(") != std::string_view::npos;
  if (begin >= line.size() || is_ours || mark.size() <= begin || mark.back() != '^') return head;
  return fmt::format("{}\n  {}\n  {}", head, line.substr(begin), mark.substr(begin));
}

}  // namespace siploom::store
