#include "store/duckdb/leaf.h"

#include <duckdb.h>
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>

#include "base/text.h"
#include "store/utf8.h"

namespace siploom::store {

namespace {

using query::Value;
using Node = query::Filter::Node;

// One call of a function: its arguments are vectors of as many rows as the chunk has.
class Arguments final {
 public:
  Arguments(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
      : info_(info), size_(duckdb_data_chunk_get_size(input)), output_(output) {
    for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(input); ++i) {
      duckdb_vector vector = duckdb_data_chunk_get_vector(input, i);
      columns_.push_back({duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector)});
    }
  }
  size_t size() const { return size_; }
  template <class T>
  T number(size_t column, size_t row) const {
    return static_cast<const T*>(columns_[column].data)[row];
  }
  std::string_view text(size_t column, size_t row) const {
    auto& text = static_cast<duckdb_string_t*>(columns_[column].data)[row];
    return {duckdb_string_t_data(&text), duckdb_string_t_length(text)};
  }
  bool is_null(size_t row) const {
    for (const Column& column : columns_) {
      if (column.validity != nullptr && !duckdb_validity_row_is_valid(column.validity, row)) {
        return true;
      }
    }
    return false;
  }
  // Every row names the same leaf.
  const Node* leaf() {
    const Leaf leaf = size_ == 0 ? Leaf{} : leaves().find(number<uint64_t>(0, 0));
    if (leaf.node == nullptr && size_ != 0) {
      duckdb_scalar_function_set_error(info_, "no such part of a filter");
    }
    control_ = leaf.control;
    return leaf.node;
  }
  template <class Ask>
  void answer(Ask&& ask) {
    constexpr size_t kLookEvery = 64;
    auto* out = static_cast<bool*>(duckdb_vector_get_data(output_));
    for (size_t row = 0; row < size_; ++row) {
      if (row % kLookEvery == 0 && control_.is_over()) {
        return duckdb_scalar_function_set_error(info_, "the search took too long");
      }
      out[row] = !is_null(row) && ask(row);
    }
  }
  Leaves& leaves() const {
    return *static_cast<Leaves*>(duckdb_scalar_function_get_extra_info(info_));
  }
  duckdb_vector output() const { return output_; }

 private:
  struct Column {
    void* data;
    uint64_t* validity;
  };
  duckdb_function_info info_;
  size_t size_;
  duckdb_vector output_;
  std::vector<Column> columns_;
  QueryControl control_;
};

void ask_text(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  Arguments in(info, input, output);
  const Node* leaf = in.leaf();
  if (leaf == nullptr) return;
  in.answer([&](size_t row) { return satisfies(*leaf, Value(in.text(1, row))); });
}

void ask_lines(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  Arguments in(info, input, output);
  const Node* leaf = in.leaf();
  if (leaf == nullptr) return;
  in.answer([&](size_t row) {
    std::string_view rest = in.text(1, row);
    while (!rest.empty()) {
      const Halves halves = split_once(rest, '\n');
      if (satisfies(*leaf, Value(halves.before))) return true;
      rest = halves.after;
    }
    return false;
  });
}

void ask_address(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  Arguments in(info, input, output);
  const Node* leaf = in.leaf();
  if (leaf == nullptr) return;
  // Neighbours mostly have one address.
  std::string last_text;
  std::optional<IpAddress> last;
  in.answer([&](size_t row) {
    const std::string_view text = in.text(1, row);
    if (text != last_text) {
      last_text = text;
      last = parse_ip(text);
    }
    return last && satisfies(*leaf, Value(Endpoint{*last, in.number<uint16_t>(2, row)}));
  });
}

void ask_search(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  Arguments in(info, input, output);
  const Node* leaf = in.leaf();
  if (leaf == nullptr) return;
  in.answer([&](size_t row) { return query::search(*leaf, in.text(1, row)); });
}

// What has no fields of SIP: logs, reports ...
class NoSubject final : public query::Subject {
 public:
  void values(registry::FieldId, Take) const override {}
  void header(std::string_view, Take) const override {}
  std::string_view raw() const override { return {}; }
  bool any(size_t) const override { return false; }
};

void ask_payload(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  Arguments in(info, input, output);
  const Node* leaf = in.leaf();
  if (leaf == nullptr) return;
  const std::unique_ptr<PayloadReader> reader = in.leaves().make_reader();
  const NoSubject nothing;
  in.answer([&](size_t row) {
    if (in.text(2, row) != "sip") return evaluate(*leaf, nothing);
    return evaluate(*leaf, reader->read(as_bytes(in.text(1, row)), in.number<bool>(3, row)));
  });
}

std::string text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* time = std::get_if<Timestamp>(&value)) return format_rfc3339(*time);
  if (const auto* duration = std::get_if<query::Duration>(&value)) {
    return format_seconds(duration->ns, 6);
  }
  if (const auto* endpoint = std::get_if<Endpoint>(&value)) {
    return endpoint->port == 0 ? format_ip(endpoint->address) : format_endpoint(*endpoint);
  }
  return {};
}

void give_value(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  Arguments in(info, input, output);
  if (in.size() == 0) return;
  const auto field = static_cast<registry::FieldId>(in.number<uint64_t>(0, 0));
  const std::unique_ptr<PayloadReader> reader = in.leaves().make_reader();
  duckdb_vector_ensure_validity_writable(output);
  uint64_t* validity = duckdb_vector_get_validity(output);
  for (size_t row = 0; row < in.size(); ++row) {
    std::string text;
    if (!in.is_null(row) && in.text(2, row) == "sip") {
      reader->read(as_bytes(in.text(1, row)), in.number<bool>(3, row))
          .values(field, [&](const Value& value) {
            text = text_of(value);
            return false;
          });
    }
    if (text.empty() || !is_column_text(text)) {
      duckdb_validity_set_row_invalid(validity, row);
    } else {
      duckdb_vector_assign_string_element_len(output, row, text.data(), text.size());
    }
  }
}

void give_masked(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  Arguments in(info, input, output);
  if (in.size() == 0) return;
  const MaskPayload mask = in.leaves().mask();
  if (mask == nullptr) {
    return duckdb_scalar_function_set_error(info, "nobody knows how to mask payloads");
  }
  duckdb_vector_ensure_validity_writable(output);
  uint64_t* validity = duckdb_vector_get_validity(output);
  std::string payload;
  for (size_t row = 0; row < in.size(); ++row) {
    if (in.is_null(row)) {
      duckdb_validity_set_row_invalid(validity, row);
      continue;
    }
    payload = in.text(0, row);
    mask(payload);
    duckdb_vector_assign_string_element_len(output, row, payload.data(), payload.size());
  }
}

void note_found(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  Arguments in(info, input, output);
  if (in.size() == 0) return;
  const std::shared_ptr<Finds> finds = in.leaves().finds(in.number<uint64_t>(0, 0));
  in.answer([&](size_t row) {
    if (finds != nullptr) finds->add(in.number<int64_t>(2, row), in.number<uint64_t>(1, row));
    return true;
  });
}

Result<void> add_function(Connection& connection, Leaves& leaves, const char* name,
                          std::initializer_list<duckdb_type> parameters, duckdb_type result,
                          duckdb_scalar_function_t call) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, name);
  for (const duckdb_type parameter : parameters) {
    duckdb_logical_type type = duckdb_create_logical_type(parameter);
    duckdb_scalar_function_add_parameter(function, type);
    duckdb_destroy_logical_type(&type);
  }
  duckdb_logical_type type = duckdb_create_logical_type(result);
  duckdb_scalar_function_set_return_type(function, type);
  duckdb_destroy_logical_type(&type);
  duckdb_scalar_function_set_extra_info(function, &leaves, nullptr);
  duckdb_scalar_function_set_special_handling(function);  // NULL is a value: absent
  duckdb_scalar_function_set_function(function, call);
  const duckdb_state done = duckdb_register_scalar_function(connection.handle(), function);
  duckdb_destroy_scalar_function(&function);
  if (done != DuckDBSuccess) {
    return fail(ErrorCode::Io, fmt::format("cannot register {} with DuckDB", name));
  }
  return {};
}

}  // namespace

void Finds::add(int64_t time_ns, uint64_t sequence) {
  // Ordered so that what is wanted least stands last.
  const std::pair<int64_t, uint64_t> key =
      order_ == Order::Latest ? std::pair(~time_ns, ~sequence) : std::pair(time_ns, sequence);
  const std::lock_guard lock(mutex_);
  if (kept_.size() >= limit_ &&
      (order_ == Order::Any || kept_.empty() || !(key < *kept_.rbegin()))) {
    return;
  }
  kept_.insert(key);
  if (kept_.size() > limit_) kept_.erase(std::prev(kept_.end()));
}

std::vector<uint64_t> Finds::sequences() const {
  const std::lock_guard lock(mutex_);
  std::vector<uint64_t> out;
  for (const auto& [time, sequence] : kept_) {
    out.push_back(order_ == Order::Latest ? ~sequence : sequence);
  }
  std::sort(out.begin(), out.end());
  return out;
}

uint64_t Leaves::add(const Leaf& leaf) {
  const std::lock_guard lock(mutex_);
  leaves_.emplace(next_, leaf);
  return next_++;
}
uint64_t Leaves::add(std::shared_ptr<Finds> finds) {
  const std::lock_guard lock(mutex_);
  finds_.emplace(next_, std::move(finds));
  return next_++;
}
void Leaves::remove(uint64_t number) {
  const std::lock_guard lock(mutex_);
  leaves_.erase(number);
  finds_.erase(number);
}
Leaf Leaves::find(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto known = leaves_.find(number);
  return known == leaves_.end() ? Leaf{} : known->second;
}
std::shared_ptr<Finds> Leaves::finds(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto known = finds_.find(number);
  return known == finds_.end() ? nullptr : known->second;
}

Result<void> register_leaves(Connection& c, Leaves& leaves) {
  constexpr duckdb_type kLeaf = DUCKDB_TYPE_UBIGINT, kText = DUCKDB_TYPE_VARCHAR,
                        kBlob = DUCKDB_TYPE_BLOB, kBool = DUCKDB_TYPE_BOOLEAN,
                        kPort = DUCKDB_TYPE_USMALLINT, kNumber = DUCKDB_TYPE_UBIGINT,
                        kTime = DUCKDB_TYPE_BIGINT;
  SL_TRY_VOID(add_function(c, leaves, "sl_text", {kLeaf, kText}, kBool, ask_text));
  SL_TRY_VOID(add_function(c, leaves, "sl_lines", {kLeaf, kText}, kBool, ask_lines));
  SL_TRY_VOID(add_function(c, leaves, "sl_address", {kLeaf, kText, kPort}, kBool, ask_address));
  SL_TRY_VOID(add_function(c, leaves, "sl_search", {kLeaf, kBlob}, kBool, ask_search));
  SL_TRY_VOID(
      add_function(c, leaves, "sl_payload", {kLeaf, kBlob, kText, kBool}, kBool, ask_payload));
  SL_TRY_VOID(add_function(c, leaves, "sl_masked", {kBlob}, kBlob, give_masked));
  SL_TRY_VOID(add_function(c, leaves, "sl_found", {kNumber, kNumber, kTime}, kBool, note_found));
  return add_function(c, leaves, "sl_value", {kLeaf, kBlob, kText, kBool}, kText, give_value);
}

}  // namespace siploom::store
