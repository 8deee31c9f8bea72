#!/usr/bin/python3 -B
"""A throwaway PostgreSQL cluster in a temporary directory.

As a module: Cluster(), .url(), .start(), .stop('immediate'), .pause() ...
As a program: serves commands, one a line on stdin, until its end:

  start          start the server              -> ok
  stop MODE      pg_ctl stop -m MODE           -> ok
  pause          stop all of its processes (SIGSTOP)  -> ok
  resume         ... and let them go on        -> ok
  proxy WHAT     a socket folder whose server loses the answer to a COMMIT
                 ("answer"), or the COMMIT itself ("commit")   -> ok FOLDER

Its first line is "ok FOLDER PORT", or "skip REASON".  The server listens on a
socket in that folder and, with TLS too, on that port of 127.0.0.1; its
certificate, which signs itself, is FOLDER/server.crt.  It belongs to an
unprivileged user.  A guardian process stops it and removes the folder when
this program has ended, whatever its end was.
"""

import contextlib
import glob
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True

PATIENCE = 60


def binaries():
    """The folder of the newest server that is installed, or None."""
    found = glob.glob('/usr/lib/postgresql/*/bin/pg_ctl')
    found.sort(key=lambda path: int(path.split('/')[-3]))
    return os.path.dirname(found[-1]) if found else None


def account():
    """Who runs the server: itself it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ('postgres', 'nobody'):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def _become(who):
    if who is not None:
        os.setgroups([])
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)
    os.umask(0o077)


def _guard(folder, data, bin_, who, end):
    """Child: wait for the end of the parent, then leave nothing behind."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP,
                   signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    # Other clusters' guardians wait for the end of what we have inherited.
    os.closerange(3, end)
    os.closerange(end + 1, 65536)
    os.chdir('/')
    os.read(end, 1)
    for pid in processes(data):
        os.kill(pid, signal.SIGCONT)
    subprocess.run([bin_ + '/pg_ctl', 'stop', '-D', data, '-m', 'immediate',
                    '-w'], preexec_fn=lambda: _become(who))
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def processes(data):
    """The server and its children."""
    try:
        with open(data + '/postmaster.pid') as file:
            master = int(file.readline())
    except (OSError, ValueError):
        return []
    found = [master]
    for path in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(path) as file:
                fields = file.read().rpartition(')')[2].split()
        except OSError:
            continue
        if int(fields[1]) == master:
            found.append(int(path.split('/')[2]))
    return found


def free_port():
    """One that nobody has now, nor gets who takes any: those that the kernel
    gives away are others.  The folders of sockets go by it, too."""
    with open('/proc/sys/net/ipv4/ip_local_port_range') as file:
        first = int(file.read().split()[0])
    for _ in range(100):
        port = random.randrange(max(first - 16000, 1024), first)
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.bind(('127.0.0.1', port))
            return port
    raise RuntimeError('no port is free')


class Cluster:
    def __init__(self, start=True, settings=()):
        self.bin = binaries()
        self.who = account()
        if self.bin is None or (os.geteuid() == 0 and self.who is None):
            raise RuntimeError('no PostgreSQL server is installed')
        self.folder = tempfile.mkdtemp(prefix='userkey-pg-')
        self.data = os.path.join(self.folder, 'data')
        self.log = os.path.join(self.folder, 'log')
        if self.who is not None:
            os.chown(self.folder, self.who.pw_uid, self.who.pw_gid)
            # Tests of other users reach the socket.
            os.chmod(self.folder, 0o711)
        read_end, self.life = os.pipe()
        self.guardian = os.fork()
        if self.guardian == 0:
            os.close(self.life)
            _guard(self.folder, self.data, self.bin, self.who, read_end)
        os.close(read_end)
        self.run('initdb', '-D', self.data, '-U', 'userkey', '-A', 'trust',
                 '-E', 'UTF8', '--locale=C', '--no-sync')
        self.make_certificate()
        self.port = free_port()
        with open(self.data + '/postgresql.conf', 'a') as file:
            for line in ["listen_addresses = '127.0.0.1'",
                         'port = %d' % self.port,
                         "unix_socket_directories = '%s'" % self.folder,
                         'unix_socket_permissions = 0777',
                         'fsync = on', 'ssl = on',
                         "ssl_cert_file = '%s/server.crt'" % self.folder,
                         "ssl_key_file = '%s/server.key'" % self.folder,
                         'max_connections = 60', 'shared_buffers = 32MB',
                         *settings]:
                file.write(line + '\n')
        if start:
            self.start()

    def make_certificate(self):
        crt, key = self.folder + '/server.crt', self.folder + '/server.key'
        self.run('/usr/bin/openssl', 'req', '-x509', '-newkey', 'ec',
                 '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30',
                 '-subj', '/CN=localhost', '-addext',
                 'subjectAltName=DNS:localhost,IP:127.0.0.1',
                 '-keyout', key, '-out', crt)
        os.chmod(crt, 0o644)

    def run(self, program, *argv):
        done = subprocess.run(
            [os.path.join(self.bin, program), *argv], timeout=PATIENCE,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, cwd='/',
            preexec_fn=lambda: _become(self.who))
        if done.returncode != 0:
            raise RuntimeError('%s: status %d\n%s' % (
                program, done.returncode, done.stdout))
        return done.stdout

    def start(self):
        self.run('pg_ctl', 'start', '-D', self.data, '-l', self.log, '-w',
                 '-t', str(PATIENCE))

    def stop(self, mode='fast'):
        self.run('pg_ctl', 'stop', '-D', self.data, '-m', mode, '-w')

    def signal(self, number):
        for _ in range(2):  # one may have begun while others stopped
            for pid in processes(self.data):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def sql(self, text, database='postgres'):
        """The rows, as psql prints them bare."""
        return self.run('psql', '-h', self.folder, '-p', str(self.port), '-U', 'userkey', '-d',
                        database, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c',
                        text).strip()

    def url(self, database='postgres', **more):
        more = {'host': self.folder, 'port': str(self.port),
                'user': 'userkey', **more}
        return 'postgresql:///%s?%s' % (database, '&'.join(
            name + '=' + ''.join(c if c.isalnum() or c in '/.-_' else
                                 '%%%02X' % ord(c) for c in value)
            for name, value in more.items()))

    def close(self):
        """Stopped and removed when this returns."""
        if self.life is not None:
            os.close(self.life)
            self.life = None
            os.waitpid(self.guardian, 0)


class Proxy(threading.Thread):
    """Between a client and the server, until a COMMIT goes by; then the
    connection is cut: before the server has it, or before the client has the
    answer.  Later connections go through unharmed."""

    def __init__(self, cluster, what):
        super().__init__(daemon=True)
        self.what = what
        name = '.s.PGSQL.%d' % cluster.port
        self.target = os.path.join(cluster.folder, name)
        self.folder = tempfile.mkdtemp(prefix='proxy-', dir=cluster.folder)
        os.chmod(self.folder, 0o755)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.folder, name))
        os.chmod(os.path.join(self.folder, name), 0o777)
        self.listener.listen(8)
        self.armed = True
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.target)
            except OSError:
                client.close()
                continue
            threading.Thread(target=self.back, args=(server, client),
                             daemon=True).start()
            threading.Thread(target=self.forth, args=(client, server),
                             daemon=True).start()

    @staticmethod
    def hang_up(*socks):
        for sock in socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def back(self, server, client):
        try:
            while data := server.recv(65536):
                # Not while a COMMIT is being dealt with.
                if getattr(self, 'silent', None) is not server:
                    client.sendall(data)
        except OSError:
            pass
        self.hang_up(server, client)

    def forth(self, client, server):
        try:
            while data := client.recv(65536):
                if self.armed and b'COMMIT\0' in data and \
                        b'COMMITTED' not in data:
                    self.armed = False
                    if self.what == 'answer':
                        self.silent = server
                        server.sendall(data)
                        time.sleep(0.5)
                    break
                server.sendall(data)
        except OSError:
            pass
        self.hang_up(server, client)


def main():
    def say(text):
        print(text, flush=True)
    try:
        cluster = Cluster()
    except RuntimeError as error:
        say('skip ' + re.sub(r'\s+', ' ', str(error)))
        return
    say('ok %s %d' % (cluster.folder, cluster.port))
    for line in sys.stdin:
        words = line.split()
        try:
            answer = 'ok'
            if words[0] == 'start':
                cluster.start()
            elif words[0] == 'stop':
                cluster.stop(words[1])
            elif words[0] == 'pause':
                cluster.signal(signal.SIGSTOP)
            elif words[0] == 'resume':
                cluster.signal(signal.SIGCONT)
            elif words[0] == 'proxy':
                answer = 'ok ' + Proxy(cluster, words[1]).folder
            else:
                answer = 'what?'
        except (RuntimeError, OSError, IndexError) as error:
            answer = 'failed ' + re.sub(r'\s+', ' ', str(error))
        say(answer)
    cluster.close()


if __name__ == '__main__':
    main()
