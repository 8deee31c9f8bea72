#!/usr/bin/python3 -B
"""The agent when the system refuses: each allocation, each call of a file, of
the network, of names, rights and processes fails once.  Nobody is granted who
was not, and who is left without an answer has none that could be one."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import namespace

if os.geteuid() == 0:
    why = namespace.enter()
    if why:
        print('ok 1 - an agent that fails # SKIP ' + why)
        print('1..1')
        raise SystemExit(0)
    namespace.add_account('_userkey', 997)

sys.path.append(os.path.join(os.path.dirname(__file__), '..', 'fault'))
from fault import Fault, walk
from lies import EMAIL, USER
from liar import TRUE, Liar
from message import VERDICTS, Reply, pack_login
from tap import equal, group, main, nothing, ok, skip_all
from wire import checksum
from world import BUILD, PATIENCE, SLOW, die_with_us

if SLOW:
    skip_all('an agent that fails', 'a sanitizer has a malloc of its own')

AGENT = os.path.join(BUILD, 'userkey-agent')
BUDGET = 1.0
LATE = 10  # seconds beyond it, on a busy machine
KEY = 'ukey' + 'Marker8Key' * 5 + 'wxyz'
KEY += checksum(KEY)

temporary = tempfile.TemporaryDirectory(prefix='userkey-test-')
os.chmod(temporary.name, 0o755)
if not os.path.exists('/proc/self/fd/3'):
    os.dup2(os.open('/dev/null', os.O_RDONLY), 3)
_fork = threading.Lock()


def path(name):
    return os.path.join(temporary.name, name)


def write_conf(liar, name):
    with open(path(name), 'w') as file:
        file.write('service_url = %s\ninsecure_http = yes\napp_id = demo\n'
                   'users_file = %s\ntimeout = 1s\nagent_socket = %s\n' % (
                       liar.url, path('users'), path(name + '.sock')))
    os.chmod(path(name), 0o644)
    return path(name)


def spawn(conf, fault, end, *more):
    """An agent with this end of a socket as descriptor 3, or none."""
    with _fork:  # descriptor 3 is one for all threads

        def child():
            die_with_us()
            if end is not None:
                os.dup2(end.fileno(), 3)

        return subprocess.Popen(
            [AGENT, '--conf', conf, *more], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=fault.environment, preexec_fn=child,
            pass_fds=[3] if end is not None else [], cwd='/')


def answer_on(sock, emails=True, keep=False):
    """The reply to a login, or None; what it is that is no reply raises."""
    try:
        sock.settimeout(BUDGET + PATIENCE)
        sock.send(pack_login(KEY, BUDGET, emails, keep))
        data = sock.recv(65536)
    except socket.timeout:
        raise
    except OSError:
        return None
    return Reply(data) if data else None


def ask_once(conf):
    """For walk(): one agent, one question, one call that fails."""
    def run(kind, own, nth):
        fault = Fault(kind, own, nth)
        ours, theirs = socket.socketpair(socket.AF_UNIX,
                                         socket.SOCK_SEQPACKET)
        begin = time.monotonic()
        process = spawn(conf, fault, theirs)
        theirs.close()
        try:
            reply = answer_on(ours)
            took = time.monotonic() - begin
            status = process.wait(PATIENCE)
        finally:
            ours.close()
            process.kill()
            process.wait()
        return (reply, took, status), fault
    return run


def judge(words):
    def judge_one(result, failed):
        reply, took, status = result
        found = []
        # Libraries go no further without random numbers, and need not.
        if status < 0 and failed not in ('getrandom', 'getentropy'):
            found.append('died of signal %d' % -status)
        if took > BUDGET + LATE:
            found.append('after %.1f s' % took)
        if reply is None:
            return found
        # What fails before or behind the question has failed for nobody.
        if reply.word in ('granted', 'refused', 'user-disabled') and \
                reply.word not in words:
            found.append('%r' % reply)
        if reply.word == 'granted':
            if reply.person != USER or reply.emails != [EMAIL]:
                found.append('%r' % reply)
        elif reply.person or reply.emails or reply.access or reply.refresh:
            found.append('a person beside %r' % reply)
        if KEY in reply.text:
            found.append('the key in %r' % reply.text)
        return found
    return judge_one


def in_time(run):
    """The first of some that a busy machine has not kept from its second."""
    for _ in range(10):
        result, fault = run()
        if result[0] is None or not result[0].word.startswith('timeout'):
            break
    return result, fault


def one_question(lie, words):
    liar = Liar(lie)
    conf = write_conf(liar, lie + '.conf')
    (reply, _, status), _ = in_time(lambda: ask_once(conf)(0, 0, 0))
    equal((reply.word, status), (words[0], 0), '%s: as it is' % lie)
    found, count = walk(ask_once(conf), judge(words), 4)
    nothing(found, '%s: nobody gets another answer' % lie)
    ok(count > 20, '%s: %d calls have failed' % (lie, count))
    liar.close()


@group
def asked_once():
    one_question(TRUE, ['granted'])
    one_question('login-no-plain', ['refused'])
    one_question('another-subject', ['bad-answer'])


class Service:
    """An agent that listens, and whose keeper stays."""

    _numbers = itertools.count(1)

    def __init__(self, conf, fault):
        self.path = path('door%d' % next(self._numbers))
        self.process = spawn(conf, fault, None, '--listen', self.path)
        end = time.monotonic() + PATIENCE
        while not os.path.exists(self.path) and \
                self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)

    def ask(self):
        """The reply, or None, and the seconds."""
        begin = time.monotonic()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as ours:
            try:
                ours.connect(self.path)
                reply = answer_on(ours)
            except (ConnectionError, FileNotFoundError):
                reply = None
        return reply, time.monotonic() - begin

    def ask_later(self):
        """The reply once nothing fails any more.  What a process does beside
        (it ends a session, say) may have been late, and this one with it."""
        for _ in range(3):
            reply, _ = self.ask()
            if reply is None or not reply.word.startswith('timeout'):
                break
        return reply

    def stop(self):
        """The exit status."""
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()


def start_and_ask(conf):
    """For walk(): a service, a question while it starts and one later."""
    def run(kind, own, nth):
        fault = Fault(kind, own, nth)
        service = Service(conf, fault)
        reply, took = service.ask()
        fault.rest()
        later = service.ask_later()
        return (reply, took, service.stop(), later), fault
    return run


def judge_start(words):
    def judge_one(result, failed):
        reply, took, status, later = result
        # What cannot start tells all who ask, until it is ended.
        fails = status == -signal.SIGTERM
        found = judge(words)((reply, took, 0 if fails else status), failed)
        if later is None:
            if status == 0:
                found.append('it stays, and then says nothing')
        elif later.word != words[0] and (
                later.word in VERDICTS or reply is None or
                later.text != reply.text):
            found.append('then it says %r' % later)
        return found
    return judge_one


@group
def starting_a_service():
    for lie, word in ((TRUE, 'granted'), ('another-subject', 'bad-answer')):
        liar = Liar(lie)
        conf = write_conf(liar, lie + '.conf')
        result, _ = in_time(lambda: start_and_ask(conf)(0, 0, 0))
        equal((result[0].word, result[2], result[3].word), (word, 0, word),
              'a service, %s: as it is' % lie)
        found, count = walk(start_and_ask(conf), judge_start([word]), 4)
        nothing(found, 'a service that starts, %s: nobody gets another '
                'answer' % lie)
        ok(count > 30, '%d calls have failed' % count)
        liar.close()


@group
def asked_for_long():
    """One process: what failed for one has failed for nobody else."""
    for lie, word in ((TRUE, 'granted'), ('another-subject', 'bad-answer')):
        liar = Liar(lie)
        fault = Fault()
        service = Service(write_conf(liar, lie + '.conf'), fault)

        def run(kind, own, nth):
            fault.set(kind, own, nth)
            reply, took = service.ask()
            fault.none()
            later = service.ask_later()
            return (reply, took, service.process.poll() or 0, later), fault

        def judge_one(result, failed):
            reply, took, status, later = result
            found = judge([word])((reply, took, status), '')
            if service.process.poll() is not None:
                found.append('it has ended: %d' % service.process.returncode)
            if later is None or later.word != word:
                found.append('then it says %r' % later)
            return found

        equal(judge_one(in_time(lambda: run(0, 0, 0))[0], ''), [],
              'a service that runs, %s: as it is' % lie)
        found, count = walk(run, judge_one)
        nothing(found, 'a service that runs, %s: nobody gets another answer'
                % lie)
        ok(count > 10, '%d calls have failed' % count)
        equal(service.stop(), 0, 'it stops as it should')
        liar.close()


main()
