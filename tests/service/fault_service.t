#!/usr/bin/python3 -B
"""The service when the system refuses: each allocation, each call of a file,
of the network and of the rest fails once, while it answers and while it
starts.  A key that is wrong is never right, what was acknowledged is so, the
process stays, and the database is whole."""

import http.client
import os
import sys
import time

sys.path.append(os.path.join(os.path.dirname(__file__), '..', 'fault'))
from fault import Fault, walk
from tap import equal, group, main, nothing, ok, skip_all
from wire import Client, checksum, must
from world import PATIENCE, SLOW, STORE, World

if SLOW:
    skip_all('a service that fails', 'a sanitizer has a malloc of its own')

EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
WELL = [200, 204]
fault = Fault()
world = World({'registration': 'open'}, start=False)
world.add_user(EMAIL, PASSWORD)
world.wrap = ['env'] + ['%s=%s' % item for item in fault.environment.items()]
world.start()
client = Client(world)
session = client.session(EMAIL, PASSWORD)
good = client.new_key(session, 'good')
off = client.new_key(session, 'off')
must(client.disable(session.refresh, off['_id']), 204)
wrong = 'ukey' + 'Marker9Key' * 5 + 'wxyz'
wrong += checksum(wrong)


def ask(call):
    """An answer, or None where there is none."""
    try:
        return call()
    except (OSError, http.client.HTTPException):
        return None


def status_of(answer):
    return answer.status if answer is not None else None


def behind_it():
    """What the good key and a change get behind a fault: at once; where it has
    cut what leads to a database server, as soon as there is another."""
    end = time.monotonic() + (PATIENCE if STORE == 'postgresql' else 0)
    while True:
        got = [status_of(ask(call)) for call in (
            lambda: client.key_login(good['key']),
            lambda: client.disable(session.refresh, off['_id']))]
        if got == WELL or time.monotonic() >= end:
            return got
        time.sleep(0.1)


def walk_through(what, call, judge, least=8):
    """call() -> an answer or None, while something fails."""
    def one(kind, own, nth):
        fault.set(kind, own, nth)
        answer = ask(call)
        fault.none()
        return answer, fault

    def judge_one(answer, failed):
        found = []
        if world.process.poll() is not None:
            found.append('the service has ended: %d' %
                         world.process.returncode)
            world.process = None
            world.start()
        got = behind_it()
        if got != WELL:
            found.append('afterwards there is %r' % got)
        # Without memory for the call itself there is a status and no word.
        if answer is not None and answer.status >= 500 and \
                answer.body and not answer.error:
            found.append('an error without a word: %r' % answer)
        return found + judge(answer)

    equal(judge(ask(call)), [], what + ': as it is')
    found, count = walk(one, judge_one)
    nothing(found, what)
    ok(count > least, '%s: %d calls have failed' % (what, count))


@group
def good_key():
    def judge(answer):
        if status_of(answer) in (400, 401, 403, 404):
            return ['a good key is called a bad one: %r' % answer]
        if status_of(answer) == 200:
            who = ask(lambda: client.profile(answer.get('access_token')))
            if status_of(who) != 200:
                return ['its token is not good: %r' % who]
        return []
    walk_through('a good key', lambda: client.key_login(good['key']), judge)


@group
def bad_keys():
    for what, key in (('a wrong key', wrong), ('a disabled key', off['key'])):
        walk_through(what, lambda: client.key_login(key), lambda answer: [
            'it gets %r' % answer] if status_of(answer) in (
                range(200, 400)) else [])


@group
def passwords():
    walk_through('a wrong password',
                 lambda: client.login(EMAIL, PASSWORD + 'r'),
                 lambda answer: ['it gets %r' % answer]
                 if status_of(answer) in range(200, 400) else [])


@group
def made_and_deleted():
    """What is acknowledged is so; what is not may be, or not, but whole."""
    def names():
        return {k['name']: k for k in must(client.keys(session.refresh),
                                           200).json}

    def clean():
        for key in names().values():
            if key['name'] not in ('good', 'off'):
                must(client.delete(session.refresh, key['_id']), 204)

    def made(answer):
        found = []
        if status_of(answer) == 201:
            if 'new' not in names():
                found.append('made and not there')
            if status_of(client.key_login(answer.get('key'))) != 200:
                found.append('made, and it does not log in')
        clean()
        return found
    walk_through('a key is made',
                 lambda: client.create(session.refresh, 'new'), made)

    state = {}

    def prepare(disabled):
        clean()
        state['key'] = client.new_key(session, 'new')
        if disabled:
            must(client.disable(session.refresh, state['key']['_id']), 204)

    def changed(answer, want, status):
        got = status_of(client.key_login(state['key']['key']))
        found = []
        if status_of(answer) == status and got != want:
            found.append('acknowledged, and the key gets %r' % got)
        if got not in (200, 401):
            found.append('the key gets %r' % got)
        prepare(False)
        return found
    prepare(False)
    walk_through('a key is disabled', lambda: client.disable(
        session.refresh, state['key']['_id']),
        lambda answer: changed(answer, 401, 204))
    walk_through('a key is deleted', lambda: client.delete(
        session.refresh, state['key']['_id']),
        lambda answer: changed(answer, 401, 204))
    clean()


@group
def logged_out():
    state = {'session': client.key_session(good['key'])}

    def judge(answer):
        left = state['session']
        state['session'] = client.key_session(good['key'])
        if status_of(answer) == 204 and \
                status_of(client.refresh(left.refresh)) != 401:
            return ['acknowledged, and the session goes on']
        return []
    walk_through('a session is ended', lambda: client.logout(
        state['session'].refresh), judge)


@group
def whole():
    equal(world.stop(), 0, 'it stops as it should')
    if STORE == 'sqlite':
        equal(world.sql('PRAGMA integrity_check'), [['ok']],
              'the database is whole')
        equal(world.sql('PRAGMA foreign_key_check'), [],
              'nothing points nowhere')
    world.wrap = []
    world.start()
    equal(status_of(client.key_login(good['key'])), 200,
          'and after a start the good key logs in')
    equal(status_of(client.key_login(off['key'])), 401,
          'the disabled one does not')


main(world)
