#!/usr/bin/python3 -B
"""The long-lived agent's limits, its grace in an outage, and its numbers."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import UK, ok, same  # noqa: E402

world.enter(__file__)

SOCKET = '/run/userkey/agent.sock'
STATE = pathlib.Path('/run/userkey/state')
PORT = int(UK['UK_URL'].rpartition(':')[2])


class Way:
    """A way to the service that can be closed."""

    def __init__(self):
        self.port = world.free_port()
        self.ends = set()
        self.server = None
        self.open()

    def open(self):
        self.server = socket.create_server(('127.0.0.1', self.port))
        threading.Thread(target=self.serve, args=(self.server,),
                         daemon=True).start()

    def serve(self, server):
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            up = socket.create_connection(('127.0.0.1', PORT))
            self.ends |= {peer, up}
            for here, there in ((peer, up), (up, peer)):
                threading.Thread(target=self.pump, args=(here, there),
                                 daemon=True).start()

    def pump(self, here, there):
        try:
            while data := here.recv(65536):
                there.sendall(data)
        except OSError:
            pass
        for end in (here, there):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        """Nobody listens there, and nobody is connected any more."""
        try:
            self.server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.server.close()
        for end in self.ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.ends = set()


WAY = Way()


def settings(**more):
    world.conf(**{'service_url': 'https://127.0.0.1:%d' % WAY.port,
                  'agent_socket': SOCKET, 'state_folder': STATE,
                  'failed_logins_per_source': 4, 'failed_logins_per_user': 100,
                  **more})


class Agent:
    def __init__(self):
        self.log = open(world.LAB / 'agent.log', 'ab')
        self.process = subprocess.Popen(
            [UK['UK_BIN'] + '/userkey-agent', '--conf', str(world.CONF),
             '--listen', SOCKET], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log)
        end = time.monotonic() + world.PATIENCE
        while self.status() is None and time.monotonic() < end:
            time.sleep(0.02)
        assert self.status() is not None, 'the agent does not come up'

    def status(self):
        ran = world.tool('agent', 'status', '--json')
        return json.loads(ran.out) if ran.status == 0 else None

    def answers(self):
        """What it has answered: (service, word) to how often."""
        return {(row['service'], row['verdict']): row['count']
                for row in self.status()['answers']}

    def wait_offline(self, wanted, seconds=world.PATIENCE):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.status()['offline'] == wanted:
                return True
            time.sleep(0.1)
        return False

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait()
        end = time.monotonic() + world.PATIENCE  # whoever served goes along
        while world.processes('userkey-agent') and time.monotonic() < end:
            time.sleep(0.01)


def make_state():
    entry = next(line.split(':') for line in open('/etc/passwd')
                 if line.startswith('_userkey:'))
    STATE.mkdir(mode=0o700, exist_ok=True)
    os.chown(STATE, int(entry[2]), int(entry[3]))


def dead_key(name):
    """One of the right form that the service does not take."""
    key = world.new_key(name)
    world.tool('delete', name, '--yes')
    return key


def words(syslog):
    return [line.split()[0] for line in syslog.module()]


syslog, audit = world.Syslog(), world.Audit()
make_state()
bad, other = dead_key('bad'), world.new_key('other')

# --- Attempts

settings()
agent = Agent()
ok(world.let_in(world.ssh('alice', world.KEY)), 'ssh through the agent')
syslog.read()
audit.read()
tried = [world.su('alice', bad).status != 0 for _ in range(6)]
ok(all(tried), 'a key that is none of the service opens nothing')
same(words(syslog), ['refused'] * 2 + ['throttled'] * 4,
     'after two the source waits')
same(len(audit.logins()), 2, 'and the service is not asked any more')
ok(world.let_in(world.sudo(world.KEY), 'root'), 'alice herself uses sudo')
ok(world.let_in(world.ssh('alice', other)),
   'and comes in from outside with a key that was never used here')
ok(world.let_in(world.su('alice', world.KEY)),
   'a key that is known comes in behind the attacker too')
ok(not world.let_in(world.su('alice', bad)), 'who still waits')
line = next((line for line in syslog.module() if 'throttled' in line), '')
ok(re.search(r'try again in \d+ s', line), 'and is told how long', line)
agent.end(signal.SIGKILL)
agent = Agent()
world.su('alice', bad)
same(words(syslog), ['throttled'], 'after kill -9 and a new start as well')
agent.end()
settings(agent_socket='none')
world.su('alice', bad)
same(words(syslog), ['throttled'], 'and for an agent of one login')
same(oct(STATE.stat().st_mode), oct(0o40700), 'its folder is its own')
same([oct((STATE / name).stat().st_mode & 0o777) for name in ('tries',)],
     [oct(0o600)], 'and so is the file')

(STATE / 'tries').unlink()
settings(timeout='2s')
agent = Agent()
WAY.close()
syslog.read()
for _ in range(5):
    world.su('alice', bad)
same(set(words(syslog)), {'unreachable'}, 'an outage says so')
WAY.open()
agent.end()
agent = Agent()
world.su('alice', bad)
same(words(syslog), ['refused'], 'and has counted nothing')
(STATE / 'tries').write_bytes(b'damaged')
agent.end()
log = world.Lines(world.LAB / 'agent.log')
agent = Agent()
ok(any('begun anew' in line for line in log.read()),
   'a damaged file is begun anew, with a line in the log')

# --- Numbers

text = world.tool('agent', 'metrics').out
ok(re.search(r'^userkey_agent_answers_total\{', text, re.M) is None,
   'nothing was answered yet', text)
world.ssh('alice', world.KEY)
world.ssh('alice', bad)
world.sudo(world.KEY)
same(agent.answers(), {('sshd', 'granted'): 1, ('sshd', 'refused'): 1,
                       ('sudo', 'granted'): 1},
     'answers are counted by service and word')
status = agent.status()
same([server['url'] for server in status['servers']],
     ['https://127.0.0.1:%d' % WAY.port], 'the servers are named')
ok(status['servers'][0]['up'] and not status['offline'], 'and up')
text = world.tool('agent', 'metrics').out
number = re.search(r'^userkey_agent_answer_seconds_count (\d+)$', text, re.M)
same(number and number[1], '3', 'times are measured')
stages = dict(re.findall(r'^userkey_agent_stage_seconds_count\{stage="(\w+)"\}'
                         r' (\d+)$', text, re.M))
ok(int(stages['answer']) >= 3 and 1 <= int(stages['tls']) < 3,
   'by stage, too: one handshake for several answers', stages)
bad_lines = [line for line in text.splitlines() if not re.fullmatch(
    r'# (HELP|TYPE) \w+ .*|\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? [0-9.]+', line)]
same(bad_lines, [], 'each line is one of the format')
shown = world.tool('agent', 'status').out
ok('sshd: granted 1' in shown, 'people can read it', shown)
denied = world.run([UK['UK_BIN'] + '/userkey', 'agent', 'status'],
                   **world.as_user('mallory'))
ok(denied.status == 5 and not denied.out, 'if they are root', denied)
agent.end()
ran = world.tool('agent', 'status')
ok(ran.status == 3 and 'no agent is running' in ran.err,
   'without an agent it says so', ran)
settings(agent_socket='/run/userkey/' + 'a' * 120)
ran = world.tool('agent', 'status')
ok(ran.status != 0 and not ran.out and 'too long for a socket' in ran.err,
   'no agent can listen at a path that is too long', ran)
with socket.socket(socket.AF_UNIX) as mute:
    mute.bind('/run/userkey/mute.status')
    mute.listen()
    threading.Thread(target=lambda: mute.accept()[0].close(),
                     daemon=True).start()
    settings(agent_socket='/run/userkey/mute')
    ran = world.tool('agent', 'metrics')
    ok(ran.status != 0 and not ran.out and 'says nothing' in ran.err,
       'one who takes the call and says nothing has said nothing', ran)
    os.unlink('/run/userkey/mute.status')
settings()

# --- Grace

GRACE = {'offline_grace': '1h', 'offline_services': 'sshd', 'timeout': '2s',
         'failed_logins_per_source': 20}
settings(**GRACE)
agent = Agent()
key_file = world.CONF.parent / 'offline.key'
same(oct(key_file.stat().st_mode & 0o777), oct(0o600),
     'a secret of the machine was made, for root alone')
same(key_file.stat().st_uid, 0, 'who it belongs to')
ok(world.let_in(world.ssh('alice', world.KEY)), 'online by ssh')
ok(world.let_in(world.sudo(other), 'root'), 'online by sudo')
end = time.monotonic() + world.PATIENCE
while agent.status()['offline_keys'] < 2 and time.monotonic() < end:
    time.sleep(0.05)
same(agent.status()['offline_keys'], 2, 'both keys are known')
WAY.close()
syslog.read()
ok(not world.let_in(world.ssh('alice', world.KEY)),
   'a server that has just gone is no outage yet')
same(words(syslog)[:1], ['unreachable'], 'and the line says what it is')
ok(agent.wait_offline(True), 'then the agent finds that nobody is there')
syslog.read()
ok(world.let_in(world.ssh('alice', world.KEY)), 'ssh by grace')
line = (syslog.module() or [''])[0]
ok(re.match(r"granted user='alice' .*offline=\d+s .*by 'offline_grace'", line),
   'its line says so, and how old it is', line)
ok(world.let_in(world.ssh('alice', other)), 'with the other key too')
syslog.read()
ok(not world.let_in(world.sudo(world.KEY), 'root'), 'sudo is not named')
ok(not world.let_in(world.su('alice', world.KEY)), 'nor is su')
ok(not world.let_in(world.ssh('alice', bad)), 'a key that never was in')
ok(not world.let_in(world.ssh('bob', world.KEY)), "another's account")
same(words(syslog), ['unreachable', 'unreachable', 'unreachable', 'not-mapped'],
     'none of which is a refusal')
check = json.loads(world.tool('check', 'alice', '--service', 'sshd', '--json',
                              text=world.KEY + '\n').out)
ok(check['granted'] and check['offline'] and check['offline_age'] >= 0,
   'userkey check says when it is by grace', check)
same(agent.answers().get(('sshd', 'granted-offline')), 3, 'and so it is counted')
syslog.read()
settings(agent_socket='none', **GRACE)
ok(not world.let_in(world.ssh('alice', world.KEY)),
   'an agent that a login starts has no grace, whatever its caller does')
settings(**GRACE)
agent.end(signal.SIGKILL)
agent = Agent()
world.ssh('alice', world.KEY)
ok(agent.wait_offline(True) and world.let_in(world.ssh('alice', world.KEY)),
   'a new agent finds out by itself, and knows the keys')

WAY.open()
ok(agent.wait_offline(False), 'the way is open again')
world.tool('disable', 'other')
syslog.read()
ok(not world.let_in(world.ssh('alice', other)), 'a key that was disabled')
same(words(syslog)[:1], ['refused'], 'is refused')
WAY.close()
world.ssh('alice', world.KEY)
agent.wait_offline(True)
ok(world.let_in(world.ssh('alice', world.KEY)), 'in an outage')
ok(not world.let_in(world.ssh('alice', other)), 'it has no grace any more')
agent.end()
WAY.open()
settings()
agent = Agent()
ok(not (STATE / 'offline').exists(), 'switched off, nothing is kept')
agent.end()
world.conf()
world.done()
