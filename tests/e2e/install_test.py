#!/usr/bin/env python3
"""`make install` into an empty folder: the program starts from there, and the unit names files that are there."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from support import SIPLOOM, check, check_equal, finish, skip

BUILD = pathlib.Path(SIPLOOM).resolve().parent


def install(root, prefix):
    done = subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], env={**os.environ, "DESTDIR": str(root)},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    check_equal(done.returncode, 0, f"cmake --install --prefix {prefix}: {done.stdout.decode()[-2000:]}")


def check_starts(root, prefix):
    clean = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
    program = root / prefix.lstrip("/") / "bin/siploom"
    done = subprocess.run([program, "version"], env=clean, capture_output=True, timeout=60)
    check(done.returncode == 0 and done.stdout.startswith(b"siploom "), f"{prefix}: starts: {done.stderr.decode()}")
    libraries = subprocess.run(["ldd", program], env=clean, capture_output=True, timeout=60).stdout.decode()
    found = re.search(r"libduckdb\.so => (\S+)", libraries)
    if found and not found.group(1).startswith(("/lib", "/usr/lib")):
        check(found.group(1).startswith(str(root)), f"{prefix}: takes the library from its own folder: {found.group(1)}")
        check((root / prefix.lstrip("/") / "lib/siploom/libduckdb.LICENSE").exists(), f"{prefix}: the library's licence")


def check_unit(root, prefix, settings):
    unit = (root / prefix.lstrip("/") / "lib/systemd/system/siploom.service").read_text()
    start = re.search(r"^ExecStart=(\S+) serve --config (\S+) ", unit, re.M)
    if not check(start, f"{prefix}: the unit says what to start"):
        return
    check_equal(start.group(1), f"{prefix}/bin/siploom", f"{prefix}: the program of the unit")
    check_equal(start.group(2), settings, f"{prefix}: the settings of the unit")
    for path in start.groups():
        check((root / path.lstrip("/")).exists(), f"{prefix}: {path} is there")
    check("DynamicUser=yes" in unit and "StateDirectory=siploom" in unit, f"{prefix}: nothing has to be made by hand")


def main():
    if not (BUILD / "cmake_install.cmake").exists():
        skip(f"install: {BUILD} is no build folder")
        finish()
    root = pathlib.Path(tempfile.mkdtemp(prefix="siploom-install-"))
    try:
        for prefix, settings in (("/usr/local", "/usr/local/etc/siploom/siploom.toml"), ("/usr", "/etc/siploom/siploom.toml")):
            install(root, prefix)
            check_starts(root, prefix)
            check_unit(root, prefix, settings)
            for path in ("share/man/man1/siploom.1", "share/bash-completion/completions/siploom",
                         "share/zsh/site-functions/_siploom", "share/doc/siploom/guide.md"):
                check((root / prefix.lstrip("/") / path).exists(), f"{prefix}: {path}")
            mine = root / settings.lstrip("/")
            mine.write_text("# mine\n")
            install(root, prefix)
            check_equal(mine.read_text(), "# mine\n", "settings that are there stay")
            shutil.rmtree(root / prefix.lstrip("/"))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    finish()


main()
