#include "capture/writer_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace siploom::capture {

namespace {

std::string system_text(int number) { return std::strerror(number); }

}  // namespace

Result<std::unique_ptr<OutputFile>> OutputFile::open(const std::string& path, bool append) {
  if (path.empty())
    return fail(ErrorCode::InvalidArgument, "no file to write to: the path is empty");
  if (path == "-")
    return std::unique_ptr<OutputFile>(new OutputFile("standard output", STDOUT_FILENO, false));
  // Reading is for the header that an append has to fit.
  const int flags =
      append ? O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC : O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const int fd = ::open(path.c_str(), flags, 0644);
  if (fd < 0) return fail(ErrorCode::Io, "cannot write " + path + ": " + system_text(errno));
  std::unique_ptr<OutputFile> file(new OutputFile(path, fd, true));
  struct stat about {};
  if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
    file->existing_bytes_ = static_cast<uint64_t>(about.st_size);
  }
  return file;
}

OutputFile::~OutputFile() { static_cast<void>(close()); }

Result<size_t> OutputFile::read_start(uint8_t* out, size_t size) const {
  size_t have = 0;
  while (have < size) {
    const ssize_t got = ::pread(fd_, out + have, size - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorCode::Io, "cannot read " + path_ + ": " + system_text(errno));
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  return have;
}

bool OutputFile::write_all(const uint8_t* data, size_t size) {
  while (size > 0 && error_number_ == 0) {
    const ssize_t done = ::write(fd_, data, size);
    if (done < 0) {
      if (errno != EINTR) error_number_ = errno;
      continue;
    }
    data += done;
    size -= static_cast<size_t>(done);
  }
  return error_number_ == 0;
}

bool OutputFile::drain() {
  const size_t size = used_;
  used_ = 0;
  return write_all(buffer_.get(), size);
}

bool OutputFile::append(ByteSpan bytes) {
  if (bytes.size() > kBufferBytes - used_ && !drain()) return false;
  if (bytes.size() > kBufferBytes) return write_all(bytes.data(), bytes.size());
  if (!bytes.empty()) std::memcpy(&buffer_[used_], bytes.data(), bytes.size());
  used_ += bytes.size();
  return error_number_ == 0;
}

tl::unexpected<Error> OutputFile::error() const {
  return fail(ErrorCode::Io, "cannot write " + path_ + ": " + system_text(error_number_));
}

Result<void> OutputFile::flush() {
  if (fd_ >= 0 && !drain()) return error();
  return {};
}

Result<void> OutputFile::close() {
  if (fd_ < 0) return {};
  const bool written = drain();
  // Network file systems report a full disk only here.
  if (owned_ && ::close(fd_) != 0 && written) error_number_ = errno;
  fd_ = -1;
  if (error_number_ != 0) return error();
  return {};
}

}  // namespace siploom::capture
