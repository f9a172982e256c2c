#include "store/duckdb/merger.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "store/duckdb/row_facts.h"
#include "store/files.h"

namespace siploom::store {

namespace {

// Keeps what row groups of large payloads take (raw) within bounds.
constexpr size_t kRowGroupBytes = size_t{24} << 20;

std::vector<ColumnType> types_of(Table table) {
  std::vector<ColumnType> types;
  for (const ColumnInfo& column : columns(table)) types.push_back(column.type);
  return types;
}

// SELECT of all columns of the table as they are today.
Result<std::string> input_sql(Database& database, Table table, const MergeInput& input) {
  std::set<std::string, std::less<>> there;
  if (input.schema != kSchemaVersion) {
    auto connection = SL_TRY(database.connect());
    auto rows = SL_TRY(connection.query(
        fmt::format("DESCRIBE SELECT * FROM read_parquet({})", sql_text(input.path))));
    while (SL_TRY(rows.next())) there.emplace(rows.text(0));
  }
  std::string sql = "SELECT ";
  for (const ColumnInfo& column : columns(table)) {
    if (sql.back() != ' ') sql += ", ";
    if (input.schema == kSchemaVersion) {
      sql += fmt::format("\"{}\"", column.name);
    } else if (there.find(column.name) != there.end()) {
      sql += fmt::format("\"{0}\"::{1} AS \"{0}\"", column.name, sql_type(column.type));
    } else {
      sql += fmt::format("NULL::{} AS \"{}\"", sql_type(column.type), column.name);
    }
  }
  return fmt::format("{} FROM read_parquet({})", sql, sql_text(input.path));
}

// Writes picked rows of chunks as one chunk, column by column. Texts are not copied: their chunks
// live until the next one is asked for.
struct Pick {
  const RowChunk* chunk;
  size_t row;
};

void copy_validity(const std::vector<Pick>& picks, size_t column, duckdb_vector to) {
  uint64_t* bits = nullptr;
  for (size_t i = 0; i < picks.size(); ++i) {
    if (!picks[i].chunk->is_null(column, picks[i].row)) continue;
    if (bits == nullptr) {
      duckdb_vector_ensure_validity_writable(to);
      bits = duckdb_vector_get_validity(to);
    }
    bits[i / 64] &= ~(uint64_t{1} << (i % 64));
  }
}

template <class T>
void copy_values(const std::vector<Pick>& picks, size_t column, duckdb_vector to) {
  T* out = static_cast<T*>(duckdb_vector_get_data(to));
  for (size_t i = 0; i < picks.size(); ++i) {
    out[i] = static_cast<const T*>(picks[i].chunk->columns[column].data)[picks[i].row];
  }
}

void copy_lists(const std::vector<Pick>& picks, size_t column, duckdb_vector to) {
  auto* out = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(to));
  idx_t size = 0;
  for (size_t i = 0; i < picks.size(); ++i) {
    const auto& [chunk, row] = picks[i];
    const size_t length = chunk->list_size(column, row);
    out[i] = {size, length};
    if (length == 0) continue;
    const auto& from = chunk->number<duckdb_list_entry>(column, row);
    duckdb_list_vector_reserve(to, size + length);
    duckdb_vector child_from = duckdb_list_vector_get_child(chunk->columns[column].vector);
    duckdb_vector child_to = duckdb_list_vector_get_child(to);
    const auto* texts = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(child_from));
    auto* copies = static_cast<duckdb_string_t*>(duckdb_vector_get_data(child_to));
    uint64_t* validity = duckdb_vector_get_validity(child_from);
    for (size_t item = 0; item < length; ++item) {
      const size_t at = from.offset + item;
      copies[size + item] = duckdb_string_t{};  // empty, not NULL: lists of ours have no NULLs
      if (validity == nullptr || duckdb_validity_row_is_valid(validity, at)) {
        copies[size + item] = texts[at];
      }
    }
    size += length;
    duckdb_list_vector_set_size(to, size);
  }
}

void copy_column(const std::vector<Pick>& picks, size_t column, ColumnType type, duckdb_vector to) {
  copy_validity(picks, column, to);
  switch (type) {
    case ColumnType::Bool:
      return copy_values<uint8_t>(picks, column, to);
    case ColumnType::UInt16:
      return copy_values<uint16_t>(picks, column, to);
    case ColumnType::UInt32:
      return copy_values<uint32_t>(picks, column, to);
    case ColumnType::UInt64:
    case ColumnType::Int64:
    case ColumnType::Time:
      return copy_values<uint64_t>(picks, column, to);
    case ColumnType::Text:
    case ColumnType::Blob:
      return copy_values<duckdb_string_t>(picks, column, to);
    case ColumnType::TextList:
      return copy_lists(picks, column, to);
  }
}

}  // namespace

// One job: its inputs and the row that each is at.
class Merger::Run final {
 public:
  Run(const MergeJob& job, MergeCounters& counters)
      : job_(job), counters_(counters), types_(types_of(job.table)) {}

  Result<void> open(Database& database) {
    for (const MergeInput& input : job_.inputs) {
      auto sql = input_sql(database, job_.table, input);
      if (!sql) return named(input, sql.error());
      auto stream = ChunkStream::open(database, *sql, types_);
      if (!stream) return named(input, stream.error());
      inputs_.push_back({std::move(*stream), &input, nullptr, 0, false, 0, {}, 0});
      SL_TRY_VOID(step(inputs_.back(), true));
    }
    drop_ended();
    return {};
  }
  bool is_over() const { return inputs_.empty(); }
  bool is_stopped() const {
    return job_.stop != nullptr && job_.stop->load(std::memory_order_relaxed);
  }
  const MergeJob& job() const { return job_; }
  const std::vector<ColumnType>& types() const { return types_; }

  // Up to `most` rows in order; they stand until the next call. Fewer only at the end.
  Result<const std::vector<Pick>*> pick(size_t most) {
    picks_.clear();
    kept_.clear();
    for (Input& input : inputs_) input.kept = false;
    if (is_stopped()) return fail(ErrorCode::LimitExceeded, "the merging was stopped");
    while (picks_.size() < most && !inputs_.empty()) {
      Input& input = smallest();
      picks_.push_back({input.chunk.get(), input.row});
      if (!input.kept) kept_.push_back(input.chunk);
      input.kept = true;
      SL_TRY_VOID(step(input, false));
      if (input.chunk == nullptr) drop_ended();
    }
    counters_.rows_out += picks_.size();
    return &picks_;
  }

  std::unique_ptr<RowFacts> facts;  // of the output at hand
  std::optional<Error> error;       // that a callback met

 private:
  struct Input {
    ChunkStream stream;
    const MergeInput* source = nullptr;
    std::shared_ptr<const RowChunk> chunk;
    size_t row = 0;
    bool kept = false;  // a row of the chunk was picked: it lives as long as the picks
    // The sort key of the row at hand: the id's first octets, the id, the time.
    uint64_t prefix = 0;
    std::string_view id;
    int64_t time = 0;
  };

  static tl::unexpected<Error> named(const MergeInput& input, const Error& error) {
    return fail(error.code, fmt::format("{}: {}", input.path, error.message));
  }
  void drop_ended() {
    std::erase_if(inputs_, [](const Input& input) { return input.chunk == nullptr; });
  }
  // To the next row that is taken.
  Result<void> step(Input& input, bool first) {
    if (!first) ++input.row;
    for (;;) {
      while (input.chunk == nullptr || input.row >= input.chunk->rows) {
        if (is_stopped()) return fail(ErrorCode::LimitExceeded, "the merging was stopped");
        auto next = input.stream.next();
        if (!next) return named(*input.source, next.error());
        input.chunk = std::move(*next);
        input.row = 0;
        input.kept = false;
        if (input.chunk == nullptr) return {};
        counters_.rows_in += input.chunk->rows;
      }
      if (!job_.keep || job_.keep(*input.chunk, input.row)) break;
      ++input.row;
    }
    const RowPlaces& places = row_places(job_.table);
    input.time = time_at(*input.chunk, places.time, input.row);
    if (!places.sorted_by_id) return {};
    input.id = input.chunk->text(places.id, input.row);
    uint8_t head[8] = {};
    if (!input.id.empty()) std::memcpy(head, input.id.data(), std::min<size_t>(8, input.id.size()));
    input.prefix = load_be64(head);
    return {};
  }
  // Of a few inputs; the earlier one when they are equal.
  Input& smallest() {
    Input* best = &inputs_.front();
    for (size_t i = 1; i < inputs_.size(); ++i) {
      Input& other = inputs_[i];
      if (other.prefix > best->prefix) continue;
      if (other.prefix == best->prefix) {
        const int order = other.id.compare(best->id);
        if (order > 0 || (order == 0 && other.time >= best->time)) continue;
      }
      best = &other;
    }
    return *best;
  }

  const MergeJob& job_;
  MergeCounters& counters_;
  std::vector<ColumnType> types_;
  std::vector<Input> inputs_;
  std::vector<Pick> picks_;
  std::vector<std::shared_ptr<const RowChunk>> kept_;
};

// sl_merge(): the rows of the job at hand as a table function.
struct Merger::Function {
  static void bind(duckdb_bind_info info) {
    const auto& merger = *static_cast<Merger*>(duckdb_bind_get_extra_info(info));
    if (merger.run_ == nullptr) {
      duckdb_bind_set_error(info, "sl_merge: nothing is merged");
      return;
    }
    for (const ColumnInfo& column : columns(merger.run_->job().table)) {
      duckdb_logical_type type = make_logical_type(column.type);
      duckdb_bind_add_result_column(info, std::string(column.name).c_str(), type);
      duckdb_destroy_logical_type(&type);
    }
  }
  static void init(duckdb_init_info info) { duckdb_init_set_max_threads(info, 1); }
  static void scan(duckdb_function_info info, duckdb_data_chunk chunk) {
    Run& run = *static_cast<Merger*>(duckdb_function_get_extra_info(info))->run_;
    duckdb_data_chunk_set_size(chunk, 0);
    RowFacts& facts = *run.facts;
    const uint64_t rows = facts.segment().rows;
    if (rows >= run.job().max_rows || facts.key_count() >= kMaxKeys) return;
    auto picked = run.pick(std::min<uint64_t>(duckdb_vector_size(), run.job().max_rows - rows));
    if (!picked) {
      duckdb_function_set_error(info, picked.error().message.c_str());
      run.error = std::move(picked.error());
      return;
    }
    const std::vector<Pick>& picks = **picked;
    for (size_t i = 0; i < run.types().size(); ++i) {
      copy_column(picks, i, run.types()[i], duckdb_data_chunk_get_vector(chunk, i));
    }
    for (const Pick& pick : picks) facts.add(*pick.chunk, pick.row);
    duckdb_data_chunk_set_size(chunk, picks.size());
  }
};

Merger::~Merger() = default;

Result<std::unique_ptr<Merger>> Merger::open(const DatabaseOptions& database,
                                             const SealOptions& options) {
  auto merger = std::unique_ptr<Merger>(new Merger(options));
  merger->database_ = SL_TRY(Database::open(database));
  auto connection = SL_TRY(merger->database_->connect());
  // With one thread rows stay in order anyway; only so row groups may be limited in octets, too.
  SL_TRY_VOID(connection.run("SET preserve_insertion_order = false"));
  SL_TRY_VOID(connection.run("SET streaming_buffer_size = '64KB'"));
  SL_TRY_VOID(connection.run("SET enable_external_file_cache = false"));
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "sl_merge");
  duckdb_table_function_set_extra_info(function, merger.get(), nullptr);
  duckdb_table_function_set_bind(function, Function::bind);
  duckdb_table_function_set_init(function, Function::init);
  duckdb_table_function_set_function(function, Function::scan);
  const duckdb_state done = duckdb_register_table_function(connection.handle(), function);
  duckdb_destroy_table_function(&function);
  if (done != DuckDBSuccess) return fail(ErrorCode::Io, "cannot register sl_merge with DuckDB");
  return merger;
}

Result<Segment> Merger::write(Run& run, const std::string& path) {
  auto connection = SL_TRY(database_->connect());
  const auto written = connection.run(fmt::format(
      "COPY (SELECT * FROM sl_merge()) TO {} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL "
      "{}, ROW_GROUP_SIZE {}, ROW_GROUP_SIZE_BYTES {})",
      sql_text(path), options_.zstd_level, options_.row_group_rows, kRowGroupBytes));
  if (run.error) return tl::unexpected<Error>(*run.error);
  if (!written) return tl::unexpected<Error>(written.error());
  if (run.is_stopped()) return fail(ErrorCode::LimitExceeded, "the merging was stopped");
  Segment segment = run.facts->segment();
  SL_TRY_VOID(sync_file(path));
  segment.hash = SL_TRY(hash_file(path));
  SL_TRY_VOID(write_atomically(path + ".idx", run.facts->side_file()));
  std::error_code code;
  segment.bytes = std::filesystem::file_size(path, code);
  segment.index_bytes = std::filesystem::file_size(path + ".idx", code);
  return segment;
}

Result<std::vector<Segment>> Merger::merge(const MergeJob& job) {
  Run run(job, counters_);
  run_ = &run;
  std::vector<Segment> segments;
  std::vector<std::string> paths;
  const auto all = [&]() -> Result<void> {
    SL_TRY_VOID(run.open(*database_));
    while (!run.is_over()) {
      run.facts = std::make_unique<RowFacts>(job.table, true);
      paths.push_back(SL_TRY(job.next_path()));
      segments.push_back(SL_TRY(write(run, paths.back())));
    }
    return {};
  };
  const Result<void> done = all();
  run_ = nullptr;
  if (done) return segments;
  for (const std::string& path : paths) {
    ::unlink(path.c_str());
    ::unlink((path + ".idx").c_str());
  }
  return tl::unexpected<Error>(done.error());
}

Result<void> Merger::read(const MergeJob& job,
                          const std::function<void(const RowChunk& chunk, size_t row)>& take) {
  Run run(job, counters_);
  SL_TRY_VOID(run.open(*database_));
  while (!run.is_over()) {
    for (const Pick& pick : *SL_TRY(run.pick(duckdb_vector_size()))) take(*pick.chunk, pick.row);
  }
  return {};
}

Result<Merger::Described> Merger::describe(Table table, const MergeInput& input) {
  RowFacts facts(table, true);
  MergeJob job;
  job.table = table;
  job.inputs = {input};
  SL_TRY_VOID(read(job, [&](const RowChunk& chunk, size_t row) { facts.add(chunk, row); }));
  return Described{facts.segment(), facts.side_file()};
}

}  // namespace siploom::store
