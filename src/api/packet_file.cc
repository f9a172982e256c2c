#include "api/packet_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace siploom::api {

using model::RecordKind;

namespace {

tl::unexpected<Error> failed(std::string_view what, const std::string& path) {
  return fail(errno == ENOSPC ? ErrorCode::LimitExceeded : ErrorCode::Io,
              fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

}  // namespace

Result<std::unique_ptr<PacketFile>> PacketFile::open(const std::string& folder,
                                                     capture::FileFormat format) {
  auto file = std::unique_ptr<PacketFile>(new PacketFile());
  file->path_ = folder + "/export-XXXXXX";
  const int made = ::mkstemp(file->path_.data());
  if (made < 0) return failed("make a file in", folder);
  file->fd_ = made;
  capture::WriterOptions options;
  options.format = format;
  auto writer = capture::open_writer(file->path_, options, capture::LinkType::Raw);
  // The name is not needed from here on, and goes with the program if that dies.
  ::unlink(file->path_.c_str());
  if (!writer) return tl::unexpected<Error>(writer.error());
  file->writer_ = std::move(*writer);
  return file;
}

PacketFile::~PacketFile() {
  if (fd_ >= 0) ::close(fd_);
}

// What never was a packet (a log, a report in JSON) is none in the file either.
Result<void> PacketFile::add(const pipeline::StoredRecord& record) {
  const bool packet = record.kind == RecordKind::Sip || record.kind == RecordKind::Rtp ||
                      record.kind == RecordKind::Rtcp;
  if (!packet) return {};
  return maker_.write(*writer_, record.time, record.transport, record.src, record.dst,
                      record.payload);
}

Result<std::string> PacketFile::take() {
  SL_TRY_VOID(writer_->flush());
  const off_t end = ::lseek(fd_, 0, SEEK_END);
  if (end < 0) return failed("read", path_);
  std::string out(static_cast<uint64_t>(end) - taken_, '\0');
  for (size_t at = 0; at < out.size();) {
    const ssize_t got =
        ::pread(fd_, out.data() + at, out.size() - at, static_cast<off_t>(taken_ + at));
    if (got <= 0) return failed("read", path_);
    at += static_cast<size_t>(got);
  }
  taken_ += out.size();
  // Best effort: a file system that cannot do this keeps the octets until the end.
  static_cast<void>(
      ::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(taken_)));
  return out;
}

}  // namespace siploom::api
