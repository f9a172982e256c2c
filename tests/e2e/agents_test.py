#!/usr/bin/env python3
"""Real HEP senders of Debian against siploom serve: kamailio, rtpengine, sngrep, sipgrep; skipped when not installed.

Kamailio's other way, plain SIP copies with X-Siptrace headers, is not taken by siploom serve and not tried here.
"""
import calendar
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

import hep
from server import Server, scratch_folder, wait_for
from support import check, check_equal, finish, run, skip

HERE = pathlib.Path(__file__).resolve().parent / "agents"
MODULES = next((str(path) for path in pathlib.Path("/usr/lib").glob("*/kamailio/modules")), "/usr/lib/kamailio/modules")
CALL_ROW_AFTER = 36  # a call that is over waits so long for late messages
PROXY, CALLER, CALLEE, REFUSED = "127.0.0.12", "127.0.0.11", "127.0.0.13", "127.0.0.14"
KEY = "key-of-the-lab"


def free_port(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Program:
    """A program that runs beside the test, with a folder of its own."""

    def __init__(self, arguments, folder, **options):
        self.output = open(pathlib.Path(folder) / "output", "ab")
        self.process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=subprocess.STDOUT, cwd=folder, start_new_session=True, **options)

    def text(self):
        return pathlib.Path(self.output.name).read_text(errors="replace")

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, with_signal=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
            if self.wait(5) is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.output.close()


# ---- sipp --------------------------------------------------------------------------------------------------------

MESSAGE_HEAD = re.compile(rb"^-{20,}[^\n]*\n(UDP|TCP) message (sent|received) [\[(](\d+)[\])]? ?bytes[\])]? ?:?\n\n", re.M)


def sipp_messages(path):
    """What sipp sent and received, octet for octet, as [(sent?, message)]."""
    text = pathlib.Path(path).read_bytes()
    heads = list(MESSAGE_HEAD.finditer(text))
    out = []
    for head in heads:
        size = int(head.group(3))
        out.append((head.group(2) == b"sent", text[head.end():head.end() + size]))
    return out


def sipp(folder, name, *arguments):
    place = folder / name
    place.mkdir()
    return Program(["sipp", "-nostdin", "-trace_msg", "-message_file", place / "messages", *arguments], place)


# ---- kamailio ----------------------------------------------------------------------------------------------------


class Kamailio:
    """One proxy with one way of mirroring, and sipp's on both its sides."""

    def __init__(self, folder, name, server, agent, version=3, mode=1, transport="udp", scope=None, stateless=False, more=""):
        self.folder, self.name, self.agent, self.scope = folder / name, name, agent, scope
        self.folder.mkdir()
        self.port, self.callee_port = free_port(PROXY), free_port(CALLEE)
        values = {"LISTEN": f"{PROXY}:{self.port}", "CALLEE": f"{CALLEE}:{self.callee_port}", "MODULES": MODULES,
                  "HEP": f"127.0.0.1:{server.port}" + (";transport=tcp" if transport == "tcp" else ""),
                  "VERSION": version, "MODE": mode, "AGENT": agent, "SCRIPT_TRACE": int(scope is not None),
                  "SCOPE": scope or "t", "STATELESS": int(stateless), "MORE": more}
        config = (HERE / "kamailio.cfg.in").read_text()
        for key, value in values.items():
            config = config.replace(f"@{key}@", str(value))
        (self.folder / "kamailio.cfg").write_text(config)
        self.program = Program(["kamailio", "-DD", "-E", "-f", self.folder / "kamailio.cfg", "-P", self.folder / "pid",
                                "-Y", self.folder, "-m", "32", "-M", "4"], self.folder)

    def is_up(self):
        """Whether it answers; the probe is no part of what is counted, and its Call-ID says so."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((CALLER, 0))
            probe.settimeout(0.3)
            via = f"{CALLER}:{probe.getsockname()[1]}"
            message = hep.sip(f"INVITE sip:nobody@{PROXY} SIP/2.0", f"probe-{self.name}-{time.monotonic_ns()}")
            message = message.replace(b"UDP 192.0.2.10:5060", f"UDP {via}".encode())
            try:
                probe.sendto(message, (PROXY, self.port))
                return probe.recv(4096).startswith(b"SIP/2.0 404")
            except OSError:
                return False

    def begin_calls(self, calls, talk_ms):
        self.callee = sipp(self.folder, "callee", "-sn", "uas", "-i", CALLEE, "-p", self.callee_port, "-cid_str", "%u")
        time.sleep(0.1)
        target = f"{PROXY}:{self.port}"
        self.caller = sipp(self.folder, "caller", "-sn", "uac", "-i", CALLER, "-p", free_port(CALLER), "-m", calls, "-r", 20,
                           "-d", talk_ms, "-cid_str", f"{self.name}-%u@sipp", "-rsa", target, target)
        self.refused = sipp(self.folder, "refused", "-sf", HERE / "refused.xml", "-i", REFUSED, "-p", free_port(REFUSED),
                            "-m", calls // 2, "-r", 20, "-cid_str", f"{self.name}-refused-%u@sipp", target)

    def end_calls(self):
        for what in (self.caller, self.refused):
            check_equal(what.wait(30), 0, f"{self.name}: sipp: {what.text()[-500:]}")
        time.sleep(0.2)
        self.callee.stop(signal.SIGKILL)
        return sum((sipp_messages(self.folder / side / "messages") for side in ("caller", "refused", "callee")), [])

    def stop(self):
        for each in ("caller", "callee", "refused", "program"):
            if hasattr(self, each):
                getattr(self, each).stop()


def age(row):
    """How many seconds ago an agent has seen it, by its own clock."""
    return time.time() - calendar.timegm(time.strptime(row["time"][:19], "%Y-%m-%dT%H:%M:%S"))


def check_order(server, call_id):
    """No response before its request; nothing forwarded before it came in."""
    rows = [json.loads(line) for line in run("query", "--store", server.store, "-m", "-n0", "--json",
                                             f'call_id == "{call_id}"')[1].splitlines()]
    seen = set()
    for row in rows:
        place = (row["cseq"], row["cseq_method"])
        if row["status"] is None:
            forwarded = row["src"].startswith(PROXY)
            if forwarded and row["cseq_method"] != "ACK":
                check(("in", *place) in seen, f"{call_id}: {row['cseq_method']} forwarded before it came in")
            seen.add(("out" if forwarded else "in", *place))
        else:
            came_in = row["dst"].startswith(PROXY)
            check(("out" if came_in else "in", *place) in seen, f"{call_id}: {row['status']} before its request")
            if not came_in and row["status"] > 100 and row["status"] != 404:
                check(("response", row["status"], *place) in seen, f"{call_id}: {row['status']} forwarded before it came in")
            if came_in:
                seen.add(("response", row["status"], *place))
    return rows


def check_everything(server, proxy, wire):
    """Each message that sipp saw is there once, octet for octet."""
    name = proxy.name
    expected = collections.Counter(message for _, message in wire)
    where = f"call_id like '{name}-%' and kind = 'sip'"
    server.wait_for_count(sum(expected.values()), where, 10)
    rows = server.records(f'call_id matches "^{name}-" and record.kind == sip')
    found = collections.Counter(row["payload"].encode() for row in rows)
    check(len(wire) > 50, f"{name}: sipp saw {len(wire)} messages")
    missing, extra = expected - found, found - expected
    check_equal(sum(found.values()), sum(expected.values()),
                f"{name}: messages; missing {list(missing)[:1]}, too many {list(extra)[:1]}")
    check(not missing and not extra, f"{name}: the same octets: missing {list(missing)[:2]}, too many {list(extra)[:2]}")
    return rows


def check_facts(proxy, rows, version):
    check(all(-5 < age(row) < 60 for row in rows), f"{proxy.name}: times are those of now")
    nodes = {row["node"] for row in rows}
    expected = {1: {"127.0.0.1", PROXY}, 2: {str(proxy.agent & 0xffff)}, 3: {str(proxy.agent)}}[version]
    check(nodes <= expected and nodes, f"{proxy.name}: nodes {nodes}, expected {expected}")
    check_equal({row["transport"] for row in rows}, {"udp"}, f"{proxy.name}: transport")


def kamailio_calls(server, folder):
    """Proxies of every kind at once, and their calls. Gives what is checked when the calls' rows are there."""
    auth = f'modparam("siptrace", "auth_key", "{KEY}")'
    proxies = {"v3": (Kamailio(folder, "v3", server, 4294967041, more=auth), 3),
               "v2": (Kamailio(folder, "v2", server, 2012, version=2), 2),
               "v1": (Kamailio(folder, "v1", server, 2003, version=1), 1),
               "tcp": (Kamailio(folder, "tcp", server, 2004, transport="tcp"), 3),
               "stateless": (Kamailio(folder, "stateless", server, 2005, stateless=True), 3),
               "script": (Kamailio(folder, "script", server, 2006, mode=0, scope="t"), 3),
               "scriptm": (Kamailio(folder, "scriptm", server, 2007, mode=0, scope="m", transport="tcp"), 3)}
    for name, (proxy, _) in proxies.items():
        check(wait_for(proxy.is_up, 20, 0.2), f"kamailio {name} runs: {proxy.program.text()[-1500:]}")
    for proxy, _ in proxies.values():
        proxy.begin_calls(10, 1500)
    wires = {name: proxy.end_calls() for name, (proxy, _) in proxies.items()}
    ready = time.monotonic() + CALL_ROW_AFTER
    for name, (proxy, version) in proxies.items():
        if proxy.scope is None:
            rows = check_everything(server, proxy, wires[name])
            check_facts(proxy, rows, version)
        proxy.stop()
    for name in ("v3", "v2", "tcp", "stateless"):
        for call in (1, 5, 10):
            rows = check_order(server, f"{name}-{call}@sipp")
            check_equal(len(rows), 12 if name == "stateless" else 13, f"{name}: messages of call {call}")
    check_script(server, proxies, wires)
    check_equal(files_with(server.store, KEY.encode()), [], "the HEP key is kept nowhere")
    return ready


def check_script(server, proxies, wires):
    """sip_trace() in the script: what it mirrors carries the id that the script gave; hlog() is a log."""
    for name in ("script", "scriptm"):
        proxy = proxies[name][0]
        seen = collections.Counter(message for _, message in wires[name])
        rows = server.records(f'call_id matches "^{name}-" and record.kind == sip')
        payloads = collections.Counter(row["payload"].encode() for row in rows)
        check(rows and not payloads - seen, f"{name}: nothing that sipp has not seen, nothing twice")
        for call in range(1, 11):
            call_id = f"{name}-{call}@sipp"
            own = [row for row in rows if row["call_id"] == call_id]
            tied = server.records(f'hep.correlation_id == "corr-{call_id}"')
            check({"INVITE"} <= {row["method"] for row in tied}, f"{name}: INVITE found by the script's id: {len(tied)}")
            check(len(own) >= (1 if name == "scriptm" else 6), f"{name}: {len(own)} messages of call {call}")
        logs = server.records(f'record.kind == log and call_id matches "{name}-"')
        check(len(logs) >= 10, f"{name}: hlog() lines: {len(logs)}")
        check(all("begins" in (row["summary"] or "") for row in logs), f"{name}: what they say")
        check_equal({row["node"] for row in logs}, {str(proxy.agent)}, f"{name}: node of logs")


def check_kamailio_calls(server, ready):
    time.sleep(max(0, ready - time.monotonic()))
    names = ("v3", "v2", "v1", "tcp", "stateless")
    wanted = {f"{name}-{call}@sipp" for name in names for call in range(1, 11)}

    def there():
        calls = {call["call_id"]: call for call in server.query("call.kind == call")}
        return calls if wanted <= calls.keys() else None

    calls = wait_for(there, 15, 1) or {call["call_id"]: call for call in server.query()}
    for name in names:
        own = [calls[call_id] for call_id in sorted(wanted) if call_id.startswith(name + "-") and call_id in calls]
        check_equal(len(own), 10, f"{name}: rows of calls")
        check_equal({call["state"] for call in own}, {"completed"}, f"{name}: states")
        check(all(1.4 < (call["duration_s"] or 0) < 3.5 for call in own), f"{name}: durations "
              f"{[call['duration_s'] for call in own]}")
        check_equal({call["status"] for call in own}, {200}, f"{name}: status")
        refused = [call for call_id, call in calls.items() if call_id.startswith(f"{name}-refused-")]
        check_equal(len(refused), 5, f"{name}: refused calls")
        check_equal({(call["state"], call["status"]) for call in refused}, {("rejected", 404)}, f"{name}: refused")


# ---- rtpengine ---------------------------------------------------------------------------------------------------


def bencode(value):
    if isinstance(value, dict):
        return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    if isinstance(value, int):
        return b"i%de" % value
    text = value.encode()
    return b"%d:%s" % (len(text), text)


def bdecode(text, at=0):
    """Gives the value and where it ends."""
    if text[at:at + 1] in (b"d", b"l"):
        is_dictionary, items = text[at:at + 1] == b"d", []
        at += 1
        while text[at:at + 1] != b"e":
            item, at = bdecode(text, at)
            items.append(item)
        return (dict(zip(items[::2], items[1::2])) if is_dictionary else items), at + 1
    if text[at:at + 1] == b"i":
        end = text.index(b"e", at)
        return int(text[at + 1:end]), end + 1
    colon = text.index(b":", at)
    end = colon + 1 + int(text[at:colon])
    return text[colon + 1:end].decode(), end


class RtpEngine:
    def __init__(self, folder, server, transport, address):
        self.folder, self.address, self.port = folder / f"rtpengine-{transport}", address, free_port(address)
        self.folder.mkdir()
        self.transport = transport
        self.homer_id = {"udp": 2010, "tcp": 2011}[transport]
        arguments = ["rtpengine", "--table=-1", "-f", "-E", f"--interface={address}", f"--listen-ng={address}:{self.port}",
                     f"--homer=127.0.0.1:{server.port}", f"--homer-protocol={transport}", f"--homer-id={self.homer_id}",
                     "-m", "30000", "-M", "30100", "-L", "4", "--pidfile", self.folder / "pid"]
        self.can_trace_ng = b"homer-enable-ng" in subprocess.run(["rtpengine", "--help"], capture_output=True).stdout
        if self.can_trace_ng:
            arguments.append("--homer-enable-ng")
        self.program = Program(arguments, self.folder)
        self.control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.control.settimeout(0.5)
        self.cookies = 0

    def ask(self, command, **fields):
        """One command of the NG protocol; None when there is no answer."""
        self.cookies += 1
        cookie = f"{os.getpid()}_{self.cookies}".encode()
        fields = {key.replace("_", "-"): value for key, value in fields.items()}
        self.control.sendto(cookie + b" " + bencode({"command": command, **fields}), (self.address, self.port))
        try:
            answer = self.control.recv(65535)
        except OSError:
            return None
        return bdecode(answer.split(b" ", 1)[1])[0]


def sdp_of(address, port):
    return (f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n")


def media_port(sdp):
    return int(re.search(r"m=audio (\d+)", sdp).group(1))


class Phone:
    """RTP and RTCP of one side."""

    def __init__(self, address, ssrc):
        self.address, self.ssrc, self.sequence = address, ssrc, 0
        while True:
            self.port = free_port(address) & ~1
            try:
                self.rtp, self.rtcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
                self.rtp.bind((address, self.port))
                self.rtcp.bind((address, self.port + 1))
                return
            except OSError:
                continue

    def talk(self, to, packets):
        for _ in range(packets):
            head = struct.pack("!BBHII", 0x80, 0, self.sequence, 160 * self.sequence, self.ssrc)
            self.rtp.sendto(head + bytes(160), to)
            self.sequence += 1
            time.sleep(0.005)

    def report(self, to, about, lost):
        """A sender report with one report block, and the CNAME (RFC 3550 6.1)."""
        seconds = int(time.time()) + 2208988800
        report = struct.pack("!BBHIIIIII", 0x81, 200, 12, self.ssrc, seconds, 1 << 31, 160 * self.sequence, self.sequence,
                             160 * self.sequence)
        block = struct.pack("!IIIIII", about, (lost & 0xff) << 24 | lost, 1000, 80, 0, 0)
        name = b"phone"
        items = struct.pack("!IBB", self.ssrc, 1, len(name)) + name + b"\0"
        items += bytes(-len(items) % 4)
        self.rtcp.sendto(report + block + struct.pack("!BBH", 0x81, 202, len(items) // 4) + items, to)


def check_rtpengine(server, folder, transport, address):
    engine = RtpEngine(folder, server, transport, address)
    name = f"rtpengine {engine.transport}"
    try:
        pong = wait_for(lambda: engine.ask("ping"), 15)
        if not check(pong and pong.get("result") == "pong", f"{name} runs: {engine.program.text()[-1000:]}"):
            return
        call_id = f"media-{engine.transport}@lab"
        left, right = Phone("127.0.0.31", 0x11111111), Phone("127.0.0.32", 0x22222222)
        offer = engine.ask("offer", call_id=call_id, from_tag="a1", sdp=sdp_of(left.address, left.port))
        answer = engine.ask("answer", call_id=call_id, from_tag="a1", to_tag="b1", sdp=sdp_of(right.address, right.port))
        check_equal((offer["result"], answer["result"]), ("ok", "ok"), f"{name}: offer and answer")
        to_right, to_left = media_port(offer["sdp"]), media_port(answer["sdp"])
        # The caller's packets go where the answer says.
        for _ in range(4):
            left.talk((address, to_left), 10)
            right.talk((address, to_right), 10)
            left.report((address, to_left + 1), right.ssrc, 3)
            right.report((address, to_right + 1), left.ssrc, 0)
        hep.udp(hep.v3(hep.sip("INVITE sip:b@h SIP/2.0", call_id)), port=server.port)
        server.wait_for_count(8, f"call_id = '{call_id}' and kind = 'rtcp-report'", 10)
        rows = server.records(f'call_id == "{call_id}"')
        reports = [row for row in rows if row["kind"] == "rtcp-report"]
        check_equal(len(reports), 8, f"{name}: RTCP reports")
        check_equal({row["node"] for row in reports}, {str(engine.homer_id)}, f"{name}: node")
        check_equal({row["method"] for row in reports}, {"SR"}, f"{name}: what they are")
        check_equal({row["correlation_id"] for row in reports}, {call_id}, f"{name}: id")
        flows = collections.Counter((row["src"], row["dst"]) for row in reports)
        check_equal(flows, {(f"{left.address}:{left.port + 1}", f"{address}:{to_left + 1}"): 4,
                            (f"{right.address}:{right.port + 1}", f"{address}:{to_right + 1}"): 4}, f"{name}: from and to")
        ssrcs = {json.loads(row["payload"])["ssrc"] for row in reports}
        check_equal(ssrcs, {left.ssrc, right.ssrc}, f"{name}: SSRCs, as they were sent")
        check(all(abs(age(row)) < 30 for row in reports), f"{name}: times")
        check(any(row["kind"] == "sip" for row in rows), f"{name}: the SIP of the call has the same id")
        delete = engine.ask("delete", call_id=call_id, from_tag="a1")
        check_equal(delete and delete["result"], "ok", f"{name}: delete")
        if engine.can_trace_ng:
            server.wait_for_count(6, f"call_id = '{call_id}' and kind = 'ng'", 5)
            commands = server.records(f'record.kind == ng and call_id == "{call_id}"')
            check_equal(len(commands), 6, f"{name}: three commands and their answers")
        elif engine.transport == "udp":
            skip("rtpengine of this version cannot trace its NG protocol")
    finally:
        engine.program.stop()


# ---- sngrep and sipgrep ------------------------------------------------------------------------------------------


def check_sniffers(server, folder):
    """A capture that they read and send on: every packet, and their swapped capture ids healed."""
    pcap, truth = folder / "sniffed.pcap", folder / "sniffed.json"
    # Neither passes on what is malformed or fragmented in the same way as it was.
    only = [word for kind in ("tcp", "websocket", "ipv6", "vlan", "fragments") for word in (f"--{kind}", 0)]
    status, _, err = run("simulate", "--preset", "demo", "--calls", 30, "--no-media", *only, "--truth", truth, pcap)
    check_equal(status, 0, f"simulate: {err}")
    sip = json.loads(truth.read_text())["sip"]
    there = collections.Counter(json.loads(line)["raw"] for line in run("grep", "--json", pcap)[1].splitlines())
    hep_url = f"udp:127.0.0.1:{server.port}"
    sniffers = {"sngrep": (2002, ["sngrep", "-N", "-q", "-F", "-I", pcap, "-H", hep_url]),
                "sipgrep": (101, ["sipgrep", "-C", "-R", "-p", "-P", "1-65535", "-I", pcap, "-H", hep_url])}
    for name, (agent, command) in sniffers.items():
        if not shutil.which(name):
            skip(f"{name} is not installed")
            continue
        place = folder / name
        place.mkdir()
        program = Program(command, place)
        status = program.wait(20)
        program.stop()
        check_equal(status, 0, f"{name}: {program.text()[-500:]}")
        where = f"agent_id = {agent} and call_id not like '%@sipp'"
        server.wait_for_count(sip["messages"], where, 10)
        rows = server.sql(f"select call_id, quirks, node, cast(chunks as varchar) as chunks from records where {where}")
        # What the capture has twice (a second tap) is dropped and counted.
        check_equal(len(rows), sip["messages"], f"{name}: messages")
        check_equal(len({row["call_id"] for row in rows}), sip["call_ids"], f"{name}: Call-IDs")
        check(all(row["quirks"] & 1 for row in rows), f"{name}: the quirk is told")
        check_equal({row["node"] for row in rows}, {str(agent)}, f"{name}: capture id healed")
        check(all("agent_id_raw" in row["chunks"] for row in rows), f"{name}: and kept as it was sent")
        found = collections.Counter(row["payload"] for row in server.records(f'node == "{agent}"')
                                    if not row["call_id"].endswith("@sipp"))
        check(found == there, f"{name}: the same octets: {list((there - found) + (found - there))[:2]}")


def files_with(folder, secret):
    return [str(path) for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()]


def check_ledger(server):
    """After the end, when the last minute is written, too."""
    rows = server.sql("select node, fate, reason, sum(count) as n from ledger group by all")
    doubled = {row["node"]: row["n"] for row in rows if row["reason"] == "doubled"}
    # An ACK to a reply without state is mirrored through two paths.
    for agent in (4294967041, 2012, 2004, 2005):
        check_equal(doubled.get(str(agent)), 5, f"kamailio {agent}: doubled ACKs")
    check_equal([row for row in rows if row["fate"] == "lost"], [], "nothing is lost")


def main():
    began = time.monotonic()
    folder = scratch_folder("agents")
    server = Server(folder / "data").start()
    ready = None
    try:
        if not shutil.which("sipp"):
            skip("sipp (package sip-tester) is not installed")
        elif not shutil.which("kamailio"):
            skip("kamailio is not installed")
        else:
            ready = kamailio_calls(server, folder)
        if shutil.which("rtpengine"):
            check_rtpengine(server, folder, "udp", "127.0.0.21")
            check_rtpengine(server, folder, "tcp", "127.0.0.22")
        else:
            skip("rtpengine is not installed")
        check_sniffers(server, folder)
        if ready is not None:
            check_kamailio_calls(server, ready)
        check_equal(server.stop(), 0, "siploom serve ends")
        if ready is not None:
            check_ledger(server)
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{time.monotonic() - began:.0f} s")
    finish()


main()
