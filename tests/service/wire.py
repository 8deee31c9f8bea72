"""Requests of the client API, as a client on the other end would send them."""

import base64
import http.client
import json
import socket
import ssl
import sys
import time
import zlib

sys.dont_write_bytecode = True

from world import PATIENCE

BASE = '/api/client/v2.0'


class Answer:
    """Status, header lines in their order, and the body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def header(self, name):
        found = self.all(name)
        return found[0] if len(found) == 1 else (found or None)

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def get(self, name):
        value = self.json
        return value.get(name) if isinstance(value, dict) else None

    @property
    def code(self):
        return self.get('error_code')

    @property
    def error(self):
        return self.get('error')

    def __repr__(self):
        return '<%d %r %r>' % (self.status, self.header('Content-Type'),
                               self.body[:300])


class Session:
    def __init__(self, answer):
        self.answer = answer
        self.access = answer.get('access_token')
        self.refresh = answer.get('refresh_token')
        self.user_id = answer.get('user_id')
        self.device_id = answer.get('device_id')


class Client:
    """Calls to one app of one server; a new connection for each."""

    def __init__(self, world, tls=False, host='127.0.0.1'):
        self.world = world
        self.host = host
        self.context = None
        if tls:
            self.context = ssl.create_default_context(
                cafile=world.authority.file)

    @property
    def app(self):
        return '/app/%s' % self.world.app

    def connect(self, timeout=None):
        timeout = timeout or PATIENCE
        if self.context:
            return http.client.HTTPSConnection(
                'localhost', self.world.tls_port, timeout=timeout,
                context=self.context)
        return http.client.HTTPConnection(
            self.host, self.world.http_port, timeout=timeout)

    def call(self, method, path, body=None, token=None, headers=None,
             timeout=None, base=None):
        """body: bytes as they are, anything else as JSON."""
        send = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            send.setdefault('Content-Type', 'application/json')
        elif method in ('POST', 'PUT'):
            send.setdefault('Content-Length', '0')
        if token is not None:
            send['Authorization'] = 'Bearer ' + token
        connection = self.connect(timeout)
        try:
            connection.request(method, (base or BASE) + path, body, send)
            reply = connection.getresponse()
            return Answer(reply.status, reply.getheaders(), reply.read())
        finally:
            connection.close()

    # The calls of section 2.

    def location(self, **more):
        return self.call('GET', self.app + '/location', **more)

    def provider(self, name, action, body=None, **more):
        return self.call('POST', '%s/auth/providers/%s/%s' % (
            self.app, name, action), body, **more)

    def link(self, access, name, body, **more):
        return self.provider(name, 'login?link=true', body, token=access,
                             **more)

    def register(self, email, password, **more):
        return self.provider('local-userpass', 'register',
                             {'email': email, 'password': password}, **more)

    def login(self, email, password, **more):
        return self.provider('local-userpass', 'login', {
            'username': email, 'password': password,
            'options': {'device': DEVICE}}, **more)

    def key_login(self, key, **more):
        return self.provider('api-key', 'login', {
            'key': key, 'options': {'device': DEVICE}}, **more)

    def anon(self, **more):
        return self.provider('anon-user', 'login', {
            'options': {'device': DEVICE}}, **more)

    def profile(self, access, **more):
        return self.call('GET', '/auth/profile', token=access, **more)

    def refresh(self, refresh, **more):
        return self.call('POST', '/auth/session', token=refresh, **more)

    def logout(self, refresh, **more):
        return self.call('DELETE', '/auth/session', token=refresh, **more)

    def delete_user(self, access, **more):
        return self.call('DELETE', '/auth/delete', token=access, **more)

    def keys(self, refresh, **more):
        return self.call('GET', '/auth/api_keys', token=refresh, **more)

    def create(self, refresh, name, **more):
        return self.call('POST', '/auth/api_keys', {'name': name},
                         token=refresh, **more)

    def key(self, refresh, id, **more):
        return self.call('GET', '/auth/api_keys/%s' % id, token=refresh,
                         **more)

    def enable(self, refresh, id, **more):
        return self.call('PUT', '/auth/api_keys/%s/enable' % id,
                         token=refresh, **more)

    def disable(self, refresh, id, **more):
        return self.call('PUT', '/auth/api_keys/%s/disable' % id,
                         token=refresh, **more)

    def delete(self, refresh, id, **more):
        return self.call('DELETE', '/auth/api_keys/%s' % id, token=refresh,
                         **more)

    # Short cuts of tests, which must succeed.

    def session(self, email, password):
        return Session(must(self.login(email, password), 200))

    def key_session(self, key):
        return Session(must(self.key_login(key), 200))

    def new_key(self, session, name):
        return must(self.create(session.refresh, name), 201).json


# What realm-core sends, but for the values.
DEVICE = {'appId': 'demo', 'platform': 'Linux', 'platformVersion': '6.1',
          'sdk': 'test', 'sdkVersion': '1.0', 'cpuArch': 'x86_64',
          'deviceName': 'box', 'deviceVersion': '1', 'frameworkName': '',
          'frameworkVersion': '', 'coreVersion': '14.14.0', 'bundleId': ''}


class Unexpected(Exception):
    """An answer that a test only builds upon is not the one it must be."""


def must(answer, status):
    if answer.status != status:
        raise Unexpected('%r instead of %d' % (answer, status))
    return answer


def is_hex24(text):
    return (isinstance(text, str) and len(text) == 24
            and all(c in '0123456789abcdef' for c in text))


# Bytes on a bare connection.

def read_all(sock, seconds):
    """What comes until the other side closes or the time is up; and whether
    it closed."""
    end = time.monotonic() + seconds
    got = b''
    while True:
        left = end - time.monotonic()
        if left <= 0:
            return got, False
        sock.settimeout(left)
        try:
            more = sock.recv(65536)
        except socket.timeout:
            return got, False
        except (ConnectionError, ssl.SSLError):
            return got, True
        if not more:
            return got, True
        got += more


def raw(world, data, seconds=2.0):
    """Send these bytes to the plain listener; what came back, and closed."""
    with socket.create_connection(('127.0.0.1', world.http_port),
                                  timeout=PATIENCE) as sock:
        try:
            sock.sendall(data)
        except ConnectionError:
            pass
        return read_all(sock, seconds)


def unread(world):
    """Connections to the plain listener with bytes that the service has not
    read, as the kernel's table has them."""
    port = ':%04X' % world.http_port
    with open('/proc/net/tcp') as table:
        rows = [row.split() for row in table]
    return [row for row in rows if row[1].endswith(port) and row[3] == '01'
            and not row[4].endswith(':00000000')]


def statuses(got):
    """The status codes of the answers in these bytes, in their order."""
    found = []
    while got:
        head, _, rest = got.partition(b'\r\n\r\n')
        if not head.startswith(b'HTTP/1.'):
            found.append('garbage %r' % head[:40])
            break
        found.append(int(head.split()[1]))
        length = 0
        for line in head.split(b'\r\n')[1:]:
            name, _, value = line.partition(b':')
            if name.lower() == b'content-length':
                length = int(value)
        got = rest[length:]
    return found


# Keys.

BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'


def checksum(text):
    """CRC-32 in base62, most significant digit first, of six digits."""
    number, digits = zlib.crc32(text.encode()), ''
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


# Tokens.

def unpad(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def repad(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def token_parts(token):
    """Header and claims, parsed, and the signature's bytes."""
    head, claims, signature = token.split('.')
    return json.loads(repad(head)), json.loads(repad(claims)), repad(signature)
