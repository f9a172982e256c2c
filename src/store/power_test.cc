// Power cuts: whatever is done to a store, and wherever the power goes, what it finds again is what
// it had been given: of each log a prefix, all that was synced, nothing twice.
//
// What a disk may make of files that were not synced: the tail of a log is cut anywhere, or is
// zeros from there; files that were removed are there again; a rename is undone.
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "store/merge.h"
#include "store/test_rows.h"
#include "support/temp_folder.h"

namespace siploom::store {

using namespace test_rows;
namespace fs = std::filesystem;

namespace {

using Random = std::mt19937_64;

std::map<std::string, std::string> read_files(const std::string& folder) {
  std::map<std::string, std::string> out;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    std::ifstream in(file.path(), std::ios::binary);
    out[fs::relative(file.path(), folder).string()] = {std::istreambuf_iterator<char>(in), {}};
  }
  return out;
}

// What the disk is known to hold of a store, step by step.
class Model final {
 public:
  explicit Model(std::string folder) : folder_(std::move(folder)), before_(read_files(folder_)) {}

  void appended(uint64_t log, uint64_t first, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) rows_[log].push_back(first + i);
  }
  void synced() {
    for (const auto& [path, content] : read_files(folder_)) {
      if (path.starts_with("log/")) synced_bytes_[path] = content.size();
    }
    for (const auto& [log, rows] : rows_) synced_rows_[log] = rows.size();
  }
  // Sealed rows are on the disk, whatever becomes of their log.
  void sealed(uint64_t log) { synced_rows_[log] = rows_[log].size(); }
  // What was there before the next step.
  void step() { before_ = read_files(folder_); }

  // A folder as a power cut at this moment may leave it.
  void cut(const std::string& to, Random& random) const {
    auto files = read_files(folder_);
    for (auto& [path, content] : files) {
      if (path.starts_with("log/")) damage_tail(path, content, random);
    }
    // Names that were removed since, and not synced, may be there again.
    for (const auto& [path, content] : before_) {
      const bool data = path.starts_with("log/") || path.starts_with("segments/");
      if (data && files.find(path) == files.end() && random() % 2 == 0) files[path] = content;
    }
    for (const auto& [path, content] : files) {
      fs::create_directories(fs::path(to + "/" + path).parent_path());
      std::ofstream(to + "/" + path, std::ios::binary) << content;
    }
  }
  void check(const std::multiset<uint64_t>& found) const {
    size_t known = 0;
    for (const auto& [log, rows] : rows_) {
      size_t prefix = 0;
      while (prefix < rows.size() && found.count(rows[prefix]) == 1) ++prefix;
      size_t there = 0;
      for (const uint64_t row : rows) there += found.count(row);
      CHECK(there == prefix);  // a prefix, and each once
      const auto least = synced_rows_.find(log);
      CHECK(prefix >= (least == synced_rows_.end() ? 0 : least->second));
      known += there;
    }
    CHECK(known == found.size());
  }

 private:
  void damage_tail(const std::string& path, std::string& content, Random& random) const {
    const auto known = synced_bytes_.find(path);
    const size_t safe = known == synced_bytes_.end() ? 0 : known->second;
    if (content.size() <= safe) return;
    const size_t at = safe + random() % (content.size() - safe + 1);
    if (random() % 3 == 0) {  // the size was written and the octets were not
      std::fill(content.begin() + static_cast<ptrdiff_t>(at), content.end(), '\0');
    } else {
      content.resize(at);
    }
  }

  std::string folder_;
  std::map<std::string, std::string> before_;
  std::map<uint64_t, std::vector<uint64_t>> rows_;  // by log, in order
  std::map<std::string, size_t> synced_bytes_;
  std::map<uint64_t, size_t> synced_rows_;
};

class Play final {
 public:
  Play(const std::string& folder, uint64_t seed)
      : folder_(folder), random_(seed), store_(open_store(options_in(folder + "/store"))) {
    MergeOptions merge;
    merge.policy.min_inputs = 2;
    merge.on_step = [this](std::string_view) { cut(); };
    auto compaction = Compaction::open(*store_, merge);
    REQUIRE(compaction);
    compaction_ = std::move(*compaction);
    model_.emplace(store_->folder());
  }
  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      model_->step();
      switch (random_() % 8) {
        case 0:
          REQUIRE(store_->sync());
          model_->synced();
          break;
        case 1:
          rotate();
          break;
        case 2:
          seal();
          break;
        case 3:
          REQUIRE(compaction_->merge_once(std::atomic<bool>{false}));
          break;
        default:
          append(1 + random_() % 40);
      }
      cut();
    }
  }

 private:
  void append(uint64_t count) {
    const uint64_t first = store_->take_sequences(count);
    REQUIRE(store_->append(as_bytes(records(first, count))));
    model_->appended(log_, first, count);
    in_batch_ += count;
  }
  void rotate() {
    if (in_batch_ == 0) return;
    REQUIRE(store_->rotate(true));
    ++log_;
    in_batch_ = 0;
  }
  void seal() {
    const View view = store_->view();
    if (!store_->seal().value()) return;
    model_->sealed(view.parts.at(0).batch->log_number());
  }
  void cut() {
    const std::string copy = fmt::format("{}/cut-{}", folder_, cuts_++);
    model_->cut(copy, random_);
    for (int i = 0; i < (cuts_ % 4 == 0 ? 2 : 1); ++i) {  // recovery finds what recovery left
      const auto store = open_store(options_in(copy));
      model_->check(sequences_in(store->view()));
    }
    fs::remove_all(copy);
  }

  std::string folder_;
  Random random_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Compaction> compaction_;
  std::optional<Model> model_;
  uint64_t log_ = 1, in_batch_ = 0;
  int cuts_ = 0;
};

}  // namespace

TEST_CASE("wherever the power goes, everything synced is there and nothing twice") {
  for (const uint64_t seed : {1u, 2u}) {
    const test::TempFolder folder;
    Play(folder.path, seed).run(16);
  }
}

TEST_CASE("a rename of the manifest that was undone leaves the store as before the sealing") {
  const test::TempFolder folder;
  const std::string path = folder.path + "/store", copy = folder.path + "/copy";
  std::string manifest, log;
  {
    auto store = open_store(options_in(path));
    seal_records(*store, 100);
    REQUIRE(store->append(as_bytes(records(store->take_sequences(50), 50))));
    REQUIRE(store->rotate(true));
    const auto before = read_files(path);
    manifest = before.at("manifest");
    log = before.at("log/0000000002.log");
    REQUIRE(store->seal().value());
    fs::copy(path, copy, fs::copy_options::recursive);
  }
  std::ofstream(copy + "/manifest", std::ios::binary) << manifest;
  std::ofstream(copy + "/log/0000000002.log", std::ios::binary) << log;
  auto store = open_store(options_in(copy));
  CHECK(is_run(sequences_in(store->view()), 150));
  CHECK(store->recovery().orphans == 2);  // the segment and its side file
  REQUIRE(store->seal().value());
  CHECK(is_run(sequences_in(store->view()), 150));
}

}  // namespace siploom::store
