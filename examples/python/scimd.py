"""A scimd server for tests: a process of its own, a tenant for each test.

It needs the program scimd, on the PATH or where the variable SCIMD says, and
nothing beyond the standard library.
"""

import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request


def request(method, url, token, body=None, media="application/scim+json"):
    """Sends a request and gives (status, headers, body). A body that is no text is
    sent as JSON, an answer in JSON is read."""
    data = None
    if body is not None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
    req = urllib.request.Request(url, data, {"Authorization": "Bearer " + token, "Content-Type": media}, method=method)
    try:
        answer = urllib.request.urlopen(req, timeout=30)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        text = answer.read()
        media = answer.headers.get("Content-Type", "")
        return answer.status, answer.headers, json.loads(text) if "json" in media else text


class Tenant:
    """An isolated tenant: base and token are for the client that is tested."""

    def __init__(self, server, made):
        self.name = made["name"]
        self.base = made["baseUrls"][0]
        self.token = made["firstToken"]["token"]
        self._server = server

    def control(self, method, path, body=None, media="application/json"):
        return self._server.control(method, "/tenants/" + self.name + path, body, media)

    def seed(self, text):
        self.control("POST", "/seed", text, "application/yaml")

    def fault(self, **rule):
        self.control("POST", "/faults", rule)

    def wait_for(self, count, **filters):
        """Gives the requests that match as soon as there are count."""
        query = urllib.parse.urlencode({"count": count, "timeout": "5s", **filters})
        page = self.control("GET", "/journal/wait?" + query)
        if not page["complete"]:
            raise AssertionError(f"{page['matched']} of {count} requests came: {query}")
        return page["entries"]

    def delete(self):
        self.control("DELETE", "")


class Scimd:
    """The process. It ends with this one, however that ends: its standard input closes."""

    def __init__(self):
        self._dir = tempfile.TemporaryDirectory()
        ready = os.path.join(self._dir.name, "ready.json")
        self._process = subprocess.Popen(
            [os.environ.get("SCIMD", "scimd"), "serve", "--ephemeral", "--addr", "127.0.0.1:0", "--control-addr", "127.0.0.1:0",
             "--ready-file", ready, "--exit-when-stdin-closes", "--log-level", "warn"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=self._dir.name)
        deadline = time.monotonic() + 30
        while not os.path.exists(ready):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("scimd did not start")
            time.sleep(0.01)
        with open(ready, encoding="utf-8") as file:
            self.ready = json.load(file)

    def control(self, method, path, body=None, media="application/json"):
        status, _, answer = request(method, self.ready["controlUrl"] + path, self.ready["controlToken"], body, media)
        if status >= 300:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer

    def tenant(self):
        return Tenant(self, self.control("POST", "/tenants", {"expires": "10m"}))

    def stop(self):
        self._process.stdin.close()
        self._process.wait(30)
        self._dir.cleanup()
