#include "pipeline/relay/disk_spool.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/text.h"

namespace siploom::pipeline::relay {

namespace {

namespace fs = std::filesystem;

constexpr size_t kLengthBytes = 4;
constexpr size_t kMostMessage = 512 * 1024;
constexpr size_t kWriteBytes = 256 * 1024;
constexpr std::string_view kSuffix = ".spool";
constexpr std::string_view kGiven = "given";  // number of the oldest file, octets given of it

tl::unexpected<Error> io(const std::string& path) {
  return fail(ErrorCode::Io, fmt::format("{}: {}", path, std::strerror(errno)));
}

Result<void> write_all(int fd, std::string_view octets, const std::string& path) {
  while (!octets.empty()) {
    const ssize_t size = ::write(fd, octets.data(), octets.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return io(path);
    octets.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

// At most `most` octets from `offset` on.
Result<std::string> read_part(const std::string& path, uint64_t offset, size_t most) {
  const intake::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return io(path);
  std::string out(most, '\0');
  size_t have = 0;
  while (have < most) {
    const ssize_t size =
        ::pread(fd.get(), out.data() + have, most - have, static_cast<off_t>(offset + have));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return io(path);
    if (size == 0) break;
    have += static_cast<size_t>(size);
  }
  out.resize(have);
  return out;
}

// Calls `each` for the whole messages in `bytes` until it says no; gives the octets that they took.
template <class Each>
size_t walk_messages(ByteSpan bytes, Each&& each) {
  size_t at = 0;
  while (bytes.size() - at >= kLengthBytes) {
    const size_t length = load_be32(&bytes[at]);
    if (length > kMostMessage || length > bytes.size() - at - kLengthBytes) break;
    if (!each(bytes.subspan(at + kLengthBytes, length))) break;
    at += kLengthBytes + length;
  }
  return at;
}

}  // namespace

DiskSpool::DiskSpool(std::string folder, uint64_t most_bytes)
    : folder_(std::move(folder)),
      most_bytes_(most_bytes),
      file_bytes_(std::clamp(most_bytes / kFiles, kLeastFileBytes, kMaxFileBytes)) {}

std::string DiskSpool::path(uint64_t number) const {
  return fmt::format("{}/{:012}{}", folder_, number, kSuffix);
}

Result<void> DiskSpool::open() {
  std::error_code error;
  if (!fs::exists(folder_, error)) return {};
  std::vector<uint64_t> numbers;
  fs::directory_iterator it(folder_, error);
  for (const fs::directory_iterator end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.ends_with(kSuffix)) continue;
    const auto number =
        parse_number<uint64_t>(std::string_view(name).substr(0, name.size() - kSuffix.size()));
    if (number) numbers.push_back(*number);
  }
  if (error) return fail(ErrorCode::Io, fmt::format("{}: {}", folder_, error.message()));
  std::sort(numbers.begin(), numbers.end());
  uint64_t given_number = 0, given = 0;
  if (const auto text = read_part(folder_ + "/" + std::string(kGiven), 0, 64)) {
    const Halves parts = split_once(trim(*text), ' ');
    given_number = parse_number<uint64_t>(parts.before).value_or(0);
    given = parse_number<uint64_t>(parts.after).value_or(0);
    fs::remove(folder_ + "/" + std::string(kGiven), error);
  }
  for (const uint64_t number : numbers) {
    SL_TRY_VOID(take_up(number, number == given_number ? given : 0));
  }
  make_room(0);
  return {};
}

Result<void> DiskSpool::take_up(uint64_t number, uint64_t given) {
  File file;
  file.number = number;
  std::error_code error;
  const uint64_t size = fs::file_size(path(number), error);
  if (error) return fail(ErrorCode::Io, fmt::format("{}: {}", path(number), error.message()));
  const auto octets = SL_TRY(read_part(path(number), 0, std::min(size, 2 * kMaxFileBytes)));
  file.given = std::min<uint64_t>(given, octets.size());
  // A torn end is not taken up.
  file.size = file.given + walk_messages(as_bytes(octets).subspan(file.given), [&](ByteSpan) {
                ++file.messages;
                return true;
              });
  if (file.messages == 0) {
    fs::remove(path(number), error);
    return {};
  }
  messages_ += file.messages;
  octets_ += file.size - file.given;
  files_.push_back(file);
  return {};
}

Result<void> DiskSpool::begin_file() {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return fail(ErrorCode::Io, fmt::format("{}: {}", folder_, error.message()));
  const uint64_t number = files_.empty() ? 1 : files_.back().number + 1;
  // What agents sent is for nobody else on this machine.
  fd_ = intake::Fd(::open(path(number).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd_) return io(path(number));
  files_.push_back({number, 0, 0, 0});
  return {};
}

void DiskSpool::drop_oldest(bool lost) {
  const File& oldest = files_.front();
  if (files_.size() == 1) fd_.reset();
  std::error_code ignored;
  fs::remove(path(oldest.number), ignored);
  if (lost) dropped_ += oldest.messages;
  messages_ -= oldest.messages;
  octets_ -= oldest.size - oldest.given;
  files_.pop_front();
}

void DiskSpool::make_room(uint64_t octets) {
  uint64_t held = octets;
  for (const File& file : files_) held += file.size;
  while (!files_.empty() && held > most_bytes_) {
    held -= files_.front().size;
    drop_oldest(true);
  }
}

Result<void> DiskSpool::add(ByteSpan message) {
  const size_t size = kLengthBytes + message.size();
  char length[kLengthBytes];
  const uint32_t wire = __builtin_bswap32(static_cast<uint32_t>(message.size()));
  std::memcpy(length, &wire, sizeof length);
  unwritten_.append(length, sizeof length);
  unwritten_ += as_text(message);
  ++unwritten_messages_;
  return unwritten_.size() + size > kWriteBytes ? flush() : Result<void>{};
}

Result<void> DiskSpool::flush() {
  if (unwritten_.empty()) return {};
  const std::string octets = std::exchange(unwritten_, {});
  const uint64_t messages = std::exchange(unwritten_messages_, 0);
  const auto lose = [&](Error error) {
    dropped_ += messages;
    fd_.reset();  // a torn message stays at the end of that file; nothing is put behind it
    return tl::unexpected<Error>(std::move(error));
  };
  make_room(octets.size());
  if (!fd_ || files_.empty() || files_.back().size + octets.size() > file_bytes_) {
    fd_.reset();
    if (auto begun = begin_file(); !begun) return lose(begun.error());
  }
  File& file = files_.back();
  if (auto written = write_all(fd_.get(), octets, path(file.number)); !written)
    return lose(written.error());
  file.size += octets.size();
  file.messages += messages;
  messages_ += messages;
  octets_ += octets.size();
  return {};
}

Result<void> DiskSpool::take(size_t octets, FunctionRef<void(ByteSpan)> each) {
  SL_TRY_VOID(flush());
  if (files_.empty()) return {};
  File& file = files_.front();
  const uint64_t left = file.size - file.given;
  const auto most =
      static_cast<size_t>(std::min<uint64_t>(left, std::max(octets, kLengthBytes + kMostMessage)));
  const auto part = read_part(path(file.number), file.given, most);
  if (!part) {
    drop_oldest(true);
    return tl::unexpected<Error>(part.error());
  }
  size_t given = 0;
  const size_t used = walk_messages(as_bytes(*part), [&](ByteSpan message) {
    if (given >= octets || file.messages == 0) return false;
    each(message);
    given += message.size();
    --file.messages;
    --messages_;
    return true;
  });
  file.given += used;
  octets_ -= used;
  // Somebody else shortened the file, or its disk fails: what is missing is gone.
  const bool is_broken = used == 0;
  if (file.messages == 0 || is_broken) drop_oldest(is_broken);
  return {};
}

Result<void> DiskSpool::close() {
  auto flushed = flush();
  fd_.reset();
  if (!files_.empty() && files_.front().given != 0) {
    const std::string name = folder_ + "/" + std::string(kGiven);
    const intake::Fd fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) return io(name);
    const File& oldest = files_.front();
    SL_TRY_VOID(write_all(fd.get(), fmt::format("{} {}\n", oldest.number, oldest.given), name));
  }
  return flushed;
}

}  // namespace siploom::pipeline::relay
