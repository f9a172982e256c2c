#!/usr/bin/env python3
"""siploom serve, by itself: killed and restarted, with clocks that lie, hostile clients, other senders' dialects, full disks.

SIPLOOM_KILLS (default 10) and SIPLOOM_CONNECTIONS (default 2000) say how hard it is tried.
"""
import fcntl
import hashlib
import os
import random
import struct
import subprocess
import tempfile
import termios
import threading
import time

import hep
from server import Server, scratch_folder, wait_for
from support import check, check_equal, finish, run, skip

KILLS = int(os.environ.get("SIPLOOM_KILLS", "10"))
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


def main():
    began = time.monotonic()
    later = [(check_restarted_calls, *restarted_calls()), (check_lying_clocks, *calls_with_lying_clocks())]
    test_killed_again_and_again()
    test_ended_while_receiving()
    for check_later, *state in later:
        check_later(*state)
    print(f"{time.monotonic() - began:.0f} s")
    finish()


main()
