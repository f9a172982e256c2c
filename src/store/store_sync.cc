// How a store's logs get onto the disk, and what is done when the disk refuses them.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "store/files.h"
#include "store/store.h"

namespace siploom::store {

Result<void> Store::sync() {
  const std::lock_guard one(sync_mutex_);
  Result<void> done = write_distrusted_again();
  if (done) done = sync_logs();
  if (!done) {
    note_log(done);
    return done;
  }
  look_for_room();
  return {};
}

// Oldest first: no log is on the disk for sure before those that came before it.
Result<void> Store::sync_logs() {
  struct Open {
    uint64_t number = 0;
    int fd = -1;
  };
  std::vector<Open> logs;
  uint64_t sequence = 0;
  size_t complete = 0;
  {
    // A log may be rotated or sealed away meanwhile: a descriptor of our own keeps it. Whoever
    // appends may wait for a sealing now, which must not keep us from it: so without its mutex.
    const std::lock_guard lock(mutex_);
    for (const LogWriter& log : unsynced_) logs.push_back({log.number(), log.duplicate()});
    complete = logs.size();
    if (log_) logs.push_back({log_->number(), log_->duplicate()});
    sequence = appended_sequence_;
  }
  Result<void> done;
  std::vector<uint64_t> synced;
  for (size_t i = 0; i < logs.size(); ++i) {
    const auto& [number, fd] = logs[i];
    if (done && fd < 0) done = fail_errno("cannot sync the log of", folder());
    if (done && options_.sync_data(fd) != 0) {
      done = fail_errno("cannot sync the log of", folder());
      distrust(number);
    }
    if (fd >= 0) ::close(fd);
    if (done && i < complete) synced.push_back(number);
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(unsynced_, [&](const LogWriter& log) {
    return std::find(synced.begin(), synced.end(), log.number()) != synced.end();
  });
  if (done) flushed_sequence_ = std::max(flushed_sequence_, sequence);
  return done;
}

void Store::distrust(uint64_t log_number) {
  const std::lock_guard lock(mutex_);
  distrusted_.insert(log_number);
  changed_.notify_all();
}

std::shared_ptr<const Batch> Store::find_batch(uint64_t log_number) const {
  if (active_ != nullptr && active_->log_number() == log_number) return active_;
  for (const auto& batch : waiting_) {
    if (batch->log_number() == log_number) return batch;
  }
  return nullptr;
}

Result<void> Store::write_distrusted_again() {
  while (true) {
    std::shared_ptr<const Batch> batch;
    LogHead old;
    {
      const std::lock_guard lock(mutex_);
      if (distrusted_.empty()) return {};
    }
    {
      // Whoever was appending has ended, and nobody begins: the rows stand still.
      const std::lock_guard writer(writer_mutex_);
      const std::lock_guard lock(mutex_);
      if (distrusted_.empty()) return {};  // sealed while we waited
      const uint64_t number = *distrusted_.begin();
      batch = find_batch(number);
      if (batch == nullptr) {
        distrusted_.erase(number);
        continue;
      }
      if (log_ && log_->number() == number) old = log_->head();
      for (const LogWriter& log : unsynced_) {
        if (log.number() == number) old = log.head();
      }
      old.number = number;
    }
    std::vector<const EntryHead*> rows;
    for (const Table table : {Table::Records, Table::Calls, Table::Streams, Table::Ledger}) {
      const EntryList& list = batch->rows(table);
      for (size_t i = 0; i < list.size(); ++i) rows.push_back(list[i]);
    }
    const uint64_t number = batch->log_number();
    const std::string path = log_path(folder(), number);
    LogWriter log = SL_TRY(LogWriter::write_again(path, old, rows, options_.sync_data));
    const std::lock_guard writer(writer_mutex_);
    const std::lock_guard lock(mutex_);
    distrusted_.erase(number);
    std::erase_if(unsynced_, [&](const LogWriter& each) { return each.number() == number; });
    if (log_ && log_->number() == number) log_.emplace(std::move(log));
    // Sealed meanwhile, and its log removed before we put it there again.
    if (find_batch(number) == nullptr) ::unlink(path.c_str());
  }
}

// When an append found the disk full nobody may append again until the state is good: so that is
// found out here, by taking the room that was missing.
void Store::look_for_room() {
  {
    const std::lock_guard lock(mutex_);
    if (!log_trouble_) return;
  }
  const std::unique_lock writer(writer_mutex_, std::try_to_lock);
  if (!writer || !log_) return;  // an append, or rotate(), tries
  note_log(log_->reserve(std::max<uint64_t>(1, refused_bytes_)));
}

}  // namespace siploom::store
