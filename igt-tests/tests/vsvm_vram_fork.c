// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram fork
 * Description: Memory in VRAM that several processes, or many threads, have at once
 */
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("Memory in VRAM that several processes, or many threads, have at once");

#define PAGES	32

static size_t size_of(bool huge)
{
	return huge ? VSVM_2M : PAGES * PAGE;
}

/* Parent and child take steps in turn: each waits for the other's number */
static uint32_t *turn;

static void pass_turn(uint32_t step)
{
	__atomic_store_n(turn, step, __ATOMIC_SEQ_CST);
}

static void await_turn(uint32_t step)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);

	while (__atomic_load_n(turn, __ATOMIC_SEQ_CST) < step) {
		igt_assert_f(vsvm_now() < deadline, "the other process does not get to step %u\n",
			     step);
		usleep(200);
	}
}

static uint8_t *begin(struct svm *t, struct known *k, int fd, bool huge)
{
	*turn = 0;
	svm_init(t, fd);
	return vram_begin(t, k, size_of(huge), huge);
}

/* The child, or children, read what is in VRAM, and so bring it back for all */
static void test_read(int fd, bool huge, unsigned int children)
{
	struct known k;
	struct svm t;
	int go[2];
	char c;

	begin(&t, &k, fd, huge);
	igt_assert_eq(pipe(go), 0);
	igt_fork(child, (int)children) {
		/* until all are there; many that poll would take long */
		close(go[1]);
		igt_assert_eq(read(go[0], &c, 1), 0);
		known_expect_cpu(&k);
	}
	/* fork itself moves nothing */
	vram_expect_pages(&t, k.size / PAGE);
	vram_expect_gpu(&k, &t, k.p, 0, k.size);
	close(go[1]);
	igt_waitchildren();
	close(go[0]);
	vram_expect_pages(&t, 0);
	igt_assert_lte_u64(k.size / PAGE, svm_stats(&t).pages_faulted);
	known_expect(&k, &t);
	known_write(&k, &t);
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* The parent's GPU writes, all or every other page; the child has what there was */
static void test_cow_parent(int fd, bool huge, bool half)
{
	struct known k, old;
	struct svm t;

	begin(&t, &k, fd, huge);
	known_init(&old, k.p, k.size);
	memcpy(old.want, k.want, k.size);
	igt_fork(child, 1) {
		await_turn(1);
		known_expect_cpu(&old);
		pass_turn(2);
		await_turn(3);
		known_expect_cpu(&old);
	}
	if (half) {
		for (size_t i = PAGE; i < k.size; i += 2 * PAGE)
			known_write_part(&k, &t, i, 8);
	} else {
		known_write(&k, &t);
	}
	known_expect_gpu(&k, &t);
	pass_turn(1);
	await_turn(2);
	known_expect(&k, &t);
	known_write(&k, &t);
	pass_turn(3);
	igt_waitchildren();
	known_expect(&k, &t);
	known_fini(&old);
	vram_end(&t, &k);
}

/* The child's CPU writes; the parent, by GPU and CPU, has what there was */
static void test_cow_child(int fd, bool huge)
{
	struct known k;
	struct svm t;

	begin(&t, &k, fd, huge);
	igt_fork(child, 1) {
		await_turn(1);
		for (size_t i = 0; i < k.size; i += 3 * PAGE)
			k.p[i + 9] = ~k.want[i + 9];
		pass_turn(2);
		await_turn(3);
		for (size_t i = 0; i < k.size; i += 3 * PAGE)
			k.want[i + 9] = ~k.want[i + 9];
		known_expect_cpu(&k);
	}
	vram_expect_gpu(&k, &t, k.p, 0, k.size);
	pass_turn(1);
	await_turn(2);
	known_expect_gpu(&k, &t);
	known_expect_cpu(&k);
	known_write(&k, &t);
	pass_turn(3);
	igt_waitchildren();
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* The child has a VM of its own: both GPUs use the same pages in VRAM, and then write */
static void test_own_vm(int fd, bool huge)
{
	struct known k;
	struct svm t;

	begin(&t, &k, fd, huge);
	igt_fork(child, 1) {
		struct known own;
		struct svm u;

		svm_init(&u, fd);
		vram_expect_gpu(&k, &u, k.p, 0, k.size);
		pass_turn(1);
		await_turn(2);
		known_init(&own, k.p, k.size);
		memcpy(own.want, k.want, k.size);
		own.rng.state = 99;
		known_expect_gpu(&own, &u);
		vram_prefer(&u, k.p, k.size);
		known_write(&own, &u);
		pass_turn(3);
		await_turn(4);
		known_expect(&own, &u);
		svm_fini(&u);
	}
	await_turn(1);
	/* neither has brought it back */
	vram_expect_gpu(&k, &t, k.p, 0, k.size);
	pass_turn(2);
	await_turn(3);
	known_expect(&k, &t);
	known_write(&k, &t);
	pass_turn(4);
	igt_waitchildren();
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* Two VMs of one process share what one of them has brought there */
static void test_two_vms(int fd, bool huge)
{
	struct known k;
	struct svm t, u;

	begin(&t, &k, fd, huge);
	svm_init(&u, fd);
	vram_expect_gpu(&k, &u, k.p, 0, k.size);
	vram_expect_pages(&t, k.size / PAGE);
	vram_expect_pages(&u, 0);
	known_write(&k, &u);
	vram_expect_gpu(&k, &t, k.p, 0, k.size);
	vram_expect_pages(&t, k.size / PAGE);
	igt_assert_eq_u64(svm_stats(&t).pages_faulted, 0);
	known_expect_cpu(&k);
	vram_expect_pages(&t, 0);
	known_expect_gpu(&k, &u);
	svm_fini(&u);
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* The parent ends, by itself or killed, and its child has all of it */
static void test_parent_gone(int fd, bool huge, bool kill)
{
	uint32_t *done = turn + 1;

	*turn = 0;
	*done = 0;
	igt_fork(parent, 1) {
		struct known k;
		struct svm t;
		pid_t pid;

		begin(&t, &k, fd, huge);
		pid = fork();
		igt_assert_lte(0, pid);
		if (!pid) {
			int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
			uint32_t ok = 1;

			while (__atomic_load_n(turn, __ATOMIC_SEQ_CST) < 2 &&
			       vsvm_now() < deadline)
				usleep(1000);
			if (memcmp(k.p, k.want, k.size))
				ok = 2;
			memset(k.p, 0x33, k.size);
			for (size_t i = 0; i < k.size; i++)
				if (k.p[i] != 0x33)
					ok = 2;
			__atomic_store_n(done, ok, __ATOMIC_SEQ_CST);
			_exit(0);
		}
		pass_turn(1);
		while (kill)
			pause();
		_exit(0);
	}
	await_turn(1);
	if (kill) {
		igt_kill_children(SIGKILL);
		igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	} else {
		igt_waitchildren();
	}
	pass_turn(2);
	for (int64_t deadline = vsvm_deadline(VSVM_WAIT_NS); !READ_ONCE(*done); usleep(1000))
		igt_assert_f(vsvm_now() < deadline, "the child does not end\n");
	igt_assert_eq_u32(READ_ONCE(*done), 1);
}

/* The file is closed, and with it the VM gone, while the child has not looked yet */
static void test_file_closed(int fd, bool huge)
{
	struct known k;
	struct svm t;
	int own;

	own = drm_reopen_driver(fd);
	begin(&t, &k, own, huge);
	igt_fork(child, 1) {
		close(own);
		await_turn(1);
		known_expect_cpu(&k);
		memset(k.p, 0x33, k.size);
		pass_turn(2);
	}
	close(own);
	pass_turn(1);
	await_turn(2);
	igt_waitchildren();
	known_expect_cpu(&k);
	vsvm_unmap(t.range, svm_range_size());
	svm_buffer_free(k.p, k.size);
	known_fini(&k);
}

/* Generations: each child forks the next before it looks */
static void test_chain(int fd, bool huge)
{
	struct known k;
	struct svm t;
	int status;
	pid_t pid;

	begin(&t, &k, fd, huge);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		for (unsigned int depth = 0; depth < 8; depth++) {
			pid = fork();
			if (pid)
				break;
		}
		if (pid < 0 || memcmp(k.p, k.want, k.size))
			_exit(1);
		memset(k.p, getpid(), k.size);
		if (pid && (waitpid(pid, &status, 0) != pid || status))
			_exit(1);
		_exit(0);
	}
	vram_expect_gpu(&k, &t, k.p, 0, k.size);
	known_write_part(&k, &t, 5 * PAGE, PAGE);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	/* the write came after fork, so that nobody but the parent has it */
	igt_assert_eq(status, 0);
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* Threads of the CPU and queues of the GPU count in the same words */

#define THREADS		8
#define QUEUES		4
#define STRIDE		256
#define CPU_PASSES	20
#define GPU_PASSES	10

struct counter {
	pthread_t thread;
	uint8_t *p;
	unsigned int words;
	unsigned int first;
};

static void *count_thread(void *data)
{
	struct counter *c = data;

	for (unsigned int pass = 0; pass < CPU_PASSES; pass++) {
		for (unsigned int i = 0; i < c->words; i++) {
			unsigned int word = (i + c->first) % c->words;

			__atomic_add_fetch((uint32_t *)(c->p + word * STRIDE), 1, __ATOMIC_SEQ_CST);
			/* a word of this thread's alone, and without an atomic */
			WRITE_ONCE(*(uint32_t *)(c->p + word * STRIDE + 64 + 4 * c->first % 64),
				   pass + 1);
		}
		usleep(500);
	}
	return NULL;
}

static void test_threads(int fd, bool huge)
{
	const unsigned int words = 16 * PAGE / STRIDE;
	const uint32_t engines = vsvm_num_engines(fd);
	struct vsvm_program *program = svm_atomic_program(STRIDE);
	struct vsvm_stream s[QUEUES] = {};
	struct counter counters[THREADS];
	struct svm_args *args;
	uint32_t queues[QUEUES];
	uint64_t *fences;
	struct known k;
	struct svm t;
	uint8_t *p;

	p = begin(&t, &k, fd, huge);
	svm_fill(&t, p, k.size, 0);
	args = (struct svm_args *)t.scratch;
	fences = t.scratch + 64;
	args[0] = (struct svm_args){ vsvm_ptr(p), 1 };
	for (unsigned int q = 0; q < QUEUES; q++) {
		fences[q] = 0;
		queues[q] = vsvm_queue_create_on(fd, t.ctx.vm, q % engines, 0);
		for (unsigned int i = 0; i < GPU_PASSES; i++)
			vsvm_emit_dispatch(&s[q], program, args, sizeof(*args),
					   words / VSVM_WAVE_LANES, VSVM_WAVE_LANES);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		counters[i] = (struct counter){ .p = p, .words = words, .first = i };
		igt_assert_eq(pthread_create(&counters[i].thread, NULL, count_thread,
					     &counters[i]), 0);
	}
	for (unsigned int q = 0; q < QUEUES; q++)
		igt_assert_eq(__vsvm_exec1(fd, queues[q], vsvm_ptr(s[q].base), s[q].size,
					   vsvm_ptr(&fences[q]), 1, 0), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		igt_assert_eq(pthread_join(counters[i].thread, NULL), 0);
	for (unsigned int q = 0; q < QUEUES; q++) {
		vsvm_wait(fd, queues[q], &fences[q], 1);
		vsvm_queue_destroy(fd, queues[q]);
		vsvm_stream_fini(&s[q]);
	}
	/* it went to and fro, or this has tested nothing */
	igt_assert_lt_u64(k.size / PAGE, svm_stats(&t).pages_to_vram);
	igt_assert_lt_u64(0, svm_stats(&t).pages_faulted);
	for (unsigned int i = 0; i < words; i++) {
		const uint32_t *word = (uint32_t *)(p + i * STRIDE);

		igt_assert_eq_u32(*word, THREADS * CPU_PASSES + QUEUES * GPU_PASSES);
		for (unsigned int j = 0; j < THREADS; j++)
			igt_assert_eq_u32(word[16 + j], CPU_PASSES);
		for (unsigned int j = 1; j < STRIDE / 4; j++)
			igt_assert(word[j] == (j >= 16 && j < 16 + THREADS ? CPU_PASSES : 0));
	}
	free(program);
	vram_end(&t, &k);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		vram_require(fd);
		turn = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(turn != MAP_FAILED);
	}

	for (int huge = 0; huge < 2; huge++) {
		const char *name = huge ? "-huge" : "";

		igt_describe("A child does not find what its parent had in VRAM");
		igt_subtest_f("read%s", name)
			test_read(fd, huge, 1);
		igt_describe("Hundreds of children that look at once at memory in VRAM lose it");
		igt_subtest_f("read-many%s", name)
			test_read(fd, huge, huge ? 60 : 200);
		igt_describe("What the GPU writes for the parent in VRAM shows up in the child");
		igt_subtest_f("cow-parent%s", name)
			test_cow_parent(fd, huge, false);
		igt_describe("What the GPU writes into some pages takes others from the child");
		igt_subtest_f("cow-parent-half%s", name)
			test_cow_parent(fd, huge, true);
		igt_describe("What the child writes shows up in the parent's memory in VRAM");
		igt_subtest_f("cow-child%s", name)
			test_cow_child(fd, huge);
		igt_describe("Parent and child with a VM each write to the same VRAM");
		igt_subtest_f("own-vm%s", name)
			test_own_vm(fd, huge);
		igt_describe("A second VM of a process does not see what the first has in VRAM");
		igt_subtest_f("two-vms%s", name)
			test_two_vms(fd, huge);
		igt_describe("What was in VRAM is lost to the child when its parent ends");
		igt_subtest_f("parent-exits%s", name)
			test_parent_gone(fd, huge, false);
		igt_describe("What was in VRAM is lost to the child when its parent is killed");
		igt_subtest_f("parent-killed%s", name)
			test_parent_gone(fd, huge, true);
		igt_describe("What was in VRAM is lost to parent or child when the file is closed");
		igt_subtest_f("file-closed%s", name)
			test_file_closed(fd, huge);
		igt_describe("Children of children lose what was in VRAM");
		igt_subtest_f("chain%s", name)
			test_chain(fd, huge);
		igt_describe("Atomics of CPUs and GPU on memory that goes to and fro get lost");
		igt_subtest_f("threads%s", name)
			test_threads(fd, huge);
	}

	igt_fixture()
		drm_close_driver(fd);
}
