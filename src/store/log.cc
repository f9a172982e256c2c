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

void put(std::string& out, const void* bytes, size_t size) {
  out.append(static_cast<const char*>(bytes), size);
}

std::string log_head(uint64_t number) {
  std::string head(kLogMagic);
  put(head, &kLogVersion, sizeof kLogVersion);
  put(head, &number, sizeof number);
  return head;
}

std::string frame_head(ByteSpan entries) {
  std::string head(kFrameMagic);
  const auto length = static_cast<uint32_t>(entries.size());
  const uint64_t hash = hash_bytes(entries, kLogHashSeed);
  put(head, &length, sizeof length);
  put(head, &hash, sizeof hash);
  return head;
}

}  // namespace

LogWriter::LogWriter(LogWriter&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}
LogWriter& LogWriter::operator=(LogWriter&& other) noexcept {
  if (fd_ >= 0) ::close(fd_);
  path_ = std::move(other.path_);
  fd_ = std::exchange(other.fd_, -1);
  size_ = other.size_;
  return *this;
}
LogWriter::~LogWriter() {
  if (fd_ >= 0) ::close(fd_);
}

Result<LogWriter> LogWriter::create(const std::string& path, uint64_t number) {
  LogWriter log;
  log.path_ = path;
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

Result<void> LogWriter::append(const std::array<ByteSpan, 2>& parts) {
  std::array<std::string, 2> heads;
  std::array<iovec, 4> pieces;
  size_t count = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty()) continue;
    heads[i] = frame_head(parts[i]);
    pieces[count++] = {heads[i].data(), heads[i].size()};
    pieces[count++] = {const_cast<uint8_t*>(parts[i].data()), parts[i].size()};
  }
  return write_all(std::span(pieces).first(count));
}

Result<void> LogWriter::write_all(std::span<iovec> pieces) {
  size_t wanted = 0, done = 0;
  for (const iovec& piece : pieces) wanted += piece.iov_len;
  while (done < wanted) {
    const ssize_t n = ::writev(fd_, pieces.data(), static_cast<int>(pieces.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int why = errno;
      // Half a frame would hide those behind it.
      if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
        return fail(ErrorCode::Io,
                    fmt::format("cannot cut back the log {}: {}", path_, std::strerror(errno)));
      }
      errno = why;
      return fail_errno("cannot write the log", path_);
    }
    done += static_cast<size_t>(n);
    auto left = static_cast<size_t>(n);
    for (iovec& piece : pieces) {
      const size_t step = std::min(left, piece.iov_len);
      piece.iov_base = static_cast<char*>(piece.iov_base) + step;
      piece.iov_len -= step;
      left -= step;
    }
  }
  size_ += wanted;
  return {};
}

Result<void> LogWriter::sync() {
  if (::fdatasync(fd_) != 0) return fail_errno("cannot sync the log", path_);
  return {};
}

int LogWriter::duplicate() const { return ::dup(fd_); }

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
