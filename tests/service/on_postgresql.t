#!/usr/bin/python3 -B
"""What clients see does not depend on the database: tests of it once more,
with PostgreSQL behind the service.  Any other can be run so by hand:
UK_STORE=postgresql tests/run tests/service/NAME.t"""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pg_cluster
from tap import main, note, ok, skip_all
from world import die_with_us

HERE = os.path.dirname(os.path.realpath(__file__))
FILES = ('crash.t', 'commands.t', 'admin.t', 'admin_apps.t',
         'admin_people.t', 'apps.t', 'endpoints.t', 'errors.t', 'expiry.t',
         'hang_up.t',
         'keys.t', 'link.t', 'operate.t', 'reset.t', 'tokens.t')
AT_ONCE = 2  # they wait for processes to start, most of the time

if pg_cluster.binaries() is None:
    skip_all('on PostgreSQL', 'no PostgreSQL server is installed')


def run(name):
    return subprocess.run(
        [os.path.join(HERE, name)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=dict(os.environ, UK_STORE='postgresql'), preexec_fn=die_with_us)


with ThreadPoolExecutor(AT_ONCE) as at_once:
    for name, done in zip(FILES, at_once.map(run, FILES)):
        plan = re.findall(r'^1\.\.(\d+)$', done.stdout, re.M)
        passed = re.findall(r'^ok ', done.stdout, re.M)
        good = done.returncode == 0 and plan == [str(len(passed))]
        if not ok(good, '%s on PostgreSQL: %d checks' % (name, len(passed))):
            note(re.sub(r'^ok .*\n', '', done.stdout, flags=re.M))

main()
