// TLS for the relay: OpenSSL as a client, fed with octets rather than sockets. The far end's
// certificate must name the host that was asked for.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

struct bio_st;
struct ssl_ctx_st;
struct ssl_st;

namespace siploom::pipeline::relay {

// Whose certificates are believed; shared by all connections. Read only once made.
class TlsTrust final {
 public:
  // `ca_file`: PEM; empty: the system's authorities. Errors name the file.
  static Result<std::shared_ptr<const TlsTrust>> open(const std::string& ca_file);
  ~TlsTrust();
  TlsTrust(const TlsTrust&) = delete;
  TlsTrust& operator=(const TlsTrust&) = delete;
  ssl_ctx_st* get() const { return context_; }

 private:
  explicit TlsTrust(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

class TlsClient final {
 public:
  TlsClient(std::shared_ptr<const TlsTrust> trust, const std::string& host);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Begins, or goes on with what came; what the far end must get is appended to `out`. What it says
  // is thrown away. False: over; why() tells.
  bool feed(ByteSpan cipher, std::string& out);
  // Encrypts into `out`, once is_open(). False: over.
  bool write(std::string_view plain, std::string& out);
  bool is_open() const;
  const std::string& why() const { return why_; }

 private:
  bool over(const char* what);
  void drain(std::string& out);

  std::shared_ptr<const TlsTrust> trust_;
  ssl_st* ssl_;
  bio_st* in_ = nullptr;  // both belong to ssl_
  bio_st* out_ = nullptr;
  std::string why_;
};

}  // namespace siploom::pipeline::relay
