"""A mount namespace of the test's own: what is mounted there, nobody else
sees, and it goes with the test."""

import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

INSIDE = 'USERKEY_TEST_NAMESPACE'
_ours = set()  # files of /etc that are copies by now


def enter():
    """Start the test again in a namespace.  None inside; else why not."""
    if INSIDE in os.environ:
        return None
    if os.geteuid() != 0:
        return 'mounting needs root'
    if subprocess.run(['unshare', '-m', 'true'],
                      capture_output=True).returncode != 0:
        return 'no mount namespaces here'
    os.environ[INSIDE] = '1'
    os.execvp('unshare', ['unshare', '-m', sys.executable, '-B',
                          os.path.abspath(sys.argv[0])])


def add_account(name, uid):
    """A system account with a group of its own, in /etc as seen here."""
    for path, line in (
            ('/etc/passwd', '%s:x:%d:%d::/nonexistent:/usr/sbin/nologin\n'),
            ('/etc/group', '%s:x:%d:\n')):
        with open(path) as file:
            lines = [one for one in file if not one.startswith(name + ':')]
        lines.append(line % ((name, uid, uid)[:line.count('%')]))
        if path in _ours:  # a second one goes into the copy
            with open(path, 'w') as file:
                file.write(''.join(lines))
            continue
        _ours.add(path)
        with tempfile.NamedTemporaryFile('w') as copy:
            copy.write(''.join(lines))
            copy.flush()
            os.chmod(copy.name, 0o644)
            subprocess.run(['mount', '--bind', copy.name, path], check=True)
