// SPDX-License-Identifier: MIT
/*
 * Runs the rows: each with each contestant, each time in a new process. bench.h says how the output
 * looks.
 *
 * usage: bench quick|full REPETITIONS [smp] [row=NAME | who=NAME]...
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const struct contestant *const all[] = {
	&on_cpu, &on_floor, &on_gpusvm_2m, &on_gpusvm_64k, &on_gpusvm_4k, &on_test_hmm,
	&on_vsvm, &on_vsvm_fill, NULL,
};

static const struct contestant *const mirrors[] = {
	&on_floor, &on_gpusvm_2m, &on_gpusvm_64k, &on_vsvm, NULL,
};

static const struct contestant *const policies[] = {
	&on_floor, &on_by_vma, &on_by_window_2m, &on_by_window_512m, &on_by_mm, &on_by_register,
	NULL,
};

static const struct contestant *const movers[] = {
	&on_cpu, &on_floor, &on_pagemap_2m, &on_test_hmm, &on_vsvm, NULL,
};

static const struct contestant *const touched_4k[] = {
	&on_floor_4k, &on_pagemap_4k, &on_test_hmm, &on_vsvm_4k, NULL,
};

static const struct contestant *const touched_64k[] = {
	&on_floor_64k, &on_pagemap_64k, &on_vsvm_64k, NULL,
};

static const struct contestant *const touched_2m[] = {
	&on_floor, &on_pagemap_2m, &on_vsvm_2m, NULL,
};

static const struct contestant *const touched_folio[] = {
	&on_floor, &on_pagemap_2m, &on_test_hmm, &on_vsvm, NULL,
};

static const struct contestant *const evictors[] = {
	&on_floor, &on_pagemap_2m, &on_vsvm_room, NULL,
};

static const struct contestant *const three[] = { &on_floor, &on_gpusvm_2m, &on_vsvm, NULL };
static const struct contestant *const vsvm[] = { &on_vsvm, NULL };
/* For rows that access no memory. */
static const struct contestant *const none[] = { &on_cpu, NULL };

/* The quick ones first: they find the same machine in both profiles. */
static const struct row rows[] = {
	{ "4k", run_area, all, 64 * MIB, 1, .quick = true },
	{ "4k", run_populated, all, 64 * MIB, 1, .quick = true },
	{ "thp", run_area, all, 64 * MIB, 1, .thp = true, .quick = true },
	{ "thp", run_populated, all, 64 * MIB, 1, .thp = true, .quick = true },
	{ "1024x64k", run_many, all, 64 * KIB, 1024, .quick = true },
	{ "launch", run_launch, vsvm, .quick = true },
	{ "copy", run_copy, vsvm, 16 * MIB, 1, .quick = true },
	{ "move-4k", run_move, movers, 64 * MIB, 1, .quick = true },
	{ "move-thp", run_move, movers, 64 * MIB, 1, .thp = true, .quick = true },
	{ "touch-4k", run_touch, touched_4k, 16 * MIB, 1, .quick = true },
	{ "touch-64k", run_touch, touched_64k, 16 * MIB, 1, .quick = true },
	{ "touch-folio", run_touch, touched_folio, 16 * MIB, 1, .thp = true, .quick = true },
	{ "touch-2m", run_touch, touched_2m, 16 * MIB, 1 },
	{ "evict-4k", run_evict, evictors, 128 * MIB, 1, .room = 64 * MIB },
	{ "evict-thp", run_evict, evictors, 128 * MIB, 1, .room = 64 * MIB, .thp = true },
	{ "8192x16k", run_many, all, 16 * KIB, 8192 },
	{ "read", run_read, all, 64 * MIB, 1 },
	{ "mixed", run_mixed, all, 64 * MIB, 1 },
	{ "unrelated", run_unrelated, all, 16 * MIB, 1 },
	{ "contended", run_contended, mirrors, 4 * MIB, 1, .smp = true },
	{ "prefetch", run_prefetch, vsvm, 16 * MIB, 1 },
	{ "intervals-10", run_intervals, three, PAGE, 10 },
	{ "intervals-100", run_intervals, three, PAGE, 100 },
	{ "intervals-1000", run_intervals, three, PAGE, 1000 },
	{ "intervals-10000", run_intervals, three, PAGE, 10000 },
	{ "intervals-60000", run_intervals, three, PAGE, 60000 },
	{ "policy-large", run_many, policies, 16 * MIB, 4 },
	{ "policy-small", run_many, policies, 16 * KIB, 8192 },
	{ "policy-churn", run_churn, policies, 64 * KIB, 1000 },
	{ "policy-unrelated", run_unrelated, policies, 16 * MIB, 1 },
	{ "policy-contended", run_contended, policies, 4 * MIB, 1, .smp = true },
	{ "density", run_density, none },
};

static const struct row *row;
static int repetition;

void report(const char *metric, const char *contestant, double value)
{
	printf("%s %s %s %d %.2f\n", row->name, metric, contestant, repetition, value);
}

/* Memory that has been in use once, so that the first row finds what the others find. */
static void warm_up(const struct row *row, const struct contestant *c)
{
	struct area a;

	area_map(&a, 256 * MIB, 256 * MIB, 1, false);
	area_touch(&a);
}

static const struct row warm = { "warm-up", warm_up };

static void run(const struct contestant *c)
{
	int status;
	pid_t pid;

	/* The child must not print it again. */
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork: %m");
	if (!pid) {
		if (!c->open(c))
			_exit(77);
		row->run(row, c);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid: %m");
	if (status && status != 77 << 8)
		die("row %s on %s failed: %#x", row->name, c->name, status);
}

/* Is it one of those of its @kind that the arguments name, or do they name none of its kind? */
static bool asked(char **args, const char *kind, const char *name)
{
	bool none = true;

	for (; *args; args++) {
		if (strncmp(*args, kind, strlen(kind)))
			continue;
		if (!strcmp(*args + strlen(kind), name))
			return true;
		none = false;
	}
	return none;
}

int main(int argc, char **argv)
{
	const struct contestant *const *c;
	bool quick, smp;
	int reps;

	if (argc < 3)
		die("usage: bench quick|full REPETITIONS [smp] [row=NAME | who=NAME]...");
	quick = !strcmp(argv[1], "quick");
	reps = atoi(argv[2]);
	argv += 3;
	smp = *argv && !strcmp(*argv, "smp");
	argv += smp;

	row = &warm;
	run(&on_cpu);
	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		if ((quick && !row->quick) || (row->smp && !smp) ||
		    !asked(argv, "row=", row->name))
			continue;
		for (repetition = 0; repetition < reps; repetition++)
			for (c = row->who; *c; c++)
				if (asked(argv, "who=", (*c)->name))
					run(*c);
		fprintf(stderr, "%s\n", row->name);
	}
	return 0;
}
