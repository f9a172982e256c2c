// TLS settings of servers and clients, over OpenSSL: TLS 1.2 and 1.3 with forward secrecy and
// authenticated encryption only. A context may be shared by connections of one thread.
// (Inside the room.)
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace siploom::http {

using TlsContext = std::shared_ptr<ssl_ctx_st>;

// The certificate file may hold the chain, too. Errors name the file and what is wrong with it.
Result<TlsContext> make_server_tls(const std::string& certificate_file,
                                   const std::string& key_file);

struct Trust {
  std::string ca_file;             // "": the system's CAs
  std::string fingerprint_sha256;  // when given, this certificate and no other; names do not matter
};
Result<TlsContext> make_client_tls(const Trust& trust);
// Before the handshake: whom the certificate must name.
void expect_host(ssl_st* ssl, const std::string& host, const Trust& trust);
// After it: why the certificate is not trusted and what to do about that, or nothing said.
Result<void> check_peer(ssl_st* ssl, const std::string& host, const Trust& trust);
// The newest error of OpenSSL on this thread in words; clears the others.
std::string tls_error();

}  // namespace siploom::http
