// SPDX-License-Identifier: MIT
/*
 * The memory of the workloads, the same for all contestants.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define ALIGNMENT	(2 * MIB)

/* Of an entry in /proc/self/pagemap. Nothing is swapped here: so it is memory of a device. */
#define PAGEMAP_SWAPPED	0x4000000000000000ull
#define PAGEMAP_PRESENT	0x8000000000000000ull

uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void area_map(struct area *a, size_t size, size_t stride, unsigned int count, bool thp)
{
	size_t total = stride * count;
	unsigned int i;
	char *p, *at;

	*a = (struct area) { .size = size, .stride = stride, .count = count };
	p = mmap(NULL, total + ALIGNMENT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	if (p == MAP_FAILED)
		die("mmap of %zu bytes: %m", total);
	a->base = p + (-(uintptr_t)p & (ALIGNMENT - 1));

	/* What is not of the area goes: a hole has no VMA. */
	munmap(p, total + ALIGNMENT);
	for (i = 0; i < count; i++) {
		at = a->base + i * stride;
		if (mmap(at, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at)
			die("mmap of mapping %u of %u: %m", i, count);
		if (madvise(at, size, thp ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
			die("madvise: %m");
	}
}

size_t area_pages(const struct area *a)
{
	return a->size / PAGE * a->count;
}

char *area_at(const struct area *a, size_t i)
{
	size_t pages = a->size / PAGE;

	return a->base + i / pages * a->stride + i % pages * PAGE;
}

void area_touch(const struct area *a)
{
	unsigned int i;
	size_t at;

	for (i = 0; i < a->count; i++)
		for (at = 0; at < a->size; at += PAGE)
			store((uint64_t *)(a->base + i * a->stride + at), at);
}

void area_look(const struct area *a)
{
	unsigned int i;
	size_t at;

	for (i = 0; i < a->count; i++)
		for (at = 0; at < a->size; at += PAGE)
			load((uint64_t *)(a->base + i * a->stride + at));
}

void area_load(const struct area *a)
{
	unsigned int i;
	size_t at;

	for (i = 0; i < a->count; i++)
		for (at = 0; at < a->size; at += PAGE)
			if (load((uint64_t *)(a->base + i * a->stride + at)) != at)
				die("mapping %u has lost what was at %zu", i, at);
}

size_t area_in_device(const struct area *a)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t i, found = 0;
	uint64_t entry;

	if (fd < 0)
		die("/proc/self/pagemap: %m");
	for (i = 0; i < area_pages(a); i++) {
		if (pread(fd, &entry, sizeof(entry), (uintptr_t)area_at(a, i) / PAGE * 8) !=
		    sizeof(entry))
			die("/proc/self/pagemap: %m");
		found += (entry & (PAGEMAP_SWAPPED | PAGEMAP_PRESENT)) == PAGEMAP_SWAPPED;
	}
	close(fd);
	return found;
}

void area_forget(const struct area *a)
{
	unsigned int i;

	for (i = 0; i < a->count; i++)
		if (madvise(a->base + i * a->stride, a->size, MADV_DONTNEED))
			die("MADV_DONTNEED: %m");
}

void area_unmap(const struct area *a)
{
	unsigned int i;

	for (i = 0; i < a->count; i++)
		if (munmap(a->base + i * a->stride, a->size))
			die("munmap: %m");
}
