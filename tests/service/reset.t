#!/usr/bin/python3 -B
"""Addresses confirmed and passwords set by a token that was handed out."""

import concurrent.futures
import hashlib
import itertools
import os
import secrets
import time

from tap import contains, equal, group, main, nothing, ok
from wire import Client, must, unpad
from world import STORE, World

world = World({'registration': 'open'})
http = Client(world)
OLD, NEW, THIRD = 'correct horse', 'battery staple', 'one more password'
EMAILS = ('p%d@example.com' % n for n in itertools.count())
DAY = 86400


def blob(data):
    return ("X'%s'" if STORE == 'sqlite' else r"'\x%s'") % data.hex()


def text(column):
    return column if STORE == 'sqlite' else "convert_from(%s, 'UTF8')" % column


def hand_out(user, purpose, lasts=DAY):
    """A token as its description says, in the database: id and token."""
    with open(os.path.join(world.data, 'pepper')) as file:
        pepper = bytes.fromhex(file.read().strip())
    token = unpad(secrets.token_bytes(32))
    hash = hashlib.blake2b(token.encode(), key=pepper, digest_size=32,
                           person=b'userkey-handout\0').digest()
    id = secrets.token_hex(12)
    world.sql("DELETE FROM handout WHERE user_id = '%s' AND purpose = '%s'" % (
        user, purpose))
    world.sql("INSERT INTO handout(id, hash, user_id, purpose, expires)"
              " VALUES ('%s', %s, '%s', '%s', %d)" % (
                  id, blob(hash), user, purpose, int(time.time()) + lasts))
    return id, token


def person():
    email = next(EMAILS)
    return email, world.add_user(email, OLD)


def registered():
    email = next(EMAILS)
    must(http.register(email, OLD), 201)
    row = world.sql('SELECT %s FROM identity WHERE address = \'%s\'' % (
        text('user_id'), email))
    return email, row[0][0]


def at(action, **body):
    return http.provider('local-userpass', action, body)


def reset(password, id, token):
    return at('reset', password=password, token=token, tokenId=id)


def is_confirmed(email, password=OLD):
    s = http.session(email, password)
    return [i['provider_data']['confirmed']
            for i in must(http.profile(s.access), 200).get('identities')
            if i['provider_type'] == 'local-userpass'][0]


def refused(answer, status, code, words, what):
    equal((answer.status, answer.code, answer.error), (status, code, words),
          what)


BAD_TOKEN = (400, 'BadRequest', 'invalid token data')


@group
def a_password_is_set():
    email, id = person()
    before = http.session(email, OLD)
    key = http.new_key(before, 'k')
    by_key = http.key_session(key['key'])
    token = hand_out(id, 'reset')
    answer = reset(NEW, *token)
    equal((answer.status, answer.body, answer.all('Content-Type')),
          (204, b'', []), 'a good token')
    equal([http.login(email, p).status for p in (OLD, NEW)], [401, 200],
          'the new password is the password')
    equal([http.profile(s.access).code for s in (before, by_key)],
          ['InvalidSession'] * 2, 'sessions from before have ended')
    equal(http.refresh(before.refresh).code, 'InvalidSession',
          '... for their refresh tokens too')
    equal(http.key_session(key['key']).user_id, id,
          'a key is what it was: it is no password')
    refused(reset(THIRD, *token), *BAD_TOKEN, 'the token, used again')
    equal(http.login(email, THIRD).status, 401, '... has set nothing')


@group
def who_had_the_address_first():
    """Anybody can write down anybody's address, log in and make a key.  Who
    gets the password by a token must not inherit it."""
    email, id = registered()
    stranger = http.session(email, OLD)
    key = http.new_key(stranger, 'k')['key']
    equal(reset(NEW, *hand_out(id, 'reset')).status, 204, 'a good token')
    equal(http.key_login(key).status, 401,
          'a key from before is gone: the address was never confirmed')
    mine = http.new_key(http.session(email, NEW), 'k')['key']
    confirm_id, confirm = hand_out(id, 'confirm')
    must(at('confirm', token=confirm, tokenId=confirm_id), 204)
    equal(is_confirmed(email, NEW), True, 'it is confirmed then')
    equal(reset(THIRD, *hand_out(id, 'reset')).status, 204, 'another token')
    equal(http.key_session(mine).user_id, id, 'now keys are what they were')


@group
def a_token_and_an_administrator():
    email, id = person()
    token = hand_out(id, 'reset')
    world.user('password', email, '--password-stdin', stdin=NEW + '\n')
    refused(reset(THIRD, *token), *BAD_TOKEN,
            'a token from before the administrator set the password')
    equal(http.login(email, NEW).status, 200, '... changes nothing')


@group
def tokens_that_are_none():
    email, id = person()
    other, other_id = person()
    s = http.session(email, OLD)
    tid, token = hand_out(id, 'reset')
    cid, confirm = hand_out(id, 'confirm')
    oid, others = hand_out(other_id, 'reset')
    for what, a, b in (
            ('another id', oid, token), ('another token', tid, others),
            ('one for something else', cid, confirm),
            ('an id of nobody', '0' * 24, token),
            ('no token', tid, ''), ('no id', '', token),
            ('a token cut short', tid, token[:-1]),
            ('a token with more', tid, token + 'A'),
            ('a token in capitals', tid, token.upper()),
            ('its hash', tid, 'A' * 43), ('the id twice', tid, tid)):
        refused(reset(NEW, a, b), *BAD_TOKEN, what)
    for what, body in (('no token', {'tokenId': tid}),
                       ('no id', {'token': token}),
                       ('a token that is no text',
                        {'token': 7, 'tokenId': tid})):
        refused(at('reset', password=NEW, **body), *BAD_TOKEN, what)
    for body in ({'token': token, 'tokenId': tid},
                 {'password': 7, 'token': token, 'tokenId': tid}):
        answer = at('reset', **body)
        equal((answer.status, answer.code), (400, 'BadRequest'), 'no password')
    for password in ('', 'short', 'x' * 129):
        refused(reset(password, tid, token), 400, 'BadRequest',
                'password must be between 6 and 128 characters',
                'a password of %d characters' % len(password))
        contains(world.log_text().splitlines()[-1],
                 ' verdict=refused reason=password-rule',
                 '... and the audit log says so')
    equal(http.refresh(s.refresh).status, 201, 'none of that ends a session')
    equal(reset(NEW, tid, token).status, 204, 'and the token is still good')
    late = hand_out(id, 'reset', -1)
    refused(reset(THIRD, *late), *BAD_TOKEN, 'a token that is over')
    equal(http.login(email, NEW).status, 200, '... changes nothing')


@group
def tokens_of_another_app():
    email, id = person()
    world.sql("INSERT INTO app(id, client_id, name, created)"
              " VALUES ('%s', 'second-abcde', 'second', 1)" % ('5' * 24))
    token = hand_out(id, 'reset')
    answer = http.call('POST', '/app/second-abcde/auth/providers/'
                       'local-userpass/reset', {
                           'password': NEW, 'tokenId': token[0],
                           'token': token[1]})
    refused(answer, *BAD_TOKEN, 'a token of another app')
    world.sql("DELETE FROM app WHERE client_id = 'second-abcde'")
    equal(reset(NEW, *token).status, 204, '... is good in its own')


@group
def once():
    email, id = person()
    token = hand_out(id, 'reset')
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        got = list(pool.map(lambda n: reset('password %d' % n, *token),
                            range(6)))
    equal(sorted(a.status for a in got), [204] + [400] * 5,
          'of six at once one sets its password')
    won = [n for n in range(6) if got[n].status == 204]
    equal([n for n in range(6)
           if http.login(email, 'password %d' % n).status == 200], won,
          '... and that is the password')


@group
def an_address_is_confirmed():
    email, id = registered()
    equal(is_confirmed(email), False, 'who registers is not confirmed')
    rid, reset_token = hand_out(id, 'reset')
    must(reset(NEW, rid, reset_token), 204)
    equal(is_confirmed(email, NEW), False,
          '... nor by setting a password with a token')
    token = hand_out(id, 'confirm')
    for what, a, b in (('another token', token[0], 'A' * 43),
                       ('one for something else', *hand_out(id, 'reset'))):
        refused(at('confirm', tokenId=a, token=b), *BAD_TOKEN, what)
    refused(at('confirm'), *BAD_TOKEN, 'nothing')
    refused(at('confirm', token=token[1], tokenId=7), *BAD_TOKEN,
            'an id that is no text')
    s = http.session(email, NEW)
    answer = at('confirm', tokenId=token[0], token=token[1])
    equal((answer.status, answer.body, answer.all('Content-Type')),
          (204, b'', []), 'a good token')
    equal(is_confirmed(email, NEW), True, 'the address is confirmed')
    equal(http.refresh(s.refresh).status, 201, 'sessions go on')
    refused(at('confirm', tokenId=token[0], token=token[1]), *BAD_TOKEN,
            'the token, used again')
    other, _ = registered()
    equal(is_confirmed(other), False, 'nobody else is')


@group
def who_is_deleted():
    email, id = person()
    token = hand_out(id, 'reset')
    s = http.session(email, OLD)
    must(http.delete_user(s.access), 204)
    refused(reset(NEW, *token), *BAD_TOKEN, 'a token of a deleted user')
    email, id = person()
    token = hand_out(id, 'reset')
    world.user('disable', email)
    equal(reset(NEW, *token).status, 204, 'one of a disabled user sets it')
    equal(http.login(email, NEW).code, 'UserDisabled',
          '... and lets nobody in')


def asked(answer):
    """The lines about it."""
    return [line for line in world.log_text().splitlines()
            if 'request=' + answer.header('X-Appservices-Request-Id') in line]


def call(email, *arguments, password=NEW):
    return at('reset/call', email=email, password=password,
              arguments=list(arguments))


@group
def open_registration():
    email, id = registered()
    confirmed, _ = person()
    nobody = 'nobody@example.com'
    for action in ('confirm/send', 'reset/send'):
        answer = at(action, email=email)
        equal((answer.status, answer.body), (204, b''), action)
        line = ''.join(asked(answer))
        for part in ('event=%s-asked' % action.split('/')[0],
                     'verdict=granted', 'user=' + id,
                     "email='%s'" % email):
            contains(line, part, '... an administrator sees ' + part)
        refused(at(action, email=nobody), 404, 'UserNotFound',
                'user not found', action + ' of an unknown address')
        equal(at(action).status, 400, action + ' of nothing')
        equal(at(action, email=['x']).status, 400, action + ' of a list')
    for action in ('confirm/send', 'confirm/call'):
        refused(at(action, email=confirmed), 400, 'UserAlreadyConfirmed',
                'already confirmed', action + ' of a confirmed address')
    refused(at('confirm/call', email=nobody), 404, 'UserNotFound',
            'user not found', 'confirm/call of an unknown address')
    refused(at('confirm/call', email=email), 400, 'BadRequest',
            'failed to confirm user "%s"' % email, 'confirm/call')
    refused(call(nobody), 404, 'UserNotFound', 'user not found',
            'reset/call of an unknown address')
    refused(call(email), 400, 'BadRequest',
            'failed to reset password for user "%s"' % email,
            'reset/call without a token')
    equal(at('reset/send', email=email.upper()).status, 204,
          'an address counts without its case')


@group
def reset_by_call():
    email, id = person()
    other, other_id = person()
    failed = (400, 'BadRequest',
              'failed to reset password for user "%s"' % email)
    token = hand_out(id, 'reset')
    others = hand_out(other_id, 'reset')
    for what, arguments in (
            ('the token alone', token[1:]), ('in the other order', token[::-1]),
            ('three arguments', (*token, 'x')),
            ("another's token", others), ('numbers', (1, 2)),
            ('a list', ([*token],)), ('half of it', (token[0], 7)),
            ('the other half', (7, token[1]))):
        refused(call(email, *arguments), *failed, what)
    for arguments in (None, {}, 'x', 7):
        refused(at('reset/call', email=email, password=NEW,
                   arguments=arguments), *failed, 'arguments %r' % arguments)
    refused(at('reset/call', email=email, password=NEW), *failed,
            'no arguments')
    refused(call(email, *token, password='short'), 400, 'BadRequest',
            'password must be between 6 and 128 characters',
            'a short password')
    equal(http.login(email, OLD).status, 200, 'none of that has set one')
    equal(call(email, *token).status, 204, 'id and token')
    equal([http.login(email, p).status for p in (OLD, NEW)], [401, 200],
          '... set the password')
    refused(call(email, *token), *failed, '... once')
    equal(http.login(other, OLD).status, 200, "nobody else's")


@group
def closed_registration():
    email, id = registered()
    confirmed, _ = person()
    world.restart(registration='closed')
    nobody = 'nobody@example.com'
    for action in ('confirm/send', 'reset/send'):
        got = {(a.status, a.body, tuple(sorted(
            n.lower() for n, _ in a.headers if n.lower() != 'date')))
            for a in (at(action, email=e)
                      for e in (email, confirmed, nobody, 'x', ''))}
        equal([g[:2] for g in got], [(204, b'')],
              action + ': one answer for all addresses')
    for action, words in (('confirm/call', 'confirm user "%s"'),
                          ('reset/call', 'reset password for user "%s"')):
        for e in (email, email.upper(), confirmed, confirmed.upper(), nobody,
                  nobody.upper()):
            body = {'email': e}
            if action == 'reset/call':
                body.update(password=NEW, arguments=['0' * 24, 'A' * 43])
            refused(at(action, **body), 400, 'BadRequest',
                    'failed to ' + words % e, '%s: one answer' % action)
    answer = at('reset/send', email=email)
    contains(''.join(asked(answer)), 'verdict=granted',
             'the administrator sees who was known')
    answer = at('reset/send', email=nobody)
    line = ''.join(asked(answer))
    contains(line, 'verdict=refused reason=unknown', '... and who was not')
    ok(nobody not in line, '... though not what was typed')
    token = hand_out(id, 'reset')
    equal(reset(NEW, *token).status, 204, 'a token that was handed out is good')
    token = hand_out(id, 'confirm')
    equal(at('confirm', tokenId=token[0], token=token[1]).status, 204,
          '... of either kind')
    world.restart(registration='open')


@group
def without_the_provider():
    world.sql('UPDATE app SET providers_off = 4')
    email = 'x@example.com'
    for action in ('confirm', 'confirm/send', 'confirm/call', 'reset',
                   'reset/send', 'reset/call'):
        answer = at(action, email=email, password=NEW, token='A' * 43,
                    tokenId='0' * 24)
        equal((answer.status, answer.code), (404, 'AuthProviderNotFound'),
              action + ' of a provider that is off')
    world.sql('UPDATE app SET providers_off = 0')


@group
def so_many_and_no_more():
    email, id = person()
    world.restart(failed_logins_per_user='3', failed_logins_per_source='8')
    got = [at('reset/send', email=email).status for _ in range(4)]
    equal(got, [204, 204, 204, 429], 'one address of one source')
    equal(at('confirm/send', email=email.upper()).status, 429,
          '... whatever is asked, and however it is written')
    answer = at('reset/send', email=email)
    ok(int(answer.header('Retry-After') or 0) > 0, '... with Retry-After')
    got = [at('reset/send', email=next(EMAILS)).status for _ in range(8)]
    equal(got[-1], 429, 'one source')
    refused_by = [reset(NEW, '0' * 24, 'A' * 43).status,
                  at('confirm', tokenId='0' * 24, token='A' * 43).status,
                  call(email, '0' * 24, 'A' * 43).status]
    equal(refused_by, [429] * 3, '... with tokens too')
    equal(http.login(email, OLD).status, 200, 'who logs in is let in')
    world.restart(failed_logins_per_user='5', failed_logins_per_source='5')
    for n in range(12):
        token = hand_out(id, 'reset')
        if reset('password %d' % n, *token).status != 204:
            break
    equal(n, 11, 'a token that is good costs no try')
    got = [reset(NEW, '0' * 24, 'A' * 43).status for _ in range(6)]
    equal(got, [400] * 5 + [429], '... one that is not does')
    world.restart(failed_logins_per_user='100000',
                  failed_logins_per_source='100000')


@group
def nothing_secret_is_kept():
    email, id = person()
    tid, token = hand_out(id, 'reset')
    reset(NEW, tid, token[:-1] + 'A')
    reset(THIRD, tid, token)
    found = [name for name in (world.log,) if any(
        word in open(name, errors='replace').read()
        for word in (token, OLD, NEW, THIRD))]
    nothing(found, 'neither token nor password is in the log')


main(world)
