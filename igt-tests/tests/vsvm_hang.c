// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm hang
 * Description: Programs that do not end
 */
#include <signal.h>
#include <sys/wait.h>

#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("Programs that do not end");

/* Programs that do not end */

static void submit_gates(int fd, uint32_t vm, struct vsvm_gate *gate, uint32_t *queues,
			 unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		queues[i] = vsvm_queue_create_on(fd, vm, i % vsvm_num_engines(fd), ~0ull);
		for (int j = 0; j < 3; j++)
			igt_assert_eq(__vsvm_exec1(fd, queues[i],
						   vsvm_stream_addr(&gate->stream, 0),
						   gate->stream.size, 0, 0, 0), 0);
	}
}

static void test_timeout(int fd)
{
	struct drm_vsvm_queue_query state;
	struct vsvm_stream s = {};
	struct vsvm_gate gate;
	struct vsvm_ctx ctx;
	uint32_t queue;
	int64_t start;
	size_t offset;

	vsvm_ctx_init(&ctx, fd);
	vsvm_gate_init(&gate);
	vsvm_emit_nop(&s);
	vsvm_emit_barrier(&s);
	offset = vsvm_emit(&s, gate.stream.base, gate.stream.size);
	queue = vsvm_queue_create_on(fd, ctx.vm, 0, 100 * NSEC_PER_MSEC);
	start = vsvm_now();
	igt_assert_eq(__vsvm_exec1(fd, queue, vsvm_stream_addr(&s, 0), s.size, 0, 0, 0), 0);
	vsvm_expect_error(fd, queue, VSVM_ERROR_TIMEOUT, VSVM_ACCESS_ANY,
			  vsvm_stream_addr(&s, offset));
	vsvm_queue_query(fd, queue, &state);
	igt_assert_lte_s64(start + 100 * (int64_t)NSEC_PER_MSEC, state.time_ns);
	vsvm_queue_destroy(fd, queue);

	/* one that keeps within its time is left alone, and so is one that waits for nothing */
	queue = vsvm_queue_create_on(fd, ctx.vm, 0, ~0ull);
	igt_assert_eq(__vsvm_exec1(fd, queue, vsvm_stream_addr(&s, 0), s.size, ctx.fence_addr, 1,
				   0), 0);
	igt_assert_eq(__vsvm_wait(fd, queue, ctx.fence, 1, 300 * NSEC_PER_MSEC), -ETIME);
	vsvm_gate_open(&gate);
	vsvm_wait(fd, queue, ctx.fence, 1);
	vsvm_queue_destroy(fd, queue);
	vsvm_engines_work(fd);
	vsvm_stream_fini(&s);
	vsvm_gate_fini(&gate);
	vsvm_ctx_fini(&ctx);
}

static void test_destroy(int fd)
{
	uint32_t queues[32], count = 2 * vsvm_num_engines(fd), vm = vsvm_vm_create(fd);
	struct vsvm_gate gate;
	int64_t start;

	if (count > ARRAY_SIZE(queues))
		count = ARRAY_SIZE(queues);
	vsvm_gate_init(&gate);
	for (int round = 0; round < 3; round++) {
		submit_gates(fd, vm, &gate, queues, count);
		usleep(round * 20000);
		start = vsvm_now();
		for (uint32_t i = 0; i < count; i++)
			vsvm_queue_destroy(fd, queues[i]);
		igt_assert_lt_s64(vsvm_now() - start, 10 * (int64_t)NSEC_PER_SEC);
	}
	vsvm_engines_work(fd);
	vsvm_vm_destroy(fd, vm);
	vsvm_gate_fini(&gate);
}

static void test_shares(int fd)
{
	uint32_t queues[32], count = vsvm_num_engines(fd), vm = vsvm_vm_create(fd);
	struct vsvm_gate gate;

	if (count > ARRAY_SIZE(queues))
		count = ARRAY_SIZE(queues);
	/* a program that hogs its engine does not keep others from it */
	vsvm_gate_init(&gate);
	submit_gates(fd, vm, &gate, queues, count);
	for (int i = 0; i < 5; i++)
		vsvm_engines_work(fd);
	for (uint32_t i = 0; i < count; i++)
		vsvm_queue_destroy(fd, queues[i]);
	vsvm_vm_destroy(fd, vm);
	vsvm_gate_fini(&gate);
}

static void test_close(int fd)
{
	uint32_t queues[32], count = vsvm_num_engines(fd);
	struct vsvm_gate gate;
	int mine;

	if (count > ARRAY_SIZE(queues))
		count = ARRAY_SIZE(queues);
	vsvm_gate_init(&gate);
	for (int round = 0; round < 3; round++) {
		mine = drm_reopen_driver(fd);
		submit_gates(mine, vsvm_vm_create(mine), &gate, queues, count);
		usleep(round * 20000);
		close(mine);
	}
	vsvm_engines_work(fd);
	vsvm_gate_fini(&gate);
}

static void test_kill(int fd)
{
	int status, pipes[2];
	char c;

	for (int round = 0; round < 4; round++) {
		pid_t pid;

		igt_assert_eq(pipe(pipes), 0);
		pid = fork();
		igt_assert(pid >= 0);
		if (!pid) {
			uint32_t queues[32], count = vsvm_num_engines(fd);
			int mine = drm_reopen_driver(fd);
			struct vsvm_gate gate;

			vsvm_gate_init(&gate);
			submit_gates(mine, vsvm_vm_create(mine), &gate, queues,
				     count > 32 ? 32 : count);
			if (write(pipes[1], "", 1) != 1)
				_exit(1);
			/* killed while it waits, or while it spins */
			for (;;) {
				if (round % 2)
					__vsvm_wait(mine, 0, gate.args, ~0ull,
						    NSEC_PER_SEC);
			}
		}
		close(pipes[1]);
		igt_assert_eq(read(pipes[0], &c, 1), 1);
		close(pipes[0]);
		usleep(round * 10000);
		igt_assert_eq(kill(pid, SIGKILL), 0);
		igt_set_timeout(20, "waiting for a killed process");
		igt_assert_eq(waitpid(pid, &status, 0), pid);
		igt_reset_timeout();
		igt_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	vsvm_engines_work(fd);
}

int igt_main()
{
	static const struct {
		const char *name, *description;
		void (*run)(int fd);
	} tests[] = {
		{ "timeout", "A program that takes too long is ended, and told where",
		  test_timeout },
		{ "destroy", "A queue is destroyed while its program loops for ever",
		  test_destroy },
		{ "shares", "A program that loops for ever does not starve other queues",
		  test_shares },
		{ "close", "A file is closed while its programs loop for ever",
		  test_close },
		{ "kill", "A process dies while its programs loop for ever",
		  test_kill },
	};
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
		igt_describe(tests[i].description);
		igt_subtest(tests[i].name)
			tests[i].run(fd);
	}

	igt_fixture() {
		close(fd);
	}
}
