// Options: everything that the command line can say, as plain data. Each subcommand reads what it
// knows.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace siploom::cli {

enum class ColorMode : uint8_t { Auto, Always, Never };

// What all commands that read packets share.
struct InputOptions {
  std::vector<std::string> words;  // [FILTER] FILES as they came; sorted out by resolve_words()
  std::vector<std::string> files;
  std::string filter;
  std::string interface;
  std::string bpf;
  bool promiscuous = false;
  uint32_t snaplen = 262'144;
  uint32_t buffer_mib = 16;
  Timestamp from = kNoTime, to = kNoTime;
  unsigned threads = 0;  // 0: one a processor
  uint64_t memory_bytes = uint64_t{1} << 30;
};

struct OutputOptions {
  bool json = false;
  bool csv = false;
  ColorMode color = ColorMode::Auto;
  size_t width = 0;  // 0: the terminal's, or no limit when piped
  bool no_progress = false;
  bool ascii = false;
};

struct CallsOptions {
  std::string sort;  // column, "-" before it: descending
  std::vector<std::string> columns;
  size_t limit = 0;
};

struct ShowOptions {
  std::string call;  // number in the list, Call-ID, or filter
  bool messages = false, raw = false, unfold = false, by_ip = false, relative = false;
  std::vector<std::string> aliases;  // ADDRESS=NAME
};

struct GrepOptions {
  bool invert = false, count = false, dialog = false, raw = false, quiet = false, one_line = false;
  size_t after = 0;
  uint64_t max_matches = 0;
  std::string output;          // capture file for the packets of the matches
  Nanoseconds stop_after = 0;  // capture time
  uint64_t stop_size = 0;      // octets written
  Nanoseconds split_every = 0;
  uint64_t split_size = 0;
};

struct StatsOptions {
  Nanoseconds interval = 0;
  size_t top = 10;
};

struct SplitOptions {
  std::string directory = ".";
  std::string name = "{start}-{from}-{to}-{call_id}";
  bool no_rtp = false;
  bool pcapng = false;
};

struct ExportOptions {
  std::string format;  // pcap, pcapng, text, jsonl, csv; else by the name of the output
  std::string output = "-";
  bool whole_calls = false;
  bool no_rtp = false;
};

struct SimulateOptions {
  std::string output;
  std::string preset = "demo";
  std::string mix;
  std::string truth, calls_truth;
  std::string codecs;
  uint64_t seed = 1;
  uint64_t calls = 0, messages = 0, packets = 0;
  double rate = 0;
  double loss_percent = -1, jitter_ms = -1, rtp_seconds = -1;
  double tcp_percent = -1, ws_percent = -1, ipv6_percent = -1, vlan_percent = -1,
         fragment_percent = -1, copies_percent = -1;
  std::string start;
  bool no_media = false;
  Nanoseconds duration = 0;
  // Live.
  std::string hep;  // destinations; empty: a file is written
  std::string profiles, nodes, key;
  uint64_t capture_id = 0;  // 0: as it is by default
  double speed = 0;         // 0: as time goes
};

// What commands that work on a store or a server share.
struct StoreCommandOptions {
  std::string store;   // its folder
  std::string server;  // or the URL of who has it
  std::string token;   // for the server; else from SIPLOOM_TOKEN
  std::string trust;   // of https: a CA file, or sha256:FINGERPRINT
  std::string action;  // store: stat, check, compact, prune or export
  bool repair = false, dry_run = false;
  std::string meta;            // prune: the meta.db that has the holds; empty: beside the store
  bool release_holds = false;  // prune: without a meta.db
  Nanoseconds older_than = 0;
  uint64_t larger_than = 0;
  std::string output;
  std::string hep;        // doctor: where agents send to
  std::string config;     // doctor: settings of the server, as `serve` reads them
  std::string data;       // doctor: its data folder
  std::string key;        // doctor: what agents send as key
  bool no_probe = false;  // doctor: sends nothing
  std::string table = "calls";
  std::vector<std::string> words;
  size_t limit = 0;
  Nanoseconds time_limit = 60 * kSecond;
  uint64_t memory_bytes = uint64_t{512} << 20;
  bool oldest_first = false;
};

// `siploom serve`: settings as the command line gives them, by name.
struct ServeOptions {
  std::string config;
  std::vector<std::pair<std::string, std::string>> settings;
};

enum class Command : uint8_t {
  None,
  Serve,
  Import,
  Query,
  Sql,
  Doctor,
  Store,
  Calls,
  Show,
  Grep,
  Stats,
  Split,
  Export,
  Fields,
  Simulate,
  Completion,
  Version
};

struct Options {
  Command command = Command::None;
  InputOptions input;
  OutputOptions output;
  CallsOptions calls;
  ShowOptions show;
  GrepOptions grep;
  StatsOptions stats;
  SplitOptions split;
  ExportOptions export_;
  SimulateOptions simulate;
  StoreCommandOptions store;
  ServeOptions serve;
  std::string shell;  // completion
};

struct Parsed {
  Options options;
  bool done = false;  // help or version was printed, or an error was told
  int status = 0;
};
Parsed parse_options(int argc, char** argv);

}  // namespace siploom::cli
