#!/usr/bin/python3 -B
"""The life of a key: made, listed, disabled, enabled, deleted, and what each
of these means for logins and for sessions that are open already."""

import collections
import concurrent.futures
import re
import threading

from tap import equal, group, main, nothing, ok, one_of
from wire import Client, checksum, must
from world import World

world = World()
http = Client(world)
PASSWORD = 'correct horse'


def person(name):
    email = name + '@example.com'
    id = world.add_user(email, PASSWORD)
    return id, http.session(email, PASSWORD)


def names(session):
    return [k['name'] for k in must(http.keys(session.refresh), 200).json]


@group
def the_written_form():
    _, s = person('form')
    keys = [http.new_key(s, 'n%d' % n)['key'] for n in range(10)]
    nothing([k for k in keys if checksum(k[:58]) != k[58:]],
            'the last six characters are the checksum of the others')
    equal(len(set(keys)), 10, 'no two keys are the same')
    equal(len({k[4:14] for k in keys}), 10, 'nor do they begin the same')
    seen = set(''.join(k[4:58] for k in keys))
    ok(len(seen) >= 55, 'their characters are from all of base62',
       ''.join(sorted(seen)))


@group
def names_and_order():
    _, s = person('names')
    good = ['a', 'Z', '0', '_', '-', 'A-b_9', '-' * 20, 'x' * 64, 'a-1',
            'constructor', 'null', 'true']
    for name in good:
        equal(http.create(s.refresh, name).status, 201, 'name ' + name[:20])
    equal(names(s), good, 'the list is in order of creation')
    ids = [k['_id'] for k in http.keys(s.refresh).json]
    equal(len(set(ids)), len(good), 'each has an id of its own')
    must(http.disable(s.refresh, ids[0]), 204)
    must(http.disable(s.refresh, ids[5]), 204)
    must(http.enable(s.refresh, ids[0]), 204)
    equal(names(s), good, 'disabling and enabling keeps the order')
    must(http.delete(s.refresh, ids[3]), 204)
    equal(names(s), good[:3] + good[4:], 'so does deleting')
    equal(http.create(s.refresh, good[3]).status, 201,
          'the name of a deleted key is free')
    equal(names(s), good[:3] + good[4:] + [good[3]],
          'the new one stands at the end')
    equal(http.create(s.refresh, 'a').status, 409, 'a taken name is taken')
    must(http.disable(s.refresh, ids[0]), 204)
    equal(http.create(s.refresh, 'a').status, 409,
          'also when its key is disabled')
    _, other = person('others')
    equal(http.create(other.refresh, 'a').status, 201,
          'but not to another user')
    equal(names(other), ['a'], 'who sees only that one')
    answer = http.create(s.refresh, 'x' * 300)
    one_of(answer.status, (201, 400), 'a long name is taken or refused')


@group
def at_most_twenty():
    _, s = person('twenty')
    ids = [http.new_key(s, 'n%d' % n)['_id'] for n in range(20)]
    one_of(http.create(s.refresh, 'n20').status, (400, 409),
           'the 21st is refused')
    must(http.disable(s.refresh, ids[0]), 204)
    one_of(http.create(s.refresh, 'n20').status, (400, 409),
           'a disabled key counts')
    must(http.delete(s.refresh, ids[0]), 204)
    equal(http.create(s.refresh, 'n20').status, 201, 'a deleted one does not')
    equal(len(names(s)), 20, 'then there are twenty again')


@group
def enable_and_disable_again_and_again():
    _, s = person('again')
    key = http.new_key(s, 'k')
    id = key['_id']
    for verb, call, disabled, status in (
            ('enable', http.enable, False, 200),
            ('disable', http.disable, True, 401),
            ('disable', http.disable, True, 401),
            ('enable', http.enable, False, 200),
            ('enable', http.enable, False, 200),
            ('disable', http.disable, True, 401),
            ('enable', http.enable, False, 200)):
        equal(call(s.refresh, id).status, 204, verb)
        equal(http.key(s.refresh, id).get('disabled'), disabled,
              'then disabled is %s' % disabled)
        equal(http.key_login(key['key']).status, status,
              'and a login with it is answered %d' % status)
    must(http.delete(s.refresh, id), 204)
    equal(http.key_login(key['key']).status, 401, 'delete: no login')
    for verb, call in (('enable', http.enable), ('disable', http.disable),
                       ('delete', http.delete), ('fetch', http.key)):
        equal(call(s.refresh, id).status, 404, 'delete: nothing to ' + verb)
    equal(http.key_login(key['key']).status, 401, 'and never a login again')


@group
def whose_key_it_is():
    id, s = person('owner')
    one, two = http.new_key(s, 'one'), http.new_key(s, 'two')
    for key in (one, two):
        equal(http.key_session(key['key']).user_id, id,
              'a login with a key is the owner')
    must(http.disable(s.refresh, one['_id']), 204)
    equal(http.key_login(two['key']).status, 200,
          'disabling one key leaves the other')
    equal(http.login('owner@example.com', PASSWORD).status, 200,
          'and the password')


def check_ended(sessions, text):
    """Refresh and access of these sessions: 401 InvalidSession, both.

    Both, because realm-web refreshes and repeats without limit when an access
    token is refused and its refresh token is not.
    """
    for s in sessions:
        answer = http.refresh(s.refresh)
        equal((answer.status, answer.code, answer.error),
              (401, 'InvalidSession',
               'invalid session: failed to find refresh token'),
              text + ': refresh')
        answer = http.profile(s.access)
        equal((answer.status, answer.code), (401, 'InvalidSession'),
              text + ': access')


def reason(answer):
    """Why, by the audit line of the request."""
    id = answer.header('X-Appservices-Request-Id')
    return re.findall(r'reason=(\S+) .*request=%s\b' % id, world.log_text())


def check_alive(sessions, text):
    for s in sessions:
        equal(http.refresh(s.refresh).status, 201, text + ': refresh')
        equal(http.profile(s.access).status, 200, text + ': access')


@group
def sessions_end_with_their_key():
    _, s = person('ends')
    one, two = http.new_key(s, 'one'), http.new_key(s, 'two')
    ones = [http.key_session(one['key']) for _ in range(3)]
    twos = [http.key_session(two['key'])]
    fresh = must(http.refresh(ones[0].refresh), 201).get('access_token')
    check_alive(ones + twos, 'before')
    must(http.disable(s.refresh, one['_id']), 204)
    check_ended(ones, 'a disabled key ends its sessions')
    equal(reason(http.refresh(ones[0].refresh)), ['key-disabled'],
          'the log says why')
    answer = http.profile(fresh)
    equal((answer.status, answer.code), (401, 'InvalidSession'),
          'also by an access token that was refreshed before')
    check_alive(twos + [s], "sessions of others go on")
    must(http.enable(s.refresh, one['_id']), 204)
    check_ended(ones, 'enabled again, what has ended stays so')
    equal(http.profile(fresh).status, 401,
          'also by the access token that was refreshed before')
    equal(reason(http.refresh(ones[0].refresh)), ['ended'],
          'the log says why')
    again = http.key_session(one['key'])
    check_alive([again], 'enabled again, a new login works')
    renewed = must(http.refresh(again.refresh), 201).get('access_token')
    equal(http.profile(renewed).status, 200, 'and so does what it refreshes')
    must(http.enable(s.refresh, one['_id']), 204)
    check_alive([again], 'to enable an enabled key ends nothing')
    must(http.delete(s.refresh, one['_id']), 204)
    check_ended(ones + [again], 'a deleted key ends its sessions')
    check_alive(twos + [s], 'sessions of others go on still')


@group
def sessions_end_with_their_user():
    id, s = person('user-ends')
    key = http.new_key(s, 'k')
    sessions = [s, http.session('user-ends@example.com', PASSWORD),
                http.key_session(key['key'])]
    _, other = person('bystander')
    check_alive(sessions, 'before')
    world.user('disable', id)
    check_ended(sessions, 'a disabled user')
    equal(http.key_login(key['key']).code, 'UserDisabled',
          'a disabled user: no login by key')
    equal(http.login('user-ends@example.com', PASSWORD).code, 'UserDisabled',
          'a disabled user: no login by password')
    check_alive([other], 'somebody else')
    world.user('enable', id)
    check_ended(sessions, 'enabled again, what has ended stays so')
    new = [http.session('user-ends@example.com', PASSWORD),
           http.key_session(key['key'])]
    check_alive(new, 'enabled again, new logins work')
    equal(names(new[0]), ['k'], 'and the keys are there')
    world.user('delete', id, '--yes')
    check_ended(sessions + new, 'a deleted user')
    one_of(http.key_login(key['key']).status, (401,),
           'a deleted user: no login by key')
    equal(http.login('user-ends@example.com', PASSWORD).status, 401,
          'a deleted user: no login by password')
    check_alive([other], 'somebody else still')
    new_id = world.add_user('user-ends@example.com', PASSWORD)
    ok(new_id != id, 'the address made anew is another user')
    check_ended(sessions + new, 'and the old sessions stay ended')
    equal(http.key_login(key['key']).status, 401, 'and so does the key')
    s = http.session('user-ends@example.com', PASSWORD)
    equal(names(s), [], 'the new user has no keys')


@group
def sessions_end_at_log_out():
    _, s = person('log-out')
    other = http.session('log-out@example.com', PASSWORD)
    fresh = must(http.refresh(s.refresh), 201).get('access_token')
    must(http.logout(s.refresh), 204)
    check_ended([s], 'logged out')
    answer = http.profile(fresh)
    equal((answer.status, answer.code), (401, 'InvalidSession'),
          'also by an access token that was refreshed before')
    check_alive([other], 'another session of that user goes on')
    must(http.logout(other.refresh), 204)
    key = http.new_key(http.session('log-out@example.com', PASSWORD), 'k')
    keyed = http.key_session(key['key'])
    must(http.logout(keyed.refresh), 204)
    check_ended([keyed], 'logged out of a key session')
    equal(http.key_login(key['key']).status, 200, 'the key works on')


@group
def sessions_end_when_the_user_deletes_the_account():
    id, s = person('leaver')
    key = http.new_key(s, 'k')
    sessions = [s, http.key_session(key['key'])]
    must(http.delete_user(s.access), 204)
    check_ended(sessions, 'an account that its user deleted')
    equal(http.key_login(key['key']).status, 401, 'its key is gone')
    nothing([line for line in world.user('list').stdout.splitlines()
             if id in line], 'and the user from the list')


@group
def ended_sessions_stay_ended_over_a_restart():
    _, s = person('restart')
    one, two = http.new_key(s, 'one'), http.new_key(s, 'two')
    dead = [http.key_session(one['key']),
            http.session('restart@example.com', PASSWORD)]
    alive = [http.key_session(two['key']), s]
    must(http.disable(s.refresh, one['_id']), 204)
    must(http.logout(dead[1].refresh), 204)
    world.restart()
    check_ended(dead, 'after a restart')
    check_alive(alive, 'after a restart, the others')
    equal(names(s), ['one', 'two'], 'after a restart, the keys')


def at_once(calls):
    """All of these at the same moment; their statuses, counted."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        ready = threading.Barrier(len(calls))

        def go(call):
            ready.wait()
            return call().status

        return collections.Counter(pool.map(go, calls))


@group
def races():
    """Whoever comes at the same moment: the rules hold."""
    _, s = person('races')
    same = at_once([lambda: http.create(s.refresh, 'same')] * 16)
    equal(same, {201: 1, 409: 15}, 'sixteen times the same name: one key')
    must(http.delete(s.refresh, http.keys(s.refresh).json[0]['_id']), 204)
    many = at_once([lambda n=n: http.create(s.refresh, 'n%d' % n)
                    for n in range(32)])
    equal((many[201], len(names(s))), (20, 20),
          'thirty-two keys at once: twenty')
    id = http.keys(s.refresh).json[0]['_id']
    gone = at_once([lambda: http.delete(s.refresh, id)] * 16)
    equal(gone, {204: 1, 404: 15}, 'sixteen times deleted: once')
    key = http.new_key(s, 'used')
    mixed = at_once([lambda: http.disable(s.refresh, key['_id'])]
                    + [lambda: http.key_login(key['key'])] * 15)
    nothing(set(mixed) - {200, 204, 401}, 'disabled while it is used')
    equal(http.key_login(key['key']).status, 401, 'and then refused')
    world.restart(registration='open')
    people = at_once([lambda: http.register('one@example.com', PASSWORD)] * 16)
    equal(people, {201: 1, 409: 15}, 'sixteen times the same address: one user')


@group
def two_servers_on_one_database():
    """What is committed counts on every node at once."""
    twin = World(start=False)
    twin.app = world.app
    twin.start(database=world.settings['database'], secrets=world.data)
    there = Client(twin)
    try:
        _, s = person('twins')
        stale = []
        for n in range(20):
            key = http.new_key(s, 'k%d' % n)
            far = there.key_session(key['key'])
            must(http.disable(s.refresh, key['_id']), 204)
            for answer in (there.key_login(key['key']),
                           there.refresh(far.refresh),
                           there.profile(far.access)):
                if answer.status != 401:
                    stale.append('%d: %r' % (n, answer))
            must(there.delete(s.refresh, key['_id']), 204)
            if http.key(s.refresh, key['_id']).status != 404:
                stale.append('%d: deleted there, found here' % n)
        nothing(stale, 'a key that one server disables is refused by the '
                'other, at once, and so are its sessions')
    finally:
        twin.close()


main(world)
