// SPDX-License-Identifier: MIT
/*
 * Pages of a process; vsvm_mm.h says what each helper does.
 *
 * The swap file lies in /var/tmp, a disk in the guest, and has no holes. A setting is remembered
 * when it is changed first; "always [madvise] never" means the word in brackets.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/swap.h>

#include "vsvm_mm.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define SWAP_FILE	"/var/tmp/vsvm-test.swap"
#define MAX_SETTINGS	16

/* What it takes to have the kernel do what it only tries to do */
#define TRY_NS		(2 * VSVM_WAIT_NS)

static struct setting {
	char path[96];
	char was[64];
} settings[MAX_SETTINGS];

static bool swapping;

static void at_exit(int sig)
{
	vsvm_set_back();
	if (swapping)
		swapoff(SWAP_FILE);
	swapping = false;
	unlink(SWAP_FILE);
}

static void clean_up_at_exit(void)
{
	static bool once;

	if (!once)
		igt_install_exit_handler(at_exit);
	once = true;
}

uint64_t vsvm_pagemap(const void *p)
{
	static int fd = -1;
	static pid_t pid;
	uint64_t word;

	/* A child has a memory of its own. */
	if (fd >= 0 && pid != getpid()) {
		close(fd);
		fd = -1;
	}
	if (fd < 0) {
		pid = getpid();
		fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	}
	igt_require_f(fd >= 0, "/proc/self/pagemap: %m\n");
	igt_assert_eq(pread(fd, &word, sizeof(word), vsvm_ptr(p) / VSVM_PAGE_SIZE * sizeof(word)),
		      sizeof(word));
	return word;
}

uint64_t vsvm_pfn(const void *p)
{
	uint64_t word = vsvm_pagemap(p);

	igt_assert_f(word & VSVM_PM_PRESENT, "%p: no page, %#llx\n", p, (long long)word);
	igt_require_f(word & VSVM_PM_PFN, "pagemap does not say where pages are\n");
	return word & VSVM_PM_PFN;
}

unsigned int vsvm_pagemap_count(const void *p, size_t size, uint64_t bits)
{
	unsigned int count = 0;

	for (size_t i = 0; i < size; i += VSVM_PAGE_SIZE)
		count += (vsvm_pagemap((const uint8_t *)p + i) & bits) == bits;
	return count;
}

uint64_t vsvm_smaps(const void *p, const char *name)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool in = false;
	char line[512];
	uint64_t kib = 0;

	igt_require_f(f, "/proc/self/smaps: %m\n");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			in = vsvm_ptr(p) >= start && vsvm_ptr(p) < end;
			continue;
		}
		if (in && !strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			kib = strtoull(line + strlen(name) + 1, NULL, 10);
	}
	fclose(f);
	return kib;
}

bool __vsvm_number(const char *path, const char *name, uint64_t *value)
{
	FILE *f = fopen(path, "r");
	size_t len = strlen(name);
	bool found = false;
	char line[256];

	while (f && !found && fgets(line, sizeof(line), f)) {
		found = !strncmp(line, name, len) && (!len || strchr(" :\t", line[len]));
		if (found)
			*value = strtoull(line + len + !!len, NULL, 10);
	}
	if (f)
		fclose(f);
	return found;
}

uint64_t vsvm_number(const char *path, const char *name)
{
	uint64_t value = 0;

	igt_require_f(__vsvm_number(path, name, &value), "%s has no %s\n", path, name);
	return value;
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int err = errno;

	if (fd >= 0)
		close(fd);
	errno = err;
	return done;
}

static void remember(const char *path)
{
	char was[256] = "", *mark;
	struct setting *s;
	int fd;

	for (s = settings; s->path[0]; s++) {
		if (!strcmp(s->path, path))
			return;
		igt_assert(s + 1 < settings + MAX_SETTINGS - 1);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	igt_require_f(fd >= 0, "%s: %m\n", path);
	igt_assert(read(fd, was, sizeof(was) - 1) > 0);
	close(fd);
	was[strcspn(was, "\n")] = 0;
	mark = strchr(was, '[');
	if (mark)
		memmove(was, mark + 1, strlen(mark));
	was[strcspn(was, "]")] = 0;
	clean_up_at_exit();
	snprintf(s->was, sizeof(s->was), "%.60s", was);
	snprintf(s->path, sizeof(s->path), "%s", path);
}

void vsvm_set(const char *path, const char *f, ...)
{
	char text[64];
	va_list args;

	va_start(args, f);
	vsnprintf(text, sizeof(text), f, args);
	va_end(args);
	remember(path);
	igt_require_f(put(path, text), "%s does not take %s: %m\n", path, text);
}

void vsvm_set_back(void)
{
	for (struct setting *s = settings; s->path[0]; s++) {
		put(s->path, s->was);
		s->path[0] = 0;
	}
}

void vsvm_tell(const char *path, const char *f, ...)
{
	char text[96];
	va_list args;

	va_start(args, f);
	vsnprintf(text, sizeof(text), f, args);
	va_end(args);
	igt_require_f(!access(path, W_OK), "%s: %m\n", path);
	igt_assert_f(put(path, text), "%s does not take %s: %m\n", path, text);
}

/* Swap */

bool __vsvm_swapfile_on(unsigned int pages)
{
	/* version, last page, bad pages; then the magic at the end of the page */
	uint32_t head[3] = { 1, pages - 1, 0 };
	int fd;

	clean_up_at_exit();
	vsvm_swapfile_off();
	fd = open(SWAP_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	swapping = !posix_fallocate(fd, 0, pages * VSVM_PAGE_SIZE) &&
		   pwrite(fd, head, sizeof(head), 1024) == sizeof(head) &&
		   pwrite(fd, "SWAPSPACE2", 10, VSVM_PAGE_SIZE - 10) == 10 &&
		   !fsync(fd) && !swapon(SWAP_FILE, 0);
	close(fd);
	if (!swapping)
		unlink(SWAP_FILE);
	return swapping;
}

void vsvm_swapfile_on(unsigned int pages)
{
	igt_require_f(__vsvm_swapfile_on(pages), SWAP_FILE ": %m\n");
}

void vsvm_swapfile_off(void)
{
	if (!swapping)
		return;
	igt_assert_f(!swapoff(SWAP_FILE), "swapoff: %m\n");
	unlink(SWAP_FILE);
	swapping = false;
}

/* Of shared memory the page table says no more than that the page is not there; smaps knows. */
static bool is_out(void *p, size_t size)
{
	unsigned int pages = size / VSVM_PAGE_SIZE;

	if (vsvm_pagemap_count(p, size, VSVM_PM_SWAPPED) == pages)
		return true;
	return !vsvm_pagemap_count(p, size, VSVM_PM_PRESENT) &&
	       vsvm_smaps(p, "Swap") >= size / 1024;
}

void vsvm_page_out(void *p, size_t size)
{
	int64_t deadline = vsvm_deadline(TRY_NS);

	igt_assert(swapping);
	do {
		igt_assert_f(vsvm_now() < deadline, "%u of %zu pages in swap\n",
			     vsvm_pagemap_count(p, size, VSVM_PM_SWAPPED),
			     size / (size_t)VSVM_PAGE_SIZE);
		/* pages on the way to a list are passed over; this puts them where they belong */
		vsvm_tell("/proc/sys/vm/drop_caches", "1");
		igt_assert_eq(madvise(p, size, MADV_PAGEOUT), 0);
	} while (!is_out(p, size));
}

/* Large pages */

bool vsvm_collapse(void *p, size_t size)
{
	int64_t deadline = vsvm_deadline(TRY_NS);

	while (madvise(p, size, MADV_COLLAPSE)) {
		if (errno == EINVAL)
			return false;
		/* a page is held by somebody, or no 2M are free at the moment */
		igt_assert_f(errno == EAGAIN || errno == EBUSY || errno == ENOMEM,
			     "MADV_COLLAPSE: %m\n");
		if (vsvm_now() >= deadline)
			return false;
		vsvm_tell("/proc/sys/vm/drop_caches", "1");
		vsvm_tell("/proc/sys/vm/compact_memory", "1");
	}
	return true;
}

uint64_t vsvm_huge_kib(const void *p)
{
	return vsvm_smaps(p, "AnonHugePages") + vsvm_smaps(p, "ShmemPmdMapped") +
	       vsvm_smaps(p, "FilePmdMapped");
}
