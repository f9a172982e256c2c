#include <atomic>

#include "http/certificate.h"
#include "http/client.h"
#include "http/event_stream.h"
#include "http/stream.h"
#include "http/test_server.h"
#include "support/temp_folder.h"

using namespace siploom;
using namespace siploom::http;
using namespace siploom::http::test;
using siploom::test::TempFolder;

namespace {

struct TlsFixture {
  TempFolder folder;
  std::string certificate = folder.path + "/c.pem", key = folder.path + "/k.pem";

  void make(std::vector<std::string> names = {"127.0.0.1", "localhost"}) const {
    CertificateOptions options;
    options.names = std::move(names);
    const auto made = make_certificate(certificate, key, options);
    SL_CHECK(made);
  }
  ServerOptions options() const {
    ServerOptions out = loopback();
    out.certificate_file = certificate;
    out.key_file = key;
    return out;
  }
  std::string fingerprint() const { return read_certificate(certificate)->sha256; }
};

Router tls_router() {
  Router router;
  router.get("/hello", [](Request& r) { return Response::text(r.tls ? "secret" : "plain"); });
  router.post("/echo", [](Request& r) { return Response::text(r.body); });
  router.get("/lines", [](Request&) {
    return Response::stream("text/plain", [](StreamWriter& out) {
      for (int i = 0; i < 10'000; ++i) out.write("line " + std::to_string(i) + "\n");
    });
  });
  return router;
}

Client pinned(const std::string& fingerprint) {
  ClientOptions options;
  options.trust.fingerprint_sha256 = fingerprint;
  return Client(options);
}

}  // namespace

TEST_CASE("TLS with a certificate of our own: pinned, named as CA, and not trusted") {
  const TlsFixture tls;
  tls.make();
  const TestServer server(tls_router(), tls.options());
  const std::string url = server.url("/hello", "https");
  Client client = pinned(tls.fingerprint());
  const auto answer = client.get(url);
  REQUIRE(answer);
  CHECK(answer->body == "secret");
  CHECK(answer->headers.get("Strict-Transport-Security") == "max-age=31536000");
  CHECK(client.get(url)->body == "secret");
  CHECK(server.server->counters().connections_total == 1);

  ClientOptions with_ca;
  with_ca.trust.ca_file = tls.certificate;
  CHECK(Client(with_ca).get(url)->body == "secret");

  const auto stranger = Client().get(url);
  REQUIRE_FALSE(stranger);
  CHECK(has(stranger.error().message, "not trusted"));
  CHECK(has(stranger.error().message, tls.fingerprint()));
  const auto wrong = pinned(std::string(64, 'a')).get(url);
  REQUIRE_FALSE(wrong);
  CHECK(has(wrong.error().message, "not the expected one"));
  CHECK(pinned("abc").get(url).error().code == ErrorCode::InvalidArgument);
}

TEST_CASE("a certificate for another name is not trusted, however it is signed") {
  const TlsFixture tls;
  tls.make({"desk.example.org"});
  const TestServer server(tls_router(), tls.options());
  ClientOptions options;
  options.trust.ca_file = tls.certificate;
  const auto answer = Client(options).get(server.url("/hello", "https"));
  REQUIRE_FALSE(answer);
  CHECK(has(answer.error().message, "not trusted"));
}

TEST_CASE("streams and large bodies over TLS") {
  const TlsFixture tls;
  tls.make();
  const TestServer server(tls_router(), tls.options());
  Client client = pinned(tls.fingerprint());
  const auto lines = client.get(server.url("/lines", "https"));
  REQUIRE(lines);
  CHECK(count_of(lines->body, "\n") == 10'000);
  const std::string body(900'000, 'q');
  CHECK(client.post(server.url("/echo", "https"), "text/plain", body)->body == body);
}

TEST_CASE("plain HTTP on the TLS port is sent to https") {
  const TlsFixture tls;
  tls.make();
  const TestServer server(tls_router(), tls.options());
  const auto answer = Client().get(server.url("/hello?x=%20"));
  REQUIRE(answer);
  CHECK(answer->status == 301);
  CHECK(answer->headers.get("Location") == server.url("/hello?x=%20", "https"));
  CHECK(Client().post(server.url("/echo"), "text/plain", "x")->status == 308);
  // A Host that would make a link elsewhere is refused.
  CHECK(has(RawClient(server).ask("GET / HTTP/1.1\r\nHost: a/evil?\r\n\r\n", ""), " 400 "));
}

TEST_CASE("a certificate can be changed under way; a bad one is not taken") {
  const TlsFixture tls;
  tls.make();
  const TestServer server(tls_router(), tls.options());
  const std::string url = server.url("/hello", "https"), old = tls.fingerprint();
  Client kept = pinned(old);
  CHECK(kept.get(url)->status == 200);
  tls.make();
  REQUIRE(server.server->reload_certificate());
  CHECK(tls.fingerprint() != old);
  CHECK(eventually([&] { return pinned(tls.fingerprint()).get(url).has_value(); }));
  CHECK_FALSE(pinned(old).get(url));
  CHECK(kept.get(url)->status == 200);  // its connection goes on
  std::FILE* file = std::fopen(tls.key.c_str(), "w");
  std::fclose(file);
  CHECK_FALSE(server.server->reload_certificate());
  CHECK(pinned(tls.fingerprint()).get(url)->status == 200);
}

TEST_CASE("handshakes that fail or never end are counted and closed") {
  const TlsFixture tls;
  tls.make();
  ServerOptions options = tls.options();
  options.limits.header_timeout = 60 * kMillisecond;
  const TestServer server(tls_router(), std::move(options));
  RawClient nonsense(server), silent(server);
  nonsense.say(std::string("\x16\x03\x01\x00\x05hello", 10));
  CHECK_FALSE(has(nonsense.hear_all(), "(silence)"));
  CHECK(eventually([&] { return server.server->counters().tls_failures == 1; }));
  silent.say("\x16\x03\x01\x02");
  CHECK(silent.hear_all().empty());
  CHECK(pinned(tls.fingerprint()).get(server.url("/hello", "https"))->status == 200);
  // A client that wants TLS of a server that speaks none is told so.
  const TestServer plain(tls_router());
  const auto answer = Client().get(plain.url("/hello", "https"));
  REQUIRE_FALSE(answer);
  CHECK(has(answer.error().message, "does it speak HTTPS"));
}

TEST_CASE("stop closes TLS connections, too") {
  const TlsFixture tls;
  tls.make();
  Router router = tls_router();
  std::shared_ptr<EventStream> events = EventStream::make();
  router.get("/events", [&](Request&) { return Response::event_stream(events); });
  const TestServer server(std::move(router), tls.options());
  std::thread stopping;
  std::string heard;
  ClientRequest request;
  request.url = server.url("/events", "https");
  events->push({"", "one", ""});
  Client client = pinned(tls.fingerprint());
  const auto done = client.send(request, [&](std::string_view piece) {
    heard += piece;
    if (!stopping.joinable()) stopping = std::thread([&] { server.server->stop(5 * kSecond); });
    return true;
  });
  CHECK(done);
  CHECK(heard == "data: one\n\n");
  stopping.join();
}
