// Values as they are written: numbers with units, ranges, addresses, times.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "query/parser.h"

namespace siploom::query {

using registry::FieldInfo;
using registry::Type;

namespace {

struct Range {
  std::string_view low, high;
  bool is_range = false;
};

Range split_range(std::string_view text) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos || dots == 0) return {text, text, false};
  return {text.substr(0, dots), text.substr(dots + 2), true};
}

// "4xx": a hundred at once.
bool read_class(std::string_view text, Constant& out) {
  if (text.size() != 3 || !is_digit(text[0]) || !iequals(text.substr(1), "xx")) return false;
  out.low = (text[0] - '0') * 100;
  out.high = out.low + 99;
  out.is_range = true;
  return true;
}

Result<Constant> read_number(std::string_view text, Constant out) {
  if (read_class(text, out)) return out;
  const Range range = split_range(text);
  const auto low = parse_number<double>(range.low), high = parse_number<double>(range.high);
  if (!low || !high)
    return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is not a number", text));
  out.low = *low, out.high = *high, out.is_range = range.is_range;
  return out;
}

Result<Constant> read_duration(std::string_view text, Constant out) {
  const Range range = split_range(text);
  const auto low = parse_duration(range.low), high = parse_duration(range.high);
  if (!low || !high) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}' is not a duration; write 250ms, 5s, 2m or 1h", text));
  }
  out.low_ns = *low, out.high_ns = *high, out.is_range = range.is_range;
  return out;
}

// A date alone is its whole day, but its first instant where an order is asked for.
Result<Constant> read_time(std::string_view text, Constant out, bool ordered) {
  constexpr size_t kDateOctets = 10;
  const Range range = split_range(text);
  const auto low = parse_time(range.low), high = parse_time(range.high);
  if (!low || !high) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}' is not a time; write 2026-11-21T01:30:00Z", text));
  }
  const bool day = !ordered && range.high.size() == kDateOctets && range.high[4] == '-';
  out.low_ns = low->ns;
  out.high_ns = day ? std::min(high->ns, INT64_MAX - kDay) + kDay - 1 : high->ns;
  out.is_range = range.is_range || day;
  return out;
}

Result<Constant> read_address(std::string_view text, Constant out) {
  if (const auto cidr = parse_cidr(text)) {
    out.cidr = *cidr;
  } else if (const auto endpoint = parse_endpoint(text)) {
    out.cidr = {endpoint->address, 128};
    out.port = endpoint->port;
  } else {
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("'{}' is not an address; write 10.0.0.1, 10.0.0.0/8 or 10.0.0.1:5060", text));
  }
  out.is_address = true;
  return out;
}

Result<Constant> read_choice(const FieldInfo& field, std::string_view text, Constant out) {
  std::string_view rest = field.choices, nearest;
  size_t best = 4;
  while (!rest.empty()) {
    const Halves halves = split_once(rest, ' ');
    if (iequals(halves.before, text)) return out;
    const size_t distance = edit_distance(halves.before, text);
    if (distance < best) best = distance, nearest = halves.before;
    rest = halves.after;
  }
  const std::string hint = nearest.empty() ? fmt::format("there are {}", field.choices)
                                           : fmt::format("did you mean {}?", nearest);
  return fail(ErrorCode::InvalidArgument,
              fmt::format("{} is never '{}'; {}", field.name, text, hint));
}

Result<Constant> read_bool(std::string_view text, Constant out) {
  const bool yes = iequals(text, "true") || text == "1" || iequals(text, "yes");
  if (!yes && !iequals(text, "false") && text != "0" && !iequals(text, "no")) {
    return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is not true or false", text));
  }
  out.low = out.high = yes ? 1 : 0;
  return out;
}

}  // namespace

Result<Constant> parse_constant(const FieldInfo* field, std::string_view text, Op op) {
  Constant out;
  out.text = text;
  const bool ordered =
      op == Op::Less || op == Op::LessEqual || op == Op::Greater || op == Op::GreaterEqual;
  const Type type = field == nullptr ? Type::Text : field->type;
  if (ordered && (type == Type::Address || type == Type::Bool || type == Type::Enumeration)) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} has no order; use ==, != or in", field->name));
  }
  Result<Constant> result = out;
  switch (type) {
    case Type::Number:
      result = read_number(text, out);
      break;
    case Type::Duration:
      result = read_duration(text, out);
      break;
    case Type::Time:
      result = read_time(text, out, ordered);
      break;
    case Type::Address:
      result = read_address(text, out);
      break;
    case Type::Enumeration:
      result = read_choice(*field, text, out);
      break;
    case Type::Bool:
      result = read_bool(text, out);
      break;
    case Type::Text:
      if (const auto number = parse_number<double>(text)) {
        result->low = result->high = *number;
        result->is_number = true;
      }
      break;
  }
  if (result && ordered && result->is_range) {
    return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is a range; use == or in", text));
  }
  return result;
}

}  // namespace siploom::query
