"""What OpenSIPS, Asterisk, heplify and captagent send that is more than plain SIP: each with what must become of it."""
import json
import struct

import hep

MASTER_KEY = "5ec2e7" * 16
NET_ID = "12259079388679237851"  # above 2^63, as they often are
REST_ID = "RESTCORRMTIzNDU2Nzg5MDEyMzQ1Njc4OTA="
MI_ID = "MICORRMTIzNDU2Nzg5MDEyMzQ1Njc4OTA="

RTCP = {"sender_information": {"ntp_timestamp_sec": 3952204800, "ntp_timestamp_usec": 2147483648, "octets": 16000,
                               "rtp_timestamp": 8000, "packets": 100},
        "ssrc": 305419896, "type": 200, "report_count": 1,
        "report_blocks": [{"source_ssrc": 2596069104, "highest_seq_no": 65636, "fraction_lost": 26, "ia_jitter": 80,
                           "packets_lost": 12, "lsr": 1, "dlsr": 2}]}


def opensips(payload, kind, correlation=None, extra=None, protocol=6, **more):
    return hep.v3(payload, ("192.0.2.50", 5061), ("192.0.2.60", 5061), protocol=protocol, kind=kind, agent=300,
                  correlation=correlation, extra=extra, order=hep.OPENSIPS, **more)


def pretty(**fields):
    return json.dumps(fields, indent="\t").replace('": ', '":\t').encode()


def cases():
    """(name, packet, what its record must be): kind, call_id, an id of extra_ids, words of the summary."""
    invite = hep.sip("INVITE sip:bob@example.org SIP/2.0", "json@opensips")
    tls = pretty(Protocol="TLS", **{"client-subject": "/CN=client.example", "client-issuer": "/CN=ca",
                                    "server-subject": "/CN=lab.example", "server-issuer": "/CN=ca",
                                    "master-key": MASTER_KEY}, Event="ACCEPTED", Status="SUCCESS",
                 Message="Connection accepted...")
    raw_key = (b'{\n\t"Protocol":\t"WSS",\n\t"Event":\t"ACCEPTED",\n\t"master-key":\t"' + bytes(range(0x80, 0xb0)) +
               b'",\n\t"Event":\t"ACCEPTED",\n\t"Status":\t"SUCCESS"\n}')
    yield ("sip as JSON", opensips(pretty(payload=invite.decode()), hep.SIP, "json@opensips", '{"net": "%s"}' % NET_ID, 22),
           {"kind": "sip", "call_id": "json@opensips", "extra": "net:" + NET_ID, "method": "INVITE"})
    yield ("xlog as JSON", opensips(pretty(Event="NOTICE", text="caller is blocked"), hep.LOG, "log@opensips",
                                    '{"sip":"log@opensips"}'),
           {"kind": "log", "call_id": "log@opensips", "says": "caller is blocked"})
    yield ("xlog as text", opensips(b"NOTICE:plain text log", hep.LOG, "logtext@opensips"),
           {"kind": "log", "call_id": "logtext@opensips", "says": "plain text log"})
    yield ("xlog before 3.1", opensips(b"ERR:old log", hep.XLOG_OLD, "oldlog@opensips"),
           {"kind": "log", "call_id": "oldlog@opensips", "says": "old log"})
    yield ("xlog of no call", opensips(b"NOTICE:startup of no call", hep.LOG, "<null>"),
           {"kind": "log", "call_id": None, "says": "startup of no call"})
    yield ("rest request", opensips(pretty(first_line="GET /route?u=bob HTTP/1.1"), hep.REST, REST_ID,
                                    '{"sip":"rest@opensips"}'),
           {"kind": "rest", "call_id": REST_ID, "extra": "call:rest@opensips", "says": "GET /route"})
    yield ("rest as text", opensips(b'HTTP/1.0 200 OK:{"route":"gw:5"}', hep.REST, "resttext@opensips"),
           {"kind": "rest", "call_id": "resttext@opensips", "says": "200"})
    yield ("mi command", opensips(pretty(command="ul_dump", backend="json", parameters="brief"), hep.MI, MI_ID),
           {"kind": "command", "call_id": MI_ID, "says": "ul_dump"})
    yield ("net, TLS with its secret", opensips(tls, hep.NET, NET_ID, protocol=22),
           {"kind": "transport", "call_id": NET_ID, "says": "lab.example"})
    yield ("net, secret as raw octets", opensips(raw_key, hep.NET, "777", protocol=50),
           {"kind": "transport", "call_id": "777", "says": "WSS"})
    yield ("net as text", opensips(b"TCP:CLOSED:SUCCESS:Read error: 104", hep.NET, "4242"),
           {"kind": "transport", "call_id": "4242", "says": "CLOSED"})
    yield ("control without payload", opensips(None, hep.CONTROL, extra='{"sip":"abc@opensips","sip":"def@opensips"}'),
           {"kind": "correlation", "extra": "call:def@opensips"})
    asterisk = dict(protocol=17, agent=400, order=hep.ASTERISK, key="secret-of-asterisk")
    yield ("Asterisk, channel name", hep.v3(hep.sip("INVITE sip:b@h SIP/2.0", "ast@h"), name="pbx-1",
                                            correlation="PJSIP/regA-00000004", **asterisk),
           {"kind": "sip", "call_id": "ast@h", "correlation_id": "PJSIP/regA-00000004", "node": "pbx-1"})
    strings = dict(RTCP, sender_information=dict(RTCP["sender_information"], ntp_timestamp_sec="1743215999",
                                                 ntp_timestamp_usec="500000"))
    strings["report_blocks"] = [dict(RTCP["report_blocks"][0], lsr="4294967295")]
    yield ("Asterisk, RTCP", hep.v3(json.dumps(strings), kind=hep.RTCP, name="pbx-1", correlation="PJSIP/regA-00000004",
                                    **asterisk),
           {"kind": "rtcp-report", "call_id": "PJSIP/regA-00000004", "method": "SR"})
    yield ("Asterisk, RR without sender", hep.v3(json.dumps(dict(RTCP, type=201, sender_information=None)), kind=hep.RTCP,
                                                 correlation="astrr@h", **asterisk),
           {"kind": "rtcp-report", "call_id": "astrr@h", "method": "RR"})
    heplify = dict(agent=2002, order=hep.HEPLIFY, name="edge", more={18: struct.pack("!H", 0)})
    xr = {"type": 0, "id": 0, "fraction_lost": 0, "fraction_discard": 0, "burst_density": 0, "gap_density": 0,
          "burst_duration": 0, "gap_duration": 0, "round_trip_delay": 0, "end_system_delay": 0}
    unsigned = dict(RTCP, report_blocks_xr=xr, sdes_ssrc=0)
    unsigned["report_blocks"] = [dict(RTCP["report_blocks"][0], packets_lost=0xfffffe)]
    yield ("heplify, RTCP with a loss of -2", hep.v3(json.dumps(unsigned), kind=hep.RTCP, correlation="hfy@h", **heplify),
           {"kind": "rtcp-report", "call_id": "hfy@h", "says": "-2"})
    dns = {"id": 1, "qr": True, "rcode": 0, "questions": [{"name": "sip.example.org", "type": "NAPTR", "class": "IN"}],
           "answers": []}
    yield ("heplify, DNS", hep.v3(json.dumps(dns), ("192.0.2.9", 53), ("192.0.2.10", 4000), kind=53, **heplify),
           {"kind": "dns", "says": "sip.example.org"})
    yield ("heplify, log", hep.v3("2026-11-21 asterisk[1]: no route", kind=hep.LOG, correlation="hfylog@h", **heplify),
           {"kind": "log", "call_id": "hfylog@h", "says": "no route"})
    captagent = dict(agent=2003, order=hep.CAPTAGENT, key="myhep")
    vq = (b"VQSessionReport: CallTerm\r\nCallID: vqcall@h\r\nLocalID: <sip:a@h>\r\nRemoteID: <sip:b@h>\r\n"
          b"LocalMetrics:\r\nPacketLoss:NLR=5.0 JDR=0.0\r\nQualityEst:MOSLQ=3.2 MOSCQ=3.1\r\n")
    publish = hep.sip("PUBLISH sip:collector@h SIP/2.0", "publish@h", body=vq,
                      headers="Event: vq-rtcpxr\r\nContent-Type: application/vq-rtcpxr\r\n")
    yield ("captagent, quality report in SIP", hep.v3(publish, correlation="vqcall@h", **captagent),
           {"kind": "sip", "call_id": "publish@h", "correlation_id": "vqcall@h"})
    yield ("captagent, packed", hep.v3(None, compressed=hep.zlib.compress(hep.sip("OPTIONS sip:b@h SIP/2.0", "packed@h")),
                                       **captagent),
           {"kind": "sip", "call_id": "packed@h", "method": "OPTIONS"})
    yield ("captagent, id in the wrong byte order", hep.v3(hep.sip("OPTIONS sip:b@h SIP/2.0", "swapped@h"),
                                                           agent=0x07D40000),
           {"kind": "sip", "call_id": "swapped@h", "node": "2004"})
    ng = b"0_97_2 d7:call-id7:ngcall1:7:command5:offere".replace(b"7:ngcall1:", b"8:ngcall@h")
    yield ("rtpengine, NG", hep.v3(ng, ("127.0.0.1", 46621), ("127.0.0.1", 2223), kind=hep.NG, correlation="ngcall@h"),
           {"kind": "ng", "call_id": "ngcall@h", "method": "offer"})
    yield ("version 2 with NULs", hep.v2(hep.sip("OPTIONS sip:b@h SIP/2.0", "nuls@h"), tail=bytes(8)),
           {"kind": "sip", "call_id": "nuls@h", "node": "2001"})
    yield ("version 1", hep.v1(hep.sip("OPTIONS sip:b@h SIP/2.0", "v1@h")), {"kind": "sip", "call_id": "v1@h"})
    yield ("unknown type and vendor", hep.v3("what is this?", kind=213, agent=77, correlation="unknown@h",
                                             more={0x1234: b"\1\2"}),
           {"kind": "other", "call_id": "unknown@h", "says": "what is this?"})


# Sent, and kept under no kind: answered for in the ledger.
NOT_KEPT = [("keep-alive", hep.v3(b"\r\n\r\n")), ("OpenSIPS v2 without a payload", hep.v2(b"", tail=bytes(8)))]
