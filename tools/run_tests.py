#!/usr/bin/env python3
"""Builds and runs everything that is tested and prints one closing line: N passed, N failed.

Steps: rules of the tree; the end-to-end tests on the release program; the unit and property tests and the fuzzers'
short runs under ASan and UBSan; what owns threads under TSan. `--quick`: unit tests in release instead of the sanitizers.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNTS = re.compile(r"test cases:\s+\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed(?:\s*\|\s*(\d+) skipped)?")
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, name, ok, passed, failed, skipped, output, seconds):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        mark = "ok  " if ok else "FAIL"
        print(f"{mark} {name:<34} {passed:>5} passed {failed:>3} failed {skipped:>3} skipped {seconds:6.1f} s", flush=True)
        for line in output.splitlines():
            if line.startswith(("skipped:", "SKIPPED")):
                print("     " + line)
        if not ok:
            print(output[-20000:], flush=True)

    def run_each(self, prefix, files, env=None, arguments=()):
        """Programs that share nothing, as many at a time as there are processors; told in their order."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            runs = [pool.submit(self.measure, prefix + file.name, [str(file), *arguments], env) for file in files]
            for each in runs:
                self.add(*each.result())

    def run(self, name, command, env=None):
        self.add(*self.measure(name, command, env))

    @staticmethod
    def measure(name, command, env=None, timeout=1200):
        began = time.monotonic()
        try:
            done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
            output, code = done.stdout.decode("utf-8", "replace"), done.returncode
        except subprocess.TimeoutExpired as expired:
            output = (expired.stdout or b"").decode("utf-8", "replace") + f"\ntimed out after {timeout} s"
            code = -1
        match = COUNTS.search(output) or PLAIN.search(output)
        if match:
            passed, failed = int(match.group(1)), int(match.group(2))
            skipped = int(match.group(3) or 0) if match.re is PLAIN else 0
            if code != 0 and failed == 0:
                failed = 1
        else:
            passed, failed, skipped = (1, 0, 0) if code == 0 else (0, 1, 0)
        return name, code == 0, passed, failed, skipped, output, time.monotonic() - began


def build(preset, targets):
    directory = ROOT / "build" / preset
    # A directory configured under another path (a moved checkout) is of no use.
    cache = directory / "CMakeCache.txt"
    if not (directory / "build.ninja").exists() or str(ROOT) not in cache.read_text(errors="replace"):
        subprocess.run(["cmake", "--preset", preset, "--fresh"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    began = time.monotonic()
    command = ["cmake", "--build", "--preset", preset, "-j", str(os.cpu_count() or 2)]
    if targets:
        command += ["--target", *targets]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        print(done.stdout.decode("utf-8", "replace")[-20000:])
        print(f"build of {preset} failed\n0 passed, 1 failed")
        sys.exit(1)
    print(f"built {preset} in {time.monotonic() - began:.0f} s", flush=True)
    return directory


def programs(directory, suffix):
    return sorted(p for p in directory.iterdir() if p.name.endswith(suffix) and os.access(p, os.X_OK) and p.is_file())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="unit tests in release, no sanitizers, no fuzzers")
    options = parser.parse_args()
    tally = Tally()
    tally.run("rooms and sizes", ["tools/check_rooms.py"])
    tally.run("generated files are fresh", ["tools/gen_registry.py", "--check"])
    tally.run("embedded pages are fresh", ["tools/embed_web.py", "--check"])
    release = build("release", [] if options.quick else ["siploom"])
    if options.quick:
        tally.run_each("", programs(release, "_test"))
    for script in sorted((ROOT / "tests" / "e2e").glob("*_test.py")):
        tally.run("e2e " + script.stem, [sys.executable, str(script)], env={"SIPLOOM": str(release / "siploom")})
    if not options.quick:
        asan = build("asan", [])
        env = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
        tally.run_each("asan ", programs(asan, "_test"), env)
        tally.run_each("fuzz ", programs(asan, "_fuzz"), env, ["-runs=20000"])
        for script in ("commands_test.py", "corpus_test.py", "live_test.py", "hep_sender_test.py"):
            tally.run("asan e2e " + script.removesuffix(".py"), [sys.executable, "tests/e2e/" + script],
                      env={**env, "SIPLOOM": str(asan / "siploom")})
        tsan = build("tsan", ["pipeline_test", "admin_test", "http_test", "intake_test", "api_test", "store_test"])
        suppressions = ROOT / "tests" / "support" / "tsan_suppressions.txt"
        tally.run_each("tsan ", programs(tsan, "_test"), {"TSAN_OPTIONS": f"suppressions={suppressions}"})
    print(f"{tally.passed} passed, {tally.failed} failed" + (f", {tally.skipped} skipped" if tally.skipped else ""))
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
