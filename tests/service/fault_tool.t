#!/usr/bin/python3 -B
"""The tool when the system refuses: each allocation, each call of a file, of
the network and of the rest fails once, in every command that matters.  Exit
status 0 means that all is done, and a key is shown whole or not at all."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import namespace

ROOT_NAMESPACE = 'a login asks as root'
if os.geteuid() == 0:
    ROOT_NAMESPACE = namespace.enter()
    if ROOT_NAMESPACE is None:
        namespace.add_account('_userkey', 997)
        namespace.add_account('ukalice', 61234)

sys.path.append(os.path.join(os.path.dirname(__file__), '..', 'fault'))
from fault import Fault, walk
from lies import EMAIL, TRUTH, USER, new_key_body
from liar import TRUE, Liar
from tap import equal, group, main, nothing, ok, skip, skip_all
from world import BUILD, PATIENCE, SLOW, Authority, die_with_us

if SLOW:
    skip_all('a tool that fails', 'a sanitizer has a malloc of its own')

TOOL = os.path.join(BUILD, 'userkey')
PASSWORD = 'Marker-Passw0rd-12'
KEY = new_key_body()['key']
temporary = tempfile.TemporaryDirectory(prefix='userkey-test-')
folder = temporary.name
authority = Authority(os.path.join(folder, 'ca'))
CERTIFICATE = authority.issue('localhost')
_names = iter(range(10 ** 6))


def run_tool(home, *argv, stdin='', fault=None):
    environment = {'HOME': home, 'XDG_STATE_HOME': home, 'TERM': 'dumb',
                   'PATH': os.environ['PATH']}
    if fault:
        environment.update(fault.environment)
    return subprocess.run([TOOL, *argv], input=stdin, capture_output=True,
                          text=True, env=environment, cwd=home,
                          timeout=PATIENCE * 3, preexec_fn=die_with_us)


def log_in(liar, home, **more):
    return run_tool(home, 'login', '--url', liar.url, '--app', 'demo',
                    '--ca-file', authority.file, '--email', EMAIL,
                    '--password-stdin', stdin=PASSWORD + '\n', **more)


def read(*parts):
    """A file, or None."""
    try:
        with open(os.path.join(*parts)) as file:
            return file.read()
    except FileNotFoundError:
        return None


def session(home):
    return read(home, 'userkey', 'session')


class Person:
    """Logged in or not; each run gets a copy of the home."""

    def __init__(self, logged_in=True, lie=TRUE):
        self.liar = Liar(lie, CERTIFICATE)
        self.home = self.new_home()
        if logged_in:
            log_in(self.liar, self.home)

    def new_home(self):
        path = os.path.join(folder, 'home-%d' % next(_names))
        os.mkdir(path, 0o700)
        return path

    def walk(self, what, act, judge, status=0, workers=2):
        """act(home, fault) -> how it ended; judge(done, home) -> mistakes"""
        def run(kind, own, nth):
            fault = Fault(kind, own, nth)
            home = self.new_home()
            shutil.copytree(self.home, home, dirs_exist_ok=True)
            done = act(home, fault)
            return (done, home), fault

        def judge_one(result, failed):
            done, home = result
            found = judge(done, home)
            if done.returncode < 0 and failed not in ('getrandom',
                                                      'getentropy'):
                found.append('died of signal %d' % -done.returncode)
            if done.returncode > 0 and not done.stderr and not done.stdout:
                found.append('status %d without a word' % done.returncode)
            if KEY in done.stderr or PASSWORD in done.stderr + done.stdout:
                found.append('a secret is shown: ' + done.stderr)
            part = re.search('ukey[0-9A-Za-z]*', done.stdout + done.stderr)
            if part and part.group() not in (KEY, 'ukey'):
                found.append('half a key: ' + part.group())
            shutil.rmtree(home)
            return found

        (done, home), _ = run(0, 0, 0)
        equal((done.returncode, judge(done, home)), (status, []),
              what + ': as it is')
        found, count = walk(run, judge_one, workers)
        nothing(found, what + ': done or said')
        ok(count > 15, '%s: %d calls have failed' % (what, count))
        self.liar.close()


def is_session(text):
    """Whole: it ends as it should."""
    return (text is not None and 'refresh_token' in text
            and text.rstrip().endswith('}'))


@group
def beginning():
    person = Person(logged_in=False)

    def judge(done, home):
        text = session(home)
        found = []
        if done.returncode == 0 and not is_session(text):
            found.append('status 0 and no session')
        if text is not None and not is_session(text):
            found.append('half a session: %r' % text)
        return found
    person.walk('login', lambda home, fault: log_in(
        person.liar, home, fault=fault), judge)


@group
def creating():
    person = Person()

    def judge(done, home):
        found = []
        if done.returncode == 0 and done.stdout != KEY + '\n':
            found.append('status 0 and %r' % done.stdout)
        if done.returncode != 0 and done.stdout not in ('', KEY + '\n'):
            found.append('status %d and %r' % (done.returncode, done.stdout))
        if done.made > 1:
            found.append('%d keys are made' % done.made)
        return found

    def act(home, fault):
        del person.liar.seen[:]
        done = run_tool(home, 'create', 'first', '--raw', fault=fault)
        done.made = person.liar.calls('create')
        return done
    person.walk('create', act, judge, workers=1)


@group
def creating_a_file():
    person = Person()

    def judge(done, home):
        text = read(home, 'key')
        found = []
        if done.returncode == 0 and text != KEY + '\n':
            found.append('status 0 and %r' % text)
        if text not in (None, KEY + '\n'):
            found.append('status %d and the file %r' % (done.returncode,
                                                        text))
        return found
    person.walk('create --out', lambda home, fault: run_tool(
        home, 'create', 'first', '--out', 'key', fault=fault), judge)


@group
def listing():
    person = Person()
    want = run_tool(person.home, 'list', '--json').stdout

    def judge(done, home):
        if done.returncode == 0 and done.stdout != want:
            return ['status 0 and %r' % done.stdout]
        if done.returncode != 0 and done.stdout:
            try:
                if 'error' not in json.loads(done.stdout):
                    return ['status %d and %r' % (done.returncode,
                                                  done.stdout)]
            except ValueError:
                return ['half an answer: %r' % done.stdout]
        return []
    person.walk('list', lambda home, fault: run_tool(
        home, 'list', '--json', fault=fault), judge)


@group
def disabling():
    person = Person()

    def judge(done, home):
        made = done.changes
        if done.returncode == 0 and made < 1:  # twice does no harm
            return ['status 0 and %d calls' % made]
        return []

    def act(home, fault):
        del person.liar.seen[:]
        done = run_tool(home, 'disable', 'first', fault=fault)
        done.changes = person.liar.calls('change')
        return done
    person.walk('disable', act, judge, workers=1)


@group
def leaving():
    person = Person()

    def judge(done, home):
        if done.returncode == 0 and session(home) is not None:
            return ['status 0 and a session']
        return []
    person.walk('logout', lambda home, fault: run_tool(
        home, 'logout', fault=fault), judge)


def check_one(what, lie, status):
    """The decision, in the tool; its agent is another process."""
    person = Person(logged_in=False, lie=lie)
    agent = os.path.join(folder, 'agent')
    if not os.path.exists(agent):  # the one before may still log out
        shutil.copy(os.path.join(BUILD, 'userkey-agent'), agent)
        os.chmod(agent, 0o755)
        os.chmod(folder, 0o755)
    for name, text in (
            ('users', 'ukalice id:%s\n' % USER),
            ('check.conf', 'service_url = %s\napp_id = demo\nca_file = %s\n'
             'users_file = %s/users\nagent_program = %s\n' % (
                 person.liar.url, authority.file, folder, agent))):
        with open(os.path.join(folder, name), 'w') as file:
            file.write(text)
        os.chmod(file.name, 0o644)

    def judge(done, home):
        granted = 'granted' in done.stdout.split()
        if granted != (done.returncode == 0):
            return ['status %d and %r' % (done.returncode, done.stdout)]
        return [] if status == 0 or not granted else [done.stdout]
    person.walk(what, lambda home, fault: run_tool(
        home, 'check', 'ukalice', '--conf', folder + '/check.conf',
        stdin=KEY + '\n', fault=fault), judge, status)


@group
def checking():
    if ROOT_NAMESPACE:
        return skip('check', ROOT_NAMESPACE)
    check_one('check', TRUE, 0)
    check_one('check of a key that is refused', 'login-no-plain', 5)


main()
