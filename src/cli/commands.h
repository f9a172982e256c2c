// The subcommands. Each gives the exit status: 0 found, 1 nothing found, 2 error.
#pragma once

#include "cli/options.h"

namespace siploom::cli {

int calls_command(Options& options);
int show_command(Options& options);
int grep_command(Options& options);
int stats_command(Options& options);
int split_command(Options& options);
int export_command(Options& options);
int fields_command(const Options& options);
int serve_command(const Options& options);
int import_command(Options& options);
int query_command(Options& options);
int sql_command(const Options& options);
int doctor_command(const Options& options);
int simulate_command(const Options& options);
int completion_command(const Options& options);
int version_command(const Options& options);

}  // namespace siploom::cli
