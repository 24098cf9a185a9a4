/* SPDX-License-Identifier: GPL-3.0-or-later */
/* faults.c - a script of things that go wrong: one rule a line, tried in order. */
#include "sim/faults.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

static int64_t age_ms(struct sim *sim)
{
	if (sim->faults->start_ms < 0)
		sim->faults->start_ms = sim->now_ms;
	return sim->now_ms - sim->faults->start_ms;
}

static bool fires(struct sim *sim, struct rule *rule)
{
	rule->seen++;
	if (age_ms(sim) < rule->at_ms || (rule->nth && rule->seen != rule->nth) ||
	    (rule->every && rule->seen % rule->every) ||
	    (rule->count && rule->fired >= rule->count))
		return false;
	if (rule->chance > 0 &&
	    (double)(sim_random(sim) >> 11) / 9007199254740992.0 >= rule->chance)
		return false;
	rule->fired++;
	return true;
}

static bool matches(const struct rule *rule, const char *method, const char *path)
{
	if (rule->action >= DIE)
		return false;
	if (*rule->method && strcmp(rule->method, "*") && strcmp(rule->method, method))
		return false;
	return !fnmatch(rule->path, path, FNM_PATHNAME);
}

static void answer(struct sim_reply *reply, int status, const char *message)
{
	json_auto_t *body =
		json_pack("{s:n, s:o}", "data", "message", json_sprintf("%s\n", message));

	reply->status = status;
	reply->close = true;
	snprintf(reply->reason, sizeof(reply->reason), "%s", message);
	if (status >= 595 || status == 401) {
		reply->body = pxc_strdup("");
		return;
	}
	reply->content_type = pxc_strdup("application/json;charset=UTF-8");
	reply->body = json_dumps(body, JSON_COMPACT);
	reply->body_len = strlen(reply->body);
}

static const char *usual_text(int status)
{
	switch (status) {
	case 401:
		return "Authentication failed!";
	case 403:
		return "Permission check failed";
	case 595:
		return "No route to host";
	case 596:
		return "Broken pipe";
	case 599:
		return "Too many redirections";
	default:
		return "got no worker upid - start worker failed";
	}
}

static void locked(const char *path, struct sim_reply *reply)
{
	const char *at = strstr(path, "/qemu/");
	char text[160];

	snprintf(text, sizeof(text),
		 "can't lock file '/var/lock/qemu-server/lock-%lu.conf' - got timeout",
		 at ? strtoul(at + 6, NULL, 10) : 0ul);
	answer(reply, 500, text);
	reply->delay_ms += 10000;
}

bool sim_faults_before(struct sim *sim, const char *method, const char *path,
		       struct sim_reply *reply)
{
	struct sim_faults *faults = sim->faults;
	struct rule *hit = NULL;

	if (!faults)
		return false;
	faults->active = NULL;
	for (size_t i = 0; i < faults->count && !hit; i++)
		if (matches(&faults->rules[i], method, path) && fires(sim, &faults->rules[i]))
			hit = &faults->rules[i];
	if (!hit)
		return false;
	if (hit->action == DROP) {
		reply->close = true;
		return true;
	}
	if (hit->action == STATUS) {
		answer(reply, hit->status, *hit->text ? hit->text : usual_text(hit->status));
		return true;
	}
	if (hit->action == LOCKED) {
		locked(path, reply);
		return true;
	}
	faults->active = hit;
	return false;
}

const char *sim_faults_enter(struct sim *sim, const char *method, const char *path)
{
	struct sim_faults *faults = sim->faults;

	if (!faults)
		return NULL;
	faults->outer = faults->active;
	faults->active = NULL;
	for (size_t i = 0; i < faults->count && !faults->active; i++)
		if (matches(&faults->rules[i], method, path) && fires(sim, &faults->rules[i]))
			faults->active = &faults->rules[i];
	if (!faults->active || faults->active->action == SLOW || faults->active->action == HANG ||
	    faults->active->action == FAIL)
		return NULL;
	if (faults->active->action == STATUS)
		return *faults->active->text ? faults->active->text
					     : usual_text(faults->active->status);
	return "Connection timed out";
}

void sim_faults_leave(struct sim *sim)
{
	if (sim->faults)
		sim->faults->active = sim->faults->outer;
}

void sim_faults_after(struct sim *sim, struct sim_reply *reply)
{
	const struct rule *rule = sim->faults ? sim->faults->active : NULL;

	if (!rule)
		return;
	sim->faults->active = NULL;
	if (rule->action == SLOW)
		reply->delay_ms += rule->slow_ms;
	if (rule->action != LOST)
		return;
	sim_reply_release(reply);
	reply->close = true;
}

bool sim_faults_hang(struct sim *sim)
{
	return sim->faults && sim->faults->active && sim->faults->active->action == HANG;
}

const char *sim_faults_fail(struct sim *sim)
{
	const struct rule *rule = sim->faults ? sim->faults->active : NULL;

	return rule && rule->action == FAIL ? rule->text : NULL;
}

static void happen(struct sim *sim, const struct rule *rule)
{
	struct sim_node *node = sim_node_find(sim, rule->node);

	if (rule->action == DIE && node)
		sim_node_kill(sim, node);
	else if (rule->action == REVIVE && node)
		sim_node_revive(sim, node);
	else if (rule->action == NOQUORUM)
		sim->quorate = false;
	else if (rule->action == QUORUM)
		sim->quorate = true;
}

void sim_faults_tick(struct sim *sim)
{
	struct sim_faults *faults = sim->faults;

	for (size_t i = 0; faults && i < faults->count; i++) {
		struct rule *rule = &faults->rules[i];

		if (rule->action < DIE || rule->fired || age_ms(sim) < rule->at_ms)
			continue;
		rule->fired++;
		happen(sim, rule);
	}
}
