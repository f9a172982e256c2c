#include "admin/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "admin/text_rules.h"
#include "base/text.h"
#include "query/filter.h"

namespace siploom::admin {

Result<void> check_scope(std::string_view what, std::string_view scope) {
  // Joined, four of them stay below what the language takes.
  SL_TRY_VOID(check_text(what, scope, kMaxFilterOctets - 16, Lines::Many));
  for (const auto subject : {registry::Scope::Message, registry::Scope::Call}) {
    const auto filter = query::Filter::compile(scope, subject);
    if (!filter) {
      return fail(filter.error().code,
                  fmt::format("{}, asked of {}s: {}", what, registry::scope_name(subject),
                              filter.error().message));
    }
    // A message alone has no call.*: "not call.state == x" would let every one through.
    if (subject == registry::Scope::Message && filter->asks_calls()) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("{}: fields of calls (call.*) cannot be asked of a message, and a "
                              "scope is asked of both",
                              what));
    }
  }
  return {};
}

std::string join_scopes(std::initializer_list<std::string_view> scopes) {
  std::string out;
  std::vector<std::string_view> seen;
  for (const std::string_view scope : scopes) {
    const std::string_view text = trim(scope);
    if (text.empty() || std::find(seen.begin(), seen.end(), text) != seen.end()) continue;
    seen.push_back(text);
    if (!out.empty()) out += " and ";
    out.append("(").append(text).append(")");
  }
  return out;
}

}  // namespace siploom::admin
