#include "http/server.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/thread_name.h"
#include "http/connection.h"
#include "http/server_core.h"

namespace siploom::http {

namespace {

constexpr Nanoseconds kTickMin = 5 * kMillisecond, kTickMax = 500 * kMillisecond;

// Timeouts are looked at often enough to be kept to a quarter.
Nanoseconds tick_period(const ServerLimits& limits) {
  const Nanoseconds shortest =
      std::min({limits.header_timeout, limits.idle_timeout, limits.body_grace, limits.write_stall,
                limits.heartbeat, limits.linger});
  return std::clamp(shortest / 4, kTickMin, kTickMax);
}

// Whom a connection counts for: whoever has an IPv6 address has a /64 of them.
IpAddress counted_address(IpAddress address) {
  if (!address.is_v4()) std::fill(address.octets.begin() + 8, address.octets.end(), uint8_t{0});
  return address;
}

Result<void> check_options(const ServerOptions& options, const Router& router) {
  if (options.listen.empty())
    return fail(ErrorCode::InvalidArgument, "the server needs an address to listen at");
  if (options.certificate_file.empty() != options.key_file.empty())
    return fail(ErrorCode::InvalidArgument,
                "a certificate needs its key, and a key its certificate");
  if (options.threads == 0 || options.stream_threads == 0)
    return fail(ErrorCode::InvalidArgument, "the server needs at least one thread of each kind");
  const auto& routes = router.routes();
  const bool spools =
      std::any_of(routes.begin(), routes.end(), [](const auto& route) { return route->spools; });
  struct stat about {};
  if (spools && (::stat(options.spool_folder.c_str(), &about) != 0 || !S_ISDIR(about.st_mode))) {
    return fail(ErrorCode::NotFound,
                fmt::format("the folder '{}' for uploads is not there", options.spool_folder));
  }
  return {};
}

}  // namespace

// ---- ServerCore

void ServerCore::accept(std::unique_ptr<Socket> socket) {
  const Endpoint peer = socket->peer();
  const IpAddress counted = counted_address(peer.address);
  ++counters.connections_total;
  const auto here = by_address.find(counted);
  const bool crowd =
      here != by_address.end() && here->second >= options.limits.connections_per_address;
  if (draining || crowd || connections.size() >= options.limits.connections) {
    ++counters.connections_refused;
    const Nanoseconds now = Loop::now();
    if (draining || (noticed_refusal != 0 && now - noticed_refusal < 60 * kSecond)) return;
    noticed_refusal = now;
    return notice(fmt::format("connections of {} are refused: there are {} of it, {} in all",
                              format_ip(peer.address), crowd ? here->second : 0,
                              connections.size()));
  }
  ++by_address[counted];
  auto connection = std::make_shared<Connection>(*this, std::move(socket), peer);
  connections.emplace(connection.get(), connection);
  counters.connections_now = connections.size();
  connection->start();
}

void ServerCore::remove(Connection& connection) {
  const auto counted = by_address.find(counted_address(connection.peer().address));
  if (counted != by_address.end() && --counted->second == 0) by_address.erase(counted);
  connections.erase(&connection);
  counters.connections_now = connections.size();
  if (draining) note_empty();
}

void ServerCore::tick() {
  for (const auto& listener : listeners) listener->resume();
  // A copy: connections leave while they are asked.
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections.size());
  for (const auto& [key, connection] : connections) all.push_back(connection);
  const Nanoseconds now = Loop::now();
  for (const auto& connection : all) connection->tick(now);
}

void ServerCore::drain() {
  draining = true;
  for (const auto& listener : listeners) listener->close();
  const auto all = connections;
  for (const auto& [key, connection] : all) connection->drain();
  note_empty();
}

void ServerCore::close_all() {
  const auto all = connections;
  for (const auto& [key, connection] : all) connection->close();
}

void ServerCore::note_empty() {
  if (!connections.empty()) return;
  const std::lock_guard lock(empty_mutex);
  is_empty = true;
  empty_changed.notify_all();
}

// ---- Server

struct Server::State {
  State(ServerOptions options, Router router) : core(std::move(options), std::move(router)) {}

  ServerCore core;
  std::vector<Endpoint> endpoints;
  std::thread io;
  std::mutex stopping;  // held by whoever stops
  bool stopped = false;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() { stop(0); }

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Router router) {
  SL_TRY_VOID(check_options(options, router));
  TlsContext tls;
  if (!options.certificate_file.empty())
    tls = SL_TRY(make_server_tls(options.certificate_file, options.key_file));
  auto state = std::make_unique<State>(std::move(options), std::move(router));
  ServerCore& core = state->core;
  core.tls = std::move(tls);
  for (const Endpoint& at : core.options.listen) {
    auto listener = SL_TRY(Listener::open(core.loop, at, [&core](std::unique_ptr<Socket> socket) {
      core.accept(std::move(socket));
    }));
    state->endpoints.push_back(listener->endpoint());
    core.listeners.push_back(std::move(listener));
  }
  core.loop.every(tick_period(core.options.limits), [&core] { core.tick(); });
  state->io = std::thread([&core] {
    name_thread("siploom-http");
    if (const uint64_t thrown = core.loop.run(); thrown != 0) {
      core.counters.callbacks_failed.fetch_add(thrown, std::memory_order_relaxed);
      core.notice(fmt::format("{} callbacks failed for want of memory", thrown));
    }
  });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

const std::vector<Endpoint>& Server::endpoints() const { return state_->endpoints; }
const Router& Server::router() const { return state_->core.router; }

ServerCounters Server::counters() const {
  const LiveCounters& live = state_->core.counters;
  ServerCounters out;
  out.connections_now = live.connections_now;
  out.connections_total = live.connections_total;
  out.connections_refused = live.connections_refused;
  out.tls_failures = live.tls_failures;
  out.requests = live.requests;
  for (size_t i = 0; i < out.by_class.size(); ++i) out.by_class[i] = live.by_class[i];
  out.abandoned = live.abandoned;
  out.malformed = live.malformed;
  out.busy = live.busy;
  out.timeouts = live.timeouts;
  out.callbacks_failed = live.callbacks_failed;
  out.streams_now = live.streams_now;
  out.requests_waiting = state_->core.handlers.waiting();
  out.bytes_received = live.bytes_received;
  out.bytes_sent = live.bytes_sent;
  return out;
}

Result<void> Server::reload_certificate() {
  ServerCore& core = state_->core;
  if (core.options.certificate_file.empty()) return {};
  TlsContext tls = SL_TRY(make_server_tls(core.options.certificate_file, core.options.key_file));
  core.loop.post([&core, tls = std::move(tls)] { core.tls = tls; });
  return {};
}

void Server::stop(Nanoseconds grace) {
  const std::lock_guard once(state_->stopping);
  if (std::exchange(state_->stopped, true)) return;
  ServerCore& core = state_->core;
  core.loop.post([&core] { core.drain(); });
  {
    std::unique_lock lock(core.empty_mutex);
    core.empty_changed.wait_for(lock, std::chrono::nanoseconds(grace),
                                [&] { return core.is_empty; });
  }
  core.closing = true;
  core.loop.post([&core] { core.close_all(); });
  // In this order: what handlers give goes to the loop, and the loop ends when nothing is left.
  core.handlers.stop();
  core.streams.stop();
  core.disk.stop();
  core.loop.finish();
  state_->io.join();
}

}  // namespace siploom::http
