// StartPage: the page behind the URL that `siploom serve` prints: set-up, login, and the latest
// calls with a filter. Three small files of our own; no network access but to this server.
#pragma once

#include "http/router.h"

namespace siploom::api {

void add_start_page(http::Router& router);

}  // namespace siploom::api
