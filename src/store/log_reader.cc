// Reading a log back: sound frames in order, whatever lies between them.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "base/hash.h"
#include "store/batch.h"
#include "store/files.h"
#include "store/log.h"

namespace siploom::store {

namespace {

constexpr size_t kWindowBytes = size_t{1} << 20;
constexpr size_t kBlockBytes = 4096;
constexpr size_t kMaxBadBlocks = 1024;  // each may take a disk seconds
constexpr size_t kMaxNamedPlaces = 8;

// The file, a window at a time. Read, not mapped: a bad sector is then zeros (and damage), and no
// signal.
class LogFile final {
 public:
  static Result<LogFile> open(const std::string& path) {
    LogFile file;
    file.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file.fd_ < 0) return fail_errno("cannot open", path);
    struct stat info {};
    if (::fstat(file.fd_, &info) != 0) return fail_errno("cannot read", path);
    file.size_ = static_cast<uint64_t>(info.st_size);
    return file;
  }
  LogFile(LogFile&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), size_(other.size_), window_(std::move(other.window_)) {}
  LogFile& operator=(LogFile&&) = delete;
  ~LogFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  uint64_t size() const { return size_; }
  bool has_bad_blocks() const { return bad_blocks_ != 0; }
  // Octets from `at`, a multiple of 8; fewer where the file ends. Good until the next call.
  ByteSpan at(uint64_t at, size_t count) {
    if (at >= size_) return {};
    count = std::min<uint64_t>(count, size_ - at);
    if (at < begin_ || at + count > begin_ + filled_) fill(at, std::max(count, kWindowBytes));
    return from(at).first(count);
  }
  // At least a frame's head from `at` on, where the file has it, and what else is at hand.
  ByteSpan window(uint64_t at) {
    return this->at(at, kLogFrameBytes).empty() ? ByteSpan() : from(at);
  }

 private:
  LogFile() = default;
  ByteSpan from(uint64_t at) const {
    const auto* bytes = reinterpret_cast<const uint8_t*>(window_.data());
    return ByteSpan(bytes, filled_).subspan(at - begin_);
  }
  void fill(uint64_t at, size_t count) {
    count = std::min<uint64_t>(count, size_ - at);
    window_.resize((count + sizeof(uint64_t) - 1) / sizeof(uint64_t));
    auto* bytes = reinterpret_cast<uint8_t*>(window_.data());
    begin_ = at;
    filled_ = count;
    for (size_t done = 0; done < count;) {
      const bool give_up = bad_blocks_ >= kMaxBadBlocks;
      const ssize_t n =
          give_up ? 0 : ::pread(fd_, bytes + done, count - done, static_cast<off_t>(at + done));
      if (n < 0 && errno == EINTR) continue;
      if (n > 0) {
        done += static_cast<size_t>(n);
        continue;
      }
      const size_t in_block = kBlockBytes - (at + done) % kBlockBytes;
      const size_t step = std::min(n < 0 ? in_block : count - done, count - done);
      std::memset(bytes + done, 0, step);
      done += step;
      if (n < 0) ++bad_blocks_;
    }
  }

  int fd_ = -1;
  uint64_t size_ = 0, begin_ = 0;
  size_t filled_ = 0, bad_blocks_ = 0;
  std::vector<uint64_t> window_;
};

struct Frame {
  size_t bytes = 0;  // of its entries
  uint64_t entries = 0;
};

class LogReader final {
 public:
  LogReader(LogFile& file, const std::function<void(ByteSpan)>& take) : file_(file), take_(take) {}

  Result<LogReadResult> run(const std::string& path) {
    if (!SL_TRY(read_head(path))) return result_;
    uint64_t at = kLogHeadBytes;
    while (at < file_.size()) {
      if (const auto frame = take_frame(at)) {
        at += kLogFrameBytes + frame->bytes;
        continue;
      }
      const uint64_t next = find_frame(at + 8);
      if (next >= file_.size()) {
        result_.bytes_cut = file_.size() - at;
        break;
      }
      note_damage(at, next);
      at = next;
    }
    if (places_ > kMaxNamedPlaces) {
      result_.damage += fmt::format(" and {} other places", places_ - kMaxNamedPlaces);
    }
    return result_;
  }

 private:
  bool parse_head(ByteSpan block) {
    if (block.size() < 40 || as_text(block.first(4)) != "SLOG") return false;
    if (hash_bytes(block.first(32), 0) != load_le64(&block[32])) return false;
    version_ = load_le32(&block[4]);
    result_.head = {load_le64(&block[8]), load_le64(&block[16]), load_le64(&block[24])};
    return true;
  }

  // False: there is none, and so nothing to be read.
  Result<bool> read_head(const std::string& path) {
    const ByteSpan both = file_.at(0, kLogHeadBytes);
    const ByteSpan first = both.first(std::min(both.size(), kLogHeadBytes / 2));
    const bool found = parse_head(first) || parse_head(both.subspan(first.size()));
    if (!found && both.size() >= 8 && as_text(both.first(4)) == "SLOG" &&
        load_le32(&both[4]) == 1) {
      version_ = 1;  // which had no checksum of its own
    }
    if (version_ != 0 && version_ != kLogVersion) {
      return fail(ErrorCode::Unsupported,
                  fmt::format("{}: log of version {}, this siploom knows {}; use the siploom that "
                              "wrote it",
                              path, version_, kLogVersion));
    }
    if (found) return true;
    // The power went before the head was on the disk: nothing was promised of such a log.
    if (file_.size() <= kLogHeadBytes || is_empty()) {
      result_.bytes_cut = file_.size();
    } else {
      result_.bytes_damaged = file_.size();
      result_.damage = "both copies of its head are damaged";
    }
    return false;
  }

  // Nothing but zeros, and read as such.
  bool is_empty() {
    for (uint64_t at = 0; at < file_.size(); at += kWindowBytes) {
      const ByteSpan window = file_.at(at, kWindowBytes);
      if (!std::all_of(window.begin(), window.end(), [](uint8_t each) { return each == 0; })) {
        return false;
      }
    }
    return !file_.has_bad_blocks();
  }

  std::optional<Frame> look_at_head(uint64_t at) {
    const ByteSpan head = file_.at(at, kLogFrameBytes);
    if (head.size() < kLogFrameBytes || as_text(head.first(4)) != "SLFR") return std::nullopt;
    const size_t bytes = load_le32(&head[4]);
    if (load_le64(&head[8]) != frame_mark(result_.head, at, bytes)) return std::nullopt;
    if (bytes > kMaxLogFrameBytes || bytes > file_.size() - at - kLogFrameBytes) {
      return std::nullopt;
    }
    return Frame{bytes, 0};
  }

  // The frame that begins at `at`, when it is sound in all its octets.
  std::optional<Frame> look_at_frame(uint64_t at, ByteSpan& entries) {
    auto frame = look_at_head(at);
    if (!frame) return std::nullopt;
    const ByteSpan whole = file_.at(at, kLogFrameBytes + frame->bytes);
    entries = whole.subspan(kLogFrameBytes);
    if (hash_bytes(entries, frame_seed(result_.head, at)) != load_le64(&whole[16])) {
      return std::nullopt;
    }
    const size_t sound = for_each_entry(entries, [&](ByteSpan) { ++frame->entries; });
    if (sound != entries.size()) return std::nullopt;
    return frame;
  }

  std::optional<Frame> take_frame(uint64_t at) {
    ByteSpan entries;
    const auto frame = look_at_frame(at, entries);
    if (!frame) return std::nullopt;
    if (!entries.empty()) take_(entries);
    result_.entries += frame->entries;
    return frame;
  }

  // Where the next sound frame begins, from `from` on; the file's size: nowhere.
  uint64_t find_frame(uint64_t from) {
    uint64_t at = from;
    while (at + kLogFrameBytes <= file_.size()) {
      const ByteSpan window = file_.window(at);
      size_t step = 0;
      for (; step + 4 <= window.size(); step += 8) {
        if (std::memcmp(&window[step], "SLFR", 4) == 0) break;
      }
      at += step;
      if (step + 4 > window.size()) continue;
      // Only a mark that agrees, which is ours, has its octets summed: no stored message can make
      // this long.
      ByteSpan entries;
      if (look_at_frame(at, entries)) return at;
      at += 8;
    }
    return file_.size();
  }

  void note_damage(uint64_t from, uint64_t to) {
    result_.bytes_damaged += to - from;
    if (++places_ > kMaxNamedPlaces) return;
    result_.damage +=
        fmt::format("{}octets {} to {}", places_ == 1 ? "damaged at " : ", ", from, to);
  }

  LogFile& file_;
  const std::function<void(ByteSpan)>& take_;
  LogReadResult result_;
  uint32_t version_ = 0;
  size_t places_ = 0;
};

}  // namespace

Result<LogReadResult> read_log(const std::string& path,
                               const std::function<void(ByteSpan entries)>& take) {
  LogFile file = SL_TRY(LogFile::open(path));
  return LogReader(file, take).run(path);
}

}  // namespace siploom::store
