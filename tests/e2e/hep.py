"""A small HEP encoder that imitates the senders of the field, byte for byte where it matters, and SIP to put in it."""
import socket
import struct
import time
import zlib

SIP, RTCP, LOG, VQ = 1, 5, 100, 35
XLOG_OLD, MI, REST, NET, CONTROL, NG = 0x56, 0x57, 0x58, 0x59, 0x60, 0x3d

# The order in which families of senders write their chunks; the decoder may rely on none.
KAMAILIO = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 14, 15, 16)
CAPTAGENT = (1, 2, 7, 8, 9, 10, 11, 12, 3, 4, 5, 6, 14, 17, 15, 16)
OPENSIPS = (1, 2, 7, 8, 9, 10, 11, 12, 3, 4, 5, 6, 15, 16, 0x65, 17)
ASTERISK = (1, 2, 7, 8, 9, 10, 11, 12, 3, 4, 5, 6, 14, 17, 19, 15)
HEPLIFY = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 17, 18, 19, 23, 24, 32, 15, 16)


def chunk(number, value, vendor=0):
    return struct.pack("!HHH", vendor, number, 6 + len(value)) + value


def packed_address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def v3(payload, src=("192.0.2.10", 5060), dst=("198.51.100.20", 5060), protocol=17, kind=SIP, agent=2001, when=None,
       correlation=None, name=None, key=None, extra=None, order=CAPTAGENT, more=None, magic=b"HEP3", times=None,
       compressed=None):
    """One HEP3 message. `times`: seconds and microseconds as they stand in the chunks; `more`: chunks {number: octets}."""
    seconds, micros = times if times is not None else divmod(int((time.time() if when is None else when) * 1e6), 10**6)
    v6 = ":" in src[0]
    values = {1: bytes([10 if v6 else 2]), 2: bytes([protocol]), (5 if v6 else 3): packed_address(src[0]),
              (6 if v6 else 4): packed_address(dst[0]), 7: struct.pack("!H", src[1]), 8: struct.pack("!H", dst[1]),
              9: struct.pack("!I", seconds & 0xffffffff), 10: struct.pack("!I", micros & 0xffffffff),
              11: bytes([kind]), 12: struct.pack("!I", agent)}
    if key is not None:
        values[14] = key.encode()
    if compressed is not None:
        values[16] = compressed
    elif payload is not None:
        values[15] = payload if isinstance(payload, bytes) else payload.encode()
    if correlation is not None:
        values[17] = correlation.encode()
    if name is not None:
        values[19] = name.encode()
    if extra is not None:
        values[0x65] = extra.encode()
    values.update(more or {})
    places = {number: place for place, number in enumerate(order)}
    body = b"".join(chunk(number, values[number]) for number in sorted(values, key=lambda n: places.get(n, 99)))
    return magic + struct.pack("!H", 6 + len(body)) + body


def v2(payload, src=("192.0.2.10", 5060), dst=("198.51.100.20", 5060), protocol=17, agent=2001, when=None, tail=b""):
    """HEP version 2 as everybody sends it: header length 16, a time header of 12 octets, little-endian."""
    seconds, micros = divmod(int((time.time() if when is None else when) * 1e6), 10**6)
    head = struct.pack("!BBBBHH", 2, 16, 2, protocol, src[1], dst[1]) + packed_address(src[0]) + packed_address(dst[0])
    return head + struct.pack("<IIHH", seconds, micros, agent, 0) + payload + tail


def v1(payload, src=("192.0.2.10", 5060), dst=("198.51.100.20", 5060), protocol=17):
    return (struct.pack("!BBBBHH", 1, 16, 2, protocol, src[1], dst[1]) + packed_address(src[0]) +
            packed_address(dst[0]) + payload)


def sip(start, call_id, cseq=1, method=None, to_tag="", body=b"", headers="", via="192.0.2.10", branch=None):
    """A SIP message; `start` is its first line."""
    method = method or start.split()[0]
    text = (f"{start}\r\nVia: SIP/2.0/UDP {via}:5060;branch=z9hG4bK{branch or f'{cseq}{method}{call_id}'}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=a1\r\nTo: <sip:bob@example.org>{to_tag}\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n{headers}Content-Length: {len(body)}\r\n\r\n")
    return text.encode() + body


def call_messages(call_id):
    """A call's six messages as (message, from caller to callee?)."""
    uri, tag = "sip:bob@example.org SIP/2.0", ";tag=b1"
    return [(sip(f"INVITE {uri}", call_id), True),
            (sip("SIP/2.0 180 Ringing", call_id, 1, "INVITE", tag), False),
            (sip("SIP/2.0 200 OK", call_id, 1, "INVITE", tag), False),
            (sip(f"ACK {uri}", call_id, 1, "ACK", tag), True),
            (sip(f"BYE {uri}", call_id, 2, "BYE", tag), True),
            (sip("SIP/2.0 200 OK", call_id, 2, "BYE", tag), False)]


def zlib_bomb(size):
    """`size` zeros, as zlib packs them."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


def gzip_bomb(size):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


def connect(port, host="127.0.0.1", timeout=10, source=None):
    return socket.create_connection((host, port), timeout, source and (source, 0))


def udp(*datagrams, port, host="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for datagram in datagrams:
            out.sendto(datagram, (host, port))
