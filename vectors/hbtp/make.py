"""Writes the vectors of HBTP. Every expected byte is spelled out here from docs/hbtp.md; no decoder
is asked. Run: python3 make.py, in this folder. The format is in README.md."""
import json
import os
from struct import pack

PREFACE = bytes.fromhex("bd48425450310d0a")
R, F, C, E, X = 4, 8, 1, 2, 16
CODES = {
    "H-1.3": 0x102, "H-1.4": 0x103, "H-1.5": 0x101, "H-1.6": 0x101, "H-2.2": 0x102, "H-2.3": 0x102,
    "H-2.4": 0x100, "H-2.5": 12, "H-3.1": 0x103, "H-3.2": 0x103, "H-3.3": 0x103, "H-4.1": 0x111,
    "H-4.2": 0x111, "H-4.3": 0x109, "H-4.5": 0x112, "H-5.1": 0x112, "H-5.2": 0x116, "H-5.4": 0x116,
    "H-5.5": 0x10D, "H-5.6": 0x116, "H-5.7": 0x100, "H-5.8": 0x100, "H-6.1": 0x116, "H-6.2": 0x10F,
    "H-6.3": 0x114, "H-6.4": 0x10E, "H-7.1": 0x115, "H-7.2": 0x116, "H-7.5": 8, "H-7.6": 0x104,
    "H-7.8": 4, "H-7.9": 0x100, "H-7.12": 0x116, "H-9.2": 0x116, "H-10.1": 0x116, "H-10.2": 0x10E,
    "H-11.1": 0x116, "H-11.2": 0x116,
}
NAMED = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 17, 18, 19, 20,
         0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35]
ALLOWED = {1: 0, 2: 0, 3: R | F, 4: R | F, 5: 0, 6: 0, 7: 0, 16: C | R | F | X, 17: C | F | X,
           20: C | F | X}
files = {}
seen = set()


def hdr(op, flags=0, seq=0, length=0):
    return pack("<BBHI", op, flags, seq, length)


def frame(op, flags=0, seq=0, payload=b""):
    return hdr(op, flags, seq, len(payload)) + payload


def error(scope, seq, code, message=b"", retry=0, after=0, detail=b""):
    return frame(6, 0, seq, pack("<HBBIHH", code, scope, retry, after, len(message), 0)
                 + message + detail)


def refused(rule, seq, scope=1, retry=0, after=0):
    return error(scope, seq, CODES[rule], rule.encode(), retry, after)


def closing(rule):
    return error(0, 0, CODES[rule], rule.encode())


def closed(rule):
    return f"closed {rule} {CODES[rule]:04x}"


def body(route=0, arguments=b"", layout=0, deadline=0):
    return pack("<HHI", route, layout, deadline) + arguments


def call(seq, arguments=b"hi", route=0, flags=R | F, deadline=0):
    return frame(16, flags, seq, body(route, arguments, 0, deadline))


def answer(seq, result=b"hi"):
    return frame(17, F, seq, bytes(8) + result)


def hello_body(low=1, high=1, features=0, frame_max=0, inflight=0, reserved=0, fields=b""):
    return pack("<HHIIHHQII", low, high, features, frame_max, inflight, 0, 0, 0, reserved) + fields


def welcome_body(version=1, verdict=0, resumed=0, features=0, frame_max=1 << 20, inflight=1024,
                 reserved=0, fields=b""):
    return pack("<HBBIIHHIIQII", version, verdict, resumed, features, frame_max, inflight, 256,
                25000, 1000, 1700000000000, 0, reserved) + bytes(range(16)) + fields


def field(kind, value=b""):
    return pack("<HH", kind, len(value)) + value


def goaway(code=0, flags=0, last=0, r1=0, drain=0, jitter=0, r2=0, endpoint=b""):
    return frame(5, 0, 0, pack("<HHHHIII", code, flags, last, r1, drain, jitter, r2) + endpoint)


def ext(fields=b"", pad=None):
    size = 2 + len(fields)
    return pack("<H", len(fields)) + fields + (bytes(-size % 8) if pad is None else pad)


def saw(op, flags, seq, payload=b"", word="frame"):
    return f"{word} {op:02x} {flags:02x} {seq:04x} {payload.hex() or '-'}"


def saw_call(seq, arguments=b"hi", route=0, flags=R | F, deadline=0):
    return saw(16, flags, seq, body(route, arguments, 0, deadline), "call")


OPEN_IN = PREFACE + frame(1, 0, 0, hello_body())
OPEN_EVENT = "hello 1 1 0 0 0"
OPEN_OUT = frame(2, 0, 0, welcome_body())


def case(group, name, rules, steps, events, out, role="server", limits=None):
    assert name not in seen, name
    seen.add(name)
    steps = [{"in": step.hex()} if isinstance(step, bytes) else step for step in steps]
    row = {"id": name, "rules": rules, "role": role, "steps": steps, "events": events,
           "out": out.hex()}
    if limits:
        row["limits"] = limits
    files.setdefault(group, []).append(row)


def session(group, name, rules, steps, events, out, limits=None, welcome=None):
    case(group, name, rules, [OPEN_IN] + steps, [OPEN_EVENT] + events,
         (welcome or OPEN_OUT) + out, "server", limits)


def dies(group, name, rule, steps, before=(), out=b"", limits=None):
    session(group, name, [rule], steps, [*before, closed(rule)], out + closing(rule), limits)


def headers():
    g = "headers"
    for op in (0, 0xBD, 0xFF):
        dies(g, f"reserved-opcode-{op:02x}", "H-1.3", [hdr(op, 0, 1)])
    for bit in (0x20, 0x40, 0x80, 0xE0, 0x2C):
        dies(g, f"reserved-flag-{bit:02x}", "H-1.4", [hdr(0x22, bit, 1)])
    for top in (0x01000000, 0x80000000, 0xFFFFFFFF):
        dies(g, f"length-{top:08x}", "H-1.5", [hdr(16, R | F, 1, top)])
    dies(g, "order-opcode-before-flags", "H-1.3", [hdr(0, 0xFF, 0, 0xFFFFFFFF)])
    dies(g, "order-flags-before-length", "H-1.4", [hdr(16, 0xFF, 0, 0xFFFFFFFF)])
    dies(g, "order-length-before-phase", "H-1.5", [hdr(1, 0, 0, 0xFFFFFFFF)])
    dies(g, "order-phase-before-flags", "H-5.7", [hdr(1, F, 1, 5)])
    dies(g, "order-opcode-before-allowed-flags", "H-2.2", [hdr(0x1F, E, 0, 1 << 21)])
    dies(g, "order-flags-before-limit", "H-3.1", [hdr(16, E, 0, 1 << 21)])
    dies(g, "order-limit-before-seq", "H-1.6", [hdr(16, F, 0, 1 << 21)])
    dies(g, "payload-over-limit", "H-1.6", [hdr(16, R | F, 1, (1 << 20) + 1)])
    session(g, "payload-at-limit-waits", ["H-1.6"], [hdr(16, R | F, 1, 1 << 20)], [], b"")
    case(g, "bare-over-limit", ["H-1.6", "H-4.4"], [hdr(16, R | F, 1, (1 << 18) + 1)],
         [closed("H-1.6")], closing("H-1.6"))
    case(g, "bare-at-limit-waits", ["H-1.6", "H-4.4"], [hdr(16, R | F, 1, 1 << 18)], [], b"")
    for cut in (1, 7, 8, 12):
        session(g, f"truncated-at-{cut}", ["H-1.8"], [call(1)[:cut], {"end": True}],
                ["truncated"], b"")
    session(g, "clean-end", ["H-1.8"], [call(1), {"end": True}], [saw_call(1), "end"], answer(1))
    case(g, "truncated-preface", ["H-1.8"], [PREFACE[:5], {"end": True}], ["truncated"], b"")
    two = call(1, b"a") + call(2, b"b")
    session(g, "two-in-one-read", ["H-1.1"], [two], [saw_call(1, b"a"), saw_call(2, b"b")],
            answer(1, b"a") + answer(2, b"b"))


def opcodes():
    g = "opcodes"
    for op in range(0x0C, 0x40):
        if op not in NAMED:
            dies(g, f"unnamed-{op:02x}", "H-2.2", [hdr(op, 0, 1)])
    for op in (8, 9, 10, 11, 15, 18, 19):
        dies(g, f"feature-missing-{op:02x}", "H-2.3", [hdr(op, 0, 0)])
    for op in (5,):
        dies(g, f"seq-not-zero-{op:02x}", "H-2.4", [hdr(op, 0, 1, 20)])
    for op in (7, 16):
        dies(g, f"seq-zero-{op:02x}", "H-2.4", [hdr(op, 0, 0)])
    for op, scope in ((0x14, 4), (0x20, 2), (0x21, 2), (0x23, 2), (0x24, 2), (0x25, 2), (0x26, 2),
                      (0x31, 3), (0x32, 3), (0x33, 3), (0x35, 3)):
        session(g, f"unhandled-{op:02x}", ["H-2.5", "H-9.3"], [frame(op, 0, 9, b"x"), call(1)],
                [saw(op, 0, 9, b"x"), saw_call(1)], refused("H-2.5", 9, scope) + answer(1))
    for op in (0x40, 0x7F, 0xC1, 0xFE):
        session(g, f"ignorable-{op:02x}", ["H-2.1"], [frame(op, 0, 3, b"abc"), call(1)],
                [saw(op, 0, 3, b"abc"), saw_call(1)], answer(1))
        session(g, f"ignorable-asks-{op:02x}", ["H-2.1", "H-2.5"], [frame(op, R, 3)],
                [saw(op, R, 3)], refused("H-2.5", 3, 4))
    for op in (0x81, 0xBC, 0xBE):
        dies(g, f"critical-application-{op:02x}", "H-2.2", [frame(op, 0, 3, b"abc")],
             [saw(op, 0, 3, b"abc")])
    for op in (0x22, 0x30, 0x34, 0x80, 0xC0):
        session(g, f"handled-{op:02x}", ["H-2.6", "H-2.7"], [frame(op, R, 7, b"state")],
                [saw(op, R, 7, b"state")], frame(op, F, 7, b"state"))
        session(g, f"handled-silently-{op:02x}", ["H-2.6"], [frame(op, F, 7, b"state")],
                [saw(op, F, 7, b"state")], b"")


def flags():
    g = "flags"
    for op, allowed in ALLOWED.items():
        if op < 3:
            continue
        for bit in (C, E, R, F, X):
            if not bit & allowed:
                dies(g, f"flag-{bit:02x}-on-{op:02x}", "H-3.1", [hdr(op, bit, 1 if op > 5 else 0)])
    for op in (0x22, 0x34, 0x50, 0x80, 0xC0):
        dies(g, f"encrypted-{op:02x}", "H-3.1", [hdr(op, E, 1)])
    for op in (16, 17, 0x14, 0x23, 0x80):
        dies(g, f"compressed-{op:02x}", "H-3.2", [hdr(op, C, 1)])
    case(g, "bare-ext", ["H-3.3"], [hdr(16, X, 1, 8)], [closed("H-3.3")], closing("H-3.3"))
    for mask in (0, R, F, R | F):
        session(g, f"call-flags-{mask:02x}", ["H-3.1", "H-8.1"], [call(1, flags=mask)],
                [saw_call(1, flags=mask)], answer(1))
        session(g, f"ping-flags-{mask:02x}", ["H-3.1", "H-6.1"], [frame(3, mask, 1)], [],
                frame(4, 0, 1))


def connecting():
    g = "connecting"
    for text in (b"hello", b"GET / HTTP/1.1\r\n\r\n", b"\r\n", b"\x00", b"\xff" * 8, b"\x16\x03\x01",
                 b"\x04\0\0\0\0\0\0\0", b"\x0d\x0a\x0d\x0a\0\r\nQUIT\n"):
        case(g, f"text-{text.hex()[:12]}", ["H-4.1"], [text], [closed("H-4.1")], closing("H-4.1"))
    for at in range(1, 8):
        bad = PREFACE[:at] + bytes([PREFACE[at] ^ 0x20])
        case(g, f"preface-broken-at-{at}", ["H-4.2"], [bad], [closed("H-4.2")], closing("H-4.2"))
    case(g, "preface-line-end-translated", ["H-4.2"], [PREFACE[:6] + b"\n" + bytes(8)],
         [closed("H-4.2")], closing("H-4.2"))
    for name, sent in (("nothing", b""), ("preface", PREFACE), ("half-hello", OPEN_IN[:20])):
        case(g, f"handshake-late-{name}", ["H-4.3"], [sent, {"tick": 4999}, {"tick": 5000}],
             [closed("H-4.3")], closing("H-4.3"))
    case(g, "bare-ping", ["H-4.4", "H-6.1"], [frame(3, 0, 0x539)], [], frame(4, 0, 0x539))
    case(g, "bare-call", ["H-4.4"], [call(7)], [saw_call(7)], answer(7))
    case(g, "bare-call-seq-zero", ["H-4.4"], [call(0, flags=0)], [saw_call(0, flags=0)], answer(0))
    case(g, "bare-many", ["H-4.4"], [frame(3) + call(1, b"") + frame(3, 0, 2)],
         [saw_call(1, b"")], frame(4) + answer(1, b"") + frame(4, 0, 2))
    for op in (1, 2, 4, 5, 6, 7, 0x14, 0x22, 0x50, 0x80):
        case(g, f"bare-opcode-{op:02x}", ["H-4.5"], [frame(3), hdr(op, 0, 0)], [closed("H-4.5")],
             frame(4) + closing("H-4.5"))
    case(g, "closed-is-deaf", ["H-4.1"], [b"?", call(1), {"tick": 10**6}], [closed("H-4.1")],
         closing("H-4.1"))


def handshake():
    g = "handshake"
    session(g, "hello-welcome", ["H-5.2", "H-5.4"], [], [], b"")
    case(g, "upgraded", ["H-4.6"], [OPEN_IN[8:] + call(1)], [OPEN_EVENT, saw_call(1)],
         OPEN_OUT + answer(1), "upgraded")
    case(g, "upgraded-no-preface", ["H-4.6", "H-1.3"], [PREFACE], [closed("H-1.3")],
         closing("H-1.3"), "upgraded")
    for op in (2, 3, 6, 16, 0x22, 0x50):
        case(g, f"first-frame-{op:02x}", ["H-5.1"], [PREFACE + hdr(op)], [closed("H-5.1")],
             closing("H-5.1"))
    case(g, "hello-over-limit", ["H-5.1", "H-1.6"], [PREFACE + hdr(1, 0, 0, 16385)],
         [closed("H-1.6")], closing("H-1.6"))

    def bad(name, rule, payload, seq=0, flags_=0):
        case(g, name, [rule], [PREFACE + frame(1, flags_, seq, payload)], [closed(rule)],
             closing(rule))
    for size in (0, 1, 31):
        bad(f"hello-short-{size}", "H-5.2", hello_body()[:size])
    bad("hello-reserved", "H-5.2", hello_body(reserved=1))
    bad("hello-range", "H-5.2", hello_body(low=2, high=1))
    bad("hello-version-2", "H-5.5", hello_body(low=2, high=9))
    bad("hello-version-0", "H-5.5", hello_body(low=0, high=0))
    bad("hello-seq", "H-2.4", hello_body(), seq=1)
    bad("hello-flag", "H-3.1", hello_body(), flags_=F)
    bad("field-half", "H-5.6", hello_body(fields=b"\1\0"))
    bad("field-too-long", "H-5.6", hello_body(fields=b"\1\0\5\0abc"))
    bad("field-order", "H-5.6", hello_body(fields=field(2) + field(1)))
    bad("field-twice", "H-5.6", hello_body(fields=field(2) + field(2)))
    bad("field-critical", "H-5.6", hello_body(fields=field(0x8001, b"noise")))
    good = field(1, b"token") + field(2, b"name") + field(0x7FFF, b"later")
    case(g, "fields", ["H-5.6"], [PREFACE + frame(1, 0, 0, hello_body(fields=good))],
         [OPEN_EVENT], OPEN_OUT)
    case(g, "versions-overlap", ["H-5.5"], [PREFACE + frame(1, 0, 0, hello_body(0, 7))],
         ["hello 0 7 0 0 0"], OPEN_OUT)
    case(g, "features-unknown", ["H-5.3"],
         [PREFACE + frame(1, 0, 0, hello_body(1, 1, 0xFFFFFFFF, 500, 4))],
         ["hello 1 1 4294967295 500 4"], OPEN_OUT)
    case(g, "answer-over-client-limit", ["H-5.2"],
         [PREFACE + frame(1, 0, 0, hello_body(frame_max=9)) + call(1, b"ab")],
         ["hello 1 1 0 9 0", saw_call(1, b"ab")], OPEN_OUT + error(1, 1, 8, b"answer too large"))
    case(g, "data-behind-hello", ["H-5.5"], [OPEN_IN + call(1)], [OPEN_EVENT, saw_call(1)],
         OPEN_OUT + answer(1))
    dies(g, "hello-twice", "H-5.7", [OPEN_IN[8:]])
    dies(g, "welcome-at-server", "H-5.7", [hdr(2, 0, 0, 56)])


def life():
    g = "life"
    for size in (0, 1, 64):
        session(g, f"ping-{size}", ["H-6.1"], [frame(3, 0, 5, b"p" * size)], [],
                frame(4, 0, 5, b"p" * size))
    dies(g, "ping-65", "H-6.1", [frame(3, 0, 5, b"p" * 65)])
    many = b"".join(frame(3, 0, i) for i in range(18))
    pongs = b"".join(frame(4, 0, i) for i in range(16))
    late = refused("H-6.2", 16, 4, 2, 1000) + refused("H-6.2", 17, 4, 2, 1000)
    session(g, "ping-flood", ["H-6.2"], [many, {"at": 2000}, frame(3, 0, 99)], [],
            pongs + late + frame(4, 0, 99))
    session(g, "pong-unasked", ["H-6.3"], [frame(4, 0, 5)], ["pong 0005"], b"")
    session(g, "keepalive", ["H-6.3"],
            [{"tick": 24999}, {"tick": 25000}, frame(4), {"tick": 35000}], [], frame(3))
    session(g, "keepalive-any-frame", ["H-6.3"],
            [{"tick": 25000}, {"at": 26000}, call(1), {"tick": 50999}, {"tick": 51000}],
            [saw_call(1)], frame(3) + answer(1) + frame(3))
    session(g, "keepalive-dead", ["H-6.3"], [{"tick": 25000}, {"tick": 34999}, {"tick": 35000}],
            [closed("H-6.3")], frame(3) + closing("H-6.3"))
    case(g, "bare-idle", ["H-6.4"], [frame(3), {"tick": 59999}, {"tick": 60000}],
         [closed("H-6.4")], frame(4) + closing("H-6.4"))
    case(g, "bare-idle-call-open", ["H-6.4"], [call(1, route=1), {"tick": 60000}, {"answer": 1}],
         [saw_call(1, route=1)], answer(1, b"ok"))


def calls():
    g = "calls"
    for seq in (1, 255, 256, 65535):
        session(g, f"call-seq-{seq}", ["H-7.1", "H-7.4"], [call(seq)], [saw_call(seq)], answer(seq))
    session(g, "call-empty", ["H-7.2"], [call(1, b"")], [saw_call(1, b"")], answer(1, b""))
    for size in (0, 7):
        session(g, f"call-short-{size}", ["H-7.2"], [frame(16, F, 1, bytes(size)), call(2)],
                [saw(16, F, 1, bytes(size), "call"), saw_call(2)], refused("H-7.2", 1) + answer(2))
    session(g, "seq-again", ["H-7.4"], [call(1), call(1)], [saw_call(1)] * 2, answer(1) * 2)
    slow = [saw_call(1, route=1), saw_call(2, route=1)]
    session(g, "out-of-order", ["H-7.4"],
            [call(1, route=1) + call(2, route=1), {"answer": 2}, {"answer": 1}], slow,
            answer(2, b"ok") + answer(1, b"ok"))
    session(g, "answered-once", ["H-7.4"], [call(1, route=1), {"answer": 1}, {"answer": 1}],
            [slow[0], "not-open 0001"], answer(1, b"ok"))
    dies(g, "duplicate", "H-7.1", [call(1, route=1) + call(1)], [slow[0]])
    two = {"inflight_max": 2}
    full = OPEN_OUT[:8] + welcome_body(inflight=2)
    session(g, "too-many", ["H-7.5"],
            [call(1, route=1) + call(2, route=1) + call(3), {"answer": 1}, call(3)],
            slow + [saw_call(3)],
            refused("H-7.5", 3, 1, 2, 100) + answer(1, b"ok") + answer(3), two, full)
    session(g, "duplicate-before-too-many", ["H-1.7", "H-7.1"],
            [call(1, route=1) + call(2, route=1) + call(2)], slow + [closed("H-7.1")],
            closing("H-7.1"), two, full)
    for route in (2, 255, 256, 65535):
        session(g, f"route-{route}", ["H-7.6"], [call(1, route=route)], [saw_call(1, route=route)],
                refused("H-7.6", 1))
    session(g, "cancel", ["H-7.7"], [call(1, route=1), frame(7, 0, 1), {"answer": 1}],
            [slow[0], "cancel 0001 caller"], answer(1, b"ok"))
    session(g, "cancel-twice", ["H-7.7"], [call(1, route=1), frame(7, 0, 1) * 2, {"answer": 1}],
            [slow[0], "cancel 0001 caller"], answer(1, b"ok"))
    session(g, "cancelled-keeps-its-slot", ["H-7.7", "H-7.5"],
            [call(1, route=1) + call(2, route=1) + frame(7, 0, 1) + call(3)],
            slow + ["cancel 0001 caller"], refused("H-7.5", 3, 1, 2, 100), two, full)
    session(g, "cancel-crossed", ["H-7.9"], [call(1), frame(7, 0, 1)], [saw_call(1)], answer(1))
    dies(g, "cancel-payload", "H-7.12", [frame(7, 0, 1, b"x")])
    timed = saw_call(1, route=1, deadline=50)
    session(g, "deadline", ["H-7.8"],
            [call(1, route=1, deadline=50), {"tick": 49}, {"tick": 50}, {"answer": 1}],
            [timed, "cancel 0001 deadline"], refused("H-7.8", 1))
    session(g, "deadline-met", ["H-7.8"],
            [call(1, route=1, deadline=50), {"tick": 49}, {"answer": 1}, {"tick": 50}], [timed],
            answer(1, b"ok"))
    session(g, "cancelled-before-deadline", ["H-7.8"],
            [call(1, route=1, deadline=50), frame(7, 0, 1), {"tick": 60}, {"answer": 1}],
            [timed, "cancel 0001 caller"], answer(1, b"ok"))
    dies(g, "strays", "H-7.9", [frame(7, 0, 1) * 101])
    session(g, "strays-over-time", ["H-7.9"],
            [frame(7, 0, 1) * 100, {"at": 60000}, frame(17, F, 1) * 100, call(1)], [saw_call(1)],
            answer(1))


def errors():
    g = "errors"
    for size in (0, 11):
        dies(g, f"error-short-{size}", "H-9.2", [frame(6, 0, 1, bytes(size))])
    dies(g, "error-scope", "H-9.2", [error(5, 1, 2)])
    dies(g, "error-retry", "H-9.2", [error(4, 1, 2, retry=3)])
    dies(g, "error-message-beyond", "H-9.2", [frame(6, 0, 1, pack("<HBBIHH", 2, 4, 0, 0, 1, 0))])
    dies(g, "error-message-long", "H-9.2", [error(4, 1, 2, b"m" * 1025)])
    dies(g, "error-not-text", "H-9.2", [error(4, 1, 2, b"\xff")])
    for scope in (2, 3, 4):
        session(g, f"error-scope-{scope}", ["H-9.3"], [error(scope, 9, 0x8001, b"no", 1)],
                [f"refused 0009 8001 {scope} now no"], b"")
    session(g, "error-long-message-allowed", ["H-9.1"], [error(4, 1, 2, b"m" * 1024, 2, 77)],
            ["refused 0001 0002 4 after-77 " + "m" * 1024], b"")
    session(g, "error-detail", ["H-9.1"], [error(4, 1, 2, b"", detail=b"xyz")],
            ["refused 0001 0002 4 never -"], b"")
    session(g, "error-connection", ["H-9.3"], [error(0, 0, 16, b"bye") + call(1)],
            ["peer-closed 0010 0 never bye"], b"")
    session(g, "error-call-stray", ["H-7.9"], [error(1, 4, 2)], [], b"")


def leaving():
    g = "leaving"
    for size in (0, 19):
        dies(g, f"goaway-short-{size}", "H-10.1", [frame(5, 0, 0, bytes(size))])
    dies(g, "goaway-reserved-1", "H-10.1", [goaway(r1=1)])
    dies(g, "goaway-reserved-2", "H-10.1", [goaway(r2=1)])
    dies(g, "goaway-endpoint-long", "H-10.1", [goaway(endpoint=b"e" * 256)])
    dies(g, "goaway-endpoint-no-text", "H-10.1", [goaway(endpoint=b"\xc3")])
    session(g, "goaway-came", ["H-10.1"],
            [goaway(0x10E, 1, 0xFFFF, 0, 500, 600, 0, b"b:1"), call(1)],
            ["goaway 010e 1 ffff 500 600 b:1", saw_call(1)], answer(1))
    session(g, "goaway-announced", ["H-10.2"], [{"goaway": 1}, call(1)], [saw_call(1)],
            goaway(0x10E, 1, 0xFFFF, 0, 100, 200) + answer(1))
    session(g, "goaway-final", ["H-10.2"], [call(6), {"goaway": 2}, call(7)], [saw_call(6)],
            answer(6) + goaway(0x10E, 2, 6, 0, 100, 200) + refused("H-10.2", 7, 1, 1))
    session(g, "goaway-final-no-call", ["H-10.2"], [{"goaway": 2}], [],
            goaway(0x10E, 2, 0, 0, 100, 200))


def extensions():
    g = "extensions"

    def x(name, block, good=None, rule="H-11.1"):
        sent = block + body(0, b"hi")
        if good:
            session(g, name, ["H-11.1"], [frame(16, F | X, 1, sent)],
                    [saw(16, F | X, 1, sent, "call")], answer(1))
        else:
            session(g, name, [rule], [frame(16, F | X, 1, sent)], [], refused(rule, 1))
    x("ext-empty", ext(), True)
    x("ext-one", ext(b"\x03\x04acme"), True)
    x("ext-two", ext(b"\x02\x01k\x03\x04acme"), True)
    x("ext-unknown", ext(b"\x7f\x00"), True)
    x("ext-order", ext(b"\x03\x00\x02\x00"))
    x("ext-twice", ext(b"\x03\x00\x03\x00"))
    x("ext-half-field", ext(b"\x03"))
    x("ext-long-field", ext(b"\x03\x09abc"))
    x("ext-padding", ext(b"\x03\x00", b"\0\0\0\1"))
    x("ext-critical", ext(b"\x81\x00"), rule="H-11.2")
    x("ext-order-before-critical", ext(b"\x81\x00\x80\x00"))
    for size in (0, 1):
        session(g, f"ext-short-{size}", ["H-11.1"], [frame(16, F | X, 1, bytes(size))], [],
                refused("H-11.1", 1))
    session(g, "ext-beyond", ["H-11.1"], [frame(16, F | X, 1, b"\xff\xff" + bytes(20))], [],
            refused("H-11.1", 1))
    session(g, "ext-on-state", ["H-11.1", "H-9.3"], [frame(0x22, X, 8, b"\1")], [],
            refused("H-11.1", 8, 2))


def client():
    g = "client"
    start = PREFACE + frame(1, 0, 0, pack("<HHIIHHQII", 1, 1, 0, 0xFFFFFF, 0, 256, 0, 0, 0))
    welcomed = "welcome 1 0 0 1048576 1024"

    def c(name, rules, steps, events, out=b"", welcome=frame(2, 0, 0, welcome_body())):
        case(g, name, rules, [welcome] + steps, [welcomed] + events, start + out, "client")

    def bad(name, rule, sent):
        case(g, name, [rule], [sent], [closed(rule)], start + closing(rule), "client")
    c("client-welcome", ["H-5.4"], [], [])
    for size in (0, 55):
        bad(f"welcome-short-{size}", "H-5.4", frame(2, 0, 0, welcome_body()[:size]))
    bad("welcome-version", "H-5.4", frame(2, 0, 0, welcome_body(version=2)))
    bad("welcome-feature", "H-5.4", frame(2, 0, 0, welcome_body(features=1)))
    bad("welcome-verdict", "H-5.4", frame(2, 0, 0, welcome_body(verdict=3)))
    bad("welcome-resumed", "H-5.4", frame(2, 0, 0, welcome_body(resumed=3)))
    bad("welcome-reserved", "H-5.4", frame(2, 0, 0, welcome_body(reserved=1)))
    bad("welcome-field", "H-5.6", frame(2, 0, 0, welcome_body(fields=b"\1")))
    for op in (1, 3, 17, 0x22):
        bad(f"first-answer-{op:02x}", "H-5.8", hdr(op))
    case(g, "refused-at-once", ["H-5.8", "H-9.3"], [error(0, 0, 16, b"token")],
         ["peer-closed 0010 0 never token"], start, "client")
    case(g, "client-handshake-late", ["H-4.3"], [{"tick": 5000}], [closed("H-4.3")],
         start + closing("H-4.3"), "client")
    ask, asked = {"call": b"abc".hex()}, frame(16, R | F, 1, b"abc")
    c("client-call", ["H-7.3", "H-7.4"], [ask, answer(1)],
      [saw(17, F, 1, bytes(8) + b"hi", "response")], asked)
    c("client-call-fails", ["H-7.4"], [ask, error(1, 1, 5, b"gone", 2, 9)],
      ["failed 0001 0005 1 after-9 gone"], asked)
    c("client-stray-response", ["H-7.9"], [answer(1)], [])
    c("client-numbers", ["H-7.1"], [ask, ask, answer(2, b"")],
      [saw(17, F, 2, bytes(8), "response")], asked + frame(16, R | F, 2, b"abc"))
    c("client-deadline", ["H-7.8", "H-7.7"],
      [{"call": "00", "deadline": 40}, {"tick": 40}, answer(1)], ["timed-out 0001"],
      frame(16, R | F, 1, b"\0") + frame(7, 0, 1))
    c("client-cancel", ["H-7.7"], [ask, {"cancel": 1}, error(1, 1, 1)],
      ["failed 0001 0001 1 never -"], asked + frame(7, 0, 1))
    c("client-goaway", ["H-10.2"], [goaway(0x10E, 1, 0xFFFF), ask],
      ["goaway 010e 1 ffff 0 0 -", "no-call"])
    c("client-end-fails-calls", ["H-1.8"], [ask, {"end": True}], ["end", "unavailable 0001"], asked)
    c("client-pushed", ["H-2.6"], [frame(0x23, 0, 4, b"d")], [saw(0x23, 0, 4, b"d")],
      refused("H-2.5", 4, 2))
    c("client-takes-no-calls", ["H-7.5", "H-5.2"], [call(1)], [], refused("H-7.5", 1, 1, 2, 100))
    dead = frame(2, 0, 0, welcome_body()) + frame(2, 0, 0, welcome_body())
    case(g, "welcome-twice", ["H-5.7"], [dead], [welcomed, closed("H-5.7")],
         start + closing("H-5.7"), "client")


def main():
    for group in (headers, opcodes, flags, connecting, handshake, life, calls, errors, leaving,
                  extensions, client):
        group()
    here = os.path.dirname(os.path.abspath(__file__))
    for name, rows in files.items():
        with open(os.path.join(here, name + ".json"), "w") as out:
            out.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(sum(map(len, files.values())), "cases")


main()
