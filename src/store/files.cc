#include "store/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

namespace siploom::store {

namespace {
constexpr int kMaxSameNames = 100;
}  // namespace

tl::unexpected<Error> fail_errno(std::string_view what, const std::string& path) {
  const int why = errno;
  const bool full = why == ENOSPC || why == EDQUOT || why == EFBIG;
  return fail(full ? ErrorCode::LimitExceeded : ErrorCode::Io,
              fmt::format("{} {}: {}", what, path, std::strerror(why)));
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}
MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno("cannot open", path);
  struct stat info {};
  MappedFile file;
  if (::fstat(fd, &info) == 0 && info.st_size > 0) {
    void* at = ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
      auto error = fail_errno("cannot map", path);
      ::close(fd);
      return error;
    }
    file.data_ = static_cast<const uint8_t*>(at);
    file.size_ = static_cast<size_t>(info.st_size);
  }
  ::close(fd);
  return file;
}

namespace {

Result<void> sync_path(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return fail_errno("cannot open", path);
  const int failed = ::fsync(fd);
  const int why = errno;
  ::close(fd);
  errno = why;
  if (failed != 0) return fail_errno("cannot sync", path);
  return {};
}

}  // namespace

Result<void> sync_file(const std::string& path) { return sync_path(path, O_RDONLY); }

Result<void> sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return sync_path(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
}

Result<void> make_folders(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return {};
  const std::string above = std::filesystem::path(path).parent_path().string();
  if (!above.empty() && above != path) SL_TRY_VOID(make_folders(above));
  if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) {
    return fail_errno("cannot make the folder", path);
  }
  // A folder that a power cut takes takes its files with it.
  return sync_folder_of(path);
}

Result<void> write_atomically(const std::string& path, std::string_view content) {
  const std::string beside = path + ".new";
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return fail_errno("cannot write", beside);
  bool good = true;
  for (size_t done = 0; good && done < content.size();) {
    const ssize_t n = ::write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    good = n > 0;
    if (good) done += static_cast<size_t>(n);
  }
  good = good && ::fsync(fd) == 0;
  const int why = errno;
  ::close(fd);
  if (!good) {
    ::unlink(beside.c_str());
    errno = why;
    return fail_errno("cannot write", beside);
  }
  return rename_synced(beside, path);
}

Result<void> rename_synced(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return fail_errno("cannot rename to", to);
  return sync_folder_of(to);
}

Result<std::string> set_aside(const std::string& folder, const std::string& path) {
  namespace fs = std::filesystem;
  const std::string from = folder + "/" + path;
  std::error_code code;
  if (!fs::exists(from, code)) return path;
  SL_TRY_VOID(make_folders(folder + "/damaged"));
  const std::string plain = "damaged/" + fs::path(path).filename().string();
  for (int i = 1; i <= kMaxSameNames; ++i) {
    const std::string name = i == 1 ? plain : fmt::format("{}.{}", plain, i);
    const std::string to = folder + "/" + name;
    const bool linked = ::link(from.c_str(), to.c_str()) == 0;
    if (!linked && errno != EEXIST) return fail_errno("cannot set aside", from);
    if (!linked && !fs::equivalent(from, to, code)) continue;  // another one of that name
    SL_TRY_VOID(sync_folder_of(to));
    return name;
  }
  return fail(ErrorCode::LimitExceeded,
              fmt::format("cannot set aside {}: there are {} of that name", from, kMaxSameNames));
}

// Read, not mapped: a bad sector is an error then, and no signal; and memory is not charged for it.
Result<uint64_t> hash_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno("cannot open", path);
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  XXH3_64bits_reset(state.get());
  std::vector<uint8_t> buffer(size_t{256} << 10);
  ssize_t n = 0;
  do {
    n = ::read(fd, buffer.data(), buffer.size());
    if (n > 0) XXH3_64bits_update(state.get(), buffer.data(), static_cast<size_t>(n));
  } while (n > 0 || (n < 0 && errno == EINTR));
  const int why = errno;
  ::close(fd);
  errno = why;
  if (n < 0) return fail_errno("cannot read", path);
  return XXH3_64bits_digest(state.get());
}

Result<DiskSpace> disk_space(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return fail_errno("cannot ask for the space of", path);
  return DiskSpace{uint64_t{info.f_blocks} * info.f_frsize,
                   uint64_t{info.f_bavail} * info.f_frsize};
}

}  // namespace siploom::store
