#include "pipeline/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/json_writer.h"
#include "store/files.h"

namespace siploom::pipeline {

namespace fs = std::filesystem;

namespace {

std::string day_of(Timestamp t) { return format_rfc3339(t, 0).substr(0, 10); }

}  // namespace

Result<void> SecretFile::add(const Event& event) {
  const model::Record& record = event.record;
  std::string line;
  JsonWriter json(line);
  const Timestamp received = record.agent == nullptr ? record.time : record.agent->received;
  json.begin_object();
  json.field("received", std::string_view(format_rfc3339(received)));
  json.field("time", std::string_view(format_rfc3339(record.time)));
  json.field("node", record.agent == nullptr ? std::string_view{} : record.agent->node);
  json.field("src", std::string_view(format_endpoint(record.src)));
  json.field("dst", std::string_view(format_endpoint(record.dst)));
  json.field("connection", event.primary_id);
  json.field("event", event.event);
  json.field("secret", event.secret);
  json.end_object();
  line += '\n';
  const std::lock_guard lock(mutex_);
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) {
    return store::fail_errno("cannot make the folder", folder_);
  }
  const std::string path = fmt::format("{}/{}.jsonl", folder_, day_of(received));
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return store::fail_errno("cannot write", path);
  struct stat info {};
  Result<void> done;
  if (::fstat(fd, &info) == 0 && static_cast<uint64_t>(info.st_size) > kMaxFileBytes) {
    done = fail(ErrorCode::LimitExceeded, fmt::format("{} is full; secrets are lost", path));
  } else if (::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    done = store::fail_errno("cannot write", path);
  }
  ::close(fd);
  return done;
}

void SecretFile::remove_before(Timestamp day) const {
  std::error_code code;
  for (const auto& file : fs::directory_iterator(folder_, code)) {
    const std::string name = file.path().filename().string();
    if (name.ends_with(".jsonl") && name < day_of(day)) fs::remove(file.path(), code);
  }
}

}  // namespace siploom::pipeline
