// gzip content coding (RFC 9110 8.4.1.3) of responses. One object, one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace siploom::http {

constexpr size_t kGzipBytesMin = 1024;  // smaller bodies gain nothing

// Whether an Accept-Encoding takes gzip: named, or "*", with a weight above 0 (RFC 9110 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);
// Textual media types; not event streams, which must not be held back.
bool is_compressible(std::string_view content_type);

// For a body that comes in pieces: each write gives octets that can be read at once.
class GzipStream final {
 public:
  GzipStream();
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  std::string write(std::string_view bytes);
  // The end of the body, with a last piece of it.
  std::string finish(std::string_view last = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace siploom::http
