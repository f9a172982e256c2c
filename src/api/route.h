// RouteInfo: what a route says of itself, for the gate (who may), the documents and the tests. It
// is the `data` of its http::Route.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "admin/permission.h"
#include "base/result.h"
#include "http/router.h"

namespace siploom::api {

struct Core;
struct Asked;

// An error becomes a problem document (api/problem.h).
using Handle = Result<http::Response> (*)(Asked&);

enum class Access : uint8_t {
  Public,    // anybody
  LoggedIn,  // whoever is logged in, for themselves
  Allowed,   // whoever has the permission
};

struct RouteInfo {
  std::string_view tag, summary;
  Access access = Access::Allowed;
  admin::Permission permission = admin::Permission::Count;  // of Allowed
  std::string_view parameters = {};  // of the query, by blanks (api/parameters.cc)
  std::string_view body = {};        // schema (api/schemas.cc), or a media type with a '/'
  std::string_view response = {};    // the same; empty: nothing comes back
  int status = 200;
  bool searches = false;     // counts against the searches that one user may run at once
  bool whole_scope = false;  // only for who sees all traffic: what it gives cannot be cut down
  uint64_t body_bytes_max = 256 * 1024;
  bool spools = false;
};

constexpr std::string_view kPrefix = "/api/v1";

class Routes final {
 public:
  Routes(http::Router& router, std::shared_ptr<Core> core)
      : router_(router), core_(std::move(core)) {}

  // `path` is below kPrefix, or the whole one when it begins with "//".
  void add(http::Method method, std::string_view path, Handle handle, const RouteInfo& info);
  void get(std::string_view path, Handle handle, const RouteInfo& info) {
    add(http::Method::Get, path, handle, info);
  }
  void post(std::string_view path, Handle handle, const RouteInfo& info) {
    add(http::Method::Post, path, handle, info);
  }
  void put(std::string_view path, Handle handle, const RouteInfo& info) {
    add(http::Method::Put, path, handle, info);
  }
  void patch(std::string_view path, Handle handle, const RouteInfo& info) {
    add(http::Method::Patch, path, handle, info);
  }
  void del(std::string_view path, Handle handle, const RouteInfo& info) {
    add(http::Method::Delete, path, handle, info);
  }

 private:
  http::Router& router_;
  std::shared_ptr<Core> core_;  // null: for the documents alone
};

// The resources, one file each.
void add_auth(Routes& routes);
void add_sessions(Routes& routes);
void add_users(Routes& routes);
void add_tokens(Routes& routes);
void add_audit(Routes& routes);
void add_settings(Routes& routes);
void add_aliases(Routes& routes);
void add_saved_searches(Routes& routes);
void add_notes(Routes& routes);
void add_holds(Routes& routes);
void add_filters(Routes& routes);
void add_lists(Routes& routes);
void add_calls(Routes& routes);
void add_records(Routes& routes);
void add_groups(Routes& routes);
void add_tails(Routes& routes);
void add_exports(Routes& routes);
void add_imports(Routes& routes);
void add_nodes(Routes& routes);
void add_state(Routes& routes);
void add_metrics(Routes& routes);
void add_sql(Routes& routes);
void add_secrets(Routes& routes);
void add_documents(Routes& routes);

void add_all(Routes& routes);

}  // namespace siploom::api
