#include "cli/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "capture/privileges.h"
#include "capture/writer.h"

namespace siploom::cli {

namespace {

constexpr size_t kReadBytes = 1u << 20;

tl::unexpected<Error> cannot_keep(const std::string& path) {
  return fail(ErrorCode::Io,
              fmt::format("cannot keep the input in {}: {}; set TMPDIR to a folder with room", path,
                          std::strerror(errno)));
}

bool write_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t sent = ::write(fd, data, size);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

}  // namespace

Spool::~Spool() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<int> Spool::create() {
  const char* directory = std::getenv("TMPDIR");
  std::string path = fmt::format("{}/siploom-XXXXXX", directory != nullptr ? directory : "/tmp");
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return cannot_keep(path);
  path_ = path;
  return fd;
}

Result<void> Spool::keep_standard_input(const std::atomic<bool>& stop) {
  const int fd = SL_TRY(create());
  char block[64 * 1024];
  ssize_t size = 0;
  bool written = true;
  while (written && !stop && (size = ::read(STDIN_FILENO, block, sizeof block)) > 0) {
    written = write_all(fd, block, static_cast<size_t>(size));
  }
  if (!written) {
    auto why = cannot_keep(path_);
    ::close(fd);
    return why;
  }
  ::close(fd);
  return {};
}

Result<capture::SourceStats> Spool::keep_live(const capture::OpenOptions& options,
                                              const std::atomic<bool>& stop) {
  ::close(SL_TRY(create()));
  capture::hand_over(path_, options.writes_files);
  capture::WriterOptions format;
  format.format = capture::FileFormat::PcapNg;
  const auto writer = SL_TRY(capture::open_writer(path_, format));
  const auto source = SL_TRY(capture::open_source(options));
  capture::FrameBatch batch;
  const auto write = [&]() -> Result<void> {
    for (const capture::Frame& frame : batch.frames) SL_TRY_VOID(writer->write(frame));
    return {};
  };
  while (!stop && SL_TRY(source->next(batch, kReadBytes))) SL_TRY_VOID(write());
  while (SL_TRY(source->rest(batch))) SL_TRY_VOID(write());
  SL_TRY_VOID(writer->finish());
  return source->stats();
}

}  // namespace siploom::cli
