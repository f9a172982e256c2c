#include "weave/sip_facts.h"

#include <cstring>

#include "base/byte_masks.h"
#include "base/hash.h"
#include "base/text.h"

namespace siploom::weave {

using sip::HeaderId;

namespace {

// The value if a parameter `name` begins at `at`, an empty view otherwise.
std::string_view parameter_at(std::string_view value, size_t at, std::string_view name) {
  const size_t size = value.size();
  while (at < size && is_space(value[at])) ++at;
  if (size - at <= name.size() || to_lower(value[at]) != name[0]) return {};
  if (!iequals(value.substr(at, name.size()), name)) return {};
  std::string_view rest = trim_left(value.substr(at + name.size()));
  if (rest.empty() || rest.front() != '=') return {};
  rest = trim_left(rest.substr(1));
  if (!rest.empty() && rest.front() == '"') {
    rest.remove_prefix(1);
    return rest.substr(0, rest.find('"'));
  }
  return rest.substr(0, find_where(rest, [](char c) { return is_space(c) || c == ';' || c == ',' || c == '>'; }));
}

}  // namespace

std::string_view quick_parameter(std::string_view value, std::string_view name) {
  for (size_t block = 0; block < value.size(); block += 64) {
    const size_t left = value.size() - block;
    const char* p = value.data() + block;
    ByteMasks masks = left >= 64 ? find_in_64(p, ';', ';') : find_in_rest(p, left, ';', ';');
    for (; masks.first != 0; masks.first &= masks.first - 1) {
      const size_t at = block + static_cast<unsigned>(__builtin_ctzll(masks.first)) + 1;
      const std::string_view found = parameter_at(value, at, name);
      if (found.data() != nullptr) return found;
    }
  }
  return {};
}

namespace {

// A tag stands behind the URI: parameters inside <> belong to the URI (RFC 3261 20.10).
std::string_view tag_of(std::string_view value) {
  const size_t close = value.rfind('>');
  return quick_parameter(close == std::string_view::npos ? value : value.substr(close + 1), "tag");
}

// The first of a comma list; Via values hold no quotes that a comma could hide in but in odd extensions.
std::string_view top_via(std::string_view via) {
  size_t end = 0;
  while (end < via.size() && via[end] != ',') ++end;
  return via.substr(0, end);
}

bool is_sdp(std::string_view content_type, std::string_view body) {
  if (body.empty()) return false;
  if (content_type.empty()) return body.starts_with("v=");
  return istarts_with(content_type, "application/sdp") || istarts_with(content_type, "multipart/");
}

}  // namespace

void read_facts(const sip::MessageView& message, SipFacts& out) {
  out = SipFacts{};
  out.call_id = message.call_id();
  out.call_hash = hash_text(out.call_id);
  out.method = message.method();
  out.method_id = message.method_id();
  out.status = message.status();
  out.reason = message.reason_phrase();
  out.request_uri = message.request_uri();
  out.cseq = message.cseq();
  out.from = message.first(HeaderId::From);
  out.to = message.first(HeaderId::To);
  out.from_tag = tag_of(out.from);
  out.to_tag = tag_of(out.to);
  out.branch = quick_parameter(top_via(message.first(HeaderId::Via)), "branch");
  out.user_agent = message.first(HeaderId::UserAgent);
  if (out.user_agent.empty()) out.user_agent = message.first(HeaderId::Server);
  out.reason_header = message.first(HeaderId::Reason);
  out.malformed = message.notes().malformed();
  out.has_credentials =
      message.has(HeaderId::Authorization) || message.has(HeaderId::ProxyAuthorization);
  if (is_sdp(message.first(HeaderId::ContentType), message.body())) out.sdp = message.body();
  if (out.method_id == sip::Method::Notify && out.is_request()) {
    out.ends_subscription =
        istarts_with(message.first(HeaderId::SubscriptionState), "terminated");
  }
  if (out.status >= 200 && out.status < 300) {
    std::string_view expires = message.first(HeaderId::Expires);
    if (expires.empty()) expires = quick_parameter(message.first(HeaderId::Contact), "expires");
    out.expires_s = parse_number<uint32_t>(expires).value_or(0);
  }
}

}  // namespace siploom::weave
