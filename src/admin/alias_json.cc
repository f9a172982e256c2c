// HOMER's list of aliases: the one file of this room that sees simdjson.
#include <fmt/format.h>
#include <simdjson.h>

#include "admin/alias_import.h"
#include "base/text.h"

namespace siploom::admin {

namespace {

using simdjson::dom::element;

constexpr size_t kMaxJsonDepth = 16;

// Numbers, truths and texts alike: HOMER's versions differ in which they write.
std::string text_of(const element& object, const char* key) {
  element value;
  if (object[key].get(value) != simdjson::SUCCESS) return {};
  switch (value.type()) {
    case simdjson::dom::element_type::STRING:
      return std::string(std::string_view(value));
    case simdjson::dom::element_type::INT64:
      return std::to_string(int64_t(value));
    case simdjson::dom::element_type::UINT64:
      return std::to_string(uint64_t(value));
    case simdjson::dom::element_type::BOOL:
      return bool(value) ? "true" : "false";
    case simdjson::dom::element_type::NULL_VALUE:
      return {};
    default:
      return "?";  // no port, address or number
  }
}

Result<simdjson::dom::array> list_of(const element& document) {
  element list = document;
  if (document.is_object() && document["data"].get(list) != simdjson::SUCCESS)
    return fail(ErrorCode::Malformed, "there is no list of aliases, nor one under \"data\"");
  simdjson::dom::array out;
  if (list.get(out) != simdjson::SUCCESS)
    return fail(ErrorCode::Malformed, "there is no list of aliases, nor one under \"data\"");
  return out;
}

std::string_view homer_name(std::string_view AliasTexts::*field) {
  if (field == &AliasTexts::address) return "ip";
  if (field == &AliasTexts::mask) return "mask";
  if (field == &AliasTexts::port) return "port";
  if (field == &AliasTexts::agent) return "captureID";
  return "alias";
}

Result<AliasFile> read_list(const simdjson::dom::array& list) {
  AliasFile out;
  size_t number = 0;
  for (const element& item : list) {
    if (++number > kMaxAliases)
      return fail(ErrorCode::LimitExceeded, fmt::format("more than {} aliases", kMaxAliases));
    if (!item.is_object())
      return fail(ErrorCode::Malformed, fmt::format("alias {}: no object", number));
    const std::string status = text_of(item, "status");
    if (status == "false" || status == "0") {
      ++out.switched_off;
      continue;
    }
    const std::string ip = text_of(item, "ip"), mask = text_of(item, "mask"),
                      port = text_of(item, "port"), name = text_of(item, "alias"),
                      agent = text_of(item, "captureID");
    auto alias = make_alias({ip, mask, port, name, agent, ""});
    if (!alias) {
      return fail(ErrorCode::Malformed,
                  fmt::format("alias {}, {}: {}", number, homer_name(alias.error().field),
                              alias.error().error.message));
    }
    out.aliases.push_back({std::move(*alias), number});
  }
  return out;
}

}  // namespace

Result<AliasFile> parse_homer_aliases(std::string_view json) {
  if (json.size() > kMaxAliasFileOctets) {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("{} octets, at most {}", json.size(), kMaxAliasFileOctets));
  }
  simdjson::dom::parser parser;
  element document;
  auto code = parser.allocate(json.size() + 1, kMaxJsonDepth);
  if (code == simdjson::SUCCESS) code = parser.parse(json.data(), json.size(), true).get(document);
  if (code != simdjson::SUCCESS)
    return fail(ErrorCode::Malformed, fmt::format("no JSON: {}", simdjson::error_message(code)));
  return read_list(SL_TRY(list_of(document)));
}

}  // namespace siploom::admin
