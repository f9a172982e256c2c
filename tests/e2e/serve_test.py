#!/usr/bin/env python3
"""siploom serve, by itself: killed and restarted, with clocks that lie, hostile clients, other senders' dialects, full disks.

SIPLOOM_KILLS (default 10) and SIPLOOM_CONNECTIONS (default 2000) say how hard it is tried.
"""
import fcntl
import hashlib
import json
import os
import random
import resource
import struct
import subprocess
import termios
import threading
import time

import dialects
import hep
import hostile
from server import Server, scratch_folder, wait_for
from support import check, check_equal, finish, run, skip

KILLS = int(os.environ.get("SIPLOOM_KILLS", "10"))
CONNECTIONS = int(os.environ.get("SIPLOOM_CONNECTIONS", "2000"))
CALL_ROW_AFTER = 35  # a call that is over waits so long for late messages


def unacknowledged(connection):
    """Octets that the peer's kernel has not taken yet."""
    return struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0\0\0\0"))[0]


def numbered(name, number):
    """A message that can be told from all others, with a body that differs, too."""
    filler = f"{name}-{number} " * (1 + number % 37)
    return hep.sip("MESSAGE sip:bob@example.org SIP/2.0", f"{name}-{number}@h", body=filler.encode())


class Sender(threading.Thread):
    """Sends numbered messages over TCP until its connection ends or it is told to stop."""

    def __init__(self, port, name, rate):
        super().__init__(daemon=True)
        self.port, self.name_, self.rate = port, name, rate
        self.sent = []  # when each was handed to the kernel
        self.over = False
        self.start()

    def run(self):
        try:
            with hep.connect(self.port) as connection:
                began = time.monotonic()
                while not self.over:
                    due = int((time.monotonic() - began) * self.rate)
                    for number in range(len(self.sent), due):
                        connection.sendall(hep.v3(numbered(self.name_, number)))
                        self.sent.append(time.monotonic())
                    time.sleep(0.002)
        except OSError:
            pass

    def stop(self):
        self.over = True
        self.join()


def kept_numbers(server, name):
    rows = server.sql(f"select call_id from records where call_id like '{name}-%@h'")
    return sorted(int(row["call_id"].split("-")[-1].removesuffix("@h")) for row in rows)


def check_kept(server, name, at_least):
    """What is there of a sender: from the first on without a gap, nothing twice, at least so many. Gives how many."""
    numbers = kept_numbers(server, name)
    check(len(numbers) >= at_least, f"{name}: {len(numbers)} kept, at least {at_least} must be")
    check(numbers == list(range(len(numbers))), f"{name}: a gap, or something twice, among {len(numbers)}")
    return len(numbers)


def check_undamaged(server, names_and_counts):
    """Octet for octet."""
    rows = server.sql("select call_id, md5(payload) as sum from records where call_id like 'kill%'")
    found = {row["call_id"]: row["sum"] for row in rows}
    wrong = 0
    for name, count in names_and_counts.items():
        for number in range(count):
            expected = hashlib.md5(numbered(name, number)).hexdigest()
            wrong += found.get(f"{name}-{number}@h") != expected
    check_equal(wrong, 0, "payloads that are not as they were sent")
    check_equal(len(rows), sum(names_and_counts.values()), "rows in all")


def test_killed_again_and_again():
    server = Server(scratch_folder("kill"), store_seal_age="10s")
    dice = random.Random(time.time_ns())
    kept = {}
    torn = 0
    try:
        for round_ in range(KILLS):
            name = f"kill{round_}"
            server.start()
            rows = server.told(r"(\d+) rows taken up again from (\d+) logs; (\d+) octets")
            if round_ > 0:
                # A log that was sealed before the kill says nothing; then there are no rows to tell of.
                check(rows or any((server.store / "segments").rglob("*.parquet")), "what was taken up is told")
                torn += int(rows.group(3)) != 0 if rows else 0
            check_equal(server.count(), sum(kept.values()), f"rows after kill {round_}")
            sender = Sender(server.port, name, rate=dice.choice([500, 4000, 20000]))
            # Half of them while what was taken up is being sealed.
            time.sleep(dice.uniform(0.01, 0.5) if round_ % 2 else dice.uniform(1.7, 2.6))
            shown = server.count(f"call_id like '{name}-%'") if round_ % 4 != 1 else 0
            time.sleep(dice.uniform(0, 0.05))
            killed = time.monotonic()
            server.kill()
            sender.stop()
            old = sum(1 for when in sender.sent if when < killed - 1.5)
            kept[name] = check_kept(server, name, max(shown, old))
        server.start()
        check_undamaged(server, kept)
        check_equal(server.stop(), 0, "ends well after all this")
        check_undamaged(server, kept)
        print(f"{KILLS} kills: {sum(kept.values())} rows kept, {torn} torn ends")
    finally:
        server.remove()


def test_ended_while_receiving():
    """SIGTERM: what the kernel had accepted is kept, to the last message."""
    server = Server(scratch_folder("term"))
    try:
        for round_ in range(4):
            name, count = f"term{round_}", 3000
            server.start()
            with hep.connect(server.port) as connection:
                connection.sendall(b"".join(hep.v3(numbered(name, number)) for number in range(count)))
                check(wait_for(lambda: unacknowledged(connection) == 0, 20, 0.0005), "the kernel took it all")
                check_equal(server.stop(), 0, "SIGTERM while receiving")
            check_equal(check_kept(server, name, count), count, "all that the kernel had taken")
        server.start()
        sender = Sender(server.port, "endless", rate=5000)
        time.sleep(1)
        ended = time.monotonic()
        check_equal(server.stop(), 0, "SIGTERM while a sender goes on")
        sender.stop()
        check_kept(server, "endless", sum(1 for when in sender.sent if when < ended - 0.1))
    finally:
        server.remove()


def restarted_calls():
    """Calls with a restart in the middle; their rows come later. Gives what to wait for."""
    server = Server(scratch_folder("restart")).start()
    began = time.time() - 30
    # Offsets of INVITE, 180, 200, ACK, BYE, 200, in seconds: the talk lasts 7.25 s.
    offsets = (0, 0.5, 2, 2.1, 9.25, 9.3)

    def send(call_id, first, last):
        with hep.connect(server.port) as connection:
            for i, (message, forth) in list(enumerate(hep.call_messages(call_id)))[first:last]:
                ends = (("192.0.2.10", 5060), ("198.51.100.20", 5060))
                src, dst = ends if forth else ends[::-1]
                connection.sendall(hep.v3(message, src, dst, when=began + offsets[i]))

    send("stopped@h", 0, 4)
    send("ringing@h", 0, 2)
    server.wait_for_count(6)
    check_equal(server.stop(), 0, "ends in the middle of calls")
    server.start()
    second = run("serve", "--data", server.folder, "--hep", "127.0.0.1:0", "--listen", "127.0.0.1:0", timeout=20)
    check(second[0] == 2 and f"in use by process {server.process.pid}" in second[2], f"one process a store: {second}")
    check(server.told("2 calls that were going on are taken up"), f"says that it goes on with them: {server.text()}")
    send("killed@h", 0, 4)
    server.wait_for_count(10)
    server.kill()
    server.start()
    check(server.told("3 calls that were going on are taken up"), f"the same after kill -9: {server.text()}")
    for call_id, first in (("stopped@h", 4), ("ringing@h", 2), ("killed@h", 4)):
        send(call_id, first, 6)
    server.wait_for_count(18)
    return server, time.monotonic() + CALL_ROW_AFTER


def check_restarted_calls(server, ready):
    try:
        time.sleep(max(0, ready - time.monotonic()))
        calls = wait_for(lambda: (lambda found: found if len(found) >= 3 else None)(server.query()), 20, 0.5) or []
        check_equal(sorted(call["call_id"] for call in calls), ["killed@h", "ringing@h", "stopped@h"],
                    "each call is one row")
        for call in calls:
            check_equal(call["state"], "completed", f"{call['call_id']}: state")
            check_equal(call["messages"], 6, f"{call['call_id']}: messages")
            check_equal(call["duration_s"], 7.25, f"{call['call_id']}: duration")
        # Once more: what has a row gets no second one.
        check_equal(server.stop(), 0, "ends")
        server.start()
        check_equal(len(server.sql("select call_id from calls")), 3, "no row twice after another restart")
    finally:
        server.remove()


NOW = int(time.time())
LYING_CLOCKS = {  # name: seconds and microseconds as they are sent
    "right": (NOW, 123456),
    "zero": (0, 0),
    "2016": (1451606400, 1),
    "year-ahead": (NOW + 365 * 86400, 5),
    "day-ahead": (NOW + 86400, 5),
    "ntp-1900": (NOW + 2208988800, 250000),
    "micros-too-large": (NOW, 1_500_000),
    "micros-huge": (NOW, 0xffffffff),
    "last-second": (0xffffffff, 999999),
}


def calls_with_lying_clocks():
    server = Server(scratch_folder("clock"), store_seal_age="10s").start()
    # On the side: who says nothing, or does not go on, is not kept for ever.
    server.silent = [hostile.open_and_send(server.port, [beginning]) for _ in range(10)
                     for beginning in (b"", b"HEP3", b"HEP3\xff\xff", b"POST / HTTP/1.1\r\n", hostile.UPGRADE + b"\x82")]
    with hep.connect(server.port) as connection:
        for i, (name, (seconds, micros)) in enumerate(LYING_CLOCKS.items()):
            for j, (message, forth) in enumerate(hep.call_messages(f"{name}@clock")):
                ends = (("192.0.2.10", 5060), ("198.51.100.20", 5060))
                src, dst = ends if forth else ends[::-1]
                connection.sendall(hep.v3(message, src, dst, agent=100 + i, times=(min(seconds + j, 0xffffffff), micros)))
    check_equal(server.wait_for_count(6 * len(LYING_CLOCKS)), 6 * len(LYING_CLOCKS), "messages with lying clocks")
    return server, time.monotonic() + CALL_ROW_AFTER


def check_lying_clocks(server, ready):
    try:
        time.sleep(max(0, ready - time.monotonic()))
        check_equal(hostile.still_open(server.silent), 0, "silent connections are closed within 35 s")
        names = {f"{name}@clock" for name in LYING_CLOCKS}
        calls = wait_for(lambda: (lambda found: found if len(found) >= len(names) else None)(server.query()), 20, 0.5)
        calls = calls or server.query()
        check_equal({call["call_id"] for call in calls}, names, "calls end, whatever their clocks say")
        check_equal({call["state"] for call in calls}, {"completed"}, "and all are completed")
        check_equal(len(calls), len(names), "each once")
        days = {time.strftime("%Y-%m-%d", time.gmtime(NOW + late)) for late in (0, 120)}
        found = {path.name for path in (server.store / "segments").iterdir()}
        check(found and found <= days, f"segments lie under today: {found}")
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 5))
        check_equal(len(server.records(f"received >= {since}")), 6 * len(names), "found by when they were received")
        rows = server.sql("select call_id, epoch_us(received) as received, epoch_us(time) as time from records")
        by_name = {row["call_id"].split("@")[0]: row for row in rows}
        for name in ("right", "zero", "ntp-1900", "micros-too-large"):
            row = by_name[name]
            check(abs(row["received"] - row["time"]) < 60e6, f"clock {name}: healed: {row}")
        check_equal(server.stop(), 0, "ends")
    finally:
        server.remove()


def test_hostile_clients():
    """A good sender goes on all the while; memory and descriptors stay bounded."""
    memory_bound = 256 << 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    server = Server(scratch_folder("hostile"), hep_connections_max=CONNECTIONS + 3000).start()
    port = server.port
    try:
        usual = server.descriptors()
        sender = Sender(port, "good", rate=500)
        attacks = [lambda: hostile.slowloris(port, 2), lambda: hostile.garbage(port), lambda: hostile.giant_lengths(port),
                   lambda: hostile.zip_bombs(port), lambda: hostile.half_http(port),
                   lambda: hostile.broken_websockets(port), lambda: hostile.broken_tls(port)]
        names = ["slowloris", "garbage", "giant lengths", "zip bombs", "half HTTP", "broken WebSockets", "TLS"]
        left, peak = [], 0
        for name, attack in zip(names, attacks):
            left += attack()
            peak = max(peak, server.memory())
            check(server.is_running(), f"lives after {name}: {server.text()}")
            already = len(sender.sent)
            check(server.wait_for_count(already, "call_id like 'good-%'", 5) >= already, f"good messages during {name}")
        left += hostile.many_connections(port, CONNECTIONS)
        check(len(left) >= CONNECTIONS, f"{len(left)} connections could be opened")
        held = server.descriptors() - usual
        check(held >= CONNECTIONS * 0.95, f"{held} connections are held at once")
        more, closed = hostile.too_many_of_one_address(port, 1100)
        check(closed >= 100, f"of 1,100 connections of one address {closed} are closed")
        peak = max(peak, server.memory())
        hostile.websocket_send(port, [hep.v3(numbered("ws", i)) for i in range(100)])
        check_equal(hostile.http_post(port, b"".join(hep.v3(numbered("http", i)) for i in range(100))), 204, "HTTP POST")
        sender.stop()
        for name, count in (("good", len(sender.sent)), ("ws", 100), ("http", 100)):
            server.wait_for_count(count, f"call_id like '{name}-%'", 5)
            check_equal(check_kept(server, name, count), count, f"all of {name}, hostile clients beside it")
        hostile.close_all(left + more)
        check(wait_for(lambda: server.descriptors() <= usual + 1, 10), f"descriptors: {usual}, now {server.descriptors()}")
        peak = max(peak, server.memory())
        check(peak < memory_bound, f"memory: {peak >> 20} MiB at most, {memory_bound >> 20} are allowed")
        check_equal(server.stop(), 0, "ends well after all this")
        lost = {row["reason"] for row in server.sql("select distinct reason from ledger where fate = 'lost'")}
        check({"not-hep", "resync", "bad-frame"} <= lost, f"the ledger tells what was not taken: {lost}")
        print(f"hostile clients: {CONNECTIONS} connections, {peak >> 20} MiB, {len(sender.sent)} good messages")
    finally:
        server.remove()


def check_record(server, name, packet, expected):
    asked = []
    if expected.get("call_id"):
        asked.append(f'call_id == "{expected["call_id"]}"')
    if expected.get("correlation_id"):
        asked.append(f'hep.correlation_id == "{expected["correlation_id"]}"')
    if expected.get("extra"):
        asked.append(f'extra_id == "{expected["extra"]}"')
    if not asked:
        asked.append(f'summary contains "{expected["says"]}"')
    for question in asked:
        found = [row for row in server.records(question) if row["kind"] == expected["kind"]]
        if not check(found, f"{name}: found by {question}: {server.records(question)}"):
            continue
        row = found[-1]
        for key in ("call_id", "method", "node", "correlation_id"):
            if key in expected:
                check_equal(row[key], expected[key], f"{name}: {key}")
        if "extra" in expected:
            check(expected["extra"] in row["extra_ids"], f"{name}: ids {row['extra_ids']}")
        if "says" in expected:
            check(expected["says"] in (row["summary"] or ""), f"{name}: summary {row['summary']!r}")


def test_dialects():
    server = Server(scratch_folder("dialects"), store_seal_age="10s").start()
    try:
        cases = list(dialects.cases())
        for _, packet, _ in cases:
            hep.udp(packet, port=server.port)
            time.sleep(0.003)
        for _, packet in dialects.NOT_KEPT:
            hep.udp(packet, port=server.port)
        check_equal(server.wait_for_count(len(cases)), len(cases), "one record for each that says something")
        for name, packet, expected in cases:
            check_record(server, name, packet, expected)
        swapped = [row["quirks"] for row in server.records('call_id == "swapped@h"')]
        check_equal(swapped, [["swapped-agent-id"]], "query -r --json tells quirks by name")
        status, out, err = run("query", "--store", server.store, "-r", "-n0")
        check_equal(len(out.splitlines()), len(cases), "query -r: a line each")
        for word in (b"caller is blocked", b"ul_dump", b"sip.example.org", b"INVITE", b"correlation"):
            check(word in out, f"query -r shows {word}")
        secrets = [dialects.MASTER_KEY.encode(), bytes(range(0x80, 0xb0)), bytes(range(0x80, 0xb0)).hex().encode(),
                   b"secret-of-asterisk", b"myhep"]
        told = out + json.dumps(server.records()).encode() + json.dumps(server.sql("select * from records")).encode()
        check_equal([s for s in secrets if s in told], [], "secrets in what queries tell")
        check_equal(files_with(server.store, secrets), [], "secrets in files of the log")
        kept = list((server.store.parent / "secrets").iterdir())
        check(len(kept) == 1 and kept[0].stat().st_mode & 0o777 == 0o600 and kept[0].read_bytes().count(b"\n") > 0,
              f"secrets are kept apart, for their owner alone: {kept}")
        check_equal(server.stop(), 0, "ends")
        reasons = {row["reason"]: row["count"] for row in server.sql("select reason, sum(count) as count from ledger where fate != 'stored' group by all")}
        check_equal(sum(reasons.values()), len(dialects.NOT_KEPT), f"what was not kept is in the ledger: {reasons}")
        # The log is sealed by the next start: not in those files, either.
        server.start()
        check(wait_for(lambda: any((server.store / "segments").rglob("*.parquet")), 20), "sealed")
        check_equal(files_with(server.store, secrets), [], "secrets in sealed files")
        check_record(server, *cases[0])
        check_equal(server.stop(), 0, "ends")
    finally:
        server.remove()


def test_ledger_names_who_was_refused():
    server = Server(scratch_folder("refused"), hep_password="open sesame")
    try:
        server.start()
        hep.udp(*[hep.v3(numbered("refused", i)) for i in range(3)], b"no HEP at all", port=server.port)
        rows = wait_for(lambda: (lambda found: found if len(found) > 1 else None)(server.sql(
            "select source, reason, sum(count) as count from ledger where fate = 'lost' group by all order by reason")), 20)
        check_equal([(row["source"], row["reason"], int(row["count"])) for row in rows or []],
                    [("127.0.0.1", "bad-key", 3), ("127.0.0.1", "not-hep", 1)], "the ledger says who was refused, and why")
        check_equal(server.stop(), 0, "ends")
    finally:
        server.remove()


def files_with(folder, secrets):
    return [str(path) for path in folder.rglob("*") if path.is_file()
            and any(secret in path.read_bytes() for secret in secrets)]


def fill(path):
    """Takes what room there is on a disk."""
    with open(path, "wb", buffering=0) as ballast:
        while True:
            try:
                ballast.write(bytes(1 << 16))
            except OSError:
                return


def test_full_disk():
    """The sender waits while the disk is full, and everything is there afterwards."""
    if os.geteuid() != 0:
        return skip("full disk: needs root, to mount a small file system")
    folder = scratch_folder("full")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], capture_output=True).returncode != 0:
        folder.rmdir()
        return skip("full disk: a tmpfs cannot be mounted here")
    # Without room to be kept free, or retention would make some.
    server = Server(folder / "data", store_seal_age="10s", retention_disk_free_min="0")
    try:
        (folder / "ballast").write_bytes(os.urandom(1 << 20) * 38)
        server.start()
        count = 17000
        dice = random.Random(1)  # what cannot be packed finds no room when it is sealed, either
        blob = [hep.v3(hep.sip("MESSAGE sip:b@h SIP/2.0", f"full-{i}@h", body=dice.randbytes(1200))) for i in range(count)]
        sent = [0]

        def send():
            with hep.connect(server.port, timeout=120) as connection:
                for i, message in enumerate(blob):
                    connection.sendall(message)
                    sent[0] = i + 1
                wait_for(lambda: unacknowledged(connection) == 0, 60)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        check(wait_for(lambda: server.told("THE STORE TAKES NOTHING"), 20), f"says that it is full: {server.text()}")
        check(server.told("(?i)no space|disk.*full|full"), f"and why: {server.text()}")
        time.sleep(2)
        waiting = sent[0]
        check(waiting < count, "the sender is held up")
        before = server.count()
        check(before > 0, "searching goes on")
        time.sleep(10)  # sealing is due meanwhile, and finds no room either
        check_equal(sent[0], waiting, "and stays so")
        hep.udp(hep.v3(hep.sip("OPTIONS sip:x SIP/2.0", "shed@h")), port=server.port)
        time.sleep(0.3)
        (folder / "ballast").unlink()
        sender.join(60)
        check_equal(sent[0], count, "there is room again: the sender goes on")
        check(wait_for(lambda: server.told("the store takes rows again"), 20), f"and that is said: {server.text()}")
        server.wait_for_count(count, "call_id like 'full-%'", 30)
        check_equal(check_kept(server, "full", count), count, "nothing was lost")
        check_equal(server.stop(), 0, "ends")
        lost = {row["reason"]: row["count"] for row in server.sql("select reason, sum(count) as count from ledger where fate = 'lost' group by all")}
        check_equal(lost, {"paused": 1}, "UDP that came meanwhile is counted as lost")
        fill(folder / "ballast")
        server.start()
        check_equal(check_kept(server, "full", count), count, "a restart on a full disk: all is there")
        check(wait_for(lambda: server.told("THE STORE TAKES NOTHING"), 10), f"and it says that it is full: {server.text()}")
        with hep.connect(server.port) as connection:
            connection.sendall(hep.v3(numbered("after", 0)))
            time.sleep(0.5)
            check_equal(server.count(), count, "nothing is taken")
            (folder / "ballast").unlink()
            check_equal(server.wait_for_count(count + 1), count + 1, "until there is room, without a restart")
        fill(folder / "ballast")
        with hep.connect(server.port) as connection:
            for i in range(200):
                connection.sendall(hep.v3(hep.sip("MESSAGE sip:b@h SIP/2.0", f"late-{i}@h", body=dice.randbytes(60000))))
                if server.told("THE STORE TAKES NOTHING: .*(?s:.*)THE STORE TAKES NOTHING"):
                    break
                time.sleep(0.05)
            check_equal(server.stop(), 2, "a stop on a full disk says that it went wrong")
        check(server.told("error.*[1-9][0-9]* ROWS THAT CAME IN WERE NOT WRITTEN"), f"and how much is lost: {server.text()}")
    finally:
        if server.process is not None and server.is_running():
            server.kill()
        subprocess.run(["umount", folder], check=False)
        server.remove()
        folder.rmdir()


def main():
    began = time.monotonic()
    later = [(check_restarted_calls, *restarted_calls()), (check_lying_clocks, *calls_with_lying_clocks())]
    test_killed_again_and_again()
    test_ended_while_receiving()
    test_dialects()
    test_ledger_names_who_was_refused()
    test_hostile_clients()
    test_full_disk()
    for check_later, *state in later:
        check_later(*state)
    print(f"{time.monotonic() - began:.0f} s")
    finish()


main()
