// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm mirror
 * Description: What the kernel's own test of HMM mirrors asks of its device, asked of this one
 *
 * The scenarios are those of tools/testing/selftests/mm/hmm-tests.c that are about memory of the
 * system, as far as other programs here do not have them; lists/coverage says which are where.
 */
#include "vsvm_svm.h"
#include "vsvm_uring.h"

IGT_TEST_DESCRIPTION("What the kernel's own test of HMM mirrors asks of its device");

#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB	(21 << 26)
#endif

#define PAGES	64u
#define SIZE	(PAGES * PAGE)

/* Each word of a buffer, by its index, and by a number that tells buffers apart */
static uint32_t word(unsigned int i, uint32_t salt)
{
	return i * 2654435761u + salt;
}

static void set(uint32_t *p, size_t size, uint32_t salt)
{
	for (unsigned int i = 0; i < size / 4; i++)
		p[i] = word(i, salt);
}

static void expect(const uint32_t *p, size_t size, uint32_t salt)
{
	for (unsigned int i = 0; i < size / 4; i++)
		igt_assert_f(p[i] == word(i, salt), "word %#x is %#x and not %#x\n", i, p[i],
			     word(i, salt));
}

static void expect_zero(const uint32_t *p, size_t size)
{
	for (unsigned int i = 0; i < size / 4; i++)
		igt_assert_f(!p[i], "word %#x is %#x and not 0\n", i, p[i]);
}

/* Opening the device, with and without a VM, leaves nothing */
static void test_open_close(int fd)
{
	igt_fork(child, 1) {
		for (int i = 0; i < 50; i++) {
			int own = drm_reopen_driver(fd);

			if (i % 3)
				vsvm_vm_create(own);
			if (i % 3 == 2)
				vsvm_queue_create(own, 1);
			igt_assert_eq(svm_debugfs_vms(fd, getpid()), !!(i % 3));
			close(own);
			svm_expect_no_vms(fd, getpid());
		}
	}
	igt_waitchildren();
}

/* A page that is not there, one of zeros, and others, all for reading only */
static void test_read(int fd)
{
	uint32_t *p = svm_buffer(SIZE), *mirror = svm_buffer(SIZE);
	const unsigned int head = 2 * PAGE / 4;
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int i = head; i < SIZE / 4; i++)
		p[i] = word(i, 1);
	igt_assert_eq(mprotect(p, SIZE, PROT_READ), 0);
	igt_assert_eq_u32(READ_ONCE(p[PAGE / 4]), 0);
	memset(mirror, 0xff, SIZE);
	svm_copy(&t, mirror, p, SIZE);
	expect_zero(mirror, 2 * PAGE);
	for (unsigned int i = head; i < SIZE / 4; i++)
		igt_assert_eq_u32(mirror[i], word(i, 1));
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(mirror, SIZE);
}

/* Memory without rights is neither read nor changed, and is what it was when it has them again */
static void test_read_prot(int fd)
{
	uint32_t *p = svm_buffer(SIZE), *mirror = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (int gpu = 0; gpu < 2; gpu++) {
		set(p, SIZE, 2);
		set(mirror, SIZE, 3);
		/* the second time the GPU has it in its page table */
		if (gpu)
			svm_copy(&t, mirror, p, SIZE);
		set(mirror, SIZE, 3);
		igt_assert_eq(mprotect(p, SIZE, PROT_NONE), 0);
		vsvm_emit_copy(svm_stream(&t), vsvm_ptr(mirror), vsvm_ptr(p), SIZE);
		vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_PERMISSION, VSVM_ACCESS_READ,
				      vsvm_ptr(p));
		vsvm_ctx_new_queue(&t.ctx);
		expect(mirror, SIZE, 3);
		igt_assert_eq(mprotect(p, SIZE, PROT_READ), 0);
		expect(p, SIZE, 2);
		svm_copy(&t, mirror, p, SIZE);
		expect(mirror, SIZE, 2);
		igt_assert_eq(mprotect(p, SIZE, RW), 0);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(mirror, SIZE);
}

/* Pages of zeros are not written, until they may be; then others are in their place */
static void test_write_prot(int fd)
{
	uint32_t *p = svm_buffer(SIZE), *mirror = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(mprotect(p, SIZE, PROT_READ), 0);
	igt_assert_eq_u64(svm_read(&t, p), 0);
	set(mirror, SIZE, 4);
	vsvm_emit_copy(svm_stream(&t), vsvm_ptr(p), vsvm_ptr(mirror), SIZE);
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_PERMISSION, VSVM_ACCESS_WRITE, vsvm_ptr(p));
	vsvm_ctx_new_queue(&t.ctx);
	expect_zero(p, SIZE);
	igt_assert_eq(mprotect(p, SIZE, RW), 0);
	svm_copy(&t, p, mirror, SIZE);
	expect(p, SIZE, 4);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(mirror, SIZE);
}

/* A child's own mirror: private pages get copied, 2M ones too; shared ones are the parent's */
static void test_write_child(int fd, bool huge, bool shared)
{
	const size_t size = huge ? VSVM_2M : SIZE;
	uint32_t *p = svm_buffer(size), *mirror = svm_buffer(size);
	struct svm t;

	svm_init(&t, fd);
	if (shared)
		igt_assert(mmap(p, size, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	if (huge)
		igt_require(!madvise(p, size, MADV_HUGEPAGE));
	set(p, size, 5);
	set(mirror, size, 6);
	/* the parent's GPU has it for writing */
	svm_write(&t, p, word(0, 5) | (uint64_t)word(1, 5) << 32);
	igt_fork(child, 1) {
		int own = drm_reopen_driver(fd);
		struct svm c;

		svm_init(&c, own);
		expect(p, size, 5);
		svm_copy(&c, p, mirror, size);
		expect(p, size, 6);
		svm_fini(&c);
		close(own);
	}
	igt_waitchildren();
	expect(p, size, shared ? 6 : 5);
	memset(mirror, 0, size);
	svm_copy(&t, mirror, p, size);
	expect(mirror, size, shared ? 6 : 5);
	svm_fini(&t);
	svm_buffer_free(p, size);
	svm_buffer_free(mirror, size);
}

/* New memory each time, most often at the same address */
static void test_read_multiple(int fd)
{
	uint32_t *mirror = svm_buffer(SIZE), *p;
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int round = 0; round < 20; round++) {
		p = vsvm_map(SIZE);
		set(p, SIZE, 100 + round);
		svm_copy(&t, mirror, p, SIZE);
		expect(mirror, SIZE, 100 + round);
		vsvm_unmap(p, SIZE);
	}
	svm_fini(&t);
	svm_buffer_free(mirror, SIZE);
}

struct teardown {
	uint32_t *p;
	unsigned int delay;
};

static void *teardown_thread(void *data)
{
	struct teardown *d = data;

	if (d->delay)
		usleep(d->delay);
	if (munmap((uint8_t *)d->p + SIZE / 2, SIZE / 2))
		abort();
	return NULL;
}

/*
 * Half of the memory goes while it is read. Either the read was faster, or it dies in that half;
 * and whatever arrived is right.
 */
static void test_teardown(int fd)
{
	uint32_t *p = svm_buffer(SIZE), *mirror = svm_buffer(SIZE);
	struct drm_vsvm_queue_query state;
	unsigned int died = 0;
	pthread_t thread;
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int round = 0; round < 24; round++) {
		static struct teardown d;
		int ret;

		d = (struct teardown){ p, round * 100 };
		svm_map_at(p, SIZE);
		set(p, SIZE, round);
		memset(mirror, 0, SIZE);
		igt_assert_eq(pthread_create(&thread, NULL, teardown_thread, &d), 0);
		/* the first time there is no doubt */
		if (!round)
			igt_assert_eq(pthread_join(thread, NULL), 0);
		vsvm_emit_copy(svm_stream(&t), vsvm_ptr(mirror), vsvm_ptr(p), SIZE);
		ret = __vsvm_wait(fd, t.ctx.queue, t.ctx.fence, vsvm_submit(&t.ctx, &t.s),
				  VSVM_WAIT_NS);
		if (round)
			igt_assert_eq(pthread_join(thread, NULL), 0);
		vsvm_queue_query(fd, t.ctx.queue, &state);
		if (ret) {
			igt_assert_eq(ret, -EIO);
			igt_assert_eq_u32(state.error, VSVM_ERROR_UNMAPPED);
			igt_assert_lte_u64(vsvm_ptr(p) + SIZE / 2, state.addr);
			igt_assert_lt_u64(state.addr, vsvm_ptr(p) + SIZE);
			vsvm_ctx_new_queue(&t.ctx);
			died++;
		}
		expect(mirror, SIZE / 2, round);
		for (unsigned int i = SIZE / 8; i < SIZE / 4; i++)
			igt_assert_f(mirror[i] == word(i, round) || (ret && !mirror[i]),
				     "word %#x is %#x\n", i, mirror[i]);
		if (!round) {
			igt_assert_eq(ret, -EIO);
			igt_assert_eq_u64(state.addr, vsvm_ptr(p) + SIZE / 2);
		}
	}
	igt_info("%u of 24 reads were too late\n", died);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(mirror, SIZE);
}

/*
 * Pages of the kernel's in a mapping of the process (VM_MIXEDMAP): those of an io_uring. The GPU
 * writes a request and reads what came of it.
 */
static void test_mixedmap(int fd)
{
	const struct io_uring_sqe nop = {
		.opcode = IORING_OP_NOP,
		.user_data = 0x1234567887654321,
	};
	struct io_uring_cqe *cqe;
	struct uring u;
	struct svm t;

	svm_init(&t, fd);
	uring_init(&u);
	for (int i = 0; i < 4; i++) {
		memcpy(t.scratch, &nop, sizeof(nop));
		((struct io_uring_sqe *)t.scratch)->user_data += i;
		svm_copy(&t, u.sqes, t.scratch, sizeof(nop));
		cqe = uring_cqe(&u);
		igt_assert_eq(uring_run(&u), 0);
		memset(t.scratch, 0xff, sizeof(*cqe));
		svm_copy(&t, t.scratch, cqe, sizeof(*cqe));
		igt_assert_eq_u64(((struct io_uring_cqe *)t.scratch)->user_data, nop.user_data + i);
		igt_assert_eq(((struct io_uring_cqe *)t.scratch)->res, 0);
	}
	uring_fini(&u);
	svm_fini(&t);
}

/* Pages that an access has brought into the mirror, and whether it may write them */
static unsigned int brought(struct svm *t, const void *p)
{
	uint64_t before = svm_stats(t).pages_mapped;

	svm_read(t, p);
	return svm_stats(t).pages_mapped - before;
}

/* Does the GPU need a fault to write, unless the kernel has just taken something away? */
static bool write_faults(struct svm *t, void *p, uint64_t value)
{
	struct drm_vsvm_vm_stats before, after;

	svm_settle(t);
	before = svm_stats(t);
	svm_write(t, p, value);
	igt_assert_eq_u64(*(uint64_t *)p, value);
	after = svm_stats(t);
	return after.faults != before.faults && after.invalidations == before.invalidations;
}

/* A row of pages of each kind: the mirror has of them what the CPU has, with the CPU's rights */
static void test_snapshot(int fd)
{
	enum { NONE, HOLE, ZERO, READONLY, WRITTEN, UNTOUCHED, KINDS };
	uint8_t *p = svm_buffer(KINDS * PAGE);
	unsigned char vec;
	struct svm t;

	svm_init(&t, fd);
	*(uint64_t *)(p + READONLY * PAGE) = 3;
	*(uint64_t *)(p + WRITTEN * PAGE) = 4;
	igt_assert_eq(mprotect(p + NONE * PAGE, PAGE, PROT_NONE), 0);
	vsvm_unmap(p + HOLE * PAGE, PAGE);
	igt_assert_eq(mprotect(p + ZERO * PAGE, 2 * PAGE, PROT_READ), 0);
	igt_assert_eq(READ_ONCE(p[ZERO * PAGE]), 0);

	/* one mapping, two pages that the CPU has: one fault brings both */
	svm_settle(&t);
	igt_assert_eq(brought(&t, p + ZERO * PAGE), 2);
	igt_assert_eq_u64(t.scratch[0], 0);
	igt_assert_eq(brought(&t, p + READONLY * PAGE), 0);
	igt_assert_eq_u64(t.scratch[0], 3);
	/* another: what nobody has touched is left alone */
	igt_assert_eq(brought(&t, p + WRITTEN * PAGE), 1);
	igt_assert_eq_u64(t.scratch[0], 4);
	igt_assert_eq(mincore(p + UNTOUCHED * PAGE, PAGE, &vec), 0);
	igt_assert_eq(vec & 1, 0);

	/* rights are there without a fault where the CPU has them, and nowhere else */
	igt_assert(!write_faults(&t, p + WRITTEN * PAGE, 5));
	igt_assert(write_faults(&t, p + UNTOUCHED * PAGE, 6));
	svm_expect_error(&t, p + NONE * PAGE, VSVM_ACCESS_READ, VSVM_ERROR_PERMISSION);
	svm_expect_error(&t, p + HOLE * PAGE, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&t, p + ZERO * PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	svm_expect_error(&t, p + READONLY * PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	igt_assert_eq_u64(*(uint64_t *)(p + READONLY * PAGE), 3);
	svm_fini(&t);
	svm_buffer_free(p, KINDS * PAGE);
}

static void set_hugepages(unsigned int count)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");

	igt_require_f(f, "nr_hugepages: %m\n");
	fprintf(f, "%u\n", count);
	fclose(f);
}

/* A page of hugetlb is one leaf, for writing and, after mprotect, for reading */
static void test_compound(int fd)
{
	const unsigned int pages = VSVM_2M / PAGE;
	struct drm_vsvm_vm_stats before, after;
	uint32_t *p, *mirror = svm_buffer(VSVM_2M);
	struct svm t;

	set_hugepages(2);
	p = mmap(NULL, VSVM_2M, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1,
		 0);
	igt_require_f(p != MAP_FAILED, "a 2M page: %m\n");
	svm_init(&t, fd);
	set(p, VSVM_2M, 7);
	for (int prot = RW; prot >= PROT_READ; prot -= PROT_WRITE) {
		igt_assert_eq(mprotect(p, VSVM_2M, prot), 0);
		svm_settle(&t);
		before = svm_stats(&t);
		svm_read(&t, p + VSVM_2M / 8);
		after = svm_stats(&t);
		igt_assert_eq_u64(after.pages_mapped - before.pages_mapped, pages);
		igt_assert_eq_u64(after.leaves_2m - before.leaves_2m, 1);
		if (prot == RW)
			igt_assert(!write_faults(&t, p, word(0, 7) | (uint64_t)word(1, 7) << 32));
		else
			svm_expect_error(&t, p, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	}
	memset(mirror, 0, VSVM_2M);
	svm_copy(&t, mirror, p, VSVM_2M);
	expect(mirror, VSVM_2M, 7);
	svm_fini(&t);
	vsvm_unmap(p, VSVM_2M);
	set_hugepages(0);
	svm_buffer_free(mirror, VSVM_2M);
}

/* Two mirrors, of two files, of the same memory */
static void test_double_map(int fd)
{
	uint32_t *p = svm_buffer(SIZE), *mirror = svm_buffer(SIZE);
	int files[2] = { fd, drm_reopen_driver(fd) };
	struct svm t[2];

	set(p, SIZE, 8);
	igt_assert_eq(mprotect(p, SIZE, PROT_READ), 0);
	for (int i = 0; i < 2; i++) {
		svm_init(&t[i], files[i]);
		memset(mirror, 0, SIZE);
		svm_copy(&t[i], mirror, p, SIZE);
		expect(mirror, SIZE, 8);
	}
	/* each hears of a change, and sees what the other one writes */
	igt_assert_eq(mprotect(p, SIZE, RW), 0);
	for (int i = 0; i < 4; i++) {
		set(mirror, SIZE, 9 + i);
		svm_copy(&t[i & 1], p, mirror, SIZE);
		memset(mirror, 0, SIZE);
		svm_copy(&t[!(i & 1)], mirror, p, SIZE);
		expect(mirror, SIZE, 9 + i);
		if (i < 2)
			continue;
		igt_assert_eq(madvise(p, SIZE, MADV_DONTNEED), 0);
		for (int j = 0; j < 2; j++) {
			memset(mirror, 0xff, SIZE);
			svm_copy(&t[j], mirror, p, SIZE);
			expect_zero(mirror, SIZE);
		}
	}
	/* and one that goes takes nothing along */
	svm_fini(&t[1]);
	close(files[1]);
	set(p, SIZE, 20);
	svm_copy(&t[0], mirror, p, SIZE);
	expect(mirror, SIZE, 20);
	svm_fini(&t[0]);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(mirror, SIZE);
}

/* Atomics */

static void add_one(struct svm *t, const struct vsvm_program *program, uint32_t *p)
{
	svm_dispatch(t, program, p, 1, SIZE / 4);
}

static void *cpu_adds(void *data)
{
	uint32_t *p = data;

	for (unsigned int round = 0; round < 4; round++) {
		for (unsigned int i = 0; i < SIZE / 4; i++)
			__atomic_fetch_add(&p[i], 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* CPU and GPU add to the same words */
static void test_exclusive(int fd)
{
	struct vsvm_program *program = svm_atomic_program(4);
	uint32_t *p = svm_buffer(SIZE);
	pthread_t thread;
	struct svm t;

	svm_init(&t, fd);
	set(p, SIZE, 0);
	add_one(&t, program, p);
	expect(p, SIZE, 1);
	igt_assert_eq(pthread_create(&thread, NULL, cpu_adds, p), 0);
	for (unsigned int round = 0; round < 4; round++)
		add_one(&t, program, p);
	igt_assert_eq(pthread_join(thread, NULL), 0);
	expect(p, SIZE, 9);
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, SIZE);
}

static void test_exclusive_mprotect(int fd)
{
	struct vsvm_program *program = svm_atomic_program(4);
	uint32_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	set(p, SIZE, 0);
	add_one(&t, program, p);
	igt_assert_eq(mprotect(p, SIZE, PROT_READ), 0);
	for (unsigned int page = 0; page < PAGES; page += 21) {
		svm_expect_error(&t, (uint8_t *)p + page * PAGE, VSVM_ACCESS_ATOMIC,
				 VSVM_ERROR_PERMISSION);
		svm_expect_error(&t, (uint8_t *)p + page * PAGE, VSVM_ACCESS_WRITE,
				 VSVM_ERROR_PERMISSION);
	}
	expect(p, SIZE, 1);
	igt_assert_eq(mprotect(p, SIZE, RW), 0);
	add_one(&t, program, p);
	expect(p, SIZE, 2);
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, SIZE);
}

/* After fork both count on, by CPU and by GPU, each in its own copy */
static void test_exclusive_cow(int fd)
{
	struct vsvm_program *program = svm_atomic_program(4);
	uint32_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	set(p, SIZE, 0);
	add_one(&t, program, p);
	igt_fork(child, 1) {
		struct svm own;

		svm_init(&own, fd);
		expect(p, SIZE, 1);
		cpu_adds(p);
		add_one(&own, program, p);
		expect(p, SIZE, 6);
		svm_fini(&own);
	}
	add_one(&t, program, p);
	expect(p, SIZE, 2);
	cpu_adds(p);
	expect(p, SIZE, 6);
	igt_waitchildren();
	add_one(&t, program, p);
	expect(p, SIZE, 7);
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, SIZE);
}

/* Others that use pages of the process: the kernel reads and writes them past all page tables */

/* O_DIRECT: pinned for a moment */
static void test_gup_direct(int fd)
{
	uint32_t *p = svm_buffer(SIZE), *mirror = svm_buffer(SIZE);
	int file = svm_temp_file(SIZE);
	struct svm t;

	igt_require_f(!fcntl(file, F_SETFL, O_DIRECT), "O_DIRECT: %m\n");
	svm_init(&t, fd);
	for (unsigned int round = 0; round < 4; round++) {
		set(mirror, SIZE, 30 + round);
		svm_copy(&t, p, mirror, SIZE);
		igt_assert_eq(pwrite(file, p, SIZE, 0), SIZE);
		svm_fill(&t, p, SIZE, 0);
		igt_assert_eq(pread(file, p, SIZE, 0), SIZE);
		memset(mirror, 0, SIZE);
		svm_copy(&t, mirror, p, SIZE);
		expect(mirror, SIZE, 30 + round);
	}
	svm_fini(&t);
	close(file);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(mirror, SIZE);
}

/* Another process reads and writes the memory that the GPU is using */
static void test_gup_remote(int fd)
{
	uint32_t *p = svm_buffer(SIZE), *mirror = svm_buffer(SIZE);
	const pid_t parent = getpid();
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int round = 0; round < 4; round++) {
		set(mirror, SIZE, 40 + round);
		svm_copy(&t, p, mirror, SIZE);
		igt_fork(child, 1) {
			uint32_t *own = svm_buffer(SIZE);
			char path[32];
			int memory;

			snprintf(path, sizeof(path), "/proc/%d/mem", parent);
			memory = open(path, O_RDWR);
			igt_assert_fd(memory);
			igt_assert_eq(pread(memory, own, SIZE, vsvm_ptr(p)), SIZE);
			expect(own, SIZE, 40 + round);
			set(own, SIZE, 50 + round);
			igt_assert_eq(pwrite(memory, own, SIZE, vsvm_ptr(p)), SIZE);
		}
		igt_waitchildren();
		memset(mirror, 0, SIZE);
		svm_copy(&t, mirror, p, SIZE);
		expect(mirror, SIZE, 50 + round);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(mirror, SIZE);
}

/* Pinned for long: GPU and kernel mean the same pages, after fork too */
static void test_gup_longterm(int fd)
{
	uint32_t *p = svm_buffer(SIZE), *mirror = svm_buffer(SIZE);
	int file = svm_temp_file(SIZE);
	struct uring u;
	struct svm t;

	svm_init(&t, fd);
	uring_init(&u);
	/* one half is the GPU's before it is pinned, the other one nobody's */
	svm_fill(&t, p, SIZE / 2, 1);
	uring_register(&u, p, SIZE);
	for (unsigned int round = 0; round < 4; round++) {
		set(mirror, SIZE, 60 + round);
		svm_copy(&t, p, mirror, SIZE);
		uring_fixed(&u, IORING_OP_WRITE_FIXED, file, p, SIZE);
		memset(mirror, 0, SIZE);
		igt_assert_eq(pread(file, mirror, SIZE, 0), SIZE);
		expect(mirror, SIZE, 60 + round);

		set(mirror, SIZE, 70 + round);
		igt_assert_eq(pwrite(file, mirror, SIZE, 0), SIZE);
		uring_fixed(&u, IORING_OP_READ_FIXED, file, p, SIZE);
		memset(mirror, 0, SIZE);
		svm_copy(&t, mirror, p, SIZE);
		expect(mirror, SIZE, 70 + round);
		if (round & 1)
			continue;
		igt_fork(child, 1)
			expect(p, SIZE, 70 + round);
		if (round)
			igt_waitchildren();
		else
			svm_write(&t, p, 0);
	}
	igt_waitchildren();
	uring_fini(&u);
	svm_fini(&t);
	close(file);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(mirror, SIZE);
}

/* The parent's CPU writes while a child has the pages too: the mirror follows the parent */
static void test_cow(int fd)
{
	uint32_t *p = svm_buffer(SIZE), *mirror = svm_buffer(SIZE);
	struct igt_helper_process child = { .use_SIGKILL = true };
	struct svm t;

	svm_init(&t, fd);
	set(mirror, SIZE, 80);
	svm_copy(&t, p, mirror, SIZE);
	igt_fork_helper(&child) {
		for (;;)
			pause();
	}
	/* for reading, what both have */
	memset(mirror, 0, SIZE);
	svm_copy(&t, mirror, p, SIZE);
	expect(mirror, SIZE, 80);
	set(p, SIZE, 81);
	memset(mirror, 0, SIZE);
	svm_copy(&t, mirror, p, SIZE);
	expect(mirror, SIZE, 81);
	igt_stop_helper(&child);
	/* for writing, as the pages are the parent's alone */
	for (unsigned int i = 0; i < PAGES; i++)
		igt_assert(!write_faults(&t, (uint8_t *)p + i * PAGE, i));
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(mirror, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("A file leaves its VM behind when it is closed");
	igt_subtest("open-close")
		test_open_close(fd);
	igt_describe("Read-only pages, of zeros or not yet there, are not what the CPU reads");
	igt_subtest("anon-read")
		test_read(fd);
	igt_describe("Memory without rights is read, or lost when it gets them again");
	igt_subtest("anon-read-prot")
		test_read_prot(fd);
	igt_describe("Pages of zeros are written for all, or cannot be written when they may be");
	igt_subtest("anon-write-prot")
		test_write_prot(fd);
	igt_describe("What a child's GPU writes to its copies is the parent's too");
	igt_subtest("anon-write-child")
		test_write_child(fd, false, false);
	igt_describe("What a child's GPU writes to its copy of a 2M page is the parent's too");
	igt_subtest("anon-write-child-huge")
		test_write_child(fd, true, false);
	igt_describe("What a child's GPU writes to shared memory does not reach the parent");
	igt_subtest("anon-write-child-shared")
		test_write_child(fd, false, true);
	igt_describe("New memory at an old address shows what was there before");
	igt_subtest("anon-read-multiple")
		test_read_multiple(fd);
	igt_describe("Memory that goes while it is read gives wrong bytes, or a wrong error");
	igt_subtest("anon-teardown")
		test_teardown(fd);
	igt_describe("Pages of the kernel's in a mapping of the process are not the GPU's");
	igt_subtest("mixedmap")
		test_mixedmap(fd);
	igt_describe("The GPU has more of the memory than the CPU, less of it, or other rights");
	igt_subtest("snapshot")
		test_snapshot(fd);
	igt_describe("A large page is taken apart, or keeps rights that it has no more");
	igt_subtest("compound")
		test_compound(fd);
	igt_describe("Of two mirrors of the same memory one has an old state of it");
	igt_subtest("double-map")
		test_double_map(fd);
	igt_describe("Atomics of GPU and CPU on the same words lose each other's");
	igt_subtest("exclusive")
		test_exclusive(fd);
	igt_describe("Atomics change memory that has become read-only");
	igt_subtest("exclusive-mprotect")
		test_exclusive_mprotect(fd);
	igt_describe("Atomics after fork count for both processes");
	igt_subtest("exclusive-cow")
		test_exclusive_cow(fd);
	igt_describe("Direct I/O and the GPU do not see each other's bytes");
	igt_subtest("gup-direct")
		test_gup_direct(fd);
	igt_describe("What another process writes into the memory does not reach the GPU");
	igt_subtest("gup-remote")
		test_gup_remote(fd);
	igt_describe("The GPU leaves the pages that the kernel has pinned for long");
	igt_subtest("gup-longterm")
		test_gup_longterm(fd);
	igt_describe("The mirror keeps the pages that a child got, when the parent has others");
	igt_subtest("cow")
		test_cow(fd);

	igt_fixture()
		drm_close_driver(fd);
}
