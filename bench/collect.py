#!/usr/bin/env python3
"""Loads a collector and asks it questions: what it takes, loses and costs, how soon it finds what came, how large it is.

bench/collect.py --carrier udp --rate 150000 --seconds 600     taking, and how soon a message is found meanwhile
bench/collect.py --carrier tcp --rate 200000 --seconds 600
bench/collect.py --messages 100000000 --days 30 --questions    a store of many days, then its start, memory and questions
  --beside      asks the questions while messages come, too
  --keep DIR    uses DIR and leaves the data there; a store that is there already is asked only

Sender (build/release/hep_load) and collector share the machine. Prints JSON.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("SIPLOOM", str(ROOT / "build" / "release" / "siploom"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import hep
from server import Server, wait_for

LOAD = ROOT / "build" / "release" / "hep_load"
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


class Asker:
    """Questions by the API, as a face would ask them."""

    def __init__(self, server):
        self.server = server
        self.headers = {"Authorization": f"Bearer {server.make_token()}"}

    def ask(self, path, **parameters):
        """The answer, and how many seconds it took."""
        query = urllib.parse.urlencode(parameters)
        began = time.monotonic()
        _, answer = self.server.api("GET", f"{path}?{query}" if query else path, **self.headers)
        return answer, time.monotonic() - began


class Finder(threading.Thread):
    """Sends a message of its own every few seconds and measures how soon a search finds it."""

    def __init__(self, asker, port, every):
        super().__init__(daemon=True)
        self.asker, self.port, self.every = asker, port, every
        self.seconds, self.over = [], threading.Event()

    def run(self):
        number = 0
        while not self.over.wait(self.every):
            number += 1
            name = f"find-me-{os.getpid()}-{number}"
            began = time.monotonic()
            hep.udp(hep.v3(hep.sip("OPTIONS sip:x SIP/2.0", name, 1, "OPTIONS")), port=self.port)
            found = wait_for(lambda: self.asker.ask("messages", filter=f'call_id == "{name}"', **{"from": "-5m"})[0]["rows"], 20, 0.02)
            self.seconds.append(round(time.monotonic() - began, 3) if found else None)


def questions(asker, facts):
    """What the store is asked, as name, path and parameters."""
    day = {"from": facts["day_from"], "to": facts["day_to"]}
    return [
        ("a Call-ID of unknown day", "messages", {"filter": f'call_id == "{facts["call_id"]}"', "limit": 100}),
        ("its call", f"calls/{urllib.parse.quote(facts['call_id'], safe='')}", {}),
        ("a day's failed calls of an address", "calls", {"filter": f"state == failed and src == {facts['address']}", "limit": 200, **day}),
        ("a day's messages by method, histogram", "histogram", {"table": "records", "by": "method", "bucket": "10m", **day}),
        ("text in an hour's messages", "messages", {"filter": '"no-such-text-anywhere"', "timeout": "30s",
                                                    "from": facts["hour_from"], "to": facts["hour_to"]}),
    ]


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def facts_of(asker, days):
    """Something to look for: a message from the middle of the store."""
    middle = time.time() - days * 86400 / 2
    rows = asker.ask("calls", **{"from": rfc3339(middle - 300), "to": rfc3339(middle), "limit": 50})[0]["rows"]
    row = rows[len(rows) // 2]
    midnight = middle - middle % 86400
    return {"call_id": row["call_id"], "address": row["src"].rsplit(":", 1)[0].strip("[]"), "day_from": rfc3339(midnight),
            "day_to": rfc3339(midnight + 86400), "hour_from": rfc3339(middle - middle % 3600),
            "hour_to": rfc3339(middle - middle % 3600 + 3600)}


def drop_page_cache():
    try:
        os.sync()
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        return True
    except OSError:
        return False


def ask_all(asker, facts, times=7):
    out = {}
    for name, path, parameters in questions(asker, facts):
        cold = drop_page_cache()
        answer, first = asker.ask(path, **parameters)
        warm = [asker.ask(path, **parameters)[1] for _ in range(times)]
        out[name] = {"cold_s" if cold else "first_s": round(first, 4), "warm_median_s": round(statistics.median(warm), 4),
                     "warm_max_s": round(max(warm), 4), "rows": len(answer.get("rows", answer.get("messages", [])) or []),
                     "partial": answer.get("partial", False)}
    return out


def load(server, options, asker):
    pid = server.process.pid
    command = [LOAD, "--to", f"{options.carrier}:127.0.0.1:{server.port}", "--connections", str(options.connections)]
    if options.rate:
        command += ["--rate", str(options.rate)]
    if options.seconds:
        command += ["--seconds", str(options.seconds)]
    if options.messages:
        command += ["--messages", str(options.messages)]
    if options.days:
        command += ["--backfill", str(options.days)]
    finder = Finder(asker, server.port, options.find_every)
    finder.start()
    asked, stop = [], threading.Event()
    if options.beside:
        def keep_asking():
            while not stop.wait(1):
                asked.append(asker.ask("histogram", table="records", by="method", bucket="1m", **{"from": "-15m"})[1])
                asked.append(asker.ask("messages", filter="status >= 500", limit=100, **{"from": "-5m"})[1])
        threading.Thread(target=keep_asking, daemon=True).start()
    before = cpu_seconds(pid)
    sent = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    at_end = cpu_seconds(pid)
    finder.over.set()
    stop.set()
    finder.join()
    probes = len(finder.seconds)

    def kept():
        state, _ = asker.ask("intake")
        return state["messages"] if state["messages"] >= sent["sent"] + probes else 0

    wait_for(kept, 60, 0.2)
    intake, _ = asker.ask("intake")
    # All of it in segments: what a message costs in all, calls and sealing included.
    state = {}

    def sealed():
        nonlocal state
        state, _ = asker.ask("store")
        return state["unsealed_rows"] < 200_000

    wait_for(sealed, 120, 0.5)
    after = cpu_seconds(pid)
    groups, _ = asker.ask("group", table="records", measures="count")
    counted = sum(row["values"][0] for row in groups["rows"])
    return {"carrier": options.carrier, "sent": sent["sent"], "rate": round(sent["rate"]), "wanted": options.rate, "missed_by_sender": sent["missed"],
            "seconds": round(sent["seconds"], 1), "taken": intake["messages"], "drops": intake["drops"],
            "kernel_drops": sum(socket["kernel_drops"] for socket in intake["sockets"]), "records": int(counted), "probes": probes,
            "lost": sent["sent"] + probes - int(counted), "found_after_s": {"median": statistics.median([s for s in finder.seconds if s] or [0]),
            "max": max([s for s in finder.seconds if s] or [0]), "not_found": finder.seconds.count(None)},
            "cpu_us_a_message": round((after - before) / sent["sent"] * 1e6, 2), "cpu_us_while_sending": round((at_end - before) / sent["sent"] * 1e6, 2),
            "sender_cpu_us": round(sent["cpu_us_per_message"], 2), "peak_memory_mib": peak_memory(pid) >> 20, "unsealed_rows": state["unsealed_rows"],
            "octets_on_disk_a_message": round(sum(shelf["bytes"] for shelf in state["shelves"]) / max(1, counted - state["unsealed_rows"]), 1), "asked_beside_s": [round(s, 3) for s in asked[-20:]]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--carrier", choices=("udp", "tcp"), default="tcp")
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--days", type=float, default=0)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--find-every", type=float, default=10)
    parser.add_argument("--questions", action="store_true")
    parser.add_argument("--beside", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    folder = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="siploom-collect-"))
    server = Server(folder)
    out = {}
    try:
        server.start(60)
        asker = Asker(server)
        if options.rate or options.messages or options.seconds:
            out["load"] = load(server, options, asker)
            print(json.dumps(out["load"]), flush=True)
        if options.questions:
            server.stop(120)
            drop_page_cache()
            shutil.rmtree(folder / "meta.db", ignore_errors=True)
            for path in folder.glob("meta.db*"):
                path.unlink()
            began = time.monotonic()
            server.start(60)
            wait_for(lambda: server.told(r"#token=(\S+)"), 60, 0.01)
            out["start_s"] = round(time.monotonic() - began, 2)
            time.sleep(5)
            out["idle_memory_mib"] = server.memory() >> 20
            asker = Asker(server)
            out["questions"] = ask_all(asker, facts_of(asker, options.days or 1))
            out["memory_after_questions_mib"] = server.memory() >> 20
        server.stop(120)
    finally:
        if options.keep is None:
            server.remove()
    print(json.dumps(out, indent=2))


main()
