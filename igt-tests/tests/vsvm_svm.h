/* SPDX-License-Identifier: MIT */
/*
 * What the tests of shared virtual memory have in common, beyond vsvm_lib.h.
 *
 * Counters of intervals can be exact only if what the test itself needs on the GPU (streams,
 * results, fences) has intervals of its own, and if the memory under test cannot merge with other
 * mappings of the process. So struct svm keeps its streams and results between guard pages, and
 * svm_buffer() gives memory between guards.
 */
#ifndef VSVM_SVM_H
#define VSVM_SVM_H

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "vsvm_asm.h"
#include "vsvm_lib.h"

/* Exported by libigt; where there is upstream's igt.h, it says the same. */
void igt_emit_ignore_dmesg_regex(const char *ignore_dmesg_regex);

#define PAGE		VSVM_PAGE_SIZE
#define SVM_STREAM	(128ull << 10)
#define SVM_SCRATCH	(256ull << 10)
/** SVM_GUARD - unmapped addresses before and behind what svm_buffer() gives */
#define SVM_GUARD	VSVM_2M

#define RW		(PROT_READ | PROT_WRITE)

/**
 * struct svm - an SVM VM with a queue whose streams disturb no counters
 */
struct svm {
	/** @ctx: VM and queue; the fence is in @range */
	struct vsvm_ctx ctx;
	/** @range: guard, stream and scratch, guard, fence, guard */
	uint8_t *range;
	/** @s: the stream */
	struct vsvm_stream s;
	/** @scratch: %SVM_SCRATCH bytes for results */
	uint64_t *scratch;
};

/** svm_buffer() - untouched private anonymous memory that borders on nothing, 2M aligned */
static inline void *svm_buffer(size_t size)
{
	uint8_t *range = vsvm_reserve(ALIGN(size, PAGE) + 2 * SVM_GUARD);
	void *p = range + SVM_GUARD;

	igt_assert(mmap(p, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	return p;
}

/** svm_buffer_free() - give it back with its guards, whatever the test has put there */
static inline void svm_buffer_free(void *p, size_t size)
{
	vsvm_unmap((uint8_t *)p - SVM_GUARD, ALIGN(size, PAGE) + 2 * SVM_GUARD);
}

/** svm_map_at() - private anonymous memory at an address, in place of what is there */
static inline void *svm_map_at(void *p, size_t size)
{
	igt_assert(mmap(p, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	return p;
}

/**
 * struct svm_delay - a thread that holds up the service of faults
 *
 * It changes the protection of much memory that the GPU has nothing to do with, again and again.
 * For as long the process's memory map is locked, and faults pile up.
 */
struct svm_delay {
	/** @thread: thread */
	pthread_t thread;
	/** @memory: its memory */
	uint8_t *memory;
	/** @stop: set to end it */
	bool stop;
};

#define SVM_DELAY_SIZE	(24ull << 20)

/* Not a subtest's: a subtest that fails leaves it behind. */
static struct svm_delay svm_delay;

static inline void *svm_delay_thread(void *data)
{
	int prot = PROT_READ;

	while (!READ_ONCE(svm_delay.stop)) {
		if (mprotect(svm_delay.memory, SVM_DELAY_SIZE, prot))
			abort();
		prot ^= PROT_WRITE;
	}
	return NULL;
}

static inline void svm_delay_stop(void)
{
	if (!svm_delay.memory)
		return;
	WRITE_ONCE(svm_delay.stop, true);
	igt_assert_eq(pthread_join(svm_delay.thread, NULL), 0);
	svm_buffer_free(svm_delay.memory, SVM_DELAY_SIZE);
	svm_delay.memory = NULL;
}

static inline void svm_delay_start(void)
{
	svm_delay_stop();
	svm_delay.stop = false;
	svm_delay.memory = svm_buffer(SVM_DELAY_SIZE);
	igt_assert_eq(madvise(svm_delay.memory, SVM_DELAY_SIZE, MADV_NOHUGEPAGE), 0);
	/* the page of zeros is enough */
	for (uint64_t i = 0; i < SVM_DELAY_SIZE; i += PAGE)
		(void)READ_ONCE(svm_delay.memory[i]);
	igt_assert_eq(pthread_create(&svm_delay.thread, NULL, svm_delay_thread, NULL), 0);
}

static inline size_t svm_range_size(void)
{
	return SVM_STREAM + SVM_SCRATCH + 4 * PAGE;
}

/** svm_init_vm() - in a VM that the caller has made, whatever its policy */
static inline void svm_init_vm(struct svm *t, int fd, uint32_t vm)
{
	uint8_t *p;

	svm_delay_stop();
	vsvm_ctx_init_vm(&t->ctx, fd, vm);
	t->range = vsvm_reserve(svm_range_size());
	/* If it need not be, or is already, the better. */
	__vsvm_register(fd, vm, vsvm_ptr(t->range), svm_range_size(), 0);
	p = svm_map_at(t->range + PAGE, SVM_STREAM + SVM_SCRATCH);
	vsvm_stream_init_at(&t->s, p, vsvm_ptr(p), SVM_STREAM);
	t->scratch = (uint64_t *)(p + SVM_STREAM);
	vsvm_unmap(t->ctx.fence, PAGE);
	t->ctx.fence = svm_map_at(p + SVM_STREAM + SVM_SCRATCH + PAGE, PAGE);
	t->ctx.fence_addr = vsvm_ptr(t->ctx.fence);
	/* Their faults come now, and not when the test counts. */
	memset(p, 0, SVM_STREAM + SVM_SCRATCH);
	vsvm_emit_fill(&t->s, vsvm_ptr(t->scratch), SVM_SCRATCH, 0, 8);
	for (uint64_t i = 0; i < SVM_STREAM / PAGE - 1; i++)
		vsvm_emit_copy(&t->s, vsvm_ptr(t->scratch), vsvm_ptr(p + i * PAGE), 8);
	vsvm_run(&t->ctx, &t->s);
	vsvm_vm_sync(fd, t->ctx.vm);
}

static inline void svm_init(struct svm *t, int fd)
{
	svm_init_vm(t, fd, vsvm_vm_create(fd));
}

static inline void svm_fini(struct svm *t)
{
	/* vsvm_ctx_fini() unmaps the fence itself */
	vsvm_ctx_fini(&t->ctx);
	vsvm_unmap(t->range, svm_range_size());
}

static inline struct vsvm_stream *svm_stream(struct svm *t)
{
	vsvm_stream_reset(&t->s);
	return &t->s;
}

static inline void svm_copy(struct svm *t, void *dst, const void *src, size_t size)
{
	vsvm_emit_copy(svm_stream(t), vsvm_ptr(dst), vsvm_ptr(src), size);
	vsvm_run(&t->ctx, &t->s);
}

static inline void svm_fill(struct svm *t, void *dst, size_t size, uint64_t pattern)
{
	vsvm_emit_fill(svm_stream(t), vsvm_ptr(dst), size, pattern, 8);
	vsvm_run(&t->ctx, &t->s);
}

/** svm_read() - a word as the GPU sees it */
static inline uint64_t svm_read(struct svm *t, const void *p)
{
	t->scratch[0] = 0x6e6f7468696e6731;
	svm_copy(t, t->scratch, p, sizeof(*t->scratch));
	return t->scratch[0];
}

static inline void svm_write(struct svm *t, void *p, uint64_t value)
{
	svm_fill(t, p, sizeof(value), value);
}

/**
 * svm_read_pages() - let the GPU read the first word of many pages
 * @t: test
 * @p: first page
 * @count: how many
 * @stride: bytes from one to the next
 *
 * Returns the words, in scratch memory.
 */
static inline const uint64_t *svm_read_pages(struct svm *t, const void *p, unsigned int count,
					     size_t stride)
{
	svm_stream(t);
	for (unsigned int i = 0; i < count; i++)
		vsvm_emit_copy(&t->s, vsvm_ptr(&t->scratch[i]), vsvm_ptr(p) + i * stride, 8);
	vsvm_run(&t->ctx, &t->s);
	return t->scratch;
}

/** svm_number_pages() - the CPU writes first + i into the first word of page i */
static inline void svm_number_pages(void *p, unsigned int count, uint64_t first)
{
	for (unsigned int i = 0; i < count; i++)
		*(uint64_t *)((uint8_t *)p + i * PAGE) = first + i;
}

/** svm_expect_pages() - the GPU sees those numbers */
static inline void svm_expect_pages(struct svm *t, const void *p, unsigned int count,
				    uint64_t first)
{
	const uint64_t *words = svm_read_pages(t, p, count, PAGE);

	for (unsigned int i = 0; i < count; i++)
		igt_assert_eq_u64(words[i], first + i);
}

/** svm_expect_zeros() - the GPU sees zeros */
static inline void svm_expect_zeros(struct svm *t, const void *p, unsigned int pages)
{
	const uint64_t *words = svm_read_pages(t, p, pages, PAGE);

	for (unsigned int i = 0; i < pages; i++)
		igt_assert_eq_u64(words[i], 0);
}

/** svm_expect_error() - an access by the GPU kills the queue; there is a new one afterwards */
static inline void svm_expect_error(struct svm *t, const void *p, uint32_t access, uint32_t error)
{
	svm_stream(t);
	switch (access) {
	case VSVM_ACCESS_READ:
		vsvm_emit_copy(&t->s, vsvm_ptr(t->scratch), vsvm_ptr(p), 1);
		break;
	case VSVM_ACCESS_WRITE:
		vsvm_emit_fill(&t->s, vsvm_ptr(p), 1, 0x5a, 1);
		break;
	default:
		vsvm_emit_atomic(&t->s, VSVM_ATOMIC_ADD, 4, vsvm_ptr(p), 1, 0, 0);
	}
	vsvm_run_expect_error(&t->ctx, &t->s, error, access, vsvm_ptr(p));
	vsvm_ctx_new_queue(&t->ctx);
}

/** svm_expect_errors() - the same for reading, writing and atomics; @p is a multiple of 4 */
static inline void svm_expect_errors(struct svm *t, const void *p, uint32_t error)
{
	svm_expect_error(t, p, VSVM_ACCESS_READ, error);
	svm_expect_error(t, p, VSVM_ACCESS_WRITE, error);
	svm_expect_error(t, p, VSVM_ACCESS_ATOMIC, error);
}

static inline struct drm_vsvm_vm_stats svm_stats(struct svm *t)
{
	struct drm_vsvm_vm_stats stats;

	vsvm_vm_stats(t->ctx.fd, t->ctx.vm, &stats);
	return stats;
}

/**
 * svm_settle() - wait until no record of a fault is under way
 *
 * Some are left over when what they were for is done: a replay for one page lets all who wait try
 * again, and report again. Such a record is counted before that of any later fault. So two faults
 * in a row that count for one each say that there is none: one left over before the first would
 * count with it, one of the first with the second, and the second has met no replay but its own.
 */
static inline void svm_settle(struct svm *t)
{
	unsigned int alone, tries = 0;
	void *p = svm_buffer(PAGE);
	uint64_t before;

	for (alone = 0; alone < 2;) {
		igt_assert_lt(tries++, 100);
		igt_assert_eq(madvise(p, PAGE, MADV_DONTNEED), 0);
		before = svm_stats(t).faults;
		svm_write(t, p, 1);
		alone = svm_stats(t).faults == before + 1 ? alone + 1 : 0;
	}
	svm_buffer_free(p, PAGE);
}

/** svm_sync_stats() - the same after VM_SYNC */
static inline struct drm_vsvm_vm_stats svm_sync_stats(struct svm *t)
{
	vsvm_vm_sync(t->ctx.fd, t->ctx.vm);
	return svm_stats(t);
}

/** svm_intervals_in() - intervals that overlap a range; those found are copied to @list */
static inline unsigned int svm_intervals_in(struct svm *t, const void *p, size_t size,
					    struct drm_vsvm_interval *list, unsigned int max)
{
	struct drm_vsvm_interval *all;
	unsigned int count = vsvm_vm_intervals(t->ctx.fd, t->ctx.vm, &all), hits = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (all[i].end <= vsvm_ptr(p) || all[i].start >= vsvm_ptr(p) + size)
			continue;
		if (hits < max)
			list[hits] = all[i];
		hits++;
	}
	free(all);
	return hits;
}

/**
 * struct svm_vma - a mapping as /proc/self/maps has it
 */
struct svm_vma {
	/** @start: first byte */
	uint64_t start;
	/** @end: one past the last */
	uint64_t end;
	/** @readable: may be read */
	bool readable;
};

/** svm_vmas_in() - mappings that overlap a range; those found are put into @list */
static inline unsigned int svm_vmas_in(const void *p, size_t size, struct svm_vma *list,
				       unsigned int max)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned int hits = 0;
	unsigned long start, end;
	struct svm_vma vma;
	char line[512], r;

	igt_assert(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %c", &start, &end, &r) != 3)
			igt_assert_f(false, "/proc/self/maps: %s\n", line);
		vma.start = start;
		vma.end = end;
		if (vma.end <= vsvm_ptr(p) || vma.start >= vsvm_ptr(p) + size)
			continue;
		vma.readable = r == 'r';
		if (hits < max)
			list[hits] = vma;
		hits++;
	}
	fclose(f);
	return hits;
}

/**
 * svm_expect_interval() - exactly one interval lies in a range, and it has these bounds
 *
 * Of a VM of the policy vma, or as the caller has made it; not where the environment names another.
 */
static inline void svm_expect_interval(struct svm *t, const void *start, size_t size)
{
	struct drm_vsvm_interval interval;

	if (!vsvm_is_vma_policy())
		return;
	igt_assert_eq(svm_intervals_in(t, start, size, &interval, 1), 1);
	igt_assert_eq_u64(interval.start, vsvm_ptr(start));
	igt_assert_eq_u64(interval.end, vsvm_ptr(start) + size);
}

/* Programs */

enum { SVM_BASE = 0, SVM_OTHER = 2, SVM_X = 4, SVM_PTR = 6, SVM_VALUE = 8 };

/** struct svm_args - arguments of the programs below */
struct svm_args {
	/** @base: address */
	uint64_t base;
	/** @other: another, or a value */
	uint64_t other;
};

static inline void svm_asm_begin(struct vsvm_asm *as, uint64_t stride)
{
	memset(as, 0, sizeof(*as));
	asm_arg(as, VSVM_TYPE_U64, SVM_BASE, offsetof(struct svm_args, base));
	asm_arg(as, VSVM_TYPE_U64, SVM_OTHER, offsetof(struct svm_args, other));
	asm_sreg(as, SVM_X, VSVM_SREG_GLOBAL_X);
	asm_index(as, SVM_PTR, SVM_BASE, SVM_X, stride);
}

/** svm_store_program() - item x: u32 at base + x * stride = x + other */
static inline struct vsvm_program *svm_store_program(uint64_t stride)
{
	struct vsvm_asm as;

	svm_asm_begin(&as, stride);
	asm_op2(&as, VSVM_OP_ADD, VSVM_TYPE_U32, SVM_VALUE, SVM_X, SVM_OTHER);
	asm_store(&as, VSVM_TYPE_U32, SVM_PTR, 0, SVM_VALUE);
	return asm_finish(&as);
}

/** svm_load_program() - item x: u32 other[x] = u32 at base + x * stride */
static inline struct vsvm_program *svm_load_program(uint64_t stride)
{
	struct vsvm_asm as;

	svm_asm_begin(&as, stride);
	asm_load(&as, VSVM_TYPE_U32, SVM_VALUE, SVM_PTR, 0);
	asm_index(&as, SVM_PTR, SVM_OTHER, SVM_X, 4);
	asm_store(&as, VSVM_TYPE_U32, SVM_PTR, 0, SVM_VALUE);
	return asm_finish(&as);
}

/** svm_atomic_program() - item x: u32 at base + x * stride += other */
static inline struct vsvm_program *svm_atomic_program(uint64_t stride)
{
	struct vsvm_asm as;

	svm_asm_begin(&as, stride);
	asm_atomic_noret(&as, VSVM_ATOMIC_ADD, VSVM_TYPE_U32, SVM_PTR, 0, SVM_OTHER, 0);
	return asm_finish(&as);
}

/** svm_dispatch() - run a program with struct svm_args on @items work items, and wait */
static inline void svm_dispatch(struct svm *t, const struct vsvm_program *program, const void *base,
				uint64_t other, unsigned int items)
{
	struct svm_args *args = (struct svm_args *)&t->scratch[SVM_SCRATCH / 8 - 2];

	igt_assert_eq_u32(items % VSVM_WAVE_LANES, 0);
	*args = (struct svm_args){ vsvm_ptr(base), other };
	vsvm_emit_dispatch(svm_stream(t), program, args, sizeof(*args), items / VSVM_WAVE_LANES,
			   VSVM_WAVE_LANES);
	vsvm_run(&t->ctx, &t->s);
}

/* Outside of the process */

/** svm_debugfs() - open a file in the device's directory of debugfs, skip if there is none */
static inline FILE *svm_debugfs(int fd, const char *name)
{
	char path[128];
	struct stat st;
	FILE *f;

	igt_assert_eq(fstat(fd, &st), 0);
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/%s", minor(st.st_rdev), name);
	f = fopen(path, "r");
	igt_require_f(f, "%s: %m\n", path);
	return f;
}

/** svm_debugfs_vms() - VMs that debugfs lists for a process, for all if it is 0 */
static inline unsigned int svm_debugfs_vms(int fd, pid_t pid)
{
	FILE *f = svm_debugfs(fd, "vms");
	char line[256], mark[32];
	unsigned int count = 0;

	snprintf(mark, sizeof(mark), "[%d]", pid);
	while (fgets(line, sizeof(line), f))
		count += !strncmp(line, "vm ", 3) && (!pid || strstr(line, mark));
	fclose(f);
	return count;
}

/** svm_expect_no_vms() - a process that has ended has left no VM */
static inline void svm_expect_no_vms(int fd, pid_t pid)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (svm_debugfs_vms(fd, pid) && vsvm_now() < deadline)
		usleep(10000);
	igt_assert_eq(svm_debugfs_vms(fd, pid), 0);
}

/**
 * svm_temp_file() - an unlinked file with memory of its own
 * @size: bytes, all zero
 *
 * On a disk (/var/tmp), so that the way of dirty pages to it can be seen.
 */
static inline int svm_temp_file(size_t size)
{
	char path[] = "/var/tmp/vsvm-XXXXXX";
	int fd = mkstemp(path);

	igt_require_f(fd >= 0, "/var/tmp: %m\n");
	unlink(path);
	igt_assert_eq(ftruncate(fd, size), 0);
	return fd;
}

#endif /* VSVM_SVM_H */
