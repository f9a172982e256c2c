#include "intake/http_head.h"

#include <algorithm>

#include "base/text.h"

namespace siploom::intake {

namespace {

// RFC 9110 5.6.2
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alnum(c) || kMarks.find(c) != std::string_view::npos;
  });
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet == '\t' || (octet >= 0x20 && octet != 0x7F);
  });
}

std::string_view next_of_list(std::string_view& list) {
  const Halves halves = split_once(list, ',');
  list = halves.after;
  return trim(halves.before);
}

bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (iequals(next_of_list(list), word)) return true;
  }
  return false;
}

void refuse(HttpHead& head, int status, std::string_view why) {
  if (head.status != 0) return;
  head.status = status;
  head.why = why;
}

void read_request_line(std::string_view line, HttpHead& head) {
  const Halves first = split_once(line, ' ');
  const Halves second = split_once(first.after, ' ');
  head.method = first.before;
  head.target = second.before;
  if (!is_token(head.method) || head.target.empty() || !is_printable(line))
    return refuse(head, 400, "the request line is broken");
  head.http_1_0 = second.after == "HTTP/1.0";
  head.close = head.http_1_0;
  if (!head.http_1_0 && second.after != "HTTP/1.1") refuse(head, 505, "HTTP/1.1 is spoken here");
}

void read_length(std::string_view value, HttpHead& head) {
  const auto length = parse_number<uint64_t>(value);
  if (!length || !is_digit(value.front()) ||
      (head.content_length && *head.content_length != *length))
    return refuse(head, 400, "Content-Length is broken");
  head.content_length = length;
}

void read_connection(std::string_view value, HttpHead& head) {
  if (lists(value, "close")) head.close = true;
  if (lists(value, "keep-alive") && !lists(value, "close")) head.close = false;
  if (lists(value, "upgrade")) head.connection_upgrade = true;
}

void read_encoding(std::string_view value, HttpHead& head) {
  if (iequals(value, "gzip") || iequals(value, "x-gzip") || iequals(value, "deflate")) {
    head.compressed = true;
  } else if (!iequals(value, "identity")) {
    refuse(head, 415, "Content-Encoding may be gzip or deflate");
  }
}

void read_header(std::string_view name, std::string_view value, HttpHead& head) {
  if (iequals(name, "host")) {
    if (head.has_host) refuse(head, 400, "two Host headers");
    head.has_host = true;
  } else if (iequals(name, "content-length")) {
    read_length(value, head);
  } else if (iequals(name, "transfer-encoding")) {
    if (!iequals(value, "chunked") || head.chunked)
      refuse(head, 501, "Transfer-Encoding may be chunked");
    head.chunked = true;
  } else if (iequals(name, "content-encoding")) {
    read_encoding(value, head);
  } else if (iequals(name, "connection")) {
    read_connection(value, head);
  } else if (iequals(name, "expect")) {
    if (!iequals(value, "100-continue")) refuse(head, 417, "Expect may be 100-continue");
    head.expects_continue = true;
  } else if (iequals(name, "upgrade")) {
    head.upgrade_websocket = head.upgrade_websocket || lists(value, "websocket");
  } else if (iequals(name, "sec-websocket-key")) {
    head.websocket_key = value;
  } else if (iequals(name, "sec-websocket-version")) {
    head.websocket_version = value;
  } else if (iequals(name, "sec-websocket-protocol") && head.websocket_protocol.empty()) {
    const std::string_view first = next_of_list(value);
    if (is_token(first)) head.websocket_protocol = first;
  }
}

// RFC 9112 5: no blank before the colon, no folding, CR only before LF.
bool read_header_line(std::string_view line, HttpHead& head) {
  const Halves halves = split_once(line, ':');
  if (!halves.found || !is_token(halves.before) || !is_printable(halves.after)) return false;
  read_header(halves.before, trim(halves.after), head);
  return true;
}

}  // namespace

HttpHead read_http_head(std::string_view text) {
  HttpHead head;
  size_t headers = 0;
  bool first = true;
  while (!text.empty()) {
    const size_t end = text.find("\r\n");
    if (end == std::string_view::npos) break;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (first) {
      read_request_line(line, head);
      first = false;
      continue;
    }
    if (line.empty()) break;
    if (++headers > kMaxHttpHeaders) refuse(head, 431, "too many headers");
    if (!read_header_line(line, head)) refuse(head, 400, "a header line is broken");
    if (head.status != 0) break;
  }
  if (head.status != 0) return head;
  // RFC 9112 6.1, 6.3: two lengths are an attack or a mistake.
  if (head.chunked && (head.content_length || head.http_1_0))
    refuse(head, 400, "Transfer-Encoding and Content-Length together, or in HTTP/1.0");
  if (!head.has_host && !head.http_1_0) refuse(head, 400, "Host is missing");
  return head;
}

}  // namespace siploom::intake
