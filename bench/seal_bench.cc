// What keeping costs: a capture read, woven, logged and sealed as Parquet by one thread, with the
// processor time of each part and the size on disk. seal_bench CAPTURE FOLDER [LEVEL] [ROWS]
// [GROUP]
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "base/hash.h"
#include "pipeline/engine.h"
#include "pipeline/record_entry.h"
#include "store/batch.h"
#include "store/duckdb/sealer.h"
#include "store/log.h"
#include "weave/call_weaver.h"

using namespace siploom;

namespace {

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

[[noreturn]] void die(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  std::exit(2);
}

class Keeper final : public pipeline::Consumer {
 public:
  Keeper(std::string folder, const store::SealOptions& options, size_t rows)
      : folder_(std::move(folder)), rows_(rows), weaver_({256u << 20, 30 * kSecond}) {
    store::DatabaseOptions database;
    database.memory_bytes = 256u << 20;
    auto sealer = store::Sealer::open(database, options);
    if (!sealer) die(sealer.error().message);
    sealer_ = std::move(*sealer);
    weaver_.set_on_done([this](const model::Call& call) {
      pipeline::append_call_entry(entries_, call, {});
      ++calls_;
    });
    open_log();
  }
  Wants wants() const override { return {true, false, nullptr}; }
  size_t shard_count() const override { return 1; }
  void consume(size_t, pipeline::Chunk& chunk) override {
    store::RecordFields fields;
    for (const pipeline::Message& message : chunk.messages) {
      weaver_.add(message.record, message.facts);
      pipeline::describe_message(message, fields);
      fields.sequence = ++messages_;
      store::append_record(entries_, fields);
    }
    weaver_.advance(chunk.counters.last);
    if (auto done = log_->append(as_bytes(entries_)); !done) die(done.error().message);
    batch_->append(as_bytes(entries_));
    entries_.clear();
    if (batch_->rows(store::Table::Records).size() >= rows_) seal();
  }
  void seal() {
    for (const store::Table table : {store::Table::Records, store::Table::Calls}) {
      const double before = cpu_seconds();
      const store::EntryList& list = batch_->rows(table);
      std::vector<const store::EntryHead*> rows;
      for (size_t i = 0; i < list.size(); ++i) rows.push_back(list[i]);
      if (rows.empty()) continue;
      const auto segment = sealer_->seal(
          std::move(rows),
          fmt::format("{}/{}-{:06}.parquet", folder_, store::table_name(table), number_));
      if (!segment) die(segment.error().message);
      (table == store::Table::Records ? record_bytes_ : call_bytes_) +=
          segment->bytes + segment->index_bytes;
      (table == store::Table::Records ? record_seconds_ : call_seconds_) += cpu_seconds() - before;
    }
    std::filesystem::remove(log_->path());
    open_log();
  }
  void report(double seconds) {
    const auto n = static_cast<double>(messages_);
    fmt::print(
        "{} messages, {} calls: {:.2f} us a message in all, {:.2f} us of it sealing them, {:.2f} "
        "us "
        "their calls\n",
        messages_, calls_, seconds / n * 1e6, record_seconds_ / n * 1e6, call_seconds_ / n * 1e6);
    fmt::print("{:.1f} octets a message, {:.1f} with calls\n",
               static_cast<double>(record_bytes_) / n,
               static_cast<double>(record_bytes_ + call_bytes_) / n);
  }
  void finish(Timestamp last) {
    weaver_.flush(last);
    batch_->append(as_bytes(entries_));
    entries_.clear();
    seal();
  }

 private:
  void open_log() {
    batch_ = std::make_unique<store::Batch>(++number_);
    auto log = store::LogWriter::create(fmt::format("{}/{:06}.log", folder_, number_), number_);
    if (!log) die(log.error().message);
    log_.emplace(std::move(*log));
  }
  std::string folder_;
  size_t rows_;
  weave::CallWeaver weaver_;
  std::unique_ptr<store::Sealer> sealer_;
  std::unique_ptr<store::Batch> batch_;
  std::optional<store::LogWriter> log_;
  std::string entries_;
  uint64_t messages_ = 0, calls_ = 0, number_ = 0, record_bytes_ = 0, call_bytes_ = 0;
  double record_seconds_ = 0, call_seconds_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) die("seal_bench CAPTURE FOLDER [LEVEL] [ROWS] [GROUP]");
  const auto number = [&](int i, int otherwise) {
    return argc > i ? std::atoi(argv[i]) : otherwise;
  };
  std::filesystem::create_directories(argv[2]);
  capture::OpenOptions open;
  open.files = {argv[1]};
  auto source = capture::open_source(open);
  if (!source) die(source.error().message);
  store::SealOptions seal;
  seal.zstd_level = number(3, 3);
  seal.row_group_rows = static_cast<uint32_t>(number(5, 16'384));
  Keeper keeper(argv[2], seal, static_cast<size_t>(number(4, 131'072)));
  const double before = cpu_seconds();
  pipeline::EngineOptions options;
  const auto result = pipeline::run(**source, keeper, options);
  if (!result) die(result.error().message);
  keeper.finish(result->counters.last);
  keeper.report(cpu_seconds() - before);
}
