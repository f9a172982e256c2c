#include "store/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "store/files.h"
#include "store/ledger_sum.h"

namespace siploom::store {

namespace fs = std::filesystem;

namespace {

Result<std::shared_ptr<Manifest>> read_manifest(const std::string& folder) {
  const std::string path = manifest_path(folder);
  if (!fs::exists(path)) {
    if (fs::exists(folder + "/segments")) {
      return fail(ErrorCode::Malformed,
                  fmt::format("{} has segments but no manifest; `siploom store check --repair` "
                              "makes one from the files",
                              folder));
    }
    return std::make_shared<Manifest>();
  }
  const MappedFile file = SL_TRY(MappedFile::open(path));
  auto manifest = Manifest::parse(as_text(file.bytes()));
  if (!manifest) {
    return fail(manifest.error().code,
                fmt::format("{}: {}; `siploom store check --repair` makes a new one", path,
                            manifest.error().message));
  }
  return std::make_shared<Manifest>(std::move(*manifest));
}

// A manifest may be there although syncing its folder failed.
bool has_content(const std::string& path, std::string_view content) {
  const auto file = MappedFile::open(path);
  return file && as_text(file->bytes()) == content;
}

uint64_t last_sequence(const Batch& batch) {
  uint64_t last = 0;
  const EntryList& records = batch.rows(Table::Records);
  for (size_t i = 0; i < records.size(); ++i) {
    last = std::max(last, reinterpret_cast<const RecordHead*>(records[i])->sequence);
  }
  return last;
}

}  // namespace

std::string manifest_path(const std::string& folder) { return folder + "/manifest"; }
std::string log_path(const std::string& folder, uint64_t number) {
  return fmt::format("{}/log/{:010}.log", folder, number);
}

std::vector<uint64_t> logs_in(const std::string& folder) {
  std::vector<uint64_t> numbers;
  std::error_code code;
  for (const auto& file : fs::directory_iterator(folder + "/log", code)) {
    if (file.path().extension() != ".log") continue;
    const std::string stem = file.path().stem().string();
    if (const auto number = parse_number<uint64_t>(stem)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<int> lock_store(const std::string& folder) {
  const std::string lock = folder + "/lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return fail_errno("cannot open", lock);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char pid[32] = {};
    const ssize_t size = ::pread(fd, pid, sizeof pid - 1, 0);
    ::close(fd);
    return fail(ErrorCode::Io, fmt::format("the store {} is in use by process {}; stop it, or ask "
                                           "it with --server",
                                           folder, size > 0 ? pid : "?"));
  }
  // Who has it is good to know, and no more: a full disk takes no note of it.
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) == 0 && ::pwrite(fd, pid.data(), pid.size(), 0) < 0) errno = 0;
  return fd;
}

Store::~Store() {
  stop();
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  auto store = std::unique_ptr<Store>(new Store(options));
  SL_CHECK(options.clock != nullptr);
  if (!store->options_.sync_data) store->options_.sync_data = ::fdatasync;
  SL_TRY_VOID(make_folders(options.folder + "/log"));
  store->lock_fd_ = SL_TRY(lock_store(options.folder));
  DatabaseOptions database;
  database.memory_bytes = options.seal_memory_bytes;
  store->sealer_ = SL_TRY(Sealer::open(database, options.seal));
  SL_TRY_VOID(store->recover());
  return store;
}

Result<void> Store::recover() {
  const std::shared_ptr<Manifest> manifest = SL_TRY(read_manifest(options_.folder));
  manifest_ = manifest;
  published_.push_back({generation_, manifest_});
  next_segment_ = manifest->next_segment;
  next_sequence_ = manifest->next_sequence;
  next_log_ = manifest->sealed_log + 1;
  SL_TRY_VOID(make_folders(options_.folder + "/segments"));
  remove_orphans();
  SL_TRY_VOID(replay_logs());
  appended_sequence_ = flushed_sequence_ = next_sequence_;
  if (!fs::exists(manifest_path(options_.folder))) {
    SL_TRY_VOID(write_atomically(manifest_path(options_.folder), manifest->text()));
  }
  // On a full disk there is no log yet: what is kept can be searched, and the oldest of it removed.
  auto begun = begin_batch();
  if (begun || begun.error().code != ErrorCode::LimitExceeded) return begun;
  note_log(begun);
  return {};
}

Result<void> Store::replay_logs() {
  uint64_t last = 0, last_rows = 0;
  bool last_damaged = false;
  for (const uint64_t number : logs_in(options_.folder)) {
    const std::string path = log_path(options_.folder, number);
    next_log_ = std::max(next_log_, number + 1);
    if (number <= manifest_->sealed_log) {  // the power went before it was removed
      std::error_code code;
      fs::remove(path, code);
      continue;
    }
    auto batch = std::make_shared<Batch>(number, blocks_);
    const LogReadResult read =
        SL_TRY(read_log(path, [&](ByteSpan entries) { batch->append(entries); }));
    // After a kill its last second may be in memory only, and nobody writes to it any more.
    if (!sync_file(path)) distrusted_.insert(number);
    ++recovery_.logs;
    recovery_.rows += read.entries;
    recovery_.cut_bytes += read.bytes_cut;
    if (number == last + 1 && read.head.rows_before > last_rows) {
      const uint64_t lost = read.head.rows_before - last_rows;
      recovery_.lost_rows += lost;
      if (last_damaged) recovery_.damaged.back().rows = lost;
    }
    last = number;
    last_rows = read.entries;
    last_damaged = read.bytes_damaged != 0;
    if (last_damaged) {
      const std::string below = path.substr(options_.folder.size() + 1);
      recovery_.damaged.push_back({below, read.damage, 0, kNoTime, kNoTime});
    }
    next_sequence_ = std::max(next_sequence_, last_sequence(*batch) + 1);
    waiting_.push_back(std::move(batch));
  }
  return {};
}

// What a sealing or merging that did not end has left.
void Store::remove_orphans() {
  std::set<std::string> known;
  for (const Segment& segment : manifest_->segments) known.insert(segment.path);
  std::error_code code;
  std::vector<fs::path> orphans;
  for (const auto& file : fs::recursive_directory_iterator(options_.folder + "/segments", code)) {
    if (!file.is_regular_file(code)) continue;
    std::string path = fs::relative(file.path(), options_.folder, code).string();
    if (path.ends_with(".idx")) path.resize(path.size() - 4);
    if (known.find(path) == known.end()) orphans.push_back(file.path());
  }
  for (const auto& file : fs::directory_iterator(options_.folder + "/log", code)) {
    if (file.path().extension() == ".new") orphans.push_back(file.path());  // see write_again()
  }
  for (const fs::path& path : orphans) {
    if (fs::remove(path, code)) ++recovery_.orphans;
  }
}

Result<void> Store::begin_batch() {
  uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = next_log_;
  }
  const uint64_t rows = active_ == nullptr ? 0 : active_->row_count();
  auto log = SL_TRY(LogWriter::create(log_path(options_.folder, number), number, rows));
  const std::lock_guard lock(mutex_);
  ++next_log_;
  if (log_) unsynced_.push_back(std::move(*log_));
  log_.emplace(std::move(log));
  if (active_ != nullptr) waiting_.push_back(std::move(active_));
  active_ = std::make_shared<Batch>(number, blocks_);
  batch_began_ = kNoTime;
  changed_.notify_all();
  return {};
}

void Store::note_log(const Result<void>& done) {
  const std::lock_guard lock(mutex_);
  if (done) {
    log_trouble_.reset();
  } else {
    log_trouble_ = done.error();
  }
  changed_.notify_all();
}

void Store::note_sealing(const Error* error) {
  const std::lock_guard lock(mutex_);
  if (error == nullptr) {
    seal_trouble_.reset();
  } else {
    seal_trouble_ = *error;
  }
  changed_.notify_all();
}

// When the disk was full at the start.
Result<void> Store::begin_first_batch() {
  if (log_) return {};
  const Result<void> begun = begin_batch();
  note_log(begun);
  return begun;
}

Result<void> Store::refuse_on_distrust() const {
  const std::lock_guard lock(mutex_);
  if (distrusted_.empty()) return {};
  return tl::unexpected<Error>(
      log_trouble_.value_or(Error{ErrorCode::Io, "the log is being written again"}));
}

Result<void> Store::append(const std::array<ByteSpan, 2>& entries) {
  const size_t octets = entries[0].size() + entries[1].size();
  if (octets == 0) return {};
  const std::lock_guard writer(writer_mutex_);
  SL_TRY_VOID(begin_first_batch());
  SL_TRY_VOID(refuse_on_distrust());
  const bool full = active_->rows(Table::Records).size() >= options_.seal_rows ||
                    active_->bytes() + octets > options_.seal_bytes;
  if (full && !active_->is_empty()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] {
        return waiting_.size() < options_.most_waiting || stopping_ || seal_trouble_.has_value() ||
               !distrusted_.empty();
      });
      if (waiting_.size() >= options_.most_waiting && seal_trouble_) {
        return fail(ErrorCode::LimitExceeded, seal_trouble_->message);
      }
    }
    SL_TRY_VOID(refuse_on_distrust());
    if (auto begun = begin_batch(); !begun) {
      refused_bytes_ = entries.size();
      note_log(begun);
      return begun;
    }
  }
  const Result<void> logged = log_->append(entries);
  if (!logged || state() != StoreState::Good) note_log(logged);
  if (log_->is_broken()) distrust(log_->number());
  if (!logged) {
    refused_bytes_ = octets;
    return logged;
  }
  for (const ByteSpan part : entries) {
    if (!part.empty() && active_->append(part).empty()) {
      return fail(ErrorCode::LimitExceeded, "a batch of the store is full");
    }
  }
  if (!is_known(batch_began_)) batch_began_ = options_.clock();
  // Whoever takes numbers appends what has them before it takes more.
  const std::lock_guard lock(mutex_);
  appended_sequence_ = next_sequence_;
  return {};
}

uint64_t Store::take_sequences(uint64_t count) {
  const std::lock_guard lock(mutex_);
  const uint64_t first = next_sequence_;
  next_sequence_ += count;
  return first;
}

uint64_t Store::flushed_sequence() const {
  const std::lock_guard lock(mutex_);
  return flushed_sequence_;
}

Result<void> Store::rotate(bool now) {
  blocks_->trim();
  const std::lock_guard writer(writer_mutex_);
  if (!log_) {  // told by state(), and tried again
    static_cast<void>(begin_first_batch());
    return {};
  }
  if (active_->is_empty()) return {};
  const bool old = is_known(batch_began_) && options_.clock() - batch_began_ >= options_.seal_age;
  if (!now && !old) return {};
  return begin_batch();
}

void Store::wait_for_work(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return !waiting_.empty() || stopping_; });
}

void Store::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

std::pair<uint64_t, std::string> Store::new_segment_path(Shelf shelf) {
  uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = next_segment_++;
  }
  // By the hour of writing, never by the rows' own time: clocks that lie make no folders.
  const CivilTime c = to_civil(options_.clock());
  return {number, fmt::format("segments/{:04}-{:02}-{:02}/{:02}/{}-{:010}.parquet", c.year, c.month,
                              c.day, c.hour, shelf_name(shelf), number)};
}

Result<std::vector<Segment>> Store::seal_batch(const Batch& batch) {
  std::array<std::vector<const EntryHead*>, static_cast<size_t>(Shelf::kCount)> shelves;
  for (const Table table : {Table::Records, Table::Calls, Table::Streams, Table::Ledger}) {
    const EntryList& list = batch.rows(table);
    for (size_t i = 0; i < list.size(); ++i) {
      shelves[static_cast<size_t>(shelf_of(*list[i]))].push_back(list[i]);
    }
  }
  std::vector<Segment> segments;
  for (size_t i = 0; i < shelves.size(); ++i) {
    if (shelves[i].empty()) continue;
    const auto shelf = static_cast<Shelf>(i);
    std::string sums;
    if (shelf == Shelf::Ledger) {
      sums = sum_ledger(shelves[i]);
      shelves[i].clear();
      for_each_entry(as_bytes(sums), [&](ByteSpan entry) {
        shelves[i].push_back(reinterpret_cast<const EntryHead*>(entry.data()));
      });
    }
    const auto [number, path] = new_segment_path(shelf);
    const std::string whole = options_.folder + "/" + path;
    Result<Segment> segment = fail(ErrorCode::Io, "");
    auto folder = make_folders(fs::path(whole).parent_path().string());
    if (folder) {
      segment = sealer_->seal(std::move(shelves[i]), whole);
    } else {
      segment = tl::unexpected<Error>(folder.error());
    }
    if (!segment) {
      remove_files(segments);
      return tl::unexpected<Error>(segment.error());
    }
    segment->number = number;
    segment->shelf = shelf;
    segment->path = path;
    segments.push_back(std::move(*segment));
  }
  return segments;
}

void Store::remove_files(const std::vector<Segment>& segments) const {
  std::error_code code;
  for (const Segment& segment : segments) {
    fs::remove(options_.folder + "/" + segment.path, code);
    fs::remove(options_.folder + "/" + segment.path + ".idx", code);
  }
}

Result<std::optional<Damage>> Store::keep_damaged_log(uint64_t log_number) {
  for (const Damage& known : recovery_.damaged) {
    if (options_.folder + "/" + known.path != log_path(options_.folder, log_number)) continue;
    Damage damage = known;
    damage.path = SL_TRY(set_aside(options_.folder, known.path));
    return damage;
  }
  return std::optional<Damage>();
}

Result<void> Store::publish(Manifest& next, uint64_t sealed_log) {
  auto damage = SL_TRY(keep_damaged_log(sealed_log));
  if (damage) next.damaged.push_back(std::move(*damage));
  return write_atomically(manifest_path(options_.folder), next.text());
}

Result<bool> Store::seal() {
  const std::lock_guard one(seal_mutex_);
  std::shared_ptr<Batch> batch;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return false;
    batch = waiting_.front();
  }
  const auto began = std::chrono::steady_clock::now();
  auto segments = seal_batch(*batch);
  const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - began;
  time_sealing_.fetch_add(took.count(), std::memory_order_relaxed);
  if (!segments) {
    note_sealing(&segments.error());
    return tl::unexpected<Error>(segments.error());
  }
  const std::lock_guard publisher(publish_mutex_);
  Manifest next;
  {
    const std::lock_guard lock(mutex_);
    next = *manifest_;
    next.next_segment = next_segment_;
  }
  next.sealed_log = std::max(next.sealed_log, batch->log_number());
  next.next_sequence = std::max(next.next_sequence, last_sequence(*batch) + 1);
  const size_t sealed = segments->size();
  for (Segment& segment : *segments) next.segments.push_back(std::move(segment));
  auto published = publish(next, batch->log_number());
  if (!published) {
    // Else every attempt would leave its files on a disk that is full already.
    if (!has_content(manifest_path(options_.folder), next.text())) {
      remove_files({next.segments.end() - static_cast<ptrdiff_t>(sealed), next.segments.end()});
    }
    note_sealing(&published.error());
    return tl::unexpected<Error>(published.error());
  }
  adopt(std::move(next), {}, batch.get());
  note_sealing(nullptr);
  std::error_code code;
  fs::remove(log_path(options_.folder, batch->log_number()), code);
  return true;
}

Result<void> Store::replace(const std::vector<uint64_t>& removed, std::vector<Segment> added,
                            const std::vector<Damage>& damaged) {
  const std::lock_guard publisher(publish_mutex_);
  Manifest next;
  {
    const std::lock_guard lock(mutex_);
    next = *manifest_;
    next.next_segment = next_segment_;
  }
  std::vector<std::string> gone;
  std::erase_if(next.segments, [&](const Segment& segment) {
    if (std::find(removed.begin(), removed.end(), segment.number) == removed.end()) return false;
    gone.push_back(segment.path);
    return true;
  });
  if (gone.size() != removed.size()) {
    return fail(ErrorCode::NotFound, "a segment to be replaced is not there any more");
  }
  for (Segment& segment : added) next.segments.push_back(std::move(segment));
  next.damaged.insert(next.damaged.end(), damaged.begin(), damaged.end());
  SL_TRY_VOID(write_atomically(manifest_path(options_.folder), next.text()));
  adopt(std::move(next), std::move(gone));
  return {};
}

// Makes `manifest` the one that new Views take, in which the rows of `sealed` are: no View has them
// twice. What `gone` names is removed when no View can know it any more.
void Store::adopt(Manifest manifest, std::vector<std::string> gone, const Batch* sealed) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [&](const auto& batch) { return batch.get() == sealed; });
    if (sealed != nullptr) {
      distrusted_.erase(sealed->log_number());
      std::erase_if(unsynced_,
                    [&](const LogWriter& log) { return log.number() == sealed->log_number(); });
    }
    for (std::string& path : gone) condemned_.push_back({generation_, std::move(path)});
    manifest_ = std::make_shared<const Manifest>(std::move(manifest));
    published_.push_back({++generation_, manifest_});
  }
  sweep();
}

void Store::sweep() {
  std::vector<std::string> gone;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(published_, [](const Published& p) { return p.manifest.expired(); });
    const uint64_t oldest = published_.empty() ? generation_ : published_.front().generation;
    std::erase_if(condemned_, [&](Condemned& each) {
      if (each.until >= oldest) return false;
      gone.push_back(std::move(each.path));
      return true;
    });
  }
  std::error_code code;
  for (const std::string& path : gone) {
    fs::remove(options_.folder + "/" + path, code);
    fs::remove(options_.folder + "/" + path + ".idx", code);
  }
}

uint64_t Store::condemned_bytes() const {
  std::vector<std::string> paths;
  {
    const std::lock_guard lock(mutex_);
    for (const Condemned& each : condemned_) paths.push_back(options_.folder + "/" + each.path);
  }
  uint64_t sum = 0;
  for (const std::string& path : paths) {
    std::error_code code;
    const auto size = fs::file_size(path, code);
    if (!code) sum += size;
  }
  return sum;
}

View Store::view() const {
  View view;
  view.folder = options_.folder;
  const std::lock_guard lock(mutex_);
  view.manifest = manifest_;
  const auto add = [&](const std::shared_ptr<Batch>& batch) {
    View::Part part{batch, {}};
    for (const Table table : {Table::Records, Table::Calls, Table::Streams, Table::Ledger}) {
      part.counts[static_cast<size_t>(table) - 1] = batch->rows(table).size();
    }
    view.parts.push_back(std::move(part));
  };
  for (const auto& batch : waiting_) add(batch);
  if (active_ != nullptr) add(active_);
  return view;
}

StoreState Store::state() const {
  const std::lock_guard lock(mutex_);
  const auto& trouble = log_trouble_ ? log_trouble_ : seal_trouble_;
  if (!trouble) return StoreState::Good;
  return trouble->code == ErrorCode::LimitExceeded ? StoreState::Full : StoreState::Failed;
}
std::string Store::state_text() const {
  const std::lock_guard lock(mutex_);
  const auto& trouble = log_trouble_ ? log_trouble_ : seal_trouble_;
  return trouble ? trouble->message : std::string();
}

size_t Store::memory_bytes() const {
  const std::lock_guard lock(mutex_);
  size_t sum = active_ == nullptr ? 0 : active_->bytes();
  for (const auto& batch : waiting_) sum += batch->bytes();
  return sum;
}

Result<View> Store::read(const std::string& folder) {
  if (!fs::exists(manifest_path(folder))) {
    return fail(ErrorCode::NotFound,
                fmt::format("{} is no store of siploom (no manifest)", folder));
  }
  // The writer may seal or remove between two of our steps: then from the start. A log that was
  // sealed meanwhile is not there to be missed: only the manifest tells.
  Result<View> view = fail(ErrorCode::Io, "");
  for (int attempt = 0; attempt < 5; ++attempt) {
    View made;
    made.folder = folder;
    made.manifest = SL_TRY(read_manifest(folder));
    bool whole = true;
    for (const uint64_t number : logs_in(folder)) {
      if (number <= made.manifest->sealed_log) continue;
      auto batch = std::make_shared<Batch>(number);
      auto read =
          read_log(log_path(folder, number), [&](ByteSpan entries) { batch->append(entries); });
      if (!read) {
        whole = false;
        view = tl::unexpected<Error>(read.error());
        break;
      }
      View::Part part{batch, {}};
      for (const Table table : {Table::Records, Table::Calls, Table::Streams, Table::Ledger}) {
        part.counts[static_cast<size_t>(table) - 1] = batch->rows(table).size();
      }
      made.parts.push_back(std::move(part));
    }
    if (!whole) continue;
    // A log that was sealed and removed before it was looked for is in no segment of `made`.
    const std::shared_ptr<Manifest> after = SL_TRY(read_manifest(folder));
    if (after->sealed_log == made.manifest->sealed_log) return made;
    view = fail(ErrorCode::Io, fmt::format("{} changes faster than it can be read", folder));
  }
  return view;
}

}  // namespace siploom::store
