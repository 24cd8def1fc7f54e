// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm error
 * Description: Accesses of the GPU that the CPU would not be allowed either, and who pays for them
 */
#include <glob.h>
#include <sys/syscall.h>

#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Bad accesses of the GPU, and who pays for them");

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#define MADV_GUARD_REMOVE	103
#endif

static void test_unmapped(int fd)
{
	uint8_t *p = svm_buffer(3 * PAGE);
	struct svm t;

	svm_init(&t, fd);
	svm_number_pages(p, 3, 1);
	svm_expect_errors(&t, p - 4, VSVM_ERROR_PERMISSION);	/* the guard: PROT_NONE */
	vsvm_unmap(p + PAGE, PAGE);
	svm_expect_errors(&t, p + PAGE, VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, p + PAGE + 0x7fc, VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, p + 2 * PAGE - 4, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&t, p + PAGE + 1, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&t, p + 2 * PAGE - 1, VSVM_ACCESS_WRITE, VSVM_ERROR_UNMAPPED);
	/* its neighbours are as they were */
	igt_assert_eq_u64(svm_read(&t, p), 1);
	igt_assert_eq_u64(svm_read(&t, p + 2 * PAGE), 3);
	igt_assert_eq_u64(svm_stats(&t).faults_failed, 14);
	svm_fini(&t);
	svm_buffer_free(p, 3 * PAGE);
}

/* Nothing of the process: NULL, behind the last address of user space, the kernel's addresses */
static void test_nowhere(int fd)
{
	struct svm t;

	svm_init(&t, fd);
	svm_expect_errors(&t, NULL, VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, (void *)8, VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, (void *)0xffc, VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, (void *)(1ull << 47), VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, (void *)((1ull << VSVM_VA_BITS) - 4), VSVM_ERROR_UNMAPPED);
	svm_fini(&t);
}

static void test_readonly(int fd)
{
	uint8_t *p = svm_buffer(4 * PAGE);
	struct svm t;

	svm_init(&t, fd);
	svm_number_pages(p, 4, 1);
	igt_assert_eq(mprotect(p, 4 * PAGE, PROT_READ), 0);
	/* written before it was read, and after */
	svm_expect_error(&t, p + 8, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	svm_expect_pages(&t, p, 4, 1);
	svm_expect_error(&t, p + PAGE + 5, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	svm_expect_error(&t, p + 3 * PAGE + 12, VSVM_ACCESS_ATOMIC, VSVM_ERROR_PERMISSION);
	svm_expect_pages(&t, p, 4, 1);
	igt_assert_eq(p[PAGE + 5] | p[3 * PAGE + 12], 0);
	svm_fini(&t);
	svm_buffer_free(p, 4 * PAGE);
}

static void test_readonly_file(int fd, int flags)
{
	int file = svm_temp_file(2 * PAGE), ro;
	const uint64_t value = 31415;
	char path[32];
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	igt_assert_eq(pwrite(file, &value, sizeof(value), PAGE), sizeof(value));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	ro = open(path, O_RDONLY);
	igt_assert_fd(ro);
	p = mmap(NULL, 2 * PAGE, PROT_READ, flags, ro, 0);
	igt_assert(p != MAP_FAILED);
	igt_assert_eq_u64(svm_read(&t, p + PAGE), value);
	svm_expect_error(&t, p + PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	svm_expect_error(&t, p, VSVM_ACCESS_ATOMIC, VSVM_ERROR_PERMISSION);
	igt_assert_eq_u64(*(uint64_t *)(p + PAGE), value);
	svm_fini(&t);
	vsvm_unmap(p, 2 * PAGE);
	close(ro);
	close(file);
}

static void test_prot(int fd, int prot)
{
	uint8_t *p = svm_buffer(2 * PAGE);
	struct svm t;

	svm_init(&t, fd);
	svm_number_pages(p, 2, 1);
	for (int round = 0; round < 2; round++) {
		igt_assert_eq(mprotect(p, 2 * PAGE, prot), 0);
		svm_expect_errors(&t, p + 16, VSVM_ERROR_PERMISSION);
		svm_expect_errors(&t, p + 2 * PAGE - 4, VSVM_ERROR_PERMISSION);
		/* the second time the GPU had it before */
		igt_assert_eq(mprotect(p, 2 * PAGE, RW), 0);
		svm_expect_pages(&t, p, 2, 1);
		igt_assert_eq_u64(*(uint64_t *)(p + 16), 0);
	}
	svm_fini(&t);
	svm_buffer_free(p, 2 * PAGE);
}

/* A file that ends in the second of four pages, or never had more */
static void test_eof(int fd, bool truncated, bool ram)
{
	uint8_t *p = svm_buffer(4 * PAGE);
	struct svm t;
	int file;

	file = ram ? memfd_create("vsvm", 0) : svm_temp_file(0);
	igt_assert_fd(file);
	svm_init(&t, fd);
	igt_assert(mmap(p, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) == p);
	if (truncated) {
		igt_assert_eq(ftruncate(file, 4 * PAGE), 0);
		svm_fill(&t, p, 4 * PAGE, 5);
	}
	igt_assert_eq(ftruncate(file, PAGE + 100), 0);
	igt_assert_eq_u64(svm_read(&t, p + 8), truncated ? 5 : 0);
	igt_assert_eq_u64(svm_read(&t, p + PAGE + 104), 0);
	svm_write(&t, p + PAGE + 8, 6);
	igt_assert_eq_u64(*(uint64_t *)(p + PAGE + 8), 6);
	svm_expect_errors(&t, p + 2 * PAGE, VSVM_ERROR_BUS);
	svm_expect_errors(&t, p + 3 * PAGE + 40, VSVM_ERROR_BUS);
	/* and grown again */
	igt_assert_eq(ftruncate(file, 4 * PAGE), 0);
	igt_assert_eq_u64(svm_read(&t, p + 2 * PAGE), 0);
	svm_write(&t, p + 3 * PAGE, 7);
	igt_assert_eq_u64(*(uint64_t *)(p + 3 * PAGE), 7);
	svm_fini(&t);
	svm_buffer_free(p, 4 * PAGE);
	close(file);
}

/* A BO's mapping is the driver's own VM_PFNMAP */
static void test_pfnmap(int fd)
{
	uint32_t bo = vsvm_bo_create(fd, 2 * PAGE);
	uint64_t *p = vsvm_bo_mmap(fd, bo, 2 * PAGE);
	struct svm t;

	svm_init(&t, fd);
	p[0] = 1;
	svm_expect_errors(&t, p, VSVM_ERROR_UNSUPPORTED);
	svm_expect_errors(&t, p + PAGE / 8 + 1, VSVM_ERROR_UNSUPPORTED);
	igt_assert_eq_u64(p[0], 1);
	svm_fini(&t);
	vsvm_unmap(p, 2 * PAGE);
	vsvm_bo_close(fd, bo);
}

/* Registers of a device (VM_IO): the memory of some PCI device that may be mapped */
static void *map_registers(size_t *size)
{
	glob_t found = {};
	void *p = MAP_FAILED;
	struct stat st;
	int file;

	(void)glob("/sys/bus/pci/devices/*/resource[0-9]", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc && p == MAP_FAILED; i++) {
		file = open(found.gl_pathv[i], O_RDWR);
		/* not of the ports, which are no memory, nor of what a driver keeps for itself */
		if (file < 0 || fstat(file, &st) || st.st_size < (off_t)PAGE) {
			if (file >= 0)
				close(file);
			continue;
		}
		*size = st.st_size;
		p = mmap(NULL, *size, RW, MAP_SHARED, file, 0);
		close(file);
	}
	globfree(&found);
	return p;
}

static void test_registers(int fd)
{
	size_t size = 0;
	struct svm t;
	uint8_t *p;

	p = map_registers(&size);
	igt_require_f(p != MAP_FAILED, "no PCI device whose memory may be mapped\n");
	svm_init(&t, fd);
	svm_expect_errors(&t, p, VSVM_ERROR_UNSUPPORTED);
	svm_expect_errors(&t, p + size - 4, VSVM_ERROR_UNSUPPORTED);
	igt_assert_eq_u64(t.scratch[0], 0);
	/* nor by a prefetch */
	igt_assert_eq(__vsvm_prefetch(fd, t.ctx.vm, p, PAGE, 0, NULL), -EFAULT);
	svm_fini(&t);
	vsvm_unmap(p, size);
}

static void test_secret(int fd)
{
	int secret = syscall(SYS_memfd_secret, 0);
	struct svm t;
	uint64_t *p;

	igt_require_f(secret >= 0, "memfd_secret: %m\n");
	igt_assert_eq(ftruncate(secret, 2 * PAGE), 0);
	p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, secret, 0);
	igt_require_f(p != MAP_FAILED, "mmap of secret memory: %m\n");
	p[0] = 42;
	svm_init(&t, fd);
	svm_expect_errors(&t, p, VSVM_ERROR_UNSUPPORTED);
	/* a page that the CPU has not touched either */
	svm_expect_errors(&t, p + PAGE / 8, VSVM_ERROR_UNSUPPORTED);
	igt_assert_eq_u64(p[0], 42);
	igt_assert_eq_u64(t.scratch[0], 0);
	svm_fini(&t);
	vsvm_unmap(p, 2 * PAGE);
	close(secret);
}

static void test_guard(int fd)
{
	uint8_t *p = svm_buffer(4 * PAGE);
	struct svm t;

	svm_init(&t, fd);
	svm_number_pages(p, 4, 1);
	svm_expect_pages(&t, p, 4, 1);
	igt_require(madvise(p + PAGE, PAGE, MADV_GUARD_INSTALL) == 0);
	svm_expect_errors(&t, p + PAGE + 24, VSVM_ERROR_PERMISSION);
	igt_assert_eq_u64(svm_read(&t, p), 1);
	igt_assert_eq_u64(svm_read(&t, p + 2 * PAGE), 3);
	svm_write(&t, p + 3 * PAGE, 33);
	igt_assert_eq(madvise(p + PAGE, PAGE, MADV_GUARD_REMOVE), 0);
	igt_assert_eq_u64(svm_read(&t, p + PAGE), 0);
	svm_fini(&t);
	svm_buffer_free(p, 4 * PAGE);
}

/* Everything that a queue reads and writes by itself */
static void test_reader(int fd)
{
	const uint8_t *bad = svm_buffer(PAGE);
	struct vsvm_program *program = svm_store_program(4);
	struct vsvm_stream s;
	uint64_t addr;
	struct svm t;

	svm_init(&t, fd);
	vsvm_unmap((void *)bad, PAGE);
	addr = vsvm_ptr(bad);

	vsvm_stream_init_at(&s, NULL, addr, 0);
	s.size = 8;
	vsvm_run_expect_error(&t.ctx, &s, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, addr);
	vsvm_ctx_new_queue(&t.ctx);

	vsvm_emit_dispatch(svm_stream(&t), (const void *)(bad + 40), t.scratch, 16, 1, 1);
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, addr + 40);
	vsvm_ctx_new_queue(&t.ctx);

	vsvm_emit_dispatch(svm_stream(&t), program, bad + 3, 16, 1, 1);
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, addr + 3);
	vsvm_ctx_new_queue(&t.ctx);

	vsvm_emit_fence(svm_stream(&t), addr + 8, 1);
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE, addr + 8);
	vsvm_ctx_new_queue(&t.ctx);

	vsvm_emit_timestamp(svm_stream(&t), addr + 16);
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE, addr + 16);
	vsvm_ctx_new_queue(&t.ctx);

	/* the result of an atomic that is good itself */
	t.scratch[0] = 5;
	vsvm_emit_atomic(svm_stream(&t), VSVM_ATOMIC_ADD, 8, vsvm_ptr(t.scratch), 1, 0, addr + 24);
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE, addr + 24);
	vsvm_ctx_new_queue(&t.ctx);
	igt_assert_eq_u64(t.scratch[0], 6);

	/* the fence of a stream */
	igt_assert_eq(__vsvm_exec1(fd, t.ctx.queue, 0, 0, addr + 32, 1, 0), 0);
	vsvm_expect_error(fd, t.ctx.queue, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE, addr + 32);
	vsvm_ctx_new_queue(&t.ctx);
	svm_fini(&t);
	free(program);
	vsvm_unmap((uint8_t *)bad - SVM_GUARD, SVM_GUARD);
	vsvm_unmap((uint8_t *)bad + PAGE, SVM_GUARD);
}

/* One lane of one wave of many */
static void test_lane(int fd, uint32_t access)
{
	const unsigned int items = 20 * VSVM_WAVE_LANES, bad = 13 * VSVM_WAVE_LANES + 21;
	const size_t size = items * PAGE;
	struct svm_args *args;
	struct vsvm_program *program;
	struct drm_vsvm_queue_query state;
	uint8_t *p = svm_buffer(size);
	struct svm t;

	program = access == VSVM_ACCESS_READ ? svm_load_program(PAGE) :
		  access == VSVM_ACCESS_WRITE ? svm_store_program(PAGE) : svm_atomic_program(PAGE);
	svm_init(&t, fd);
	vsvm_unmap(p + bad * PAGE, PAGE);
	args = (struct svm_args *)&t.scratch[SVM_SCRATCH / 8 - 2];
	*args = (struct svm_args){ vsvm_ptr(p) + 36, vsvm_ptr(t.scratch) };
	vsvm_emit_dispatch(svm_stream(&t), program, args, sizeof(*args), items / VSVM_WAVE_LANES,
			   VSVM_WAVE_LANES);
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_UNMAPPED, access,
			      vsvm_ptr(p) + 36 + bad * PAGE);
	vsvm_queue_query(fd, t.ctx.queue, &state);
	igt_assert_eq_u32(state.wave, bad / VSVM_WAVE_LANES);
	igt_assert_eq_u32(state.parked, 0);
	vsvm_ctx_new_queue(&t.ctx);
	/* its VM goes on */
	svm_write(&t, p, 1);
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, size);
}

enum side { COPY_SRC, COPY_DST, FILL_DST };

/* A page in the middle is bad: what comes before it is done, what comes after is not */
static void test_middle(int fd, enum side side)
{
	const unsigned int pages = 24, bad = 17;
	const size_t size = pages * PAGE - 200;
	uint8_t *src = svm_buffer(pages * PAGE), *dst = svm_buffer(pages * PAGE);
	uint8_t *side_base = side == COPY_SRC ? src : dst;
	uint64_t addr;
	struct svm t;

	svm_init(&t, fd);
	memset(src, 0x11, pages * PAGE);
	vsvm_unmap(side_base + bad * PAGE, PAGE);
	if (side == FILL_DST)
		vsvm_emit_fill(svm_stream(&t), vsvm_ptr(dst) + 100, size, 0x11, 1);
	else
		vsvm_emit_copy(svm_stream(&t), vsvm_ptr(dst) + 100, vsvm_ptr(src) + 100, size);
	addr = vsvm_ptr(side_base) + bad * PAGE;
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_UNMAPPED,
			      side == COPY_SRC ? VSVM_ACCESS_READ : VSVM_ACCESS_WRITE, addr);
	vsvm_ctx_new_queue(&t.ctx);
	for (size_t i = 0; i < pages * PAGE; i++) {
		if (side != COPY_SRC && i / PAGE == bad)
			continue;
		igt_assert_f(dst[i] == (i >= 100 && i < bad * PAGE ? 0x11 : 0),
			     "byte %#zx is %#x, and byte %#llx was bad\n", i, dst[i], bad * PAGE);
	}
	svm_fini(&t);
	svm_buffer_free(src, pages * PAGE);
	svm_buffer_free(dst, pages * PAGE);
}

/* Source and destination are bad: the one that is met first is reported */
static void test_first(int fd, bool src_first)
{
	const unsigned int pages = 8, early = 3, late = 5;
	uint8_t *p = svm_buffer(2 * pages * PAGE), *src, *dst;
	uint64_t addr;
	struct svm t;

	svm_init(&t, fd);
	/* each order of addresses */
	for (int swap = 0; swap < 2; swap++) {
		svm_map_at(p, 2 * pages * PAGE);
		src = p + swap * pages * PAGE;
		dst = p + !swap * pages * PAGE;
		vsvm_unmap(src + (src_first ? early : late) * PAGE, PAGE);
		vsvm_unmap(dst + (src_first ? late : early) * PAGE, PAGE);
		vsvm_emit_copy(svm_stream(&t), vsvm_ptr(dst), vsvm_ptr(src), pages * PAGE);
		addr = vsvm_ptr(src_first ? src : dst) + early * PAGE;
		vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_UNMAPPED,
				      src_first ? VSVM_ACCESS_READ : VSVM_ACCESS_WRITE, addr);
		vsvm_ctx_new_queue(&t.ctx);
	}
	svm_fini(&t);
	svm_buffer_free(p, 2 * pages * PAGE);
}

#define QUEUES	8

/* One queue dies, the others of the same VM, on the same engine and on others, do not notice */
static void test_guilty(int fd)
{
	uint32_t queues[QUEUES], engines = vsvm_num_engines(fd);
	uint64_t *fence = svm_buffer(PAGE);
	uint8_t *p = svm_buffer(QUEUES * PAGE);
	struct drm_vsvm_queue_query state;
	struct vsvm_gate gate;
	struct svm t;

	svm_init(&t, fd);
	vsvm_gate_init(&gate);
	for (int i = 0; i < QUEUES; i++) {
		queues[i] = vsvm_queue_create_on(fd, t.ctx.vm, i % engines, ~0ull);
		igt_assert_eq(__vsvm_exec1(fd, queues[i], vsvm_stream_addr(&gate.stream, 0),
					   gate.stream.size, vsvm_ptr(&fence[i]), 1, 0), 0);
	}
	for (unsigned int i = 0; i < 2 * engines; i++)
		svm_expect_errors(&t, p - 4, VSVM_ERROR_PERMISSION);
	for (int i = 0; i < QUEUES; i++) {
		vsvm_queue_query(fd, queues[i], &state);
		igt_assert_eq_u32(state.error, VSVM_ERROR_NONE);
		igt_assert_eq_u64(state.completed, 0);
	}
	vsvm_gate_open(&gate);
	for (int i = 0; i < QUEUES; i++) {
		vsvm_wait(fd, queues[i], &fence[i], 1);
		/* with a fault of its own */
		vsvm_emit_fill(svm_stream(&t), vsvm_ptr(p) + i * PAGE, PAGE, i + 1, 8);
		igt_assert_eq(__vsvm_exec1(fd, queues[i], vsvm_stream_addr(&t.s, 0), t.s.size,
					   vsvm_ptr(&fence[i]), 2, 0), 0);
		vsvm_wait(fd, queues[i], &fence[i], 2);
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), i + 1);
		vsvm_queue_destroy(fd, queues[i]);
	}
	vsvm_gate_fini(&gate);
	svm_fini(&t);
	svm_buffer_free(p, QUEUES * PAGE);
	svm_buffer_free(fence, PAGE);
}

/* All at once, on different pages or on one */
static void test_reports(int fd, size_t stride)
{
	uint32_t queues[QUEUES], engines = vsvm_num_engines(fd), access;
	struct vsvm_stream s[QUEUES] = {};
	uint8_t *p = svm_buffer(QUEUES * PAGE), *in = vsvm_map(PAGE);
	struct svm t;

	svm_init(&t, fd);
	for (int i = 0; i < QUEUES; i++) {
		queues[i] = vsvm_queue_create_on(fd, t.ctx.vm, i % engines, 0);
		if (i % 2)
			vsvm_emit_fill(&s[i], vsvm_ptr(p) + i * stride + 3, 1, 1, 1);
		else
			vsvm_emit_copy(&s[i], vsvm_ptr(in), vsvm_ptr(p) + i * stride + 5, 1);
	}
	vsvm_unmap(p, QUEUES * PAGE);
	for (int i = 0; i < QUEUES; i++)
		igt_assert_eq(__vsvm_exec1(fd, queues[i], vsvm_ptr(s[i].base), s[i].size, 0, 0, 0),
			      0);
	for (int i = 0; i < QUEUES; i++) {
		access = i % 2 ? VSVM_ACCESS_WRITE : VSVM_ACCESS_READ;
		vsvm_expect_error(fd, queues[i], VSVM_ERROR_UNMAPPED, access,
				  vsvm_ptr(p) + i * stride + (i % 2 ? 3 : 5));
		vsvm_queue_destroy(fd, queues[i]);
		vsvm_stream_fini(&s[i]);
	}
	igt_assert_eq_u64(svm_stats(&t).faults_failed, QUEUES);
	svm_fini(&t);
	vsvm_unmap(in, PAGE);
	vsvm_unmap(p - SVM_GUARD, SVM_GUARD);
	vsvm_unmap(p + QUEUES * PAGE, SVM_GUARD);
}

/*
 * One queue writes a page that may only be read, others read it at the same moment. The service of
 * faults is held up, so that they come in one batch.
 */
static void test_reader_beside_writer(int fd)
{
	const unsigned int rounds = 12, fill_pages = 128;
	uint32_t writer, readers[3], engines = vsvm_num_engines(fd);
	uint8_t *p = svm_buffer(PAGE), *big = svm_buffer(fill_pages * PAGE);
	uint64_t *fence = svm_buffer(PAGE), *out = svm_buffer(PAGE);
	struct vsvm_stream write = {}, read[3] = {};
	struct svm t;

	svm_init(&t, fd);
	memset(fence, 0, PAGE);
	svm_delay_start();
	vsvm_emit_fill(&write, vsvm_ptr(p), 1, 1, 1);
	for (int i = 0; i < 3; i++) {
		readers[i] = vsvm_queue_create_on(fd, t.ctx.vm, i % engines, 0);
		vsvm_emit_copy(&read[i], vsvm_ptr(&out[i]), vsvm_ptr(p + 8 * i), 8);
	}
	for (uint64_t round = 1; round <= rounds; round++) {
		svm_map_at(big, fill_pages * PAGE);
		svm_map_at(p, PAGE);
		memset(p, round, PAGE);
		igt_assert_eq(mprotect(p, PAGE, PROT_READ), 0);
		writer = vsvm_queue_create_on(fd, t.ctx.vm, 3 % engines, 0);

		vsvm_emit_fill(svm_stream(&t), vsvm_ptr(big), fill_pages * PAGE, 1, 8);
		vsvm_submit(&t.ctx, &t.s);
		for (int i = 0; i < 3; i++)
			igt_assert_eq(__vsvm_exec1(fd, readers[i], vsvm_ptr(read[i].base),
						   read[i].size, vsvm_ptr(&fence[i]), round, 0), 0);
		igt_assert_eq(__vsvm_exec1(fd, writer, vsvm_ptr(write.base), write.size, 0, 0, 0),
			      0);
		vsvm_expect_error(fd, writer, VSVM_ERROR_PERMISSION, VSVM_ACCESS_WRITE,
				  vsvm_ptr(p));
		for (int i = 0; i < 3; i++) {
			vsvm_wait(fd, readers[i], &fence[i], round);
			igt_assert_eq_u64(out[i], round * 0x0101010101010101);
		}
		vsvm_finish(&t.ctx, t.ctx.seqno);
		vsvm_queue_destroy(fd, writer);
	}
	svm_delay_stop();
	for (int i = 0; i < 3; i++) {
		vsvm_queue_destroy(fd, readers[i]);
		vsvm_stream_fini(&read[i]);
	}
	vsvm_stream_fini(&write);
	svm_fini(&t);
	svm_buffer_free(p, PAGE);
	svm_buffer_free(big, fill_pages * PAGE);
	svm_buffer_free(fence, PAGE);
	svm_buffer_free(out, PAGE);
}

int igt_main()
{
	static const char *const accesses[] = { "read", "write", "atomic" };
	static const char *const sides[] = { "copy-source", "copy-destination", "fill" };
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("A bad access is not reported to the byte, or hurts its neighbours");
	igt_subtest("unmapped")
		test_unmapped(fd);
	igt_describe("A NULL pointer is not reported as the program's bug that it is");
	igt_subtest("nowhere")
		test_nowhere(fd);
	igt_describe("The GPU writes memory that the process may only read");
	igt_subtest("readonly")
		test_readonly(fd);
	igt_describe("The GPU writes a file that was opened for reading, by its shared mapping");
	igt_subtest("readonly-file-shared")
		test_readonly_file(fd, MAP_SHARED);
	igt_describe("The GPU writes a file that was opened for reading, by its private mapping");
	igt_subtest("readonly-file-private")
		test_readonly_file(fd, MAP_PRIVATE);
	igt_describe("The GPU reads memory that is protected from any access");
	igt_subtest("prot-none")
		test_prot(fd, PROT_NONE);
	igt_describe("The GPU reads memory that may only be written");
	igt_subtest("prot-write")
		test_prot(fd, PROT_WRITE);
	igt_describe("An access behind the end of a mapped file is not what SIGBUS is for the CPU");
	igt_subtest("eof")
		test_eof(fd, false, false);
	igt_describe("The GPU still reaches pages that were cut off a file");
	igt_subtest("eof-truncated")
		test_eof(fd, true, false);
	igt_describe("The GPU still reaches pages that were cut off a memfd");
	igt_subtest("eof-truncated-memfd")
		test_eof(fd, true, true);
	igt_describe("The GPU reaches a device's memory through a mapping without pages");
	igt_subtest("pfnmap")
		test_pfnmap(fd);
	igt_describe("The GPU gets at the registers of a device that the process has mapped");
	igt_subtest("registers")
		test_registers(fd);
	igt_describe("Secret memory, hidden even from the kernel, is shown to the GPU");
	igt_subtest("secret")
		test_secret(fd);
	igt_describe("The GPU runs through a guard region, or pages beside it are lost for it");
	igt_subtest("guard")
		test_guard(fd);
	igt_describe("A bad address of a stream, program or fence is not reported as it is");
	igt_subtest("reader")
		test_reader(fd);

	for (unsigned int a = 0; a < ARRAY_SIZE(accesses); a++) {
		igt_describe_f("A bad %s by one lane is not reported with its address and wave",
			       accesses[a]);
		igt_subtest_f("lane-%s", accesses[a])
			test_lane(fd, a);
	}
	for (unsigned int s = 0; s < ARRAY_SIZE(sides); s++) {
		igt_describe_f("A bad page (%s) stops what comes before it or not what is after",
			       sides[s]);
		igt_subtest_f("middle-%s", sides[s])
			test_middle(fd, s);
	}
	igt_describe("Of two bad pages the report names the second, the destination's");
	igt_subtest("first-source")
		test_first(fd, true);
	igt_describe("Of two bad pages the report names the second, the source's");
	igt_subtest("first-destination")
		test_first(fd, false);

	igt_describe("A bad access ends other queues of the VM, too");
	igt_subtest("guilty")
		test_guilty(fd);
	igt_describe("Queues that fail at the same moment get each other's reports");
	igt_subtest("reports")
		test_reports(fd, PAGE);
	igt_describe("Queues that fail on the same page get each other's reports");
	igt_subtest("reports-same-page")
		test_reports(fd, 16);
	igt_describe("Who reads a read-only page dies of another queue's attempt to write it");
	igt_subtest("reader-beside-writer")
		test_reader_beside_writer(fd);

	igt_fixture()
		drm_close_driver(fd);
}
