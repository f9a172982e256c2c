// siploom version.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/version.h"

namespace siploom::cli {

int version_command(const Options& options) {
  Output out(options.output);
  out.write(options.output.json
                ? fmt::format("{{\"name\":\"siploom\",\"version\":\"{}\"}}\n", kVersion)
                : fmt::format("siploom {}\n", kVersion));
  return 0;
}

}  // namespace siploom::cli
