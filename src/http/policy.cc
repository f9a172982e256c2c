#include "http/policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/event_stream.h"
#include "http/gzip.h"

namespace siploom::http {

namespace {

constexpr std::string_view kGzipMark = "-gzip";
constexpr std::string_view kCorsHeaders =
    "Authorization, Content-Type, If-None-Match, If-Match, Last-Event-ID";
constexpr std::string_view kCorsExposed = "ETag, Location, Content-Disposition, Retry-After";

void add_vary(Response& response, std::string_view name) {
  const std::string there = response.headers.joined("Vary");
  std::string_view rest = there;
  while (!rest.empty()) {
    const Halves item = split_once(rest, ',');
    rest = item.after;
    if (iequals(trim(item.before), name) || trim(item.before) == "*") return;
  }
  response.headers.set("Vary",
                       there.empty() ? std::string(name) : fmt::format("{}, {}", there, name));
}

// A tag as compared: without W/ and without what marks our gzip form of the same body.
std::string_view bare_tag(std::string_view tag) {
  tag = trim(tag);
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"')
    tag = tag.substr(1, tag.size() - 2);
  if (tag.ends_with(kGzipMark)) tag.remove_suffix(kGzipMark.size());
  return tag;
}

// The tag of If-None-Match that is this body's, in one of its two forms; "*" is any.
std::string_view matching_tag(std::string_view tags, std::string_view etag) {
  while (!tags.empty()) {
    const Halves item = split_once(tags, ',');
    tags = item.after;
    if (trim(item.before) == "*") return etag;
    if (bare_tag(item.before) == bare_tag(etag)) return trim(item.before);
  }
  return {};
}

void apply_etag(const Request& request, Response& response) {
  const std::string etag(response.headers.get("ETag"));
  if (etag.empty() || response.status != 200) return;
  if (request.method != Method::Get && request.method != Method::Head) return;
  const std::string tags = request.headers.joined("If-None-Match");
  std::string_view had = matching_tag(tags, etag);
  if (had.empty()) return;
  if (had.starts_with("W/")) had.remove_prefix(2);
  if (is_compressible(response.headers.get("Content-Type"))) add_vary(response, "Accept-Encoding");
  response.headers.set("ETag", had);
  response.headers.remove("Content-Type");
  response.status = 304;
  response.body.clear();
  response.writer = nullptr;
  if (response.events) response.events->detach();
  response.events.reset();
}

void apply_gzip(const Request& request, Response& response, Finish& finish) {
  if (!is_compressible(response.headers.get("Content-Type"))) return;
  if (response.headers.has("Content-Encoding")) return;
  const bool streamed = response.writer != nullptr;
  if (!streamed && response.body.size() < kGzipBytesMin) return;
  add_vary(response, "Accept-Encoding");
  if (!accepts_gzip(request.headers.joined("Accept-Encoding"))) return;
  response.headers.set("Content-Encoding", "gzip");
  if (streamed) {
    finish.gzip_stream = true;
  } else {
    response.body = GzipStream().finish(response.body);
  }
  // A strong tag names one sequence of octets (RFC 9110 8.8.3.3).
  std::string etag(response.headers.get("ETag"));
  if (etag.size() >= 2 && etag.back() == '"') {
    etag.insert(etag.size() - 1, kGzipMark);
    response.headers.set("ETag", etag);
  }
}

bool allows_origin(const Policy& policy, std::string_view origin, bool& any) {
  any = std::find(policy.cors_origins.begin(), policy.cors_origins.end(), "*") !=
        policy.cors_origins.end();
  return !origin.empty() &&
         (any || std::find(policy.cors_origins.begin(), policy.cors_origins.end(), origin) !=
                     policy.cors_origins.end());
}

// True when the origin of the request may read the answer.
bool apply_cors(const Policy& policy, const Request& request, Response& response) {
  if (policy.cors_origins.empty()) return false;
  const std::string_view origin = request.headers.get("Origin");
  bool any = false;
  const bool allowed = allows_origin(policy, origin, any);
  if (any) {
    if (allowed) response.headers.set("Access-Control-Allow-Origin", "*");
  } else {
    add_vary(response, "Origin");  // also without one: a cache must not give this to a script
    if (allowed) {
      response.headers.set("Access-Control-Allow-Origin", origin);
      response.headers.set("Access-Control-Allow-Credentials", "true");
    }
  }
  if (allowed) response.headers.set_default("Access-Control-Expose-Headers", kCorsExposed);
  return allowed;
}

}  // namespace

Finish finish_response(const Policy& policy, const Request& request, Response& response) {
  Finish finish;
  apply_etag(request, response);
  apply_gzip(request, response, finish);
  apply_cors(policy, request, response);
  Headers& headers = response.headers;
  headers.set_default("X-Content-Type-Options", "nosniff");
  headers.set_default("Referrer-Policy", "no-referrer");
  // Whoever tags a body wants it kept, and asked for again.
  headers.set_default("Cache-Control", headers.has("ETag") ? "private, no-cache" : "no-store");
  if (istarts_with(headers.get("Content-Type"), "text/html"))
    headers.set_default("Content-Security-Policy", policy.content_security_policy);
  if (request.tls && policy.hsts_s > 0)
    headers.set_default("Strict-Transport-Security", fmt::format("max-age={}", policy.hsts_s));
  return finish;
}

bool is_preflight(const Request& request) {
  return request.method == Method::Options && request.headers.has("Origin") &&
         request.headers.has("Access-Control-Request-Method");
}

Response answer_preflight(const Policy& policy, const Request& request,
                          const std::vector<Method>& allowed) {
  Response out = Response::no_content();
  bool any = false;
  if (!allows_origin(policy, request.headers.get("Origin"), any)) return out;
  std::string methods;
  for (const Method m : allowed) {
    if (!methods.empty()) methods += ", ";
    methods += method_name(m);
  }
  out.headers.set("Access-Control-Allow-Methods", methods);
  out.headers.set("Access-Control-Allow-Headers", kCorsHeaders);
  out.headers.set("Access-Control-Max-Age", "600");
  return out;
}

std::string response_head(const Response& response, int minor_version, const Headers& more,
                          bool with_length) {
  std::string out = fmt::format("HTTP/1.{} {} {}\r\n", minor_version, response.status,
                                status_phrase(response.status));
  const auto line = [&](std::string_view name, std::string_view value) {
    ((((out += name) += ": ") += value) += "\r\n");
  };
  for (const auto& [name, value] : response.headers) {
    if (!iequals(name, "Content-Length") && !iequals(name, "Transfer-Encoding") &&
        !iequals(name, "Connection"))
      line(name, value);
  }
  for (const auto& [name, value] : more) line(name, value);
  // Answers that cannot have a body have no length either (RFC 9110 8.6).
  if (with_length && response.status >= 200 && response.status != 204 && response.status != 304)
    line("Content-Length", fmt::format("{}", response.body.size()));
  return out += "\r\n";
}

std::string http_date(Timestamp t) {
  constexpr std::string_view kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CivilTime c = to_civil(t);
  const int64_t days = t.ns / (24 * 3600 * kSecond);  // since a Thursday; never before 1970 here
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<size_t>(days % 7)], c.day,
                     kMonths[static_cast<size_t>(c.month - 1)], c.year, c.hour, c.minute, c.second);
}

}  // namespace siploom::http
