#include "registry/settings.h"

#include <doctest/doctest.h>

#include <set>

using namespace siploom::registry;

TEST_CASE("every setting is found and says what it is") {
  std::set<std::string_view> flags, variables;
  for (const SettingInfo& setting : settings()) {
    INFO(setting.key);
    CHECK(find_setting(setting.key) == &setting);
    CHECK(&info(setting.id) == &setting);
    CHECK_FALSE(setting.help.empty());
    CHECK(flags.insert(setting.flag).second);
    CHECK(variables.insert(setting.environment).second);
    CHECK_FALSE((setting.secret && setting.stored));
    CHECK_FALSE(type_name(setting.type).empty());
  }
  CHECK(info(SettingId::HttpListen).flag == "listen");
  CHECK(info(SettingId::SessionIdle).environment == "SIPLOOM_SESSION_IDLE");
}

TEST_CASE("a mistyped key is set right") {
  CHECK(nearest_settings("http.lisen").front() == "http.listen");
  CHECK(nearest_settings("sesion.idle").front() == "session.idle");
  CHECK(nearest_settings("listen").front() == "http.listen");
  CHECK(nearest_settings("log.sip_age").front() == "retention.sip_age");
  CHECK(nearest_settings("completely.different").empty());
  CHECK(nearest_settings("").empty());
}
