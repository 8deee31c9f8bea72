#!/usr/bin/python3 -B
"""What a browser needs to let a page call us: CORS."""

from tap import equal, group, main, nothing, ok, one_of
from wire import Client, Session, must
from world import World

PAGE = 'https://app.example.com'
SECOND = 'http://localhost:3000'
STRANGER = 'https://evil.example.net'
world = World({'registration': 'open'})
http = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
world.add_user(EMAIL, PASSWORD)
CALLS = [
    ('GET', http.app + '/location'),
    ('POST', http.app + '/auth/providers/local-userpass/register'),
    ('POST', http.app + '/auth/providers/local-userpass/login'),
    ('POST', http.app + '/auth/providers/api-key/login'),
    ('GET', '/auth/profile'), ('POST', '/auth/session'),
    ('DELETE', '/auth/session'), ('DELETE', '/auth/delete'),
    ('POST', '/auth/api_keys'), ('GET', '/auth/api_keys'),
    ('GET', '/auth/api_keys/' + '0' * 24),
    ('PUT', '/auth/api_keys/%s/enable' % ('0' * 24)),
    ('PUT', '/auth/api_keys/%s/disable' % ('0' * 24)),
    ('DELETE', '/auth/api_keys/' + '0' * 24),
]


def words(answer, name):
    return {w.strip().lower()
            for value in answer.all(name) for w in value.split(',')}


def allows(answer, origin):
    """May a page of this origin read the answer?"""
    values = answer.all('Access-Control-Allow-Origin')
    if len(values) > 1:
        return 'two Access-Control-Allow-Origin'
    if values == ['*']:
        return True
    if values == [origin]:
        # Another origin's answer must not come out of a cache.
        return 'origin' in words(answer, 'Vary') or 'no Vary: Origin'
    return False


def preflight(method, path, origin):
    return http.call('OPTIONS', path, headers={
        'Origin': origin, 'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'authorization, content-type'})


def check_page(origin, text):
    """Every call of the API may be made by a page of this origin."""
    for method, path in CALLS:
        answer = preflight(method, path, origin)
        found = []
        if answer.status not in (200, 204):
            found.append('status %d' % answer.status)
        if answer.body:
            found.append('a body')
        if allows(answer, origin) is not True:
            found.append('origin: %r' % (allows(answer, origin),))
        methods = words(answer, 'Access-Control-Allow-Methods')
        if method.lower() not in methods:
            found.append('methods %s' % methods)
        if not {'authorization', 'content-type'} <= words(
                answer, 'Access-Control-Allow-Headers'):
            found.append('headers')
        nothing(found, '%s: preflight of %s %s' % (text, method, path))
    at = {'headers': {'Origin': origin}}
    s = Session(must(http.login(EMAIL, PASSWORD, **at), 200))
    key = must(http.create(s.refresh, 'k', **at), 201).json
    rows = [
        (200, http.location(**at)), (200, http.login(EMAIL, PASSWORD, **at)),
        (401, http.login(EMAIL, 'wrong horse', **at)),
        (401, http.key_login('ukey', **at)),
        (404, http.call('GET', '/app/none/location', **at)),
        (201, http.refresh(s.refresh, **at)), (401, http.refresh('x', **at)),
        (401, http.call('GET', '/auth/api_keys', **at)),
        (400, http.create(s.refresh, 'a b', **at)),
        (409, http.create(s.refresh, 'k', **at)),
        (403, http.keys(http.key_session(key['key']).refresh, **at)),
        (200, http.key(s.refresh, key['_id'], **at)),
        (204, http.disable(s.refresh, key['_id'], **at)),
        (204, http.enable(s.refresh, key['_id'], **at)),
        (204, http.delete(s.refresh, key['_id'], **at)),
        (404, http.delete(s.refresh, key['_id'], **at)),
        (404, http.call('GET', '/nowhere', **at)),
        (400, http.provider('api-key', 'login', b'{', **at)),
        (204, http.logout(s.refresh, **at)),
    ]
    for status, answer in rows:
        equal((answer.status, allows(answer, origin)), (status, True),
              '%s: an answer %d can be read' % (text, status))
        ok(not answer.all('Access-Control-Allow-Credentials'),
           '... and is for nobody who brings cookies')


@group
def listed_origins():
    world.restart(allowed_origins='%s %s' % (PAGE, SECOND))
    check_page(PAGE, 'a listed origin')
    check_page(SECOND, 'the second one')


@group
def other_origins():
    s = http.session(EMAIL, PASSWORD)
    for origin in (STRANGER, 'null', PAGE + '.evil.net', PAGE + ':444',
                   PAGE.replace('https', 'http'), PAGE.upper() + '/', '*',
                   'https://app.example.co', '%s %s' % (PAGE, STRANGER)):
        answers = [preflight('POST', '/auth/api_keys', origin),
                   http.location(headers={'Origin': origin}),
                   http.login(EMAIL, PASSWORD, headers={'Origin': origin})]
        nothing([a.headers for a in answers if allows(a, origin) is True or
                 a.all('Access-Control-Allow-Origin') not in ([], [PAGE])],
                'a page of %s may not read' % origin)
        done = [http.call('GET', '/auth/profile', token=s.access,
                          headers={'Origin': origin}),
                http.call('POST', '/auth/api_keys', {'name': 'theirs'},
                          token=s.refresh, headers={'Origin': origin})]
        equal([answer.status for answer in done], [403, 403],
              'with a session it is turned away')
    nowhere = '/app/nobody-s/auth/providers/api-key/login'
    equal([preflight('POST', nowhere, origin).status
           for origin in (STRANGER, PAGE)], [403, 204],
          'for an app that is not there, the list of the server holds')
    equal(http.call('GET', '/auth/api_keys', token=s.refresh).json, [],
          'and nothing was done for any')
    equal(http.location().all('Access-Control-Allow-Origin') == ['*'], False,
          'a list of origins is never answered with a star')


@group
def any_origin():
    world.restart(allowed_origins='*')
    check_page(STRANGER, 'any origin')
    check_page('null', 'a page without an origin')


@group
def no_origin():
    """A client that is no browser sends no Origin."""
    world.restart(allowed_origins=PAGE)
    equal(http.login(EMAIL, PASSWORD).status, 200, 'no Origin: served')
    answer = http.call('OPTIONS', '/auth/api_keys')
    one_of(answer.status, (200, 204, 400, 404, 405),
           'OPTIONS that is no preflight is answered')


main(world)
