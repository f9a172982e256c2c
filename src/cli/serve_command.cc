// siploom serve: takes, keeps and answers until it is told to stop.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "admin/settings.h"
#include "api/api.h"
#include "api/apply.h"
#include "api/start_page.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/program_log.h"
#include "cli/service_notify.h"
#include "cli/version.h"
#include "cli/wall_clock.h"
#include "http/certificate.h"
#include "pipeline/collector.h"
#include "store/files.h"

namespace siploom::cli {

namespace {

using registry::SettingId;

Result<admin::Settings> read_settings(const ServeOptions& options) {
  admin::Settings settings;
  if (!options.config.empty()) SL_TRY_VOID(settings.load_file(options.config));
  for (const std::string& warning : SL_TRY(settings.load_environment(environ))) complain(warning);
  for (const auto& [key, value] : options.settings) {
    SL_TRY_VOID(settings.set(admin::Origin::CommandLine, key, value));
  }
  SL_TRY_VOID(settings.check());
  return settings;
}

Result<pipeline::relay::RelayOptions> relay_options(const admin::Settings& settings) {
  pipeline::relay::RelayOptions relay;
  relay.to = SL_TRY(pipeline::relay::parse_destinations(settings.list(SettingId::RelayTo)));
  relay.folder = settings.text(SettingId::DataFolder) + "/relay";
  relay.filter = settings.text(SettingId::RelayFilter);
  relay.key = settings.text(SettingId::RelayKey);
  relay.compress = settings.flag(SettingId::RelayCompress);
  relay.mask_bodies = settings.flag(SettingId::RelayMaskBodies);
  relay.spool_bytes = settings.size_bytes(SettingId::RelaySpoolMax);
  relay.tls_ca_file = settings.text(SettingId::RelayTlsCa);
  return relay;
}

Result<pipeline::CollectorOptions> collector_options(const admin::Settings& settings,
                                                     const ProgramLog& log) {
  pipeline::CollectorOptions options;
  options.store.folder = settings.text(SettingId::DataFolder) + "/store";
  options.store.seal_age = settings.duration(SettingId::StoreSealAge);
  options.store.seal.zstd_level = static_cast<int>(settings.number(SettingId::StoreZstdLevel));
  intake::IntakeOptions& intake = options.intake;
  intake.listen = settings.addresses(SettingId::HepListen);
  options.take_hep = !intake.listen.empty();
  intake.sctp = settings.flag(SettingId::HepSctp);
  intake.receive_buffer_bytes = settings.size_bytes(SettingId::HepReceiveBuffer);
  intake.tls.certificate_file = settings.text(SettingId::HepTlsCertificate);
  intake.tls.key_file = settings.text(SettingId::HepTlsKey);
  intake.tls.client_ca_file = settings.text(SettingId::HepTlsClientCa);
  intake.allow = settings.networks(SettingId::HepAllowedSenders);
  intake.quarantine = settings.flag(SettingId::HepQuarantine);
  intake.rate = api::rate_limit(settings);
  intake.max_connections = static_cast<size_t>(settings.number(SettingId::HepConnectionsMax));
  if (const std::string key = settings.text(SettingId::HepPassword); !key.empty()) {
    intake.keys.push_back({*parse_cidr("::/0"), key});
    intake.keys.push_back({*parse_cidr("0.0.0.0/0"), key});
  }
  options.retention = api::retention_policy(settings);
  options.interfaces = settings.list(SettingId::CaptureInterfaces);
  options.bpf = settings.text(SettingId::CaptureFilter);
  options.node = settings.text(SettingId::CaptureNode);
  options.weave_bytes = settings.size_bytes(SettingId::MemoryWeave);
  options.search_bytes = settings.size_bytes(SettingId::MemoryQuery);
  options.relay = SL_TRY(relay_options(settings));
  options.clock = wall_clock;
  options.notice = [&log](std::string_view text) { log.write(LogLevel::Warning, text); };
  options.news = [&log](std::string_view text) { log.write(LogLevel::Info, text); };
  return options;
}

bool is_loopback(const IpAddress& address) {
  return parse_cidr("127.0.0.0/8")->contains(address) || format_ip(address) == "::1";
}

void tell_endpoints(const pipeline::Collector& collector, const intake::Intake* intake,
                    const ProgramLog& log) {
  for (const std::string& interface : collector.options().interfaces) {
    log.write(LogLevel::Info, "capturing on " + interface);
  }
  for (const pipeline::relay::Destination& to : collector.options().relay.to) {
    log.write(LogLevel::Info, "relaying to " + to.text());
  }
  if (intake == nullptr) return;
  bool only_here = true;
  for (const Endpoint& endpoint : intake->endpoints()) {
    log.write(
        LogLevel::Info,
        fmt::format("taking HEP on {} (UDP, TCP, WebSocket, HTTP{}{})", format_endpoint(endpoint),
                    collector.options().intake.sctp ? ", SCTP" : "",
                    collector.options().intake.tls.certificate_file.empty() ? "" : ", TLS"));
    only_here = only_here && is_loopback(endpoint.address);
  }
  if (only_here) {
    log.write(LogLevel::Info,
              "only agents on this machine reach it; for others: --hep 0.0.0.0:9060");
  }
}

// Until a signal comes or taking has ended. systemd is told that we live as long as records that
// come in can be stored, or it is known why not.
void wait_for_end(const pipeline::Collector& collector, const ServiceNotify& service) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point told = Clock::now();
  std::string state;
  while (!stop_flag() && !collector.is_over()) {
    ::usleep(100'000);
    const pipeline::Health health = collector.health();
    if (health.state != state) {
      state = health.state;
      service.status(health.why.empty() ? state : state + ": " + health.why);
    }
    const auto period = service.watchdog();
    if (!period || Clock::now() - told < *period / 3) continue;
    service.alive();
    told = Clock::now();
  }
}

// Everything that serves, in the order in which it starts and, backwards, ends.
class Service final {
 public:
  Service(admin::Settings settings, ProgramLog& log) : settings_(std::move(settings)), log_(log) {}

  Result<void> start() {
    data_ = settings_.text(SettingId::DataFolder);
    SL_TRY_VOID(store::make_folders(data_ + "/spool"));
    SL_TRY_VOID(make_own_certificate());
    open_stores();
    const std::shared_ptr<const admin::Settings> settings =
        stores_ == nullptr ? std::make_shared<const admin::Settings>(settings_)
                           : stores_->settings.snapshot();
    pipeline::CollectorOptions collecting = SL_TRY(collector_options(*settings, log_));
    if (collecting.intake.tls.certificate_file.empty()) {
      collecting.intake.tls.certificate_file = own_certificate();
      collecting.intake.tls.key_file = own_key();
    }
    log_.configure(*settings);
    collecting.holds = [this] { return holds(); };
    collecting.secrets_folder = data_ + "/secrets";
    collector_ = SL_TRY(pipeline::Collector::start(std::move(collecting)));
    tell_endpoints(*collector_, collector_->intake(), log_);
    return stores_ == nullptr ? Result<void>() : start_http(*settings);
  }
  pipeline::Collector& collector() { return *collector_; }
  Result<void> stop() {
    if (api_ != nullptr) api_->stop();
    if (http_ != nullptr) http_->stop(5 * kSecond);
    if (collector_ == nullptr) return {};
    return collector_->stop();
  }

 private:
  std::string own_certificate() const { return data_ + "/tls/certificate.pem"; }
  std::string own_key() const { return data_ + "/tls/key.pem"; }

  // Without meta.db nobody can log in and no hold is known; but what agents send now they send
  // once.
  void open_stores() {
    api::Stores::Options opening;
    opening.path = data_ + "/meta.db";
    opening.clock = wall_clock;
    opening.given = settings_;
    auto opened = api::Stores::open(std::move(opening));
    if (!opened) {
      log_.write(LogLevel::Error, "NO WEB INTERFACE AND NO API, and retention drops nothing: " +
                                      opened.error().message);
      return;
    }
    stores_ = std::move(*opened);
    for (const std::string& warning : stores_->warnings()) log_.write(LogLevel::Warning, warning);
  }

  Result<void> make_own_certificate() {
    SL_TRY_VOID(store::make_folders(data_ + "/tls"));
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    http::CertificateOptions options;
    options.names = {"localhost", "127.0.0.1", "::1"};
    if (host[0] != '\0') options.names.emplace_back(host);
    SL_TRY(http::ensure_certificate(own_certificate(), own_key(), options));
    return {};
  }

  Result<std::vector<store::Hold>> holds() {
    if (stores_ == nullptr) {
      return fail(ErrorCode::Io, "holds cannot be read: meta.db is not open; nothing is dropped");
    }
    return api::holds_in_force(stores_->holds);
  }

  Result<void> start_http(const admin::Settings& settings) {
    http::ServerOptions options;
    options.listen = settings.addresses(SettingId::HttpListen);
    if (options.listen.empty()) return {};
    options.certificate_file = settings.text(SettingId::HttpTlsCertificate);
    options.key_file = settings.text(SettingId::HttpTlsKey);
    const bool only_here = std::all_of(options.listen.begin(), options.listen.end(),
                                       [](const Endpoint& e) { return is_loopback(e.address); });
    // Passwords do not cross a network in the clear.
    if (!only_here && options.certificate_file.empty()) {
      options.certificate_file = own_certificate();
      options.key_file = own_key();
    }
    options.limits.connections =
        static_cast<size_t>(settings.number(SettingId::HttpConnectionsMax));
    options.spool_folder = data_ + "/spool";
    options.notice = [this](std::string_view text) { log_.write(LogLevel::Info, text); };
    const bool tls = !options.certificate_file.empty();
    api_ = std::make_unique<api::Api>(api::ApiContext{
        *collector_, *stores_, wall_clock, kVersion, options.spool_folder, options.notice,
        [this] { return http_ == nullptr ? http::ServerCounters{} : http_->counters(); },
        [this](const admin::Settings& now) { log_.configure(now); }});
    options.finished = [this](const http::FinishedRequest& request) {
      api_->note_finished(request);
      note_request(request);
    };
    http::Router router = api_->make_router();
    api::add_start_page(router);
    const std::string certificate = options.certificate_file;
    http_ = SL_TRY(http::Server::start(std::move(options), std::move(router)));
    return tell_urls(tls, only_here, certificate);
  }

  void note_request(const http::FinishedRequest& request) const {
    if (!log_.writes(LogLevel::Debug)) return;
    // The pattern, not the target: what people search for is nobody's business.
    log_.write(
        LogLevel::Debug,
        fmt::format("{} {} {}: {} in {} us, {} octets", format_ip(request.request.peer.address),
                    http::method_name(request.request.method),
                    request.pattern.empty() ? "(no route)" : request.pattern, request.status,
                    request.duration_us, request.bytes_sent));
  }

  Result<void> tell_urls(bool tls, bool only_here, const std::string& certificate) {
    Endpoint first = http_->endpoints().front();
    if (first.address.is_unspecified()) first.address = *parse_ip("127.0.0.1");
    const std::string url = fmt::format("{}://{}/", tls ? "https" : "http", format_endpoint(first));
    if (tls) {
      const auto info = SL_TRY(http::read_certificate(certificate));
      log_.write(LogLevel::Info, fmt::format("TLS certificate SHA-256 {}", info.sha256));
    }
    if (only_here) {
      log_.write(LogLevel::Info,
                 "only this machine reaches the web interface; for others: --listen "
                 "0.0.0.0:8443");
    }
    if (SL_TRY(stores_->setup.is_needed())) {
      const std::string token = SL_TRY(stores_->setup.make_setup_token());
      // Without it nobody can use the server.
      log_.tell("nobody may log in yet; this link makes the first administrator, once:");
      log_.tell(fmt::format("open {}#token={}", url, token));
    } else {
      log_.write(LogLevel::Info, "open " + url);
    }
    return {};
  }

  admin::Settings settings_;
  ProgramLog& log_;
  std::string data_;
  std::unique_ptr<api::Stores> stores_;
  std::unique_ptr<pipeline::Collector> collector_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<http::Server> http_;
};

}  // namespace

int serve_command(const Options& options) {
  auto settings = read_settings(options.serve);
  if (!settings) return fail_with(settings.error());
  ProgramLog log(wall_clock, STDERR_FILENO);
  log.configure(*settings);
  Service service(std::move(*settings), log);
  if (auto started = service.start(); !started) {
    static_cast<void>(service.stop());
    return fail_with(started.error());
  }
  const ServiceNotify notify;
  notify.ready();
  wait_for_end(service.collector(), notify);
  log.write(LogLevel::Info, "stopping");
  notify.stopping();
  if (auto stopped = service.stop(); !stopped) {
    log.write(LogLevel::Error, stopped.error().message);
    return 2;
  }
  return 0;
}

}  // namespace siploom::cli
