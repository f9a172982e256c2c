#!/usr/bin/env python3
"""siploom serve asked through its API: `query --server` prints what `query --store` prints; log.level while it runs."""

import hep
from server import Server, scratch_folder, wait_for
from support import check, check_equal, finish, run


def asked_both_ways(server, token, *arguments):
    """What `siploom query` gives of the store and of the server: status, standard output and error of each."""
    local = run("query", "--store", server.store, *arguments, timeout=60)
    remote = run("query", "--server", server.url(), "--token", token, *arguments, timeout=60)
    return local, remote


def test_query_of_a_server():
    server = Server(scratch_folder("remote")).start()
    try:
        token = server.make_token()
        with hep.connect(server.port) as connection:
            for i in range(7):
                for message, forth in hep.call_messages(f"remote-{i}@h"):
                    ends = (("192.0.2.10", 5060), ("198.51.100.20", 5060))
                    connection.sendall(hep.v3(message, *(ends if forth else ends[::-1])))
        hep.udp(hep.v3(b"NOTICE a log line", kind=100), port=server.port)
        check_equal(server.wait_for_count(43), 43, "all is kept")
        for arguments, expected in ((("-r", "--count"), "43\n"), (("-m", "--count"), "42\n"),
                                    (("-m", "--count", "method", "==", "BYE"), "14\n"),
                                    (("-r", "--count", "record.kind", "==", "log"), "1\n"),
                                    (("-m", "--count", "call_id", "==", "nobody"), "0\n"),
                                    (("-r", "--count", "--to", "2001-01-01T00:00:00Z"), "0\n")):
            local, remote = asked_both_ways(server, token, *arguments)
            check_equal(local[1].decode(), expected, f"query {arguments} of the store")
            check_equal(remote[:2], local[:2], f"query {arguments} of the server: {remote[2]}")
        for arguments in (("-r", "statsu", "==", "486"), ("-m", "status == 200 and statsu == 486"), ("--count", "(status == 2"),
                          ("-m", "--count", "status == abc"), ("call.state == nonsense",)):
            local, remote = asked_both_ways(server, token, *arguments)
            check("^" in local[2] and "filter: " in local[2], f"query {arguments}: the place is marked: {local}")
            check_equal(remote, local, f"query {arguments}: the same of the server")
        check_equal(server.stop(), 0, "ends")
    finally:
        server.remove()


def test_changed_while_running():
    server = Server(scratch_folder("settings"), log_level="warning").start(quiet=True)
    try:
        check("taking HEP" not in server.text(), "log.level=warning hides what is only told")
        token = server.make_token()
        headers = {"Authorization": f"Bearer {token}"}
        server.api("PUT", "settings/log.level", {"value": "debug"}, **headers)
        check_equal(server.api("GET", "settings/log.level", **headers)[1]["origin"], "command line",
                    "what the command line says has more weight")
        check_equal(server.stop(), 0, "ends")
    finally:
        server.remove()
    server = Server(scratch_folder("settings")).start()
    try:
        headers = {"Authorization": f"Bearer {server.make_token()}"}
        server.api("GET", "health", **headers)
        check("debug" not in server.text(), "requests are not told")
        server.api("PUT", "settings/log.level", {"value": "debug"}, **headers)
        server.api("GET", "health", **headers)
        check(wait_for(lambda: server.told(r"debug   127\.0\.0\.1 GET /api/v1/health: 200"), 5), f"now they are: {server.text()}")
        server.api("PUT", "settings/log.format", {"value": "json"}, **headers)
        server.api("GET", "health", **headers)
        check(wait_for(lambda: server.told(r'"level":"debug"'), 5), "and as JSON")
        server.api("DELETE", "settings/log.level", **headers)
        check_equal(server.stop(), 0, "ends")
        check('"level":"info","message":"stopping"' in server.text(), "the usual level again")
    finally:
        server.remove()


def main():
    test_changed_while_running()
    test_query_of_a_server()
    finish()


main()
