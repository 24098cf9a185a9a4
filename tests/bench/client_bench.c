/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_bench.c - how many reads a second the client gets out of a running server.
 *
 *	client_bench --url https://127.0.0.1:8006 --token-id root@pam!test --token-secret SECRET
 *		(--ca FILE | --fingerprint FP) [--path /version] [--requests 20000] [--connections 4]
 *
 * Prints one JSON object: rps, requests, seconds (wall), cpu_seconds (ours), failed.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/mem.h"
#include "pve/client.h"

#define WARM_UP 50  /* reads before the clock starts: connections, TLS */
#define PORTION 500 /* reads handed over at once */

struct setup {
	const char *urls[9]; /* NULL-terminated */
	size_t nurls;
	struct pve_options pve;
	const char *path;
	size_t requests;
};

static int usage(void)
{
	fputs("usage: client_bench --url URL... --token-id ID --token-secret SECRET (--ca FILE | --fingerprint FP)\n"
	      "                    [--path PATH] [--requests N] [--connections N]\n",
	      stderr);
	return -1;
}

static int set_option(struct setup *s, int option, const char *value)
{
	switch (option) {
	case 'u':
		if (s->nurls + 1 == ARRAY_SIZE(s->urls))
			return usage();
		s->urls[s->nurls++] = value;
		return 0;
	case 'i':
		s->pve.token_id = value;
		return 0;
	case 's':
		s->pve.token_secret = value;
		return 0;
	case 'a':
		s->pve.tls.ca_path = value;
		return 0;
	case 'f':
		s->pve.tls.fingerprint = value;
		return 0;
	case 'p':
		s->path = value;
		return 0;
	case 'n':
		s->requests = strtoul(value, NULL, 10);
		return 0;
	case 'c':
		s->pve.per_endpoint = (unsigned)strtoul(value, NULL, 10);
		return 0;
	default:
		return usage();
	}
}

static int read_options(struct setup *s, int argc, char **argv)
{
	static const struct option names[] = {
		{ "url", required_argument, NULL, 'u' },
		{ "token-id", required_argument, NULL, 'i' },
		{ "token-secret", required_argument, NULL, 's' },
		{ "ca", required_argument, NULL, 'a' },
		{ "fingerprint", required_argument, NULL, 'f' },
		{ "path", required_argument, NULL, 'p' },
		{ "requests", required_argument, NULL, 'n' },
		{ "connections", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (set_option(s, option, optarg) < 0)
			return -1;
	return s->nurls && s->requests && optind == argc ? 0 : usage();
}

static double wall_seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Read path n times, PORTION side by side; how many failed. */
static size_t read_many(struct pve_client *pve, char *path, size_t n)
{
	struct pve_read *reads = pxc_calloc(PORTION, sizeof(*reads));
	size_t failed = 0;

	for (size_t i = 0; i < PORTION; i++)
		reads[i].path = path;
	for (size_t left = n, now; left && !failed; left -= now) {
		now = left < PORTION ? left : PORTION;
		pve_read_all(pve, reads, now);
		for (size_t i = 0; i < now; i++) {
			if (reads[i].err.kind != PXC_OK && !failed++)
				fprintf(stderr, "client_bench: %s\n", reads[i].err.msg);
			json_decref(reads[i].data);
		}
	}
	free(reads);
	return failed;
}

int main(int argc, char **argv)
{
	struct setup s = {
		.path = "/version",
		.requests = 20000,
		.pve = { .tls = { .verify = true }, .timeout_ms = 30000, .per_endpoint = 4 }
	};
	struct pve_client *pve = NULL;
	struct pxc_err err = { .kind = PXC_OK };
	double wall, cpu;
	size_t failed;
	char *path;

	if (read_options(&s, argc, argv) < 0)
		return 2;
	s.pve.urls = s.urls;
	if (pve_create(&s.pve, NULL, &pve, &err) < 0) {
		fprintf(stderr, "client_bench: %s\n", err.msg);
		return 1;
	}
	path = pxc_strdup(s.path);
	failed = read_many(pve, path, WARM_UP);
	wall = wall_seconds();
	cpu = cpu_seconds();
	failed += failed ? 0 : read_many(pve, path, s.requests);
	wall = wall_seconds() - wall;
	cpu = cpu_seconds() - cpu;
	printf("{\"rps\": %.0f, \"requests\": %zu, \"seconds\": %.3f, \"cpu_seconds\": %.3f, \"failed\": %zu}\n",
	       (double)s.requests / wall, s.requests, wall, cpu, failed);
	pve_free(pve);
	free(path);
	return failed ? 1 : 0;
}
