// rtpengine's NG protocol (cookie, blank, bencode or JSON) and Verto (JSON-RPC), which share a type
// number.
#include <fmt/format.h>

#include "base/text.h"
#include "wire/bencode/bencode.h"
#include "wire/json/json.h"
#include "wire/report/parts.h"

namespace siploom::report {

namespace {

constexpr size_t kMaxCookie = 64;
constexpr size_t kMaxSsrcs = 64;

// What the answer to delete and query says of the streams: the worst average MOS, times 10.
void take_statistics(tree::Value root, Quality& quality) {
  const tree::Value totals = root.member("totals").member("RTP");
  if (const auto packets = totals.member("packets").integer(); packets && *packets >= 0)
    quality.packets = static_cast<uint64_t>(*packets);
  if (const auto octets = totals.member("bytes").integer(); octets && *octets >= 0)
    quality.octets = static_cast<uint64_t>(*octets);
  size_t left = kMaxSsrcs;
  for (tree::Value ssrc = root.member("SSRC").first(); ssrc && left > 0; ssrc = ssrc.next()) {
    --left;
    const tree::Value average = ssrc.member("average MOS");
    const auto mos = average.member("MOS").number();
    if (!mos || *mos <= 0 || *mos > 50 || (quality.mos && *quality.mos <= *mos / 10)) continue;
    quality.mos = *mos / 10;
    quality.ssrc = parse_number<uint32_t>(ssrc.raw_name());
    quality.jitter_ms = average.member("jitter").number();
    if (const auto rtt = average.member("round-trip time").number()) quality.rtt_ms = *rtt / 1000;
    if (const auto loss = average.member("packet loss").number()) quality.lost_share = *loss / 100;
  }
}

}  // namespace

bool describe_ng(const Input& in, Description& out) {
  const size_t blank = in.text.substr(0, kMaxCookie + 1).find(' ');
  if (blank == std::string_view::npos || blank == 0) return false;
  const std::string_view cookie = in.text.substr(0, blank);
  const std::string_view body = in.text.substr(blank + 1);
  if (body.size() < 2) return false;
  const bool bencoded = body[0] == 'd' && (is_digit(body[1]) || body[1] == 'e');
  if (!bencoded && body[0] != '{') return false;
  tree::Tree& tree = in.scratch.tree;
  if (bencoded ? !bencode::parse(body, tree) : !json::parse(body, tree)) return false;
  const tree::Value root = tree.root();
  const bool is_ng = root.is_map() && (root.member("command") || root.member("result"));
  if (!is_ng && in.type() != hep::kVerto) return false;
  out.kind = Kind::Ng;
  out.malformed = out.malformed || !tree.is_strict();
  const std::string command = member_text(root, "command");
  const std::string result = member_text(root, "result");
  const std::string call = member_text(root, "call-id");
  set_event(out, command.empty() ? result : command);
  out.add_id(IdSpace::Call, call);
  out.add_id(IdSpace::NgCookie, cookie);
  take_statistics(root, out.quality);
  const std::string reason = member_text(root, "error-reason");
  const std::string figures = quality_text(out.quality);
  set_summary(out,
              fmt::format("{}{} {}{}{}{}{}", command.empty() ? "-> " : "", out.event, cookie,
                          reason.empty() ? "" : " ", reason, figures.empty() ? "" : " ", figures));
  return true;
}

bool describe_verto(const Input& in, Description& out) {
  if (!in.root.is_map() || !in.root.member("jsonrpc")) return false;
  out.kind = Kind::Verto;
  std::string scratch;
  const tree::Value error = in.root.member("error");
  const std::string method = member_text(in.root, "method");
  set_event(out, !method.empty() ? std::string_view(method) : error ? "error" : "result");
  const tree::Value body =
      in.root.member("params") ? in.root.member("params") : in.root.member("result");
  out.add_id(IdSpace::Session, body.member("sessid").text(scratch));
  const tree::Value dialog = body.member("dialogParams");
  for (const tree::Value call : {dialog.member("callID"), body.member("callID")})
    out.add_id(IdSpace::Call, call.text(scratch));
  set_summary(out, fmt::format("{} {} {}", out.event, member_text(in.root, "id"),
                               member_text(error ? error : body, "message")));
  return true;
}

}  // namespace siploom::report
