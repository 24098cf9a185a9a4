#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTPS proxy that kills its client at a chosen request.

It ends TLS itself, counts what passes, and at request number `at` sends SIGKILL to a process: "before" the request
reaches the server, or "after" the server has done it and before the client hears of it. `before` may do something
else before each request.
"""
import http.client
import http.server
import os
import signal
import socketserver
import ssl
import threading


class KillProxy(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, upstream_port, cert, key):
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.upstream_port = upstream_port
        self.lock = threading.Lock()
        self.before = lambda method, path: None
        self.arm(None, "before", None)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def arm(self, at, mode, pid):
        """Count anew; kill pid at request `at` (None: never)."""
        with self.lock:
            self.count, self.at, self.mode, self.pid, self.killed, self.log = 0, at, mode, pid, False, []

    def handle_error(self, request, client_address):
        """A killed client breaks its connections: that is what we are here for."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def relay(self):
        proxy = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with proxy.lock:
            proxy.count += 1
            proxy.log.append(f"{self.command} {self.path.split('?')[0]}")
            mine = proxy.at == proxy.count
            if proxy.killed or (mine and proxy.mode == "before"):
                self.kill()
                return
        proxy.before(self.command, self.path)
        reply = self.forward(body)
        with proxy.lock:
            if mine:
                self.kill()
            if proxy.killed:
                return
        self.answer(*reply)

    def kill(self):
        self.close_connection = True
        if not self.server.killed:
            self.server.killed = True
            os.kill(self.server.pid, signal.SIGKILL)

    def forward(self, body):
        upstream = getattr(self, "upstream", None)
        if upstream is None:
            context = ssl._create_unverified_context()
            upstream = self.upstream = http.client.HTTPSConnection("127.0.0.1", self.server.upstream_port,
                                                                   context=context, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        upstream.request(self.command, self.path, body or None, headers)
        reply = upstream.getresponse()
        data = reply.read()
        if reply.will_close:
            upstream.close()
            self.upstream = None
        return reply.status, reply.reason, reply.getheader("Content-Type"), data

    def answer(self, status, reason, content_type, data):
        self.send_response_only(status, reason)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        if status >= 400:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = relay

    def log_message(self, *args):
        """Silent."""
