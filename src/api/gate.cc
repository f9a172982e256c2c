#include "api/gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/secret.h"
#include "api/parameters.h"
#include "api/problem.h"
#include "base/text.h"

namespace siploom::api {

using http::Method;
using http::Response;
using registry::SettingId;

namespace {

// Who is really there, behind proxies that are trusted: from the right, the first address in
// X-Forwarded-For that is none of them.
void find_origin(const admin::Settings& settings, const http::Request& request, Caller& caller) {
  caller.from = request.peer.address;
  caller.secure = request.tls;
  const auto trusted = settings.networks(SettingId::HttpTrustedProxies);
  const auto is_trusted = [&](const IpAddress& address) {
    return std::any_of(trusted.begin(), trusted.end(),
                       [&](const Cidr& block) { return block.contains(address); });
  };
  if (trusted.empty() || !is_trusted(caller.from)) return;
  if (iequals(request.headers.get("X-Forwarded-Proto"), "https")) caller.secure = true;
  const std::string chain = request.headers.joined("X-Forwarded-For");
  const auto hops = words_of(chain, ',');
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = parse_endpoint(*hop);
    if (!address) return;
    caller.from = address->address;
    if (!is_trusted(caller.from)) return;
  }
}

// Error: the database's. Nobody known is no error.
Result<void> find_identity(Core& core, const http::Request& request, Caller& caller) {
  Stores& stores = core.context.stores;
  const std::string_view given = request.headers.get("Authorization");
  if (istarts_with(given, "Bearer ")) {
    auto found = stores.tokens.find(trim(given.substr(7)));
    if (!found && found.error().code != ErrorCode::NotFound) {
      return tl::unexpected<Error>(found.error());
    }
    if (found) {
      caller.who = std::move(*found);
      caller.known = true;
    }
    return {};  // whoever shows a token does not mean a cookie
  }
  const auto cookie = cookie_of(request);
  if (!cookie) return {};
  auto found = stores.sessions.find(*cookie);
  if (!found && found.error().code != ErrorCode::NotFound) {
    return tl::unexpected<Error>(found.error());
  }
  if (found) {
    caller.who = std::move(*found);
    caller.known = true;
  }
  return {};
}

bool is_unsafe(Method method) {
  return method != Method::Get && method != Method::Head && method != Method::Options;
}

std::optional<Response> check_rights(Core& core, const http::Request& request,
                                     const RouteInfo& info, const Caller& caller) {
  if (info.access == Access::Public) return std::nullopt;
  if (!caller.known) {
    return unauthenticated(
        "Log in at /api/v1/auth/login, or send Authorization: Bearer with a token.");
  }
  const admin::Identity& who = caller.who;
  if (is_unsafe(request.method) && who.proof == admin::Proof::Session &&
      !admin::equal_secrets(request.headers.get(kCsrfHeader), who.csrf)) {
    return Response::problem(403, "csrf", "This could come from another site",
                             "Send the header X-CSRF-Token with the csrf of /api/v1/auth/me.");
  }
  if (info.access == Access::Allowed && !who.may(info.permission)) {
    const std::string_view needed = admin::permission_name(info.permission);
    admin::AuditEvent event = admin::audit_event(admin::AuditAction::Denied, who, caller.from);
    event.object = request.path;
    event.result = "forbidden";
    static_cast<void>(core.context.stores.audit.add(std::move(event)));
    return forbidden(fmt::format("It takes the permission {}; ask an admin for it.", needed));
  }
  if (info.whole_scope && !who.scope.empty()) {
    return forbidden("It gives what cannot be cut down to the traffic that you may see.");
  }
  return std::nullopt;
}

std::optional<Response> check_limits(Core& core, const RouteInfo& info,
                                     const admin::Settings& settings, Caller& caller) {
  const std::string key =
      caller.known ? fmt::format("u{}", caller.who.user_id) : "a" + format_ip(caller.from);
  const auto rate = static_cast<double>(settings.number(SettingId::HttpRequestsPerSecond));
  if (const auto wait = core.rates.take(key, rate, core.context.clock())) {
    return too_many("You ask more often than http.requests_per_second allows.", *wait);
  }
  if (!info.searches) return std::nullopt;
  const auto most = static_cast<size_t>(settings.number(SettingId::HttpSearchesAtOnce));
  caller.slot = core.searches.take(caller.who.user_id, most);
  if (caller.slot != nullptr) return std::nullopt;
  return too_many(
      fmt::format("{} searches of yours are running, as many as http.searches_at_once allows.",
                  most),
      kSecond);
}

}  // namespace

std::optional<std::string_view> cookie_of(const http::Request& request) {
  const auto secure = request.cookie(kSecureSessionCookie);
  return secure ? secure : request.cookie(kSessionCookie);
}

std::string session_cookie(std::string_view cookie, bool secure) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}{}",
                     secure ? kSecureSessionCookie : kSessionCookie, cookie,
                     secure ? "; Secure" : "", cookie.empty() ? "; Max-Age=0" : "");
}

std::optional<Response> pass_gate(const std::shared_ptr<Core>& core, http::Request& request,
                                  const RouteInfo& info) {
  auto caller = std::make_shared<Caller>();
  caller->core = core;
  const auto settings = core->context.stores.settings.snapshot();
  find_origin(*settings, request, *caller);
  if (auto found = find_identity(*core, request, *caller); !found) {
    return problem_of(found.error());
  }
  request.context = caller;
  if (auto refused = check_rights(*core, request, info, *caller)) return refused;
  if (auto refused = check_parameters(request, info.parameters)) return refused;
  return check_limits(*core, info, *settings, *caller);
}

void leave_gate(http::Response& response) {
  // What has a tag may be kept by who asked, but is asked for again each time.
  response.headers.set_default("Cache-Control",
                               response.headers.has("ETag") ? "private, no-cache" : "no-store");
}

}  // namespace siploom::api
