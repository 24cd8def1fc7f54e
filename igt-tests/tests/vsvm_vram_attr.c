// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram attr
 * Description: Memory that is used where it is, and memory that does not make room
 *
 * What the mode of atomics does is in vsvm_atomic_mode.
 */
#include <sys/ptrace.h>

#include "vsvm_modprobe.h"
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("Memory that is used where it is, and memory that does not make room");

#define PAGES	16
#define SIZE	(PAGES * PAGE)

static int attr(struct svm *t, const void *p, size_t size, uint32_t type, uint32_t value)
{
	return __vsvm_attr(t->ctx.fd, t->ctx.vm, p, size, type, value);
}

static void set(struct svm *t, const void *p, size_t size, uint32_t type, uint32_t value)
{
	igt_assert_eq(attr(t, p, size, type, value), 0);
}

static void pin(struct svm *t, const void *p, size_t size)
{
	set(t, p, size, DRM_VSVM_ATTR_PINNED, 1);
}

/* The value at an address, and how far it goes in so many bytes */
static void expect(struct svm *t, const void *p, size_t size, uint32_t type, uint32_t value,
		   size_t same)
{
	struct drm_vsvm_attr_op op = { .addr = vsvm_ptr(p), .size = size, .type = type };
	struct drm_vsvm_vm_attr args = {
		.vm_id = t->ctx.vm,
		.flags = DRM_VSVM_ATTR_QUERY,
		.ops = { vsvm_ptr(&op), 1, sizeof(op) },
	};

	igt_assert_eq(vsvm_ioctl(t->ctx.fd, DRM_IOCTL_VSVM_VM_ATTR, &args), 0);
	igt_assert_eq_u32(op.value, value);
	igt_assert_eq_u64(op.size, same);
}

/* A VM that may have so many chunks of VRAM, or any number */
static void begin(struct svm *t, int fd, unsigned int chunks)
{
	struct drm_vsvm_vm_create args = {
		.flags = DRM_VSVM_VM_SVM, .vram_limit = chunks * VSVM_2M,
		.counter_threshold = DRM_VSVM_COUNTER_OFF,
	};

	vram_require(fd);
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &args), 0);
	svm_init_vm(t, fd, args.vm_id);
}

/* The device, if it has been opened for a module of four chunks */
static int last = -1;

static void shut(void)
{
	if (last >= 0)
		close(last);
	last = -1;
}

static int reload(void)
{
	char params[512];

	shut();
	snprintf(params, sizeof(params), "%s vram_mib=8", vsvm_module_found());
	vsvm_module_reload(params);
	last = vsvm_open_node();
	return last;
}

/* The attributes as such */

static void test_values(int fd)
{
	static const struct {
		uint32_t type, max;
	} types[] = {
		{ DRM_VSVM_ATTR_ACCESSED_BY, 1 },
		{ DRM_VSVM_ATTR_ATOMIC, DRM_VSVM_ATOMIC_MIGRATE },
		{ DRM_VSVM_ATTR_PINNED, 1 },
		{ DRM_VSVM_ATTR_READ_MOSTLY, 1 },
	};
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		uint32_t type = types[i].type;

		expect(&t, p, SIZE, type, 0, SIZE);
		for (uint32_t value = 0; value <= types[i].max; value++) {
			set(&t, p + 4 * PAGE, 8 * PAGE, type, value);
			expect(&t, p + 4 * PAGE, 12 * PAGE, type, value,
			       (value ? 8 : 12) * PAGE);
			/* and the others are what they were */
			for (unsigned int j = 0; j < ARRAY_SIZE(types); j++)
				if (j != i)
					expect(&t, p, SIZE, types[j].type, 0, SIZE);
		}
		igt_assert_eq(attr(&t, p, SIZE, type, types[i].max + 1), -EINVAL);
		igt_assert_eq(attr(&t, p, SIZE, type, ~0u), -EINVAL);
		expect(&t, p, SIZE, type, 0, 4 * PAGE);
		set(&t, p, SIZE, type, 0);
		expect(&t, p, SIZE, type, 0, SIZE);
	}
	/* all of them at once, and those that were there before */
	set(&t, p, SIZE, DRM_VSVM_ATTR_GRANULARITY, 16);
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		set(&t, p + i * PAGE, SIZE - i * PAGE, types[i].type, types[i].max);
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		expect(&t, p + i * PAGE, SIZE - i * PAGE, types[i].type, types[i].max,
		       SIZE - i * PAGE);
	expect(&t, p, SIZE, DRM_VSVM_ATTR_GRANULARITY, 16, SIZE);
	expect(&t, p, SIZE, DRM_VSVM_ATTR_LOCATION, 0, SIZE);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* They stay when the mapping is split, and go with it */
static void test_lifetime(int fd)
{
	static const uint32_t types[] = {
		DRM_VSVM_ATTR_ACCESSED_BY, DRM_VSVM_ATTR_ATOMIC, DRM_VSVM_ATTR_PINNED,
		DRM_VSVM_ATTR_READ_MOSTLY,
	};
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		set(&t, p, SIZE, types[i], 1);
	igt_assert_eq(mprotect(p + 4 * PAGE, 4 * PAGE, PROT_READ), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		expect(&t, p, SIZE, types[i], 1, SIZE);
	igt_assert_eq(mprotect(p + 4 * PAGE, 4 * PAGE, RW), 0);
	vsvm_unmap(p + 8 * PAGE, PAGE);
	svm_map_at(p + 8 * PAGE, PAGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		expect(&t, p, SIZE, types[i], 1, 8 * PAGE);
		expect(&t, p + 8 * PAGE, 8 * PAGE, types[i], 0, PAGE);
		expect(&t, p + 9 * PAGE, 7 * PAGE, types[i], 1, 7 * PAGE);
	}
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* Used where it is */

/* No fault moves it, whoever wants it in VRAM: the attribute of the place, or the VM */
static void test_accessed(int fd, bool vm)
{
	struct drm_vsvm_vm_create args = {
		.flags = DRM_VSVM_VM_SVM,
		.counter_threshold = DRM_VSVM_COUNTER_OFF,
	};
	struct drm_vsvm_vm_stats before;
	struct svm t;
	uint8_t *p;

	vram_require(fd);
	args.location = vm ? DRM_VSVM_LOCATION_VRAM : DRM_VSVM_LOCATION_ANY;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &args), 0);
	svm_init_vm(&t, fd, args.vm_id);
	p = svm_buffer(SIZE);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	if (!vm)
		vram_prefer(&t, p, SIZE);
	set(&t, p, SIZE, DRM_VSVM_ATTR_ACCESSED_BY, 1);
	svm_number_pages(p, PAGES, 1);
	before = svm_stats(&t);
	svm_expect_pages(&t, p, PAGES, 1);
	vram_number_gpu(&t, p, PAGES, 1);
	igt_assert_eq_u64(vsvm_pagemap_count(p, SIZE, VSVM_PM_PRESENT), PAGES);
	/* it was not to move, so it was not kept either */
	igt_assert_eq_u64(svm_stats(&t).kept_busy, before.kept_busy);
	igt_assert_eq_u64(svm_stats(&t).kept_kind, before.kept_kind);
	/* a prefetch without a place leaves it, one to VRAM does not, and there it is used */
	igt_assert_eq(__vsvm_prefetch(fd, t.ctx.vm, p, SIZE, 0, NULL), 0);
	igt_assert_eq_u64(vsvm_pagemap_count(p, SIZE, VSVM_PM_PRESENT), PAGES);
	vram_prefetch(&t, p, SIZE);
	igt_assert_eq_u64(vsvm_pagemap_count(p, SIZE, VSVM_PM_PRESENT), 0);
	svm_expect_pages(&t, p, PAGES, 1);
	igt_assert_eq_u64(vsvm_pagemap_count(p, SIZE, VSVM_PM_PRESENT), 0);
	/* said once more, that takes no mapping away; nor is that needed, where it is */
	set(&t, p, SIZE, DRM_VSVM_ATTR_ACCESSED_BY, 0);
	set(&t, p, SIZE, DRM_VSVM_ATTR_ACCESSED_BY, 1);
	svm_expect_pages(&t, p, PAGES, 1);
	before = svm_stats(&t);
	set(&t, p, SIZE, DRM_VSVM_ATTR_ACCESSED_BY, 1);
	igt_assert_eq_u64(svm_stats(&t).pages_zapped, before.pages_zapped);
	vram_check(p, PAGES, 1);
	svm_expect_pages(&t, p, PAGES, 1);
	igt_assert_eq_u64(vsvm_pagemap_count(p, SIZE, VSVM_PM_PRESENT), PAGES);
	/* no longer so: the next fault moves it */
	set(&t, p, SIZE, DRM_VSVM_ATTR_ACCESSED_BY, 0);
	svm_expect_pages(&t, p, PAGES, 1);
	igt_assert_eq_u64(vsvm_pagemap_count(p, SIZE, VSVM_PM_PRESENT), 0);
	vram_check(p, PAGES, 1);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* Pinned */

/* Four chunks; one pinned, and memory for six more that goes through the others */
static void test_pinned(int fd, bool huge)
{
	struct drm_vsvm_vm_stats before, after;
	uint8_t *p, *others;
	struct svm t;

	begin(&t, fd, 4);
	p = huge ? vram_huge(&t, 1) : vram_buffer(&t, BLOCK_PAGES);
	others = huge ? vram_huge(&t, 6) : vram_buffer(&t, 6 * BLOCK_PAGES);
	pin(&t, p, VSVM_2M);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, 0);
	vram_number_gpu(&t, p, BLOCK_PAGES, 1);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, BLOCK_PAGES);
	for (unsigned int i = 0; i < 12; i++)
		svm_fill(&t, others + i % 6 * VSVM_2M, VSVM_2M, i);
	before = svm_stats(&t);
	igt_assert_lt_u64(2 * BLOCK_PAGES, before.pages_evicted);
	igt_assert_eq_u64(before.pages_pinned, BLOCK_PAGES);
	igt_assert_eq_u64(before.pins_refused, 0);
	/* it is there, so nothing has to move for it */
	svm_expect_pages(&t, p, BLOCK_PAGES, 1);
	after = svm_stats(&t);
	igt_assert_eq_u64(after.pages_to_vram, before.pages_to_vram);
	igt_assert_eq_u64(vsvm_pagemap_count(p, VSVM_2M, VSVM_PM_PRESENT), 0);
	/* no longer pinned it is as any other: the one that was used longest ago */
	set(&t, p, VSVM_2M, DRM_VSVM_ATTR_PINNED, 0);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, 0);
	for (unsigned int i = 0; i < 12; i++)
		svm_fill(&t, others + i % 6 * VSVM_2M, VSVM_2M, i);
	igt_assert_eq_u64(vsvm_pagemap_count(p, VSVM_2M, VSVM_PM_PRESENT), BLOCK_PAGES);
	vram_check(p, BLOCK_PAGES, 1);
	svm_buffer_free(p, VSVM_2M);
	svm_buffer_free(others, 6 * VSVM_2M);
	svm_fini(&t);
}

/* What is there when it is pinned, and is touched by nobody then */
static void test_pin_there(int fd, bool huge)
{
	uint8_t *p, *others;
	struct svm t;

	begin(&t, fd, 4);
	p = huge ? vram_huge(&t, 1) : vram_buffer(&t, BLOCK_PAGES);
	others = vram_buffer(&t, 4 * BLOCK_PAGES);
	vram_number_gpu(&t, p, BLOCK_PAGES, 1);
	pin(&t, p + 10 * PAGE, VSVM_2M - 10 * PAGE);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, BLOCK_PAGES - 10);
	/* and its neighbours in the same chunk stay with it */
	svm_fill(&t, others, 4 * VSVM_2M, 7);
	svm_fill(&t, others, 4 * VSVM_2M, 8);
	igt_assert_lt_u64(0, svm_stats(&t).pages_evicted);
	igt_assert_eq_u64(vsvm_pagemap_count(p, VSVM_2M, VSVM_PM_PRESENT), 0);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, BLOCK_PAGES - 10);
	vram_check(p, BLOCK_PAGES, 1);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, 0);
	svm_buffer_free(p, VSVM_2M);
	svm_buffer_free(others, 4 * VSVM_2M);
	svm_fini(&t);
}

/* More than half cannot be pinned, so there is always one that makes room */
static void test_pin_bound(int fd)
{
	struct drm_vsvm_vm_stats stats;
	uint8_t *p;
	struct svm t;

	begin(&t, fd, 4);
	p = vram_buffer(&t, 8 * BLOCK_PAGES);
	pin(&t, p, 8 * VSVM_2M);
	vram_number_gpu(&t, p, 512, 1);
	svm_fill(&t, p, 8 * VSVM_2M, 9);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.pages_pinned, 2 * BLOCK_PAGES);
	igt_assert_lte_u64(BLOCK_PAGES, stats.pins_refused);
	/* all of it has been in VRAM, or is */
	igt_assert_eq_u64(stats.kept_full, 0);
	for (unsigned int i = 0; i < 8 * BLOCK_PAGES; i++)
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), 9);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, 0);
	svm_buffer_free(p, 8 * VSVM_2M);
	svm_fini(&t);
	/* a VM that may have one chunk has nothing pinned */
	begin(&t, fd, 1);
	p = vram_buffer(&t, PAGES);
	pin(&t, p, SIZE);
	vram_number_gpu(&t, p, PAGES, 1);
	vram_expect_pages(&t, PAGES);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, 0);
	igt_assert_lt_u64(0, svm_stats(&t).pins_refused);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* It unlearns, page by page */
static void test_pin_ends(int fd)
{
	uint8_t *p, *q = svm_buffer(PAGE);
	struct svm t;
	int status;
	pid_t pid;

	begin(&t, fd, 4);
	p = vram_buffer(&t, PAGES);
	set(&t, p, SIZE, DRM_VSVM_ATTR_GRANULARITY, 12);
	pin(&t, p, SIZE);
	vram_number_gpu(&t, p, PAGES, 1);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, PAGES);
	vsvm_unmap(p, PAGE);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, PAGES - 1);
	igt_assert_eq(madvise(p + PAGE, PAGE, MADV_DONTNEED), 0);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, PAGES - 2);
	igt_assert(mremap(p + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, PAGES - 3);
	igt_assert_eq_u64(svm_read(&t, q), 3);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, PAGES - 3);
	/* a CPU gets its page, whatever is pinned */
	igt_assert_eq_u64(*(uint64_t *)(p + 3 * PAGE), 4);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, PAGES - 4);
	/* the page stays: so does the pin */
	igt_assert_eq(mprotect(p + 4 * PAGE, PAGE, PROT_READ), 0);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, PAGES - 4);
	igt_assert_eq_u64(svm_read(&t, p + 4 * PAGE), 5);
	igt_assert_eq(mprotect(p + 4 * PAGE, PAGE, RW), 0);
	set(&t, p + 5 * PAGE, PAGE, DRM_VSVM_ATTR_PINNED, 0);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, PAGES - 5);
	vram_fetch_back(&t, p + 6 * PAGE, PAGE);
	igt_assert_lte_u64(svm_stats(&t).pages_pinned, PAGES - 6);
	/* shared with a child it is the parent's still, until the parent has another page */
	svm_expect_pages(&t, p + 7 * PAGE, PAGES - 7, 8);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, PAGES - 6);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		pause();
		_exit(0);
	}
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, PAGES - 6);
	/* the child keeps the page, which nobody pins now; the copy is pinned in its place */
	svm_write(&t, p + 7 * PAGE, 8);
	igt_assert_lte_u64(svm_stats(&t).pages_pinned, PAGES - 6);
	svm_expect_pages(&t, p + 7 * PAGE, PAGES - 7, 8);
	vsvm_unmap(p, SIZE);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, 0);
	kill(pid, SIGKILL);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(q, PAGE);
	svm_fini(&t);
}

/* A VM that goes leaves no pins: another one can have all of VRAM */
static void test_pin_vm_gone(bool forked)
{
	int go[2], fd = reload();
	uint8_t *p, *q;
	struct svm t, u;
	char c = 0;

	begin(&t, fd, 0);
	p = vram_buffer(&t, 2 * BLOCK_PAGES);
	pin(&t, p, 2 * VSVM_2M);
	vram_number_gpu(&t, p, 512, 1);
	svm_fill(&t, p + VSVM_2M, VSVM_2M, 5);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, 2 * BLOCK_PAGES);
	igt_assert_eq(pipe(go), 0);
	if (forked) {
		/* who has the pages too does not keep them pinned */
		igt_fork(child, 1) {
			igt_assert_eq(read(go[0], &c, 1), 1);
			vram_check(p, BLOCK_PAGES, 1);
		}
	}
	svm_fini(&t);
	begin(&u, fd, 0);
	q = vram_buffer(&u, 4 * BLOCK_PAGES);
	svm_fill(&u, q, 4 * VSVM_2M, 3);
	igt_assert_eq_u64(svm_stats(&u).kept_full, 0);
	/* as much as anybody may */
	pin(&u, q, 4 * VSVM_2M);
	igt_assert_eq_u64(svm_stats(&u).pages_pinned, 2 * BLOCK_PAGES);
	vram_check(p, BLOCK_PAGES, 1);
	if (forked) {
		igt_assert_eq(write(go[1], &c, 1), 1);
		igt_waitchildren();
	}
	close(go[0]);
	close(go[1]);
	svm_buffer_free(q, 4 * VSVM_2M);
	svm_buffer_free(p, 2 * VSVM_2M);
	svm_fini(&u);
}

/* The device goes while memory is pinned, or the module: it comes back all the same */
static void test_pin_device_gone(bool huge, bool unload)
{
	int fd = reload();
	uint8_t *p;
	struct svm t;

	begin(&t, fd, 0);
	p = huge ? vram_huge(&t, 1) : vram_buffer(&t, BLOCK_PAGES);
	pin(&t, p, VSVM_2M);
	vram_number_gpu(&t, p, BLOCK_PAGES, 1);
	igt_assert_eq_u64(svm_stats(&t).pages_pinned, BLOCK_PAGES);
	if (unload) {
		shut();
		vsvm_module_unload();
	} else {
		igt_assert_eq(vsvm_driver_write("unbind"), 0);
	}
	vram_check(p, BLOCK_PAGES, 1);
	if (!unload)
		igt_assert_eq(vsvm_driver_write("bind"), 0);
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(p, VSVM_2M);
}

/* Copies for reading */

/* A memfd of numbered pages, sealed or not, and the file */
static int memfd(unsigned int pages, int seals)
{
	int file = memfd_create("vsvm", MFD_ALLOW_SEALING);
	uint8_t *p;

	igt_assert_lte(0, file);
	igt_assert_eq(ftruncate(file, pages * PAGE), 0);
	p = mmap(NULL, pages * PAGE, RW, MAP_SHARED, file, 0);
	igt_assert(p != MAP_FAILED);
	svm_number_pages(p, pages, 1);
	vsvm_unmap(p, pages * PAGE);
	igt_assert_eq(fcntl(file, F_ADD_SEALS, seals), 0);
	return file;
}

/* It, mapped, and mostly read */
static uint8_t *mostly_read(struct svm *t, int file, unsigned int pages, int prot, int flags)
{
	uint8_t *p = svm_buffer(pages * PAGE);

	igt_assert(mmap(p, pages * PAGE, prot, flags | MAP_FIXED, file, 0) == p);
	set(t, p, pages * PAGE, DRM_VSVM_ATTR_READ_MOSTLY, 1);
	return p;
}

static void expect_copies(struct svm *t, const struct drm_vsvm_vm_stats *before, uint64_t now,
			  uint64_t made, uint64_t refused)
{
	struct drm_vsvm_vm_stats stats = svm_stats(t);

	igt_assert_eq_u64(stats.duplicates, now);
	igt_assert_eq_u64(stats.duplicated - before->duplicated, made);
	igt_assert_eq_u64(stats.duplicates_refused - before->duplicates_refused, refused);
}

/* CPU and GPU have a page each, and each event takes the copy away */
static void test_copies(int fd)
{
	struct drm_vsvm_vm_stats before;
	int file = memfd(PAGES, F_SEAL_WRITE);
	struct svm t;
	uint8_t *p;

	vram_require(fd);
	svm_init(&t, fd);
	p = mostly_read(&t, file, PAGES, PROT_READ, MAP_SHARED);
	vram_check(p, PAGES, 1);
	before = svm_stats(&t);
	svm_expect_pages(&t, p, PAGES, 1);
	expect_copies(&t, &before, PAGES, PAGES, 0);
	vram_expect_pages(&t, PAGES);
	/* the CPU has lost nothing by it, and reading takes nothing away */
	igt_assert_eq_u64(vsvm_pagemap_count(p, SIZE, VSVM_PM_PRESENT), PAGES);
	vram_check(p, PAGES, 1);
	svm_expect_pages(&t, p, PAGES, 1);
	expect_copies(&t, &before, PAGES, PAGES, 0);
	/* nobody may write */
	svm_expect_error(&t, p, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	igt_assert_eq(madvise(p, PAGE, MADV_DONTNEED), 0);
	expect_copies(&t, &before, PAGES - 1, PAGES, 0);
	set(&t, p + PAGE, PAGE, DRM_VSVM_ATTR_READ_MOSTLY, 0);
	expect_copies(&t, &before, PAGES - 2, PAGES, 0);
	svm_expect_pages(&t, p, PAGES, 1);
	expect_copies(&t, &before, PAGES - 1, PAGES + 1, 0);
	/* the file gets shorter, and longer again: the seal is not about that */
	igt_assert_eq(ftruncate(file, 4 * PAGE), 0);
	expect_copies(&t, &before, 3, PAGES + 1, 0);
	svm_expect_error(&t, p + 4 * PAGE, VSVM_ACCESS_READ, VSVM_ERROR_BUS);
	igt_assert_eq(ftruncate(file, SIZE), 0);
	igt_assert_eq_u64(svm_read(&t, p + 4 * PAGE), 0);
	igt_assert_eq_u64(svm_read(&t, p + 3 * PAGE), 4);
	vsvm_unmap(p, SIZE);
	igt_assert_eq_u64(svm_stats(&t).duplicates, 0);
	vram_expect_pages(&t, 0);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
	close(file);
}

enum writer { BY_CPU, BY_GPU, BY_ATOMIC, BY_FORCE, NUM_WRITERS };

static const char *const writers[] = {
	[BY_CPU] = "cpu", [BY_GPU] = "gpu", [BY_ATOMIC] = "atomic", [BY_FORCE] = "force",
};

/* A child writes a word of ours, whatever the protection */
static void poke(void *p, uint64_t word)
{
	pid_t parent = getpid(), pid = fork();
	int status;

	igt_assert_lte(0, pid);
	if (!pid) {
		if (ptrace(PTRACE_ATTACH, parent, NULL, NULL) || waitpid(parent, NULL, 0) < 0)
			_exit(1);
		status = ptrace(PTRACE_POKEDATA, parent, p, word) ? 2 : 0;
		ptrace(PTRACE_DETACH, parent, NULL, NULL);
		_exit(status);
	}
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_require_f(WIFEXITED(status) && WEXITSTATUS(status) != 1, "ptrace: not allowed\n");
	igt_assert_eq(WEXITSTATUS(status), 0);
}

/* A private mapping is written: the GPU sees that, and not its copy of what was there */
static void test_copies_private(int fd, enum writer writer)
{
	int prot = writer == BY_FORCE ? PROT_READ : RW;
	int file = memfd(PAGES, F_SEAL_WRITE);
	struct drm_vsvm_vm_stats before;
	uint64_t word = 0x600d;
	struct svm t;
	uint8_t *p;

	vram_require(fd);
	svm_init(&t, fd);
	p = mostly_read(&t, file, PAGES, prot, MAP_PRIVATE);
	before = svm_stats(&t);
	svm_expect_pages(&t, p, PAGES, 1);
	expect_copies(&t, &before, PAGES, PAGES, 0);
	switch (writer) {
	case BY_CPU:
		*(uint64_t *)p = word;
		break;
	case BY_GPU:
		svm_write(&t, p, word);
		break;
	case BY_ATOMIC:
		vsvm_emit_atomic(svm_stream(&t), VSVM_ATOMIC_XCHG, 8, vsvm_ptr(p), word, 0, 0);
		vsvm_run(&t.ctx, &t.s);
		break;
	default:
		/* as a debugger does, and once more where there is a page of its own */
		poke(p, 1);
		igt_assert_eq_u64(svm_read(&t, p), 1);
		poke(p, word);
	}
	igt_assert_eq_u64(svm_read(&t, p), 0x600d);
	igt_assert_eq_u64(*(uint64_t *)p, 0x600d);
	/* the others are as they were, or again so: fork takes all copies away */
	svm_expect_pages(&t, p + PAGE, PAGES - 1, 2);
	igt_assert_eq_u64(svm_stats(&t).duplicates, PAGES - 1);
	svm_buffer_free(p, SIZE);
	igt_assert_eq_u64(svm_stats(&t).duplicates, 0);
	svm_fini(&t);
	close(file);
}

/* What could change unheard is used where it is, so that each write is seen */
static void test_copies_refused(int fd, bool anon)
{
	int file = memfd(PAGES, F_SEAL_SHRINK);
	struct drm_vsvm_vm_stats before;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = mostly_read(&t, file, PAGES, RW, anon ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
	svm_number_pages(p, PAGES, 1);
	before = svm_stats(&t);
	for (unsigned int i = 0; i < PAGES; i++)
		igt_assert_eq_u64(svm_read(&t, p + i * PAGE), i + 1);
	igt_assert_eq_u64(svm_stats(&t).duplicates, 0);
	igt_assert_eq_u64(svm_stats(&t).duplicated, before.duplicated);
	igt_assert_lt_u64(before.duplicates_refused, svm_stats(&t).duplicates_refused);
	svm_number_pages(p, PAGES, 100);
	svm_expect_pages(&t, p, PAGES, 100);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
	close(file);
}

/* As many as may be pinned, and the VM's end */
static void test_copies_bound(int fd)
{
	int file = memfd(4 * BLOCK_PAGES, F_SEAL_WRITE);
	struct drm_vsvm_vm_stats before;
	struct svm t;
	uint8_t *p, *q;

	begin(&t, fd, 4);
	p = mostly_read(&t, file, 4 * BLOCK_PAGES, PROT_READ, MAP_SHARED);
	before = svm_stats(&t);
	for (unsigned int i = 0; i < 4; i++)
		svm_expect_pages(&t, p + i * VSVM_2M, BLOCK_PAGES, 1 + i * BLOCK_PAGES);
	expect_copies(&t, &before, 2 * BLOCK_PAGES, 2 * BLOCK_PAGES, 2 * BLOCK_PAGES);
	/* and there is room for others */
	q = vram_buffer(&t, 4 * BLOCK_PAGES);
	svm_fill(&t, q, 4 * VSVM_2M, 4);
	igt_assert_eq_u64(svm_stats(&t).kept_full, 0);
	igt_assert_eq_u64(svm_stats(&t).duplicates, 2 * BLOCK_PAGES);
	svm_buffer_free(q, 4 * VSVM_2M);
	svm_fini(&t);
	vram_check(p, 4 * BLOCK_PAGES, 1);
	svm_buffer_free(p, 4 * VSVM_2M);
	close(file);
}

/* The device goes: copies do not keep it */
static void test_copies_device_gone(void)
{
	int fd = reload(), file = memfd(PAGES, F_SEAL_WRITE);
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = mostly_read(&t, file, PAGES, PROT_READ, MAP_SHARED);
	svm_expect_pages(&t, p, PAGES, 1);
	igt_assert_eq_u64(svm_stats(&t).duplicates, PAGES);
	igt_assert_eq(vsvm_driver_write("unbind"), 0);
	vram_check(p, PAGES, 1);
	igt_assert_eq(vsvm_driver_write("bind"), 0);
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(p, SIZE);
	close(file);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		/* by a file of its own: the module is to go */
		vsvm_module_save();
		fd = vsvm_open_node();
	}

	igt_describe("An attribute is not what was set, or another one changes with it");
	igt_subtest("values")
		test_values(fd);
	igt_describe("Attributes go with a change of protection, or stay when the memory has gone");
	igt_subtest("lifetime")
		test_lifetime(fd);
	igt_describe("Memory that is to be used where it is moves by a fault");
	igt_subtest("accessed-by")
		test_accessed(fd, false);
	igt_describe("Memory that is to be used where it is moves, for the VM wants all in VRAM");
	igt_subtest("accessed-by-vm")
		test_accessed(fd, true);
	for (int huge = 0; huge < 2; huge++) {
		const char *name = huge ? "-huge" : "";

		igt_describe("Pinned memory makes room, or what was pinned never does");
		igt_subtest_f("pinned%s", name)
			test_pinned(fd, huge);
		igt_describe("What was in VRAM before it was pinned makes room");
		igt_subtest_f("pin-there%s", name)
			test_pin_there(fd, huge);
	}
	igt_describe("VRAM is full of pinned memory, and nobody else gets any");
	igt_subtest("pin-bound")
		test_pin_bound(fd);
	igt_describe("Memory that has gone is pinned still, or what stays no more");
	igt_subtest("pin-ends")
		test_pin_ends(fd);
	igt_describe("The GPU reads something else than the CPU, or the CPU has lost its page");
	igt_subtest("copies")
		test_copies(fd);
	for (unsigned int writer = 0; writer < NUM_WRITERS; writer++) {
		igt_describe("The GPU reads an old copy of what was written");
		igt_subtest_f("copies-private-%s", writers[writer])
			test_copies_private(fd, writer);
	}
	igt_describe("The GPU has a copy of anonymous memory, and misses a store");
	igt_subtest("copies-refused-anon")
		test_copies_refused(fd, true);
	igt_describe("The GPU has a copy of a file that can be written");
	igt_subtest("copies-refused-file")
		test_copies_refused(fd, false);
	igt_describe("VRAM is full of copies, or they stay when the VM goes");
	igt_subtest("copies-bound")
		test_copies_bound(fd);
	igt_fixture()
		close(fd);

	igt_describe("What a VM has pinned stays so when the VM has gone");
	igt_subtest("pin-vm-gone")
		test_pin_vm_gone(false);
	igt_describe("What a VM has pinned stays so, for a child of the process has it");
	igt_subtest("pin-vm-gone-forked")
		test_pin_vm_gone(true);
	igt_describe("The device cannot be unplugged while there are copies");
	igt_subtest("copies-unbind")
		test_copies_device_gone();
	for (int huge = 0; huge < 2; huge++) {
		const char *name = huge ? "-huge" : "";

		igt_describe("A program loses what is pinned when its GPU is unplugged");
		igt_subtest_f("pin-unbind%s", name)
			test_pin_device_gone(huge, false);
		igt_describe("A program loses what is pinned when the module is unloaded");
		igt_subtest_f("pin-unload%s", name)
			test_pin_device_gone(huge, true);
	}

	igt_fixture() {
		shut();
		vsvm_module_unload();
		igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
	}
}
