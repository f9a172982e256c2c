#!/usr/bin/env python3
"""The program as a user runs it, on generated captures: truth, exit statuses, threads, pipes, broken files, exports."""
import csv
import gzip
import io
import json
import os
import pathlib
import struct
import subprocess
import tempfile

from support import ROOT, SIPLOOM, check, check_equal, finish, run, run_json

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="siploom-test-"))


def simulate(name, *arguments):
    """Makes a capture; gives its path, its totals and its calls."""
    path = FOLDER / name
    truth, calls = path.with_suffix(".truth.json"), path.with_suffix(".calls.jsonl")
    status, _, err = run("simulate", *arguments, "--truth", truth, "--calls-truth", calls, path, timeout=300)
    check_equal(status, 0, f"simulate {name}: {err}")
    return path, json.loads(truth.read_text()), [json.loads(line) for line in calls.read_text().splitlines()]


def check_totals(name, stats, truth):
    for key in ("packets", "bytes"):
        check_equal(stats[key], truth[key], f"{name}: {key}")
    for key in ("messages", "requests", "responses", "transports", "call_ids", "malformed"):
        check_equal(stats["sip"][key], truth["sip"][key], f"{name}: sip.{key}")
    for key in ("packets", "streams"):
        check_equal(stats["rtp"][key], truth["rtp"][key], f"{name}: rtp.{key}")
    check_equal(stats["rtcp"]["packets"], truth["rtcp"]["packets"], f"{name}: rtcp")


def test_truth_of_presets():
    for preset, extra in (("demo", ["--calls", 60]), ("trunk", ["--calls", 60]), ("registrar", ["--calls", 60]),
                          ("demo", ["--calls", 40, "--tcp", 100]), ("demo", ["--calls", 40, "--ipv6", 100]),
                          ("demo", ["--calls", 40, "--websocket", 100]), ("demo", ["--calls", 40, "--vlan", 100]),
                          ("demo", ["--calls", 40, "--fragments", 100]), ("demo", ["--calls", 40, "--copies", 100])):
        name = preset + "".join(str(e) for e in extra)
        path, truth, _ = simulate(f"{name}.pcap", "--preset", preset, "--seed", 3, "--rtp-seconds", 2, *extra)
        check_totals(name, run_json("stats", "--json", path)[0], truth)


def test_calls_are_what_was_simulated():
    path, _, truth = simulate("calls.pcap", "--preset", "demo", "--calls", 120, "--seed", 11, "--rtp-seconds", 1)
    found = {call["call_id"]: call for call in run_json("calls", "--json", path)}
    check_equal(len(found), len(truth), "as many calls as simulated")
    for call in truth:
        ours = found.get(call["call_id"])
        if not check(ours is not None, f"no call {call['call_id']}"):
            continue
        for key in ("kind", "state", "messages", "retransmissions", "hangup_by"):
            if key in call:
                check_equal(ours[key], call[key], f"{call['call_id']} ({call.get('scenario')}): {key}")
        if call.get("status"):
            check_equal(ours["status"], call["status"], f"{call['call_id']} ({call.get('scenario')}): status")
        for key in ("pdd_s", "setup_s", "duration_s"):
            if call.get(key) is not None and ours[key] is not None:
                check(abs(ours[key] - call[key]) < 0.002,
                      f"{call['call_id']} ({call.get('scenario')}): {key} {ours[key]} is not {call[key]}")


def test_threads_change_nothing():
    path, _, _ = simulate("threads.pcap", "--preset", "demo", "--calls", 400, "--seed", 5, "--rtp-seconds", 2,
                          "--tcp", 20, "--fragments", 10, "--copies", 10)
    for command in (["calls", "--json"], ["calls"], ["stats", "--json"], ["stats"], ["grep", "--json"],
                    ["grep", "-d", "status >= 400"], ["export", "--format", "pcap", "status >= 400"]):
        outputs = {run(*command, path, "--threads", n)[1] for n in (1, 2, 3, 7)}
        check_equal(len(outputs), 1, f"{' '.join(command)}: the same output with 1, 2, 3 and 7 threads")


def test_exit_statuses():
    path, _, _ = simulate("status.pcap", "--preset", "demo", "--calls", 10, "--seed", 2, "--no-media")
    for command, expected in (
            (["calls", path], 0), (["calls", "call.duration > 99h", path], 1), (["calls", FOLDER / "missing.pcap"], 2),
            (["grep", "INVITE", path], 0), (["grep", "nothing-holds-this", path], 1), (["grep", "status >=", path], 2),
            (["grep", "unknown.field == 1", path], 2), (["stats", path], 0), (["show", "1", path], 0),
            (["show", "no-such-call@nowhere", path], 1), (["show", "99999", path], 1), (["fields"], 0), (["version"], 0),
            (["--help"], 0), (["calls", "--help"], 0), ([], 2), (["dance"], 2), (["calls", "--from", "noon", path], 2)):
        status, out, err = run(*command)
        check_equal(status, expected, f"{command}: status ({err.strip()})")
        if expected == 2:
            check(err.strip() != "", f"{command}: says what is wrong")
            check("Traceback" not in err and "terminate called" not in err, f"{command}: a clean error")


def test_errors_point_and_suggest():
    path, _, _ = simulate("errors.pcap", "--preset", "demo", "--calls", 3, "--seed", 2, "--no-media")
    _, _, err = run("grep", "from.usr == 1", path)
    check("from.user" in err and "^" in err, f"a caret and the nearest field: {err}")
    notes = FOLDER / "notes.bin"
    notes.write_bytes(b"PK\x03\x04" + bytes(200))
    status, _, err = run("calls", notes)
    check(status == 2 and "notes.bin" in err, f"names the file that is no capture: {err}")


def test_slips_of_the_finger():
    for words, hint in ((("shw", "x.pcap"), "did you mean show?"), (("calls", "--colour", "always"), "did you mean --color?"),
                        (("grep", "--on-line", "x"), "did you mean --one-line?"), (("-x",), "no command"),
                        ((str(ROOT / "README.md"),), "siploom calls ")):
        status, out, err = run(*words)
        check(status == 2 and hint in err and out == b"", f"{words}: {err}")


def test_help():
    for words in (("help", "grep"), ("grep", "--help")):
        status, out, _ = run(*words)
        check(status == 0 and b"--dialog" in out, f"{words}")
    check_equal(run("help")[1], run("--help")[1], "help")


def test_output_never_destroys_input():
    path, _, _ = simulate("own.pcap", "--preset", "demo", "--calls", 5, "--seed", 4, "--no-media")
    data = path.read_bytes()
    link = path.with_name("link.pcap")
    link.symlink_to(path)
    for words in (("export", "-o", path, path), ("export", "--calls", "-o", link, path),
                  ("grep", "-q", "-O", path, "status >= 200", path), ("split", "-o", path.parent, "--name", "own", path),
                  ("export", "-o", path.parent / "new.pcap", path.parent)):
        status, _, err = run(*words)
        check(status == 2 and "read from" in err, f"{words}: {err}")
        check(path.read_bytes() == data, f"{words}: the capture is as it was")
    link.unlink()


def test_odd_values():
    path, _, _ = simulate("odd.pcap", "--preset", "demo", "--calls", 5, "--seed", 4, "--no-media")
    for words, hint in ((("simulate", "--calls", "-5", path.with_name("x.pcap")), "no whole number"),
                        (("simulate", "--loss", "200", path.with_name("x.pcap")), "sense"),
                        (("calls", "-n", "-3", path), "no whole number"), (("show", path), "which call"),
                        (("calls", path, "state == busy"), "before the files"),
                        (("calls", "--color", "purple", path), "auto|always|never"),
                        (("export", "-o", path.with_name("x.pcap.gz"), path), "as they are"),
                        (("grep", "-q", "-O", path.with_name("x.pcap.zst"), path), "as they are")):
        status, _, err = run(*words)
        check(status == 2 and hint in err, f"{words}: {err}")
    check_equal(run("stats", "call_id == nobody", path)[0], 1, "stats of nothing")
    none = path.with_name("none.pcap")
    check_equal(run("export", "status == 999", "-o", none, path)[0], 1, "nothing to export")
    check_equal(run("stats", none)[0], 1, "but a capture without packets")
    status, out, _ = run("calls", "--csv", "--columns", "call_id,state", path)
    check(out.startswith(b"call_id,state\n") and all(line.count(b",") == 1 for line in out.splitlines()), "CSV of columns")
    messages = run("export", "--calls", "--format", "text", "-o", "-", path)[1]
    check(b"INVITE sip:" in messages and b"SIP/2.0 200" in messages, "whole calls as text")


def test_pipes():
    path, truth, _ = simulate("pipe.pcap", "--preset", "demo", "--calls", 30, "--seed", 9, "--rtp-seconds", 1)
    data = path.read_bytes()
    direct = run("stats", "--json", path)[1]
    check_equal(run("stats", "--json", "-", stdin=data)[1], direct, "stats of standard input")
    check_equal(run("stats", "--json", stdin=data)[1], direct, "standard input without naming it")
    check_equal(run("calls", "--json", "-", stdin=data)[1], run("calls", "--json", path)[1], "calls of standard input")
    check_equal(run("show", "1", "-", stdin=data)[1], run("show", "1", path)[1], "show of standard input")
    check_equal(run("stats", "--json", "-", stdin=gzip.compress(data))[1], direct, "gzip on standard input")
    reader = subprocess.Popen([SIPLOOM, "grep", "--json", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    reader.stdout.readline()
    reader.stdout.close()
    check(reader.wait(20) in (0, 1, 2) and reader.stderr.read() == b"", "a reader that goes away ends it quietly")
    check_equal(truth["sip"]["messages"], len(run_json("grep", "--json", path)), "grep without a filter gives all")


def test_results_show_as_they_come():
    path, _, _ = simulate("slow.pcap", "--preset", "demo", "--calls", 5, "--seed", 9, "--no-media")
    data = path.read_bytes()
    process = subprocess.Popen([SIPLOOM, "grep", "--json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(data[:len(data) // 2])
    process.stdin.flush()
    line = process.stdout.readline()
    check(line.startswith(b"{"), "a message is printed before the input has ended")
    process.stdin.write(data[len(data) // 2:])
    process.stdin.close()
    process.stdout.read()
    check_equal(process.wait(20), 0, "and the rest goes on")


def test_cut_files():
    path, truth, _ = simulate("cut.pcap", "--preset", "demo", "--calls", 10, "--seed", 4, "--no-media")
    cut = FOLDER / "cutoff.pcap"
    cut.write_bytes(path.read_bytes()[:-7])
    status, out, err = run("stats", "--json", cut)
    check_equal(json.loads(out)["packets"], truth["packets"] - 1, "all but the last packet")
    check(status == 0 and "cut off" in err, f"and says so: {err}")


def test_every_prefix_and_damage():
    path, _, _ = simulate("damage.pcap", "--preset", "demo", "--calls", 3, "--seed", 6, "--no-media", "--tcp", 50)
    data = path.read_bytes()
    broken = FOLDER / "broken.pcap"
    for size in list(range(0, 200, 7)) + list(range(200, len(data), max(1, len(data) // 40))):
        broken.write_bytes(data[:size])
        status, _, err = run("calls", "--json", broken, timeout=20)
        check(status in (0, 1, 2), f"prefix of {size}: status {status}: {err}")
    for at in range(24, len(data), max(1, len(data) // 60)):
        damaged = bytearray(data)
        damaged[at] ^= 0xFF
        broken.write_bytes(bytes(damaged))
        status, _, err = run("stats", "--json", broken, timeout=20)
        check(status in (0, 1, 2), f"octet {at} flipped: status {status}: {err}")


def test_exports():
    path, truth, _ = simulate("export.pcap", "--preset", "demo", "--calls", 40, "--seed", 8, "--rtp-seconds", 1,
                              "--tcp", 20, "--fragments", 20)
    for form in ("pcap", "pcapng"):
        out = FOLDER / f"all.{form}"
        status, _, err = run("export", "-o", out, path)
        check_equal(status, 0, f"export to {form}: {err}")
        again = run_json("stats", "--json", out)[0]
        check_equal(again["sip"]["messages"], truth["sip"]["messages"], f"{form}: every message is in its packets")
        check_equal(again["sip"]["requests"], truth["sip"]["requests"], f"{form}: methods")
    out = FOLDER / "calls.pcap"
    run("export", "--calls", "-o", out, path)
    again = run_json("stats", "--json", out)[0]
    for key in ("packets", "streams"):
        check_equal(again["rtp"][key], truth["rtp"][key], f"whole calls hold their RTP: {key}")
    _, text, _ = run("export", "--calls", "--format", "csv", path)
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    check_equal(len(rows), len(run_json("calls", "--json", path)), "a CSV row a call")
    check_equal(rows[0]["call_id"], run_json("calls", "--json", path)[0]["call_id"], "CSV names its columns as JSON does")
    lines = run("export", "--format", "jsonl", path)[1].splitlines()
    check_equal(len(lines), truth["sip"]["messages"], "a JSON line a message")
    check(b"INVITE sip:" in run("export", "--format", "text", path)[1], "text holds the messages")


def test_split():
    path, truth, calls = simulate("split.pcap", "--preset", "demo", "--calls", 30, "--seed", 8, "--rtp-seconds", 1)
    folder = FOLDER / "split"
    status, _, err = run("split", "-o", folder, "--name", "{date}/{number}-{call_id}", path)
    check_equal(status, 0, f"split: {err}")
    files = sorted(folder.rglob("*.pcap"))
    check_equal(len(files), len(calls), "one file a call")
    totals = [run_json("stats", "--json", file)[0] for file in files]
    check_equal(sum(t["sip"]["messages"] for t in totals), truth["sip"]["messages"], "all messages are in some file")
    check_equal(sum(t["rtp"]["packets"] for t in totals), truth["rtp"]["packets"], "and all RTP")
    check(all(t["sip"]["call_ids"] == 1 for t in totals), "each holds one Call-ID")
    status, _, err = run("split", "-o", folder, "--name", "{nonsense}", path)
    check(status == 2 and "{call_id}" in err, f"an unknown place is refused with the known ones: {err}")


def test_grep_output():
    path, _, _ = simulate("grep.pcap", "--preset", "demo", "--calls", 30, "--seed", 8, "--no-media", "--tcp", 30)
    invites = run_json("grep", "--json", "method == INVITE and status == 0 or method == INVITE", path)
    requests = [m for m in invites if m["status"] is None]
    count = int(run("grep", "-c", "method == INVITE and not status >= 100", path)[1])
    check_equal(count, len(requests), "--count counts")
    call_id = requests[0]["call_id"]
    one = run_json("grep", "--json", f'call_id == "{call_id}"', path)
    check(all(m["call_id"] == call_id for m in one), "a filter by Call-ID")
    whole = run_json("grep", "--json", "-d", f'call_id == "{call_id}" and method == BYE', path)
    if whole:
        check_equal(len(whole), len(one), "--dialog gives the whole dialog")
    out = FOLDER / "matches.pcap"
    run("grep", "-q", "-O", out, f'call_id == "{call_id}"', path)
    check_equal(run_json("stats", "--json", out)[0]["sip"]["messages"], len(one), "-O writes the packets")
    inverted = int(run("grep", "-c", "-v", f'call_id == "{call_id}"', path)[1])
    check_equal(inverted + len(one), int(run("grep", "-c", path)[1]), "-v gives the rest")
    check_equal(len(run_json("grep", "--json", "-n", "3", path)), 3, "-n stops")
    keys = {"time", "src", "dst", "transport", "method", "status", "reason", "call_id", "cseq", "cseq_method", "from",
            "to", "from_tag", "to_tag", "branch", "user_agent", "raw"}
    check(keys <= set(one[0]), f"documented names: {keys - set(one[0])} missing")


def test_merging_files():
    path, truth, _ = simulate("merge.pcap", "--preset", "demo", "--calls", 20, "--seed", 8, "--no-media")
    # Every other message into another file: only a merge by time gives the calls back.
    halves = FOLDER / "halves"
    halves.mkdir()
    for name, text in (("a.pcap", "src.port >= 0 and size < 600"), ("b.pcap", "size >= 600")):
        run("export", "-o", halves / name, text, path)
    whole = run("calls", "--json", path)[1]
    check_equal(run("calls", "--json", halves / "a.pcap", halves / "b.pcap")[1], whole, "two files merged by time")
    check_equal(run("calls", "--json", halves / "b.pcap", halves / "a.pcap")[1], whole, "in any order")
    check_equal(run("calls", "--json", halves)[1], whole, "a directory")


def test_tables_and_ladder():
    path, _, _ = simulate("tables.pcap", "--preset", "demo", "--calls", 20, "--seed", 8, "--no-media")
    for width in (60, 80, 120, 200):
        for command in (["calls"], ["show", "1"], ["stats"]):
            _, out, _ = run(*command, path, "--width", width)
            longest = max((len(line) for line in out.decode().splitlines()), default=0)
            check(longest <= width, f"{command} at width {width}: a line of {longest}")
            check(b"\x1b" not in out, f"{command}: no colour when piped")
    _, out, _ = run("calls", path, "--color", "always")
    check(b"\x1b[" in out, "colour when asked for")
    first = run_json("calls", "--json", path)[0]
    _, by_number, _ = run("show", "1", path)
    _, by_id, _ = run("show", first["call_id"], path)
    check_equal(by_number, by_id, "a call by its number and by its Call-ID")
    _, raw, _ = run("show", "--raw", first["call_id"], path)
    check(first["call_id"].encode() in raw, "--raw gives the messages")
    rows = run_json("calls", "--json", "--sort=-messages", "-n", "5", path)
    counts = [r["messages"] for r in rows]
    check(len(counts) == 5 and counts == sorted(counts, reverse=True), f"--sort and --limit: {counts}")


def test_completion_and_man():
    for what, word in (("bash", b"complete"), ("zsh", b"#compdef"), ("man", b".TH SIPLOOM"), ("reference", b"## grep")):
        status, out, _ = run("completion", what)
        check(status == 0 and word in out, f"completion {what}")
    for what, file in (("man", "docs/siploom.1"), ("reference", "docs/reference/commands.md"),
                       ("store", "docs/reference/store.md")):
        check(run("completion", what)[1] == (ROOT / file).read_bytes(), f"{file} is fresh (make generate)")
    script = FOLDER / "completion.bash"
    script.write_bytes(run("completion", "bash")[1])
    check_equal(subprocess.run(["bash", "-n", script]).returncode, 0, "the bash script parses")


def raw_capture(name, payloads):
    """A pcap of UDP datagrams over IPv4, between the ports 5060 of two hosts."""
    out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
    for i, payload in enumerate(payloads):
        ends = (b"\x0a\0\0\x01", b"\x0a\0\0\x02") if i % 2 == 0 else (b"\x0a\0\0\x02", b"\x0a\0\0\x01")
        packet = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), i, 0, 64, 17, 0) + b"".join(ends)
        packet += struct.pack("!HHHH", 5060, 5060, 8 + len(payload), 0) + payload
        out += struct.pack("<IIII", 1_700_000_000 + i, 0, len(packet), len(packet)) + packet
    path = FOLDER / name
    path.write_bytes(out)
    return path


def test_nothing_that_a_terminal_obeys():
    evil = "\x1b[31mRED\x1b]0;pwn\x07\x9b1m\x08"
    head = (f"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{evil}\r\nFrom: \"{evil}\" <sip:{evil}@a>;tag={evil}\r\n"
            f"To: \"{evil}\" <sip:b{evil}@b>\r\nCall-ID: id{evil}@h\r\nCSeq: 1 INVITE\r\nUser-Agent: {evil}\r\n"
            f"Reason: SIP;cause=486;text=\"{evil}\"\r\nX-{evil}: {evil}\r\n")
    sdp = f"v=0\r\no={evil}\r\ns={evil}\r\nc=IN IP4 {evil}\r\nm={evil} 4000 RTP/AVP 0\r\na=rtpmap:0 {evil}/8000\r\n"
    body = f"Content-Type: application/sdp\r\nContent-Length: {len(sdp.encode())}\r\n\r\n{sdp}"
    path = raw_capture("evil.pcap", [text.encode("utf-8") for text in (
        f"INVITE sip:{evil}@b SIP/2.0\r\n{head}{body}", f"SIP/2.0 183 {evil}\r\n{head}{body}",
        f"SIP/2.0 486 {evil}\r\n{head}Content-Length: 0\r\n\r\n")])
    for command in (["calls"], ["calls", "--json"], ["show", "1"], ["show", "-m", "1"], ["show", "--unfold", "1", "--by-ip"], ["stats"],
                    ["grep"], ["grep", "-1"], ["calls", "--columns", "call_id,from,to,status"], ["show", "nothing" + evil],
                    ["grep", "from.user == \x1b[31m"], ["split", "-o", str(FOLDER / "evil"), "--name", "{from}-{call_id}"]):
        status, out, err = run(*command, path)
        check(b"\x1b" not in out and b"\x07" not in out and b"\xc2\x9b" not in out and "\x1b" not in err and "\x07" not in err,
              f"{command}: nothing that a terminal obeys: {out[:300]} {err[:300]}")
    found = [path.name for path in (FOLDER / "evil").rglob("*")]
    check(found and not any(ord(c) < 32 for name in found for c in name), f"names of files: {found}")


def main():
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            test()
    subprocess.run(["rm", "-rf", str(FOLDER)])
    finish()


if __name__ == "__main__":
    main()
