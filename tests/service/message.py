"""The message between module and agent, packed and taken apart as
docs/PROTOCOL.md has it."""

import struct
import sys

sys.dont_write_bytecode = True

CODES = ['ok', 'misconfigured', 'unreachable', 'timeout', 'tls', 'bad-answer',
         'no-memory', 'system', 'invalid', 'cancelled']
STAGES = ['none', 'agent', 'resolve', 'connect', 'tls', 'answer']
VERDICTS = ['undecided', 'granted', 'refused', 'user-disabled', 'not-mapped',
            'not-allowed', 'unknown-user', 'malformed', 'junk', 'throttled',
            'throttled']


def text(value):
    value = value.encode()
    return struct.pack('>H', len(value)) + value


def pack_login(key, budget, emails, keep):
    body = struct.pack('>BIBB', 1, int(budget * 1000), emails, keep)
    body += text('alice') + text('sshd') + text('10.0.0.7') + text('')
    body += text(key)
    return b'UKEY' + struct.pack('>BBH', 2, 1, 8 + len(body)) + body


def pack_prepare():
    body = struct.pack('>BIBB', 3, 1, 0, 0) + text('alice') + text('sshd')
    body += text('10.0.0.7') + text('') + text('')
    return b'UKEY' + struct.pack('>BBH', 2, 1, 8 + len(body)) + body


class Reply:
    """An answer of the agent, taken apart."""

    def __init__(self, data):
        magic, version, kind, length = struct.unpack('>4sBBH', data[:8])
        assert (magic, version, kind, length) == (b'UKEY', 2, 2, len(data))
        self.left = data[8:]
        code, stage = self.take(1), self.take(1)
        self.text = self.take_text()
        verdict = self.take(1)
        self.person = self.take_text()
        self.emails = [self.take_text() for _ in range(self.take(1))]
        self.access, self.refresh = self.take_text(), self.take_text()
        self.request_id = self.take_text()
        self.retry = self.take(4)
        assert self.take(1) == 0 and self.take(4) == 0  # nothing offline
        assert self.left == b''
        self.word = VERDICTS[verdict] if code == 0 else CODES[code]
        if self.word == 'timeout':
            self.word += ':' + STAGES[stage]

    def take(self, size):
        number = int.from_bytes(self.left[:size], 'big')
        self.left = self.left[size:]
        return number

    def take_text(self):
        size = self.take(2)
        value, self.left = self.left[:size], self.left[size:]
        return value.decode()

    def __repr__(self):
        return '<%s %r person=%r emails=%r retry=%d>' % (
            self.word, self.text, self.person, self.emails, self.retry)
