#include "intake/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

namespace siploom::intake {

namespace {

constexpr size_t kRecordBytes = 16 * 1024;  // RFC 8446 5.1
constexpr std::string_view kSessionContext = "hep";

std::string openssl_says() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) return "no reason given";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

tl::unexpected<Error> bad_file(const char* what, const std::string& file) {
  auto error = fail(ErrorCode::InvalidArgument,
                    fmt::format("intake tls: {} '{}': {}", what, file, openssl_says()));
  ERR_clear_error();
  return error;
}

// Browsers and curl offer h2 first; HTTP/1.1 is what is spoken here (RFC 7301).
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  constexpr std::string_view kWanted = "http/1.1";
  const std::string_view list(reinterpret_cast<const char*>(offered), offered_size);
  for (size_t at = 0; at < list.size();) {
    const size_t length = static_cast<unsigned char>(list[at]);
    const std::string_view name = list.substr(at + 1, length);
    if (name == kWanted) {
      *out = offered + at + 1;
      *size = static_cast<unsigned char>(length);
      return SSL_TLSEXT_ERR_OK;
    }
    at += 1 + length;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

Result<void> set_up(SSL_CTX* context, const TlsOptions& options) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(
      context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle connections hold no record buffers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context,
                                 reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                 static_cast<unsigned>(kSessionContext.size()));
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1)
    return bad_file("certificate", options.certificate_file);
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return bad_file("key", options.key_file);
  if (SSL_CTX_check_private_key(context) != 1) return bad_file("key", options.key_file);
  if (options.client_ca_file.empty()) return {};
  const char* ca = options.client_ca_file.c_str();
  if (SSL_CTX_load_verify_locations(context, ca, nullptr) != 1)
    return bad_file("client ca", options.client_ca_file);
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

}  // namespace

// What OpenSSL reads from and writes to, instead of a socket.
struct BioMethod {
  static int read(BIO* bio, char* to, int size) {
    auto* stream = static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const size_t count = std::min(stream->in_.size(), static_cast<size_t>(std::max(0, size)));
    if (count == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::copy_n(stream->in_.begin(), count, to);
    stream->in_ = stream->in_.subspan(count);
    return static_cast<int>(count);
  }
  static int write(BIO* bio, const char* from, int size) {
    auto* stream = static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (stream->out_ != nullptr && size > 0) stream->out_->append(from, static_cast<size_t>(size));
    return size;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* get() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "intake");
      BIO_meth_set_read(made, read);
      BIO_meth_set_write(made, write);
      BIO_meth_set_ctrl(made, control);
      return made;
    }();
    return method;
  }
};

Result<std::shared_ptr<const TlsContext>> TlsContext::open(const TlsOptions& options) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return fail(ErrorCode::Io, fmt::format("intake tls: {}", openssl_says()));
  std::shared_ptr<const TlsContext> out(new TlsContext(context));
  SL_TRY_VOID(set_up(context, options));
  return out;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

TlsStream::TlsStream(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)), ssl_(SSL_new(context_->get())) {
  if (ssl_ == nullptr) return;  // out of memory: feed() fails
  BIO* bio = BIO_new(BioMethod::get());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

TlsStream::Step TlsStream::feed(ByteSpan cipher, FunctionRef<void(std::span<uint8_t>)> plain,
                                std::string& out) {
  if (ssl_ == nullptr) return Step::Failed;
  in_ = cipher;
  out_ = &out;
  Step step = Step::More;
  std::array<uint8_t, kRecordBytes> record;
  for (;;) {
    ERR_clear_error();
    const int size = SSL_read(ssl_, record.data(), static_cast<int>(record.size()));
    if (size > 0) {
      plain(std::span(record).first(static_cast<size_t>(size)));
      continue;
    }
    const int error = SSL_get_error(ssl_, size);
    if (error != SSL_ERROR_WANT_READ)
      step = error == SSL_ERROR_ZERO_RETURN ? Step::Closed : Step::Failed;
    break;
  }
  ERR_clear_error();
  in_ = {};
  out_ = nullptr;
  return step;
}

void TlsStream::write(std::string_view plain, std::string& out) {
  if (plain.empty() || ssl_ == nullptr) return;
  out_ = &out;
  ERR_clear_error();
  // The BIO takes everything, so that this is whole or not at all.
  static_cast<void>(SSL_write(ssl_, plain.data(), static_cast<int>(plain.size())));
  ERR_clear_error();
  out_ = nullptr;
}

void TlsStream::close(std::string& out) {
  if (ssl_ == nullptr || !is_handshake_done()) return;
  out_ = &out;
  ERR_clear_error();
  static_cast<void>(SSL_shutdown(ssl_));
  ERR_clear_error();
  out_ = nullptr;
}

bool TlsStream::is_handshake_done() const {
  return ssl_ != nullptr && SSL_is_init_finished(ssl_) == 1;
}

bool TlsStream::is_client_verified() const {
  if (!is_handshake_done()) return false;
  // With TLS 1.3 an old session's ticket brings the certificate with it.
  return SSL_get0_peer_certificate(ssl_) != nullptr && SSL_get_verify_result(ssl_) == X509_V_OK;
}

}  // namespace siploom::intake
