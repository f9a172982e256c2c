#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "cli/command_tree.h"
#include "cli/option_parts.h"
#include "cli/version.h"

namespace siploom::cli {

namespace {

constexpr const char* kAbout =
    "siploom: every SIP call in any capture, and what became of it.\n"
    "\n"
    "  siploom calls trunk.pcap                    list the calls\n"
    "  siploom show 3 trunk.pcap                   the third call as a ladder\n"
    "  siploom grep 'status >= 500' trunk.pcap     messages that match\n"
    "  siploom stats trunk.pcap                    counts, ASR, NER, PDD\n"
    "  ssh sbc tcpdump -U -w - | siploom grep INVITE -\n"
    "\n"
    "FILES are captures (pcap, pcapng, snoop, NetMon 2; plain, gzip, zstd, xz, lz4), text dumps "
    "(tcpdump, ngrep,\n"
    "sngrep, Asterisk, FreeSWITCH ...) or directories of them; '-' is standard input. Several are "
    "merged by time.\n"
    "SIP is found on any port, over UDP, TCP, SCTP, WebSocket and HEP, in VLANs and tunnels.\n"
    "Filters: see `siploom fields` and docs/filter.md.  Exit status: 0 found, 1 nothing found, 2 "
    "error.";

struct Usage {
  std::string_view command, words;
};
constexpr Usage kUsages[] = {
    {"calls", "[OPTIONS] [FILTER] FILES..."},
    {"show", "[OPTIONS] CALL FILES..."},
    {"grep", "[OPTIONS] [FILTER] FILES..."},
    {"stats", "[OPTIONS] [FILTER] FILES..."},
    {"split", "[OPTIONS] [FILTER] FILES..."},
    {"export", "[OPTIONS] [FILTER] FILES..."},
    {"fields", "[OPTIONS] [WORD]"},
    {"completion", "bash|zsh|man|reference|store"},
    {"version", "[--json]"},
    {"simulate", "[OPTIONS] FILE | --hep udp:HOST:PORT"},
    {"serve", "[OPTIONS]"},
    {"import", "--store DIR|--server URL FILES..."},
    {"query", "[OPTIONS] [FILTER] --store DIR|--server URL"},
    {"doctor", "[OPTIONS]"},
    {"store", "stat|check|compact|prune|export --store DIR"},
    {"sql", "--store DIR|--server URL STATEMENT"},
};

std::string usage_of(std::string_view command) {
  for (const Usage& usage : kUsages) {
    if (usage.command == command) return fmt::format("siploom {} {}", command, usage.words);
  }
  return "siploom COMMAND [OPTIONS] [FILTER] FILES...";
}

// CLI11 would print the options' own idea of the words.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string) const override {
    return "Usage: " + usage_of(app->get_name()) + "\n";
  }
};

void add_input(CLI::App& app, InputOptions& in) {
  app.add_option("-i,--interface", in.interface, "Capture live on this interface, or 'any'")
      ->type_name("IFACE")
      ->group("Input");
  app.add_option("--bpf", in.bpf, "Packets to capture or read, as a tcpdump filter")
      ->type_name("EXPR")
      ->group("Input");
  app.add_flag("--promiscuous", in.promiscuous, "Live: packets to other hosts, too")
      ->group("Input");
  app.add_option("--snaplen", in.snaplen, "Live: octets of each packet")
      ->type_name("N")
      ->group("Input");
  app.add_option("--buffer", in.buffer_mib, "Live: kernel buffer")
      ->type_name("MiB")
      ->group("Input");
  add_parsed(app, "--from", in.from, read_time,
             "Only packets at or after this time (UTC, or with a zone; also 13:00, now, -1h)",
             "2026-11-21T01:30:00Z", "Input");
  add_parsed(app, "--to", in.to, read_time, "Only packets before this time", "2026-11-21T02:00:00Z",
             "Input");
  app.add_option("--threads", in.threads, "Threads (default: one a processor)")
      ->type_name("N")
      ->group("Input");
  add_parsed(app, "--memory", in.memory_bytes, read_size,
             "Budget for calls; beyond it the oldest finished ones go (default 1 GiB)", "512MiB",
             "Input");
}

CLI::App& reading_command(CLI::App& app, Options& o, const char* name, const char* help,
                          Command command, const char* words_help) {
  CLI::App& sub = *app.add_subcommand(name, help);
  sub.callback([&o, command] { o.command = command; });
  sub.add_option("arguments", o.input.words, words_help)->type_name(" ")->option_text(" ");
  sub.add_option("-f,--filter", o.input.filter, "Only what matches this filter")
      ->type_name("FILTER");
  add_input(sub, o.input);
  return sub;
}

void add_calls(CLI::App& app, Options& o) {
  CLI::App& sub = reading_command(
      app, o, "calls", "List calls, registrations and other dialogs", Command::Calls,
      "[FILTER] FILES: a filter over calls, then captures, directories or '-'");
  sub.add_option("--sort", o.calls.sort, "Column to sort by, '-' before it for descending")
      ->type_name("COLUMN");
  sub.add_option("--columns", o.calls.columns, "Columns to show (siploom fields lists them)")
      ->delimiter(',')
      ->type_name("A,B,...")
      ->allow_extra_args(false);
  sub.add_option("-n,--limit", o.calls.limit, "At most so many rows")->type_name("N");
  add_output(sub, o.output, true);
}

void add_show(CLI::App& app, Options& o) {
  CLI::App& sub = reading_command(
      app, o, "show", "Show one call as a ladder", Command::Show,
      "CALL FILES: its number in `siploom calls`, its Call-ID, or a filter over calls");
  sub.add_flag("-m,--messages", o.show.messages, "The texts of the messages, too");
  sub.add_flag("--raw", o.show.raw, "Only the messages, byte for byte");
  sub.add_flag("--unfold", o.show.unfold, "Each retransmission on its own");
  sub.add_flag("--by-ip", o.show.by_ip, "One lane an address, whatever its ports");
  sub.add_flag("--relative", o.show.relative, "Times since the beginning of the call");
  sub.add_flag("--ascii", o.output.ascii, "Arrows in ASCII");
  sub.add_option("--alias", o.show.aliases, "Name for an address in the ladder")
      ->type_name("ADDRESS=NAME")
      ->allow_extra_args(false);
  add_output(sub, o.output, false);
}

void add_grep(CLI::App& app, Options& o) {
  CLI::App& sub = reading_command(app, o, "grep", "Print messages that match a filter",
                                  Command::Grep, "[FILTER] FILES: without a filter every message");
  GrepOptions& g = o.grep;
  sub.add_flag("-d,--dialog", g.dialog, "Whole dialogs of the messages that match");
  sub.add_flag("-v,--invert", g.invert, "Messages that do not match");
  sub.add_flag("-c,--count", g.count, "Only the number of matches");
  sub.add_option("-A,--after", g.after, "Further messages after each match")->type_name("N");
  sub.add_option("-n,--max", g.max_matches, "Stop after so many matches")->type_name("N");
  sub.add_flag("-1,--one-line", g.one_line, "One line a message");
  sub.add_flag("--raw", g.raw, "The messages alone, byte for byte");
  sub.add_flag("-q,--quiet", g.quiet, "Print nothing; write and tell by the exit status");
  sub.add_option("-O,--output", g.output, "Write the packets of the matches to this capture file")
      ->type_name("FILE");
  add_parsed(sub, "--stop-after", g.stop_after, read_duration,
             "Stop when so much capture time has passed", "10m", "Stop and split");
  add_parsed(sub, "--stop-size", g.stop_size, read_size, "Stop when the output file has this size",
             "100MiB", "Stop and split");
  add_parsed(sub, "--split-every", g.split_every, read_duration, "A new output file each", "1h",
             "Stop and split");
  add_parsed(sub, "--split-size", g.split_size, read_size, "A new output file at this size",
             "100MiB", "Stop and split");
  add_output(sub, o.output, false);
}

void add_stats(CLI::App& app, Options& o) {
  CLI::App& sub = reading_command(app, o, "stats",
                                  "Count messages, answers, agents and peers with ASR, NER and PDD",
                                  Command::Stats, "[FILTER] FILES");
  add_parsed(sub, "--interval", o.stats.interval, read_duration, "Counts over time, each so long",
             "1m", "Output");
  sub.add_option("--top", o.stats.top, "Rows of each list (default 10)")->type_name("N");
  add_output(sub, o.output, false);
}

void add_split(CLI::App& app, Options& o) {
  CLI::App& sub =
      reading_command(app, o, "split", "Write one capture file a call, its RTP included",
                      Command::Split, "[FILTER] FILES: only calls that match");
  sub.add_option("-o,--directory", o.split.directory, "Where to (made if missing)")
      ->type_name("DIR");
  sub.add_option("--name", o.split.name,
                 "Name of each file; {number} {start} {date} {from} {to} {call_id} {state} "
                 "{method}; '/' makes folders")
      ->type_name("TEMPLATE");
  sub.add_flag("--no-rtp", o.split.no_rtp, "Signalling only");
  sub.add_flag("--pcapng", o.split.pcapng, "pcapng instead of pcap");
  add_output(sub, o.output, false);
}

void add_export(CLI::App& app, Options& o) {
  CLI::App& sub =
      reading_command(app, o, "export", "Write matching messages or whole calls to a file",
                      Command::Export, "[FILTER] FILES");
  sub.add_option("-o,--output", o.export_.output, "File to write; '-' is standard output")
      ->type_name("FILE");
  sub.add_option("--format", o.export_.format,
                 "pcap, pcapng, text, jsonl or csv (default: by the file's name)")
      ->check(CLI::IsMember({"pcap", "pcapng", "text", "jsonl", "csv"}).description(""))
      ->type_name("FORMAT");
  sub.add_flag(
      "--calls", o.export_.whole_calls,
      "The filter is over calls: whole calls with all their packets (csv, jsonl: a line a call)");
  sub.add_flag("--no-rtp", o.export_.no_rtp, "With --calls: signalling only");
  add_output(sub, o.output, false);
}

void add_live(CLI::App& sub, Options& o) {
  SimulateOptions& s = o.simulate;
  sub.add_option(
         "--hep", s.hep,
         "Send SIP, RTCP and logs in real time to this collector (or tcp:); several: one for "
         "each node in turn")
      ->type_name("udp:HOST:PORT,...")
      ->group("Live");
  sub.add_option("--profile", s.profiles,
                 "HEP as these programs write it, for the nodes edge1, pbx1 and media1 (default "
                 "kamailio,asterisk,rtpengine)")
      ->type_name("NAME,...")
      ->group("Live");
  sub.add_option("--node", s.nodes, "Names of the nodes, where profiles send one")
      ->type_name("NAME,...")
      ->group("Live");
  sub.add_option("--capture-id", s.capture_id,
                 "Capture id of the first node; the others follow (default 2001)")
      ->type_name("N")
      ->group("Live");
  sub.add_option("--key", s.key, "Password for the collector")->type_name("SECRET")->group("Live");
  sub.add_option("--speed", s.speed, "So many times faster than real time")
      ->type_name("RATE")
      ->group("Live");
  sub.add_flag("--json", o.output.json, "What was sent as JSON")->group("Live");
}

void add_simulate(CLI::App& app, Options& o) {
  CLI::App& sub = *app.add_subcommand(
      "simulate", "Write a capture of realistic traffic with its truth, or send it live as HEP");
  sub.callback([&o] { o.command = Command::Simulate; });
  SimulateOptions& s = o.simulate;
  sub.add_option(
         "output", s.output,
         "Capture file to write (.pcap or .pcapng; '-' is standard output); none with --hep")
      ->type_name("FILE");
  sub.add_option("--preset", s.preset, "demo, trunk, registrar, hostile, bench-sip or bench-rtp")
      ->type_name("NAME");
  sub.add_option("--mix", s.mix, "Scenarios and weights, such as answered=5,busy=1")
      ->type_name("A=N,...");
  sub.add_option("--seed", s.seed, "Same seed, same octets")->type_name("N");
  sub.add_option("--calls", s.calls, "Number of calls")->type_name("N");
  sub.add_option("--messages", s.messages, "About so many SIP messages")->type_name("N");
  sub.add_option("--packets", s.packets, "About so many packets")->type_name("N");
  sub.add_option("--rate", s.rate, "Calls a second")->type_name("RATE");
  sub.add_option("--start", s.start, "Time of the first packet")->type_name("TIME");
  sub.add_flag("--no-media", s.no_media, "No RTP");
  sub.add_option("--rtp-seconds", s.rtp_seconds, "RTP of each call")->type_name("S");
  sub.add_option("--codecs", s.codecs, "Codecs, such as PCMA,opus")->type_name("A,B");
  sub.add_option("--loss", s.loss_percent, "RTP packets lost, percent")->type_name("P");
  sub.add_option("--jitter", s.jitter_ms, "RTP delay variation")->type_name("MS");
  sub.add_option("--tcp", s.tcp_percent, "Calls over TCP, percent")->type_name("P");
  sub.add_option("--websocket", s.ws_percent, "Calls over WebSocket, percent")->type_name("P");
  sub.add_option("--ipv6", s.ipv6_percent, "Calls over IPv6, percent")->type_name("P");
  sub.add_option("--vlan", s.vlan_percent, "Calls in a VLAN, percent")->type_name("P");
  sub.add_option("--fragments", s.fragment_percent, "Calls with fragmented INVITEs, percent")
      ->type_name("P");
  sub.add_option("--copies", s.copies_percent, "Packets seen twice, percent")->type_name("P");
  sub.add_option("--truth", s.truth, "Write the totals as JSON")->type_name("FILE");
  sub.add_option("--calls-truth", s.calls_truth, "Write a line of JSON a call")->type_name("FILE");
  add_parsed(sub, "--duration", s.duration, read_duration,
             "Length of the capture; live: how long to send (0: until Ctrl-C)", "10m", "");
  add_live(sub, o);
}

void add_small(CLI::App& app, Options& o) {
  CLI::App& fields = *app.add_subcommand("fields", "List the fields of the filter language");
  fields.callback([&o] { o.command = Command::Fields; });
  fields.add_option("arguments", o.input.words, "Only fields whose name or help holds this")
      ->option_text(" ");
  add_output(fields, o.output, false);
  CLI::App& completion = *app.add_subcommand(
      "completion", "Print completion for bash or zsh, the man page or a reference");
  completion.callback([&o] { o.command = Command::Completion; });
  completion.add_option("kind", o.shell, "bash, zsh, man, reference or store")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "man", "reference", "store", "api", "openapi"}))
      ->option_text(" ");
  CLI::App& version = *app.add_subcommand("version", "Print the version");
  version.callback([&o] { o.command = Command::Version; });
  version.add_flag("--json", o.output.json, "As JSON");
}

void declare(CLI::App& app, Options& o) {
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", fmt::format("siploom {}", kVersion));
  app.failure_message(CLI::FailureMessage::simple);
  add_calls(app, o);
  add_show(app, o);
  add_grep(app, o);
  add_stats(app, o);
  add_split(app, o);
  add_export(app, o);
  add_small(app, o);
  add_simulate(app, o);
  add_server_commands(app, o);
}

OptionHelp describe(const CLI::Option& option) {
  OptionHelp help;
  for (const std::string& name : option.get_snames()) help.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) help.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0) help.value = option.get_type_name();
  help.group = option.get_group();
  help.help = option.get_description();
  return help;
}

}  // namespace

std::optional<ColorMode> read_color_mode(const std::string& text) {
  if (iequals(text, "auto")) return ColorMode::Auto;
  if (iequals(text, "always")) return ColorMode::Always;
  if (iequals(text, "never")) return ColorMode::Never;
  return std::nullopt;
}

void add_output(CLI::App& app, OutputOptions& out, bool csv) {
  app.add_flag("--json", out.json, "JSON lines with stable names (docs/json.md)")->group("Output");
  if (csv) app.add_flag("--csv", out.csv, "CSV with a heading")->group("Output");
  add_parsed(app, "--color", out.color, read_color_mode,
             "Whether to colour (default: on a terminal, unless NO_COLOR is set)",
             "auto|always|never", "Output");
  app.add_option("--width", out.width, "Columns to fit into (default: the terminal's)")
      ->type_name("N")
      ->group("Output");
  app.add_flag("--no-progress", out.no_progress, "No progress bar")->group("Output");
}

std::vector<CommandHelp> command_tree() {
  Options unused;
  CLI::App app(kAbout, "siploom");
  declare(app, unused);
  std::vector<CommandHelp> out;
  for (CLI::App* sub : app.get_subcommands(nullptr)) {
    CommandHelp command;
    command.name = sub->get_name();
    command.help = sub->get_description();
    command.usage = usage_of(command.name);
    for (CLI::Option* option : sub->get_options()) {
      if (option->get_name() == "--help") continue;
      if (option->nonpositional()) {
        command.options.push_back(describe(*option));
      } else {
        command.words_help = option->get_description();
      }
    }
    out.push_back(std::move(command));
  }
  return out;
}

namespace {

// Numbers as their kind says: CLI11 takes "-5" for a very large one.
void check_numbers(CLI::App& app) {
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (CLI::Option* option : sub->get_options()) {
      const std::string kind = option->get_type_name();
      if (kind == "N" || kind == "MiB") {
        option->check([](const std::string& text) {
          const bool good = parse_number<uint64_t>(text).has_value();
          return good ? std::string() : "'" + text + "' is no whole number";
        });
      } else if (kind == "P" || kind == "S" || kind == "MS" || kind == "RATE") {
        option->check([kind](const std::string& text) {
          const auto number = parse_number<double>(text);
          const bool good = number && *number >= 0 && (kind != "P" || *number <= 100);
          return good ? std::string() : "'" + text + "' is no number that makes sense here";
        });
      }
    }
  }
}

// The known word that `word` was probably meant to be.
std::string meant(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  size_t nearest = std::min<size_t>(3, word.size() / 2 + 1);
  for (const std::string& each : known) {
    const size_t distance = edit_distance(word, each);
    if (distance >= nearest && (distance > nearest || !best.empty())) continue;
    nearest = distance;
    best = each;
  }
  return best.empty() ? "" : "; did you mean " + best + "?";
}

// What CLI11 says of a word that is no command, or of an option that is none, helps nobody.
std::string explain(const CLI::App& app, const CLI::ParseError& error, const std::string& word) {
  std::error_code ignored;
  std::vector<std::string> known;
  const auto chosen = app.get_subcommands();
  if (chosen.empty() && !word.starts_with("-")) {
    if (std::filesystem::exists(word, ignored)) {
      return fmt::format("'{}' is no command; to list its calls: siploom calls {}", word, word);
    }
    for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(each->get_name());
    }
    return fmt::format("there is no command '{}'{}", word, meant(word, known));
  }
  if (chosen.empty()) return fmt::format("no command is named before {}", word);
  for (const std::string& extra : chosen[0]->remaining()) {
    if (!extra.starts_with("-")) continue;
    for (const CLI::Option* option : chosen[0]->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
    return fmt::format("{} has no option {}{}", chosen[0]->get_name(), extra, meant(extra, known));
  }
  // "arguments is required": what it stands for is in the help.
  for (const CLI::Option* option : chosen[0]->get_options()) {
    if (!option->get_positional() || !option->get_required() || option->count() != 0) continue;
    const std::string help = option->get_description();
    const size_t colon = help.find(": ");
    if (colon == std::string::npos) return "say what: " + help;
    return fmt::format("{} is missing: {}", help.substr(0, colon), help.substr(colon + 2));
  }
  return error.what();
}

}  // namespace

Parsed parse_options(int argc, char** argv) {
  Parsed parsed;
  Options& o = parsed.options;
  CLI::App app(kAbout, "siploom");
  declare(app, o);
  check_numbers(app);
  // "siploom help grep" is "siploom grep --help".
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words.front() == "help") {
    words = words.size() > 1 ? std::vector<std::string>{words[1], "--help"}
                             : std::vector<std::string>{"--help"};
  }
  std::reverse(words.begin(), words.end());  // as CLI11 takes them
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    parsed.done = true;
    const bool help = error.get_exit_code() == 0;
    if (help) {
      app.exit(error);
    } else if (argc <= 1) {
      fmt::print(stderr, "{}", app.help());
    } else {
      fmt::print(stderr, "siploom: {}\nTry 'siploom {}--help'.\n", explain(app, error, argv[1]),
                 app.get_subcommands().empty() ? "" : app.get_subcommands()[0]->get_name() + " ");
    }
    parsed.status = help ? 0 : 2;
  }
  return parsed;
}

}  // namespace siploom::cli
