#!/usr/bin/python3 -B
"""The long-lived agent and a front of the service that speaks HTTP/2, or that
closes connections as soon as nothing is asked on them."""

import os
import pathlib
import shutil
import subprocess
import threading
import time

import world
from world import KEY, LAB, UK, conf, free_port, ok, run, same, wait_for

world.enter(__file__)
if not shutil.which("nginx"):
    world.skip("a front of the service", "nginx is not here")
    world.done()

SOCKET = "/run/userkey/agent.sock"
LOG = LAB / "front.log"
EC = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
      "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=front",
      "-addext", "subjectAltName=IP:127.0.0.1"]
assert run([*EC, "-keyout", str(LAB / "front.key"), "-out",
            str(LAB / "front.pem")]).status == 0


class Front:
    """nginx before the service."""

    def __init__(self, http2, keep, more=""):
        self.port = free_port()
        LOG.write_text("")
        (LAB / "front.conf").write_text(f"""
daemon off;
master_process off;
pid {LAB}/front.pid;
error_log {LAB}/front.err;
events {{ worker_connections 1024; }}
http {{
    log_format short '$connection $server_protocol $request_method $status $ssl_session_reused';
    access_log {LOG} short;
    client_body_temp_path {LAB}/front.tmp;
    proxy_temp_path {LAB}/front.tmp;
    fastcgi_temp_path {LAB}/front.tmp;
    uwsgi_temp_path {LAB}/front.tmp;
    scgi_temp_path {LAB}/front.tmp;
    upstream service {{ server {UK['UK_HTTP_URL'].split('//')[1]}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{self.port} ssl {'http2' if http2 else ''};
        ssl_certificate {LAB}/front.pem;
        ssl_certificate_key {LAB}/front.key;
        keepalive_timeout {keep};
        {more}
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
""")
        self.nginx = subprocess.Popen(["nginx", "-c", str(LAB / "front.conf")],
                                      stdin=subprocess.DEVNULL)
        self.agent = None
        self.wait()
        conf(service_url=f"https://127.0.0.1:{self.port}",
             ca_file=str(LAB / "front.pem"))
        self.agent = subprocess.Popen(
            [UK["UK_BIN"] + "/userkey-agent", "--conf",
             "/etc/userkey/userkey.conf", "--listen", SOCKET], env={},
            stderr=subprocess.DEVNULL)
        wait_for(world.agent_listens)

    def wait(self):
        """Until somebody listens there."""
        wait_for(lambda: run(
            ["/bin/bash", "-c",
             f"exec 9<>/dev/tcp/127.0.0.1/{self.port}"]).status == 0)

    def lines(self):
        """What was asked, once no more lines come."""
        size = -1
        while size != LOG.stat().st_size:
            size = LOG.stat().st_size
            time.sleep(0.2)
        return [line.split() for line in LOG.read_text().splitlines()]

    def close(self):
        for one in (self.agent, self.nginx):
            one.terminate()
            one.wait()
        os.unlink(SOCKET)
        conf()


def ask():
    return world.ask_agent(SOCKET, KEY)


def many(count, threads=64, pause=lambda: None):
    """What did not let in, of so many logins."""
    failed, lock = [], threading.Lock()
    todo = list(range(count))

    def one():
        while True:
            with lock:
                if not todo:
                    return
                todo.pop()
            came = ask()
            if came != world.GRANTED:
                failed.append(came)
            pause()

    crew = [threading.Thread(target=one) for _ in range(threads)]
    for member in crew:
        member.start()
    for member in crew:
        member.join()
    return failed


front = Front(http2=True, keep="60s")
same(many(64), [], "64 logins at once over HTTP/2, none before them")
same(many(256), [], "and 256 behind them")
lines = front.lines()
same({line[1] for line in lines}, {"HTTP/2.0"}, "it is HTTP/2")
same(len({line[0] for line in lines}), 1, "one connection carries them all")
front.close()

front = Front(http2=False, keep="60s")
same(many(64), [], "64 at once over HTTP/1.1")
same(many(64, 1), [], "and 64 one behind the other")
lines = front.lines()
same(len({line[0] for line in lines[-60:]}), 1,
     "which share one connection")
front.close()

# As long as a connection may be idle, or as many requests as it may carry.
for http2 in (False, True):
    front = Front(http2, keep="40ms")
    waits = iter([x / 1000 for x in range(30, 70)] * 50)
    same(many(200, 1 if http2 else 4, lambda: time.sleep(next(waits))), [],
         f"connections are closed when idle, {'HTTP/2' if http2 else '1.1'}: "
         "0 of 200 fail")
    same(many(6, 1, lambda: time.sleep(0.3)), [], "and none when each finds "
     "its connection closed")
    ok(len({line[0] for line in front.lines()}) > 3, "which they were")
    front.close()
    front = Front(http2, keep="60s", more="keepalive_requests 3;")
    same(many(100, 4), [], "or behind three requests: 0 of 100 fail")
    front.close()

# Sessions are resumed, and looked at as closely as those that begin.
front = Front(False, "40ms",
              "ssl_protocols TLSv1.3; ssl_session_cache shared:all:1m;")
same(many(20, 1, lambda: time.sleep(0.08)), [], "over TLS that is resumed")
lines = front.lines()
ok(sum(line[-1] == "r" for line in lines) > 10, "which most of it is", *lines)
front.close()
assert run([*EC[:-2], "-keyout", str(LAB / "front.key"), "-out",
            str(LAB / "front.pem")]).status == 0
front = Front(False, "40ms",
              "ssl_protocols TLSv1.3; ssl_session_cache shared:all:1m;")
failed = many(6, 1, lambda: time.sleep(0.08))
same([came[0] for came in failed], [4] * 6,
     "a certificate without a name is refused each time", *failed)
same(front.lines(), [], "and nothing was ever asked")
front.close()
assert run([*EC, "-keyout", str(LAB / "front.key"), "-out",
            str(LAB / "front.pem")]).status == 0

# A server that is started anew.
front = Front(http2=False, keep="60s")
same(many(10), [], "a server")
front.nginx.terminate()
front.nginx.wait()
front.nginx = subprocess.Popen(["nginx", "-c", str(LAB / "front.conf")],
                               stdin=subprocess.DEVNULL)
front.wait()
same(many(10), [], "that is started anew: nobody notices")
front.close()
world.done()
