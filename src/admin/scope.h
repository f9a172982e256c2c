// Scopes: what part of the traffic somebody may see, in siploom's filter language.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace siploom::admin {

// A scope must be a filter over messages and over calls alike, so without call.*; the empty one
// lets everything through.
Result<void> check_scope(std::string_view what, std::string_view scope);
// "(a) and (b)", without those that are empty or stand there already. Each has been checked alone,
// so none can close the brackets around it.
std::string join_scopes(std::initializer_list<std::string_view> scopes);

}  // namespace siploom::admin
