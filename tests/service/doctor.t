#!/usr/bin/python3 -B
"""userkey doctor --root: whole systems that are wrong in one way each, and what
is said about them."""

import atexit
import json
import os
import pathlib
import pty
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import time

from tap import contains, equal, group, main, nothing, ok

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.path.abspath(os.environ.get('B', str(ROOT / 'build')))
TOOL = os.path.join(BUILD, 'userkey')
atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True))
folder = tempfile.mkdtemp(prefix='userkey-doctor-', dir='/tmp')

CONF = '''service_url = https://auth.example.com
app_id = app-1
agent_program = /usr/libexec/userkey-agent
'''
USERS = 'alice id:64f0c0ffee0123456789abcd\n'
PASSWD = 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n'
SSHD = 'UsePAM yes\nKbdInteractiveAuthentication yes\n'
SUDOERS = 'Defaults env_reset, timestamp_timeout=0\nroot ALL=(ALL) ALL\n'
COMMON = 'account required pam_unix.so\n'
EXAMPLES = ROOT / 'conf/pam.d'
GOOD_ACCOUNT = ('account [success=ok ignore=ignore service_err=ignore '
                'module_unknown=ignore default=bad] pam_userkey.so\n' + COMMON)


class System:
    """A folder that looks like a machine with everything right."""

    def __init__(self, **files):
        self.root = pathlib.Path(tempfile.mkdtemp(dir=folder))
        os.chmod(self.root, 0o755)
        for name in ('userkey', 'sshd', 'sudo', 'su', 'login'):
            self.write(f'/etc/pam.d/{name}', (EXAMPLES / name).read_text())
        for name, text in {
                '/etc/pam.d/sudo-i': '@include sudo\n',
                '/etc/pam.d/su-l': '@include su\n',
                '/etc/pam.d/common-account': COMMON,
                '/etc/pam.d/common-session': 'session required pam_unix.so\n',
                '/etc/pam.d/common-session-noninteractive':
                    'session required pam_unix.so\n',
                '/etc/pam.d/common-password': 'password required pam_unix.so\n',
                '/etc/pam.d/other': 'auth required pam_deny.so\n'
                                    'account required pam_deny.so\n',
                '/etc/userkey/userkey.conf': CONF,
                '/etc/userkey/users': USERS,
                '/etc/passwd': PASSWD,
                '/etc/ssh/sshd_config': SSHD,
                '/etc/sudoers': SUDOERS,
                '/usr/lib/security/pam_unix.so': '',
                '/usr/lib/security/pam_userkey.so': '',
                '/usr/libexec/userkey-agent': ''}.items():
            self.write(name, text)
        os.chmod(self.path('/usr/libexec/userkey-agent'), 0o755)

    def path(self, name):
        return self.root / name.lstrip('/')

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.chmod(path, mode)

    def doctor(self, *argv):
        return subprocess.run(
            [TOOL, 'doctor', '--root', str(self.root), *argv],
            capture_output=True, text=True, timeout=60, env={})

    def findings(self, *argv):
        """The status, and "check grade: what" of what is not in order."""
        done = self.doctor('--json', *argv)
        answer = json.loads(done.stdout)
        found = [f'{f["check"]} {f["grade"]}: {f["what"]}'.replace(
            str(self.root), '') for f in answer['findings']]
        self.answer = answer
        return done.returncode, [line for line in found
                                 if ' ok: ' not in line
                                 and ' unseen: ' not in line]


def expect(name, system, wanted, status=None):
    """These findings, each by words in it, and no others."""
    code, found = system.findings()
    left = list(found)
    missing = []
    for words in wanted:
        hit = [line for line in left if words in line]
        if hit:
            left.remove(hit[0])
        else:
            missing.append(words)
    if status is None:
        status = 1 if any(' error: ' in line for line in found) else 0
    ok(not missing and not left and code == status, name,
       *[f'missing: {m}' for m in missing], *[f'beside: {b}' for b in left],
       f'status {code}, wanted {status}')
    for finding in system.answer['findings']:
        if finding['grade'] in ('warning', 'error') and not (
                finding['why'] or finding['mend']):
            ok(False, f'{name}: says why or what to do', finding)


def file_case(name, path, text, wanted, mode=0o644):
    system = System()
    system.write(path, text, mode)
    expect(name, system, wanted)


@group
def right():
    system = System()
    expect('everything right: nothing to say', system, [], 0)
    equal(sorted({f['check'] for f in system.answer['findings']}),
          ['agent', 'confinement', 'module', 'pam', 'service', 'settings',
           'sshd', 'sudo', 'users'], 'every check has said something')
    equal([system.answer[k] for k in ('errors', 'warnings')], [0, 0],
          'and the numbers are 0')
    ok(all(set(f) == {'check', 'grade', 'what', 'why', 'mend'}
           for f in system.answer['findings']), 'the members are those of the '
       'manual')
    plain = system.doctor()
    ok(all(line.count('\t') == 4 for line in plain.stdout.splitlines()),
       'not on a terminal: five columns with tabs')
    contains(plain.stderr, 'nothing is wrong, as far as can be seen',
             'the sum is on standard error')


@group
def settings():
    file_case('no app_id', '/etc/userkey/userkey.conf',
              'service_url = https://a.example\n',
              ["settings error: '/etc/userkey/userkey.conf'"])
    file_case('http', '/etc/userkey/userkey.conf',
              CONF.replace('https://auth.example.com', 'http://127.0.0.1:1') +
              'insecure_http = yes\n', ['settings warning: ' "'insecure_http'"])
    system = System()
    system.path('/etc/userkey/userkey.conf').unlink()
    expect('no settings', system, ['settings error: reading the configuration'])
    file_case('users file broken', '/etc/userkey/users', 'alice bob\n',
              ["users error: who may log in ('users_file'): "
               "'/etc/userkey/users':1"])
    file_case('an account that is not there', '/etc/userkey/users',
              USERS + '# one more\nghost id:b\n',
              ["users warning: '/etc/userkey/users':3: there is no account "
               "'ghost'"])
    file_case('a system account, and root', '/etc/userkey/users',
              USERS + 'root id:r\nlow id:l\n',
              ["users warning: '/etc/userkey/users':2: 'root' takes no keys",
               "users warning: '/etc/userkey/users':3: there is no account"])
    file_case('nobody', '/etc/userkey/users', '# nobody\n',
              ["users warning: '/etc/userkey/users' has no line"])


@group
def modes():
    system = System()
    conf = system.path('/etc/userkey/userkey.conf')
    users = system.path('/etc/userkey/users')
    os.chmod(conf, 0o664)
    expect('settings that others can write', system,
           ["settings error: '/etc/userkey/userkey.conf' has mode 0664",
            "settings error: reading the configuration"])
    ok(stat.S_IMODE(conf.stat().st_mode) == 0o664, 'and nothing was changed')
    os.chmod(conf, 0o644)
    key = system.path('/etc/userkey/client.key')
    system.write('/etc/userkey/client.key', 'x', 0o640)
    system.write('/etc/userkey/client.pem', 'x')
    system.write('/etc/passwd', PASSWD, 0o666)
    with open(conf, 'a') as file:
        file.write('client_certificate = /etc/userkey/client.pem\n'
                   'client_key = /etc/userkey/client.key\n'
                   'ca_file = /etc/passwd\n')
    expect('a key that others can read, a file elsewhere that they can write',
           system,
           ["settings error: '/etc/userkey/client.key' has mode 0640: others "
            "can read it", "settings error: '/etc/passwd' has mode 0666: "
            "others can write it"])
    os.chmod(system.path('/etc/passwd'), 0o644)
    os.chmod(key, 0o600)
    if os.geteuid() == 0:
        os.chown(conf, 65534, 0)
        expect('settings of another user', system,
               ["settings error: '/etc/userkey/userkey.conf' belongs to uid "
                "65534", 'settings error: reading'])
        mends = [f['mend'] for f in system.answer['findings']
                 if 'belongs to uid' in f['what']]
        contains(mends[0], "(who wrote it?), then: install -o root -m 0644 "
                 "COPY '/etc/userkey/userkey.conf'",
                 'what somebody else wrote is to be looked through first')
        os.chown(conf, 0, 0)
    os.chmod(system.path('/etc/userkey'), 0o777)
    expect('a folder that others can write is named once', system,
           ["settings error: '/etc/userkey' has mode 0777",
            'settings error: reading'])


def blocked_writer(path):
    "A process that goes on when somebody opens this FIFO."
    child = os.fork()
    if child == 0:
        os.open(path, os.O_WRONLY)
        os._exit(0)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        state = pathlib.Path(f'/proc/{child}/stat').read_text()
        if state.rpartition(')')[2].split()[0] == 'S':
            break
        time.sleep(0.01)
    return child


@group
def foreign_systems():
    "What stands in a system that somebody else made is not believed."
    outside = pathlib.Path(tempfile.mkdtemp(dir=folder))
    (outside / 'sshd_config').write_text('UsePAM no\n')
    (outside / 'sudoers').write_text('Defaults timestamp_timeout=-1\n')
    for name in ('sshd_config', 'sudoers'):
        for target in (str(outside / name),
                       '../' * 20 + str(outside / name).lstrip('/')):
            system = System()
            path = system.path('/etc/ssh/sshd_config' if name == 'sshd_config'
                               else '/etc/sudoers')
            path.unlink()
            path.symlink_to(target)
            _, found = system.findings()
            nothing([line for line in found if 'UsePAM' in line
                     or 'never again' in line],
                    f'{name}: a link does not lead out of the system')
    system = System()
    system.write('/elsewhere/10.conf', 'UsePAM yes\n')
    system.write('/etc/ssh/sshd_config',
                 'Include sshd_config.d/*.conf\nUsePAM no\n')
    system.path('/etc/ssh/sshd_config.d').symlink_to('/elsewhere')
    system.path('/etc/pam.d/sudo').rename(system.path('/elsewhere/sudo'))
    system.path('/etc/pam.d/sudo').symlink_to('/elsewhere/sudo')
    expect('a link leads to where it leads in the system', system, [])
    system = System()
    os.mkfifo(outside / 'fifo')
    os.mkfifo(system.path('/etc/pam.d/one'))
    system.path('/etc/pam.d/two').symlink_to(outside / 'fifo')
    writers = [blocked_writer(path) for path in
               (system.path('/etc/pam.d/one'), outside / 'fifo')]
    system.doctor()
    equal([os.waitpid(pid, os.WNOHANG)[0] for pid in writers], [0, 0],
          'what is no file is not even opened')
    for pid in writers:
        try:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
    for path, line in (('/etc/ssh/sshd_config',
                        'Include /etc/ssh/sshd_config\n'),
                       ('/etc/ssh/sshd_config', 'Include /*/*/*/*\n'),
                       ('/etc/sudoers', '@include /etc/sudoers\n'),
                       ('/etc/sudoers', '@includedir /etc/again\n')):
        system = System()
        system.write(path, line * 4)
        system.path('/etc/again').mkdir()
        system.path('/etc/again/sudoers').symlink_to('/etc/sudoers')
        for i in range(24):
            system.path(f'/d{i}/d/d').mkdir(parents=True)
            for j in range(24):
                system.path(f'/d{i}/d/d/{j}').mkdir()
        try:
            system.findings()
            what = [f['what'] for f in system.answer['findings']
                    if f['grade'] == 'unseen' and f['check'] in path
                    or f['check'] == 'sudo']
        except subprocess.TimeoutExpired:
            what = ['without an end']
        ok(any('than can be followed' in w for w in what),
           f'files without an end: {line.strip()}', *what)


@group
def long_names():
    """A name fills the sentence that it stands in, and nothing behind it."""
    for n in (430, 480, 530, 600, 3000):
        system = System()
        system.write('/etc/pam.d/common-auth',
                     'auth required pam_userkey.so\n'
                     f"auth required /common-auth'/{'x' * n}/pam_unix.so\n")
        system.write('/etc/pam.d/su', '@include common-auth\n' + GOOD_ACCOUNT)
        done = system.doctor('--json')
        mends = [f['mend'] for f in json.loads(done.stdout or
                                               '{"findings": []}')['findings']
                 if '/common-auth' in f['mend']]
        equal((done.returncode, [len(m) < 640 for m in mends]),
              (0, [True, True]), f'a module with a path of {n} letters')


@group
def quoting():
    for word in ("/a'$(id)'", '/b;id', '/c`id`', "/''"):
        system = System()
        system.write('/etc/pam.d/su', f'auth required pam_userkey.so '
                     f'conf={word}\n' + GOOD_ACCOUNT)
        system.findings()
        mends = [f['mend'] for f in system.answer['findings']
                 if 'su: ' in f['what'] and 'other settings' in f['what']]
        equal([shlex.split(mend) for mend in mends],
              [['userkey', 'doctor', '--conf', word]],
              f'to be pasted: {word}')
    system = System()
    system.write('/etc/pam.d/su', 'auth required pam_userkey.so conf=/'
                 + "'" * 99 + '\n' + GOOD_ACCOUNT)
    system.findings()
    ok(any(f['mend'] == 'userkey doctor --conf NAME'
           for f in system.answer['findings']),
       'to be pasted: what cannot be shown whole is not shown',
       *system.answer['findings'])


# Stacks of sudo (and sudo-i): what is said about both of them.  'A' stands for a
# good account phase.
J = '[success=1 default=ignore]'
STACKS = [
    ('alone, required', 'auth required pam_userkey.so\nA',
     ['note: while the service is away nobody']),
    ('open by ignore', 'auth [success=done default=ignore] pam_userkey.so\n'
     'auth required pam_permit.so\nA',
     ['error: a key that is refused gets in', 'error: while the service cannot',
      'error: while the settings are broken', 'error: when the module']),
    ('open by optional', 'auth optional pam_userkey.so\n'
     'auth required pam_permit.so\nA',
     ['error: a key that is refused gets in', 'error: while the service cannot',
      'error: while the settings are broken', 'error: when the module']),
    ('open while the service is away',
     'auth [success=done authinfo_unavail=ignore default=die] pam_userkey.so\n'
     'auth required pam_permit.so\nA', ['error: while the service cannot']),
    ('open while the module is missing',
     'auth [success=ok module_unknown=ignore default=die] pam_userkey.so\n'
     'auth required pam_permit.so\nA', ['error: when the module']),
    ('open by a condition',
     'auth sufficient pam_userkey.so\n'
     'auth required pam_succeed_if.so user ingroup staff\nA',
     ['error: a key that is refused gets in, if they are who',
      'error: while the service cannot', 'error: while the settings',
      'error: when the module']),
    ('sufficient, and nothing denies',
     'auth required pam_env.so\nauth sufficient pam_userkey.so\nA',
     ['warning: nothing behind', 'note: while the service is away']),
    ('sufficient, and pam_deny',
     'auth required pam_env.so\nauth sufficient pam_userkey.so\n'
     'auth required pam_deny.so\nA', ['note: while the service is away']),
    ('root needs none', 'auth sufficient pam_rootok.so\n'
     'auth sufficient pam_userkey.so\nauth required pam_deny.so\nA',
     ['note: while the service is away']),
    ('the jump is too short', f'auth {J} pam_userkey.so\n'
     f'auth requisite pam_unix.so\nauth requisite pam_deny.so\n'
     'auth required pam_permit.so\nA',
     ["error: a good key is refused: '/etc/pam.d/sudo':1 leads to "
      "'pam_deny.so' in '/etc/pam.d/sudo':3"]),
    ('the jump is too long', 'auth [success=3 default=die] pam_userkey.so\n'
     'auth required pam_deny.so\nA',
     ['error: a good key is refused: a jump leads over the end']),
    ('nothing makes a success of it', f'auth {J} pam_userkey.so\n'
     'auth requisite pam_deny.so\nauth optional pam_env.so\nA',
     ['error: a good key is refused: no line behind',]),
    ('key and password', 'auth required pam_unix.so\n'
     'auth required pam_userkey.so\nA',
     ["note: a key lets in only together with 'pam_unix.so'",]),
    ('key before the password', 'auth required pam_userkey.so\n'
     'auth required pam_unix.so\nA',
     ["note: a key lets in only together with 'pam_unix.so'",
      "note: the key is asked for before the first factor"]),
    ('a key that decides nothing', 'auth optional pam_userkey.so\n'
     'auth required pam_unix.so\nA',
     ["warning: a key makes no difference: 'pam_unix.so' lets in without"]),
    ('password first, then the key',
     'auth [success=2 default=ignore] pam_unix.so\n'
     f'auth {J} pam_userkey.so\nauth requisite pam_deny.so\n'
     'auth required pam_permit.so\nA',
     ["note: 'pam_unix.so' asks before"]),
    ('the same with try_first_pass',
     'auth [success=2 default=ignore] pam_unix.so\n'
     f'auth {J} pam_userkey.so try_first_pass\nauth requisite pam_deny.so\n'
     'auth required pam_permit.so\nA', []),
    ('use_first_pass with nobody before',
     'auth sufficient pam_userkey.so use_first_pass\n'
     'auth required pam_deny.so\nA',
     ["error: '/etc/pam.d/sudo':1 has 'use_first_pass'",
      'note: while the service is away']),
    ('everybody, before it', 'auth sufficient pam_permit.so\n'
     'auth required pam_userkey.so\nA',
     ["error: everybody gets in, and no key is asked for: 'pam_permit.so' in "
      "'/etc/pam.d/sudo':1"]),
    ('never reached', 'auth requisite pam_deny.so\n'
     'auth required pam_userkey.so\nA',
     ["warning: '/etc/pam.d/sudo':2 is never reached"]),
    ('pam_faillock says no behind it',
     'auth required pam_faillock.so preauth\n'
     'auth sufficient pam_userkey.so\n'
     'auth required pam_faillock.so authfail\nA',
     ['note: while the service is away']),
    ('pam_faillock says yes behind it', 'auth sufficient pam_userkey.so\n'
     'auth required pam_faillock.so authsucc\nA',
     ['error: a key that is refused gets in', 'error: while the service cannot',
      'error: while the settings', 'error: when the module']),
    ('in a substack', 'auth substack userkey\nA', []),
    ('in a file by its path', 'auth include /etc/pam.d/userkey\nA', []),
    ('lines that go on', 'auth \\\n  [success=1 \\\n  default=ignore] \\\n'
     '  pam_userkey.so\nauth requisite pam_deny.so\nauth required '
     'pam_permit.so\nA', ['note: while the service is away']),
    ('a word that is none', 'auth [sucess=ok default=die] pam_userkey.so\nA',
     ["error: '/etc/pam.d/sudo':1: what stands in brackets",
      'error: a good key is refused']),
    ('a type that is none', 'auht required pam_env.so\n'
     'auth sufficient pam_userkey.so\nauth required pam_deny.so\nA',
     ["error: '/etc/pam.d/sudo':1: neither auth",
      'error: a good key is refused']),
    ('an include that is missing', 'auth include nowhere\n'
     'auth sufficient pam_userkey.so\nauth required pam_deny.so\nA',
     ["error: '/etc/pam.d/sudo':1: the file that it includes",
      'error: a good key is refused']),
    ('no account phase', 'auth sufficient pam_userkey.so\n'
     'auth sufficient pam_unix.so\nauth required pam_deny.so\n' + COMMON,
     ['warning: the account phase lacks pam_userkey']),
    ('the account phase ignores', 'auth include userkey\n'
     'account [default=ignore] pam_userkey.so\n' + COMMON,
     ["error: the account phase throws a refusal away"]),
    ('the account phase lets the disabled in', 'auth include userkey\n'
     'account [success=ok ignore=ignore service_err=ignore '
     'module_unknown=ignore acct_expired=ignore default=bad] pam_userkey.so\n'
     + COMMON, ["error: the account phase throws a refusal away: in "
                "'/etc/pam.d/sudo':2 'success=ok ignore=ignore "]),
    ('the account phase is optional', 'auth include userkey\n'
     'account optional pam_userkey.so\n' + COMMON,
     ["error: the account phase throws a refusal away"]),
    ('the account phase never comes to us', 'auth include userkey\n'
     'account sufficient pam_unix.so\naccount required pam_userkey.so\n',
     ["warning: '/etc/pam.d/sudo':3 is never reached"]),
    ('the account phase is ours alone', 'auth include userkey\n'
     'account required pam_userkey.so\n',
     ["error: by '/etc/pam.d/sudo':2 in the account phase, people",
      'warning: by ', 'warning: by ']),
    ('the account phase locks out when broken', 'auth include userkey\n'
     'account required pam_userkey.so\n' + COMMON,
     ['warning: by ', 'warning: by ']),
    ('other settings', 'auth sufficient pam_userkey.so conf=/etc/uk2.conf\n'
     'auth sufficient pam_unix.so\nauth required pam_deny.so\nA',
     ["note: '/etc/pam.d/sudo':1 goes by other settings"]),
]


@group
def stacks():
    for name, text, wanted in STACKS:
        system = System()
        text = text[:-1] + GOOD_ACCOUNT if text.endswith('\nA') else text
        system.write('/etc/pam.d/sudo', text)
        system.write('/etc/pam.d/sudo-i', text)
        expect(f'stack: {name}', system,
               [f'pam {grade}: {service}: {words}'.replace(
                   '/sudo\'', f'/{service}\'')
                for service in ('sudo', 'sudo-i')
                for grade, words in (w.split(': ', 1) for w in wanted)])


@group
def services():
    file_case('sudo-i without it', '/etc/pam.d/sudo-i',
              'auth required pam_unix.so\n' + COMMON,
              ["pam warning: pam_userkey is in the stack of 'sudo' and not in "
               "that of 'sudo-i'"])
    file_case('su-l without it', '/etc/pam.d/su-l',
              'auth required pam_unix.so\n' + COMMON,
              ["pam warning: pam_userkey is in the stack of 'su' and not in "
               "that of 'su-l'"])
    file_case('a service of somebody else that is broken', '/etc/pam.d/cron',
              '@include nowhere\n',
              ["pam warning: cron: libpam refuses all of it"])
    file_case('nothing of another service is ours to judge',
              '/etc/pam.d/cups', 'auth required pam_permit.so\n' + COMMON, [])
    system = System()
    system.write('/etc/pam.d/other', 'auth include userkey\n' + GOOD_ACCOUNT)
    system.write('/etc/pam.d/cups', COMMON)
    expect("a service that has the auth phase of 'other'", system,
           ['pam warning: cups: the account phase lacks pam_userkey'])
    system = System()
    for name in os.listdir(system.path('/etc/pam.d')):
        system.write(f'/etc/pam.d/{name}', 'auth required pam_unix.so\n')
    expect('nowhere', system, ['pam warning: no service has pam_userkey'])
    system = System()
    shutil.rmtree(system.path('/etc/pam.d'))
    system.write('/etc/pam.conf', 'sudo auth optional pam_userkey.so\n'
                 'sudo auth required pam_permit.so\n'
                 'SUDO account required pam_unix.so\n'
                 'other auth required pam_deny.so\n')
    code, found = system.findings()
    ok(code == 1 and any(
        "sudo: a key that is refused gets in: in '/etc/pam.conf':1 "
        "'optional' makes ignored of PAM_AUTH_ERR, and 'pam_permit.so' in "
        "'/etc/pam.conf':2 says yes" in line for line in found),
        'pam.conf, where there is no pam.d', *found)
    system = System()
    system.write('/etc/userkey/userkey.conf', CONF + 'session = keep\n')
    text = (EXAMPLES / 'sshd').read_text().replace(
        'session  include   userkey', '')
    system.write('/etc/pam.d/sshd', text)
    expect('sessions that are kept, and nobody ends them', system,
           ["pam warning: sshd: 'session = keep'"])


@group
def sshd():
    path = '/etc/ssh/sshd_config'
    file_case('UsePAM no', path, 'UsePAM no\n',
              ["sshd error: sshd does not ask PAM ('UsePAM no')"])
    file_case('UsePAM not said', path, '# nothing\n',
              ["sshd error: sshd does not ask PAM ('UsePAM no')"])
    file_case('asks for nothing', path, 'usepam=YES\nPasswordAuthentication no\n'
              'ChallengeResponseAuthentication "no"\n',
              ['sshd error: sshd asks for nothing that could be a key'])
    file_case('asks some for it', path, 'UsePAM yes\nPasswordAuthentication no\n'
              'KbdInteractiveAuthentication no\nMatch User alice\n'
              '  KbdInteractiveAuthentication yes\n',
              ['sshd note: sshd asks for nothing that could be a key'])
    file_case('the first line counts', path, 'UsePAM yes\nUsePAM no\n', [])
    file_case('too little time', path, SSHD + 'LoginGraceTime 5\n',
              ['sshd error: sshd ends a login after 5 s'])
    file_case('little time', path, SSHD + 'LoginGraceTime 0m20s\n',
              ['sshd warning: sshd ends a login after 20 s'])
    file_case('time without end', path, SSHD + 'LoginGraceTime 0\n', [])
    file_case('enough time', path, SSHD + 'LoginGraceTime 2m\n', [])
    system = System()
    system.write(path, 'Include /etc/ssh/sshd_config.d/*.conf\n'
                 'UsePAM no\nPasswordAuthentication yes\n')
    system.write('/etc/ssh/sshd_config.d/10.conf', 'UsePAM yes\n')
    system.write('/etc/ssh/sshd_config.d/20.conf',
                 'Match User bob\nUsePAM no\n')
    expect('Include: its first line counts, its Match ends with it', system,
           [])


@group
def sudo():
    file_case('sudo for 15 minutes', '/etc/sudoers', 'Defaults env_reset\n',
              ['sudo note: sudo does not ask again for 15 minutes'])
    file_case('sudo for ever', '/etc/sudoers',
              'Defaults timestamp_timeout = -1\n',
              ['sudo warning: sudo asks once and never again'])
    file_case('the last one counts', '/etc/sudoers',
              SUDOERS + 'Defaults timestamp_timeout=0, timestamp_timeout=7\n',
              ['sudo note: sudo does not ask again for 7 minutes'])
    for scope in ':alice', '@farhost', '!/bin/su', '>bob':
        file_case(f'Defaults{scope} is not for all', '/etc/sudoers',
                  f'Defaults{scope} timestamp_timeout=0\n',
                  ['sudo note: sudo does not ask again for 15 minutes',
                   f"sudo note: sudo does otherwise for some: "
                   f"'Defaults{scope}' has 'timestamp_timeout=0'"])
    file_case('each time, but for some', '/etc/sudoers',
              SUDOERS + 'Defaults:bob timestamp_timeout=0\n'
              'Defaults:alice timestamp_timeout=-1\n',
              ['sudo note: sudo asks each time',
               "sudo warning: sudo does otherwise for some: 'Defaults:alice' "
               "has 'timestamp_timeout=-1'"])
    for line in ('@include sudoers.more', '#include sudoers.more',
                 '@include "sudoers.more"', '@include ./sudoers.more',
                 '@includedir more'):
        system = System()
        system.write('/etc/sudoers', SUDOERS + line + '\n')
        system.write('/etc/sudoers.more', 'Defaults timestamp_timeout=-1\n')
        system.write('/etc/more/one', 'Defaults timestamp_timeout=-1\n')
        expect(f'a name without a folder: {line}', system,
               ['sudo warning: sudo asks once and never again'])
    for text in '@include sudoers.%h\n', 'Defaults ' + 'x,' * 3000 + '\n':
        system = System()
        system.write('/etc/sudoers', SUDOERS + text)
        system.findings()
        equal([f['grade'] for f in system.answer['findings']
               if f['check'] == 'sudo'], ['unseen'],
              f'what cannot be followed is said: {text[:20].strip()}')
    file_case('NOPASSWD', '/etc/sudoers',
              SUDOERS + '%wheel ALL=(ALL) NOPASSWD: ALL\n',
              ['sudo note: some rule of sudoers has NOPASSWD'])
    file_case('a comment is none', '/etc/sudoers',
              SUDOERS + '# %wheel ALL=(ALL) NOPASSWD: ALL\n', [])
    system = System()
    system.write('/etc/sudoers', 'Defaults env_reset, \\\n  lecture=never\n'
                 '@includedir /etc/sudoers.d\n')
    system.write('/etc/sudoers.d/one', 'Defaults !timestamp_timeout\n')
    system.write('/etc/sudoers.d/two.bak', 'Defaults timestamp_timeout=9\n')
    expect('a folder of rules', system, [])


@group
def parts():
    system = System()
    system.path('/usr/lib/security/pam_userkey.so').unlink()
    expect('no module', system,
           ["module error: '/usr/lib/security/pam_userkey.so' is not there"])
    system = System()
    os.chmod(system.path('/usr/lib/security/pam_userkey.so'), 0o666)
    expect('a module that others can write', system,
           ["module error: '/usr/lib/security/pam_userkey.so' can be changed"])
    system = System()
    system.path('/usr/libexec/userkey-agent').unlink()
    expect('no agent', system, ["agent error: the agent's program"])
    system = System()
    system.write('/usr/lib/systemd/system/polkit-agent-helper@.service', '')
    system.write('/etc/pam.d/polkit-1', 'auth include userkey\n'
                 + GOOD_ACCOUNT)
    expect('polkit in its sandbox', system,
           ['confinement warning: polkit asks PAM inside a sandbox'])
    system.write('/etc/systemd/system/polkit-agent-helper@.service.d/'
                 'userkey.conf', '')
    expect('and with a drop-in', system, [])
    shutil.rmtree(system.path('/etc/systemd'))
    wants = system.path('/etc/systemd/system/sockets.target.wants')
    wants.mkdir(parents=True)
    (wants / 'userkey-agent.socket').symlink_to('/nonexistent')
    expect('and with an agent that listens', system, [])


@group
def arguments():
    for argv, words in ((['--root', 'here'], '--root: an absolute path'),
                        (['--root', '/nonexistent'], '--root: an absolute'),
                        (['--conf', 'x'], '--conf: an absolute path'),
                        (['--fix', '--root', folder], '--fix: not together '
                         'with --root'),
                        (['--fix', '--root', folder, '--conf',
                          '/etc/userkey/userkey.conf'], '--fix: not together'),
                        (['--fix', '--conf', f'{folder}/userkey.conf'],
                         "--fix: only for settings in '/etc/userkey'"),
                        (['--fix', '--conf', '/etc/userkey'], '--fix: only'),
                        (['--fix', '--conf', '/etc/userkey/a/userkey.conf'],
                         '--fix: only'),
                        (['--fix', '--conf', '/etc/userkey/../userkey.conf'],
                         '--fix: only'),
                        (['--fix', '--conf', '/etc/userkey2/userkey.conf'],
                         '--fix: only'),
                        (['word'], 'is one argument too many')):
        done = subprocess.run([TOOL, 'doctor', *argv], capture_output=True,
                              text=True, env={})
        ok(done.returncode == 2 and words in done.stderr and not done.stdout,
           f'usage: {" ".join(argv)}', done)


SCREEN = '''\
settings    ok       '/etc/userkey/userkey.conf' can be believed and is
                     understood
users       warning  '/etc/userkey/users':2: there is no account 'ghost' on this
                     machine
            why      the line lets nobody in now, and whoever makes that account
                     later lets these people in
            mend     useradd 'ghost', or take the line out
'''


@group
def shared():
    """What services share is not mended for one of them."""
    common = ('auth [success=1 default=ignore] pam_unix.so nullok\n'
              'auth requisite pam_deny.so\nauth required pam_permit.so\n')
    system = System()
    system.write('/etc/pam.d/common-auth', common)
    su = (EXAMPLES / 'su').read_text().splitlines()
    at = next(i for i, line in enumerate(su)
              if line.split() == ['auth', 'include', 'userkey'])
    su.insert(at + 1, '@include common-auth')
    system.write('/etc/pam.d/su', '\n'.join(su) + '\n')
    expect('the way in that was there is left behind the key', system,
           [f'warning: {name}: a key makes no difference'
            for name in ('su', 'su-l')])
    for finding in system.answer['findings']:
        if 'no difference' in finding['what']:
            contains(finding['mend'], "take out '@include common-auth' in "
                     f"'/etc/pam.d/su':{at + 2};", 'its line is to go')
    system = System()
    system.write('/etc/pam.d/userkey', 'auth optional pam_userkey.so\n'
                 'auth required pam_unix.so\n'
                 + GOOD_ACCOUNT.partition('\n')[0] + '\n')
    for what in ('a cure in their file names who shares it',
                 'and does where a link of that system leads to the folder'):
        system.findings()
        mends = [f['mend'] for f in system.answer['findings']
                 if 'no difference' in f['what']]
        equal((len(mends), [m for m in mends if not m.endswith(
            " (a change of '/etc/pam.d/userkey' is one for: login, sshd, su, "
            "su-l, sudo, sudo-i)")]), (6, []), what)
        if not system.path('/etc/elsewhere').exists():
            system.path('/etc/pam.d').rename(system.path('/etc/elsewhere'))
            system.path('/etc/pam.d').symlink_to('/etc/elsewhere')


@group
def screen():
    system = System()
    system.write('/etc/userkey/users', USERS + 'ghost id:b\n')
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(TOOL, ['userkey', 'doctor', '--root', str(system.root)],
                  {'TERM': 'vt100'})
    shown = b''
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    _, status = os.waitpid(pid, 0)
    equal(os.waitstatus_to_exitcode(status), 0, 'warnings alone: status 0')
    text = shown.decode().replace('\r\n', '\n').replace(str(system.root), '')
    contains(text, 'looking at the stacks of PAM ...',
             'on a terminal it says what it waits for')
    text = re.sub('\x1b\[[0-9;]*m', '', text)  # its colours
    contains(text.rpartition('\x1b[K')[2], SCREEN, 'the screen')


main()
