"""Where the scripts of these tests run: what they may ask of the test, and
where they say what they found.

A small HTTP server on a port of its own, so that its pages are of another
origin than the service.  On it a script, on node or in a page, finds

    GET  /world.json      what it has to know
    POST /control         something done by the test, answered in JSON
    POST /tell            what it found: [{"ok", "text", "notes"}...]
    GET  /ROLE.html?...   the pages; /node_modules/... and the scripts
"""

import http.server
import json
import os
import threading
import traceback
import urllib.parse

from tap import note, ok

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript',
         '.mjs': 'text/javascript', '.wasm': 'application/wasm',
         '.json': 'application/json'}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A browser that ends closes its connections as it likes."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def answer(self, status, body=b'', kind='application/json'):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Cache-Control', 'no-store')
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if path == '/world.json':
            return self.answer(200, self.server.stage.world)
        kind = TYPES.get(os.path.splitext(path)[1])
        file = os.path.realpath(os.path.join(HERE, path.lstrip('/')))
        if not kind or not file.startswith(HERE + '/') \
                or not os.path.isfile(file):
            return self.answer(404, {})
        with open(file, 'rb') as opened:
            return self.answer(200, opened.read(), kind)

    def do_POST(self):
        text = self.rfile.read(int(self.headers['Content-Length'] or 0))
        stage = self.server.stage
        if self.path == '/tell':
            stage.told(json.loads(text))
            return self.answer(200, {})
        try:
            told = json.loads(text)
            return self.answer(
                200, {'value': stage.controls[told['do']](*told['with'])})
        except Exception:
            return self.answer(500, {'error': traceback.format_exc()})


class Stage:
    """controls: the functions that a script may call by their names."""

    def __init__(self, world, **controls):
        self.world = world
        self.controls = controls
        self.count = 0
        self.wrong = 0
        self.done = threading.Event()
        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.stage = self
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    @property
    def url(self):
        return 'http://127.0.0.1:%d' % self.server.server_address[1]

    def begin(self, name):
        """Another script: its checks are counted and have its name."""
        self.name, self.count, self.wrong = name, 0, 0
        self.done.clear()

    def told(self, rows):
        for row in rows:
            if row.get('done'):
                self.done.set()
            elif 'say' in row:
                note(row['say'])
            else:
                self.count += 1
                good = ok(row['ok'], '%s: %s' % (self.name, row['text']),
                          *row['notes'])
                self.wrong += not good

    def close(self):
        self.server.shutdown()
        self.server.server_close()
