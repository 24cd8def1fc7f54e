// SPDX-License-Identifier: MIT
/*
 * The peers of peers/: the floor, and drm_gpusvm with ranges of three sizes.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "bench.h"
#include "peers/peer.h"

static int fd;

static bool peer_open(const struct contestant *c, const char *path)
{
	struct peer_setup setup = { .chunk = c->arg };

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (ioctl(fd, PEER_SETUP, &setup))
		die("%s: %m", path);
	return true;
}

static bool floor_open(const struct contestant *c)
{
	return peer_open(c, "/dev/vsvm-floor");
}

static bool gpusvm_open(const struct contestant *c)
{
	return peer_open(c, "/dev/vsvm-gpusvm");
}

static void peer_access(const struct area *a, bool write)
{
	struct peer_fault fault = {
		.addr = (uintptr_t)a->base,
		.size = a->size,
		.stride = a->stride,
		.count = a->count,
		.flags = write ? PEER_WRITE : 0,
	};

	if (ioctl(fd, PEER_FAULT, &fault))
		die("PEER_FAULT: %m");
}

static void peer_sync(void)
{
	if (ioctl(fd, PEER_SYNC))
		die("PEER_SYNC: %m");
}

static void peer_count(struct counters *counters)
{
	struct peer_stats stats;

	if (ioctl(fd, PEER_STATS, &stats))
		die("PEER_STATS: %m");
	counters->bytes = stats.bytes;
	counters->invalidations = stats.invalidations;
}

const struct contestant on_floor = {
	.name = "floor",
	.open = floor_open,
	.access = peer_access,
	.sync = peer_sync,
	.count = peer_count,
};

const struct contestant on_gpusvm_2m = {
	.name = "gpusvm-2m",
	.arg = 2 * MIB,
	.open = gpusvm_open,
	.access = peer_access,
	.sync = peer_sync,
	.count = peer_count,
};

const struct contestant on_gpusvm_64k = {
	.name = "gpusvm-64k",
	.arg = 64 * KIB,
	.open = gpusvm_open,
	.access = peer_access,
	.sync = peer_sync,
	.count = peer_count,
};

const struct contestant on_gpusvm_4k = {
	.name = "gpusvm-4k",
	.arg = 4 * KIB,
	.open = gpusvm_open,
	.access = peer_access,
	.sync = peer_sync,
	.count = peer_count,
};
