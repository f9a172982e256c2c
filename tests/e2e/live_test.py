#!/usr/bin/env python3
"""Live capture on the loopback interface: results as they come, Ctrl-C, privileges. Needs root or CAP_NET_RAW."""
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time

from support import SIPLOOM, check, check_equal, finish, run, skip

CALLER, CALLEE = 25060, 25062


def message(start, call_id, cseq, method, to_tag=""):
    return (f"{start}\r\nVia: SIP/2.0/UDP 127.0.0.1:{CALLER};branch=z9hG4bK-{call_id}-{cseq}\r\n"
            f"From: <sip:alice@example.org>;tag=1\r\nTo: <sip:bob@example.org>{to_tag}\r\nCall-ID: {call_id}\r\n"
            f"CSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n").encode()


class Phones:
    """Two sockets that talk to each other."""

    def __init__(self):
        self.caller = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.callee = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for each in (self.caller, self.callee):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.caller.bind(("127.0.0.1", CALLER))
        self.callee.bind(("127.0.0.1", CALLEE))

    def ask(self, data):
        self.caller.sendto(data, ("127.0.0.1", CALLEE))
        time.sleep(0.02)

    def answer(self, data):
        self.callee.sendto(data, ("127.0.0.1", CALLER))
        time.sleep(0.02)

    def call(self, call_id):
        to_tag = ";tag=2"
        self.ask(message("INVITE sip:bob@example.org SIP/2.0", call_id, 1, "INVITE"))
        self.answer(message("SIP/2.0 180 Ringing", call_id, 1, "INVITE", to_tag))
        self.answer(message("SIP/2.0 200 OK", call_id, 1, "INVITE", to_tag))
        self.ask(message("ACK sip:bob@example.org SIP/2.0", call_id, 1, "ACK", to_tag))
        self.ask(message("BYE sip:bob@example.org SIP/2.0", call_id, 2, "BYE", to_tag))
        self.answer(message("SIP/2.0 200 OK", call_id, 2, "BYE", to_tag))


def start(*arguments, environment=None):
    process = subprocess.Popen([SIPLOOM, *arguments, "-i", "lo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=environment, bufsize=0)
    wait_until_open(process)
    return process


def wait_until_open(process):
    """Root's rights go when the interface is open; without them to see, a second must do."""
    for _ in range(100 if os.geteuid() == 0 else 10):
        time.sleep(0.1)
        if os.geteuid() != 0 or process.poll() is not None:
            continue
        status = open(f"/proc/{process.pid}/status").read()
        if "CapEff:\t0000000000000000" in status:
            break
    time.sleep(0.1)


def first_line(process):
    ready, _, _ = select.select([process.stdout], [], [], 10)
    return process.stdout.readline() if ready else b'{"call_id": "nothing within 10 s"}'


def stop(process):
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        err += b" (did not end)"
    return process.returncode, out, err.decode("utf-8", "replace")


def test_grep_shows_messages_as_they_come(phones):
    process = start("grep", "--json", f"port == {CALLER} and cseq.method == INVITE")
    phones.call("live-grep@h")
    first = json.loads(first_line(process))
    check_equal(first["call_id"], "live-grep@h", "the message is there before the capture ends")
    if os.geteuid() == 0:
        status = open(f"/proc/{process.pid}/status").read()
        uid = [line for line in status.splitlines() if line.startswith("Uid:")][0].split()[1:]
        check("0" not in uid, f"root's rights are given up once the interface is open: {uid}")
    status, out, err = stop(process)
    check_equal(status, 0, f"Ctrl-C after a match: {err}")
    check_equal(len(out.splitlines()), 2, "its 180 and 200 come, too")


def test_calls_end_with_ctrl_c(phones):
    process = start("calls", "--json", f"port == {CALLER}")
    phones.call("live-calls@h")
    phones.ask(message("INVITE sip:bob@example.org SIP/2.0", "live-open@h", 1, "INVITE"))
    status, out, err = stop(process)
    calls = {call["call_id"]: call for call in map(json.loads, out.splitlines())}
    check_equal(status, 0, f"Ctrl-C: {err}")
    check_equal(calls.get("live-calls@h", {}).get("state"), "completed", "the call that ended")
    check_equal(calls.get("live-calls@h", {}).get("messages"), 6, "each message once, though lo shows both directions")
    check_equal(calls.get("live-open@h", {}).get("state"), "calling", "the call that is still open")


def test_stats_and_bpf(phones):
    process = start("stats", "--json", "--bpf", f"udp port {CALLEE}")
    phones.call("live-stats@h")
    status, out, err = stop(process)
    check_equal(status, 0, f"stats: {err}")
    stats = json.loads(out)
    check_equal(stats["sip"]["messages"], 6, "messages counted")
    check_equal(stats["packets"], 6, "and nothing else passed the filter")


def test_export_while_capturing(phones):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "live.pcap")
        process = start("export", "-o", path, f"port == {CALLER}")
        phones.call("live-export@h")
        if os.geteuid() == 0:
            status = open(f"/proc/{process.pid}/status").read()
            check("CapEff:\t0000000000000000" in status, "who writes files as root has no capability left")
        status, _, err = stop(process)
        check_equal(status, 0, f"export: {err}")
        check_equal(len(run("grep", "--json", path)[1].splitlines()), 6, "what was exported reads back")


def test_commands_that_read_twice(phones):
    process = start("show", "call_id == live-show@h")
    phones.call("live-show@h")
    status, out, err = stop(process)
    check_equal(status, 0, f"show: {err}")
    check(b"INVITE" in out and b"BYE" in out, "the ladder of a call captured live")
    with tempfile.TemporaryDirectory() as folder:
        process = start("split", "-o", folder, f"port == {CALLER}")
        phones.call("live-split-1@h")
        phones.call("live-split-2@h")
        status, _, err = stop(process)
        check_equal(status, 0, f"split: {err}")
        check_equal(len(os.listdir(folder)), 2, "a file for each call")


def test_sudo_user_gets_the_file():
    if os.geteuid() != 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, 12345, 12345)
        path = os.path.join(folder, "mine.pcap")
        environment = {**os.environ, "SUDO_UID": "12345", "SUDO_GID": "12345"}
        process = start("export", "-o", path, environment=environment)
        phones = Phones()
        phones.call("live-sudo@h")
        status, _, err = stop(process)
        check_equal(status, 0, f"as the user behind sudo: {err}")
        check_equal(os.stat(path).st_uid, 12345, "the file is the user's")


def test_errors():
    status, _, err = run("calls", "-i", "nosuchif0")
    check(status == 2 and "nosuchif0" in err, f"an interface that is not there is named: {err}")
    status, _, err = run("calls", "-i", "lo", "--bpf", "udp portt 5060")
    check(status == 2 and "portt" in err, f"a wrong BPF expression is shown: {err}")


def may_capture():
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
        return True
    except (PermissionError, OSError):
        return False


def main():
    if not may_capture():
        skip("live capture: needs root or CAP_NET_RAW")
        finish()
    test_errors()
    phones = Phones()
    test_grep_shows_messages_as_they_come(phones)
    test_calls_end_with_ctrl_c(phones)
    test_stats_and_bpf(phones)
    test_export_while_capturing(phones)
    test_commands_that_read_twice(phones)
    test_sudo_user_gets_the_file()
    finish()


main()
