#!/usr/bin/env python3
"""Times whole commands on generated captures, page cache warm, median of 5, siploom and its peers in the same run.

Captures are made by `siploom simulate` in --folder and used again. Peers that are not installed are left out and named.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SLOW_SECONDS = 20
SIPLOOM = ROOT / "build" / "release" / "siploom"


def measure(command, runs, cpus, timeout):
    """Median wall seconds, user+system seconds and peak MiB of a command's runs; None when it fails or takes too long.

    The first run warms the page cache and is not counted, unless it took so long that this cannot matter: then it is the
    only one.
    """
    walls, cpu_seconds, peak = [], [], 0
    for i in range(runs + 1):
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            os.sched_setaffinity(0, cpus)
            null = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            resource.setrlimit(resource.RLIMIT_CPU, (timeout, timeout))
            os.execvp(command[0], command)
        _, status, usage = os.wait4(pid, 0)
        wall = time.monotonic() - began
        if os.waitstatus_to_exitcode(status) not in (0, 1):
            return None
        slow = i == 0 and wall > SLOW_SECONDS
        if i > 0 or slow:
            walls.append(wall)
            cpu_seconds.append(usage.ru_utime + usage.ru_stime)
        peak = max(peak, usage.ru_maxrss)
        if slow:
            break
    return statistics.median(walls), statistics.median(cpu_seconds), peak / 1024


def make_capture(path, arguments):
    truth = path.with_suffix(".truth.json")
    if not path.exists() or not truth.exists():
        subprocess.run([str(SIPLOOM), "simulate", *arguments, "--truth", str(truth), str(path)], check=True)
    return json.loads(truth.read_text())


def report(title, rows):
    print(f"\n### {title}\n")
    print("| command | wall s | cpu s | rate | peak MiB |")
    print("|---|---:|---:|---:|---:|")
    for name, result, count, unit in rows:
        if result is None:
            print(f"| {name} | - | - | failed or over its time | - |")
            continue
        wall, cpu, peak = result
        print(f"| {name} | {wall:.3f} | {cpu:.3f} | {count / wall:.3g} {unit}/s | {peak:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", default=os.environ.get("TMPDIR", "/tmp") + "/siploom-bench")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--packets", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--timeout", type=int, default=300)
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    folder = pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    one, two = {0}, {0, 1}
    peers = [] if options.no_peers else [p for p in ("tshark", "sngrep", "sipgrep") if shutil.which(p)]
    missing = {"tshark", "sngrep", "sipgrep"} - set(peers)
    if missing:
        print(f"not measured: {', '.join(sorted(missing))}")

    def timed(command, cpus=one):
        return measure([str(c) for c in command], options.runs, cpus, options.timeout)

    sip = folder / f"sip-{options.messages}.pcap"
    truth = make_capture(sip, ["--preset", "bench-sip", "--messages", str(options.messages), "--seed", "1"])
    count = truth["sip"]["messages"]
    found = json.loads(subprocess.run([SIPLOOM, "stats", "--json", sip], capture_output=True, check=True).stdout)
    print(f"SIP capture: {count} messages, {sip.stat().st_size / 1e6:.0f} MB; siploom finds {found['sip']['messages']}")
    rows = [("siploom calls, 1 core", timed([SIPLOOM, "calls", "--threads", "1", sip]), count, "msg"),
            ("siploom calls, 2 cores", timed([SIPLOOM, "calls", "--threads", "2", sip], two), count, "msg"),
            ("siploom stats, 1 core", timed([SIPLOOM, "stats", "--threads", "1", sip]), count, "msg")]
    if "sipgrep" in peers:
        rows.append(("sipgrep", timed(["sipgrep", "-I", sip, "-q", "duration:100000", "-m"]), count, "msg"))
    if "tshark" in peers:
        rows.append(("tshark -z sip,stat", timed(["tshark", "-r", sip, "-q", "-z", "sip,stat"]), count, "msg"))
    if "sngrep" in peers:
        rows.append(("sngrep -N -q", timed(["sngrep", "-N", "-q", "-l", "2000000", "-I", sip]), count, "msg"))
    report("SIP only", rows)

    lines = subprocess.run([SIPLOOM, "calls", "--json", sip], capture_output=True, check=True).stdout.splitlines()
    call_id = json.loads(lines[len(lines) // 2])["call_id"]
    size = sip.stat().st_size
    result = timed([SIPLOOM, "grep", "--threads", "1", "--count", f'call_id == "{call_id}"', sip])
    report("grep by Call-ID", [("siploom grep, 1 core", result, size / 1e9, "GB")])
    if result:
        calls = timed([SIPLOOM, "calls", "--threads", "1", sip])
        print(f"\nmemory of `calls`: {calls[2]:.0f} MiB in all for {len(lines)} calls, at most "
              f"{calls[2] * 1024 / max(1, len(lines)):.2f} KiB a call")

    rtp = folder / f"rtp-{options.packets}.pcap"
    truth = make_capture(rtp, ["--preset", "bench-rtp", "--packets", str(options.packets), "--seed", "1"])
    count = truth["packets"]
    found = json.loads(subprocess.run([SIPLOOM, "stats", "--json", rtp], capture_output=True, check=True).stdout)
    print(f"\nRTP capture: {count} packets, {rtp.stat().st_size / 1e6:.0f} MB, {truth['rtp']['streams']} streams; "
          f"siploom finds {found['rtp']['streams']} streams, {found['rtp']['packets']} of {truth['rtp']['packets']}")
    rows = [("siploom stats, 1 core", timed([SIPLOOM, "stats", "--threads", "1", rtp]), count, "packet"),
            ("siploom stats, 2 cores", timed([SIPLOOM, "stats", "--threads", "2", rtp], two), count, "packet")]
    if "tshark" in peers:
        rows.append(("tshark -z rtp,streams", timed(["tshark", "-r", rtp, "-q", "-z", "rtp,streams"]), count, "packet"))
    if "sngrep" in peers:
        rows.append(("sngrep -N -q -r", timed(["sngrep", "-N", "-q", "-l", "2000000", "-I", rtp]), count, "packet"))
    report("SIP with RTP", rows)


if __name__ == "__main__":
    main()
