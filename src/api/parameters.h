// Parameters: what the query and the path of a route can hold, once: for checking, for OpenAPI and
// for the reference.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "http/message.h"

namespace siploom::api {

struct ParameterInfo {
  std::string_view name, type;  // type: string, integer, boolean, time, duration
  std::string_view help;
  std::string_view choices = {};  // by blanks
};

std::span<const ParameterInfo> parameters();
// One that is not there is a programmer's error.
const ParameterInfo& find_parameter(std::string_view name);
// A problem when the query has one that the route does not know, or one twice.
std::optional<http::Response> check_parameters(const http::Request& request,
                                               std::string_view known);

}  // namespace siploom::api
