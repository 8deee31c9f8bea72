#!/usr/bin/python3 -B
"""Bodies that are not what they must be: refused, whatever is in them.

Wrong types for every field of every request body, broken and hostile JSON,
names that stand twice, SQL in every place that takes text.
"""

import json
import os
import sqlite3
import urllib.parse

from tap import equal, group, main, nothing, ok
from wire import Client, must
from world import STORE, World, cluster

world = World({'registration': 'open'})
http = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
USER = world.add_user(EMAIL, PASSWORD)
ann = http.session(EMAIL, PASSWORD)
KEY = http.new_key(ann, 'k')

AT = http.app + '/auth/providers/'
# Every endpoint with a body: where, a token, a good body, required names.
ENDPOINTS = [
    ('password login', AT + 'local-userpass/login', None,
     {'username': EMAIL, 'password': PASSWORD}, ('username', 'password')),
    ('register', AT + 'local-userpass/register', None,
     {'email': 'new@example.com', 'password': PASSWORD},
     ('email', 'password')),
    ('key login', AT + 'api-key/login', None, {'key': KEY['key']}, ('key',)),
    ('create a key', '/auth/api_keys', ann.refresh, {'name': 'new'},
     ('name',)),
]
WRONG = [None, True, False, 0, 1, -1, 1.5, 10 ** 30, [], {}, '', ['a'],
         {'a': 'b'}, {'$oid': '0' * 24}, [PASSWORD], {'$ne': None},
         {'$gt': ''}]


def refusal(answer, statuses=(400, 401, 409, 413, 415, 422)):
    """What is wrong with a refusal; nothing for a good one."""
    if answer.status not in statuses:
        return '%r' % answer
    if not isinstance(answer.error, str) or not answer.error:
        return 'no readable error: %r' % answer
    return None


def state():
    """What is kept: users, and this user's keys."""
    users = sorted(line for line in world.user('list').stdout.splitlines())
    keys = must(http.keys(ann.refresh), 200).json
    return users, keys


@group
def wrong_types():
    before = state()
    for text, path, token, good, names in ENDPOINTS:
        for name in names:
            found = []
            for value in WRONG:
                answer = http.call('POST', path, dict(good, **{name: value}),
                                   token=token)
                why = refusal(answer)
                if why:
                    found.append('%s %r: %s' % (name, value, why))
            nothing(found, '%s: %s of any other type is refused' % (
                text, name))
            less = {n: v for n, v in good.items() if n != name}
            why = refusal(http.call('POST', path, less, token=token))
            nothing([why] if why else [],
                    '%s: without %s it is refused' % (text, name))
        found = []
        for value in WRONG:
            if value == {}:
                continue
            answer = http.call('POST', path, json.dumps(value).encode(),
                               token=token)
            why = refusal(answer)
            if why:
                found.append('%r: %s' % (value, why))
        nothing(found, text + ': a body that is no such object is refused')
    equal(state(), before, 'nothing was kept of all that')


@group
def options_of_wrong_types():
    """They decide nothing, so they may be refused or overlooked."""
    for text, path, token, good, names in ENDPOINTS[:3:2]:
        found = []
        for value in WRONG:
            for options in (value, {'device': value},
                            {'device': {'deviceId': value}},
                            {'device': {'platform': value}},
                            {'device': {'appId': value}}):
                answer = http.call('POST', path, dict(good, options=options))
                if answer.status not in (200, 400):
                    found.append('%r: %r' % (options, answer))
        nothing(found, text + ': odd options do no harm')


@group
def broken_json():
    before = state()
    for text, path, token, good, names in ENDPOINTS:
        text_of = json.dumps(good)
        name = names[-1]
        value = good[name]
        rows = [
            ('nothing', b''), ('a space', b' '), ('half', text_of[:-1]),
            ('something behind it', text_of + '{}'),
            ('a comma too many', text_of[:-1] + ',}'),
            ('single quotes', text_of.replace('"', "'")),
            ('no quotes', text_of.replace('"', '')),
            ('a comment', '/* x */' + text_of),
            ('a byte order mark', b'\xef\xbb\xbf' + text_of.encode()),
            ('UTF-16', text_of.encode('utf-16')),
            ('a NUL behind it', text_of + '\0'),
            ('a NUL in a value', text_of.replace(value, value + '\0x')),
            ('an escaped NUL', text_of.replace(value, value + '\\u0000x')),
            ('a raw new line', text_of.replace(value, value + '\n')),
            ('bytes that are not UTF-8',
             text_of.encode().replace(value.encode(), b'\xff\xfe')),
            ('an overlong slash',
             text_of.encode().replace(value.encode(), b'\xc0\xaf')),
            ('a lone surrogate', text_of.replace(value, '\\ud800')),
            ('NaN', '{"%s":NaN}' % name), ('Infinity', '{"%s":Infinity}' % name),
            ('01', '{"%s":01}' % name), ('TRUE', '{"%s":TRUE}' % name),
            ('a form', urllib.parse.urlencode(good)),
            ('a name twice', text_of[:-1] + ',"%s":"%s"}' % (name, value)),
            ('a name twice, differing',
             '{"%s":"x",' % name + text_of[1:]),
            ('a name twice, once escaped',
             text_of[:-1] + ',"\\u%04x%s":"x"}' % (ord(name[0]), name[1:])),
            ('depth 17', '{"x":%s0%s,' % ('[' * 17, ']' * 17) + text_of[1:]),
            ('depth 20,000', b'[' * 20000),
            ('depth 20,000 of objects', b'{"a":' * 20000),
        ]
        found = []
        for what, body in rows:
            body = body if isinstance(body, bytes) else body.encode()
            answer = http.call('POST', path, body, token=token)
            why = refusal(answer, (400, 413))
            if why and what == 'an overlong slash' and answer.status == 401:
                why = None
            if why:
                found.append('%s: %s' % (what, why))
        nothing(found, text + ': JSON that is none is refused')
        found = []
        for size in (100_000, 1 << 20):
            for what, body in (
                    ('a value', dict(good, **{name: 'a' * size})),
                    ('a name', dict(good, **{'a' * size: 1})),
                    ('names', dict(good, **{'n%d' % i: i
                                            for i in range(size // 12)}))):
                try:
                    answer = http.call('POST', path, body, token=token)
                except OSError:
                    continue  # hung up on before the end
                why = refusal(answer)
                if why:
                    found.append('%s of %d: %s' % (what, size, why))
        nothing(found, text + ': what is too large is refused')
    equal(state(), before, 'nothing was kept of all that')


SQL = ["'", '"', "' OR '1'='1", "' OR 1=1 --", "'; DROP TABLE api_key;--",
       "x'; DELETE FROM app_user; --", "\\'; DROP TABLE app_user; --",
       "' UNION SELECT * FROM app_user --", '%', '_', '%27', "a'||'b",
       "ann@example.com' --", "ann@example.com'/*", '*/', '\u2019',
       "1; ATTACH DATABASE '/tmp/x' AS x", "'||(SELECT secret FROM identity)||'",
       ") OR (1=1", "?1", ":name", "@name", "$1", "{{7*7}}", "${7*7}",
       '../../etc/passwd', '%00', '%s%s%s%n', '$(id)', '`id`', '|id', '\r\nX: y',
       '<script>alert(1)</script>', '{"$gt":""}', '\u0130', '\ufdfa' * 20]


@group
def sql_everywhere():
    database = os.path.join(world.data, 'userkey.db')

    def tables():
        if STORE == 'postgresql':
            return cluster().sql(
                'SELECT table_name, column_name, data_type FROM'
                ' information_schema.columns WHERE table_schema ='
                ' current_schema() ORDER BY 1, 2', world.settings['database'])
        with sqlite3.connect('file:%s?mode=ro' % database, uri=True) as db:
            return sorted(db.execute('SELECT name, sql FROM sqlite_master'))

    before, before_tables = state(), tables()
    found = []
    for text in SQL:
        # Odd, but an address: it may be taken, as an address.
        for email in (text, text + '@odd.example.com'):
            answer = http.register(email, PASSWORD)
            if answer.status == 201:
                s = http.session(email, PASSWORD)
                must(http.delete_user(s.access), 204)
            elif answer.status not in (400, 409):
                found.append('address %r: %r' % (email, answer))
        path = urllib.parse.quote(text, safe='')
        rows = [
            ('key', http.key_login(text), (401, 400)),
            ('key behind a key', http.key_login(KEY['key'] + text),
             (401, 400)),
            ('email', http.login(text, PASSWORD), (401, 400)),
            ('password', http.login(EMAIL, text), (401, 400)),
            ('name of a key', http.create(ann.refresh, text),
             (400, 409) if text in ('_',) else (400,)),
            ('id of a key', http.key(ann.refresh, path), (404, 400)),
            ('id to delete', http.delete(ann.refresh, path), (404, 400)),
            ('id to disable', http.disable(ann.refresh, path), (404, 400)),
            ('app', http.call('GET', '/app/%s/location' % path), (404, 400)),
            ('provider', http.provider(path, 'login', {}), (404, 400, 401)),
            ('query', http.call('GET', '/auth/api_keys?id=' + path,
                                token=ann.refresh), (200,)),
        ]
        if '\n' not in text and text.isascii():
            rows.append(('token', http.refresh(text), (401, 400)))
        for where, answer, statuses in rows:
            if text == '_' and where == 'name of a key' \
                    and answer.status == 201:
                must(http.delete(ann.refresh, answer.get('_id')), 204)
            elif answer.status not in statuses:
                found.append('%s %r: %r' % (where, text, answer))
    nothing(found, 'SQL and its kin, in every place that takes text')
    equal(state(), before, 'users and keys are as before')
    equal(tables(), before_tables, 'and so are the tables')
    equal(http.key_login(KEY['key']).status, 200, 'the key works')
    if STORE != 'sqlite':
        return
    with sqlite3.connect('file:%s?mode=ro' % database, uri=True) as db:
        equal(db.execute('PRAGMA integrity_check').fetchall(), [('ok',)],
              'the database is whole')


@group
def text_that_is_only_odd():
    """Passwords are bytes of UTF-8: all of them count, as they are."""
    for n, password in enumerate((
            'p\u00e4ssw\u00f6rd', ' spaces around ', '\U0001f511' * 6,
            '"quotes\\and\\more"', "'; DROP TABLE app_user;--", '\u00e9' * 64,
            'tab\tand more', '%00%s%n!')):
        email = 'odd%d@example.com' % n
        equal(http.register(email, password).status, 201,
              'register with %r' % password[:20])
        equal(http.login(email, password).status, 200, 'log in with it')
        for other in (password[:-1], password + ' ', password.upper() + '!',
                      password.strip() + 'x'):
            if http.login(email, other).status != 401:
                ok(False, 'but not with %r' % other)
    decomposed = 'pa\u0308sswo\u0308rd'
    equal(http.login('odd0@example.com', decomposed).status, 401,
          'another spelling in Unicode is another password')


@group
def content_types():
    """A browser's form cannot make a request here without a preflight."""
    body = json.dumps({'key': KEY['key']}).encode()
    for value in ('application/json', 'application/json;charset=utf-8',
                  'application/json; charset=utf-8', 'Application/JSON'):
        equal(http.provider('api-key', 'login', body, headers={
            'Content-Type': value}).status, 200, value + ' is served')


main(world)
