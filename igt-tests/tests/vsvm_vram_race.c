// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram race
 * Description: Memory on its way to VRAM and back against whatever else happens to it, in order
 *
 * At migrate-pages and migrate-done whoever is held has mmap_lock for reading: what changes
 * mappings waits, and is a call in a thread of its own. So does making a thread: it is there
 * before, and told to go on (told_*()).
 */
#include "vsvm_race.h"
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("Memory on its way to VRAM and back against what else happens to it");

#define PAGES	4
#define SIZE	(PAGES * PAGE)

/* Points on the way to VRAM */
static const char *const to_vram[] = { "migrate-pages", "migrate-done" };

static int call_read(struct call *c)
{
	*(uint64_t *)c->to = READ_ONCE(*(uint64_t *)c->p);
	return 0;
}

static int call_write(struct call *c)
{
	WRITE_ONCE(*(uint64_t *)c->p, 0x77);
	return 0;
}

static int call_truncate(struct call *c)
{
	return ftruncate(c->prot, 0) ? -errno : 0;
}

static void begin(struct svm *t, int fd)
{
	race_init(t, fd);
}

/* Pages of the CPU's, numbered from 1 on, that are wanted in VRAM */
static uint8_t *numbered(struct svm *t, unsigned int pages, bool huge)
{
	uint8_t *p = huge ? vram_huge(t, pages / BLOCK_PAGES) : vram_buffer(t, pages);

	svm_number_pages(p, pages, 1);
	return p;
}

/* The GPU brings pages there, the CPU wants one of them meanwhile */
static void test_gpu_cpu(int fd, const char *point, bool huge, bool write)
{
	struct call call = { .fn = write ? call_write : call_read };
	const unsigned int pages = huge ? BLOCK_PAGES : PAGES;
	uint64_t *seen = svm_buffer(PAGE);
	struct vsvm_hold hold;
	struct svm t;
	uint8_t *p;

	*seen = 0;
	begin(&t, fd);
	p = numbered(&t, pages, huge);
	call.p = p + PAGE;
	call.to = seen;
	told_start(&call);
	race_arm(&hold, &t, point, p, pages * PAGE);
	race_call_waits(&hold, &t, p, &call);
	if (write)
		igt_assert_eq_u64(*(uint64_t *)(p + PAGE), 0x77);
	else
		igt_assert_eq_u64(*seen, 2);
	*(uint64_t *)(p + PAGE) = 2;
	svm_expect_pages(&t, p, pages, 1);
	vram_check(p, pages, 1);
	svm_buffer_free(p, pages * PAGE);
	svm_buffer_free(seen, PAGE);
	svm_fini(&t);
}

/* The CPU is about to bring a page back, another VM's GPU faults on it and writes it first */
static void test_cpu_gpu(int fd, bool huge)
{
	const unsigned int pages = huge ? BLOCK_PAGES : PAGES;
	uint64_t *seen = svm_buffer(PAGE);
	struct call call = { .fn = call_read, .to = seen };
	struct vsvm_hold hold;
	struct svm t, u;
	uint8_t *p;

	*seen = 0;
	begin(&t, fd);
	svm_init(&u, fd);
	p = numbered(&t, pages, huge);
	svm_expect_pages(&t, p, pages, 1);
	vram_expect_pages(&t, pages);
	call.p = p + PAGE;
	told_start(&call);
	race_arm(&hold, &t, "cpu-fault", p, pages * PAGE);
	told_go(&call);
	vsvm_hold_wait(&hold);
	igt_assert_eq_u64(svm_read(&u, p + PAGE), 2);
	svm_write(&u, p + PAGE, 0x600d);
	vram_expect_pages(&t, pages);
	vsvm_hold_release(&hold);
	call_finish(&call);
	igt_assert_eq_u64(*seen, 0x600d);
	igt_assert_eq_u64(svm_read(&u, p + PAGE), 0x600d);
	*(uint64_t *)(p + PAGE) = 2;
	svm_expect_pages(&u, p, pages, 1);
	vram_check(p, pages, 1);
	svm_fini(&u);
	svm_buffer_free(p, pages * PAGE);
	svm_buffer_free(seen, PAGE);
	svm_fini(&t);
}

/* The VM that brought it there goes, or its file, while a CPU waits for it */
static void test_cpu_gone(int fd, bool file)
{
	int own = file ? drm_reopen_driver(fd) : fd;
	uint64_t *seen = svm_buffer(PAGE);
	struct call call = { .fn = call_read, .to = seen };
	struct vsvm_hold hold;
	struct svm t;
	uint8_t *p;

	*seen = 0;
	begin(&t, own);
	p = numbered(&t, PAGES, false);
	svm_expect_pages(&t, p, PAGES, 1);
	vram_expect_pages(&t, PAGES);
	race_arm(&hold, &t, "cpu-fault", p, SIZE);
	call.p = p + PAGE;
	call_start(&call);
	vsvm_hold_wait(&hold);
	/* the hold goes with it, and whoever is held goes on */
	if (file)
		close(own);
	else
		svm_fini(&t);
	call_finish(&call);
	igt_assert_eq_u64(*seen, 2);
	vram_check(p, PAGES, 1);
	if (file)
		vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(p, SIZE);
	svm_buffer_free(seen, PAGE);
}

/* What wants room: a page that its chunk has no room for */
#define MORE	VSVM_2M

/*
 * A VM that may have two chunks has one full of 4K pages, or of one of 2M, and then another. For
 * the page at MORE behind the latter the first one has to make room.
 */
static uint8_t *begin_evict(struct svm *t, int fd, bool huge, uint8_t **other)
{
	struct drm_vsvm_vm_create args = {
		.flags = DRM_VSVM_VM_SVM,
		.vram_limit = 2 * VSVM_2M,
		.counter_threshold = DRM_VSVM_COUNTER_OFF,
	};
	uint8_t *p;

	vsvm_hold_release_all();
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &args), 0);
	svm_init_vm(t, fd, args.vm_id);
	p = numbered(t, BLOCK_PAGES, huge);
	*other = vram_buffer(t, MORE / PAGE + PAGES);
	svm_expect_pages(t, p, BLOCK_PAGES, 1);
	vram_expect_pages(t, BLOCK_PAGES);
	svm_settle(t);
	svm_fill(t, *other, MORE, 100);
	vram_expect_pages(t, BLOCK_PAGES + MORE / PAGE);
	igt_assert_eq_u64(svm_stats(t).pages_evicted, 0);
	return p;
}

static void end_evict(struct svm *t, uint8_t *p, uint8_t *other, uint64_t seqno)
{
	vsvm_finish(&t->ctx, seqno);
	igt_assert_eq_u64(*(uint64_t *)other, 100);
	igt_assert_eq_u64(*(uint64_t *)(other + MORE), 0x600d);
	svm_buffer_free(p, VSVM_2M);
	svm_buffer_free(other, MORE + SIZE);
	vram_expect_pages(t, 0);
	svm_fini(t);
}

static void test_evict_cpu(int fd, bool cpu_first)
{
	uint64_t seqno, *seen = svm_buffer(PAGE);
	struct call call = { .fn = call_read, .to = seen };
	struct vsvm_hold hold;
	uint8_t *p, *other;
	struct svm t;

	*seen = 0;
	p = begin_evict(&t, fd, false, &other);
	call.p = p + PAGE;
	told_start(&call);
	if (cpu_first) {
		race_arm(&hold, &t, "cpu-fault", p, VSVM_2M);
		told_go(&call);
		vsvm_hold_wait(&hold);
		seqno = race_write(&t, other + MORE, 0x600d);
		/* it does without the one page, and the next chunk makes room */
		vsvm_finish(&t.ctx, seqno);
		igt_assert_lt_u64(MORE / PAGE, svm_stats(&t).pages_evicted);
		igt_assert_lt_u64(svm_stats(&t).pages_evicted, MORE / PAGE + BLOCK_PAGES);
		igt_assert_eq_u64(svm_stats(&t).kept_full, 0);
		igt_assert(!call_is_done(&call));
	} else {
		vsvm_hold_arm(&hold, fd, t.ctx.vm, "evict-pages");
		seqno = race_write(&t, other + MORE, 0x600d);
		vsvm_hold_wait(&hold);
		told_go(&call);
		usleep(MOMENT);
		igt_assert(!call_is_done(&call));
	}
	vsvm_hold_release(&hold);
	call_finish(&call);
	igt_assert_eq_u64(*seen, 2);
	vram_check(p, BLOCK_PAGES, 1);
	svm_buffer_free(seen, PAGE);
	end_evict(&t, p, other, seqno);
}

/* What is making room is unmapped, or moves, which waits, or is thrown away, which does not */
static void test_evict_call(int fd, int (*fn)(struct call *))
{
	struct call call = { .fn = fn, .size = VSVM_2M, .to = svm_buffer(VSVM_2M) };
	struct vsvm_hold hold;
	uint8_t *p, *other;
	uint64_t seqno;
	struct svm t;

	p = begin_evict(&t, fd, false, &other);
	call.p = p;
	told_start(&call);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, "evict-pages");
	seqno = race_write(&t, other + MORE, 0x600d);
	vsvm_hold_wait(&hold);
	told_go(&call);
	if (fn == call_dontneed) {
		call_finish(&call);
		igt_assert(vsvm_hold_is_held(&hold));
	} else {
		usleep(MOMENT);
		igt_assert(!call_is_done(&call));
	}
	vsvm_hold_release(&hold);
	if (fn != call_dontneed)
		call_finish(&call);
	vsvm_finish(&t.ctx, seqno);
	if (fn == call_mremap) {
		vram_check(call.to, BLOCK_PAGES, 1);
		svm_expect_pages(&t, call.to, BLOCK_PAGES, 1);
	} else if (fn == call_dontneed) {
		for (unsigned int i = 0; i < BLOCK_PAGES; i++)
			igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), 0);
	} else {
		svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	}
	svm_buffer_free(call.to, VSVM_2M);
	end_evict(&t, p, other, seqno);
}

/*
 * 2M are thrown away while they make room. The kernel must not find them on their way: it waits,
 * and so does whoever has a page fault. The thread is there before, and the hold has a limit.
 */
static void test_evict_huge(int fd)
{
	struct call call = { .fn = call_dontneed, .size = VSVM_2M };
	struct vsvm_hold hold;
	uint8_t *p, *other;
	uint64_t seqno;
	struct svm t;

	p = begin_evict(&t, fd, true, &other);
	call.p = p;
	told_start(&call);
	vsvm_hold_arm_options(&hold, fd, t.ctx.vm, "evict-pages", "limit=3000");
	seqno = race_write(&t, other + MORE, 0x600d);
	igt_assert_eq(__vsvm_hold_wait(&hold, VSVM_WAIT_NS / NSEC_PER_MSEC), 0);
	told_go(&call);
	usleep(MOMENT);
	vsvm_hold_release(&hold);
	call_finish(&call);
	vsvm_finish(&t.ctx, seqno);
	for (unsigned int i = 0; i < BLOCK_PAGES; i++)
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), 0);
	end_evict(&t, p, other, seqno);
}

/* The pages are on their way there, and the process unmaps them or moves them away */
static void test_migrate_call(int fd, const char *point, int (*fn)(struct call *), bool huge)
{
	const unsigned int pages = huge ? BLOCK_PAGES : PAGES;
	struct call call = { .fn = fn, .size = pages * PAGE, .to = svm_buffer(pages * PAGE) };
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;
	uint8_t *p;
	bool done;

	begin(&t, fd);
	p = numbered(&t, pages, huge);
	call.p = p;
	told_start(&call);
	race_arm(&hold, &t, point, p, pages * PAGE);
	seqno = race_write(&t, p, 0x600d);
	vsvm_hold_wait(&hold);
	told_go(&call);
	usleep(MOMENT);
	igt_assert(!call_is_done(&call));
	vsvm_hold_release(&hold);
	call_finish(&call);
	done = vsvm_finish_or_error(&t.ctx, seqno, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE);
	if (fn == call_mremap) {
		igt_assert_eq_u64(*(uint64_t *)call.to, done ? 0x600d : 1);
		*(uint64_t *)call.to = 1;
		svm_expect_pages(&t, call.to, pages, 1);
		vram_check(call.to, pages, 1);
	} else {
		vram_expect_pages(&t, 0);
	}
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_buffer_free(call.to, pages * PAGE);
	svm_buffer_free(p, pages * PAGE);
	vram_expect_pages(&t, 0);
	svm_fini(&t);
}

/* Thrown away on the way: what gets there is nobody's, and the GPU sees zeros */
static void test_migrate_dontneed(int fd, const char *point, bool huge)
{
	const unsigned int pages = huge ? BLOCK_PAGES : PAGES;
	struct call call = { .fn = call_dontneed, .size = pages * PAGE };
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;
	uint8_t *p;

	begin(&t, fd);
	p = numbered(&t, pages, huge);
	call.p = p;
	told_start(&call);
	race_arm(&hold, &t, point, p, pages * PAGE);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	told_go(&call);
	call_finish(&call);
	igt_assert(vsvm_hold_is_held(&hold));
	vsvm_hold_release(&hold);
	race_expect_value(&t, seqno, 0);
	svm_expect_zeros(&t, p, pages);
	for (unsigned int i = 0; i < pages; i++)
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), 0);
	vram_number_gpu(&t, p, pages, 300);
	vram_check(p, pages, 300);
	svm_buffer_free(p, pages * PAGE);
	vram_expect_pages(&t, 0);
	svm_fini(&t);
}

/* The child has what there was, the parent's GPU writes */
static void test_migrate_fork(int fd, const char *point, bool huge)
{
	uint32_t *go = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const unsigned int pages = huge ? BLOCK_PAGES : PAGES;
	struct call call = { .fn = call_fork, .to = go };
	struct vsvm_hold hold;
	struct svm t;
	int status;
	uint8_t *p;

	igt_assert(go != MAP_FAILED);
	begin(&t, fd);
	p = numbered(&t, pages, huge);
	call.p = p + PAGE;
	told_start(&call);
	race_arm(&hold, &t, point, p, pages * PAGE);
	race_call_waits(&hold, &t, p, &call);
	svm_write(&t, p + PAGE, 0x600d);
	__atomic_store_n(go, 1, __ATOMIC_SEQ_CST);
	igt_assert_eq(waitpid(call.ret, &status, 0), call.ret);
	igt_assert(WIFEXITED(status));
	igt_assert_eq(WEXITSTATUS(status), 2);
	igt_assert_eq_u64(*(uint64_t *)(p + PAGE), 0x600d);
	*(uint64_t *)(p + PAGE) = 2;
	svm_expect_pages(&t, p, pages, 1);
	vram_check(p, pages, 1);
	svm_buffer_free(p, pages * PAGE);
	munmap(go, PAGE);
	svm_fini(&t);
}

/* The file gets shorter: what the process has copied of it goes, too */
static void test_truncate(int fd, const char *point)
{
	struct call call = { .fn = call_truncate, .prot = svm_temp_file(SIZE) };
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	begin(&t, fd);
	igt_assert(mmap(p, SIZE, RW, MAP_PRIVATE | MAP_FIXED, call.prot, 0) == p);
	svm_number_pages(p, PAGES, 1);
	vram_prefer(&t, p, SIZE);
	told_start(&call);
	race_arm(&hold, &t, point, p, SIZE);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	told_go(&call);
	call_finish(&call);
	igt_assert(vsvm_hold_is_held(&hold));
	vsvm_hold_release(&hold);
	race_expect_error(&t, VSVM_ERROR_BUS, VSVM_ACCESS_READ, p);
	(void)seqno;
	vram_expect_pages(&t, 0);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
	close(call.prot);
}

/*
 * The GPU has a copy to read of a page of a private mapping, and not mapped it. Who writes the
 * page, throws it away or unmaps it is not held up, and what he did counts.
 */
static void test_copy(int fd, int (*fn)(struct call *))
{
	struct call call = { .fn = fn, .size = SIZE };
	int file = memfd_create("vsvm", MFD_ALLOW_SEALING);
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	begin(&t, fd);
	igt_assert_eq(ftruncate(file, SIZE), 0);
	igt_assert(mmap(p, SIZE, RW, MAP_SHARED | MAP_FIXED, file, 0) == p);
	svm_number_pages(p, PAGES, 1);
	vsvm_unmap(p, SIZE);
	igt_assert_eq(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), 0);
	igt_assert(mmap(p, SIZE, RW, MAP_PRIVATE | MAP_FIXED, file, 0) == p);
	igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p, SIZE, DRM_VSVM_ATTR_READ_MOSTLY, 1), 0);
	call.p = p;
	call.prot = file;
	race_arm(&hold, &t, "duplicate-pages", p, SIZE);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	call_start(&call);
	call_finish(&call);
	igt_assert(vsvm_hold_is_held(&hold));
	vsvm_hold_release(&hold);
	if (fn == call_write)
		race_expect_value(&t, seqno, 0x77);
	else if (fn == call_dontneed)
		race_expect_value(&t, seqno, 1);
	else
		race_expect_error(&t, fn == call_truncate ? VSVM_ERROR_BUS : VSVM_ERROR_UNMAPPED,
				  VSVM_ACCESS_READ, p);
	igt_assert_eq_u64(svm_stats(&t).duplicates, fn == call_dontneed);
	svm_buffer_free(p, SIZE);
	vram_expect_pages(&t, 0);
	svm_fini(&t);
	close(file);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_hold_setup();
		vram_require(fd);
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(to_vram); i++) {
		const char *at = to_vram[i];

		igt_describe("A CPU that wants a page on its way to VRAM does not get its bytes");
		igt_subtest_f("gpu-first-%s-read", at)
			test_gpu_cpu(fd, at, false, false);
		igt_describe("What a CPU writes to a page on its way to VRAM is lost");
		igt_subtest_f("gpu-first-%s-write", at)
			test_gpu_cpu(fd, at, false, true);
		igt_describe("What a CPU writes to 2M on their way to VRAM is lost");
		igt_subtest_f("gpu-first-%s-write-huge", at)
			test_gpu_cpu(fd, at, true, true);
		for (int huge = 0; huge < 2; huge++) {
			const char *name = huge ? "-huge" : "";

			igt_describe("Memory that is unmapped on its way to VRAM stays there");
			igt_subtest_f("%s-munmap%s", at, name)
				test_migrate_call(fd, at, call_munmap, huge);
			igt_describe("Memory that moves on its way to VRAM is lost");
			igt_subtest_f("%s-mremap%s", at, name)
				test_migrate_call(fd, at, call_mremap, huge);
			igt_describe("Memory thrown away on its way to VRAM is there still");
			igt_subtest_f("%s-dontneed%s", at, name)
				test_migrate_dontneed(fd, at, huge);
			igt_describe("A child gets other bytes if memory goes to VRAM during fork");
			igt_subtest_f("%s-fork%s", at, name)
				test_migrate_fork(fd, at, huge);
		}
		igt_describe("A file's end is missed by what is on its way to VRAM");
		igt_subtest_f("%s-truncate", at)
			test_truncate(fd, at);
	}
	igt_describe("What another GPU writes to a page that a CPU brings back is lost");
	igt_subtest("cpu-first")
		test_cpu_gpu(fd, false);
	igt_describe("What another GPU writes to 2M that a CPU brings back is lost");
	igt_subtest("cpu-first-huge")
		test_cpu_gpu(fd, true);
	igt_describe("A CPU that wants a page in VRAM falls when the VM goes");
	igt_subtest("cpu-vm-destroy")
		test_cpu_gone(fd, false);
	igt_describe("A CPU that wants a page in VRAM falls when the file is closed");
	igt_subtest("cpu-close")
		test_cpu_gone(fd, true);
	igt_describe("A CPU that wants a page that makes room gets other bytes");
	igt_subtest("evict-first-cpu")
		test_evict_cpu(fd, false);
	igt_describe("Who wants room waits for a CPU, or takes a page from it");
	igt_subtest("cpu-first-evict")
		test_evict_cpu(fd, true);
	igt_describe("Memory that makes room cannot be unmapped, or is unmapped twice");
	igt_subtest("evict-first-munmap")
		test_evict_call(fd, call_munmap);
	igt_describe("Memory thrown away while it makes room is there still");
	igt_subtest("evict-first-dontneed")
		test_evict_call(fd, call_dontneed);
	igt_describe("Memory that moves while it makes room is lost");
	igt_subtest("evict-first-mremap")
		test_evict_call(fd, call_mremap);
	igt_describe("A CPU is lost when 2M are thrown away while they make room");
	igt_subtest("evict-first-dontneed-huge")
		test_evict_huge(fd);

	igt_describe("The GPU reads a copy of a page that has been written meanwhile");
	igt_subtest("copy-write")
		test_copy(fd, call_write);
	igt_describe("The GPU reads a copy of memory that has been unmapped");
	igt_subtest("copy-munmap")
		test_copy(fd, call_munmap);
	igt_describe("A copy of a page that was thrown away stays for ever");
	igt_subtest("copy-dontneed")
		test_copy(fd, call_dontneed);
	igt_describe("The GPU reads a copy of what a file does not have any more");
	igt_subtest("copy-truncate")
		test_copy(fd, call_truncate);

	igt_fixture()
		vsvm_hold_teardown(fd);
}
