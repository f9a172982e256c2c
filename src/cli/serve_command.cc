// siploom serve: takes, keeps and answers until it is told to stop.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "admin/settings.h"
#include "base/json_writer.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/service_notify.h"
#include "cli/wall_clock.h"
#include "pipeline/collector.h"

namespace siploom::cli {

namespace {

using registry::SettingId;

// The program's own log: a line each, for people or for machines.
class Log final {
 public:
  explicit Log(bool json) : json_(json) {}
  void write(std::string_view level, std::string_view text) const {
    std::string line;
    if (json_) {
      JsonWriter json(line);
      json.begin_object();
      json.field("time", std::string_view(format_rfc3339(wall_clock())));
      json.field("level", level);
      json.field("message", text);
      json.end_object();
      line += '\n';
    } else {
      line = fmt::format("{} {:<7} {}\n", format_rfc3339(wall_clock(), 3), level, text);
    }
    const auto written = ::write(STDERR_FILENO, line.data(), line.size());
    static_cast<void>(written);
  }

 private:
  bool json_;
};

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
                                                     const Log& log) {
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
  intake.rate.messages_per_s =
      static_cast<uint64_t>(settings.number(SettingId::HepPacketsPerSecond));
  intake.max_connections = static_cast<size_t>(settings.number(SettingId::HepConnectionsMax));
  if (const std::string key = settings.text(SettingId::HepPassword); !key.empty()) {
    intake.keys.push_back({*parse_cidr("::/0"), key});
    intake.keys.push_back({*parse_cidr("0.0.0.0/0"), key});
  }
  options.interfaces = settings.list(SettingId::CaptureInterfaces);
  options.bpf = settings.text(SettingId::CaptureFilter);
  options.node = settings.text(SettingId::CaptureNode);
  options.weave_bytes = settings.size_bytes(SettingId::MemoryWeave);
  options.search_bytes = settings.size_bytes(SettingId::MemoryQuery);
  options.relay = SL_TRY(relay_options(settings));
  options.clock = wall_clock;
  options.notice = [&log](std::string_view text) { log.write("warning", text); };
  return options;
}

bool is_loopback(const IpAddress& address) {
  return parse_cidr("127.0.0.0/8")->contains(address) || format_ip(address) == "::1";
}

void tell_endpoints(const pipeline::Collector& collector, const intake::Intake* intake,
                    const Log& log) {
  for (const std::string& interface : collector.options().interfaces) {
    log.write("info", "capturing on " + interface);
  }
  for (const pipeline::relay::Destination& to : collector.options().relay.to) {
    log.write("info", "relaying to " + to.text());
  }
  if (intake == nullptr) return;
  bool only_here = true;
  for (const Endpoint& endpoint : intake->endpoints()) {
    log.write(
        "info",
        fmt::format("taking HEP on {} (UDP, TCP, WebSocket, HTTP{}{})", format_endpoint(endpoint),
                    collector.options().intake.sctp ? ", SCTP" : "",
                    collector.options().intake.tls.certificate_file.empty() ? "" : ", TLS"));
    only_here = only_here && is_loopback(endpoint.address);
  }
  if (only_here) {
    log.write("info", "only agents on this machine reach it; for others: --hep 0.0.0.0:9060");
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

}  // namespace

int serve_command(const Options& options) {
  auto settings = read_settings(options.serve);
  if (!settings) return fail_with(settings.error());
  const Log log(settings->text(SettingId::LogFormat) == "json");
  auto wanted = collector_options(*settings, log);
  if (!wanted) return fail_with(wanted.error());
  auto collector = pipeline::Collector::start(std::move(*wanted));
  if (!collector) return fail_with(collector.error());
  tell_endpoints(**collector, (*collector)->intake(), log);
  const ServiceNotify service;
  service.ready();
  wait_for_end(**collector, service);
  log.write("info", "stopping");
  service.stopping();
  if (auto stopped = (*collector)->stop(); !stopped) return fail_with(stopped.error());
  return 0;
}

}  // namespace siploom::cli
