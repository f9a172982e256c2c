// CommandTree: the subcommands and options as data, for completion, the man page and the reference;
// read off the same declarations that parse the command line.
#pragma once

#include <string>
#include <vector>

namespace siploom::cli {

struct OptionHelp {
  std::vector<std::string> names;  // "-i", "--interface"
  std::string value;               // "IFACE"; empty for a flag
  std::string group;
  std::string help;
  std::vector<std::string> choices;  // values to complete, when they are few
};

struct CommandHelp {
  std::string name, help, usage, words_help;
  std::vector<OptionHelp> options;
};

std::vector<CommandHelp> command_tree();

}  // namespace siploom::cli
