// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm fuse
 * Description: GPU accesses to a file that another program has to bring
 */
#include <linux/fuse.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "vsvm_modprobe.h"
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("GPU accesses to a file that another program has to bring");

#define FILE_NODE	2
#define FILE_SIZE	(16 * PAGE)
#define FILE_WORD	0xf11e
#define REQUEST_SIZE	(64 * 1024)

/**
 * struct server - a file system with one file, "f", in memory that parent and child share
 */
static struct server {
	/** @dir: where it is mounted */
	char dir[32];
	/** @fuse: its connection */
	int fuse;
	/** @thread: who serves */
	pthread_t thread;
	/** @reads: requests to read the file so far */
	uint32_t reads;
	/** @answer: they are answered */
	uint32_t answer;
	/** @async: the kernel may ask for several at once */
	uint32_t async;
	/** @ready: for the parent */
	uint32_t ready;
	/** @pid: of the child */
	pid_t pid;
} *server;

static void reply(uint64_t unique, int error, const void *data, size_t size)
{
	static uint8_t message[REQUEST_SIZE];
	struct fuse_out_header *out = (struct fuse_out_header *)message;

	*out = (struct fuse_out_header) { sizeof(*out) + size, error, unique };
	memcpy(out + 1, data, size);
	/* who asked may have gone */
	if (write(server->fuse, message, out->len) < 0)
		return;
}

static struct fuse_attr attr_of(uint64_t node)
{
	return (struct fuse_attr) {
		.ino = node,
		.mode = node == FILE_NODE ? S_IFREG | 0600 : S_IFDIR | 0700,
		.nlink = 1,
		.size = node == FILE_NODE ? FILE_SIZE : 0,
		.blksize = PAGE,
	};
}

static void serve(const struct fuse_in_header *in)
{
	const void *arg = in + 1;

	switch (in->opcode) {
	case FUSE_INIT: {
		const struct fuse_init_in *init = arg;
		struct fuse_init_out out = {
			.major = FUSE_KERNEL_VERSION,
			.minor = init->minor < FUSE_KERNEL_MINOR_VERSION ?
				 init->minor : FUSE_KERNEL_MINOR_VERSION,
			/* without, the kernel reads in a way that nobody can be killed out of */
			.max_readahead = server->async ? init->max_readahead : 0,
			.flags = server->async ? FUSE_ASYNC_READ & init->flags : 0,
			.max_write = PAGE,
		};

		reply(in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out out = {
			.nodeid = FILE_NODE, .attr = attr_of(FILE_NODE),
			.attr_valid = 1000, .entry_valid = 1000,
		};

		reply(in->unique, strcmp(arg, "f") ? -ENOENT : 0, &out,
		      strcmp(arg, "f") ? 0 : sizeof(out));
		break;
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out out = { .attr = attr_of(in->nodeid), .attr_valid = 1000 };

		reply(in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_OPEN: {
		struct fuse_open_out out = {};

		reply(in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_READ: {
		const struct fuse_read_in *read = arg;
		static uint64_t data[REQUEST_SIZE / 16];
		int64_t deadline = vsvm_deadline(4 * VSVM_WAIT_NS);

		__atomic_fetch_add(&server->reads, 1, __ATOMIC_SEQ_CST);
		while (!__atomic_load_n(&server->answer, __ATOMIC_SEQ_CST) &&
		       vsvm_now() < deadline)
			usleep(1000);
		for (size_t i = 0; i < ARRAY_SIZE(data); i++)
			data[i] = FILE_WORD;
		reply(in->unique, 0, data,
		      read->size < sizeof(data) ? read->size : sizeof(data));
		break;
	}
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		/* all else may fail */
		reply(in->unique, -ENOTSUP, NULL, 0);
	}
}

static void *server_thread(void *data)
{
	static uint8_t request[REQUEST_SIZE];

	for (;;) {
		ssize_t size = read(server->fuse, request, sizeof(request));

		if (size < 0 && errno == ENODEV)
			return NULL;
		if (size >= (ssize_t)sizeof(struct fuse_in_header))
			serve((struct fuse_in_header *)request);
	}
}

/* Mounts it, in the process that serves; skips where that is not possible */
static void server_start(void)
{
	char options[128];

	if (access("/dev/fuse", F_OK))
		igt_require(!system("modprobe fuse 2>/dev/null"));
	server->fuse = open("/dev/fuse", O_RDWR);
	igt_require_f(server->fuse >= 0, "/dev/fuse: %m\n");
	snprintf(server->dir, sizeof(server->dir), "/tmp/vsvm-fuse-XXXXXX");
	igt_require(mkdtemp(server->dir));
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0",
		 server->fuse);
	igt_require_f(!mount("vsvm", server->dir, "fuse", MS_NOSUID | MS_NODEV, options),
		      "mount: %m\n");
	igt_assert_eq(pthread_create(&server->thread, NULL, server_thread, NULL), 0);
}

static void server_stop(void)
{
	umount2(server->dir, MNT_DETACH);
	rmdir(server->dir);
}

static void server_init(bool async)
{
	memset(server, 0, sizeof(*server));
	server->async = async;
}

/* Maps the file between guards */
static uint8_t *server_map(int flags)
{
	uint8_t *p = svm_buffer(FILE_SIZE);
	char path[64];
	int file;

	snprintf(path, sizeof(path), "%s/f", server->dir);
	file = open(path, O_RDWR);
	igt_assert_f(file >= 0, "%s: %m\n", path);
	igt_assert(mmap(p, FILE_SIZE, RW, flags | MAP_FIXED, file, 0) == p);
	close(file);
	return p;
}

static void server_wait_read(void)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (!__atomic_load_n(&server->reads, __ATOMIC_SEQ_CST)) {
		igt_assert_f(vsvm_now() < deadline, "the file is not read\n");
		usleep(1000);
	}
}

static void expect_works(int fd)
{
	uint64_t *p = svm_buffer(8 * PAGE);
	struct svm t;

	svm_init(&t, fd);
	svm_fill(&t, p, 8 * PAGE, 0x600d);
	for (unsigned int i = 0; i < PAGE; i++)
		igt_assert_eq_u64(p[i], 0x600d);
	svm_fini(&t);
	svm_buffer_free(p, 8 * PAGE);
}

/* The file is read when its server says so */
static void test_read(int fd, bool async)
{
	uint64_t seqno;
	struct svm t;
	uint8_t *p;

	server_init(async);
	server_start();
	p = server_map(MAP_SHARED);
	svm_init(&t, fd);
	t.scratch[0] = 0;
	vsvm_emit_copy(svm_stream(&t), vsvm_ptr(t.scratch), vsvm_ptr(p), 8);
	seqno = vsvm_submit(&t.ctx, &t.s);
	server_wait_read();
	igt_assert_lt_u64(READ_ONCE(*t.ctx.fence), seqno);
	__atomic_store_n(&server->answer, 1, __ATOMIC_SEQ_CST);
	vsvm_finish(&t.ctx, seqno);
	igt_assert_eq_u64(t.scratch[0], FILE_WORD);
	svm_fini(&t);
	svm_buffer_free(p, FILE_SIZE);
	server_stop();
	pthread_join(server->thread, NULL);
	close(server->fuse);
}

static void *prefetch_thread(void *data)
{
	struct svm *t = data;

	__vsvm_prefetch(t->ctx.fd, t->ctx.vm, t->range, FILE_SIZE, 0, NULL);
	return NULL;
}

/* A process has been killed, and does not stay */
static void expect_dies(pid_t pid)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	siginfo_t info = {};

	while (!waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid) {
		if (vsvm_now() > deadline) {
			/* nothing but this ends it */
			umount2(server->dir, MNT_FORCE);
			igt_assert_f(false, "the process cannot be killed\n");
		}
		usleep(1000);
	}
}

/*
 * A process is killed whose server does not answer; @keep: another one holds its connection;
 * @prefetch: a call of its own waits too
 */
static void test_kill(int fd, bool async, bool keep, bool prefetch)
{
	int segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);
	int pidfd, fuse = -1;
	struct shmid_ds ds;

	igt_require_f(segment >= 0, "shmget: %m\n");
	igt_require(access("/dev/fuse", F_OK) == 0 ||
		    system("modprobe fuse 2>/dev/null") == 0);
	server_init(async);
	igt_fork(child, 1) {
		pthread_t thread;
		struct svm t;
		uint8_t *p;

		igt_assert(shmat(segment, NULL, 0) != (void *)-1);
		server_start();
		p = server_map(MAP_SHARED);
		svm_init(&t, vsvm_open_node());
		if (prefetch) {
			t.range = p;
			igt_assert_eq(pthread_create(&thread, NULL, prefetch_thread, &t), 0);
		} else {
			vsvm_emit_copy(svm_stream(&t), vsvm_ptr(t.scratch), vsvm_ptr(p), 8);
			vsvm_submit(&t.ctx, &t.s);
		}
		server->pid = getpid();
		__atomic_store_n(&server->ready, 1, __ATOMIC_SEQ_CST);
		for (;;)
			pause();
	}
	while (!__atomic_load_n(&server->ready, __ATOMIC_SEQ_CST)) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	server_wait_read();
	if (keep) {
		pidfd = syscall(SYS_pidfd_open, server->pid, 0);
		fuse = syscall(SYS_pidfd_getfd, pidfd, server->fuse, 0);
		igt_assert_f(fuse >= 0, "pidfd_getfd: %m\n");
		close(pidfd);
	}
	igt_kill_children(SIGKILL);
	expect_dies(server->pid);
	igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	if (keep) {
		/* the process is gone; the device works on */
		expect_works(fd);
		close(fuse);
	}
	do {
		igt_assert_f(vsvm_now() < deadline, "the memory of the process is not freed\n");
		usleep(1000);
		igt_assert_eq(shmctl(segment, IPC_STAT, &ds), 0);
	} while (ds.shm_nattch);
	igt_assert_eq(shmctl(segment, IPC_RMID, NULL), 0);
	svm_expect_no_vms(fd, server->pid);
	expect_works(fd);
	server_stop();
}

/* Wants mmap_lock for writing, and so has others wait who only want to read */
static void *mmap_thread(void *data)
{
	*(pid_t *)data = gettid();
	while (!__atomic_load_n(&server->reads, __ATOMIC_SEQ_CST))
		usleep(1000);
	munmap(mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE);
	return NULL;
}

/* Is a thread of ours in a wait that is none for signals? */
static bool is_waiting(pid_t tid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "r");
	igt_assert(file);
	igt_assert_eq(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
	fclose(file);
	return state == 'D';
}

/* Has memory in VRAM, and its mmap_lock is taken until the server answers */
static void locked_child(void)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	pthread_t thread;
	struct known k;
	pid_t tid = 0;
	struct svm t;
	uint8_t *p;

	svm_init(&t, vsvm_open_node());
	vram_begin(&t, &k, 64 * PAGE, false);
	p = server_map(MAP_SHARED);
	igt_assert_eq(pthread_create(&thread, NULL, mmap_thread, &tid), 0);
	vsvm_emit_copy(svm_stream(&t), vsvm_ptr(t.scratch), vsvm_ptr(p), 8);
	vsvm_submit(&t.ctx, &t.s);
	server_wait_read();
	while (!__atomic_load_n(&tid, __ATOMIC_SEQ_CST) || !is_waiting(tid)) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	__atomic_store_n(&server->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&server->answer, __ATOMIC_SEQ_CST))
		usleep(1000);
	known_expect_cpu(&k);
	pthread_join(thread, NULL);
}

/* A device is taken away, and a process that does not let go of mmap_lock has memory in its VRAM */
static void test_unbind(int fd)
{
	int64_t deadline = vsvm_deadline(2 * VSVM_WAIT_NS);
	uint32_t size = 0;
	pid_t pid;

	vram_require(fd);
	server_init(true);
	server_start();
	igt_fork(child, 1)
		locked_child();
	while (!__atomic_load_n(&server->ready, __ATOMIC_SEQ_CST)) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	pid = fork();
	igt_assert(pid >= 0);
	if (!pid)
		_exit(vsvm_driver_write("unbind") != 0);
	while (__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_INFO, 0, NULL, &size) != -ENODEV) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
	usleep(100000);
	igt_assert_f(!waitpid(pid, NULL, WNOHANG), "nobody was in the way of the unbind\n");
	igt_assert_eq(kill(pid, SIGKILL), 0);
	expect_dies(pid);
	waitpid(pid, NULL, 0);
	/* the driver has let go of the device, and the process gets its memory later */
	igt_assert_eq(vsvm_driver_write("bind"), 0);
	__atomic_store_n(&server->answer, 1, __ATOMIC_SEQ_CST);
	igt_waitchildren();
	server_stop();
	pthread_join(server->thread, NULL);
	close(server->fuse);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		/* not vsvm_open(): IGT keeps a file of its own open, and the module */
		vsvm_module_save();
		fd = vsvm_open_node();
		server = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(server != MAP_FAILED);
	}

	for (int async = 0; async < 2; async++) {
		const char *name = async ? "-async" : "";

		igt_describe("The GPU goes on before the file is there, or never");
		igt_subtest_f("read%s", name)
			test_read(fd, async);
		igt_describe("A process cannot be killed whose GPU reads a file that it serves");
		igt_subtest_f("kill%s", name)
			test_kill(fd, async, false, false);
		igt_describe("A process cannot be killed whose GPU reads a file of another one");
		igt_subtest_f("kill-served%s", name)
			test_kill(fd, async, true, false);
		if (async) {
			igt_describe("A prefetch of a file of its own process cannot be killed");
			igt_subtest("kill-prefetch")
				test_kill(fd, true, false, true);
		}
	}

	igt_describe("Who unplugs a GPU waits for ever for a process that has memory in its VRAM");
	igt_subtest("unbind-killed")
		test_unbind(fd);

	igt_fixture() {
		close(fd);
		/* nothing is left of a device that was taken away */
		vsvm_module_reload(vsvm_module_found());
	}
}
