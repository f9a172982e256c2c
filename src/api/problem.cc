#include "api/problem.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/token.h"

namespace siploom::api {

using http::Response;

namespace {

struct Kind {
  int status;
  std::string_view slug, title;
};

Kind kind_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::NotFound:
      return {404, "not-found", "There is no such thing"};
    case ErrorCode::Io:
      return {503, "unavailable", "The system refused it"};
    case ErrorCode::Unsupported:
      return {400, "unsupported", "This cannot be done"};
    case ErrorCode::LimitExceeded:
      return {422, "limit-exceeded", "A limit was reached"};
    case ErrorCode::Malformed:
      return {400, "malformed", "The request is malformed"};
    case ErrorCode::InvalidArgument:
      break;
  }
  return {400, "invalid-argument", "Something in the request is wrong"};
}

constexpr std::string_view kFilterError = "filter: ";

}  // namespace

std::string_view first_line(std::string_view message) {
  const std::string_view line = message.substr(0, message.find('\n'));
  return line.starts_with(kFilterError) ? line.substr(kFilterError.size()) : line;
}

// The compiler draws its errors (query/token.h); which place gives that very drawing?
bool find_place(std::string_view message, std::string_view filter, FilterPlace& out) {
  constexpr size_t kLongest = 8 * 1024;  // each place costs a drawing
  const size_t marks_end = message.find_last_of('^');
  if (!message.starts_with(kFilterError) || marks_end == std::string_view::npos ||
      filter.size() > kLongest) {
    return false;
  }
  const size_t before = message.find_last_not_of('^');
  const size_t length = marks_end - before;
  const std::string what(first_line(message));
  for (size_t at = 0; at <= filter.size(); ++at) {
    if (query::error_at(filter, at, length, what).message != message) continue;
    out = {at, std::min(length, filter.size() - at)};
    return true;
  }
  return false;
}

Response problem_of(const Error& error, std::string_view filter) {
  if (error.message.starts_with(kFilterError)) {
    FilterPlace place;
    std::vector<http::ProblemMember> more;
    if (find_place(error.message, filter, place)) {
      more.push_back({"position", static_cast<int64_t>(place.position)});
      more.push_back({"length", static_cast<int64_t>(place.length)});
    }
    return Response::problem(400, "filter", "The filter is not understood",
                             first_line(error.message), more);
  }
  const Kind kind = kind_of(error.code);
  return Response::problem(kind.status, kind.slug, kind.title, error.message);
}

Response unauthenticated(std::string_view detail) {
  return Response::problem(401, "unauthenticated", "Log in first", detail)
      .header("WWW-Authenticate", "Bearer realm=\"siploom\"");
}

Response forbidden(std::string_view detail) {
  return Response::problem(403, "forbidden", "This is not allowed", detail);
}

Response too_many(std::string_view detail, Nanoseconds retry_after) {
  const int64_t seconds = std::max<int64_t>(1, (retry_after + kSecond - 1) / kSecond);
  return Response::problem(429, "too-many", "Too much at once", detail,
                           {{"retry_after_s", seconds}})
      .header("Retry-After", std::to_string(seconds));
}

}  // namespace siploom::api
