// siploom doctor: where packets stop, from the port to the store, one question after the other.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "admin/settings.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/wall_clock.h"
#include "pipeline/payload_reader.h"
#include "store/files.h"
#include "store/search.h"
#include "view/style.h"
#include "wire/hep/encode.h"

namespace siploom::cli {

namespace {

enum class Verdict : uint8_t { Good, Warning, Bad };

struct Finding {
  std::string name;  // stable, for --json
  Verdict verdict = Verdict::Good;
  std::string what;
  std::string advice;  // what to do; empty when good
};

std::string read_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// A row of /proc/net/udp or tcp for a local port.
struct ProcSocket {
  bool found = false;
  uint64_t drops = 0;
};

ProcSocket find_socket(const std::string& protocol, uint16_t port) {
  ProcSocket out;
  for (const char* suffix : {"", "6"}) {
    std::ifstream in("/proc/net/" + protocol + suffix);
    std::string line;
    while (std::getline(in, line)) {
      std::istringstream words(line);
      std::string slot, local, remote, state, word, last;
      words >> slot >> local >> remote >> state;
      const size_t colon = local.rfind(':');
      if (colon == std::string::npos) continue;
      const auto number = parse_number<uint16_t>(std::string_view(local).substr(colon + 1), 16);
      if (!number || *number != port) continue;
      if (protocol == "tcp" && state != "0A") continue;  // listening
      out.found = true;
      while (words >> word) last = word;
      if (protocol == "udp") out.drops += parse_number<uint64_t>(last).value_or(0);
    }
  }
  return out;
}

// The process that has the store.
struct Running {
  bool found = false;
  std::string pid;
};

Running find_server(const std::string& folder) {
  const std::string path = folder + "/lock";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool taken = fd >= 0 && ::flock(fd, LOCK_SH | LOCK_NB) != 0;
  if (fd >= 0) ::close(fd);
  Running out;
  out.found = taken;
  if (taken) out.pid = read_line(path);
  return out;
}

Finding look_at_process(const Running& server, const std::string& folder) {
  if (server.found) {
    return {"server", Verdict::Good, "siploom serve runs as process " + view::safe(server.pid), {}};
  }
  return {"server", Verdict::Bad, fmt::format("no siploom serve has the store {}", folder),
          "start it (systemctl start siploom), or name its data folder with --data"};
}

Finding look_at_port(const Endpoint& hep) {
  const ProcSocket udp = find_socket("udp", hep.port), tcp = find_socket("tcp", hep.port);
  if (!udp.found || !tcp.found) {
    return {"port", Verdict::Bad,
            fmt::format("nobody listens on {} port {}", udp.found ? "TCP" : "UDP", hep.port),
            "is serve running, and with --hep on this port?"};
  }
  return {"port", Verdict::Good, fmt::format("UDP and TCP port {} are open", hep.port), {}};
}

Finding look_at_drops(const Endpoint& hep) {
  const ProcSocket udp = find_socket("udp", hep.port);
  const auto most = parse_number<uint64_t>(read_line("/proc/sys/net/core/rmem_max")).value_or(0);
  if (udp.drops != 0) {
    return {
        "kernel-drops", Verdict::Bad,
        fmt::format("the kernel dropped {} datagrams at this port since serve started", udp.drops),
        fmt::format("raise the buffer (sysctl net.core.rmem_max is {}; hep.receive_buffer), or "
                    "let the agents send by TCP",
                    most)};
  }
  if (most < (8u << 20)) {
    return {"kernel-drops", Verdict::Warning,
            fmt::format("nothing dropped yet, but net.core.rmem_max is only {} octets", most),
            "sysctl -w net.core.rmem_max=33554432, unless serve has CAP_NET_ADMIN"};
  }
  return {"kernel-drops", Verdict::Good, "the kernel drops nothing", {}};
}

Finding look_at_disk(const std::string& folder) {
  const auto space = store::disk_space(folder);
  if (!space) return {"disk", Verdict::Bad, space.error().message, "is the folder there?"};
  const double free_gib = static_cast<double>(space->free_bytes) / (1u << 30);
  const double share = static_cast<double>(space->free_bytes) /
                       static_cast<double>(std::max<uint64_t>(1, space->total_bytes));
  const std::string what = fmt::format("{:.1f} GiB free ({:.0f} %)", free_gib, share * 100);
  if (free_gib < 1) return {"disk", Verdict::Bad, what, "make room, or lower retention.*"};
  if (share < 0.05) return {"disk", Verdict::Warning, what, "look at retention.size_max"};
  return {"disk", Verdict::Good, what, {}};
}

// What the relay of that server could not send on yet, by collector: a folder each beside the
// store.
void look_at_relay(const std::string& store_folder, std::vector<Finding>& out) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path folder = fs::path(store_folder).lexically_normal().parent_path() / "relay";
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  for (fs::directory_iterator to(folder, kOptions, error), end; !error && to != end;
       to.increment(error)) {
    uint64_t octets = 0;
    std::error_code ignored;
    for (fs::directory_iterator file(to->path(), kOptions, ignored); !ignored && file != end;
         file.increment(ignored)) {
      if (file->is_regular_file(ignored)) octets += file->file_size(ignored);
    }
    if (octets == 0) continue;
    out.push_back({"relay", Verdict::Warning,
                   fmt::format("{} octets wait on disk to be relayed to {}", octets,
                               view::safe(to->path().filename().string())),
                   "is that collector there? /api/v1/health tells the last error of each"});
  }
}

class StoreLook final {
 public:
  static Result<StoreLook> open(const std::string& folder) {
    StoreLook look;
    look.view_ = SL_TRY(store::Store::read(folder));
    store::SearchOptions options;
    options.folder = folder;
    options.make_reader = pipeline::make_payload_reader;
    look.search_ = SL_TRY(store::Search::open(options));
    return look;
  }
  Result<std::vector<std::vector<std::string>>> ask(const std::string& sql) {
    auto answer = SL_TRY(search_->sql(view_, sql, {}));
    std::vector<std::vector<std::string>> out;
    while (SL_TRY(answer->next())) {
      std::vector<std::string>& row = out.emplace_back();
      for (size_t i = 0; i < answer->rows().column_count(); ++i) {
        row.push_back(answer->rows().display(i));
      }
    }
    return out;
  }

 private:
  StoreLook() = default;
  store::View view_;
  std::unique_ptr<store::Search> search_;
};

std::string ago(std::string_view time) {
  const auto parsed = parse_time(time);
  if (!parsed) return "never";
  return view::safe(format_duration(std::max<Nanoseconds>(0, wall_clock() - *parsed))) + " ago";
}

void look_at_store(const std::string& folder, std::vector<Finding>& out) {
  auto look = StoreLook::open(folder);
  if (!look) {
    out.push_back({"store", Verdict::Bad, look.error().message, "siploom store check says more"});
    return;
  }
  const std::string hour = store::sql_time(wall_clock() + -3600 * kSecond);
  const auto last =
      look->ask(fmt::format("select max(received), count(*) from records where received > "
                            "{}",
                            hour));
  if (!last) {
    out.push_back({"store", Verdict::Bad, last.error().message, "siploom store check says more"});
    return;
  }
  const bool some = !last->empty() && last->at(0).at(1) != "0";
  out.push_back(
      some ? Finding{"stored",
                     Verdict::Good,
                     fmt::format("{} records kept in the last hour, the last one {}",
                                 last->at(0)[1], ago(last->at(0)[0])),
                     {}}
           : Finding{"stored", Verdict::Bad, "nothing was kept in the last hour",
                     "do agents send to this address and port? tcpdump -ni any port 9060"});
  const auto nodes = look->ask(fmt::format(
      // What was imported is of no agent: it has no number and is not in the ledger.
      "select coalesce(node, '?'), count(*), max(received) from records where received > {0} and "
      "(coalesce(agent_id, 0) <> 0 or node in (select node from ledger where fate = 'stored' and "
      "minute > {0})) group by 1 order by 2 desc limit 10",
      hour));
  if (nodes) {
    for (const auto& row : *nodes) {
      out.push_back({"node",
                     Verdict::Good,
                     fmt::format("agent {}: {} records, the last one {}", view::safe(row[0]),
                                 row[1], ago(row[2])),
                     {}});
    }
  }
  const auto lost = look->ask(
      fmt::format("select reason, sum(count) from ledger where fate = 'lost' and minute > "
                  "{} group by 1 order by 2 desc limit 10",
                  hour));
  if (!lost) return;
  for (const auto& row : *lost) {
    out.push_back({"lost", Verdict::Warning,
                   fmt::format("{} lost in the last hour: {}", row[1], row[0]),
                   row[0] == "bad-key"       ? "the agent's key is not hep.password"
                   : row[0] == "not-allowed" ? "add its address to hep.allowed_senders"
                   : row[0] == "relay-overflow"
                       ? "a collector of relay.to is away or too slow; relay.spool_max is the room"
                   : row[0] == "not-hep" ? "what comes to the port is no HEP: who sends it?"
                                         : "the ledger table says from which source"});
  }
}

// Texts that end with a NUL each, as /proc has them; nothing when we may not see them.
std::optional<std::vector<std::string>> read_texts(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<std::string> out;
  std::string text;
  while (std::getline(in, text, '\0')) out.push_back(text);
  if (out.empty()) return std::nullopt;
  return out;
}

// Whether that server was started with a key for agents; nothing: that cannot be seen from here.
std::optional<bool> wants_key(const Running& server) {
  const std::string proc = "/proc/" + server.pid;
  const auto words = read_texts(proc + "/cmdline");
  const auto variables = read_texts(proc + "/environ");
  if (!words || !variables) return std::nullopt;
  for (const std::string& variable : *variables) {
    const Halves halves = split_once(variable, '=');
    if (halves.before == "SIPLOOM_HEP_PASSWORD" && !halves.after.empty()) return true;
  }
  for (size_t i = 0; i < words->size(); ++i) {
    const Halves halves = split_once((*words)[i], '=');
    const bool next = !halves.found && i + 1 < words->size();
    const std::string value = next ? (*words)[i + 1] : std::string(halves.after);
    if (halves.before == "--hep-password" && !value.empty()) return true;
    if (halves.before != "--config") continue;
    admin::Settings settings;
    if (!settings.load_file(value.starts_with('/') ? value : proc + "/cwd/" + value)) {
      return std::nullopt;
    }
    if (!settings.text(registry::SettingId::HepPassword).empty()) return true;
  }
  return false;
}

Result<void> send_probe(const Endpoint& hep, const std::string& text, const std::string& key) {
  hep::Packet packet;
  packet.clear();
  packet.version = 3;
  packet.protocol_type = hep::kLog;
  packet.has_src = packet.has_dst = true;
  packet.src = packet.dst = {*parse_ip("127.0.0.1"), hep.port};
  packet.time = wall_clock();
  packet.agent_name = "doctor";
  packet.auth_key = key;
  packet.add_correlation_id(text);
  packet.payload = as_bytes(text);
  std::string octets;
  SL_TRY_VOID(hep::encode(packet, {}, octets));
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return store::fail_errno("cannot make", "a socket");
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(hep.port);
  std::memcpy(&to.sin_addr, &hep.address.octets[12], 4);
  if (hep.address.is_unspecified()) to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto sent = ::sendto(fd, octets.data(), octets.size(), 0,
                             reinterpret_cast<const sockaddr*>(&to), sizeof to);
  ::close(fd);
  if (sent < 0) return store::fail_errno("cannot send to", format_endpoint(hep));
  return {};
}

// Sends a log line as an agent would and looks for it in the store.
Finding probe(const Endpoint& hep, const std::string& folder, const Running& server,
              const std::string& key) {
  constexpr const char* kGiveKey = "give it: --key, SIPLOOM_HEP_PASSWORD, or the server's --config";
  const std::optional<bool> wants = key.empty() ? wants_key(server) : std::optional<bool>(false);
  if (wants.value_or(false)) {
    return {"probe", Verdict::Warning,
            "cannot tell whether messages get through: the server wants a key", kGiveKey};
  }

  const std::string text = fmt::format("siploom doctor {}", wall_clock().ns);
  if (!hep.address.is_v4()) {
    return {"probe", Verdict::Warning, "only an IPv4 address can be probed",
            "--hep 127.0.0.1:9060"};
  }
  if (auto sent = send_probe(hep, text, key); !sent) {
    return {"probe", Verdict::Bad, sent.error().message, "is the port open?"};
  }
  for (int attempt = 0; attempt < 30; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    auto look = StoreLook::open(folder);
    if (!look) continue;
    const auto found =
        look->ask(fmt::format("select count(*) from records where call_id = '{}'", text));
    if (found && found->at(0).at(0) != "0") {
      return {"probe",
              Verdict::Good,
              fmt::format("a HEP message sent to {} was found in the store within {} ms",
                          format_endpoint(hep), (attempt + 1) * 100),
              {}};
    }
  }
  if (!wants) {
    return {
        "probe", Verdict::Warning,
        fmt::format("cannot tell: a HEP message sent to {} did not reach the store, and whether "
                    "the server wants a key cannot be seen from here",
                    format_endpoint(hep)),
        kGiveKey};
  }
  return {"probe", Verdict::Bad,
          fmt::format("a HEP message sent to {} did not reach the store", format_endpoint(hep)),
          "the ledger says whether it was refused (key, allow-list); else the server is stuck"};
}

void print(const std::vector<Finding>& findings, Output& out, bool json) {
  for (const Finding& finding : findings) {
    if (json) {
      JsonWriter writer(out.buffer());
      writer.begin_object();
      writer.field("check", std::string_view(finding.name));
      writer.field("verdict", finding.verdict == Verdict::Good      ? "good"
                              : finding.verdict == Verdict::Warning ? "warning"
                                                                    : "bad");
      writer.field("what", std::string_view(finding.what));
      writer.field("advice", std::string_view(finding.advice));
      writer.end_object();
      out.write("\n");
      continue;
    }
    const char* const mark = finding.verdict == Verdict::Good      ? "ok  "
                             : finding.verdict == Verdict::Warning ? "warn"
                                                                   : "BAD ";
    out.write(fmt::format("{}  {}\n", mark, finding.what));
    if (!finding.advice.empty()) out.write(fmt::format("      {}\n", finding.advice));
  }
  out.flush();
}

// As the server has them, as far as we are told.
Result<admin::Settings> settings_of(const StoreCommandOptions& where) {
  admin::Settings settings;
  if (!where.config.empty()) SL_TRY_VOID(settings.load_file(where.config));
  // SIPLOOM_TOKEN and the like are no settings; serve itself warns of what is misspelt.
  SL_TRY(settings.load_environment(environ));
  return settings;
}

}  // namespace

int doctor_command(const Options& options) {
  const StoreCommandOptions& where = options.store;
  const auto found = settings_of(where);
  if (!found) return fail_with(found.error());
  const admin::Settings& settings = *found;
  const std::string data =
      where.data.empty() ? settings.text(registry::SettingId::DataFolder) : where.data;
  const std::string folder = where.store.empty() ? data + "/store" : where.store;
  const std::string key =
      where.key.empty() ? settings.text(registry::SettingId::HepPassword) : where.key;
  std::vector<Endpoint> listen = settings.addresses(registry::SettingId::HepListen);
  if (listen.empty()) listen = admin::Settings().addresses(registry::SettingId::HepListen);
  const auto given = where.hep.empty() ? std::optional(listen.front()) : parse_endpoint(where.hep);
  if (!given || given->port == 0) {
    return fail_with({ErrorCode::InvalidArgument,
                      fmt::format("--hep {}: write it like 127.0.0.1:9060", where.hep)});
  }
  const Running server = find_server(folder);
  std::vector<Finding> findings = {look_at_process(server, folder), look_at_port(*given),
                                   look_at_drops(*given), look_at_disk(folder)};
  if (server.found && !where.no_probe) {
    findings.push_back(probe(*given, folder, server, key));
  }
  look_at_relay(folder, findings);
  look_at_store(folder, findings);
  Output out(options.output);
  print(findings, out, options.output.json);
  for (const Finding& finding : findings) {
    if (finding.verdict == Verdict::Bad) return 1;
  }
  return 0;
}

}  // namespace siploom::cli
