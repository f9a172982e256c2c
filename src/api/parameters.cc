#include "api/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/asked.h"
#include "base/check.h"
#include "base/text.h"

namespace siploom::api {

namespace {

constexpr auto kParameters = std::to_array<ParameterInfo>({
    {"action", "string", "Only events of this action"},
    {"active", "boolean", "Only holds that are in force"},
    {"aliases", "boolean", "Lanes have the names of aliases; true when not said"},
    {"at", "time", "Of several calls under one Call-ID the one that was going on then"},
    {"bucket", "duration", "Width of a bar; chosen to give about 60 when not said"},
    {"by", "string", "Fields, separated by commas"},
    {"by_ip", "boolean", "One lane an address, whatever its ports"},
    {"call_id", "string", "Only what belongs to this Call-ID"},
    {"columns", "string",
     "Fields of the registry or columns of the store, separated by commas; without them rows are "
     "whole objects"},
    {"cursor", "string", "\"next\" of the page before"},
    {"existing", "string", "What becomes of another name kept for the same place", "keep replace"},
    {"fields", "string", "Fields, separated by commas"},
    {"filter", "string", "Filter (docs/filter.md); empty: all"},
    {"format", "string", "How it is written; also by Accept"},
    {"from", "time", "Not before; RFC 3339, @SECONDS, now, or -15m for 15 minutes ago"},
    {"key", "string", "Key of a setting"},
    {"kind", "string", "Only this kind"},
    {"kinds", "string", "Only records of these kinds, separated by commas"},
    {"limit", "integer", "Rows of one page"},
    {"measures", "string",
     "count, rate, sum(F), avg(F), min(F), max(F), p95(F), distinct(F); separated by commas"},
    {"name", "string", "What the upload is called"},
    {"order", "string", "Direction of the order", "desc asc"},
    {"position", "integer", "Where the cursor stands in the text, in octets"},
    {"relative", "boolean", "Times since the first message"},
    {"scope", "string", "What the filter is asked of", "calls records"},
    {"sequence", "integer", "Number of the record"},
    {"sort", "string", "Field or column to order by; time when not said"},
    {"table", "string", "What is asked", "calls records"},
    {"text", "string", "A text to complete, or to be found"},
    {"timeout", "duration",
     "How long a search may take, at most 300 s (0 is that, too); 30 s when not said"},
    {"to", "time", "Before; as from"},
    {"top", "integer", "Values of each field"},
    {"unfold", "boolean", "Each retransmission on its own"},
    {"user", "string", "Only of this user"},
    {"whose", "string", "Of whom", "own all"},
    {"width", "integer", "Columns of the text"},
    // Of paths.
    {"day", "string", "2026-11-21"},
    {"id", "integer", "Number of the thing"},
    {"role", "string", "Name of a role", "viewer operator auditor admin"},
});

}  // namespace

std::span<const ParameterInfo> parameters() { return kParameters; }

const ParameterInfo& find_parameter(std::string_view name) {
  const auto found = std::find_if(kParameters.begin(), kParameters.end(),
                                  [&](const ParameterInfo& p) { return p.name == name; });
  SL_CHECK(found != kParameters.end());
  return *found;
}

std::optional<http::Response> check_parameters(const http::Request& request,
                                               std::string_view known) {
  const auto names = words_of(known);
  for (const http::Parameter& given : request.query.list) {
    if (std::find(names.begin(), names.end(), given.name) == names.end()) {
      return http::Response::problem(
          400, "unknown-parameter", "The query has an unknown parameter",
          names.empty() ? fmt::format("{}: this path takes none", printable(given.name))
                        : fmt::format("{}: this path takes {}", printable(given.name.substr(0, 64)),
                                      fmt::join(names, ", ")));
    }
    if (request.query.all(given.name).size() > 1) {
      return http::Response::problem(400, "repeated-parameter",
                                     "The query has a parameter more than once", given.name);
    }
  }
  return std::nullopt;
}

}  // namespace siploom::api
