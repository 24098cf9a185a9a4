# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX's API takes: fields and rules of the kinds that playbooks/awx/ declares. AWX itself cannot run where the tests do.

Where it is from:

Fields, types and choices of all kinds   the modules of awx.awx 23.9.0; test_data.py compares with them, and says in a table what differs and why
defaults, what is required               the schema that AWX publishes with its documents (docs/docsite/rst/rest_api/_swagger/swagger.json), read by hand,
                                         of organizations, execution environments, projects, inventory sources, notification and job templates, schedules
kinds of credential types                CredentialTypeSerializer in awx/api/serializers.py
check_inputs, check_injectors            awx/main/fields.py; NOT_IN_ENV is ENV_BLOCKLIST of awx/main/constants.py
check_survey                             JobTemplateSurveySpec in awx/api/views/__init__.py
answer_problems, launch_variables        SurveyJobTemplateMixin in awx/main/models/mixins.py, and the same in a younger fork (ctrliq/ascender): an empty text
                                         is an answer like any other, and a default does not stand in for the answer to a question that must be answered
form                                     awx/ui/src/util/prompt/getSurveyValues.js and components/LaunchPrompt/steps/SurveyStep.js
check_rrule                              validate_rrule of SchedulePreviewSerializer in awx/api/serializers.py, and its tests
check_notification                       NotificationTemplateSerializer in awx/api/serializers.py
UNIQUE of credentials and their types    awx/main/models/credential/__init__.py

All of awx/ are stored copies of different years, not of one release. From memory, and not compared with anything: READ_ONLY, UNIQUE of the other kinds, what
is required of teams, credentials and inventories, blank and null, the words in typed(), and JOB and MESSAGE but for a part of their names.
"""
import json
import re

import jinja2
import jinja2.sandbox
import yaml


def text(default="", required=False, blank=True, null=False):
    return {"type": "string", "default": default, "required": required, "blank": blank and not required, "null": null}


def flag(default=False):
    return {"type": "boolean", "default": default, "required": False}


def number(default=0):
    return {"type": "integer", "default": default, "required": False}


def choice(*values, default=None, required=False):
    return {"type": "choice", "choices": values, "default": default, "required": required, "null": None in values}


def ref(of, required=False):
    return {"type": "id", "of": of, "default": None, "required": required, "null": not required}


def mapping(default=()):
    return {"type": "json", "default": dict(default), "required": False}


EVENTS = ("started", "success", "error", "workflow_approval")
NAMED = {"name": text(required=True), "description": text()}
ON_LAUNCH = ("scm_branch", "diff_mode", "variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory", "credential",
             "execution_environment", "labels", "forks", "job_slice_count", "timeout", "instance_groups")
FIELDS = {
    "organizations": dict(NAMED, max_hosts=number(), default_environment=ref("execution_environments")),
    "teams": dict(NAMED, organization=ref("organizations", required=True)),
    "credential_types": dict(NAMED, kind=choice("net", "cloud", required=True), inputs=mapping(), injectors=mapping()),
    "credentials": dict(NAMED, organization=ref("organizations"), credential_type=ref("credential_types", required=True), inputs=mapping()),
    "execution_environments": dict(NAMED, organization=ref("organizations"), image=text(required=True), credential=ref("credentials"),
                                   pull=choice("", "always", "missing", "never", default="")),
    "projects": dict(NAMED, organization=ref("organizations"), scm_type=choice("", "git", "svn", "insights", "archive", default=""), scm_url=text(),
                     scm_branch=text(), scm_refspec=text(), scm_clean=flag(), scm_track_submodules=flag(), scm_delete_on_update=flag(),
                     scm_update_on_launch=flag(), scm_update_cache_timeout=number(), allow_override=flag(), timeout=number(),
                     credential=ref("credentials"), default_environment=ref("execution_environments"), local_path=text()),
    "inventories": dict(NAMED, organization=ref("organizations", required=True), kind=choice("", "smart", "constructed", default=""),
                        host_filter=text(None, null=True), variables=text(), prevent_instance_group_fallback=flag()),
    "inventory_sources": dict(NAMED, inventory=ref("inventories", required=True), source=choice(
        "file", "constructed", "scm", "ec2", "gce", "azure_rm", "vmware", "satellite6", "openstack", "rhv", "controller", "insights", required=True),
        source_path=text(), source_vars=text(), scm_branch=text(), credential=ref("credentials"), enabled_var=text(), enabled_value=text(),
        host_filter=text(), overwrite=flag(), overwrite_vars=flag(), timeout=number(), verbosity=choice(0, 1, 2, default=1), limit=text(),
        execution_environment=ref("execution_environments"), update_on_launch=flag(), update_cache_timeout=number(), source_project=ref("projects")),
    "notification_templates": dict(NAMED, organization=ref("organizations", required=True), notification_type=choice(
        "awssns", "email", "grafana", "irc", "mattermost", "pagerduty", "rocketchat", "slack", "twilio", "webhook", required=True),
        notification_configuration=mapping(), messages=mapping(dict.fromkeys(EVENTS))),
    "job_templates": dict(
        NAMED, job_type=choice("run", "check", default="run"), inventory=ref("inventories"), project=ref("projects"), playbook=text(),
        scm_branch=text(), forks=number(), limit=text(), verbosity=choice(0, 1, 2, 3, 4, 5, default=0), extra_vars=text(), job_tags=text(),
        force_handlers=flag(),
        skip_tags=text(), start_at_task=text(), timeout=number(), use_fact_cache=flag(), execution_environment=ref("execution_environments"),
        host_config_key=text(), survey_enabled=flag(), become_enabled=flag(), diff_mode=flag(), allow_simultaneous=flag(),
        job_slice_count=number(1), webhook_service=choice("", "github", "gitlab", default=""), webhook_credential=ref("credentials"),
        prevent_instance_group_fallback=flag(), **{f"ask_{x}_on_launch": flag() for x in ON_LAUNCH}),
    "schedules": dict(NAMED, unified_job_template=ref("job_templates", required=True), rrule=text(required=True), enabled=flag(True), extra_data=mapping(),
                      inventory=ref("inventories"), scm_branch=text(None, null=True), job_type=choice(None, "", "run", "check"), job_tags=text(None, null=True),
                      skip_tags=text(None, null=True), limit=text(None, null=True), execution_environment=ref("execution_environments")),
}
# What AWX finds out by itself: of a template the organization of its project.
READ_ONLY = {"job_templates": ("organization", "status"), "projects": ("status", "scm_revision"), "schedules": ("next_run",)}
# What a name is unique in, but for organization.
UNIQUE = {"organizations": (), "credential_types": ("kind",), "inventory_sources": ("inventory",), "schedules": ("unified_job_template",)}
LINKS = {"job_templates": {"credentials": "credentials", "notification_templates_started": "notification_templates",
                           "notification_templates_success": "notification_templates", "notification_templates_error": "notification_templates"},
         "teams": {"roles": "roles"}}
ROLES = {"organizations": ("admin_role", "member_role", "execute_role", "read_role"), "teams": ("admin_role", "member_role", "read_role"),
         "projects": ("admin_role", "use_role", "update_role", "read_role"), "credentials": ("admin_role", "use_role", "read_role"),
         "inventories": ("admin_role", "update_role", "adhoc_role", "use_role", "read_role"), "job_templates": ("admin_role", "execute_role", "read_role")}
NAME = re.compile(r"^[a-zA-Z_]+[a-zA-Z0-9_]*$")
TEMPLATE = re.compile(r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$")
NOT_IN_ENV = ("VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID", "AD_HOC_COMMAND_ID",
              "REST_API_URL", "REST_API_TOKEN", "MAX_EVENT_RES", "CALLBACK_QUEUE", "CALLBACK_CONNECTION", "CACHE", "JOB_CALLBACK_DEBUG",
              "INVENTORY_HOSTVARS", "AWX_HOST", "PROJECT_REVISION", "SUPERVISOR_WEB_CONFIG_PATH", "SUPERVISOR_CONFIG_PATH")
WEBHOOK = {"url": (str, None), "http_method": (str, "POST"), "disable_ssl_verification": (bool, False), "username": (str, ""), "password": (str, ""),
           "headers": (dict, None)}
SURVEY = {"text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str, "integer": int, "float": float}


class Refused(Exception):
    """By field, as AWX says it; with the HTTP status, which is not always that of an error."""

    def __init__(self, said, status=400):
        super().__init__(said)
        self.status = status


def refuse(**fields):
    raise Refused({name.rstrip("_"): [words] for name, words in fields.items()})


def typed(name, field, value, store):
    """A value as the serializer takes it."""
    kind = field["type"]
    if value is None:
        if not field.get("null"):
            refuse(**{name: "This field may not be null."})
        return None
    if kind == "string":
        if isinstance(value, (bool, dict, list)):
            refuse(**{name: "Not a valid string."})
        if str(value).strip() == "" and not field["blank"]:
            refuse(**{name: "This field may not be blank."})
        return str(value)
    if kind == "boolean" and value not in (True, False, "true", "false", "True", "False", 0, 1):
        refuse(**{name: "Must be a valid boolean."})
    if kind == "boolean":
        return value in (True, "true", "True", 1)
    if kind == "integer":
        if isinstance(value, bool) or not re.match(r"-?[0-9]+$", str(value)):
            refuse(**{name: "A valid integer is required."})
        return int(value)
    if kind == "choice" and value not in field["choices"]:
        refuse(**{name: '"%s" is not a valid choice.' % value})
    if kind == "id":
        if isinstance(value, bool) or not re.match(r"[0-9]+$", str(value)):
            refuse(**{name: "Incorrect type. Expected pk value, received %s." % type(value).__name__})
        if int(value) not in store[field["of"]]:
            refuse(**{name: 'Invalid pk "%s" - object does not exist.' % value})
        return int(value)
    if kind == "json" and not isinstance(value, dict):
        refuse(**{name: "Value must be valid JSON: an object"})
    return value


def variables(name, value):
    """A text of variables: JSON or YAML, and a mapping."""
    try:
        found = yaml.safe_load(value or "{}")
    except yaml.YAMLError as problem:
        refuse(**{name: "Cannot parse as JSON or YAML: %s" % problem})
    if not isinstance(found or {}, dict):
        refuse(**{name: "Input type `%s` is not a dictionary" % type(found).__name__})
    return found or {}


def check_inputs(inputs):
    if set(inputs) - {"fields", "required"}:
        refuse(inputs="Additional properties are not allowed (%s)" % ", ".join(sorted(set(inputs) - {"fields", "required"})))
    if any(not isinstance(name, str) for name in inputs.get("required", [])):
        refuse(inputs="str provided in relative path ['required'], expected string")
    seen = set()
    for field in inputs.get("fields", []):
        extra = set(field) - {"type", "format", "choices", "id", "label", "help_text", "multiline", "secret", "ask_at_runtime", "default"}
        if extra or not {"id", "label"} <= set(field) or not NAME.match(str(field.get("id"))):
            refuse(inputs="a field has %s, or no id and label" % (sorted(extra) or "a bad id"))
        if field.get("ask_at_runtime"):
            refuse(inputs="'ask_at_runtime' is not supported for custom credentials.")
        if field["id"] == "tower":
            refuse(inputs='"tower" is a reserved field name')
        if field["id"] in seen:
            refuse(inputs="field IDs must be unique (%s)" % field["id"])
        seen.add(field["id"])
        field.setdefault("type", "string")
        if field["type"] not in ("string", "boolean"):
            refuse(inputs="'%s' is not one of ['string', 'boolean']" % field["type"])
        for key in ("choices", "multiline", "format", "secret"):
            if key in field and field["type"] != "string":
                refuse(inputs="%s not allowed for %s type (%s)" % (key, field["type"], field["id"]))
        if "default" in field and type(field["default"]) is not {"string": str, "boolean": bool}[field["type"]]:
            refuse(inputs="%s is not a %s" % (field["default"], field["type"]))
        if field.get("format", "url") not in ("ssh_private_key", "url"):
            refuse(inputs="'%s' is not one of ['ssh_private_key', 'url']" % field["format"])
        choices = field.get("choices", ["x"])
        if not isinstance(choices, list) or not choices or any(not isinstance(c, str) for c in choices) or len(set(choices)) != len(choices):
            refuse(inputs="%s is not a list of different texts" % json.dumps(choices))
        for key, wanted in (("label", str), ("help_text", str), ("multiline", bool), ("secret", bool), ("ask_at_runtime", bool)):
            if key in field and not isinstance(field[key], wanted):
                refuse(inputs="%s is not of type '%s'" % (json.dumps(field[key]), wanted.__name__))


class Namespace:
    """What `tower` and `tower.filename` are in a template."""

    def __init__(self, words=None):
        self.words = words

    def __str__(self):
        if self.words:
            raise jinja2.UndefinedError(self.words)
        return super().__str__()


def check_injectors(inputs, injectors):
    if set(injectors) - {"file", "env", "extra_vars"}:
        refuse(injectors="Additional properties are not allowed (%s)" % ", ".join(sorted(set(injectors) - {"file", "env", "extra_vars"})))
    for name in injectors.get("file", {}):
        if not TEMPLATE.match(name):
            refuse(injectors="'%s' does not match any of the regexes: '%s'" % (name, TEMPLATE.pattern))
    known = {field["id"]: "EXAMPLE" for field in inputs.get("fields", [])}
    known["tower"] = Namespace("Cannot directly reference reserved `tower` namespace container.")
    known["tower"].filename = Namespace("Must define unnamed file injector in order to reference `tower.filename`.")
    files = list(injectors.get("file", {}))
    if "template" in files:
        if len(files) > 1:
            refuse(injectors="Must use multi-file syntax when injecting multiple files")
        known["tower"].filename = "EXAMPLE_FILENAME"
    else:
        for name in files:
            setattr(known["tower"].filename, name.split(".")[1], "EXAMPLE_FILENAME")
    for kind, templates in injectors.items():
        for key, template in templates.items():
            if not isinstance(template, str) or (kind == "extra_vars" and not NAME.match(key)):
                refuse(injectors="%s of %s: not a name and a text" % (key, kind))
            if kind == "env" and (not NAME.match(key) or not template.isascii()):
                refuse(injectors="'%s' does not match any of the regexes" % key)
            if kind == "env" and key.startswith("ANSIBLE_"):
                refuse(injectors="Environment variable %s may affect Ansible configuration so its use is not allowed in credentials." % key)
            if kind == "env" and key in NOT_IN_ENV:
                refuse(injectors="Environment variable %s is not allowed to be used in credentials." % key)
            try:
                jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined).from_string(template).render(known)
            except jinja2.UndefinedError as problem:
                refuse(injectors="%s uses an undefined field (%s)" % (key, problem))
            except jinja2.TemplateError as problem:
                refuse(injectors="Syntax error rendering template for %s inside of %s (%s)" % (key, kind, problem))


class Described(jinja2.StrictUndefined):
    __repr__ = __str__ = jinja2.StrictUndefined._fail_with_undefined_error


# What a message may name of a job: a part of what AWX lets through.
JOB = {"id": 42, "name": "a template", "status": "successful", "launch_type": "manual", "elapsed": 0.403018, "job_type": "run", "playbook": "x.yml",
       "failed": False, "started": "2019-07-29T17:38:14.137461-04:00", "finished": "2019-07-29T17:38:14.541279-04:00",
       "summary_fields": {"created_by": {"id": 1, "username": "admin", "first_name": "", "last_name": ""},
                          "inventory": {"id": 1, "name": "i"}, "job_template": {"id": 7, "name": "a template"}}}
MESSAGE = {"job": JOB, "job_friendly_name": "Job", "url": "https://towerhost/#/jobs/playbook/1010", "job_metadata": "{'url': 'x'}"}


def message(template, context):
    return jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=context.pop("undefined", jinja2.Undefined)).from_string(template).render(context)


def check_notification(body):
    config, problems = body["notification_configuration"], []
    if body["notification_type"] != "webhook":
        raise NotImplementedError("only web hooks are told apart here")
    missing = [name for name, (_type, default) in WEBHOOK.items() if name not in config and default is None]
    if missing:
        problems.append("Missing required fields for Notification Configuration: %s." % missing)
    for name, (wanted, default) in WEBHOOK.items():
        if name not in missing and not isinstance(config.setdefault(name, default), wanted):
            problems.append("Configuration field '%s' incorrect type, expected %s." % (name, wanted.__name__))
    if str(config.get("http_method")).lower() not in ("put", "post"):
        problems.append("HTTP method must be either 'POST' or 'PUT'.")
    for event, told in (body["messages"] or {}).items():
        if event not in EVENTS:
            problems.append("Event '%s' invalid, must be one of 'started', 'success', 'error', or 'workflow_approval'" % event)
            continue
        for part, template in (told or {}).items():
            if part not in ("message", "body"):
                problems.append("Message type '%s' invalid, must be either 'message' or 'body'" % part)
            elif part == "message" and "\n" in template:
                problems.append("Messages cannot contain newlines (found newline in %s event)" % event)
            else:
                try:
                    message(template, dict(MESSAGE, undefined=Described))
                except jinja2.UndefinedError as problem:
                    problems.append("Field '%s' unavailable" % problem)
                except jinja2.TemplateError as problem:
                    problems.append("Unable to render message '%s': %s" % (template, problem))
    if problems:
        raise Refused({"__all__": problems})


def check_rrule(rule):
    rules = re.findall(r".*?(RULE:[^\s]*)", rule)
    starts = re.findall(r".*?(DTSTART(;[^:]+)?:[0-9]+T[0-9]+Z?)", rule)
    words = []
    if not starts:
        words.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
    if re.findall(r".*?(DTSTART:[0-9]+T[0-9]+) ", rule):
        words.append("DTSTART cannot be a naive datetime.  Specify ;TZINFO= or YYYYMMDDTHHMMSSZZ.")
    if len(starts) > 1:
        words.append("Multiple DTSTART is not supported.")
    if "rrule:" not in rule.lower():
        words.append("One or more rule required in rrule.")
    for name in ("EXDATE", "RDATE"):
        if name.lower() + ":" in rule.lower():
            refuse(rrule=name + " not allowed in rrule.")
    for one in rules:
        if "interval" not in one.lower():
            words.append("INTERVAL required in rrule: " + one)
        elif "secondly" in one.lower():
            words.append("SECONDLY is not supported: " + one)
        if re.match(r".*?BYDAY[:=][0-9]+[a-zA-Z]{2}", one):
            words.append("BYDAY with numeric prefix not supported: " + one)
        if int((re.findall(r"COUNT=([0-9]+)", one) or ["0"])[0]) > 999:
            words.append("COUNT > 999 is unsupported: " + one)
        if "COUNT" in one and "UNTIL" in one:
            words.append("RRULE may not contain both COUNT and UNTIL: " + one)
    if words:
        raise Refused({"rrule": words})


def check_survey(spec):
    """As AWX looks at a survey when it is written."""
    for key, wanted, label in (("name", str, "string"), ("description", str, "string"), ("spec", list, "list of items")):
        if key not in spec:
            refuse(error="Field '%s' is missing from survey spec." % key)
        if not isinstance(spec[key], wanted):
            refuse(error="Expected %s for field '%s', received %s type." % (label, key, type(spec[key]).__name__))
    if not spec["spec"]:
        refuse(error="'spec' doesn't contain any items.")
    seen = set()
    for index, item in enumerate(spec["spec"]):
        if not isinstance(item, dict):
            refuse(error="Survey question %s is not a json object." % index)
        for key in ("type", "question_name", "variable", "required"):
            if key not in item:
                refuse(error="'%s' missing from survey question %s" % (key, index))
            if not isinstance(item[key], bool if key == "required" else str):
                refuse(error="'%s' in survey question %s expected to be %s." % (key, index, "boolean" if key == "required" else "string"))
        if item["variable"] in seen:
            refuse(error="'variable' '%s' duplicated in survey question %s." % (item["variable"], index))
        seen.add(item["variable"])
        if item["type"] not in SURVEY:
            # Of this one AWX forgets the status.
            raise Refused({"error": "'%s' in survey question %s is not one of '%s' allowed question types." % (item["type"], index, ", ".join(SURVEY))}, 200)
        default = item.get("default", "")
        if default != "" and not isinstance(default, SURVEY[item["type"]]):
            refuse(error="Default value %s in survey question %s expected to be %s." % (
                default, index, item["type"] if item["type"] in ("integer", "float") else "string"))
        for key in ("min", "max"):
            if item.get(key) is not None and not isinstance(item[key], int):
                refuse(error="The %s limit in survey question %s expected to be integer." % (key, index))
        if item["type"] in ("multiplechoice", "multiselect"):
            if "choices" not in item:
                refuse(error="Survey question %s of type %s must specify choices." % (index, item["type"]))
            defaults = [one for one in default.splitlines() if one.strip()]
            if item["type"] == "multiplechoice" and len(defaults) > 1:
                refuse(error="Multiple Choice (Single Select) can only have one default value.")
            if any(one not in item["choices"] for one in defaults):
                refuse(error="Default choice must be answered from the choices listed.")
        if isinstance(default, str) and default.startswith("$encrypted$"):
            refuse(error="$encrypted$ is a reserved keyword, may not be used for new default in position %s." % index)


def listed(choices):
    return [one for one in choices.splitlines() if one.strip()] if isinstance(choices, str) else choices


def answer_problems(item, data):
    """What AWX has against the answer to a question, as it looks at it at a launch."""
    name, kind = item["variable"], item["type"]
    if name not in data:
        return ["'%s' value missing" % name] if item["required"] else []
    value, low, high = data[name], item.get("min"), item.get("max")
    if kind in ("text", "textarea", "password"):
        if not isinstance(value, str):
            return ["Value %s for '%s' expected to be a string." % (value, name)]
        small = low not in ("", None) and len(value) < low
        large = high not in ("", None) and len(value) > high
        return (["'%s' value %s is too small (length is %s must be at least %s)." % (name, value, len(value), low)] if small else []) + (
            ["'%s' value %s is too large (must be no more than %s)." % (name, value, high)] if large else [])
    if kind in ("integer", "float"):
        if type(value) not in ((int,) if kind == "integer" else (int, float)):
            return ["Value %s for '%s' expected to be %s." % (value, name, "an integer" if kind == "integer" else "a numeric type")]
        small, large = low not in ("", None) and value < low, high not in ("", None) and value > high
        return (["'%s' value %s is too small (must be at least %s)." % (name, value, low)] if small else []) + (
            ["'%s' value %s is too large (must be no more than %s)." % (name, value, high)] if large else [])
    if kind == "multiselect" and not isinstance(value, list):
        return ["'%s' value is expected to be a list." % name]
    choices = listed(item["choices"])
    return ["Value %s for '%s' expected to be one of %s." % (one, name, choices) for one in (value if kind == "multiselect" else [value])
            if one not in choices]


def form(survey, answers):
    """What AWX's own page sends of what a person has typed: questions are filled in with their defaults, and what is empty is not sent."""
    filled = {item["variable"]: item.get("default", "") for item in survey.get("spec", [])}
    return {name: value for name, value in dict(filled, **answers).items() if value not in ("", [], None)}


def launch_variables(template, survey, asked):
    """(extra variables of the job, names that were not taken, what is wrong): answers over defaults over the template's own."""
    own, wrong, accepted = variables("extra_vars", template["extra_vars"]), [], set()
    found, spec = dict(own), survey.get("spec", []) if template["survey_enabled"] else []
    for item in spec:
        name, default = item["variable"], item.get("default")
        if default is not None and not (default == "" and not item["required"]) and not answer_problems(item, {name: default}):
            found[name] = default
        problems = answer_problems(item, asked)
        wrong += problems
        accepted |= set() if problems else {name}
    ignored = [] if template["ask_variables_on_launch"] else sorted(n for n in set(asked) - accepted if n not in own or own[n] != asked[n])
    found.update({name: value for name, value in asked.items() if name not in ignored})
    return found, ignored, wrong
