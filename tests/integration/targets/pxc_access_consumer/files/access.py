#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PVE's access control holds, and what a token may really do.

    access.py dump                        all of /access, in one order, without secrets (there are none in it)
    access.py try TOKENID FILE CASES      each case of the JSON list CASES with the token whose secret is in FILE; a case is
                                          [status, "METHOD /path", {parameters}]. Every other answer is printed; exit status 1
    access.py may TOKENID FILE            /access/permissions of the token, as JSON: path -> sorted privileges

The server is that of PXC_API_URLS, PXC_CA_PATH; dump runs as PXC_API_TOKEN_ID.
"""
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ["PXC_API_URLS"].split(",")[0].rstrip("/") + "/api2/json"
TLS = ssl.create_default_context(cafile=os.environ["PXC_CA_PATH"])


def ask(token, secret, call, params=None):
    """Status, reason and data of one request; a task is waited for, and has the status 200 or 599."""
    method, path = call.split(" ", 1)
    body = urllib.parse.urlencode(params or {})
    if method in ("GET", "DELETE") and body:
        path, body = path + "?" + body, ""
    request = urllib.request.Request(URL + path, method=method, data=body.encode() if method in ("POST", "PUT") else None,
                                     headers={"Authorization": f"PVEAPIToken={token}={secret}"})
    try:
        with urllib.request.urlopen(request, context=TLS) as answer:
            return 200, "", json.load(answer)["data"]
    except urllib.error.HTTPError as e:
        return e.code, e.reason, None


def wait(token, secret, upid):
    node = upid.split(":")[1]
    while True:
        _, _, data = ask(token, secret, f"GET /nodes/{node}/tasks/{urllib.parse.quote(upid, safe='')}/status")
        if data["status"] == "stopped":
            return (200 if data["exitstatus"] == "OK" else 599), data["exitstatus"]
        time.sleep(0.05)


def one(token, secret, expect, call, params=None):
    status, reason, data = ask(token, secret, call, params)
    if isinstance(data, str) and data.startswith("UPID:"):
        status, reason = wait(token, secret, data)
    if status != expect:
        print(f"{call} {json.dumps(params or {})}: {status} {reason}, expected {expect}")
    return status == expect


def dump():
    me = os.environ["PXC_API_TOKEN_ID"], os.environ["PXC_API_TOKEN_SECRET"]
    parts = {"users": "/access/users?full=1", "roles": "/access/roles", "groups": "/access/groups", "acl": "/access/acl"}
    seen = {name: sorted(ask(*me, "GET " + path)[2], key=lambda e: json.dumps(e, sort_keys=True)) for name, path in parts.items()}
    for user in seen["users"]:
        user["tokens"] = sorted(user.get("tokens") or [], key=lambda t: t["tokenid"])
        user["groups"] = sorted((user.get("groups") or "").split(","))
    for role in seen["roles"]:
        role["privs"] = sorted(role["privs"].split(","))
    print(json.dumps(seen, sort_keys=True))


def main():
    if sys.argv[1] == "dump":
        return dump()
    with open(sys.argv[3], encoding="utf-8") as f:
        secret = f.read().strip()
    if sys.argv[1] == "may":
        data = ask(sys.argv[2], secret, "GET /access/permissions")[2]
        print(json.dumps({path: sorted(privs) for path, privs in data.items()}, sort_keys=True))
        return 0
    cases = json.loads(sys.argv[4])
    good = [one(sys.argv[2], secret, *case) for case in cases]
    print(f"{sum(good)} of {len(good)} as expected")
    return 0 if good and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
