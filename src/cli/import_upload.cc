#include "cli/import_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/remote.h"
#include "cli/spool.h"
#include "view/style.h"

namespace siploom::cli {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxFiles = 100'000;
constexpr auto kAskEvery = std::chrono::milliseconds(200);

// Waits until the server has read it.
Result<RemoteJob> wait_for(Remote& remote, RemoteJob job, const Options& options) {
  Progress progress(job.bytes, !options.output.no_progress);
  while (!job.is_over()) {
    if (stop_flag()) {
      SL_TRY_VOID(remote.cancel(job.id));
      progress.clear();
      return fail(ErrorCode::LimitExceeded, "stopped; what was read of it stays in the store");
    }
    std::this_thread::sleep_for(kAskEvery);
    job = SL_TRY(remote.job(job.id));
    progress.update(job.bytes_read);
  }
  progress.clear();
  return job;
}

void tell(const RemoteJob& job, const std::string& name, const Options& options, Output& out) {
  if (options.output.json) {
    JsonWriter json(out.buffer());
    json.begin_object();
    json.field("name", std::string_view(name));
    json.field("job", job.id);
    json.field("state", std::string_view(job.state));
    json.field("records", job.records);
    json.field("calls", job.calls);
    json.end_object();
    out.write("\n");
  } else {
    out.write(fmt::format("{}: {} records of {} calls and other dialogs\n", view::safe(name),
                          job.records, job.calls));
  }
  out.flush();
}

Result<uint64_t> upload(Remote& remote, const std::string& path, const std::string& name,
                        const Options& options, Output& out) {
  const RemoteJob sent = SL_TRY(remote.import_file(path, name));
  const RemoteJob job = SL_TRY(wait_for(remote, sent, options));
  if (job.state != "done") {
    const std::string why = job.error.empty() ? job.state : job.error;
    return fail(ErrorCode::Malformed, why.starts_with(name) ? why : name + ": " + why);
  }
  tell(job, name, options, out);
  return job.records;
}

}  // namespace

Result<std::vector<std::string>> files_to_upload(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const std::string& word : words) {
    std::error_code code;
    if (word == "-" || fs::is_regular_file(word, code)) {
      out.push_back(word);
      continue;
    }
    if (!fs::is_directory(word, code)) {
      return fail(ErrorCode::NotFound, fmt::format("there is no file '{}'", word));
    }
    std::vector<std::string> found;
    constexpr auto kOptions = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at(word, kOptions, code), end; !code && at != end;
         at.increment(code)) {
      std::error_code ignored;
      if (at->is_regular_file(ignored)) found.push_back(at->path().string());
      if (found.size() + out.size() > kMaxFiles) {
        return fail(ErrorCode::LimitExceeded, fmt::format("more than {} files", kMaxFiles));
      }
    }
    if (code) return fail(ErrorCode::Io, fmt::format("cannot list {}: {}", word, code.message()));
    std::sort(found.begin(), found.end());
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

int upload_captures(const Options& options, Output& out) {
  if (is_known(options.input.from) || is_known(options.input.to)) {
    return fail_with({ErrorCode::Unsupported,
                      "a server reads whole files: leave out --from and --to, or cut the capture "
                      "with `siploom export`"});
  }
  const auto files = files_to_upload(options.input.words);
  if (!files) return fail_with(files.error());
  Remote remote(options.store);
  uint64_t records = 0;
  bool failed = false;
  for (const std::string& file : *files) {
    Spool spool;
    std::string path = file;
    if (file == "-") {
      if (auto kept = spool.keep_standard_input(stop_flag()); !kept) return fail_with(kept.error());
      path = spool.path();
    }
    const std::string name = file == "-" ? "stdin" : fs::path(file).filename().string();
    const auto done = upload(remote, path, name, options, out);
    if (!done) complain(done.error().message);
    // Of several the others may be good.
    failed = failed || !done;
    records += done.value_or(0);
    if (stop_flag()) break;
  }
  return failed ? 2 : records == 0 ? 1 : 0;
}

}  // namespace siploom::cli
