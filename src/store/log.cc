#include "store/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "store/batch.h"
#include "store/files.h"

namespace siploom::store {

namespace {

constexpr std::string_view kLogMagic = "SLOG", kFrameMagic = "SLFR";
constexpr uint32_t kLogVersion = 1;
constexpr uint64_t kLogHashSeed = 0;  // part of the format
constexpr size_t kFrameWrittenAgain = size_t{1} << 20;

void put(std::string& out, const void* bytes, size_t size) {
  out.append(static_cast<const char*>(bytes), size);
}

std::string log_head(uint64_t number) {
  std::string head(kLogMagic);
  put(head, &kLogVersion, sizeof kLogVersion);
  put(head, &number, sizeof number);
  return head;
}

}  // namespace

LogWriter::LogWriter(LogWriter&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      number_(other.number_),
      size_(other.size_),
      broken_(other.broken_) {}
LogWriter& LogWriter::operator=(LogWriter&& other) noexcept {
  if (fd_ >= 0) ::close(fd_);
  path_ = std::move(other.path_);
  fd_ = std::exchange(other.fd_, -1);
  number_ = other.number_;
  size_ = other.size_;
  broken_ = other.broken_;
  return *this;
}
LogWriter::~LogWriter() {
  if (fd_ >= 0) ::close(fd_);
}

Result<LogWriter> LogWriter::create(const std::string& path, uint64_t number) {
  LogWriter log;
  log.path_ = path;
  log.number_ = number;
  log.fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0640);
  if (log.fd_ < 0) return fail_errno("cannot make the log", path);
  const std::string head = log_head(number);
  if (::write(log.fd_, head.data(), head.size()) != static_cast<ssize_t>(head.size())) {
    auto error = fail_errno("cannot write the log", path);
    ::unlink(path.c_str());
    return error;
  }
  log.size_ = head.size();
  if (auto synced = sync_folder_of(path); !synced) {
    ::unlink(path.c_str());  // else it would be in the way of the next attempt
    return tl::unexpected<Error>(synced.error());
  }
  return log;
}

Result<void> LogWriter::append(ByteSpan entries) {
  std::string head(kFrameMagic);
  const auto length = static_cast<uint32_t>(entries.size());
  const uint64_t hash = hash_bytes(entries, kLogHashSeed);
  put(head, &length, sizeof length);
  put(head, &hash, sizeof hash);
  std::array<iovec, 2> parts = {iovec{head.data(), head.size()},
                                iovec{const_cast<uint8_t*>(entries.data()), entries.size()}};
  const size_t wanted = head.size() + entries.size();
  size_t done = 0;
  while (done < wanted) {
    const ssize_t n = ::writev(fd_, parts.data(), parts.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int why = errno;
      // Half a frame would hide those behind it.
      if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
        broken_ = true;
        return fail(ErrorCode::Io,
                    fmt::format("cannot cut back the log {}: {}", path_, std::strerror(errno)));
      }
      errno = why;
      return fail_errno("cannot write the log", path_);
    }
    done += static_cast<size_t>(n);
    auto left = static_cast<size_t>(n);
    for (iovec& part : parts) {
      const size_t step = std::min(left, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + step;
      part.iov_len -= step;
      left -= step;
    }
  }
  size_ += wanted;
  return {};
}

Result<LogWriter> LogWriter::write_again(const std::string& path, uint64_t number,
                                         std::span<const EntryHead* const> rows,
                                         const SyncCall& sync_data) {
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());
  LogWriter log = SL_TRY(create(beside, number));
  const auto write = [&]() -> Result<void> {
    std::string frame;
    for (const EntryHead* row : rows) {
      frame.append(reinterpret_cast<const char*>(row), row->size);
      if (frame.size() < kFrameWrittenAgain) continue;
      SL_TRY_VOID(log.append(as_bytes(frame)));
      frame.clear();
    }
    if (!frame.empty()) SL_TRY_VOID(log.append(as_bytes(frame)));
    if (sync_data(log.fd_) != 0) return fail_errno("cannot sync the log", beside);
    return rename_synced(beside, path);
  };
  if (auto written = write(); !written) {
    ::unlink(beside.c_str());
    return tl::unexpected<Error>(written.error());
  }
  log.path_ = path;
  return log;
}

int LogWriter::duplicate() const { return ::dup(fd_); }

Result<void> LogWriter::reserve(uint64_t octets) {
  if (::fallocate(fd_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size_),
                  static_cast<off_t>(octets)) == 0) {
    return {};
  }
  // Where room cannot be taken beforehand the next append tells.
  if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR) return {};
  return fail_errno("cannot write the log", path_);
}

Result<LogReadResult> read_log(const std::string& path,
                               const std::function<void(ByteSpan entries)>& take) {
  const MappedFile file = SL_TRY(MappedFile::open(path));
  const ByteSpan bytes = file.bytes();
  LogReadResult result;
  if (bytes.size() < kLogHeadBytes || as_text(bytes.first(4)) != kLogMagic) {
    // The power went while the head was being written: nothing was accepted into it.
    result.bytes_cut = bytes.size();
    return result;
  }
  if (const uint32_t version = load_le32(&bytes[4]); version != kLogVersion) {
    return fail(ErrorCode::Unsupported,
                fmt::format("{}: log of version {}, this siploom knows {}; use the newer program",
                            path, version, kLogVersion));
  }
  result.number = load_le64(&bytes[8]);
  size_t at = kLogHeadBytes;
  while (at < bytes.size()) {
    const ByteSpan rest = bytes.subspan(at);
    if (rest.size() < kLogFrameBytes || as_text(rest.first(4)) != kFrameMagic) break;
    const size_t length = load_le32(&rest[4]);
    if (length > kMaxLogFrameBytes || length > rest.size() - kLogFrameBytes) break;
    const ByteSpan entries = rest.subspan(kLogFrameBytes, length);
    if (hash_bytes(entries, kLogHashSeed) != load_le64(&rest[8])) break;
    uint64_t count = 0;
    const size_t sound = for_each_entry(entries, [&](ByteSpan) { ++count; });
    if (sound != entries.size()) break;
    if (!entries.empty()) take(entries);
    result.entries += count;
    at += kLogFrameBytes + length;
  }
  result.bytes_read = at;
  result.bytes_cut = bytes.size() - at;
  return result;
}

}  // namespace siploom::store
