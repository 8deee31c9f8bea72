"""The lab as the login's bench needs it: the service near and far, agents."""

import crypt
import glob
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import threading
import time

UK = {name: os.environ.get(name, '') for name in (
    'UK_APP', 'UK_BIN', 'UK_CA', 'UK_HTTP_URL', 'UK_KEY', 'UK_LAB',
    'UK_SERVER_CONF', 'UK_SERVER_PID', 'UK_SSH_PORT', 'UK_UNIX_PASSWORD')}
LAB = UK['UK_LAB']
TICK = os.sysconf('SC_CLK_TCK')
NEAR, TEN, FIFTY = '127.0.0.1', '10.10.0.2', '10.50.0.2'
STATE = '/run/userkey/bench-state'
WAYS = {'near': NEAR, 'ten': TEN, 'fifty': FIFTY}
LOGIN_PATH = ('/api/client/v2.0/app/%s/auth/providers/api-key/login' %
              UK['UK_APP'])


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


def last_line(text):
    return (text.strip().splitlines() or ['without a word'])[-1]


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]


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
    port = free_port()
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


def start_front():
    """nginx, which speaks HTTP/2, before the service; its process and port."""
    port, conf = free_port(), LAB + '/front.conf'
    write(conf, FRONT % {'lab': LAB, 'port': port,
                         'http': UK['UK_HTTP_URL'][len('http://'):]})
    front = subprocess.Popen(
        ['nginx', '-c', conf, '-e', LAB + '/front.log', '-g', 'daemon off;'],
        stdin=subprocess.DEVNULL)
    wait_for(port)
    return front, port


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


def give_yescrypt():
    """alice's password as Debian hashes it."""
    word = crypt.crypt(UK['UK_UNIX_PASSWORD'], '$y$j9T$' + 'abcdefgh' * 2)
    with open('/etc/shadow') as file:
        text = re.sub(r'(?m)^alice:[^:]*:', lambda _: 'alice:%s:' % word,
                      file.read())
    write('/etc/shadow', text, 0o640)


class Agent:
    """One that listens, for one way to the service."""

    def __init__(self, name, url):
        self.socket = '/run/userkey/%s.sock' % name
        self.conf, self.known = conf_for(name, url, self.socket), None
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

    def processes(self):
        """It, and those that it has started."""
        found = [self.process.pid]
        for parent in found:
            for path in glob.glob('/proc/%d/task/*/children' % parent):
                with open(path) as file:
                    found += [int(word) for word in file.read().split()]
        return found

    def replaced(self):
        """Has the one that works been another since this was asked last?"""
        before, self.known = self.known, self.processes()
        return before is not None and before != self.known

    def cpu(self):
        """Seconds: by the clock's ticks, and as the scheduler counts."""
        ticks = ns = 0
        for pid in self.processes():
            with open('/proc/%d/stat' % pid) as file:
                fields = file.read().rpartition(')')[2].split()
            ticks += int(fields[11]) + int(fields[12])
            for path in glob.glob('/proc/%d/task/*/schedstat' % pid):
                with open(path) as file:
                    ns += int(file.read().split()[0])
        return ticks / TICK, ns / 1e9

    def pss(self):
        """MB."""
        kb = 0
        for pid in self.processes():
            with open('/proc/%d/smaps_rollup' % pid) as file:
                kb += int(re.search(r'^Pss:\s+(\d+)', file.read(), re.M)[1])
        return kb / 1024

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
