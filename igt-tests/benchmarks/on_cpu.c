// SPDX-License-Identifier: MIT
/*
 * The CPU itself, without any device: what the kernel takes for its own faults and for taking
 * memory away.
 */
#include "bench.h"

static bool cpu_open(const struct contestant *c)
{
	return true;
}

static void cpu_access(const struct area *a, bool write)
{
	if (write)
		area_touch(a);
	else
		area_look(a);
}

const struct contestant on_cpu = {
	.name = "cpu",
	.open = cpu_open,
	.access = cpu_access,
};
