#!/usr/bin/env python3
"""siploom simulate --hep: what a collector gets is what the truth says; Ctrl-C; a collector that restarts."""
import json
import pathlib
import re
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from support import SIPLOOM, check, check_equal, finish, run

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="siploom_hep_"))
SIP, RTCP, LOG = 1, 5, 100


def chunks(message):
    """The chunks of a HEP v3 message, by type."""
    out, at = {}, 6
    while at < len(message):
        _, kind, size = struct.unpack(">HHH", message[at:at + 6])
        out[kind] = message[at + 6:at + size]
        at += size
    return out


def call_id(sip):
    return re.search(rb"^(?:Call-ID|i): *(\S+)", sip, re.M).group(1).decode()


class Udp:
    """Takes all the time: kernels keep little for those who do not."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"udp:127.0.0.1:{self.socket.getsockname()[1]}"
        self.datagrams = []
        self.socket.settimeout(0.3)
        self.ending = False
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while True:
            try:
                self.datagrams.append(self.socket.recv(65536))
            except TimeoutError:
                if self.ending:
                    return

    def take(self):
        self.ending = True
        self.thread.join(10)
        return [chunks(each) for each in self.datagrams]


class Tcp:
    """Accepts until it is closed; what came is in `streams`."""

    def __init__(self, port=0):
        self.streams, self.connections = [], []
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.socket.listen()
        self.port = self.socket.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            data = bytearray()
            self.streams.append(data)
            self.connections.append(connection)
            self.threads.append(threading.Thread(target=self.read, args=(connection, data), daemon=True))
            self.threads[-1].start()

    @staticmethod
    def read(connection, data):
        try:
            while piece := connection.recv(65536):
                data += piece
        except OSError:
            pass

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for each in self.connections:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def messages(self):
        out = []
        for data in self.streams:
            at = 0
            while at + 6 <= len(data):
                size = struct.unpack(">H", data[at + 4:at + 6])[0]
                if at + size > len(data):
                    break
                out.append(bytes(data[at:at + size]))
                at += size
        return out


def of(messages, node, kind):
    return [m for m in messages if struct.unpack(">I", m[12])[0] == node and m[11][0] == kind]


def test_what_comes_is_the_truth():
    collector = Udp()
    truth_path, calls_path = FOLDER / "truth.json", FOLDER / "calls.jsonl"
    began = time.time()
    status, out, err = run("simulate", "--hep", collector.url, "--preset", "demo", "--rate", 20, "--speed", 10,
                           "--duration", "2s", "--json", "--truth", truth_path, "--calls-truth", calls_path)
    ended = time.time()
    check_equal(status, 0, f"simulate --hep: {err}")
    check_equal(err, "", "nothing to complain of")
    messages, report, truth = collector.take(), json.loads(out), json.loads(truth_path.read_text())
    check_equal(len(messages), report["sent"], "as many came as were sent")
    check_equal(report["lost"], 0, "nothing lost")
    edge = of(messages, 2001, SIP)
    check_equal(len(edge), truth["sip"]["messages"], "every message at the edge")
    check_equal(len(of(messages, 2002, SIP)), truth["sip"]["duplicates"], "its own at the pbx")
    check(of(messages, 2001, LOG), "logs")
    reports = [m for m in messages if m[11][0] == RTCP]
    check_equal(len(reports), truth["rtcp"]["packets"], "RTCP")
    check(all("report_blocks" in json.loads(m[15]) for m in reports), "RTCP is JSON with blocks")
    calls = {json.loads(line)["call_id"] for line in calls_path.read_text().splitlines()}
    check_equal(len({call_id(m[15]) for m in edge} ^ calls), 0, "Call-IDs that differ")
    check({m[17].decode() for m in messages if m[11][0] == LOG} <= calls, "logs name the Call-ID")
    # Of calls that were under way before it began, RTCP may be all there is.
    known = [m for m in reports if m[17].decode() in calls]
    check(len(known) > 0.8 * len(reports), f"RTCP names the Call-ID: {len(known)} of {len(reports)}")
    times = [struct.unpack(">I", m[9])[0] + struct.unpack(">I", m[10])[0] / 1e6 for m in edge]
    check(began - 0.1 <= min(times) and max(times) <= ended + 0.1, "times are those of the clock on the wall")


def test_ctrl_c_ends_it():
    collector = Udp()
    process = subprocess.Popen([SIPLOOM, "simulate", "--hep", collector.url, "--profile", "heplify", "--node", "edge-9",
                                "--capture-id", "77", "--key", "secret", "--rate", "50"], stdout=subprocess.PIPE)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out = process.communicate(timeout=10)[0].decode()
    check_equal(process.returncode, 0, "ends well")
    messages = collector.take()
    check(out.startswith(f"sent {len(messages)} HEP messages"), f"says what was sent: {out}")
    mine = of(messages, 77, SIP)
    check(mine and all(m[0x13] == b"edge-9" and m[0x0e] == b"secret" for m in mine), "name, id and key")


def test_collector_restarts():
    first = Tcp()
    process = subprocess.Popen([SIPLOOM, "simulate", "--hep", f"tcp:127.0.0.1:{first.port}", "--rate", "100", "--no-media",
                                "--duration", "3s", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1)
    first.close()
    time.sleep(0.5)
    second = Tcp(first.port)
    out, err = process.communicate(timeout=20)
    report = json.loads(out)
    for thread in second.threads[1:]:
        thread.join(5)
    check_equal(report["lost"], 0, "nothing lost")
    check_equal(err.decode().count("trying again"), 1, f"said once: {err}")
    check_equal(err.decode().count("connected"), 1, f"said that it is back: {err}")
    edge = sum(node["sent"]["sip"] for node in report["nodes"] if node["name"] == "edge1")
    came = {m for m in first.messages() + second.messages() if chunks(m)[12] == struct.pack(">I", 2001)
            and chunks(m)[11][0] == SIP}
    check_equal(len(came), edge, "every message came")


def test_options_that_make_no_sense():
    for words, hint in ((("simulate",), "--hep"), (("simulate", "--hep", "nonsense"), "udp:127.0.0.1:9060"),
                        (("simulate", "--hep", "udp:127.0.0.1:9", FOLDER / "x.pcap"), "not both"),
                        (("simulate", "--speed", 2, FOLDER / "x.pcap"), "are for --hep"),
                        (("simulate", "--hep", "udp:127.0.0.1:9", "--profile", "sofa"), "kamailio"),
                        (("simulate", "--hep", "udp:127.0.0.1:9", "--start", "2026-01-01"), "--start")):
        status, _, err = run(*words)
        check_equal(status, 2, f"{words}: refused")
        check(hint in err, f"{words}: {err}")


test_what_comes_is_the_truth()
test_ctrl_c_ends_it()
test_collector_restarts()
test_options_that_make_no_sense()
finish()
