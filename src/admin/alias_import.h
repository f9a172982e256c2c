// Lists of aliases as files: CSV of siploom's own columns, and HOMER's JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/alias.h"

namespace siploom::admin {

constexpr size_t kMaxAliases = 200'000;
constexpr size_t kMaxAliasFileOctets = 64 << 20;

struct FoundAlias {
  Alias alias;
  size_t line = 0;  // where it stands; of JSON: its number in the list
};
struct AliasFile {
  std::vector<FoundAlias> aliases;
  size_t switched_off = 0;  // HOMER's status false: left out
};

// Columns address, mask, port, name, agent, note in this order, or in that of a header line (then
// also under HOMER's names ip, alias, captureID, status, or the API's block for the first two).
// Errors name line and column.
Result<AliasFile> parse_alias_csv(std::string_view text);
// With a header; parse_alias_csv() reads it back.
std::string write_alias_csv(const std::vector<Alias>& aliases);
// HOMER's /api/v3/alias: a list of {alias, ip, port, mask, captureID, status}, alone or as "data".
Result<AliasFile> parse_homer_aliases(std::string_view json);

// One alias from its texts; empty, "0" or "*" is any port or agent. The error names the field.
struct AliasTexts {
  std::string_view address, mask, port, name, agent, note;
};
struct AliasProblem {
  std::string_view AliasTexts::*field = nullptr;
  Error error;
};
tl::expected<Alias, AliasProblem> make_alias(const AliasTexts& texts);

}  // namespace siploom::admin
