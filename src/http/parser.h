// HTTP/1 message parsers without I/O (RFC 9112), strict, incremental, bounded: headers by
// Boost.Beast, bodies here. The caller keeps the octets that were not used and brings them again
// with more. One thread. (Inside the room.)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace siploom::http {

enum class ParseStep : uint8_t {
  NeedMore,
  Header,  // complete; comes once
  Body,    // perhaps some of it, in piece()
  Done,
  Failed,  // failure() says how
};

enum class ParseFailure : uint8_t { Malformed, HeaderTooLong, Version, TransferCoding };

class Parser final {
 public:
  enum class Kind : uint8_t { Request, Response, HeadResponse };
  Parser(Kind kind, uint32_t header_bytes_max);
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // One step. `used` octets of `in` need not come again. piece() is a view into `in`.
  ParseStep feed(std::string_view in, size_t& used);
  // The connection has ended: Done for a body without length, else Failed.
  ParseStep feed_end();
  std::string_view piece() const;
  ParseFailure failure() const;
  bool is_done() const;

  // After Header.
  const std::string& method() const;
  const std::string& target() const;
  int status() const;
  int minor_version() const;
  Headers& headers();
  std::optional<uint64_t> content_length() const;
  bool is_chunked() const;
  bool keep_alive() const;  // by version and Connection (RFC 9112 9.3)

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace siploom::http
