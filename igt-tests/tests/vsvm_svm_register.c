// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm register
 * Description: The GPU has the memory that was registered, and none besides
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("The GPU has the memory that was registered, and none besides");

#define PAGES	16
#define SIZE	(PAGES * PAGE)
#define TOP	((uint64_t)1 << VSVM_VA_BITS)
#define REMOVE	DRM_VSVM_REGISTER_REMOVE

static int reg(struct svm *t, const void *p, uint64_t size)
{
	return __vsvm_register(t->ctx.fd, t->ctx.vm, vsvm_ptr(p), size, 0);
}

static int unreg(struct svm *t, const void *p, uint64_t size)
{
	return __vsvm_register(t->ctx.fd, t->ctx.vm, vsvm_ptr(p), size, REMOVE);
}

static void reg_init(struct svm *t, int fd, void *bos, uint64_t bo_size)
{
	uint32_t vm;

	igt_assert_eq(__vsvm_vm_create_policy(fd, DRM_VSVM_INTERVAL_POLICY_REGISTERED, 0,
					      vsvm_ptr(bos), bo_size, &vm), 0);
	svm_init_vm(t, fd, vm);
}

static void test_bad(int fd)
{
	uint8_t *bos = vsvm_reserve(VSVM_2M), *p = svm_buffer(SIZE);
	const uint64_t addr = vsvm_ptr(p), bo = vsvm_ptr(bos);
	const struct { uint64_t addr, size; } bad[] = {
		{ addr, 0 }, { addr + 1, PAGE }, { addr, PAGE + 1 }, { addr + 8, PAGE - 8 },
		{ TOP, PAGE }, { TOP - PAGE, 2 * PAGE }, { 0, TOP + PAGE }, { addr, ~0ull },
		{ addr, -PAGE }, { -PAGE, PAGE }, { -PAGE, 2 * PAGE }, { ~0ull, 1 },
		{ bo, PAGE }, { bo - PAGE, 2 * PAGE }, { bo + VSVM_2M - PAGE, 2 * PAGE },
		{ bo - PAGE, VSVM_2M + 2 * PAGE }, { 0, TOP },
	};
	struct drm_vsvm_vm_stats before;
	struct svm t;

	reg_init(&t, fd, bos, VSVM_2M);
	before = svm_stats(&t);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		igt_assert_eq(reg(&t, (void *)bad[i].addr, bad[i].size), -EINVAL);
		igt_assert_eq(unreg(&t, (void *)bad[i].addr, bad[i].size), -EINVAL);
	}
	for (unsigned int bit = 1; bit < 32; bit++)
		igt_assert_eq(__vsvm_register(fd, t.ctx.vm, addr, SIZE, 1u << bit), -EINVAL);
	igt_assert_eq(__vsvm_register(fd, 0, addr, SIZE, 0), -ENOENT);
	igt_assert_eq(__vsvm_register(fd, ~0u, addr, SIZE, 0), -ENOENT);
	igt_assert_eq_u64(svm_stats(&t).intervals, before.intervals);
	/* right up to the BOs on either side, and to the ends of the space, is good */
	igt_assert_eq(reg(&t, bos - PAGE, PAGE), 0);
	igt_assert_eq(reg(&t, bos + VSVM_2M, PAGE), 0);
	igt_assert_eq(reg(&t, (void *)(TOP - PAGE), PAGE), 0);
	igt_assert_eq(reg(&t, NULL, PAGE), 0);
	igt_assert_eq_u64(svm_stats(&t).intervals, before.intervals + 4);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	vsvm_unmap(bos, VSVM_2M);
}

static void test_policy(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	uint32_t vm;

	for (uint32_t policy = 0; policy < DRM_VSVM_INTERVAL_POLICY_REGISTERED; policy++) {
		igt_assert_eq(__vsvm_vm_create_policy(fd, policy, policy ==
						      DRM_VSVM_INTERVAL_POLICY_WINDOW ? VSVM_2M : 0,
						      0, 0, &vm), 0);
		igt_assert_eq(__vsvm_register(fd, vm, vsvm_ptr(p), SIZE, 0), -EINVAL);
		igt_assert_eq(__vsvm_register(fd, vm, vsvm_ptr(p), SIZE, REMOVE), -EINVAL);
		igt_assert_eq(vsvm_vm_intervals(fd, vm, NULL), 0);
		vsvm_vm_destroy(fd, vm);
	}
	vm = vsvm_vm_create_bo(fd);
	igt_assert_eq(__vsvm_register(fd, vm, vsvm_ptr(p), SIZE, 0), -EINVAL);
	igt_assert_eq(__vsvm_register(fd, vm, vsvm_ptr(p), SIZE, REMOVE), -EINVAL);
	vsvm_vm_destroy(fd, vm);
	svm_buffer_free(p, SIZE);
}

static void test_overlap(int fd)
{
	uint8_t *p = svm_buffer(SIZE), *q = p + 4 * PAGE;
	const size_t size = 4 * PAGE;
	struct svm t;

	reg_init(&t, fd, NULL, 0);
	igt_assert_eq(unreg(&t, q, size), -ENOENT);
	igt_assert_eq(reg(&t, q, size), 0);
	igt_assert_eq(reg(&t, q, size), -EEXIST);
	igt_assert_eq(reg(&t, q - PAGE, 2 * PAGE), -EEXIST);
	igt_assert_eq(reg(&t, q + size - PAGE, 2 * PAGE), -EEXIST);
	igt_assert_eq(reg(&t, q + PAGE, PAGE), -EEXIST);
	igt_assert_eq(reg(&t, p, SIZE), -EEXIST);
	igt_assert_eq(reg(&t, NULL, TOP), -EEXIST);
	/* a removal names exactly what was registered */
	igt_assert_eq(unreg(&t, q, size - PAGE), -ENOENT);
	igt_assert_eq(unreg(&t, q + PAGE, size - PAGE), -ENOENT);
	igt_assert_eq(unreg(&t, q, size + PAGE), -ENOENT);
	igt_assert_eq(unreg(&t, q - PAGE, size + PAGE), -ENOENT);
	igt_assert_eq(unreg(&t, q + size, PAGE), -ENOENT);
	svm_expect_interval(&t, q, size);
	/* neighbours do not overlap, and do not become one */
	igt_assert_eq(reg(&t, q - PAGE, PAGE), 0);
	igt_assert_eq(reg(&t, q + size, PAGE), 0);
	igt_assert_eq(svm_intervals_in(&t, p, SIZE, NULL, 0), 3);
	svm_fill(&t, q - PAGE, size + 2 * PAGE, 0x77);
	igt_assert_eq(svm_intervals_in(&t, p, SIZE, NULL, 0), 3);
	igt_assert_eq(unreg(&t, q, size), 0);
	igt_assert_eq(unreg(&t, q, size), -ENOENT);
	igt_assert_eq(reg(&t, q, size + PAGE), -EEXIST);
	igt_assert_eq(svm_intervals_in(&t, q, size, NULL, 0), 0);
	svm_expect_error(&t, q, VSVM_ACCESS_READ, VSVM_ERROR_UNREGISTERED);
	igt_assert_eq_u64(svm_read(&t, q - PAGE), 0x77);
	igt_assert_eq_u64(svm_read(&t, q + size), 0x77);
	igt_assert_eq(reg(&t, q, size), 0);
	igt_assert_eq_u64(svm_read(&t, q), 0x77);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* The error is of the access that is not allowed, to the byte; others live */
static void test_outside(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	reg_init(&t, fd, NULL, 0);
	svm_expect_errors(&t, p + 20, VSVM_ERROR_UNREGISTERED);
	igt_assert_eq(reg(&t, p + 4 * PAGE, 4 * PAGE), 0);
	svm_fill(&t, p + 4 * PAGE, 4 * PAGE, 5);
	svm_expect_errors(&t, p + 4 * PAGE - 4, VSVM_ERROR_UNREGISTERED);
	svm_expect_errors(&t, p + 8 * PAGE, VSVM_ERROR_UNREGISTERED);
	/* from within, and over the end */
	svm_stream(&t);
	vsvm_emit_fill(&t.s, vsvm_ptr(p + 7 * PAGE), 2 * PAGE, 6, 8);
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_UNREGISTERED, VSVM_ACCESS_WRITE,
			      vsvm_ptr(p + 8 * PAGE));
	vsvm_ctx_new_queue(&t.ctx);
	svm_stream(&t);
	vsvm_emit_copy(&t.s, vsvm_ptr(t.scratch), vsvm_ptr(p + 8 * PAGE - 24), 64);
	vsvm_run_expect_error(&t.ctx, &t.s, VSVM_ERROR_UNREGISTERED, VSVM_ACCESS_READ,
			      vsvm_ptr(p + 8 * PAGE));
	vsvm_ctx_new_queue(&t.ctx);
	for (unsigned int i = 0; i < PAGE / 8; i++)
		igt_assert_eq_u64(((uint64_t *)(p + 8 * PAGE))[i], 0);
	igt_assert_eq_u64(svm_read(&t, p + 4 * PAGE), 5);
	/* without memory there is nothing to register: that is the older error */
	vsvm_unmap(p + 8 * PAGE, PAGE);
	svm_expect_error(&t, p + 8 * PAGE, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* What is mapped in a range is the program's affair, before and after */
static void test_change(int fd)
{
	struct drm_vsvm_vm_stats before;
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	reg_init(&t, fd, NULL, 0);
	vsvm_unmap(p, SIZE);
	before = svm_stats(&t);
	igt_assert_eq(reg(&t, p, SIZE), 0);
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_map_at(p, SIZE);
	svm_number_pages(p, PAGES, 1);
	svm_expect_pages(&t, p, PAGES, 1);
	vsvm_unmap(p + 4 * PAGE, 4 * PAGE);
	svm_expect_error(&t, p + 5 * PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_UNMAPPED);
	svm_map_at(p + 4 * PAGE, 4 * PAGE);
	svm_expect_zeros(&t, p + 4 * PAGE, 4);
	/* other memory in its place, under the GPU's eyes */
	for (int i = 0; i < 20; i++) {
		svm_map_at(p, SIZE / 2);
		svm_expect_zeros(&t, p, PAGES / 2);
		svm_fill(&t, p, SIZE, i);
	}
	svm_expect_interval(&t, p, SIZE);
	vsvm_unmap(p, SIZE);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_expect_interval(&t, p, SIZE);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
	igt_assert_eq_u64(svm_stats(&t).intervals_removed, before.intervals_removed);
	svm_fini(&t);
	svm_map_at(p, SIZE);
	svm_buffer_free(p, SIZE);
}

/* When a removal returns the GPU does not write any more, whatever it is doing */
static void test_remove_busy(int fd)
{
	const size_t size = VSVM_2M;
	struct drm_vsvm_queue_query state;
	struct drm_vsvm_vm_stats before;
	uint64_t *p = svm_buffer(size);
	struct svm t;

	reg_init(&t, fd, NULL, 0);
	for (uint64_t round = 0; round < 5; round++) {
		before = svm_stats(&t);
		memset(p, 0, size);
		igt_assert_eq(reg(&t, p, size), 0);
		/* work for longer than anybody looks on */
		svm_stream(&t);
		for (uint64_t i = 0; i < SVM_STREAM / 64; i++)
			vsvm_emit_fill(&t.s, vsvm_ptr(p), size, i + 1, 8);
		vsvm_submit(&t.ctx, &t.s);
		while (!READ_ONCE(p[round * 1000])) {
			vsvm_queue_query(fd, t.ctx.queue, &state);
			igt_assert_eq_u32(state.error, 0);
		}
		igt_assert_eq(unreg(&t, p, size), 0);
		igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
		igt_assert_eq_u64(svm_stats(&t).pages_2m, before.pages_2m);
		igt_assert_eq(svm_intervals_in(&t, p, size, NULL, 0), 0);
		memset(p, 0xee, size);
		igt_assert_eq(__vsvm_wait(fd, t.ctx.queue, t.ctx.fence, t.ctx.seqno, VSVM_WAIT_NS),
			      -EIO);
		vsvm_queue_query(fd, t.ctx.queue, &state);
		igt_assert_eq_u32(state.error, VSVM_ERROR_UNREGISTERED);
		igt_assert_eq_u32(state.access, VSVM_ACCESS_WRITE);
		igt_assert_lte_u64(vsvm_ptr(p), state.addr);
		igt_assert_lt_u64(state.addr, vsvm_ptr(p) + size);
		for (size_t i = 0; i < size / 8; i++)
			igt_assert_eq_u64(p[i], 0xeeeeeeeeeeeeeeee);
		vsvm_ctx_new_queue(&t.ctx);
	}
	svm_fini(&t);
	svm_buffer_free(p, size);
}

static void test_many(int fd)
{
	const unsigned int count = 10000;
	uint8_t *p = svm_buffer(2 * count * PAGE);
	struct drm_vsvm_vm_stats before, after;
	struct svm t;

	reg_init(&t, fd, NULL, 0);
	before = svm_stats(&t);
	/* from both ends to the middle, so not in order */
	for (unsigned int i = 0; i < count; i++)
		igt_assert_eq(reg(&t, p + 2 * PAGE * (i % 2 ? count - 1 - i / 2 : i / 2), PAGE), 0);
	after = svm_stats(&t);
	igt_assert_eq_u64(after.intervals, before.intervals + count);
	igt_assert_eq_u64(after.intervals_created, before.intervals_created + count);
	igt_assert_eq(svm_intervals_in(&t, p, 2 * count * PAGE, NULL, 0), count);
	for (unsigned int i = 0; i < count; i += count / 10) {
		svm_write(&t, p + 2 * i * PAGE, i + 1);
		igt_assert_eq_u64(*(uint64_t *)(p + 2 * i * PAGE), i + 1);
		svm_expect_error(&t, p + (2 * i + 1) * PAGE, VSVM_ACCESS_WRITE,
				 VSVM_ERROR_UNREGISTERED);
	}
	for (unsigned int i = 0; i < count; i += 2)
		igt_assert_eq(unreg(&t, p + 2 * i * PAGE, PAGE), 0);
	igt_assert_eq_u64(svm_stats(&t).intervals, before.intervals + count / 2);
	igt_assert_eq(unreg(&t, p, PAGE), -ENOENT);
	svm_write(&t, p + 2 * (count - 1) * PAGE, 5);
	/* the VM goes with what is left of them */
	svm_fini(&t);
	svm_buffer_free(p, 2 * count * PAGE);
}

/* A VM is nobody else's, and so are its ranges */
static void test_other_process(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	int status, ret;
	struct svm t;
	pid_t pid;

	reg_init(&t, fd, NULL, 0);
	igt_assert_eq(reg(&t, p, PAGE), 0);
	pid = fork();
	if (!pid) {
		ret = reg(&t, p + PAGE, PAGE) == -EACCES && unreg(&t, p, PAGE) == -EACCES;
		_exit(!ret);
	}
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_eq(status, 0);
	svm_expect_interval(&t, p, PAGE);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* One thread registers and unregisters what the GPU of another one uses */
static void *flip_thread(void *data)
{
	struct svm *t = data;
	void *p = (void *)(uintptr_t)t->scratch[100];

	while (!READ_ONCE(t->scratch[101])) {
		if (unreg(t, p, SIZE) || reg(t, p, SIZE))
			return NULL;
	}
	return t;
}

static void test_flip(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct drm_vsvm_queue_query state;
	unsigned int died = 0, lived = 0;
	pthread_t thread;
	struct svm t;
	void *ret;

	reg_init(&t, fd, NULL, 0);
	igt_assert_eq(reg(&t, p, SIZE), 0);
	t.scratch[100] = vsvm_ptr(p);
	t.scratch[101] = 0;
	igt_assert_eq(pthread_create(&thread, NULL, flip_thread, &t), 0);
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t seqno;
		int err;

		svm_stream(&t);
		vsvm_emit_fill(&t.s, vsvm_ptr(p), SIZE, i + 1, 8);
		seqno = vsvm_submit(&t.ctx, &t.s);
		err = __vsvm_wait(fd, t.ctx.queue, t.ctx.fence, seqno, VSVM_WAIT_NS);
		if (!err) {
			lived++;
			for (unsigned int j = 0; j < SIZE / 8; j++)
				igt_assert_eq_u64(((uint64_t *)p)[j], i + 1);
			continue;
		}
		died++;
		igt_assert_eq(err, -EIO);
		vsvm_queue_query(fd, t.ctx.queue, &state);
		igt_assert_eq_u32(state.error, VSVM_ERROR_UNREGISTERED);
		igt_assert_eq_u64(state.addr & ~(uint64_t)(SIZE - 1), vsvm_ptr(p));
		vsvm_ctx_new_queue(&t.ctx);
	}
	igt_info("%u streams were done, %u died\n", lived, died);
	WRITE_ONCE(t.scratch[101], 1);
	igt_assert_eq(pthread_join(thread, &ret), 0);
	igt_assert(ret);
	svm_fill(&t, p, SIZE, 3);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("A range that cannot be registered is refused, and changes nothing");
	igt_subtest("bad")
		test_bad(fd);
	igt_describe("A VM that listens in another way does not pretend to register");
	igt_subtest("policy")
		test_policy(fd);
	igt_describe("Ranges that overlap are refused, and a removal takes its own range alone");
	igt_subtest("overlap")
		test_overlap(fd);
	igt_describe("An access outside of what was registered dies with its exact address");
	igt_subtest("outside")
		test_outside(fd);
	igt_describe("A range stays registered whatever is unmapped and mapped in it");
	igt_subtest("change")
		test_change(fd);
	igt_describe("The GPU writes nothing to a range any more when its removal has returned");
	igt_subtest("remove-busy")
		test_remove_busy(fd);
	igt_describe("Ten thousand ranges can be registered, used, removed, and left to the VM");
	igt_subtest("many")
		test_many(fd);
	igt_describe("Another process that has the file can neither add nor take away a range");
	igt_subtest("other-process")
		test_other_process(fd);
	igt_describe("A stream whose range comes and goes is done, or dies of that alone");
	igt_subtest("flip")
		test_flip(fd);

	igt_fixture()
		close(fd);
}
