#!/usr/bin/python3 -B
"""The service and its commands when the system refuses while they start: each
allocation, each call of a file, of the network, of threads, random numbers and
confinement fails once.  What comes up is whole and confined; what does not says
why, and has changed nothing."""

import http.client
import os
import shutil
import stat
import sys
import time

sys.path.append(os.path.join(os.path.dirname(__file__), '..', 'fault'))
from fault import Fault, walk
from tap import equal, group, main, nothing, ok, skip_all
from wire import Client, checksum
from world import PATIENCE, SERVER, SLOW, STORE, World, run

if SLOW:
    skip_all('a service that fails to start',
             'a sanitizer has a malloc of its own')

EMAIL, PASSWORD = 'ann@example.com', 'Marker horse'
world = World(tls=True, start=False)
world.add_user(EMAIL, PASSWORD)
world.start()
key = Client(world).new_key(Client(world).session(EMAIL, PASSWORD), 'good')
world.stop()
wrong = 'ukey' + 'Marker9Key' * 5 + 'wxyz'
wrong += checksum(wrong)
# A library goes no further without random numbers, and need not; nor does
# GnuTLS's arithmetic without memory, and says so.
NO_RANDOM = ('getrandom', 'getentropy')


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def secrets():
    """All files beside the database, by name."""
    return {name: read(os.path.join(world.data, name))
            for name in os.listdir(world.data)
            if not name.startswith('userkey.db')}


def status_of(call):
    """None where there is no answer."""
    try:
        return call().status
    except (OSError, http.client.HTTPException):
        return None


def walls_of(pid):
    with open('/proc/%d/status' % pid) as file:
        return [line for line in file.read().splitlines()
                if line.startswith(('Seccomp', 'NoNewPrivs', 'Cap'))]


def wait(fault):
    """Until it says that it listens, both ways, or cannot say it, or is gone;
    whether it does."""
    end = time.monotonic() + PATIENCE
    while world.log_text(world.log_from).count('listening on') < 2:
        if world.process.poll() is not None or time.monotonic() > end:
            return False
        if fault.failed == 'write':
            end = min(end, time.monotonic() + 1)
        time.sleep(0.01)
    return True


def start(kind, own, nth):
    """Up to where it listens, or has ended; then nothing fails any more."""
    fault = Fault(kind, own, nth)
    world.wrap = ['env'] + ['%s=%s' % item
                            for item in fault.environment.items()]
    world.write_config()
    world.spawn()
    result = {'up': wait(fault)}
    fault.rest()
    if result['up']:
        world.wait_ready()  # reads the ports
        result['walls'] = walls_of(world.process.pid)
        client = Client(world)
        result['good'] = status_of(lambda: client.key_login(key['key']))
        result['wrong'] = status_of(lambda: client.key_login(wrong))
        result['status'] = world.stop()
    else:
        result['status'] = world.process.poll()
        if result['status'] is None:
            world.kill()
        world.process = None
    result['said'] = world.log_text(world.log_from)
    return result, fault


def judge(result, failed):
    found = []
    if result['status'] is None:
        if failed != 'write':  # the log's line is what is missing
            found.append('neither up nor gone after %d s' % PATIENCE)
    elif result['up']:
        if (result['good'], result['wrong']) != (200, 401):
            found.append('keys get %r' % ((result['good'], result['wrong']),))
        if result['status'] != 0:
            found.append('it stopped with %r' % result['status'])
        if result['walls'] != walls:
            found.append('up, and confined by %r' % result['walls'])
    else:
        if result['status'] == 0:
            found.append('status 0, and it did not come up')
        if result['status'] < 0 and failed not in NO_RANDOM and \
                'GNU MP: Cannot allocate memory' not in result['said']:
            found.append('died of signal %d' % -result['status'])
        if result['status'] > 0 and 'userkey-server: ' not in result['said']:
            found.append('it did not say why: ' + result['said'])
    if PASSWORD in result['said'] or key['key'] in result['said']:
        found.append('a secret is logged')
    if secrets() != before:
        found.append('the secrets are others')
    return found


before = secrets()
world.start()
walls = walls_of(world.process.pid)
world.stop()


@group
def starting():
    result, _ = start(0, 0, 0)
    equal((result['up'], judge(result, '')), (True, []), 'as it is')
    found, count = walk(start, judge)
    nothing(found, 'up and right, or gone with a word')
    ok(count > 40, '%d calls have failed' % count)
    world.wrap = []
    world.statuses.clear()
    world.start()
    equal(status_of(lambda: Client(world).key_login(key['key'])), 200,
          'afterwards it comes up, and the key logs in')
    if STORE == 'sqlite':
        equal(world.sql('PRAGMA integrity_check'), [['ok']],
              'the database is whole')


def run_command(fault, *argv, stdin=''):
    return run([SERVER, *argv], stdin, check=False,
               env={**os.environ, **fault.environment}, umask=0o022)


def judge_command(done, failed):
    found = []
    if done.returncode < 0 and failed not in NO_RANDOM:
        found.append('died of signal %d' % -done.returncode)
    if done.returncode > 0 and not done.stderr:
        found.append('status %d without a word' % done.returncode)
    if done.returncode > 0 and done.stdout:
        found.append('status %d and %r' % (done.returncode, done.stdout))
    return found


@group
def making():
    """`init`: whole, or nothing that is taken for whole."""
    folder = os.path.join(world.folder, 'new')

    def init(kind, own, nth):
        shutil.rmtree(folder, ignore_errors=True)
        fault = Fault(kind, own, nth)
        done = run_command(fault, 'init', '--data', folder, '--app', 'demo')
        return done, fault

    def judge_init(done, failed):
        found = judge_command(done, failed)
        for root, _, names in os.walk(folder):
            for path in [root] + [os.path.join(root, n) for n in names]:
                if stat.S_IMODE(os.lstat(path).st_mode) & 0o077:
                    found.append(path + ' is open to others')
        again = run([SERVER, 'init', '--data', folder, '--app', 'demo'],
                    check=False)
        listed = run([SERVER, 'app', 'list', '--data', folder], check=False)
        if done.returncode == 0:
            if again.returncode == 0:
                found.append('made, and made again')
            if done.stdout.strip() not in listed.stdout:
                found.append('made, and not there: ' + listed.stderr)
        elif again.returncode == 0:
            if again.stdout.strip() not in listed.stdout:
                found.append('made at last, and not there: ' + listed.stderr)
        elif folder not in again.stderr:
            found.append('a second one does not say what is in its way: '
                         + again.stderr)
        return found

    equal(judge_init(init(0, 0, 0)[0], ''), [], 'init: as it is')
    found, count = walk(init, judge_init)
    nothing(found, 'init: made or said')
    ok(count > 30, 'init: %d calls have failed' % count)


@group
def adding():
    """`user add`: who is said to be there is, and can log in."""
    emails = iter('p%d@example.com' % n for n in range(10 ** 6))

    def add(kind, own, nth):
        fault = Fault(kind, own, nth)
        email = next(emails)
        done = run_command(fault, 'user', 'add', email, '--password-stdin',
                           *world.where(), stdin=PASSWORD + '\n')
        done.email = email
        return done, fault

    def judge_add(done, failed):
        found = judge_command(done, failed)
        there = done.email in world.user('list').stdout
        login = status_of(lambda: Client(world).login(done.email, PASSWORD))
        if done.returncode == 0 and not (there and login == 200):
            found.append('status 0: listed %r, login %r' % (there, login))
        if there != (login == 200):
            found.append('half a user: listed %r, login %r' % (there, login))
        if PASSWORD in done.stdout + done.stderr:
            found.append('the password is shown')
        return found

    found, count = walk(add, judge_add)
    nothing(found, 'user add: done or said')
    ok(count > 20, 'user add: %d calls have failed' % count)


main(world)
