#include "http/exchange.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>

#include "http/server_core.h"

namespace siploom::http {

namespace {

tl::unexpected<Error> cannot_keep(const std::string& path) {
  return fail(ErrorCode::Io,
              fmt::format("cannot keep the upload in {}: {}", path, std::strerror(errno)));
}

// What of the caller's runs here may use libraries that throw; a thread must not end with that.
template <class Fn>
void guarded(ServerCore& core, Exchange& exchange, Fn&& fn) {
  try {
    fn();
  } catch (const std::exception& e) {
    core.counters.callbacks_failed.fetch_add(1, std::memory_order_relaxed);
    core.notice(fmt::format("the handler of {} failed: {}",
                            exchange.route != nullptr ? exchange.route->pattern : "", e.what()));
    exchange.response =
        Response::problem(500, "internal", "The server failed at this request",
                          "Nothing is wrong with the request. Look at the server's messages.");
  }
}

}  // namespace

Result<std::shared_ptr<SpoolFile>> SpoolFile::create(const std::string& folder) {
  std::string path = folder + "/siploom-upload-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return cannot_keep(path);
  return std::shared_ptr<SpoolFile>(new SpoolFile(fd, std::move(path)));
}

SpoolFile::~SpoolFile() {
  ::close(fd_);
  ::unlink(path_.c_str());
}

Result<void> SpoolFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::write(fd_, bytes.data(), bytes.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return cannot_keep(path_);
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

void run_exchange(ServerCore& core, Exchange& exchange) {
  const Route& route = *exchange.route;
  guarded(core, exchange, [&] {
    std::optional<Response> early;
    if (!route.spools) early = core.router.run_before(exchange.request, route);
    exchange.response = early ? std::move(*early) : route.handler(exchange.request);
    core.router.run_after(exchange.request, route, exchange.response);
  });
  exchange.finish = finish_response(core.options.policy, exchange.request, exchange.response);
}

bool run_before(ServerCore& core, Exchange& exchange) {
  bool answered = true;  // also when it failed: nobody gets by a check that broke
  guarded(core, exchange, [&] {
    auto early = core.router.run_before(exchange.request, *exchange.route);
    answered = early.has_value();
    if (!early) return;
    exchange.response = std::move(*early);
    core.router.run_after(exchange.request, *exchange.route, exchange.response);
  });
  if (answered)
    exchange.finish = finish_response(core.options.policy, exchange.request, exchange.response);
  return answered;
}

}  // namespace siploom::http
