/* SPDX-License-Identifier: GPL-3.0-or-later */
/* faults.c - a script of things that go wrong: one rule a line, tried in order. Documented in docs/simulator.md. */
#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "sim/state.h"

enum action { DROP, STATUS, SLOW, LOST, LOCKED, HANG, DIE, REVIVE, NOQUORUM, QUORUM };

struct rule {
	enum action action;
	char method[8], path[256]; /* glob over the path without /api2/json */
	unsigned nth, every, count;
	double chance; /* 0 = always */
	int64_t at_ms; /* since the start of the cluster */
	int status;
	uint32_t slow_ms;
	char text[256], node[64];
	unsigned seen, fired;
};

struct sim_faults {
	struct rule *rules;
	size_t count;
	const struct rule *active; /* the rule that fired for the request in hand */
	int64_t start_ms;
};

static const struct {
	const char *word;
	enum action action;
} actions[] = {
	{ "drop", DROP },         { "status", STATUS }, { "slow", SLOW }, { "lost", LOST },
	{ "locked", LOCKED },     { "hang", HANG },     { "die", DIE },   { "revive", REVIVE },
	{ "noquorum", NOQUORUM }, { "quorum", QUORUM },
};

/* "10s", "500ms", "500" (milliseconds). */
static bool read_time(const char *text, int64_t *ret_ms)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || number < 0)
		return false;
	if (!strcmp(end, "s"))
		number *= 1000;
	else if (*end && strcmp(end, "ms"))
		return false;
	*ret_ms = (int64_t)number;
	return true;
}

static bool read_count(const char *text, unsigned *ret)
{
	char *end;

	*ret = (unsigned)strtoul(text, &end, 10);
	return *ret && !*end;
}

static bool set_action(struct rule *rule, const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strlen(actions[i].word) != len || strncmp(actions[i].word, word, len))
			continue;
		rule->action = actions[i].action;
		return true;
	}
	return false;
}

/* One "key=value" or bare action word of a rule. */
static bool read_word(struct rule *rule, const char *word, bool *has_action)
{
	const char *equals = strchr(word, '='), *value = equals ? equals + 1 : "";
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	int64_t ms = 0;

	if (!strncmp(word, "nth=", 4))
		return read_count(value, &rule->nth);
	if (!strncmp(word, "every=", 6))
		return read_count(value, &rule->every);
	if (!strncmp(word, "count=", 6))
		return read_count(value, &rule->count);
	if (!strncmp(word, "p=", 2))
		return (rule->chance = strtod(value, NULL)) > 0 && rule->chance <= 1;
	if (!strncmp(word, "at=", 3))
		return read_time(value, &rule->at_ms);
	if (!strncmp(word, "text=", 5))
		return snprintf(rule->text, sizeof(rule->text), "%s", value) > 0;
	if (!strncmp(word, "node=", 5))
		return snprintf(rule->node, sizeof(rule->node), "%s", value) > 0;
	if (!set_action(rule, word, len))
		return false;
	*has_action = true;
	if (rule->action == STATUS)
		return (rule->status = (int)strtol(value, NULL, 10)) >= 400 && rule->status <= 599;
	if (rule->action == SLOW && !read_time(value, &ms))
		return false;
	rule->slow_ms = (uint32_t)ms;
	return true;
}

/* The next blank-separated word; "..." keeps blanks together. Returns NULL at the end. Caller frees. */
static char *next_word(const char **at)
{
	struct pxc_buf word = { 0 };
	bool quoted = false;

	while (**at == ' ' || **at == '\t')
		(*at)++;
	if (!**at || **at == '#')
		return NULL;
	for (; **at && (quoted || (**at != ' ' && **at != '\t')); (*at)++) {
		if (**at == '"')
			quoted = !quoted;
		else
			buf_addc(&word, **at);
	}
	return buf_take(&word);
}

static int read_rule(struct rule *rule, const char *line, unsigned number, struct pxc_err *err)
{
	bool has_action = false, first = true;
	char *word;

	while ((word = next_word(&line)) != NULL) {
		auto_free char *held = word;

		if (first && isupper((unsigned char)*held)) {
			snprintf(rule->method, sizeof(rule->method), "%s", held);
		} else if (*held == '/' || (first && !strcmp(held, "*"))) {
			snprintf(*held == '/' ? rule->path : rule->method,
				 *held == '/' ? sizeof(rule->path) : sizeof(rule->method), "%s",
				 held);
		} else if (!read_word(rule, held, &has_action)) {
			return pxc_fail(err, PXC_EINVAL,
					"fault script, line %u: '%s' is not understood", number,
					held);
		}
		first = false;
	}
	if (!has_action)
		return pxc_fail(err, PXC_EINVAL, "fault script, line %u: no action", number);
	if (rule->action < DIE && !*rule->path)
		return pxc_fail(err, PXC_EINVAL, "fault script, line %u: no path", number);
	return 0;
}

int sim_faults_parse(const char *text, struct sim_faults **ret, struct pxc_err *err)
{
	struct sim_faults *faults = pxc_calloc(1, sizeof(*faults));
	unsigned number = 0;

	faults->start_ms = -1;
	for (const char *at = text; *at; at += *at == '\n') {
		size_t len = strcspn(at, "\n");
		auto_free char *line = pxc_strndup(at, len);

		number++;
		at += len;
		if (!line[strspn(line, " \t\r")] || line[strspn(line, " \t")] == '#')
			continue;
		faults->rules =
			pxc_realloc(faults->rules, (faults->count + 1) * sizeof(*faults->rules));
		faults->rules[faults->count] = (struct rule){ 0 };
		if (read_rule(&faults->rules[faults->count++], line, number, err) < 0) {
			sim_faults_free(faults);
			return -1;
		}
	}
	*ret = faults;
	return 0;
}

void sim_faults_free(struct sim_faults *faults)
{
	if (!faults)
		return;
	free(faults->rules);
	free(faults);
}

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
