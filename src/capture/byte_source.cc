#include "capture/byte_source.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace siploom::capture {

namespace {

constexpr int kReadPatienceMs = 100;

class DescriptorSource final : public ByteSource {
 public:
  DescriptorSource(int fd, const std::atomic<bool>* stop) : fd_(fd), stop_(stop) {}
  ~DescriptorSource() override {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }
  Result<Read> read(uint8_t* to, size_t size) override {
    if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) return Read{};
    pollfd waiting{fd_, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kReadPatienceMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) return Read{Status::Wait, 0};
    const ssize_t got = ::read(fd_, to, size);
    if (got > 0) return Read{Status::Data, static_cast<size_t>(got)};
    if (got == 0) return Read{};
    if (errno == EINTR || errno == EAGAIN) return Read{Status::Wait, 0};
    return fail(ErrorCode::Io, std::string("cannot read: ") + std::strerror(errno));
  }

 private:
  int fd_;
  const std::atomic<bool>* stop_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteSpan bytes) : bytes_(bytes) {}
  Result<Read> read(uint8_t* to, size_t size) override {
    const size_t take = std::min(size, bytes_.size());
    if (take == 0) return Read{};
    std::memcpy(to, bytes_.data(), take);
    bytes_ = bytes_.subspan(take);
    return Read{Status::Data, take};
  }

 private:
  ByteSpan bytes_;
};

class JoinedSource final : public ByteSource {
 public:
  JoinedSource(std::string head, std::unique_ptr<ByteSource> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}
  Result<Read> read(uint8_t* to, size_t size) override {
    const size_t take = std::min(size, head_.size() - at_);
    if (take == 0) return rest_->read(to, size);
    std::memcpy(to, head_.data() + at_, take);
    at_ += take;
    return Read{Status::Data, take};
  }

 private:
  std::string head_;
  size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

}  // namespace

std::unique_ptr<ByteSource> descriptor_source(int fd, const std::atomic<bool>* stop) {
  return std::make_unique<DescriptorSource>(fd, stop);
}
std::unique_ptr<ByteSource> memory_source(ByteSpan bytes) {
  return std::make_unique<MemorySource>(bytes);
}
std::unique_ptr<ByteSource> joined_source(std::string head, std::unique_ptr<ByteSource> rest) {
  return std::make_unique<JoinedSource>(std::move(head), std::move(rest));
}

}  // namespace siploom::capture
