// SPDX-License-Identifier: MIT
/*
 * Invalidations of memory that the device has never seen, in the same process.
 */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define NOISE_SIZE	(64 * KIB)
#define OPS		1000

/* Close to the area, as memory of the same program is. */
static char *noise_map(const struct area *a)
{
	char *p = mmap(a->base - 2 * MIB, NOISE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap beside the area: %m");
	madvise(p, NOISE_SIZE, MADV_NOHUGEPAGE);
	return p;
}

static void noise(char *p)
{
	memset(p, 1, NOISE_SIZE);
	if (madvise(p, NOISE_SIZE, MADV_DONTNEED))
		die("MADV_DONTNEED: %m");
}

/* What the mirror costs the other memory. */
void run_unrelated(const struct row *row, const struct contestant *c)
{
	uint64_t before, start;
	struct area a;
	char *other;
	int i;

	area_map(&a, row->size, row->size, row->count, row->thp);
	other = noise_map(&a);
	if (c->add)
		c->add(&a);
	if (c->prepare)
		c->prepare(&a);
	c->access(&a, true);
	noise(other);

	before = count(c).invalidations;
	start = now();
	for (i = 0; i < OPS; i++)
		noise(other);
	report("op", c->name, (double)(now() - start) / OPS);
	if (c->count)
		report("delivered", c->name, (double)(count(c).invalidations - before) / OPS);
}

static char *thread_memory;
static bool thread_stop;

static void *thread_main(void *arg)
{
	while (!load(&thread_stop)) {
		noise(thread_memory);
		usleep(500);
	}
	return NULL;
}

/* What the other memory costs the mirror: cold faults, alone and with noise. */
void run_contended(const struct row *row, const struct contestant *c)
{
	uint64_t quiet = 0, noisy = 0, start, before;
	pthread_t thread;
	struct area a;
	int i;

	area_map(&a, row->size, row->size, row->count, row->thp);
	thread_memory = noise_map(&a);
	if (c->add)
		c->add(&a);
	c->access(&a, true);
	for (i = 0; i < 8; i++) {
		area_forget(&a);
		start = now();
		c->access(&a, true);
		quiet += now() - start;
	}

	before = count(c).invalidations;
	if (pthread_create(&thread, NULL, thread_main, NULL))
		die("pthread_create: %m");
	for (i = 0; i < 8; i++) {
		area_forget(&a);
		start = now();
		c->access(&a, true);
		noisy += now() - start;
	}
	store(&thread_stop, true);
	pthread_join(thread, NULL);
	report("ratio", c->name, (double)noisy / quiet);
	/* Eight of them are our own. */
	report("delivered", c->name, (double)count(c).invalidations - before - 8);
}
