// TLS for the intake: OpenSSL as a server, fed with octets rather than sockets.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "intake/options.h"

struct ssl_ctx_st;
struct ssl_st;

namespace siploom::intake {

// Certificate, key and rules; shared by all connections. Read only once made.
class TlsContext final {
 public:
  // Errors name the file and what OpenSSL says of it.
  static Result<std::shared_ptr<const TlsContext>> open(const TlsOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ssl_ctx_st* get() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

class TlsStream final {
 public:
  enum class Step : uint8_t { More, Closed, Failed };

  explicit TlsStream(std::shared_ptr<const TlsContext> context);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Takes ciphertext; gives what was in it to `plain`; what the peer must get goes to `out`.
  Step feed(ByteSpan cipher, FunctionRef<void(std::span<uint8_t>)> plain, std::string& out);
  // Encrypts into `out`.
  void write(std::string_view plain, std::string& out);
  // RFC 8446 6.1: no more will be sent.
  void close(std::string& out);

  bool is_handshake_done() const;
  bool is_client_verified() const;  // it sent a certificate that the client CA signed

 private:
  friend struct BioMethod;
  std::shared_ptr<const TlsContext> context_;
  ssl_st* ssl_;
  ByteSpan in_;                 // what the library has not read yet
  std::string* out_ = nullptr;  // during a call
};

}  // namespace siploom::intake
