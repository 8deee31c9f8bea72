"""What the bench measures: our service on its stores, and nginx beside it."""

import glob
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'service'))

import pg_cluster  # noqa: E402
import world  # noqa: E402

SAMPLE = 30000  # different keys that are asked for
TICK = os.sysconf('SC_CLK_TCK')
POPULATE = os.path.join(world.BUILD, 'tests', 'bench', 'populate')
JSON = 'application/json'


def children(pid):
    """The process and what it has started."""
    found = [pid]
    for parent in found:
        for path in glob.glob('/proc/%d/task/*/children' % parent):
            try:
                with open(path) as file:
                    found += [int(word) for word in file.read().split()]
            except OSError:
                pass  # a thread that has ended
    return found


def cpu_of(pids):
    """Seconds that they have used."""
    ticks = 0
    for pid in pids:
        with open('/proc/%d/stat' % pid) as file:
            fields = file.read().rpartition(')')[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def pss_of(pids):
    """Their share of memory, in MB."""
    kb = 0
    for pid in pids:
        with open('/proc/%d/smaps_rollup' % pid) as file:
            kb += int(re.search(r'^Pss:\s+(\d+)', file.read(), re.M)[1])
    return kb / 1024


class Subject:
    """Something that answers logins: where, with which body, by whom."""

    name = url = keys = ''
    type, prefix, suffix = JSON, '', ''
    database = None  # a cluster whose work counts apart
    connections = 64

    def pids(self):
        return []

    def argv(self, seconds):
        return ['wrk', '-t2', '-c%d' % self.connections, '-d%ds' % seconds,
                '--timeout', '5s', '-s', os.path.join(HERE, 'login.lua'),
                self.url, '--', self.keys, self.type, self.prefix, self.suffix]

    def stop(self):
        pass


class Service(Subject):
    """userkey-server with so many keys."""

    prefix, suffix = '{"key":"', '"}'

    def __init__(self, name, folder, count, cluster=None, tls=False):
        self.name = name
        self.database = cluster
        os.mkdir(folder, 0o700)
        settings = {'log_level': 'info', 'max_connections': '10000',
                    'max_connections_per_address': '10000',
                    'secrets': os.path.join(folder, 'data')}
        world.STORE = 'postgresql' if cluster else 'sqlite'
        world._cluster = cluster  # where it makes its database
        self.world = world.World(settings, tls=tls, start=False,
                                 folder=folder)
        self.keys = os.path.join(folder, 'keys')
        self.world.write_config()
        subprocess.run([POPULATE, self.world.settings['database'],
                        self.world.settings['secrets'], str(count), self.keys,
                        str(min(count, SAMPLE))], check=True)
        if cluster:
            self.base = re.match(r'postgresql:///(\w+)',
                                 self.world.settings['database'])[1]
            cluster.sql('VACUUM ANALYZE', self.base)
            cluster.sql('CHECKPOINT')
        self.world.start()
        self.path = ('/api/client/v2.0/app/%s/auth/providers/api-key/login'
                     % self.world.app)
        self.url = self.world.url + self.path

    def pids(self):
        return [self.world.process.pid]

    def warm(self):
        """The disk is not what is measured: its file is read once, and all
        who log in have done so, since that is written down once an hour."""
        path = self.world.settings['database'].partition(':')[2]
        with open(path, 'rb') as file:
            while file.read(1 << 20):
                pass
        subprocess.run(self.argv(5), stdout=subprocess.DEVNULL, check=True)

    def log_size(self):
        return os.path.getsize(self.world.log)

    def forget_log(self):
        """The disk is not what is measured."""
        os.truncate(self.world.log, 0)

    def over_tls(self):
        return Face(self, self.name + ', TLS',
                    'https://127.0.0.1:%d%s' % (self.world.tls_port,
                                                self.path))

    def stop(self):
        if self.world.process:
            self.world.stop()


class Face(Subject):
    """The same subject at another address."""

    def __init__(self, of, name, url):
        self.of, self.name, self.url = of, name, url
        self.type, self.prefix, self.suffix = of.type, of.prefix, of.suffix
        self.keys, self.database = of.keys, of.database

    def pids(self):
        return self.of.pids()

    def forget_log(self):
        if hasattr(self.of, 'forget_log'):
            self.of.forget_log()


NGINX = '''
daemon off; master_process on; worker_processes %(workers)d;
pid %(folder)s/pid; error_log %(folder)s/error.log;
events { worker_connections 4096; }
http {
    access_log off; keepalive_requests 1000000000; default_type %(type)s;
    client_body_temp_path %(folder)s/a; proxy_temp_path %(folder)s/b;
    fastcgi_temp_path %(folder)s/c; uwsgi_temp_path %(folder)s/d;
    scgi_temp_path %(folder)s/e;
    server {
        listen 127.0.0.1:%(port)d reuseport;
        listen 127.0.0.1:%(tls_port)d ssl reuseport;
        ssl_certificate %(cert)s; ssl_certificate_key %(key)s;
        location / { return 200 '%(reply)s'; }
    }
}
'''


class Nginx(Subject):
    """nginx, which answers everything with one JSON text."""

    name = 'nginx, static JSON'

    def __init__(self, folder, like, reply_len):
        self.keys, self.prefix, self.suffix = like.keys, like.prefix, like.suffix
        os.mkdir(folder)
        cert, key = like.world.authority.issue('nginx')
        port, tls_port = pg_cluster.free_port(), pg_cluster.free_port()
        reply = '{"access_token":"%s"}' % ('x' * (reply_len - 19))
        with open(folder + '/nginx.conf', 'w') as file:
            file.write(NGINX % {
                'folder': folder, 'workers': os.cpu_count(), 'type': JSON,
                'port': port, 'tls_port': tls_port, 'cert': cert, 'key': key,
                'reply': reply})
        self.process = subprocess.Popen(
            ['/usr/sbin/nginx', '-c', folder + '/nginx.conf', '-p', folder],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=world.die_with_us)
        wait_for(port)
        self.url = 'http://127.0.0.1:%d%s' % (port, like.path)
        self.tls = Face(self, self.name + ', TLS',
                        'https://127.0.0.1:%d%s' % (tls_port, like.path))

    def pids(self):
        return children(self.process.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def wait_for(port):
    """Until somebody listens."""
    import socket
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError('nobody listens on port %d' % port)


class Cluster(pg_cluster.Cluster):
    """PostgreSQL with what a machine of this size would give it."""

    def __init__(self):
        super().__init__(settings=['shared_buffers = 256MB',
                                   'max_wal_size = 4GB'])
        self.share_alike()

    def share_alike(self):
        """The server is a session of its own; where sessions have shares of
        the processor, its share is as large as that of this program."""
        try:
            with open('/proc/self/autogroup') as file:
                nice = file.read().split()[-1]
            with open('/proc/%d/autogroup' % self.processes()[0], 'w') as file:
                file.write(nice)
        except (OSError, IndexError):
            pass

    def processes(self):
        return pg_cluster.processes(self.data)

    def stop_all(self):
        self.close()
