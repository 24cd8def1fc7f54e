// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm exit
 * Description: Processes that end, by whatever way, while the GPU works for them
 */
#include "vsvm_mm.h"
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Processes that end, by whatever way, while the GPU works for them");

#define ENV_CYCLES	"VSVM_EXIT_CYCLES"

/* What a child tells its parent */
static struct shared {
	uint32_t ready;
	pid_t pid;
} *shared;

static void wait_ready(void)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (!__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST)) {
		igt_assert_f(vsvm_now() < deadline, "the child does not get ready\n");
		usleep(100);
	}
}

static void say_ready(void)
{
	__atomic_store_n(&shared->pid, getpid(), __ATOMIC_SEQ_CST);
	__atomic_store_n(&shared->ready, 1, __ATOMIC_SEQ_CST);
}

/* The device still works for others */
static void expect_works(struct svm *t)
{
	uint64_t *p = svm_buffer(8 * PAGE);

	svm_fill(t, p, 8 * PAGE, 0x600d);
	for (unsigned int i = 0; i < PAGE; i++)
		igt_assert_eq_u64(p[i], 0x600d);
	svm_buffer_free(p, 8 * PAGE);
}

/* Kinds of work that never come to an end by themselves */
enum work { LOOP, STORM, COPIES, CHURN, ALL, NUM_WORKS };

static const char *const work_names[] = { "loop", "storm", "copies", "churn", "all" };

static void start_loop(int fd, uint32_t vm)
{
	struct vsvm_gate *gate = malloc(sizeof(*gate));
	uint32_t queue = vsvm_queue_create_on(fd, vm, DRM_VSVM_ENGINE_ANY, ~0ull);

	vsvm_gate_init(gate);
	igt_assert_eq(__vsvm_exec1(fd, queue, vsvm_stream_addr(&gate->stream, 0),
				   gate->stream.size, 0, 0, 0), 0);
}

/* Faults on so much memory that the process will not live to see it all */
static void start_storm(int fd, uint32_t vm)
{
	const unsigned int items = 2048 * VSVM_WAVE_LANES;
	uint32_t queue = vsvm_queue_create_on(fd, vm, DRM_VSVM_ENGINE_ANY, ~0ull);
	struct vsvm_program *program = svm_load_program(PAGE);
	struct svm_args *args = malloc(sizeof(*args));
	struct vsvm_stream *s = calloc(1, sizeof(*s));

	*args = (struct svm_args){
		vsvm_ptr(vsvm_map(items * PAGE)), vsvm_ptr(vsvm_map(items * 4)),
	};
	vsvm_emit_dispatch(s, program, args, sizeof(*args), items / VSVM_WAVE_LANES,
			   VSVM_WAVE_LANES);
	igt_assert_eq(__vsvm_exec1(fd, queue, vsvm_stream_addr(s, 0), s->size, 0, 0, 0), 0);
}

static void start_copies(int fd, uint32_t vm)
{
	uint32_t queue = vsvm_queue_create_on(fd, vm, DRM_VSVM_ENGINE_ANY, ~0ull);
	struct vsvm_stream *s = calloc(1, sizeof(*s));
	const size_t size = 64 * PAGE;
	uint8_t *p = vsvm_map(2 * size);

	for (int i = 0; i < 20000; i++)
		vsvm_emit_copy(s, vsvm_ptr(p) + i % 2 * size, vsvm_ptr(p) + !(i % 2) * size, size);
	igt_assert_eq(__vsvm_exec1(fd, queue, vsvm_stream_addr(s, 0), s->size, 0, 0, 0), 0);
}

struct churner {
	int fd;
	uint32_t vm;
};

/* Maps, lets the GPU write, unmaps, with a queue and a thread of its own */
static void *churn(void *data)
{
	struct churner *c = data;
	uint64_t *fence = vsvm_map(PAGE);
	struct vsvm_cmd_fill *fill = vsvm_map(PAGE);
	uint32_t queue;

	if (__vsvm_queue_create(c->fd, c->vm, DRM_VSVM_ENGINE_ANY, 0, &queue))
		return NULL;
	for (uint64_t round = 1;; round++) {
		void *p = mmap(NULL, 16 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		*fill = (struct vsvm_cmd_fill){
			.head = { VSVM_CMD_FILL, sizeof(*fill), 0 },
			.dst = vsvm_ptr(p),
			.size = 16 * PAGE,
			.pattern_size = 1,
		};
		if (__vsvm_exec1(c->fd, queue, vsvm_ptr(fill), sizeof(*fill), vsvm_ptr(fence),
				 round, 0) ||
		    __vsvm_wait(c->fd, queue, fence, round, VSVM_FOREVER))
			return NULL;
		munmap(p, 16 * PAGE);
	}
}

static void start_churn(int fd, uint32_t vm)
{
	struct churner *c = malloc(sizeof(*c));
	pthread_t thread;

	*c = (struct churner){ fd, vm };
	for (int i = 0; i < 3; i++)
		igt_assert_eq(pthread_create(&thread, NULL, churn, c), 0);
}

static void start_work(int fd, uint32_t vm, enum work work)
{
	if (work == LOOP || work == ALL)
		start_loop(fd, vm);
	if (work == STORM || work == ALL)
		start_storm(fd, vm);
	if (work == COPIES || work == ALL)
		start_copies(fd, vm);
	if (work == CHURN || work == ALL)
		start_churn(fd, vm);
}

/* Killed at some moment, from before the work begins to when it is well under way */
static void test_kill(int fd, enum work work, unsigned int rounds)
{
	struct vsvm_rng rng = { 42 + work };
	struct svm t;

	fclose(svm_debugfs(fd, "vms"));
	svm_init(&t, fd);
	for (unsigned int round = 0; round < rounds; round++) {
		shared->ready = 0;
		igt_fork(child, 1) {
			int own = drm_reopen_driver(fd);
			uint32_t vm = vsvm_vm_create(own);

			say_ready();
			start_work(own, vm, work);
			for (;;)
				pause();
		}
		wait_ready();
		usleep(vsvm_rand(&rng) % 15000);
		igt_kill_children(SIGKILL);
		igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
		svm_expect_no_vms(fd, shared->pid);
		if (round % 4 == 0)
			expect_works(&t);
	}
	svm_fini(&t);
}

/* Several processes at once, killed one after the other; the last ones are not disturbed */
static void test_kill_many(int fd)
{
	unsigned int vms;
	struct svm t;

	svm_init(&t, fd);
	vms = svm_debugfs_vms(fd, 0);
	for (int round = 0; round < 3; round++) {
		igt_fork(child, 5) {
			int own = drm_reopen_driver(fd);
			uint32_t vm = vsvm_vm_create(own);

			start_work(own, vm, child % ALL);
			for (;;)
				pause();
		}
		usleep(30000);
		expect_works(&t);
		igt_kill_children(SIGKILL);
		igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
		expect_works(&t);
		igt_assert_eq(svm_debugfs_vms(fd, 0), vms);
	}
	svm_fini(&t);
}

/* exit() with everything left open and running */
static void test_leave(int fd, enum work work)
{
	fclose(svm_debugfs(fd, "vms"));
	for (int round = 0; round < 4; round++) {
		igt_fork(child, 1) {
			int own = drm_reopen_driver(fd);
			uint32_t vm = vsvm_vm_create(own);

			say_ready();
			start_work(own, vm, work);
			usleep(3000 * round);
			_exit(0);
		}
		igt_waitchildren();
		svm_expect_no_vms(fd, shared->pid);
	}
}

/* What runs after test_exec(): the file is still open, all else is another process's */
#define ENV_EXEC	"VSVM_EXIT_EXEC"

__attribute__((constructor)) static void exec_child(void)
{
	const char *env = getenv(ENV_EXEC);
	uint32_t queue;
	struct svm t;
	uint64_t *p;
	int fd, vm;

	if (!env)
		return;
	if (sscanf(env, "%d:%d", &fd, &vm) != 2)
		_exit(2);
	if (__vsvm_vm_sync(fd, vm) != -EACCES)
		_exit(3);
	if (__vsvm_queue_create(fd, vm, DRM_VSVM_ENGINE_ANY, 0, &queue) != -EACCES)
		_exit(4);
	svm_init(&t, fd);
	p = svm_buffer(64 * PAGE);
	svm_fill(&t, p, 64 * PAGE, 0x1234);
	for (unsigned int i = 0; i < 64 * PAGE / 8; i++)
		if (p[i] != 0x1234)
			_exit(5);
	svm_fini(&t);
	_exit(0);
}

/* The process becomes another program in the midst of its work, with faults under way */
static void test_exec(int fd, enum work work)
{
	struct svm t;

	fclose(svm_debugfs(fd, "vms"));
	svm_init(&t, fd);
	for (int round = 0; round < 6; round++) {
		igt_fork(child, 1) {
			char env[64];
			char *const argv[] = { (char *)"exec", NULL };
			char *const envp[] = { env, NULL };
			int own = dup(drm_reopen_driver(fd));
			uint32_t vm = vsvm_vm_create(own);

			say_ready();
			snprintf(env, sizeof(env), ENV_EXEC "=%d:%u", own, vm);
			start_work(own, vm, work);
			usleep(2000 * round);
			execve("/proc/self/exe", argv, envp);
			_exit(7);
		}
		igt_waitchildren();
		svm_expect_no_vms(fd, shared->pid);
		expect_works(&t);
	}
	svm_fini(&t);
}

/* The process goes on, but its file is closed under the work */
static void test_close(int fd, enum work work)
{
	uint64_t *p = svm_buffer(16 * PAGE);

	for (int round = 0; round < 4; round++) {
		int own = drm_reopen_driver(fd);
		uint32_t vm = vsvm_vm_create(own);

		start_work(own, vm, work);
		usleep(2000 * round);
		close(own);
		/* memory that the GPU had is still the process's own */
		memset(p, round, 16 * PAGE);
	}
	svm_buffer_free(p, 16 * PAGE);
}

struct closer {
	int fd;
	uint32_t queue;
	uint64_t *fence;
	bool stop;
	/* each thread takes a word of the fence's page */
	uint32_t words;
};

static void *exec_thread(void *data)
{
	struct closer *c = data;
	uint64_t *fence = &c->fence[__atomic_fetch_add(&c->words, 1, __ATOMIC_SEQ_CST)];
	int ret = 0;

	for (uint64_t i = 1; !ret && !READ_ONCE(c->stop); i++) {
		ret = __vsvm_exec1(c->fd, c->queue, 0, 0, vsvm_ptr(fence), i, 0);
		if (!ret)
			ret = __vsvm_wait(c->fd, c->queue, fence, i, VSVM_WAIT_NS);
	}
	/* the file is closed, or the queue destroyed */
	return (void *)(intptr_t)(ret == -EBADF || ret == -ENOENT ? 0 : ret);
}

/* One thread closes the file while others are inside of calls with it */
static void test_close_in_exec(int fd)
{
	pthread_t threads[3];
	struct closer c = {};
	void *ret;

	for (int round = 0; round < 12; round++) {
		c.fd = drm_reopen_driver(fd);
		c.queue = vsvm_queue_create(c.fd, vsvm_vm_create(c.fd));
		c.fence = vsvm_map(PAGE);
		c.stop = false;
		c.words = 0;
		for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
			igt_assert_eq(pthread_create(&threads[i], NULL, exec_thread, &c), 0);
		usleep(300 * round);
		close(c.fd);
		usleep(500);
		WRITE_ONCE(c.stop, true);
		for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++) {
			igt_assert_eq(pthread_join(threads[i], &ret), 0);
			igt_assert_f(!ret, "a call failed with %d\n", (int)(intptr_t)ret);
		}
		vsvm_unmap(c.fence, PAGE);
	}
}

/* Queue and VM are destroyed under calls of other threads */
static void test_destroy_in_wait(int fd)
{
	struct vsvm_gate gate;
	pthread_t thread;
	struct closer c = {};
	uint32_t vm;
	void *ret;

	vsvm_gate_init(&gate);
	for (int round = 0; round < 6; round++) {
		vm = vsvm_vm_create(fd);
		c.fd = fd;
		c.queue = vsvm_queue_create_on(fd, vm, DRM_VSVM_ENGINE_ANY, ~0ull);
		c.fence = vsvm_map(PAGE);
		c.stop = false;
		c.words = 0;
		/* what waits, waits behind this */
		igt_assert_eq(__vsvm_exec1(fd, c.queue, vsvm_stream_addr(&gate.stream, 0),
					   gate.stream.size, 0, 0, 0), 0);
		igt_assert_eq(pthread_create(&thread, NULL, exec_thread, &c), 0);
		usleep(1000 * round);
		vsvm_queue_destroy(fd, c.queue);
		igt_assert_eq(pthread_join(thread, &ret), 0);
		igt_assert_f(!ret, "a call failed with %d\n", (int)(intptr_t)ret);
		vsvm_vm_destroy(fd, vm);
		vsvm_unmap(c.fence, PAGE);
	}
	vsvm_gate_fini(&gate);
}

/* What the GPU wrote into a shared mapping of a file is in the file when the process has gone */
static void test_dirty_file(int fd, bool kill)
{
	const unsigned int pages = 64;
	uint64_t *back = vsvm_map(pages * PAGE);
	int file = svm_temp_file(pages * PAGE);

	for (uint64_t round = 1; round < 4; round++) {
		shared->ready = 0;
		igt_fork(child, 1) {
			uint8_t *p = mmap(NULL, pages * PAGE, RW, MAP_SHARED, file, 0);
			struct svm t;

			svm_init(&t, drm_reopen_driver(fd));
			/* clean, so that none but the GPU makes it dirty */
			svm_read_pages(&t, p, pages, PAGE);
			svm_fill(&t, p, pages * PAGE, round);
			igt_assert_eq(msync(p, pages * PAGE, MS_SYNC), 0);
			svm_fill(&t, p, pages * PAGE, ~round);
			say_ready();
			while (kill)
				pause();
			_exit(0);
		}
		if (kill) {
			wait_ready();
			igt_kill_children(SIGKILL);
			igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
		} else {
			igt_waitchildren();
		}
		/* to the disk and out of memory */
		igt_assert_eq(fsync(file), 0);
		igt_assert_eq(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
		igt_assert_eq(pread(file, back, pages * PAGE, 0), pages * PAGE);
		for (unsigned int i = 0; i < pages * PAGE / 8; i++)
			igt_assert_eq_u64(back[i], ~round);
	}
	vsvm_unmap(back, pages * PAGE);
	close(file);
}

/* Objects of a kind that the kernel has allocated, -1 if it does not say */
static long slab_objects(const char *name)
{
	char path[128];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/objects", name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

static long free_pages(void)
{
	char name[64];
	long value, n = -1;
	FILE *f = fopen("/proc/vmstat", "r");

	igt_assert(f);
	while (fscanf(f, "%63s %ld", name, &value) == 2)
		if (!strcmp(name, "nr_free_pages"))
			n = value;
	fclose(f);
	igt_assert_lte(0, n);
	return n;
}

static void forget_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd < 0)
		return;
	sync();
	(void)!write(fd, "3", 1);
	close(fd);
}

/* One life: open, VM, queue, faults in three mappings, partial unmap, close without cleaning up */
static void cycle(int fd, uint8_t *p, uint64_t *fence)
{
	int own = drm_reopen_driver(fd);
	uint32_t vm = vsvm_vm_create(own), queue = vsvm_queue_create(own, vm);
	struct vsvm_cmd_fill *fill = (void *)(fence + 1);

	for (int i = 0; i < 2; i++)
		fill[i] = (struct vsvm_cmd_fill){
			.head = { VSVM_CMD_FILL, sizeof(*fill), 0 },
			.dst = vsvm_ptr(p) + i * 4 * PAGE,
			.size = 2 * PAGE,
			.pattern_size = 1,
		};
	*fence = 0;
	igt_assert_eq(__vsvm_exec1(own, queue, vsvm_ptr(fill), 2 * sizeof(*fill), vsvm_ptr(fence),
				   1, 0), 0);
	vsvm_wait(own, queue, fence, 1);
	/* a hole, so that a deferred update is under way when it closes */
	vsvm_unmap(p + 5 * PAGE, PAGE);
	svm_map_at(p + 5 * PAGE, PAGE);
	close(own);
}

/*
 * Lives upon lives. A leak grows with their number; what else the system does goes up and down, and
 * so each of several measurements has to show growth before it is called a leak.
 */
static void test_cycles(int fd, unsigned int count)
{
	long pages, objects, lost_pages = 0, lost_objects = 0;
	uint8_t *p = svm_buffer(8 * PAGE);
	uint64_t *fence = svm_buffer(PAGE);

	/* KASAN keeps what was freed, for a while. kmemleak knows better than a count of pages. */
	igt_require_f(access("/sys/kernel/debug/kmemleak", F_OK), "left to kmemleak\n");
	/* and what processors have at hand is free, too, but not counted */
	vsvm_set("/proc/sys/vm/percpu_pagelist_high_fraction", "100000");
	vsvm_unmap(p + 3 * PAGE, PAGE);
	for (unsigned int i = 0; i < 30; i++)
		cycle(fd, p, fence);
	for (int round = 0; round < 8; round++) {
		forget_caches();
		pages = free_pages();
		objects = slab_objects("vsvm_interval");
		for (unsigned int i = 0; i < count; i++)
			cycle(fd, p, fence);
		forget_caches();
		lost_pages = pages - free_pages();
		lost_objects = slab_objects("vsvm_interval") - objects;
		igt_info("%u cycles: %ld pages, %ld intervals\n", count, lost_pages, lost_objects);
		if (lost_pages < (long)count / 2 && lost_objects < (long)count / 2)
			break;
	}
	igt_assert_lt_s64(lost_pages, count / 2);
	igt_assert_lt_s64(lost_objects, count / 2);
	vsvm_set_back();
	svm_buffer_free(p, 8 * PAGE);
	svm_buffer_free(fence, PAGE);
}

/* The same for processes that are killed */
static void test_process_cycles(int fd, unsigned int count)
{
	long objects, lost = 0;

	igt_require_f(slab_objects("vsvm_interval") >= 0, "no /sys/kernel/slab\n");
	for (int round = 0; round < 3; round++) {
		objects = slab_objects("vsvm_interval");
		for (unsigned int i = 0; i < count; i++) {
			igt_fork(child, 1) {
				uint8_t *p = svm_buffer(8 * PAGE);
				struct svm t;

				svm_init(&t, drm_reopen_driver(fd));
				svm_fill(&t, p, 8 * PAGE, 1);
				vsvm_unmap(p, PAGE);
				kill(getpid(), SIGKILL);
			}
			igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
		}
		lost = slab_objects("vsvm_interval") - objects;
		igt_info("%u processes: %ld intervals\n", count, lost);
		if (lost < (long)count / 2)
			break;
	}
	igt_assert_lt_s64(lost, count / 2);
}

int igt_main()
{
	const char *env = getenv(ENV_CYCLES);
	unsigned int cycles = env ? atoi(env) : 300;
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(shared != MAP_FAILED);
	}

	for (unsigned int w = 0; w < NUM_WORKS; w++) {
		igt_describe_f("A process killed at work (%s) leaves something or breaks others",
			       work_names[w]);
		igt_subtest_f("kill-%s", work_names[w])
			test_kill(fd, w, w == ALL ? 30 : 12);
	}
	igt_describe("Processes killed at the same time stop the GPU for those that live");
	igt_subtest("kill-many")
		test_kill_many(fd);
	for (unsigned int w = 0; w < NUM_WORKS; w++) {
		igt_describe_f("A process that exits in its work (%s) leaves something behind",
			       work_names[w]);
		igt_subtest_f("leave-%s", work_names[w])
			test_leave(fd, w);
	}
	for (unsigned int w = 0; w < NUM_WORKS; w++) {
		igt_describe_f("exec() amid work (%s) hangs, or the new program has the VM",
			       work_names[w]);
		igt_subtest_f("exec-%s", work_names[w])
			test_exec(fd, w);
	}
	for (unsigned int w = 0; w < CHURN; w++) {
		igt_describe_f("Closing the file under work (%s) hangs, or the GPU works on",
			       work_names[w]);
		igt_subtest_f("close-%s", work_names[w])
			test_close(fd, w);
	}
	igt_describe("A file closed by one thread takes the ground from under calls of another");
	igt_subtest("close-in-exec")
		test_close_in_exec(fd);
	igt_describe("A wait does not end when its queue is destroyed");
	igt_subtest("destroy-in-wait")
		test_destroy_in_wait(fd);
	igt_describe("What the GPU wrote to a file is lost when the process exits");
	igt_subtest("dirty-file")
		test_dirty_file(fd, false);
	igt_describe("What the GPU wrote to a file is lost when the process is killed");
	igt_subtest("dirty-file-kill")
		test_dirty_file(fd, true);
	igt_describe("Each use of the device costs memory for ever (" ENV_CYCLES "= cycles)");
	igt_subtest("cycles")
		test_cycles(fd, cycles);
	igt_describe("Each process that is killed costs memory for ever");
	igt_subtest("process-cycles")
		test_process_cycles(fd, cycles / 3);

	igt_fixture()
		drm_close_driver(fd);
}
