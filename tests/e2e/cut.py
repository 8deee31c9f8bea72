"""A front of the service on loopback that loses answers: the service has done
what it was asked for, and whoever asked is not told."""

import socket
import threading
from urllib.parse import urlsplit

from world import UK


class Cut:
    """All passes but the answers to requests that begin with this."""

    def __init__(self, request):
        self.request = request.encode()
        self.lost = 0
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.door.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            threading.Thread(target=self.serve, args=self.door.accept()[:1],
                             daemon=True).start()

    def serve(self, client):
        there = urlsplit(UK["UK_HTTP_URL"])
        with client, socket.create_connection(
                (there.hostname, there.port)) as service:
            while data := client.recv(65536):
                service.sendall(data)
                if data.startswith(self.request):
                    self.lost += len(self.answer(service)) > 0
                    return
                client.sendall(self.answer(service))

    @staticmethod
    def answer(service):
        text = service.recv(65536)
        while b"\r\n\r\n" not in text:
            text += service.recv(65536)
        head, body = text.split(b"\r\n\r\n", 1)
        length = [int(line.split(b":")[1]) for line in head.splitlines()
                  if line.lower().startswith(b"content-length:")]
        while len(body) < sum(length):
            body += service.recv(65536)
        return head + b"\r\n\r\n" + body
