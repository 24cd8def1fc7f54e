// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm fault
 * Description: The GPU reads, writes and changes every kind of memory that a process has
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("The GPU reads, writes and changes every kind of memory that a process has");

#define KIND_PAGES	12
#define KIND_SIZE	(KIND_PAGES * PAGE)

static uint8_t data_section[KIND_SIZE] = { 1 };
static uint8_t bss_section[KIND_SIZE];
static const uint64_t rodata_section[PAGE] = { [1] = 17, [PAGE / 2 + 5] = 18, [PAGE - 1] = 19 };

struct kind {
	const char *name;
	const char *describe;
	void *(*get)(void);
	void (*put)(void *p);
	/* nobody has used its pages: the GPU may come first, and finds zeros */
	bool fresh;
};

static void *get_malloc(void)
{
	return malloc(KIND_SIZE);
}

static void *get_calloc(void)
{
	return calloc(KIND_PAGES, PAGE);
}

static void *get_brk(void)
{
	void *p = sbrk(KIND_SIZE + PAGE);

	igt_assert(p != (void *)-1);
	return (void *)ALIGN(vsvm_ptr(p), PAGE);
}

static void *get_anon(void)
{
	return vsvm_map(KIND_SIZE);
}

static void put_map(void *p)
{
	vsvm_unmap(p, KIND_SIZE);
}

static void *map_fd(int fd, int flags)
{
	void *p = mmap(NULL, KIND_SIZE, RW, flags, fd, 0);

	igt_assert(p != MAP_FAILED);
	close(fd);
	return p;
}

static void *get_file_private(void)
{
	return map_fd(svm_temp_file(KIND_SIZE), MAP_PRIVATE);
}

static void *get_file_shared(void)
{
	return map_fd(svm_temp_file(KIND_SIZE), MAP_SHARED);
}

static void *get_memfd(void)
{
	int fd = memfd_create("vsvm", 0);

	igt_assert_fd(fd);
	igt_assert_eq(ftruncate(fd, KIND_SIZE), 0);
	return map_fd(fd, MAP_SHARED);
}

static void *get_memfd_private(void)
{
	int fd = memfd_create("vsvm", 0);

	igt_assert_fd(fd);
	igt_assert_eq(ftruncate(fd, KIND_SIZE), 0);
	return map_fd(fd, MAP_PRIVATE);
}

static void *get_anon_shared(void)
{
	void *p = mmap(NULL, KIND_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	igt_assert(p != MAP_FAILED);
	return p;
}

static void *get_mlock(void)
{
	void *p = vsvm_map(KIND_SIZE);

	igt_assert_eq(mlock(p, KIND_SIZE), 0);
	return p;
}

static void *get_data(void)
{
	return data_section;
}

static void *get_bss(void)
{
	return bss_section;
}

static void put_nothing(void *p)
{
}

static const struct kind kinds[] = {
	{ "malloc", "memory from malloc", get_malloc, free, false },
	{ "calloc", "memory from calloc", get_calloc, free, true },
	{ "brk", "the heap just grown", get_brk, put_nothing, true },
	{ "mmap", "private anonymous memory", get_anon, put_map, true },
	{ "mmap-shared", "shared anonymous memory", get_anon_shared, put_map, true },
	{ "mlock", "locked memory", get_mlock, put_map, true },
	{ "file-private", "a private mapping of a file", get_file_private, put_map, true },
	{ "file-shared", "a shared mapping of a file", get_file_shared, put_map, true },
	{ "memfd", "a memfd", get_memfd, put_map, true },
	{ "memfd-private", "a private mapping of a memfd", get_memfd_private, put_map, true },
	{ "data", "initialised variables", get_data, put_nothing, false },
	{ "bss", "variables that start as zero", get_bss, put_nothing, false },
	{ "stack", "local variables", NULL, NULL, false },
};

/* Bytes that tell where they belong */
static uint8_t byte_of(size_t i, unsigned int seed)
{
	return i * 7 + (i >> 8) * 13 + (i >> 12) * 5 + seed;
}

static void set_bytes(uint8_t *p, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		p[i] = byte_of(i, seed);
}

static void expect_bytes(const uint8_t *p, size_t start, size_t end, unsigned int seed)
{
	for (size_t i = start; i < end; i++)
		igt_assert_f(p[i] == byte_of(i, seed), "byte %#zx is %#x, not %#x\n", i, p[i],
			     byte_of(i, seed));
}

static void expect_zeros(const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		igt_assert_f(!p[i], "byte %#zx is %#x, not 0\n", i, p[i]);
}

static void use_read(struct svm *t, const struct kind *kind, uint8_t *p)
{
	uint8_t *out = (uint8_t *)t->scratch;

	if (kind->fresh) {
		memset(out, 0xee, KIND_SIZE);
		svm_copy(t, out, p, KIND_SIZE);
		expect_zeros(out, KIND_SIZE);
	}
	/* written by the CPU: before the GPU has seen it (the zero page aside), and after */
	for (unsigned int seed = 1; seed < 3; seed++) {
		set_bytes(p, KIND_SIZE, seed);
		svm_copy(t, out, p + 3, KIND_SIZE - 3);
		memmove(out + 3, out, KIND_SIZE - 3);
		expect_bytes(out, 3, KIND_SIZE, seed);
	}
}

static void use_write(struct svm *t, const struct kind *kind, uint8_t *p)
{
	const size_t from = PAGE - 5, to = KIND_SIZE - PAGE - 3;
	uint8_t *in = (uint8_t *)t->scratch;

	if (!kind->fresh)
		memset(p, 0, KIND_SIZE);
	/* a part in the middle, the rest stays */
	set_bytes(in, KIND_SIZE, 1);
	svm_copy(t, p + from, in + from, to - from);
	expect_zeros(p, from);
	expect_bytes(p, from, to, 1);
	expect_zeros(p + to, KIND_SIZE - to);
	/* the CPU over it, the GPU again */
	set_bytes(p, KIND_SIZE, 2);
	set_bytes(in, KIND_SIZE, 3);
	svm_copy(t, p + from, in + from, to - from);
	expect_bytes(p, 0, from, 2);
	expect_bytes(p, from, to, 3);
	expect_bytes(p, to, KIND_SIZE, 2);
	svm_fill(t, p + from, to - from, 0x0706050403020100);
	for (size_t i = from; i < to; i++)
		igt_assert_eq(p[i], (i - from) % 8);
	expect_bytes(p, 0, from, 2);
	expect_bytes(p, to, KIND_SIZE, 2);
}

/* By packets and by waves, together with the CPU's */
static void use_atomic(struct svm *t, const struct kind *kind, uint8_t *p)
{
	const unsigned int stride = PAGE / 8, items = KIND_SIZE / stride, rounds = 4;
	struct vsvm_program *program = svm_atomic_program(stride);
	struct svm_args *args = (struct svm_args *)t->scratch;
	uint64_t seqno;

	if (!kind->fresh)
		memset(p, 0, KIND_SIZE);
	*args = (struct svm_args){ vsvm_ptr(p), 3 };
	svm_stream(t);
	for (unsigned int i = 0; i < items; i++)
		vsvm_emit_atomic(&t->s, VSVM_ATOMIC_ADD, i % 2 ? 4 : 8, vsvm_ptr(p) + i * stride,
				 5, 0, 0);
	for (unsigned int i = 0; i < rounds; i++)
		vsvm_emit_dispatch(&t->s, program, args, sizeof(*args), items / VSVM_WAVE_LANES,
				   VSVM_WAVE_LANES);
	seqno = vsvm_submit(&t->ctx, &t->s);
	for (unsigned int i = 0; i < items * rounds; i++)
		__atomic_fetch_add((uint32_t *)(p + i % items * stride), 7, __ATOMIC_SEQ_CST);
	vsvm_finish(&t->ctx, seqno);
	for (unsigned int i = 0; i < items; i++)
		igt_assert_eq_u32(*(uint32_t *)(p + i * stride), 5 + rounds * (3 + 7));
	free(program);
}

/* Loads and stores of waves, lanes on pages of their own and across their ends */
static void use_wave(struct svm *t, const struct kind *kind, uint8_t *p)
{
	const unsigned int items = 2 * VSVM_WAVE_LANES, stride = (KIND_SIZE - 64) / items;
	struct vsvm_program *store = svm_store_program(stride), *load = svm_load_program(stride);
	uint32_t *out = (uint32_t *)t->scratch, value;

	for (uint32_t round = 0; round < 2; round++) {
		svm_dispatch(t, store, p + 3, 1000 * round, items);
		for (uint32_t i = 0; i < items; i++) {
			memcpy(&value, p + 3 + i * stride, sizeof(value));
			igt_assert_eq_u32(value, 1000 * round + i);
			value = ~value;
			memcpy(p + 3 + i * stride, &value, sizeof(value));
		}
		memset(out, 0, items * sizeof(*out));
		svm_dispatch(t, load, p + 3, vsvm_ptr(out), items);
		for (uint32_t i = 0; i < items; i++)
			igt_assert_eq_u32(out[i], ~(1000 * round + i));
	}
	free(store);
	free(load);
}

typedef void (*use_fn)(struct svm *t, const struct kind *kind, uint8_t *p);

static void test_kind(int fd, const struct kind *kind, use_fn use)
{
	uint8_t stack[KIND_SIZE];
	struct svm t;
	void *p;

	p = kind->get ? kind->get() : stack;
	svm_init(&t, fd);
	use(&t, kind, p);
	svm_fini(&t);
	if (kind->put)
		kind->put(p);
}

static void test_rodata(int fd)
{
	struct svm t;

	svm_init(&t, fd);
	svm_copy(&t, t.scratch, rodata_section, sizeof(rodata_section));
	igt_assert(!memcmp(t.scratch, rodata_section, sizeof(rodata_section)));
	igt_assert_eq_u64(t.scratch[PAGE / 2 + 5], 18);
	svm_expect_error(&t, &rodata_section[PAGE / 2], VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	igt_assert_eq_u64(svm_read(&t, &rodata_section[PAGE / 2 + 5]), 18);
	svm_fini(&t);
}

/* One copy over mappings of different kinds next to each other, as a heap can be */
static void test_span(int fd)
{
	const size_t part = 3 * PAGE, parts = 6;
	uint8_t *p = svm_buffer(parts * part), *out;
	int file = svm_temp_file(part);
	struct svm t;

	svm_init(&t, fd);
	out = (uint8_t *)t.scratch;
	igt_assert(mmap(p + part, part, RW, MAP_SHARED | MAP_FIXED, file, 0) == p + part);
	igt_assert(mmap(p + 3 * part, part, RW, MAP_PRIVATE | MAP_FIXED, file, 0) == p + 3 * part);
	set_bytes(p, parts * part, 1);
	igt_assert_eq(mprotect(p + 2 * part, part, PROT_READ), 0);
	igt_assert_eq(mprotect(p + 4 * part, part, PROT_READ | PROT_EXEC), 0);
	svm_copy(&t, out, p + 1, parts * part - 2);
	memmove(out + 1, out, parts * part - 2);
	expect_bytes(out, 1, parts * part - 1, 1);
	if (vsvm_is_vma_policy())
		igt_assert_lte(parts, svm_intervals_in(&t, p, parts * part, NULL, 0));
	/* and the other way, after the read-only ones may be written */
	igt_assert_eq(mprotect(p + 2 * part, part, RW), 0);
	igt_assert_eq(mprotect(p + 4 * part, part, RW), 0);
	set_bytes(out, parts * part, 2);
	svm_copy(&t, p + 1, out + 1, parts * part - 2);
	expect_bytes(p, 1, parts * part - 1, 2);
	svm_fini(&t);
	svm_buffer_free(p, parts * part);
	close(file);
}

/* The page of zeros that reading maps must not stay when somebody writes */
static void test_zero_page(int fd)
{
	const unsigned int pages = 96;
	uint64_t *p = svm_buffer(pages * PAGE);
	struct svm t;

	svm_init(&t, fd);
	for (int round = 0; round < 3; round++) {
		svm_expect_zeros(&t, p, pages);
		/* first words by the CPU, odd pages' second ones by the GPU */
		svm_number_pages(p, pages, 100 * round);
		svm_expect_pages(&t, p, pages, 100 * round);
		svm_stream(&t);
		for (unsigned int i = 1; i < pages; i += 2)
			vsvm_emit_fill(&t.s, vsvm_ptr(p + i * PAGE / 8 + 1), 8, ~i, 8);
		vsvm_run(&t.ctx, &t.s);
		for (unsigned int i = 0; i < pages; i++) {
			igt_assert_eq_u64(p[i * PAGE / 8], 100 * round + i);
			igt_assert_eq_u64(p[i * PAGE / 8 + 1], i % 2 ? ~i : 0);
		}
		svm_map_at(p, pages * PAGE);
	}
	/* the GPU reads a page of zeros and is the first to write it */
	svm_expect_zeros(&t, p, pages);
	svm_fill(&t, p, pages * PAGE, 77);
	for (unsigned int i = 0; i < pages * PAGE / 8; i++)
		igt_assert_eq_u64(p[i], 77);
	svm_fini(&t);
	svm_buffer_free(p, pages * PAGE);
}

/* What the GPU writes into a shared mapping is in the file, by whatever way one looks */
static void test_file_write(int fd, bool ram)
{
	const unsigned int pages = 40;
	uint64_t words[2];
	uint8_t *p = svm_buffer(pages * PAGE);
	struct svm t;
	int file;

	file = ram ? memfd_create("vsvm", 0) : svm_temp_file(pages * PAGE);
	igt_assert_fd(file);
	igt_assert_eq(ftruncate(file, pages * PAGE), 0);
	svm_init(&t, fd);
	igt_assert(mmap(p, pages * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) == p);
	for (uint64_t round = 1; round < 4; round++) {
		svm_fill(&t, p + 8, pages * PAGE - 16, round);
		for (unsigned int i = 0; i < pages; i++) {
			igt_assert_eq(pread(file, words, sizeof(words), i * PAGE + 16),
				      sizeof(words));
			igt_assert_eq_u64(words[0], round);
		}
		/* cleans the pages: what the GPU writes next must make them dirty again */
		igt_assert_eq(msync(p, pages * PAGE, MS_SYNC), 0);
		igt_assert_eq_u64(svm_read(&t, p + 16), round);
		igt_assert_eq(fsync(file), 0);
	}
	/* written by the file's side */
	words[0] = 4711;
	igt_assert_eq(pwrite(file, words, 8, PAGE), 8);
	igt_assert_eq_u64(svm_read(&t, p + PAGE), 4711);
	svm_fini(&t);
	svm_buffer_free(p, pages * PAGE);
	close(file);
}

/*
 * Dirty pages of a file find their way to the disk: afterwards the pages are thrown out of memory,
 * and what is read comes from the disk.
 */
static void test_file_disk(int fd, bool sync)
{
	const unsigned int pages = 64;
	uint64_t *p = svm_buffer(pages * PAGE), *back = vsvm_map(pages * PAGE);
	int file = svm_temp_file(pages * PAGE);
	struct drm_vsvm_vm_stats before, after;
	struct svm t;

	svm_init(&t, fd);
	igt_assert(mmap(p, pages * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) == p);
	for (uint64_t round = 1; round < 4; round++) {
		before = svm_stats(&t);
		svm_fill(&t, p, pages * PAGE, round);
		if (sync)
			igt_assert_eq(fsync(file), 0);
		else
			svm_map_at(p, pages * PAGE);
		after = svm_stats(&t);
		igt_assert_lte_u64(before.pages_dirtied + pages, after.pages_dirtied);
		svm_map_at(p, pages * PAGE);
		/* written by now, or dirty and so not thrown out before it is written */
		igt_assert_eq(sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE |
					      SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER),
			      0);
		igt_assert_eq(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
		igt_assert_eq(pread(file, back, pages * PAGE, 0), pages * PAGE);
		for (unsigned int i = 0; i < pages * PAGE / 8; i++)
			igt_assert_eq_u64(back[i], round);
		igt_assert(mmap(p, pages * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) == p);
	}
	svm_fini(&t);
	svm_buffer_free(p, pages * PAGE);
	vsvm_unmap(back, pages * PAGE);
	close(file);
}

/* The CPU waits in memory for a word that the GPU writes, and the other way about */
static void test_ping_pong(int fd)
{
	const unsigned int rounds = 20;
	uint64_t *p = svm_buffer(PAGE);
	int64_t deadline;
	struct svm t;

	svm_init(&t, fd);
	for (uint64_t i = 1; i <= rounds; i++) {
		vsvm_emit_fill(svm_stream(&t), vsvm_ptr(p), 8, 2 * i, 8);
		vsvm_submit(&t.ctx, &t.s);
		for (deadline = vsvm_deadline(VSVM_WAIT_NS); READ_ONCE(*p) != 2 * i;)
			igt_assert_lt_s64(vsvm_now(), deadline);
		vsvm_finish(&t.ctx, t.ctx.seqno);
		*p = 2 * i + 1;
		igt_assert_eq_u64(svm_read(&t, p), 2 * i + 1);
		if (i % 4 == 0)
			svm_map_at(p, PAGE);
	}
	svm_fini(&t);
	svm_buffer_free(p, PAGE);
}

int igt_main()
{
	static const struct {
		const char *name;
		const char *describe;
		use_fn use;
	} uses[] = {
		{ "read", "The GPU does not see what the CPU wrote into", use_read },
		{ "write", "The CPU does not see what the GPU wrote into", use_write },
		{ "atomic", "The GPU and the CPU lose each other's counts in", use_atomic },
		{ "wave", "Loads and stores of a program get wrong bytes in", use_wave },
	};
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	for (unsigned int u = 0; u < ARRAY_SIZE(uses); u++) {
		for (unsigned int k = 0; k < ARRAY_SIZE(kinds); k++) {
			igt_describe_f("%s %s", uses[u].describe, kinds[k].describe);
			igt_subtest_f("%s-%s", uses[u].name, kinds[k].name)
				test_kind(fd, &kinds[k], uses[u].use);
		}
	}

	igt_describe("Constants cannot be read by the GPU, or can be overwritten");
	igt_subtest("rodata")
		test_rodata(fd);
	igt_describe("A copy fails where one mapping ends and the next begins");
	igt_subtest("span")
		test_span(fd);
	igt_describe("After reading untouched memory, the GPU keeps seeing zeros");
	igt_subtest("zero-page")
		test_zero_page(fd);
	igt_describe("What the GPU writes to a mapped file is not what others read from the file");
	igt_subtest("file-write")
		test_file_write(fd, false);
	igt_describe("What the GPU writes to a memfd is not what others read from it");
	igt_subtest("memfd-write")
		test_file_write(fd, true);
	igt_describe("What the GPU wrote to a file is lost although fsync said that it is on disk");
	igt_subtest("file-fsync")
		test_file_disk(fd, true);
	igt_describe("What the GPU wrote to a file is lost when the file is unmapped");
	igt_subtest("file-unmap")
		test_file_disk(fd, false);
	igt_describe("CPU and GPU that poll the same page never see each other's writes");
	igt_subtest("ping-pong")
		test_ping_pong(fd);

	igt_fixture()
		drm_close_driver(fd);
}
