#!/usr/bin/env python3
"""`siploom stats --json` over real captures, against what tshark found in each (NAME.truth.json).

DIFFERENCES lists where we do not give tshark's numbers, and who is right.
"""
import json

from support import CORPUS, check, check_equal, finish, run_json, skip

# capture -> {path in the truth: (our value, why)}
DIFFERENCES = {
    "hepwireshark-hep.pcap": {
        "messages": (6, "tshark 4.0 does not read HEP; six of the eight HEP packets carry SIP (truth's own remark)"),
        "call_ids": (1, "the same"),
    },
    "ndpi-http_on_sip_port.pcap": {},
}


def expected(name, key, truth_value):
    return DIFFERENCES.get(name, {}).get(key, (truth_value, ""))[0]


def check_capture(path):
    name = path.name
    truth = json.loads((path.parent / (name + ".truth.json")).read_text())
    sip = truth["sip"]
    stats = run_json("stats", "--json", path)[0]
    check_equal(stats["packets"], truth["packets"], f"{name}: packets")
    check_equal(stats["sip"]["messages"], expected(name, "messages", sip["messages"]), f"{name}: messages")
    check_equal(stats["sip"]["call_ids"], expected(name, "call_ids", sip["distinct_call_ids"]), f"{name}: Call-IDs")
    if name in DIFFERENCES and "messages" in DIFFERENCES[name]:
        return
    check_equal(stats["sip"]["requests"], sip["methods"], f"{name}: methods")
    check_equal(stats["sip"]["responses"], sip["statuses"], f"{name}: statuses")
    transports = {}
    for key, count in (sip.get("transport") or {}).items():
        transports[key.split("/")[0]] = transports.get(key.split("/")[0], 0) + count
    found = {k: v for k, v in stats["sip"]["transports"].items() if v}
    check_equal(found, transports, f"{name}: transports")
    check_equal(stats["rtcp"]["packets"], (truth.get("rtcp") or {}).get("frames") or 0, f"{name}: RTCP")
    streams = truth.get("rtp_streams_heuristic")
    if not isinstance(streams, list):
        streams = truth.get("rtp_streams_default") or []
    check_equal(stats["rtp"]["streams"], len(streams), f"{name}: RTP streams")
    check_equal(stats["rtp"]["packets"], sum(s["packets"] for s in streams), f"{name}: RTP packets")


def check_variants(folder):
    variants = json.loads((folder / "variants.json").read_text())["variants"]
    for name, truth in variants.items():
        stats = run_json("stats", "--json", folder / name)[0]
        check_equal(stats["sip"]["messages"], truth["sip_messages"], f"variants/{name}: messages")
        check_equal(stats["sip"]["call_ids"], truth["call_ids"], f"variants/{name}: Call-IDs")
        if truth["call_ids"] == 1 and truth["sip_messages"] == 9:
            calls = run_json("calls", "--json", "kind == call", folder / name)
            check_equal([(c["state"], c["messages"]) for c in calls], [("completed", 9)], f"variants/{name}: call")


def check_texts(folder):
    for name, truth in json.loads((folder / "truth.json").read_text()).items():
        stats = run_json("stats", "--json", folder / name)[0]
        captured = truth.get("capture_sip_messages")
        messages = truth.get("rendered_messages", truth.get("messages", captured))
        check_equal(stats["sip"]["messages"], messages, f"textdumps/{name}: messages")
        check_equal(stats["sip"]["call_ids"], truth.get("call_ids", truth.get("capture_call_ids")),
                    f"textdumps/{name}: Call-IDs")
        for ours, theirs in (("requests", "capture_methods"), ("responses", "capture_statuses")):
            if theirs in truth and messages == captured:
                check_equal(stats["sip"][ours], truth[theirs], f"textdumps/{name}: {ours}")


def check_torture(folder):
    """Each torture message in a datagram of its own: found, by method or status, Call-ID and CSeq."""
    truth = json.loads((folder / "expected.json").read_text())
    rows = run_json("grep", "--json", folder / "torture-udp.pcap")
    by_call_id = {row["call_id"]: row for row in rows}
    for name, fields in truth.items():
        call_id = fields.get("call_id")
        if call_id is None:
            continue
        row = by_call_id.get(call_id)
        if not check(row is not None, f"torture/{name}: no message with its Call-ID"):
            continue
        if fields.get("method"):
            check_equal(row["method"], fields["method"], f"torture/{name}: method")
        if fields.get("status"):
            check_equal(row["status"], int(fields["status"]), f"torture/{name}: status")
        for key in ("from_tag", "to_tag"):
            if fields.get(key):
                check_equal(row[key], fields[key], f"torture/{name}: {key}")


def main():
    if not (CORPUS / "captures").is_dir():
        skip(f"no captures at {CORPUS}; set SIPLOOM_CORPUS to a folder that has them")
        finish()
    for truth in sorted((CORPUS / "captures").glob("*.truth.json")):
        check_capture(truth.with_name(truth.name.removesuffix(".truth.json")))
    for folder, test in (("variants", check_variants), ("textdumps", check_texts), ("torture", check_torture)):
        if (CORPUS / folder).is_dir():
            test(CORPUS / folder)
        else:
            skip(f"no {folder} at {CORPUS}")
    finish()


if __name__ == "__main__":
    main()
