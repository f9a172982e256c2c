#include "api/body.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "wire/json/json.h"

namespace siploom::api {

namespace {

tl::unexpected<Error> wrong_member(std::string_view name, std::string_view what) {
  return fail(ErrorCode::InvalidArgument, fmt::format("\"{}\" {}", name, what));
}

}  // namespace

Result<Body> Body::read(const http::Request& request, std::string_view members) {
  Body body;
  body.tree_ = std::make_unique<tree::Tree>();
  const std::string_view text = trim(request.body);
  const bool parsed = json::parse(text, *body.tree_);
  if (!parsed || !body.tree_->is_strict() || !trim(body.tree_->trailing()).empty() ||
      !body.tree_->root().is_map()) {
    return fail(ErrorCode::Malformed, "the body has to be one JSON object");
  }
  const auto known = words_of(members);
  std::string scratch;
  for (tree::Value value = body.tree_->root().first(); value; value = value.next()) {
    const std::string_view name = value.name(scratch);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("unknown member \"{}\": there are {}", printable(name.substr(0, 64)),
                              fmt::join(known, ", ")));
    }
  }
  return body;
}

tree::Value Body::member(std::string_view name) const { return tree_->root().member(name); }

bool Body::has(std::string_view name) const {
  const tree::Value value = member(name);
  return static_cast<bool>(value) && value.type() != tree::Type::Null;
}

Result<std::optional<std::string>> Body::maybe_text(std::string_view name) const {
  if (!has(name)) return std::optional<std::string>();
  const tree::Value value = member(name);
  if (!value.is_text()) return wrong_member(name, "has to be a text");
  std::string scratch;
  return std::optional<std::string>(value.text(scratch));
}

Result<std::string> Body::text(std::string_view name) const {
  auto value = SL_TRY(maybe_text(name));
  if (!value) return wrong_member(name, "is missing");
  return std::move(*value);
}

Result<std::string> Body::text_or(std::string_view name, std::string_view otherwise) const {
  const auto value = SL_TRY(maybe_text(name));
  return value.value_or(std::string(otherwise));
}

Result<std::optional<bool>> Body::maybe_flag(std::string_view name) const {
  if (!has(name)) return std::optional<bool>();
  const tree::Type type = member(name).type();
  if (type != tree::Type::True && type != tree::Type::False)
    return wrong_member(name, "has to be true or false");
  return std::optional<bool>(type == tree::Type::True);
}

Result<std::optional<int64_t>> Body::maybe_number(std::string_view name) const {
  if (!has(name)) return std::optional<int64_t>();
  const tree::Value value = member(name);
  const auto number = value.type() == tree::Type::Number ? parse_number<int64_t>(value.raw())
                                                         : std::optional<int64_t>();
  if (!number) return wrong_member(name, "has to be a whole number");
  return number;
}

Result<Timestamp> Body::time(std::string_view name, Timestamp now) const {
  const auto text = SL_TRY(maybe_text(name));
  if (!text || text->empty()) return kNoTime;
  const auto time = parse_when(*text, now);
  if (!time) return wrong_member(name, "has to be a time, such as 2026-11-21T01:25:02Z");
  return *time;
}

Result<std::vector<std::string>> Body::texts(std::string_view name, size_t most) const {
  std::vector<std::string> out;
  if (!has(name)) return out;
  if (!member(name).is_list()) return wrong_member(name, "has to be a list of texts");
  std::string scratch;
  for (tree::Value item = member(name).first(); item; item = item.next()) {
    if (!item.is_text()) return wrong_member(name, "has to be a list of texts");
    if (out.size() == most) return wrong_member(name, fmt::format("has more than {} items", most));
    out.emplace_back(item.text(scratch));
  }
  return out;
}

Result<std::optional<admin::Role>> Body::maybe_role(std::string_view name) const {
  const auto text = SL_TRY(maybe_text(name));
  if (!text) return std::optional<admin::Role>();
  const auto role = admin::find_role(*text);
  if (!role) return wrong_member(name, "has to be viewer, operator, auditor or admin");
  return role;
}

std::optional<std::string> Body::raw_object(std::string_view name) const {
  const tree::Value value = member(name);
  if (!value || !value.is_map()) return std::nullopt;
  return std::string(value.raw());
}

std::string filter_of(const http::Request& request) {
  if (const auto given = request.query.find("filter")) return std::string(*given);
  tree::Tree tree;
  if (!json::parse(trim(request.body), tree)) return {};
  std::string scratch;
  return std::string(tree.root().member("filter").text(scratch));
}

}  // namespace siploom::api
