// Log: the write-ahead log. Every accepted row goes here before anybody counts on it. A file is a
// head and frames, each a length, a checksum and whole entries; a torn tail is cut off and told.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include <sys/uio.h>

#include "base/bytes.h"
#include "base/result.h"

namespace siploom::store {

// LOG_FORMAT: "SLOG" u32 version(1) u64 number, then frames: "SLFR" u32 bytes u64 xxh3(bytes)
// entries. Little-endian.
constexpr size_t kLogHeadBytes = 16, kLogFrameBytes = 16;
constexpr size_t kMaxLogFrameBytes = size_t{64} << 20;

class LogWriter final {
 public:
  // Makes the file (its folder is synced, so that the name outlives a power cut).
  static Result<LogWriter> create(const std::string& path, uint64_t number);
  LogWriter(LogWriter&& other) noexcept;
  LogWriter& operator=(LogWriter&& other) noexcept;
  ~LogWriter();

  // A frame of whole entries from each part that is not empty. On an error (a full disk) the file
  // is cut back to what it held before: the entries may be given again.
  Result<void> append(const std::array<ByteSpan, 2>& parts);
  Result<void> append(ByteSpan entries) { return append({entries, {}}); }
  // Waits until everything appended is on the disk.
  Result<void> sync();
  // A descriptor of its own for a thread that syncs while another appends; -1: failed.
  int duplicate() const;
  uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  LogWriter() = default;
  Result<void> write_all(std::span<iovec> pieces);
  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;
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
