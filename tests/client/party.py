"""The services that a client meets in these tests, and the wire to them."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'service'))

from relay import Relay
from stage import Stage
from tap import nothing, note, ok
from wire import Client, must
from world import PATIENCE, World, die_with_us

EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
MODULES = os.path.join(HERE, 'node_modules')
CLIENT, ADMIN = '/api/client/v2.0', '/api/admin/v3.0'
JSON = 'application/json'


def read_json(*path):
    with open(os.path.join(*path)) as file:
        return json.load(file)


def wanted():
    """Folder and version of each client."""
    asked = read_json(HERE, 'package.json')['dependencies']
    return {name: version.rpartition('@')[2]
            for name, version in asked.items()}


def found(name):
    try:
        return read_json(MODULES, name, 'package.json')['version']
    except (OSError, ValueError):
        return None


def install():
    """Why the clients cannot be had; None when they are there."""
    if not shutil.which('node'):
        return 'node is not here'
    here = os.open(HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(here, fcntl.LOCK_EX)  # one at a time: tests run together
        return install_here()
    finally:
        os.close(here)


def install_here():
    if all(found(name) == version for name, version in wanted().items()):
        return None
    if not shutil.which('npm'):
        return 'npm is not here'
    try:
        # No script of a package runs: all that is wanted is in the packages.
        done = subprocess.run(
            ['npm', 'ci', '--omit=dev', '--ignore-scripts', '--no-audit',
             '--no-fund', '--fetch-retries=1'], cwd=HERE,
            capture_output=True, text=True, timeout=180)
        if done.returncode == 0:
            return None
        note(done.stderr[-2000:])
    except subprocess.TimeoutExpired:
        note('npm ci: no end after 180 s')
    shutil.rmtree(MODULES, ignore_errors=True)
    return 'npm cannot install the clients'


class Admin:
    """An administrator of a world, for the groups of calls of one app."""

    def __init__(self, world):
        self.http = Client(world)
        words = world.command('admin-key', 'create', 'party',
                              *world.where()).stdout.split()
        self.token = None
        self.token = must(self.raw(
            'POST', '/auth/providers/mongodb-cloud/login',
            {'username': words[2], 'apiKey': words[5]}),
            200).get('access_token')
        profile = must(self.raw('GET', '/auth/profile'), 200).json
        self.apps = '/groups/%s/apps' % profile['roles'][0]['group_id']

    def raw(self, method, path, body=None):
        import wire
        base, wire.BASE = wire.BASE, ADMIN
        try:
            return self.http.call(method, path, body, self.token)
        finally:
            wire.BASE = base

    def app(self, name):
        """The path of an app by its client app id."""
        listed = must(self.raw('GET', self.apps), 200).json
        return '%s/%s' % (self.apps, [
            a['_id'] for a in listed if a['client_app_id'] == name][0])

    def call(self, app, method, path, body=None):
        """A call below an app, for a script: status and answer."""
        answer = self.raw(method, self.app(app) + path, body)
        return {'status': answer.status, 'json': answer.json}


class Party:
    """A service, one whose access tokens are brief, wires to both, and a
    stage from which they are called."""

    def __init__(self, settings=None, tls=False):
        self.world = World({'registration': 'open', **(settings or {})},
                           tls=tls)
        self.brief = World({'registration': 'open',
                            'access_token_lifetime': '4s'})
        self.relay = Relay(self.world.http_port)
        self.brief_relay = Relay(self.brief.http_port)
        self.admin = Admin(self.world)
        self.second = must(self.admin.raw(
            'POST', self.admin.apps, {'name': 'second'}),
            201).get('client_app_id')
        self.seen = []
        self.user = must(self.admin.raw(
            'POST', self.admin.app(self.world.app) + '/users',
            {'email': EMAIL, 'password': PASSWORD}), 201).get('_id')
        self.brief.add_user(EMAIL, PASSWORD)
        self.stage = Stage({
            'url': self.relay.url, 'app': self.world.app, 'user': self.user,
            'email': EMAIL, 'password': PASSWORD, 'second': self.second,
            'brief': {'url': self.brief_relay.url, 'app': self.brief.app}},
            calls=self.calls, answers=self.answers,
            user=self.change_user,
            admin=self.admin.call)

    def restart(self, **settings):
        """Both services with other settings, behind the same wires."""
        for world, relay in ((self.world, self.relay),
                             (self.brief, self.brief_relay)):
            world.restart(**settings)
            relay.port = world.http_port

    def take(self):
        """The exchanges since the last time, but for preflights."""
        taken = self.relay.take() + self.brief_relay.take()
        self.seen += taken
        return [e for e in taken if e.method != 'OPTIONS']

    def calls(self):
        return [str(e).replace(CLIENT, '', 1) for e in self.take()]

    def answers(self):
        """The same, with what was asked and answered."""
        return [{'call': str(e).replace(CLIENT, '', 1), 'query': e.query,
                 'status': e.status, 'asked': as_json(e.body),
                 'answer': as_json(e.answer)} for e in self.take()]

    def change_user(self, verb, user):
        """By the command of the operator."""
        return self.world.user(verb, user, '--app', self.world.app).stdout

    def reset(self):
        """What a script left behind is not for the next."""
        self.take()
        self.seen = []
        http = Client(self.world)
        session = must(http.login(EMAIL, PASSWORD), 200)
        refresh = session.get('refresh_token')
        for key in must(http.keys(refresh), 200).json:
            must(http.delete(refresh, key['_id']), 204)

    def on_node(self, name, script, package, least):
        """Run a script with a client on node."""
        self.reset()
        self.stage.begin(name)
        home = tempfile.mkdtemp(prefix='userkey-node-')
        try:
            done = subprocess.run(
                ['node', os.path.join(HERE, 'node.mjs'), self.stage.url,
                 script, package], capture_output=True, text=True,
                timeout=PATIENCE * 6, preexec_fn=die_with_us, cwd=home,
                env={'PATH': os.environ['PATH'], 'HOME': home})
            said = done.stdout + done.stderr
        except subprocess.TimeoutExpired as late:
            said = '%s %s %s' % (late, late.stdout, late.stderr)
        finally:
            shutil.rmtree(home, ignore_errors=True)
        self.judge(name, least, said)

    def in_page(self, chromium, name, script, least, client, glob='',
                stage=None):
        """Run a script with a client in a page of this browser."""
        stage = stage or self.stage
        self.reset()
        stage.begin(name)
        chromium.open('%s/page.html?script=%s&client=%s&global=%s' % (
            stage.url, script, client, glob))
        chromium.wait(lambda: stage.done.is_set()
                      or chromium.complaints(), PATIENCE * 4)
        self.judge(name, least, '\n'.join(
            str(c) for c in chromium.complaints()), stage)

    def judge(self, name, least, said, stage=None):
        stage = stage or self.stage
        self.take()
        ok(stage.done.is_set() and stage.count >= least,
           '%s: the script ran to its end' % name,
           '%d checks of at least %d' % (stage.count, least), said,
           *[str(e) for e in self.seen[-10:]])
        if self.seen:
            check_wire(name, self.seen, stage.world.get('tries'))

    def close(self):
        self.stage.close()
        self.relay.close()
        self.brief_relay.close()
        self.world.close()
        self.brief.close()


def as_json(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def check_wire(name, seen, stubborn=False):
    """What every answer must be, so that no client stumbles over it."""
    answered = [e for e in seen if e.status is not None]
    nothing(['%s %d %s' % (e, e.status, e.answered('content-type'))
             for e in answered
             if e.answered('content-type') != ([JSON] if e.answer else [])],
            '%s: every answer was exactly %s, or empty with no type' % (
                name, JSON))
    nothing(['%s %d %s' % (e, e.status, e.answered(
        'access-control-allow-origin')) for e in answered
             if e.header('origin') and len(e.answered(
                 'access-control-allow-origin')) != 1],
            '%s: every answer could be read by the page' % name)
    logins = [e for e in answered
              if e.path.endswith('/login') and e.status == 200]
    nothing(['%s %s' % (e, e.answer) for e in logins if not
             isinstance(as_json(e.answer).get('device_id'), str)],
            '%s: every login answer has a device_id' % name)
    if not stubborn:
        nothing(repeated(answered),
                '%s: no call was refreshed for and repeated twice' % name)


def repeated(seen):
    """Calls that were refused, refreshed for, refused, and again."""
    pairs = [(str(e), e.status) for e in seen if e.method != 'OPTIONS']
    renewal = ('POST %s/auth/session' % CLIENT, 201)
    return [a for a, b, c, d in zip(pairs, pairs[1:], pairs[2:], pairs[3:])
            if b == renewal and d == renewal and a == c and a[1] == 401]
