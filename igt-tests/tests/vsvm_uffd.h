/* SPDX-License-Identifier: MIT */
/*
 * What the tests of accesses that wait for the process have in common: a userfaultfd, its messages
 * and its answers.
 */
#ifndef VSVM_UFFD_H
#define VSVM_UFFD_H

#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/syscall.h>

#include "vsvm_svm.h"

#ifndef UFFD_FEATURE_POISON
#define UFFD_FEATURE_POISON	0x4000
#define _UFFDIO_POISON		(0x08)
struct uffdio_poison {
	struct uffdio_range range;
	__u64 mode;
	__s64 updated;
};

#define UFFDIO_POISON		_IOWR(UFFDIO, _UFFDIO_POISON, struct uffdio_poison)
#endif

/** __uffd_open() - a userfaultfd; -1 where there is none, or none with these features */
static inline int __uffd_open(int flags, uint64_t features)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | flags);
	struct uffdio_api api = { .api = UFFD_API, .features = features };

	if (uffd >= 0 && ioctl(uffd, UFFDIO_API, &api)) {
		close(uffd);
		uffd = -1;
	}
	return uffd;
}

/** uffd_open() - the same; skips */
static inline int uffd_open(uint64_t features)
{
	int uffd = __uffd_open(0, features);

	igt_require_f(uffd >= 0, "userfaultfd with features %#llx: %m\n", (long long)features);
	return uffd;
}

/** uffd_watch() - watch a range; @mode is UFFDIO_REGISTER_MODE_* */
static inline void uffd_watch(int uffd, void *p, size_t size, uint64_t mode)
{
	struct uffdio_register reg = { { vsvm_ptr(p), size }, mode };

	igt_assert_f(!ioctl(uffd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER %#llx: %m\n",
		     (long long)mode);
}

static inline void uffd_unwatch(int uffd, void *p, size_t size)
{
	struct uffdio_range range = { vsvm_ptr(p), size };

	igt_assert_eq(ioctl(uffd, UFFDIO_UNREGISTER, &range), 0);
}

/** uffd_message() - take one; false if there is none within @ms */
static inline bool uffd_message(int uffd, int ms, struct uffd_msg *msg)
{
	struct pollfd pollfd = { uffd, POLLIN };

	/* somebody may have read it, or its access have gone, after the poll */
	while (poll(&pollfd, 1, ms) > 0)
		if (read(uffd, msg, sizeof(*msg)) == sizeof(*msg))
			return true;
	return false;
}

/**
 * uffd_expect() - an access waits, and the userfaultfd says so
 * @uffd: userfaultfd
 * @p: the access, or its page
 * @page: size of a page there
 * @flags: UFFD_PAGEFAULT_FLAG_*
 */
static inline void uffd_expect(int uffd, const void *p, size_t page, uint64_t flags)
{
	struct uffd_msg msg;

	igt_assert_f(uffd_message(uffd, VSVM_WAIT_NS / NSEC_PER_MSEC, &msg),
		     "no message for %p\n", p);
	igt_assert_eq(msg.event, UFFD_EVENT_PAGEFAULT);
	igt_assert_eq_u64(msg.arg.pagefault.address, ALIGN_DOWN(vsvm_ptr(p), page));
	igt_assert_eq_u64(msg.arg.pagefault.flags, flags);
}

/** uffd_expect_none() - nobody waits now whom nobody has heard of */
static inline void uffd_expect_none(int uffd)
{
	struct uffd_msg msg;

	igt_assert(!uffd_message(uffd, 0, &msg));
}

/** uffd_waiters() - who waits for an answer, whether the message has been read or not */
static inline unsigned int uffd_waiters(int uffd)
{
	unsigned int total = ~0u;
	char line[128];
	FILE *f;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", uffd);
	f = fopen(line, "r");
	igt_assert(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "total: %u", &total) == 1)
			break;
	fclose(f);
	igt_assert_neq_u32(total, ~0u);
	return total;
}

/** uffd_expect_no_waiters() - nobody does, soon */
static inline void uffd_expect_no_waiters(int uffd)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (uffd_waiters(uffd)) {
		igt_assert_f(vsvm_now() < deadline, "somebody waits for an answer still\n");
		usleep(1000);
	}
}

/** uffd_copy_page() - answer with a page whose words are all the same */
static inline void uffd_copy_page(int uffd, void *p, size_t page, uint64_t word)
{
	struct uffdio_copy copy = { .dst = ALIGN_DOWN(vsvm_ptr(p), page), .len = page };
	uint64_t *from = vsvm_map(page);

	for (size_t i = 0; i < page / 8; i++)
		from[i] = word;
	copy.src = vsvm_ptr(from);
	igt_assert_f(!ioctl(uffd, UFFDIO_COPY, &copy), "UFFDIO_COPY: %m\n");
	vsvm_unmap(from, page);
}

static inline void uffd_copy(int uffd, void *p, uint64_t word)
{
	uffd_copy_page(uffd, p, PAGE, word);
}

static inline void uffd_zero(int uffd, void *p)
{
	struct uffdio_zeropage zero = { { ALIGN_DOWN(vsvm_ptr(p), PAGE), PAGE } };

	igt_assert_f(!ioctl(uffd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE: %m\n");
}

/** uffd_protect() - protect a range from writing, or answer who writes to it */
static inline void uffd_protect(int uffd, void *p, size_t size, bool protect)
{
	struct uffdio_writeprotect wp = {
		{ vsvm_ptr(p), size }, protect ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	igt_assert_f(!ioctl(uffd, UFFDIO_WRITEPROTECT, &wp), "UFFDIO_WRITEPROTECT: %m\n");
}

static inline void uffd_continue(int uffd, void *p)
{
	struct uffdio_continue cont = { { ALIGN_DOWN(vsvm_ptr(p), PAGE), PAGE } };

	igt_assert_f(!ioctl(uffd, UFFDIO_CONTINUE, &cont), "UFFDIO_CONTINUE: %m\n");
}

static inline void uffd_poison(int uffd, void *p)
{
	struct uffdio_poison poison = { { ALIGN_DOWN(vsvm_ptr(p), PAGE), PAGE } };

	igt_assert_f(!ioctl(uffd, UFFDIO_POISON, &poison), "UFFDIO_POISON: %m\n");
}

/** uffd_wake() - wake who waits in a range, without an answer */
static inline void uffd_wake(int uffd, void *p, size_t size)
{
	struct uffdio_range range = { ALIGN_DOWN(vsvm_ptr(p), PAGE), size };

	igt_assert_f(!ioctl(uffd, UFFDIO_WAKE, &range), "UFFDIO_WAKE: %m\n");
}

/* Accesses */

static const char *const uffd_access_names[] = {
	[VSVM_ACCESS_READ] = "read", [VSVM_ACCESS_WRITE] = "write", [VSVM_ACCESS_ATOMIC] = "atomic",
};

/** svm_begin() - let the GPU access a word, by way of scratch[0]; returns what to wait for */
static inline uint64_t svm_begin(struct svm *t, void *p, uint32_t access)
{
	svm_stream(t);
	t->scratch[0] = 0x6e6f7468696e6731;
	switch (access) {
	case VSVM_ACCESS_READ:
		vsvm_emit_copy(&t->s, vsvm_ptr(t->scratch), vsvm_ptr(p), 8);
		break;
	case VSVM_ACCESS_WRITE:
		vsvm_emit_fill(&t->s, vsvm_ptr(p), 8, 77, 8);
		break;
	default:
		vsvm_emit_atomic(&t->s, VSVM_ATOMIC_ADD, 8, vsvm_ptr(p), 77, 0,
				 vsvm_ptr(t->scratch));
	}
	return vsvm_submit(&t->ctx, &t->s);
}

/** svm_end() - that comes to its end, where memory had @word before */
static inline void svm_end(struct svm *t, uint64_t seqno, const void *p, uint32_t access,
			   uint64_t word)
{
	vsvm_finish(&t->ctx, seqno);
	if (access != VSVM_ACCESS_WRITE)
		igt_assert_eq_u64(t->scratch[0], word);
	if (access == VSVM_ACCESS_WRITE)
		word = 77;
	else if (access == VSVM_ACCESS_ATOMIC)
		word += 77;
	igt_assert_eq_u64(READ_ONCE(*(const uint64_t *)p), word);
}

/** svm_wait_waits() - wait until that many accesses of the VM wait for the process */
static inline void svm_wait_waits(struct svm *t, uint64_t count)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (svm_stats(t).waits_now != count) {
		igt_assert_f(vsvm_now() < deadline, "%llu accesses wait, not %llu\n",
			     (long long)svm_stats(t).waits_now, (long long)count);
		usleep(1000);
	}
}

/** svm_expect_waiting() - what was submitted last is not done, but waits */
static inline void svm_expect_waiting(struct svm *t, uint64_t seqno, uint64_t waits)
{
	igt_assert_lt_u64(READ_ONCE(*t->ctx.fence), seqno);
	igt_assert_eq_u64(svm_stats(t).waits_now, waits);
}

#endif /* VSVM_UFFD_H */
