// Router: which handler answers a method and a path. Filled before the server starts, read-only and
// shared by all threads from then on; handlers and middleware are called on any worker thread, many
// at a time.
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace siploom::http {

using Handler = std::function<Response(Request&)>;

struct Route {
  Method method = Method::Get;
  std::string pattern;  // "/api/v1/calls/{id}"; a last "{path*}" takes all that is left
  Handler handler;
  std::any data;  // the caller's own: roles, OpenAPI text

  // Bodies up to this are given in Request::body. 413 beyond.
  uint64_t body_bytes_max = 1u << 20;
  // Asked for each request instead, when there is one; on the server's own thread, so quick.
  std::function<uint64_t()> body_limit = {};
  // The body goes to a file of ServerOptions::spool_folder, named in Request::body_file.
  bool spools = false;

  template <class T>
  const T* data_as() const {
    return std::any_cast<T>(&data);
  }
};

class Router final {
 public:
  // Runs before the handler; what it gives is the answer. For a route that spools it runs before
  // the body is read, so that nobody without a right fills the disk.
  using Before = std::function<std::optional<Response>(Request&, const Route&)>;
  // Runs after it, also when `before` answered. Not for paths without a route.
  using After = std::function<void(const Request&, const Route&, Response&)>;

  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // A pattern that is malformed or taken already is a programmer's error. The reference is good for
  // changing the route until the server starts.
  Route& add(Route route);
  Route& get(std::string pattern, Handler handler, std::any data = {});
  Route& post(std::string pattern, Handler handler, std::any data = {});
  Route& put(std::string pattern, Handler handler, std::any data = {});
  Route& patch(std::string pattern, Handler handler, std::any data = {});
  Route& del(std::string pattern, Handler handler, std::any data = {});
  void before(Before middleware) { before_.push_back(std::move(middleware)); }
  void after(After middleware) { after_.push_back(std::move(middleware)); }

  // In the order they were added.
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

  struct Found {
    const Route* route = nullptr;
    Parameters parameters;
    std::vector<Method> allowed;  // of the path, when there is no route for the method
  };
  // Literal segments win over parameters, those over a tail. HEAD finds GET.
  Found find(Method method, const std::vector<std::string>& segments) const;

  // The answer when find() gave no route: 404, 405 with Allow, or OPTIONS.
  static Response without_route(const Request& request, const Found& found);
  std::optional<Response> run_before(Request& request, const Route& route) const;
  void run_after(const Request& request, const Route& route, Response& response) const;
  // All of it without a server, for tests and for callers inside the process. `request.segments`,
  // or when that is empty `request.target`, says where to.
  Response answer(Request& request) const;

 private:
  struct Node;
  std::vector<std::unique_ptr<Route>> routes_;
  std::unique_ptr<Node> root_;
  std::vector<Before> before_;
  std::vector<After> after_;
};

}  // namespace siploom::http
