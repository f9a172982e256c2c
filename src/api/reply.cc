#include "api/reply.h"

#include "base/text.h"

namespace siploom::api {

void time_field(JsonWriter& json, std::string_view name, Timestamp time) {
  json.key(name);
  if (is_known(time)) {
    json.value(format_rfc3339(time));
  } else {
    json.null();
  }
}

void text_field(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

void id_field(JsonWriter& json, std::string_view name, std::optional<int64_t> id) {
  json.key(name);
  if (id) {
    json.value(*id);
  } else {
    json.null();
  }
}

void took_field(JsonWriter& json, std::chrono::steady_clock::time_point began) {
  const auto took = std::chrono::steady_clock::now() - began;
  json.field("took_ms",
             int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(took).count()});
}

std::string detail_json(
    std::initializer_list<std::pair<std::string_view, std::string_view>> texts) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const auto& [name, value] : texts) json.field(name, value);
  json.end_object();
  return out;
}

std::string base64url(std::string_view bytes) {
  std::string out = base64(bytes);
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  uint32_t bits = 0;
  unsigned have = 0;
  for (const char c : text) {
    const size_t value = kLetters.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>(bits >> have & 0xFF);
  }
  return out;
}

std::string attachment(std::string_view name) {
  std::string plain;
  for (const char c : name.substr(0, 100)) {
    plain += is_alnum(c) || c == '.' || c == '-' || c == '_' ? c : '_';
  }
  return "attachment; filename=\"" + plain + "\"";
}

}  // namespace siploom::api
