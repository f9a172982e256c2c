#include "cli/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <thread>

#include "cli/output.h"
#include "cli/progress.h"

namespace siploom::cli {

namespace {

std::atomic<bool> g_stop{false};

extern "C" void on_signal(int) {
  if (g_stop.exchange(true)) _exit(130);
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return path == "-" || std::filesystem::exists(path, ignored);
}

// A mistyped file name should be told as one, not as a filter that does not parse.
bool looks_like_filter(const std::string& word) {
  if (word.find_first_of(" =~<>(){}\"'") != std::string::npos) return true;
  return word.find_first_of("/.") == std::string::npos;
}

}  // namespace

namespace {

// `siploom calls - < trunk.pcap`: a file like any other, that can be mapped and read twice.
void name_redirected_file(std::vector<std::string>& files) {
  struct stat info {};
  const bool plain = ::fstat(STDIN_FILENO, &info) == 0 && S_ISREG(info.st_mode) &&
                     ::lseek(STDIN_FILENO, 0, SEEK_CUR) == 0;
  if (plain) std::replace(files.begin(), files.end(), std::string("-"), std::string("/dev/stdin"));
}

}  // namespace

const std::atomic<bool>& stop_flag() { return g_stop; }

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);
  // A reader that went away shows as a failed write.
  std::signal(SIGPIPE, SIG_IGN);
}

Input::Input(const InputOptions& options, const OutputOptions& output)
    : options_(options), output_(output) {}

bool Input::is_stream() const {
  return !options_.interface.empty() ||
         std::find(options_.files.begin(), options_.files.end(), "-") != options_.files.end();
}

unsigned Input::threads() const {
  if (options_.threads != 0) return std::min(options_.threads, 64u);
  return std::max(1u, std::thread::hardware_concurrency());
}

Result<void> Input::make_rereadable() {
  if (is_live()) {
    if (::isatty(STDERR_FILENO) != 0)
      complain("capturing on " + options_.interface + "; Ctrl-C ends the capture and goes on");
    stats_ = SL_TRY(spool_.keep_live(open_options(), g_stop));
    report();
    options_.interface.clear();
    options_.bpf.clear();
    options_.files = {spool_.path()};
  } else {
    const auto dash = std::find(options_.files.begin(), options_.files.end(), "-");
    if (dash == options_.files.end()) return {};
    SL_TRY_VOID(spool_.keep_standard_input(g_stop));
    *dash = spool_.path();
  }
  g_stop = false;  // Ctrl-C ended the input, not the command
  return {};
}

Result<void> Input::check_output(const std::string& path) const {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (path == "-") return {};
  for (const char* packed : {".gz", ".zst", ".xz", ".lz4", ".bz2"}) {
    if (!path.ends_with(packed)) continue;
    return fail(ErrorCode::Unsupported,
                fmt::format("{}: files are written as they are; pack the file afterwards", path));
  }
  for (const std::string& file : options_.files) {
    bool clash = fs::equivalent(path, file, ignored);
    if (fs::is_directory(file, ignored)) {
      const std::string folder = (fs::weakly_canonical(file, ignored) / "").string();
      clash = fs::weakly_canonical(path, ignored).string().starts_with(folder);
    }
    if (clash) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("{} is read from; write to another place", file));
    }
  }
  return {};
}

capture::OpenOptions Input::open_options() const {
  capture::OpenOptions open;
  open.files = options_.files;
  open.interface = options_.interface;
  open.bpf = options_.bpf;
  open.promiscuous = options_.promiscuous;
  open.snaplen = options_.snaplen;
  open.kernel_buffer_bytes = std::min(options_.buffer_mib, 2047u) << 20;
  open.writes_files = writes_files_;
  open.stop = &g_stop;
  return open;
}

Result<std::unique_ptr<capture::Source>> Input::open() const {
  return capture::open_source(open_options());
}

Result<pipeline::EngineResult> Input::run(pipeline::Consumer& consumer) {
  std::unique_ptr<capture::Source> source = SL_TRY(open());
  pipeline::EngineOptions engine;
  engine.decode.from = options_.from;
  engine.decode.to = options_.to;
  engine.threads = is_stream() ? 1 : threads();
  engine.stop = &g_stop;
  Progress progress(source->stats().total_file_bytes, !output_.no_progress && !is_stream());
  engine.on_progress = [&](uint64_t bytes) { progress.update(bytes); };
  auto result = pipeline::run(*source, consumer, engine);
  progress.clear();
  stats_ = source->stats();
  return result;
}

void Input::report() const {
  if (!stats_) return;
  constexpr size_t kMost = 20;
  for (size_t i = 0; i < std::min(kMost, stats_->warnings.size()); ++i)
    complain(stats_->warnings[i]);
  if (stats_->warnings.size() > kMost) {
    complain(fmt::format("{} more warnings", stats_->warnings.size() - kMost));
  }
  if (stats_->kernel_dropped != 0) {
    complain(fmt::format(
        "the kernel dropped {} packets before siploom could read them; a larger --buffer or a "
        "--bpf filter helps",
        stats_->kernel_dropped));
  }
}

Result<void> resolve_words(InputOptions& input, bool filter_first) {
  std::vector<std::string> words = input.words;
  const bool live = !input.interface.empty();
  if (!words.empty() && input.filter.empty() && !exists(words.front())) {
    const bool alone = words.size() == 1 && !live;
    if (filter_first ? !alone || looks_like_filter(words.front())
                     : looks_like_filter(words.front()) && !alone) {
      input.filter = words.front();
      words.erase(words.begin());
    }
  }
  for (const std::string& word : words) {
    if (exists(word) || word.find_first_of("=~<>") == std::string::npos) continue;
    return fail(ErrorCode::InvalidArgument,
                fmt::format("there is no file '{}'; a filter goes before the files", word));
  }
  input.files = std::move(words);
  if (live && !input.files.empty()) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}': give either files or -i {}, not both", input.files.front(),
                            input.interface));
  }
  if (!live && input.files.empty() && isatty(STDIN_FILENO) == 0) input.files = {"-"};
  name_redirected_file(input.files);
  if (live || !input.files.empty()) return {};
  return fail(ErrorCode::InvalidArgument,
              "no capture named: give files, '-' for standard input, or -i IFACE (see --help)");
}

Result<std::optional<query::Filter>> compile_filter(const std::string& text,
                                                    registry::Scope scope) {
  if (text.empty()) return std::optional<query::Filter>{};
  auto filter = query::Filter::compile(text, scope);
  if (!filter) return tl::unexpected<Error>(filter.error());
  return std::optional<query::Filter>(std::move(*filter));
}

}  // namespace siploom::cli
