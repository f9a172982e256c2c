#include "store/duckdb/database.h"

#include <duckdb.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/text.h"
#include "store/duckdb/text_of.h"
#include "store/duckdb/watchdog.h"

namespace siploom::store {

namespace {

std::string take_error(duckdb_result& result) {
  const char* text = duckdb_result_error(&result);
  std::string message = text == nullptr ? "unknown error" : text;
  duckdb_destroy_result(&result);
  return message;
}

ErrorCode code_of(std::string_view message) {
  if (message.starts_with("Out of Memory") || message.starts_with("INTERRUPT")) {
    return ErrorCode::LimitExceeded;
  }
  if (message.find("No space left") != std::string_view::npos) return ErrorCode::LimitExceeded;
  if (message.starts_with("IO Error")) return ErrorCode::Io;
  return ErrorCode::InvalidArgument;
}

tl::unexpected<Error> given_up() {
  return fail(ErrorCode::LimitExceeded,
              "the search took too long and was ended; narrow its time range or its filter");
}

std::string_view type_text(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return "boolean";
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
      return "integer";
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      return "real";
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return "time";
    case DUCKDB_TYPE_BLOB:
      return "blob";
    case DUCKDB_TYPE_LIST:
      return "list";
    default:
      return "text";
  }
}

// Whether Rows can give its values as they lie there: of lists, only those of texts.
bool is_readable_type(duckdb_result& result, idx_t column) {
  const duckdb_type type = duckdb_column_type(&result, column);
  if (type != DUCKDB_TYPE_LIST) return type == DUCKDB_TYPE_VARCHAR || type_text(type) != "text";
  duckdb_logical_type list = duckdb_column_logical_type(&result, column);
  duckdb_logical_type child = duckdb_list_type_child_type(list);
  const bool texts = duckdb_get_type_id(child) == DUCKDB_TYPE_VARCHAR;
  duckdb_destroy_logical_type(&child);
  duckdb_destroy_logical_type(&list);
  return texts;
}

}  // namespace

struct Rows::State {
  duckdb_result result{};
  duckdb_data_chunk chunk = nullptr;
  size_t rows = 0, at = 0;
  QueryControl control;
  std::unique_ptr<Watchdog::Watch> watch;
  struct Column {
    std::string name;
    duckdb_type type = DUCKDB_TYPE_INVALID;
    bool is_readable = false;
    duckdb_vector vector = nullptr;
    const void* data = nullptr;
    uint64_t* validity = nullptr;
  };
  std::vector<Column> columns;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (chunk != nullptr) duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
  }
  template <class T>
  T value(size_t column) const {
    return static_cast<const T*>(columns[column].data)[at];
  }
};

Rows::Rows(std::unique_ptr<State> state) : state_(std::move(state)) {
  const idx_t count = duckdb_column_count(&state_->result);
  for (idx_t i = 0; i < count; ++i) {
    State::Column column;
    column.name = duckdb_column_name(&state_->result, i);
    column.type = duckdb_column_type(&state_->result, i);
    column.is_readable = is_readable_type(state_->result, i);
    state_->columns.push_back(std::move(column));
  }
}
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&&) noexcept = default;
Rows::~Rows() = default;

Result<bool> Rows::next() {
  State& s = *state_;
  if (s.chunk != nullptr && ++s.at < s.rows) return true;
  do {
    if (s.chunk != nullptr) duckdb_destroy_data_chunk(&s.chunk);
    if (s.control.is_over()) return given_up();
    s.chunk = duckdb_fetch_chunk(s.result);
    if (s.chunk == nullptr) {
      const char* error = duckdb_result_error(&s.result);
      if (s.control.is_over()) return given_up();
      if (error != nullptr && *error != '\0') return fail(code_of(error), error);
      return false;
    }
    s.rows = duckdb_data_chunk_get_size(s.chunk);
  } while (s.rows == 0);
  s.at = 0;
  for (size_t i = 0; i < s.columns.size(); ++i) {
    State::Column& column = s.columns[i];
    column.vector = duckdb_data_chunk_get_vector(s.chunk, i);
    column.data = duckdb_vector_get_data(column.vector);
    column.validity = duckdb_vector_get_validity(column.vector);
  }
  return true;
}

size_t Rows::column_count() const { return state_->columns.size(); }
std::string_view Rows::column_name(size_t column) const { return state_->columns[column].name; }
std::string_view Rows::column_type(size_t column) const {
  return type_text(state_->columns[column].type);
}

bool Rows::is_null(size_t column) const {
  uint64_t* validity = state_->columns[column].validity;
  return validity != nullptr && !duckdb_validity_row_is_valid(validity, state_->at);
}

std::string_view Rows::text(size_t column) const {
  const duckdb_type type = state_->columns[column].type;
  if (is_null(column) || (type != DUCKDB_TYPE_VARCHAR && type != DUCKDB_TYPE_BLOB)) return {};
  return view_of(static_cast<const duckdb_string_t*>(state_->columns[column].data)[state_->at]);
}

int64_t Rows::integer(size_t column) const {
  if (is_null(column)) return 0;
  switch (state_->columns[column].type) {
    case DUCKDB_TYPE_BOOLEAN:
      return state_->value<bool>(column) ? 1 : 0;
    case DUCKDB_TYPE_TINYINT:
      return state_->value<int8_t>(column);
    case DUCKDB_TYPE_UTINYINT:
      return state_->value<uint8_t>(column);
    case DUCKDB_TYPE_SMALLINT:
      return state_->value<int16_t>(column);
    case DUCKDB_TYPE_USMALLINT:
      return state_->value<uint16_t>(column);
    case DUCKDB_TYPE_INTEGER:
      return state_->value<int32_t>(column);
    case DUCKDB_TYPE_UINTEGER:
      return state_->value<uint32_t>(column);
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return state_->value<int64_t>(column);
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return state_->value<int64_t>(column) * kMicrosecond;
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return state_->value<int64_t>(column) * kMillisecond;
    case DUCKDB_TYPE_TIMESTAMP_S:
      return state_->value<int64_t>(column) * kSecond;
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
      return static_cast<int64_t>(state_->value<duckdb_hugeint>(column).lower);
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      return static_cast<int64_t>(real(column));
    default:
      return 0;
  }
}

double Rows::real(size_t column) const {
  if (is_null(column)) return 0;
  switch (state_->columns[column].type) {
    case DUCKDB_TYPE_FLOAT:
      return static_cast<double>(state_->value<float>(column));
    case DUCKDB_TYPE_DOUBLE:
      return state_->value<double>(column);
    case DUCKDB_TYPE_HUGEINT:
      return duckdb_hugeint_to_double(state_->value<duckdb_hugeint>(column));
    case DUCKDB_TYPE_UBIGINT:
      return static_cast<double>(state_->value<uint64_t>(column));
    default:
      return static_cast<double>(integer(column));
  }
}

bool Rows::is_readable(size_t column) const { return state_->columns[column].is_readable; }

size_t Rows::list_size(size_t column) const {
  const State::Column& c = state_->columns[column];
  if (c.type != DUCKDB_TYPE_LIST || !c.is_readable || is_null(column)) return 0;
  return static_cast<const duckdb_list_entry*>(state_->columns[column].data)[state_->at].length;
}

std::string_view Rows::list_text(size_t column, size_t item) const {
  const State::Column& c = state_->columns[column];
  const auto& entry = static_cast<const duckdb_list_entry*>(c.data)[state_->at];
  duckdb_vector child = duckdb_list_vector_get_child(c.vector);
  const auto* texts = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(child));
  return view_of(texts[entry.offset + item]);
}

std::string Rows::display(size_t column) const {
  if (is_null(column)) return {};
  const std::string_view type = column_type(column);
  if (type == "boolean") return integer(column) != 0 ? "true" : "false";
  if (type == "integer") {
    if (state_->columns[column].type == DUCKDB_TYPE_UBIGINT) {
      return std::to_string(state_->value<uint64_t>(column));
    }
    return std::to_string(integer(column));
  }
  if (type == "real") return fmt::format("{}", real(column));
  if (type == "time") return format_rfc3339({integer(column)}, 6);
  if (type == "list") {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (size_t i = 0; i < list_size(column); ++i) json.value(list_text(column, i));
    json.end_array();
    return out;
  }
  return std::string(text(column));
}

Connection::Connection(Connection&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), watchdog_(other.watchdog_) {}
Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(watchdog_, other.watchdog_);
  return *this;
}
Connection::~Connection() {
  if (handle_ != nullptr) duckdb_disconnect(&handle_);
}

Result<void> Connection::run(const std::string& sql) {
  duckdb_result result;
  if (duckdb_query(handle_, sql.c_str(), &result) != DuckDBSuccess) {
    const std::string message = take_error(result);
    return fail(code_of(message), message);
  }
  duckdb_destroy_result(&result);
  return {};
}

namespace {

// A prepared statement that is destroyed, whatever happens.
class Statement final {
 public:
  explicit Statement(duckdb_connection connection, const std::string& sql) {
    good_ = duckdb_prepare(connection, sql.c_str(), &handle_) == DuckDBSuccess;
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { duckdb_destroy_prepare(&handle_); }
  bool good() const { return good_; }
  std::string error() const {
    const char* text = duckdb_prepare_error(handle_);
    return text == nullptr ? "unknown error" : text;
  }
  duckdb_prepared_statement handle() const { return handle_; }

 private:
  duckdb_prepared_statement handle_ = nullptr;
  bool good_ = false;
};

}  // namespace

tl::unexpected<Error> fail_duckdb(const char* text) {
  const std::string message = text == nullptr ? "unknown error" : text;
  return fail(code_of(message), message);
}

Result<Rows> Connection::query(const std::string& sql, const QueryControl& control) {
  const Statement statement(handle_, sql);
  if (!statement.good()) return fail_duckdb(statement.error().c_str());
  auto state = std::make_unique<Rows::State>();
  const Watchdog::Watch watch(*watchdog_, handle_, control);
  if (duckdb_execute_prepared(statement.handle(), &state->result) != DuckDBSuccess) {
    if (control.is_over()) return given_up();
    return fail_duckdb(duckdb_result_error(&state->result));
  }
  return Rows(std::move(state));
}

Result<Rows> Connection::stream(const std::string& sql, const QueryControl& control) {
  const Statement statement(handle_, sql);
  if (!statement.good()) return fail_duckdb(statement.error().c_str());
  auto state = std::make_unique<Rows::State>();
  state->control = control;
  state->watch = std::make_unique<Watchdog::Watch>(*watchdog_, handle_, control);
  if (duckdb_execute_prepared_streaming(statement.handle(), &state->result) != DuckDBSuccess) {
    return fail_duckdb(duckdb_result_error(&state->result));
  }
  return Rows(std::move(state));
}

Database::Database() : watchdog_(std::make_unique<Watchdog>()) {}

Database::~Database() {
  if (handle_ != nullptr) duckdb_close(&handle_);
}

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) != DuckDBSuccess) {
    return fail(ErrorCode::Io, "cannot configure DuckDB");
  }
  const auto set = [&](const char* name, const std::string& value) {
    duckdb_set_config(config, name, value.c_str());
  };
  set("memory_limit", fmt::format("{}B", options.memory_bytes));
  set("threads", std::to_string(options.threads));
  set("autoinstall_known_extensions", "false");
  set("autoload_known_extensions", "false");
  set("allow_community_extensions", "false");
  set("preserve_insertion_order", "true");
  set("temp_directory", options.temp_folder);
  if (!options.temp_folder.empty()) {
    set("max_temp_directory_size", fmt::format("{}B", options.temp_bytes));
  }
  auto database = std::unique_ptr<Database>(new Database());
  char* error = nullptr;
  const duckdb_state done = duckdb_open_ext(nullptr, &database->handle_, config, &error);
  duckdb_destroy_config(&config);
  if (done != DuckDBSuccess) {
    std::string message = error == nullptr ? "unknown error" : error;
    duckdb_free(error);
    return fail(ErrorCode::Io, "cannot start DuckDB: " + message);
  }
  if (!options.readable_folder.empty()) {
    auto connection = SL_TRY(database->connect());
    SL_TRY_VOID(connection.run("SET allowed_directories = [" + sql_text(options.readable_folder) +
                               "]; SET enable_external_access = false"));
  }
  return database;
}

Result<Connection> Database::connect() {
  duckdb_connection handle = nullptr;
  if (duckdb_connect(handle_, &handle) != DuckDBSuccess) {
    return fail(ErrorCode::Io, "cannot connect to DuckDB");
  }
  return Connection(handle, *watchdog_);
}

Result<void> Database::lock() {
  auto connection = SL_TRY(connect());
  return connection.run("SET lock_configuration = true");
}

std::string sql_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    // A NUL ends a statement before its time; no text of the store holds one.
    if (c == '\0') continue;
    out += c;
  }
  return out + "'";
}

std::string sql_time(Timestamp t) { return fmt::format("make_timestamp_ns({})", t.ns); }

std::string_view duckdb_version() { return duckdb_library_version(); }

}  // namespace siploom::store
