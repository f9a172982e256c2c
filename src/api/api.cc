#include "api/api.h"

#include "api/asked.h"
#include "api/body.h"
#include "api/core.h"
#include "api/gate.h"
#include "api/problem.h"
#include "api/route.h"

namespace siploom::api {

using http::Request;
using http::Response;

namespace {

Response answer(const std::shared_ptr<Core>& core, Request& request, Handle handle) {
  auto caller = std::any_cast<std::shared_ptr<Caller>>(request.context);
  Asked asked{core, request, std::move(caller)};
  auto response = handle(asked);
  if (response) return std::move(*response);
  core->doubt(response.error());
  return problem_of(response.error(), filter_of(request));
}

}  // namespace

void Routes::add(http::Method method, std::string_view path, Handle handle, const RouteInfo& info) {
  http::Route route;
  route.method = method;
  route.pattern =
      path.starts_with("//") ? std::string(path.substr(1)) : std::string(kPrefix).append(path);
  route.data = info;
  route.body_bytes_max = info.body_bytes_max;
  route.spools = info.spools;
  if (core_ != nullptr && info.spools) {
    route.body_limit = [core = core_] {
      return core->context.stores.settings.snapshot()->size_bytes(
          registry::SettingId::ImportSizeMax);
    };
  }
  if (core_ != nullptr) {
    route.handler = [core = core_, handle](Request& request) {
      return answer(core, request, handle);
    };
  }
  router_.add(std::move(route));
}

void add_all(Routes& routes) {
  for (const auto add :
       {add_auth,    add_sessions,       add_users,   add_tokens, add_audit,   add_settings,
        add_aliases, add_saved_searches, add_notes,   add_holds,  add_filters, add_lists,
        add_calls,   add_records,        add_groups,  add_tails,  add_exports, add_imports,
        add_nodes,   add_state,          add_metrics, add_sql,    add_secrets, add_documents}) {
    add(routes);
  }
}

Api::Api(ApiContext context) : core_(std::make_shared<Core>(std::move(context))) {}
Api::~Api() { stop(); }

http::Router Api::make_router() {
  http::Router router;
  router.before([core = core_](Request& request, const http::Route& route) {
    const auto* info = route.data_as<RouteInfo>();
    return info == nullptr ? std::nullopt : pass_gate(core, request, *info);
  });
  router.after([](const Request& request, const http::Route& route, Response& response) {
    static_cast<void>(request);
    if (route.data_as<RouteInfo>() != nullptr) leave_gate(response);
  });
  Routes routes(router, core_);
  add_all(routes);
  return router;
}

void Api::note_finished(const http::FinishedRequest& request) {
  if (request.pattern.empty()) return;
  core_->requests.add(request.pattern, static_cast<double>(request.duration_us) / 1e6);
}

void Api::stop() { core_->stop(); }

}  // namespace siploom::api
