#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/awx.yml against a stand-in for AWX's API, then the job templates that it made, run by ansible-runner as AWX runs them, against pxcsim.

    with_ansible.py build/pytools:tests/pytools.txt test_awx.py BUILD [--newest] [--apply-only | --jobs-only]

AWX is set up by the machine's own Ansible, with --newest by that of the tools; jobs run with the newest, as in an execution environment, and one
of them with the machine's own. --apply-only leaves the jobs out and takes refusals in, --jobs-only leaves out what changes AWX again. Surveys,
roles, schedules and injected credentials are those that were applied, so jobs get what AWX would give them.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "contract")]
import ansible_runner
import awxapi
import schema
import with_ansible

import outputs
import sim
import tap

BUILD = os.path.abspath(sys.argv[1])
COLLECTION = os.path.join(BUILD, "ansible_collections/pxcloud/pve")
BOX = os.path.join(HERE, "..", "lib", "cephbox.sh")
SYSTEM = with_ansible.installed()[0]
PATHS = {"system": (SYSTEM + os.pathsep if SYSTEM else "") + os.environ["PATH"], "newest": os.environ["PATH"]}
SECRETS = {"token": "a-s3cret-awx-token", "reader": "a-s3cret-reader", "hook": "a-s3cret-hook"}
NAMES = ["playbooks/%s.yml" % name for name in ("project_create", "vm_request", "volume_extend", "balance")]
PREPARE = """---
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - pxcloud.pve.pxc_cloud: {domain: cloud.example.org, storage: ceph, bridge: vmbr0, admins: [boss, "svc:nightly"], actor: boss}
    - pxcloud.pve.pxc_flavor: {name: m1.small, vcpus: 1, memory: 512M, disk: 1, actor: boss}
"""
VOLUME = """---
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - pxcloud.pve.pxc_volume: {project: acme, name: data, size: 1G, actor: alice}
"""
POINTS = tap.Points()


def ok(truth, sentence, *why):
    return POINTS.check(sentence, truth, *why)


def play(folder, which, playbook, *args, **env):
    """(exit status, what was printed) of a playbook on a shell."""
    env = dict(os.environ, PATH=PATHS[which], ANSIBLE_COLLECTIONS_PATH=BUILD, ANSIBLE_LOCALHOST_WARNING="False", ANSIBLE_NOCOLOR="1",
               ANSIBLE_INVENTORY_UNPARSED_WARNING="False", ANSIBLE_LOCAL_TEMP=os.path.join(folder, "tmp"), **env)
    done = subprocess.run(["ansible-playbook", playbook, *args], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, outputs.keep(done.stdout.decode("utf-8", "replace"))


def changed(text):
    return int(re.search(r"changed=(\d+)", text).group(1)) if "changed=" in text else -1


class Setup:
    """Where AWX is, and playbooks/awx.yml for it."""

    def __init__(self, folder, which, cluster):
        self.folder, self.which = folder, which
        self.awx = awxapi.Awx(NAMES)
        self.awx.page_limit = 3
        self.awx.users = {SECRETS["token"]: ("admin", "a-s3cret-password", []), "t-boss": ("boss", "", ["pxcloud operators"]),
                          "t-alice": ("alice", "", ["pxcloud users"]), "t-bob": ("bob", "", ["pxcloud users"]), "t-carol": ("carol", "", [])}
        self.url, self.server = awxapi.serve(self.awx)
        self.settings = dict(cluster, awx_reader_token_id="pxc@pve!look", awx_reader_token_secret=SECRETS["reader"], awx_settle_delay=1,
                             awx_image="images.example.org/pxcloud-ee:0.6.0",
                             awx_webhook_url="https://hook.example.org/pxc", awx_webhook_user="hook", awx_webhook_secret=SECRETS["hook"])

    def apply(self, *args, login=None, **settings):
        """(exit status, text, what was written)."""
        path = os.path.join(self.folder, "settings.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(dict(self.settings, **settings), f)
        self.awx.log.clear()
        login = login or {"CONTROLLER_OAUTH_TOKEN": SECRETS["token"]}
        status, text = play(self.folder, self.which, os.path.join(COLLECTION, "playbooks/awx.yml"), "-e", "@" + path, *args,
                            CONTROLLER_HOST=self.url, **login)
        return status, text, [row for row in self.awx.log if row[0] in ("POST", "PATCH")]

    def find(self, kind, name):
        return next(item for item in self.awx.store[kind].values() if item["name"] == "pxcloud" + name)


def test_apply(setup):
    """From nothing; what is there then."""
    awx = setup.awx
    status, text, written = setup.apply("-vvv")
    if not ok(status == 0 and changed(text) > 10, "AWX is set up from nothing", text):
        return False
    unknown = {(path, name) for _method, path, body in written for kind in [path.split("/")[3]] if path.count("/") == 4
               for name in json.loads(body) if name not in schema.FIELDS[kind]}
    ok(not unknown, "every field that is declared is one of AWX's API", unknown)
    ok({k: len(v) for k, v in awx.store.items()} == {
        "organizations": 1, "teams": 2, "credential_types": 1, "credentials": 2, "execution_environments": 1, "projects": 1, "inventories": 2,
        "inventory_sources": 1, "notification_templates": 1, "job_templates": 4, "schedules": 1}, "all that is declared is there", awx.store)
    ok(not outputs.shown(text), "no secret is shown, with -vvv", outputs.shown(text))
    ok(all(not value for t in awx.store["job_templates"].values() for name, value in t.items() if name.startswith("ask_")),
       "nothing is asked on launch but the survey")
    roles = {awx.roles[i]["field"] for t in awx.store["teams"].values() for i in awx.links["teams", t["id"], "roles"]}
    ok(roles == {"execute_role"}, "teams may execute templates, and nothing else", roles)
    ok(awx.store["credentials"][min(awx.store["credentials"])]["inputs"]["token_secret"] == setup.settings["awx_pxc_token_secret"],
       "the token is in AWX's credential")
    told = schema.message(setup.find("notification_templates", ": jobs")["messages"]["error"]["body"], dict(schema.MESSAGE))
    nobody = schema.message(setup.find("notification_templates", ": jobs")["messages"]["error"]["body"],
                            dict(schema.MESSAGE, job=dict(schema.JOB, summary_fields={})))
    ok(json.loads(told)["by"] == "admin" and json.loads(nobody)["by"] is None, "notifications are JSON, also when nobody has launched the job", told)
    return True


def test_changes(setup):
    awx = setup.awx
    status, text, written = setup.apply()
    ok(status == 0 and changed(text) == 0 and not written, "the second time nothing is changed, and nothing is sent", text, written)

    template = setup.find("job_templates", ": request VMs")
    template.update(ask_variables_on_launch=True, verbosity=3)
    awx.surveys[template["id"]]["spec"].pop()
    setup.find("credentials", ": cloud")["inputs"]["urls"] = "https://elsewhere:8006"
    setup.find("credential_types", ": Proxmox VE cloud")["injectors"]["env"].pop("PXC_CA_PATH")
    team = setup.find("teams", " users")["id"]
    admin = next(i for i, r in awx.roles.items() if (r["kind"], r["id"], r["field"]) == ("job_templates", template["id"], "admin_role"))
    awx.links["teams", team, "roles"].append(admin)
    status, text, written = setup.apply("--check", "--diff")
    ok(status == 0 and changed(text) == 5 and not written and "ask_variables_on_launch: true -> false" in text,
       "check mode names what somebody has changed by hand, and sends nothing", text, written)
    status, text, written = setup.apply(awx_update_secrets=True, awx_webhook_secret="a-s3cret-newer")
    ok(status == 0 and len(written) == 7 and not template_of(setup)["ask_variables_on_launch"] and template_of(setup)["verbosity"] == 3
       and admin not in awx.links["teams", team, "roles"], "it is put right, and what is not declared stays", text, written)
    cloud = setup.find("credentials", ": cloud")["inputs"]
    ok(cloud["urls"] == setup.settings["awx_pxc_urls"] and cloud["token_secret"] == setup.settings["awx_pxc_token_secret"]
       and setup.find("notification_templates", ": jobs")["notification_configuration"]["password"] == "a-s3cret-newer",
       "secrets are written again when asked for, and kept otherwise")
    ok(not outputs.shown(text), "no secret is shown then", outputs.shown(text))


def test_refusals(setup):
    for settings, login, sentence in (
            ({}, {"CONTROLLER_OAUTH_TOKEN": "wrong"}, "AWX at %s: Authentication credentials were not provided" % setup.url),
            ({}, {"CONTROLLER_USERNAME": "admin", "CONTROLLER_PASSWORD": "a-s3cret-password", "X": ""}, None),
            ({"awx_image": ""}, None, "awx_image: say which execution environment jobs run in"),
            ({"awx_template_volume": {"name": "pxcloud: extend a volume", "playbook": NAMES[2], "survey": {
                "name": "", "description": "", "spec": [{"question_name": "Size", "variable": "volume_gb", "type": "number", "required": True}]}}},
             None, "survey of pxcloud: extend a volume: 'number' in survey question 0 is not one of"),
            ({"awx_service": "nightly"}, None, "awx_service: a service is called svc:..., not nightly"),
            ({"awx_scm_url": "https://nowhere.example.org"}, None, "could not fetch https://nowhere.example.org (failed)"),
            ({"awx_balance_at": "DTSTART:20260101T020000Z RRULE:FREQ=DAILY"}, None, "rrule: INTERVAL required")):
        if sentence:
            status, text, _written = setup.apply(login=login, **settings)
            ok(status == 2 and sentence in text, "one sentence: " + sentence.replace(setup.url, "..."), text)
        else:
            status, text, _written = setup.apply("--check", login=login)
            ok(status == 0, "a name and a password are as good as a token", text)


def template_of(setup):
    return setup.find("job_templates", ": request VMs")


def test_awxkit(setup):
    """The official client finds in the stand-in what it expects, and what was declared."""
    import awxkit
    import awxkit.api
    awxkit.config.base_url = setup.url
    root = awxkit.api.Api()
    root.connection.login(token=SECRETS["token"])
    v2 = root.get().available_versions.v2.get()
    found = v2.job_templates.get(name="pxcloud: request VMs").results[0]
    survey = found.related.survey_spec.get().json
    ok(survey == setup.awx.surveys[found.id] and found.summary_fields.project.name == "pxcloud"
       and found.related.credentials.get().results[0].inputs.token_secret == "$encrypted$", "awxkit reads template, survey and credential", survey)
    patched = found.patch(description="by awxkit")
    ok(patched.description == "by awxkit", "awxkit changes a template")


class Jobs:
    """Runs jobs as AWX does: a folder with env/extravars, env/envvars, the files of credentials, and the project."""

    def __init__(self, setup):
        self.setup, self.awx = setup, setup.awx

    def api(self, user, name, answers, form=True):
        """(status, answer) of a launch; of answers as AWX's own page sends them, or just as they are."""
        import urllib.error
        import urllib.request
        number = self.setup.find("job_templates", ": " + name)["id"]
        answers = schema.form(self.awx.surveys[number], answers) if form else answers
        request = urllib.request.Request("%s/api/v2/job_templates/%d/launch/" % (self.setup.url, number), json.dumps({"extra_vars": answers}).encode(),
                                         {"Authorization": "Bearer t-" + user, "Content-Type": "application/json"}, method="POST")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as problem:
            return problem.code, json.load(problem)

    def run(self, job, which="newest"):
        """(status, events, all that is kept of the job; what was printed last)."""
        with tempfile.TemporaryDirectory(prefix="pxc-awx-job-") as folder:
            for name in ("env", "inventory", "project"):
                os.mkdir(os.path.join(folder, name))
            shutil.copytree(os.path.join(COLLECTION, "playbooks"), os.path.join(folder, "project/playbooks"))
            # AWX marks what people say as no template; what the template itself says may be one.
            own = schema.variables("extra_vars", job["template"]["extra_vars"])
            with open(os.path.join(folder, "env/extravars"), "w", encoding="utf-8") as f:
                f.writelines("%s: %s%s\n" % (json.dumps(k), "!unsafe " if isinstance(v, str) and own.get(k) != v else "", json.dumps(v))
                             for k, v in awxapi.job_variables(job).items())
            with open(os.path.join(folder, "inventory/hosts"), "w", encoding="utf-8") as f:
                f.write('#!/bin/sh\necho \'{"all": {"hosts": []}, "_meta": {"hostvars": {}}}\'\n')
            os.chmod(os.path.join(folder, "inventory/hosts"), 0o700)
            env = self.environment(job, folder, which)
            done = ansible_runner.run(private_data_dir=folder, playbook=job["template"]["playbook"], envvars=env, quiet=True,
                                      settings={"suppress_env_files": True})
            events = [dict(e) for e in done.events]
            kept = artifacts(folder)
            return done.status, events, [kept[path] for path in sorted(kept, key=lambda path: path.endswith("/stdout"))]

    def environment(self, job, folder, which="newest"):
        env = {"ANSIBLE_COLLECTIONS_PATH": BUILD, "PATH": PATHS[which], "ANSIBLE_LOCAL_TEMP": os.path.join(self.setup.folder, "tmp"),
               "PXC_ACTOR": "somebody-else", "JOB_ID": str(job["id"])}
        for credential in job["credentials"]:
            env.update(awxapi.inject(self.awx.store["credential_types"][credential["credential_type"]], credential["inputs"], folder)[0])
        return env


def artifacts(folder):
    """What ansible-runner has left of a run, by path, which is what AWX takes over; env/ is what AWX itself has put there, and removes."""
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if os.path.join(place, name) not in (os.path.join(folder, "env"), os.path.join(folder, "project"))]
        for path in (os.path.join(place, name) for name in names):
            with open(path, encoding="utf-8", errors="replace") as f:
                text = f.read()
            # ansible-runner writes the whole environment into this one, which is env/ again.
            found[path] = outputs.keep(json.dumps(dict(json.loads(text), env=None)) if os.path.basename(path) == "command" else text)
    return found


def results(events, task=None):
    """What modules of the collection have answered."""
    return [e["event_data"]["res"] for e in events if e["event"] in ("runner_on_ok", "runner_on_failed") and "pxc_audit" in e["event_data"].get("res", {})
            and (not task or task in e["event_data"]["task"])]


def said(events):
    return " ".join(str(e["event_data"]["res"].get("msg", "")) for e in events if e["event"] == "runner_on_failed")


def test_jobs(setup, token):
    jobs, awx = Jobs(setup), setup.awx
    everything = []

    def run(user, name, answers, which="newest", form=True):
        status, answer = jobs.api(user, name, answers, form)
        if status != 201:
            return "refused", [], answer
        outcome, events, kept = jobs.run(awx.jobs[answer["job"]], which)
        everything.extend(kept)
        return outcome, events, kept

    def audited(events, actor, source="awx"):
        found = [(r["pxc_audit"]["actor"], r["pxc_audit"]["source"], bool(r["pxc_audit"]["job_id"])) for r in results(events)]
        return bool(found) and set(found) == {(actor, source, True)}

    outcome, events, kept = run("boss", "create a project", {
        "project": "acme", "project_description": "{{ 6 * 7 }} shops", "quota_instances": 3, "quota_ram_gb": "", "members": "alice\nann"})
    made = results(events)[-1:] or [{}]
    ok(outcome == "successful" and made[0].get("changed") and made[0]["project"]["roles"]["member"] == ["alice", "ann"],
       "a project is made by a job", *kept[-1:])
    ok(made[0].get("project", {}).get("description") == "{{ 6 * 7 }} shops", "an answer is no template", made)
    ok(audited(events, "boss"), "on record is who launched it", results(events))

    answers = {"project": "acme", "vm_name": "web", "vm_count": 2, "flavor": "m1.small", "image": "", "ssh_keys": ""}
    outcome, events, kept = run("alice", "request VMs", answers)
    vms = (results(events)[-1:] or [{}])[0].get("vms", [])
    ok(outcome == "successful" and [v["name"] for v in vms] == ["web-1", "web-2"] and all(v["status"] == "running" for v in vms), "VMs are made", *kept[-1:])
    ok(audited(events, "alice") and len(results(events)[-1]["pxc_audit"]["changes"]) == 2,
       "on record is the member who launched it, with each VM", results(events))
    ok(any(e["event"] == "playbook_on_stats" and e["event_data"].get("artifact_data", {}).get("pxc_vms") == ["web-1", "web-2"] for e in events),
       "a workflow learns their names")
    outcome, events, kept = run("alice", "request VMs", answers, "system")
    ok(outcome == "successful" and not results(events)[-1]["changed"], "the same request again changes nothing, with the machine's own Ansible", *kept[-1:])
    outcome, events, kept = run("bob", "request VMs", dict(answers, vm_name="his"))
    ok(outcome == "failed" and "policy: bob" in said(events), "who has no role in the project is refused, though he may launch", said(events))

    for user, name, given, form, words in (
            ("carol", "request VMs", answers, True, "permission"), ("alice", "create a project", {"project": "mine"}, True, "permission"),
            ("alice", "request VMs", dict(answers, vm_count=0), True, "too small"), ("alice", "request VMs", {"vm_name": "x"}, True, "'project' value missing"),
            ("alice", "request VMs", answers, False, "'vm_wait' value missing"),
            ("boss", "create a project", {"project": "acme", "people_mode": "add", "quota_ram_gb": ""}, False, "expected to be an integer")):
        outcome, _events, answer = run(user, name, given, form=form)
        ok(outcome == "refused" and words in json.dumps(answer), "AWX refuses a launch: " + words, answer)
    status, answer = jobs.api("alice", "request VMs", dict(answers, awx_user_name="boss", pxc_service="svc:other"))
    ok(status == 201 and answer["ignored_fields"]["extra_vars"] == ["awx_user_name", "pxc_service"]
       and awxapi.job_variables(awx.jobs[answer["job"]])["awx_user_name"] == "alice", "nobody brings variables of his own", answer)

    with open(os.path.join(setup.folder, "volume.yml"), "w", encoding="utf-8") as f:
        f.write(VOLUME)
    status, text = play(setup.folder, "newest", os.path.join(setup.folder, "volume.yml"), **token)
    ok(status == 0, "a volume", text)
    outcome, events, kept = run("alice", "extend a volume", {"project": "acme", "volume": "data", "volume_gb": 2})
    ok(outcome == "successful" and results(events)[-1]["volume"]["size_bytes"] == 2 << 30 and audited(events, "alice"), "a volume grows, in Ceph",
       *kept[-1:])
    outcome, events, kept = run("alice", "extend a volume", {"project": "acme", "volume": "date", "volume_gb": 2})
    ok(outcome == "failed" and said(events) == "project acme has no volume date", "one that is not there is not made", said(events))

    schedule = next(iter(awx.store["schedules"].values()))
    job, _ignored = awx.launch(None, schedule["unified_job_template"], schedule["extra_data"], schedule)
    outcome, events, kept = jobs.run(job)
    everything.extend(kept)
    ok(outcome == "successful" and audited(events, "svc:nightly", "task") and not any(r["changed"] for r in results(events)),
       "the schedule runs as the service, and moves nothing", *kept[-1:])
    job["extra_vars"].pop("pxc_service")
    outcome, events, kept = jobs.run(job)
    ok(outcome == "failed" and "was not launched by a person but by a schedule" in said(events), "without a service a schedule is refused", said(events))
    outcome, events, kept = run("boss", "balance the nodes", {"balance_do": "balance", "balance_leave": "project:acme"})
    ok(outcome == "successful" and audited(events, "boss") and len(results(events)) == 2, "the balance is a job", *kept[-1:])

    largest = max(len(text) for text in everything)
    ok(largest < 700000, "no event is larger than AWX keeps (%d bytes)" % largest)
    leaked = [place for text in everything for place in outputs.shown(text)]
    ok(not leaked, "no event, no output and no other file that a job leaves shows a secret (%d files)" % len(everything), leaked)
    for credential in awx.store["credentials"].values():
        shown = awxapi.shown_environment(awx.store["credential_types"][credential["credential_type"]], credential["inputs"])
        ok(not outputs.shown(json.dumps(shown)) and shown["PXC_API_URLS"] == credential["inputs"]["urls"],
           "nor what AWX itself keeps of the environment", shown)
    test_inventory(jobs)


def test_inventory(jobs):
    with tempfile.TemporaryDirectory(prefix="pxc-awx-inv-") as folder:
        os.mkdir(os.path.join(folder, "env"))
        credential = dict(jobs.setup.find("credentials", ": cloud"))
        # As AWX updates an inventory: STANDARD_INVENTORY_UPDATE_ENV of awx/main/constants.py.
        env = dict(jobs.environment({"id": 1, "credentials": [credential]}, folder), ANSIBLE_INVENTORY_UNPARSED_FAILED="True",
                   ANSIBLE_INVENTORY_EXPORT="True", ANSIBLE_VERBOSE_TO_STDERR="True", ANSIBLE_HOST_PATTERN_MISMATCH="error")
        source = jobs.setup.find("inventory_sources", ": guests")
        out, err = ansible_runner.get_inventory("list", [os.path.join(COLLECTION, source["source_path"])], envvars=dict(os.environ, **env),
                                                private_data_dir=folder, response_format="json", quiet=True,
                                                settings={"suppress_env_files": True})
        text = json.dumps(out)
        ok(isinstance(out, dict) and {"web-1", "web-2"} <= set(out["_meta"]["hostvars"]), "the inventory source finds the guests", text[-2000:], err)
        ok(isinstance(out, dict) and out.get("all", {}).get("children"), "in groups", text[-2000:])
        leaked = [place for kept in [outputs.keep(text), *artifacts(folder).values()] for place in outputs.shown(kept)]
        ok(not leaked, "and shows no secret", leaked)


def contents(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def main():
    if not os.environ.get("PXC_TEST_CEPH_CONF"):
        os.execv(os.path.join(HERE, "../lib/with_ceph.sh"), ["with_ceph.sh", os.path.join(BUILD, "awx-ceph"), sys.executable, *sys.argv])
    conf = os.environ["PXC_TEST_CEPH_CONF"]
    box = os.path.dirname(conf)
    subprocess.run([BOX, "pool", box, "awx"], check=True)
    with tempfile.TemporaryDirectory(prefix="pxc-awx-") as folder:
        cluster = sim.Sim(BUILD, "--nodes", "3", "--speed", "100", "--state-dir", folder, "--ceph", conf, "--ceph-pool", "awx")
        try:
            info = cluster.info
            token = {"PXC_API_URLS": info["url"], "PXC_API_TOKEN_ID": info["token_id"], "PXC_API_TOKEN_SECRET": info["token_secret"],
                     "PXC_CA_PATH": info["ca_path"], "PXC_CEPH_CONF": conf}
            setup = Setup(folder, "newest" if "--newest" in sys.argv else "system", {
                "awx_pxc_urls": info["url"], "awx_pxc_token_id": info["token_id"], "awx_pxc_token_secret": info["token_secret"],
                "awx_pxc_ca": contents(info["ca_path"]), "awx_ceph_conf": contents(conf), "awx_ceph_keyring": contents(os.path.join(box, "keyring"))})
            key = re.search(r"key = (\S+)", setup.settings["awx_ceph_keyring"]).group(1)
            outputs.secret(key)
            if not test_apply(setup):
                return 1
            if "--jobs-only" not in sys.argv:
                test_changes(setup)
            if "--apply-only" in sys.argv:
                test_refusals(setup)
            else:
                test_awxkit(setup)
                with open(os.path.join(folder, "prepare.yml"), "w", encoding="utf-8") as f:
                    f.write(PREPARE)
                status, text = play(folder, "newest", os.path.join(folder, "prepare.yml"), **token)
                ok(status == 0, "a cloud", text)
                test_jobs(setup, token)
            setup.server.shutdown()
        finally:
            cluster.close()
            status = POINTS.end()
    return status


if __name__ == "__main__":
    sys.exit(main())
