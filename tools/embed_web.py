#!/usr/bin/env python3
"""Makes src/api/start_page_generated.h from web/start/. `--check` writes nothing and fails when it is stale."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "src" / "api" / "start_page_generated.h"


def main():
    out = ["// Made by tools/embed_web.py from web/start/; do not edit.", "#pragma once", "", "#include <string_view>", "",
           "namespace siploom::api {", ""]
    for path in sorted((ROOT / "web" / "start").iterdir()):
        name = "k" + "".join(part.capitalize() for part in re.split(r"[._-]", path.name))
        out += [f'constexpr std::string_view {name} = R"siploom({path.read_text()})siploom";', ""]
    out += ["}  // namespace siploom::api", ""]
    text = "\n".join(out)
    if "--check" in sys.argv:
        if not OUT.exists() or OUT.read_text() != text:
            sys.exit(f"{OUT.relative_to(ROOT)} is stale: make generate")
    else:
        OUT.write_text(text)


if __name__ == "__main__":
    main()
