/* SPDX-License-Identifier: MIT */
/*
 * What the tests of prefetches have in common: a userfaultfd keeps one from coming to its end.
 */
#ifndef VSVM_PREFETCH_H
#define VSVM_PREFETCH_H

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/syscall.h>

#include "vsvm_lib.h"

/** uffd_open() - one that hears of user mode's accesses alone, or of the kernel's too; or skips */
static inline int uffd_open(bool user_only)
{
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK |
			   (user_only ? UFFD_USER_MODE_ONLY : 0));

	igt_require_f(uffd >= 0, "userfaultfd: %m\n");
	igt_assert_eq(vsvm_ioctl(uffd, UFFDIO_API, &api), 0);
	return uffd;
}

/** uffd_register() - watch memory for pages that are missing */
static inline void uffd_register(int uffd, void *p, uint64_t size)
{
	struct uffdio_register reg = {
		.range = { vsvm_ptr(p), size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	igt_assert_eq(vsvm_ioctl(uffd, UFFDIO_REGISTER, &reg), 0);
}

/** uffd_wait() - wait for an access; returns the address of its page */
static inline uint64_t uffd_wait(int uffd)
{
	struct pollfd pfd = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	do {
		igt_assert_eq(poll(&pfd, 1, VSVM_WAIT_NS / NSEC_PER_MSEC), 1);
	} while (read(uffd, &msg, sizeof(msg)) != sizeof(msg));
	igt_assert_eq(msg.event, UFFD_EVENT_PAGEFAULT);
	return msg.arg.pagefault.address & ~(VSVM_PAGE_SIZE - 1);
}

/** uffd_fill() - answer, with pages of one value each */
static inline void uffd_fill(int uffd, uint64_t addr, uint64_t size, uint64_t value)
{
	uint64_t *from = vsvm_map(size);
	struct uffdio_copy copy = { .dst = addr, .src = vsvm_ptr(from), .len = size };

	for (uint64_t i = 0; i < size / 8; i++)
		from[i] = value;
	igt_assert_eq(vsvm_ioctl(uffd, UFFDIO_COPY, &copy), 0);
	vsvm_unmap(from, size);
}

#endif /* VSVM_PREFETCH_H */
