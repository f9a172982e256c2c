#include "capture/window.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace siploom::capture {

namespace {
constexpr size_t kWindowBlockBytes = 1u << 20;
// Pages are let go in runs of this size: small enough to keep memory flat, large enough to be rare.
constexpr uint64_t kReleaseBytes = 32u << 20;
}  // namespace

Result<std::unique_ptr<Window>> Window::map(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fail(ErrorCode::NotFound, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    // A pipe or device by name: read it as a stream.
    return stream(descriptor_source(fd, nullptr));
  }
  std::unique_ptr<Window> window(new Window);
  const auto size = static_cast<size_t>(info.st_size);
  if (size != 0) {
    void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping == MAP_FAILED) {
      const std::string why = std::strerror(errno);
      ::close(fd);
      return fail(ErrorCode::Io, fmt::format("cannot map {}: {}", path, why));
    }
    ::madvise(mapping, size, MADV_SEQUENTIAL);
    window->mapping_ = mapping;
    window->mapping_size_ = size;
    window->begin_ = window->at_ = static_cast<const uint8_t*>(mapping);
    window->end_ = window->begin_ + size;
  }
  ::close(fd);
  window->modified_ = {info.st_mtim.tv_sec * kSecond + info.st_mtim.tv_nsec};
  window->at_end_ = true;
  return window;
}

std::unique_ptr<Window> Window::stream(std::unique_ptr<ByteSource> source) {
  std::unique_ptr<Window> window(new Window);
  window->source_ = std::move(source);
  return window;
}

std::unique_ptr<Window> Window::memory(ByteSpan bytes) {
  std::unique_ptr<Window> window(new Window);
  window->begin_ = window->at_ = bytes.data();
  window->end_ = bytes.data() + bytes.size();
  window->at_end_ = true;
  return window;
}

Window::~Window() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapping_size_);
}

Window::Status Window::ensure(size_t size) {
  if (available() >= size) return Status::Ready;
  return at_end_ ? Status::Short : fill(size);
}

Window::Status Window::fill(size_t size) {
  // Octets that frames point to stay where they are: what is left moves on to a fresh block.
  const size_t left = available();
  if (block_ == nullptr || static_cast<size_t>(block_.get() + block_size_ - at_) < size) {
    const size_t fresh_size = std::max(kWindowBlockBytes, size);
    std::shared_ptr<uint8_t[]> fresh(new uint8_t[fresh_size]);
    if (left != 0) std::memcpy(fresh.get(), at_, left);
    stream_offset_ = offset();
    block_ = std::move(fresh);
    block_size_ = fresh_size;
    begin_ = at_ = block_.get();
    end_ = begin_ + left;
  }
  while (available() < size) {
    auto* to = block_.get() + (end_ - block_.get());
    auto got = source_->read(to, block_size_ - static_cast<size_t>(end_ - block_.get()));
    if (!got) {
      error_ = got.error();
      at_end_ = true;
      return Status::Short;
    }
    if (got->status == ByteSource::Status::Wait) return Status::Wait;
    if (got->status == ByteSource::Status::End) {
      at_end_ = true;
      return Status::Short;
    }
    end_ += got->size;
  }
  return Status::Ready;
}

void Window::release_before(uint64_t offset) {
  if (mapping_ == nullptr) return;
  const uint64_t whole = std::min<uint64_t>(offset, mapping_size_) / kReleaseBytes * kReleaseBytes;
  if (whole <= released_) return;
  ::madvise(static_cast<uint8_t*>(mapping_) + released_, whole - released_, MADV_DONTNEED);
  released_ = whole;
}

}  // namespace siploom::capture
