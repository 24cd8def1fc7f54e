/* SPDX-License-Identifier: MIT */
/*
 * What the tests of races have in common, beyond vsvm_svm.h and vsvm_hold.h: one party is stopped
 * at a hold point, another one is the test itself or a thread of it.
 */
#ifndef VSVM_RACE_H
#define VSVM_RACE_H

#include "vsvm_call.h"
#include "vsvm_hold.h"
#include "vsvm_svm.h"

static inline int call_munmap(struct call *c)
{
	return munmap(c->p, c->size) ? -errno : 0;
}

static inline int call_mprotect(struct call *c)
{
	return mprotect(c->p, c->size, c->prot) ? -errno : 0;
}

static inline int call_dontneed(struct call *c)
{
	return madvise(c->p, c->size, MADV_DONTNEED) ? -errno : 0;
}

static inline int call_mremap(struct call *c)
{
	return mremap(c->p, c->size, c->size, MREMAP_MAYMOVE | MREMAP_FIXED, c->to) == c->to ?
	       0 : -errno;
}

static inline int call_map_over(struct call *c)
{
	return mmap(c->p, c->size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == c->p ?
	       0 : -errno;
}

/* The child waits until *to is set, but not for ever, and says by its status what it has at p */
static inline int call_fork(struct call *c)
{
	uint32_t *go = c->to;
	int64_t deadline;
	pid_t pid = fork();

	if (pid)
		return pid > 0 ? pid : -errno;
	deadline = vsvm_deadline(VSVM_WAIT_NS);
	while (!__atomic_load_n(go, __ATOMIC_SEQ_CST) && vsvm_now() < deadline)
		usleep(1000);
	_exit(*(uint8_t *)c->p);
}

static inline int call_sync(struct call *c)
{
	return __vsvm_vm_sync(c->t->ctx.fd, c->t->ctx.vm);
}

/** race_init() - as svm_init(), after a subtest that may have failed, with no fault under way */
static inline void race_init(struct svm *t, int fd)
{
	vsvm_hold_release_all();
	svm_init(t, fd);
	svm_settle(t);
	vsvm_vm_sync(fd, t->ctx.vm);
}

/** race_wait_word() - wait until somebody has set a word to @least or more; returns it */
static inline uint32_t race_wait_word(const uint32_t *word, uint32_t least)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	uint32_t value;

	while ((value = __atomic_load_n(word, __ATOMIC_SEQ_CST)) < least) {
		igt_assert_f(vsvm_now() < deadline, "who was to say %u has said %u\n", least,
			     value);
		usleep(1000);
	}
	return value;
}

/** race_arm() - hold whoever comes to a point for a range of the VM's addresses */
static inline void race_arm(struct vsvm_hold *hold, struct svm *t, const char *point,
			    const void *p, size_t size)
{
	vsvm_hold_arm_at(hold, t->ctx.fd, t->ctx.vm, point, p, size);
}

/** race_emit_read() - the stream of race_read(), for vsvm_submit() */
static inline void race_emit_read(struct svm *t, const void *p)
{
	t->scratch[0] = 0x6e6f7468696e6731;
	vsvm_emit_copy(svm_stream(t), vsvm_ptr(t->scratch), vsvm_ptr(p), 8);
}

/** race_emit_write() - the stream of race_write() */
static inline void race_emit_write(struct svm *t, void *p, uint64_t value)
{
	vsvm_emit_fill(svm_stream(t), vsvm_ptr(p), 8, value, 8);
}

/** race_read() - let the GPU read a word into t->scratch[0]; returns what to wait for */
static inline uint64_t race_read(struct svm *t, const void *p)
{
	race_emit_read(t, p);
	return vsvm_submit(&t->ctx, &t->s);
}

/** race_write() - let the GPU write a word; returns what to wait for */
static inline uint64_t race_write(struct svm *t, void *p, uint64_t value)
{
	race_emit_write(t, p, value);
	return vsvm_submit(&t->ctx, &t->s);
}

/** race_expect_value() - the read comes to an end, and has got this */
static inline void race_expect_value(struct svm *t, uint64_t seqno, uint64_t value)
{
	vsvm_finish(&t->ctx, seqno);
	igt_assert_eq_u64(t->scratch[0], value);
}

/**
 * race_call_waits() - a call that is told to begin while a read is held waits until that goes on
 *
 * @hold is armed for the read of a word at @p, which is 1; @call has been begun by told_start().
 */
static inline void race_call_waits(struct vsvm_hold *hold, struct svm *t, const void *p,
				   struct call *call)
{
	uint64_t seqno = race_read(t, p);

	vsvm_hold_wait(hold);
	told_go(call);
	usleep(MOMENT);
	igt_assert(!call_is_done(call));
	vsvm_hold_release(hold);
	call_finish(call);
	race_expect_value(t, seqno, 1);
}

/** race_expect_error() - the access kills the queue, and has done nothing; there is a new queue */
static inline void race_expect_error(struct svm *t, uint32_t error, uint32_t access, const void *p)
{
	vsvm_expect_error(t->ctx.fd, t->ctx.queue, error, access, vsvm_ptr(p));
	if (access == VSVM_ACCESS_READ)
		igt_assert_eq_u64(t->scratch[0], 0x6e6f7468696e6731);
	vsvm_ctx_new_queue(&t->ctx);
}

/** race_wait_faults() - wait until the driver has taken that many records since @before */
static inline void race_wait_faults(struct svm *t, const struct drm_vsvm_vm_stats *before,
				    uint64_t count)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (svm_stats(t).faults < before->faults + count) {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
	}
}

/** race_wait_parked() - wait until an access of a queue is parked */
static inline void race_wait_parked(int fd, uint32_t queue)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	struct drm_vsvm_queue_query state;

	do {
		igt_assert_lt_s64(vsvm_now(), deadline);
		usleep(1000);
		vsvm_queue_query(fd, queue, &state);
	} while (!state.parked);
}

#endif /* VSVM_RACE_H */
