// What the declarations of options share. Sees CLI11: for options.cc and server_options.cc alone.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "base/time.h"
#include "cli/options.h"
#include "cli/times.h"
#include "cli/wall_clock.h"

namespace siploom::cli {

// Reads "12ms"-like and time words into their fields; CLI11 shows what the lambda returns as the
// error.
template <class T, class Parse>
void add_parsed(CLI::App& app, const std::string& name, T& slot, Parse parse,
                const std::string& help, const char* example, const std::string& group) {
  app.add_option_function<std::string>(
         name,
         [&slot, parse, name, example](const std::string& text) {
           const auto value = parse(text);
           if (!value) {
             throw CLI::ValidationError(fmt::format("{}: cannot read '{}'; write it like {}",
                                                    name.substr(name.find("--")), text, example));
           }
           slot = *value;
         },
         help)
      ->type_name(example)
      ->group(group);
}

inline std::optional<Timestamp> read_time(const std::string& text) {
  return parse_when(text, wall_clock());
}
inline std::optional<Nanoseconds> read_duration(const std::string& text) {
  return parse_duration(text);
}
inline std::optional<uint64_t> read_size(const std::string& text) { return parse_size(text); }
std::optional<ColorMode> read_color_mode(const std::string& text);

void add_output(CLI::App& app, OutputOptions& out, bool csv);
// Commands around a store or a server: serve, import, query, sql ...
void add_server_commands(CLI::App& app, Options& options);

}  // namespace siploom::cli
