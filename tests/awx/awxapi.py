# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for AWX's API, strict about what schema.py knows: for the tests of playbooks/awx.yml.

Like AWX: requests without a login are refused; unknown fields are passed over in silence; lists come in pages; filters that do not exist
are an error; secrets are answered as $encrypted$ and kept when sent so; associating answers 204; a project is fetched in the background
and a template can only name a playbook that was found then; OPTIONS tells the fields. Not there: everything else.
"""
import base64
import copy
import http.server
import json
import os
import re
import tempfile
import threading
import urllib.parse

import jinja2.sandbox
import schema
from schema import FIELDS, LINKS, READ_ONLY, ROLES, UNIQUE, Refused, refuse

SINGULAR = {kind: {"inventories": "inventory"}.get(kind, kind[:-1]) for kind in FIELDS}
HIDDEN = "$encrypted$"
# How AWX calls what must be unique together.
CALLED = {"organization": "Organization", "inventory": "Inventory", "unified_job_template": "Unified job template"}


class Awx:
    """The objects, and what can be done to them."""

    page_limit = 200

    def __init__(self, playbooks):
        self.playbooks = playbooks
        self.store = {kind: {} for kind in FIELDS}
        self.roles, self.links, self.surveys, self.jobs = {}, {}, {}, {}
        self.users = {}  # token: (name, password, names of teams); the first is a superuser
        self.log = []
        self.next = 1
        self.polls = {}
        self.lock = threading.Lock()

    def number(self):
        self.next += 1
        return self.next

    def write(self, kind, body, old=None):
        new = copy.deepcopy(old) if old else {}
        for name, field in FIELDS[kind].items():
            if name in body:
                new[name] = schema.typed(name, field, copy.deepcopy(body[name]), self.store)
            elif not old and field["required"]:
                refuse(**{name: "This field is required."})
            elif not old:
                new[name] = copy.deepcopy(field["default"])
        self.keep_secrets(kind, new, old)
        self.check(kind, new)
        self.unique(kind, new, old)
        if not old:
            new["id"] = self.number()
            for role in ROLES.get(kind, ()):
                self.roles[self.number()] = {"kind": kind, "id": new["id"], "field": role}
        self.store[kind][new["id"]] = new
        if kind == "projects" and new["scm_type"] and (not old or any(old[f] != new[f] for f in ("scm_url", "scm_branch", "scm_type"))):
            self.polls[new["id"]] = 0
        return new

    def secret_names(self, kind, item):
        if kind == "credentials":
            inputs = self.store["credential_types"][item["credential_type"]]["inputs"]
            return "inputs", [f["id"] for f in inputs.get("fields", []) if f.get("secret")]
        return ("notification_configuration", ["password"]) if kind == "notification_templates" else (None, [])

    def keep_secrets(self, kind, new, old):
        where, names = self.secret_names(kind, new)
        for name in names:
            if new[where].get(name) == HIDDEN:
                if not old or name not in old[where]:
                    refuse(**{where: "%s is a reserved keyword" % HIDDEN})
                new[where][name] = old[where][name]

    def unique(self, kind, new, old):
        within = UNIQUE.get(kind, ("organization",))
        if kind == "credentials":
            within += ("credential_type",)
        for other in self.store[kind].values():
            if other is not old and other["name"] == new["name"] and all(self.value(kind, other, w) == self.value(kind, new, w) for w in within):
                words = " and ".join(["Name"] + [CALLED.get(w, w) for w in within])
                refuse(**{"name" if not within else "__all__": "%s with this %s already exists." % (SINGULAR[kind].replace("_", " ").capitalize(), words)})

    def value(self, kind, item, name):
        """Also what AWX finds out by itself."""
        if kind == "job_templates" and name == "organization":
            return self.store["projects"][item["project"]]["organization"]
        if name == "status":
            return "never updated" if kind == "job_templates" else self.status(item)
        return item.get(name)

    def status(self, project):
        count = self.polls.get(project["id"])
        if count is None:
            return "never updated"
        if count < 2:
            return ("pending", "running")[count]
        return "failed" if "nowhere" in project["scm_url"] else "successful"

    def check(self, kind, new):
        for name in ("extra_vars", "variables", "source_vars"):
            if name in new:
                schema.variables(name, new[name])
        if kind == "credential_types":
            schema.check_inputs(new["inputs"])
            schema.check_injectors(new["inputs"], new["injectors"])
        elif kind == "credentials":
            if not new["organization"]:
                refuse(detail="Missing 'user', 'team', or 'organization'.")
            known = {f["id"] for f in self.store["credential_types"][new["credential_type"]]["inputs"].get("fields", [])}
            for name, value in new["inputs"].items():
                if name not in known or not isinstance(value, str):
                    refuse(inputs="Additional properties are not allowed ('%s' was unexpected)" % name)
        elif kind == "projects" and new["scm_type"] and not new["scm_url"]:
            refuse(scm_url="This field is required unless scm_type is set to manual.")
        elif kind == "inventory_sources" and new["source"] == "scm":
            if not new["source_project"]:
                refuse(source_project="Project required for scm type sources.")
            if new["source_path"].startswith("/"):
                refuse(source_path="Invalid path choice.")
        elif kind == "inventory_sources" and (new["source_path"] or new["source_project"]):
            refuse(detail="Cannot set source_path if not SCM type.")
        elif kind == "notification_templates":
            schema.check_notification(new)
        elif kind == "job_templates":
            self.check_template(new)
        elif kind == "schedules":
            schema.check_rrule(new["rrule"])
            template = self.store["job_templates"][new["unified_job_template"]]
            _found, ignored, wrong = schema.launch_variables(template, self.surveys.get(template["id"], {}), new["extra_data"])
            if ignored:
                refuse(extra_data="Variables %s are not allowed on launch. Check the Prompt on Launch setting on the Job Template to include Extra "
                                  "Variables." % ", ".join(ignored))
            if wrong:
                raise Refused({"variables_needed_to_start": wrong})

    def check_template(self, new):
        project = self.store["projects"].get(new["project"])
        if not project:
            refuse(project="This field is required.")
        if not new["playbook"]:
            refuse(playbook="Must select playbook for project.")
        if not project["allow_override"] and (self.status(project) != "successful" or new["playbook"] not in self.playbooks):
            refuse(playbook="Playbook not found for project.")
        if not new["inventory"] and not new["ask_inventory_on_launch"]:
            refuse(inventory="Must either set a default value or ask to prompt on launch.")

    def show(self, kind, item):
        shown = copy.deepcopy(item)
        where, names = self.secret_names(kind, item)
        for name in names:
            if shown[where].get(name):
                shown[where][name] = HIDDEN
        for name in READ_ONLY.get(kind, ()):
            shown[name] = self.value(kind, item, name)
        url = "/api/v2/%s/%d/" % (kind, item["id"])
        related = {name: url + name + "/" for name in LINKS.get(kind, {})}
        if kind == "job_templates":
            related.update(survey_spec=url + "survey_spec/", launch=url + "launch/")
        summary = {"object_roles": {r["field"]: {"id": i, "name": r["field"][:-5].capitalize()} for i, r in self.roles.items()
                                    if (r["kind"], r["id"]) == (kind, item["id"])}}
        for name, field in FIELDS[kind].items():
            if field["type"] == "id" and item[name]:
                summary[name] = {"id": item[name], "name": self.store[field["of"]][item[name]]["name"]}
        return dict(shown, type=SINGULAR[kind], url=url, related=related, summary_fields=summary, created="2026-01-01T00:00:00.000000Z",
                    modified="2026-01-01T00:00:00.000000Z")

    def show_role(self, number):
        role = self.roles[number]
        return {"id": number, "type": "role", "url": "/api/v2/roles/%d/" % number, "related": {}, "name": role["field"][:-5].capitalize(),
                "summary_fields": {"resource_id": role["id"], "resource_type": SINGULAR[role["kind"]],
                                   "resource_name": self.store[role["kind"]][role["id"]]["name"]}}

    def link(self, kind, number, name, body):
        """Associate or disassociate; nothing comes back."""
        of, links = LINKS[kind][name], self.links.setdefault((kind, number, name), [])
        there = self.roles if of == "roles" else self.store[of]
        if not isinstance(body.get("id"), int):
            refuse(msg='"id" is required to disassociate' if body.get("disassociate") else '"id" field must be an integer.')
        if body["id"] not in there:
            raise Refused({"msg": "object with id %s does not exist" % body["id"]})
        if body.get("disassociate"):
            links[:] = [i for i in links if i != body["id"]]
        elif body["id"] not in links:
            if name == "credentials" and any(there[i]["credential_type"] == there[body["id"]]["credential_type"] for i in links):
                refuse(error="Cannot assign multiple %s credentials." % self.store["credential_types"][there[body["id"]]["credential_type"]]["name"])
            links.append(body["id"])

    def may_launch(self, user, template):
        name, _password, teams = self.users[user]
        wanted = [i for i, r in self.roles.items() if (r["kind"], r["id"]) == ("job_templates", template) and r["field"] in ("execute_role", "admin_role")]
        held = [i for t in self.store["teams"].values() if t["name"] in teams for i in self.links.get(("teams", t["id"], "roles"), [])]
        return name == next(iter(self.users.values()))[0] or bool(set(wanted) & set(held))

    def launch(self, user, number, asked, schedule=None):
        """A job as a runner gets it; user is a token, None for a schedule."""
        template = self.store["job_templates"][number]
        found, ignored, wrong = schema.launch_variables(template, self.surveys.get(number, {}), asked)
        if wrong:
            raise Refused({"variables_needed_to_start": wrong})
        job = {"id": self.number(), "template": template, "extra_vars": found, "user": self.users[user][0] if user else None, "schedule": schedule,
               "project": self.store["projects"][template["project"]], "inventory": self.store["inventories"].get(template["inventory"]),
               "credentials": [self.store["credentials"][i] for i in self.links.get(("job_templates", number, "credentials"), [])]}
        self.jobs[job["id"]] = job
        return job, ignored


def job_variables(job):
    """What AWX tells a job of itself, under both its names: awx_meta_vars in awx/main/models/unified_jobs.py and jobs.py. Who launched it comes last,
    and wins (build_extra_vars_file of AWX 20.0.1 and newer); of a schedule there is nobody."""
    template = job["template"]
    meta = {"job_id": job["id"], "job_launch_type": "manual" if job["user"] else "scheduled", "job_template_id": template["id"],
            "job_template_name": template["name"], "project_revision": "0" * 40, "project_scm_branch": job["project"]["scm_branch"]}
    if job["user"]:
        meta.update(user_id=5, user_name=job["user"], user_email=job["user"] + "@example.org", user_first_name="", user_last_name="")
    elif job["schedule"]:
        meta.update(schedule_id=job["schedule"]["id"], schedule_name=job["schedule"]["name"])
    if job["inventory"]:
        meta.update(inventory_id=job["inventory"]["id"], inventory_name=job["inventory"]["name"])
    return dict(job["extra_vars"], **{prefix + name: value for name, value in meta.items() for prefix in ("awx_", "tower_")})


def inject(credential_type, inputs, folder):
    """(environment, paths of files): what the injectors of a credential type make of a credential, in FOLDER/env, as inject_credential of
    awx/main/models/credential does: files first, whose names the other templates can use; inputs that are empty are not there."""
    if credential_type["injectors"].get("extra_vars"):
        raise NotImplementedError("extra variables of credentials are a file of their own on the command line")
    namespace = {name: value for name, value in inputs.items() if isinstance(value, bool) or len(value)}
    for field in credential_type["inputs"].get("fields", []):
        if field["type"] == "boolean":
            namespace.setdefault(field["id"], False)
    namespace["tower"] = schema.Namespace()
    sandbox, paths = jinja2.sandbox.ImmutableSandboxedEnvironment(), []
    for label, template in credential_type["injectors"].get("file", {}).items():
        handle, path = tempfile.mkstemp(dir=os.path.join(folder, "env"))
        with open(handle, "w", encoding="utf-8") as f:
            f.write(sandbox.from_string(template).render(**namespace))
        os.chmod(path, 0o660)
        paths.append(path)
        if "." not in label:
            namespace["tower"].filename = path
        else:
            if not hasattr(namespace["tower"], "filename"):
                namespace["tower"].filename = schema.Namespace()
            setattr(namespace["tower"].filename, label.split(".")[1], path)
    return {name: sandbox.from_string(template).render(**namespace) for name, template in credential_type["injectors"].get("env", {}).items()}, paths


def shown_environment(credential_type, inputs):
    """What AWX keeps of the environment of a job, and shows: secret inputs are stars in it (safe_env of inject_credential)."""
    secret = [field["id"] for field in credential_type["inputs"].get("fields", []) if field.get("secret")]
    with tempfile.TemporaryDirectory(prefix="pxc-awx-shown-") as folder:
        os.mkdir(os.path.join(folder, "env"))
        return inject(credential_type, {name: "**********" if name in secret else value for name, value in inputs.items()}, folder)[0]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    awx = None

    def log_message(self, *args):
        pass

    def answer(self, status, body=None, headers=()):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def user(self):
        """The token of who asks."""
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer" and value in self.awx.users:
            return value
        if kind == "Basic":
            name, _, password = base64.b64decode(value).decode().partition(":")
            return next((t for t, u in self.awx.users.items() if (u[0], u[1]) == (name, password)), None)
        return None

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        with self.awx.lock:
            self.awx.log.append((self.command, url.path, body.decode()))
            try:
                if not url.path.endswith("/"):
                    return self.answer(404, {"detail": "The requested resource could not be found."})
                path = url.path.strip("/").split("/")
                user = self.user()
                if path == ["api"]:
                    return self.answer(200, {"available_versions": {"v2": "/api/v2/"}, "current_version": "/api/v2/", "description": "AWX REST API"})
                if path[:2] != ["api", "v2"]:
                    return self.answer(404, {"detail": "The requested resource could not be found."})
                if path == ["api", "v2", "ping"]:
                    return self.answer(200, {"version": "24.6.1", "ha": False})
                if not user:
                    return self.answer(401, {"detail": "Authentication credentials were not provided. To establish a login session, visit /api/login/."})
                return self.route(user, path[2:], urllib.parse.parse_qsl(url.query, keep_blank_values=True), body)
            except Refused as problem:
                return self.answer(problem.status, problem.args[0])
            except json.JSONDecodeError as problem:
                return self.answer(400, {"detail": "JSON parse error - %s" % problem})
            except KeyError:
                return self.answer(404, {"detail": "Not found."})

    do_GET = do_POST = do_PATCH = do_OPTIONS = handle_one

    def route(self, user, path, query, body):
        awx, superuser = self.awx, user == next(iter(self.awx.users))
        if not path:
            return self.answer(200, {kind if kind != "inventories" else "inventory": "/api/v2/%s/" % kind for kind in FIELDS})
        body = json.loads(body) if body else {}
        if path == ["me"]:
            return self.listing("/api/v2/me/", "users", [{"id": 1, "username": awx.users[user][0], "is_superuser": superuser}], query)
        if path[0] == "jobs" and len(path) == 2:
            job = awx.jobs[int(path[1])]
            return self.answer(200, {"id": job["id"], "type": "job", "name": job["template"]["name"]})
        kind = path[0]
        if kind not in FIELDS:
            raise KeyError(kind)
        if not superuser and self.command in ("POST", "PATCH") and path[2:] != ["launch"]:
            return self.answer(403, {"detail": "You do not have permission to perform this action."})
        if self.command == "OPTIONS":
            return self.answer(200, self.options(kind, len(path) == 1))
        if len(path) == 1:
            if self.command == "POST":
                return self.answer(201, awx.show(kind, awx.write(kind, body)))
            return self.listing("/api/v2/%s/" % kind, kind, self.filtered(kind, query), query)
        number = int(path[1])
        item = awx.store[kind][number]
        if len(path) == 2:
            if self.command == "PATCH":
                item = awx.write(kind, body, item)
            shown = awx.show(kind, item)
            if kind == "projects" and number in awx.polls:
                awx.polls[number] += 1
            return self.answer(200, shown)
        if path[2] == "survey_spec" and kind == "job_templates":
            if self.command == "POST":
                schema.check_survey(body)
                awx.surveys[number] = body
                return self.answer(200)
            return self.answer(200, awx.surveys.get(number, {}))
        if path[2] == "launch" and kind == "job_templates":
            if not awx.may_launch(user, number):
                return self.answer(403, {"detail": "You do not have permission to perform this action."})
            job, ignored = awx.launch(user, number, body.get("extra_vars", {}))
            return self.answer(201, {"job": job["id"], "id": job["id"], "type": "job", "ignored_fields": {"extra_vars": ignored} if ignored else {}})
        of = LINKS[kind][path[2]]
        if self.command == "POST":
            awx.link(kind, number, path[2], body)
            return self.answer(204)
        found = awx.links.get((kind, number, path[2]), [])
        rows = [awx.show_role(i) for i in found] if of == "roles" else [awx.show(of, awx.store[of][i]) for i in found]
        return self.listing(urllib.parse.urlsplit(self.path).path, of, rows, query)

    def filtered(self, kind, query):
        rows, either = [self.awx.show(kind, item) for item in self.awx.store[kind].values()], []
        for name, value in query:
            if name in ("page", "page_size", "order_by"):
                continue
            plain = re.sub(r"^or__", "", re.sub(r"__in$", "", name))
            if plain not in FIELDS[kind] and plain not in READ_ONLY.get(kind, ()) + ("id",):
                raise Refused({"detail": "%s has no field named '%s'" % (SINGULAR[kind], plain)})
            if name.startswith("or__"):
                either.append((plain, value))
            else:
                wanted = value.split(",") if name.endswith("__in") else [value]
                rows = [row for row in rows if str(row[plain]) in wanted]
        return [row for row in rows if not either or any(str(row[name]) == value for name, value in either)]

    def listing(self, path, _kind, rows, query):
        asked = dict(query)
        size, page = min(int(asked.get("page_size", 25)), self.awx.page_limit), int(asked.get("page", 1))
        last = max(1, -(-len(rows) // size))
        if not 1 <= page <= last:
            return self.answer(404, {"detail": "Invalid page."})
        rows = sorted(rows, key=lambda row: row["id"])

        def to(number):
            return path + "?" + urllib.parse.urlencode([q for q in query if q[0] != "page"] + [("page", number)]) if 1 <= number <= last else None
        return self.answer(200, {"count": len(rows), "next": to(page + 1), "previous": to(page - 1), "results": rows[(page - 1) * size:page * size]})

    def options(self, kind, many):
        fields = {}
        for name, field in FIELDS[kind].items():
            fields[name] = {"type": field["type"], "required": field["required"], "label": name.replace("_", " ").capitalize(), "filterable": True}
            if "choices" in field:
                fields[name]["choices"] = [[c, c] for c in field["choices"]]
        return {"name": kind, "description": "", "renders": ["application/json"], "parses": ["application/json"],
                "actions": {"POST" if many else "PUT": fields, "GET": fields}, "types": [SINGULAR[kind]]}


def serve(awx):
    """(URL, server): in a thread of its own until server.shutdown()."""
    handler = type("Bound", (Handler,), {"awx": awx})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://127.0.0.1:%d" % server.server_address[1], server
