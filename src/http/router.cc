#include "http/router.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/text.h"

namespace siploom::http {

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::vector<const Route*> routes;  // that end here
  std::vector<const Route*> tails;   // whose {name*} begins here
};

namespace {

std::vector<std::string_view> split(std::string_view pattern) {
  std::vector<std::string_view> out;
  SL_CHECK(!pattern.empty() && pattern.front() == '/');
  std::string_view rest = pattern.substr(1);
  for (bool more = true; more;) {
    const Halves cut = split_once(rest, '/');
    rest = cut.after;
    more = cut.found;
    out.push_back(cut.before);
  }
  return out;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_tail(std::string_view segment) { return is_parameter(segment) && segment.ends_with("*}"); }

std::string_view parameter_name(std::string_view segment) {
  return segment.substr(1, segment.size() - (is_tail(segment) ? 3 : 2));
}

// "{path*}": what is left, joined again; nothing when a segment holds a '/' of its own, which
// would look like two.
std::optional<std::string> join_tail(const std::vector<std::string>& segments, size_t from) {
  std::string out;
  for (size_t i = from; i < segments.size(); ++i) {
    if (segments[i].find('/') != std::string::npos) return std::nullopt;
    if (i != from) out += '/';
    out += segments[i];
  }
  return out;
}

const Route* of_method(const std::vector<const Route*>& routes, Method method) {
  for (const Route* route : routes) {
    if (route->method == method) return route;
  }
  return method == Method::Head ? of_method(routes, Method::Get) : nullptr;
}

void note_allowed(const std::vector<const Route*>& routes, std::vector<Method>& allowed) {
  const auto note = [&](Method m) {
    if (std::find(allowed.begin(), allowed.end(), m) == allowed.end()) allowed.push_back(m);
  };
  for (const Route* route : routes) {
    note(route->method);
    if (route->method == Method::Get) note(Method::Head);
  }
}

// The most special pattern first; steps back when that one ends nowhere.
template <class Node>
const Route* walk(const Node& node, Method method, const std::vector<std::string>& segments,
                  size_t at, std::vector<Method>& allowed) {
  if (at == segments.size()) {
    note_allowed(node.routes, allowed);
    return of_method(node.routes, method);
  }
  if (const auto found = node.literals.find(segments[at]); found != node.literals.end()) {
    if (const Route* route = walk(*found->second, method, segments, at + 1, allowed)) return route;
  }
  if (node.parameter && !segments[at].empty()) {
    if (const Route* route = walk(*node.parameter, method, segments, at + 1, allowed)) return route;
  }
  if (node.tails.empty() || !join_tail(segments, at)) return nullptr;
  note_allowed(node.tails, allowed);
  return of_method(node.tails, method);
}

Parameters bind(const Route& route, const std::vector<std::string>& segments) {
  Parameters out;
  const auto parts = split(route.pattern);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!is_parameter(parts[i])) continue;
    std::string name(parameter_name(parts[i]));
    if (is_tail(parts[i])) {
      out.list.push_back({std::move(name), join_tail(segments, i).value_or("")});
    } else {
      out.list.push_back({std::move(name), segments[i]});
    }
  }
  return out;
}

std::string list_methods(std::vector<Method> methods) {
  methods.push_back(Method::Options);
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  std::string out;
  for (const Method m : methods) {
    if (!out.empty()) out += ", ";
    out += method_name(m);
  }
  return out;
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Route& Router::add(Route route) {
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  Route& kept = *routes_.back();
  Node* node = root_.get();
  const auto parts = split(kept.pattern);
  SL_CHECK(parts.size() <= kPathSegmentsMax);
  std::vector<const Route*>* place = nullptr;
  for (const std::string_view part : parts) {
    SL_CHECK(place == nullptr);  // a tail is the last
    if (is_tail(part)) {
      place = &node->tails;
    } else if (is_parameter(part)) {
      if (!node->parameter) node->parameter = std::make_unique<Node>();
      node = node->parameter.get();
    } else {
      SL_CHECK(part.find_first_of("{}") == std::string_view::npos);
      auto& next = node->literals[std::string(part)];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    }
  }
  if (place == nullptr) place = &node->routes;
  SL_CHECK(std::none_of(place->begin(), place->end(),
                        [&](const Route* other) { return other->method == kept.method; }));
  place->push_back(&kept);
  return kept;
}

namespace {

Route make_route(Method method, std::string pattern, Handler handler, std::any data) {
  Route route;
  route.method = method;
  route.pattern = std::move(pattern);
  route.handler = std::move(handler);
  route.data = std::move(data);
  return route;
}

}  // namespace

Route& Router::get(std::string pattern, Handler handler, std::any data) {
  return add(make_route(Method::Get, std::move(pattern), std::move(handler), std::move(data)));
}
Route& Router::post(std::string pattern, Handler handler, std::any data) {
  return add(make_route(Method::Post, std::move(pattern), std::move(handler), std::move(data)));
}
Route& Router::put(std::string pattern, Handler handler, std::any data) {
  return add(make_route(Method::Put, std::move(pattern), std::move(handler), std::move(data)));
}
Route& Router::patch(std::string pattern, Handler handler, std::any data) {
  return add(make_route(Method::Patch, std::move(pattern), std::move(handler), std::move(data)));
}
Route& Router::del(std::string pattern, Handler handler, std::any data) {
  return add(make_route(Method::Delete, std::move(pattern), std::move(handler), std::move(data)));
}

Router::Found Router::find(Method method, const std::vector<std::string>& segments) const {
  Found out;
  out.route = walk(*root_, method, segments, 0, out.allowed);
  if (out.route != nullptr) out.parameters = bind(*out.route, segments);
  return out;
}

Response Router::without_route(const Request& request, const Found& found) {
  if (found.allowed.empty() && request.target != "*") {
    return Response::problem(404, "not-found", "There is nothing at this path",
                             "Check how the path is written.");
  }
  const std::string allowed = list_methods(found.allowed);
  if (request.method == Method::Options) return Response::no_content().header("Allow", allowed);
  return Response::problem(405, "method-not-allowed", "This path does not take that method",
                           "It takes " + allowed + ".")
      .header("Allow", allowed);
}

std::optional<Response> Router::run_before(Request& request, const Route& route) const {
  for (const Before& middleware : before_) {
    if (auto answer = middleware(request, route)) return answer;
  }
  return std::nullopt;
}

void Router::run_after(const Request& request, const Route& route, Response& response) const {
  for (const After& middleware : after_) middleware(request, route, response);
}

Response Router::answer(Request& request) const {
  if (request.segments.empty() && request.target != "*") {
    auto target = parse_target(request.target);
    if (!target)
      return Response::problem(400, "bad-target", "The path is malformed", target.error().message);
    auto query = parse_query(target->query);
    if (!query)
      return Response::problem(400, "bad-query", "The query is malformed", query.error().message);
    request.path = std::move(target->path);
    request.segments = std::move(target->segments);
    request.query = std::move(*query);
  }
  Found found = find(request.method, request.segments);
  if (found.route == nullptr) return without_route(request, found);
  request.path_parameters = std::move(found.parameters);
  auto early = run_before(request, *found.route);
  Response response = early ? std::move(*early) : found.route->handler(request);
  run_after(request, *found.route, response);
  return response;
}

}  // namespace siploom::http
