#!/usr/bin/python3 -B
"""`userkey rotate` and `userkey askpass` when the system refuses: each
allocation, each call of a file, of the network and of the rest fails once,
against the real service.  Whatever fails, somebody has a key that logs in; and
no key is shown but where it was asked for."""

import os
import re
import shutil
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), '..', 'fault'))
from fault import Fault, walk
from tap import equal, group, main, nothing, ok, skip_all
from wire import Client, must
from world import BUILD, PATIENCE, SLOW, World, die_with_us

if SLOW:
    skip_all('a tool that fails', 'a sanitizer has a malloc of its own')

TOOL = os.path.join(BUILD, 'userkey')
EMAIL, PASSWORD = 'ann@example.com', 'Marker-Passw0rd-12'
# A library goes no further without random numbers, and need not.
NO_RANDOM = ('getrandom', 'getentropy')
KEY = re.compile('ukey[0-9A-Za-z]+')
world = World(tls=True)
world.add_user(EMAIL, PASSWORD)
client = Client(world)
session = client.session(EMAIL, PASSWORD)
template = os.path.join(world.folder, 'home')
home = os.path.join(world.folder, 'copy')
kept = os.path.join(home, 'key')


def run_tool(*argv, stdin='', fault=None, where=None):
    where = where or home
    environment = {'HOME': where, 'XDG_STATE_HOME': where, 'TERM': 'dumb',
                   'PATH': os.environ['PATH'],
                   **(fault.environment if fault else {})}
    return subprocess.run([TOOL, *argv], input=stdin, capture_output=True,
                          text=True, env=environment, cwd=where,
                          timeout=PATIENCE * 3, preexec_fn=die_with_us)


os.mkdir(template, 0o700)
begun = run_tool('login', '--url', 'https://localhost:%d' % world.tls_port,
                 '--app', world.app, '--ca-file', world.authority.file,
                 '--email', EMAIL, '--password-stdin', stdin=PASSWORD + '\n',
                 where=template)


def read(path):
    """A file, or None."""
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return None


def logs_in(key):
    return client.key_login(key).status == 200


def begin():
    """A home with one key, whose value is in a file."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(template, home)
    for key in must(client.keys(session.refresh), 200).json:
        must(client.delete(session.refresh, key['_id']), 204)
    old = client.new_key(session, 'old')
    with open(os.open(kept, os.O_WRONLY | os.O_CREAT, 0o600), 'w') as file:
        file.write(old['key'] + '\n')
    return old['key']


def judge_any(done, failed):
    found = []
    if done.returncode < 0 and failed not in NO_RANDOM:
        found.append('died of signal %d' % -done.returncode)
    if done.returncode > 0 and not done.stderr:
        found.append('status %d without a word' % done.returncode)
    if KEY.search(done.stderr.replace('ukey...', '')):
        found.append('a key is shown: ' + done.stderr)
    return found


def walk_through(what, act, judge, least):
    def run(kind, own, nth):
        fault = Fault(kind, own, nth)
        old = begin()
        done = act(fault)
        done.old = old
        done.made = [k for k in must(client.keys(session.refresh), 200).json
                     if k['name'] != 'old']
        return done, fault

    def judge_one(done, failed):
        return judge_any(done, failed) + judge(done)

    done, _ = run(0, 0, 0)
    equal((done.returncode, judge_one(done, '')), (0, []),
          what + ': as it is')
    found, count = walk(run, judge_one)
    nothing(found, what + ': there is a key that logs in')
    ok(count > least, '%s: %d calls have failed' % (what, count))


@group
def in_its_place():
    """The file has a whole key at any time, and that one logs in."""
    equal(begun.returncode, 0, 'logged in')

    def judge(done):
        text = read(kept) or ''
        found = []
        if not re.fullmatch('ukey[0-9A-Za-z]{60}\n', text):
            return ['the file has %r' % text]
        if not logs_in(text.strip()):
            found.append('the key in the file does not log in')
        if os.stat(kept).st_mode & 0o077:
            found.append('others may read the file')
        if done.stdout.find('ukey') >= 0:
            found.append('a key is on standard output')
        if done.returncode == 0:
            if text.strip() == done.old or logs_in(done.old):
                found.append('status 0, and the old key still works')
        if len(done.made) > 1:  # one whose value has got lost opens nothing
            found.append('%d keys are made' % len(done.made))
        for name in os.listdir(home):
            if name != 'key' and KEY.search(
                    read(os.path.join(home, name)) or ''
                    if os.path.isfile(os.path.join(home, name)) else ''):
                found.append('a key is left in ' + name)
        return found
    walk_through('rotate --out', lambda fault: run_tool(
        'rotate', 'old', '--out', kept, fault=fault), judge, 25)


@group
def on_standard_output():
    def judge(done):
        new = KEY.findall(done.stdout)
        found = []
        if done.stdout not in ('', ''.join(new[:1]) + '\n'):
            found.append('standard output has %r' % done.stdout)
        works = [key for key in [done.old] + new if logs_in(key)]
        if not works:
            found.append('no key logs in')
        if done.returncode == 0 and works != new:
            found.append('status 0, and %d keys log in' % len(works))
        return found
    walk_through('rotate', lambda fault: run_tool(
        'rotate', 'old', '--raw', fault=fault), judge, 25)


@group
def asked():
    old = begin()

    def run(kind, own, nth):
        fault = Fault(kind, own, nth)
        return run_tool('askpass', '--file', kept, 'User API key: ',
                        fault=fault), fault

    def judge(done, failed):
        found = judge_any(done, failed)
        if done.returncode == 0 and done.stdout != old + '\n':
            found.append('status 0 and %r' % done.stdout)
        if done.returncode != 0 and done.stdout not in ('', old + '\n'):
            found.append('status %d and %r' % (done.returncode, done.stdout))
        if read(kept) != old + '\n':
            found.append('the file is another')
        return found

    equal((run(0, 0, 0)[0].returncode, judge(run(0, 0, 0)[0], '')), (0, []),
          'askpass: as it is')
    found, count = walk(run, judge)
    nothing(found, 'askpass: the key or none')
    ok(count > 10, 'askpass: %d calls have failed' % count)


main(world)
