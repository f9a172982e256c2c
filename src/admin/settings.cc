#include "admin/settings.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "admin/setting_list.h"
#include "base/check.h"
#include "base/text.h"

namespace siploom::admin {

namespace {

using registry::SettingId;
using registry::SettingInfo;
using registry::SettingType;

constexpr size_t kMaxProblems = 20;  // of one file
constexpr size_t kMaxWarnings = 20;
constexpr std::string_view kPrefix = "SIPLOOM_";

std::string with_place(std::string_view where, std::string_view what) {
  return where.empty() ? std::string(what) : fmt::format("{}: {}", where, what);
}

std::string unknown(std::string_view what, std::string_view name, std::string_view nearest) {
  constexpr size_t kShown = 80;
  std::string out = fmt::format("there is no {} {}", what, printable(name.substr(0, kShown)));
  if (!nearest.empty()) out += fmt::format("; did you mean {}?", nearest);
  return out;
}

std::string_view nearest_of(std::string_view name, std::string_view SettingInfo::*member) {
  std::string_view best;
  size_t least = std::min<size_t>(5, name.size() / 3 + 1);
  for (const SettingInfo& setting : registry::settings()) {
    const size_t distance = edit_distance(name.substr(0, 80), setting.*member);
    if (distance >= least) continue;
    least = distance;
    best = setting.*member;
  }
  return best;
}

Result<std::string> read_small_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) {
    return fail(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
                fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  std::string text(kMaxSettingsFileOctets + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0)
    return fail(ErrorCode::Io, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  if (text.size() > kMaxSettingsFileOctets) {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("{}: longer than {} octets", path, kMaxSettingsFileOctets));
  }
  return text;
}

}  // namespace

std::string_view origin_name(Origin origin) {
  switch (origin) {
    case Origin::Default:
      return "default";
    case Origin::Database:
      return "database";
    case Origin::File:
      return "file";
    case Origin::Environment:
      return "environment";
    case Origin::CommandLine:
      return "command line";
  }
  return "";
}

Settings::Settings() {
  for (const SettingInfo& setting : registry::settings()) {
    SL_CHECK(check_setting(setting, setting.default_text).has_value());
    given_[static_cast<size_t>(setting.id)][0] = Given{std::string(setting.default_text), ""};
  }
}

Result<void> Settings::set(Origin origin, std::string_view key, std::string_view value,
                           std::string_view where) {
  const SettingInfo* setting = registry::find_setting(key);
  if (setting == nullptr) {
    const auto near = registry::nearest_settings(key);
    return fail(ErrorCode::NotFound,
                with_place(where, unknown("setting", key, near.empty() ? "" : near.front())));
  }
  if (origin == Origin::Database && !setting->stored) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} can only be set by --{}, {} or the configuration file", key,
                            setting->flag, setting->environment));
  }
  if (auto good = check_setting(*setting, value); !good) {
    // Nobody's log is the place for a secret that is nearly right.
    const std::string why = setting->secret ? "this is no value for it" : good.error().message;
    return fail(good.error().code, with_place(where, fmt::format("{}: {}", key, why)));
  }
  given_[static_cast<size_t>(setting->id)][static_cast<size_t>(origin)] =
      Given{std::string(value), std::string(where)};
  return {};
}

void Settings::unset(Origin origin, SettingId id) {
  SL_CHECK(origin != Origin::Default);
  given_[static_cast<size_t>(id)][static_cast<size_t>(origin)].reset();
}

Result<void> Settings::set_flag(std::string_view flag, std::string_view value) {
  while (flag.starts_with('-')) flag.remove_prefix(1);
  for (const SettingInfo& setting : registry::settings()) {
    if (setting.flag == flag)
      return set(Origin::CommandLine, setting.key, value, "--" + std::string(flag));
  }
  const std::string_view near = nearest_of(flag, &SettingInfo::flag);
  return fail(ErrorCode::NotFound,
              unknown("option", "--" + std::string(flag),
                      near.empty() ? std::string{} : "--" + std::string(near)));
}

Result<std::vector<std::string>> Settings::load_environment(const char* const* environment) {
  std::vector<std::string> warnings;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const Halves halves = split_once(*environment, '=');
    if (!halves.before.starts_with(kPrefix)) continue;
    const SettingInfo* found = nullptr;
    for (const SettingInfo& setting : registry::settings()) {
      if (setting.environment == halves.before) found = &setting;
    }
    if (found != nullptr) {
      SL_TRY_VOID(set(Origin::Environment, found->key, halves.after, halves.before));
    } else if (warnings.size() < kMaxWarnings) {
      warnings.push_back(
          unknown("setting", halves.before, nearest_of(halves.before, &SettingInfo::environment)));
    }
  }
  return warnings;
}

Result<void> Settings::load_file(const std::string& path) {
  return load_toml(SL_TRY(read_small_file(path)), path);
}

Result<void> Settings::load_toml(std::string_view text, std::string_view file_name) {
  const std::vector<FileValue> values = SL_TRY(read_toml(text, file_name));
  Settings with = *this;
  std::string problems;
  size_t count = 0;
  ErrorCode code = ErrorCode::InvalidArgument;
  for (const FileValue& value : values) {
    const std::string where = fmt::format("{}:{}", file_name, value.line);
    Result<void> done;
    if (!value.problem.empty() && registry::find_setting(value.key) != nullptr) {
      done = fail(ErrorCode::InvalidArgument,
                  fmt::format("{}: {}: {}", where, value.key, value.problem));
    } else {
      done = with.set(Origin::File, value.key, value.text, where);
    }
    if (done) continue;
    if (++count > kMaxProblems) break;
    if (!problems.empty()) problems += '\n';
    problems += done.error().message;
    code = done.error().code;
  }
  if (count != 0) return fail(code, std::move(problems));
  *this = std::move(with);
  return {};
}

Result<void> Settings::check() const {
  struct Pair {
    SettingId certificate, key;
  };
  using enum SettingId;
  for (const auto& [certificate, key] :
       {Pair{HttpTlsCertificate, HttpTlsKey}, Pair{HepTlsCertificate, HepTlsKey}}) {
    const Effective a = get(certificate), b = get(key);
    if (a.text.empty() == b.text.empty()) continue;
    const bool lacks_key = b.text.empty();
    return fail(ErrorCode::InvalidArgument,
                with_place(lacks_key ? a.where : b.where,
                           fmt::format("{} needs {}, too",
                                       registry::info(lacks_key ? certificate : key).key,
                                       registry::info(lacks_key ? key : certificate).key)));
  }
  return {};
}

Effective Settings::get(SettingId id) const {
  const auto& layers = given_[static_cast<size_t>(id)];
  for (size_t i = kOriginCount; i-- > 0;) {
    if (layers[i]) return {layers[i]->text, static_cast<Origin>(i), layers[i]->where};
  }
  return {};
}

std::string Settings::text(SettingId id) const {
  const SettingType type = registry::info(id).type;
  SL_CHECK(type == SettingType::Text || type == SettingType::Path ||
           type == SettingType::Enumeration);
  return get(id).text;
}

int64_t Settings::number(SettingId id) const {
  SL_CHECK(registry::info(id).type == SettingType::Number);
  return parse_number<int64_t>(get(id).text).value_or(0);
}

bool Settings::flag(SettingId id) const {
  SL_CHECK(registry::info(id).type == SettingType::Bool);
  return parse_bool(get(id).text).value_or(false);
}

Nanoseconds Settings::duration(SettingId id) const {
  SL_CHECK(registry::info(id).type == SettingType::Duration);
  return parse_duration(get(id).text).value_or(0);
}

uint64_t Settings::size_bytes(SettingId id) const {
  SL_CHECK(registry::info(id).type == SettingType::Size);
  return parse_size(get(id).text).value_or(0);
}

std::vector<std::string> Settings::list(SettingId id) const { return split_list(get(id).text); }

std::vector<Endpoint> Settings::addresses(SettingId id) const {
  std::vector<Endpoint> out;
  for (const std::string& item : list(id)) {
    if (const auto endpoint = parse_endpoint(item)) out.push_back(*endpoint);
  }
  return out;
}

std::vector<Cidr> Settings::networks(SettingId id) const {
  std::vector<Cidr> out;
  for (const std::string& item : list(id)) {
    if (const auto block = parse_cidr(item)) out.push_back(*block);
  }
  return out;
}

}  // namespace siploom::admin
