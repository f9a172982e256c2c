#include "wire/sip/secrets.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace siploom::sip {

namespace {

constexpr std::array<std::string_view, 4> kCredentialHeaders = {
    "authorization", "proxy-authorization", "authentication-info", "proxy-authentication-info"};
// Parameters of a digest that show the password to who tries passwords.
constexpr std::array<std::string_view, 3> kDigestProofs = {"response", "rspauth", "cnonce"};

void star(std::string& message, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) message[i] = '*';
}

// The value behind "name=" wherever it stands as a parameter between `begin` and `end`.
void star_parameter(std::string& message, size_t begin, size_t end, std::string_view name) {
  for (size_t at = begin; at + name.size() < end; ++at) {
    const std::string_view line = std::string_view(message).substr(0, end);
    if (!iequals(line.substr(at, name.size()), name)) continue;
    const bool whole = at == begin || !(is_alnum(line[at - 1]) || line[at - 1] == '-');
    size_t value = find_where(
        line, [](char c) { return !is_space(c); }, at + name.size());
    if (!whole || value >= end || line[value] != '=') continue;
    value = find_where(
        line, [](char c) { return !is_space(c); }, value + 1);
    const bool quoted = value < end && line[value] == '"';
    if (quoted) ++value;
    const size_t stop = find_where(
        line, [&](char c) { return quoted ? c == '"' : c == ',' || is_space(c); }, value);
    star(message, value, std::min(stop, end));
    at = std::min(stop, end - 1);
  }
}

void mask_credentials(std::string& message, size_t begin, size_t end) {
  const size_t scheme = find_where(
      message, [](char c) { return !is_space(c); }, begin);
  if (scheme >= end) return;
  const size_t scheme_end = find_where(message, is_space, scheme);
  const std::string_view name =
      std::string_view(message).substr(scheme, std::min(scheme_end, end) - scheme);
  // Authentication-Info names no scheme; its parameters are a digest's.
  if (iequals(name, "digest") || name.find('=') != std::string_view::npos) {
    for (const std::string_view proof : kDigestProofs) star_parameter(message, begin, end, proof);
  } else if (scheme_end < end) {
    star(message, scheme_end + 1, end);
  }
}

void mask_description_line(std::string& message, size_t begin, size_t end) {
  const std::string_view line = std::string_view(message).substr(begin, end - begin);
  if (line.starts_with("k=")) return star(message, begin + 2, end);
  if (istarts_with(line, "a=ice-pwd:")) return star(message, begin + 10, end);
  if (!istarts_with(line, "a=crypto:")) return;
  constexpr std::string_view kInline = "inline:";
  for (size_t at = line.find(kInline); at != std::string_view::npos;
       at = line.find(kInline, at + 1)) {
    const size_t key = begin + at + kInline.size();
    star(message, key,
         std::min(end, find_where(
                           message, [](char c) { return is_space(c) || c == ';'; }, key)));
  }
}

// Where the next line's end is (before CR and LF); folded lines belong to their header.
size_t line_end(const std::string& message, size_t at, bool folds) {
  while (true) {
    const size_t end = std::min(message.find('\n', at), message.size());
    if (!folds || end + 1 >= message.size() || !is_blank(message[end + 1])) return end;
    at = end + 1;
  }
}

void mask_from(std::string& message, bool body) {
  for (size_t at = 0; at < message.size();) {
    const size_t end = line_end(message, at, !body);
    const size_t text_end = end > at && message[end - 1] == '\r' ? end - 1 : end;
    if (body) {
      mask_description_line(message, at, text_end);
    } else if (text_end == at) {
      body = true;
    } else {
      // Few headers begin so; the rest is not looked at.
      const bool may = (message[at] | 0x20) == 'a' || (message[at] | 0x20) == 'p';
      const size_t colon = may ? message.find(':', at) : std::string::npos;
      if (colon < text_end) {
        const std::string name = lower(trim(std::string_view(message).substr(at, colon - at)));
        if (std::find(kCredentialHeaders.begin(), kCredentialHeaders.end(), name) !=
            kCredentialHeaders.end()) {
          mask_credentials(message, colon + 1, text_end);
        }
      }
    }
    at = end + 1;
  }
}

}  // namespace

void mask_secrets(std::string& message) { mask_from(message, false); }
void mask_body(std::string& body) { mask_from(body, true); }

}  // namespace siploom::sip
