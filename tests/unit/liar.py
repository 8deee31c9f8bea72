#!/usr/bin/python3
"""A service that lies: raw answers over TCP and TLS for tests/unit/test_https.

    liar.py FOLDER

makes certificates in FOLDER, listens on loopback, prints "NAME PORT" for each
listener and "ready", and serves until its standard input ends.  What a path
answers is a row of ANSWERS.  Each connection and request that arrived is a
line of FOLDER/seen.
"""

import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

FOLDER = sys.argv[1]
OK = b'HTTP/1.1 200 OK\r\n'
JSON = b'Content-Type: application/json\r\n'
BODY = b'{"a":1}'
GOOD = OK + JSON + b'Content-Length: 7\r\n\r\n' + BODY
END = b'\r\n\r\n'


def with_length(body, head=OK + JSON):
    return head + b'Content-Length: %d\r\n\r\n' % len(body) + body


def chunks(*parts):
    return OK + JSON + b'Transfer-Encoding: chunked\r\n\r\n' + b''.join(
        b'%x\r\n%s\r\n' % (len(p), p) for p in parts)


KEEP, CLOSE, RESET = 'keep', 'close', 'reset'

# path: what is sent, and what becomes of the connection.  A list is sent
# piece by piece; a function is called with the connection.
ANSWERS = {
    'good': (GOOD, KEEP),
    'charset': (GOOD.replace(b'json\r', b'json; charset=utf-8\r'), KEEP),
    'case': (GOOD.replace(b'Content-', b'cONTENT-').replace(
        b'application/json', b'Application/JSON'), KEEP),
    'slow-pieces': ([GOOD[i:i + 9] for i in range(0, len(GOOD), 9)], KEEP),
    'empty': (OK + b'Content-Length: 0\r\n\r\n', KEEP),
    'no-content': (b'HTTP/1.1 204 No Content\r\n\r\n', KEEP),
    'chunked': (chunks(BODY[:3], BODY[3:], b''), KEEP),
    'interim': (b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n'
                b'Content-Length: 3\r\nLink: x\r\n\r\n' + GOOD, KEEP),
    'ids': (GOOD.replace(END, b'\r\nX-Appservices-Request-Id: 5f-e1\r\n'
                         b'Retry-After: 17\r\n\r\n', 1), KEEP),
    'odd-ids': (GOOD.replace(END, b'\r\nX-Appservices-Request-Id: \xe9vil\r\n'
                             b'Retry-After: Mon, 23 Nov 2026 06:00:00 GMT\r\n'
                             b'\r\n', 1), KEEP),
    'long-id': (GOOD.replace(END, b'\r\nX-Appservices-Request-Id: '
                             + b'a' * 65 + END, 1), KEEP),
    'refused': (with_length(b'{"error":"unauthorized"}',
                            b'HTTP/1.1 401 Unauthorized\r\n' + JSON), KEEP),
    'forbidden': (b'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n', KEEP),
    'broken': (with_length(b'{}', b'HTTP/1.1 500 Oh\r\n' + JSON), KEEP),
    'redirect': (b'HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:%d/good'
                 b'\r\nContent-Length: 0\r\n\r\n', KEEP),
    'redirect-307': (b'HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:%d/good'
                     b'\r\nContent-Length: 0\r\n\r\n', KEEP),
    'echo': (b'', KEEP),
    'cookie': (GOOD.replace(END, b'\r\nSet-Cookie: a=b; Path=/\r\n\r\n', 1),
               KEEP),
    # Lies.
    'html': (with_length(b'<html>Welcome!</html>',
                         OK + b'Content-Type: text/html\r\n'), KEEP),
    'html-502': (with_length(b'<html>', b'HTTP/1.1 502 Bad Gateway\r\n'
                             b'Content-Type: text/html\r\n'), KEEP),
    'type-begins': (GOOD.replace(b'json\r', b'json5\r'), KEEP),
    'no-type': (with_length(BODY, OK), KEEP),
    'two-types': (GOOD.replace(JSON, JSON + JSON), KEEP),
    '204-body': (b'HTTP/1.1 204 No Content\r\n' + JSON
                 + b'Content-Length: 7\r\n\r\n' + BODY, KEEP),
    '204-chunked': (chunks(BODY, b'').replace(b'200 OK', b'204 X'), KEEP),
    'huge': (with_length(b'x' * 70000), CLOSE),
    'huge-announced': (OK + JSON + b'Content-Length: 999999999999\r\n\r\n',
                       KEEP),
    'huge-chunked': (chunks(*[b'x' * 7000] * 10, b''), CLOSE),
    'huge-one-chunk': (chunks(b'x' * 65537, b''), CLOSE),
    'cut': (GOOD[:-2], CLOSE),
    'cut-head': (GOOD[:30], CLOSE),
    'cut-status': (GOOD[:7], CLOSE),
    'cut-hard': ([GOOD[:-2], lambda conn: time.sleep(0.3)], RESET),
    'no-length': (OK + JSON + b'Connection: close\r\n\r\n' + BODY, CLOSE),
    'cut-no-length': (OK + JSON + b'\r\n' + BODY[:3], CLOSE),
    'cut-chunked': (chunks(BODY), CLOSE),
    'cut-in-chunk': (chunks(BODY)[:-5], CLOSE),
    'bad-chunk': (chunks(BODY).replace(b'7\r', b'zz\r'), CLOSE),
    'trailer': (chunks(BODY, b'')[:-2] + b'X-More: y\r\n\r\n', KEEP),
    'gzip': (with_length(b'\x1f\x8b\x08', OK + JSON
                         + b'Content-Encoding: gzip\r\n'), KEEP),
    'gzip-transfer': (chunks(BODY, b'').replace(b'chunked', b'gzip, chunked'),
                      KEEP),
    'length-and-chunks': (chunks(BODY, b'').replace(
        JSON, JSON + b'Content-Length: 7\r\n'), KEEP),
    'two-lengths': (GOOD.replace(JSON, JSON + b'Content-Length: 5\r\n'), KEEP),
    'same-length-twice': (GOOD.replace(JSON, JSON + b'Content-Length: 7\r\n'),
                          KEEP),
    'length-list': (GOOD.replace(b': 7\r', b': 7, 7\r'), KEEP),
    'length-plus': (GOOD.replace(b': 7\r', b': +7\r'), KEEP),
    'length-minus': (GOOD.replace(b': 7\r', b': -7\r'), KEEP),
    'length-hex': (GOOD.replace(b': 7\r', b': 0x7\r'), KEEP),
    'http-0.9': (BODY, CLOSE),
    'http-1.0': (GOOD.replace(b'1.1', b'1.0'), CLOSE),
    'http-1.2': (GOOD.replace(b'1.1', b'1.2'), CLOSE),
    'garbage': (b'\x00\x01\x02\x03\x04\x05\x06\x07' * 9, CLOSE),
    'status-099': (GOOD.replace(b'200', b'099'), KEEP),
    'status-999': (GOOD.replace(b'200', b'999'), KEEP),
    'status-20': (GOOD.replace(b'200', b'20'), KEEP),
    'status-2000': (GOOD.replace(b'200', b'2000'), KEEP),
    'switch': (b'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n' + GOOD, KEEP),
    'space-colon': (GOOD.replace(b'Length:', b'Length :'), KEEP),
    'folded': (GOOD.replace(JSON, b'X-A: b\r\n c\r\n' + JSON), KEEP),
    'control': (GOOD.replace(JSON, b'X-A: \x1b[31m\r\n' + JSON), KEEP),
    'nul': (GOOD.replace(JSON, b'X-A: a\x00b\r\n' + JSON), KEEP),
    'no-colon': (GOOD.replace(JSON, b'nonsense\r\n' + JSON), KEEP),
    'two-answers': (GOOD + with_length(b'{"evil":2}'), KEEP),
    'head-flood': (OK + b''.join(b'X-%d: %s\r\n' % (i, b'y' * 60)
                                 for i in range(1000)) + END, CLOSE),
    'long-line': (OK + b'X: ' + b'y' * 90000 + END, CLOSE),
    'nothing': (b'', CLOSE),
    'reset': (b'', RESET),
}


def forever(piece, pause):
    def answer(conn):
        while True:
            conn.sendall(piece)
            time.sleep(pause)
    return answer


def hang(conn):
    time.sleep(60)


ANSWERS.update({
    'interim-flood': (forever(b'HTTP/1.1 100 Continue\r\n\r\n' * 20, 0), CLOSE),
    'drip-status': ([OK[:-2], forever(b'O', 0.05)], CLOSE),
    'drip-head': ([OK, forever(b'X', 0.05)], CLOSE),
    'drip-body': ([OK + JSON + b'Content-Length: 9999\r\n\r\n',
                   forever(b' ', 0.05)], CLOSE),
    'drip-chunks': ([chunks(), forever(b'1\r\n \r\n', 0.05)], CLOSE),
    'hang': (hang, CLOSE),
    'hang-in-body': ([GOOD[:-2], hang], CLOSE),
})


def openssl(*argv):
    subprocess.run(('openssl',) + argv, cwd=FOLDER, check=True,
                   capture_output=True)


def new_key(name):
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt',
            'ec_paramgen_curve:P-256', '-out', name + '.key')


def authority(name):
    new_key(name)
    openssl('req', '-x509', '-new', '-key', name + '.key', '-out',
            name + '.pem', '-days', '30', '-subj', '/CN=' + name,
            '-addext', 'basicConstraints=critical,CA:TRUE')


def issue(name, ca='ca', alt='DNS:localhost,IP:127.0.0.1', days='30',
          subject='', use=''):
    new_key(name)
    openssl('req', '-new', '-key', name + '.key', '-out', name + '.csr',
            '-subj', '/CN=' + (subject or name))
    with open(os.path.join(FOLDER, name + '.ext'), 'w') as ext:
        ext.write('basicConstraints=CA:FALSE\n')
        if alt:
            ext.write('subjectAltName=%s\n' % alt)
        if use:
            ext.write('extendedKeyUsage=%s\n' % use)
    openssl('x509', '-req', '-in', name + '.csr', '-CA', ca + '.pem', '-CAkey',
            ca + '.key', '-CAcreateserial', '-out', name + '.pem', '-days',
            days, '-extfile', name + '.ext')


def make_certificates():
    for name in ('ca', 'other-ca'):
        authority(name)
    issue('server')
    issue('wrong-name', alt='DNS:elsewhere.example')
    issue('wrong-address', alt='IP:127.0.0.2')
    issue('only-common-name', alt='', subject='127.0.0.1')
    issue('expired', days='-1')
    issue('for-clients', use='clientAuth')
    issue('wrong-ca', ca='other-ca')
    issue('client', alt='')
    authority('self-signed')
    openssl('ec', '-in', 'client.key', '-out', 'client-locked.key', '-aes128',
            '-passout', 'pass:1234')
    for name in os.listdir(FOLDER):
        os.chmod(os.path.join(FOLDER, name), 0o600)


def context(name, **more):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(os.path.join(FOLDER, name + '.pem'),
                        os.path.join(FOLDER, name + '.key'))
    if 'old' in more:
        ctx.set_ciphers('DEFAULT@SECLEVEL=0')
        ctx.minimum_version = ssl.TLSVersion.TLSv1
        ctx.maximum_version = ssl.TLSVersion.TLSv1_1
    if 'newest' in more:
        ctx.maximum_version = more['newest']
    if 'client' in more:
        ctx.verify_mode = ssl.CERT_REQUIRED
        ctx.load_verify_locations(os.path.join(FOLDER, 'ca.pem'))
    if 'alpn' in more:
        ctx.set_alpn_protocols([more['alpn']])
    return ctx


lock = threading.Lock()
ports = {}


def saw(*words):
    with lock, open(os.path.join(FOLDER, 'seen'), 'ab') as file:
        file.write(b' '.join(w if isinstance(w, bytes) else str(w).encode()
                             for w in words) + b'\n')


def read_request(conn):
    got = b''
    while END not in got:
        more = conn.recv(65536)
        if not more:
            return None, None
        got += more
    head, _, body = got.partition(END)
    length = 0
    for line in head.split(b'\r\n'):
        if line.lower().startswith(b'content-length:'):
            length = int(line.split(b':')[1])
    while len(body) < length:
        body += conn.recv(65536)
    return head, body


def send(conn, what):
    if callable(what):
        what(conn)
    elif isinstance(what, list):
        for piece in what:
            send(conn, piece)
            time.sleep(0.01)
    elif what:
        conn.sendall(what)


def finish(conn, how):
    if how == RESET:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack('ii', 1, 0))
    raw = conn.detach() if how == RESET else None
    if raw is not None:
        os.close(raw)  # no close_notify, no FIN: a reset
    else:
        conn.close()


def serve_http(conn, name):
    served = 0
    while True:
        head, body = read_request(conn)
        if head is None:
            conn.close()
            return
        path = head.split(b' ')[1].decode().strip('/')
        saw(name, 'request', head.replace(b'\r\n', b'|'), body)
        served += 1
        if path.startswith('second/'):  # this only on a kept connection
            path = 'good' if served == 1 else path[len('second/'):]
        what, then = ANSWERS[path]
        if path == 'echo':
            what = with_length(body)
        if path.startswith('redirect'):
            what = what % ports['redirected' if '307' in path else 'tls2']
        send(conn, what)
        if then != KEEP:
            finish(conn, then)
            return


def serve_proxy(conn, name):
    head, _ = read_request(conn)
    if head is None:
        return
    saw(name, 'request', head.replace(b'\r\n', b'|'))
    if name == 'proxy-no':
        conn.sendall(b'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
        conn.close()
        return
    host, port = head.split(b' ')[1].rsplit(b':', 1)
    there = socket.create_connection(('127.0.0.1', int(port)))
    conn.sendall(b'HTTP/1.1 200 Go\r\nX-Proxy: yes\r\n\r\n')

    def copy(a, b):
        while True:
            data = a.recv(65536)
            if not data:
                break
            b.sendall(data)
    threading.Thread(target=copy, args=(there, conn), daemon=True).start()
    copy(conn, there)


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack('>I', stream) + payload


def field(name, value):  # HPACK: a literal without indexing, a new name
    return b'\x00' + bytes([len(name)]) + name + bytes([len(value)]) + value


def end_gently(conn):
    """The end, and no reset: closing with something unread would be one, and
    that can overtake what has been sent."""
    conn.shutdown(socket.SHUT_WR)
    while conn.recv(65536):
        pass


def serve_http2(conn, name):
    """Enough of RFC 9113 for one request at a time."""
    data = b''

    def need(n):
        nonlocal data
        while len(data) < n:
            more = conn.recv(65536)
            if not more:
                raise ConnectionError
            data += more
        taken, data = data[:n], data[n:]
        return taken
    need(24)
    conn.sendall(frame(4, 0, 0))
    while True:
        head = need(9)
        length, kind, flags = int.from_bytes(head[:3], 'big'), head[3], head[4]
        stream = int.from_bytes(head[5:9], 'big')
        payload = need(length)
        if kind == 4 and not flags & 1:
            conn.sendall(frame(4, 1, 0))
        if kind == 6 and flags & 1:  # so it has read what came before
            end_gently(conn)
            return
        if kind != 1:
            continue
        saw(name, 'request', payload.hex())
        typed = b'\x88' + field(b'content-type', b'application/json')
        rows = {
            'h2-good': [(1, 4, typed), (0, 1, BODY)],
            'h2-length': [(1, 4, typed + field(b'content-length', b'7')),
                          (0, 1, BODY)],
            'h2-short': [(1, 4, typed + field(b'content-length', b'9')),
                         (0, 1, BODY)],
            'h2-cut': [(1, 4, typed), (0, 0, BODY)],
            'h2-reset': [(1, 4, typed), (0, 0, BODY), (3, 0, b'\0\0\0\2')],
            'h2-huge': [(1, 4, typed)] + [(0, 0, b'x' * 16000)] * 5
            + [(0, 1, b'')],
            'h2-html': [(1, 4, b'\x88' + field(b'content-type', b'text/html')),
                        (0, 1, BODY)],
            'h2-trailer': [(1, 4, typed), (0, 0, BODY),
                           (1, 5, field(b'x-more', b'y'))],
        }[name.replace('only-common-name', 'good')]
        for row in rows:
            conn.sendall(frame(row[0], row[1], stream, row[2]))
        if name == 'h2-cut':
            conn.sendall(frame(6, 0, 0, b'are-you?'))


def serve_plainly(conn, name):
    conn.recv(65536)
    conn.sendall(GOOD)


def serve_mute(conn, name):
    time.sleep(60)


def serve(conn, name, ctx, handler):
    try:
        if ctx:
            conn = ctx.wrap_socket(conn, server_side=True,
                                   do_handshake_on_connect=False)
            conn.do_handshake()
        handler(conn, name)
    except ssl.SSLError:
        time.sleep(0.3)  # so that the alert is read before the end is seen
    except (OSError, ValueError):
        pass
    finally:
        try:
            conn.close()
        except OSError:
            pass


def listen(name, handler, ctx=None):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(('127.0.0.1', 0))
    sock.listen(64)
    ports[name] = sock.getsockname()[1]

    def loop():
        while True:
            conn, _ = sock.accept()
            saw(name, 'connection')
            threading.Thread(target=serve, args=(conn, name, ctx, handler),
                             daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()


def listen_nowhere(name):
    """Nobody accepts, and the queue is full: the kernel drops each SYN."""
    sock = socket.socket()
    sock.bind(('127.0.0.1', 0))
    sock.listen(0)
    ports[name] = sock.getsockname()[1]
    for _ in range(3):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(sock.getsockname())
        keep.append(filler)
    keep.append(sock)


keep = []


def main():
    make_certificates()
    open(os.path.join(FOLDER, 'seen'), 'w').close()
    server = context('server')
    listen('tls', serve_http, server)
    listen('tls2', serve_http, server)
    listen('tls12', serve_http,
           context('server', newest=ssl.TLSVersion.TLSv1_2))
    listen('plain', serve_http)
    listen('redirected', serve_http)
    listen('mute', serve_mute)
    listen('speaks-http', serve_plainly)
    listen('proxy', serve_proxy)
    listen('proxy-env', serve_proxy)
    listen('proxy-no', serve_proxy)
    for name in ('wrong-name', 'wrong-address', 'only-common-name', 'expired',
                 'for-clients', 'wrong-ca', 'self-signed'):
        listen(name, serve_http, context(name))
    listen('tls11', serve_http, context('server', old=True))
    listen('wants-client', serve_http, context('server', client=True))
    listen('wants-client12', serve_http, context(
        'server', client=True, newest=ssl.TLSVersion.TLSv1_2))
    for name in ('h2-good', 'h2-length', 'h2-short', 'h2-cut', 'h2-reset',
                 'h2-huge', 'h2-html', 'h2-trailer'):
        listen(name, serve_http2, context('server', alpn='h2'))
    listen('h2-only-common-name', serve_http2,
           context('only-common-name', alpn='h2'))
    listen_nowhere('nowhere')
    closed = socket.socket()  # bound and not listening: refused
    closed.bind(('127.0.0.1', 0))
    ports['closed'] = closed.getsockname()[1]
    keep.append(closed)
    for name, port in ports.items():
        print(name, port)
    print('ready', flush=True)
    sys.stdin.read()


main()
