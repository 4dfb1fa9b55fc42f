/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The toolstack's part for vifs: the nodes, owners, waiting and scripts of libxl__device_add_async and
 * libxl__initiate_device_generic_remove (tools/libs/light/libxl_device.c, libxl_nic.c), with Dom0 as back end, or
 * another domain: what `xl devd` does there, running the scripts, is done here in that domain's name.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#include "tests/xensim/cli.h"
#include "tests/xensim/abi.h"

enum { INIT_WAIT = 2, CLOSING = 5, CLOSED = 6, LIBXL_TIMEOUT = 10, HOTPLUG_TIMEOUT = 40 };

struct vif {
	struct xs_handle *xs;
	uint32_t domid, devid, backend;
	char front[80], back[80], libxl[80];
};

static void set_backend(struct vif *v, uint32_t domid)
{
	v->backend = domid;
	snprintf(v->back, sizeof(v->back), "/local/domain/%u/backend/vif/%u/%u", domid, v->domid, v->devid);
}

/* Of a vif that is there already. */
static void find_backend(struct vif *v)
{
	char path[160], *value;
	uint32_t domid;

	snprintf(path, sizeof(path), "%s/backend-id", v->front);
	value = xs_read(v->xs, XBT_NULL, path, NULL);
	if (value && cli_number(value, XENSIM_DOMS, &domid))
		set_backend(v, domid);
	free(value);
}

static bool vif_open(struct vif *v, int argc, char **argv)
{
	if (argc < 3 || !cli_number(argv[1], XENSIM_DOMS, &v->domid) || !cli_number(argv[2], 65536, &v->devid)) {
		cli_usage(argv[0]);
		return false;
	}
	snprintf(v->front, sizeof(v->front), "/local/domain/%u/device/vif/%u", v->domid, v->devid);
	set_backend(v, 0);
	snprintf(v->libxl, sizeof(v->libxl), "/libxl/%u/device/vif/%u", v->domid, v->devid);
	v->xs = xs_open(0);
	if (!v->xs)
		cli_error("xenstore: %s", strerror(errno));
	else
		find_backend(v);
	return v->xs != NULL;
}

static char *get(const struct vif *v, const char *dir, const char *key)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dir, key);
	return xs_read(v->xs, XBT_NULL, path, NULL);
}

static bool put(const struct vif *v, xs_transaction_t t, const char *dir, const char *key, const char *value)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dir, key);
	return xs_write(v->xs, t, path, value, (unsigned int)strlen(value));
}

/* libxl copies every key of the back end's directory into its own tree. */
static void put_back(const struct vif *v, xs_transaction_t t, const char *key, const char *value)
{
	put(v, t, v->back, key, value);
	put(v, t, v->libxl, key, value);
}

static void make_dir(const struct vif *v, xs_transaction_t t, const char *dir, unsigned int owner, unsigned int reader)
{
	struct xs_permissions p[2] = { { owner, XS_PERM_NONE }, { reader, XS_PERM_READ } };

	xs_rm(v->xs, t, dir);
	xs_mkdir(v->xs, t, dir);
	xs_set_permissions(v->xs, t, dir, p, owner == reader ? 1 : 2);
}

/* The value of KEY among the arguments, or the default. */
static const char *option(char **argv, const char *key, const char *def)
{
	size_t n = strlen(key);

	for (; *argv; argv++)
		if (!strncmp(*argv, key, n) && (*argv)[n] == '=')
			return *argv + n + 1;
	return def;
}

static void script_path(char **argv, char *path, size_t size)
{
	const char *s = option(argv, "script", "vif-bridge");

	snprintf(path, size, "%s%s", *s == '/' ? "" : "/etc/xen/scripts/", s);
}

static void write_front(const struct vif *v, xs_transaction_t t, const char *mac, char **argv)
{
	struct xs_permissions ro[2] = { { v->backend, XS_PERM_NONE }, { v->domid, XS_PERM_READ } };
	char n[16], id[16], path[160];

	snprintf(n, sizeof(n), "%u", v->devid);
	snprintf(id, sizeof(id), "%u", v->backend);
	make_dir(v, t, v->front, v->domid, v->backend);
	put(v, t, v->front, "backend", v->back);
	put(v, t, v->front, "backend-id", id);
	put(v, t, v->front, "state", "1");
	put(v, t, v->front, "handle", n);
	put(v, t, v->front, "trusted", option(argv, "trusted", "1"));
	put(v, t, v->front, "mac", mac);
	put(v, t, v->front, "mtu", option(argv, "mtu", "1500"));
	snprintf(path, sizeof(path), "%s/mtu", v->front);
	xs_set_permissions(v->xs, t, path, ro, 2);
}

/* KEY=VALUE arguments that are no defaults below go into the back end's directory as they are. */
static void write_back_options(const struct vif *v, xs_transaction_t t, char **argv)
{
	static const char *const done[] = { "mac", "bridge", "script", "trusted", "backend" };
	char key[64];

	for (; *argv; argv++) {
		size_t n = strcspn(*argv, "=");
		bool skip = (*argv)[n] != '=' || n >= sizeof(key) || !strcmp(*argv, "mtu=1500");

		for (size_t i = 0; i < sizeof(done) / sizeof(done[0]); i++)
			skip |= n == strlen(done[i]) && !strncmp(*argv, done[i], n);
		if (skip)
			continue;
		snprintf(key, sizeof(key), "%.*s", (int)n, *argv);
		put_back(v, t, key, *argv + n + 1);
	}
}

static void write_back(const struct vif *v, xs_transaction_t t, const char *mac, char **argv)
{
	char n[16], domid[16], script[160];

	snprintf(n, sizeof(n), "%u", v->devid);
	snprintf(domid, sizeof(domid), "%u", v->domid);
	script_path(argv, script, sizeof(script));
	make_dir(v, t, v->libxl, 0, 0);
	put(v, t, v->libxl, "frontend", v->front);
	put(v, t, v->libxl, "backend", v->back);
	make_dir(v, t, v->back, v->backend, v->domid);
	put_back(v, t, "frontend", v->front);
	put_back(v, t, "frontend-id", domid);
	put_back(v, t, "online", "1");
	put_back(v, t, "state", "1");
	put_back(v, t, "script", script);
	put_back(v, t, "mac", mac);
	put_back(v, t, "bridge", option(argv, "bridge", "xenbr0"));
	put_back(v, t, "handle", n);
	put_back(v, t, "type", "vif");
	put_back(v, t, "hotplug-status", "");
	write_back_options(v, t, argv);
}

static bool write_nodes(const struct vif *v, char **argv)
{
	char def[32];
	const char *mac;

	snprintf(def, sizeof(def), "00:16:3e:%02x:%02x:%02x", v->domid >> 8, v->domid & 255, v->devid & 255);
	mac = option(argv, "mac", def);
	for (;;) {
		xs_transaction_t t = xs_transaction_start(v->xs);

		if (t == XBT_NULL)
			return false;
		write_front(v, t, mac, argv);
		write_back(v, t, mac, argv);
		if (xs_transaction_end(v->xs, t, false))
			return true;
		if (errno != EAGAIN)
			return false;
	}
}

/* Seconds that a back end is given: libxl's, but on a machine that is busy with other things. */
static uint32_t patience(void)
{
	const char *wanted = getenv("XENSIM_SECONDS");
	uint32_t seconds;

	return wanted && cli_number(wanted, 3601, &seconds) ? seconds : LIBXL_TIMEOUT;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int back_state(const struct vif *v)
{
	char *s = get(v, v->back, "state");
	int state = s ? atoi(s) : -1;

	free(s);
	return state;
}

/* As libxl's devstate wait: only the wanted state counts, one that was passed through is missed. -1 = gone. */
static bool wait_state(const struct vif *v, int wanted, uint32_t seconds, int *got)
{
	int64_t end = now_ms() + (int64_t)seconds * 1000;
	struct pollfd p = { .fd = xs_fileno(v->xs), .events = POLLIN };
	char path[160];

	snprintf(path, sizeof(path), "%s/state", v->back);
	xs_watch(v->xs, path, "state");
	for (;;) {
		int64_t left = end - now_ms();

		*got = back_state(v);
		if (*got == wanted || left <= 0 || poll(&p, 1, (int)left) < 0)
			break;
		free(xs_check_watch(v->xs));
	}
	xs_unwatch(v->xs, path, "state");
	return *got == wanted;
}

static void script_env(const struct vif *v, const char *script, const char *gateway)
{
	char text[64];

	snprintf(text, sizeof(text), "%u", v->backend);
	setenv(XENSIM_ENV_DOMID, text, 1);
	setenv("script", script, 1);
	setenv("XENBUS_TYPE", "vif", 1);
	snprintf(text, sizeof(text), "backend/vif/%u/%u", v->domid, v->devid);
	setenv("XENBUS_PATH", text, 1);
	setenv("XENBUS_BASE_PATH", "backend", 1);
	snprintf(text, sizeof(text), "vif%u.%u", v->domid, v->devid);
	setenv("vif", text, 1);
	setenv("netdev", gateway ? gateway : "", 1);
}

/* The script's exit status; 0 if there is none to run. The alarm outlives exec: libxl's 40 s. */
static int script_run(const struct vif *v, const char *action, bool *ran)
{
	char *script = get(v, v->back, "script"), *gateway = get(v, v->back, "gatewaydev");
	int status = 0, null;
	pid_t pid;

	*ran = script && *script == '/' && !access(script, X_OK);
	if (*ran) {
		pid = fork();
		if (pid == 0) {
			script_env(v, script, gateway);
			null = open("/dev/null", O_RDONLY);
			dup2(null, 0);
			dup2(2, 1);
			alarm(HOTPLUG_TIMEOUT);
			execl(script, script, action, "type_if=vif", (char *)NULL);
			_exit(127);
		}
		waitpid(pid, &status, 0);
	}
	free(script);
	free(gateway);
	return status;
}

static int attach_wait(const struct vif *v)
{
	bool ran;
	int got;

	if (!wait_state(v, INIT_WAIT, patience(), &got))
		return cli_error("vif%u.%u: back end is in state %d, not 2, after %u s", v->domid, v->devid, got,
				 patience());
	if (script_run(v, "online", &ran)) {
		char *why = get(v, v->back, "hotplug-error");

		cli_error("vif%u.%u: hotplug script failed: %s", v->domid, v->devid, why ? why : "no hotplug-error");
		free(why);
		return 1;
	}
	if (!ran)
		put(v, XBT_NULL, v->back, "hotplug-status", "connected");
	return 0;
}

int cli_vif_attach(int argc, char **argv)
{
	struct vif v;
	uint32_t backend;
	bool wait = true;
	int rc;

	if (!vif_open(&v, argc, argv))
		return 2;
	for (int i = 3; i < argc; i++)
		wait &= strcmp(argv[i], "--no-wait") != 0;
	if (!cli_number(option(argv + 3, "backend", "0"), XENSIM_DOMS, &backend)) {
		xs_close(v.xs);
		return cli_usage(argv[0]);
	}
	set_backend(&v, backend);
	if (!write_nodes(&v, argv + 3))
		rc = cli_error("xenstore: %s", strerror(errno));
	else
		rc = wait ? attach_wait(&v) : 0;
	xs_close(v.xs);
	return rc;
}

/* Remove a directory, and what it leaves empty above it. */
static void remove_path(const struct vif *v, xs_transaction_t t, const char *path)
{
	char dir[160], *slash;
	unsigned int n = 0;

	snprintf(dir, sizeof(dir), "%s", path);
	xs_rm(v->xs, t, dir);
	while (n == 0 && (slash = strrchr(dir, '/')) && slash != dir) {
		char **kids;

		*slash = '\0';
		kids = xs_directory(v->xs, t, dir, &n);
		if (!kids || !strcmp(strrchr(dir, '/'), "/device") || !strcmp(strrchr(dir, '/'), "/vif"))
			n = 1;
		free(kids);
		if (n == 0)
			xs_rm(v->xs, t, dir);
	}
}

static void remove_nodes(const struct vif *v)
{
	xs_transaction_t t;

	do {
		t = xs_transaction_start(v->xs);
		remove_path(v, t, v->front);
		remove_path(v, t, v->back);
		remove_path(v, t, v->libxl);
	} while (!xs_transaction_end(v->xs, t, false) && errno == EAGAIN);
}

static bool ask_to_close(const struct vif *v)
{
	xs_transaction_t t;

	do {
		t = xs_transaction_start(v->xs);
		put(v, t, v->back, "online", "0");
		put(v, t, v->back, "state", "5");
	} while (!xs_transaction_end(v->xs, t, false) && errno == EAGAIN);
	return true;
}

int cli_vif_detach(int argc, char **argv)
{
	bool force = argc > 3 && !strcmp(argv[3], "--force"), ran;
	int state, rc = 0;
	struct vif v;

	if (!vif_open(&v, argc, argv))
		return 2;
	state = back_state(&v);
	if (state < 0) {
		xs_close(v.xs);
		return cli_error("vif%u.%u: no such device", v.domid, v.devid);
	}
	if (!force && state != CLOSED && ask_to_close(&v) && !wait_state(&v, CLOSED, patience(), &state) &&
	    state >= 0)
		rc = cli_error("vif%u.%u: back end is in state %d, not 6, after %u s; removed all the same", v.domid,
			       v.devid, state, patience());
	script_run(&v, "offline", &ran);
	remove_nodes(&v);
	xs_close(v.xs);
	return rc;
}

/* In whatever domain its back ends are. */
void cli_vif_forget(uint32_t domid)
{
	struct xs_handle *xs = xs_open(0);
	unsigned int n = 0;
	char path[80], **list;

	if (!xs)
		return;
	list = xs_directory(xs, XBT_NULL, "/local/domain", &n);
	for (unsigned int i = 0; list && i < n; i++) {
		snprintf(path, sizeof(path), "/local/domain/%.10s/backend/vif/%u", list[i], domid);
		xs_rm(xs, XBT_NULL, path);
	}
	free(list);
	xs_close(xs);
}

int cli_vif_wait(int argc, char **argv)
{
	uint32_t seconds = patience(), wanted;
	struct vif v;
	int got, rc = 0;

	if (argc < 4 || !cli_number(argv[3], 9, &wanted) || (argc > 4 && !cli_number(argv[4], 3600, &seconds)))
		return cli_usage(argv[0]);
	if (!vif_open(&v, argc, argv))
		return 2;
	if (!wait_state(&v, (int)wanted, seconds, &got))
		rc = cli_error("vif%u.%u: back end is in state %d, not %u, after %u s", v.domid, v.devid, got, wanted,
			       seconds);
	xs_close(v.xs);
	return rc;
}

int cli_state(int argc, char **argv)
{
	char *front, *back;
	struct vif v;

	if (!vif_open(&v, argc, argv))
		return 2;
	front = get(&v, v.front, "state");
	back = get(&v, v.back, "state");
	printf("frontend %s backend %s\n", front ? front : "-", back ? back : "-");
	free(front);
	free(back);
	xs_close(v.xs);
	return 0;
}
