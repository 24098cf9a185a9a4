/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fault_script.c - reading a fault script; its language is documented in docs/simulator.md. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sim/faults.h"

static const struct {
	const char *word;
	enum action action;
} actions[] = {
	{ "drop", DROP },     { "status", STATUS },     { "slow", SLOW },     { "lost", LOST },
	{ "locked", LOCKED }, { "hang", HANG },         { "fail", FAIL },     { "die", DIE },
	{ "revive", REVIVE }, { "noquorum", NOQUORUM }, { "quorum", QUORUM },
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
	if (rule->action == FAIL)
		return snprintf(rule->text, sizeof(rule->text), "%s", value) > 0;
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
