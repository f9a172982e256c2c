#!/usr/bin/env python3
"""Commands over a store and over a server that has it: the same answers, parts told as parts, nothing that a terminal obeys."""
import http.cookiejar
import json
import pathlib
import shutil
import tempfile
import time
import urllib.request

import hep
from server import Server, wait_for
from support import check, check_equal, finish, run, run_json

KEY = "agents' key"
HOSTILE = b"\x1b[31mRED\x1b]0;pwn\x07\nsecond\xc2\x9b1m"


def make_token(server):
    """The URL of the server's API and a token of its first administrator."""
    match = wait_for(lambda: server.told(r"open (http://\S+)/#token=(\S+)"), 10)
    if not check(match, f"the link for the first administrator: {server.text()}"):
        return None, None
    url, token = match.groups()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def post(path, body, csrf=""):
        headers = {"Content-Type": "application/json", **({"X-CSRF-Token": csrf} if csrf else {})}
        request = urllib.request.Request(f"{url}/api/v1/{path}", json.dumps(body).encode(), headers)
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)

    me = post("auth/setup", {"token": token, "name": "root", "password": "correct horse battery staple"})
    return url, post("tokens", {"name": "test"}, me["csrf"])["secret"]


def test_queries(there, store, count):
    """`there`: arguments that name the server."""
    for what in (there, ["--store", store]):
        check_equal(len(run_json("query", *what, "-m", "-n", 0, "--json")), count, f"{what[0]}: -n 0 gives all messages")
        newest = run("query", *what, "-m", "-1", "-n", 5)[1]
        whole = run("query", *what, "-m", "-1", "-n", 0)[1]
        check(newest and len(newest.splitlines()) == 5 and len(whole.splitlines()) == count, f"{what[0]}: -n 5 and -n 0")
        status, out, err = run("query", *what, "-m", "-1", 'header["Via"] ~ "([a-z]+[0-9]*)+zzz"', "--time-limit", "0.001s")
        check(status == 2 and "too long" in err, f"{what[0]}: a search without enough time is an error: {status} {err}")
        status, out, err = run("query", *what, "-m", "--csv", "--columns", "time,method,via.host", "-n", 3)
        lines = out.decode().splitlines()
        check(status == 0 and lines[0] == "time,method,via.host" and len(lines) == 4, f"{what[0]}: columns as CSV: {out} {err}")
        rows = run_json("query", *what, "-r", "--json", "--columns", "sequence,call_id", "-n", 2)
        check_equal([set(row) for row in rows], [{"sequence", "call_id"}] * 2, f"{what[0]}: columns as JSON")
        check_equal(run("query", *what, "-r", "--columns", "sequence", "-n", 2)[1].split()[0], b"sequence",
                    f"{what[0]}: columns as a table")
        status, _, err = run("query", *what, "-m", 'supported ~ "100rel"')
        check(status == 2 and "record.kind" not in err, f"{what[0]}: the filter as it was typed: {err}")
        check_equal(run_json("sql", *what, "--json", "select count(*) as n from records where kind = 'sip' and not copy"), [{"n": count}],
                    f"{what[0]}: SQL")
        check_equal(run("sql", *what, "select 1 as nobody where false")[:2], (1, b"nobody\n"), f"{what[0]}: a heading without rows")
        status, _, err = run("sql", *what, "selec 1")
        check(status == 2 and "sl_rows" not in err and err.count("selec 1") == 1, f"{what[0]}: SQL as it was typed: {err}")
        status, _, err = run("query", *what, "frame < 100")
        check(status == 2 and "frame" in err, f"{what[0]}: a store has no frames: {err}")
        check_equal(run("query", *what, "-m", "-c", "--from=-1h", "--to", "now")[0], 1, f"{what[0]}: times that are relative")
    both = [run("query", *what, "-m", "--raw", "-n", 0)[1] for what in (there, ["--store", store])]
    check(both[0] == both[1] and both[0], "a server and its store give the same messages in the same order")


def test_more_than_one_window(folder):
    """So many records that they are not sorted all at once."""
    capture, store = folder / "many.pcap", folder / "many"
    run("simulate", "--calls", 9000, "--no-media", "--seed", 6, capture)
    run("import", "--store", store, capture, "--json")
    count = int(run_json("sql", "--json", "--store", store, "select count(*) as n from records where not copy")[0]["n"])
    out = run("query", "--store", store, "-r", "--csv", "--columns", "time,sequence", "-n", 0)[1].decode().splitlines()[1:]
    check(len(out) == count and count > 70000, f"all records: {len(out)} of {count}")
    check(out == sorted(out, key=lambda line: (line.split(",")[0], int(line.split(",")[1]))), "in order of their times")
    last = run("query", "--store", store, "-r", "--csv", "--columns", "time,sequence", "-n", 20000)[1].decode().splitlines()[1:]
    check_equal(last, out[-20000:], "the newest 20,000")


def test_import_to_server(there, folder):
    capture = folder / "more.pcap"
    run("simulate", "--calls", 5, "--no-media", "--seed", 77, capture)
    status, out, err = run("import", *there, capture, "--json")
    job = json.loads(out) if out else {}
    check(status == 0 and job.get("state") == "done" and job.get("records", 0) > 20, f"an upload: {status} {out} {err}")
    notes = folder / "notes.bin"
    notes.write_bytes(b"PK\x03\x04" + bytes(200))
    status, out, err = run("import", *there, notes)
    check(status == 2 and "notes.bin" in err and "spool/" not in err, f"an upload that is no capture: {status} {out} {err}")
    status, _, err = run("import", *there, folder / "missing.pcap")
    check(status == 2 and "missing.pcap" in err, f"a file that is not there: {err}")
    status, _, err = run("import", "--store", folder / "data/store", capture)
    check(status == 2 and "--server" in err, f"a store in use names the way: {err}")


def test_doctor(server, folder):
    def probe(*arguments, env=None):
        _, out, err = run("doctor", "--data", server.folder, "--hep", f"127.0.0.1:{server.port}", "--json", *arguments, env=env)
        findings = [json.loads(line) for line in out.splitlines()]
        nodes = [finding["what"] for finding in findings if finding["check"] == "node"]
        check(not any("more.pcap" in node or "agent import:" in node for node in nodes), f"files are no agents: {nodes}")
        return next((finding for finding in findings if finding["check"] == "probe"), {"verdict": err})

    found = probe()
    check(found["verdict"] == "warning" and "wants a key" in found["what"], f"without the key: {found}")
    for arguments, env in ((["--key", KEY], None), ([], {"SIPLOOM_HEP_PASSWORD": KEY})):
        check_equal(probe(*arguments, env=env)["verdict"], "good", f"with the key: {arguments} {env}")
    config = folder / "siploom.toml"
    config.write_text(f'[hep]\npassword = "{KEY}"\n')
    check_equal(probe("--config", config)["verdict"], "good", "with the key of the configuration")
    check_equal(probe("--key", "another")["verdict"], "bad", "with a wrong key")


def test_terminals(server, there):
    with hep.connect(server.port) as connection:
        message = hep.sip("OPTIONS sip:x@example.org SIP/2.0", "escape\x1b[31m@h", headers="User-Agent: \x1b]0;pwn\x07\r\n")
        connection.sendall(hep.v3(message, name=HOSTILE.decode("latin-1"), key=KEY) +
                           hep.v3(b"log \x1b[2J" + HOSTILE, name=HOSTILE.decode("latin-1"), key=KEY, kind=100,
                                  correlation="\x1b[31mid"))
    server.wait_for_count(2, "call_id like '%escape%' or kind = 'log'")
    for what in (there, ["--store", server.store]):
        for arguments in (["query", "-r"], ["query", "-m"], ["query", "-m", "-1"], ["query", "-r", "--columns", "node,call_id,summary"],
                          ["sql", "select node, call_id, summary, payload from records"], ["query", "-r", "--json"]):
            _, out, _ = run(*arguments, *what)
            check(b"\x1b" not in out and b"\x07" not in out, f"{what[0]} {arguments}: nothing that a terminal obeys")
    _, out, _ = run("doctor", "--data", server.folder, "--hep", f"127.0.0.1:{server.port}", "--no-probe")
    check(b"\x1b" not in out, "doctor: nothing that a terminal obeys")


def test_files(folder, store):
    status, out, err = run("store", "export", "--store", store, "--table", "records", "-o", "-")
    lines = out.decode("latin-1").splitlines()
    check(status == 0 and lines[0].startswith("time,") and len(lines) > 20, f"rows on standard output: {status} {err}")
    check(not pathlib.Path("-").exists(), "no file of that name")
    status, _, err = run("store", "export", "--store", store)
    check(status == 2 and "-o" in err, f"without -o: {err}")
    status, _, err = run("import", "--store", folder / "fresh", folder / "nofile.pcap")
    check(status == 2 and not (folder / "fresh").exists(), f"no store is made for a file that is not there: {err}")
    for command in ("import", "sql", "store"):
        status, _, err = run(command)
        check(status == 2 and "arguments is required" not in err and "is missing: " in err, f"{command}: what is missing: {err}")


def main():
    began = time.monotonic()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="siploom-store-commands-"))
    capture, data = folder / "demo.pcap", folder / "data"
    run("simulate", "--calls", 3000, "--no-media", "--seed", 5, capture)
    status, out, err = run("import", "--store", data / "store", capture, "--json")
    check_equal(status, 0, f"import: {err}")
    # What was seen at two places is one message.
    count = int(run_json("sql", "--json", "--store", data / "store", "select count(*) as n from records where kind = 'sip' and not copy")[0]["n"])
    server = Server(data, hep_password=KEY)
    try:
        server.start()
        url, token = make_token(server)
        there = ["--server", url, "--token", token]
        test_queries(there, server.store, count)
        test_import_to_server(there, folder)
        test_doctor(server, folder)
        test_terminals(server, there)
        test_files(folder, server.store)
        test_more_than_one_window(folder)
        check_equal(server.stop(), 0, "ends")
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{time.monotonic() - began:.0f} s")
    finish()


main()
