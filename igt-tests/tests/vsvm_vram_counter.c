// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram counter
 * Description: Memory goes to VRAM because the GPU uses it often, and nobody has said so
 *
 * Loads the module once with a short ring for the access counters; then it is loaded as it was.
 */
#include "vsvm_counter.h"
#include "vsvm_modprobe.h"
#include "vsvm_uffd.h"

IGT_TEST_DESCRIPTION("Memory goes to VRAM because the GPU uses it often");

#define REGIONS		8u
#define PAGES		(REGIONS * REGION_PAGES)
#define SIZE		(PAGES * PAGE)

static uint64_t overflows(int fd)
{
	struct drm_vsvm_engine_info info;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < vsvm_num_engines(fd); i++) {
		vsvm_engine_info(fd, i, &info);
		sum += info.counter_overflows;
	}
	return sum;
}

static void test_hot(int fd, bool write)
{
	struct drm_vsvm_vm_stats stats;
	struct svm t;
	uint8_t *p;

	counter_begin(&t, fd);
	p = counter_buffer(PAGES);
	/* all of it a little: each region half as often as it takes */
	for (unsigned int i = 0; i < THRESHOLD / REGION_PAGES / 2; i++)
		svm_expect_pages(&t, p, PAGES, 100);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, 0);
	vram_expect_pages(&t, 0);
	/* one of it much */
	if (write) {
		svm_stream(&t);
		for (unsigned int i = 0; i < THRESHOLD; i++)
			vsvm_emit_fill(&t.s, vsvm_ptr(p + 2 * REGION), 8, 1000 + i, 8);
		vsvm_run(&t.ctx, &t.s);
	} else {
		counter_use_much(&t, p + 2 * REGION + 3 * PAGE);
	}
	stats = counter_settle(&t);
	igt_assert_eq_u64(stats.counter_pages, REGION_PAGES);
	igt_assert_eq_u64(stats.pages_to_vram, REGION_PAGES);
	igt_assert_eq_u64(stats.vram_pages, REGION_PAGES);
	igt_assert_eq_u64(stats.pages_ahead, 0);
	/* it was mapped, so nothing of it faults */
	if (write)
		igt_assert_eq_u64(svm_read(&t, p + 2 * REGION), 1000 + THRESHOLD - 1);
	else
		igt_assert_eq_u64(svm_read(&t, p + 2 * REGION), 100 + 2 * REGION_PAGES);
	for (unsigned int i = 1; i < REGION_PAGES; i++)
		igt_assert_eq_u64(svm_read(&t, p + 2 * REGION + i * PAGE),
				  100 + 2 * REGION_PAGES + i);
	igt_assert_eq_u64(svm_stats(&t).faults, stats.faults);
	/* it was that one and no other */
	for (unsigned int i = 0; i < REGIONS; i++)
		if (i != 2)
			vram_check(p + i * REGION, REGION_PAGES, 100 + i * REGION_PAGES);
	igt_assert_eq_u64(svm_stats(&t).pages_faulted, 0);
	if (write)
		igt_assert_eq_u64(*(uint64_t *)(p + 2 * REGION), 1000 + THRESHOLD - 1);
	vram_check(p + 2 * REGION + PAGE, REGION_PAGES - 1, 100 + 2 * REGION_PAGES + 1);
	igt_assert_eq_u64(svm_stats(&t).pages_faulted, REGION_PAGES);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* It moves while many work items write it */
static void test_busy(int fd)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);
	uint8_t *p, *memory = svm_buffer(BUSY_MEMORY);
	const size_t size = BUSY_LANES * PAGE;
	struct svm t;

	if (busy.memory)
		__atomic_store_n(busy.stop, 1, __ATOMIC_SEQ_CST);
	busy_forget();
	counter_begin(&t, fd);
	p = svm_buffer(size);
	igt_assert_eq(madvise(p, size, MADV_NOHUGEPAGE), 0);
	for (unsigned int i = 0; i < BUSY_LANES; i++)
		*(uint32_t *)(p + i * PAGE) = 7;
	/* who polls it takes it back */
	counter_stay(&t, memory, BUSY_MEMORY);
	busy_start_at(&t, p, PAGE, 7, memory);
	while (svm_stats(&t).vram_pages < BUSY_LANES) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		busy_rounds(1);
	}
	busy_rounds(2);
	vram_expect_pages(&t, BUSY_LANES);
	busy_stop();
	svm_buffer_free(p, size);
	svm_buffer_free(memory, BUSY_MEMORY);
	svm_fini(&t);
}

/* A page of 2M goes as one */
static void test_huge(int fd)
{
	struct drm_vsvm_vm_stats stats;
	struct svm t;
	uint8_t *p;

	counter_begin(&t, fd);
	p = svm_buffer(VSVM_2M);
	igt_require(madvise(p, VSVM_2M, MADV_HUGEPAGE) == 0);
	svm_number_pages(p, BLOCK_PAGES, 100);
	igt_require_f(vsvm_huge_kib(p) == VSVM_2M / 1024, "no 2M page\n");
	counter_use_much(&t, p + 300 * PAGE);
	stats = counter_settle(&t);
	igt_assert_eq_u64(stats.counter_pages, BLOCK_PAGES);
	igt_assert_eq_u64(stats.vram_pages, BLOCK_PAGES);
	igt_assert_eq_u64(stats.pages_2m, BLOCK_PAGES);
	svm_expect_pages(&t, p, BLOCK_PAGES, 100);
	igt_assert_eq_u64(svm_stats(&t).faults, stats.faults);
	vram_check(p, BLOCK_PAGES, 100);
	svm_buffer_free(p, VSVM_2M);
	svm_fini(&t);
}

/* What is not there is not made */
static void test_holes(int fd)
{
	struct svm t;
	uint8_t *p;

	counter_begin(&t, fd);
	p = svm_buffer(SIZE);
	igt_assert_eq(madvise(p, SIZE, MADV_NOHUGEPAGE), 0);
	for (unsigned int i = 0; i < PAGES; i += 2)
		*(uint64_t *)(p + i * PAGE) = 100 + i;
	counter_use_much(&t, p + 4 * PAGE);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, REGION_PAGES / 2);
	vram_expect_pages(&t, REGION_PAGES / 2);
	igt_assert_eq_u64(svm_stats(&t).pages_to_vram, REGION_PAGES / 2);
	for (unsigned int i = 0; i < PAGES; i++)
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), i % 2 ? 0 : 100 + i);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* A region of more than one mapping: each part is what it is */
static void test_parts(int fd)
{
	struct svm t;
	uint8_t *p;

	counter_begin(&t, fd);
	p = counter_buffer(REGION_PAGES);
	vsvm_unmap(p + 4 * PAGE, PAGE);
	igt_assert_eq(mprotect(p + 6 * PAGE, 2 * PAGE, PROT_READ), 0);
	igt_assert_eq(mprotect(p + 10 * PAGE, PAGE, PROT_NONE), 0);
	counter_stay(&t, p + 12 * PAGE, 2 * PAGE);
	vsvm_vm_sync(fd, t.ctx.vm);
	/* of a mapping that the GPU has not touched nothing would move */
	svm_expect_pages(&t, p, 4, 100);
	svm_expect_pages(&t, p + 5 * PAGE, 5, 105);
	svm_expect_pages(&t, p + 11 * PAGE, 5, 111);
	counter_use_much(&t, p);
	/* all but the hole, what nobody may read, and what is to stay */
	igt_assert_eq_u64(counter_settle(&t).counter_pages, REGION_PAGES - 4);
	vram_expect_pages(&t, REGION_PAGES - 4);
	igt_assert_eq(mprotect(p + 10 * PAGE, PAGE, RW), 0);
	svm_expect_pages(&t, p, 4, 100);
	svm_expect_pages(&t, p + 5 * PAGE, REGION_PAGES - 5, 105);
	vram_check(p, 4, 100);
	vram_check(p + 5 * PAGE, REGION_PAGES - 5, 105);
	svm_buffer_free(p, REGION);
	svm_fini(&t);
}

/*
 * CPU and GPU use it by turns. Each move takes twice as many accesses as the last one; so in as
 * many as there are here it moves a few times, and less and less often. Then the CPU lets it be.
 */
static void test_settle(int fd)
{
	const unsigned int rounds = 64, burst = THRESHOLD / 2;
	unsigned int moves = 0, last = 0, gap = 0, most;
	struct drm_vsvm_vm_stats stats;
	struct svm t;
	uint8_t *p;

	counter_begin(&t, fd);
	p = counter_buffer(REGION_PAGES);
	for (unsigned int i = 1; i <= rounds; i++) {
		for (unsigned int j = 0; j < REGION_PAGES; j++)
			*(uint64_t *)(p + j * PAGE) = 100 + i + j;
		counter_use(&t, p + 2 * PAGE, burst);
		igt_assert_eq_u64(t.scratch[0], 102 + i);
		stats = counter_settle(&t);
		if (stats.counter_pages == moves * REGION_PAGES)
			continue;
		igt_assert_eq_u64(stats.counter_pages, ++moves * REGION_PAGES);
		igt_assert_eq_u64(stats.vram_pages, REGION_PAGES);
		/* not the first: there is none before */
		if (moves > 2)
			igt_assert_lt(gap, i - last);
		gap = i - last;
		last = i;
	}
	/* 1 + 2 + 4 ... thresholds; it may take a little more, and tells of each doubling alone */
	for (most = 0; (2u << most) - 1 <= rounds * burst / THRESHOLD;)
		most++;
	igt_assert_lte(moves, most);
	igt_assert_lte(most, moves + 1);
	stats = counter_settle(&t);
	igt_assert_lt_u64(0, stats.counter_early);
	igt_assert_lte_u64(stats.pages_faulted, moves * REGION_PAGES);
	/* now it is the GPU's */
	for (unsigned int i = 0; i < 4u << most && !svm_stats(&t).vram_pages; i++) {
		counter_use(&t, p + 2 * PAGE, burst);
		counter_settle(&t);
	}
	vram_expect_pages(&t, REGION_PAGES);
	counter_use(&t, p + 2 * PAGE, 4 * burst);
	vram_expect_pages(&t, REGION_PAGES);
	svm_expect_pages(&t, p, REGION_PAGES, 100 + rounds);
	vram_check(p, REGION_PAGES, 100 + rounds);
	/* other memory at its place begins as new memory does */
	igt_assert(mmap(p, REGION, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	igt_assert_eq(madvise(p, REGION, MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, REGION_PAGES, 500);
	stats = counter_settle(&t);
	counter_use_much(&t, p);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, stats.counter_pages + REGION_PAGES);
	vram_check(p, REGION_PAGES, 500);
	svm_buffer_free(p, REGION);
	svm_fini(&t);
}

/* What the program says goes before */
static void test_attr(int fd)
{
	struct svm t;
	uint8_t *p;

	counter_begin(&t, fd);
	p = counter_buffer(PAGES);
	counter_stay(&t, p, 2 * REGION);
	counter_use(&t, p, 4 * THRESHOLD);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, 0);
	vram_expect_pages(&t, 0);
	/* half a region */
	counter_stay(&t, p + 2 * REGION, 8 * PAGE);
	counter_use_much(&t, p + 2 * REGION);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, REGION_PAGES / 2);
	/* taken back: it may go, when it has been used as much again */
	igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p, REGION, DRM_VSVM_ATTR_LOCATION,
				  DRM_VSVM_LOCATION_ANY), 0);
	counter_use(&t, p, 8 * THRESHOLD);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, REGION_PAGES + REGION_PAGES / 2);
	/* less at a time than a region, and more */
	igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p + 4 * REGION, 2 * REGION,
				  DRM_VSVM_ATTR_GRANULARITY, 17), 0);
	counter_use_much(&t, p + 4 * REGION);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, 3 * REGION_PAGES + REGION_PAGES / 2);
	igt_assert_eq_u64(svm_stats(&t).pages_ahead, REGION_PAGES);
	svm_expect_pages(&t, p, PAGES, 100);
	vram_check(p, PAGES, 100);
	svm_buffer_free(p, SIZE);
	svm_fini(&t);
}

/* VMs in which nothing is counted: by the program, by the module, by a default location */
static void test_off(int fd)
{
	static const struct drm_vsvm_vm_create off[] = {
		{ .counter_threshold = DRM_VSVM_COUNTER_OFF },
		{ .counter_threshold = 1, .location = DRM_VSVM_LOCATION_SYSTEM },
		{ .counter_threshold = 0 },
	};
	struct svm t;
	uint8_t *p;

	vsvm_set("/sys/module/vsvm/parameters/counter_threshold", "0");
	for (unsigned int i = 0; i < ARRAY_SIZE(off); i++) {
		counter_begin_with(&t, fd, off[i]);
		p = counter_buffer(REGION_PAGES);
		counter_use(&t, p, 4 * THRESHOLD);
		igt_assert_eq_u64(counter_records(fd), records_before);
		vram_expect_pages(&t, 0);
		svm_buffer_free(p, REGION);
		svm_fini(&t);
	}
	vsvm_set_back();
}

/* A program that says nothing profits, with as much as the module says */
static void test_default(int fd)
{
	struct svm t;
	uint8_t *p;

	vsvm_set("/sys/module/vsvm/parameters/counter_threshold", "%u", 3 * THRESHOLD);
	counter_begin_with(&t, fd, (struct drm_vsvm_vm_create){});
	p = counter_buffer(REGION_PAGES);
	counter_use_much(&t, p);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, 0);
	counter_use(&t, p, 2 * THRESHOLD);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, REGION_PAGES);
	svm_expect_pages(&t, p, REGION_PAGES, 100);
	vram_check(p, REGION_PAGES, 100);
	svm_buffer_free(p, REGION);
	svm_fini(&t);
	vsvm_set_back();
}

/* Memory that cannot move stays, and each access gets what it wants */
enum kind {
	KIND_SHARED, KIND_FILE, KIND_FILE_SHARED, KIND_MLOCK, KIND_UFFD, KIND_FORK, NUM_KINDS
};

static const char *const kind_names[] = {
	"shared", "file", "file-shared", "mlock", "userfaultfd", "fork",
};

static void test_kind(int fd, enum kind kind)
{
	const int share = kind == KIND_FILE ? MAP_PRIVATE : MAP_SHARED;
	struct drm_vsvm_vm_stats stats;
	int uffd = -1, file = -1;
	int go[2] = { -1, -1 };
	uint8_t *p;
	struct svm t;
	char c;

	counter_begin(&t, fd);
	p = counter_buffer(REGION_PAGES);
	switch (kind) {
	case KIND_MLOCK:
		igt_assert_eq(mlock(p, REGION), 0);
		break;
	case KIND_UFFD:
		uffd = uffd_open(0);
		uffd_watch(uffd, p, REGION, UFFDIO_REGISTER_MODE_MISSING);
		break;
	case KIND_FORK:
		igt_assert_eq(pipe(go), 0);
		igt_fork(child, 1) {
			close(go[1]);
			igt_assert_eq(read(go[0], &c, 1), 0);
			vram_check(p, REGION_PAGES, 100);
		}
		close(go[0]);
		break;
	case KIND_SHARED:
		igt_assert(mmap(p, REGION, RW, share | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
		svm_number_pages(p, REGION_PAGES, 100);
		break;
	default:
		file = svm_temp_file(REGION);
		for (uint64_t i = 0; i < REGION_PAGES; i++)
			igt_assert_eq(pwrite(file, (uint64_t[]){ 100 + i }, 8, i * PAGE), 8);
		igt_assert(mmap(p, REGION, RW, share | MAP_FIXED, file, 0) == p);
	}
	counter_use(&t, p, 4 * THRESHOLD);
	igt_assert_eq_u64(t.scratch[0], 100);
	stats = counter_settle(&t);
	igt_assert_lt_u64(0, stats.counter_notices);
	igt_assert_eq_u64(stats.pages_to_vram, 0);
	igt_assert_eq_u64(stats.vram_pages, 0);
	/* told of twice or three times, at each doubling, and not all the time */
	igt_assert_eq_u64((kind == KIND_FORK ? stats.kept_busy : stats.kept_kind) %
			  REGION_PAGES, 0);
	igt_assert_lt_u64(0, kind == KIND_FORK ? stats.kept_busy : stats.kept_kind);
	igt_assert_lte_u64(kind == KIND_FORK ? stats.kept_busy : stats.kept_kind,
			   3 * REGION_PAGES);
	if (kind == KIND_FORK) {
		close(go[1]);
		igt_waitchildren();
		/* nobody else has it any more */
		counter_use(&t, p, 8 * THRESHOLD);
		igt_assert_eq_u64(counter_settle(&t).counter_pages, REGION_PAGES);
	}
	svm_expect_pages(&t, p, REGION_PAGES, 100);
	vram_check(p, REGION_PAGES, 100);
	svm_buffer_free(p, REGION);
	svm_fini(&t);
	if (uffd >= 0)
		close(uffd);
	if (file >= 0)
		close(file);
}

/* Of what cannot move, or may be another's, only what is there is said to be kept */
static void test_kept_holes(int fd, bool fork)
{
	const unsigned int there = 5;
	struct drm_vsvm_vm_stats stats;
	int go[2] = { -1, -1 };
	uint64_t kept;
	struct svm t;
	uint8_t *p;
	char c;

	counter_begin(&t, fd);
	p = svm_buffer(REGION);
	igt_assert_eq(madvise(p, REGION, MADV_NOHUGEPAGE), 0);
	if (!fork)
		igt_assert(mmap(p, REGION, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	svm_number_pages(p, there, 100);
	if (fork) {
		igt_assert_eq(pipe(go), 0);
		igt_fork(child, 1) {
			close(go[1]);
			igt_assert_eq(read(go[0], &c, 1), 0);
		}
		close(go[0]);
	}
	counter_use(&t, p, 4 * THRESHOLD);
	stats = counter_settle(&t);
	kept = fork ? stats.kept_busy : stats.kept_kind;
	igt_assert_lt_u64(0, kept);
	igt_assert_lte_u64(kept, 3 * there);
	igt_assert_eq_u64(kept % there, 0);
	igt_assert_eq_u64(stats.kept_kind + stats.kept_busy, kept);
	if (fork) {
		close(go[1]);
		igt_waitchildren();
	}
	svm_buffer_free(p, REGION);
	svm_fini(&t);
}

/* Of a private mapping of a file, what was copied goes, and the page cache does not */
static void test_file_copied(int fd)
{
	int file = svm_temp_file(REGION);
	uint8_t *p = svm_buffer(REGION);
	struct svm t;
	uint64_t word;

	for (uint64_t i = 0; i < REGION_PAGES; i++)
		igt_assert_eq(pwrite(file, (uint64_t[]){ 100 + i }, 8, i * PAGE), 8);
	counter_begin(&t, fd);
	igt_assert(mmap(p, REGION, RW, MAP_PRIVATE | MAP_FIXED, file, 0) == p);
	for (unsigned int i = 0; i < REGION_PAGES; i += 4)
		*(uint64_t *)(p + i * PAGE) = 100 + i;
	svm_expect_pages(&t, p, REGION_PAGES, 100);
	counter_use_much(&t, p);
	igt_assert_eq_u64(counter_settle(&t).counter_pages, REGION_PAGES / 4);
	vram_number_gpu(&t, p, REGION_PAGES, 700);
	svm_expect_pages(&t, p, REGION_PAGES, 700);
	vram_check(p, REGION_PAGES, 700);
	for (uint64_t i = 0; i < REGION_PAGES; i++) {
		igt_assert_eq(pread(file, &word, 8, i * PAGE), 8);
		igt_assert_eq_u64(word, 100 + i);
	}
	svm_buffer_free(p, REGION);
	svm_fini(&t);
	close(file);
}

/* A program of which each lane reads its own region, so often */
static struct vsvm_program *reader(void)
{
	enum { BASE = 0, WORD = 2, WIDE = 4, X = 6, COUNT = 7, VALUE = 8, END = 9 };
	struct vsvm_asm as = {};

	asm_arg(&as, VSVM_TYPE_U64, BASE, 0);
	asm_arg(&as, VSVM_TYPE_U32, COUNT, 8);
	asm_sreg(&as, X, VSVM_SREG_GLOBAL_X);
	asm_cvt(&as, VSVM_TYPE_U64, WIDE, VSVM_TYPE_U32, X);
	asm_op2_imm(&as, VSVM_OP_MUL, VSVM_TYPE_U64, WORD, WIDE, REGION);
	asm_op2(&as, VSVM_OP_ADD, VSVM_TYPE_U64, WORD, WORD, BASE);
	asm_loop(&as);
	asm_load(&as, VSVM_TYPE_U32, VALUE, WORD, 0);
	asm_op2_imm(&as, VSVM_OP_SUB, VSVM_TYPE_U32, COUNT, COUNT, 1);
	asm_cmp_imm(&as, VSVM_COND_EQ, VSVM_TYPE_U32, END, COUNT, 0);
	asm_break_if(&as, END);
	asm_endloop(&as);
	return asm_finish(&as);
}

/* The module with a ring of so many records */
static int reload(int fd, unsigned int ring)
{
	char params[512];

	if (fd >= 0)
		close(fd);
	snprintf(params, sizeof(params), "%s counter_ring_size=%u",
		 vsvm_module_found(), ring);
	vsvm_module_reload(params);
	return vsvm_open_node();
}

/* More regions are told of at once than the ring has room for: they are told of later */
static void test_overflow(int fd)
{
	struct vsvm_program *program = reader();
	struct {
		uint64_t base;
		uint32_t count, pad;
	} args = { .count = 1 };
	uint64_t before = overflows(fd);
	unsigned int tries = 0;
	struct svm t;
	uint8_t *p;

	counter_begin(&t, fd);
	p = counter_buffer(BLOCK_PAGES);
	args.base = vsvm_ptr(p);
	/* all of them fault, and are in step from here on */
	vsvm_run_program(&t.ctx, program, &args, sizeof(args), 1, VSVM_WAVE_LANES);
	args.count = THRESHOLD + 2 * SAMPLE;
	vsvm_run_program(&t.ctx, program, &args, sizeof(args), 1, VSVM_WAVE_LANES);
	igt_assert_lt_u64(before, overflows(fd));
	/* those that were lost come again when they have doubled */
	args.count = THRESHOLD;
	while (svm_stats(&t).vram_pages < BLOCK_PAGES) {
		igt_assert_lt(tries++, 200);
		vsvm_run_program(&t.ctx, program, &args, sizeof(args), 1, VSVM_WAVE_LANES);
		usleep(1000);
	}
	svm_expect_pages(&t, p, BLOCK_PAGES, 100);
	vram_check(p, BLOCK_PAGES, 100);
	svm_buffer_free(p, VSVM_2M);
	svm_fini(&t);
	free(program);
}

/* A VM with little VRAM has its own memory make room, and accesses do not wait for it in vain */
static void test_full(int fd)
{
	struct drm_vsvm_vm_stats stats;
	struct svm t;
	uint8_t *p;

	counter_begin_with(&t, fd, (struct drm_vsvm_vm_create){
		.counter_threshold = THRESHOLD, .vram_limit = PAGE,
	});
	p = counter_buffer(REGION_PAGES);
	counter_use_much(&t, p);
	stats = counter_settle(&t);
	igt_assert_eq_u64(stats.kept_full, REGION_PAGES);
	igt_assert_eq_u64(stats.pages_to_vram, 0);
	svm_expect_pages(&t, p, REGION_PAGES, 100);
	vram_check(p, REGION_PAGES, 100);
	svm_buffer_free(p, REGION);
	svm_fini(&t);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		vsvm_module_save();
		fd = vsvm_open_node();
		vram_require(fd);
	}

	igt_describe("Memory that the GPU reads often stays where it is, or other memory does not");
	igt_subtest("hot-read")
		test_hot(fd, false);
	igt_describe("Memory that the GPU writes often stays in the system");
	igt_subtest("hot-write")
		test_hot(fd, true);
	igt_describe("A write is lost when memory moves that many write");
	igt_subtest("busy")
		test_busy(fd);
	igt_describe("A page of 2M does not move, or is split, when a part of it is used often");
	igt_subtest("huge")
		test_huge(fd);
	igt_describe("Memory that nobody has is made in VRAM because what is around it is used");
	igt_subtest("holes")
		test_holes(fd);
	igt_describe("What is not there is said to have been kept");
	igt_subtest("kept-holes")
		test_kept_holes(fd, false);
	igt_describe("What another process may have, and is not there, is said to have been kept");
	igt_subtest("kept-holes-forked")
		test_kept_holes(fd, true);
	igt_describe("64K of several mappings move where they must not, or not at all");
	igt_subtest("parts")
		test_parts(fd);
	igt_describe("Memory that both sides use comes and goes without end, or never settles");
	igt_subtest("settle")
		test_settle(fd);
	igt_describe("Memory moves against the wish of the program");
	igt_subtest("attr")
		test_attr(fd);
	igt_describe("Memory moves by itself where that is switched off");
	igt_subtest("off")
		test_off(fd);
	igt_describe("A program that gives no advice has nothing of VRAM");
	igt_subtest("default")
		test_default(fd);
	for (enum kind kind = 0; kind < NUM_KINDS; kind++) {
		igt_describe("Memory moves that is not the process's alone, or is to stay");
		igt_subtest_f("kind-%s", kind_names[kind])
			test_kind(fd, kind);
	}
	igt_describe("A private mapping of a file loses writes, or the file has them");
	igt_subtest("file-copied")
		test_file_copied(fd);
	igt_describe("Memory of which a notice was lost stays in the system for ever");
	igt_subtest("overflow") {
		fd = reload(fd, 2);
		test_overflow(fd);
	}
	igt_fixture()
		fd = reload(fd, 256);
	igt_describe("An access fails, or is not counted as kept, where there is no VRAM");
	igt_subtest("full")
		test_full(fd);
	igt_fixture() {
		close(fd);
		vsvm_module_reload(vsvm_module_found());
	}
}
