#!/usr/bin/env python3
"""`siploom stats --json` over real captures, against what tshark found in each (NAME.truth.json).

DIFFERENCES lists where we do not give tshark's numbers, and who is right.
"""
import json

from support import CORPUS, check, check_equal, finish, run_json, skip

_FAX = "23 packets are there twice: same octets and IP identification, 0.3 ms apart (a mirror of both directions)"
# capture -> {what: (our value, why it is right)}
DIFFERENCES = {
    "hepwireshark-hep.pcap": {
        "messages": (6, "tshark 4.0 does not read HEP; six of the eight HEP packets carry SIP (truth's own remark)"),
        "Call-IDs": (1, "the same"), "methods": (None, "the same"), "statuses": (None, "the same"),
        "transports": (None, "the same"), "RTP packets": (None, "the same"), "RTP streams": (None, "the same"),
    },
    "ndpi-skinny.pcap": {
        "RTP packets": (101, "34 packets are there twice: same octets and IP identification within 20 us"),
    },
    "ndpi-stun_dtls_rtp.pcapng": {
        "RTCP": (1, "one SRTCP packet on the multiplexed port (RFC 5761); tshark calls it data"),
    },
    "ws-FAX-Call-t38-CA-TDM-SIP-FB-1.pcap": {
        "messages": (69, _FAX),
        "methods": ({"ACK": 12, "BYE": 3, "INVITE": 12, "OPTIONS": 6}, _FAX),
        "statuses": ({"100": 12, "180": 3, "200": 18, "488": 3}, _FAX),
        "transports": ({"udp": 69}, _FAX),
        "RTP packets": (6995, "tshark reads RTP of unchanged SSRC and sequence as T.38 once a re-INVITE offered it, "
                              "before the far end switched"),
    },
    "ws-SIP_CALL_RTP_G711.pcap": {
        "RTCP": (28, "two RTCP packets on RTP's port + 1 before SDP announced it (RFC 3550 11)"),
    },
}


def check_capture(path):
    name = path.name
    truth = json.loads((path.parent / (name + ".truth.json")).read_text())
    sip = truth["sip"]
    stats = run_json("stats", "--json", path)[0]
    differences = DIFFERENCES.get(name, {})

    def compare(what, found, theirs):
        ours = differences.get(what, (theirs, ""))[0]
        if ours is not None:
            check_equal(found, ours, f"{name}: {what}")

    compare("packets", stats["packets"], truth["packets"])
    compare("messages", stats["sip"]["messages"], sip["messages"])
    compare("Call-IDs", stats["sip"]["call_ids"], sip["distinct_call_ids"])
    compare("methods", stats["sip"]["requests"], sip["methods"])
    compare("statuses", stats["sip"]["responses"], sip["statuses"])
    transports = {}
    for key, count in (sip.get("transport") or {}).items():
        transports[key.split("/")[0]] = transports.get(key.split("/")[0], 0) + count
    compare("transports", {k: v for k, v in stats["sip"]["transports"].items() if v}, transports)
    compare("RTCP", stats["rtcp"]["packets"], (truth.get("rtcp") or {}).get("frames") or 0)
    streams = truth.get("rtp_streams_heuristic")
    if not isinstance(streams, list):
        streams = truth.get("rtp_streams_default") or []
    compare("RTP streams", stats["rtp"]["streams"], len(streams))
    compare("RTP packets", stats["rtp"]["packets"], sum(s["packets"] for s in streams))
    if differences.get("messages", ("", ""))[1] == _FAX:
        check_equal(stats["sip"]["messages"] + stats["sip"]["duplicates"], sip["messages"],
                    f"{name}: messages and their copies")


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
    for name, fields in truth.items():
        call_id = fields.get("call_id")
        if call_id is None:
            continue
        # Those of RFC 5118 share a Call-ID; the tags and the method tell them apart.
        same = [row for row in rows if row["call_id"] == call_id]
        wanted = [key for key in ("method", "from_tag", "to_tag") if fields.get(key)]
        same.sort(key=lambda row: sum(row[key] == fields[key] for key in wanted))
        if not check(bool(same), f"torture/{name}: no message with its Call-ID"):
            continue
        row = same[-1]
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
