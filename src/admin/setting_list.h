// Small readers that the files of Settings share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace siploom::admin {

std::optional<bool> parse_bool(std::string_view text);  // true, yes, on, 1 and their opposites
// At commas, blanks around each and empty ones left out.
std::vector<std::string> split_list(std::string_view text);

// A value as it stands in a TOML file, as the text that it would have on the command line.
struct FileValue {
  std::string key;  // section.name
  std::string text;
  std::string problem;  // why it cannot be a value; empty: it can
  size_t line = 0;
};
// Malformed, with the line and column, when it is no TOML.
Result<std::vector<FileValue>> read_toml(std::string_view text, std::string_view file_name);

}  // namespace siploom::admin
