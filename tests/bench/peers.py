"""Others that do the like of a key login: glewlwyd, and a Node service."""

import gzip
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess

import pg_cluster
import subjects
import world

SCHEMA = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3'
SAMPLE = '/usr/share/doc/glewlwyd/glewlwyd.conf.sample.gz'
SECRET = 'bench-secret'
OIDC = {
    'iss': 'http://localhost', 'jwt-type': 'sha', 'jwt-key-size': '256',
    'key': 'bench-signing-key-of-32-bytes-xx', 'cert': '',
    'access-token-duration': 1800, 'refresh-token-duration': 5184000,
    'code-duration': 600, 'refresh-token-rolling': False,
    'allow-non-oidc': True, 'auth-type-client-enabled': True,
    'auth-type-code-enabled': False, 'auth-type-token-enabled': False,
    'auth-type-id-token-enabled': False, 'auth-type-none-enabled': False,
    'auth-type-password-enabled': False, 'auth-type-refresh-enabled': False,
    'auth-type-device-enabled': False, 'auth-type-implicit-enabled': False,
    'request-parameter-allow': False, 'pkce-allowed': False}


class Peer(subjects.Subject):
    """A program of somebody else's, run by hand."""

    def launch(self, argv, **more):
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, preexec_fn=world.die_with_us, **more)
        subjects.wait_for(self.port)

    def pids(self):
        return subjects.children(self.process.pid)

    def stop(self):
        if getattr(self, 'process', None):
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()


class Glewlwyd(Peer):
    """Debian's glewlwyd: an OIDC client gets an access token for its secret,
    which is one comparison, one row and one signature.  Its best on disk:
    SQLite with a write-ahead log."""

    name = 'glewlwyd, client_credentials'
    type = 'application/x-www-form-urlencoded'
    prefix = 'grant_type=client_credentials&scope=bench&client_id=bench&client_secret='

    def __init__(self, folder, like):
        os.mkdir(folder)
        self.port = pg_cluster.free_port()
        database = folder + '/glewlwyd.db'
        base = sqlite3.connect(database)
        with open(SCHEMA) as file:
            base.executescript(re.sub(r'^#.*$', '', file.read(), flags=re.M))
        base.execute('PRAGMA journal_mode = WAL')
        base.close()
        with gzip.open(SAMPLE, 'rt') as file:
            text = file.read()
        for name, value in (('port', self.port),
                            ('external_url', '"http://localhost:%d"' % self.port),
                            ('cookie_secure', 0), ('log_level', '"NONE"')):
            text = re.sub(r'(?m)^%s\s*=.*$' % name, '%s=%s' % (name, value),
                          text)
        text = re.sub(r'path = "[^"]*glewlwyd.db"', 'path = "%s"' % database,
                      text)
        config = folder + '/glewlwyd.conf'
        with open(config, 'w') as file:
            file.write(text)
        self.keys = folder + '/keys'
        with open(self.keys, 'w') as file:
            file.write(SECRET + '\n')
        self.launch(['/usr/bin/glewlwyd', '--config-file=' + config])
        self.set_up()
        self.url = 'http://127.0.0.1:%d/api/bench/token' % self.port

    def call(self, method, path, body):
        conn = http.client.HTTPConnection('127.0.0.1', self.port)
        conn.request(method, '/api/' + path, json.dumps(body),
                     {'Content-Type': subjects.JSON, 'Cookie': self.cookie})
        reply = conn.getresponse()
        text = reply.read().decode()
        conn.close()
        if reply.status != 200:
            raise RuntimeError('%s: %d %s' % (path, reply.status, text[:200]))
        return reply

    def set_up(self):
        self.cookie = ''
        reply = self.call('POST', 'auth/', {'username': 'admin',
                                            'password': 'password'})
        self.cookie = reply.getheader('Set-Cookie').split(';')[0]
        self.call('POST', 'scope/', {'name': 'bench',
                                     'password_required': False})
        self.call('POST', 'mod/plugin/', {
            'module': 'oidc', 'name': 'bench', 'display_name': 'bench',
            'parameters': OIDC})
        self.call('POST', 'client/?source=database', {
            'client_id': 'bench', 'name': 'bench', 'confidential': True,
            'client_secret': SECRET, 'enabled': True, 'scope': ['bench'],
            'token_endpoint_auth_method': ['client_secret_post'],
            'authorization_type': ['client_credentials'],
            'redirect_uri': ['http://localhost/']})


class Fastify(Peer):
    """The same login in fastify with pg and jsonwebtoken, a process a core,
    on the same PostgreSQL and on as many keys."""

    name = 'fastify + pg + jsonwebtoken'
    prefix, suffix = '{"key":"', '"}'

    def __init__(self, folder, like):
        shutil.copytree(os.path.join(subjects.HERE, 'peer'), folder)
        subprocess.run(['npm', 'ci', '--omit=dev', '--no-audit', '--no-fund'],
                       cwd=folder, check=True, capture_output=True,
                       timeout=180)
        self.database = like.database
        self.port = pg_cluster.free_port()
        self.keys = like.keys
        argv = ['node', folder + '/server.mjs', str(self.port),
                like.world.settings['database'], folder + '/secret',
                like.world.app]
        with open(folder + '/secret', 'wb') as file:
            file.write(os.urandom(32))
        subprocess.run(argv + [self.keys], check=True)
        like.database.sql('VACUUM ANALYZE', like.base)
        self.launch(argv)
        self.url = 'http://127.0.0.1:%d%s' % (self.port, like.path)
