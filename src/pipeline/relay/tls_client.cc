#include "pipeline/relay/tls_client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

#include "base/net.h"

namespace siploom::pipeline::relay {

namespace {

std::string openssl_says() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

// What the certificate must name, and what is asked for by name (RFC 6066 3: no addresses there).
bool set_peer(SSL* ssl, const std::string& host) {
  if (const auto address = parse_ip(host)) {
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
    return X509_VERIFY_PARAM_set1_ip_asc(wanted, format_ip(*address).c_str()) == 1;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  std::string name = host;  // OpenSSL's macro for this casts as C does, and wants to write to it
  return SSL_set1_host(ssl, host.c_str()) == 1 &&
         SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

}  // namespace

Result<std::shared_ptr<const TlsTrust>> TlsTrust::open(const std::string& ca_file) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return fail(ErrorCode::Io, "relay tls: " + openssl_says());
  std::shared_ptr<const TlsTrust> out(new TlsTrust(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const bool trusts = ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(context) == 1
                          : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) == 1;
  if (trusts) return out;
  return fail(ErrorCode::InvalidArgument,
              fmt::format("relay tls: authorities '{}': {}", ca_file, openssl_says()));
}

TlsTrust::~TlsTrust() { SSL_CTX_free(context_); }

TlsClient::TlsClient(std::shared_ptr<const TlsTrust> trust, const std::string& host)
    : trust_(std::move(trust)), ssl_(SSL_new(trust_->get())) {
  if (ssl_ == nullptr) return;
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_, in_, out_);
  SSL_set_connect_state(ssl_);
  if (set_peer(ssl_, host)) return;
  SSL_free(ssl_);
  ssl_ = nullptr;
}

TlsClient::~TlsClient() { SSL_free(ssl_); }

bool TlsClient::over(const char* what) {
  const long verdict = ssl_ == nullptr ? X509_V_OK : SSL_get_verify_result(ssl_);
  why_ = verdict == X509_V_OK ? fmt::format("{}: {}", what, openssl_says())
                              : fmt::format("its certificate is refused: {}",
                                            X509_verify_cert_error_string(verdict));
  ERR_clear_error();
  return false;
}

void TlsClient::drain(std::string& out) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out_, &data);
  if (size > 0) out.append(data, static_cast<size_t>(size));
  static_cast<void>(BIO_reset(out_));
}

bool TlsClient::feed(ByteSpan cipher, std::string& out) {
  if (ssl_ == nullptr) return over("TLS cannot begin");
  ERR_clear_error();
  if (!cipher.empty()) BIO_write(in_, cipher.data(), static_cast<int>(cipher.size()));
  int code = is_open() ? 1 : SSL_do_handshake(ssl_);
  std::array<char, 4096> ignored;
  while (code > 0) code = SSL_read(ssl_, ignored.data(), static_cast<int>(ignored.size()));
  drain(out);
  const int error = SSL_get_error(ssl_, code);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return true;
  return over(error == SSL_ERROR_ZERO_RETURN ? "the collector closed the connection"
                                             : "TLS failed");
}

bool TlsClient::write(std::string_view plain, std::string& out) {
  ERR_clear_error();
  // The BIO takes everything, so that this is whole or not at all.
  if (SSL_write(ssl_, plain.data(), static_cast<int>(plain.size())) <= 0) return over("TLS failed");
  drain(out);
  return true;
}

bool TlsClient::is_open() const { return ssl_ != nullptr && SSL_is_init_finished(ssl_) == 1; }

}  // namespace siploom::pipeline::relay
