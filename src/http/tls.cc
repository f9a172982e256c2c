#include "http/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/net.h"
#include "base/text.h"
#include "http/certificate.h"
#include "http/openssl.h"

namespace siploom::http {

namespace {

// TLS 1.2: forward secrecy and AEAD only (RFC 9325 4.2). Those of 1.3 are all so.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

TlsContext make_context(const SSL_METHOD* method) {
  TlsContext out(SSL_CTX_new(method), SSL_CTX_free);
  SSL_CTX* ctx = out.get();
  if (ctx == nullptr || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx, kCiphers) != 1)
    return nullptr;
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);  // idle connections are many
  return out;
}

// ALPN (RFC 7301): the one protocol spoken here.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                    unsigned in_size, void*) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, size, kHttp11, sizeof kHttp11, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::string tls_error() {
  char text[256] = "no reason given";
  if (const unsigned long code = ERR_peek_last_error(); code != 0) {
    const char* reason = ERR_reason_error_string(code);
    if (reason != nullptr) return ERR_clear_error(), reason;
    ERR_error_string_n(code, text, sizeof text);
  }
  ERR_clear_error();
  return text;
}

Result<TlsContext> make_server_tls(const std::string& certificate_file,
                                   const std::string& key_file) {
  ERR_clear_error();
  TlsContext out = make_context(TLS_server_method());
  if (!out) return fail(ErrorCode::Unsupported, fmt::format("no TLS here: {}", tls_error()));
  SSL_CTX* ctx = out.get();
  if (SSL_CTX_use_certificate_chain_file(ctx, certificate_file.c_str()) != 1) {
    return fail(ErrorCode::Io, fmt::format("cannot use the certificate {}: {}; it must be PEM",
                                           certificate_file, tls_error()));
  }
  if (SSL_CTX_use_PrivateKey_file(ctx, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(ctx) != 1) {
    return fail(ErrorCode::Io,
                fmt::format("cannot use the key {}: {}; it must be PEM, without a password, and "
                            "belong to {}",
                            key_file, tls_error(), certificate_file));
  }
  SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, nullptr);
  return out;
}

Result<TlsContext> make_client_tls(const Trust& trust) {
  ERR_clear_error();
  TlsContext out = make_context(TLS_client_method());
  if (!out) return fail(ErrorCode::Unsupported, fmt::format("no TLS here: {}", tls_error()));
  if (!trust.fingerprint_sha256.empty() && plain_fingerprint(trust.fingerprint_sha256).empty()) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}' is no SHA-256 fingerprint: that is 64 hexadecimal digits",
                            printable(trust.fingerprint_sha256)));
  }
  const bool pinned = !trust.fingerprint_sha256.empty();  // then CAs do not matter
  if (!pinned && trust.ca_file.empty()) SSL_CTX_set_default_verify_paths(out.get());
  if (!pinned && !trust.ca_file.empty() &&
      SSL_CTX_load_verify_file(out.get(), trust.ca_file.c_str()) != 1) {
    return fail(ErrorCode::Io,
                fmt::format("cannot read the CA file {}: {}", trust.ca_file, tls_error()));
  }
  // The handshake goes on in any case; check_peer then says more than an alert could.
  SSL_CTX_set_verify(out.get(), SSL_VERIFY_NONE, nullptr);
  return out;
}

void expect_host(SSL* ssl, const std::string& host, const Trust& trust) {
  if (parse_ip(host)) {
    if (trust.fingerprint_sha256.empty())
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    return;  // no server name indication for addresses (RFC 6066 3)
  }
  // What SSL_set_tlsext_host_name does, without the cast in that macro.
  std::string name = host;
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  if (trust.fingerprint_sha256.empty()) SSL_set1_host(ssl, host.c_str());
}

Result<void> check_peer(SSL* ssl, const std::string& host, const Trust& trust) {
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl));
  if (!certificate)
    return fail(ErrorCode::Io, fmt::format("{} showed no certificate", printable(host)));
  const std::string shown = fingerprint_of(certificate.get());
  if (!trust.fingerprint_sha256.empty()) {
    if (plain_fingerprint(shown) == plain_fingerprint(trust.fingerprint_sha256)) return {};
    return fail(ErrorCode::Io,
                fmt::format("the certificate of {} is not the expected one: its SHA-256 "
                            "fingerprint is {}; if the server has got a new certificate, give "
                            "that fingerprint, otherwise somebody stands in between",
                            printable(host), shown));
  }
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict == X509_V_OK) return {};
  return fail(ErrorCode::Io,
              fmt::format("the certificate of {} is not trusted: {}; if the server itself shows "
                          "the SHA-256 fingerprint {}, give that fingerprint, or name the file "
                          "of the CA that signed it",
                          printable(host), X509_verify_cert_error_string(verdict), shown));
}

}  // namespace siploom::http
