"""What the end-to-end tests share: running siploom, the corpus, and counting checks for the closing line."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SIPLOOM = os.environ.get("SIPLOOM", str(ROOT / "build" / "release" / "siploom"))
CORPUS = pathlib.Path(os.environ.get("SIPLOOM_CORPUS", ROOT.parent / "shared"))

_passed = 0
_failed = 0
_skipped = 0


def run(*arguments, stdin=None, timeout=60, env=None):
    """Runs siploom; gives (status, standard output, standard error)."""
    options = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run([SIPLOOM, *map(str, arguments)], capture_output=True, timeout=timeout,
                          env={**os.environ, **(env or {})}, **options)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def run_json(*arguments, **options):
    status, out, err = run(*arguments, **options)
    check(status in (0, 1), f"{' '.join(map(str, arguments))}: status {status}: {err}")
    return [json.loads(line) for line in out.splitlines()]


def check(condition, what):
    global _passed, _failed
    if condition:
        _passed += 1
    else:
        _failed += 1
        print(f"FAILED: {what}")
    return bool(condition)


def check_equal(found, expected, what):
    return check(found == expected, f"{what}: found {found!r}, expected {expected!r}")


def skip(what):
    global _skipped
    _skipped += 1
    print(f"skipped: {what}")


def finish():
    """Prints the closing line and ends the program."""
    print(f"{_passed} passed, {_failed} failed" + (f", {_skipped} skipped" if _skipped else ""))
    sys.exit(1 if _failed else 0)
