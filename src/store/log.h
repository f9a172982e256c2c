// Log: the write-ahead log. Every accepted row goes here before anybody counts on it. A file is a
// head and frames, each a length, a checksum and whole entries; a torn tail is cut off and told, a
// damage in the middle is passed over and told.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "store/entry.h"

namespace siploom::store {

// LOG_FORMAT: a head, twice, each in a block of 4,096 octets: "SLOG" u32 version(2) u64 number
// u64 salt u64 rows_before u64 xxh3(these 32 octets), zeros; then frames: "SLFR" u32 bytes
// u64 mark u64 xxh3(entries) entries. Little-endian; all begin at multiples of 8.
//
// The mark and the seed of a frame's checksum are made of the salt (random, of this file alone) and
// the place where the frame begins: behind a damage the next sound frame is found by them, and no
// message that was stored, nor what an older file left on the disk, can pass for one.
constexpr size_t kLogHeadBytes = 8192, kLogFrameBytes = 24;
constexpr uint32_t kLogVersion = 2;
constexpr size_t kMaxLogFrameBytes = size_t{64} << 20;

struct LogHead {
  uint64_t number = 0;
  uint64_t salt = 0;
  // Of the log before it, when this one was begun: what of them is missing was lost. 0: unknown.
  uint64_t rows_before = 0;
};
// What a frame that begins at octet `at` and has so many octets of entries is known by.
uint64_t frame_mark(const LogHead& head, uint64_t at, size_t bytes);
uint64_t frame_seed(const LogHead& head, uint64_t at);

// Puts a file's octets on the disk: ::fdatasync, or a test's own that fails like a disk.
using SyncCall = std::function<int(int fd)>;

class LogWriter final {
 public:
  // Makes the file (its folder is synced, so that the name outlives a power cut).
  static Result<LogWriter> create(const std::string& path, uint64_t number,
                                  uint64_t rows_before = 0);
  // Makes the file anew, of rows that stand elsewhere, and puts it in the place of the old one when
  // `sync_data` has put it on the disk: the old file's octets are not trusted any more.
  static Result<LogWriter> write_again(const std::string& path, const LogHead& old,
                                       std::span<const EntryHead* const> rows,
                                       const SyncCall& sync_data);
  LogWriter(LogWriter&& other) noexcept;
  LogWriter& operator=(LogWriter&& other) noexcept;
  ~LogWriter();

  // Whole entries, as frames of about a MiB. On an error (a full disk) the file is cut back to what
  // it held before: the entries may be given again.
  Result<void> append(ByteSpan entries) { return append({entries, {}}); }
  Result<void> append(const std::array<ByteSpan, 2>& parts);
  // A descriptor of its own for a thread that syncs while another appends; -1: failed.
  int duplicate() const;
  // Takes room on the disk for so many octets more; an error: there is none (LimitExceeded).
  Result<void> reserve(uint64_t octets);
  const LogHead& head() const { return head_; }
  uint64_t number() const { return head_.number; }
  uint64_t size() const { return size_; }
  // An append failed and could not be undone: the file ends in half a frame.
  bool is_broken() const { return broken_; }
  const std::string& path() const { return path_; }

 private:
  LogWriter() = default;
  Result<void> append_part(ByteSpan entries, uint64_t& at);
  std::string path_;
  int fd_ = -1;
  LogHead head_;
  uint64_t size_ = 0;
  bool broken_ = false;
};

struct LogReadResult {
  LogHead head;
  uint64_t entries = 0;
  uint64_t bytes_cut = 0;  // of a torn or damaged tail behind the last sound frame
  // Octets that are none of a log, with sound frames behind them (or where the head should be):
  // only a damaged disk makes these, or a power cut among what was not synced.
  uint64_t bytes_damaged = 0;
  std::string damage;  // where, for people; empty: there is none
};
// Gives each sound frame's entries in order (at addresses that are multiples of 8); what lies
// between is passed over and counted.
Result<LogReadResult> read_log(const std::string& path,
                               const std::function<void(ByteSpan entries)>& take);

}  // namespace siploom::store
