// SPDX-License-Identifier: MIT
/*
 * The peers of peers/: the floor, drm_gpusvm with ranges of three sizes, and that with drm_pagemap.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "bench.h"
#include "peers/peer.h"

static int fd;

static bool peer_open(const struct contestant *c, const char *path, uint64_t flags)
{
	struct peer_setup setup = { .chunk = c->arg, .flags = flags };

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (ioctl(fd, PEER_SETUP, &setup))
		die("%s: %m", path);
	return true;
}

static bool floor_open(const struct contestant *c)
{
	return peer_open(c, "/dev/vsvm-floor", 0);
}

static bool gpusvm_open(const struct contestant *c)
{
	return peer_open(c, "/dev/vsvm-gpusvm", 0);
}

static bool pagemap_open(const struct contestant *c)
{
	return peer_open(c, "/dev/vsvm-gpusvm", PEER_DEVICE_MEMORY);
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

static void peer_move(const struct area *a, uint64_t flags)
{
	struct peer_move move = { .addr = (uintptr_t)a->base, .size = a->size, .flags = flags };

	if (ioctl(fd, PEER_MOVE, &move))
		die("PEER_MOVE: %m");
}

static void peer_to_device(const struct area *a)
{
	peer_move(a, PEER_TO_DEVICE);
}

static void peer_to_system(const struct area *a)
{
	peer_move(a, 0);
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

#define FLOOR(var, size)				\
const struct contestant var = {				\
	.name = "floor",				\
	.arg = size,					\
	.open = floor_open,				\
	.access = peer_access,				\
	.to_device = peer_to_device,			\
	.to_system = peer_to_system,			\
	.sync = peer_sync,				\
	.count = peer_count,				\
}

FLOOR(on_floor, 2 * MIB);
FLOOR(on_floor_64k, 64 * KIB);
FLOOR(on_floor_4k, 4 * KIB);

#define PAGEMAP(var, size)				\
const struct contestant var = {				\
	.name = "pagemap",				\
	.arg = size,					\
	.open = pagemap_open,				\
	.access = peer_access,				\
	.to_device = peer_to_device,			\
	.to_system = peer_to_system,			\
	.evicts = true,					\
}

PAGEMAP(on_pagemap_2m, 2 * MIB);
PAGEMAP(on_pagemap_64k, 64 * KIB);
PAGEMAP(on_pagemap_4k, 4 * KIB);

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
