#include "cli/remote.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <optional>

#include "base/json_writer.h"
#include "base/text.h"
#include "http/url.h"
#include "query/token.h"

namespace siploom::cli {

namespace {

constexpr size_t kPageRows = 1000;
constexpr size_t kMostSqlRows = 10'000;  // what the API gives

http::ClientOptions client_options(const StoreCommandOptions& options) {
  http::ClientOptions out;
  if (options.trust.starts_with("sha256:")) {
    out.trust.fingerprint_sha256 = options.trust.substr(7);
  } else {
    out.trust.ca_file = options.trust;
  }
  out.silence_timeout = std::max<Nanoseconds>(options.time_limit, 10 * kSecond) + 10 * kSecond;
  return out;
}

using Json = simdjson::dom::element;

RowCell cell_of(const Json& json) {
  std::string_view text;
  if (json.is_null()) return {};
  if (json.get_string().get(text) == simdjson::SUCCESS) {
    return {RowCell::Kind::Text, std::string(text)};
  }
  return {RowCell::Kind::Json, simdjson::minify(json)};
}

// A row of a page: an object with the columns' names; what is not there is NULL.
class JsonRow final : public RemoteRow {
 public:
  JsonRow(const Json& object, const std::vector<std::string>& columns)
      : object_(object), columns_(columns) {
    for (const std::string& name : columns) {
      Value& value = values_.emplace_back();
      Json found;
      if (object[name].get(found) == simdjson::SUCCESS) {
        read(found, value);
      } else if (object[name + "_base64"].get(found) == simdjson::SUCCESS) {
        read(found, value);
        value.text = decode_base64(value.text).value_or(std::string());
      }
    }
  }
  bool is_null(size_t column) const override { return values_[column].null; }
  std::string_view text(size_t column) const override { return values_[column].text; }
  int64_t integer(size_t column) const override {
    const Value& value = values_[column];
    if (value.number) return *value.number;
    const auto time = parse_time(value.text);
    return time ? time->ns : 0;
  }
  size_t list_size(size_t column) const override { return values_[column].list.size(); }
  std::string_view list_text(size_t column, size_t item) const override {
    return values_[column].list[item];
  }
  std::vector<RowCell> cells() const override {
    std::vector<RowCell> out;
    for (size_t i = 0; i < columns_.size(); ++i) {
      Json found;
      if (object_[columns_[i]].get(found) == simdjson::SUCCESS) {
        out.push_back(cell_of(found));
      } else {
        const Value& value = values_[i];
        out.push_back({value.null ? RowCell::Kind::Null : RowCell::Kind::Text, value.text});
      }
    }
    return out;
  }

 private:
  struct Value {
    bool null = true;
    std::string text;
    std::optional<int64_t> number;
    std::vector<std::string> list;
  };
  static void read(const Json& json, Value& value) {
    value.null = json.is_null();
    std::string_view text;
    if (json.get_string().get(text) == simdjson::SUCCESS) value.text = text;
    int64_t number = 0;
    bool flag = false;
    if (json.get_int64().get(number) == simdjson::SUCCESS) value.number = number;
    if (json.get_bool().get(flag) == simdjson::SUCCESS) value.number = flag ? 1 : 0;
    simdjson::dom::array list;
    if (json.get_array().get(list) != simdjson::SUCCESS) return;
    for (const Json item : list) {
      if (item.get_string().get(text) == simdjson::SUCCESS) value.list.emplace_back(text);
    }
  }
  Json object_;
  const std::vector<std::string>& columns_;
  std::vector<Value> values_;
};

uint64_t number_in(const Json& object, std::string_view name) {
  uint64_t number = 0;
  return object[name].get_uint64().get(number) == simdjson::SUCCESS ? number : 0;
}
std::string text_in(const Json& object, std::string_view name) {
  std::string_view text;
  return object[name].get_string().get(text) == simdjson::SUCCESS ? std::string(text)
                                                                  : std::string();
}
bool is_true(const Json& object, std::string_view name) {
  bool flag = false;
  return object[name].get_bool().get(flag) == simdjson::SUCCESS && flag;
}

// The error that the server's compiler gave, if the problem names a place in the filter.
std::optional<Error> filter_error(const Json& problem, std::string_view filter,
                                  std::string_view detail) {
  uint64_t position = 0, length = 0;
  if (problem["position"].get_uint64().get(position) != simdjson::SUCCESS ||
      problem["length"].get_uint64().get(length) != simdjson::SUCCESS || position > filter.size()) {
    return std::nullopt;
  }
  return query::error_at(filter, position, length, std::string(detail));
}

}  // namespace

std::string timeout_text(Nanoseconds limit) {
  return fmt::format("{}ms", limit <= 0 ? 0 : (limit + kMillisecond - 1) / kMillisecond);
}

Remote::Remote(const StoreCommandOptions& options)
    : base_(options.server), token_(options.token), client_(client_options(options)) {
  while (base_.ends_with('/')) base_.pop_back();
  if (base_.find("://") == std::string::npos) base_ = "http://" + base_;
  if (const char* token = std::getenv("SIPLOOM_TOKEN"); token_.empty() && token != nullptr) {
    token_ = token;
  }
}

Result<std::string> Remote::send(http::ClientRequest request, std::string_view filter) {
  if (!token_.empty()) request.headers.set("Authorization", "Bearer " + token_);
  auto response = SL_TRY(client_.send(request));
  if (response.status >= 200 && response.status < 300) return std::move(response.body);
  simdjson::dom::parser parser;
  Json problem;
  std::string_view title, detail;
  if (parser.parse(response.body).get(problem) == simdjson::SUCCESS) {
    if (problem["title"].get_string().get(title) != simdjson::SUCCESS) title = {};
    if (problem["detail"].get_string().get(detail) != simdjson::SUCCESS) detail = {};
    if (auto drawn = filter_error(problem, filter, detail)) {
      return tl::unexpected<Error>(std::move(*drawn));
    }
  }
  if (response.status == 401 && token_.empty()) {
    detail = "make a token in the web interface and give it with --token or SIPLOOM_TOKEN";
  }
  return fail(
      response.status == 404 ? ErrorCode::NotFound : ErrorCode::InvalidArgument,
      fmt::format("{}: {}{}{}", base_,
                  title.empty() ? fmt::format("status {}", response.status) : std::string(title),
                  detail.empty() ? "" : ": ", detail));
}

Result<std::string> Remote::get(const std::string& path, const Parameters& parameters) {
  http::ClientRequest request;
  request.url = base_ + "/api/v1/" + path;
  char separator = '?';
  std::string_view filter;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    request.url += separator + name + "=" + http::percent_encode(value);
    separator = '&';
    if (name == "filter") filter = value;
  }
  return send(std::move(request), filter);
}

// Messages are counted among the records by their kind, so that the filter goes as it was typed.
Result<uint64_t> Remote::count(const std::string& table, Parameters asked) {
  const bool messages = table == "messages";
  asked.emplace_back("table", messages ? "records" : table);
  if (messages) asked.emplace_back("by", "record.kind");
  const std::string body = SL_TRY(get("group", asked));
  simdjson::dom::parser parser;
  Json root;
  simdjson::dom::array rows;
  bool partial = false;
  if (parser.parse(body).get(root) != simdjson::SUCCESS ||
      root["rows"].get_array().get(rows) != simdjson::SUCCESS ||
      root["partial"].get_bool().get(partial) != simdjson::SUCCESS) {
    return fail(ErrorCode::Malformed, base_ + " answered with something else than a count");
  }
  if (partial) {
    std::string_view reason;
    if (root["reason"].get_string().get(reason) != simdjson::SUCCESS)
      reason = "not all was counted";
    return fail(ErrorCode::LimitExceeded, std::string(reason));
  }
  for (const Json row : rows) {
    std::string_view kind;
    if (messages && (row["keys"].at(0).get_string().get(kind) != simdjson::SUCCESS ||
                     kind != model::record_kind_name(model::RecordKind::Sip))) {
      continue;
    }
    double count = 0;
    if (row["values"].at(0).get_double().get(count) == simdjson::SUCCESS && count > 0) {
      return static_cast<uint64_t>(count);
    }
  }
  return 0;
}

Result<std::string> Remote::post(const std::string& path, const std::string& json) {
  http::ClientRequest request;
  request.method = http::Method::Post;
  request.url = base_ + "/api/v1/" + path;
  request.headers.set("Content-Type", "application/json");
  request.body = json;
  return send(std::move(request));
}

Result<void> Remote::pages(const std::string& path, const Parameters& asked,
                           const std::vector<std::string>& columns, size_t limit, TakeRow take) {
  size_t rows = 0;
  std::string cursor;
  simdjson::dom::parser parser;
  do {
    Parameters page = asked;
    const size_t left = limit == 0 ? kPageRows : std::min(kPageRows, limit - rows);
    page.emplace_back("columns", fmt::format("{}", fmt::join(columns, ",")));
    page.emplace_back("limit", std::to_string(left));
    page.emplace_back("cursor", cursor);
    const std::string body = SL_TRY(get(path, page));
    Json root;
    simdjson::dom::array list;
    if (parser.parse(body).get(root) != simdjson::SUCCESS ||
        root["rows"].get_array().get(list) != simdjson::SUCCESS) {
      return fail(ErrorCode::Malformed, base_ + " answered with something else than rows");
    }
    for (const Json row : list) {
      ++rows;
      if (!take(JsonRow(row, columns))) return {};
    }
    if (is_true(root, "partial")) {
      const std::string why = text_in(root, "reason");
      return fail(ErrorCode::LimitExceeded, why.empty() ? "the server gave a part alone" : why);
    }
    cursor = text_in(root, "next");
  } while (!cursor.empty() && (limit == 0 || rows < limit));
  return {};
}

Result<Remote::SqlRows> Remote::sql(const std::string& statement, Nanoseconds time_limit) {
  std::string asked;
  JsonWriter json(asked);
  json.begin_object();
  json.field("sql", std::string_view(statement));
  json.field("limit", uint64_t{kMostSqlRows});
  json.end_object();
  const std::string body = SL_TRY(post("sql?timeout=" + timeout_text(time_limit), asked));
  simdjson::dom::parser parser;
  Json root;
  simdjson::dom::array columns, rows;
  if (parser.parse(body).get(root) != simdjson::SUCCESS ||
      root["columns"].get_array().get(columns) != simdjson::SUCCESS ||
      root["rows"].get_array().get(rows) != simdjson::SUCCESS) {
    return fail(ErrorCode::Malformed, base_ + " answered with something else than rows");
  }
  SqlRows out;
  for (const Json column : columns) {
    const std::string type = text_in(column, "type");
    out.columns.push_back({text_in(column, "name"), type == "integer" || type == "real"});
  }
  for (const Json row : rows) {
    std::vector<RowCell>& cells = out.rows.emplace_back();
    simdjson::dom::array list;
    if (row.get_array().get(list) == simdjson::SUCCESS) {
      for (const Json cell : list) cells.push_back(cell_of(cell));
    }
    cells.resize(out.columns.size());
  }
  if (is_true(root, "partial")) {
    out.cut = text_in(root, "reason");
    if (out.cut.empty()) out.cut = "the server gave a part alone";
  }
  return out;
}

Result<RemoteJob> Remote::read_job(const std::string& body) const {
  simdjson::dom::parser parser;
  Json root;
  RemoteJob out;
  if (parser.parse(body).get(root) != simdjson::SUCCESS ||
      root["id"].get_int64().get(out.id) != simdjson::SUCCESS) {
    return fail(ErrorCode::Malformed, base_ + " answered with something else than a job");
  }
  out.state = text_in(root, "state");
  out.error = text_in(root, "error");
  out.bytes = number_in(root, "bytes");
  out.bytes_read = number_in(root, "bytes_read");
  out.records = number_in(root, "records");
  out.calls = number_in(root, "calls");
  return out;
}

Result<RemoteJob> Remote::import_file(const std::string& path, const std::string& name) {
  http::ClientRequest request;
  request.method = http::Method::Post;
  request.url = base_ + "/api/v1/import?name=" + http::percent_encode(name);
  request.headers.set("Content-Type", "application/octet-stream");
  request.body_file = path;
  return read_job(SL_TRY(send(std::move(request))));
}

Result<RemoteJob> Remote::job(int64_t id) {
  return read_job(SL_TRY(get(fmt::format("jobs/{}", id), {})));
}

Result<void> Remote::cancel(int64_t id) {
  http::ClientRequest request;
  request.method = http::Method::Delete;
  request.url = fmt::format("{}/api/v1/jobs/{}", base_, id);
  SL_TRY(send(std::move(request)));
  return {};
}

}  // namespace siploom::cli
