// siploom split: one capture file a call.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "base/text.h"
#include "cli/chosen_calls.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "exporter/call_files.h"

namespace siploom::cli {

namespace {

std::string clock_name(Timestamp t) {
  const CivilTime c = to_civil(t);
  return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}", c.year, c.month, c.day, c.hour, c.minute,
                     c.second);
}

// Fills {name} places of the template; what came from the network cannot leave the folder.
std::string file_name(const std::string& pattern, const model::Call& call, size_t number) {
  using exporter::file_name_part;
  const auto value = [&](std::string_view name) -> std::string {
    if (name == "number") return fmt::format("{:06}", number);
    if (name == "start") return clock_name(call.start);
    if (name == "date") return clock_name(call.start).substr(0, 8);
    if (name == "from") return file_name_part(call.from.user);
    if (name == "to") return file_name_part(call.to.user);
    if (name == "call_id") return file_name_part(model::call_id(call));
    if (name == "state") return std::string(model::state_name(call.state));
    if (name == "method") return file_name_part(call.method);
    return {};
  };
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const size_t close = pattern[i] == '{' ? pattern.find('}', i) : std::string::npos;
    if (close == std::string::npos) {
      out += pattern[i];
      continue;
    }
    out += value(std::string_view(pattern).substr(i + 1, close - i - 1));
    i = close;
  }
  return out;
}

Result<void> check_pattern(const std::string& pattern) {
  const std::set<std::string_view> known = {"number", "start",   "date",  "from",
                                            "to",     "call_id", "state", "method"};
  for (size_t i = pattern.find('{'); i != std::string::npos; i = pattern.find('{', i + 1)) {
    const size_t close = pattern.find('}', i);
    const std::string name =
        pattern.substr(i + 1, close == std::string::npos ? close : close - i - 1);
    if (close == std::string::npos || !known.contains(name)) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("--name: '{{{}' is no place to fill; there are {{number}} {{start}} "
                              "{{date}} {{from}} "
                              "{{to}} {{call_id}} {{state}} {{method}}",
                              name));
    }
  }
  return {};
}

Result<std::vector<std::string>> make_paths(const SplitOptions& split,
                                            const std::vector<const model::Call*>& calls) {
  const std::string suffix = split.pcapng ? ".pcapng" : ".pcap";
  std::vector<std::string> paths;
  std::set<std::string> taken, folders;
  for (size_t i = 0; i < calls.size(); ++i) {
    const std::string stem = split.directory + "/" + file_name(split.name, *calls[i], i + 1);
    std::string path = stem + suffix;
    for (int n = 2; !taken.insert(path).second; ++n) path = fmt::format("{}-{}{}", stem, n, suffix);
    const std::string folder = path.substr(0, path.rfind('/'));
    std::error_code error;
    if (folders.insert(folder).second) std::filesystem::create_directories(folder, error);
    if (error)
      return fail(ErrorCode::Io, fmt::format("cannot make folder {}: {}", folder, error.message()));
    paths.push_back(std::move(path));
  }
  return paths;
}

Result<size_t> split(Input& input, const SplitOptions& options, const query::Filter* filter) {
  SL_TRY_VOID(check_pattern(options.name));
  SL_TRY_VOID(input.make_rereadable());
  const ChosenCalls chosen = SL_TRY(choose_calls(input, filter));
  if (chosen.calls.empty()) return size_t{0};
  const auto frames = SL_TRY(frames_of(input, chosen.calls));
  pipeline::MediaMap media;
  for (uint32_t i = 0; i < chosen.calls.size() && !options.no_rtp; ++i)
    media.add(i, *chosen.calls[i]);
  capture::WriterOptions writer;
  writer.format = options.pcapng ? capture::FileFormat::PcapNg : capture::FileFormat::Pcap;
  std::vector<std::string> paths = SL_TRY(make_paths(options, chosen.calls));
  for (const std::string& path : paths) SL_TRY_VOID(input.check_output(path));
  exporter::CallFiles files(std::move(paths), writer);
  const auto source = SL_TRY(input.open());
  SL_TRY_VOID(pipeline::walk_call_frames(
      *source, frames, options.no_rtp ? nullptr : &media,
      [&](uint32_t call, const capture::Frame& frame) { return files.add(call, frame); }));
  SL_TRY_VOID(files.finish());
  if (files.left_out() != 0) {
    complain(fmt::format("{} packets of another link type were left out; use --pcapng to keep them",
                         files.left_out()));
  }
  return files.files_written();
}

}  // namespace

int split_command(Options& options) {
  if (auto words = resolve_words(options.input, false); !words) return fail_with(words.error());
  auto filter = compile_filter(options.input.filter, registry::Scope::Call);
  if (!filter) return fail_with(filter.error());
  Output out(options.output);
  Input input(options.input, options.output);
  input.will_write_files();
  auto written = split(input, options.split, *filter ? &**filter : nullptr);
  input.report();
  if (!written) return fail_with(written.error());
  if (options.output.json) {
    out.write(fmt::format("{{\"files\":{}}}\n", *written));
  } else {
    out.write(fmt::format("{} file{} written to {}\n", *written, *written == 1 ? "" : "s",
                          options.split.directory));
  }
  return *written != 0 ? 0 : 1;
}

}  // namespace siploom::cli
