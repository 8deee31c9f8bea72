"""Others that log people in, set up from their packages inside the lab.

Their programs come out of a folder (tests/bench/unpack) that lies over /usr in
a mount namespace of its own, one for each way to the server: what two of the
same kind keep at fixed places (/run, /var/lib, a file in /etc) is apart.  What
cannot be set up is left out, with the reason.
"""

import os
import subprocess
import time

import login_kinds
import login_world as lab
from login_subjects import Host

WAYS = ('near', 'ten')

WORLD = r"""
set -e
mount -t tmpfs -o mode=755,size=64m peers "$2"
mkdir "$2/upper" "$2/work" "$2/ours"
mount -t overlay -o "lowerdir=$1/usr:/usr" peers /usr
mount -t overlay -o \
    "lowerdir=$1/var/lib:/var/lib,upperdir=$2/upper,workdir=$2/work" \
    peers /var/lib
mount --bind /run/userkey "$2/ours"
mount -t tmpfs -o mode=755,size=16m peers /run
mkdir -p /run/nslcd /run/userkey /var/log/sssd
mount --bind "$2/ours" /run/userkey
mount -t tmpfs -o mode=1777,size=16m peers /var/tmp
[ ! -d /var/cache/ldconfig ] || mount -t tmpfs peers /var/cache/ldconfig
echo ready
exec cat
"""


class World:
    """A mount namespace with the packages in it."""

    def __init__(self, root, way):
        self.root, self.address = root, lab.WAYS[way]
        self.folder = lab.LAB + '/peers-' + way
        self.daemons, self.holder, self.enter = [], None, ()
        os.makedirs(self.folder + '/over', exist_ok=True)
        if root:
            self.lay_over(root)

    def lay_over(self, root):
        self.holder = subprocess.Popen(
            ['unshare', '--mount', '--propagation', 'private', 'sh', '-c',
             WORLD, 'sh', root, self.folder + '/over'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        if self.holder.stdout.readline() != b'ready\n':
            raise RuntimeError(
                lab.last_line(self.holder.stderr.read().decode()))
        self.enter = ('nsenter', '--mount=/proc/%d/ns/mnt' % self.holder.pid)

    def run(self, *argv, text=None):
        done = subprocess.run([*self.enter, *argv], input=text, text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise RuntimeError('%s: %s' % (
                os.path.basename(argv[0]),
                lab.last_line(done.stderr + done.stdout)))

    def launch(self, *argv):
        """A daemon that stays in the foreground, and where its words go."""
        words = '%s/%s.log' % (self.folder, os.path.basename(argv[0]))
        with open(words, 'wb') as out:
            self.daemons.append((words, subprocess.Popen(
                [*self.enter, *argv], stdin=subprocess.DEVNULL, stdout=out,
                stderr=out)))

    def put(self, name, text, at=None):
        """A file of this world's alone, in the place of one in /etc."""
        path = self.folder + '/' + name
        lab.write(path, text, 0o600)
        if at:
            os.makedirs(os.path.dirname(at), exist_ok=True)
            open(at, 'ab').close()
            self.run('mount', '--bind', path, at)
        return path

    def complaint(self):
        """Of those daemons that have ended."""
        for words, daemon in self.daemons:
            if daemon.poll() is not None:
                with open(words, errors='replace') as file:
                    return '%s has ended: %s' % (
                        os.path.basename(words)[:-4],
                        lab.last_line(file.read()))
        return 'its login fails'

    def stop(self):
        for _, daemon in reversed(self.daemons):
            daemon.terminate()
        for _, daemon in reversed(self.daemons):
            try:
                daemon.wait(3)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        if self.holder:
            self.holder.stdin.close()
            self.holder.wait()


class Peers:
    """Those that could be set up, and why the others could not."""

    def __init__(self, root, tools):
        self.tools, self.root, self.missing = tools, root, None
        self.worlds, self.found, self.skipped = {}, {}, {}

    def start(self, service_port):
        self.shared = {'service': service_port}
        self.make_worlds()
        for kind in login_kinds.ALL:
            try:
                self.set_up(kind)
            except (OSError, RuntimeError) as error:
                self.skipped[kind.name] = str(error)
                lab.log('%s: skipped: %s' % (kind.name, error))

    def make_worlds(self):
        try:
            if not os.path.exists(self.root + '/stamp'):
                raise RuntimeError('its packages are not there '
                                   '(tests/bench/unpack)')
            self.worlds = {way: World(self.root, way) for way in WAYS}
            self.worlds['near'].run('/sbin/ldconfig')
        except (OSError, RuntimeError) as error:
            self.missing = str(error)
            self.worlds = {way: World(None, way) for way in WAYS}

    def set_up(self, kind):
        near = self.worlds['near']
        if kind.packages and self.missing:
            raise RuntimeError(self.missing)
        for program in kind.programs:
            if subprocess.run([*near.enter, 'test', '-x', program]).returncode:
                raise RuntimeError("'%s' is not there" % program)
        peer = kind(self.shared)
        peer.serve(near)
        hosts = {}
        for way, world in self.worlds.items():
            service = 'bench-%s-%s' % (kind.__name__.lower(), way)
            lab.pam(service, 'auth required ' + peer.host(world))
            enter = world.enter if kind.packages else ()
            secret = None if kind.key else lab.UK['UK_UNIX_PASSWORD']
            hosts[way] = Host(self.tools, service, enter=enter, secret=secret)
            if not self.takes(hosts[way]):
                raise RuntimeError(world.complaint())
            if Host(self.tools, service, enter=enter,
                    secret='not ' + lab.UK['UK_UNIX_PASSWORD']).trial():
                raise RuntimeError('it takes a wrong password')
        self.found[kind.name] = hosts

    @staticmethod
    def takes(host):
        """Does it let alice in, now or when it has come up?"""
        end = time.monotonic() + 8
        while not host.trial():
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        return True

    def beside(self, way):
        """Ours in their world: opening files costs a little more there."""
        service = 'bench-beside-' + way
        lab.pam(service, 'auth required %s/pam_userkey.so '
                'conf=/etc/userkey/%s.conf' % (lab.UK['UK_BIN'], way))
        return Host(self.tools, service, enter=self.worlds[way].enter)

    def subjects(self, way, ending=''):
        return {name + ending: hosts[way]
                for name, hosts in self.found.items()}

    def stop(self):
        for world in reversed(self.worlds.values()):
            world.stop()
