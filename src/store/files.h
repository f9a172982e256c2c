// Files as a store needs them: written whole and synced before they get their name, mapped to be
// read.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace siploom::store {

// An Io error (LimitExceeded when the disk is full) of the last errno.
tl::unexpected<Error> fail_errno(std::string_view what, const std::string& path);

class MappedFile final {
 public:
  static Result<MappedFile> open(const std::string& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  ByteSpan bytes() const { return {data_, size_}; }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

Result<void> make_folders(const std::string& path);
Result<void> sync_file(const std::string& path);
Result<void> sync_folder_of(const std::string& path);
// Writes beside `path`, syncs, renames, syncs the folder: the file is the old one or the new one,
// whole.
Result<void> write_atomically(const std::string& path, std::string_view content);
// Renames a file that is synced already and syncs the folder it comes to.
Result<void> rename_synced(const std::string& from, const std::string& to);
// Gives a file of a store (its path is below `folder`) a second name in damaged/, so that it
// outlives its first one; gives that name. A file that is not there keeps its old name.
Result<std::string> set_aside(const std::string& folder, const std::string& path);
// Checksum over the whole file (XXH3, seed 0).
Result<uint64_t> hash_file(const std::string& path);

struct DiskSpace {
  uint64_t total_bytes = 0, free_bytes = 0;
};
Result<DiskSpace> disk_space(const std::string& path);

}  // namespace siploom::store
