// Uploads of captures, and the jobs that read them into the store.
#include <fmt/format.h>

#include <filesystem>

#include "api/reply.h"
#include "api/route.h"
#include "base/text.h"
#include "pipeline/engine.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;

namespace {

constexpr size_t kMaxNameOctets = 200;

void write_job(JsonWriter& json, const Job& job) {
  json.field("id", job.id);
  json.field("kind", job.kind);
  json.field("name", job.name);
  json.field("owner", job.owner);
  json.field("state", job_state_name(job.state));
  text_field(json, "error", job.error);
  time_field(json, "made", job.made);
  time_field(json, "began", job.began);
  time_field(json, "ended", job.ended);
  json.field("bytes", job.bytes);
  json.field("bytes_read", job.bytes_read);
  json.field("records", job.records);
  json.field("calls", job.calls);
}

Response job_reply(const Job& job, int status = 200) {
  return object_reply([&](JsonWriter& json) { write_job(json, job); }, status);
}

Result<JobDone> read_capture(const ApiContext& context, const std::string& path,
                             const std::string& name, const JobProgress& progress) {
  capture::OpenOptions open;
  open.files = {path};
  open.stop = &progress.stop;
  auto source = SL_TRY(capture::open_source(open));
  pipeline::KeeperOptions options;
  options.live = false;
  options.node = name;
  options.clock = context.clock;
  options.stop = &progress.stop;
  pipeline::Keeper keeper(context.collector.store(), options);
  pipeline::EngineOptions engine;
  engine.threads = 1;  // what comes in goes first
  engine.stop = &progress.stop;
  engine.on_progress = progress.read;
  SL_TRY_VOID(pipeline::run(*source, keeper, engine));
  SL_TRY_VOID(keeper.finish());
  const pipeline::KeeperCounters counters = keeper.counters();
  return JobDone{counters.records, counters.calls};
}

Result<Response> import(Asked& asked) {
  const uint64_t most =
      asked.stores().settings.snapshot()->size_bytes(registry::SettingId::ImportSizeMax);
  if (asked.request.body_bytes > most) {
    return Response::problem(413, "too-large", "The upload is too large",
                             fmt::format("import.size_max allows {} octets.", most));
  }
  if (asked.request.body_file.empty() || asked.request.body_bytes == 0) {
    return fail(ErrorCode::InvalidArgument, "the body has to be the capture file");
  }
  Job job;
  job.name = asked.param("name").empty() ? "upload"
                                         : printable(asked.param("name").substr(0, kMaxNameOctets));
  job.owner_id = asked.who().user_id;
  job.owner = asked.who().user_name;
  job.bytes = asked.request.body_bytes;
  // The server takes its file away when the request is over.
  const std::string path = fmt::format("{}/{}{}-{}", asked.core->context.spool_folder,
                                       kUploadPrefix, asked.request.id, asked.now().ns);
  std::error_code failed;
  std::filesystem::rename(asked.request.body_file, path, failed);
  if (failed) {
    return fail(ErrorCode::Io, fmt::format("cannot keep the upload: {}", failed.message()));
  }
  const auto cleanup = [path] {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  };
  // Not the core itself, which would keep itself alive through its jobs; it stops them before it
  // goes.
  const ApiContext* context = &asked.core->context;
  auto added = asked.core->jobs.add(
      job,
      [context, path, name = job.name](const JobProgress& progress) -> Result<JobDone> {
        auto done = read_capture(*context, path, name, progress);
        if (done) return done;
        // What was uploaded is meant, not where it lies meanwhile.
        Error error = done.error();
        for (size_t at = 0; (at = error.message.find(path, at)) != std::string::npos;) {
          error.message.replace(at, path.size(), name);
          at += name.size();
        }
        return Result<JobDone>(tl::unexpected<Error>(std::move(error)));
      },
      cleanup);
  if (!added) cleanup();
  const Job made = SL_TRY(std::move(added));
  asked.audit(AuditAction::Import, made.name,
              detail_json({{"octets", std::to_string(made.bytes)}}));
  return job_reply(made, 202);
}

// Jobs of others only for who keeps the store.
Result<Response> list_jobs(Asked& asked) {
  const auto jobs = asked.core->jobs.list(asked.owner_unless(Permission::StoreManage));
  return object_reply([&](JsonWriter& json) {
    json.key("rows");
    json.begin_array();
    for (const Job& job : jobs) {
      json.begin_object();
      write_job(json, job);
      json.end_object();
    }
    json.end_array();
  });
}

Result<Response> get_job(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  return job_reply(SL_TRY(asked.core->jobs.get(id, asked.owner_unless(Permission::StoreManage))));
}

Result<Response> cancel_job(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  const Job job = SL_TRY(asked.core->jobs.cancel(id, asked.owner_unless(Permission::StoreManage)));
  asked.audit(AuditAction::Import, job.name, "{}", "cancelled");
  return job_reply(job);
}

}  // namespace

void add_imports(Routes& routes) {
  RouteInfo info{"import", "Takes a capture of any kind (the body) and reads it into the store",
                 Access::Allowed, Permission::Import};
  info.parameters = "name";
  info.body = "application/octet-stream";
  info.response = "Job";
  info.status = 202;
  info.spools = true;
  info.body_bytes_max = uint64_t{1} << 40;  // import.size_max says what is taken
  routes.post("/import", import, info);
  RouteInfo one{"import", "Jobs of one's own, newest first", Access::Allowed, Permission::Import};
  one.response = "JobList";
  routes.get("/jobs", list_jobs, one);
  one.summary = "One job";
  one.response = "Job";
  routes.get("/jobs/{id}", get_job, one);
  one.summary = "Cancels a job; what it has read stays";
  routes.del("/jobs/{id}", cancel_job, one);
}

}  // namespace siploom::api
