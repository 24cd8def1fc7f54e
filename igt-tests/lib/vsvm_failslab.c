// SPDX-License-Identifier: MIT
/*
 * Allocations that fail on request; vsvm_failslab.h says what each helper does.
 *
 * Two switches have to be on: the cache's own, in sysfs, and failslab's, in debugfs. So whatever a
 * test that was killed leaves behind makes nothing else fail, and goes with the module.
 */
#include <fcntl.h>

#include "vsvm_failslab.h"

#define FAILSLAB	"/sys/kernel/debug/failslab/"

/* The cache that fails now */
static char failing[64];

static void cache_path(char path[128], const char *cache)
{
	snprintf(path, 128, "/sys/kernel/slab/%s/failslab", cache);
}

static int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static void set(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), FAILSLAB "%s", name);
	igt_assert_f(!write_file(path, value), "%s\n", path);
}

void vsvm_failslab_require(const char *cache)
{
	char path[128];

	cache_path(path, cache);
	igt_require_f(!access(FAILSLAB "cache-filter", F_OK), "no failslab\n");
	igt_require_f(!access(path, F_OK), "no %s\n", path);
}

static void on_exit_stop(int sig)
{
	vsvm_failslab_stop();
}

void vsvm_failslab_start(const char *cache, int times)
{
	static bool installed;
	char path[128], value[16];

	vsvm_failslab_stop();
	if (!installed)
		igt_install_exit_handler(on_exit_stop);
	installed = true;
	snprintf(value, sizeof(value), "%d", times);
	set("cache-filter", "Y");
	/* also for those who could wait for memory; with no word in the kernel's log */
	set("ignore-gfp-wait", "N");
	set("task-filter", "N");
	set("verbose", "0");
	set("interval", "1");
	set("space", "0");
	set("times", value);
	set("probability", "100");
	cache_path(path, cache);
	igt_assert_eq(write_file(path, "1"), 0);
	snprintf(failing, sizeof(failing), "%s", cache);
}

int vsvm_failslab_left(void)
{
	FILE *f = fopen(FAILSLAB "times", "re");
	int left = 0;

	igt_assert(f);
	igt_assert_eq(fscanf(f, "%d", &left), 1);
	fclose(f);
	return left;
}

void vsvm_failslab_stop(void)
{
	char path[128];

	if (!failing[0])
		return;
	cache_path(path, failing);
	write_file(path, "0");
	write_file(FAILSLAB "probability", "0");
	failing[0] = 0;
}
