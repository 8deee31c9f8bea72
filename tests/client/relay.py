"""A wire between a client and the service that notes what goes over it.

The bytes are handed on as they are; the notes are made beside that.
"""

import select
import socket
import threading

BUFFER = 1 << 16
# A client that never gives up must not fill the memory.
MOST = 5000


class Exchange:
    """One request and its answer."""

    def __init__(self, head, body):
        first, self.headers = parse_head(head)
        self.method, target = first.split(' ')[:2]
        self.path, _, self.query = target.partition('?')
        self.body = body
        self.status = None
        self.answer_headers = []
        self.answer = b''

    def header(self, name):
        """The values of a header of the request."""
        return values(self.headers, name)

    def answered(self, name):
        """The values of a header of the answer."""
        return values(self.answer_headers, name)

    def __str__(self):
        return '%s %s' % (self.method, self.path)


def parse_head(head):
    first, *lines = head.decode('latin-1').split('\r\n')
    pairs = [line.partition(':') for line in lines if line]
    return first, [(name, value.strip()) for name, _, value in pairs]


def values(headers, name):
    return [v for n, v in headers if n.lower() == name]


class Side:
    """One end of a connection, read message by message."""

    def __init__(self, sock):
        self.sock = sock
        self.unread = b''

    def more(self):
        data = self.sock.recv(BUFFER)
        if not data:
            raise EOFError
        self.unread += data

    def message(self, bodyless=None):
        """The next one: head and body."""
        while b'\r\n\r\n' not in self.unread:
            self.more()
        head, _, self.unread = self.unread.partition(b'\r\n\r\n')
        first, headers = parse_head(head)
        length = int((values(headers, 'content-length') or ['0'])[0])
        if bodyless and bodyless(first):
            length = 0
        while len(self.unread) < length:
            self.more()
        body, self.unread = self.unread[:length], self.unread[length:]
        return head, body


def has_no_body(status_line):
    return status_line.split(' ')[1] in ('204', '304')


class Relay:
    """Listens on a port of its own; what came over it is in exchanges."""

    def __init__(self, port):
        self.port = port
        self.exchanges = []
        self.change = None  # a function (exchange, head, body) -> head, body
        self.listener = socket.create_server(('127.0.0.1', 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self):
        return 'http://127.0.0.1:%d' % self.listener.getsockname()[1]

    def take(self):
        """The exchanges since the last time."""
        taken, self.exchanges = self.exchanges, []
        return taken

    def close(self):
        self.listener.close()

    def _listen(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,),
                             daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(
                ('127.0.0.1', self.port)) as service:
            for sock in (client, service):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._carry(Side(client), Side(service))
            except (EOFError, OSError):
                pass

    def _carry(self, client, service):
        while True:
            if not client.unread:
                ready = select.select([client.sock, service.sock], [], [])[0]
                if service.sock in ready:
                    return
            head, body = client.message()
            if len(self.exchanges) >= MOST:
                return
            exchange = Exchange(head, body)
            self.exchanges.append(exchange)
            service.sock.sendall(head + b'\r\n\r\n' + body)
            head, body = service.message(has_no_body)
            if self.change:
                head, body = self.change(exchange, head, body)
            first, exchange.answer_headers = parse_head(head)
            exchange.answer = body
            exchange.status = int(first.split(' ')[1])
            client.sock.sendall(head + b'\r\n\r\n' + body)
