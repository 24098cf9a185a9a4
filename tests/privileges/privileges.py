#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module with a token that has exactly the privileges it needs, and with one of them missing at a time.

    tests/privileges/privileges.py BUILD [--short] [--only RE] [--write]    TAP; --write: renew the table in docs/privileges.md

What a task needs is found by following what the modules themselves say: the token begins with nothing, and gets the privilege that the
failure (or the warning) names, until the task does what it does for somebody with all rights. That is compared with the page. Then one
privilege at a time is taken away: the run must fail, or warn, and name that privilege and a path; with all rights the same task must then
succeed, and find nothing to do when it is run once more. A privilege that can be taken away without a trace is not needed.

short: what the page says is taken for found.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "crash")]
import cephpool
import crash
import page
import stories

NAMED = re.compile(r"privilege ([A-Z]\w+(?:\.\w+)+)((?: or [A-Z][\w.]+)*) on (/[^\s:,;()]*)")
PRIVILEGE = re.compile(r"\b(?:Datastore|Group|Mapping|Permissions|Pool|Realm|SDN|Sys|User|VM)(?:\.[A-Z][A-Za-z]+)+\b")
NEEDLESS = "is not needed"
WORKERS = 2


class Cluster(crash.Cluster):
    """One whose tasks may also run with a token of few rights; the user behind it has all."""

    def prepare(self):
        super().prepare()
        self.post("/access/users", userid="pxc@pve")
        self.post("/access/roles", roleid="Few")
        self.few = {"token_id": "pxc@pve!few", "token_secret": self.post("/access/users/pxc@pve/token/few", privsep=1)["value"]}
        self.api("PUT", "/access/acl", path="/", roles="Administrator", users="pxc@pve")
        self.api("PUT", "/access/acl", path="/", roles="Few", tokens="pxc@pve!few")

    def grant(self, privileges):
        self.api("PUT", "/access/roles/Few", privs=",".join(privileges))

    def run_with_few(self, module, args):
        info = self.info
        self.info = dict(info, **self.few)
        try:
            return self.run(module, args)
        finally:
            self.info = info

    def dump(self):
        """All that the cluster holds, as text."""
        return self.ask("GET", "/sim/dump")


class Bench:
    """A cluster as the story wants it: the same one as long as nothing in it has changed."""

    def __init__(self, build, story):
        self.build, self.story, self.cluster = build, story, None
        self.folder = tempfile.TemporaryDirectory(prefix="pxc-priv-")
        self.pool = cephpool.Pool(os.path.basename(self.folder.name)) if story.ceph else None
        self.task = stories.filled(story.task)
        for name in ("cert.pem", "key.pem"):
            shutil.copy(os.path.join(build, "privileges", name), self.folder.name)

    def fresh(self):
        if not self.cluster:
            self.cluster = Cluster(self.build, self.folder.name, 0, *(self.pool.options if self.pool else ()))
            if self.pool:
                self.pool.give(self.cluster)
            for module, task in self.story.before:
                self.cluster.must(module, stories.filled(task))
        return self.cluster

    def dump(self):
        """All that the cluster holds, and its pool in Ceph."""
        return self.cluster.dump(), self.pool and self.pool.dump()

    def spoilt(self):
        if self.cluster:
            self.cluster.close()
        self.cluster = None

    def close(self):
        self.spoilt()
        self.folder.cleanup()


def texts(result):
    """What the run says to people, failures first."""
    found = [result["msg"]] if result.get("failed") and result.get("msg") else []
    for value in result.values():
        if isinstance(value, list):
            found += [item["msg"] for item in value if isinstance(item, dict) and item.get("failed") and item.get("msg")]
    return found + result.get("warnings", [])


def named(result):
    """[(privileges of which one is enough, path)] in the order they are told."""
    found = []
    for text in texts(result):
        for first, others, path in NAMED.findall(text):
            found.append(([first] + PRIVILEGE.findall(others), path.rstrip(".")))
    return found


def shape(value):
    """What is there, without what it is: numbers and texts change from run to run."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items() if key not in ("invocation", "warnings", "cluster", "url")}
    if isinstance(value, list):
        return [shape(one) for one in value]
    return type(value).__name__


def outcome(result):
    """What must be the same with few rights as with all."""
    return {"failed": bool(result.get("failed")), "changed": result.get("changed"), "warnings": len(result.get("warnings", [])),
            "shape": shape(result)}


def reference(bench):
    result = bench.fresh().run(bench.story.module, bench.task)
    bench.spoilt()
    if result.get("failed"):
        raise AssertionError(f"{bench.story.name}: fails with all rights: {result.get('msg')}")
    return outcome(result)


def trial(bench, privileges):
    """-> result with these privileges, and what is wrong with the cluster afterwards ("" = nothing)."""
    cluster, story = bench.fresh(), bench.story
    cluster.grant(privileges)
    before = bench.dump()
    result = cluster.run_with_few(story.module, bench.task)
    if bench.dump() == before:
        return result, ""
    again = cluster.run(story.module, bench.task)
    if (result.get("failed") or named(result)) and not again.get("failed"):
        again = cluster.run(story.module, bench.task)
    bench.spoilt()
    if again.get("failed"):
        return result, f"with all rights afterwards: {again['msg']}"
    if again.get("changed") and not story.repeats:
        return result, "with all rights afterwards there is still something to do: " + json.dumps(again)[:300]
    return result, ""


def path_kind(path):
    for pattern, kind in ((r"^/vms/\d+$", "/vms/{vmid}"), (r"^/storage/[^/]+$", "/storage/{storage}"), (r"^/nodes/[^/]+$", "/nodes/{node}"),
                          (r"^/pool/[^/]+$", "/pool/{project}"), (r"^/sdn/zones/localnetwork(/.*)?$", "/sdn/zones/localnetwork"),
                          (r"^/sdn/zones/[^/]+/.*", "/sdn/zones/{zone}/{vnet}"), (r"^/sdn/zones/[^/]+$", "/sdn/zones/{zone}")):
        if re.match(pattern, path):
            return kind
    return path


def find(bench, wanted):
    """-> {privilege: {path, ...}}, and why it could not be found out ("" = it was)."""
    have = {}
    for _ in range(40):
        result, wrong = trial(bench, have)
        fresh = [(any_of, path) for any_of, path in named(result) if not set(any_of) & set(have)]
        if not fresh:
            if outcome(result) == wanted:
                return have, ""
            return have, f"with {', '.join(sorted(have)) or 'nothing'}: {told(result)}, and nothing is named that is missing {wrong}"
        for any_of, path in fresh[:1] if result.get("failed") else fresh:
            have.setdefault(stories.cheapest(any_of), set()).add(path_kind(path))
    return have, "there is no end to what it wants"


def told(result):
    return "failed: " + result.get("msg", "") if result.get("failed") else f"done, warnings {result.get('warnings', [])}"


def take_away(bench, privileges, missing, wanted):
    """-> "needs", "warns" or "", and what is wrong ("" = nothing)."""
    result, wrong = trial(bench, set(privileges) - {missing})
    names = [path for any_of, path in named(result) if missing in any_of]
    if result.get("failed"):
        if not names:
            return "needs", f"without {missing} it does not say so: {told(result)}"
        return "needs", wrong and f"without {missing}: {wrong}"
    if names:
        return "warns", wrong and f"without {missing}: {wrong}"
    if outcome(result) == wanted and not wrong:
        return "", NEEDLESS
    return "", f"without {missing} nobody is told: {told(result)} {wrong}"


def hidden(bench, privileges):
    """What is wrong with what is said when all may be seen but one thing ("" = nothing)."""
    cluster, story = bench.fresh(), bench.story
    cluster.grant(privileges)
    cluster.api("PUT", "/access/acl", path=story.hides, roles="NoAccess", tokens="pxc@pve!few")
    result = cluster.run_with_few(story.module, bench.task)
    bench.spoilt()
    if result.get("failed") and story.hides in [path for _, path in named(result)]:
        return ""
    return f"it does not say so: {told(result)}"


class Tap:
    def __init__(self):
        self.count = self.failures = 0

    def tell(self, wrong, name):
        self.count += 1
        self.failures += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {self.count} - {name}" + (f": {wrong}" if wrong else ""), flush=True)


def one_story(build, story, known, automation):
    """-> row of the page, [(wrong, name)]"""
    bench = Bench(build, story)
    try:
        return look_at(bench, known, automation)
    except Exception as problem:  # one story does not hide the others
        return None, [(repr(problem), story.name)]
    finally:
        bench.close()


def look_at(bench, known, automation):
    story, points = bench.story, []
    wanted = reference(bench)
    if automation:
        result, wrong = trial(bench, automation)
        points.append((wrong or (outcome(result) != wanted and told(result)), f"{story.name}: works with the automation user's role"))
    if known is None:
        have, wrong = find(bench, wanted)
        # What was named first may be covered by what was named later.
        for privilege in [] if wrong else sorted(have, key=stories.power):
            if take_away(bench, have, privilege, wanted)[1] == NEEDLESS:
                del have[privilege]
        points.append((wrong, f"{story.name}: what it needs is named ({', '.join(sorted(have))})"))
        if wrong:
            return None, points
    else:
        have = known
        result, wrong = trial(bench, have)
        wrong = wrong or (outcome(result) != wanted and told(result))
        points.append((wrong, f"{story.name}: works with what the page says"))
    if story.hides:
        points.append((hidden(bench, automation or have), f"{story.name}: with everything but {story.hides}"))
    row = {}
    for privilege in sorted(have):
        how, wrong = take_away(bench, have, privilege, wanted)
        points.append((wrong, f"{story.name}: without {privilege}"))
        row[privilege] = (how, have[privilege])
    return row, points


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    os.makedirs(os.path.join(build, "privileges"), exist_ok=True)
    crash.make_certificate(os.path.join(build, "privileges"))
    tap, rows = Tap(), {}
    chosen = [s for s in stories.STORIES if re.search(options.only, s.name) and os.path.exists(page.contract(s.module))]
    if any(s.ceph for s in chosen):
        cephpool.begin(os.path.join(build, "privileges", "ceph"))
    automation = page.automation_role()
    said = page.read()
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(one_story, build, s, said.get(s.name, {}) if options.short else None, automation) for s in chosen]
        for story, job in zip(chosen, jobs):
            rows[story.name], points = job.result()
            for wrong, name in points:
                tap.tell(wrong, name)
    if options.write:
        page.write([s.name for s in stories.STORIES], rows)
    elif not options.short:
        for story in chosen:
            found = page.cells(rows[story.name]) if rows[story.name] is not None else None
            tap.tell(found is not None and found != page.cells_of(story.name) and f"the page says {page.cells_of(story.name)}, found: {found}",
                     f"{story.name}: the page says so")
    if not automation:
        print(f"ok {tap.count + 1} - the automation user's role # skip there is no schemas/privileges.yml")
        tap.count += 1
    told_of = {story.module for story in stories.STORIES}
    tap.tell(", ".join(m for m in page.modules() if m not in told_of), "there is a task for each module")
    missing = [name for name in said if not options.only and name not in [s.name for s in stories.STORIES]]
    tap.tell(", ".join(missing), "the page tells of nothing else")
    print(f"1..{tap.count}")
    return 1 if tap.failures else 0


if __name__ == "__main__":
    sys.exit(main())
