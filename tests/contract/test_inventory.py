#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin through ansible-inventory, against simulated clusters. Speaks TAP.

    test_inventory.py BUILD     with bin/pxcsim and the staged collection
"""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sim

BUILD = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "data", "annotation")
UUID = "1f0c9a2e-0000-4000-8000-00000000%04d"
INJECTED = "{{ 7*7 }} {% raw %}"
INJECTED_TAG = "{{7*7}}"


def sealed(pairs, human=""):
    """A block as the cloud writes it; the formula is in tests/data/annotation/README.md."""
    text = "pxc/1\n%s\n" % dict(pairs)["id"] + "".join("%s=%s\n" % p for p in sorted(pairs))
    seal = hashlib.sha256(text.encode()).hexdigest()[:16]
    return human + "<!-- pxc/1\n%s\n-->" % "\n".join("%s=%s" % p for p in pairs + [("s", seal)])


def token(pool, **more):
    pairs = [("t", "project"), ("id", "pool." + pool)] + sorted(more.items())
    text = "pxc/1\npool.%s\n" % pool + "".join("%s=%s\n" % p for p in sorted(pairs))
    return "[pxc/1 %s]" % " ".join("%s=%s" % p for p in pairs + [("s", hashlib.sha256(text.encode()).hexdigest()[:16])])


def guest(vmid, name, node="pve1", pool="acme", stack="shop", tags="", status="running", human="", project="acme", **more):
    block = [("t", "vm"), ("id", "vm.%d.1f0c9a2e" % vmid), ("c", "5be1a9d0"), ("project", project), ("name", name or "x"), ("stack", stack),
             ("flavor", "m1.small"), ("image", "rbd/ceph/debian*3A3"), ("net0", "blue,10.0.0.%d" % (vmid % 250)), ("m.role", "front"), ("r", "1")]
    config = {"memory": "512", "tags": ";".join(["pxc", "stack-" + stack] + ([tags] if tags else [])),
              "description": sealed(block, human), "smbios1": "uuid=" + UUID % vmid, "net0": "virtio=BC:24:11:00:%02X:%02X,bridge=vmbr0" % divmod(vmid, 256)}
    config.update(more)
    if name:
        config["name"] = name
    return {"vmid": vmid, "node": node, "status": status, "pool": pool, "config": config}


def world():
    beta = guest(105, "db", "pve2", pool="p-beta", stack="store", project="beta")
    damaged = guest(104, "hurt", "pve2")
    damaged["config"]["description"] = damaged["config"]["description"].replace("m1.small", "m9.huge")
    guests = [guest(101, "web", tags="web", agent="1"), guest(102, "web", "pve2", tags="web", agent="1"), guest(103, "", status="stopped"), damaged, beta,
              guest(106, "far", "pve3"), guest(107, "odd", human=INJECTED + "\n\n", tags="a-b"),
              {"vmid": 108, "node": "pve1", "status": "stopped", "config": {"name": "stranger", "memory": "512"}},
              {"vmid": 109, "node": "pve1", "status": "stopped", "config": {"name": "golden", "memory": "512", "template": 1}}]
    return {"pools": {"acme": token("acme"), "p-beta": token("p-beta", n="beta")}, "guests": guests,
            "containers": [{"vmid": 200, "node": "pve1", "status": "running",
                            "config": {"hostname": "box", "memory": 1024, "cores": 2, "rootfs": "data:8",
                                       "net0": "name=eth0,bridge=vmbr0,ip=10.9.0.5/24"}}]}


class Cluster(sim.Sim):
    def __init__(self, name, content, *options):
        super().__init__(BUILD, "--nodes", "3", "--cluster", name, "--speed", "1", *options, world=content)

    def root(self):
        """The connection of root with a ticket."""
        return {"api_urls": [self.info["url"]], "api_user": "root@pam", "api_password": self.info["password"], "ca_path": self.info["ca_path"]}

    def wait(self, seconds):
        """Guests have booted, pvestatd has looked, the HA manager has acted: the cluster's time goes on, ours does not."""
        for _ in range(seconds):
            self.ask("POST", "/sim/advance?ms=1000")

    def requests(self):
        return json.loads(self.ask("GET", "/sim/now"))["requests"]


class Lab:
    def __init__(self, folder):
        self.folder = folder
        self.cluster = Cluster("lab", world())
        self.cluster.wait(15)
        self.number = 0

    def inventory(self, options, what="--list", env=None, connect=True, name=None):
        """(result, output of errors, seconds, requests)"""
        self.number += 1
        path = os.path.join(self.folder, name or "i%d.pxc.yml" % self.number)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(dict({"plugin": "pxcloud.pve.pxc"}, **dict(self.cluster.connection() if connect else {}, **options)), f)
        environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=BUILD, ANSIBLE_NOCOLOR="1", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1",
                           ANSIBLE_LOCAL_TEMP=os.path.join(self.folder, "tmp"))
        environment.update(env or {})
        before, start = self.cluster.requests(), time.monotonic()
        done = subprocess.run(["ansible-inventory", "-i", path, *what.split()], env=environment, capture_output=True, check=False)
        seconds = time.monotonic() - start
        return (done.stdout.decode(), " ".join(done.stderr.decode().split()), seconds, self.cluster.requests() - before)

    def listed(self, options, **more):
        out, errors, seconds, requests = self.inventory(options, **more)
        if not out.startswith("{"):
            raise AssertionError("no inventory: " + errors)
        return plain(json.loads(out)), errors, seconds, requests


def hosts(data, group):
    return sorted(data.get(group, {}).get("hosts", []))


def plain(value):
    """Of texts that ansible-inventory shows as marked, the texts."""
    if isinstance(value, dict):
        return value["__ansible_unsafe"] if list(value) == ["__ansible_unsafe"] else {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def same(got, want, what):
    if got != want:
        raise AssertionError("%s: got %r, wanted %r" % (what, got, want))


def has(text, part):
    if part not in text:
        raise AssertionError("%r is not in %r" % (part, text))


def one_request_tells_the_groups(lab):
    data, errors, _, requests = lab.listed({"name": "lab"})
    same(requests, 1, "requests")
    same(errors, "", "errors")
    names = ["box", "db", "far", "hurt", "odd", "stranger", "vm-103", "web-101", "web-102"]
    same(hosts(data, "cluster_lab"), names, "hosts")
    same(hosts(data, "project_acme"), ["far", "hurt", "odd", "vm-103", "web-101", "web-102"], "project")
    same(hosts(data, "project_p_beta"), ["db"], "project by its pool")
    same(hosts(data, "stack_store"), ["db"], "stack")
    same(hosts(data, "tag_web"), ["web-101", "web-102"], "tag")
    same(hosts(data, "tag_a_b"), ["odd"], "tag that is no name of a group")
    same(hosts(data, "state_stopped"), ["stranger", "vm-103"], "state")
    same(hosts(data, "node_pve3"), ["far"], "node")
    same(hosts(data, "pool_acme"), hosts(data, "project_acme"), "pool")
    variables = data["_meta"]["hostvars"]["web-101"]
    same([variables[k] for k in ("pxc_vmid", "pxc_stack", "pxc_tags", "pxc_managed")], [101, "shop", ["pxc", "stack-shop", "web"], True], "variables")
    same("ansible_host" in variables, False, "ansible_host unasked")


def details_are_read_when_they_are_named(lab):
    data, _errors, _, requests = lab.listed({"group_by": ["flavor", "image", "project"], "address": ["block"], "group_prefix": "pxc_"})
    # Both lists, and one for each guest: nine, of which one is a container.
    same(requests, 2 + 9, "requests")
    same(hosts(data, "pxc_flavor_m1_small"), ["db", "far", "odd", "vm-103", "web-101", "web-102"], "flavor")
    same(hosts(data, "pxc_image_rbd_ceph_debian_3"), ["db", "far", "odd", "vm-103", "web-101", "web-102"], "image")
    same(hosts(data, "pxc_project_beta"), ["db"], "project that is called otherwise than its pool")
    variables = data["_meta"]["hostvars"]
    same(variables["web-102"]["ansible_host"], "10.0.0.102", "address of the block")
    same(variables["box"]["ansible_host"], "10.9.0.5", "address of a container")
    same(variables["web-101"]["pxc_metadata"], {"role": "front"}, "metadata")


def a_damaged_annotation_is_one_hosts_problem(lab):
    data, errors, _, _ = lab.listed({"details": ["config"]})
    variables = data["_meta"]["hostvars"]
    same([h for h in sorted(variables) if "pxc_problem" in variables[h]], ["hurt"], "problems")
    same("pxc_flavor" in variables["hurt"], False, "flavor of a damaged block")
    has(errors, "104 (")


def no_warning_steers_the_terminal(lab):
    """Whoever may write notes has them quoted in a warning."""
    cluster = Cluster("escapes", {"guests": [guest(101, "web", project="\x1b]0;mine\x07")]})
    try:
        cluster.wait(10)
        _, errors, _, _ = lab.listed(dict(cluster.connection(), details=["config"]), connect=False)
    finally:
        cluster.close()
    has(errors, "project=?]0;mine?")


def filters_come_before_details(lab):
    data, _, _, requests = lab.listed({"filters": [{"tags": "web"}, "pxc_node == 'pve1'"], "details": ["config"]})
    same(sorted(data["_meta"]["hostvars"]), ["web"], "hosts")
    same(requests, 3, "requests")
    data, _, _, requests = lab.listed({"filters": [{"flavor": "m1.small", "state": ["stopped", "paused"]}]})
    same(sorted(data["_meta"]["hostvars"]), ["vm-103"], "hosts")
    data, _, _, requests = lab.listed({"projects": ["beta"]})
    same(sorted(data["_meta"]["hostvars"]), ["db"], "hosts of a project")
    same(requests, 2, "requests")
    data, _, _, _ = lab.listed({"templates": True, "filters": ["pxc_template"]})
    same(sorted(data["_meta"]["hostvars"]), ["golden"], "templates")


def constructed_options_work(lab):
    options = {"keyed_groups": [{"key": "pxc_node", "prefix": "at"}, {"key": "pxc_tags", "prefix": "t"}, {"key": "pxc_node | upper", "prefix": "big"},
                                {"key": "pxc_stack", "prefix": "s", "parent_group": "stacks", "default_value": "none"}],
               "compose": {"port": "7000 + pxc_vmid"}, "groups": {"fronts": "'web' in pxc_tags"}, "hostnames": ["pxc_stack ~ '-' ~ pxc_name", "pxc_name"]}
    data, _errors, _, requests = lab.listed(options)
    same(requests, 1, "requests")
    same(hosts(data, "at_pve3"), ["shop-far"], "key that is a name")
    same(hosts(data, "big_PVE3"), ["shop-far"], "key that is an expression")
    same(hosts(data, "t_web"), ["shop-web-101", "shop-web-102"], "key that is a list")
    same(hosts(data, "fronts"), ["shop-web-101", "shop-web-102"], "groups")
    same(sorted(data["stacks"]["children"]), ["s_none", "s_shop", "s_store"], "parent group")
    same(int(data["_meta"]["hostvars"]["shop-far"]["port"]), 7106, "compose")


def strict_refuses_what_is_not_there(lab):
    options = {"keyed_groups": [{"key": "pxc_nothing", "prefix": "x"}]}
    _, errors, _, _ = lab.inventory(dict(options, strict=True))
    has(errors, "pxc_nothing")
    same(len(lab.listed(options)[0]["_meta"]["hostvars"]), 9, "hosts without strict")
    _, errors, _, _ = lab.inventory({"filters": [{"sate": "running"}], "strict": True})
    has(errors, "there is no variable pxc_sate")


def nothing_from_the_cluster_is_a_template(lab):
    """Notes are anybody's words. Of names, tags and pools PVE lets no brace through; should a server do so all the same, neither do these become more."""
    evil = guest(101, INJECTED, pool="", tags=INJECTED_TAG, human=INJECTED + "\n\n")
    evil["config"]["ostype"] = INJECTED
    cluster = Cluster("evil", {"guests": [evil]})
    options = dict(cluster.connection(), details=["config"],
                   compose={"copied": "pxc_description", "longer": "'x ' ~ pxc_description", "tag": "pxc_tags | last"},
                   hostnames=["'odd'"], groups={"found": "'7*7' in pxc_name"},
                   keyed_groups=[{"key": "pxc_description", "prefix": "d"}, {"key": "pxc_name", "prefix": "n"}, {"key": "pxc_tags", "prefix": "t"}])
    play = os.path.join(lab.folder, "inject.yml")
    said = os.path.join(lab.folder, "said")
    with open(play, "w", encoding="utf-8") as f:
        json.dump([{"hosts": "found", "gather_facts": False, "connection": "local", "tasks": [
            {"ansible.builtin.copy": {"dest": said, "mode": "0600",
                                      "content": "{{ [pxc_description, copied, longer, hostvars.odd.pxc_description, pxc_name, tag] | to_json }}"},
             "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}},
            # What is written into a text of the playbook's own, and looked at once more.
            {"ansible.builtin.set_fact": {"again": "{{ pxc_name }} and {{ pxc_tags | last }}"}},
            {"ansible.builtin.assert": {"that": ["'49' not in again", "'7*7' in again"]}}]}], f)
    try:
        cluster.wait(12)
        data, _, _, _ = lab.listed(options, connect=False, name="inject.pxc.yml")
        done = subprocess.run(["ansible-playbook", "-i", os.path.join(lab.folder, "inject.pxc.yml"), play], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=BUILD, ANSIBLE_LOCAL_TEMP=os.path.join(lab.folder, "tmp")))
    finally:
        cluster.close()
    same(done.returncode, 0, done.stdout.decode())
    with open(said, encoding="utf-8") as f:
        got = json.load(f)
    same(got, [INJECTED, INJECTED, "x " + INJECTED, INJECTED, INJECTED, INJECTED_TAG], "what was said")
    same([g for g in data if "49" in g or re.search(r"[{}%]", g)], [], "groups")


def nodes_are_hosts(lab):
    data, _, _, requests = lab.listed({"nodes": True})
    same(requests, 2, "requests")
    same(hosts(data, "pve_nodes"), ["pve1", "pve2", "pve3"], "nodes")
    same(bool(data["_meta"]["hostvars"]["pve2"]["ansible_host"]), True, "address of a node")


def no_guest_takes_a_name_that_leads_elsewhere(lab):
    """Whoever names a VM like the machine that Ansible runs on, or like a node, would get what is meant for it."""
    names = ["localhost", "127.0.0.1", "LOCALHOST", "pve1", "pve1-lab", "all", "web", "db"]
    cluster = Cluster("names", {"guests": [guest(101 + i, name) for i, name in enumerate(names)]})
    play = os.path.join(lab.folder, "here.yml")
    with open(play, "w", encoding="utf-8") as f:
        json.dump([{"hosts": "web", "gather_facts": False, "tasks": [{"ansible.builtin.command": "true", "delegate_to": "localhost"}]}], f)
    env = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=BUILD, ANSIBLE_LOCAL_TEMP=os.path.join(lab.folder, "tmp"))
    other = os.path.join(lab.folder, "other.pxc.yml")
    try:
        cluster.wait(10)
        options = dict(cluster.connection(), name="lab", nodes=True, address=["block"])
        data, _, _, _ = lab.listed(options, connect=False, name="names.pxc.yml")
        done = subprocess.run(["ansible-playbook", "-i", os.path.join(lab.folder, "names.pxc.yml"), play], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, env=env)
        with open(other, "w", encoding="utf-8") as f:
            json.dump(dict({"plugin": "pxcloud.pve.pxc", "name": "second"}, **lab.cluster.connection()), f)
        both, _, _, _ = lab.listed(options, connect=False, what="--list -i " + other)
    finally:
        cluster.close()
    variables = data["_meta"]["hostvars"]
    same(sorted(n for n in variables if "pxc_vmid" in variables[n]),
         ["127.0.0.1-102", "LOCALHOST-103", "all-106", "db", "localhost-101", "pve1-104", "pve1-lab", "web"], "guests")
    same(hosts(data, "pve_nodes"), ["pve1", "pve2", "pve3"], "nodes")
    same((variables["pve1"].get("pxc_vmid"), variables["pve1"]["ansible_host"] == variables["pve1-104"]["ansible_host"]), (None, False), "the node itself")
    same(done.returncode, 0, done.stdout.decode())
    same([h for c in ("lab", "second") for h in hosts(both, "cluster_" + c) if h.startswith("db")], ["db", "db-105"], "guests of two files")


def agents_are_asked_for_who_has_no_address(lab):
    data, _errors, _, requests = lab.listed({"address": ["block", "agent"], "filters": [{"name": "web"}]})
    same(requests, 2 + 2, "requests, when the block has one")
    data, _errors, _, requests = lab.listed({"address": ["agent", "name"], "domain": "lab.example", "details": ["config", "agent"]})
    variables = data["_meta"]["hostvars"]
    same(variables["web-101"]["pxc_agent_addresses"][:1], [variables["web-101"]["ansible_host"]], "address by the agent")
    same(variables["db"]["ansible_host"], "db.lab.example", "name and domain")


def no_agent_leads_back_to_us(lab):
    """Root in a guest chooses what its agent says: the machine that Ansible runs on has more spellings than 127.0.0.1."""
    said = ["0.0.0.0", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1", "10.7.7.7"]
    cluster = Cluster("liars", {"guests": [guest(101 + i, "liar%d" % i, agent="1", ipconfig0="%s=%s/8" % ("ip6" if ":" in ip else "ip", ip))
                                                       for i, ip in enumerate(said)]})
    try:
        cluster.wait(15)
        data, _, _, _ = lab.listed(dict(cluster.connection(), address=["agent"], address_family=["ipv6", "ipv4"]), connect=False)
    finally:
        cluster.close()
    got = {h: v.get("ansible_host") for h, v in data["_meta"]["hostvars"].items()}
    same([a for a in got.values() if a in said], ["10.7.7.7"], "addresses of %r" % got)


def containers_tell_their_addresses(lab):
    data, errors, _, requests = lab.listed({"address": ["agent"], "filters": [{"type": "lxc"}]})
    same(requests, 2, "requests")
    variables = data["_meta"]["hostvars"]["box"]
    same((variables["pxc_agent_addresses"], variables["ansible_host"], errors), (["10.9.0.5"], "10.9.0.5", ""), "address by PVE")


def strangers_are_not_asked_for_a_block(lab):
    """Nine hosts pass, of which one has neither the cloud's tag nor a pool, and one is a container."""
    data, _, _, requests = lab.listed({"group_by": ["flavor"]})
    same(requests, 2 + 7, "requests for flavors")
    same(hosts(data, "flavor_m1_small"), ["db", "far", "odd", "vm-103", "web-101", "web-102"], "flavor")
    _, _, _, requests = lab.listed({"group_by": ["flavor"], "keyed_groups": [{"key": "pxc_description", "prefix": "d"}]})
    same(requests, 2 + 9, "requests when notes are wanted, too")
    groups = ["project", "stack", "node", "tag", "state", "pool", "cluster", "ha", "type"]
    _, _, _, requests = lab.listed({"group_by": groups, "filters": [{"state": "running", "tags": ["web", "a-b"]}], "address": ["name"]})
    same(requests, 1, "requests when lists tell all")


def root_with_a_ticket_reads_a_node_at_once(lab):
    by_token, _, _, requests = lab.listed({"details": ["config"]})
    same(requests, 2 + 9, "requests by token")
    # Login, two lists, a request for each of two nodes, one for what is alone on the third, and one for the container.
    by_ticket, errors, _, requests = lab.listed(dict(lab.cluster.root(), details=["config"]), connect=False)
    same(requests, 1 + 2 + 2 + 1 + 1, "requests of root with a ticket")
    same(by_ticket, by_token, "what is read")
    has(errors, "104 (")
    # A person who administers all, but is not root.
    lab.cluster.api("POST", "/access/users", userid="adm@pve", password="Secret123")
    lab.cluster.api("PUT", "/access/acl", path="/", roles="Administrator", users="adm@pve")
    _, _, _, requests = lab.listed(dict(lab.cluster.root(), api_user="adm@pve", api_password="Secret123", details=["config"]), connect=False)
    same(requests, 1 + 2 + 9, "requests of somebody else with a ticket")


def the_state_of_the_ha_manager_is_a_group(lab):
    cluster = Cluster("ha", {"guests": [{"vmid": 101, "node": "pve1", "status": "running", "config": {"name": "kept", "memory": "512"}},
                                                    {"vmid": 102, "node": "pve1", "status": "running", "config": {"name": "free", "memory": "512"}}]})
    try:
        cluster.api("POST", "/cluster/ha/resources", sid="vm:101", state="started")
        cluster.wait(40)
        data, _, _, _requests = lab.listed(cluster.connection(), connect=False)
    finally:
        cluster.close()
    same(hosts(data, "ha_started"), ["kept"], "group")
    same([data["_meta"]["hostvars"][h]["pxc_ha_state"] for h in ("kept", "free")], ["started", ""], "variables")


def lists_of_addresses_tell_who_has_which(lab):
    cluster = Cluster("ipam", {"guests": [{"vmid": 102, "node": "pve2", "config": {"name": "b", "memory": "512"}}]})
    try:
        cluster.api("POST", "/cluster/sdn/zones", zone="tenants", type="simple", ipam="pve", dhcp="dnsmasq")
        cluster.api("POST", "/cluster/sdn/vnets", vnet="blue", zone="tenants")
        cluster.api("POST", "/cluster/sdn/vnets/blue/subnets", subnet="10.20.0.0/24", type="subnet", gateway="10.20.0.1",
                    **{"dhcp-range": "start-address=10.20.0.50,end-address=10.20.0.99"})
        cluster.api("PUT", "/cluster/sdn")
        cluster.wait(10)
        cluster.api("POST", "/nodes/pve1/qemu", vmid=101, name="a", net0="virtio,bridge=blue", net1="virtio,bridge=blue")
        # Of nobody that is known here.
        cluster.api("POST", "/cluster/sdn/vnets/blue/ips", zone="tenants", ip="10.20.0.200", mac="BC:24:11:00:00:01")
        cluster.wait(12)
        data, errors, _, _requests = lab.listed(dict(cluster.connection(), address=["ipam", "name"]), connect=False)
    finally:
        cluster.close()
    variables = data["_meta"]["hostvars"]
    same(errors, "", "errors")
    same(sorted(variables["a"]["pxc_ipam_addresses"]), ["10.20.0.50", "10.20.0.51"], "addresses")
    same([variables["a"]["ansible_host"] in ("10.20.0.50", "10.20.0.51"), variables["b"]["ansible_host"]], [True, "b"], "ansible_host")
    same("pxc_ipam_addresses" in variables["b"], False, "address of who has none")


def the_documentation_has_every_option(lab):
    env = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=BUILD, ANSIBLE_LOCAL_TEMP=os.path.join(lab.folder, "tmp"))
    shown = json.loads(subprocess.run(["ansible-doc", "-t", "inventory", "-j", "pxcloud.pve.pxc"], env=env, stdout=subprocess.PIPE, check=True).stdout)
    options = shown["pxcloud.pve.pxc"]["doc"]["options"]
    with open(os.path.join(BUILD, "ansible_collections/pxcloud/pve/plugins/plugin_utils/clusters.py"), encoding="utf-8") as f:
        connection = re.search(r"^CONNECTION = \((.*?)\)", f.read(), re.M | re.S)[1]
    for name in re.findall(r"'(\w+)'", connection):
        same(name in options or any(name in o.get("aliases", []) for o in options.values()), True, "option " + name)
    # One document: ansible-test of 2.14 asks for that.
    example = yaml.safe_load(shown["pxcloud.pve.pxc"]["examples"])
    same(set(example) - set(options), set(), "options of the example that there are not")
    same([e["name"] for e in options["api_urls"]["env"]], ["PXC_API_URLS", "PXC_API_URL"], "environment of api_urls")
    same("task_timeout" in options, False, "an option that only modules have")
    listed = subprocess.run(["ansible-doc", "-t", "inventory", "-l"], env=env, capture_output=True, check=True)
    has(listed.stdout.decode(), "pxcloud.pve.pxc")


def silent_agents_cost_seconds_in_all(lab):
    silent = [guest(300 + i, "s%d" % i, agent="1") for i in range(40)]
    cluster = Cluster("silent", {"guests": [dict(g, pool="") for g in silent] + [dict(guest(400, "loud", agent="1"), pool="")]})
    try:
        for g in silent:
            cluster.ask("POST", "/sim/guest?vmid=%d&deaf=1" % g["vmid"])
        _, _, without, _ = lab.listed(cluster.connection(), connect=False)
        data, errors, seconds, _ = lab.listed(dict(cluster.connection(), details=["agent"], agent_timeout=1, agent_time=4), connect=False)
    finally:
        cluster.close()
    same(len(data["_meta"]["hostvars"]), 41, "hosts")
    # All of them would be ten seconds, four at a time.
    same(seconds - without < 9, True, "forty silent agents: %.1f s, %.1f s without" % (seconds, without))
    has(errors, "agent of 4")
    same("pxc_problem" in data["_meta"]["hostvars"]["s0"], True, "problem of a silent one")


def several_clusters_and_one_that_is_down(lab):
    other = Cluster("other", {"guests": [{"vmid": 101, "node": "pve1", "config": {"name": "far", "memory": "512"}},
                                                     {"vmid": 106, "node": "pve1", "config": {"name": "far", "memory": "512"}},
                                                     {"vmid": 201, "node": "pve1", "config": {"name": "n", "memory": "512"}},
                                                     {"vmid": 202, "node": "pve1", "config": {"name": "n", "memory": "512"}},
                                                     {"vmid": 203, "node": "pve1", "config": {"name": "n-201", "memory": "512"}},
                                                     {"vmid": 204, "node": "pve1", "config": {"name": "n-201-south", "memory": "512"}}]})
    try:
        clusters = [dict(lab.cluster.connection(), name="north"), dict(other.connection(), name="south")]
        data, errors, _, _ = lab.listed({"clusters": clusters, "nodes": True}, connect=False)
        same(hosts(data, "cluster_south"), ["far-101", "far-106-south", "n-202", "south:201", "south:203", "south:204"], "hosts of the second")
        has(" ".join(hosts(data, "cluster_north")), "far-106-north")
        same(hosts(data, "pve_nodes"), ["pve%d-%s" % (n, c) for n in (1, 2, 3) for c in ("north", "south")], "nodes")
        down = {"name": "gone", "api_urls": ["https://127.0.0.1:1"], "api_token_id": "a@pve!b", "api_token_secret": "x", "api_timeout": 1}
        data, errors, _, _ = lab.listed({"clusters": [clusters[1], down]}, connect=False)
        has(errors, "cluster gone:")
        same(hosts(data, "cluster_south"), ["far-101", "far-106", "n-202", "south:201", "south:203", "south:204"], "hosts of the one that is up")
        _, errors, _, _ = lab.inventory({"clusters": [clusters[1], down], "strict": True}, connect=False)
        has(errors, "cluster gone:")
        _, errors, _, _ = lab.inventory({"clusters": [dict(clusters[1], api_urlss="x")]}, connect=False)
        has(errors, "Did you mean api_urls?")
    finally:
        other.close()


def the_environment_is_that_of_the_modules(lab):
    c = lab.cluster.connection()
    data, _, _, _requests = lab.listed({}, connect=False, env={"PXC_API_URLS": c["api_urls"][0], "PXC_API_TOKEN_ID": c["api_token_id"],
                                                              "PXC_API_TOKEN_SECRET": c["api_token_secret"], "PXC_CA_PATH": c["ca_path"]})
    same(hosts(data, "cluster_127.0.0.1") or hosts(data, "cluster_127_0_0_1") != [], True, "cluster by its URL")
    _, errors, _, _ = lab.inventory({}, connect=False)
    has(errors, "api_urls")
    has(errors, "PXC_API_URLS")


def the_cache_is_asked_first(lab):
    options = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": os.path.join(lab.folder, "cache"), "details": ["config"]}
    first, _, _, requests = lab.listed(options, name="c.pxc.yml")
    same(requests, 11, "requests of the first")
    second, _, _, requests = lab.listed(options, name="c.pxc.yml")
    same((second, requests), (first, 0), "the second")
    _third, _, _, requests = lab.listed(dict(options, filters=[{"node": "pve1"}]), name="c.pxc.yml")
    same(requests > 0, True, "another file is read anew")
    _, _, _, requests = lab.listed(dict(options, filters=[{"node": "pve1"}]), name="c.pxc.yml")
    same(requests, 0, "and kept")


def what_is_kept_is_of_one_cluster_and_one_user(lab):
    """The environment may say which and whom; who has fewer rights must not see what another one saw, nor one cluster's hosts instead of another's."""
    c = lab.cluster.connection()
    env = {"PXC_API_URLS": c["api_urls"][0], "PXC_API_TOKEN_ID": c["api_token_id"], "PXC_API_TOKEN_SECRET": c["api_token_secret"], "PXC_CA_PATH": c["ca_path"]}
    options = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": os.path.join(lab.folder, "cache-of"), "name": "lab"}
    _, _, _, requests = lab.listed(options, connect=False, env=env, name="e.pxc.yml")
    same(requests, 1, "requests of the first")
    _, _, _, requests = lab.listed(options, connect=False, env=env, name="e.pxc.yml")
    same(requests, 0, "the second")
    out, errors, _, _ = lab.inventory(options, connect=False, env=dict(env, PXC_API_TOKEN_ID="nobody@pve!x"), name="e.pxc.yml")
    has(errors, "cluster lab:")
    same("web-101" in out, False, "hosts for somebody else")
    urls = dict(options, api_urls="{{ lookup('env', 'LAB') }}")
    lab.listed(urls, connect=False, env=dict(env, LAB=c["api_urls"][0]), name="e.pxc.yml")
    _, errors, _, _ = lab.inventory(urls, connect=False, env=dict(env, LAB="https://127.0.0.1:1", PXC_API_TIMEOUT="1"), name="e.pxc.yml")
    has(errors, "cluster lab:")


def a_dead_node_is_its_guests_problem(lab):
    cluster = Cluster("dead", world())
    try:
        cluster.wait(10)
        cluster.ask("POST", "/sim/event?event=kill&node=pve3")
        cluster.wait(12)
        data, _errors, _seconds, _ = lab.listed(dict(cluster.connection(), details=["config", "agent"]), connect=False)
    finally:
        cluster.close()
    variables = data["_meta"]["hostvars"]
    same(len(variables), 9, "hosts")
    same(variables["far"]["pxc_problem"], "its node pve3 is offline", "problem")
    same(variables["web-101"]["pxc_flavor"], "m1.small", "the rest")


def the_corpus_of_annotations(lab):
    guests, wanted = [], {}
    for number, case in enumerate(sorted(d for d in os.listdir(CORPUS) if d.startswith("block-"))):
        with open(os.path.join(CORPUS, case, "expect.json"), encoding="utf-8") as f:
            expect = json.load(f)
        with open(os.path.join(CORPUS, case, "input.txt"), "rb") as f:
            raw = f.read()
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            continue  # cannot come over JSON
        if text != text.rstrip():
            continue  # PVE keeps no white space at the end of notes
        name = "c%d" % number
        guests.append({"vmid": 1000 + number, "node": "pve1", "config": {"name": name, "memory": "512", "description": text}})
        wanted[name] = (case, expect)
    cluster = Cluster("corpus", {"guests": guests})
    try:
        data, _, _, _ = lab.listed(dict(cluster.connection(), details=["config"]), connect=False)
    finally:
        cluster.close()
    for name, (case, expect) in wanted.items():
        variables = data["_meta"]["hostvars"][name]
        same("pxc_problem" in variables, expect["finding"] in ("tampered", "foreign"), case + ": problem")
        same(variables["pxc_description"].strip(), (expect["before"] + expect["after"]).strip(), case + ": human text")
        # All are copies: their blocks name other guests, and nothing they say is believed.
        same("pxc_flavor" in variables, False, case + ": flavor")
    same(len(wanted) > 50, True, "cases")


def the_example_works(lab):
    """As it is: the environment says where."""
    c = lab.cluster.connection()
    env = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=BUILD, ANSIBLE_LOCAL_TEMP=os.path.join(lab.folder, "tmp"), HOME=lab.folder, PXC_API_URLS=c["api_urls"][0],
               PXC_API_TOKEN_ID=c["api_token_id"], PXC_API_TOKEN_SECRET=c["api_token_secret"], PXC_CA_PATH=c["ca_path"])
    done = subprocess.run(["ansible-inventory", "-i", os.path.join(BUILD, "ansible_collections/pxcloud/pve/docs/examples/lab.pxc.yml"), "--graph"], env=env,
                          capture_output=True, check=True)
    for group in ("@cluster_lab", "@project_acme", "@flavor_m1_small", "@meta_role_front", "@pve_nodes"):
        has(done.stdout.decode(), group + ":")


def a_program_that_does_not_start_says_what_to_do(lab):
    other = os.path.join(lab.folder, "other-build")
    shutil.copytree(os.path.join(BUILD, "ansible_collections"), os.path.join(other, "ansible_collections"), symlinks=True)
    path = os.path.join(other, "ansible_collections/pxcloud/pve/plugins/plugin_utils/bin/linux-" + os.uname().machine, "pxc")
    os.chmod(path, 0o644)
    _, errors, _, _ = lab.inventory({}, env={"ANSIBLE_COLLECTIONS_PATH": other})
    has(errors, "cannot be run: Permission denied; programs may not run from there")
    os.unlink(path)
    _, errors, _, _ = lab.inventory({}, env={"ANSIBLE_COLLECTIONS_PATH": other})
    has(errors, "which is what this machine is")


def other_files_are_not_ours(lab):
    _, _errors, _, requests = lab.inventory({}, name="lab.yml.txt")
    same(requests, 0, "requests")


TESTS = [one_request_tells_the_groups, details_are_read_when_they_are_named, a_damaged_annotation_is_one_hosts_problem, no_warning_steers_the_terminal,
         filters_come_before_details, constructed_options_work, strict_refuses_what_is_not_there, nothing_from_the_cluster_is_a_template, nodes_are_hosts,
         no_guest_takes_a_name_that_leads_elsewhere, agents_are_asked_for_who_has_no_address, no_agent_leads_back_to_us, containers_tell_their_addresses,
         strangers_are_not_asked_for_a_block, root_with_a_ticket_reads_a_node_at_once, the_state_of_the_ha_manager_is_a_group,
         lists_of_addresses_tell_who_has_which, the_documentation_has_every_option, silent_agents_cost_seconds_in_all, several_clusters_and_one_that_is_down,
         the_environment_is_that_of_the_modules, the_cache_is_asked_first, what_is_kept_is_of_one_cluster_and_one_user, a_dead_node_is_its_guests_problem,
         the_corpus_of_annotations, the_example_works, a_program_that_does_not_start_says_what_to_do,
         other_files_are_not_ours]


def main():
    bad = 0
    only = sys.argv[2:]
    tests = [t for t in TESTS if not only or t.__name__ in only]
    print("1..%d" % len(tests))
    with tempfile.TemporaryDirectory(prefix="pxc-inv-") as folder:
        with contextlib.ExitStack() as stack:
            lab = Lab(folder)
            stack.callback(lab.cluster.close)
            for number, test in enumerate(tests, 1):
                try:
                    test(lab)
                    print("ok %d - inventory: %s" % (number, test.__name__.replace("_", " ")), flush=True)
                except (AssertionError, KeyError, OSError, subprocess.CalledProcessError) as exc:
                    bad += 1
                    print("not ok %d - inventory: %s\n# %s" % (number, test.__name__.replace("_", " "), repr(exc).replace("\n", "\n# ")), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
