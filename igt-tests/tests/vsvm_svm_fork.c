// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm fork
 * Description: What parent, child and GPU see of each other after fork, vfork and exec
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("What parent, child and GPU see of each other after fork, vfork and exec");

#define PAGES	32
#define SIZE	(PAGES * PAGE)

/* Parent and child take steps in turn: each waits for the other's number */
static uint32_t *turn;

static void pass_turn(uint32_t step)
{
	__atomic_store_n(turn, step, __ATOMIC_SEQ_CST);
}

static void await_turn(uint32_t step)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (__atomic_load_n(turn, __ATOMIC_SEQ_CST) < step) {
		igt_assert_f(vsvm_now() < deadline, "the other process does not get to step %u\n",
			     step);
		usleep(200);
	}
}

/* Every word of a buffer */
static void set_words(uint64_t *p, uint64_t value)
{
	for (unsigned int i = 0; i < SIZE / 8; i++)
		p[i] = value + i;
}

static void expect_words(const uint64_t *p, uint64_t value)
{
	for (unsigned int i = 0; i < SIZE / 8; i++)
		igt_assert_eq_u64(p[i], value + i);
}

static void gpu_set_words(struct svm *t, uint64_t *p, uint64_t value)
{
	set_words(t->scratch, value);
	svm_copy(t, p, t->scratch, SIZE);
}

static void gpu_expect_words(struct svm *t, const uint64_t *p, uint64_t value)
{
	memset(t->scratch, 0, SIZE);
	svm_copy(t, t->scratch, p, SIZE);
	expect_words(t->scratch, value);
}

/* Every call of a child that names the parent's VM or queue */
static void expect_no_access(const struct vsvm_ctx *ctx)
{
	struct drm_vsvm_queue_query state;
	struct drm_vsvm_vm_stats stats;
	uint64_t size = sizeof(stats);
	uint64_t word = 0;
	uint32_t id;

	igt_assert_eq(__vsvm_vm_sync(ctx->fd, ctx->vm), -EACCES);
	igt_assert_eq(__vsvm_vm_query(ctx->fd, ctx->vm, DRM_VSVM_VM_QUERY_STATS, &stats, &size),
		      -EACCES);
	igt_assert_eq(__vsvm_vm_destroy(ctx->fd, ctx->vm), -EACCES);
	igt_assert_eq(__vsvm_unbind(ctx->fd, ctx->vm, 0, PAGE), -EACCES);
	igt_assert_eq(__vsvm_queue_create(ctx->fd, ctx->vm, 0, 0, &id), -EACCES);
	igt_assert_eq(__vsvm_queue_query(ctx->fd, ctx->queue, &state), -EACCES);
	igt_assert_eq(__vsvm_queue_destroy(ctx->fd, ctx->queue), -EACCES);
	igt_assert_eq(__vsvm_exec1(ctx->fd, ctx->queue, 0, 0, 0, 0, 0), -EACCES);
	igt_assert_eq(__vsvm_wait(ctx->fd, ctx->queue, &word, 1, 0), -EACCES);
}

static void test_access(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	igt_fork(child, 1)
		expect_no_access(&t.ctx);
	igt_waitchildren();
	/* nothing of it hurt */
	gpu_set_words(&t, p, 1);
	expect_words(p, 1);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* The child makes a VM of its own in the same file, and each sees its own memory */
static void test_own_vm(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	set_words(p, 1);
	gpu_expect_words(&t, p, 1);
	igt_fork(child, 2) {
		struct svm own;

		svm_init(&own, fd);
		for (int round = 0; round < 4; round++) {
			gpu_expect_words(&own, p, round ? 100 * child + round - 1 : 1);
			gpu_set_words(&own, p, 100 * child + round);
			expect_words(p, 100 * child + round);
		}
		svm_fini(&own);
	}
	for (int round = 0; round < 4; round++) {
		gpu_set_words(&t, p, 1000 + round);
		gpu_expect_words(&t, p, 1000 + round);
	}
	igt_waitchildren();
	expect_words(p, 1003);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* After fork: the parent's GPU writes into copies of its own */
static void test_cow_parent(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (uint64_t round = 0; round < 3; round++) {
		/* written by the GPU, so that its page table has the right to */
		gpu_set_words(&t, p, 10 + round);
		*turn = 0;
		igt_fork(child, 1) {
			await_turn(1);
			expect_words(p, 10 + round);
			pass_turn(2);
			await_turn(3);
			expect_words(p, 10 + round);
		}
		gpu_set_words(&t, p, 5000);
		expect_words(p, 5000);
		pass_turn(1);
		await_turn(2);
		svm_fill(&t, p, SIZE, 0x6000);
		pass_turn(3);
		igt_waitchildren();
		igt_assert_eq_u64(p[SIZE / 8 - 1], 0x6000);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* And the child's CPU into its own */
static void test_cow_child(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (uint64_t round = 0; round < 3; round++) {
		gpu_set_words(&t, p, 10 + round);
		*turn = 0;
		igt_fork(child, 1) {
			set_words(p, 7777);
			pass_turn(1);
			await_turn(2);
			expect_words(p, 7777);
		}
		await_turn(1);
		gpu_expect_words(&t, p, 10 + round);
		expect_words(p, 10 + round);
		gpu_set_words(&t, p, 20 + round);
		pass_turn(2);
		igt_waitchildren();
		gpu_expect_words(&t, p, 20 + round);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Pages that are shared for reading, then written by the GPU when the child has gone */
static void test_cow_alone(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (uint64_t round = 0; round < 3; round++) {
		gpu_set_words(&t, p, 10 + round);
		igt_fork(child, 1)
			expect_words(p, 10 + round);
		gpu_expect_words(&t, p, 10 + round);
		igt_waitchildren();
		gpu_expect_words(&t, p, 10 + round);
		gpu_set_words(&t, p, 30 + round);
		expect_words(p, 30 + round);
		gpu_expect_words(&t, p, 30 + round);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/*
 * The GPU counts in every page without pause, and the process forks. The child sees each page as it
 * was at some moment, and it stays like that for the child; no count is lost for the parent.
 */
static void test_busy(int fd)
{
	const unsigned int rounds = 6, passes = 20;
	struct vsvm_program *program = svm_atomic_program(PAGE);
	uint8_t *p = svm_buffer(SIZE);
	struct svm_args *args;
	struct svm t;

	svm_init(&t, fd);
	args = (struct svm_args *)t.scratch;
	*args = (struct svm_args){ vsvm_ptr(p), 1 };
	svm_stream(&t);
	for (unsigned int i = 0; i < passes; i++)
		vsvm_emit_dispatch(&t.s, program, args, sizeof(*args), PAGES / VSVM_WAVE_LANES,
				   VSVM_WAVE_LANES);
	for (unsigned int round = 0; round < rounds; round++) {
		vsvm_submit(&t.ctx, &t.s);
		usleep(150 * round);
		igt_fork(child, 1) {
			uint32_t seen[PAGES];

			for (unsigned int i = 0; i < PAGES; i++)
				seen[i] = READ_ONCE(*(uint32_t *)(p + i * PAGE));
			usleep(3000);
			for (unsigned int i = 0; i < PAGES; i++) {
				igt_assert_eq_u32(READ_ONCE(*(uint32_t *)(p + i * PAGE)), seen[i]);
				igt_assert_lte_u32(passes * round, seen[i]);
				igt_assert_lte_u32(seen[i], passes * (round + 1));
			}
		}
		vsvm_finish(&t.ctx, t.ctx.seqno);
		for (unsigned int i = 0; i < PAGES; i++)
			igt_assert_eq_u32(*(uint32_t *)(p + i * PAGE), passes * (round + 1));
		igt_waitchildren();
	}
	svm_fini(&t);
	free(program);
	svm_buffer_free(p, SIZE);
}

/* What is shared stays shared, in both directions */
static void test_shared(int fd, bool file)
{
	uint8_t *buffer = svm_buffer(SIZE);
	int mem = file ? svm_temp_file(SIZE) : -1;
	uint64_t *p = (uint64_t *)buffer;
	struct svm t;

	svm_init(&t, fd);
	igt_assert(mmap(buffer, SIZE, RW, MAP_SHARED | MAP_FIXED | (file ? 0 : MAP_ANONYMOUS),
			mem, 0) == buffer);
	gpu_set_words(&t, p, 1);
	*turn = 0;
	igt_fork(child, 1) {
		expect_words(p, 1);
		pass_turn(1);
		await_turn(2);
		expect_words(p, 2);
		set_words(p, 3);
		pass_turn(3);
		await_turn(4);
		expect_words(p, 4);
	}
	await_turn(1);
	gpu_set_words(&t, p, 2);
	pass_turn(2);
	await_turn(3);
	gpu_expect_words(&t, p, 3);
	gpu_set_words(&t, p, 4);
	pass_turn(4);
	igt_waitchildren();
	svm_fini(&t);
	svm_buffer_free(buffer, SIZE);
	if (file)
		close(mem);
}

/* MADV_DONTFORK: not copied, so the GPU need not notice at all */
static void test_dontfork(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_DONTFORK), 0);
	gpu_set_words(&t, p, 1);
	igt_fork(child, 1) {
		unsigned char vec;

		igt_assert_eq(mincore(p, PAGE, &vec), -1);
		igt_assert_eq(errno, ENOMEM);
	}
	gpu_set_words(&t, p, 2);
	igt_waitchildren();
	gpu_expect_words(&t, p, 2);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* MADV_WIPEONFORK: zeros for the child, everything for the parent */
static void test_wipeonfork(int fd)
{
	uint64_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(madvise(p, SIZE, MADV_WIPEONFORK), 0);
	gpu_set_words(&t, p, 1);
	igt_fork(child, 1) {
		for (unsigned int i = 0; i < SIZE / 8; i++)
			igt_assert_eq_u64(p[i], 0);
	}
	gpu_expect_words(&t, p, 1);
	igt_waitchildren();
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* A 2M page is shared by fork and then written */
static void test_huge(int fd)
{
	uint64_t *p = svm_buffer(VSVM_2M);
	const unsigned int pages = VSVM_2M / PAGE;
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(madvise(p, VSVM_2M, MADV_HUGEPAGE), 0);
	svm_number_pages(p, pages, 1);
	svm_expect_pages(&t, p, pages, 1);
	svm_write(&t, p + 1, 1);
	*turn = 0;
	igt_fork(child, 1) {
		await_turn(1);
		for (unsigned int i = 0; i < pages; i++) {
			igt_assert_eq_u64(p[i * PAGE / 8], 1 + i);
			igt_assert_eq_u64(p[i * PAGE / 8 + 1], !i);
		}
		memset(p, 0xff, VSVM_2M);
		pass_turn(2);
	}
	for (unsigned int i = 0; i < pages; i += 3)
		svm_write(&t, p + i * PAGE / 8 + 1, 1000 + i);
	pass_turn(1);
	await_turn(2);
	svm_expect_pages(&t, p, pages, 1);
	for (unsigned int i = 1; i < pages; i++)
		igt_assert_eq_u64(svm_read(&t, p + i * PAGE / 8 + 1), i % 3 ? 0 : 1000 + i);
	igt_waitchildren();
	svm_fini(&t);
	svm_buffer_free(p, VSVM_2M);
}

/* The file stays open across exec, but the address space is another */
#define EXEC_ENV	"VSVM_SVM_FORK_EXEC"

__attribute__((constructor)) static void exec_child(void)
{
	const char *env = getenv(EXEC_ENV);
	struct drm_vsvm_queue_query state;
	unsigned int vm, queue;
	int fd;

	if (!env)
		return;
	if (sscanf(env, "%d:%u:%u", &fd, &vm, &queue) != 3)
		_exit(2);
	if (__vsvm_vm_sync(fd, vm) != -EACCES)
		_exit(3);
	if (__vsvm_exec1(fd, queue, 0, 0, 0, 0, 0) != -EACCES)
		_exit(4);
	if (__vsvm_queue_query(fd, queue, &state) != -EACCES)
		_exit(5);
	/* a VM of its own is allowed */
	if (__vsvm_vm_create(fd, DRM_VSVM_VM_SVM, 0, 0, &vm) || __vsvm_vm_sync(fd, vm))
		_exit(6);
	_exit(0);
}

static void test_exec(int fd, bool use_vfork)
{
	uint64_t *p = svm_buffer(SIZE);
	char env[64];
	char *const argv[] = { (char *)"exec", NULL }, *const envp[] = { env, NULL };
	int status, mine;
	struct svm t;
	pid_t pid;

	mine = dup(fd);
	igt_assert_fd(mine);
	svm_init(&t, mine);
	snprintf(env, sizeof(env), EXEC_ENV "=%d:%u:%u", mine, t.ctx.vm, t.ctx.queue);
	for (int round = 0; round < 4; round++) {
		gpu_set_words(&t, p, round);
		vsvm_emit_fill(svm_stream(&t), vsvm_ptr(p), SIZE, 0x55, 8);
		vsvm_submit(&t.ctx, &t.s);
		pid = use_vfork ? vfork() : fork();
		igt_assert_lte(0, pid);
		if (!pid) {
			execve("/proc/self/exe", argv, envp);
			_exit(7);
		}
		igt_assert_eq(waitpid(pid, &status, 0), pid);
		igt_assert_f(WIFEXITED(status) && !WEXITSTATUS(status), "child: %#x\n", status);
		vsvm_finish(&t.ctx, t.ctx.seqno);
		igt_assert_eq_u64(p[SIZE / 8 - 1], 0x55);
		gpu_set_words(&t, p, 100 + round);
		expect_words(p, 100 + round);
	}
	svm_fini(&t);
	close(mine);
	svm_buffer_free(p, SIZE);
}

/*
 * A process opens the device, uses it and ends; its child still has the file open. The VM has no
 * process any more, and goes when the child closes the file.
 */
static void test_parent_exits(int fd, bool busy)
{
	int pipes[2];
	pid_t pid;
	char byte;

	fclose(svm_debugfs(fd, "vms"));
	igt_assert_eq(pipe(pipes), 0);
	*turn = 0;
	igt_fork(child, 1) {
		struct vsvm_stream s = {};
		uint8_t *p = svm_buffer(SIZE);
		struct svm t;

		svm_init(&t, drm_reopen_driver(fd));
		svm_fill(&t, p, SIZE, 3);
		if (!fork()) {
			/* holds the file until the first process closes the pipe */
			close(pipes[1]);
			_exit(read(pipes[0], &byte, 1));
		}
		for (int i = 0; busy && i < 4000; i++)
			vsvm_emit_fill(&s, vsvm_ptr(p), SIZE, 4, 8);
		if (busy)
			vsvm_submit(&t.ctx, &s);
		pass_turn(getpid());
		_exit(0);
	}
	igt_waitchildren();
	pid = *turn;
	igt_assert_eq(svm_debugfs_vms(fd, pid), 1);
	close(pipes[0]);
	close(pipes[1]);
	svm_expect_no_vms(fd, pid);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		turn = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(turn != MAP_FAILED);
	}

	igt_describe("A child can use its parent's VM, and with it the parent's memory");
	igt_subtest("access")
		test_access(fd);
	igt_describe("Children with VMs of their own see the parent's memory, or each other's");
	igt_subtest("own-vm")
		test_own_vm(fd);
	igt_describe("What the GPU writes for the parent after fork shows up in the child");
	igt_subtest("cow-parent")
		test_cow_parent(fd);
	igt_describe("What the child writes shows up on the parent's GPU");
	igt_subtest("cow-child")
		test_cow_child(fd);
	igt_describe("The GPU loses pages, or writes into the wrong ones, once a child has gone");
	igt_subtest("cow-alone")
		test_cow_alone(fd);
	igt_describe("Fork while the GPU writes: a child's memory changes, or writes are lost");
	igt_subtest("busy")
		test_busy(fd);
	igt_describe("Shared memory is not shared any more after fork");
	igt_subtest("shared")
		test_shared(fd, false);
	igt_describe("A shared file is not shared any more after fork");
	igt_subtest("shared-file")
		test_shared(fd, true);
	igt_describe("Memory that fork does not copy is lost on the GPU");
	igt_subtest("dontfork")
		test_dontfork(fd);
	igt_describe("Memory that fork wipes is wiped for the parent, or not for the child");
	igt_subtest("wipeonfork")
		test_wipeonfork(fd);
	igt_describe("A 2M page that fork shares is written for both");
	igt_subtest("huge")
		test_huge(fd);
	igt_describe("A program started by exec can use the VM of the process before");
	igt_subtest("exec")
		test_exec(fd, false);
	igt_describe("A program started by vfork and exec can use the VM of its parent");
	igt_subtest("vfork-exec")
		test_exec(fd, true);
	igt_describe("A VM whose process has ended is leaked while a child holds the file");
	igt_subtest("parent-exits")
		test_parent_exits(fd, false);
	igt_describe("A VM whose process ended at work is leaked while a child holds the file");
	igt_subtest("parent-exits-busy")
		test_parent_exits(fd, true);

	igt_fixture()
		drm_close_driver(fd);
}
