// Log: the write-ahead log. Every accepted row goes here before anybody counts on it. A file is a
// head and frames, each a length, a checksum and whole entries; a torn tail is cut off and told.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "store/entry.h"

namespace siploom::store {

// LOG_FORMAT: "SLOG" u32 version(1) u64 number, then frames: "SLFR" u32 bytes u64 xxh3(bytes)
// entries. Little-endian.
constexpr size_t kLogHeadBytes = 16, kLogFrameBytes = 16;
constexpr size_t kMaxLogFrameBytes = size_t{64} << 20;

// Puts a file's octets on the disk: ::fdatasync, or a test's own that fails like a disk.
using SyncCall = std::function<int(int fd)>;

class LogWriter final {
 public:
  // Makes the file (its folder is synced, so that the name outlives a power cut).
  static Result<LogWriter> create(const std::string& path, uint64_t number);
  // Makes the file anew, of rows that stand elsewhere, and puts it in the place of the old one when
  // `sync_data` has put it on the disk: the old file's octets are not trusted any more.
  static Result<LogWriter> write_again(const std::string& path, uint64_t number,
                                       std::span<const EntryHead* const> rows,
                                       const SyncCall& sync_data);
  LogWriter(LogWriter&& other) noexcept;
  LogWriter& operator=(LogWriter&& other) noexcept;
  ~LogWriter();

  // One frame of whole entries. On an error (a full disk) the file is cut back to what it held
  // before: the entries may be given again.
  Result<void> append(ByteSpan entries);
  // A descriptor of its own for a thread that syncs while another appends; -1: failed.
  int duplicate() const;
  // Takes room on the disk for so many octets more; an error: there is none (LimitExceeded).
  Result<void> reserve(uint64_t octets);
  uint64_t number() const { return number_; }
  uint64_t size() const { return size_; }
  // An append failed and could not be undone: the file ends in half a frame.
  bool is_broken() const { return broken_; }
  const std::string& path() const { return path_; }

 private:
  LogWriter() = default;
  std::string path_;
  int fd_ = -1;
  uint64_t number_ = 0, size_ = 0;
  bool broken_ = false;
};

struct LogReadResult {
  uint64_t number = 0;
  uint64_t bytes_read = 0;  // up to the end of the last whole frame
  uint64_t bytes_cut = 0;   // of a torn or damaged tail behind it
  uint64_t entries = 0;
};
// Gives each frame's entries in order. A tail that is torn or does not have its checksum ends the
// reading, and is counted.
Result<LogReadResult> read_log(const std::string& path,
                               const std::function<void(ByteSpan entries)>& take);

}  // namespace siploom::store
