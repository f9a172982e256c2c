// UserSql: a statement that somebody typed, put around with what gives it its tables, and errors
// about it without that.
#pragma once

#include <string>
#include <string_view>

#include "store/duckdb/database.h"

namespace siploom::store {

// The statement as a table, behind `with`; it has lines of its own.
std::string around_user_sql(const std::string& with, std::string_view text);
// The same with what Rows cannot read as text; `shape`: an answer that has its columns.
std::string readable_user_sql(const std::string& with, std::string_view text, const Rows& shape);

// DuckDB's words with the line that was typed and the place in it, once.
std::string tidy_sql_error(std::string_view message);

}  // namespace siploom::store
