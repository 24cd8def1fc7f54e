// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm exec
 * Description: Submitting work and waiting for it, and who may do so
 */
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "vsvm_lib.h"

IGT_TEST_DESCRIPTION("Submitting work and waiting for it, and who may do so");

/* An address that no process has. */
#define BAD_POINTER	0xffff800000000000ull
/* A number that no VM, queue or BO has. */
#define BAD_ID		0x12345678u

/* One call with one field of a good argument spoilt. */
#define expect_bad(request, good, field, value, error) \
	do { \
		typeof(good) __arg = (good); \
		\
		__arg.field = (value); \
		igt_assert_eq(vsvm_ioctl(fd, request, &__arg), error); \
	} while (0)

static void kill_queue(int fd, uint32_t queue)
{
	/* a stream in the first page */
	igt_assert_eq(__vsvm_exec1(fd, queue, 0x100, 8, 0, 0, 0), 0);
	vsvm_expect_error(fd, queue, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, 0x100);
}

/* Execution */

static void test_exec_bad(int fd)
{
	struct {
		struct drm_vsvm_exec_stream stream;
		uint64_t more;
	} wide[2] = {};
	const struct drm_vsvm_exec_stream empty = {};
	struct drm_vsvm_exec_stream pair[2] = {};
	struct drm_vsvm_queue_query state;
	struct drm_vsvm_exec good = {};
	struct drm_vsvm_dev_info info;
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;

	vsvm_dev_info(fd, &info);
	vsvm_ctx_init(&ctx, fd);
	good.queue_id = ctx.queue;
	good.streams = (struct drm_vsvm_array){ vsvm_ptr(pair), 2, sizeof(*pair) };
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, queue_id, 0, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, queue_id, BAD_ID, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, flags, 2, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, flags, 1u << 31, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, streams.ptr, BAD_POINTER, -EFAULT);
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, streams.count, 0, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, streams.count, info.queue_depth + 1, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, streams.count, ~0u, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, streams.stride, 0, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, streams.stride, sizeof(*pair) - 8, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_EXEC, good, streams.stride, sizeof(*pair) + 4, -EINVAL);

	/* one bad stream keeps out those before it */
	pair[0].fence_addr = ctx.fence_addr;
	pair[0].fence_value = 1;
	for (int bit = 0; bit < 3; bit++) {
		pair[1] = empty;
		pair[1].addr = 1ull << bit;
		igt_assert_eq(__vsvm_exec(fd, ctx.queue, pair, 2, 0), -EINVAL);
		pair[1] = empty;
		pair[1].size = 1ull << bit;
		igt_assert_eq(__vsvm_exec(fd, ctx.queue, pair, 2, 0), -EINVAL);
		pair[1] = empty;
		pair[1].fence_addr = ctx.fence_addr + (1ull << bit);
		igt_assert_eq(__vsvm_exec(fd, ctx.queue, pair, 2, 0), -EINVAL);
	}
	vsvm_queue_query(fd, ctx.queue, &state);
	igt_assert_eq_u64(state.submitted, 0);
	igt_assert_eq_u64(*ctx.fence, 0);

	/* elements as a later header may have them */
	vsvm_emit_nop(&s);
	for (int i = 0; i < 2; i++) {
		wide[i].stream.addr = vsvm_stream_addr(&s, 0);
		wide[i].stream.size = s.size;
		wide[i].stream.fence_addr = ctx.fence_addr;
		wide[i].stream.fence_value = i + 1;
	}
	good.streams = (struct drm_vsvm_array){ vsvm_ptr(wide), 2, sizeof(*wide) };
	wide[1].more = 1;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_EXEC, &good), -E2BIG);
	wide[1].more = 0;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_EXEC, &good), 0);
	vsvm_wait(fd, ctx.queue, ctx.fence, 2);
	vsvm_queue_query(fd, ctx.queue, &state);
	igt_assert_eq_u64(state.submitted, 2);

	kill_queue(fd, ctx.queue);
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_EXEC, &good), -EIO);
	good.flags = DRM_VSVM_EXEC_NONBLOCK;
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_EXEC, &good), -EIO);
	vsvm_stream_fini(&s);
	vsvm_ctx_fini(&ctx);
}

struct exec_thread {
	pthread_t thread;
	struct vsvm_ctx *ctx;
	uint64_t value;
	int ret;
	int done;
};

static void *exec_thread(void *data)
{
	struct exec_thread *t = data;

	do {
		t->ret = __vsvm_exec1(t->ctx->fd, t->ctx->queue, 0, 0, t->ctx->fence_addr,
				      t->value, 0);
	} while (t->ret == -EINTR);
	__atomic_store_n(&t->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void test_exec_full(int fd)
{
	struct drm_vsvm_exec_stream two[2] = {};
	struct drm_vsvm_queue_query state;
	struct drm_vsvm_dev_info info;
	struct exec_thread thread = {};
	struct vsvm_ctx ctx;
	struct vsvm_gate gate;
	uint32_t count;
	int ret;

	vsvm_dev_info(fd, &info);
	vsvm_ctx_init(&ctx, fd);
	vsvm_queue_destroy(fd, ctx.queue);
	ctx.queue = vsvm_queue_create_on(fd, ctx.vm, 0, ~0ull);
	vsvm_gate_init(&gate);
	vsvm_submit(&ctx, &gate.stream);
	for (count = 1; ; count++) {
		ret = __vsvm_exec1(fd, ctx.queue, 0, 0, ctx.fence_addr, ctx.seqno + count,
				   DRM_VSVM_EXEC_NONBLOCK);
		if (ret)
			break;
		igt_assert_lt_u32(count, info.queue_depth);
	}
	igt_assert_eq(ret, -EAGAIN);
	igt_assert_eq_u32(count, info.queue_depth);
	igt_assert_eq(__vsvm_exec(fd, ctx.queue, two, 2, DRM_VSVM_EXEC_NONBLOCK), -EAGAIN);
	vsvm_queue_query(fd, ctx.queue, &state);
	igt_assert_eq_u64(state.submitted, info.queue_depth);
	igt_assert_eq_u64(state.completed, 0);
	igt_assert_eq_u64(*ctx.fence, 0);

	/* a caller that may wait does, until there is room */
	thread.ctx = &ctx;
	thread.value = ctx.seqno + count;
	igt_assert_eq(pthread_create(&thread.thread, NULL, exec_thread, &thread), 0);
	usleep(100000);
	igt_assert_eq(READ_ONCE(thread.done), 0);
	vsvm_gate_open(&gate);
	vsvm_wait(fd, ctx.queue, ctx.fence, thread.value);
	pthread_join(thread.thread, NULL);
	igt_assert_eq(thread.ret, 0);
	vsvm_ctx_fini(&ctx);
	vsvm_gate_fini(&gate);
}

static void on_signal(int sig)
{
}

/* A blocking call that a signal must end, in a thread of its own, which is poked until it has. */
static void poke_until_done(struct exec_thread *t)
{
	for (int i = 0; i < 1000 && !__atomic_load_n(&t->done, __ATOMIC_SEQ_CST); i++) {
		pthread_kill(t->thread, SIGUSR1);
		usleep(10000);
	}
	igt_assert(__atomic_load_n(&t->done, __ATOMIC_SEQ_CST));
	pthread_join(t->thread, NULL);
}

static void *exec_once_thread(void *data)
{
	struct exec_thread *t = data;

	t->ret = __vsvm_exec1(t->ctx->fd, t->ctx->queue, 0, 0, 0, 0, 0);
	__atomic_store_n(&t->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *wait_once_thread(void *data)
{
	struct exec_thread *t = data;

	t->ret = __vsvm_wait(t->ctx->fd, 0, t->ctx->fence, ~0ull, VSVM_FOREVER);
	__atomic_store_n(&t->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void test_signals(int fd)
{
	void *(*const calls[])(void *) = { exec_once_thread, wait_once_thread };
	struct sigaction action = { .sa_handler = on_signal }, old;
	struct drm_vsvm_dev_info info;
	struct exec_thread thread;
	struct vsvm_ctx ctx;
	struct vsvm_gate gate;

	vsvm_dev_info(fd, &info);
	vsvm_ctx_init(&ctx, fd);
	vsvm_queue_destroy(fd, ctx.queue);
	ctx.queue = vsvm_queue_create_on(fd, ctx.vm, 0, ~0ull);
	vsvm_gate_init(&gate);
	for (uint32_t i = 0; i < info.queue_depth; i++)
		vsvm_submit(&ctx, &gate.stream);

	igt_assert_eq(sigaction(SIGUSR1, &action, &old), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		memset(&thread, 0, sizeof(thread));
		thread.ctx = &ctx;
		igt_assert_eq(pthread_create(&thread.thread, NULL, calls[i], &thread), 0);
		poke_until_done(&thread);
		igt_assert_eq(thread.ret, -EINTR);
	}
	igt_assert_eq(sigaction(SIGUSR1, &old, NULL), 0);
	vsvm_gate_open(&gate);
	vsvm_finish(&ctx, ctx.seqno);
	vsvm_ctx_fini(&ctx);
	vsvm_gate_fini(&gate);
}

static void *wait_queue_thread(void *data)
{
	struct exec_thread *t = data;

	t->ret = __vsvm_wait(t->ctx->fd, t->ctx->queue, t->ctx->fence, ~0ull, VSVM_FOREVER);
	__atomic_store_n(&t->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Calls that wait for a queue end with it, whether it is killed or destroyed meanwhile. */
static void test_queue_goes(int fd)
{
	void *(*const calls[])(void *) = { exec_once_thread, wait_queue_thread };
	struct drm_vsvm_dev_info info;

	vsvm_dev_info(fd, &info);
	for (unsigned int i = 0; i < 4; i++) {
		const bool destroyed = i / 2;
		struct exec_thread thread = {};
		struct vsvm_ctx ctx;
		struct vsvm_gate gate;

		vsvm_ctx_init(&ctx, fd);
		vsvm_gate_init(&gate);
		vsvm_queue_destroy(fd, ctx.queue);
		ctx.queue = vsvm_queue_create_on(fd, ctx.vm, 0,
						 destroyed ? ~0ull : 300 * NSEC_PER_MSEC);
		for (uint32_t j = 0; j < info.queue_depth; j++)
			vsvm_submit(&ctx, &gate.stream);
		thread.ctx = &ctx;
		igt_assert_eq(pthread_create(&thread.thread, NULL, calls[i % 2], &thread), 0);
		if (destroyed) {
			usleep(100000);
			igt_assert_eq(READ_ONCE(thread.done), 0);
			vsvm_queue_destroy(fd, ctx.queue);
		}
		igt_set_timeout(20, "waiting for a call whose queue has gone");
		pthread_join(thread.thread, NULL);
		igt_reset_timeout();
		igt_assert_eq(thread.ret, destroyed ? -ENOENT : -EIO);
		if (destroyed)
			ctx.queue = vsvm_queue_create(fd, ctx.vm);
		vsvm_ctx_fini(&ctx);
		vsvm_gate_fini(&gate);
	}
}

static uint64_t *signal_word;

static void on_alarm(int sig)
{
	__atomic_store_n(signal_word, 1, __ATOMIC_SEQ_CST);
}

static void test_signal_restart(int fd)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART }, old;
	struct itimerval timer = { .it_value.tv_usec = 100000 };

	/* what the handler writes is seen when the wait starts anew */
	signal_word = calloc(1, sizeof(*signal_word));
	igt_assert_eq(sigaction(SIGALRM, &action, &old), 0);
	igt_assert_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
	igt_assert_eq(__vsvm_wait(fd, 0, signal_word, 1, VSVM_FOREVER), 0);
	igt_assert_eq(sigaction(SIGALRM, &old, NULL), 0);
	free(signal_word);
}

/* Waits */

static bool holds(uint32_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case DRM_VSVM_WAIT_EQ:
		return a == b;
	case DRM_VSVM_WAIT_NE:
		return a != b;
	case DRM_VSVM_WAIT_GE:
		return a >= b;
	case DRM_VSVM_WAIT_GT:
		return a > b;
	case DRM_VSVM_WAIT_LE:
		return a <= b;
	default:
		return a < b;
	}
}

static void test_wait_ops(int fd)
{
	static const uint64_t values[] = {
		0, 1, 0x7fffffff, 0x80000000, 0x100000000, 1ull << 63, ~0ull
	};
	static const uint64_t masks[] = { ~0ull, 0, 1, 0xffffffff, 0xffffffff00000000, 1ull << 63 };
	uint64_t *word = malloc(sizeof(*word));
	struct drm_vsvm_wait_user_fence wait = { .addr = vsvm_ptr(word) };
	unsigned int n = ARRAY_SIZE(values), m = ARRAY_SIZE(masks);

	for (unsigned int i = 0; i < 6 * n * n * m; i++) {
		bool met;

		wait.op = i % 6;
		*word = values[i / 6 % n];
		wait.value = values[i / 6 / n % n];
		wait.mask = masks[i / 6 / n / n];
		wait.timeout_ns = i % 2;
		met = holds(wait.op, *word & wait.mask, wait.value & wait.mask);
		igt_assert_f(vsvm_ioctl(fd, DRM_IOCTL_VSVM_WAIT_USER_FENCE, &wait) ==
			     (met ? 0 : -ETIME), "op %u, %#llx, %#llx, mask %#llx: not %d\n",
			     wait.op, (long long)*word, (long long)wait.value,
			     (long long)wait.mask, met);
	}
	free(word);
}

static void test_wait_bad(int fd)
{
	uint64_t *words = calloc(2, sizeof(*words));
	struct drm_vsvm_wait_user_fence good = {
		.addr = vsvm_ptr(words),
		.mask = ~0ull,
		.op = DRM_VSVM_WAIT_EQ,
	};
	struct drm_vsvm_wait_user_fence arg = good;
	void *none = vsvm_reserve(VSVM_PAGE_SIZE);

	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_WAIT_USER_FENCE, &arg), 0);
	expect_bad(DRM_IOCTL_VSVM_WAIT_USER_FENCE, good, addr, good.addr + 1, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_WAIT_USER_FENCE, good, addr, good.addr + 4, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_WAIT_USER_FENCE, good, addr, 0, -EFAULT);
	expect_bad(DRM_IOCTL_VSVM_WAIT_USER_FENCE, good, addr, BAD_POINTER, -EFAULT);
	expect_bad(DRM_IOCTL_VSVM_WAIT_USER_FENCE, good, addr, vsvm_ptr(none), -EFAULT);
	expect_bad(DRM_IOCTL_VSVM_WAIT_USER_FENCE, good, op, 6, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_WAIT_USER_FENCE, good, op, ~0u, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_WAIT_USER_FENCE, good, flags, 1, -EINVAL);
	expect_bad(DRM_IOCTL_VSVM_WAIT_USER_FENCE, good, queue_id, BAD_ID, -ENOENT);
	expect_bad(DRM_IOCTL_VSVM_WAIT_USER_FENCE, good, pad, 1, -EINVAL);
	vsvm_unmap(none, VSVM_PAGE_SIZE);
	free(words);
}

static void test_wait_timeout(int fd)
{
	uint64_t *word = calloc(1, sizeof(*word));
	struct drm_vsvm_wait_user_fence wait = {
		.addr = vsvm_ptr(word),
		.value = 1,
		.mask = ~0ull,
		.op = DRM_VSVM_WAIT_EQ,
	};
	static const int64_t past[] = { 0, 1, -1, INT64_MIN };
	int64_t start;

	for (unsigned int i = 0; i < ARRAY_SIZE(past); i++) {
		wait.timeout_ns = past[i];
		igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_WAIT_USER_FENCE, &wait), -ETIME);
	}
	for (int64_t ns = NSEC_PER_MSEC; ns <= 300 * (int64_t)NSEC_PER_MSEC; ns *= 17) {
		start = vsvm_now();
		wait.timeout_ns = start + ns;
		igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_WAIT_USER_FENCE, &wait), -ETIME);
		igt_assert_lte_s64(wait.timeout_ns, vsvm_now());
		igt_assert_lt_s64(vsvm_now(), wait.timeout_ns + 10 * (int64_t)NSEC_PER_SEC);
	}
	free(word);
}

static void test_wait_dead_queue(int fd)
{
	struct vsvm_stream s = {};
	struct vsvm_ctx ctx;
	uint64_t seqno;

	vsvm_ctx_init(&ctx, fd);
	seqno = vsvm_submit(&ctx, &s);
	vsvm_finish(&ctx, seqno);
	kill_queue(fd, ctx.queue);
	/* what was reached before counts, what is no more to be does not block */
	igt_assert_eq(__vsvm_wait(fd, ctx.queue, ctx.fence, seqno, VSVM_WAIT_NS), 0);
	igt_assert_eq(__vsvm_wait(fd, ctx.queue, ctx.fence, seqno + 1, VSVM_FOREVER), -EIO);
	/* other queues do not care, nor does who waits for none */
	vsvm_ctx_new_queue(&ctx);
	igt_assert_eq(__vsvm_wait(fd, ctx.queue, ctx.fence, seqno + 1, 0), -ETIME);
	igt_assert_eq(__vsvm_wait(fd, 0, ctx.fence, seqno + 1, 0), -ETIME);
	vsvm_run(&ctx, &s);
	vsvm_ctx_fini(&ctx);
}

/* Files and processes */

static void test_two_files(int fd)
{
	int other = drm_reopen_driver(fd);
	struct drm_vsvm_queue_query state;
	struct vsvm_ctx ctx;
	uint32_t vm, queue, bo;
	uint64_t offset;

	fd = drm_reopen_driver(fd);
	vm = vsvm_vm_create(fd);
	queue = vsvm_queue_create(fd, vm);
	bo = vsvm_bo_create(fd, VSVM_PAGE_SIZE);
	igt_assert_eq_u32(vm, 1);
	igt_assert_eq_u32(queue, 1);
	igt_assert_eq(__vsvm_vm_sync(other, vm), -ENOENT);
	igt_assert_eq(__vsvm_vm_destroy(other, vm), -ENOENT);
	igt_assert_eq(__vsvm_queue_query(other, queue, &state), -ENOENT);
	igt_assert_eq(__vsvm_exec1(other, queue, 0, 0, 0, 0, 0), -ENOENT);
	igt_assert_eq(__vsvm_queue_destroy(other, queue), -ENOENT);
	igt_assert_eq(__vsvm_bo_mmap_offset(other, bo, &offset), -ENOENT);

	/* numbers start anew in each */
	vsvm_ctx_init(&ctx, other);
	igt_assert_eq_u32(ctx.vm, 1);
	igt_assert_eq_u32(ctx.queue, 1);
	close(fd);
	vsvm_write32(&ctx, ctx.fence + 1, 5);
	vsvm_ctx_fini(&ctx);
	close(other);
}

/* In a process that is not the owner of an SVM VM and its queue */
static void expect_no_access(int fd, uint32_t vm, uint32_t queue)
{
	struct drm_vsvm_queue_query state;
	uint64_t size = 0, *word = calloc(1, sizeof(*word));
	struct drm_vsvm_dev_info info;
	uint32_t id, bo = vsvm_bo_create(fd, VSVM_PAGE_SIZE);

	igt_assert_eq(__vsvm_vm_query(fd, vm, DRM_VSVM_VM_QUERY_STATS, NULL, &size), -EACCES);
	igt_assert_eq(__vsvm_vm_query(fd, vm, DRM_VSVM_VM_QUERY_INTERVALS, NULL, &size), -EACCES);
	igt_assert_eq(__vsvm_vm_sync(fd, vm), -EACCES);
	igt_assert_eq(__vsvm_bind(fd, vm, bo, 0, VSVM_2M, VSVM_PAGE_SIZE, 0), -EACCES);
	igt_assert_eq(__vsvm_unbind(fd, vm, VSVM_2M, VSVM_PAGE_SIZE), -EACCES);
	igt_assert_eq(__vsvm_vm_destroy(fd, vm), -EACCES);
	igt_assert_eq(__vsvm_queue_create(fd, vm, 0, 0, &id), -EACCES);
	igt_assert_eq(__vsvm_queue_query(fd, queue, &state), -EACCES);
	igt_assert_eq(__vsvm_queue_destroy(fd, queue), -EACCES);
	igt_assert_eq(__vsvm_exec1(fd, queue, 0, 0, 0, 0, 0), -EACCES);
	igt_assert_eq(__vsvm_wait(fd, queue, word, 0, 0), -EACCES);
	/* what names neither is open to all who have the file */
	vsvm_dev_info(fd, &info);
	igt_assert_eq(__vsvm_wait(fd, 0, word, 0, 0), 0);
	vsvm_bo_close(fd, bo);
	free(word);
}

static void expect_own_vm_works(int fd)
{
	struct vsvm_ctx ctx;
	uint32_t *p = malloc(sizeof(*p));

	*p = 0;
	vsvm_ctx_init(&ctx, fd);
	vsvm_write32(&ctx, p, 0x12345678);
	igt_assert_eq_u32(READ_ONCE(*p), 0x12345678);
	vsvm_ctx_fini(&ctx);
	free(p);
}

static void test_forked(int fd)
{
	struct drm_vsvm_vm_stats stats;
	struct vsvm_ctx ctx;
	uint32_t plain, queue;

	fd = drm_reopen_driver(fd);
	vsvm_ctx_init(&ctx, fd);
	plain = vsvm_vm_create_bo(fd);
	igt_fork(child, 1) {
		expect_no_access(fd, ctx.vm, ctx.queue);
		expect_own_vm_works(fd);
		/* a VM without SVM is nobody's memory */
		vsvm_vm_stats(fd, plain, &stats);
		queue = vsvm_queue_create(fd, plain);
		vsvm_queue_destroy(fd, queue);
	}
	igt_waitchildren();
	vsvm_write32(&ctx, ctx.fence + 1, 1);
	vsvm_ctx_fini(&ctx);
	vsvm_vm_destroy(fd, plain);
	close(fd);
}

static void send_fd(int sock, int fd, const uint32_t ids[2])
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = { (void *)ids, 2 * sizeof(*ids) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	igt_assert_eq(sendmsg(sock, &msg, 0), 2 * sizeof(*ids));
}

static int receive_fd(int sock, uint32_t ids[2])
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = { ids, 2 * sizeof(*ids) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	igt_assert_eq(recvmsg(sock, &msg, 0), 2 * sizeof(*ids));
	igt_assert(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void test_passed_fd(int fd)
{
	struct vsvm_ctx ctx;
	uint32_t ids[2];
	int sock[2];

	igt_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock), 0);
	igt_fork(child, 1) {
		/* the file is opened after the fork: it comes by the socket alone */
		int got = receive_fd(sock[1], ids);

		expect_no_access(got, ids[0], ids[1]);
		expect_own_vm_works(got);
		close(got);
	}
	fd = drm_reopen_driver(fd);
	vsvm_ctx_init(&ctx, fd);
	ids[0] = ctx.vm;
	ids[1] = ctx.queue;
	send_fd(sock[0], fd, ids);
	igt_waitchildren();
	vsvm_write32(&ctx, ctx.fence + 1, 1);
	vsvm_ctx_fini(&ctx);
	close(fd);
	close(sock[0]);
	close(sock[1]);
}

static void test_owner_exits(int fd)
{
	uint32_t ids[2] = {};
	int sock[2], got;

	/* The file outlives the process whose memory the VM showed. */
	igt_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock), 0);
	igt_fork(child, 1) {
		struct vsvm_ctx ctx;
		int mine = drm_reopen_driver(fd);

		vsvm_ctx_init(&ctx, mine);
		vsvm_write32(&ctx, ctx.fence + 1, 1);
		ids[0] = ctx.vm;
		ids[1] = ctx.queue;
		send_fd(sock[1], mine, ids);
	}
	got = receive_fd(sock[0], ids);
	igt_waitchildren();
	expect_no_access(got, ids[0], ids[1]);
	expect_own_vm_works(got);
	close(got);
	close(sock[0]);
	close(sock[1]);
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
	}

	igt_describe("A wrong submission is refused as a whole");
	igt_subtest("exec-bad")
		test_exec_bad(fd);

	igt_describe("A full queue says so, or makes its caller wait until there is room");
	igt_subtest("exec-full")
		test_exec_full(fd);

	igt_describe("A signal ends every call that waits");
	igt_subtest("signals")
		test_signals(fd);

	igt_describe("Who waits for a queue that is killed or destroyed is told so");
	igt_subtest("queue-goes")
		test_queue_goes(fd);

	igt_describe("A wait goes on after a signal whose handler asks for that");
	igt_subtest("signal-restart")
		test_signal_restart(fd);

	igt_describe("Every condition of a wait, on edge values under every mask");
	igt_subtest("wait-ops")
		test_wait_ops(fd);

	igt_describe("Wrong arguments of a wait are refused and do not block");
	igt_subtest("wait-bad")
		test_wait_bad(fd);

	igt_describe("A wait lasts until its deadline, and not long beyond");
	igt_subtest("wait-timeout")
		test_wait_timeout(fd);

	igt_describe("Nobody waits for ever for a queue that was killed");
	igt_subtest("wait-dead-queue")
		test_wait_dead_queue(fd);

	igt_describe("Two files do not see each other's VMs, queues and BOs");
	igt_subtest("two-files")
		test_two_files(fd);

	igt_describe("A forked child with the file does not reach its parent's memory");
	igt_subtest("forked")
		test_forked(fd);

	igt_describe("Who is passed a file does not reach the sender's memory");
	igt_subtest("passed-fd")
		test_passed_fd(fd);

	igt_describe("A file that outlives its maker's memory does no harm");
	igt_subtest("owner-exits")
		test_owner_exits(fd);

	igt_fixture() {
		close(fd);
	}
}
