"""HBTP version 1 (docs/hbtp.md) without sockets and clocks, for Python 3.11 and newer.

The numbers in comments are rules of the specification. Nothing here is fast; it is meant to be
read beside the specification, and to disagree with the Rust crate where that is wrong.
"""
import enum
import struct
from dataclasses import dataclass

PREFACE = b"\xbdHBTP1\r\n"
HEADER = struct.Struct("<BBHI")
HELLO = struct.Struct("<HHIIHHQII")
WELCOME = struct.Struct("<HBBIIHHIIQII16s")
ERROR = struct.Struct("<HBBIHH")
CALL = struct.Struct("<HHI")
LENGTH_MAX = (1 << 24) - 1

COMPRESSED, ENCRYPTED, EXPECTS_RESPONSE, FINAL, EXT = 1, 2, 4, 8, 16
CONNECTION, CALL_SCOPE, SUBSCRIPTION, SURFACE, FRAME = range(5)
NEVER, NOW, AFTER = range(3)


class Op(enum.IntEnum):
    """Opcodes that the specification names."""
    HELLO = 0x01
    WELCOME = 0x02
    PING = 0x03
    PONG = 0x04
    GOAWAY = 0x05
    ERROR = 0x06
    CANCEL = 0x07
    CREDIT = 0x08
    ACK = 0x09
    AUTH = 0x0A
    MANIFEST = 0x0B
    SEALED = 0x0F
    RPC_CALL = 0x10
    RPC_RESPONSE = 0x11
    STREAM_UP = 0x12
    STREAM_DOWN = 0x13
    NOTIFY = 0x14
    SUBSCRIBE = 0x20
    UNSUBSCRIBE = 0x21
    STATE_SYNC = 0x22
    STATE_DELTA = 0x23
    PUBLISH = 0x24
    PRESENCE = 0x25
    SUBSCRIBED = 0x26
    HTIP_CLONE = 0x30
    HTIP_PATCH_TEXT = 0x31
    HTIP_OPS = 0x32
    HTIP_TEMPLATES = 0x33
    CLIENT_EVENT = 0x34
    HTIP_ACK = 0x35


class Code(enum.IntEnum):
    """Codes that this peer sends (H-9.4)."""
    DEADLINE_EXCEEDED = 4
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    PROTOCOL = 0x100
    FRAME_TOO_LARGE = 0x101
    UNKNOWN_OPCODE = 0x102
    BAD_FLAGS = 0x103
    ROUTE_UNKNOWN = 0x104
    HANDSHAKE_TIMEOUT = 0x109
    UPGRADE_REQUIRED = 0x10D
    GOING_AWAY = 0x10E
    RATE_LIMITED = 0x10F
    BAD_PREFACE = 0x111
    HANDSHAKE_REQUIRED = 0x112
    KEEPALIVE_TIMEOUT = 0x114
    DUPLICATE_CALL = 0x115
    MALFORMED = 0x116


class Broken(Exception):
    """A rule is broken; the connection ends."""

    def __init__(self, rule, code):
        super().__init__(rule)
        self.rule, self.code = rule, code


class Refused(Exception):
    """A rule is broken; one call or frame is refused."""

    def __init__(self, rule, code):
        super().__init__(rule)
        self.rule, self.code = rule, code


class Header:
    """Eight bytes."""

    def __init__(self, op, flags=0, seq=0, length=0):
        self.op, self.flags, self.seq, self.length = op, flags, seq, length

    @classmethod
    def decode(cls, data):
        op, flags, seq, length = HEADER.unpack_from(data)
        if op in (0x00, 0xBD, 0xFF):
            raise Broken("H-1.3", Code.UNKNOWN_OPCODE)
        if flags > 0x1F:
            raise Broken("H-1.4", Code.BAD_FLAGS)
        if length > LENGTH_MAX:
            raise Broken("H-1.5", Code.FRAME_TOO_LARGE)
        return cls(op, flags, seq, length)


def encode(op, flags=0, seq=0, payload=b""):
    """A whole frame."""
    return HEADER.pack(op, flags, seq, len(payload)) + payload


def scope_of(op):
    """What an error about such a frame is about (H-9.3)."""
    if op in (Op.RPC_CALL, Op.RPC_RESPONSE):
        return CALL_SCOPE
    if 0x20 <= op <= 0x26:
        return SUBSCRIPTION
    return SURFACE if 0x30 <= op <= 0x35 else FRAME


def flags_allowed(op):
    """The column `flags allowed` of section 2."""
    if op in (Op.PING, Op.PONG):
        return EXPECTS_RESPONSE | FINAL
    if op == Op.MANIFEST:
        return COMPRESSED | EXPECTS_RESPONSE | FINAL
    if op == Op.SEALED:
        return ENCRYPTED
    if op < 0x10:
        return 0
    if op in (Op.RPC_RESPONSE, Op.STREAM_UP, Op.STREAM_DOWN, Op.NOTIFY):
        return COMPRESSED | FINAL | EXT
    return COMPRESSED | EXPECTS_RESPONSE | FINAL | EXT


UNNEGOTIATED = {Op.CREDIT, Op.ACK, Op.AUTH, Op.MANIFEST, Op.SEALED, Op.STREAM_UP, Op.STREAM_DOWN}
ZERO_SEQ = {Op.HELLO, Op.WELCOME, Op.GOAWAY}
NONZERO_SEQ = {Op.CANCEL, Op.RPC_CALL}
KNOWN = set(Op)


def check_fields(data):
    """H-5.6."""
    fields, last = [], -1
    while data:
        if len(data) < 4:
            raise Broken("H-5.6", Code.MALFORMED)
        kind, length = struct.unpack_from("<HH", data)
        value, data = data[4:4 + length], data[4 + length:]
        if len(value) < length or kind <= last or kind & 0x8000:
            raise Broken("H-5.6", Code.MALFORMED)
        last = kind
        fields.append((kind, value))
    return fields


def split_extensions(flags, payload):
    """Extension fields and the payload proper (section 11)."""
    if not flags & EXT:
        return [], payload
    wrong = Refused("H-11.1", Code.MALFORMED)
    if len(payload) < 2:
        raise wrong
    size = int.from_bytes(payload[:2], "little")
    end = (2 + size + 7) // 8 * 8
    if len(payload) < end or any(payload[2 + size:end]):
        raise wrong
    block, fields, last = payload[2:2 + size], [], -1
    while block:
        if len(block) < 2 or len(block) < 2 + block[1] or block[0] <= last:
            raise wrong
        last = block[0]
        fields.append((last, block[2:2 + block[1]]))
        block = block[2 + block[1]:]
    if any(kind & 0x80 for kind, _ in fields):
        raise Refused("H-11.2", Code.MALFORMED)
    return fields, payload[end:]


def decode_call(payload):
    """Route, layout, deadline and arguments (H-7.2)."""
    if len(payload) < CALL.size:
        raise Refused("H-7.2", Code.MALFORMED)
    return *CALL.unpack_from(payload), payload[CALL.size:]


def encode_error(scope, seq, code, message="", retry=NEVER, after=0):
    """H-9.1."""
    text = message.encode()[:1024].decode(errors="ignore").encode()
    return encode(Op.ERROR, 0, seq, ERROR.pack(code, scope, retry, after, len(text), 0) + text)


@dataclass
class PeerError:
    """An ERROR that came."""
    code: int
    scope: int
    retry: int
    after: int
    message: str

    @classmethod
    def decode(cls, payload):
        wrong = Broken("H-9.2", Code.MALFORMED)
        if len(payload) < ERROR.size:
            raise wrong
        code, scope, retry, after, size, _ = ERROR.unpack_from(payload)
        text = payload[ERROR.size:ERROR.size + size]
        if scope > 4 or retry > 2 or size > 1024 or len(text) < size:
            raise wrong
        try:
            return cls(code, scope, retry, after, text.decode())
        except UnicodeDecodeError:
            raise wrong from None


@dataclass
class Limits:
    """Section 18."""
    hello_max: int = 16384
    bare_frame_max: int = 262144
    frame_max: int = 1048576
    bare_inflight_max: int = 256
    inflight_max: int = 1024
    subscriptions_max: int = 256
    handshake_ms: int = 5000
    keepalive_ms: int = 25000
    pong_wait_ms: int = 10000
    bare_idle_ms: int = 60000
    ping_burst: int = 16
    ping_interval_ms: int = 1000
    strays_max: int = 100


class Session:
    """One side of a connection. `app` has the methods of `Application` in test_vectors.py."""

    def __init__(self, role, app, limits=None, now=0):
        self.app, self.now, self.started, self.seen = app, now, now, now
        self.is_server = role != "client"
        self.limits = limits or (Limits() if self.is_server
                                 else Limits(frame_max=LENGTH_MAX, inflight_max=0))
        self.phase = {"server": "start", "upgraded": "hello", "client": "welcome"}[role]
        self.out, self.unread = bytearray(), b""
        self.calls, self.asked, self.asked_last = {}, {}, 0
        self.frame_out, self.inflight_out = LENGTH_MAX, 0
        self.tokens, self.refilled = self.limits.ping_burst, now
        self.strays, self.strays_since = 0, now
        self.pinged, self.pong_is_ours = None, False
        self.is_final, self.peer_leaving, self.last_call = False, False, 0
        if not self.is_server:
            self.frame_out, self.inflight_out = 262144, 256
            hello = HELLO.pack(1, 1, 0, self.limits.frame_max, self.limits.inflight_max,
                               self.limits.subscriptions_max, 0, 0, 0)
            self.out += PREFACE + encode(Op.HELLO, 0, 0, hello)

    # -- bytes in

    def receive(self, data):
        """Takes bytes in and tells `app` what happened."""
        if self.phase == "closed":
            return
        self.unread += data
        try:
            while self.phase != "closed" and self._one():
                pass
        except Broken as broken:
            self.close(broken)
        if self.phase == "closed":
            self.unread = b""

    def _one(self):
        if self.phase == "start":
            return self._first_bytes()
        if len(self.unread) < HEADER.size:
            return False
        header = Header.decode(self.unread)
        self._admit(header)
        end = HEADER.size + header.length
        if len(self.unread) < end:
            return False
        payload, self.unread = self.unread[HEADER.size:end], self.unread[end:]
        self.seen, self.pinged = self.now, None
        self._take_in(header, payload)
        return True

    def _first_bytes(self):
        if not self.unread:
            return False
        if self.unread[0] in (0x03, 0x10):
            self.phase = "bare"
            return True
        if self.unread[0] != 0xBD:
            raise Broken("H-4.1", Code.BAD_PREFACE)
        if not PREFACE.startswith(self.unread[:8]):
            raise Broken("H-4.2", Code.BAD_PREFACE)
        if len(self.unread) < 8:
            return False
        self.unread, self.phase = self.unread[8:], "hello"
        return True

    def _admit(self, header):
        """H-1.7."""
        op, is_bare = header.op, self.phase == "bare"
        if self.phase == "hello" and op != Op.HELLO:
            raise Broken("H-5.1", Code.HANDSHAKE_REQUIRED)
        if self.phase == "welcome" and op not in (Op.WELCOME, Op.ERROR):
            raise Broken("H-5.8", Code.PROTOCOL)
        if is_bare and op not in (Op.PING, Op.RPC_CALL):
            raise Broken("H-4.5", Code.HANDSHAKE_REQUIRED)
        if self.phase == "open" and op in (Op.HELLO, Op.WELCOME):
            raise Broken("H-5.7", Code.PROTOCOL)
        if op < 0x40 and op not in KNOWN:
            raise Broken("H-2.2", Code.UNKNOWN_OPCODE)
        if op in UNNEGOTIATED:
            raise Broken("H-2.3", Code.UNKNOWN_OPCODE)
        if header.flags & ~flags_allowed(op):
            raise Broken("H-3.1", Code.BAD_FLAGS)
        if header.flags & COMPRESSED:
            raise Broken("H-3.2", Code.BAD_FLAGS)
        if is_bare and header.flags & EXT:
            raise Broken("H-3.3", Code.BAD_FLAGS)
        limit = {"hello": self.limits.hello_max, "bare": self.limits.bare_frame_max}
        if header.length > limit.get(self.phase, self.limits.frame_max):
            raise Broken("H-1.6", Code.FRAME_TOO_LARGE)
        if op in ZERO_SEQ and header.seq or not is_bare and op in NONZERO_SEQ and not header.seq:
            raise Broken("H-2.4", Code.PROTOCOL)

    def _take_in(self, header, payload):
        handlers = {
            Op.HELLO: self._hello, Op.WELCOME: self._welcome, Op.PING: self._ping,
            Op.PONG: self._pong, Op.GOAWAY: self._goaway, Op.ERROR: self._error,
            Op.CANCEL: self._cancel, Op.RPC_CALL: self._call, Op.RPC_RESPONSE: self._response,
        }
        handlers.get(header.op, self._frame)(header, payload)

    def _hello(self, _, payload):
        if len(payload) < HELLO.size:
            raise Broken("H-5.2", Code.MALFORMED)
        low, high, features, frame_max, inflight, _, _, _, reserved = HELLO.unpack_from(payload)
        if reserved or low > high:
            raise Broken("H-5.2", Code.MALFORMED)
        fields = check_fields(payload[HELLO.size:])
        if not low <= 1 <= high:
            raise Broken("H-5.5", Code.UPGRADE_REQUIRED)
        self.frame_out = min(frame_max or LENGTH_MAX, LENGTH_MAX)
        self.inflight_out = inflight
        session_id, server_time = self.app.hello(low, high, features, frame_max, inflight, fields)
        welcome = WELCOME.pack(1, 0, 0, 0, self.limits.frame_max, self.limits.inflight_max,
                               self.limits.subscriptions_max, self.limits.keepalive_ms,
                               self.limits.ping_interval_ms, server_time, 0, 0, session_id)
        self.out += encode(Op.WELCOME, 0, 0, welcome)
        self.phase = "open"

    def _welcome(self, _, payload):
        if len(payload) < WELCOME.size:
            raise Broken("H-5.4", Code.MALFORMED)
        (version, verdict, resumed, features, frame_max, inflight, _, _, _, _, _, reserved,
         _) = WELCOME.unpack_from(payload)
        if reserved or verdict > 2 or resumed > 2:
            raise Broken("H-5.4", Code.MALFORMED)
        check_fields(payload[WELCOME.size:])
        if version != 1 or features:
            raise Broken("H-5.4", Code.MALFORMED)
        self.frame_out, self.inflight_out = min(frame_max, LENGTH_MAX), inflight
        self.phase = "open"
        self.app.welcome(version, verdict, features, frame_max, inflight)

    def _ping(self, header, payload):
        if len(payload) > 64:
            raise Broken("H-6.1", Code.MALFORMED)
        interval = self.limits.ping_interval_ms
        earned = (self.now - self.refilled) // interval
        self.tokens = min(self.limits.ping_burst, self.tokens + earned)
        self.refilled += earned * interval
        if not self.tokens:
            self.refuse(FRAME, header.seq, Refused("H-6.2", Code.RATE_LIMITED), AFTER, interval)
            return
        self.tokens -= 1
        self.out += encode(Op.PONG, 0, header.seq, payload)

    def _pong(self, header, _):
        is_ours, self.pong_is_ours = self.pong_is_ours, False
        if not is_ours:
            self.app.pong(header.seq)

    def _goaway(self, _, payload):
        wrong = Broken("H-10.1", Code.MALFORMED)
        if len(payload) < 20:
            raise wrong
        code, flags, last, first, drain, jitter, second = struct.unpack_from("<HHHHIII", payload)
        if first or second or len(payload) > 20 + 255:
            raise wrong
        try:
            endpoint = payload[20:].decode()
        except UnicodeDecodeError:
            raise wrong from None
        self.peer_leaving = True
        self.app.goaway(code, flags, last, drain, jitter, endpoint)

    def _error(self, header, payload):
        error = PeerError.decode(payload)
        if error.scope == CONNECTION:
            self.phase = "closed"
            self.app.peer_closed(error)
        elif error.scope != CALL_SCOPE:
            self.app.refused(header.seq, error)
        elif header.seq not in self.asked:
            self._stray()
        elif self.asked.pop(header.seq)[0] != "expired":
            self.app.failed(header.seq, error)

    def _cancel(self, header, payload):
        if payload:
            raise Broken("H-7.12", Code.MALFORMED)
        if header.seq not in self.calls:
            self._stray()
        elif self.calls[header.seq][0] == "open":
            self.calls[header.seq] = ("cancelled", None)
            self.app.cancel(header.seq, "caller")

    def _call(self, header, payload):
        if header.seq in self.calls:
            raise Broken("H-7.1", Code.DUPLICATE_CALL)
        limit = self.limits.bare_inflight_max if self.phase == "bare" else self.limits.inflight_max
        if self.is_final:
            refused = Refused("H-10.2", Code.GOING_AWAY)
            return self.refuse(CALL_SCOPE, header.seq, refused, NOW)
        if len(self.calls) >= limit:
            refused = Refused("H-7.5", Code.RESOURCE_EXHAUSTED)
            return self.refuse(CALL_SCOPE, header.seq, refused, AFTER, 100)
        try:
            message = split_extensions(header.flags, payload)[1]
        except Refused as refused:
            return self.refuse(CALL_SCOPE, header.seq, refused)
        self.last_call = header.seq
        self.calls[header.seq] = ("open", None)
        self.app.call(header, payload, message)

    def _response(self, header, payload):
        if header.seq not in self.asked:
            self._stray()
        elif self.asked.pop(header.seq)[0] != "expired":
            self.app.response(header, payload)

    def _frame(self, header, payload):
        try:
            split_extensions(header.flags, payload)
        except Refused as refused:
            return self.refuse(scope_of(header.op), header.seq, refused)
        asks = header.flags & EXPECTS_RESPONSE
        result = self.app.frame(header, payload)
        if result is not None:
            if asks:
                self.out += encode(header.op, FINAL, header.seq, result)
        elif header.op >= 0x80 and not header.op & 0x40:
            raise Broken("H-2.2", Code.UNKNOWN_OPCODE)
        elif asks or not header.op & 0x40:
            self.refuse(scope_of(header.op), header.seq, Refused("H-2.5", Code.UNIMPLEMENTED))

    def _stray(self):
        if self.now - self.strays_since >= 60000:
            self.strays, self.strays_since = 0, self.now
        self.strays += 1
        if self.strays > self.limits.strays_max:
            raise Broken("H-7.9", Code.PROTOCOL)

    # -- what the application does

    def defer(self, seq, deadline_ms):
        """The call is answered later."""
        self.calls[seq] = ("open", self.now + deadline_ms if deadline_ms else None)

    def answer(self, seq, result):
        """The terminal frame of a call: bytes, or a Refused. Whether the call was open."""
        if seq not in self.calls:
            return False
        state = self.calls.pop(seq)[0]
        if state == "expired":
            self.refuse(CALL_SCOPE, seq, Refused("H-7.8", Code.DEADLINE_EXCEEDED))
        elif isinstance(result, Refused):
            self.refuse(CALL_SCOPE, seq, result)
        elif len(result) > self.frame_out:
            self.out += encode_error(CALL_SCOPE, seq, Code.RESOURCE_EXHAUSTED, "answer too large")
        else:
            self.out += encode(Op.RPC_RESPONSE, FINAL, seq, result)
        return True

    def ask(self, payload, deadline_ms=0):
        """Calls the peer; the number of the call, or None."""
        if (self.phase not in ("open", "bare") or self.peer_leaving
                or len(self.asked) >= self.inflight_out or len(payload) > self.frame_out):
            return None
        while True:
            self.asked_last = self.asked_last % 65535 + 1
            if self.asked_last not in self.asked:
                break
        self.asked[self.asked_last] = ("open", self.now + deadline_ms if deadline_ms else None)
        self.out += encode(Op.RPC_CALL, FINAL | EXPECTS_RESPONSE, self.asked_last, payload)
        return self.asked_last

    def cancel(self, seq):
        """Asks the peer to stop a call."""
        if self.phase == "open" and self.asked.get(seq, ("",))[0] == "open":
            self.asked[seq] = ("cancelled", None)
            self.out += encode(Op.CANCEL, 0, seq)

    def go_away(self, code, flags, drain, jitter):
        """GOAWAY; flag 2 is the final one."""
        if flags & 2:
            self.is_final = True
        last = self.last_call if flags & 2 else 0xFFFF
        self.out += encode(Op.GOAWAY, 0, 0,
                           struct.pack("<HHHHIII", code, flags, last, 0, drain, jitter, 0))

    def refuse(self, scope, seq, refused, retry=NEVER, after=0):
        """ERROR with the number of the rule."""
        self.out += encode_error(scope, seq, refused.code, refused.rule, retry, after)

    def close(self, broken):
        """The peer broke a rule."""
        self.out += encode_error(CONNECTION, 0, broken.code, broken.rule)
        self.phase = "closed"
        self.app.closed(broken.rule, broken.code)

    def end(self):
        """The transport has ended."""
        is_clean = self.phase == "closed" or not self.unread
        self.phase = "closed"
        self.app.end(is_clean, sorted(self.asked))
        self.asked.clear()

    # -- time

    def tick(self, now):
        """Does what is due."""
        self.now = now
        try:
            self._due()
        except Broken as broken:
            self.close(broken)

    def _due(self):
        if self.phase in ("start", "hello", "welcome"):
            if self.now - self.started >= self.limits.handshake_ms:
                raise Broken("H-4.3", Code.HANDSHAKE_TIMEOUT)
            return
        if self.phase == "closed":
            return
        for seq, (_, deadline) in list(self.calls.items()):
            if deadline is not None and deadline <= self.now:
                self.calls[seq] = ("expired", None)
                self.app.cancel(seq, "deadline")
        for seq, (_, deadline) in list(self.asked.items()):
            if deadline is not None and deadline <= self.now:
                self.asked[seq] = ("expired", None)
                if self.phase == "open":
                    self.out += encode(Op.CANCEL, 0, seq)
                self.app.timed_out(seq)
        if not self.is_server:
            return
        if self.phase == "bare":
            if not self.calls and self.now - self.seen >= self.limits.bare_idle_ms:
                raise Broken("H-6.4", Code.GOING_AWAY)
        elif self.pinged is not None:
            if self.now - self.pinged >= self.limits.pong_wait_ms:
                raise Broken("H-6.3", Code.KEEPALIVE_TIMEOUT)
        elif self.now - self.seen >= self.limits.keepalive_ms:
            self.pinged, self.pong_is_ours = self.now, True
            self.out += encode(Op.PING)
