#!/usr/bin/python3 -B
"""Requests that are not what they seem, sent by hand.

What a proxy and a server may read differently is refused: one answer at most
on the connection, a 4xx or 5xx, and then it is closed.  A request hidden in
the body of another is never carried out.
"""

import json

from tap import equal, group, main, nothing, ok
from wire import BASE, Client, raw, statuses
from world import PATIENCE, World

world = World()
http = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
world.add_user(EMAIL, PASSWORD)
ann = http.session(EMAIL, PASSWORD)
KEY = http.new_key(ann, 'k')

PATH = BASE + '/app/%s/auth/providers/api-key/login' % world.app
BODY = json.dumps({'key': KEY['key']}).encode()
HOST = b'Host: 127.0.0.1\r\n'
# Carried out, this would show.
HIDDEN = (b'DELETE %s/auth/api_keys/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n'
          b'Authorization: Bearer %s\r\n\r\n' % (
              BASE.encode(), KEY['_id'].encode(), ann.refresh.encode()))
CHUNKED = b'Transfer-Encoding: chunked\r\n'


def post(lines, body=BODY, host=HOST, target=PATH.encode(),
         version=b'HTTP/1.1'):
    return (b'POST ' + target + b' ' + version + b'\r\n' + host
            + b'Content-Type: application/json\r\n' + lines + b'\r\n' + body)


def length(n=len(BODY)):
    return b'Content-Length: %d\r\n' % n


def chunk(data, size=None):
    return (size or b'%x' % len(data)) + b'\r\n' + data + b'\r\n'


SMUGGLED = [
    ('a length and chunks', post(length() + CHUNKED, b'0\r\n\r\n' + HIDDEN)),
    ('chunks and a length', post(CHUNKED + length(), b'0\r\n\r\n' + HIDDEN)),
    ('a length, chunks, in other letters',
     post(length() + b'transfer-encoding: Chunked\r\n',
          b'0\r\n\r\n' + HIDDEN)),
    ('two lengths that differ', post(length(0) + length(), HIDDEN)),
    ('two lengths that differ, turned', post(length() + length(0), HIDDEN)),
    ('a length with a plus', post(b'Content-Length: +2\r\n', b'{}' + HIDDEN)),
    ('a length below zero', post(b'Content-Length: -1\r\n', b'{}' + HIDDEN)),
    ('a list of lengths', post(b'Content-Length: 2,2\r\n', b'{}' + HIDDEN)),
    ('a length that overflows',
     post(b'Content-Length: 99999999999999999999\r\n', b'{}' + HIDDEN)),
    ('a length of 2^64', post(b'Content-Length: 18446744073709551616\r\n',
                              HIDDEN)),
    ('a length in hexadecimal', post(b'Content-Length: 0x2\r\n',
                                     b'{}' + HIDDEN)),
    ('an empty length', post(b'Content-Length:\r\n', HIDDEN)),
    ('an unknown coding', post(b'Transfer-Encoding: xchunked\r\n',
                               b'0\r\n\r\n' + HIDDEN)),
    ('the coding identity', post(b'Transfer-Encoding: identity\r\n' + length(0),
                                 HIDDEN)),
    ('two codings', post(b'Transfer-Encoding: gzip, chunked\r\n',
                         b'0\r\n\r\n' + HIDDEN)),
    ('two lines of codings', post(CHUNKED + b'Transfer-Encoding: identity\r\n',
                                  b'0\r\n\r\n' + HIDDEN)),
    ('a space before the colon', post(b'Content-Length : 2\r\n',
                                      b'{}' + HIDDEN)),
    ('a coding with a space before the colon',
     post(length(0) + b'Transfer-Encoding : chunked\r\n',
          b'0\r\n\r\n' + HIDDEN)),
    ('a bare CR in a value', post(b'X-A: b\rContent-Length: 0\r\n' + length(),
                                  BODY + HIDDEN)),
    ('a chunk size in C', post(CHUNKED, chunk(b'{}', b'0x2') + b'0\r\n\r\n'
                               + HIDDEN)),
    ('a chunk size that overflows',
     post(CHUNKED, chunk(b'{}', b'ffffffffffffffff2') + HIDDEN)),
    ('a chunk size below zero', post(CHUNKED, chunk(b'{}', b'-2') + HIDDEN)),
    ('no Host', post(length(), BODY, host=b'') + HIDDEN),
    ('two Hosts', post(length(), BODY, host=HOST + b'Host: b\r\n') + HIDDEN),
    ('two Hosts that agree', post(length(), BODY, host=HOST * 2) + HIDDEN),
    ('HTTP/9.9', post(length(), BODY, version=b'HTTP/9.9') + HIDDEN),
    ('a path with a NUL in it', post(length(), BODY,
                                     target=PATH.encode() + b'%00') + HIDDEN),
    ('a header of 64 KiB', post(b'X-A: ' + b'a' * 65536 + b'\r\n' + length())
     + HIDDEN),
    ('2,000 headers', post(b'X-A: b\r\n' * 2000 + length()) + HIDDEN),
    ('a body of 10 GB', post(length(10 ** 10), BODY)),
    ('a header without a name', post(b': x\r\n' + length()) + HIDDEN),
    ('a header without a colon', post(b'bogus\r\n' + length()) + HIDDEN),
    ('no HTTP at all', b'hello\r\n\r\n' + HIDDEN),
    ('another protocol', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
     + b'\0' * 60 + b'\r\n\r\n' + HIDDEN),
    ('HTTP/2 with prior knowledge', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
     + HIDDEN),
]
# Some servers read these, RFC 9112 lets them; but only in one way.
TOLERATED = [
    ('a folded header', post(b'X-A: b\r\n c\r\n' + length())),
    ('a NUL in a value', post(b'X-A: b\0c\r\n' + length())),
    ('lines that end in LF', post(length()).replace(b'\r\n', b'\n')),
    ('HTTP/1.9', post(length(), version=b'HTTP/1.9')),
    ('empty lines in front', b'\r\n\r\n' + post(length())),
    ('two lengths that agree', post(length() * 2)),
    ('a chunk with an extension',
     post(CHUNKED, chunk(BODY, b'%x;a=b' % len(BODY)) + b'0\r\n\r\n')),
    ('chunks', post(CHUNKED, chunk(BODY[:5]) + chunk(BODY[5:])
                    + b'0\r\n\r\n')),
    ('a length in the trailer', post(CHUNKED, chunk(BODY) + b'0\r\n'
                                     b'Content-Length: 0\r\n\r\n')),
    ('HTTP/1.0', post(length(), version=b'HTTP/1.0')),
]
CLOSE = HOST + b'Connection: close\r\n'


def closing(data):
    """The same, and the server closes when it has answered."""
    for end in (b'\r\n', b'\n'):
        data = data.replace(HOST.replace(b'\r\n', end),
                            CLOSE.replace(b'\r\n', end))
    return data


def is_there():
    return http.key(ann.refresh, KEY['_id']).status == 200


def drop_repeat(got):
    """libmicrohttpd 0.9.75 writes the header block of its own answer to a bad
    Content-Length twice; the bytes are the same, and then it closes."""
    head, end, rest = got.partition(b'\r\n\r\n')
    while end and rest.startswith(head + end):
        rest = rest[len(head + end):]
    return head + end + rest


@group
def refused():
    for text, data in SMUGGLED:
        got, closed = raw(world, data, seconds=PATIENCE)
        found = []
        codes = statuses(drop_repeat(got))
        if len(codes) > 1:
            found.append('%d answers: %s' % (len(codes), codes))
        if codes and not (isinstance(codes[0], int)
                          and 400 <= codes[0] <= 599):
            found.append('an answer: %s' % codes)
        if not closed:
            found.append('left open after %r' % codes)
        if not is_there():
            found.append('the hidden request was carried out')
        nothing(found, text + ': refused and closed')


@group
def behind_a_proxy():
    """What a proxy took for one request is one: nothing behind it is
    answered, whether it was meant for a body, a header or the next line."""
    get = b'GET %s/app/%s/location HTTP/1.1\r\n' % (
        BASE.encode(), world.app.encode()) + HOST
    rows = [
        ('a header without a name', get + b': x\r\n'),
        ('a line of LF alone', get + b'X-A: b\n\n'),
        ('no length', get + b'\r\n'),
        ('DELETE, a header without a name',
         get.replace(b'GET', b'DELETE') + b': x\r\n'),
    ]
    with_length = [
        ('a length, and a line of LF alone',
         get.replace(b'GET', b'POST') + length(0) + b'X-A: b\n\n'),
        ('a length', get + length(0) + b'\r\n')]
    for proxies in (None, '127.0.0.1'):
        for text, data in rows + (with_length if proxies else []):
            got, closed = raw(world, data + HIDDEN, seconds=PATIENCE)
            text += ' (trusted)' if proxies else ''
            equal((len(statuses(got)), closed), (1, True),
                  text + ': one answer, and closed')
            ok(is_there(), text + ': nothing hidden was carried out')
        if not proxies:
            world.restart(trusted_proxies='127.0.0.1')
    world.restart(trusted_proxies=None)


@group
def hosts_that_are_none():
    """Refused, and the answer is JSON all the same."""
    for host in (b'\xff', b'a b', b'a"b', b'a\\b', b'<a>', b'\xc3\xa4', b'a/b',
                 b'a@b', b'a' * 8000, b''):
        got, _ = raw(world, b'GET /api/client/v2.0/app/%s/location HTTP/1.1\r\n'
                     b'Host: %s\r\nConnection: close\r\n\r\n'
                     % (world.app.encode(), host), seconds=PATIENCE)
        head, _, body = got.partition(b'\r\n\r\n')
        try:
            answer = json.loads(body.decode())
        except ValueError:
            answer = None
        ok(b' 400 ' in head.split(b'\r\n')[0] and isinstance(answer, dict) and
           answer['link'].startswith('http://localhost/'),
           'Host: %.20r' % host, got[:600])


@group
def tolerated():
    for text, data in TOLERATED:
        got, _ = raw(world, closing(data), seconds=PATIENCE)
        codes = statuses(drop_repeat(got))
        ok(len(codes) <= 1 and all(
            isinstance(c, int) and (c == 200 or 400 <= c <= 599)
            for c in codes), text + ': one answer, or none', got[:300])
    for text, data in TOLERATED:
        second = closing(HIDDEN.replace(b'DELETE', b'GET'))
        got, _ = raw(world, data + second, PATIENCE)
        codes = statuses(drop_repeat(got))
        ok(codes in ([], [200], [200, 200]) or codes[0] >= 400,
           text + ': what follows is a request of its own', codes)
    ok(is_there(), 'nothing hidden was carried out')


@group
def pipelined():
    one = post(length())
    got, _ = raw(world, one * 2 + closing(one), PATIENCE)
    equal(statuses(got), [200] * 3, 'three requests in one packet')
    got, closed = raw(world, closing(one) + one, PATIENCE)
    equal((statuses(got), closed), ([200], True),
          'Connection: close ends the connection')
    got, _ = raw(world, post(length() + b'Expect: 100-continue\r\n',
                             host=CLOSE), PATIENCE)
    codes = statuses(got)
    ok(codes and codes[-1] in (200, 417), 'Expect: 100-continue', codes)


@group
def big_bodies():
    big = b'{"key":"' + b'a' * (1 << 20) + b'"}'
    answer = None
    try:
        answer = http.provider('api-key', 'login', big)
    except OSError:
        pass  # closed before all of it was sent
    ok(answer is None or answer.status in (400, 401, 413),
       'a body of 1 MiB is refused', answer)
    got, _ = raw(world, post(CHUNKED, chunk(b'a' * 4096) * 1024
                             + b'0\r\n\r\n'), seconds=PATIENCE)
    codes = statuses(drop_repeat(got))
    ok(codes in ([], [400], [413]), 'nor one of 4 MiB in chunks', codes)
    got, closed = raw(world, post(length(1 << 30), BODY), seconds=PATIENCE)
    ok(closed and statuses(got) in ([], [413], [400]),
       'a length of 1 GiB is refused before it comes', got[:200])
    got, closed = raw(world, post(length(1 << 30)
                                  + b'Expect: 100-continue\r\n', b''),
                      seconds=PATIENCE)
    ok(100 not in statuses(got), 'and not asked for', got[:200])


@group
def request_lines():
    lines = [b'GET\r\n\r\n', b'GET /\r\n\r\n', b'GET  / HTTP/1.1\r\n\r\n',
             b'get / HTTP/1.1\r\n' + HOST + b'\r\n',
             b'BREW /pot HTTP/1.1\r\n' + HOST + b'\r\n',
             b'GET http://127.0.0.1/ HTTP/1.1\r\n' + HOST + b'\r\n',
             b'CONNECT 127.0.0.1:1 HTTP/1.1\r\n' + HOST + b'\r\n',
             b'TRACE / HTTP/1.1\r\n' + HOST + b'\r\n',
             b'OPTIONS * HTTP/1.1\r\n' + HOST + b'\r\n',
             b'GET /\xff\xfe HTTP/1.1\r\n' + HOST + b'\r\n',
             b'GET /' + b'a' * 20000 + b' HTTP/1.1\r\n' + HOST + b'\r\n',
             b'GET / HTTP/1.1 extra\r\n' + HOST + b'\r\n',
             b'\0' * 1000, b'\r\n' * 5000, b'A' * 100000]
    for line in lines:
        got, _ = raw(world, closing(line), seconds=0.5)
        codes = statuses(drop_repeat(got))
        ok(len(codes) <= 1 and all(
            isinstance(c, int) and (c >= 400 or c in (200, 204))
            for c in codes), 'request line %.24r' % line, codes)
    equal(http.key_login(KEY['key']).status, 200,
          'after all of this a login is served')


main(world)
