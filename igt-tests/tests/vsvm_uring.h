/* SPDX-License-Identifier: MIT */
/*
 * The least of io_uring that a test needs: buffers that the kernel pins for long, and a ring that
 * is memory of the kernel's in the process. One request at a time, no library.
 */
#ifndef VSVM_URING_H
#define VSVM_URING_H

#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "vsvm_lib.h"

/**
 * struct uring - a ring for one request
 */
struct uring {
	/** @fd: of the ring */
	int fd;
	/** @params: where in @ring what is */
	struct io_uring_params params;
	/** @ring: the indices of both queues, and the completions */
	uint8_t *ring;
	/** @ring_size: its bytes */
	size_t ring_size;
	/** @sqes: the requests */
	struct io_uring_sqe *sqes;
};

static inline uint32_t *uring_index(struct uring *u, uint32_t offset)
{
	return (uint32_t *)(u->ring + offset);
}

/** uring_init() - make a ring; skips where the kernel has none */
static inline void uring_init(struct uring *u)
{
	memset(u, 0, sizeof(*u));
	u->fd = syscall(SYS_io_uring_setup, 1, &u->params);
	igt_require_f(u->fd >= 0, "io_uring: %m\n");
	igt_assert(u->params.features & IORING_FEAT_SINGLE_MMAP);
	u->ring_size = u->params.cq_off.cqes +
		       u->params.cq_entries * sizeof(struct io_uring_cqe);
	u->ring = mmap(NULL, u->ring_size, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd,
		       IORING_OFF_SQ_RING);
	igt_assert(u->ring != MAP_FAILED);
	u->sqes = mmap(NULL, VSVM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd,
		       IORING_OFF_SQES);
	igt_assert(u->sqes != MAP_FAILED);
}

static inline void uring_fini(struct uring *u)
{
	vsvm_unmap(u->sqes, VSVM_PAGE_SIZE);
	vsvm_unmap(u->ring, u->ring_size);
	close(u->fd);
}

/** uring_register() - have the kernel pin memory for as long as the ring is there */
static inline void uring_register(struct uring *u, void *p, size_t size)
{
	struct iovec iov = { p, size };

	igt_assert_f(!syscall(SYS_io_uring_register, u->fd, IORING_REGISTER_BUFFERS, &iov, 1),
		     "IORING_REGISTER_BUFFERS: %m\n");
}

/** uring_cqe() - where the completion of the next request will be */
static inline struct io_uring_cqe *uring_cqe(struct uring *u)
{
	uint32_t head = *uring_index(u, u->params.cq_off.head);
	uint32_t mask = *uring_index(u, u->params.cq_off.ring_mask);

	return (struct io_uring_cqe *)(u->ring + u->params.cq_off.cqes) + (head & mask);
}

/** uring_run() - submit the request that is in @sqes[0], and wait; returns its result */
static inline int uring_run(struct uring *u)
{
	uint32_t *tail = uring_index(u, u->params.sq_off.tail);
	uint32_t *head = uring_index(u, u->params.cq_off.head);
	struct io_uring_cqe *cqe = uring_cqe(u);
	int ret;

	uring_index(u, u->params.sq_off.array)[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	do {
		ret = syscall(SYS_io_uring_enter, u->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	} while (ret < 0 && errno == EINTR);
	igt_assert_f(ret == 1, "io_uring_enter: %d, %m\n", ret);
	ret = cqe->res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return ret;
}

/** uring_fixed() - read or write a file (IORING_OP_*_FIXED) from or into pinned memory */
static inline void uring_fixed(struct uring *u, uint8_t op, int file, void *p, size_t size)
{
	u->sqes[0] = (struct io_uring_sqe) {
		.opcode = op,
		.fd = file,
		.addr = vsvm_ptr(p),
		.len = size,
	};
	igt_assert_eq(uring_run(u), size);
}

#endif /* VSVM_URING_H */
