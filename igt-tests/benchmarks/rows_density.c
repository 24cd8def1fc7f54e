// SPDX-License-Identifier: MIT
/*
 * What a description of memory takes, by how the pages lie. Bytes for a MiB, not time.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "bench.h"
#include "peers/peer.h"

#define PAGES	((uint32_t)(64 * MIB / PAGE))

static const struct layout {
	const char *name;
	/* pages that lie together, and how many of the first ones are left out */
	uint32_t unit, first;
} layouts[] = {
	{ "4k", 1 },
	{ "64k", 16 },
	{ "2m", 512 },
	{ "64m", PAGES },
	{ "64m-odd", PAGES, 1 },
};

void run_density(const struct row *row, const struct contestant *c)
{
	int fd = open("/dev/vsvm-floor", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("/dev/vsvm-floor: %m");
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct peer_density density = {
			.pages = PAGES,
			.unit = layouts[i].unit,
			.first = layouts[i].first,
		};
		double mib = (PAGES - layouts[i].first) * (double)PAGE / MIB;

		if (ioctl(fd, PEER_DENSITY, &density))
			die("PEER_DENSITY: %m");
		report(layouts[i].name, "page-array", density.array_bytes / mib);
		report(layouts[i].name, "sg_table", density.sgt_bytes / mib);
		report(layouts[i].name, "phyr", density.phyr_bytes / mib);
	}
}
