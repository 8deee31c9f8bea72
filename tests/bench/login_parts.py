"""What the login's bench measures, part by part."""

import random
import subprocess
import threading
import time

import login_world as lab
from login_peers import Peers
from login_subjects import Command, Host, Post, median
from login_table import Targets, Times

PARTS = ('loopback', 'far', 'many', 'crowd', 'memory', 'idle', 'sudo', 'ssh')


class Bench:
    def __init__(self, args, build):
        self.args, self.tools = args, build + '/tests/bench'
        self.front = None
        self.few = max(2, args.rounds // 8)
        self.times, self.targets, self.agents = Times(), Targets(), {}
        self.low = {}
        self.peers = Peers(build + '/peers', self.tools)

    def start(self):
        lab.make_state()
        lab.certificate()
        self.port = lab.start_service()
        for name, address in lab.WAYS.items():
            url = 'https://%s:%d' % (address, self.port)
            self.agents[name] = lab.Agent(name, url)
            lab.pam('bench-one-' + name,
                    'auth required pam_userkey.so conf=' +
                    lab.conf_for('one-' + name, url, 'none'))
        wait = 'auth required %s/module_wait.so' % self.tools
        for service, *rules in (
                ('permit', 'auth required pam_permit.so'),
                ('unix', 'auth required pam_unix.so nodelay'),
                ('not-reached', 'auth sufficient pam_permit.so',
                 'auth required pam_userkey.so conf=' +
                 self.agents['near'].conf),
                ('nothing', 'auth sufficient pam_permit.so',
                 'auth required pam_deny.so'),
                ('asks', wait), ('waits', wait + ' ms=50')):
            lab.pam('bench-' + service, *rules)
        lab.give_yescrypt()
        if {'loopback', 'far'} & set(self.args.only):
            self.peers.start(self.port)

    def host(self, service, **more):
        return Host(self.tools, 'bench-' + service, **more)

    def post(self, how, way):
        return Post(self.tools, how, lab.WAYS[way], self.port)

    # Rounds.

    def rounds(self, subjects, n):
        """Medians of each subject, by round.  Who does not let everybody in
        is not among them: a refusal's time says nothing."""
        every, found = {}, {}
        for name in list(subjects):
            if not subjects[name].trial():
                self.times.fail(name, 'FAILED')
                del subjects[name]
                continue
            subjects[name].measure(3)  # caches, connections
            every[name], found[name] = [], []
        for number in range(self.args.rounds):
            for name in random.sample(list(subjects), len(subjects)):
                values = subjects[name].measure(n)
                if values:
                    found[name].append(median(values))
                every[name] += values
            if number % 20 == 19:
                lab.log('round %d of %d' % (number + 1, self.args.rounds))
        for name, subject in subjects.items():
            if subject.failed:
                self.times.fail(name, 'FAILED: %d of %d' % (
                    subject.failed, subject.failed + len(every[name])))
                del found[name]
                continue
            self.low[name] = sorted(every[name])[len(every[name]) // 10]
            self.times.add(name, median(found[name]), self.low[name])
        return found

    def compare(self, what, found, name, to, target=None, sign='<='):
        """The median of the ratios in each round."""
        if name not in found or to not in found:
            self.targets.fail(what, sign, target, 'x', 'not measured')
            return
        if sign == '<=':
            quiet = self.low[name] / self.low[to]
        else:
            quiet = max(found[name]) / max(found[to])  # rates
        self.targets.add(
            what, median(a / b for a, b in zip(found[name], found[to])),
            sign, target, quiet=quiet)

    # Parts.

    def loopback(self):
        found = self.rounds({
            'pam_permit': self.host('permit'),
            'a module that only asks': self.host('asks'),
            'agent': self.host('near'),
            'one-shot': self.host('one-near'),
            'pam_unix, yescrypt': self.host(
                'unix', secret=lab.UK['UK_UNIX_PASSWORD']),
            **self.peers.subjects('near'),
            'POST, kept connection': self.post('kept', 'near'),
            'POST, new connection': self.post('new', 'near'),
            'module not reached': self.host('not-reached'),
            'pam_deny not reached': self.host('nothing'),
        }, 4)
        self.compare('agent against pam_unix yescrypt', found, 'agent',
                     'pam_unix, yescrypt', 0.05)
        self.compare('one-shot against TCP + TLS + POST', found, 'one-shot',
                     'POST, new connection', 6)
        self.compare('module not reached against one that does nothing',
                     found, 'module not reached', 'pam_deny not reached', 1.15)
        self.compare('a module that only asks, against pam_permit', found,
                     'a module that only asks', 'pam_permit')
        self.compare('agent against a module that only asks', found, 'agent',
                     'a module that only asks')

    def far(self):
        found = self.rounds({
            'POST, kept, 10 ms': self.post('kept', 'ten'),
            'POST, new, 10 ms': self.post('new', 'ten'),
            'agent, 10 ms': self.host('ten'),
            'one-shot, 10 ms': self.host('one-ten'),
            'one-shot, typed, 10 ms': self.host(
                'one-ten', column=1, flags=('-t', '100')),
            'agent, beside the others, 10 ms': self.peers.beside('ten'),
            **self.peers.subjects('ten', ', 10 ms'),
            'POST, kept, 50 ms': self.post('kept', 'fifty'),
            'agent, 50 ms': self.host('fifty'),
        }, 3)
        self.compare('agent, 10 ms away, against a POST', found,
                     'agent, 10 ms', 'POST, kept, 10 ms', 1.15)
        self.compare('one-shot, typed for 100 ms, 10 ms away', found,
                     'one-shot, typed, 10 ms', 'POST, kept, 10 ms', 1.3)
        self.compare('agent, 50 ms away, against a POST', found,
                     'agent, 50 ms', 'POST, kept, 50 ms', 1.04)
        for peer, target in (('sssd, ldaps', 0.3), ('nslcd, ldaps', 0.3),
                             ('radius', 1.05), ('krb5', None),
                             ('pam_exec with curl', None)):
            self.compare('agent, 10 ms away, against ' + peer, found,
                         'agent, beside the others, 10 ms',
                         peer + ', 10 ms', target)

    def rates(self, hosts, at_once):
        """Logins a second of each, by round: its number, its flags."""
        found = {name: [] for name in hosts}
        for _ in range(self.few):
            for name in random.sample(list(hosts), len(hosts)):
                host, n, *flags = hosts[name]
                found[name].append(host.rate(n, '-k', str(at_once), *flags))
        for name, values in found.items():
            lab.log('%s, %d at once: %.0f logins/s, %d failed' % (
                name, at_once, median(values), hosts[name][0].failed))
        for name, (host, *_) in hosts.items():
            if host.failed:
                del found[name]
        return found

    def many(self):
        for at_once in (8, 64):
            found = self.rates({
                'pam_permit': (self.host('permit'), 300),
                'a module that only asks': (self.host('asks'), 300),
                'agent': (self.host('near'), 300),
                'one-shot': (self.host('one-near'), 60)}, at_once)
            self.compare('%d at once against pam_permit' % at_once, found,
                         'agent', 'pam_permit', 0.85, '>=')
            self.compare('%d at once, a module that only asks against it'
                         % at_once, found, 'a module that only asks',
                         'pam_permit', sign='>=')

    def crowd(self):
        """64 at once, 50 ms away, over one HTTP/2 connection: as threads of
        one process, and each in a fresh one, where starting them is a ceiling
        of its own: the rate of a module that sleeps for 50 ms."""
        self.front, port = lab.start_front()
        self.agents['front'] = lab.Agent(
            'front', 'https://%s:%d' % (lab.FIFTY, port))
        self.host('front').rate(64, '-j', '-k', '64')
        found = self.rates({
            'agent': (self.host('front'), 1280, '-j'),
            'sleeper': (self.host('waits'), 1280, '-j'),
            'agent, processes': (self.host('front'), 320),
            'sleeper, processes': (self.host('waits'), 320)}, 64)
        limit = {'limit': [64 / 0.050] * self.few}
        for ending, how, target in (('', '', 0.9),
                                    (', processes', ', fresh processes', None)):
            what = '64 at once, 50 ms away%s, against ' % how
            self.compare(what + '64/RTT', {**found, **limit},
                         'agent' + ending, 'limit', target, '>=')
            self.compare(what + 'who only sleeps so long', found,
                         'agent' + ending, 'sleeper' + ending, sign='>=')

    def memory(self):
        for name in set(self.agents) - {'near'}:
            self.agents.pop(name).stop()  # they would share its pages
        agent = self.agents['near']
        pss = {name: median(row[3] for row in self.host(name).rows(20))
               for name in ('near', 'permit', 'asks')}
        lab.log('memory of the host: %d KB, with pam_permit %d KB, with a '
                'module that only asks %d KB' % tuple(pss.values()))
        self.targets.add('memory of the host against pam_permit',
                         pss['near'] / pss['permit'], '<=', 1.1)
        self.targets.add('memory of the host against a module that only asks',
                         pss['near'] / pss['asks'], '<=')
        self.processor_time(agent, self.host('near'))
        self.targets.add('memory of the agent, idle', agent.pss(), '<=', 8,
                         'MB')
        self.targets.add('memory of the agent, 64 logins',
                         self.most_memory(agent), '<=', 20, 'MB')

    def most_memory(self, agent):
        """While 64 at once log in."""
        done, most = threading.Event(), []

        def watch():
            while not done.wait(0.02):
                most.append(agent.pss())
        thread = threading.Thread(target=watch)
        thread.start()
        self.host('near').rows(320, '-k', '64')
        self.host('near').rows(1280, '-j', '-k', '64')
        done.set()
        thread.join()
        return max(most)

    def processor_time(self, agent, host):
        n = 1000 if self.args.quick else 4000
        for at_once, target in ((1, 150), (8, None)):
            before = agent.cpu()
            host.rows(n, '-k', str(at_once))
            used = [(b - a) / n * 1e6 for a, b in zip(before, agent.cpu())]
            what = 'processor time of the agent, a login' + (
                ', %d at once' % at_once if at_once > 1 else '')
            for how, us in zip((' (ticks)', ''), used):
                self.targets.add(what + how, us, '<=', target, 'us')

    def idle(self):
        n = 50 if self.args.quick else 200
        hasty = lab.Hasty(self.port, 0.05)
        self.agents['hasty'] = lab.Agent(
            'hasty', 'https://127.0.0.1:%d' % hasty.port)
        host = self.host('hasty')
        host.rows(n, '-p', '100')
        lab.log('the way was hung up %d times' % hasty.closed)
        if hasty.closed < n // 10:
            lab.log('too seldom to say anything')
        self.targets.add('failed of %d over connections that are hung up' % n,
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
                lambda rule=rule: lab.pam('sudo', rule), uid=1000)
            for name, rule in rules.items()}, 3)
        self.compare('sudo against sudo with pam_permit', found,
                     'sudo, agent', 'sudo, pam_permit', 1.2)

    def ssh(self):
        ask = lab.LAB + '/bench-askpass'
        lab.write(ask, '#!/bin/sh\nprintf "%s\\n" "$ANSWER"\n', 0o755)
        rules = {'pam_permit': 'auth required pam_permit.so',
                 'agent': 'auth required pam_userkey.so conf=' +
                          self.agents['near'].conf}
        argv = ['ssh', '-p', lab.UK['UK_SSH_PORT'], '-o',
                'PreferredAuthentications=password', '-o',
                'PubkeyAuthentication=no', 'alice@127.0.0.1', 'true']
        env = {'SSH_ASKPASS': ask, 'SSH_ASKPASS_REQUIRE': 'force',
               'ANSWER': lab.UK['UK_KEY'], 'DISPLAY': ':0'}
        found = self.rounds({
            'ssh, ' + name: Command(self.tools, argv,
                                    lambda rule=rule: lab.pam('sshd', rule),
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
        self.peers.stop()

    def show(self):
        for name, why in self.peers.skipped.items():
            self.times.fail(name, 'skipped: ' + why)
        for table in (self.times, self.targets):
            if self.args.markdown:
                table.markdown()
            else:
                table.show()


def run(args, build):
    bench = Bench(args, build)
    started = time.monotonic()
    try:
        bench.start()
        for part in PARTS:
            if part in args.only:
                begun = time.monotonic()
                getattr(bench, part)()
                lab.log('%s: %.0f s' % (part, time.monotonic() - begun))
                for name, agent in bench.agents.items():
                    if agent.replaced():
                        lab.log('the agent %s did not stay: what is said of '
                                'it is not of a warm one' % name)
    finally:
        bench.stop()
        bench.show()
    lab.log('%.0f seconds' % (time.monotonic() - started))
    return 0
