"""What hostile or broken clients do to a HEP port. Each attack gives the sockets that it leaves open."""
import base64
import os
import random
import socket
import ssl
import struct
import threading
import time

import hep

HTTP_KEY = base64.b64encode(b"0123456789abcdef").decode()
UPGRADE = (f"GET /hep HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           f"Sec-WebSocket-Key: {HTTP_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode()
DICE = random.Random(5060)


def open_and_send(port, pieces, source=None):
    """A connection on which all pieces were sent, as far as the server let them."""
    connection = hep.connect(port, source=source)
    try:
        for piece in pieces:
            connection.sendall(piece)
    except OSError:
        pass
    return connection


def slowloris(port, seconds):
    """An octet at a time, of every protocol that is spoken here."""
    whole = hep.v3(hep.sip("OPTIONS sip:slow SIP/2.0", "slow@h"))
    texts = [whole, b"POST /hep HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n", UPGRADE, b"\x16\x03\x01" + bytes(99)]
    connections = [(hep.connect(port), text) for text in texts for _ in range(25)]
    for i in range(int(seconds / 0.02)):
        for connection, text in connections:
            try:
                connection.send(text[i % len(text):i % len(text) + 1])
            except OSError:
                pass
        time.sleep(0.02)
    return [connection for connection, _ in connections]


def garbage(port):
    left = [open_and_send(port, [DICE.randbytes(DICE.choice([1, 5, 100, 70000]))]) for _ in range(100)]
    left += [open_and_send(port, [b"HEP3" + DICE.randbytes(2000)]) for _ in range(50)]
    left += [open_and_send(port, [b"\0" * 300000]), open_and_send(port, [b"H" * 300000])]
    good = hep.v3(hep.sip("OPTIONS sip:flipped SIP/2.0", "flipped@h"))
    for _ in range(500):
        broken = bytearray(good)
        # Headers only: a message whose text was changed is a good one.
        broken[DICE.randrange(6, 90)] ^= 1 << DICE.randrange(8)
        hep.udp(bytes(broken[:DICE.choice([len(broken), DICE.randrange(len(broken))])]), port=port)
        hep.udp(DICE.randbytes(DICE.choice([0, 1, 40, 1400])), port=port)
    return left


def giant_lengths(port):
    """A length of 64 KiB and nothing behind it; chunks that are longer than their message, and shorter than their head."""
    left = [open_and_send(port, [b"HEP3\xff\xff" + hep.chunk(1, b"\2")]) for _ in range(200)]
    for length in (0, 1, 5, 6, 7, 65535):
        body = hep.chunk(1, b"\2") + struct.pack("!HHH", 0, 15, length) + b"OPTIONS sip:x SIP/2.0\r\n\r\n"
        message = b"HEP3" + struct.pack("!H", 6 + len(body)) + body
        hep.udp(message, port=port)
        left.append(open_and_send(port, [message] * 20))
    for length in (0, 1, 5, 6):
        left.append(open_and_send(port, [b"HEP3" + struct.pack("!H", length)] * 1000))
    return left


def zip_bombs(port):
    packed = hep.zlib_bomb(48 << 20)
    chunk_bomb = hep.v3(None, compressed=packed)
    whole_bomb = hep.gzip_bomb(48 << 20)
    left = [open_and_send(port, [chunk_bomb] * 20)]
    for _ in range(20):
        hep.udp(chunk_bomb, whole_bomb, port=port)
    body = hep.gzip_bomb(512 << 20)
    post = (f"POST /hep HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    left += [open_and_send(port, [post, body]) for _ in range(3)]
    return left


def half_http(port):
    post = b"POST /hep HTTP/1.1\r\nHost: x\r\n"
    heads = [b"G", b"GET", b"GET / HTTP/1.1\r\nHost", b"POST / HTTP/1.1\r\nContent-Length: 8388608\r\n\r\nHEP3",
             post + b"Content-Length: 99999999999999999999\r\n\r\n", post + b"Content-Length: -1\r\n\r\n",
             post + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", post + b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
             post + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", post + b"X: " + b"y" * 300000,
             b"GET / HTTP/9.9\r\n\r\n", b"BREW / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n\r\n" * 1000]
    return [open_and_send(port, [head]) for head in heads for _ in range(10)]


def frame(opcode, payload=b"", mask=True, first=0x80, length=None):
    length = len(payload) if length is None else length
    size = (bytes([length | (0x80 if mask else 0)]) if length < 126 else
            bytes([126 | (0x80 if mask else 0)]) + struct.pack("!H", length) if length < 65536 else
            bytes([127 | (0x80 if mask else 0)]) + struct.pack("!Q", length))
    return bytes([first | opcode]) + size + (bytes(4) if mask else b"") + payload


def broken_websockets(port):
    frames = [frame(2, b"HEP3", mask=False), frame(2, b"HEP3", first=0xF0), frame(2, b"", length=(1 << 63) - 1),
              frame(2, b"", length=1 << 40), frame(9, bytes(126)), frame(0, b"no beginning"), frame(1, b"HEP3 as text"),
              frame(2, b"HEP3", first=0) * 3, frame(3, b"x"), frame(8, b"\0"), frame(2, DICE.randbytes(60000)) * 5,
              frame(2, b"x" * 60000, first=0) + frame(0, b"x" * 60000, first=0) * 20, frame(9, b"ping") * 5000]
    return [open_and_send(port, [UPGRADE, each]) for each in frames for _ in range(5)]


def broken_tls(port):
    """Handshakes that end half way, that are garbage, and whole ones that then say nothing or nonsense."""
    hello = bytes.fromhex("160301") + (512).to_bytes(2, "big")
    left = [open_and_send(port, [hello + DICE.randbytes(n)]) for n in (0, 1, 40, 511, 512, 4096)]
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for _ in range(20):
        try:
            connection = context.wrap_socket(hep.connect(port, timeout=3))
            connection.sendall(DICE.randbytes(3000))
            left.append(connection)
        except OSError:
            pass
    return left


def many_connections(port, count):
    """Each with the beginning of a message; from several addresses, since one may have so many only."""
    left = []
    for i in range(count):
        try:
            left.append(open_and_send(port, [b"HEP3\xff\xff" + os.urandom(20)], source=f"127.0.0.{2 + i // 900}"))
        except OSError:
            break
    return left


def too_many_of_one_address(port, count):
    """Gives the sockets and how many of them the server has closed."""
    left = [hep.connect(port, source="127.0.0.200") for _ in range(count)]
    time.sleep(0.5)
    return left, count - still_open(left)


def still_open(connections):
    """How many of them the server has not closed."""
    count = 0
    for connection in connections:
        connection.setblocking(False)
        try:
            while connection.recv(65536):
                pass
        except BlockingIOError:
            count += 1
        except OSError:
            pass
    return count


def close_all(connections):
    for connection in connections:
        try:
            connection.close()
        except OSError:
            pass


def websocket_send(port, messages):
    """A good client: sends HEP messages as binary frames."""
    with hep.connect(port) as connection:
        connection.sendall(UPGRADE)
        answer = connection.recv(4096)
        assert b" 101 " in answer, answer
        connection.sendall(b"".join(frame(2, message) for message in messages))
        connection.sendall(frame(8, b"\x03\xe8"))
        while connection.recv(4096):
            pass


def http_post(port, body, headers=""):
    """A good client: gives the status."""
    with hep.connect(port) as connection:
        connection.sendall(f"POST /hep HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}"
                           f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
    return int(answer.split()[1])
