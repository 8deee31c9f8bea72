"""What the login's bench measures, inside the lab."""

import crypt
import os
import pwd
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

UK = {name: os.environ.get(name, '') for name in (
    'UK_APP', 'UK_BIN', 'UK_CA', 'UK_HTTP_URL', 'UK_KEY', 'UK_LAB', 'UK_SERVER_CONF',
    'UK_SERVER_PID', 'UK_SSH_PORT', 'UK_UNIX_PASSWORD', 'UK_USER_ID')}
LAB = UK['UK_LAB']
TICK = os.sysconf('SC_CLK_TCK')
NEAR, TEN, FIFTY = '127.0.0.1', '10.10.0.2', '10.50.0.2'
STATE = '/run/userkey/bench-state'
WAYS = {'near': NEAR, 'ten': TEN, 'fifty': FIFTY}


FRONT = """
user root;
worker_processes 1;
pid %(lab)s/front.pid;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path %(lab)s/front;
    proxy_temp_path %(lab)s/front;
    upstream service { server %(http)s; keepalive 128; }
    server {
        listen 0.0.0.0:%(port)d ssl http2;
        http2_max_concurrent_streams 128;
        keepalive_requests 1000000;
        ssl_certificate %(lab)s/server.pem;
        ssl_certificate_key %(lab)s/server.key;
        location / {
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }
    }
}
"""


def log(text):
    print('# ' + text, file=sys.stderr, flush=True)


def write(path, text, mode=0o644):
    with open(path, 'w') as file:
        file.write(text)
    os.chmod(path, mode)


def pam(service, *lines):
    write('/etc/pam.d/' + service, ''.join(
        line + '\n' for line in (*lines, 'account required pam_permit.so',
                                 'session required pam_permit.so')))


def median(values):
    return statistics.median(values)


# --- The service, within reach of all ways to it


def certificate():
    names = 'DNS:localhost,' + ','.join(
        'IP:' + address for address in WAYS.values())
    ext = LAB + '/far.ext'
    write(ext, 'subjectAltName=' + names)
    subprocess.run(['openssl', 'x509', '-req', '-days', '30', '-in',
                    LAB + '/server.csr', '-CA', LAB + '/ca.pem', '-CAkey',
                    LAB + '/ca.key', '-set_serial', '77', '-out',
                    LAB + '/server.pem', '-extfile', ext],
                   check=True, capture_output=True)


def start_service():
    """In the place of the lab's; its port."""
    os.kill(int(UK['UK_SERVER_PID']), signal.SIGTERM)
    time.sleep(0.3)
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    with open(UK['UK_SERVER_CONF']) as file:
        text = re.sub(r'(?m)^listen .*$', 'listen = 0.0.0.0:%d' % port,
                      file.read())
    conf = LAB + '/far.conf'
    write(conf, text + 'logins_per_user = 10000000\n')
    out = open(LAB + '/far.log', 'wb')
    subprocess.Popen([UK['UK_BIN'] + '/userkey-server', 'serve', '--config',
                      conf], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    wait_for(port)
    return port


def wait_for(port):
    for _ in range(400):
        try:
            socket.create_connection(('127.0.0.1', port)).close()
            return
        except OSError:
            time.sleep(0.025)
    raise RuntimeError('nobody listens on port %d' % port)


# --- Settings, agents


def conf_for(name, url, agent_socket):
    path = '/etc/userkey/%s.conf' % name
    write(path, 'service_url = %s\napp_id = %s\nca_file = %s\n'
          'agent_program = %s/userkey-agent\nagent_socket = %s\n'
          'state_folder = %s\n' % (
              url, UK['UK_APP'], UK['UK_CA'], UK['UK_BIN'], agent_socket,
              STATE))
    return path


def make_state():
    """The agent's folder, as tmpfiles.d would make it."""
    owner = pwd.getpwnam('_userkey')
    os.mkdir(STATE, 0o700)
    os.chown(STATE, owner.pw_uid, owner.pw_gid)


class Agent:
    """One that listens, for one way to the service."""

    def __init__(self, name, url):
        self.socket = '/run/userkey/%s.sock' % name
        self.conf = conf_for(name, url, self.socket)
        self.process = subprocess.Popen(
            [UK['UK_BIN'] + '/userkey-agent', '--conf', self.conf, '--listen',
             self.socket], stdin=subprocess.DEVNULL)
        for _ in range(200):
            if os.path.exists(self.socket):
                break
            if self.process.poll() is not None:
                raise RuntimeError('the agent does not come up')
            time.sleep(0.025)
        pam('bench-' + name, 'auth required pam_userkey.so conf=' + self.conf)

    def cpu(self):
        with open('/proc/%d/stat' % self.process.pid) as file:
            fields = file.read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def pss(self):
        with open('/proc/%d/smaps_rollup' % self.process.pid) as file:
            return int(re.search(r'^Pss:\s+(\d+)', file.read(), re.M)[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Hasty:
    """A way to the service on which an answer is followed by a hang-up."""

    def __init__(self, port, idle):
        self.target, self.idle = port, idle
        self.server = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self.server.getsockname()[1]
        self.closed = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            peer, _ = self.server.accept()
            threading.Thread(target=self.relay, args=(peer,),
                             daemon=True).start()

    def relay(self, peer):
        import select
        up = socket.create_connection(('127.0.0.1', self.target))
        for end in (peer, up):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        said, answered = 0, False
        while True:
            ready = select.select([peer, up], [], [],
                                  self.idle if answered else 10)[0]
            if not ready:
                break
            said += ready[0] is peer
            data = ready[0].recv(65536)
            if not data:
                break
            other = up if ready[0] is peer else peer
            other.sendall(data)
            # Hello, the handshake's end, and then a request.
            answered = said > 2 and ready[0] is up
        self.closed += 1
        peer.close()
        up.close()


# --- Subjects: each gives microseconds


class Host:
    """Logins through PAM."""

    def __init__(self, tools, service, user='alice', secret=None, column=0,
                 flags=()):
        self.program = tools + '/login_host'
        self.service, self.user = service, user
        self.column, self.flags = column, flags
        self.secret = tempfile.TemporaryFile()
        self.secret.write((secret or UK['UK_KEY']).encode() + b'\n')
        self.secret.flush()
        self.failed = 0

    def rows(self, n, *flags):
        self.secret.seek(0)
        out = subprocess.run(
            [self.program, '-n', str(n), *self.flags, *flags, self.service,
             self.user],
            stdin=self.secret, stdout=subprocess.PIPE, text=True, check=True,
            env={}).stdout.splitlines()
        rows = [[int(word) for word in line.split()] for line in out[:-1]]
        self.all_us = int(out[-1].split()[1])
        self.failed += sum(row[2] != 0 for row in rows)
        self.failed += n - len(rows)
        return rows

    def measure(self, n, *flags):
        return [row[self.column] for row in self.rows(n, *flags)]

    def rate(self, n, *flags):
        self.rows(n, *flags)
        return n / self.all_us * 1e6


class Command(Host):
    """Programs that log in, by their first and last moment."""

    def __init__(self, tools, argv, before, uid=0, secret=None, env=None):
        super().__init__(tools, '', secret=secret)
        self.argv, self.before, self.uid, self.env = argv, before, uid, env

    def rows(self, n, *flags):
        self.before()
        self.secret.seek(0)
        out = subprocess.run(
            [self.program, '-n', str(n), '-u', str(self.uid), '--',
             *self.argv], stdin=self.secret, stdout=subprocess.PIPE, text=True,
            check=True, env={'PATH': os.environ['PATH'], **(self.env or {})}
        ).stdout.splitlines()
        rows = [[int(word) for word in line.split()] for line in out[:-1]]
        self.failed += sum(row[2] != 0 for row in rows)
        return rows


class Post:
    """The service, asked without us."""

    failed = 0

    def __init__(self, tools, how, address, port):
        self.argv = [tools + '/login_post', how, None, address, str(port),
                     UK['UK_CA'], '/api/client/v2.0/app/%s/auth/providers/'
                     'api-key/login' % UK['UK_APP']]

    def measure(self, n):
        self.argv[2] = str(n)
        return [int(line) for line in subprocess.run(
            self.argv, input='{"key":"%s"}' % UK['UK_KEY'], text=True,
            stdout=subprocess.PIPE, check=True).stdout.split()]


class Bench:
    def __init__(self, args, build):
        self.args, self.tools = args, build + '/tests/bench'
        self.only = set(args.only)
        self.front = None
        self.few = max(3, args.rounds // 8)
        self.times, self.low, self.lines, self.agents = {}, {}, [], {}

    def start(self):
        make_state()
        certificate()
        self.port = start_service()
        for name, address in WAYS.items():
            url = 'https://%s:%d' % (address, self.port)
            self.agents[name] = Agent(name, url)
            pam('bench-one-' + name, 'auth required pam_userkey.so conf=' +
                conf_for('one-' + name, url, 'none'))
        pam('bench-permit', 'auth required pam_permit.so')
        pam('bench-unix', 'auth required pam_unix.so nodelay')
        conf = self.agents['near'].conf
        pam('bench-not-reached', 'auth sufficient pam_permit.so',
            'auth required pam_userkey.so conf=' + conf)
        pam('bench-nothing', 'auth sufficient pam_permit.so',
            'auth required pam_deny.so')
        self.yescrypt()

    def yescrypt(self):
        """alice's password as Debian hashes it."""
        word = crypt.crypt(UK['UK_UNIX_PASSWORD'], '$y$j9T$' + 'abcdefgh' * 2)
        with open('/etc/shadow') as file:
            text = re.sub(r'(?m)^alice:[^:]*:', lambda _: 'alice:%s:' % word,
                          file.read())
        write('/etc/shadow', text, 0o640)

    def host(self, service, **more):
        return Host(self.tools, 'bench-' + service, **more)

    def post(self, how, way):
        return Post(self.tools, how, WAYS[way], self.port)

    # Rounds.

    def rounds(self, subjects, n):
        """Medians of each subject, by round."""
        found = {name: [] for name in subjects}
        every = {name: [] for name in subjects}
        for subject in subjects.values():
            subject.measure(3)  # caches, connections
        for number in range(self.args.rounds):
            for name in random.sample(list(subjects), len(subjects)):
                values = subjects[name].measure(n)
                found[name].append(median(values))
                every[name] += values
            if number % 10 == 9:
                log('round %d of %d: %s' % (
                    number + 1, self.args.rounds, ', '.join(
                        '%s %.2f' % (name, median(values) / 1000)
                        for name, values in found.items())))
        for name, values in found.items():
            self.times[name] = median(values)
            self.low[name] = sorted(every[name])[len(every[name]) // 10]
            if subjects[name].failed:
                log('%s: %d failed' % (name, subjects[name].failed))
        return found

    def add(self, what, measured, sign, target, unit='x', quiet=None):
        good = measured <= target if sign == '<=' else measured >= target
        self.lines.append((what, measured, unit, sign, target,
                           'met' if good else 'MISSED', quiet))

    def compare(self, what, found, name, to, target, sign='<='):
        self.add(what, median(a / b for a, b in zip(found[name], found[to])),
                 sign, target, quiet=self.low[name] / self.low[to]
                 if sign == '<=' else None)

    # Parts.

    def loopback(self):
        found = self.rounds({
            'pam_permit': self.host('permit'),
            'agent': self.host('near'),
            'one-shot': self.host('one-near'),
            'pam_unix, yescrypt': self.host(
                'unix', secret=UK['UK_UNIX_PASSWORD']),
            'POST, kept connection': self.post('kept', 'near'),
            'POST, new connection': self.post('new', 'near'),
            'not reached': self.host('not-reached'),
            'nothing': self.host('nothing'),
        }, 4)
        self.compare('agent against pam_unix yescrypt', found, 'agent',
                     'pam_unix, yescrypt', 0.05)
        self.compare('one-shot against TCP+TLS+POST', found, 'one-shot',
                     'POST, new connection', 6)
        self.compare('module not reached against one that does nothing',
                     found, 'not reached', 'nothing', 1.15)

    def far(self):
        found = self.rounds({
            'POST, kept, 10 ms': self.post('kept', 'ten'),
            'POST, new, 10 ms': self.post('new', 'ten'),
            'agent, 10 ms': self.host('ten'),
            'one-shot, 10 ms': self.host('one-ten'),
            'one-shot, typed, 10 ms': self.host(
                'one-ten', column=1, flags=('-t', '100')),
            'POST, kept, 50 ms': self.post('kept', 'fifty'),
            'agent, 50 ms': self.host('fifty'),
        }, 3)
        self.compare('agent, 10 ms away, against a POST', found,
                     'agent, 10 ms', 'POST, kept, 10 ms', 1.15)
        self.compare('one-shot, typed for 100 ms, 10 ms away', found,
                     'one-shot, typed, 10 ms', 'POST, kept, 10 ms', 1.3)
        self.compare('agent, 50 ms away, against a POST', found,
                     'agent, 50 ms', 'POST, kept, 50 ms', 1.04)

    def many(self):
        for at_once in (8, 64):
            hosts = {'pam_permit': self.host('permit'),
                     'agent': self.host('near'),
                     'one-shot': self.host('one-near')}
            found = {name: [] for name in hosts}
            for _ in range(self.few):
                for name in random.sample(list(hosts), len(hosts)):
                    n = 60 if name == 'one-shot' else 300
                    found[name].append(hosts[name].rate(
                        n, '-k', str(at_once)))
            for name, values in found.items():
                log('%s, %d at once: %.0f logins/s, %d failed' % (
                    name, at_once, median(values), hosts[name].failed))
            self.compare('%d at once against pam_permit' % at_once, found,
                         'agent', 'pam_permit', 0.85, '>=')
        self.start_front()
        host = self.host('front')
        host.rate(64, '-j', '-k', '64')
        rates = [host.rate(1280, '-j', '-k', '64')
                 for _ in range(self.few)]
        log('50 ms away, 64 at once: %.0f logins/s, %d failed' % (
            median(rates), host.failed))
        self.add('64 at once, 50 ms away, against 64/RTT',
                 median(rates) / (64 / 0.050), '>=', 0.9)

    def start_front(self):
        """nginx, which speaks HTTP/2, before the service, 50 ms away."""
        with socket.create_server(('127.0.0.1', 0)) as free:
            port = free.getsockname()[1]
        conf = LAB + '/front.conf'
        write(conf, FRONT % {'lab': LAB, 'port': port,
                             'http': UK['UK_HTTP_URL'][len('http://'):]})
        self.front = subprocess.Popen(
            ['nginx', '-c', conf, '-e', LAB + '/front.log', '-g',
             'daemon off;'], stdin=subprocess.DEVNULL)
        wait_for(port)
        self.agents['front'] = Agent('front', 'https://%s:%d' % (FIFTY, port))

    def memory(self):
        agent = self.agents['near']
        permit, ours = self.host('permit'), self.host('near')
        pss = [median(row[3] for row in host.rows(20))
               for host in (ours, permit)]
        log('memory of the host: %d KB, with pam_permit %d KB' % tuple(pss))
        self.add('memory of the host against pam_permit', pss[0] / pss[1],
                 '<=', 1.1)
        before = agent.cpu()
        ours.rows(2000)
        self.add('processor time of the agent, a login',
                 (agent.cpu() - before) / 2000 * 1e6, '<=', 150, 'us')
        self.add('memory of the agent, idle', agent.pss(), '<=', 8, 'MB')
        peak = [0]

        def watch():
            while peak[0] >= 0:
                peak[0] = max(peak[0], agent.pss())
                time.sleep(0.02)
        ours.rows(640, '-k', '64')
        thread = threading.Thread(target=watch)
        thread.start()
        self.host('fifty').rows(64, '-k', '64')
        ours.rows(1280, '-j', '-k', '64')
        most, peak[0] = peak[0], -1e9
        thread.join()
        self.add('memory of the agent, 64 logins', most, '<=', 20, 'MB')

    def idle(self):
        hasty = Hasty(self.port, 0.05)
        self.agents['hasty'] = Agent(
            'hasty', 'https://127.0.0.1:%d' % hasty.port)
        host = self.host('hasty')
        host.rows(200, '-p', '100')
        log('the way was hung up %d times' % hasty.closed)
        if hasty.closed < 20:
            log('too seldom to say anything')
        self.add('failed of 200 over connections that are hung up',
                 host.failed, '<=', 0, '')

    def sudo(self):
        rules = {'pam_permit': 'auth required pam_permit.so',
                 'agent': 'auth required pam_userkey.so conf=' +
                          self.agents['near'].conf,
                 'one-shot': 'auth required pam_userkey.so '
                             'conf=/etc/userkey/one-near.conf'}
        found = self.rounds({
            'sudo, ' + name: Command(
                self.tools, ['sudo', '-S', '-p', '', 'true'],
                lambda rule=rule: pam('sudo', rule), uid=1000)
            for name, rule in rules.items()}, 3)
        self.compare('sudo against sudo with pam_permit', found,
                     'sudo, agent', 'sudo, pam_permit', 1.2)

    def ssh(self):
        ask = LAB + '/bench-askpass'
        write(ask, '#!/bin/sh\nprintf "%s\\n" "$ANSWER"\n', 0o755)
        rules = {'pam_permit': 'auth required pam_permit.so',
                 'agent': 'auth required pam_userkey.so conf=' +
                          self.agents['near'].conf}
        argv = ['ssh', '-p', UK['UK_SSH_PORT'], '-o',
                'PreferredAuthentications=password', '-o',
                'PubkeyAuthentication=no', 'alice@127.0.0.1', 'true']
        env = {'SSH_ASKPASS': ask, 'SSH_ASKPASS_REQUIRE': 'force',
               'ANSWER': UK['UK_KEY'], 'DISPLAY': ':0'}
        found = self.rounds({
            'ssh, ' + name: Command(self.tools, argv,
                                    lambda rule=rule: pam('sshd', rule),
                                    env=env)
            for name, rule in rules.items()}, 1)
        self.compare('ssh against ssh with pam_permit', found, 'ssh, agent',
                     'ssh, pam_permit', 1.01)

    def stop(self):
        for agent in self.agents.values():
            agent.stop()
        if self.front:
            self.front.terminate()
            self.front.wait()

    def show(self):
        print('%-34s %9s %9s' % ('ms', 'median', '10 %'))
        for name, us in self.times.items():
            print('%-34s %9.2f %9.2f' % (name, us / 1000,
                                         self.low[name] / 1000))
        print('\n%-50s %11s %13s %14s' % ('target', 'measured', 'wanted',
                                          'by the 10 %'))
        for what, measured, unit, sign, target, word, quiet in self.lines:
            print('%-50s %8.3f %-2s %2s %7.2f %-2s  %-6s %8s' % (
                what, measured, unit, sign, target, unit, word,
                '' if quiet is None else '%.3f' % quiet))


def run(args, build):
    bench = Bench(args, build)
    started = time.monotonic()
    try:
        bench.start()
        for part in ('loopback', 'far', 'many', 'memory', 'idle', 'sudo',
                     'ssh'):
            if part in bench.only:
                log(part)
                getattr(bench, part)()
    finally:
        bench.stop()
        bench.show()
    log('%.0f seconds' % (time.monotonic() - started))
    return 0
