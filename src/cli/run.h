// Entry of the command line: reads the words, runs the subcommand, gives its exit status (0 found,
// 1 nothing found, 2 error).
#pragma once

namespace siploom::cli {

int run(int argc, char** argv);

}  // namespace siploom::cli
