#include "cli/option_parts.h"
#include "registry/settings.h"

namespace siploom::cli {

namespace {

std::string value_of(const registry::SettingInfo& setting) {
  using registry::SettingType;
  switch (setting.type) {
    case SettingType::Number:
      return "N";
    case SettingType::Bool:
      return "true|false";
    case SettingType::Duration:
      return "DURATION";
    case SettingType::Size:
      return "SIZE";
    case SettingType::Path:
      return "PATH";
    case SettingType::Address:
    case SettingType::AddressList:
      return "ADDRESS:PORT";
    case SettingType::NetworkList:
      return "BLOCK,...";
    case SettingType::Enumeration:
      return std::string(setting.choices);
    case SettingType::List:
      return "A,B";
    case SettingType::Text:
      break;
  }
  return "TEXT";
}

std::string help_of(const registry::SettingInfo& setting) {
  std::string out(setting.help);
  if (!setting.default_text.empty()) out += fmt::format(" (default: {})", setting.default_text);
  return out;
}

void add_where(CLI::App& app, StoreCommandOptions& s, const char* store, const char* server) {
  app.add_option("--store", s.store, store)->type_name("DIR")->group("Where");
  app.add_option("--server", s.server, server)->type_name("URL")->group("Where");
  app.add_option("--token", s.token, "API token for the server (default: $SIPLOOM_TOKEN)")
      ->type_name("TOKEN")
      ->group("Where");
  app.add_option("--trust", s.trust,
                 "Certificate to trust: a CA file, or sha256: and the server's fingerprint")
      ->type_name("FILE|sha256:HEX")
      ->group("Where");
}

void add_where_to_read(CLI::App& app, StoreCommandOptions& s) {
  add_where(app, s, "Folder of a store; it may be in use by siploom serve",
            "URL of a siploom serve instead");
}

void add_import(CLI::App& app, Options& o) {
  CLI::App& sub = *app.add_subcommand("import", "Put captures into a store");
  sub.callback([&o] { o.command = Command::Import; });
  sub.add_option("arguments", o.input.words, "FILES: captures, text dumps, directories or '-'")
      ->required()
      ->type_name(" ")
      ->option_text(" ");
  add_where(sub, o.store, "Folder of a store that no siploom serve has; made if missing",
            "URL of a siploom serve, which takes the files and reads them");
  add_parsed(sub, "--from", o.input.from, read_time, "Only packets at or after this time",
             "2026-11-21T01:30:00Z", "Input");
  add_parsed(sub, "--to", o.input.to, read_time, "Only packets before this time",
             "2026-11-21T02:00:00Z", "Input");
  sub.add_flag("--json", o.output.json, "What came in as JSON")->group("Output");
  sub.add_flag("--no-progress", o.output.no_progress, "No progress bar")->group("Output");
}

void add_query(CLI::App& app, Options& o) {
  CLI::App& sub = *app.add_subcommand("query", "Find calls, messages or other records in a store");
  sub.callback([&o] { o.command = Command::Query; });
  StoreCommandOptions& s = o.store;
  sub.add_option("arguments", s.words,
                 "FILTER: over calls, with --messages or --records over these")
      ->type_name(" ")
      ->option_text(" ");
  add_where_to_read(sub, s);
  sub.add_flag_callback(
      "-m,--messages", [&s] { s.table = "messages"; },
      "SIP messages, as `siploom grep` prints them");
  sub.add_flag_callback(
      "-r,--records", [&s] { s.table = "records"; },
      "Records of every kind: SIP, RTCP reports, logs, REST queries ...");
  add_parsed(sub, "--from", o.input.from, read_time,
             "At or after this time (UTC, or with a zone; also 13:00, now, -1h)",
             "2026-11-21T01:30:00Z", "What");
  add_parsed(sub, "--to", o.input.to, read_time, "Before this time", "2026-11-21T02:00:00Z",
             "What");
  sub.add_option("--sort", o.calls.sort, "Column to sort by, '-' before it for descending")
      ->type_name("COLUMN")
      ->group("What");
  sub.add_option("--columns", o.calls.columns,
                 "Columns to show (siploom fields lists them); of messages and records these "
                 "instead of their texts")
      ->delimiter(',')
      ->type_name("A,B,...")
      ->allow_extra_args(false)
      ->group("What");
  sub.add_option("-n,--limit", s.limit, "At most so many rows, the newest (default 1000; 0: all)")
      ->type_name("N")
      ->group("What")
      ->default_val(1000);
  add_parsed(sub, "--time-limit", s.time_limit, read_duration, "Give up after this time", "60s",
             "What");
  sub.add_flag("-1,--one-line", o.grep.one_line, "--messages: one line a message")->group("Output");
  sub.add_flag("--raw", o.grep.raw, "--messages: alone, byte for byte")->group("Output");
  sub.add_flag("-c,--count", o.grep.count, "Only how many there are")->group("Output");
  add_output(sub, o.output, true);
}

void add_sql(CLI::App& app, Options& o) {
  CLI::App& sub = *app.add_subcommand(
      "sql", "Ask a store in SQL: tables records, calls, streams and ledger, read only");
  sub.callback([&o] { o.command = Command::Sql; });
  sub.add_option("statement", o.store.words, "STATEMENT: one that gives rows (DuckDB's SQL)")
      ->required()
      ->type_name(" ")
      ->option_text(" ");
  add_where_to_read(sub, o.store);
  add_parsed(sub, "--time-limit", o.store.time_limit, read_duration, "Give up after this time",
             "60s", "Limits");
  add_parsed(sub, "--memory", o.store.memory_bytes, read_size, "Memory for it (default 512 MiB)",
             "1GiB", "Limits");
  add_output(sub, o.output, true);
}

void add_serve(CLI::App& app, Options& o) {
  CLI::App& sub = *app.add_subcommand(
      "serve", "Take HEP from agents and packets from interfaces, keep them, and answer searches");
  sub.callback([&o] { o.command = Command::Serve; });
  sub.add_option("--config", o.serve.config, "Configuration file (TOML)")->type_name("FILE");
  for (const registry::SettingInfo& setting : registry::settings()) {
    if (setting.flag.empty()) continue;
    const std::string key(setting.key);
    sub.add_option_function<std::string>(
           "--" + std::string(setting.flag),
           [&o, key](const std::string& value) { o.serve.settings.emplace_back(key, value); },
           help_of(setting))
        ->type_name(value_of(setting))
        ->group("Settings");
  }
}

void add_store(CLI::App& app, Options& o) {
  CLI::App& sub = *app.add_subcommand(
      "store", "Say what a store holds, check it, merge its files, drop old ones, give rows out");
  sub.callback([&o] { o.command = Command::Store; });
  StoreCommandOptions& s = o.store;
  sub.add_option("action", s.action, "ACTION: stat, check, compact, prune or export")
      ->required()
      ->check(CLI::IsMember({"stat", "check", "compact", "prune", "export"}).description(""))
      ->type_name(" ")
      ->option_text(" ");
  sub.add_option("--store", s.store, "Folder of the store")->type_name("DIR");
  sub.add_flag("--repair", s.repair,
               "check: sets damaged files aside and makes what can be made again")
      ->group("Check");
  add_parsed(sub, "--older-than", s.older_than, read_duration,
             "prune: rows that came in before that", "30d", "Prune");
  add_parsed(sub, "--larger-than", s.larger_than, read_size,
             "prune: the oldest rows, until the store is no larger", "100GiB", "Prune");
  sub.add_flag("--dry-run", s.dry_run, "prune, compact: only say what would be done")
      ->group("Prune and compact");
  sub.add_option("--meta", s.meta,
                 "prune: the meta.db with the legal holds that apply (default: meta.db beside the "
                 "store's folder)")
      ->type_name("FILE")
      ->group("Prune");
  sub.add_flag("--release-holds", s.release_holds,
               "prune: where there is no meta.db, what was held goes, too")
      ->group("Prune");
  sub.add_option("--table", s.table, "export: records, calls, streams or ledger (default: calls)")
      ->type_name("TABLE")
      ->group("Export");
  sub.add_option("-o,--output", s.output,
                 "export: file to write, .parquet or .csv; '-': CSV on standard output")
      ->type_name("FILE")
      ->group("Export");
  add_parsed(sub, "--from", o.input.from, read_time, "export: at or after this time",
             "2026-11-21T01:30:00Z", "Export");
  add_parsed(sub, "--to", o.input.to, read_time, "export: before this time", "2026-11-21T02:00:00Z",
             "Export");
  add_output(sub, o.output, false);
}

void add_doctor(CLI::App& app, Options& o) {
  CLI::App& sub =
      *app.add_subcommand("doctor", "Say where packets stop: port, kernel, decoder, store, disk");
  sub.callback([&o] { o.command = Command::Doctor; });
  sub.add_option("--config", o.store.config, "The server's configuration file (TOML)")
      ->type_name("FILE");
  sub.add_option("--data", o.store.data, "The server's data folder (default: siploom-data)")
      ->type_name("DIR");
  sub.add_option("--store", o.store.store, "Folder of the store (default: store/ in that)")
      ->type_name("DIR");
  sub.add_option("--hep", o.store.hep, "Where agents send to (default: 127.0.0.1:9060)")
      ->type_name("ADDRESS:PORT");
  sub.add_option("--key", o.store.key,
                 "What agents send as authentication key (default: hep.password of the "
                 "configuration, $SIPLOOM_HEP_PASSWORD)")
      ->type_name("KEY");
  sub.add_flag("--no-probe", o.store.no_probe, "Send no HEP message of our own");
  sub.add_flag("--json", o.output.json, "A line of JSON a check");
}

}  // namespace

void add_server_commands(CLI::App& app, Options& o) {
  add_serve(app, o);
  add_import(app, o);
  add_query(app, o);
  add_sql(app, o);
  add_doctor(app, o);
  add_store(app, o);
}

}  // namespace siploom::cli
