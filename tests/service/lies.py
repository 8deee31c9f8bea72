"""The catalogue of wrong answers that an auth service could give.

Each lie has a name, the call that it is told to ('login' and 'profile' for
agent and tool; 'list' and 'create' of keys for the tool), what it does with
the connection, and the words with which an agent may end: a verdict
('refused'), a failure ('bad-answer'), or 'timeout:answer'.  'granted' stands
only where the answer is right after all.
"""

import gzip
import json
import struct
import socket
import sys
import time

sys.dont_write_bytecode = True

from wire import checksum, unpad

BAD = ('bad-answer',)
LATE = ('timeout:answer',)
CUT = ('bad-answer', 'unreachable')
USER = '64f0c0ffee0123456789abcd'
OTHER = '64f0c0ffee0123456789dcba'
EMAIL = 'ann@example.com'
OTHER_EMAIL = 'root@example.com'
HOLD = 60  # seconds that a hanging answer hangs


class Lie:
    def __init__(self, at, act, words, emails=None, retry=None):
        self.at = at
        self.act = act          # act(sock) -> keep the connection?
        self.words = words
        self.emails = emails    # addresses that may be reported, if granted
        self.retry = retry      # most seconds of Retry-After


LIES = {}


def add(name, at, act, words, **more):
    assert name not in LIES, name
    if isinstance(act, bytes):
        data = act

        def act(sock):
            sock.sendall(data)
            return True
    LIES[name] = Lie(at, act, words, **more)


# What is true.

def token(typ='access', sub=USER, **more):
    claims = dict({'typ': typ, 'sub': sub, 'iat': 1700000000,
                   'exp': 4000000000}, **more)
    return raw_token(json.dumps(claims).encode())


def raw_token(claims):
    return '%s.%s.%s' % (unpad(b'{"alg":"HS256","typ":"JWT"}'), unpad(claims),
                         unpad(b's' * 32))


def login_body(**more):
    return dict({'access_token': token(), 'refresh_token': token('refresh'),
                 'user_id': USER, 'device_id': '0' * 24}, **more)


def identity(email=EMAIL, confirmed=True, provider='local-userpass'):
    return {'id': '1' * 24, 'provider_type': provider, 'provider_id': '2' * 24,
            'provider_data': {'email': email, 'confirmed': confirmed}}


def profile_body(**more):
    return dict({'user_id': USER, 'domain_id': '3' * 24, 'data': {},
                 'identities': [identity()], 'type': 'normal'}, **more)


def answer(body=b'', status='200 OK', type='application/json', lines=(),
           length=None, version='HTTP/1.1'):
    """An answer as bytes; each part can be made wrong."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    head = ['%s %s' % (version, status), *lines]
    if type:
        head.append('Content-Type: ' + type)
    if length is None:
        head.append('Content-Length: %d' % len(body))
    elif length != '':
        head.append('Content-Length: %s' % length)
    return '\r\n'.join(head).encode('latin-1') + b'\r\n\r\n' + body


def key_body(**more):
    return dict({'_id': '4' * 24, 'name': 'first', 'disabled': False}, **more)


def new_key_body(**more):
    text = 'ukey' + 'Created9Key' * 4 + 'abcdefghij'
    return dict(key_body(), **dict({'key': text + checksum(text)}, **more))


TRUTH = {'login': login_body, 'profile': profile_body,
         'list': lambda: [key_body()], 'create': new_key_body}


# JSON that is not what it must be, in the fields of a login and a profile.

WRONG_TYPES = {'null': None, 'true': True, 'number': 5, 'float': 1.5,
               'array': [USER], 'object': {'$oid': USER}, 'empty': ''}


def add_fields():
    for name in ('access_token', 'refresh_token', 'user_id'):
        less = login_body()
        del less[name]
        add('login-without-' + name, 'login', answer(less), BAD)
        for kind, value in WRONG_TYPES.items():
            add('login-%s-is-%s' % (name, kind), 'login',
                answer(login_body(**{name: value})), BAD)
    for name in ('user_id', 'identities'):
        less = profile_body()
        del less[name]
        add('profile-without-' + name, 'profile', answer(less), BAD)
        for kind, value in WRONG_TYPES.items():
            if (name, kind) != ('identities', 'array'):
                add('profile-%s-is-%s' % (name, kind), 'profile',
                    answer(profile_body(**{name: value})), BAD)
    less = login_body()
    del less['device_id']
    add('login-without-device_id', 'login', answer(less),
        ('granted', 'bad-answer'))


def add_persons():
    add('another-user', 'login', answer(login_body(user_id=OTHER)), BAD)
    add('another-subject', 'login',
        answer(login_body(access_token=token(sub=OTHER))), BAD)
    add('profile-of-another', 'profile', answer(profile_body(user_id=OTHER)),
        BAD)
    for name, value in (
            ('space', USER + ' '), ('new-line', USER + '\n'),
            ('path', '../../etc/passwd'), ('65', 'a' * 65),
            ('capitals', USER.upper()), ('colon', 'root:0'),
            ('latin', USER[:-1] + '\u00e0'), ('zero-width', USER + '\u200b'),
            ('nul', USER + '\0x')):
        # Capitals are another id than the token's subject.
        add('user-id-with-' + name, 'login',
            answer(login_body(user_id=value)), BAD)
        if name != 'capitals':
            add('both-ids-with-' + name, 'login', answer(login_body(
                user_id=value, access_token=token(sub=value))), BAD)
    claims = json.dumps({'sub': USER, 'iat': 1, 'exp': 4000000000})
    for name, value in (
            ('no-subject', raw_token(b'{"iat":1,"exp":4000000000}')),
            ('subject-number', token(sub=5)), ('subject-null', token(sub=None)),
            ('subject-array', token(sub=[USER])),
            ('subject-twice', raw_token(
                (claims[:-1] + ', "sub": "%s"}' % OTHER).encode())),
            ('subject-twice-turned', raw_token(
                ('{"sub": "%s", ' % OTHER + claims[1:]).encode())),
            ('subject-nul', token(sub=USER + '\0')),
            ('no-claims', raw_token(b'')), ('claims-array', raw_token(b'[]')),
            ('claims-text', raw_token(b'"%s"' % USER.encode())),
            ('claims-no-json', raw_token(b'{')),
            ('claims-deep', raw_token(b'{"a":' * 100 + b'1' + b'}' * 100)),
            ('claims-not-utf8', raw_token(b'{"sub":"\xff\xfe"}')),
            ('one-part', 'abc'), ('two-parts', token().rpartition('.')[0]),
            ('four-parts', token() + '.x'), ('no-base64', 'a.$$$$.c'),
            ('empty-parts', '..'), ('spaces', token().replace('.', ' .')),
            ('new-line', token() + '\nX-Injected: 1'),
            ('too-long', token(pad='x' * 20000))):
        add('token-' + name, 'login',
            answer(login_body(access_token=value)), BAD)
    add('refresh-token-new-line', 'login', answer(
        login_body(refresh_token=token('refresh') + '\r\nX-Injected: 1')), BAD)


def twice(body, name, value):
    """The object as text, with one name standing in it twice."""
    return (json.dumps(body)[:-1] + ', "%s": %s}' % (
        name, json.dumps(value))).encode()


def add_texts():
    """Bodies that a strict parser refuses; the same for both calls."""
    for at, body, name in (('login', login_body(), 'user_id'),
                           ('profile', profile_body(), 'user_id')):
        text = json.dumps(body).encode()
        rows = {
            'empty': b'', 'space': b' ', 'null': b'null', 'true': b'true',
            'text': b'"%s"' % USER.encode(), 'number': b'1',
            'array': b'[%s]' % text, 'two': text + text,
            'garbage-behind': text + b'x', 'cut': text[:-2],
            'comma': text[:-1] + b',}', 'comment': b'/* */' + text,
            'bom': b'\xef\xbb\xbf' + text, 'utf16': text.decode().encode(
                'utf-16'), 'single-quotes': text.replace(b'"', b"'"),
            'nan': text[:-1] + b', "x": NaN}',
            'raw-control': text.replace(USER.encode(), USER.encode() + b'\n'),
            'raw-nul': text.replace(USER.encode(), USER.encode() + b'\0'),
            'nul-behind': text + b'\0', 'escaped-nul': text.replace(
                USER.encode(), USER.encode() + b'\\u0000'),
            'not-utf8': text[:-1] + b', "x": "\xff"}',
            'surrogate': text[:-1] + b', "x": "\\ud800"}',
            'twice-same': twice(body, name, USER),
            'twice-other': twice(body, name, OTHER),
            'twice-other-first': b'{"%s": "%s", ' % (
                name.encode(), OTHER.encode()) + text[1:],
            'twice-escaped': twice(body, '\\u0075ser_id', OTHER),
            'twice-elsewhere': text[:-1] + b', "x": {"y": 1, "y": 2}}',
            'deep': text[:-1] + b', "x": ' + b'[' * 1000 + b']' * 1000 + b'}',
            'deep-objects': b'{"a":' * 10000, 'deep-arrays': b'[' * 30000,
            'huge': text[:-1] + b', "x": "' + b'a' * 70000 + b'"}',
        }
        for kind, data in rows.items():
            add('%s-json-%s' % (at, kind), at, answer(data), BAD)


def add_emails():
    """What must not count as a confirmed address."""
    def lie(name, identities, emails=(), words=('granted', 'bad-answer'),
            **more):
        add('email-' + name, 'profile', answer(profile_body(
            identities=identities, **more)), words, emails=list(emails))

    lie('of-data', [], data={'email': OTHER_EMAIL, 'confirmed': True})
    lie('unconfirmed', [identity(OTHER_EMAIL, False)])
    lie('confirmed-text', [identity(OTHER_EMAIL, 'true')])
    lie('confirmed-one', [identity(OTHER_EMAIL, 1)])
    lie('confirmed-null', [identity(OTHER_EMAIL, None)])
    lie('confirmed-array', [identity(OTHER_EMAIL, [True])])
    lie('of-another-provider', [identity(OTHER_EMAIL, True, 'custom-token')])
    lie('of-a-provider-in-capitals',
        [identity(OTHER_EMAIL, True, 'LOCAL-USERPASS')])
    lie('of-a-key', [identity(OTHER_EMAIL, True, 'api-key')])
    one = identity(OTHER_EMAIL)
    lie('beside-provider-data', [dict(one, provider_data={},
                                      email=OTHER_EMAIL, confirmed=True)])
    lie('provider-data-text', [dict(one, provider_data=OTHER_EMAIL)])
    lie('provider-data-array', [dict(one, provider_data=[OTHER_EMAIL, True])])
    lie('number', [identity(5)])
    lie('array', [identity([OTHER_EMAIL])])
    lie('identity-text', [OTHER_EMAIL])
    lie('identity-null', [None])
    lie('identity-array', [[identity(OTHER_EMAIL)]])
    for name, value in (('nul', OTHER_EMAIL + '\0x'), ('space', ' ' +
                        OTHER_EMAIL), ('new-line', OTHER_EMAIL + '\n'),
                        ('two-ats', 'a@b@example.com'), ('no-at', 'root'),
                        ('control', 'a\x1b[31m@example.com'),
                        ('unicode', 'ro\u200bot@example.com'),
                        ('too-long', 'a' * 250 + '@example.com')):
        lie('with-' + name, [identity(value)])
    lie('many', [identity('n%d@example.com' % n) for n in range(100)],
        ['n%d@example.com' % n for n in range(100)])


# HTTP that is not what it must be; told to either call.

def add_http(at):
    true = TRUTH[at]()
    text = json.dumps(true).encode()
    good = answer(true)

    def lie(name, act, words=BAD, **more):
        add('%s-%s' % (at, name), at, act, words, **more)

    lie('type-html', answer(b'<html>logged in</html>', type='text/html'))
    lie('type-html-with-json', answer(text, type='text/html'))
    lie('type-text', answer(text, type='text/plain'))
    lie('type-none', answer(text, type=None))
    lie('type-twice', answer(text, lines=['Content-Type: text/html']))
    lie('type-charset', answer(text, type='application/json; charset=utf-8'),
        ('granted', 'bad-answer'))
    for status in ('202 Accepted', '203 Other', '205 Reset',
                   '206 Partial Content', '207 Multi', '226 IM Used',
                   '299 What'):
        lie('status-' + status[:3], answer(true, status))
    lie('status-204', answer(b'', '204 No Content', None, length=''))
    lie('status-204-with-body', answer(true, '204 No Content'))
    lie('status-304', answer(b'', '304 Not Modified', None, length=''))
    for status in ('000 x', '099 x', '600 x', '999 x', '20 OK', '2000 OK',
                   '-200 OK', '2OO OK', '', '200OK', '0200 OK', '101 Switch'):
        lie('status-line-%s' % (status or 'empty').split()[0],
            answer(true, status), BAD if status != '101 Switch' else
            BAD + CUT + LATE)
    for version in ('HTTP/1.0', 'HTTP/0.9', 'HTTP/9.9', 'HTTP/3', 'http/1.1',
                    'ICY', 'HTTPS/1.1', 'HTTP/1.10'):
        lie('version-' + version.replace('/', '-'),
            answer(true, version=version), CUT)
    lie('bare-body', text, CUT)
    lie('status-line-only', b'HTTP/1.1 200 OK\r\n\r\n', CUT + LATE)
    for status, to in (('301 Moved', 'itself'), ('302 Found', 'itself'),
                       ('303 See Other', 'itself'), ('307 Temporary', 'itself'),
                       ('308 Permanent', 'itself')):
        lie('redirect-%s' % status[:3], redirect(status, true))
    lie('gzip', answer(gzip.compress(text), lines=['Content-Encoding: gzip']))
    lie('gzip-plain', answer(text, lines=['Content-Encoding: gzip']))
    lie('gzip-bomb', answer(gzip.compress(b'a' * (1 << 26)),
                            lines=['Content-Encoding: gzip']))
    lie('transfer-gzip', answer(gzip.compress(text), length='', lines=[
        'Transfer-Encoding: gzip, chunked']))
    lie('no-length', close_after(answer(text, length='')))
    lie('no-length-open', answer(text, length=''), BAD + LATE)
    lie('truncated', close_after(answer(text, length=len(text) + 5)), CUT)
    lie('truncated-head', close_after(good[:40]), CUT)
    lie('short-length', answer(text, length=len(text) - 5), CUT)
    lie('length-zero', answer(text, length=0), CUT)
    for name, length in (('negative', '-1'), ('plus', '+%d' % len(text)),
                         ('text', 'many'), ('float', '1.5'), ('list', '%d, %d'
                         % (len(text), len(text))), ('hex', '0x10'),
                         ('overflow', '18446744073709551617'),
                         ('10-gb', '10000000000')):
        lie('length-' + name, answer(text, length=length), BAD + LATE)
    lie('length-twice', answer(text, lines=['Content-Length: 1']))
    lie('length-and-chunks', answer(text, lines=['Transfer-Encoding: chunked']))
    chunked = answer(length='', lines=['Transfer-Encoding: chunked'])
    whole = b'%x\r\n%s\r\n0\r\n\r\n' % (len(text), text)
    lie('chunks', chunked + whole, ('granted',))
    lie('chunks-unfinished', close_after(chunked + whole[:-5]), CUT)
    lie('chunks-bad-size', chunked + b'zz\r\n' + text, CUT)
    lie('chunks-overflow', chunked + b'ffffffffffffffff1\r\n' + text, CUT + LATE)
    lie('chunks-trailer', chunked + whole[:-2] + b'Content-Length: 0\r\n\r\n',
        ('granted', 'bad-answer'))
    lie('chunks-endless', endless(chunked, b'8\r\n        \r\n'))
    lie('body-endless', endless(answer(length=10 ** 10), b' ' * 4096))
    lie('head-endless', endless(b'HTTP/1.1 200 OK\r\n', b'X-A: b\r\n' * 64),
        CUT)
    # libcurl 7.88 has no other word for a line over 100 KiB.
    lie('head-line-endless', endless(b'HTTP/1.1 200 OK\r\nX-A: ', b'a' * 4096),
        CUT + ('no-memory',))
    lie('head-large', answer(true, lines=['X-A: ' + 'a' * 60000]), CUT)
    lie('interim-one', b'HTTP/1.1 100 Continue\r\n\r\n' + good,
        ('granted', 'bad-answer'))
    lie('interim-endless', endless(b'', b'HTTP/1.1 100 Continue\r\n\r\n'), CUT)
    lie('interim-early-hints-endless', endless(
        b'', b'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'), CUT)
    lie('head-nul', answer(true, lines=['X-A: a\0b']), CUT)
    lie('head-control', answer(true, lines=['X-A: a\x01b']))
    lie('head-folded', answer(true, lines=['X-A: a', ' b']),
        ('granted', 'bad-answer'))
    lie('head-no-colon', answer(true, lines=['bogus']), CUT)
    lie('head-space-colon', answer(true, lines=['Content-Length : 1']), CUT)
    lie('drip', drip(good), LATE)
    lie('drip-body', drip(good, good.index(b'\r\n\r\n') + 6), LATE)
    lie('hang', hang(b''), LATE)
    lie('hang-in-head', hang(b'HTTP/1.1 200 OK\r\nContent-'), LATE)
    lie('hang-before-body', hang(good[:-len(text)]), LATE)
    lie('hang-in-body', hang(good[:-3]), LATE)
    lie('close', close_after(b''), ('unreachable', 'bad-answer'))
    lie('reset', reset, ('unreachable', 'bad-answer'))
    lie('garbage', b'\x00\xff\x13\x37' * 100, CUT)
    lie('ssh', close_after(b'SSH-2.0-OpenSSH_9.2\r\n'), CUT)
    for status in ('500 Oops', '502 Bad Gateway', '504 Late', '418 Teapot'):
        lie('status-' + status[:3], answer(
            {'error': 'sorry', 'error_code': 'InternalServerError'}, status))
    lie('status-500-with-truth', answer(true, '500 Oops'))
    lie('status-502-html', answer(b'<h1>502</h1>', '502 Bad', 'text/html'))
    lie('status-503', answer({'error': 'x'}, '503 Busy',
                             lines=['Retry-After: 5']),
        BAD + ('throttled',))
    lie('status-400', answer({'error': 'x', 'error_code': 'BadRequest'},
                             '400 Bad'))
    lie('status-404', answer(
        {'error': "cannot find app using Client App ID 'x'"}, '404 None'))
    lie('status-404-html', answer(b'<h1>404</h1>', '404 None', 'text/html'))


def add_refusals():
    """A no that is no proper no is a no, or nothing; never a yes."""
    def no(name, body, words, status='401 Unauthorized', **more):
        add('login-no-' + name, 'login', answer(body, status, **more), words)

    auth = {'error': 'unauthorized', 'error_code': 'AuthError',
            'link': 'http://127.0.0.1/logs?co_id=1'}
    no('plain', auth, ('refused',))
    no('old-text', dict(auth, error='invalid API key'), ('refused',))
    no('disabled-user', dict(auth, error_code='UserDisabled'),
       ('user-disabled',))
    no('invalid-session', dict(auth, error_code='InvalidSession'),
       ('refused', 'bad-answer'))
    no('other-code', dict(auth, error_code='Whatever'),
       ('refused', 'bad-answer'))
    no('without-code', {'error': 'unauthorized'}, ('refused', 'bad-answer'))
    no('code-number', dict(auth, error_code=5), ('refused', 'bad-answer'))
    no('code-nul', dict(auth, error_code='AuthError\0'),
       ('refused', 'bad-answer'))
    no('code-log', dict(auth, error_code='x\nsshd: Accepted key for root'),
       ('refused', 'bad-answer'))
    no('code-long', dict(auth, error_code='x' * 5000),
       ('refused', 'bad-answer'))
    no('with-truth', login_body(), ('refused', 'bad-answer'))
    no('with-both', dict(login_body(), **auth), ('refused', 'bad-answer'))
    no('empty', b'', ('refused', 'bad-answer'), type=None)
    no('empty-object', {}, ('refused', 'bad-answer'))
    no('array', [], ('refused', 'bad-answer'))
    no('half', b'{"error":', ('refused', 'bad-answer'))
    no('html', b'<h1>401</h1>', ('bad-answer',), type='text/html')
    no('403', b'', ('refused', 'bad-answer'), '403 Forbidden', type=None)
    no('403-with-truth', login_body(), ('refused', 'bad-answer'),
       '403 Forbidden')
    no('200-with-error', dict(auth), ('bad-answer',), '200 OK')
    no('200-with-both', dict(login_body(), **auth), ('bad-answer',), '200 OK')
    no('www-authenticate', auth, ('refused',),
       lines=['WWW-Authenticate: Basic realm="x"'])
    no('negotiate', auth, ('refused',), lines=['WWW-Authenticate: Negotiate'])
    # An administrator has turned the keys off; a 404 alone may be anybody's.
    off = dict(auth, error_code='AuthProviderNotFound')
    no('off', off, ('refused',), '404 Not Found')
    no('off-without-code', {'error': 'not found'}, BAD, '404 Not Found')
    no('off-other-code', dict(auth, error_code='UserNotFound'), BAD,
       '404 Not Found')
    no('off-with-key-code', auth, BAD, '404 Not Found')
    no('off-400', off, BAD, '400 Bad Request')
    no('off-500', off, BAD, '500 Oops')
    no('off-with-truth', dict(login_body(), **off), ('refused',),
       '404 Not Found')
    no('off-html', json.dumps(off).encode(), BAD, '404 Not Found',
       type='text/html')
    no('407', auth, ('bad-answer',), '407 Proxy',
       lines=['Proxy-Authenticate: Basic realm="x"'])
    no('cookie', auth, ('refused',), lines=['Set-Cookie: a=b'])
    no_session = {'error': 'invalid session', 'error_code': 'InvalidSession'}
    add('profile-no-session', 'profile', answer(no_session, '401 Over'),
        ('refused', 'bad-answer'))
    add('profile-no-403', 'profile', answer(b'', '403 No', None),
        ('refused', 'bad-answer'))
    add('profile-no-user', 'profile', answer(dict(
        no_session, error_code='UserDisabled'), '401 Over'),
        ('refused', 'user-disabled', 'bad-answer'))


def add_throttles():
    for name, line, most in (
            ('none', None, 0), ('seconds', '7', 7), ('zero', '0', 0),
            ('date', 'Fri, 31 Dec 2100 23:59:59 GMT', 10 ** 9),
            ('old-date', 'Fri, 31 Dec 1999 23:59:59 GMT', 0),
            ('absurd', '99999999999999999999', 10 ** 9),
            ('year-3000', '31556952000', 10 ** 9), ('negative', '-5', 0),
            ('float', '1.5', 10 ** 9), ('text', 'soon', 0),
            ('list', '5, 6', 10 ** 9), ('no-value', '', 0)):
        lines = [] if line is None else ['Retry-After: ' + line]
        add('throttled-' + name, 'login', answer(
            {'error': 'slow down'}, '429 Too Many Requests', lines=lines),
            ('throttled',), retry=most)
    add('throttled-twice', 'login', answer(
        {'error': 'slow down'}, '429 Too Many',
        lines=['Retry-After: 5', 'Retry-After: 9']), ('throttled',), retry=9)
    add('throttled-empty', 'login', answer(
        b'', '429 Too Many', None), ('throttled', 'bad-answer'))
    add('throttled-html', 'login', answer(
        b'<h1>429</h1>', '429 Too Many', 'text/html'),
        ('throttled', 'bad-answer'))
    add('throttled-with-truth', 'login', answer(
        login_body(), '429 Too Many'), ('throttled',))


def add_pairs():
    """Two answers to one question: the second must not answer the next."""
    no = answer({'error': 'unauthorized', 'error_code': 'AuthError'},
                '401 Unauthorized')
    yes = answer(login_body())
    other = answer(profile_body(identities=[identity(OTHER_EMAIL)]))
    add('no-then-yes', 'login', no + yes, ('refused',))
    add('yes-then-no', 'login', yes + no, ('granted', 'bad-answer'),
        emails=[EMAIL])
    add('yes-then-a-profile', 'login', yes + other,
        ('granted', 'bad-answer'), emails=[EMAIL])
    add('yes-and-garbage', 'login', yes + b'garbage',
        ('granted', 'bad-answer', 'unreachable'), emails=[EMAIL])


ODD_TEXTS = {'null': None, 'number': 5, 'array': ['a'], 'object': {},
             'empty': '', 'escape': 'a\x1b[31mred', 'new-line': 'a\nb',
             'nul': 'a\0b', 'tab': 'a\tb', 'unicode': '\u202eevil',
             'long': 'a' * 60000}


def add_keys():
    """What a tool must neither show nor believe."""
    for name in ('_id', 'name', 'disabled'):
        less = key_body()
        del less[name]
        add('list-without-' + name, 'list', answer([less]), BAD)
        for kind, value in ODD_TEXTS.items():
            add('list-%s-is-%s' % (name, kind), 'list',
                answer([key_body(**{name: value})]), BAD)
    for kind, body in (('object', {}), ('null', None), ('text', 'x'),
                       ('of-texts', ['x']), ('of-null', [None]),
                       ('of-arrays', [[]]), ('too-many', [
                           key_body(_id='%024x' % n, name='n%d' % n)
                           for n in range(400)])):
        add('list-' + kind, 'list', answer(body), BAD)
    less = new_key_body()
    del less['key']
    add('create-without-key', 'create', answer(less, '201 Created'), BAD)
    for kind, value in ODD_TEXTS.items():
        add('create-key-is-' + kind, 'create',
            answer(new_key_body(key=value), '201 Created'), BAD)
    add('create-another-name', 'create',
        answer(new_key_body(name='other'), '201 Created'), BAD)
    add('create-disabled', 'create',
        answer(new_key_body(disabled=True), '201 Created'), BAD)
    add('create-empty', 'create', answer(b'', '201 Created', None), BAD)
    for status in ('200 OK', '202 Accepted', '206 Partial'):
        add('create-status-' + status[:3], 'create',
            answer(new_key_body(), status),
            BAD if status[:3] != '200' else ('granted', 'bad-answer'))
    for at in ('list', 'create'):
        good = answer(TRUTH[at](), '201 Created' if at == 'create' else
                      '200 OK')
        add(at + '-hang', at, hang(good[:-5]), LATE)
        add(at + '-cut', at, close_after(good[:-5]), CUT)
        add(at + '-html', at, answer(b'<h1>x</h1>', type='text/html'), BAD)
        add(at + '-no-403', at, answer(b'', '403 Forbidden', None),
            ('denied',))
        add(at + '-no-session', at, answer(
            {'error': 'invalid session', 'error_code': 'InvalidSession'},
            '401 Unauthorized'), ('not-logged-in',))
        add(at + '-no-escape', at, answer(
            {'error': 'a\x1b[31mred\r\nb', 'error_code': 'x\x1b[31m'},
            '400 Bad'), BAD)


# What is done with the connection.

def close_after(data):
    def act(sock):
        sock.sendall(data)
        return False
    return act


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack('ii', 1, 0))
    return False


def hang(data):
    def act(sock):
        sock.sendall(data)
        sock.settimeout(HOLD)
        try:
            sock.recv(1)
        except OSError:
            pass
        return False
    return act


def drip(data, at_once=0):
    """A byte every fifth of a second."""
    def act(sock):
        sock.sendall(data[:at_once])
        end = time.monotonic() + HOLD
        for byte in data[at_once:]:
            sock.sendall(bytes([byte]))
            time.sleep(0.2)
            if time.monotonic() > end:
                break
        return False
    return act


def endless(data, more):
    """Until the other side hangs up; at most 64 MiB."""
    def act(sock):
        sock.sendall(data)
        for _ in range((64 << 20) // len(more)):
            sock.sendall(more)
        return False
    return act


def redirect(status, true):
    """To the same address: whoever follows comes to /elsewhere."""
    def act(sock):
        host, port = sock.getsockname()[:2]
        sock.sendall(answer(true, status, lines=[
            'Location: %s://%s:%d/elsewhere' % (
                'https' if hasattr(sock, 'version') else 'http', host, port)]))
        return True
    return act


add_fields()
add_persons()
add_texts()
add_emails()
add_http('login')
add_http('profile')
add_refusals()
add_throttles()
add_pairs()
add_keys()
