#include "cli/held.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "admin/holds.h"
#include "api/apply.h"
#include "cli/wall_clock.h"

namespace siploom::cli {

namespace fs = std::filesystem;

namespace {

Error unknown(const std::string& path, const std::string& why) {
  return {ErrorCode::Io, fmt::format("{} says what is held, and cannot be read ({}); nothing is "
                                     "dropped",
                                     path, why)};
}

// Beside the folder as it is named and, should that be a link, beside what it leads to.
std::set<fs::path> places_beside(const std::string& store) {
  std::error_code code;
  std::set<fs::path> out;
  const auto add = [&](fs::path folder) {
    if (!folder.has_filename()) folder = folder.parent_path();  // "store/"
    out.insert(folder.parent_path() / "meta.db");
  };
  add(fs::absolute(store, code).lexically_normal());
  if (const fs::path real = fs::canonical(store, code); !code) add(real);
  return out;
}

Result<std::vector<store::Hold>> read_holds(const std::string& path) {
  // Opening makes a database of an empty file, and that would hold nothing.
  std::error_code code;
  const auto size = fs::file_size(path, code);
  if (code) return tl::unexpected<Error>(unknown(path, code.message()));
  if (size == 0) return tl::unexpected<Error>(unknown(path, "it is empty"));
  auto database = admin::Database::open(path, wall_clock);
  if (!database) return tl::unexpected<Error>(unknown(path, database.error().message));
  admin::Holds holds(**database);
  auto found = api::holds_in_force(holds);
  if (!found) return tl::unexpected<Error>(unknown(path, found.error().message));
  return std::move(*found);
}

}  // namespace

Result<std::optional<std::vector<store::Hold>>> holds_of_store(const std::string& store,
                                                               const std::string& meta) {
  std::optional<std::vector<store::Hold>> out;
  const std::set<fs::path> places =
      meta.empty() ? places_beside(store) : std::set<fs::path>{fs::path(meta)};
  for (const fs::path& path : places) {
    std::error_code code;
    const fs::file_status status = fs::status(path, code);
    if (status.type() == fs::file_type::not_found && meta.empty()) continue;
    if (code) return tl::unexpected<Error>(unknown(path.string(), code.message()));
    auto holds = SL_TRY(read_holds(path.string()));
    if (!out) out.emplace();
    out->insert(out->end(), holds.begin(), holds.end());
  }
  return out;
}

}  // namespace siploom::cli
