#!/usr/bin/env python3
"""Makes src/registry/fields_generated.{h,cc} and docs/reference/fields.md from src/registry/fields.toml, and the same
with settings in their names from src/registry/settings.toml and with metrics from src/registry/metrics.toml.

`--check` writes nothing and fails when a file is stale.
"""
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "registry" / "fields.toml"
TYPES = {"text", "number", "duration", "address", "time", "bool", "enumeration"}
SCOPES = {"message": "Message", "call": "Call", "both": "Both"}
KEYS = {"name", "type", "scope", "multiple", "fold_case", "verbatim", "unit", "rfc", "help", "example", "aliases", "choices",
        "stored", "column", "facet"}
STORED = {"text": "VARCHAR", "number": "BIGINT", "duration": "BIGINT", "address": "VARCHAR", "time": "TIMESTAMP_NS",
          "bool": "BOOLEAN", "enumeration": "VARCHAR"}


def identifier(name):
    return "".join(part.capitalize() for part in re.split(r"[._]", name))


def read():
    fields = tomllib.loads(SOURCE.read_text())["field"]
    seen = set()
    for field in fields:
        unknown = set(field) - KEYS
        if unknown:
            sys.exit(f"fields.toml: {field.get('name')}: unknown keys {sorted(unknown)}")
        if field["type"] not in TYPES or field["scope"] not in SCOPES or not field.get("help"):
            sys.exit(f"fields.toml: {field['name']}: type, scope or help is wrong")
        for name in [field["name"], *field.get("aliases", [])]:
            if name.lower() in seen:
                sys.exit(f"fields.toml: the name {name} stands twice")
            seen.add(name.lower())
    return fields


def text(value):
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def header(fields):
    out = ["// Made by tools/gen_registry.py from fields.toml; do not edit.", "#pragma once", "", "#include <cstdint>", "",
           "namespace siploom::registry {", "", "enum class FieldId : uint16_t {"]
    out += [f"  {identifier(f['name'])}," for f in fields]
    out += ["};", "", f"constexpr uint16_t kFieldCount = {len(fields)};", "", "}  // namespace siploom::registry", ""]
    return "\n".join(out)


def source(fields):
    out = ["// Made by tools/gen_registry.py from fields.toml; do not edit.", '#include "registry/fields.h"', "", "#include <array>", "",
           "namespace siploom::registry {", "", "namespace {", "",
           "constexpr std::array<FieldInfo, kFieldCount> kFields = {{"]
    for f in fields:
        flag = lambda key: "true" if f.get(key) else "false"
        out += ["    {FieldId::%s, %s, Type::%s, Scope::%s," % (
            identifier(f["name"]), text(f["name"]), f["type"].capitalize(), SCOPES[f["scope"]]),
            "     %s, %s, %s, %s, %s," % (flag("multiple"), flag("fold_case"), flag("verbatim"), text(f.get("unit", "")),
                                          text(f.get("rfc", ""))),
            "     " + text(f["help"]) + ",",
            "     " + text(f.get("example", "")) + ",",
            "     " + text(" ".join(f.get("aliases", []))) + ",",
            "     " + text(" ".join(f.get("choices", []))) + ",",
            "     %s, %s, %s}," % (text(f.get("stored", STORED[f["type"]])), flag("column"), flag("facet"))]
    out += ["}};", "", "}  // namespace", "",
            "std::span<const FieldInfo> fields() { return kFields; }", "", "}  // namespace siploom::registry", ""]
    return "\n".join(out)


def reference(fields):
    out = ["# Fields", "", "Made by `tools/gen_registry.py` from `src/registry/fields.toml`; do not edit. The language is described in "
           "[filter.md](../filter.md).", "", "| field | type | of | also | what |", "|---|---|---|---|---|"]
    for f in fields:
        also = ", ".join(f"`{a}`" for a in f.get("aliases", []))
        kind = f["type"] + (" in " + f["unit"] if f.get("unit") else "") + (", several" if f.get("multiple") else "")
        what = f["help"]
        if f.get("choices"):
            what += ": " + ", ".join(f"`{c}`" for c in f["choices"])
        if f.get("rfc"):
            what += f" ({f['rfc']})"
        if f.get("example"):
            what += f". `{f['example']}`"
        scope = {"both": "message, call"}.get(f["scope"], f["scope"])
        out.append(f"| `{f['name']}` | {kind} | {scope} | {also} | {what} |".replace("||", "\\|\\|"))
    return "\n".join(out) + "\n"


SETTINGS = ROOT / "src" / "registry" / "settings.toml"
SETTING_TYPES = {"text", "number", "bool", "duration", "size", "path", "address", "enumeration", "list", "address_list",
                 "network_list"}
SETTING_KEYS = {"key", "flag", "type", "default", "min", "max", "choices", "unit", "help", "restart", "stored", "secret"}


def read_settings():
    settings = tomllib.loads(SETTINGS.read_text())["setting"]
    seen = set()
    for setting in settings:
        key = setting.get("key", "")
        unknown = set(setting) - SETTING_KEYS
        if unknown:
            sys.exit(f"settings.toml: {key}: unknown keys {sorted(unknown)}")
        if not re.fullmatch(r"[a-z]+\.[a-z_]+", key):
            sys.exit(f"settings.toml: {key}: a key is section.name")
        if setting.get("type") not in SETTING_TYPES or not setting.get("help") or not isinstance(setting.get("default"), str):
            sys.exit(f"settings.toml: {key}: type, default or help is wrong")
        if (setting["type"] == "enumeration") != bool(setting.get("choices")):
            sys.exit(f"settings.toml: {key}: choices are for an enumeration")
        setting.setdefault("flag", re.sub("[._]", "-", key))
        setting["environment"] = "SIPLOOM_" + key.replace(".", "_").upper()
        for name in (key, "--" + setting["flag"], setting["environment"]):
            if name in seen:
                sys.exit(f"settings.toml: {name} stands twice")
            seen.add(name)
    return settings


def settings_header(settings):
    out = ["// Made by tools/gen_registry.py from settings.toml; do not edit.", "#pragma once", "", "#include <cstdint>", "",
           "namespace siploom::registry {", "", "enum class SettingId : uint16_t {"]
    out += [f"  {identifier(s['key'])}," for s in settings]
    out += ["};", "", f"constexpr uint16_t kSettingCount = {len(settings)};", "", "}  // namespace siploom::registry", ""]
    return "\n".join(out)


def settings_source(settings):
    out = ["// Made by tools/gen_registry.py from settings.toml; do not edit.", '#include "registry/settings.h"', "",
           "#include <array>", "", "namespace siploom::registry {", "", "namespace {", "",
           "constexpr std::array<SettingInfo, kSettingCount> kSettings = {{"]
    for s in settings:
        flag = lambda key, default=False: "true" if s.get(key, default) else "false"
        out += ["    {SettingId::%s, SettingType::%s, %s, %s," % (identifier(s["key"]), identifier(s["type"]), text(s["key"]),
                                                                text(s["flag"])),
                "     %s, %s, %s, %s," % (text(s["environment"]), text(s["default"]), text(s.get("min", "")),
                                          text(s.get("max", ""))),
                "     " + text(" ".join(s.get("choices", []))) + ", " + text(s.get("unit", "")) + ",",
                "     " + text(s["help"]) + ",",
                "     %s, %s, %s}," % (flag("restart"), flag("stored", True), flag("secret"))]
    out += ["}};", "", "}  // namespace", "",
            "std::span<const SettingInfo> settings() { return kSettings; }", "", "}  // namespace siploom::registry", ""]
    return "\n".join(out)


def settings_reference(settings):
    out = ["# Settings", "", "Made by `tools/gen_registry.py` from `src/registry/settings.toml`; do not edit. A setting is taken from the "
           "command line, else from the environment, else from the configuration file, else from the database (what was set "
           "in the web interface), else it is the default. Durations are like `90s`, `12h`, `30d`; sizes like `512MiB`, `5GB`; "
           "lists have commas, or are arrays in the file.", "",
           "| in the file | flag | environment | type | default | what |", "|---|---|---|---|---|---|"]
    for s in settings:
        kind = s["type"].replace("_", " ") + (" in " + s["unit"] if s.get("unit") else "")
        what = s["help"]
        if s.get("choices"):
            what += ": " + ", ".join(f"`{c}`" for c in s["choices"])
        limits = [f"at least `{s['min']}`"] if s.get("min") else []
        limits += [f"at most `{s['max']}`"] if s.get("max") else []
        if limits:
            what += " (" + ", ".join(limits) + ")"
        what += "; at the next start" if s.get("restart") else ""
        what += "" if s.get("stored", True) else "; not in the database"
        default = f"`{s['default']}`" if s["default"] else ""
        out.append(f"| `{s['key']}` | `--{s['flag']}` | `{s['environment']}` | {kind} | {default} | {what} |")
    return "\n".join(out) + "\n"


METRICS = ROOT / "src" / "registry" / "metrics.toml"
METRIC_KEYS = {"name", "type", "labels", "unit", "help", "alias"}


def read_metrics():
    metrics = tomllib.loads(METRICS.read_text())["metric"]
    seen = set()
    for metric in metrics:
        name = metric.get("name", "")
        unknown = set(metric) - METRIC_KEYS
        if unknown:
            sys.exit(f"metrics.toml: {name}: unknown keys {sorted(unknown)}")
        if metric.get("type") not in {"counter", "gauge", "histogram"} or not metric.get("help"):
            sys.exit(f"metrics.toml: {name}: type or help is wrong")
        if not re.fullmatch(r"siploom_[a-z_]+", name) and not metric.get("alias"):
            sys.exit(f"metrics.toml: {name}: a name begins with siploom_")
        if not metric.get("alias") and (metric["type"] == "counter") != name.endswith("_total"):
            sys.exit(f"metrics.toml: {name}: counters, and they alone, end in _total")
        if name in seen:
            sys.exit(f"metrics.toml: {name} stands twice")
        seen.add(name)
    return metrics


def metrics_header(metrics):
    out = ["// Made by tools/gen_registry.py from metrics.toml; do not edit.", "#pragma once", "", "#include <cstdint>", "",
           "namespace siploom::registry {", "", "enum class MetricId : uint16_t {"]
    out += [f"  {identifier(m['name'])}," for m in metrics]
    out += ["};", "", f"constexpr uint16_t kMetricCount = {len(metrics)};", "", "}  // namespace siploom::registry", ""]
    return "\n".join(out)


def metrics_source(metrics):
    out = ["// Made by tools/gen_registry.py from metrics.toml; do not edit.", '#include "registry/metrics.h"', "",
           "#include <array>", "", "namespace siploom::registry {", "", "namespace {", "",
           "constexpr std::array<MetricInfo, kMetricCount> kMetrics = {{"]
    for m in metrics:
        out += ["    {MetricId::%s, MetricType::%s, %s," % (identifier(m["name"]), m["type"].capitalize(), text(m["name"])),
                "     %s, %s," % (text(" ".join(m.get("labels", []))), text(m.get("unit", ""))),
                "     %s, %s}," % (text(m["help"]), "true" if m.get("alias") else "false")]
    out += ["}};", "", "}  // namespace", "", "std::span<const MetricInfo> metrics() { return kMetrics; }", "",
            "const MetricInfo& info(MetricId id) { return kMetrics[static_cast<size_t>(id)]; }", "",
            "}  // namespace siploom::registry", ""]
    return "\n".join(out)


def metrics_reference(metrics):
    out = ["# Metrics", "", "Made by `tools/gen_registry.py` from `src/registry/metrics.toml`; do not edit. Prometheus text at `/metrics`, "
           "for whoever has the permission `metrics.read`, or everybody when `metrics.public` is set. Names that do not begin with "
           "`siploom_` are given only with `metrics.heplify_aliases`.", "", "| name | type | labels | what |", "|---|---|---|---|"]
    for m in metrics:
        labels = ", ".join(f"`{label}`" for label in m.get("labels", []))
        unit = f" in {m['unit']}" if m.get("unit") else ""
        out.append(f"| `{m['name']}` | {m['type']}{unit} | {labels} | {m['help']} |")
    return "\n".join(out) + "\n"


def main():
    fields = read()
    settings = read_settings()
    metrics = read_metrics()
    files = {ROOT / "src/registry/fields_generated.h": header(fields),
             ROOT / "src/registry/fields_generated.cc": source(fields),
             ROOT / "docs/reference/fields.md": reference(fields),
             ROOT / "src/registry/settings_generated.h": settings_header(settings),
             ROOT / "src/registry/settings_generated.cc": settings_source(settings),
             ROOT / "docs/reference/settings.md": settings_reference(settings),
             ROOT / "src/registry/metrics_generated.h": metrics_header(metrics),
             ROOT / "src/registry/metrics_generated.cc": metrics_source(metrics),
             ROOT / "docs/reference/metrics.md": metrics_reference(metrics)}
    stale = [path for path, content in files.items() if not path.exists() or path.read_text() != content]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale; run make generate")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
