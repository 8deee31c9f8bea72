#!/usr/bin/python3 -B
"""Nobody has all connections: a source has its share, an IPv6 /64 is one
source, and who asks nothing makes room for who does."""

import os
import socket
import subprocess
import sys
import time

from tap import equal, group, main, ok, skip_all

INSIDE = 'USERKEY_TEST_NETWORK'

# A network of one's own has addresses of one's own.
if INSIDE not in os.environ:
    if os.geteuid() != 0 or subprocess.run(
            ['unshare', '-n', 'true'], capture_output=True).returncode != 0:
        skip_all('connections', 'a network of its own needs root')
    os.environ[INSIDE] = '1'
    os.execvp('unshare', ['unshare', '-n', sys.executable, '-B',
                          os.path.abspath(sys.argv[0])])


def ip(*argv):
    return subprocess.run(['ip', *argv], capture_output=True).returncode == 0


ip('link', 'set', 'lo', 'up')
if not ip('-6', 'addr', 'add', 'fd00:1::1/64', 'dev', 'lo', 'nodad'):
    skip_all('connections', 'there is no IPv6')

from wire import BASE
from world import PATIENCE, World

MOST, SHARE, MANY = 64, 6, 16
HOME, AWAY = 'fd00:1::1', 'fd00:2::1'
for n in range(2, MANY + 2):  # of one /64, and each of another
    ip('-6', 'addr', 'add', 'fd00:1::%x/64' % n, 'dev', 'lo', 'nodad')
    ip('-6', 'addr', 'add', 'fd00:%x::1/64' % n, 'dev', 'lo', 'nodad')

world = World({'listen_http': '[::]:0', 'insecure_http': 'yes',
               'max_connections': str(MOST), 'threads': '1',
               'max_connections_per_address': str(SHARE)})
GET = ('GET %s/app/%s/location HTTP/1.1\r\nHost: a\r\n'
       'Content-Length: 0\r\n\r\n' % (BASE, world.app)).encode()
ALLOWED = SHARE + 1  # as http_link counts with one thread: rounded up


ESTABLISHED, CLOSE_WAIT = '01', '08'


class Caller:
    """A connection from this address; asks again and again."""

    def __init__(self, address, patience=PATIENCE):
        self.sock = socket.socket(socket.AF_INET6)
        self.sock.settimeout(patience)
        self.sock.bind((address, 0))
        self.sock.connect((HOME, world.http_port))

    def ask(self):
        """Was there an answer?"""
        try:
            self.sock.sendall(GET)
            return self.sock.recv(4000).startswith(b'HTTP/1.1 200')
        except OSError:
            return False

    def close(self):
        self.sock.close()


def not_yet_gone():
    """Connections that the service has not closed, in the kernel's table."""
    port = ':%04X' % world.http_port
    with open('/proc/net/tcp6') as table:
        rows = [row.split() for row in table]
    return [row for row in rows
            if row[1].endswith(port) and row[3] in (ESTABLISHED, CLOSE_WAIT)]


def share_of(addresses):
    """How many connections from these addresses are answered, all at once."""
    callers = [Caller(address) for address in addresses]
    answered = sum(caller.ask() for caller in callers)
    for caller in callers:
        caller.close()
    end = time.monotonic() + PATIENCE
    while not_yet_gone() and time.monotonic() < end:
        time.sleep(0.02)
    return answered


@group
def one_source():
    equal(share_of(['fd00:1::2'] * (2 * SHARE)), ALLOWED,
          'one address has its share')
    equal(share_of(['fd00:1::2'] * (2 * SHARE)), ALLOWED,
          'and again when it has left')
    equal(share_of(['fd00:1::%x' % n for n in range(2, MANY + 2)]), ALLOWED,
          'all addresses of one /64 have one share')
    equal(share_of(['fd00:%x::1' % n for n in range(2, MANY + 2)]), MANY,
          'addresses of different networks have a share each')


@group
def nobody_holds_them_all():
    """Sixteen networks open more than there are, ask something on each now
    and then, and open new ones; somebody else comes."""
    def network(n):
        return Caller('fd00:%x::1' % (n % MANY + 2), 0.3)

    callers = [network(n) for n in range(MOST + MANY)]
    served = sum(caller.ask() for caller in callers)
    ok(served >= MOST // 2, 'many of them are served', served)
    tries = []
    for _ in range(4):
        late = Caller(AWAY, 10)
        tries.append(late.ask())
        late.close()
        callers = [caller for caller in callers if caller.ask()]
        callers += [network(n) for n in range(MOST + MANY - len(callers))]
    equal(tries, [True] * 4, 'somebody else is answered each time')
    for caller in callers:
        caller.close()


main(world)
