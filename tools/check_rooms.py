#!/usr/bin/env python3
"""Keeps the rules of ARCHITECTURE.md and CONTRIBUTING.md: which room may include which, and how large things may be."""
import pathlib
import re
import subprocess
import sys

from file_locals import clashes

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

# room -> rooms it may include (itself is always allowed).
MAY_INCLUDE = {
    "base": [],
    "registry": ["base"],
    "wire": ["base"],
    "packet": ["base"],
    "capture": ["base", "packet", "wire/hep"],
    "intake": ["base", "wire", "capture"],
    "http": ["base"],
    "model": ["base", "registry"],
    "media": ["base", "model", "wire"],
    "weave": ["base", "model", "wire"],
    "query": ["base", "registry", "model"],
    "store": ["base", "registry", "model", "query"],
    "admin": ["base", "registry", "query"],
    "view": ["base", "registry", "model"],
    "exporter": ["base", "model", "capture"],
    "pipeline": ["base", "registry", "model", "wire", "packet", "capture", "intake", "media", "weave", "query",
                 "store"],
    "api": ["base", "registry", "model", "query", "store", "admin", "http", "exporter", "view", "wire", "pipeline",
            "capture", "intake"],
    "simulate": ["base", "capture", "wire/hep", "wire/report"],
    "cli": ["base", "registry", "model", "wire", "capture", "weave", "query", "pipeline", "view", "exporter",
            "simulate", "packet", "media", "store", "intake", "http", "admin", "api"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
# Headers that cost seconds to compile and may therefore appear in at most two files.
# A name that ends in '/' stands for every header of that folder.
HEAVY = ["CLI/CLI.hpp", "re2/re2.h", "toml++/toml.h", "iostream", "regex", "boost/"]
CAPS = {".cc": 800, ".h": 400}
LINE_CAP = 100
FUNCTION_CAP = 80


def room_of(path):
    return path.relative_to(SRC).parts[0] if path.parent != SRC else None


def check_includes(path, lines, problems):
    room = room_of(path)
    if room is None:
        return
    allowed = MAY_INCLUDE.get(room)
    if allowed is None:
        problems.append(f"{path.relative_to(ROOT)}: room '{room}' is not in the table of tools/check_rooms.py")
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        if target.startswith("support/") and (path.name.endswith("_test.cc") or path.name.startswith("test_")):
            continue
        if target.split("/")[0] == room or any(target.startswith(a + "/") for a in allowed):
            continue
        problems.append(f"{path.relative_to(ROOT)}:{number}: {room} may not include {target}")


def check_sizes(path, lines, problems):
    name = path.relative_to(ROOT)
    if path.name.endswith("_generated.cc") or path.name.endswith("_generated.h"):
        return
    cap = CAPS.get(path.suffix)
    if cap and len(lines) > cap:
        problems.append(f"{name}: {len(lines)} lines, at most {cap}")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_CAP and "http" not in line:
            problems.append(f"{name}:{number}: {len(line)} columns, at most {LINE_CAP}")


def check_functions(path, lines, problems):
    """A function begins at a line in column 0 that ends in '{' and holds '(' and ends at a '}' in column 0."""
    if path.suffix != ".cc" or path.name.endswith("_generated.cc"):
        return
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and line[:1] not in (" ", "}", "#", "/", "") and line.rstrip().endswith("{"):
            if not re.match(r"(namespace|struct|class|enum|union|extern|constexpr .*=|const .*=|static const .*=)", line):
                start = number
        elif line.startswith("}"):
            if start is not None and number - start + 1 > FUNCTION_CAP:
                problems.append(f"{path.relative_to(ROOT)}:{start}: function of {number - start + 1} lines, "
                                f"at most {FUNCTION_CAP}")
            start = None


def check_names(listed, problems):
    """File-local names are unique within a room: its files are compiled several at once."""
    rooms = {}
    for path in (ROOT / name for name in listed):
        if path.suffix not in (".cc", ".h") or not path.exists() or path.parent == SRC or SRC not in path.parents:
            continue
        text = path.read_text(encoding="utf-8")
        name = str(path.relative_to(ROOT))
        for tests in (False, True):
            if path.suffix == ".h" or path.name.endswith("_test.cc") == tests:
                rooms.setdefault((room_of(path), tests), {})[name] = text
    for (_, tests), files in sorted(rooms.items()):
        problems.extend(f"{clash} (file-local names are one file's alone within a room)" for clash in clashes(files, tests))


def main():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "src", "fuzz", "bench"],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    problems = []
    heavy = {header: [] for header in HEAVY}
    for name in listed:
        path = ROOT / name
        if path.suffix not in (".cc", ".h") or not path.exists():
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        if SRC in path.parents:
            check_includes(path, lines, problems)
        check_sizes(path, lines, problems)
        check_functions(path, lines, problems)
        for header, users in heavy.items():
            included = f"<{header}" if header.endswith("/") else f"<{header}>"
            if any(included in line for line in lines) and not path.name.endswith("_test.cc"):
                users.append(name)
    for header, users in heavy.items():
        if len(users) > 2:
            problems.append(f"<{header}> is heavy and may appear in two files at most: {', '.join(users)}")
    check_names(listed, problems)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
