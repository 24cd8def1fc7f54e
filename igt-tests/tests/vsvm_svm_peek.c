// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm peek
 * Description: Others who write memory that the GPU has, and who look whether the GPU wrote it
 */
#include <linux/fs.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "vsvm_busy.h"
#include "vsvm_mm.h"
#include "vsvm_uffd.h"

IGT_TEST_DESCRIPTION("Others who write memory that the GPU has, or look whether the GPU wrote it");

#define PAGES	32
#define SIZE	(PAGES * PAGE)

/* Not in every header */
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC	0x8000
#endif

/* What is there when others come: a private mapping of a file, or anonymous memory */
struct peeked {
	struct known k;
	int file;
};

static void begin(struct svm *t, struct peeked *m, int fd, bool file)
{
	uint8_t *p = svm_buffer(SIZE);

	busy_init(t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	known_init(&m->k, p, SIZE);
	vsvm_rand_fill(&m->k.rng, m->k.want, SIZE);
	m->file = -1;
	if (file) {
		m->file = svm_temp_file(SIZE);
		igt_assert_eq(pwrite(m->file, m->k.want, SIZE, 0), SIZE);
		igt_assert(mmap(p, SIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED, m->file, 0) == p);
	} else {
		svm_copy(t, p, m->k.want, SIZE);
	}
	known_expect_gpu(&m->k, t);
}

static void end(struct svm *t, struct peeked *m)
{
	svm_fini(t);
	svm_buffer_free(m->k.p, SIZE);
	known_fini(&m->k);
	if (m->file >= 0)
		close(m->file);
}

/* A debugger's way in */
static void attach(pid_t pid)
{
	int status;

	igt_assert_f(!ptrace(PTRACE_SEIZE, pid, 0, 0), "PTRACE_SEIZE: %m\n");
	igt_assert_eq(ptrace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	igt_assert_eq(waitpid(pid, &status, __WALL), pid);
	igt_assert_f(WIFSTOPPED(status), "status %#x\n", status);
}

static void poke(pid_t pid, uint8_t *p, uint64_t value)
{
	igt_assert_f(!ptrace(PTRACE_POKEDATA, pid, p, value), "PTRACE_POKEDATA: %m\n");
}

static void write_mem(pid_t pid, uint8_t *p, const void *bytes, size_t size)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	igt_assert_fd(fd);
	igt_assert_eq(pwrite(fd, bytes, size, vsvm_ptr(p)), size);
	close(fd);
}

/*
 * A debugger writes where the process itself must not: the page becomes a copy of the process's
 * own, while the GPU has the one before, for reading.
 */
static void test_force(int fd, bool file)
{
	uint64_t was = 0, is;
	struct peeked m;
	struct svm t;

	begin(&t, &m, fd, file);
	for (unsigned int round = 0; round < 3; round++) {
		const unsigned int page = 3 + round, other = 20 + round;

		igt_assert_eq(mprotect(m.k.p, SIZE, PROT_READ), 0);
		known_expect_gpu(&m.k, &t);
		was = vsvm_pfn(m.k.p + page * PAGE);
		vsvm_rand_fill(&m.k.rng, m.k.want + page * PAGE + 16, 8);
		vsvm_rand_fill(&m.k.rng, m.k.want + other * PAGE + 50, 2000);
		/* A child that shares all pages, as long as nobody writes them. */
		igt_fork(child, 1) {
			pid_t pid = getppid();

			attach(pid);
			poke(pid, m.k.p + page * PAGE + 16,
			     *(uint64_t *)(m.k.want + page * PAGE + 16));
			write_mem(pid, m.k.p + other * PAGE + 50,
				  m.k.want + other * PAGE + 50, 2000);
			igt_assert_eq(ptrace(PTRACE_DETACH, pid, 0, 0), 0);
			/* and its own is as it was */
			igt_assert(memcmp(m.k.p + page * PAGE, m.k.want + page * PAGE, 24));
		}
		igt_waitchildren();
		is = vsvm_pfn(m.k.p + page * PAGE);
		igt_assert_neq_u64(was, is);
		known_expect(&m.k, &t);
		svm_expect_error(&t, m.k.p + page * PAGE, VSVM_ACCESS_WRITE,
				 VSVM_ERROR_PERMISSION);
	}
	if (file) {
		igt_assert_eq(pread(m.file, m.k.got, SIZE, 0), SIZE);
		igt_assert(memcmp(m.k.got, m.k.want, SIZE));
		igt_assert(!memcmp(m.k.got + 10 * PAGE, m.k.want + 10 * PAGE, 10 * PAGE));
	}
	end(&t, &m);
}

/* Another process reads and writes, by pages that it shared with us before */
static void test_vm_write(int fd)
{
	struct peeked m;
	struct svm t;

	igt_require_f(!process_vm_readv(getpid(), NULL, 0, NULL, 0, 0), "process_vm_readv: %m\n");
	begin(&t, &m, fd, false);
	for (unsigned int round = 0; round < 4; round++) {
		known_write_part(&m.k, &t, 0, SIZE);
		igt_fork(child, 1) {
			struct iovec mine = { m.k.got, SIZE }, theirs = { m.k.p, SIZE };

			igt_assert_eq(process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0), SIZE);
			igt_assert(!memcmp(m.k.got, m.k.want, SIZE));
			for (unsigned int i = 0; i < SIZE; i++)
				m.k.got[i] ^= 0xff;
			mine.iov_len = SIZE / 2;
			theirs.iov_len = SIZE / 2;
			igt_assert_eq(process_vm_writev(getppid(), &mine, 1, &theirs, 1, 0),
				      SIZE / 2);
			igt_assert(!memcmp(m.k.p, m.k.want, SIZE));
		}
		igt_waitchildren();
		for (unsigned int i = 0; i < SIZE / 2; i++)
			m.k.want[i] ^= 0xff;
		known_expect(&m.k, &t);
		known_write_part(&m.k, &t, SIZE / 4, SIZE / 2);
		known_expect(&m.k, &t);
	}
	end(&t, &m);
}

static int open_direct(int file)
{
	char path[32];
	int direct;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	direct = open(path, O_RDWR | O_DIRECT);
	igt_require_f(direct >= 0, "O_DIRECT: %m\n");
	return direct;
}

/* A disk reads into pages that the GPU has, and writes from them */
static void test_direct(int fd)
{
	int file = svm_temp_file(SIZE), direct = open_direct(file);
	struct peeked m;
	struct svm t;

	begin(&t, &m, fd, false);
	for (unsigned int round = 0; round < 4; round++) {
		/* the second time, into pages that a child has too */
		igt_fork(child, (int)round % 2)
			pause();
		vsvm_rand_fill(&m.k.rng, m.k.want, SIZE);
		igt_assert_eq(pwrite(file, m.k.want, SIZE, 0), SIZE);
		igt_assert_eq(fsync(file), 0);
		igt_assert_eq(pread(direct, m.k.p, SIZE, 0), SIZE);
		known_expect(&m.k, &t);
		known_write_part(&m.k, &t, 3 * PAGE + 9, SIZE / 2);
		igt_assert_eq(pwrite(direct, m.k.p, SIZE, 0), SIZE);
		igt_assert_eq(pread(file, m.k.got, SIZE, 0), SIZE);
		igt_assert(!memcmp(m.k.got, m.k.want, SIZE));
		known_expect(&m.k, &t);
		igt_kill_children(SIGKILL);
		(void)__igt_waitchildren();
	}
	end(&t, &m);
	close(direct);
	close(file);
}

/* Half of each page is read by a disk, the GPU writes in the other half */
static void test_direct_busy(int fd)
{
	const size_t size = BUSY_LANES * PAGE;
	int file = svm_temp_file(size), direct = open_direct(file);
	uint8_t *p = svm_buffer(size), *bytes = svm_buffer(size);
	struct vsvm_rng rng = { 7 };
	struct svm t;

	busy_init(&t, fd);
	igt_assert_eq(madvise(p, size, MADV_NOHUGEPAGE), 0);
	busy_start(&t, p, PAGE, 0);
	for (unsigned int round = 0; round < 4; round++) {
		vsvm_rand_fill(&rng, bytes, size);
		igt_assert_eq(pwrite(file, bytes, size, 0), size);
		igt_assert_eq(fsync(file), 0);
		busy_rounds(1);
		for (unsigned int i = 0; i < size; i += PAGE) {
			igt_assert_eq(pread(direct, p + i + PAGE / 2, PAGE / 2, i + PAGE / 2),
				      PAGE / 2);
			/* so that the GPU asks for its pages anew */
			if (i % (8 * PAGE) == 0)
				vsvm_tell("/proc/self/clear_refs", "4");
			igt_assert(!memcmp(p + i + PAGE / 2, bytes + i + PAGE / 2, PAGE / 2));
		}
		busy_rounds(1);
	}
	busy_stop();
	svm_copy(&t, bytes, p, size);
	igt_assert(!memcmp(bytes, p, size));
	svm_fini(&t);
	svm_buffer_free(p, size);
	svm_buffer_free(bytes, size);
	close(direct);
	close(file);
}

/* Which pages were written since: what checkpoints go by. The GPU writes every third page. */
static bool is_third(unsigned int i, unsigned int round)
{
	return i % 3 == round % 3;
}

static void write_thirds(struct svm *t, struct known *k, unsigned int round)
{
	for (unsigned int i = 0; i < PAGES; i++)
		if (is_third(i, round))
			known_write_part(k, t, i * PAGE + 64, 64);
}

static void test_soft_dirty(int fd)
{
	struct peeked m;
	struct svm t;

	begin(&t, &m, fd, false);
	for (unsigned int round = 0; round < 6; round++) {
		vsvm_tell("/proc/self/clear_refs", "4");
		igt_assert_eq(vsvm_pagemap_count(m.k.p, SIZE, VSVM_PM_SOFT_DIRTY), 0);
		/* one time the GPU has them for reading, one time not at all */
		if (round % 2)
			known_expect_gpu(&m.k, &t);
		igt_assert_eq(vsvm_pagemap_count(m.k.p, SIZE, VSVM_PM_SOFT_DIRTY), 0);
		write_thirds(&t, &m.k, round);
		for (unsigned int i = 0; i < PAGES; i++)
			igt_assert_f(!(vsvm_pagemap(m.k.p + i * PAGE) & VSVM_PM_SOFT_DIRTY) ==
				     !is_third(i, round), "page %u: %#llx\n", i,
				     (long long)vsvm_pagemap(m.k.p + i * PAGE));
		/* nor does anything become of who was looked at, not written */
		vsvm_tell("/proc/self/clear_refs", "1");
		known_expect(&m.k, &t);
	}
	end(&t, &m);
}

/* Pages of a range with (or, inverted, without) a property, as bits */
static uint64_t scan(const uint8_t *p, uint64_t category, uint64_t inverted, uint64_t flags)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	struct page_region found[PAGES];
	struct pm_scan_arg arg = {
		.size = sizeof(arg), .flags = flags,
		.start = vsvm_ptr(p), .end = vsvm_ptr(p) + SIZE,
		.vec = vsvm_ptr(found), .vec_len = PAGES,
		.category_inverted = inverted, .category_mask = category,
		.return_mask = category,
	};
	uint64_t bits = 0;
	int count;

	igt_assert_fd(fd);
	count = ioctl(fd, PAGEMAP_SCAN, &arg);
	igt_require_f(count >= 0 || errno != EINVAL, "PAGEMAP_SCAN %#llx: %m\n",
		      (long long)category);
	igt_assert_f(count >= 0, "PAGEMAP_SCAN: %m\n");
	close(fd);
	for (int i = 0; i < count; i++)
		for (uint64_t at = found[i].start; at < found[i].end; at += PAGE)
			bits |= 1ull << (at - vsvm_ptr(p)) / PAGE;
	return bits;
}

static void test_scan(int fd)
{
	int uffd = uffd_open(UFFD_FEATURE_WP_ASYNC);
	uint64_t want;
	struct peeked m;
	struct svm t;

	begin(&t, &m, fd, false);
	uffd_watch(uffd, m.k.p, SIZE, UFFDIO_REGISTER_MODE_WP);
	for (unsigned int round = 0; round < 6; round++) {
		scan(m.k.p, PAGE_IS_WRITTEN, 0, PM_SCAN_WP_MATCHING);
		igt_assert_eq_u64(scan(m.k.p, PAGE_IS_WRITTEN, 0, 0), 0);
		if (round % 2)
			known_expect_gpu(&m.k, &t);
		igt_assert_eq_u64(scan(m.k.p, PAGE_IS_WRITTEN, 0, 0), 0);
		write_thirds(&t, &m.k, round);
		want = 0;
		for (unsigned int i = 0; i < PAGES; i++)
			want |= (uint64_t)is_third(i, round) << i;
		igt_assert_eq_u64(scan(m.k.p, PAGE_IS_WRITTEN, 0, 0), want);
		known_expect(&m.k, &t);
	}
	uffd_expect_none(uffd);
	close(uffd);
	known_write(&m.k, &t);
	known_expect(&m.k, &t);
	end(&t, &m);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("A debugger writes into a file's read-only page: the GPU sees the old one");
	igt_subtest("force-file")
		test_force(fd, true);
	igt_describe("A debugger writes into a read-only page, and the GPU sees the old one");
	igt_subtest("force-anon")
		test_force(fd, false);
	igt_describe("The GPU does not see what another process writes, or that one what it wrote");
	igt_subtest("vm-write")
		test_vm_write(fd);
	igt_describe("The GPU does not see what a disk read, or the disk what the GPU wrote");
	igt_subtest("direct")
		test_direct(fd);
	igt_describe("A disk that reads into the GPU's pages and the GPU lose each other's bytes");
	igt_subtest("direct-busy")
		test_direct_busy(fd);
	igt_describe("What the GPU writes is missing from the pages written since (soft-dirty)");
	igt_subtest("soft-dirty")
		test_soft_dirty(fd);
	igt_describe("What the GPU writes is missing from the pages written since (PAGEMAP_SCAN)");
	igt_subtest("scan")
		test_scan(fd);

	igt_fixture()
		drm_close_driver(fd);
}
