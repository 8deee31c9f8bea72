#!/usr/bin/python3 -B
"""Keys that expire, and when keys were used last: an extension that clients of
the original never see."""

import re
import time

from administrator import Administrator, new_pair
from tap import contains, equal, group, main, nothing, ok
from wire import Client, must
from world import PATIENCE, World

world = World()
http = Client(world)
boss = Administrator(new_pair(world, 'boss'), world)
PASSWORD = 'correct horse'
DAY = 24 * 3600
FORGED = 'ukey' + '0' * 60


def person(name):
    email = name + '@example.com'
    id = world.add_user(email, PASSWORD)
    return id, http.session(email, PASSWORD)


def create(s, name, **more):
    return http.call('POST', '/auth/api_keys', dict({'name': name}, **more),
                     token=s.refresh)


def new_key(s, name, **more):
    return must(create(s, name, **more), 201).json


def times(s, id):
    return must(http.call('GET', '/auth/api_keys/%s?times=true' % id,
                          token=s.refresh), 200).json


def expire(s, id, **body):
    return http.call('PUT', '/auth/api_keys/%s/expiry' % id, body,
                     token=s.refresh)


def end(id):
    """Its time is over, without our waiting for that."""
    world.sql("UPDATE api_key SET expires = 1000000 WHERE id = '%s'" % id)


def audited(event, key):
    return [re.sub('.* reason=(\\S+).*', r'\1', line)
            for line in world.log_text().splitlines()
            if ' event=%s ' % event in line and key in line
            and ' reason=' in line]


@group
def what_clients_of_the_original_see():
    _, s = person('plain')
    key = new_key(s, 'plain')
    equal(sorted(key), ['_id', 'disabled', 'key', 'name'],
          'a new key has the members that it always had')
    new_key(s, 'limited', expires_in=DAY)
    must(http.key_login(key['key']), 200)
    for name, answer in (
            ('list', http.keys(s.refresh).json[1]),
            ('key', http.key(s.refresh, key['_id']).json),
            ('list with another query', http.call(
                'GET', '/auth/api_keys?times=1', token=s.refresh).json[1])):
        equal(sorted(answer), ['_id', 'disabled', 'name'],
              'so has the one of a ' + name)


@group
def when_it_expires():
    _, s = person('when')
    now = int(time.time())
    key = new_key(s, 'in', expires_in=90 * DAY)
    ok(now + 90 * DAY <= key['expires_at'] <= int(time.time()) + 90 * DAY,
       'expires_in counts from now', key)
    equal(new_key(s, 'at', expires_at=now + 77)['expires_at'], now + 77,
          'expires_at is taken as it is')
    equal(sorted(new_key(s, 'never', expires_at=0)),
          ['_id', 'disabled', 'key', 'name'], '0 is never')
    shown = times(s, key['_id'])
    equal(shown.get('expires_at'), key['expires_at'], 'a key shows it')
    ok(now <= shown.get('created_at', 0) <= now + PATIENCE,
       'and when it was made', shown)
    ok('last_used_at' not in shown, 'and no use where there was none')
    listed = must(http.call('GET', '/auth/api_keys?times=true',
                            token=s.refresh), 200).json
    equal([k.get('expires_at', 0) for k in listed],
          [key['expires_at'], now + 77, 0], 'so does the list')
    for body in ({'expires_in': 0}, {'expires_in': -5}, {'expires_in': '90d'},
                 {'expires_in': 1.5}, {'expires_in': None},
                 {'expires_in': True}, {'expires_in': 2 ** 62},
                 {'expires_in': 10 ** 30}, {'expires_at': now - 1},
                 {'expires_at': -1}, {'expires_at': str(now + DAY)},
                 {'expires_at': 2 ** 63 - 1}, {'expires_at': -2 ** 63},
                 {'expires_in': DAY, 'expires_at': now + DAY}):
        answer = create(s, 'bad', **body)
        equal((answer.status, answer.code), (400, 'BadRequest'),
              'no key with %r' % body)
        answer = expire(s, key['_id'], **body)
        equal((answer.status, answer.code), (400, 'BadRequest'),
              'no expiry with %r' % body)
    equal(expire(s, key['_id']).status, 400, 'nor with nothing')
    equal(times(s, key['_id'])['expires_at'], key['expires_at'],
          'and nothing has changed')


@group
def an_expired_key():
    _, s = person('over')
    key = new_key(s, 'k', expires_in=DAY)
    before = http.key_session(key['key'])
    equal(http.profile(before.access).status, 200, 'a session by the key')
    end(key['_id'])
    got, unknown = http.key_login(key['key']), http.key_login(FORGED)
    equal((got.status, got.code, got.error),
          (unknown.status, unknown.code, unknown.error),
          'is answered as one that nobody knows')
    equal(sorted(n.lower() for n, _ in got.headers),
          sorted(n.lower() for n, _ in unknown.headers), 'in its headers too')
    equal(audited('login', key['_id']), ['key-expired'],
          'the audit log has the reason')
    for name, answer in (('access', http.profile(before.access)),
                         ('refresh', http.refresh(before.refresh))):
        equal((answer.status, answer.code), (401, 'InvalidSession'),
              'its session is over for the %s token' % name)
    nothing(set(audited('profile', key['_id'])
                + audited('refresh', key['_id'])) - {'key-expired'},
            'for the same reason')
    equal(http.enable(s.refresh, key['_id']).status, 204, 'enabled')
    equal(http.key_login(key['key']).status, 401, 'it does not come back')
    equal(expire(s, key['_id'], expires_in=DAY).status, 204, 'more time')
    equal(http.key_login(key['key']).status, 200, 'lets it in again')
    equal(http.profile(before.access).status, 401,
          'but not the sessions of before')
    equal(expire(s, key['_id'], expires_at=0).status, 204, 'no end')
    ok('expires_at' not in times(s, key['_id']), 'then there is none')


@group
def by_the_clock():
    _, s = person('clock')
    key = new_key(s, 'k', expires_in=4)
    session = http.key_session(key['key'])
    deadline = time.monotonic() + PATIENCE
    while (http.key_login(key['key']).status == 200
           and time.monotonic() < deadline):
        time.sleep(0.1)
    ok(time.time() >= key['expires_at'], 'not before its time')
    equal(http.key_login(key['key']).status, 401, 'but then it is over')
    equal(http.profile(session.access).status, 401, 'and its session, too')


@group
def whose_it_is():
    _, ann = person('whose')
    _, bob = person('others')
    key = new_key(ann, 'k')
    equal(expire(bob, key['_id'], expires_in=DAY).status, 404,
          'nobody ends the key of another')
    equal(expire(ann, '0' * 24, expires_in=DAY).status, 404, 'or one of none')
    equal(expire(ann, 'x', expires_in=DAY).status, 404, 'or what is no id')
    by_key = http.key_session(key['key'])
    equal(expire(by_key, key['_id'], expires_in=10 * DAY).status, 403,
          'a key does not give itself more time')
    equal(http.call('PUT', '/auth/api_keys/%s/expiry' % key['_id'],
                    {'expires_in': DAY}).status, 401, 'nor does nobody')
    ok('expires_at' not in times(ann, key['_id']), 'all of it to no effect')


@group
def the_last_use():
    _, s = person('used')
    one, two = new_key(s, 'one'), new_key(s, 'two')
    now = int(time.time())

    def wait_for(key):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if 'last_used_at' in times(s, key['_id']):
                break
            time.sleep(0.1)
        return times(s, key['_id']).get('last_used_at', 0)

    must(http.key_login(one['key']), 200)
    ok(now <= wait_for(one) <= now + PATIENCE, 'a login is noted')
    ok('last_used_at' not in times(s, two['_id']), 'for that key alone')
    must(http.key_login(two['key']), 200)
    ok(now <= wait_for(two), "another's too, so soon after")
    world.sql("UPDATE api_key SET last_used = 5000000 WHERE id = '%s'"
              % one['_id'])
    http.key_login(one['key'][:-1] + '!')
    must(http.disable(s.refresh, one['_id']), 204)
    equal(http.key_login(one['key']).status, 401, 'who is refused')
    time.sleep(2)
    equal(wait_for(one), 5, 'has not used it')


@group
def when_it_was_disabled():
    _, s = person('disabled')
    id = new_key(s, 'k')['_id']
    now = int(time.time())
    ok('disabled_at' not in times(s, id), 'an enabled key does not say so')
    must(http.disable(s.refresh, id), 204)
    ok(now <= times(s, id).get('disabled_at', 0) <= now + PATIENCE,
       'a disabled one says since when')
    must(http.enable(s.refresh, id), 204)
    ok('disabled_at' not in times(s, id), 'until it is enabled')


@group
def what_has_expired_makes_room():
    _, s = person('room')
    keys = [new_key(s, 'n%d' % n) for n in range(20)]
    equal(create(s, 'more').status, 400, 'twenty are enough')
    end(keys[4]['_id'])
    equal(create(s, 'more').status, 201, 'unless one has expired')
    equal(http.key(s.refresh, keys[4]['_id']).status, 404, 'which is gone')
    equal(create(s, 'again').status, 400, 'and then no more')
    equal(http.key_login(keys[4]['key']).status, 401, 'it stays refused')
    contains(' '.join(audited('login', keys[4]['_id'])), 'deleted',
             'as one that was deleted')


@group
def by_an_administrator():
    id, s = person('people')
    path = '/%s/api_keys' % id
    key = must(boss.users(path, 'POST', {'name': 'k', 'expires_in': DAY}),
               201).json
    ok(key.get('expires_at', 0) > time.time(), 'makes one that expires')
    equal(times(s, key['_id'])['expires_at'], key['expires_at'],
          'its owner sees it')
    equal(sorted(boss.users(path).json[0]), ['_id', 'disabled', 'name'],
          'times are told to who asks')
    equal(boss.users(path + '?times=true').json[0]['expires_at'],
          key['expires_at'], 'and to the administrator who asks')
    equal(boss.users('%s/%s/expiry' % (path, key['_id']), 'PUT',
                     {'expires_in': 9 * DAY}).status, 204, 'gives more time')
    ok(times(s, key['_id'])['expires_at'] > time.time() + 8 * DAY, 'so it is')
    session = http.key_session(key['key'])
    end(key['_id'])
    answer = boss.users('/verify_token', 'POST', {'token': session.access})
    equal(answer.status, 401, 'its token is good no more')


@group
def keys_of_servers():
    key = must(boss.apps('/api_keys', 'POST',
                         {'name': 'robot', 'expires_in': DAY}), 201).json
    path = '/api_keys/' + key['_id']
    ok(key.get('expires_at', 0) > time.time(), 'expire too')
    equal(http.key_login(key['key']).status, 200, 'later')
    equal(boss.apps(path + '?times=true').json.get('expires_at'),
          key['expires_at'], 'one shows it')
    ok('expires_at' not in boss.apps(path).json, 'when it is asked to')
    equal(boss.apps('/api_keys?times=true').json[0].get('expires_at'),
          key['expires_at'], 'so does the list')
    end(key['_id'])
    equal(http.key_login(key['key']).status, 401, 'then it is over')
    equal(boss.apps(path + '/expiry', 'PUT', {'expires_in': DAY}).status, 204,
          'until it gets more time')
    equal(http.key_login(key['key']).status, 200, 'and logs in')


main(world)
