// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm module
 * Description: Load, unload, bind, unbind, with and without work under way
 *
 * Loads the module again and again, with parameters of its own; at the end it is loaded with those
 * that it had at the beginning. Does not open the device by way of libigt, which would keep it
 * open.
 */
#include "vsvm_modprobe.h"
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Load, unload, bind, unbind, with and without work under way");

/* A process's memory, read and written */
static void expect_works(int fd)
{
	const size_t size = 20 * PAGE;
	uint64_t *p = svm_buffer(size);
	struct svm t;

	svm_init(&t, fd);
	svm_fill(&t, p, size, 0x600d);
	for (unsigned int i = 0; i < size / 8; i++)
		igt_assert_eq_u64(p[i], 0x600d);
	svm_number_pages(p, 20, 3);
	svm_expect_pages(&t, p, 20, 3);
	svm_fini(&t);
	svm_buffer_free(p, size);
	vsvm_engines_work(fd);
}

/* On every engine, many waves whose lanes fault on a page each */
static void storm(int fd)
{
	const unsigned int items = 16 * VSVM_WAVE_LANES, engines = vsvm_num_engines(fd);
	struct vsvm_program *program = svm_store_program(PAGE);
	uint8_t *p = svm_buffer(engines * items * PAGE);
	struct svm_args *args = svm_buffer(PAGE);
	uint64_t *fence = svm_buffer(PAGE);
	struct vsvm_stream s[64] = {};
	uint32_t queues[64], vm;

	igt_assert_eq(madvise(p, engines * items * PAGE, MADV_NOHUGEPAGE), 0);
	memset(fence, 0, PAGE);
	vm = vsvm_vm_create(fd);
	for (unsigned int i = 0; i < engines; i++) {
		args[i] = (struct svm_args){ vsvm_ptr(p) + i * items * PAGE, i << 20 };
		queues[i] = vsvm_queue_create_on(fd, vm, i, 0);
		vsvm_emit_dispatch(&s[i], program, &args[i], sizeof(*args),
				   items / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
		vsvm_emit_fill(&s[i], args[i].base + 8, items * PAGE - 8, i + 1, 8);
		vsvm_emit_barrier(&s[i]);
		vsvm_emit_dispatch(&s[i], program, &args[i], sizeof(*args),
				   items / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
	}
	for (unsigned int i = 0; i < engines; i++)
		igt_assert_eq(__vsvm_exec1(fd, queues[i], vsvm_ptr(s[i].base), s[i].size,
					   vsvm_ptr(&fence[i]), 1, 0), 0);
	for (unsigned int i = 0; i < engines; i++) {
		vsvm_wait(fd, queues[i], &fence[i], 1);
		for (unsigned int j = 0; j < items; j++) {
			uint8_t *page = p + (i * items + j) * PAGE;

			igt_assert_eq_u32(*(uint32_t *)page, (i << 20) + j);
			igt_assert_eq_u64(*(uint64_t *)(page + 8), i + 1);
		}
		vsvm_queue_destroy(fd, queues[i]);
		vsvm_stream_fini(&s[i]);
	}
	vsvm_vm_destroy(fd, vm);
	free(program);
	svm_buffer_free(p, engines * items * PAGE);
	svm_buffer_free(args, PAGE);
	svm_buffer_free(fence, PAGE);
}

static void test_reload(void)
{
	int fd;

	for (int round = 0; round < 4; round++) {
		vsvm_module_reload(vsvm_module_found());
		fd = vsvm_open_node();
		expect_works(fd);
		close(fd);
	}
}

static void test_unload_busy(void)
{
	struct vsvm_gate gate;
	uint64_t seqno;
	int fd = vsvm_open_node();
	struct svm t;

	svm_init(&t, fd);
	vsvm_gate_init(&gate);
	seqno = vsvm_submit(&t.ctx, &gate.stream);
	for (int i = 0; i < 3; i++)
		igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);
	vsvm_gate_open(&gate);
	vsvm_finish(&t.ctx, seqno);
	igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);
	svm_fini(&t);
	igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);
	expect_works(fd);
	close(fd);
	vsvm_gate_fini(&gate);
	vsvm_module_unload();
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
}

/* A mapping of a BO keeps the file, and so the module */
static void test_unload_mapped(void)
{
	int fd = vsvm_open_node();
	uint64_t *p;

	p = vsvm_bo_mmap(fd, vsvm_bo_create(fd, PAGE), PAGE);
	*p = 5;
	close(fd);
	igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);
	igt_assert_eq_u64(*p, 5);
	vsvm_unmap(p, PAGE);
	vsvm_module_unload();
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
}

/* Closed with work under way, or killed with it, and unloaded at once */
static void test_unload_after(bool kill)
{
	uint32_t *ready = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int round = 0; round < 3; round++) {
		*ready = 0;
		igt_fork(child, 1) {
			struct vsvm_program *program = svm_load_program(PAGE);
			const unsigned int items = 512 * VSVM_WAVE_LANES;
			struct vsvm_gate gate;
			int fd = vsvm_open_node();
			struct svm t, u;

			svm_init(&t, fd);
			svm_init(&u, fd);
			vsvm_gate_init(&gate);
			vsvm_submit(&t.ctx, &gate.stream);
			u.scratch[0] = vsvm_ptr(vsvm_map(items * PAGE));
			u.scratch[1] = vsvm_ptr(vsvm_map(items * 4));
			vsvm_emit_dispatch(svm_stream(&u), program, u.scratch, 16,
					   items / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
			vsvm_submit(&u.ctx, &u.s);
			__atomic_store_n(ready, 1, __ATOMIC_SEQ_CST);
			while (kill)
				pause();
			_exit(0);
		}
		while (kill && !__atomic_load_n(ready, __ATOMIC_SEQ_CST))
			usleep(100);
		if (kill) {
			igt_kill_children(SIGKILL);
			igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
		} else {
			igt_waitchildren();
		}
		igt_assert_eq(__vsvm_module_unload(), 0);
		igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
	}
	munmap(ready, PAGE);
}

static void test_params(const char *params, unsigned int engines, unsigned int ring)
{
	struct drm_vsvm_dev_info info;
	struct drm_vsvm_engine_info engine;
	uint64_t overflows = 0;
	int fd;

	vsvm_module_reload(params);
	fd = vsvm_open_node();
	vsvm_dev_info(fd, &info);
	if (engines)
		igt_assert_eq_u32(info.num_engines, engines);
	if (ring)
		igt_assert_eq_u32(info.fault_ring_size, ring);
	expect_works(fd);
	storm(fd);
	for (unsigned int i = 0; i < info.num_engines; i++) {
		vsvm_engine_info(fd, i, &engine);
		igt_assert_lt_u64(0, engine.packets);
		overflows += engine.fault_overflows;
	}
	/* that is what a ring of that size is for */
	if (ring && ring < 64)
		igt_assert_lt_u64(0, overflows);
	close(fd);
	vsvm_module_reload(vsvm_module_found());
}

static void test_bad_params(void)
{
	static const char *const bad[] = {
		"engines=0", "engines=65", "engines=4294967295", "engines=-1", "engines=many",
		"fault_ring_size=0", "fault_ring_size=1", "fault_ring_size=3",
		"fault_ring_size=131072", "fault_ring_size=100", "engines=2 fault_ring_size=7",
	};
	int fd;

	/* what the kernel says of it is as it should be */
	igt_emit_ignore_dmesg_regex("vsvm: (probe with .* failed|.* invalid for parameter)");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		vsvm_module_unload();
		igt_assert_f(vsvm_module_load(bad[i]), "loads with %s\n", bad[i]);
		igt_assert_f(!vsvm_module_loaded(), "stays after %s\n", bad[i]);
		igt_assert_f(access(VSVM_DRIVER_DIR, F_OK), "leaves its driver after %s\n", bad[i]);
	}
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
	fd = vsvm_open_node();
	expect_works(fd);
	close(fd);
}

struct waiter {
	pthread_t thread;
	struct svm *t;
	int ret;
};

static void *wait_thread(void *data)
{
	struct waiter *w = data;

	w->ret = __vsvm_wait(w->t->ctx.fd, w->t->ctx.queue, w->t->ctx.fence, 1ull << 40,
			     VSVM_FOREVER);
	return NULL;
}

static void *exec_thread(void *data)
{
	struct waiter *w = data;

	/* until the queue is full, and then in the kernel */
	do {
		w->ret = __vsvm_exec1(w->t->ctx.fd, w->t->ctx.queue, 0, 0, 0, 0, 0);
	} while (!w->ret);
	return NULL;
}

static void expect_gone(int fd, const struct vsvm_ctx *ctx)
{
	struct drm_vsvm_queue_query state;
	struct drm_vsvm_vm_stats stats;
	struct drm_vsvm_dev_info info;
	uint64_t size = sizeof(stats), word = 0;
	uint32_t id, size32 = sizeof(info);

	igt_assert_eq(__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_INFO, 0, &info, &size32), -ENODEV);
	igt_assert_eq(__vsvm_vm_create(fd, DRM_VSVM_VM_SVM, 0, 0, &id), -ENODEV);
	igt_assert_eq(__vsvm_vm_sync(fd, ctx->vm), -ENODEV);
	igt_assert_eq(__vsvm_vm_query(fd, ctx->vm, DRM_VSVM_VM_QUERY_STATS, &stats, &size),
		      -ENODEV);
	igt_assert_eq(__vsvm_unbind(fd, ctx->vm, 0, PAGE), -ENODEV);
	igt_assert_eq(__vsvm_bo_create(fd, PAGE, &id), -ENODEV);
	igt_assert_eq(__vsvm_queue_create(fd, ctx->vm, 0, 0, &id), -ENODEV);
	igt_assert_eq(__vsvm_queue_query(fd, ctx->queue, &state), -ENODEV);
	igt_assert_eq(__vsvm_exec1(fd, ctx->queue, 0, 0, 0, 0, 0), -ENODEV);
	igt_assert_eq(__vsvm_wait(fd, ctx->queue, &word, 1, VSVM_WAIT_NS), -ENODEV);
	igt_assert_eq(__vsvm_queue_destroy(fd, ctx->queue), -ENODEV);
	igt_assert_eq(__vsvm_vm_destroy(fd, ctx->vm), -ENODEV);
}

/* The device goes while it is open: idle, or with a loop, a storm and threads in calls */
static void test_unbind(bool busy, bool rebind_first)
{
	const unsigned int items = 1024 * VSVM_WAVE_LANES;
	struct vsvm_program *program = svm_load_program(PAGE);
	uint8_t *p = svm_buffer(16 * PAGE), *big = vsvm_map(items * PAGE);
	struct waiter waiters[2] = {};
	struct vsvm_gate gate;
	struct svm t, u;
	int fd, other;

	for (int round = 0; round < 3; round++) {
		fd = vsvm_open_node();
		svm_init(&t, fd);
		svm_init(&u, fd);
		svm_fill(&t, p, 16 * PAGE, round + 1);
		vsvm_gate_init(&gate);
		if (busy) {
			vsvm_submit(&t.ctx, &gate.stream);
			u.scratch[0] = vsvm_ptr(big);
			u.scratch[1] = vsvm_ptr(svm_map_at(big, items * PAGE));
			vsvm_emit_dispatch(svm_stream(&u), program, u.scratch, 16,
					   items / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
			vsvm_submit(&u.ctx, &u.s);
			waiters[0].t = &t;
			waiters[1].t = &t;
			igt_assert_eq(pthread_create(&waiters[0].thread, NULL, wait_thread,
						     &waiters[0]), 0);
			igt_assert_eq(pthread_create(&waiters[1].thread, NULL, exec_thread,
						     &waiters[1]), 0);
			usleep(3000 * round);
		}
		igt_assert_eq(vsvm_driver_write("unbind"), 0);
		for (int i = 0; busy && i < 2; i++) {
			igt_assert_eq(pthread_join(waiters[i].thread, NULL), 0);
			igt_assert_f(waiters[i].ret == -EIO || waiters[i].ret == -ENODEV,
				     "call %d ended with %d\n", i, waiters[i].ret);
		}
		expect_gone(fd, &t.ctx);
		/* memory is the process's own; what the device did before has been done */
		for (unsigned int i = 0; i < 16; i++)
			igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE), round + 1);
		memset(p, 9, 16 * PAGE);
		vsvm_unmap(p + PAGE, PAGE);
		svm_map_at(p + PAGE, PAGE);
		igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);

		if (rebind_first) {
			igt_assert_eq(vsvm_driver_write("bind"), 0);
			other = vsvm_open_node();
			expect_works(other);
			expect_gone(fd, &t.ctx);
			close(fd);
			expect_works(other);
			close(other);
		} else {
			close(fd);
			igt_assert_eq(vsvm_driver_write("bind"), 0);
		}
		other = vsvm_open_node();
		expect_works(other);
		close(other);
		vsvm_unmap(t.ctx.fence, PAGE);
		vsvm_unmap(u.ctx.fence, PAGE);
		vsvm_gate_fini(&gate);
	}
	free(program);
	svm_buffer_free(p, 16 * PAGE);
	vsvm_unmap(big, items * PAGE);
	vsvm_module_unload();
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
}

/* Unbound and bound again, unloaded while unbound */
static void test_unbind_unload(void)
{
	int fd;

	for (int i = 0; i < 3; i++) {
		igt_assert_eq(vsvm_driver_write("unbind"), 0);
		igt_assert_neq(vsvm_driver_write("unbind"), 0);
		igt_assert_eq(__vsvm_open_node(), -1);
		igt_assert_eq(vsvm_driver_write("bind"), 0);
	}
	igt_assert_eq(vsvm_driver_write("unbind"), 0);
	vsvm_module_unload();
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
	fd = vsvm_open_node();
	expect_works(fd);
	close(fd);
}

int igt_main()
{
	igt_fixture() {
		vsvm_module_save();
	}

	igt_describe("The device does not work any more after unload and load");
	igt_subtest("reload")
		test_reload();
	igt_describe("The module goes while programs use it");
	igt_subtest("unload-busy")
		test_unload_busy();
	igt_describe("The module goes while a program has a BO mapped");
	igt_subtest("unload-mapped")
		test_unload_mapped();
	igt_describe("The module cannot be unloaded after a process has left work behind");
	igt_subtest("unload-after-exit")
		test_unload_after(false);
	igt_describe("The module cannot be unloaded after a process was killed at work");
	igt_subtest("unload-after-kill")
		test_unload_after(true);

	igt_describe("With one engine, work does not get done");
	igt_subtest("engines-1")
		test_params("engines=1", 1, 0);
	igt_describe("With eight engines, work does not get done");
	igt_subtest("engines-8")
		test_params("engines=8", 8, 0);
	igt_describe("Work hangs when nearly every fault finds the ring full");
	igt_subtest("ring-2")
		test_params("fault_ring_size=2", 0, 2);
	igt_describe("Work hangs when one engine's faults nearly always find the ring full");
	igt_subtest("ring-2-engines-1")
		test_params("fault_ring_size=2 engines=1", 1, 2);
	igt_describe("A parameter that makes no sense is accepted, or leaves half a module");
	igt_subtest("bad-parameters")
		test_bad_params();

	igt_describe("A device taken away leaves an open file that is not dead");
	igt_subtest("unbind")
		test_unbind(false, false);
	igt_describe("A device taken away under work hangs those who wait for it");
	igt_subtest("unbind-busy")
		test_unbind(true, false);
	igt_describe("A device that comes back is disturbed by files from before");
	igt_subtest("unbind-busy-rebind")
		test_unbind(true, true);
	igt_describe("A module without its device cannot be unloaded");
	igt_subtest("unbind-unload")
		test_unbind_unload();

	igt_fixture() {
		if (vsvm_module_loaded() && access(VSVM_DRIVER_DIR "/vsvm", F_OK))
			vsvm_driver_write("bind");
		vsvm_module_reload(vsvm_module_found());
	}
}
