# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP server that serves files, and does to them what servers and networks do.

    with BadServer() as web:
        url = web.serve(data, cut=[0.3, 0.8])     # its first two answers break off there

What it can do to a file stands in class Served; a behaviour that is none of these is a function of its own (web.route).
"""
import email.utils
import http.server
import ssl
import threading
import time

SECRET = "s3cr3t-pass"
SIGNATURE = "s1gn4ture"


class Served:
    """One file: what of it, and how, the nth answer brings."""

    def __init__(self, data, etag='"one"', modified=None, cut=(), ranges=True, length=True, chunked=False, lie=0, errors=(), retry_after=None,
                 rate=None, hang=(), then=None, if_range=True, wrong_start=0, content_type=None):
        self.data, self.etag, self.modified = data, etag, modified
        self.cut = list(cut)  # the nth answer breaks off at this part of the file
        self.ranges, self.if_range = ranges, if_range  # both are heeded
        self.wrong_start = wrong_start  # 206 begins so many bytes off
        self.length, self.chunked, self.lie = length, chunked, lie  # Content-Length is sent; is so many bytes off
        self.errors, self.retry_after = list(errors), retry_after  # statuses of the first answers
        self.rate = rate  # bytes a second
        self.hang = list(hang)  # the nth answer says no more from this part of the file on
        self.then = then  # (data, etag) from the second answer on: it was changed
        self.content_type = content_type
        self.asked = []  # Range of each request

    def now(self):
        if self.then and len(self.asked) > 1:
            return self.then
        return self.data, self.etag

    def begin(self, request, data, etag):
        """The status line and headers; the offset from which the body goes."""
        wanted, first = request.headers.get("Range"), 0
        if wanted and self.ranges:
            same = request.headers.get("If-Range") in (None, etag, self.modified)
            if same or not self.if_range:
                first = int(wanted[6:].split("-")[0])
        if first and first >= len(data):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(data)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return None
        if first:
            first = max(0, first + self.wrong_start)
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        else:
            request.send_response(200)
        if etag:
            request.send_header("ETag", etag)
        if self.modified:
            request.send_header("Last-Modified", self.modified)
        if self.content_type:
            request.send_header("Content-Type", self.content_type)
        if self.chunked:
            request.send_header("Transfer-Encoding", "chunked")
        elif self.length:
            request.send_header("Content-Length", str(len(data) - first + self.lie))
        request.send_header("Connection", "close")
        request.end_headers()
        return first

    def write(self, request, piece):
        if self.chunked:
            piece = b"%x\r\n%s\r\n" % (len(piece), piece)
        request.wfile.write(piece)
        if self.rate:
            time.sleep(len(piece) / self.rate)

    def answer(self, request):
        self.asked.append(request.headers.get("Range"))
        nth = len(self.asked) - 1
        if nth < len(self.errors):
            request.send_response(self.errors[nth])
            if self.retry_after:
                request.send_header("Retry-After", str(self.retry_after))
            request.send_header("Content-Length", "12")
            request.end_headers()
            request.wfile.write(b"try later...")
            return
        data, etag = self.now()
        nth -= len(self.errors)
        first = self.begin(request, data, etag)
        if first is None:
            return
        end = int(len(data) * self.cut[nth]) if nth < len(self.cut) else len(data)
        stop = int(len(data) * self.hang[nth]) if nth < len(self.hang) else None
        step = 1 << 16
        for at in range(first, max(first, end), step):
            if stop is not None and at >= stop:
                request.server.owner.let_go.wait(30)
                return
            self.write(request, data[at:min(at + step, end)])
        if self.chunked and end == len(data):
            request.wfile.write(b"0\r\n\r\n")


class BadServer:
    def __init__(self, cert=None):
        routes = self.routes = {}
        self.let_go = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                self.close_connection = True
                what = routes.get(self.path.split("?")[0])
                try:
                    if what is None:
                        self.send_error(404)
                    elif callable(what):
                        what(self)
                    else:
                        what.answer(self)
                except OSError:
                    pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self.httpd = Quiet(("127.0.0.1", 0), Handler)
        self.httpd.owner = self
        self.scheme = "http"
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert)
            self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True)
            self.scheme = "https"
        self.port = self.httpd.server_address[1]
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.let_go.set()
        self.httpd.shutdown()
        self.httpd.server_close()

    def url(self, path):
        """With a user, a password and a signature: no sentence may show them."""
        return f"{self.scheme}://user:{SECRET}@127.0.0.1:{self.port}{path}?signature={SIGNATURE}"

    def route(self, what):
        path = f"/files/{len(self.routes)}"
        self.routes[path] = what
        return self.url(path)

    def serve(self, data, **how):
        served = Served(data, **how)
        return self.route(served), served

    def redirect(self, to):
        def answer(request):
            request.send_response(302)
            request.send_header("Location", to)
            request.send_header("Content-Length", "0")
            request.end_headers()
        return self.route(answer)


def date(seconds_ago):
    return email.utils.formatdate(time.time() - seconds_ago, usegmt=True)
