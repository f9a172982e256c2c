// The gate: who asks, and whether they may. Runs before every handler.
#pragma once

#include <memory>
#include <optional>

#include "api/asked.h"
#include "api/route.h"

namespace siploom::api {

constexpr std::string_view kSessionCookie = "siploom_session";
// RFC 6265bis 4.1.3.2: a browser takes this name over TLS alone, for this host and path.
constexpr std::string_view kSecureSessionCookie = "__Host-siploom_session";
constexpr std::string_view kCsrfHeader = "X-CSRF-Token";

std::optional<http::Response> pass_gate(const std::shared_ptr<Core>& core, http::Request& request,
                                        const RouteInfo& info);
// Answers are for who asked alone: no cache in between keeps them.
void leave_gate(http::Response& response);

// Set-Cookie of a session, or one that takes it away (empty `cookie`).
std::string session_cookie(std::string_view cookie, bool secure);
std::optional<std::string_view> cookie_of(const http::Request& request);

}  // namespace siploom::api
