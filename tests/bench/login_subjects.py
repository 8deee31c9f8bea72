"""What logs in, or only asks, and for how many microseconds."""

import os
import statistics
import subprocess
import tempfile

import login_world as lab


def median(values):
    return statistics.median(values)


class Host:
    """Logins through PAM."""

    enter = ()  # a world of others, where it is not the lab's own

    def __init__(self, tools, service, user='alice', secret=None, column=0,
                 flags=(), enter=()):
        self.program = tools + '/login_host'
        self.service, self.user = service, user
        self.column, self.flags, self.enter = column, flags, enter
        self.secret = tempfile.TemporaryFile()
        self.secret.write((secret or lab.UK['UK_KEY']).encode() + b'\n')
        self.secret.flush()
        self.failed = 0

    def command(self, n, flags):
        return [*self.enter, self.program, '-n', str(n), *self.flags, *flags,
                self.service, self.user]

    def environment(self):
        return {}

    def rows(self, n, *flags):
        """Of each login its whole time, that from the answer on, its code and
        the memory; those that fail are counted, and not among them."""
        self.secret.seek(0)
        out = subprocess.run(
            self.command(n, flags), stdin=self.secret, stdout=subprocess.PIPE,
            text=True, check=True, env=self.environment(), timeout=120
        ).stdout.splitlines()
        rows = [[int(word) for word in line.split()] for line in out[:-1]]
        self.all_us = int(out[-1].split()[1])
        good = [row for row in rows if row[2] == 0]
        self.failed += n - len(good)
        return good

    def trial(self):
        """Does one succeed?  It is not counted."""
        before = self.failed
        good = self.rows(1)
        self.failed = before
        return bool(good)

    def measure(self, n, *flags):
        return [row[self.column] for row in self.rows(n, *flags)]

    def rate(self, n, *flags):
        """Successful ones a second."""
        return len(self.rows(n, *flags)) / self.all_us * 1e6


class Command(Host):
    """Programs that log in, by their first and last moment."""

    def __init__(self, tools, argv, before, uid=0, secret=None, env=None):
        super().__init__(tools, '', secret=secret)
        self.argv, self.before, self.uid, self.env = argv, before, uid, env

    def command(self, n, flags):
        return [self.program, '-n', str(n), '-u', str(self.uid), '--',
                *self.argv]

    def environment(self):
        return {'PATH': os.environ['PATH'], **(self.env or {})}

    def rows(self, n, *flags):
        self.before()
        return super().rows(n, *flags)


class Post:
    """The service, asked without us."""

    failed = 0

    def __init__(self, tools, how, address, port):
        self.argv = [tools + '/login_post', how, None, address, str(port),
                     lab.UK['UK_CA'], lab.LOGIN_PATH]

    def trial(self):
        return True  # it ends with a reason when it does not succeed

    def measure(self, n):
        self.argv[2] = str(n)
        return [int(line) for line in subprocess.run(
            self.argv, input='{"key":"%s"}' % lab.UK['UK_KEY'], text=True,
            stdout=subprocess.PIPE, check=True).stdout.split()]
