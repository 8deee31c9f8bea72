"""A throwaway userkey-server: made, started, stopped and removed.

With UK_STORE=postgresql its database is one in a throwaway PostgreSQL server,
which all worlds of a test share.
"""

import atexit
import ctypes
import itertools
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
STORE = os.environ.get('UK_STORE') or 'sqlite'

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
BUILD = os.path.join(ROOT, os.environ.get('B') or 'build')
SERVER = os.path.join(BUILD, 'userkey-server')
SLOW = bool(re.search('asan|tsan', BUILD))  # the same tests, more patience
PATIENCE = 120 if SLOW else 60
PR_SET_PDEATHSIG = 1
# Tests fail on purpose, and often; limits.t takes these lines out.
NO_LIMITS = {'failed_logins_per_user': '100000',
             'failed_logins_per_source': '100000',
             'new_users_per_source': '100000',
             'logins_per_user': '10000000'}

_numbers = itertools.count(1)
# Looked up here: a child of a process with threads may have to wait for ever.
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def die_with_us():
    """In a child: be killed when the test goes, however it goes."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


# `timeout` ends a test with SIGTERM: atexit must still run.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Failed(Exception):
    """A command ended with another status than 0."""


def run(argv, stdin='', check=True, env=None, **more):
    """Run a program to its end; its status, output and errors."""
    done = subprocess.run(
        argv, input=stdin, capture_output=True, text=True,
        timeout=PATIENCE * 3, env=env, preexec_fn=die_with_us, **more)
    if check and done.returncode != 0:
        raise Failed('%s: status %d\n%s%s' % (
            ' '.join(argv), done.returncode, done.stdout, done.stderr))
    return done


def openssl(folder, *argv, **more):
    return run(['openssl', *argv], cwd=folder, **more)


class Authority:
    """A CA of one's own, and the certificates that it gives out."""

    def __init__(self, folder, name='userkey test CA'):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.file = os.path.join(folder, 'ca.pem')
        self._key('ca.key')
        openssl(folder, 'req', '-x509', '-new', '-key', 'ca.key', '-out',
                'ca.pem', '-days', '30', '-subj', '/CN=' + name,
                '-addext', 'basicConstraints=critical,CA:TRUE',
                '-addext', 'keyUsage=critical,keyCertSign,cRLSign')

    def _key(self, name):
        openssl(self.folder, 'genpkey', '-algorithm', 'EC', '-pkeyopt',
                'ec_paramgen_curve:P-256', '-out', name)
        os.chmod(os.path.join(self.folder, name), 0o600)

    def issue(self, name, alt='DNS:localhost,IP:127.0.0.1', extra=()):
        """Certificate and key file for these names."""
        self._key(name + '.key')
        openssl(self.folder, 'req', '-new', '-key', name + '.key', '-out',
                name + '.csr', '-subj', '/CN=' + name)
        with open(os.path.join(self.folder, name + '.ext'), 'w') as ext:
            ext.write('basicConstraints=CA:FALSE\nsubjectAltName=%s\n' % alt)
        argv = ['x509', '-req', '-in', name + '.csr', '-CA', 'ca.pem',
                '-CAkey', 'ca.key', '-CAcreateserial', '-out', name + '.pem',
                '-extfile', name + '.ext']
        openssl(self.folder, *argv, *(extra or ('-days', '30')))
        return (os.path.join(self.folder, name + '.pem'),
                os.path.join(self.folder, name + '.key'))


_cluster = None


def cluster():
    """The PostgreSQL server, started when it is first asked for."""
    global _cluster
    if _cluster is None:
        import pg_cluster
        _cluster = pg_cluster.Cluster()
        atexit.register(_cluster.close)
    return _cluster


def new_database():
    """The URL of an empty one."""
    name = 'world%d' % next(_numbers)
    cluster().sql('CREATE DATABASE ' + name)
    return cluster().url(name)


def documented_reasons():
    """Of the audit log, as the manual lists them."""
    with open(os.path.join(ROOT, 'man', 'userkey-server.8')) as file:
        page = file.read()
    page = page.partition('.Ss The audit log')[2].partition('.Ss ')[0]
    return {word for line in re.findall(r'^\.It Sy (.*)$', page, re.M)
            for word in line.split(' , ')}


class World:
    """One server with its data in a folder of its own.

    Settings are lines of server.conf; a value None leaves the line out.
    """

    def __init__(self, settings=None, tls=False, start=True, app='demo',
                 folder=None, umask=0o022):
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix='userkey-test-')
        self.data = os.path.join(self.folder, 'data')
        self.config = os.path.join(self.folder, 'server.conf')
        self.log = os.path.join(self.folder, 'server.log')
        self.umask = umask
        self.process = None
        self.http_port = self.tls_port = None
        self.statuses = []  # of every orderly stop
        self.wrap = []  # put in front of the server's command line
        atexit.register(self._remove)
        self.settings = {'listen_http': '127.0.0.1:0',
                         'database': 'sqlite:%s/userkey.db' % self.data,
                         'log_level': 'debug', **NO_LIMITS}
        if STORE == 'postgresql':
            self.settings.update({'database': new_database(),
                                  'secrets': self.data})
        self.authority = None
        if tls:
            self.authority = Authority(os.path.join(self.folder, 'ca'))
            cert, key = self.authority.issue('localhost')
            self.settings.update({'listen': '127.0.0.1:0',
                                  'tls_certificate': cert, 'tls_key': key})
        self.settings.update(settings or {})
        self.app = self.init(app)
        if start:
            self.start()

    # Commands.

    def command(self, *argv, stdin='', check=True):
        return run([SERVER, *argv], stdin, check, umask=self.umask)

    def init(self, app='demo'):
        out = self.command('init', *self.where(), '--app', app).stdout
        return out.strip()

    def where(self):
        """For commands: what is theirs."""
        if STORE == 'sqlite':
            return ['--data', self.data]
        self.write_config()
        return ['--config', self.config]

    def user(self, verb, *argv, stdin='', check=True):
        return self.command('user', verb, *argv, *self.where(), stdin=stdin,
                            check=check)

    def add_user(self, email, password):
        out = self.user('add', email, '--password-stdin',
                        stdin=password + '\n').stdout
        return out.strip()

    # The database, past the service.

    def sql(self, text):
        """One statement; the rows, each value as text."""
        where = self.settings['database']
        if STORE == 'postgresql':
            name = re.search(r'/([^/?]+)[?]', where).group(1)
            rows = cluster().sql(text, name)
            return [row.split('|') for row in rows.splitlines()]
        db = sqlite3.connect(where.partition(':')[2], timeout=PATIENCE)
        try:
            with db:
                return [[str(v) for v in row] for row in db.execute(text)]
        finally:
            db.close()

    # The process.

    def write_config(self, **changes):
        self.settings.update(changes)
        with open(self.config, 'w') as file:
            for name, value in self.settings.items():
                if value is not None:
                    file.write('%s = %s\n' % (name, value))
        os.chmod(self.config, 0o600)

    def spawn(self):
        """Start the process and do not wait."""
        out = open(self.log, 'ab')
        self.log_from = out.tell()
        self.process = subprocess.Popen(
            [*self.wrap, SERVER, 'serve', '--config', self.config],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            preexec_fn=die_with_us, umask=self.umask, cwd='/')
        out.close()

    def start(self, **changes):
        self.write_config(**changes)
        self.spawn()
        self.wait_ready()
        return self

    def wait_ready(self):
        want = [scheme for scheme, name in (('http', 'listen_http'),
                                            ('https', 'listen'))
                if self.settings.get(name)]
        end = time.monotonic() + PATIENCE
        while True:
            found = dict(re.findall(r'listening on (https?)://[^\s]*:(\d+)',
                                    self.log_text(self.log_from)))
            if all(scheme in found for scheme in want):
                break
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed('the server does not come up:\n'
                             + self.log_text(self.log_from))
            time.sleep(0.01)
        self.http_port = int(found.get('http', 0)) or None
        self.tls_port = int(found.get('https', 0)) or None

    def stop(self):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_gone()

    def wait_gone(self):
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = 'killed: it did not stop on SIGTERM'
        self.process = None
        self.statuses.append(status)
        return status

    def restart(self, **changes):
        status = self.stop()
        self.start(**changes)
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def log_text(self, start=0):
        try:
            with open(self.log, 'rb') as file:
                file.seek(start)
                return file.read().decode('utf-8', 'replace')
        except FileNotFoundError:
            return ''

    @property
    def url(self):
        return 'http://127.0.0.1:%d' % self.http_port

    def close(self):
        """Stop; a check that it stopped as it should (sanitizers too)."""
        import tap
        if self.process:
            self.stop()
        reasons = set(re.findall(r'^(?:<\d>)?audit .*? reason=(\S+)',
                                 self.log_text(), re.M))
        tap.nothing(reasons - documented_reasons(),
                    'every reason in the audit log is in the manual')
        wrong = [s for s in self.statuses if s != 0]
        complaints = self.complaints()
        tap.nothing(wrong + complaints,
                    'the server stopped with status 0 each time')
        if wrong or complaints:
            tap.note(self.log_text()[-6000:])
        self._remove()

    def complaints(self):
        """What sanitizers have said so far."""
        return re.findall(r'.*(?:(?:ERROR|WARNING): \w+Sanitizer|runtime error:)'
                          r'.*', self.log_text())

    def _remove(self):
        if self.process:
            self.kill()
        for line in self.complaints():  # nobody else tells it any more
            print('#', line, flush=True)
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


class Twin(World):
    """One more process on the database and the secrets of a world."""

    def __init__(self, first):
        self.own_folder = False
        self.folder, self.data = first.folder, first.data
        name = os.path.join(self.folder, 'twin%d' % next(_numbers))
        self.config, self.log = name + '.conf', name + '.log'
        self.umask, self.app = first.umask, first.app
        self.process = None
        self.http_port = self.tls_port = None
        self.statuses, self.wrap = [], []
        atexit.register(self._remove)
        self.settings = dict(first.settings)
        self.authority = first.authority
        self.start()
