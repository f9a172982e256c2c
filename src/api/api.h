// Api: the versioned REST API of a server (/api/v1), its health and its metrics, as routes of
// http/router.h. Its documents (OpenAPI, reference) are made of the same routes.
//
// Threads: handlers run on the HTTP server's workers. One thread of its own looks after sessions,
// the audit log and state changes once a second, another one reads what was uploaded.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/stores.h"
#include "http/server.h"
#include "pipeline/collector.h"

namespace siploom::api {

// All of it must outlive the Api.
struct ApiContext {
  pipeline::Collector& collector;
  Stores& stores;
  admin::Clock clock;
  std::string version;
  std::string spool_folder;                        // for uploads and captures being made; exists
  std::function<void(std::string_view)> notice;    // for the operator; any thread
  std::function<http::ServerCounters()> counters;  // of the HTTP server; may be empty
  // After a setting was changed: for what only the program itself knows. May be empty.
  std::function<void(const admin::Settings&)> settings_changed = {};
};

struct Core;

class Api final {
 public:
  explicit Api(ApiContext context);
  ~Api();  // stop()
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  http::Router make_router();
  // For ServerOptions::finished: how long requests take.
  void note_finished(const http::FinishedRequest& request);
  // Ends tails, event streams and jobs; what is audited is on the disk. Before the server stops.
  void stop();

 private:
  std::shared_ptr<Core> core_;
};

// The same routes without a server behind them: what there is to be asked.
std::string openapi_json(std::string_view version);
// docs/reference/api.md
std::string api_reference_md();

}  // namespace siploom::api
