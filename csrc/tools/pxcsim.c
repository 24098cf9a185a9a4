/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pxcsim.c - the simulated cluster as a program: options, a certificate, an HTTPS port, and one line that says where. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "sim/cert.h"
#include "sim/http.h"
#include "sim/sim.h"

struct settings {
	struct sim_options sim;
	struct sim_http_options http;
	const char *token, *ready, *cert, *key, *state_dir;
	char *faults, *world; /* owned texts */
	char temp_dir[64];    /* made by us; "" = none */
};

static const char usage[] =
	"usage: pxcsim [options]\n"
	"  --nodes N         nodes of the cluster, 1 to 512 (3); one node stands alone unless --cluster\n"
	"  --cluster NAME    the cluster's name (pxcsim)\n"
	"  --vms N           guests to begin with (0)\n"
	"  --cores N, --memory MIB   of every node (16, 65536)\n"
	"  --listen ADDRESS  (127.0.0.1)        --port P   0 = any that is free (8006)\n"
	"  --speed X         cluster seconds per second; 0 = tasks end at once (1);\n"
	"                    manual = time stands still but for POST /sim/advance?ms=N\n"
	"  --migration-mbps N   of each node's link for migrations, Mbit/s each way (10000)\n"
	"  --loads day|flat  what guests use changes over the day, or never (flat)\n"
	"  --seed N          everything random comes from it (a fresh one)\n"
	"  --start SECONDS   the cluster's clock begins there (now)\n"
	"  --pve 8|9         the version of Proxmox VE that it plays: of SDN and /version (9)\n"
	"  --apidoc FILE     check requests against PVE's own schema, too\n"
	"  --faults FILE     a script of what goes wrong (docs/simulator.md)\n"
	"  --world FILE      JSON: nodes, storages, volumes, users, pools, guests to begin with\n"
	"  --ceph FILE       a ceph.conf: storages of type rbd hold real images in that Ceph; without one\n"
	"                    in the world there is one, called ceph\n"
	"  --ceph-pool POOL  of such storages that name none (rbd)\n"
	"  --ceph-idle       running guests do not keep their images open\n"
	"  --cert FILE --key FILE    PEM (a fresh self-signed certificate)\n"
	"  --token NAME      API token root@pam!NAME (test)\n"
	"  --state-dir DIR   where ca.pem is written (a temporary folder)\n"
	"  --ready FILE      the line that says where it listens is written there, too\n";

enum {
	OPT_NODES = 1,
	OPT_CLUSTER,
	OPT_VMS,
	OPT_CORES,
	OPT_MEMORY,
	OPT_LISTEN,
	OPT_PORT,
	OPT_SPEED,
	OPT_SEED,
	OPT_LOADS,
	OPT_MIGRATION_MBPS,
	OPT_START,
	OPT_PVE,
	OPT_APIDOC,
	OPT_FAULTS,
	OPT_WORLD,
	OPT_CEPH,
	OPT_CEPH_POOL,
	OPT_CEPH_IDLE,
	OPT_CERT,
	OPT_KEY,
	OPT_TOKEN,
	OPT_STATE_DIR,
	OPT_READY,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "nodes", required_argument, NULL, OPT_NODES },
	{ "cluster", required_argument, NULL, OPT_CLUSTER },
	{ "vms", required_argument, NULL, OPT_VMS },
	{ "cores", required_argument, NULL, OPT_CORES },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "speed", required_argument, NULL, OPT_SPEED },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "migration-mbps", required_argument, NULL, OPT_MIGRATION_MBPS },
	{ "loads", required_argument, NULL, OPT_LOADS },
	{ "start", required_argument, NULL, OPT_START },
	{ "pve", required_argument, NULL, OPT_PVE },
	{ "apidoc", required_argument, NULL, OPT_APIDOC },
	{ "faults", required_argument, NULL, OPT_FAULTS },
	{ "world", required_argument, NULL, OPT_WORLD },
	{ "ceph", required_argument, NULL, OPT_CEPH },
	{ "ceph-pool", required_argument, NULL, OPT_CEPH_POOL },
	{ "ceph-idle", no_argument, NULL, OPT_CEPH_IDLE },
	{ "cert", required_argument, NULL, OPT_CERT },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "token", required_argument, NULL, OPT_TOKEN },
	{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
	{ "ready", required_argument, NULL, OPT_READY },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static int complain(const char *what, const char *detail)
{
	fprintf(stderr, "pxcsim: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	return -1;
}

static int read_number(const char *text, double low, double high, double *ret)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || value < low || value > high)
		return complain("not a number in range", text);
	*ret = value;
	return 0;
}

static int read_text(const char *path, char **ret)
{
	struct pxc_buf text = { 0 };
	char chunk[4096];
	size_t n;
	FILE *file = fopen(path, "re");

	if (!file)
		return complain(path, strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(&text, chunk, n);
	fclose(file);
	*ret = buf_take(&text);
	return 0;
}

static int set_number(struct settings *settings, int option, const char *text)
{
	static const struct {
		int option;
		double low, high;
	} ranges[] = {
		{ OPT_NODES, 1, SIM_MAX_NODES }, { OPT_VMS, 0, 100000 }, { OPT_CORES, 1, 4096 },
		{ OPT_MEMORY, 16, 1 << 30 },     { OPT_PORT, 0, 65535 }, { OPT_SPEED, 0, 1e6 },
		{ OPT_SEED, 0, 1.8e19 },         { OPT_START, 1, 4e9 },  { OPT_PVE, 8, 9 },
		{ OPT_MIGRATION_MBPS, 1, 1e6 },
	};
	double value = 0;

	if (option == OPT_SPEED && !strcmp(text, "manual")) {
		settings->http.manual = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (ranges[i].option == option &&
		    read_number(text, ranges[i].low, ranges[i].high, &value) < 0)
			return -1;
	switch (option) {
	case OPT_NODES:
		settings->sim.nodes = (unsigned)value;
		break;
	case OPT_VMS:
		settings->sim.vms = (unsigned)value;
		break;
	case OPT_CORES:
		settings->sim.node_cores = (unsigned)value;
		break;
	case OPT_MEMORY:
		settings->sim.node_memory_mib = (unsigned)value;
		break;
	case OPT_MIGRATION_MBPS:
		settings->sim.migration_mbps = (unsigned)value;
		break;
	case OPT_PVE:
		settings->sim.pve = (unsigned)value;
		break;
	case OPT_PORT:
		settings->http.port = (uint16_t)value;
		break;
	case OPT_SPEED:
		settings->sim.speed = settings->http.speed = value;
		break;
	case OPT_SEED:
		settings->sim.seed = strtoull(text, NULL, 10);
		break;
	default:
		settings->sim.start_s = (int64_t)value;
	}
	return 0;
}

static int set_option(struct settings *settings, int option, const char *text)
{
	switch (option) {
	case OPT_CLUSTER:
		settings->sim.cluster_name = text;
		return 0;
	case OPT_LISTEN:
		settings->http.listen = text;
		return 0;
	case OPT_APIDOC:
		settings->sim.apidoc = text;
		return 0;
	case OPT_FAULTS:
		free(settings->faults);
		return read_text(text, &settings->faults);
	case OPT_WORLD:
		free(settings->world);
		return read_text(text, &settings->world);
	case OPT_CEPH:
		settings->sim.ceph_conf = text;
		return 0;
	case OPT_CEPH_POOL:
		settings->sim.ceph_pool = text;
		return 0;
	case OPT_CEPH_IDLE:
		settings->sim.ceph_idle = true;
		return 0;
	case OPT_LOADS:
		settings->sim.loads_day = !strcmp(text, "day");
		if (!settings->sim.loads_day && strcmp(text, "flat") != 0)
			return complain("--loads is day or flat, not", text);
		return 0;
	case OPT_CERT:
		settings->cert = text;
		return 0;
	case OPT_KEY:
		settings->key = text;
		return 0;
	case OPT_TOKEN:
		settings->token = text;
		return 0;
	case OPT_STATE_DIR:
		settings->state_dir = text;
		return 0;
	case OPT_READY:
		settings->ready = text;
		return 0;
	default:
		return set_number(settings, option, text);
	}
}

static int read_options(int argc, char **argv, struct settings *settings)
{
	int option;

	if (getrandom(&settings->sim.seed, sizeof(settings->sim.seed), 0) < 0)
		settings->sim.seed = (uint64_t)time(NULL);
	settings->sim.start_s = (int64_t)time(NULL);
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPT_HELP) {
			fputs(usage, stdout);
			exit(0);
		}
		if (option == '?' || set_option(settings, option, optarg) < 0)
			return complain("see --help", NULL);
	}
	if (optind < argc)
		return complain("unexpected argument", argv[optind]);
	if (!settings->cert != !settings->key)
		return complain("--cert and --key belong together", NULL);
	if (settings->sim.nodes == 1 && !settings->sim.cluster_name)
		settings->sim.cluster_name = "";
	settings->sim.faults = settings->faults;
	settings->sim.world = settings->world;
	return 0;
}

/* ca.pem, for clients that want to verify. Caller frees; NULL after a complaint. */
static char *write_ca(struct settings *settings, const char *pem)
{
	const char *dir = settings->state_dir, *temp = getenv("TMPDIR");
	char *path;
	FILE *file;

	if (!dir) {
		snprintf(settings->temp_dir, sizeof(settings->temp_dir), "%s/pxcsim.XXXXXX",
			 temp && strlen(temp) < 40 ? temp : "/tmp");
		dir = mkdtemp(settings->temp_dir);
	} else if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		dir = NULL;
	}
	if (!dir) {
		complain("cannot make a folder for ca.pem", strerror(errno));
		settings->temp_dir[0] = '\0';
		return NULL;
	}
	path = pxc_printf("%s/ca.pem", dir);
	file = fopen(path, "we");
	if (!file || fputs(pem, file) < 0 || fclose(file) != 0) {
		complain(path, strerror(errno));
		free(path);
		return NULL;
	}
	return path;
}

/* Appears complete or not at all: whoever waits for the file may read it at once. */
static int write_ready(const char *path, const char *line)
{
	auto_free char *temp = pxc_printf("%s.new", path);
	FILE *file = fopen(temp, "we");

	if (!file || fprintf(file, "%s\n", line) < 0 || fclose(file) != 0 || rename(temp, path) < 0)
		return complain(path, strerror(errno));
	return 0;
}

static int announce(const struct settings *settings, struct sim *sim, uint16_t port,
		    const struct sim_cert *cert, const char *ca_path)
{
	const char *host = settings->http.listen ? settings->http.listen : "127.0.0.1";
	auto_free char *url =
		pxc_printf(strchr(host, ':') ? "https://[%s]:%u" : "https://%s:%u", host, port);
	auto_free char *token_id = pxc_printf("root@pam!%s", settings->token), *line = NULL;
	json_auto_t *ready = NULL;
	char secret[37];

	sim_token(sim, settings->token, secret);
	ready = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s}", "url", url, "port", (int)port,
			  "token_id", token_id, "token_secret", secret, "fingerprint",
			  cert->fingerprint, "ca_path", ca_path, "password", sim_password(sim));
	line = json_dumps(ready, JSON_COMPACT | JSON_PRESERVE_ORDER);
	printf("%s\n", line);
	fflush(stdout);
	return settings->ready ? write_ready(settings->ready, line) : 0;
}

static void wait_for_end(const sigset_t *signals)
{
	int number;

	while (sigwait(signals, &number) != 0)
		;
}

static int serve(struct settings *settings, struct sim *sim, const struct sim_cert *cert,
		 const sigset_t *signals)
{
	struct pxc_err err = { 0 };
	struct sim_http *http;
	auto_free char *ca_path = write_ca(settings, cert->cert_pem);
	int result;

	if (!ca_path)
		return -1;
	sim_set_fingerprint(sim, cert->fingerprint);
	settings->http.cert_pem = cert->cert_pem;
	settings->http.key_pem = cert->key_pem;
	if (sim_http_start(sim, &settings->http, &http, &err) < 0)
		return complain(err.msg, NULL);
	result = announce(settings, sim, sim_http_port(http), cert, ca_path);
	if (result == 0)
		wait_for_end(signals);
	sim_http_stop(http);
	if (settings->temp_dir[0]) {
		(void)unlink(ca_path);
		(void)rmdir(settings->temp_dir);
	}
	return result;
}

static int run(struct settings *settings, const sigset_t *signals)
{
	struct sim_cert cert = { 0 };
	struct pxc_err err = { 0 };
	struct sim *sim = NULL;
	int result;

	if (settings->cert)
		result = sim_cert_load(settings->cert, settings->key, &cert, &err);
	else
		result = sim_cert_create(settings->http.listen, &cert, &err);
	if (result < 0 || sim_create(&settings->sim, &sim, &err) < 0) {
		sim_cert_release(&cert);
		return complain(err.msg, NULL);
	}
	result = serve(settings, sim, &cert, signals);
	sim_free(sim);
	sim_cert_release(&cert);
	return result;
}

int main(int argc, char **argv)
{
	struct settings settings = { .token = "test",
				     .sim.speed = 1,
				     .http = { .port = 8006, .speed = 1 } };
	sigset_t signals;
	int result = 2;

	pxc_mem_init();
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (read_options(argc, argv, &settings) == 0)
		result = run(&settings, &signals) < 0 ? 1 : 0;
	free(settings.faults);
	free(settings.world);
	return result;
}
