"""Runs vectors/hbtp (its README says how), whole and cut at every byte."""
import glob
import json
import os
import unittest

import hbtp

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "vectors", "hbtp")


class Application:
    """The application that the vectors assume."""

    def __init__(self):
        self.events, self.session = [], None

    def _say(self, *words):
        self.events.append(" ".join(str(word) if word != "" else "-" for word in words))

    def _frame_words(self, word, header, payload):
        self._say(word, f"{header.op:02x}", f"{header.flags:02x}", f"{header.seq:04x}",
                  payload.hex())

    @staticmethod
    def _error_words(error):
        retry = ("never", "now", f"after-{error.after}")[error.retry]
        return f"{error.code:04x}", error.scope, retry, error.message

    def hello(self, low, high, features, frame_max, inflight, _fields):
        self._say("hello", low, high, features, frame_max, inflight)
        return bytes(range(16)), 1_700_000_000_000

    def welcome(self, *numbers):
        self._say("welcome", *numbers)

    def call(self, header, payload, message):
        self._frame_words("call", header, payload)
        try:
            route, _, deadline, arguments = hbtp.decode_call(message)
        except hbtp.Refused as refused:
            self.session.answer(header.seq, refused)
            return
        if route == 0:
            self.session.answer(header.seq, bytes(8) + arguments)
        elif route == 1:
            self.session.defer(header.seq, deadline)
        else:
            self.session.answer(header.seq, hbtp.Refused("H-7.6", hbtp.Code.ROUTE_UNKNOWN))

    def frame(self, header, payload):
        self._frame_words("frame", header, payload)
        return payload if header.op in (0x22, 0x30, 0x34, 0x80, 0xC0) else None

    def response(self, header, payload):
        self._frame_words("response", header, payload)

    def failed(self, seq, error):
        self._say("failed", f"{seq:04x}", *self._error_words(error))

    def refused(self, seq, error):
        self._say("refused", f"{seq:04x}", *self._error_words(error))

    def peer_closed(self, error):
        self._say("peer-closed", *self._error_words(error))

    def cancel(self, seq, reason):
        self._say("cancel", f"{seq:04x}", reason)

    def timed_out(self, seq):
        self._say("timed-out", f"{seq:04x}")

    def pong(self, seq):
        self._say("pong", f"{seq:04x}")

    def goaway(self, code, flags, last, drain, jitter, endpoint):
        self._say("goaway", f"{code:04x}", flags, f"{last:04x}", drain, jitter, endpoint)

    def closed(self, rule, code):
        self._say("closed", rule, f"{code:04x}")

    def end(self, is_clean, unanswered):
        self._say("end" if is_clean else "truncated")
        for seq in unanswered:
            self._say("unavailable", f"{seq:04x}")


def run(row, cut_step=None, cut_at=0):
    """Events and output of `row`; the input of one step is cut in two."""
    app = Application()
    limits = hbtp.Limits(**row["limits"]) if "limits" in row else None
    session = app.session = hbtp.Session(row["role"], app, limits)
    for index, step in enumerate(row["steps"]):
        if "in" in step:
            data = bytes.fromhex(step["in"])
            at = cut_at if index == cut_step else 0
            session.receive(data[:at])
            session.receive(data[at:])
        elif "at" in step:
            session.now = step["at"]
        elif "tick" in step:
            session.tick(step["tick"])
        elif "answer" in step:
            if not session.answer(step["answer"], bytes(8) + b"ok"):
                app.events.append(f"not-open {step['answer']:04x}")
        elif "goaway" in step:
            session.go_away(hbtp.Code.GOING_AWAY, step["goaway"], 100, 200)
        elif "call" in step:
            if session.ask(bytes.fromhex(step["call"]), step.get("deadline", 0)) is None:
                app.events.append("no-call")
        elif "cancel" in step:
            session.cancel(step["cancel"])
        else:
            assert step == {"end": True}, step
            session.end()
    return app.events, bytes(session.out).hex()


class Vectors(unittest.TestCase):
    """Every file, every case."""

    def test_all(self):
        rows = []
        for path in sorted(glob.glob(os.path.join(FOLDER, "*.json"))):
            with open(path, encoding="utf-8") as file:
                rows += json.load(file)
        self.assertGreaterEqual(len(rows), 150)
        for row in rows:
            expected = row["events"], row["out"]
            self.assertEqual(run(row), expected, row["id"])
            for index, step in enumerate(row["steps"]):
                for at in range(1, len(step.get("in", "")) // 2):
                    self.assertEqual(run(row, index, at), expected, f"{row['id']} {index}:{at}")


if __name__ == "__main__":
    unittest.main()
