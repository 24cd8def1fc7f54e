// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram evict
 * Description: More memory than VRAM, and VRAM, VMs and devices that go with memory in it
 *
 * Loads the module with little VRAM; at the end it is loaded as it was.
 */
#include <signal.h>

#include "vsvm_modprobe.h"
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("More memory than VRAM, and what goes with memory in it");

#define MIB		8
#define VRAM		((uint64_t)MIB << 20)
#define VRAM_PAGES	(VRAM / PAGE)
#define CHUNKS		(VRAM / VSVM_2M)

/* The module with so much VRAM */
static int begin(unsigned int mib)
{
	int fd = vsvm_module_begin("vram_mib=%u", mib);
	struct drm_vsvm_dev_info info;

	vsvm_dev_info(fd, &info);
	igt_assert_eq_u64(info.vram_size, (uint64_t)mib << 20);
	return fd;
}

/* Memory that is wanted in VRAM, in 4K or in 2M, and that nobody has written yet */
static uint8_t *wanted(struct svm *t, struct known *k, size_t size, bool huge)
{
	uint8_t *p = huge ? vram_huge(t, size / VSVM_2M) : vram_buffer(t, size / PAGE);

	known_init(k, p, size);
	return p;
}

/* The GPU writes and reads four times as much as there is VRAM */
static void test_working_set(bool huge)
{
	const size_t size = 4 * VRAM;
	struct drm_vsvm_vm_stats stats;
	int fd = begin(MIB);
	struct known k;
	struct svm t;

	svm_init(&t, fd);
	wanted(&t, &k, size, huge);
	known_write(&k, &t);
	stats = svm_stats(&t);
	igt_assert_lte_u64(size / PAGE, stats.pages_to_vram);
	igt_assert_lte_u64(stats.vram_pages, VRAM_PAGES);
	igt_assert_eq_u64(stats.pages_to_vram, stats.pages_evicted + stats.vram_pages);
	igt_assert_eq_u64(stats.kept_full, 0);
	igt_assert_eq_u64(stats.pages_faulted, 0);
	known_expect_gpu(&k, &t);
	for (unsigned int round = 0; round < 3; round++) {
		for (size_t i = round * 3 * PAGE; i + PAGE <= size; i += 61 * PAGE)
			known_write_part(&k, &t, i + 8 * round, 512);
		known_expect_gpu(&k, &t);
	}
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.kept_full, 0);
	known_expect_cpu(&k);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.vram_pages, 0);
	igt_assert_eq_u64(stats.pages_to_vram, stats.pages_evicted + stats.pages_faulted);
	vram_end(&t, &k);
}

/* Some processes, each with as much memory as there is VRAM, at the same time */
static void test_processes(bool huge)
{
	int fd = begin(MIB);
	uint64_t *evicted = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	igt_assert(evicted != MAP_FAILED);
	igt_fork(child, 3) {
		struct known k;
		struct svm t;

		svm_init(&t, fd);
		wanted(&t, &k, VRAM, huge);
		k.rng.state = child + 1;
		for (unsigned int round = 0; round < 3; round++) {
			known_write(&k, &t);
			known_expect_gpu(&k, &t);
			if (round)
				known_expect_cpu(&k);
		}
		known_expect(&k, &t);
		evicted[child] = svm_stats(&t).pages_evicted;
		vram_end(&t, &k);
	}
	igt_waitchildren();
	igt_assert_lt_u64(0, evicted[0] + evicted[1] + evicted[2]);
	munmap(evicted, PAGE);
}

/* Each chunk of VRAM is another VM's: so their counters say whose went */
static void test_lru(bool huge)
{
	const unsigned int count = CHUNKS;
	int fd = begin(MIB);
	struct known k[CHUNKS + 2];
	struct svm t[CHUNKS + 2];

	for (unsigned int i = 0; i < count + 2; i++) {
		svm_init(&t[i], fd);
		wanted(&t[i], &k[i], VSVM_2M, huge);
	}
	for (unsigned int i = 0; i < count; i++) {
		known_write(&k[i], &t[i]);
		vram_expect_pages(&t[i], BLOCK_PAGES);
	}
	/* the first one is used once more: it faults, for it is to have other pages */
	igt_assert_eq(__vsvm_page_size(fd, t[0].ctx.vm, k[0].p, VSVM_2M, DRM_VSVM_PAGE_SIZE_4K), 0);
	svm_read(&t[0], k[0].p);
	vram_expect_pages(&t[0], BLOCK_PAGES);
	for (unsigned int i = 0; i < 2; i++) {
		known_write(&k[count + i], &t[count + i]);
		vram_expect_pages(&t[count + i], BLOCK_PAGES);
		for (unsigned int j = 0; j < count; j++) {
			bool gone = j && j <= i + 1;

			igt_assert_eq_u64(svm_stats(&t[j]).pages_evicted, gone ? BLOCK_PAGES : 0);
			vram_expect_pages(&t[j], gone ? 0 : BLOCK_PAGES);
		}
	}
	for (unsigned int i = 0; i < count + 2; i++) {
		known_expect(&k[i], &t[i]);
		vram_end(&t[i], &k[i]);
	}
}

/* What the GPU uses without a fault stays: somebody has to ask its page tables */
static void test_lru_used(bool huge)
{
	const unsigned int count = CHUNKS;
	int fd = begin(MIB);
	struct known k[CHUNKS + 2];
	struct svm t[CHUNKS + 2];
	uint64_t faults;

	for (unsigned int i = 0; i < count + 2; i++) {
		svm_init(&t[i], fd);
		wanted(&t[i], &k[i], VSVM_2M, huge);
	}
	/* the last but one has the oldest go, and what is in use looked at */
	for (unsigned int i = 0; i < count + 1; i++)
		known_write(&k[i], &t[i]);
	vram_expect_pages(&t[0], 0);
	usleep(300000);
	faults = svm_stats(&t[1]).faults;
	svm_read(&t[1], k[1].p);
	igt_assert_eq_u64(svm_stats(&t[1]).faults, faults);
	known_write(&k[count + 1], &t[count + 1]);
	vram_expect_pages(&t[1], BLOCK_PAGES);
	vram_expect_pages(&t[2], 0);
	for (unsigned int i = 0; i < count + 2; i++) {
		known_expect(&k[i], &t[i]);
		vram_end(&t[i], &k[i]);
	}
}

/* A VM that may have two chunks takes no more, and makes room itself */
static void test_limit(bool huge)
{
	struct drm_vsvm_vm_create args = {
		.flags = DRM_VSVM_VM_SVM,
		.vram_limit = 2 * VSVM_2M,
		.counter_threshold = DRM_VSVM_COUNTER_OFF,
	};
	struct drm_vsvm_vm_stats stats;
	int fd = begin(MIB);
	struct known k, l;
	struct svm t, u;

	svm_init(&u, fd);
	vram_begin(&u, &l, VSVM_2M, huge);
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &args), 0);
	svm_init_vm(&t, fd, args.vm_id);
	wanted(&t, &k, VRAM, huge);
	known_write(&k, &t);
	stats = svm_stats(&t);
	igt_assert_lte_u64(stats.vram_bytes, args.vram_limit);
	igt_assert_lt_u64(0, stats.vram_pages);
	igt_assert_eq_u64(stats.kept_full, 0);
	igt_assert_eq_u64(stats.pages_evicted, VRAM_PAGES - stats.vram_pages);
	known_expect_gpu(&k, &t);
	/* the other's is where it was */
	igt_assert_eq_u64(svm_stats(&u).pages_evicted, 0);
	vram_expect_pages(&u, BLOCK_PAGES);
	known_expect_cpu(&k);
	vram_end(&t, &k);
	known_expect(&l, &u);
	vram_end(&u, &l);
}

/* Less than a chunk is nothing: all is mapped where it is, and said to be */
static void test_limit_small(void)
{
	struct drm_vsvm_vm_create args = {
		.flags = DRM_VSVM_VM_SVM,
		.vram_limit = PAGE,
		.counter_threshold = DRM_VSVM_COUNTER_OFF,
	};
	struct drm_vsvm_vm_stats stats;
	int fd = begin(MIB);
	struct known k;
	struct svm t;

	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &args), 0);
	svm_init_vm(&t, fd, args.vm_id);
	wanted(&t, &k, 64 * PAGE, false);
	known_write(&k, &t);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.vram_pages, 0);
	igt_assert_eq_u64(stats.pages_to_vram, 0);
	igt_assert_lt_u64(0, stats.kept_full);
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* Memory goes between BOs and VRAM while there is too little of it */
static void test_bo(bool huge)
{
	const size_t size = 2 * VRAM;
	int fd = begin(MIB);
	uint8_t *range = vsvm_reserve(size), *map;
	struct known k;
	struct svm t;
	uint32_t bo;

	svm_init_vm(&t, fd, vsvm_vm_create_range(fd, range, size));
	bo = vsvm_bo_create(fd, size);
	map = vsvm_bo_mmap(fd, bo, size);
	vsvm_bind(fd, t.ctx.vm, bo, 0, vsvm_ptr(range), size, 0);
	wanted(&t, &k, size, huge);
	vsvm_rand_fill(&k.rng, map, size);
	memcpy(k.want, map, size);
	/* from the BO, and where all has been evicted once, half of it in the other direction */
	svm_copy(&t, k.p, range, size);
	known_expect_gpu(&k, &t);
	svm_fill(&t, range, size, 0);
	svm_copy(&t, range + size / 2, k.p, size / 2);
	for (size_t i = 0; i < size / 2; i++)
		igt_assert_f(!map[i] && map[size / 2 + i] == k.want[i], "BO: byte %zu\n", i);
	igt_assert_lt_u64(0, svm_stats(&t).pages_evicted);
	igt_assert_eq_u64(svm_stats(&t).bo_bytes, size);
	known_expect(&k, &t);
	vsvm_unbind(fd, t.ctx.vm, vsvm_ptr(range), size);
	vsvm_bo_close(fd, bo);
	vsvm_unmap(map, size);
	vram_end(&t, &k);
	vsvm_unmap(range, size);
}

/* Killed while it moves memory there and others make room; the module goes right after it */
static void test_kill(bool huge)
{
	uint32_t *ready = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char params[512];

	igt_assert(ready != MAP_FAILED);
	snprintf(params, sizeof(params), "%s vram_mib=%u", vsvm_module_found(), MIB);
	begin(MIB);
	vsvm_module_shut();
	for (unsigned int round = 0; round < 4; round++) {
		*ready = 0;
		igt_fork(child, 2) {
			int fd = vsvm_open_node();
			struct known k;
			struct svm t;

			svm_init(&t, fd);
			wanted(&t, &k, 2 * VRAM, huge);
			__atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
			for (;;)
				known_write(&k, &t);
		}
		while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < 2)
			usleep(1000);
		usleep(200000 + 50000 * round);
		igt_kill_children(SIGKILL);
		igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
		vsvm_module_reload(params);
	}
	munmap(ready, PAGE);
}

/* What the process has is there still when the VM that had brought it to VRAM is not */
static void test_vm_gone(bool huge, bool wait)
{
	int fd = begin(MIB);
	struct known k, l;
	struct svm t, u;

	svm_init(&t, fd);
	vram_begin(&t, &k, VRAM, huge);
	svm_fini(&t);
	svm_init(&u, fd);
	/* as much as all of VRAM, for another, whether that one's has come back or not */
	if (wait)
		usleep(300000);
	vram_begin(&u, &l, VRAM, huge);
	if (!wait)
		known_expect_cpu(&k);
	known_expect_gpu(&k, &u);
	known_expect_cpu(&k);
	svm_buffer_free(k.p, k.size);
	known_fini(&k);
	igt_assert_eq_u64(svm_stats(&u).kept_full, 0);
	known_expect(&l, &u);
	vram_end(&u, &l);
}

/* The process unmaps it, throws it away or ends at the moment when it is to come back */
enum leave { LEAVE_MUNMAP, LEAVE_DONTNEED, LEAVE_EXIT };

static void test_vm_gone_then(bool huge, enum leave leave)
{
	int fd = begin(MIB);

	for (unsigned int round = 0; round < 12; round++) {
		igt_fork(child, 1) {
			struct known k;
			struct svm t;

			svm_init(&t, fd);
			vram_begin(&t, &k, VRAM, huge);
			svm_fini(&t);
			usleep(100 * round);
			if (leave == LEAVE_EXIT)
				_exit(0);
			if (leave == LEAVE_MUNMAP) {
				vsvm_unmap(k.p, k.size);
				svm_map_at(k.p, k.size);
			} else {
				igt_assert_eq(madvise(k.p, k.size, MADV_DONTNEED), 0);
			}
			for (size_t i = 0; i < k.size; i++)
				igt_assert_eq(k.p[i], 0);
		}
		igt_waitchildren();
	}
	vsvm_module_shut();
	vsvm_module_unload();
	begin(MIB);
}

/* All of a process that goes on is in VRAM when the module goes */
static void test_unload(bool huge)
{
	int fd = begin(MIB);
	struct known k;
	struct svm t;

	svm_init(&t, fd);
	vram_begin(&t, &k, VRAM, huge);
	/* not svm_fini(): the file's end is all there is */
	vsvm_module_shut();
	vsvm_module_unload();
	known_expect_cpu(&k);
	/* nothing of it depends on a device */
	igt_assert_eq(mprotect(k.p, k.size, PROT_READ), 0);
	known_expect_cpu(&k);
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(k.p, k.size);
	known_fini(&k);
	begin(MIB);
}

/* The device goes while it is open, and a child shares what is in VRAM */
static void test_unbind(bool huge, bool forked)
{
	int go[2], fd = begin(MIB);
	struct known k;
	struct svm t;
	char c = 0;

	svm_init(&t, fd);
	vram_begin(&t, &k, VRAM, huge);
	igt_assert_eq(pipe(go), 0);
	if (forked) {
		igt_fork(child, 1) {
			igt_assert_eq(read(go[0], &c, 1), 1);
			known_expect_cpu(&k);
			memset(k.p, 0x77, k.size);
		}
	}
	igt_assert_eq(vsvm_driver_write("unbind"), 0);
	if (forked) {
		igt_assert_eq(write(go[1], &c, 1), 1);
		igt_waitchildren();
	}
	known_expect_cpu(&k);
	igt_assert_eq(vsvm_driver_write("bind"), 0);
	close(go[0]);
	close(go[1]);
	vsvm_unmap(t.range, svm_range_size());
	/* the new device has VRAM again */
	vsvm_module_shut();
	svm_init(&t, vsvm_module_reopen());
	vram_prefer(&t, k.p, k.size);
	known_write(&k, &t);
	/* after a fork some may be shared, or copied, just then, and stay */
	if (forked)
		igt_assert_lt_u64(0, svm_stats(&t).vram_pages);
	else
		vram_expect_pages(&t, k.size / PAGE);
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* The debug kernel can have allocations fail */
static void fail_set(const char *name, const char *f, unsigned long long value)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "/sys/kernel/debug/fail_page_alloc/%s", name);
	snprintf(text, sizeof(text), f, value);
	vsvm_set(path, "%s", text);
}

/* From 2^order pages on, so many of a hundred; of all tasks, or of those that ask for it */
static void fail_pages(unsigned int order, bool filter, unsigned int percent)
{
	fail_set("ignore-gfp-wait", "N", 0);
	fail_set("ignore-gfp-highmem", "N", 0);
	fail_set("verbose", "%llu", 0);
	fail_set("task-filter", filter ? "Y" : "N", 0);
	fail_set("min-order", "%llu", order);
	fail_set("interval", "%llu", 1);
	fail_set("space", "%llu", 0);
	fail_set("times", "-1", 0);
	fail_set("probability", "%llu", percent);
}

/* Only what a function of the module asks for, itself or by others */
static void fail_in(const char *function)
{
	unsigned long long addr, start = 0, end = ~0ull;
	char line[256], name[128], module[32];
	FILE *f;

	for (int pass = 0; pass < 2; pass++) {
		f = fopen("/proc/kallsyms", "r");
		igt_assert(f);
		while (fgets(line, sizeof(line), f)) {
			if (sscanf(line, "%llx %*c %127s %31s", &addr, name, module) != 3 ||
			    strcmp(module, "[vsvm]"))
				continue;
			if (!pass && !strcmp(name, function))
				start = addr;
			else if (pass && addr > start && addr < end)
				end = addr;
		}
		fclose(f);
		igt_require_f(start, "no address of %s\n", function);
	}
	fail_set("stacktrace-depth", "%llu", 32);
	fail_set("require-start", "0x%llx", start);
	fail_set("require-end", "0x%llx", end);
}

/* 2M have to make room, or come back, and there is nowhere that 2M fit in */
static void test_no_2m(void)
{
	struct drm_vsvm_vm_stats stats;
	int fd = begin(MIB);
	struct known k;
	struct svm t;

	svm_init(&t, fd);
	wanted(&t, &k, 2 * VRAM, true);
	/* nothing of 2M any more */
	fail_pages(9, false, 100);
	known_write(&k, &t);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.kept_full, 0);
	igt_assert_lte_u64(VRAM_PAGES, stats.pages_evicted);
	known_expect_gpu(&k, &t);
	known_expect_cpu(&k);
	vsvm_set_back();
	known_write(&k, &t);
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* Unbinds the device, in a process for which there is no memory to bring anything back to */
static void unbind_failing(void)
{
	vsvm_tell("/proc/self/make-it-fail", "1");
	igt_assert_eq(vsvm_driver_write("unbind"), 0);
}

static bool is_back(const uint8_t *p)
{
	return vsvm_pagemap(p) & VSVM_PM_PRESENT;
}

/*
 * There is no memory for anything that is to come back when the device goes. It waits for some, and
 * nothing is lost: a CPU gets what it wants, and if who waits is killed the rest comes without him
 */
static void test_unbind_no_memory(bool huge)
{
	struct drm_vsvm_dev_query query = { .type = DRM_VSVM_DEV_QUERY_INFO };
	int fd = begin(MIB);
	int64_t deadline;
	struct known k;
	struct svm t;

	igt_require_f(!access("/proc/self/make-it-fail", W_OK), "no fault injection\n");
	svm_init(&t, fd);
	vram_begin(&t, &k, VRAM, huge);
	fail_in("vsvm_migrate_to_ram");
	fail_pages(0, true, 100);
	igt_fork(child, 1)
		unbind_failing();
	deadline = vsvm_deadline(VSVM_WAIT_NS);
	while (vsvm_ioctl(fd, DRM_IOCTL_VSVM_DEV_QUERY, &query) != -ENODEV) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	usleep(300000);
	for (size_t i = 0; i < k.size; i += PAGE)
		igt_assert(!is_back(k.p + i));
	igt_assert(!memcmp(k.p, k.want, VSVM_2M));
	igt_assert(!is_back(k.p + k.size - PAGE));
	igt_kill_children(SIGKILL);
	igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	vsvm_set_back();
	deadline = vsvm_deadline(VSVM_WAIT_NS);
	for (size_t i = 0; i < k.size; i += PAGE) {
		while (!is_back(k.p + i)) {
			igt_assert_lt_s64(vsvm_now(), deadline);
			usleep(1000);
		}
	}
	known_expect_cpu(&k);
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(k.p, k.size);
	known_fini(&k);
	vsvm_module_shut();
	vsvm_module_unload();
	begin(MIB);
}

/* Each tenth allocation fails when the device goes: it takes longer, and all comes back */
static void test_unbind_little_memory(bool huge)
{
	int fd = begin(MIB);
	struct known k;
	struct svm t;

	igt_require_f(!access("/proc/self/make-it-fail", W_OK), "no fault injection\n");
	svm_init(&t, fd);
	vram_begin(&t, &k, VRAM, huge);
	fail_in("vsvm_migrate_to_ram");
	fail_pages(0, true, 10);
	igt_fork(child, 1)
		unbind_failing();
	igt_waitchildren();
	vsvm_set_back();
	for (size_t i = 0; i < k.size; i += PAGE)
		igt_assert(is_back(k.p + i));
	known_expect_cpu(&k);
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(k.p, k.size);
	known_fini(&k);
	vsvm_module_shut();
	vsvm_module_unload();
	begin(MIB);
}

/* Who wants VRAM where there is none gets on without */
static void test_none(bool huge)
{
	struct drm_vsvm_vm_stats stats;
	int fd = begin(0);
	struct known k;
	struct svm t;

	svm_init(&t, fd);
	wanted(&t, &k, 2 * VSVM_2M, huge);
	known_write(&k, &t);
	known_expect(&k, &t);
	vram_prefetch(&t, k.p, k.size);
	vram_fetch_back(&t, k.p, k.size);
	known_expect(&k, &t);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.pages_to_vram, 0);
	igt_assert_eq_u64(stats.pages_to_system, 0);
	igt_assert_eq_u64(stats.vram_pages, 0);
	igt_assert_eq_u64(stats.vram_bytes, 0);
	vram_end(&t, &k);
}

int igt_main()
{
	igt_fixture() {
		vsvm_module_save();
	}

	for (int huge = 0; huge < 2; huge++) {
		const char *name = huge ? "-huge" : "";

		igt_describe("A program that needs more memory than VRAM loses some of it");
		igt_subtest_f("working-set%s", name)
			test_working_set(huge);
		igt_describe("Programs that need more VRAM than there is get each other's bytes");
		igt_subtest_f("processes%s", name)
			test_processes(huge);
		igt_describe("What is used has to make room for what is not");
		igt_subtest_f("lru%s", name)
			test_lru(huge);
		igt_describe("What the GPU uses all the time has to make room, for want of faults");
		igt_subtest_f("lru-used%s", name)
			test_lru_used(huge);
		igt_describe("A VM takes more VRAM than it was allowed, or that of others");
		igt_subtest_f("limit%s", name)
			test_limit(huge);
		igt_describe("Copies between BOs and memory are wrong where VRAM is short");
		igt_subtest_f("bo%s", name)
			test_bo(huge);
		igt_describe("The module stays, or the kernel falls, after a kill amid migrations");
		igt_subtest_f("kill%s", name)
			test_kill(huge);
		igt_describe("A program that destroys its VM loses what is in VRAM");
		igt_subtest_f("vm-gone%s", name)
			test_vm_gone(huge, true);
		igt_describe("A program loses what is in VRAM when it looks while its VM goes");
		igt_subtest_f("vm-gone-early%s", name)
			test_vm_gone(huge, false);
		igt_describe("A CPU is lost when a program unmaps what is on its way back");
		igt_subtest_f("vm-gone-munmap%s", name)
			test_vm_gone_then(huge, LEAVE_MUNMAP);
		igt_describe("A CPU is lost when a program discards what is on its way back");
		igt_subtest_f("vm-gone-dontneed%s", name)
			test_vm_gone_then(huge, LEAVE_DONTNEED);
		igt_describe("A CPU is lost when a program ends with memory on its way back");
		igt_subtest_f("vm-gone-exit%s", name)
			test_vm_gone_then(huge, LEAVE_EXIT);
		igt_describe("A program loses memory when the module is unloaded");
		igt_subtest_f("unload%s", name)
			test_unload(huge);
		igt_describe("A program loses memory when its GPU is unplugged");
		igt_subtest_f("unbind%s", name)
			test_unbind(huge, false);
		igt_describe("Processes that share memory in VRAM lose it by an unplug");
		igt_subtest_f("unbind-forked%s", name)
			test_unbind(huge, true);
		igt_describe("An unplug without memory cannot be killed, or loses a program's");
		igt_subtest_f("unbind-no-memory%s", name)
			test_unbind_no_memory(huge);
		igt_describe("An unplug with little memory loses some of a program's");
		igt_subtest_f("unbind-little-memory%s", name)
			test_unbind_little_memory(huge);
		igt_describe("Programs that ask for VRAM do not work where there is none");
		igt_subtest_f("none%s", name)
			test_none(huge);
	}
	igt_describe("A VM that may have next to no VRAM does not work");
	igt_subtest("limit-small")
		test_limit_small();

	igt_describe("2M in VRAM cannot make room where memory is in pieces");
	igt_subtest("no-2m")
		test_no_2m();

	igt_fixture() {
		vsvm_module_end();
	}
}
