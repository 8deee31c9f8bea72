#!/usr/bin/python3 -B
"""The TLS listener: what it offers, and a certificate exchanged at run time."""

import os
import signal
import socket
import ssl
import subprocess
import time

from tap import equal, group, main, nothing, ok, one_of
from wire import Client, read_all
from world import PATIENCE, World, run

world = World(tls=True)
http = Client(world, tls=True)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
world.add_user(EMAIL, PASSWORD)


def s_client(*argv):
    return run(['openssl', 's_client', '-connect',
                '127.0.0.1:%d' % world.tls_port, '-CAfile',
                world.authority.file, '-servername', 'localhost', *argv],
               check=False)


@group
def versions():
    for flag, good in (('-tls1_2', True), ('-tls1_3', True),
                       ('-tls1', False), ('-tls1_1', False)):
        done = s_client(flag, '-cipher', 'ALL:@SECLEVEL=0')
        equal('Verify return code: 0' in done.stdout
              and 'Cipher is (NONE)' not in done.stdout, good,
              'openssl s_client ' + flag)
    weak = [name for name in (
        'AES128-SHA', 'AES256-SHA256', 'ECDHE-ECDSA-AES128-SHA',
        'ECDHE-ECDSA-AES128-SHA256', 'DES-CBC3-SHA', 'NULL', 'aNULL', 'RC4')
        if 'Cipher is (NONE)' not in s_client(
            '-tls1_2', '-cipher', name + ':@SECLEVEL=0').stdout
        and 'no cipher match' not in s_client(
            '-tls1_2', '-cipher', name + ':@SECLEVEL=0').stderr]
    nothing(weak, 'no cipher without authenticated encryption')


@group
def served():
    s = http.session(EMAIL, PASSWORD)
    key = http.new_key(s, 'k')
    equal(http.key_session(key['key']).user_id, s.user_id,
          'a key login over TLS')
    equal(http.disable(s.refresh, key['_id']).status, 204, 'a key disabled')
    equal(http.key_login(key['key']).status, 401, 'counts')


@group
def other_protocols():
    with socket.create_connection(('127.0.0.1', world.tls_port)) as sock:
        sock.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        got, closed = read_all(sock, PATIENCE)
    ok(closed and b' 200 ' not in got, 'plain HTTP to the TLS port', got)
    with socket.create_connection(('127.0.0.1', world.http_port)) as sock:
        try:
            ssl.create_default_context().wrap_socket(
                sock, server_hostname='localhost')
            ok(False, 'TLS to the plain port')
        except OSError:
            ok(True, 'TLS to the plain port')


def serial():
    return s_client().stdout.split('-----BEGIN')[1][:200]


@group
def a_new_certificate():
    """SIGHUP: the next handshake has the new one; a bad one changes nothing."""
    cert, key = world.settings['tls_certificate'], world.settings['tls_key']
    before = serial()
    kept = http.connect()
    kept.connect()
    new_cert, new_key = world.authority.issue('renewed')
    os.replace(new_cert, cert)
    os.replace(new_key, key)
    world.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + PATIENCE
    while serial() == before and time.monotonic() < end:
        time.sleep(0.1)
    ok(serial() != before, 'after SIGHUP the new certificate is shown')
    kept.request('GET', '/api/client/v2.0%s/location' % http.app)
    equal(kept.getresponse().status, 200, 'connections from before go on')
    kept.close()
    now = serial()
    with open(cert, 'w') as file:
        file.write('junk\n')
    at = len(world.log_text())
    world.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + PATIENCE
    while cert not in world.log_text(at) and time.monotonic() < end:
        time.sleep(0.02)
    equal(world.process.poll(), None, 'a bad one does not end the server')
    equal(serial(), now, 'and the good one goes on being shown')
    ok(cert in world.log_text(at), 'the log names it', world.log_text(at))


@group
def expired_at_the_start():
    """An expired certificate is the clients' to refuse; the log warns."""
    cert, key = world.authority.issue(
        'expired', extra=('-days', '-1'))
    world.restart(tls_certificate=cert, tls_key=key)
    done = subprocess.run(
        ['openssl', 's_client', '-connect', '127.0.0.1:%d' % world.tls_port,
         '-CAfile', world.authority.file, '-verify_return_error'],
        input='', capture_output=True, text=True)
    one_of(done.returncode != 0, (True,), 'clients refuse an expired one')


main(world)
