#!/usr/bin/python3 -B
"""Clients that hang up while the service is at their reply: on the loop, among
the hashers, with the writer, on the way to the database."""

import json
import signal
import socket
import struct
import time

from tap import equal, group, main, nothing, ok
from wire import BASE, Client
import world as worlds
from world import SLOW, World

COUNT = 150 if SLOW else 400
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'

world = World({'log_level': 'notice'})
client = Client(world)
world.add_user(EMAIL, PASSWORD)
KEY = client.new_key(client.session(EMAIL, PASSWORD), 'k')['key']
PROVIDERS = '%s/app/%s/auth/providers' % (BASE, world.app)


def post(path, body):
    text = json.dumps(body).encode()
    return ('POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: '
            'application/json\r\nContent-Length: %d\r\n\r\n' % (
                path, len(text))).encode() + text


KINDS = [
    ('a login by key',
     lambda n: post(PROVIDERS + '/api-key/login', {'key': KEY})),
    ('a login by key with a device',
     lambda n: post(PROVIDERS + '/api-key/login', {
         'key': KEY, 'options': {'device': {'platform': 'x'}}})),
    ('a login by an unknown key',
     lambda n: post(PROVIDERS + '/api-key/login', {'key': KEY[::-1]})),
    ('a login by password',
     lambda n: post(PROVIDERS + '/local-userpass/login',
                    {'username': EMAIL, 'password': PASSWORD})),
    ('a login of nobody', lambda n: post(PROVIDERS + '/anon-user/login', {})),
    ('a registration', lambda n: post(PROVIDERS + '/local-userpass/register', {
        'email': 'p%d@example.com' % n, 'password': PASSWORD})),
]


def hang_up(text, delay):
    """Say it, and reset the connection."""
    sock = socket.create_connection(('127.0.0.1', world.http_port))
    sock.sendall(text)
    time.sleep(delay)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack('ii', 1, 0))
    sock.close()


def is_well():
    return client.key_login(KEY).status == 200


@group
def they_reset():
    for what, text in KINDS:
        for n in range(COUNT):
            hang_up(text(n), 0.002 * (n % 3))
        ok(world.process.poll() is None, 'the server lives: %s' % what)
        ok(is_well(), 'and answers: %s' % what)


@group
def they_reset_while_the_database_is_silent():
    if worlds.STORE != 'postgresql':
        return
    for what, text in KINDS[:3]:
        worlds.cluster().signal(signal.SIGSTOP)
        for n in range(COUNT // 2):
            hang_up(text(n), 0.003 * (n % 7))
        worlds.cluster().signal(signal.SIGCONT)
        end = time.monotonic() + worlds.PATIENCE
        while not is_well() and time.monotonic() < end:
            time.sleep(0.2)
        ok(is_well(), 'the database is back: %s' % what)


@group
def nothing_is_left():
    started = time.monotonic()
    equal(world.stop(), 0, 'the server stops')
    ok(time.monotonic() - started < 9, 'and waits for nobody')
    nothing([line for line in world.log_text().splitlines()
             if 'ERROR' in line or 'Sanitizer' in line], 'no error')


main(world)
