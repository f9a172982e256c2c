#include "cli/run.h"

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/options.h"

namespace siploom::cli {

int run(int argc, char** argv) {
  Parsed parsed = parse_options(argc, argv);
  if (parsed.done) return parsed.status;
  catch_signals();
  Options& options = parsed.options;
  switch (options.command) {
    case Command::Calls:
      return calls_command(options);
    case Command::Show:
      return show_command(options);
    case Command::Grep:
      return grep_command(options);
    case Command::Stats:
      return stats_command(options);
    case Command::Split:
      return split_command(options);
    case Command::Export:
      return export_command(options);
    case Command::Fields:
      return fields_command(options);
    case Command::Simulate:
      return simulate_command(options);
    case Command::Completion:
      return completion_command(options);
    case Command::Version:
      return version_command(options);
    case Command::Serve:
      return serve_command(options);
    case Command::Import:
      return import_command(options);
    case Command::Query:
      return query_command(options);
    case Command::Sql:
      return sql_command(options);
    case Command::Doctor:
      return doctor_command(options);
    case Command::None:
      break;
  }
  return 2;
}

}  // namespace siploom::cli
