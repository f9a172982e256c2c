// What answers are put together with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/page.h"
#include "api/asked.h"
#include "base/json_writer.h"
#include "http/message.h"

namespace siploom::api {

// RFC 3339, or null for kNoTime.
void time_field(JsonWriter& json, std::string_view name, Timestamp time);
// Null when empty.
void text_field(JsonWriter& json, std::string_view name, std::string_view text);
void id_field(JsonWriter& json, std::string_view name, std::optional<int64_t> id);
template <class List>
void list_field(JsonWriter& json, std::string_view name, const List& texts) {
  json.key(name);
  json.begin_array();
  for (const auto& text : texts) json.value(std::string_view(text));
  json.end_array();
}
// Seconds since `began`, in milliseconds.
void took_field(JsonWriter& json, std::chrono::steady_clock::time_point began);

// One object made by `write(json)`.
template <class Write>
http::Response object_reply(Write&& write, int status = 200) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  write(json);
  json.end_object();
  return http::Response::json(std::move(body), status);
}

// {"rows":[...],"next":N or null} of an admin list; `write(json, row)` writes one object's members.
template <class T, class Write>
http::Response list_reply(const admin::Listed<T>& listed, Write&& write) {
  return object_reply([&](JsonWriter& json) {
    json.key("rows");
    json.begin_array();
    for (const T& row : listed.rows) {
      json.begin_object();
      write(json, row);
      json.end_object();
    }
    json.end_array();
    json.key("next");
    if (listed.next) {
      json.value(std::to_string(*listed.next));
    } else {
      json.null();
    }
  });
}

// `object`, which ends in '}', with more members, of which there is one at least.
template <class Write>
std::string extended(std::string object, Write&& write) {
  object.pop_back();
  std::string more;
  JsonWriter json(more);
  json.begin_object();
  write(json);
  json.end_object();
  object += ',';
  return object.append(more, 1);
}

// A JSON object of texts, for the audit log: {"name":"value", ...}.
std::string detail_json(std::initializer_list<std::pair<std::string_view, std::string_view>> texts);

// Letters, digits, - and _ that stand for any octets (RFC 4648 5, without padding), and back.
std::string base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

// Content-Disposition (RFC 6266) of a file to be saved.
std::string attachment(std::string_view name);

}  // namespace siploom::api
