#include "http/policy.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <zlib.h>

#include "http/gzip.h"

using namespace siploom;
using namespace siploom::http;

namespace {

std::string gunzip(const std::string& bytes, size_t size_max = 100'000) {
  z_stream z{};
  inflateInit2(&z, 15 + 16);
  std::string out(size_max, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int code = inflate(&z, Z_FINISH);
  out.resize(code == Z_STREAM_END ? z.total_out : 0);
  inflateEnd(&z);
  return out;
}

Request with(std::string_view name, std::string_view value) {
  Request request;
  request.headers.add(name, value);
  return request;
}

}  // namespace

TEST_CASE("problems have the members of RFC 9457 and their own") {
  const Response p =
      Response::problem(422, "bad-filter", "The filter is wrong", "Close the '\"'.",
                        {{"position", int64_t{17}}, {"word", "x\n"}, {"fatal", true}});
  CHECK(p.status == 422);
  CHECK(p.body ==
        R"({"type":"urn:siploom:problem:bad-filter","title":"The filter is wrong","status":422,)"
        R"("detail":"Close the '\"'.","position":17,"word":"x\n","fatal":true})"
        "\n");
}

TEST_CASE("a header's value cannot begin a line of its own") {
  Response response = Response::redirect("/x\r\nSet-Cookie: a=b");
  const std::string head = response_head(response, 1, {}, true);
  CHECK(head.find("\r\nSet-Cookie") == std::string::npos);
  CHECK(head.find("Location: /x  Set-Cookie: a=b\r\n") != std::string::npos);
  CHECK(head.starts_with("HTTP/1.1 303 See Other\r\n"));
}

TEST_CASE("cookies") {
  const Request request = with("cookie", "a=1; session=\"x=y\"; b=");
  CHECK(request.cookie("a").value() == "1");
  CHECK(request.cookie("session").value() == "x=y");
  CHECK(request.cookie("b").value() == "");
  CHECK_FALSE(request.cookie("c"));
}

TEST_CASE("Accept-Encoding") {
  for (const char* yes : {"gzip", "br, GZIP;q=0.5", "*", "identity;q=0, *;q=0.1", "x-gzip"})
    CHECK_MESSAGE(accepts_gzip(yes), yes);
  for (const char* no : {"", "br", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "gzip;q=x"})
    CHECK_MESSAGE(!accepts_gzip(no), no);
}

TEST_CASE("gzip, whole and in pieces, gives back what it was given") {
  CHECK(rc::check([](const std::vector<std::string>& pieces) {
    GzipStream stream;
    std::string packed, all;
    for (const std::string& piece : pieces) {
      packed += stream.write(piece);
      all += piece;
    }
    packed += stream.finish("end");
    RC_ASSERT(gunzip(packed) == all + "end");
  }));
  std::string big;
  for (int64_t i = 0; i < 400'000; ++i) big += std::to_string(i * 7919);
  CHECK(gunzip(GzipStream().finish(big), big.size()) == big);
  CHECK(gunzip(GzipStream().finish()).empty());
}

TEST_CASE("textual bodies over a kilobyte are compressed for those who accept it") {
  const std::string text(5000, 'x');
  const Request accepts = with("Accept-Encoding", "gzip");
  Response r = Response::json(text).with_etag("v1");
  finish_response({}, accepts, r);
  CHECK(r.headers.get("Content-Encoding") == "gzip");
  CHECK(r.headers.get("Vary") == "Accept-Encoding");
  CHECK(r.headers.get("ETag") == "\"v1-gzip\"");
  CHECK(gunzip(r.body) == text);
  Response plain = Response::json(text).with_etag("v1");
  finish_response({}, {}, plain);
  CHECK(plain.body == text);
  CHECK(plain.headers.get("Vary") == "Accept-Encoding");
  CHECK(plain.headers.get("ETag") == "\"v1\"");
  Response small = Response::json("{}");
  finish_response({}, accepts, small);
  CHECK_FALSE(small.headers.has("Content-Encoding"));
  Response binary = Response::of("application/vnd.tcpdump.pcap", text);
  finish_response({}, accepts, binary);
  CHECK_FALSE(binary.headers.has("Content-Encoding"));
}

TEST_CASE("a body that the client has is not sent again") {
  const auto ask = [](std::string_view tags, Method method = Method::Get) {
    Request request = with("If-None-Match", tags);
    request.method = method;
    Response r = Response::json("{\"a\":1}").with_etag("v1");
    finish_response({}, request, r);
    return r;
  };
  for (const char* same : {"\"v1\"", "W/\"v1\"", "\"v0\", \"v1\"", "*", "\"v1-gzip\""})
    CHECK_MESSAGE(ask(same).status == 304, same);
  CHECK(ask("\"v1-gzip\"").headers.get("ETag") == "\"v1-gzip\"");
  CHECK(ask("\"v1\"").body.empty());
  CHECK(ask("\"v2\"").status == 200);
  CHECK(ask("\"v1\"", Method::Post).status == 200);
  CHECK(ask("\"v1\"").headers.get("Cache-Control") == "private, no-cache");
  const Response a = Response::text("a").with_etag(), b = Response::text("b").with_etag();
  CHECK(a.headers.get("ETag") != b.headers.get("ETag"));
  CHECK(a.headers.get("ETag") == Response::json("a").with_etag().headers.get("ETag"));
}

TEST_CASE("security headers, unless the handler says otherwise") {
  Request request;
  Response html = Response::html("<p>");
  finish_response({}, request, html);
  CHECK(html.headers.get("X-Content-Type-Options") == "nosniff");
  CHECK(html.headers.get("Referrer-Policy") == "no-referrer");
  CHECK(html.headers.get("Cache-Control") == "no-store");
  CHECK(html.headers.get("Content-Security-Policy").starts_with("default-src 'none'"));
  CHECK_FALSE(html.headers.has("Strict-Transport-Security"));
  request.tls = true;
  Response json = Response::json("{}").header("Cache-Control", "max-age=60");
  finish_response({}, request, json);
  CHECK(json.headers.get("Cache-Control") == "max-age=60");
  CHECK(json.headers.get("Strict-Transport-Security") == "max-age=31536000");
  CHECK_FALSE(json.headers.has("Content-Security-Policy"));
}

TEST_CASE("CORS is off, or for the listed origins; never * with credentials") {
  const Request request = with("Origin", "https://a.example");
  const auto ask = [&](std::vector<std::string> origins, const Request& r) {
    Policy policy;
    policy.cors_origins = std::move(origins);
    Response response = Response::json("{}");
    finish_response(policy, r, response);
    return response.headers;
  };
  CHECK_FALSE(ask({}, request).has("Access-Control-Allow-Origin"));
  CHECK_FALSE(ask({}, request).has("Vary"));
  const Headers listed = ask({"https://a.example"}, request);
  CHECK(listed.get("Access-Control-Allow-Origin") == "https://a.example");
  CHECK(listed.get("Access-Control-Allow-Credentials") == "true");
  const Headers other = ask({"https://b.example"}, request);
  CHECK_FALSE(other.has("Access-Control-Allow-Origin"));
  CHECK(other.get("Vary").find("Origin") != std::string_view::npos);
  CHECK(ask({"https://b.example"}, {}).get("Vary").find("Origin") != std::string_view::npos);
  const Headers any = ask({"*"}, request);
  CHECK(any.get("Access-Control-Allow-Origin") == "*");
  CHECK_FALSE(any.has("Access-Control-Allow-Credentials"));
  CHECK_FALSE(ask({"*"}, {}).has("Access-Control-Allow-Origin"));
}

TEST_CASE("dates of RFC 9110") {
  CHECK(http_date({784111777 * kSecond}) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date({1709208000 * kSecond}) == "Thu, 29 Feb 2024 12:00:00 GMT");
}
