#include "http/message.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace siploom::http {

namespace {

constexpr std::pair<Method, std::string_view> kMethods[] = {
    {Method::Get, "GET"},        {Method::Head, "HEAD"},   {Method::Post, "POST"},
    {Method::Put, "PUT"},        {Method::Patch, "PATCH"}, {Method::Delete, "DELETE"},
    {Method::Options, "OPTIONS"}};

constexpr std::pair<int, std::string_view> kPhrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

std::string without_controls(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) c = ' ';
  }
  return out;
}

}  // namespace

std::string_view method_name(Method method) {
  for (const auto& [value, name] : kMethods) {
    if (value == method) return name;
  }
  return "OTHER";
}

Method parse_method(std::string_view name) {
  for (const auto& [value, known] : kMethods) {
    if (known == name) return value;
  }
  return Method::Other;
}

std::string_view status_phrase(int status) {
  for (const auto& [value, phrase] : kPhrases) {
    if (value == status) return phrase;
  }
  return {};
}

void Headers::add(std::string_view name, std::string_view value) {
  fields_.emplace_back(without_controls(name), without_controls(value));
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::set_default(std::string_view name, std::string_view value) {
  if (!has(name)) add(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return iequals(field.first, name); });
}

const std::string* Headers::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (iequals(field.first, name)) return &field.second;
  }
  return nullptr;
}

std::string_view Headers::get(std::string_view name) const {
  const std::string* value = find(name);
  return value != nullptr ? std::string_view(*value) : std::string_view{};
}

std::string Headers::joined(std::string_view name) const {
  std::string out;
  for (const Field& field : fields_) {
    if (!iequals(field.first, name)) continue;
    if (!out.empty()) out += ", ";
    out += field.second;
  }
  return out;
}

size_t Headers::count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(fields_.begin(), fields_.end(), [&](const Field& field) {
    return iequals(field.first, name);
  }));
}

std::optional<std::string_view> Request::cookie(std::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (!iequals(field, "Cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const Halves pair = split_once(rest, ';');
      rest = pair.after;
      const Halves halves = split_once(trim(pair.before), '=');
      if (!halves.found || halves.before != name) continue;
      std::string_view found = halves.after;
      if (found.size() >= 2 && found.front() == '"' && found.back() == '"')
        found = found.substr(1, found.size() - 2);
      return found;
    }
  }
  return std::nullopt;
}

Response Response::of(std::string_view content_type, std::string body, int status) {
  Response out;
  out.status = status;
  out.headers.add("Content-Type", content_type);
  out.body = std::move(body);
  return out;
}

Response Response::text(std::string body, int status) {
  return of("text/plain; charset=utf-8", std::move(body), status);
}
Response Response::html(std::string body, int status) {
  return of("text/html; charset=utf-8", std::move(body), status);
}
Response Response::json(std::string body, int status) {
  return of("application/json", std::move(body), status);
}

Response Response::no_content() {
  Response out;
  out.status = 204;
  return out;
}

Response Response::redirect(std::string_view location, int status) {
  Response out;
  out.status = status;
  out.headers.add("Location", location);
  return out;
}

Response Response::stream(std::string_view content_type, std::function<void(StreamWriter&)> run) {
  Response out = of(content_type, {});
  out.writer = std::move(run);
  return out;
}

Response Response::event_stream(std::shared_ptr<EventStream> events) {
  Response out = of("text/event-stream", {});
  out.headers.add("X-Accel-Buffering", "no");  // a proxy that collects would hold events back
  out.events = std::move(events);
  return out;
}

Response Response::problem(int status, std::string_view slug, std::string_view title,
                           std::string_view detail, const std::vector<ProblemMember>& more) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.field("type", slug.empty() ? "about:blank" : fmt::format("urn:siploom:problem:{}", slug));
  json.field("title", title);
  json.field("status", status);
  if (!detail.empty()) json.field("detail", detail);
  for (const ProblemMember& member : more) {
    json.key(std::string_view(member.name));
    std::visit([&](const auto& value) { json.value(value); }, member.value);
  }
  json.end_object();
  body += '\n';
  return of("application/problem+json", std::move(body), status);
}

Response& Response::header(std::string_view name, std::string_view value) & {
  headers.set(name, value);
  return *this;
}
Response&& Response::header(std::string_view name, std::string_view value) && {
  headers.set(name, value);
  return std::move(*this);
}

Response&& Response::with_etag() && {
  // Fixed seeds: the tag of a body outlives the process.
  const auto bytes = as_bytes(body);
  headers.set("ETag",
              fmt::format("\"{:016x}{:016x}\"", hash_bytes(bytes, 1), hash_bytes(bytes, 2)));
  return std::move(*this);
}
Response&& Response::with_etag(std::string_view tag) && {
  std::string quoted = "\"";
  for (const char c : tag) {
    if (static_cast<unsigned char>(c) > 0x20 && c != '"' && c != 0x7F) quoted += c;
  }
  headers.set("ETag", quoted + '"');
  return std::move(*this);
}

}  // namespace siploom::http
