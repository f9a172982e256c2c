#include "cli/remote.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <optional>

#include "base/text.h"
#include "http/url.h"
#include "query/token.h"

namespace siploom::cli {

namespace {

constexpr size_t kPageRows = 1000;

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

// A row of a page: an object with the columns' names; what is not there is NULL.
class JsonRow final : public pipeline::RowValues {
 public:
  JsonRow(const Json& object, const std::vector<std::string>& columns) {
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
  std::vector<Value> values_;
};

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
                           const std::vector<std::string>& columns, size_t limit,
                           const TakeRow& take) {
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
      take(JsonRow(row, columns));
    }
    std::string_view next;
    cursor = root["next"].get_string().get(next) == simdjson::SUCCESS ? std::string(next)
                                                                      : std::string();
  } while (!cursor.empty() && (limit == 0 || rows < limit));
  return {};
}

Result<std::vector<std::unique_ptr<pipeline::StoredCall>>> Remote::calls(const Parameters& asked,
                                                                         size_t limit) {
  std::vector<std::unique_ptr<pipeline::StoredCall>> out;
  SL_TRY_VOID(
      pages("calls", asked, pipeline::call_columns(), limit,
            [&](const pipeline::RowValues& row) { out.push_back(pipeline::read_call(row)); }));
  return out;
}

Result<std::vector<pipeline::StoredRecord>> Remote::records(const std::string& path,
                                                            const Parameters& asked, size_t limit) {
  std::vector<pipeline::StoredRecord> out;
  SL_TRY_VOID(
      pages(path, asked, pipeline::record_columns(), limit,
            [&](const pipeline::RowValues& row) { out.push_back(pipeline::read_record(row)); }));
  return out;
}

}  // namespace siploom::cli
