#include "store/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "store/files.h"

namespace siploom::store {

namespace {

constexpr size_t kFrameTarget = size_t{1} << 20;  // what one damage may cost

void put_octets(std::string& out, const void* bytes, size_t size) {
  out.append(static_cast<const char*>(bytes), size);
}

std::string head_text(const LogHead& head) {
  std::string block("SLOG");
  put_octets(block, &kLogVersion, sizeof kLogVersion);
  put_octets(block, &head.number, sizeof head.number);
  put_octets(block, &head.salt, sizeof head.salt);
  put_octets(block, &head.rows_before, sizeof head.rows_before);
  const uint64_t sum = hash_text(block, 0);
  put_octets(block, &sum, sizeof sum);
  block.resize(kLogHeadBytes / 2);
  return block + block;
}

uint64_t random_salt(uint64_t number) {
  uint64_t salt = 0;
  if (::getrandom(&salt, sizeof salt, 0) == static_cast<ssize_t>(sizeof salt)) return salt;
  return mix(hash_seed(), number);
}

// Octets of the first whole entries of `entries` that are a frame's worth.
size_t frame_size(ByteSpan entries) {
  if (entries.size() <= kFrameTarget) return entries.size();
  size_t at = 0;
  while (at < kFrameTarget) at += load_le32(&entries[at]);
  return std::min(at, entries.size());
}

// False: errno says why.
bool write_whole(int fd, std::array<iovec, 2> parts) {
  while (parts[0].iov_len + parts[1].iov_len != 0) {
    const ssize_t n = ::writev(fd, parts.data(), parts.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    auto left = static_cast<size_t>(n);
    for (iovec& part : parts) {
      const size_t step = std::min(left, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + step;
      part.iov_len -= step;
      left -= step;
    }
  }
  return true;
}

}  // namespace

uint64_t frame_mark(const LogHead& head, uint64_t at, size_t bytes) {
  return mix(mix(head.salt, at), bytes);
}
uint64_t frame_seed(const LogHead& head, uint64_t at) { return mix(at, head.salt); }

LogWriter::LogWriter(LogWriter&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      head_(other.head_),
      size_(other.size_),
      broken_(other.broken_) {}
LogWriter& LogWriter::operator=(LogWriter&& other) noexcept {
  if (fd_ >= 0) ::close(fd_);
  path_ = std::move(other.path_);
  fd_ = std::exchange(other.fd_, -1);
  head_ = other.head_;
  size_ = other.size_;
  broken_ = other.broken_;
  return *this;
}
LogWriter::~LogWriter() {
  if (fd_ >= 0) ::close(fd_);
}

Result<LogWriter> LogWriter::create(const std::string& path, uint64_t number,
                                    uint64_t rows_before) {
  LogWriter log;
  log.path_ = path;
  log.head_ = {number, random_salt(number), rows_before};
  log.fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0640);
  if (log.fd_ < 0) return fail_errno("cannot make the log", path);
  std::string head = head_text(log.head_);
  if (!write_whole(log.fd_, {iovec{head.data(), head.size()}, iovec{}})) {
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

Result<void> LogWriter::append(const std::array<ByteSpan, 2>& parts) {
  uint64_t at = size_;
  for (const ByteSpan part : parts) SL_TRY_VOID(append_part(part, at));
  size_ = at;
  return {};
}

Result<void> LogWriter::append_part(ByteSpan entries, uint64_t& at) {
  while (!entries.empty()) {
    const ByteSpan frame = entries.first(frame_size(entries));
    std::string head("SLFR");
    const auto length = static_cast<uint32_t>(frame.size());
    const uint64_t mark = frame_mark(head_, at, frame.size());
    const uint64_t hash = hash_bytes(frame, frame_seed(head_, at));
    put_octets(head, &length, sizeof length);
    put_octets(head, &mark, sizeof mark);
    put_octets(head, &hash, sizeof hash);
    if (!write_whole(fd_, {iovec{head.data(), head.size()},
                           iovec{const_cast<uint8_t*>(frame.data()), frame.size()}})) {
      const int why = errno;
      // All or nothing, and no half frame that the next one would stand behind.
      if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
        broken_ = true;
        return fail(ErrorCode::Io,
                    fmt::format("cannot cut back the log {}: {}", path_, std::strerror(errno)));
      }
      errno = why;
      return fail_errno("cannot write the log", path_);
    }
    at += head.size() + frame.size();
    entries = entries.subspan(frame.size());
  }
  return {};
}

Result<LogWriter> LogWriter::write_again(const std::string& path, const LogHead& old,
                                         std::span<const EntryHead* const> rows,
                                         const SyncCall& sync_data) {
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());
  LogWriter log = SL_TRY(create(beside, old.number, old.rows_before));
  const auto write = [&]() -> Result<void> {
    std::string frame;
    for (const EntryHead* row : rows) {
      frame.append(reinterpret_cast<const char*>(row), row->size);
      if (frame.size() < kFrameTarget) continue;
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

}  // namespace siploom::store
