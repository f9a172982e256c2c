// siploom sql: one statement over what a store holds, asked here or of a server.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/opened_store.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace siploom::cli {

namespace {

std::string statement_of(const Options& options) {
  return fmt::format("{}", fmt::join(options.store.words, " "));
}

Result<size_t> sql_of_server(const Options& options, Output& out) {
  Remote remote(options.store);
  const auto found = SL_TRY(remote.sql(statement_of(options), options.store.time_limit));
  RowWriter writer(options.output, out, found.columns);
  for (const std::vector<RowCell>& cells : found.rows) writer.add(cells);
  writer.finish();
  if (!found.cut.empty()) {
    return fail(ErrorCode::LimitExceeded, "the answer is partial: " + found.cut);
  }
  return writer.row_count();
}

Result<size_t> sql_of_store(const Options& options, Output& out) {
  const OpenedStore opened = SL_TRY(open_store(options.store));
  const auto answer =
      SL_TRY(opened.search->sql(opened.view, statement_of(options), control_of(options.store)));
  const size_t columns = answer->column_count();
  RowWriter writer(options.output, out, columns_of(answer->rows(), columns));
  while (SL_TRY(answer->next()) && writer.add(cells_of(answer->rows(), columns))) {
  }
  writer.finish();
  return writer.row_count();
}

}  // namespace

int sql_command(const Options& options) {
  Output out(options.output);
  const auto count =
      options.store.server.empty() ? sql_of_store(options, out) : sql_of_server(options, out);
  out.flush();
  if (!count) return fail_with(count.error());
  return *count == 0 ? 1 : 0;
}

}  // namespace siploom::cli
