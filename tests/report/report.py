#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pxc_info tells in its formats, as those see it that it is for: a browser, and Prometheus' parsers.

    tests/report/report.py BUILD [--pictures FOLDER]     TAP; the ansible-playbook is the first in PATH

A simulated cloud with names that would like to be a script (lab.py); playbooks/report.yml writes the page, Chromium opens it.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab
from browser import Browser, find

import outputs
import tap

MOST = ["projects", "usage", "vms", "addresses", "nodes", "storages", "flavors", "groups", "affinity", "cloud"]
FORMATS = ("table", "json", "openmetrics", "html")
# Of projects in which alice has no role, and of what only admins see.
NOT_FOR_ALICE = ("research", "Simulation and data", "sim-1", "gamma", "back\\slash", "uptime", "pxc_node", "pxc_storage")
BARS = """[...document.querySelectorAll('#usage .card')].map(card => ({
  project: card.querySelector('h3').textContent,
  bars: [...card.querySelectorAll('dl > div')].map(d => ({
    title: d.querySelector('dt').textContent, text: d.querySelector('dd').textContent,
    over: !!d.querySelector('.over'),
    share: d.querySelector('.meter') ? d.querySelector('.meter i').getBoundingClientRect().width /
                                       d.querySelector('.meter').getBoundingClientRect().width : null }))}))"""
NODES = """[...document.querySelectorAll('#nodes tbody tr')].map(row => ({
  name: row.querySelector('th').textContent,
  bars: [...row.querySelectorAll('.meter')].map(m => m.querySelector('i').getBoundingClientRect().width / m.getBoundingClientRect().width)}))"""
CONTRAST = """(() => {
  const part = c => { const x = c / 255; return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; };
  const light = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(Number); return .2126 * part(r) + .7152 * part(g) + .0722 * part(b); };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (c != 'rgba(0, 0, 0, 0)') return c; }
                        return 'rgb(255, 255, 255)'; };
  return Math.min(...[...document.querySelectorAll('h1,h2,h3,p,dt,dd,th,td,.note,.tile a')].map(e => {
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); }));
})()"""
TITLES = {"instances": "VMs", "cores": "Cores", "ram_mb": "Memory", "ips": "Addresses", "networks": "Networks"}


def report(env, folder, name, *extra):
    page = os.path.join(folder, name)
    done = subprocess.run(["ansible-playbook", "-i", "localhost,", "pxcloud.pve.report", "-e", "dest=" + page, *extra], env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return page, done.returncode == 0, outputs.keep(done.stdout.decode("utf-8", "replace"))


def near(a, b):
    return a is not None and abs(a - b) < 0.015


def bars_agree(shown, usage):
    """Each bar is as long as used / limit, and no project is missing."""
    wrong = []
    for row in usage:
        card = next((c for c in shown if c["project"] == row["project"]), None)
        for key, title in TITLES.items():
            pair, bar = row.get(key), next((b for b in card["bars"] if b["title"] == title), None) if card else None
            if not pair:
                continue
            limit, used = pair["limit"], pair["used"]
            good = bar and (bar["share"] is None if limit < 0 else near(bar["share"], min(1, used / limit) if limit else used > 0))
            if not good or bar["over"] != (0 <= limit < used):
                wrong.append((row["project"], key, pair, bar))
    return not wrong and len(shown) == len(usage), wrong


def page_checks(browser, page, facts, pictures):
    browser.size(1280, 900)
    browser.scheme("light")
    browser.open("file://" + page)
    text = browser.js("document.body.innerText")
    yield "no script of a name or a note has run", browser.js("document.title") == "Cloud prod", browser.js("document.title")
    yield "and none is there, nor anything that would be fetched", browser.js(
        "document.querySelectorAll('script,img,svg,iframe,object,embed,link,base,form,[onerror],[onload],[src]').length") == 0, None
    yield "they stand there as text", lab.SCRIPT in text and lab.PICTURE in text and "back\\slash" in text, text
    yield "but for what turns the direction of writing", "\u202e" not in text and "\ufffddrawkcab" in text, None
    yield "the browser has asked for the page alone", browser.requests() == ["file://" + page], browser.requests()
    good, wrong = bars_agree(browser.js(BARS), facts["usage"])
    yield "bars of quotas are as long as what is used", good, wrong
    rows = {row["name"]: row for row in browser.js(NODES)}
    wrong = [n["name"] for n in facts["nodes"] if n["status"] == "online" and not (
        len(rows[n["name"]]["bars"]) == 3 and near(rows[n["name"]]["bars"][2], n["disk_used_bytes"] / n["disk_bytes"]))]
    yield "nodes have bars of processors, memory and disk", not wrong and len(rows) == len(facts["nodes"]), rows
    yield "the dead node has none, and is a finding", rows["pve4"]["bars"] == [] and re.search(r"node\s+pve4\s+it is offline", text), text
    yield "so are an edited VM, one that drifted and a quota that is passed", all(
        re.search(words, text) for words in (r"vm\s+web-2\s+its seal does not match", r"vm\s+research\s+sim-.\s+cores is 2, the flavor says 4",
                                             r"quota\s+beta\s+VMs: 3 used, the limit is 2")), text
    yield "every VM and network is listed", all(vm["name"] in text for vm in facts["vms"]) and "10.20.0.0/24" in text, text
    for width in (400, 1280):
        browser.size(width, 900)
        wide = browser.js("document.documentElement.scrollWidth")
        yield f"nothing is wider than a window of {width} pixels", wide <= width, wide
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            if pictures:
                browser.picture(os.path.join(pictures, f"report-{scheme}-{width}.png"))
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        least = browser.js(CONTRAST)
        yield f"every text can be read, {scheme}: contrast of 4.5 and more", least >= 4.5, least
    yield "each table says what it is, and which cells are heads", browser.js(
        "[...document.querySelectorAll('table')].every(t => t.caption && t.caption.textContent && "
        "[...t.querySelectorAll('th')].every(h => h.scope))"), None
    yield "headings are in order", browser.js(
        "[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1]).every((n, i, a) => i == 0 ? n == 1 : n <= a[i - 1] + 1)"), None


def metrics_checks(text):
    try:
        from prometheus_client import parser as older
        from prometheus_client.openmetrics import parser
    except ImportError:
        return
    families = list(parser.text_string_to_metric_families(text))
    samples = {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}
    yield "Prometheus' OpenMetrics parser reads all of it", len(families) > 15 and all(f.type == "gauge" for f in families), None
    again = {(s.name, tuple(sorted(s.labels.items()))): s.value for f in older.text_string_to_metric_families(text) for s in f.samples}
    yield "and so does that of the older text format, as node_exporter's", again == samples, None
    used = samples.get(("pxc_project_quota_used", (("project", "beta"), ("resource", "instances"))))
    limit = samples.get(("pxc_project_quota_limit", (("project", "beta"), ("resource", "instances"))))
    yield "it says that a quota is passed", (used, limit) == (3.0, 2.0), samples
    yield "and that a node is dead", samples.get(("pxc_node_up", (("node", "pve4"),))) == 0.0, samples
    tool = shutil.which("promtool")
    if tool:
        done = subprocess.run([tool, "check", "metrics"], input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        yield "promtool agrees", done.returncode == 0, done.stdout.decode()


def file_checks(cluster, folder):
    path = os.path.join(folder, "pxc.prom")
    task = {"gather": ["projects", "usage"], "format": "openmetrics", "dest": path}
    check = cluster.run("pxc_info", dict(task, _ansible_check_mode=True))
    yield "check mode says that the file would be written, and writes none", check["changed"] and not os.path.exists(path), check
    first = cluster.run("pxc_info", task)
    yield "the file is written, readable by all", first["changed"] and os.stat(path).st_mode & 0o777 == 0o644, first
    yield "and its text is not in the result", "text" not in first and first["dest"] == path, first
    yield "nothing is on record as a change of the cloud", first["pxc_audit"]["changes"] == [], first
    yield "again it is as it was", not cluster.run("pxc_info", task)["changed"], None
    with open(path, encoding="utf-8") as f:
        yield "it is what the result would have held", f.read() == cluster.run("pxc_info", {**task, "dest": None})["text"], None
    yield "nothing else is left beside it", [n for n in os.listdir(folder) if "pxc.prom" in n] == ["pxc.prom"], os.listdir(folder)
    alice = cluster.run("pxc_info", dict(task, dest=path + ".2"), actor="alice")
    yield "files are for admins", alice.get("rc") == 403 and "info.file" not in alice["msg"] and not os.path.exists(path + ".2"), alice
    for what, other in (("no format", {"dest": path}), ("a folder", dict(task, dest=folder)), ("no such folder", dict(task, dest="/no/such")),
                       ("fields", {"format": "html", "fields": ["name"]})):
        bad = cluster.run("pxc_info", dict(other, _ansible_check_mode=True))
        yield f"refused with one sentence: {what}", bad.get("failed") and bad["msg"].count(". ") == 0, bad


def sight_checks(cluster, texts, env, folder):
    mine = {f: cluster.run("pxc_info", {"gather": MOST, "format": f}, actor="alice")["text"] for f in FORMATS}
    facts = cluster.run("pxc_info", {"gather": MOST}, actor="alice")
    for f in FORMATS:
        seen = [w for w in NOT_FOR_ALICE if w in mine[f]]
        yield f"{f}: alice sees what is hers and nothing else", "web-1" in mine[f].replace("pxc_vm_state{project=\"acme\"", "web-1") and not seen, (
            seen, mine[f])
        yield f"{f}: admins see all", all(w in texts[f] for w in ("research", "gamma", "pve1")), texts[f]
    told = json.loads(mine["json"])
    yield "json is what the result holds otherwise", all(told[k] == facts[k] for k in told) and "nodes" not in told, told
    page, good, text = report(dict(env, PXC_ACTOR="alice"), folder, "alice.html")
    with open(page, encoding="utf-8") as f:
        html = f.read()
    yield "the playbook gives alice her page", good and "as alice sees it" in html and not any(w in html for w in NOT_FOR_ALICE), text


def all_checks(build, folder, pictures):
    lab.make_certificate(folder)
    cluster = lab.Cluster(build, folder, 0, "--nodes", "4", "--loads", "day", "--cluster", "prod", "--seed", "7")
    try:
        lab.fill(cluster)
        env = lab.environment(cluster, build, folder)
        facts = lab.facts(cluster, gather=MOST)
        texts = {f: lab.facts(cluster, gather=MOST, format=f)["text"] for f in FORMATS}
        yield "without a format it is as ever", "text" not in facts and facts["changed"] is False and len(facts["projects"]) == 4, None
        page, good, text = report(env, folder, "cloud.html")
        yield "the playbook writes the page", good and os.stat(page).st_mode & 0o777 == 0o644 and "changed=1" in text, text
        if not find():
            yield "the page in a browser # skip chromium is not installed and cannot be", True, None
        else:
            with Browser() as browser:
                yield from page_checks(browser, page, facts, pictures)
        page, good, text = report(env, folder, "acme.html", "-e", "project=acme")
        with open(page, encoding="utf-8") as f:
            html = f.read()
        yield "of one project it shows that alone", good and "web-1" in html and "sim-1" not in html and "beta</h3>" not in html, text
        yield from metrics_checks(texts["openmetrics"])
        yield from file_checks(cluster, folder)
        yield from sight_checks(cluster, texts, env, folder)
    finally:
        cluster.close()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("build")
    options.add_argument("--pictures")
    options = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="pxc-report-") as folder:
        return tap.Points().checks(all_checks(os.path.abspath(options.build), folder, options.pictures)).end()


if __name__ == "__main__":
    sys.exit(main())
