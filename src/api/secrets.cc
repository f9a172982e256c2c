// TLS master secrets that agents sent, kept apart from everything that can be searched.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "api/reply.h"
#include "api/route.h"
#include "base/text.h"
#include "http/stream.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;

namespace {

constexpr std::string_view kEnding = ".jsonl";

// "2026-11-21": nothing else becomes a file name.
bool is_day(std::string_view text) {
  if (text.size() != 10) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : !is_digit(text[i])) return false;
  }
  return true;
}

Result<Response> list_secrets(Asked& asked) {
  struct Day {
    std::string day;
    uint64_t bytes = 0;
  };
  std::vector<Day> days;
  std::error_code code;
  // A folder that is not there yet has no days.
  for (std::filesystem::directory_iterator at(asked.collector().secrets().folder(), code), end;
       !code && at != end; at.increment(code)) {
    const std::string name = at->path().filename().string();
    if (!name.ends_with(kEnding)) continue;
    const std::string day = name.substr(0, name.size() - kEnding.size());
    std::error_code ignored;
    if (is_day(day)) days.push_back({day, at->file_size(ignored)});
  }
  std::sort(days.begin(), days.end(), [](const Day& a, const Day& b) { return a.day > b.day; });
  asked.audit(AuditAction::SecretsRead, "list");
  return object_reply([&](JsonWriter& json) {
    json.key("rows");
    json.begin_array();
    for (const Day& day : days) {
      json.begin_object();
      json.field("day", day.day);
      json.field("bytes", day.bytes);
      json.end_object();
    }
    json.end_array();
  });
}

Result<Response> get_secrets(Asked& asked) {
  const std::string day(asked.request.param("day"));
  const auto missing = [] { return fail(ErrorCode::NotFound, "there are no secrets of that day"); };
  if (!is_day(day)) return missing();
  const std::string path =
      fmt::format("{}/{}{}", asked.collector().secrets().folder(), day, kEnding);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) {
    if (errno == ENOENT) return missing();
    return fail(ErrorCode::Io, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  asked.audit(AuditAction::SecretsRead, day);
  const std::shared_ptr<std::FILE> file(::fdopen(fd, "rb"), [](std::FILE* held) {
    if (held != nullptr) std::fclose(held);
  });
  if (file == nullptr) return fail(ErrorCode::Io, "cannot read " + path);
  return Response::stream("application/x-ndjson",
                          [file](http::StreamWriter& out) {
                            std::string block(64 * 1024, '\0');
                            while (true) {
                              const size_t size =
                                  std::fread(block.data(), 1, block.size(), file.get());
                              if (size != 0 && !out.write(std::string_view(block).substr(0, size)))
                                return;
                              if (std::ferror(file.get()) != 0) return out.abort();
                              if (size == 0) return;
                            }
                          })
      .header("Content-Disposition", attachment(day + std::string(kEnding)));
}

RouteInfo secret_info(std::string_view summary, std::string_view response) {
  RouteInfo info{"secrets", summary, Access::Allowed, Permission::SecretsRead};
  info.response = response;
  info.whole_scope = true;
  return info;
}

}  // namespace

void add_secrets(Routes& routes) {
  routes.get("/secrets", list_secrets,
             secret_info("Days of which there are TLS master secrets", "SecretDays"));
  routes.get("/secrets/{day}", get_secrets,
             secret_info("TLS master secrets of a day, a line each", "application/x-ndjson"));
}

}  // namespace siploom::api
