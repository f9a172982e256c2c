// Body: the JSON object of a request, read with errors that name the member.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/permission.h"
#include "api/asked.h"
#include "wire/tree/tree.h"

namespace siploom::api {

class Body final {
 public:
  // `members`: those that are known, by blanks; others are refused.
  static Result<Body> read(const http::Request& request, std::string_view members);

  bool has(std::string_view name) const;                  // there, and not null
  Result<std::string> text(std::string_view name) const;  // missing: an error
  Result<std::optional<std::string>> maybe_text(std::string_view name) const;
  Result<std::string> text_or(std::string_view name, std::string_view otherwise) const;
  Result<std::optional<bool>> maybe_flag(std::string_view name) const;
  Result<std::optional<int64_t>> maybe_number(std::string_view name) const;
  Result<Timestamp> time(std::string_view name, Timestamp now) const;  // kNoTime: not there
  Result<std::vector<std::string>> texts(std::string_view name, size_t most) const;
  Result<std::optional<admin::Role>> maybe_role(std::string_view name) const;
  // The member's own JSON, for what is kept as it stands.
  std::optional<std::string> raw_object(std::string_view name) const;

 private:
  tree::Value member(std::string_view name) const;
  std::unique_ptr<tree::Tree> tree_;
};

// What stands under "filter" in the request's query, else in its body: what a filter error is
// about.
std::string filter_of(const http::Request& request);

}  // namespace siploom::api
