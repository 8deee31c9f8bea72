#!/usr/bin/python3 -B
"""An auth service that lies: it answers one call wrongly, the others rightly.

As a module: Liar('login-type-html') and .url, .seen, .close().  From a shell:

    liar.py list                        the names, with the words allowed
    liar.py serve NAME [CERT KEY]       prints the address; until stdin ends
"""

import os
import socket
import ssl
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lies import LIES, TRUTH, answer, token

TRUE = 'nothing'  # the name of no lie at all


class Liar:
    """Listens on a free port of loopback until it is closed.

    certificate: (file, key file) for TLS, or None for plain HTTP.
    connection: what is done to a connection before anything is read:
    None, 'hang', 'close', 'plain' (no TLS although there is a certificate).
    """

    def __init__(self, name=TRUE, certificate=None, connection=None,
                 host='localhost', versions=None):
        self.lie = LIES.get(name)
        if self.lie is None and name != TRUE:
            raise KeyError(name)
        self.connection = connection
        self.seen = []  # (method, path, body) of every request
        self.accepted = 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if versions:
                self.context.set_ciphers('ALL:@SECLEVEL=0')
                self.context.minimum_version, self.context.maximum_version = \
                    versions
            self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.url = '%s://%s:%d' % ('https' if certificate else 'http', host,
                                   self.port)
        self.closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.closed = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def calls(self, kind):
        """How many requests of this kind came."""
        return sum(kind_of(method, path) == kind
                   for method, path, _ in self.seen)

    def _accept(self):
        while not self.closed:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(sock,),
                             daemon=True).start()

    def _serve(self, sock):
        try:
            sock.settimeout(60)
            if self.connection == 'hang':
                sock.recv(1 << 20)
                sock.recv(1 << 20)
            if self.connection in ('hang', 'close'):
                return
            if self.context and self.connection != 'plain':
                sock = self.context.wrap_socket(sock, server_side=True)
            stream = sock.makefile('rb')
            while self._one(sock, stream):
                pass
        except (OSError, ValueError):
            pass  # the other side has had enough
        finally:
            sock.close()

    def _one(self, sock, stream):
        """Read one request and answer it; go on with this connection?"""
        line = stream.readline(65536).split()
        if len(line) != 3:
            return False
        method, path = line[0].decode(), line[1].decode()
        length = 0
        while True:
            header = stream.readline(65536)
            if header in (b'\r\n', b'\n', b''):
                break
            name, _, value = header.partition(b':')
            if name.lower() == b'content-length':
                length = int(value)
        body = stream.read(length)
        self.seen.append((method, path, body))
        kind = kind_of(method, path)
        if self.lie and kind == self.lie.at:
            return self.lie.act(sock)
        sock.sendall(truth(kind))
        return True


def kind_of(method, path):
    path = path.partition('?')[0]
    if method == 'POST' and path.endswith('/login'):
        return 'login'
    if method == 'GET' and path.endswith('/auth/profile'):
        return 'profile'
    if path.endswith('/auth/session'):
        return 'refresh' if method == 'POST' else 'logout'
    if path.endswith('/auth/api_keys'):
        return 'create' if method == 'POST' else 'list'
    if '/auth/api_keys/' in path:
        return 'key' if method == 'GET' else 'change'
    return 'other'


def truth(kind):
    if kind in TRUTH:
        return answer(TRUTH[kind](),
                      '201 Created' if kind == 'create' else '200 OK')
    if kind == 'key':
        return answer(TRUTH['list']()[0])
    if kind == 'refresh':
        return answer({'access_token': token()}, '201 Created')
    if kind in ('logout', 'change'):
        return answer(b'', '204 No Content', None, length='')
    # Whoever comes here has followed a redirect.
    return answer(TRUTH['login']())


def main(argv):
    if argv[:1] == ['list']:
        for name, lie in LIES.items():
            print(name, lie.at, '|'.join(lie.words))
        return 0
    if argv[:1] == ['serve'] and len(argv) in (2, 4):
        liar = Liar(argv[1], certificate=tuple(argv[2:]) or None)
        print(liar.url, flush=True)
        sys.stdin.read()
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
