"""Headless Chromium, driven over a pair of pipes.

The DevTools protocol on --remote-debugging-pipe: each message is JSON with a
zero byte behind it.  No port is opened, and no driver is needed.
"""

import atexit
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'service'))

from world import PATIENCE, die_with_us

PROGRAM = shutil.which('chromium')
# Root has no sandbox; nothing but loopback is ever asked for.
FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
         '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync',
         '--disable-default-apps', '--disable-extensions',
         '--disable-dev-shm-usage', '--no-proxy-server',
         '--host-resolver-rules='
         'MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1',
         '--remote-debugging-pipe']


class Chromium:
    """One browser with an empty profile and one page."""

    def __init__(self, trusted_key=None):
        """trusted_key: base64 of the SHA-256 of a public key (SPKI); a
        server that has it is believed whatever signed its certificate."""
        self.home = tempfile.mkdtemp(prefix='userkey-chromium-')
        self.log = open(os.path.join(self.home, 'log'), 'w+b')
        self.process = None
        atexit.register(self._remove)
        self.count = 0
        self.unread = b''
        self.events = []
        flags = FLAGS + ['--user-data-dir=' + os.path.join(self.home, 'data')]
        if trusted_key:
            flags.append('--ignore-certificate-errors-spki-list='
                         + trusted_key)
        theirs_in, self.to = os.pipe()
        self.back, theirs_out = os.pipe()
        # High numbers, so that 3 and 4 can be taken without a clash.
        theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 50)
                  for fd in (theirs_in, theirs_out)]

        def in_child():
            die_with_us()
            os.dup2(theirs[0], 3)
            os.dup2(theirs[1], 4)

        self.process = subprocess.Popen(
            [PROGRAM, *flags, 'about:blank'], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, close_fds=False,
            preexec_fn=in_child, start_new_session=True, cwd=self.home,
            env={'PATH': os.environ['PATH'], 'HOME': self.home})
        for fd in (theirs_in, theirs_out, *theirs):
            os.close(fd)
        self.session = None
        target = [t for t in self.ask('Target.getTargets')['targetInfos']
                  if t['type'] == 'page'][0]
        self.session = self.ask('Target.attachToTarget', flatten=True,
                                targetId=target['targetId'])['sessionId']
        for domain in ('Page', 'Runtime', 'Network'):
            self.ask(domain + '.enable')

    def ask(self, method, **params):
        """One command, and its answer."""
        self.count += 1
        command = {'id': self.count, 'method': method, 'params': params}
        if self.session:
            command['sessionId'] = self.session
        os.write(self.to, json.dumps(command).encode() + b'\0')
        end = time.monotonic() + PATIENCE
        while True:
            message = self._next(end)
            if message is None:
                raise TimeoutError('chromium does not answer %s\n%s'
                                   % (method, self.log_text()))
            if message.get('id') != self.count:
                continue
            if 'error' in message:
                raise ValueError('%s: %s' % (method, message['error']))
            return message['result']

    def _next(self, end):
        """The next message, or None; events are kept."""
        while b'\0' not in self.unread:
            left = max(0, end - time.monotonic())
            if not select.select([self.back], [], [], left)[0]:
                return None
            data = os.read(self.back, 1 << 20)
            if not data:
                raise EOFError('chromium ended:\n' + self.log_text())
            self.unread += data
        text, _, self.unread = self.unread.partition(b'\0')
        message = json.loads(text)
        if 'method' in message:
            self.events.append(message)
        return message

    def open(self, url):
        """Load a page; events from before are forgotten."""
        self.events = []
        failed = self.ask('Page.navigate', url=url).get('errorText')
        if failed:
            raise ValueError('%s: %s' % (url, failed))

    def wait(self, done, seconds):
        """Collect events until done() is true; is it?"""
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            self._next(min(end, time.monotonic() + 0.05))
        return done()

    def of(self, method):
        """What the events of this name say."""
        return [e['params'] for e in self.events if e['method'] == method]

    def complaints(self):
        """Exceptions that nobody caught, as text."""
        return [e['exceptionDetails'].get('exception', {}).get(
                    'description', e['exceptionDetails'].get('text'))
                for e in self.of('Runtime.exceptionThrown')]

    def blocked(self):
        """For each request that the browser kept from its page: why."""
        return [e['corsErrorStatus']['corsError']
                for e in self.of('Network.loadingFailed')
                if 'corsErrorStatus' in e]

    def log_text(self):
        self.log.seek(0)
        return self.log.read().decode('utf-8', 'replace')[-3000:]

    def close(self):
        """In an orderly way, if it lets itself be asked."""
        try:
            self.session = None
            self.ask('Browser.close')
            self.process.wait(5)
        except (OSError, EOFError, TimeoutError, subprocess.TimeoutExpired):
            pass
        self._remove()

    def _remove(self):
        """All of it, however the test ends."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None
            os.close(self.to)
            os.close(self.back)
            self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)
