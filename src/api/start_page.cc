#include "api/start_page.h"

#include <string_view>

#include "api/start_page_generated.h"

namespace siploom::api {

namespace {

void add_file(http::Router& router, const char* path, const char* type, std::string_view text) {
  router.get(path, [type, text](http::Request&) {
    return http::Response::of(type, std::string(text))
        .header("Cache-Control", "no-cache")
        .with_etag();
  });
}

}  // namespace

void add_start_page(http::Router& router) {
  add_file(router, "/", "text/html; charset=utf-8", kIndexHtml);
  add_file(router, "/start.css", "text/css; charset=utf-8", kStartCss);
  add_file(router, "/start.js", "text/javascript; charset=utf-8", kStartJs);
  // Some browsers ask for the old name whatever the page says.
  for (const char* path : {"/favicon.svg", "/favicon.ico"}) {
    add_file(router, path, "image/svg+xml", kFaviconSvg);
  }
}

}  // namespace siploom::api
