// SPDX-License-Identifier: MIT
/*
 * The kernel's own test of HMM, lib/test_hmm.c, unmodified: built at the time of the benchmark from
 * the source of the guest's kernel. Faults in runs of 32 pages, an xarray for a page table, one
 * notifier for the whole process.
 *
 * Its calls copy whole pages to or from memory of the caller, by way of a buffer of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "bench.h"

#if __has_include("test_hmm_uapi.h")
#include "test_hmm_uapi.h"

static char *buffer;
static size_t buffer_size;
static int fd;

static bool test_hmm_open(const struct contestant *c)
{
	fd = open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC);
	return fd >= 0;
}

/* What is copied to and from has been touched before. */
static void need_buffer(size_t size)
{
	if (size <= buffer_size)
		return;
	buffer = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (buffer == MAP_FAILED)
		die("mmap of a buffer: %m");
	buffer_size = size;
}

static void call(unsigned long request, const struct area *a)
{
	unsigned int i;

	for (i = 0; i < a->count; i++) {
		struct hmm_dmirror_cmd cmd = {
			.addr = (uintptr_t)a->base + i * a->stride,
			.npages = a->size / PAGE,
			.ptr = (uintptr_t)buffer,
		};

		while (ioctl(fd, request, &cmd))
			if (errno != EINTR)
				die("test_hmm: %m");
	}
}

static void test_hmm_access(const struct area *a, bool write)
{
	call(write ? HMM_DMIRROR_WRITE : HMM_DMIRROR_READ, a);
}

static void test_hmm_to_device(const struct area *a)
{
	call(HMM_DMIRROR_MIGRATE_TO_DEV, a);
}

static void test_hmm_to_system(const struct area *a)
{
	call(HMM_DMIRROR_MIGRATE_TO_SYS, a);
}

static void test_hmm_prepare(const struct area *a)
{
	need_buffer(a->size);
}

#else

static bool test_hmm_open(const struct contestant *c)
{
	return false;
}

static void test_hmm_prepare(const struct area *a)
{
}

static void test_hmm_access(const struct area *a, bool write)
{
}

static void test_hmm_to_device(const struct area *a)
{
}

static void test_hmm_to_system(const struct area *a)
{
}

#endif

const struct contestant on_test_hmm = {
	.name = "test_hmm",
	.open = test_hmm_open,
	.prepare = test_hmm_prepare,
	.access = test_hmm_access,
	.to_device = test_hmm_to_device,
	.to_system = test_hmm_to_system,
	.copies = true,
};
