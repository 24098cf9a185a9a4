/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render_lists.c - the columns of each list, in the order in which people look for them. */
#include "cloud/render_parts.h"

#define TEXT(title, key)                                                                           \
	{                                                                                          \
		title, key, CELL_TEXT, NULL, CELL_TEXT                                             \
	}
#define LIST(title, key, sub)                                                                      \
	{                                                                                          \
		title, key, CELL_LIST, sub, CELL_TEXT                                              \
	}
#define NUMBER(title, key)                                                                         \
	{                                                                                          \
		title, key, CELL_COUNT, NULL, CELL_COUNT                                           \
	}
#define SIZE(title, key, unit)                                                                     \
	{                                                                                          \
		title, key, unit, NULL, unit                                                       \
	}
#define BAR(title, key, whole, unit)                                                               \
	{                                                                                          \
		title, key, CELL_BAR, whole, unit                                                  \
	}

const struct render_list render_lists[] = {
	{ "findings",
	  "Findings",
	  "What is not as it should be.",
	  { TEXT("What", "what"), TEXT("Project", "project"), TEXT("Name", "name"),
	    TEXT("Finding", "finding") } },
	{ "nodes",
	  "Nodes",
	  "The nodes of the cluster, and how much of them is in use.",
	  { TEXT("Name", "name"),
	    TEXT("Status", "status"),
	    BAR("Processors", "cpus_used", "cpus", CELL_COUNT),
	    BAR("Memory", "memory_used_bytes", "memory_bytes", CELL_BYTES),
	    BAR("Root disk", "disk_used_bytes", "disk_bytes", CELL_BYTES),
	    BAR("Guests that run", "guests_running", "guests", CELL_TEXT),
	    { "Up for", "uptime_seconds", CELL_DURATION, NULL, CELL_TEXT } } },
	{ "storages",
	  "Storages",
	  "Where disks lie, and how full it is.",
	  { TEXT("Name", "name"), TEXT("Node", "node"), TEXT("Type", "type"),
	    TEXT("Status", "status"), BAR("Used", "used_bytes", "size_bytes", CELL_BYTES),
	    TEXT("Content", "content") } },
	{ "projects",
	  "Projects",
	  "The projects, and who has a role in them.",
	  { TEXT("Name", "name"),
	    TEXT("State", "state"),
	    TEXT("Description", "description"),
	    TEXT("Pool", "pool"),
	    { "Roles", "roles", CELL_ROLES, NULL, CELL_TEXT },
	    TEXT("Tampered", "tampered") } },
	{ "usage",
	  "Quotas",
	  "What each project uses of what it may use.",
	  { TEXT("Project", "project"), TEXT("Resource", "title"), TEXT("Used", "used_text"),
	    TEXT("Limit", "limit_text"), TEXT("Share", "share_text"),
	    TEXT("Problem", "problem") } },
	{ "vms",
	  "VMs",
	  "The virtual machines.",
	  { TEXT("Project", "project"), TEXT("Name", "name"), NUMBER("VMID", "vmid"),
	    TEXT("Node", "node"), TEXT("Status", "status"), TEXT("Flavor", "flavor"),
	    NUMBER("Cores", "cores"), SIZE("Memory", "memory_mb", CELL_MIB),
	    LIST("Addresses", "addresses", NULL) } },
	{ "networks",
	  "Networks",
	  "Networks, and what is taken in them.",
	  { TEXT("Project", "project"), TEXT("Name", "name"), TEXT("Kind", "kind"),
	    TEXT("Vnet", "vnet"), TEXT("Zone", "zone"), LIST("Subnets", "subnets", "cidr"),
	    NUMBER("Addresses used", "used"), LIST("Free", "subnets", "free"),
	    LIST("Shared with", "shared_with", NULL) } },
	{ "images",
	  "Images",
	  "What VMs are made of.",
	  { TEXT("Name", "name"), TEXT("Version", "version"), TEXT("Latest", "latest"),
	    TEXT("Project", "project"), SIZE("Size", "size_bytes", CELL_BYTES),
	    TEXT("Storage", "storage"), TEXT("Visibility", "visibility") } },
	{ "volumes",
	  "Volumes",
	  "Disks that outlive VMs.",
	  { TEXT("Project", "project"), TEXT("Name", "name"), SIZE("Size", "size_gb", CELL_GIB),
	    TEXT("Storage", "storage"), TEXT("Attached to", "attached_to"), TEXT("Slot", "slot"),
	    LIST("Snapshots", "snapshots", "name") } },
	{ "flavors",
	  "Flavors",
	  "Sizes that VMs come in.",
	  { TEXT("Name", "name"), NUMBER("vCPUs", "vcpus"), SIZE("Memory", "memory_mb", CELL_MIB),
	    SIZE("Disk", "disk_gb", CELL_GIB), TEXT("Public", "public"),
	    LIST("Projects", "projects", NULL) } },
	{ "affinity",
	  "Affinity groups",
	  "VMs that are kept together, apart, or on certain nodes.",
	  { TEXT("Project", "project"), TEXT("Name", "name"), TEXT("Policy", "policy"),
	    LIST("Nodes", "nodes", "name"), LIST("Members", "members", "name"),
	    TEXT("HA rule", "rule") } },
	{ "groups",
	  "Groups of people",
	  "Groups that get roles together.",
	  { TEXT("Name", "name"), TEXT("Description", "description"), LIST("Users", "users", NULL),
	    LIST("Projects", "used_by", "project") } },
	{ "keypairs",
	  "Key pairs",
	  "Public SSH keys.",
	  { TEXT("Project", "project"), TEXT("Name", "name"), TEXT("Type", "type"),
	    NUMBER("Bits", "bits"), TEXT("Fingerprint", "fingerprint"), TEXT("Owner", "owner") } },
	{ "policy",
	  "What the actor may do",
	  "The actions of the cloud, and whether they are allowed here.",
	  { TEXT("Action", "action"), TEXT("Needs", "needs"), TEXT("Allowed", "allowed"),
	    TEXT("To", "text") } },
	{ "audit",
	  "Changes",
	  "The record of changes, the newest first.",
	  { TEXT("At", "at"), TEXT("Actor", "actor"), TEXT("Project", "project"),
	    TEXT("Action", "action"), TEXT("Object", "object"), TEXT("Failed", "failed"),
	    TEXT("Unfinished", "unfinished"), TEXT("Message", "msg") } },
	{ "cloud", "Cloud", "The registry.", { TEXT("Key", "key"), TEXT("Value", "value") } },
	{ .key = NULL },
};
