/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a program asks of a peer: a device that has no GPU, and only does what a driver does when
 * its GPU faults. /dev/vsvm-floor and /dev/vsvm-gpusvm take the same calls.
 *
 * An open file mirrors the process that sets it up.
 */
#ifndef VSVM_PEER_H
#define VSVM_PEER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct peer_setup - argument of %PEER_SETUP, the first call on a file
 */
struct peer_setup {
	/**
	 * @chunk: 4K, 64K or 2M: largest range that gpusvm may make; for the floor, what comes back
	 * from the device when a CPU touches a page of it
	 */
	__u64 chunk;
	/** @flags: PEER_DEVICE_MEMORY */
	__u64 flags;
};

/** PEER_DEVICE_MEMORY - setup: gpusvm's memory may move to device memory; the floor's always may */
#define PEER_DEVICE_MEMORY	0x1

/** PEER_WRITE - fault: for writing */
#define PEER_WRITE	0x1

/**
 * struct peer_fault - argument of %PEER_FAULT: serve faults of all pages of some mappings
 *
 * Mapping i begins at @addr + i * @stride.
 */
struct peer_fault {
	/** @addr: first byte of the first one, page aligned */
	__u64 addr;
	/** @size: bytes of each, page aligned */
	__u64 size;
	/** @stride: bytes from one to the next */
	__u64 stride;
	/** @count: how many */
	__u32 count;
	/** @flags: PEER_WRITE */
	__u32 flags;
};

/** PEER_TO_DEVICE - move: to device memory; else back */
#define PEER_TO_DEVICE	0x1

/**
 * struct peer_move - argument of %PEER_MOVE: move a part of a mapping, as far as it goes
 */
struct peer_move {
	/** @addr: first byte, page aligned */
	__u64 addr;
	/** @size: bytes, page aligned */
	__u64 size;
	/** @flags: PEER_TO_DEVICE */
	__u64 flags;
};

/**
 * struct peer_stats - answer of %PEER_STATS
 */
struct peer_stats {
	/** @notifiers: interval notifiers now */
	__u64 notifiers;
	/** @bytes: memory for the mirror now: notifiers, ranges, tables, DMA addresses */
	__u64 bytes;
	/** @invalidations: invalidations received */
	__u64 invalidations;
};

/**
 * struct peer_density - argument of %PEER_DENSITY: how large is a description of some memory?
 */
struct peer_density {
	/** @pages: in: pages to be described, up to 65536 */
	__u32 pages;
	/** @unit: in: so many of these lie together, at a multiple of as many; else anywhere */
	__u32 unit;
	/** @first: in: the page of the first unit that the description begins with */
	__u32 first;
	/** @pad: must be zero */
	__u32 pad;
	/** @array_bytes: out: as struct page * array */
	__u64 array_bytes;
	/** @sgt_bytes: out: as struct sg_table, made by sg_alloc_table_from_pages() */
	__u64 sgt_bytes;
	/** @phyr_bytes: out: as struct vsvm_phyr */
	__u64 phyr_bytes;
};

#define PEER_SETUP	_IOW('V', 0, struct peer_setup)
#define PEER_FAULT	_IOW('V', 1, struct peer_fault)
/* Remove what belongs to mappings that are gone. */
#define PEER_SYNC	_IO('V', 2)
#define PEER_STATS	_IOR('V', 3, struct peer_stats)
/* Needs no setup. */
#define PEER_DENSITY	_IOWR('V', 4, struct peer_density)
#define PEER_MOVE	_IOW('V', 5, struct peer_move)

#ifdef __KERNEL__

struct mm_struct;

/**
 * struct peer_ops - one kind of peer
 *
 * All but @destroy run in the process that is mirrored, one at a time.
 */
struct peer_ops {
	/** @create: a mirror of @mm that mirrors nothing yet, or ERR_PTR */
	void *(*create)(struct mm_struct *mm, const struct peer_setup *setup);
	/** @destroy: the process may have ended */
	void (*destroy)(void *peer);
	/** @fault: mirror [start, end), which lies in one mapping */
	int (*fault)(void *peer, u64 start, u64 end, bool write);
	/** @move: move [start, end), which lies in one mapping */
	int (*move)(void *peer, u64 start, u64 end, bool to_device);
	/** @sync: see PEER_SYNC */
	void (*sync)(void *peer);
	/** @stats: fill in; zeroed */
	void (*stats)(void *peer, struct peer_stats *stats);
};

extern const struct peer_ops floor_ops, gpusvm_ops;

int density_measure(struct peer_density *density);

int gpusvm_init(void);
void gpusvm_exit(void);

#endif
#endif
