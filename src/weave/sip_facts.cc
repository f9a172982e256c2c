#include "weave/sip_facts.h"

#include <algorithm>
#include <cstring>

#include "base/byte_masks.h"
#include "base/hash.h"
#include "base/text.h"

namespace siploom::weave {

using sip::HeaderId;

namespace {

// The value of "name=value" in `text`, which ends before the next ';'. Up to `end` may be read.
std::string_view value_of(std::string_view text, std::string_view name, const char* end) {
  size_t at = 0;
  while (at < text.size() && is_space(text[at])) ++at;
  if (text.size() - at <= name.size() || to_lower(text[at]) != name[0]) return {};
  if (!iequals(text.substr(at, name.size()), name)) return {};
  std::string_view rest = trim_left(text.substr(at + name.size()));
  if (rest.empty() || rest.front() != '=') return {};
  rest = trim(rest.substr(1));
  if (!rest.empty() && rest.front() == '"') {
    rest.remove_prefix(1);
    return rest.substr(0, rest.find('"'));
  }
  return rest.substr(
      0, value_length(rest.data(), rest.size(), static_cast<size_t>(end - rest.data())));
}

// `end`: up to where octets may be read, which saves copying the value's own end.
std::string_view find_parameter(std::string_view value, std::string_view name, const char* end) {
  size_t begin = std::string_view::npos;  // of the parameter whose end is looked for
  for (size_t block = 0; block < value.size(); block += 64) {
    const size_t left = value.size() - block;
    const char* p = value.data() + block;
    ByteMasks masks = end - p >= 64 ? find_in_64(p, ';', ';')
                                    : find_in_rest(p, std::min<size_t>(left, 63), ';', ';');
    if (left < 64) masks.first &= (uint64_t{1} << left) - 1;
    for (; masks.first != 0; masks.first &= masks.first - 1) {
      const size_t at = block + static_cast<unsigned>(__builtin_ctzll(masks.first));
      if (begin != std::string_view::npos) {
        const std::string_view found = value_of(value.substr(begin, at - begin), name, end);
        if (found.data() != nullptr) return found;
      }
      begin = at + 1;
    }
  }
  return begin == std::string_view::npos ? std::string_view{}
                                         : value_of(value.substr(begin), name, end);
}

}  // namespace

std::string_view quick_parameter(std::string_view value, std::string_view name) {
  return find_parameter(value, name, value.data() + value.size());
}

namespace {

// A tag stands behind the URI: parameters inside <> belong to the URI (RFC 3261 20.10).
std::string_view tag_of(std::string_view value, const char* end) {
  const void* bracket = value.empty() ? nullptr : memrchr(value.data(), '>', value.size());
  if (bracket != nullptr) {
    value.remove_prefix(static_cast<size_t>(static_cast<const char*>(bracket) + 1 - value.data()));
    // Nearly always the only parameter, in the plainest form.
    if (value.empty()) return {};
    constexpr std::string_view kPlain = ";tag=";
    if (value.size() > kPlain.size() && value.starts_with(kPlain) && value[5] != '"' &&
        !is_space(value[5])) {
      const char* tag = value.data() + kPlain.size();
      return {tag, value_length(tag, value.size() - kPlain.size(), static_cast<size_t>(end - tag))};
    }
  }
  return find_parameter(value, "tag", end);
}

// The first of a comma list; Via values hold no quotes that a comma could hide in but in odd
// extensions.
std::string_view top_via(std::string_view via) {
  return via.substr(0, std::min(via.find(','), via.size()));
}

bool is_sdp(std::string_view content_type, std::string_view body) {
  if (body.empty()) return false;
  if (content_type.empty()) return body.starts_with("v=");
  return istarts_with(content_type, "application/sdp") || istarts_with(content_type, "multipart/");
}

// RFC 3261 17.1.3 and 17.2.3: branch and CSeq method name the transaction; a response is told apart
// by its status and To tag. Without the cookie (RFC 2543) CSeq, tags and hop have to do, and they
// do.
uint64_t identity_of(const SipFacts& facts) {
  uint64_t h = mix(hash_text(facts.branch), uint64_t{facts.cseq} << 16 | facts.status);
  h = mix(h, facts.method_id != sip::Method::Unknown ? static_cast<uint64_t>(facts.method_id)
                                                     : hash_text(facts.method));
  if (!facts.to_tag.empty()) h = mix(h, hash_text(facts.to_tag));
  return mix(h, facts.call_hash);
}

}  // namespace

void read_facts(const sip::MessageView& message, SipFacts& out) {
  const char* const end = message.raw().data() + message.raw().size();
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
  out.from_tag = tag_of(out.from, end);
  out.to_tag = tag_of(out.to, end);
  const std::string_view via = top_via(message.first(HeaderId::Via));
  if (!via.empty()) out.branch = find_parameter(via, "branch", end);
  out.user_agent = message.first(HeaderId::UserAgent);
  if (out.user_agent.empty()) out.user_agent = message.first(HeaderId::Server);
  out.reason_header = message.first(HeaderId::Reason);
  out.malformed = message.notes().malformed();
  out.has_credentials =
      message.has(HeaderId::Authorization) || message.has(HeaderId::ProxyAuthorization);
  if (is_sdp(message.first(HeaderId::ContentType), message.body())) out.sdp = message.body();
  out.identity = identity_of(out);
  if (out.method_id == sip::Method::Notify && out.is_request()) {
    out.ends_subscription = istarts_with(message.first(HeaderId::SubscriptionState), "terminated");
  }
  if (out.status >= 200 && out.status < 300) {
    std::string_view expires = message.first(HeaderId::Expires);
    if (expires.empty()) expires = quick_parameter(message.first(HeaderId::Contact), "expires");
    out.expires_s = parse_number<uint32_t>(expires).value_or(0);
  }
}

}  // namespace siploom::weave
