#include "capture/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "capture/bpf_source.h"
#include "capture/live_source.h"
#include "capture/merge_source.h"
#include "capture/open_file.h"

namespace siploom::capture {

namespace {

namespace fs = std::filesystem;

constexpr int kMaxFolderDepth = 4;
constexpr size_t kMaxFiles = 100'000;

// Captures in a folder, by name; what is no capture is passed over with a word.
void add_folder(const std::string& folder, const std::atomic<bool>* stop, int depth,
                std::vector<std::string>& out, std::vector<std::string>& warnings,
                std::vector<std::string>& passed_over) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    paths.push_back(it->path());
  }
  if (error) warnings.push_back(fmt::format("cannot list {}: {}", folder, error.message()));
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    if (out.size() >= kMaxFiles) return;
    if (fs::is_directory(path, error)) {
      if (depth < kMaxFolderDepth)
        add_folder(path.string(), stop, depth + 1, out, warnings, passed_over);
    } else if (fs::is_regular_file(path, error)) {
      if (auto opened = open_file(path.string(), stop); opened) {
        out.push_back(path.string());
      } else {
        passed_over.push_back(opened.error().message);
      }
    }
  }
}

// Adds what was said while folders were looked through.
class WarningSource final : public Source {
 public:
  WarningSource(std::unique_ptr<Source> source, std::vector<std::string> warnings)
      : source_(std::move(source)), warnings_(std::move(warnings)) {}
  Result<bool> next(FrameBatch& batch, size_t target_bytes) override {
    return source_->next(batch, target_bytes);
  }
  SourceStats stats() const override {
    SourceStats out = source_->stats();
    out.warnings.insert(out.warnings.begin(), warnings_.begin(), warnings_.end());
    return out;
  }
  void release_before(uint64_t number) override { source_->release_before(number); }

 private:
  std::unique_ptr<Source> source_;
  std::vector<std::string> warnings_;
};

}  // namespace

Result<std::unique_ptr<Source>> open_source(const OpenOptions& options) {
  if (!options.interface.empty()) return numbered(SL_TRY(open_live(options)));
  std::vector<std::string> paths, warnings, passed_over;
  for (const std::string& name : options.files) {
    std::error_code ignored;
    if (name != "-" && fs::is_directory(name, ignored)) {
      add_folder(name, options.stop, 0, paths, warnings, passed_over);
    } else {
      paths.push_back(name);
    }
  }
  if (passed_over.size() == 1) {
    warnings.push_back(passed_over.front());
  } else if (!passed_over.empty()) {
    warnings.push_back(fmt::format("{} files in the folders are no captures, such as: {}",
                                   passed_over.size(), passed_over.front()));
  }
  if (paths.empty()) {
    std::string why =
        options.files.empty() ? "no capture named" : options.files.front() + ": holds no capture";
    if (!warnings.empty()) why += " (" + warnings.front() + ")";
    return fail(ErrorCode::NotFound, why);
  }
  std::unique_ptr<Source> source = filtered(SL_TRY(open_merged(paths, options.stop)), options.bpf);
  if (!warnings.empty())
    source = std::make_unique<WarningSource>(std::move(source), std::move(warnings));
  return numbered(std::move(source));
}

}  // namespace siploom::capture
