// TLS: HEP, HTTP and WebSocket inside it, with certificates made here.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

#include "intake/test_support.h"
#include "support/temp_folder.h"

using namespace siploom;
using namespace siploom::intake;
using namespace siploom::intake::test;
using capture::Carrier;

namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
template <class T>
using Own = std::unique_ptr<T, Free>;

struct Identity {
  Own<EVP_PKEY> key;
  Own<X509> certificate;
};

// Signed by `issuer`, or by itself.
Identity make_identity(const char* name, const Identity* issuer) {
  static long serial = 1;
  Identity out;
  out.key.reset(EVP_EC_gen("P-256"));
  out.certificate.reset(X509_new());
  X509* made = out.certificate.get();
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made), -3'600);
  X509_gmtime_adj(X509_getm_notAfter(made), 86'400);
  X509_set_pubkey(made, out.key.get());
  X509_NAME* subject = X509_get_subject_name(made);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(
      made, issuer == nullptr ? subject : X509_get_subject_name(issuer->certificate.get()));
  if (issuer == nullptr) {
    X509_EXTENSION* is_ca =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(made, is_ca, -1);
    X509_EXTENSION_free(is_ca);
  }
  X509_sign(made, issuer == nullptr ? out.key.get() : issuer->key.get(), EVP_sha256());
  return out;
}

// A CA, a server and a client of it, in files.
struct Certificates {
  Certificates() : ca(make_identity("ca", nullptr)), server(make_identity("server", &ca)) {
    client = make_identity("client", &ca);
    stranger = make_identity("stranger", nullptr);
    write("ca.pem", *ca.certificate);
    write("server.pem", *server.certificate);
    Own<std::FILE> file(std::fopen((folder.path + "/server.key").c_str(), "w"));
    PEM_write_PrivateKey(file.get(), server.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
  void write(const char* name, X509& certificate) const {
    Own<std::FILE> file(std::fopen((folder.path + "/" + name).c_str(), "w"));
    PEM_write_X509(file.get(), &certificate);
  }
  IntakeOptions options(bool mutual = false) const {
    IntakeOptions out = loopback();
    out.tls.certificate_file = folder.path + "/server.pem";
    out.tls.key_file = folder.path + "/server.key";
    if (mutual) out.tls.client_ca_file = folder.path + "/ca.pem";
    return out;
  }
  siploom::test::TempFolder folder;
  Identity ca, server, client, stranger;
};

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

class TlsClient {
 public:
  explicit TlsClient(const Endpoint& to, const Identity* identity = nullptr,
                     int max_version = TLS1_3_VERSION)
      : socket_(to, SOCK_STREAM), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), max_version);
    SSL_CTX_set_security_level(context_.get(), 0);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()),
                        certificates().ca.certificate.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (identity != nullptr) {
      SSL_CTX_use_certificate(context_.get(), identity->certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), identity->key.get());
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.fd());
    const unsigned char offered[] = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(ssl_.get(), offered, sizeof offered - 1);
    connected = SSL_connect(ssl_.get()) == 1;
    ERR_clear_error();
  }
  bool send(const std::string& text) const {
    return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0;
  }
  std::string receive(std::string_view end = "") const {
    std::string out;
    char piece[4096];
    while (end.empty() || !out.ends_with(end)) {
      const int size = SSL_read(ssl_.get(), piece, sizeof piece);
      if (size <= 0) break;
      out.append(piece, static_cast<size_t>(size));
    }
    ERR_clear_error();
    return out;
  }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  bool connected = false;

 private:
  Client socket_;
  Own<SSL_CTX> context_;
  Own<SSL> ssl_;
};

}  // namespace

TEST_CASE("tls: HEP, HTTP and WebSocket inside it, on the same port") {
  Running running(certificates().options());
  const TlsClient hep(running.at()), http(running.at()), socket(running.at());
  REQUIRE(hep.connected);
  CHECK(http.protocol() == "http/1.1");
  // More than a record, and a message over the edge of two.
  std::string many;
  for (int i = 0; i < 500; ++i) many += hep3(std::string(100, 'x'));
  CHECK(hep.send(many));
  REQUIRE(running.wait_for(500));
  http.send(post(hep3("a")));
  CHECK(http.receive("\r\n\r\n") == "HTTP/1.1 204 No Content\r\n\r\n");
  socket.send(kUpgrade + websocket_frame(2, hep3("b")) + websocket_frame(8, "\x03\xe8"));
  const std::string heard = socket.receive();  // until it is closed properly
  CHECK(heard.find(" 101 ") != std::string::npos);
  CHECK(heard.ends_with("\x88\x02\x03\xe8"));
  REQUIRE(running.wait_for(502));
  const auto taken = running.taken();
  CHECK(taken[0].header.carrier == Carrier::Tls);
  CHECK(taken[0].header.flags == 0);
  CHECK(taken[500].header.carrier == Carrier::Https);
  CHECK(taken[501].header.carrier == Carrier::Wss);
  const Client plain = Client::tcp(running.at());
  plain.send(hep3("plain"));
  REQUIRE(running.wait_for(503));
  CHECK(running.intake().snapshot().totals.tls_handshakes == 3);
  CHECK(running.intake().snapshot().totals.tls_handshake_failures == 0);
}

TEST_CASE("tls: 1.2 is the least") {
  Running running(certificates().options());
  CHECK(TlsClient(running.at(), nullptr, TLS1_2_VERSION).connected);
  CHECK_FALSE(TlsClient(running.at(), nullptr, TLS1_1_VERSION).connected);
  CHECK(eventually([&] { return running.intake().snapshot().totals.tls_handshake_failures == 1; }));
}

TEST_CASE("tls: with a client CA only its clients are heard, and are marked") {
  Running running(certificates().options(true));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const size_t before = running.count();
    const TlsClient known(running.at(), &certificates().client, version);
    REQUIRE(known.connected);
    known.send(hep3("a"));
    REQUIRE(running.wait_for(before + 1));
    CHECK(running.taken().back().header.flags == capture::kIntakeClientCertificate);
    const TlsClient nobody(running.at(), nullptr, version),
        stranger(running.at(), &certificates().stranger, version);
    nobody.send(hep3("b"));  // TLS 1.3: the client learns it only now
    stranger.send(hep3("b"));
    CHECK(nobody.receive().empty());
    CHECK(stranger.receive().empty());
  }
  CHECK(running.count() == 2);
  CHECK(eventually([&] { return running.intake().snapshot().totals.tls_handshake_failures == 4; }));
}

TEST_CASE("tls: without a certificate, and with garbage, it is refused and counted") {
  Running none;
  CHECK_FALSE(TlsClient(none.at()).connected);
  CHECK(none.intake().snapshot().totals.tls_handshake_failures == 1);
  Running running(certificates().options());
  const Client client = Client::tcp(running.at());
  client.send(std::string("\x16\x03\x01\x02\x00\x01", 6) + std::string(600, 'x'));
  CHECK(client.is_closed());
  CHECK(running.intake().snapshot().totals.tls_handshake_failures == 1);
}

TEST_CASE("tls: a handshake that stops is closed in time") {
  HandClock clock;
  IntakeOptions options = certificates().options();
  options.clock = &clock;
  Running running(options);
  const Client client = Client::tcp(running.at());
  client.send(std::string("\x16\x03\x01", 3));
  const Client later = Client::tcp(running.at());
  later.send(hep3("a"));  // once it has come, the octets before it have been seen
  REQUIRE(running.wait_for(1));
  clock.turn(31 * kSecond);
  CHECK(client.is_closed());
  CHECK(running.intake().snapshot().totals.tls_handshake_failures == 1);
}

TEST_CASE("tls: files that are no certificate or do not fit each other are named") {
  IntakeOptions missing = certificates().options(), swapped = missing, ca = missing;
  missing.tls.certificate_file += ".none";
  swapped.tls.key_file = certificates().folder.path + "/ca.pem";
  ca.tls.client_ca_file = "/dev/null";
  for (const IntakeOptions& options : {missing, swapped, ca}) {
    const auto opened = open_intake(options);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message.find("intake tls: ") == 0);
  }
}
