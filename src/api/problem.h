// Problems: errors as documents (RFC 9457) that say what to do.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"

namespace siploom::api {

// `filter`: the text that a filter error is about; its place becomes "position" and "length", in
// octets.
http::Response problem_of(const Error& error, std::string_view filter = {});

http::Response unauthenticated(std::string_view detail);
http::Response forbidden(std::string_view detail);
http::Response too_many(std::string_view detail, Nanoseconds retry_after);

struct FilterPlace {
  size_t position = 0, length = 0;
};
// Where in `filter` the compiler's error points to; false: it names no place.
bool find_place(std::string_view message, std::string_view filter, FilterPlace& out);
// The compiler's words alone, without the picture of the place.
std::string_view first_line(std::string_view message);

}  // namespace siploom::api
