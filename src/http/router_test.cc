#include "http/router.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace siploom;
using namespace siploom::http;

namespace {

struct Needs {
  std::string role;
};

Handler says(std::string text) {
  return [text](Request& r) {
    return Response::text(text + "(" + std::string(r.param("id")) + "|" +
                          std::string(r.param("path")) + ")");
  };
}

Response answer_to(const Router& router, Method method, std::string target) {
  Request request;
  request.method = method;
  request.target = std::move(target);
  return router.answer(request);
}

Router example() {
  Router router;
  router.get("/", says("root"));
  router.get("/calls", says("list"), Needs{"read"});
  router.post("/calls", says("make"), Needs{"write"});
  router.get("/calls/{id}", says("one"));
  router.del("/calls/{id}", says("gone"));
  router.get("/calls/latest", says("latest"));
  router.get("/calls/{id}/ladder", says("ladder"));
  router.get("/files/{path*}", says("file"));
  return router;
}

}  // namespace

TEST_CASE("literals win over parameters, those over tails") {
  const Router router = example();
  const auto body = [&](std::string target) { return answer_to(router, Method::Get, target).body; };
  CHECK(body("/") == "root(|)");
  CHECK(body("/calls?x=1") == "list(|)");
  CHECK(body("/calls/latest") == "latest(|)");
  CHECK(body("/calls/a%2Fb%40c") == "one(a/b@c|)");
  CHECK(body("/calls/latest/ladder") == "ladder(latest|)");
  CHECK(body("/files/a/b.css") == "file(|a/b.css)");
  CHECK(body("/files/") == "file(|)");
  CHECK(answer_to(router, Method::Head, "/calls").status == 200);
}

TEST_CASE("paths without a route are problems that say what to do") {
  const Router router = example();
  const Response none = answer_to(router, Method::Get, "/nothing");
  CHECK(none.status == 404);
  CHECK(none.headers.get("content-type") == "application/problem+json");
  CHECK(answer_to(router, Method::Get, "/calls/").status == 404);
  CHECK(answer_to(router, Method::Get, "/files").status == 404);
  // A tail is a path: a slash inside a segment would make two of one.
  CHECK(answer_to(router, Method::Get, "/files/..%2Fsecret").status == 404);
  const Response wrong = answer_to(router, Method::Put, "/calls");
  CHECK(wrong.status == 405);
  CHECK(wrong.headers.get("Allow") == "GET, HEAD, POST, OPTIONS");
  CHECK(answer_to(router, Method::Other, "/calls/1").headers.get("Allow") ==
        "GET, HEAD, DELETE, OPTIONS");
  const Response options = answer_to(router, Method::Options, "/calls/1");
  CHECK(options.status == 204);
  CHECK(options.headers.get("Allow") == "GET, HEAD, DELETE, OPTIONS");
  CHECK(answer_to(router, Method::Get, "/calls?a=%x").status == 400);
  CHECK(answer_to(router, Method::Get, "/a/../b").status == 400);
}

TEST_CASE("routes can be listed with what their makers said of them") {
  const Router router = example();
  REQUIRE(router.routes().size() == 8);
  CHECK(router.routes()[1]->pattern == "/calls");
  CHECK(router.routes()[1]->data_as<Needs>()->role == "read");
  CHECK(router.routes()[2]->method == Method::Post);
  CHECK(router.routes()[0]->data_as<Needs>() == nullptr);
}

TEST_CASE("middleware answers before, and adds after") {
  Router router = example();
  router.before([](Request& request, const Route& route) -> std::optional<Response> {
    const Needs* needs = route.data_as<Needs>();
    request.context = std::string("somebody");
    if (needs == nullptr || needs->role != "write") return std::nullopt;
    return Response::problem(403, "forbidden", "No", "Ask for the right to write.");
  });
  router.after([](const Request& request, const Route& route, Response& response) {
    response.headers.add("X-Route", route.pattern);
    response.headers.add("X-Who", std::any_cast<std::string>(request.context));
  });
  CHECK(answer_to(router, Method::Get, "/calls/7").headers.get("X-Route") == "/calls/{id}");
  CHECK(answer_to(router, Method::Get, "/calls/7").headers.get("X-Who") == "somebody");
  const Response refused = answer_to(router, Method::Post, "/calls");
  CHECK(refused.status == 403);
  CHECK(refused.headers.get("X-Route") == "/calls");
}

TEST_CASE("any target finds a route or a problem") {
  const Router router = example();
  CHECK(rc::check([&](const std::string& text) {
    const int status = answer_to(router, Method::Get, "/" + text).status;
    RC_ASSERT(status == 200 || status == 404 || status == 400);
  }));
}
