#!/usr/bin/env python3
"""What completion offers, asked of the bash script as readline would."""
import pathlib
import subprocess
import tempfile

from support import SIPLOOM, check, check_equal, finish, run

ASK = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _siploom; printf '%s\n' "${COMPREPLY[@]}"
"""


def offered(script, *words):
    done = subprocess.run(["bash", "-c", ASK, "ask", script, "siploom", *words], capture_output=True, text=True,
                          check=True, cwd="/")
    check_equal(done.stderr, "", f"{words}: silent")
    return [line for line in done.stdout.split("\n") if line]


def main():
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "siploom.bash"
        script.write_bytes(run("completion", "bash")[1])
        check_equal(subprocess.run(["bash", "-n", script]).returncode, 0, "the script parses")
        check_equal(offered(script, "ca"), ["calls"], "commands")
        check("--interval" in offered(script, "stats", "--in"), "options of the command")
        check("--columns" not in offered(script, "stats", "--"), "and not of another")
        check_equal(offered(script, "grep", "diver"), ["diversion"], "fields")
        check_equal(offered(script, "grep", "'status >= 400 and diver"), ["status >= 400 and diversion"],
                    "fields within a quoted filter")
        check_equal(offered(script, "calls", "'state == bu"), ["state == busy"], "values of an enumeration")
        check("-call.pdd" in offered(script, "calls", "--sort", "-call.p"), "descending order")
        check_equal(offered(script, "calls", "--columns", "start,from.d"), ["start,from.display"], "lists of columns")
        check_equal(offered(script, "completion", "z"), ["zsh"], "kinds of completion")
        check("lo" in offered(script, "grep", "-i", ""), "interfaces")
        check("/etc/" in offered(script, "calls", "/et") or "/etc" in offered(script, "calls", "/et"), "files")
    finish()


main()
