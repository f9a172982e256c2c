// Requests and responses as plain values. A handler gets a Request and gives a Response; neither
// knows a socket. Values: one thread at a time, but the streams in a Response are shared.
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/net.h"
#include "http/url.h"

namespace siploom::http {

class StreamWriter;  // http/stream.h
class EventStream;   // http/event_stream.h

enum class Method : uint8_t { Get, Head, Post, Put, Patch, Delete, Options, Other };
std::string_view method_name(Method method);
Method parse_method(std::string_view name);  // names are case-sensitive (RFC 9110 9.1)

// The standard phrase of a status, or "" when it has none here.
std::string_view status_phrase(int status);

// Field lines in order; names are compared without case. Control characters in what is added turn
// into blanks: a value cannot begin a line of its own.
class Headers final {
 public:
  using Field = std::pair<std::string, std::string>;

  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);  // in the place of all of that name
  void set_default(std::string_view name, std::string_view value);  // unless there
  void remove(std::string_view name);
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // The first of that name, or "".
  std::string_view get(std::string_view name) const;
  // All of that name as one list (RFC 9110 5.3).
  std::string joined(std::string_view name) const;
  size_t count(std::string_view name) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }

 private:
  const std::string* find(std::string_view name) const;
  std::vector<Field> fields_;
};

struct Request {
  uint64_t id = 0;  // counts up in one server, for logs
  Method method = Method::Get;
  std::string method_text = "GET";
  std::string target;  // as sent
  std::string path;    // decoded
  std::vector<std::string> segments;
  Parameters query;
  Parameters path_parameters;  // of the route's pattern, decoded
  Headers headers;
  std::string body;
  std::string body_file;  // of a spooling route; deleted when the request is finished
  uint64_t body_bytes = 0;
  Endpoint peer, local;
  bool tls = false;
  std::any context;  // what middleware found out, such as who asks

  // A parameter of the pattern, or "".
  std::string_view param(std::string_view name) const { return path_parameters.get(name); }
  std::optional<std::string_view> cookie(std::string_view name) const;  // RFC 6265 4.2
  std::string_view last_event_id() const { return headers.get("Last-Event-ID"); }
  // The body as application/x-www-form-urlencoded.
  Result<Parameters> form() const { return parse_query(body); }
};

// A member of a problem beyond those of the RFC, such as {"position", 17}.
struct ProblemMember {
  std::string name;
  std::variant<std::string, int64_t, bool> value;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // At most one of these two in the place of `body`.
  std::function<void(StreamWriter&)> writer;
  std::shared_ptr<EventStream> events;

  static Response text(std::string body, int status = 200);
  static Response html(std::string body, int status = 200);
  static Response json(std::string body, int status = 200);
  static Response of(std::string_view content_type, std::string body, int status = 200);
  static Response no_content();
  // 303 makes a GET of it, 307 and 308 keep the method.
  static Response redirect(std::string_view location, int status = 303);
  // `run` is called on a thread of the pool for streams; see http/stream.h.
  static Response stream(std::string_view content_type, std::function<void(StreamWriter&)> run);
  static Response event_stream(std::shared_ptr<EventStream> events);
  // RFC 9457: `slug` names the kind of problem (urn:siploom:problem:slug), `detail` says what to
  // do.
  static Response problem(int status, std::string_view slug, std::string_view title,
                          std::string_view detail, const std::vector<ProblemMember>& more = {});

  Response& header(std::string_view name, std::string_view value) &;
  Response&& header(std::string_view name, std::string_view value) &&;
  // A strong entity tag: of the body's own bytes, or as given (no quotes). The server answers 304
  // to a request that has it already.
  Response&& with_etag() &&;
  Response&& with_etag(std::string_view tag) &&;
};

}  // namespace siploom::http
