/* SPDX-License-Identifier: MIT */
/*
 * The vsvm driver as a program sees it: ioctls.
 */
#ifndef _UAPI_VSVM_DRM_H_
#define _UAPI_VSVM_DRM_H_

#include "drm.h"
#include "vsvm_isa.h"

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: uAPI
 *
 * A program opens the render node of the driver "vsvm", makes a VM with %DRM_VSVM_VM_SVM, makes a
 * queue in it, and submits command streams (see vsvm_isa.h) that use the pointers of the process as
 * they are. It waits for a 64-bit fence value in its own memory with
 * %DRM_IOCTL_VSVM_WAIT_USER_FENCE.
 *
 * Rules for all structures: fields named pad and flag bits that are not defined must be zero, else
 * -EINVAL. A structure may grow at its end; new fields mean the old behaviour when zero. Arrays are
 * passed as &struct drm_vsvm_array with the size of the caller's element, and elements may grow
 * likewise. All calls are allowed on the render node and need no authentication.
 *
 * Errors that any ioctl may return: -EFAULT (a pointer that cannot be read or written), -EINVAL
 * (see above), -ENOMEM, -ENODEV (the device was removed), -ENOENT (no VM or queue of this number in
 * this file), -E2BIG (an array element has a field that this driver does not know, and it is not
 * zero). Waits return -EINTR or are restarted when a signal arrives.
 *
 * A VM with SVM belongs to the process (the address space, to be exact) that made it. In another
 * process, whether by fork or by a passed file descriptor, every call that names it or one of its
 * queues fails with -EACCES.
 */

/** DRM_VSVM_DEV_QUERY - command number */
#define DRM_VSVM_DEV_QUERY		0x00
/** DRM_VSVM_VM_CREATE - command number */
#define DRM_VSVM_VM_CREATE		0x01
/** DRM_VSVM_VM_DESTROY - command number */
#define DRM_VSVM_VM_DESTROY		0x02
/** DRM_VSVM_VM_BIND - command number */
#define DRM_VSVM_VM_BIND		0x03
/** DRM_VSVM_VM_QUERY - command number */
#define DRM_VSVM_VM_QUERY		0x04
/** DRM_VSVM_VM_SYNC - command number */
#define DRM_VSVM_VM_SYNC		0x05
/** DRM_VSVM_BO_CREATE - command number */
#define DRM_VSVM_BO_CREATE		0x06
/** DRM_VSVM_BO_MMAP_OFFSET - command number */
#define DRM_VSVM_BO_MMAP_OFFSET		0x07
/** DRM_VSVM_QUEUE_CREATE - command number */
#define DRM_VSVM_QUEUE_CREATE		0x08
/** DRM_VSVM_QUEUE_DESTROY - command number */
#define DRM_VSVM_QUEUE_DESTROY		0x09
/** DRM_VSVM_QUEUE_QUERY - command number */
#define DRM_VSVM_QUEUE_QUERY		0x0a
/** DRM_VSVM_EXEC - command number */
#define DRM_VSVM_EXEC			0x0b
/** DRM_VSVM_WAIT_USER_FENCE - command number */
#define DRM_VSVM_WAIT_USER_FENCE	0x0c

/** DRM_VSVM_VM_REGISTER - command number */
#define DRM_VSVM_VM_REGISTER		0x0d
/** DRM_VSVM_VM_PREFETCH - command number */
#define DRM_VSVM_VM_PREFETCH		0x0e
/** DRM_VSVM_VM_ATTR - command number */
#define DRM_VSVM_VM_ATTR		0x0f

/**
 * struct drm_vsvm_array - an array in the caller's memory
 */
struct drm_vsvm_array {
	/** @ptr: address of the first element */
	__u64 ptr;
	/** @count: elements, 0..%DRM_VSVM_MAX_ARRAY */
	__u32 count;
	/** @stride: sizeof() the element as the caller knows it, multiple of 8 */
	__u32 stride;
};

/** DRM_VSVM_MAX_ARRAY - elements that one call takes */
#define DRM_VSVM_MAX_ARRAY		1024

/** enum drm_vsvm_dev_query_type - what to ask of the device */
enum drm_vsvm_dev_query_type {
	/** @DRM_VSVM_DEV_QUERY_INFO: &struct drm_vsvm_dev_info */
	DRM_VSVM_DEV_QUERY_INFO = 0,
	/** @DRM_VSVM_DEV_QUERY_ENGINE: &struct drm_vsvm_engine_info of engine @index */
	DRM_VSVM_DEV_QUERY_ENGINE = 1,
};

/**
 * struct drm_vsvm_dev_query - argument of %DRM_IOCTL_VSVM_DEV_QUERY
 *
 * With @pointer 0, sets @size to what the driver knows and returns. Else copies at most @size bytes
 * and sets @size to what was copied, so that an old program gets the beginning of a structure that
 * has grown.
 *
 * Errors: -EINVAL for an unknown type, -ENOENT for an @index beyond the last.
 */
struct drm_vsvm_dev_query {
	/** @type: &enum drm_vsvm_dev_query_type */
	__u32 type;
	/** @size: in: bytes at @pointer; out: bytes written, or needed */
	__u32 size;
	/** @pointer: where the answer goes, or 0 */
	__u64 pointer;
	/** @index: which one, for types that have several; else 0 */
	__u32 index;
	/** @pad: must be zero */
	__u32 pad;
};

/**
 * DRM_VSVM_DEV_VRAM_COHERENT - device: CPUs map VRAM
 *
 * Memory of a process that is in VRAM is mapped by CPUs as well, and both use the same bytes at the
 * same time, by atomics too. No access by a CPU brings it back: it goes to system memory by
 * %DRM_VSVM_PREFETCH_TO_SYSTEM, to make room, with the VM, or when the kernel pins it for long. It
 * is of 4K pages, is not swapped, and what has been in VRAM when it was locked (mlock()) stays
 * there. Without this flag an access by a CPU brings it back first.
 */
#define DRM_VSVM_DEV_VRAM_COHERENT	(1 << 0)

/**
 * struct drm_vsvm_dev_info - answer of %DRM_VSVM_DEV_QUERY_INFO
 */
struct drm_vsvm_dev_info {
	/** @features: VSVM_FEATURE_* of the instruction set */
	__u32 features;
	/** @num_engines: engines, numbered from 0 */
	__u32 num_engines;
	/** @va_bits: width of a GPU address; more than the CPU's user addresses have */
	__u32 va_bits;
	/** @wave_lanes: lanes of a wave */
	__u32 wave_lanes;
	/** @page_sizes: mask of the leaf sizes of the MMU in bytes */
	__u64 page_sizes;
	/** @vram_size: bytes of VRAM */
	__u64 vram_size;
	/** @timestamp_frequency: ticks of the device clock in a second */
	__u64 timestamp_frequency;
	/** @queue_depth: streams that a queue holds */
	__u32 queue_depth;
	/** @max_queues: queues that one file may have at a time */
	__u32 max_queues;
	/** @max_vms: VMs that one file may have at a time */
	__u32 max_vms;
	/** @fault_ring_size: records of the fault ring */
	__u32 fault_ring_size;
	/** @flags: DRM_VSVM_DEV_* */
	__u32 flags;
	/** @index: which of the devices that the module has made, numbered from 0 */
	__u32 index;
	/**
	 * @num_peers: other devices of the module, present now, whose VRAM may hold memory of
	 * processes and can be reached by this one
	 */
	__u32 num_peers;
	/** @pad: zero */
	__u32 pad;
};

/**
 * struct drm_vsvm_engine_info - answer of %DRM_VSVM_DEV_QUERY_ENGINE: counters since the module was
 * loaded, of all processes together
 */
struct drm_vsvm_engine_info {
	/** @busy_ns: time spent executing */
	__u64 busy_ns;
	/** @packets: packets completed */
	__u64 packets;
	/** @waves: waves completed */
	__u64 waves;
	/** @insns: wave instructions executed */
	__u64 insns;
	/** @bytes: bytes written by copies and fills */
	__u64 bytes;
	/** @tlb_hits: translations found in the TLB */
	__u64 tlb_hits;
	/** @tlb_misses: page walks */
	__u64 tlb_misses;
	/** @faults: fault records raised */
	__u64 faults;
	/** @fault_overflows: fault records lost to a full ring, and raised again later */
	__u64 fault_overflows;
	/** @invalidations: TLB invalidations */
	__u64 invalidations;
	/** @counter_records: notices of access counters raised */
	__u64 counter_records;
	/** @counter_overflows: notices lost to a full ring; there are others when it goes on */
	__u64 counter_overflows;
};

/**
 * DRM_VSVM_VM_SVM - vm_create: every pointer of the calling process is valid on the GPU, except in
 * the range that the VM keeps for BOs
 */
#define DRM_VSVM_VM_SVM			(1 << 0)

/**
 * enum drm_vsvm_interval_policy - which spans of the process's addresses the VM hears changes of
 *
 * A choice of cost alone: what the GPU sees is the same with each, but for accesses to memory that
 * is not registered.
 */
enum drm_vsvm_interval_policy {
	/** @DRM_VSVM_INTERVAL_POLICY_VMA: each mapping of the process that the GPU has touched */
	DRM_VSVM_INTERVAL_POLICY_VMA = 0,
	/**
	 * @DRM_VSVM_INTERVAL_POLICY_WINDOW: each aligned window of
	 * &drm_vsvm_vm_create.interval_window bytes that it has touched
	 */
	DRM_VSVM_INTERVAL_POLICY_WINDOW = 1,
	/** @DRM_VSVM_INTERVAL_POLICY_MM: everything, from the first touch on */
	DRM_VSVM_INTERVAL_POLICY_MM = 2,
	/**
	 * @DRM_VSVM_INTERVAL_POLICY_REGISTERED: what %DRM_IOCTL_VSVM_VM_REGISTER named; elsewhere
	 * an access is %VSVM_ERROR_UNREGISTERED
	 */
	DRM_VSVM_INTERVAL_POLICY_REGISTERED = 3,
};

/** enum drm_vsvm_location - where memory is to be while the GPU uses it */
enum drm_vsvm_location {
	/**
	 * @DRM_VSVM_LOCATION_ANY: where it is; in VRAM if the GPU uses it often, see
	 * &drm_vsvm_vm_create.counter_threshold
	 */
	DRM_VSVM_LOCATION_ANY = 0,
	/** @DRM_VSVM_LOCATION_SYSTEM: in system memory; what is in VRAM already stays there */
	DRM_VSVM_LOCATION_SYSTEM = 1,
	/**
	 * @DRM_VSVM_LOCATION_VRAM: in VRAM: a page fault of the GPU moves it there, if it can be
	 * moved. An access by a CPU moves it back
	 */
	DRM_VSVM_LOCATION_VRAM = 2,
};

/** DRM_VSVM_COUNTER_OFF - &drm_vsvm_vm_create.counter_threshold: count no accesses */
#define DRM_VSVM_COUNTER_OFF		(~0U)

/**
 * struct drm_vsvm_vm_create - argument of %DRM_IOCTL_VSVM_VM_CREATE
 *
 * Without %DRM_VSVM_VM_SVM, the GPU sees nothing but bound BOs, and they may be bound anywhere
 * below 1 << va_bits; @bo_start and @bo_size must be zero. With it, BOs may be bound only in the
 * range given here, and there the GPU sees nothing but BOs. The process should have reserved that
 * range (mmap with PROT_NONE), or CPU and GPU will mean different memory by the same pointer.
 *
 * Errors: -EINVAL for a range that is not page aligned or not within the address space, or a window
 * or a location that is not as below; -ENOSPC when the file has max_vms already.
 */
struct drm_vsvm_vm_create {
	/** @flags: DRM_VSVM_VM_* */
	__u32 flags;
	/** @vm_id: out: number of the VM in this file, from 1 on */
	__u32 vm_id;
	/** @bo_start: first byte of the range for BOs, page aligned */
	__u64 bo_start;
	/** @bo_size: its bytes, page aligned; 0: no BOs in this VM */
	__u64 bo_size;
	/** @interval_policy: &enum drm_vsvm_interval_policy; without SVM 0 */
	__u32 interval_policy;
	/**
	 * @location: &enum drm_vsvm_location of ranges that have no attribute for it; without SVM 0
	 */
	__u32 location;
	/**
	 * @interval_window: for %DRM_VSVM_INTERVAL_POLICY_WINDOW, a power of two, 4 KiB..1 TiB;
	 * else 0
	 */
	__u64 interval_window;
	/**
	 * @vram_limit: bytes of VRAM that may be taken by this VM, in chunks of 2 MiB; 0: no limit.
	 * It is for the process's memory and for what of BOs this VM's GPU work has brought there,
	 * together: whichever was used longest ago makes room. Without SVM 0
	 */
	__u64 vram_limit;
	/**
	 * @counter_threshold: how many accesses of an engine to 64K of memory that is in the
	 * system, or in VRAM of another device (&enum drm_vsvm_peer), bring these to VRAM, where no
	 * attribute says where they are to be: in pages that an instruction of a wave or a copy
	 * touches, one each. It doubles whenever they have been away and go again.
	 * 0: the module's default (parameter counter_threshold); %DRM_VSVM_COUNTER_OFF: nothing
	 * moves by itself. With a @location other than %DRM_VSVM_LOCATION_ANY it is not looked at;
	 * without SVM 0
	 */
	__u32 counter_threshold;
	/** @pad: must be zero */
	__u32 pad;
};

/**
 * struct drm_vsvm_vm_destroy - argument of %DRM_IOCTL_VSVM_VM_DESTROY
 *
 * Errors: -EBUSY while the VM has queues.
 */
struct drm_vsvm_vm_destroy {
	/** @vm_id: VM */
	__u32 vm_id;
	/** @pad: must be zero */
	__u32 pad;
};

/** enum drm_vsvm_bind_op_type - what a bind operation does */
enum drm_vsvm_bind_op_type {
	/** @DRM_VSVM_BIND_OP_MAP: map a part of a BO, in place of whatever BO is bound there */
	DRM_VSVM_BIND_OP_MAP = 0,
	/** @DRM_VSVM_BIND_OP_UNMAP: unbind whatever is bound in a range, nothing included */
	DRM_VSVM_BIND_OP_UNMAP = 1,
};

/** DRM_VSVM_BIND_READONLY - bind op MAP: the GPU may not write */
#define DRM_VSVM_BIND_READONLY		(1 << 0)

/**
 * struct drm_vsvm_bind_op - one operation of %DRM_IOCTL_VSVM_VM_BIND
 */
struct drm_vsvm_bind_op {
	/** @op: &enum drm_vsvm_bind_op_type */
	__u32 op;
	/** @flags: DRM_VSVM_BIND_*, MAP only */
	__u32 flags;
	/** @handle: MAP: the BO; else 0 */
	__u32 handle;
	/** @pad: must be zero */
	__u32 pad;
	/** @bo_offset: MAP: first byte in the BO, page aligned; else 0 */
	__u64 bo_offset;
	/** @addr: first GPU address, page aligned */
	__u64 addr;
	/** @size: bytes, page aligned, not zero */
	__u64 size;
};

/**
 * struct drm_vsvm_vm_bind - argument of %DRM_IOCTL_VSVM_VM_BIND
 *
 * Operations take effect one after the other, before the call returns. If one fails, those before
 * it stay done and @ops.count is set to its index.
 *
 * Errors: -EINVAL for an operation that is not aligned, beyond the end of its BO, or outside the
 * range for BOs; -ENOENT for a handle that is none; -EOPNOTSUPP for an imported buffer that is not
 * RAM. An operation that fails has changed nothing.
 */
struct drm_vsvm_vm_bind {
	/** @vm_id: VM */
	__u32 vm_id;
	/** @flags: must be zero */
	__u32 flags;
	/** @ops: array of &struct drm_vsvm_bind_op */
	struct drm_vsvm_array ops;
};

/** enum drm_vsvm_vm_query_type - what to ask of a VM */
enum drm_vsvm_vm_query_type {
	/** @DRM_VSVM_VM_QUERY_STATS: &struct drm_vsvm_vm_stats */
	DRM_VSVM_VM_QUERY_STATS = 0,
	/** @DRM_VSVM_VM_QUERY_INTERVALS: array of &struct drm_vsvm_interval, by rising address */
	DRM_VSVM_VM_QUERY_INTERVALS = 1,
};

/**
 * struct drm_vsvm_vm_query - argument of %DRM_IOCTL_VSVM_VM_QUERY
 *
 * Sizes as in &struct drm_vsvm_dev_query. Of an array, as many whole elements as fit are copied.
 *
 * Errors: -EINVAL for an unknown type, or for intervals of a VM without SVM.
 */
struct drm_vsvm_vm_query {
	/** @vm_id: VM */
	__u32 vm_id;
	/** @type: &enum drm_vsvm_vm_query_type */
	__u32 type;
	/** @pointer: where the answer goes, or 0 */
	__u64 pointer;
	/** @size: in: bytes at @pointer; out: bytes written, or needed */
	__u64 size;
};

/**
 * struct drm_vsvm_vm_stats - answer of %DRM_VSVM_VM_QUERY_STATS
 *
 * Counters start at zero with the VM. "Now" marks those that are a present state.
 */
struct drm_vsvm_vm_stats {
	/** @faults: fault records received */
	__u64 faults;
	/**
	 * @faults_duplicate: of these, records of a page and access that the same batch had already
	 */
	__u64 faults_duplicate;
	/**
	 * @faults_spurious: of these, records of a page that was mapped already when its turn came
	 */
	__u64 faults_spurious;
	/**
	 * @faults_failed: of these, records of an access that cannot be; one or more for a killed
	 * queue
	 */
	__u64 faults_failed;
	/** @batches: batches of records served, each ended by a replay */
	__u64 batches;
	/** @runs: runs of neighbouring pages that the batches were merged into */
	__u64 runs;
	/**
	 * @retries: times that a run was started anew because the memory changed under it, or to
	 * find the bad page in it
	 */
	__u64 retries;
	/** @fault_ns: time spent serving batches */
	__u64 fault_ns;
	/**
	 * @pages_mapped: 4K pages entered into the GPU's page table by faults, those of 2M leaves
	 * included
	 */
	__u64 pages_mapped;
	/** @leaves_2m: of these, 2M leaves */
	__u64 leaves_2m;
	/** @pages_zapped: 4K pages taken out of it by invalidations */
	__u64 pages_zapped;
	/**
	 * @pages_dirtied: 4K pages that the GPU had written, told to the kernel when they were
	 * zapped
	 */
	__u64 pages_dirtied;
	/** @invalidations: invalidations received from the kernel */
	__u64 invalidations;
	/** @intervals_created: intervals made by a fault where there was none */
	__u64 intervals_created;
	/** @intervals_extended: intervals grown or merged, because their VMA had grown */
	__u64 intervals_extended;
	/** @intervals_shrunk: intervals cut at one end or both by a deferred update */
	__u64 intervals_shrunk;
	/** @intervals_split: intervals that a deferred update made several of */
	__u64 intervals_split;
	/** @intervals_removed: intervals removed by a deferred update, their VMA being gone */
	__u64 intervals_removed;
	/** @deferred_updates: deferred updates done */
	__u64 deferred_updates;
	/** @intervals: intervals now */
	__u64 intervals;
	/** @interval_bytes: memory of the intervals now */
	__u64 interval_bytes;
	/** @pt_bytes: memory of the page tables now */
	__u64 pt_bytes;
	/** @pages: 4K pages of the process mapped on the GPU now */
	__u64 pages;
	/** @bo_bytes: bytes of BOs bound now */
	__u64 bo_bytes;
	/** @queues: queues now */
	__u64 queues;
	/**
	 * @faults_waited: of the records received, those of an access that has to wait for the
	 * process: for the answer of a userfaultfd
	 */
	__u64 faults_waited;
	/** @waits: such waits begun */
	__u64 waits;
	/** @waits_now: such waits now */
	__u64 waits_now;
	/** @prefetched: 4K pages that prefetches asked for and found, or made, mapped */
	__u64 prefetched;
	/** @pages_2m: of the 4K pages mapped now, those of 2M leaves */
	__u64 pages_2m;
	/** @pages_to_vram: 4K pages that faults and prefetches have moved to VRAM, or made there */
	__u64 pages_to_vram;
	/** @pages_to_system: 4K pages that prefetches have moved back */
	__u64 pages_to_system;
	/** @pages_faulted: 4K pages that came back because a CPU touched one of them */
	__u64 pages_faulted;
	/** @pages_evicted: 4K pages that came back to make room in VRAM */
	__u64 pages_evicted;
	/** @vram_pages: 4K pages of the process that are in VRAM now by this VM */
	__u64 vram_pages;
	/** @vram_bytes: VRAM that they take, and @bo_blocks */
	__u64 vram_bytes;
	/**
	 * @kept_kind: 4K pages asked for that were mapped where they are instead of moved to VRAM,
	 * because their mapping is of a kind that stays: of a file, hugetlb, locked, watched by
	 * userfaultfd
	 */
	__u64 kept_kind;
	/**
	 * @kept_busy: the same, because the page is of the page cache, shared by KSM, or in use;
	 * or because another process may have it, or another device has it by advice or pinned,
	 * where nobody has asked for it to be moved
	 */
	__u64 kept_busy;
	/** @kept_full: the same, because there was no VRAM to be had */
	__u64 kept_full;
	/**
	 * @kept_thrashing: the same, because the memory had come and gone too often in a short time
	 */
	__u64 kept_thrashing;
	/** @pages_exclusive: 4K pages taken from CPUs for an atomic access */
	__u64 pages_exclusive;
	/** @atomics_moved: times that memory was moved to VRAM for an atomic access */
	__u64 atomics_moved;
	/** @pages_pinned: 4K pages that are in VRAM and need not make room, now */
	__u64 pages_pinned;
	/** @pins_refused: 4K pages that were to be pinned, and too much was */
	__u64 pins_refused;
	/** @duplicated: 4K pages that were copied to VRAM for reading */
	__u64 duplicated;
	/** @duplicates: such copies that there are now */
	__u64 duplicates;
	/**
	 * @duplicates_refused: 4K pages that were to be copied so, and could not be: they could
	 * change unheard, or there was no VRAM for it
	 */
	__u64 duplicates_refused;
	/**
	 * @pages_split: of @pages_to_vram, those that were a part of a CPU's page of 2M and that
	 * went one by one: because the range is to have 4K pages, because not all of it was to go,
	 * because there were no 2M of VRAM to be had, or because VRAM is coherent
	 * (%DRM_VSVM_DEV_VRAM_COHERENT)
	 */
	__u64 pages_split;
	/**
	 * @pages_ahead: of @pages_to_vram, those that moved with others though nobody had asked for
	 * them; not those of a page of 2M that moved as one
	 */
	__u64 pages_ahead;
	/**
	 * @pages_ahead_used: of these, those that the GPU has used since. Of a page that is mapped
	 * this is known when its mapping goes, or when VRAM has been short and it was looked who
	 * uses it
	 */
	__u64 pages_ahead_used;
	/**
	 * @counter_notices: notices of access counters that were looked at: 64K of memory not in
	 * its own VRAM that the GPU uses often
	 */
	__u64 counter_notices;
	/** @counter_early: of these, those of memory that has been away and has to wait longer */
	__u64 counter_early;
	/** @counter_pages: of @pages_to_vram, those that moved because of such a notice */
	__u64 counter_pages;
	/**
	 * @atomic_turns: times that an exclusive page was kept from CPUs until the GPU's atomics
	 * had been done, because they had taken it from each other too often
	 */
	__u64 atomic_turns;
	/** @bo_blocks: blocks of BOs, 2 MiB each, that this VM has brought to VRAM, there now */
	__u64 bo_blocks;
	/** @bo_blocks_evicted: such blocks that went to system memory to make room in VRAM */
	__u64 bo_blocks_evicted;
	/** @pages_from_peer: of @pages_to_vram, those that were in VRAM of another device */
	__u64 pages_from_peer;
	/** @pages_peer: of @pages_mapped, those that are in VRAM of another device */
	__u64 pages_peer;
	/**
	 * @peer_refused: 4K pages that came back to system memory because they were in VRAM of
	 * another device, which %DRM_VSVM_PEER_REFUSE does not let the GPU reach
	 */
	__u64 peer_refused;
};

/** DRM_VSVM_INTERVAL_DEFERRED - interval: a deferred update is due */
#define DRM_VSVM_INTERVAL_DEFERRED	(1 << 0)

/**
 * struct drm_vsvm_interval - one element of %DRM_VSVM_VM_QUERY_INTERVALS
 */
struct drm_vsvm_interval {
	/** @start: first byte */
	__u64 start;
	/** @end: one past the last byte */
	__u64 end;
	/** @invalidations: invalidations that this interval has seen */
	__u64 invalidations;
	/** @flags: DRM_VSVM_INTERVAL_* */
	__u32 flags;
	/** @pad: zero */
	__u32 pad;
};

/**
 * struct drm_vsvm_vm_sync - argument of %DRM_IOCTL_VSVM_VM_SYNC
 *
 * The barrier for deferred work: when it returns, the intervals and page tables reflect every
 * munmap, mremap and the like that had returned before the call.
 *
 * Errors: -EINVAL for a VM without SVM; -EINTR.
 */
struct drm_vsvm_vm_sync {
	/** @vm_id: VM */
	__u32 vm_id;
	/** @flags: must be zero */
	__u32 flags;
};

/** DRM_VSVM_REGISTER_REMOVE - vm_register: undo an earlier registration of exactly this range */
#define DRM_VSVM_REGISTER_REMOVE	(1 << 0)

/**
 * struct drm_vsvm_vm_register - argument of %DRM_IOCTL_VSVM_VM_REGISTER
 *
 * Registers a range of addresses, whatever is mapped there now or later, in a VM made with
 * %DRM_VSVM_INTERVAL_POLICY_REGISTERED. When a removal returns, nothing of the range is mapped on
 * the GPU, and its attributes are the defaults again.
 *
 * Errors: -EINVAL for a VM with another policy, or a range that is empty, not page aligned, not
 * within the address space, or overlaps the range for BOs; -EEXIST if it overlaps another one;
 * -ENOENT if there is none to be removed.
 */
struct drm_vsvm_vm_register {
	/** @vm_id: VM */
	__u32 vm_id;
	/** @flags: DRM_VSVM_REGISTER_* */
	__u32 flags;
	/** @addr: first byte, page aligned */
	__u64 addr;
	/** @size: bytes, page aligned */
	__u64 size;
};

/** DRM_VSVM_PREFETCH_WRITE - vm_prefetch: make the memory writable for the GPU */
#define DRM_VSVM_PREFETCH_WRITE		(1 << 0)
/** DRM_VSVM_PREFETCH_ASYNC - vm_prefetch: return at once, and write the fence when done */
#define DRM_VSVM_PREFETCH_ASYNC		(1 << 1)
/** DRM_VSVM_PREFETCH_TO_VRAM - vm_prefetch: move the memory to VRAM, as far as it can be */
#define DRM_VSVM_PREFETCH_TO_VRAM	(1 << 2)
/** DRM_VSVM_PREFETCH_TO_SYSTEM - vm_prefetch: move the memory back to the system */
#define DRM_VSVM_PREFETCH_TO_SYSTEM	(1 << 3)

/**
 * struct drm_vsvm_range - one element of %DRM_IOCTL_VSVM_VM_PREFETCH
 */
struct drm_vsvm_range {
	/** @addr: first byte, page aligned */
	__u64 addr;
	/** @size: bytes, page aligned, not zero */
	__u64 size;
};

/**
 * struct drm_vsvm_vm_prefetch - argument of %DRM_IOCTL_VSVM_VM_PREFETCH
 *
 * Maps memory of the process on the GPU before it is used: no access to it faults afterwards, until
 * the memory changes. Memory that is not there yet is allocated, read from its file, or waited for.
 *
 * An asynchronous prefetch goes as far as it can, and has no other effect if it fails: what it did
 * not map faults, and that fault says why. It ends early, and writes its fence, when the VM goes.
 *
 * Memory that cannot be moved to VRAM, or for which there is no room, is mapped where it is. Where
 * the flags name no location, it stays where it is, unless %DRM_VSVM_ATTR_LOCATION says where it is
 * to be.
 *
 * Errors: -EINVAL for a VM without SVM, both locations at once, a range that is not page aligned,
 * empty, or overlaps the range for BOs, or a fence without ASYNC, misaligned or missing with it;
 * -EFAULT if the GPU could not access the memory, and then @done tells where, -EBUSY if it kept
 * changing, -EINTR, and @done tells how far it got, -ENOENT if the VM is destroyed meanwhile.
 */
struct drm_vsvm_vm_prefetch {
	/** @vm_id: VM */
	__u32 vm_id;
	/** @flags: DRM_VSVM_PREFETCH_* */
	__u32 flags;
	/** @ranges: array of &struct drm_vsvm_range */
	struct drm_vsvm_array ranges;
	/** @done: out, but for ASYNC: bytes of the ranges, one after the other, that are mapped */
	__u64 done;
	/**
	 * @fence_addr: ASYNC: address in the process of a 64-bit word, multiple of 8, that gets
	 * @fence_value; see %DRM_IOCTL_VSVM_WAIT_USER_FENCE. Else 0
	 */
	__u64 fence_addr;
	/** @fence_value: value to write */
	__u64 fence_value;
};

/** enum drm_vsvm_attr_type - attributes that ranges of a VM have */
enum drm_vsvm_attr_type {
	/** @DRM_VSVM_ATTR_PAGE_SIZE: &enum drm_vsvm_page_size */
	DRM_VSVM_ATTR_PAGE_SIZE = 0,
	/** @DRM_VSVM_ATTR_LOCATION: &enum drm_vsvm_location */
	DRM_VSVM_ATTR_LOCATION = 1,
	/**
	 * @DRM_VSVM_ATTR_GRANULARITY: log2 of the bytes that move together, 12..21, or 0: to VRAM
	 * what the CPU has of 64K, and of more, up to 2M, once more than half of that is there or
	 * asked for, or at once if the 2M before or behind it have moved and the GPU has gone
	 * through them; back 64K; and what is one page of 2M as one
	 */
	DRM_VSVM_ATTR_GRANULARITY = 2,
	/**
	 * @DRM_VSVM_ATTR_ACCESSED_BY: 0 or 1: the GPU uses the memory where it is. A page fault
	 * does not move it, wherever it is to be otherwise; a prefetch that says where to does, and
	 * so does an atomic access by %DRM_VSVM_ATOMIC_MIGRATE
	 */
	DRM_VSVM_ATTR_ACCESSED_BY = 3,
	/**
	 * @DRM_VSVM_ATTR_READ_MOSTLY: 0 or 1: where the GPU reads, it gets a copy of the page in
	 * VRAM, and the CPU keeps its own. Only of memory that cannot be written without the
	 * driver's hearing of it: that of a memfd sealed by F_SEAL_WRITE, mapped shared or private.
	 * Elsewhere, and where there is no VRAM, memory is used as if this were 0, which
	 * &drm_vsvm_vm_stats.duplicates_refused counts. Copies do not make room for other memory,
	 * and so count for the limit of @DRM_VSVM_ATTR_PINNED
	 */
	DRM_VSVM_ATTR_READ_MOSTLY = 4,
	/** @DRM_VSVM_ATTR_ATOMIC: &enum drm_vsvm_atomic */
	DRM_VSVM_ATTR_ATOMIC = 5,
	/**
	 * @DRM_VSVM_ATTR_PINNED: 0 or 1: what of the memory is in VRAM of the VM's device, or comes
	 * there, does not have to make room for other memory. An access by a CPU moves it back all
	 * the same, as does one by another device that is to have it in its VRAM. No
	 * more than half of VRAM, and half of &drm_vsvm_vm_create.vram_limit, can be pinned; what
	 * is beyond that is as if this were 0, and counted as &drm_vsvm_vm_stats.pins_refused
	 */
	DRM_VSVM_ATTR_PINNED = 6,
	/** @DRM_VSVM_ATTR_PEER: &enum drm_vsvm_peer */
	DRM_VSVM_ATTR_PEER = 7,
};

/**
 * enum drm_vsvm_peer - what the GPU does with memory in VRAM of another device of the module
 *
 * CPUs see the same bytes with each.
 */
enum drm_vsvm_peer {
	/**
	 * @DRM_VSVM_PEER_DEFAULT: where the memory is to be in VRAM (%DRM_VSVM_ATTR_LOCATION, or a
	 * prefetch) a page fault moves it to the GPU's own, from device to device; else the GPU
	 * maps it where it is, and it moves when the GPU uses it often
	 * (&drm_vsvm_vm_create.counter_threshold), unless it is there because an attribute or the
	 * VM of that device wants it there, or something of the same chunk of 2 MiB is pinned
	 */
	DRM_VSVM_PEER_DEFAULT = 0,
	/**
	 * @DRM_VSVM_PEER_MAP: the GPU maps it where it is; only a prefetch to VRAM, and an atomic
	 * access by %DRM_VSVM_ATOMIC_MIGRATE, move it. For memory that several GPUs use, which
	 * would go to and fro otherwise
	 */
	DRM_VSVM_PEER_MAP = 1,
	/**
	 * @DRM_VSVM_PEER_REFUSE: the GPU cannot reach it, neither to use it nor to copy it: it
	 * comes back to system memory first, and goes to the GPU's own VRAM from there, if that is
	 * where it is to be. For hardware without a link between devices
	 */
	DRM_VSVM_PEER_REFUSE = 2,
};

/**
 * enum drm_vsvm_atomic - how memory can be used with atomics, by the GPU and CPUs at once
 *
 * It is for hardware of each kind. By all of them no update is lost, neither the GPU's nor a CPU's.
 * In the GPU's own VRAM, which no CPU can reach, its atomics need nothing else. VRAM of another
 * device is like system memory to it, but that by @DRM_VSVM_ATOMIC_EXCLUSIVE the page comes back
 * first.
 */
enum drm_vsvm_atomic {
	/** @DRM_VSVM_ATOMIC_DIRECT: by atomics of the bus: the GPU's act on memory where it is */
	DRM_VSVM_ATOMIC_DIRECT = 0,
	/**
	 * @DRM_VSVM_ATOMIC_EXCLUSIVE: an atomic access in system memory takes the page, 4K, out of
	 * the reach of CPUs first; a CPU that touches it takes it back, but 8 times at most before
	 * the atomic is done. Only private memory can be
	 * taken: where it is shared, hugetlb, or watched by userfaultfd an atomic access is
	 * %VSVM_ERROR_UNSUPPORTED, and where pages are to be 2M %VSVM_ERROR_PAGE_SIZE
	 */
	DRM_VSVM_ATOMIC_EXCLUSIVE = 1,
	/**
	 * @DRM_VSVM_ATOMIC_MIGRATE: an atomic access moves the memory to VRAM first. Where it
	 * cannot be moved (shared, page cache, hugetlb, locked, watched by userfaultfd, pinned for
	 * DMA, a device without VRAM) it is %VSVM_ERROR_UNSUPPORTED, and if there is no VRAM to be
	 * had %VSVM_ERROR_NOMEM
	 */
	DRM_VSVM_ATOMIC_MIGRATE = 2,
};

/** enum drm_vsvm_page_size - sizes of the GPU's pages in a range */
enum drm_vsvm_page_size {
	/** @DRM_VSVM_PAGE_SIZE_AUTO: 2M where the CPU's memory is so, 4K elsewhere */
	DRM_VSVM_PAGE_SIZE_AUTO = 0,
	/** @DRM_VSVM_PAGE_SIZE_4K: 4K only */
	DRM_VSVM_PAGE_SIZE_4K = 1,
	/**
	 * @DRM_VSVM_PAGE_SIZE_2M: 2M only. Where the memory is not so, an access is
	 * %VSVM_ERROR_PAGE_SIZE and maps nothing
	 */
	DRM_VSVM_PAGE_SIZE_2M = 2,
};

/** DRM_VSVM_ATTR_QUERY - vm_attr: tell what the attributes are */
#define DRM_VSVM_ATTR_QUERY		(1 << 0)

/**
 * struct drm_vsvm_attr_op - one element of %DRM_IOCTL_VSVM_VM_ATTR
 */
struct drm_vsvm_attr_op {
	/** @addr: first byte, page aligned */
	__u64 addr;
	/**
	 * @size: bytes, page aligned, not zero; out, with QUERY: those of them, from the first on,
	 * that @value is true of
	 */
	__u64 size;
	/** @type: &enum drm_vsvm_attr_type */
	__u32 type;
	/** @value: what it is to be; out, with QUERY: what it is */
	__u32 value;
};

/**
 * struct drm_vsvm_vm_attr - argument of %DRM_IOCTL_VSVM_VM_ATTR
 *
 * Sets attributes of ranges of addresses, one after the other. A range begins with the defaults,
 * which are all 0. Attributes are of the memory that is mapped there: they go with it when it is
 * unmapped. Where one changes, the GPU's mappings are taken away, for the next fault to make anew,
 * if they could differ.
 * If an element is refused, those before it stay done and @ops.count is set to its index.
 *
 * With %DRM_VSVM_ATTR_QUERY nothing is set: the elements are filled in. What is not mapped, or has
 * had no attribute set, has the defaults.
 *
 * Errors: -EINVAL for a VM without SVM, an attribute or value that is none, or a range that is not
 * page aligned, empty, or overlaps the range for BOs; -ENOENT for a range of which a part is not
 * mapped; -EINTR.
 */
struct drm_vsvm_vm_attr {
	/** @vm_id: VM */
	__u32 vm_id;
	/** @flags: DRM_VSVM_ATTR_QUERY or 0 */
	__u32 flags;
	/** @ops: array of &struct drm_vsvm_attr_op */
	struct drm_vsvm_array ops;
};

/**
 * DRM_VSVM_BO_VRAM - bo_create: the BO is to be in VRAM while a GPU uses it
 *
 * The part of it that a GPU accesses goes there, 2 MiB at a time, and makes room for others when it
 * was used longest ago. CPUs that have it mapped reach it in either place. Without VRAM, or when
 * there is none to be had, it is in system memory. Exporting it as a dma-buf brings it there for
 * good. When the device is removed, what was in VRAM comes to system memory; if there is no room
 * for that, an access by a CPU is SIGBUS.
 */
#define DRM_VSVM_BO_VRAM		(1 << 0)

/**
 * struct drm_vsvm_bo_create - argument of %DRM_IOCTL_VSVM_BO_CREATE
 *
 * Memory of the BO is zeroed. Without %DRM_VSVM_BO_VRAM it is shmem, there from the first time that
 * it is bound or mapped on.
 *
 * Errors: -EINVAL for size 0 or more than there is RAM, -ENOMEM, -ENOSPC when the device has no
 * offset for mmap() left.
 */
struct drm_vsvm_bo_create {
	/** @size: in: bytes wanted; out: bytes given, rounded up to whole pages */
	__u64 size;
	/** @flags: DRM_VSVM_BO_* */
	__u32 flags;
	/** @handle: out: GEM handle */
	__u32 handle;
};

/**
 * struct drm_vsvm_bo_mmap_offset - argument of %DRM_IOCTL_VSVM_BO_MMAP_OFFSET
 *
 * Errors: -ENOENT for a handle that is none, -EINVAL for an imported buffer.
 */
struct drm_vsvm_bo_mmap_offset {
	/** @handle: GEM handle */
	__u32 handle;
	/** @pad: must be zero */
	__u32 pad;
	/** @offset: out: offset for mmap() on the DRM file */
	__u64 offset;
};

/** DRM_VSVM_ENGINE_ANY - queue_create: let the driver choose the engine, in turn */
#define DRM_VSVM_ENGINE_ANY		(~0U)

/**
 * struct drm_vsvm_queue_create - argument of %DRM_IOCTL_VSVM_QUEUE_CREATE
 *
 * Errors: -EINVAL for an engine that is none; -ENOSPC when the file has max_queues already.
 */
struct drm_vsvm_queue_create {
	/** @vm_id: VM that the queue runs in */
	__u32 vm_id;
	/** @flags: must be zero */
	__u32 flags;
	/** @engine: in: engine or %DRM_VSVM_ENGINE_ANY; out: the engine chosen */
	__u32 engine;
	/** @queue_id: out: number of the queue in this file, from 1 on */
	__u32 queue_id;
	/**
	 * @timeout_ns: longest engine time of one packet, time spent waiting for page faults not
	 * counted; longer kills the queue with %VSVM_ERROR_TIMEOUT; 0: the module's default
	 * (parameter job_timeout_ms); ~0: none
	 */
	__u64 timeout_ns;
};

/**
 * struct drm_vsvm_queue_destroy - argument of %DRM_IOCTL_VSVM_QUEUE_DESTROY
 *
 * Work that has not completed is dropped where it is; its fences are not written.
 */
struct drm_vsvm_queue_destroy {
	/** @queue_id: queue */
	__u32 queue_id;
	/** @pad: must be zero */
	__u32 pad;
};

/**
 * struct drm_vsvm_queue_query - argument of %DRM_IOCTL_VSVM_QUEUE_QUERY: state, and the fault
 * report of a killed queue
 */
struct drm_vsvm_queue_query {
	/** @queue_id: queue */
	__u32 queue_id;
	/** @engine: out: engine that runs it */
	__u32 engine;
	/** @submitted: out: streams submitted */
	__u64 submitted;
	/** @completed: out: streams completed */
	__u64 completed;
	/** @error: out: &enum vsvm_error, %VSVM_ERROR_NONE while the queue lives */
	__u32 error;
	/** @access: out: &enum vsvm_access, if @error is about an access to memory */
	__u32 access;
	/** @addr: out: address that @error is about; of an access, exact to the byte */
	__u64 addr;
	/** @time_ns: out: when the error was found, CLOCK_MONOTONIC */
	__u64 time_ns;
	/**
	 * @wave: out: wave in its dispatch that met the error, modulo 2^32; ~0 if it was none
	 */
	__u32 wave;
	/** @parked: out: waves waiting for page faults to be served */
	__u32 parked;
};

/**
 * struct drm_vsvm_exec_stream - one command stream of %DRM_IOCTL_VSVM_EXEC
 */
struct drm_vsvm_exec_stream {
	/** @addr: GPU address of the first packet, multiple of 8 */
	__u64 addr;
	/** @size: bytes, multiple of 8; 0: only the fence */
	__u64 size;
	/**
	 * @fence_addr: GPU address of a 64-bit word, multiple of 8, that gets @fence_value when all
	 * packets of the stream are done and visible; 0: none
	 */
	__u64 fence_addr;
	/** @fence_value: value to write */
	__u64 fence_value;
};

/** DRM_VSVM_EXEC_NONBLOCK - exec: fail with -EAGAIN instead of waiting for room in the queue */
#define DRM_VSVM_EXEC_NONBLOCK		(1 << 0)

/**
 * struct drm_vsvm_exec - argument of %DRM_IOCTL_VSVM_EXEC
 *
 * Submits streams to a queue, in order. Either all are accepted or none. Memory is not looked at
 * here: a bad address becomes a killed queue.
 *
 * Errors: -EINVAL for no stream, more than queue_depth streams, addresses or sizes that are not
 * aligned; -EIO for a queue that was killed, -ENOENT for one that is destroyed while the call
 * waits; -EAGAIN; -EINTR.
 */
struct drm_vsvm_exec {
	/** @queue_id: queue */
	__u32 queue_id;
	/** @flags: DRM_VSVM_EXEC_* */
	__u32 flags;
	/** @streams: array of &struct drm_vsvm_exec_stream */
	struct drm_vsvm_array streams;
};

/** enum drm_vsvm_wait_op - conditions of a wait; unsigned, under the mask */
enum drm_vsvm_wait_op {
	/** @DRM_VSVM_WAIT_EQ: memory == value */
	DRM_VSVM_WAIT_EQ = 0,
	/** @DRM_VSVM_WAIT_NE: memory != value */
	DRM_VSVM_WAIT_NE = 1,
	/** @DRM_VSVM_WAIT_GE: memory >= value */
	DRM_VSVM_WAIT_GE = 2,
	/** @DRM_VSVM_WAIT_GT: memory > value */
	DRM_VSVM_WAIT_GT = 3,
	/** @DRM_VSVM_WAIT_LE: memory <= value */
	DRM_VSVM_WAIT_LE = 4,
	/** @DRM_VSVM_WAIT_LT: memory < value */
	DRM_VSVM_WAIT_LT = 5,
};

/**
 * struct drm_vsvm_wait_user_fence - argument of %DRM_IOCTL_VSVM_WAIT_USER_FENCE
 *
 * Waits until (memory & @mask) and (@value & @mask) satisfy the condition. The word is read as the
 * caller's CPU would read it; for a BO it must be mapped (mmap). It is looked at again whenever a
 * fence was written or a stream ended on this device: a value that the CPU writes, or that a
 * program stores, is noticed at the next such moment.
 *
 * Errors: -ETIME when the time is over; if the condition is not met, -EIO when @queue_id was killed
 * and -ENOENT when it is destroyed during the wait; -EINVAL for a misaligned address; -EFAULT;
 * -EINTR.
 */
struct drm_vsvm_wait_user_fence {
	/** @addr: CPU address of a 64-bit word, multiple of 8 */
	__u64 addr;
	/** @value: right-hand side */
	__u64 value;
	/** @mask: bits that count; ~0 for all */
	__u64 mask;
	/** @op: &enum drm_vsvm_wait_op */
	__u32 op;
	/** @flags: must be zero */
	__u32 flags;
	/** @queue_id: queue whose death ends the wait, 0: none */
	__u32 queue_id;
	/** @pad: must be zero */
	__u32 pad;
	/**
	 * @timeout_ns: moment at which to give up, CLOCK_MONOTONIC; one in the past only looks; the
	 * largest value waits for ever
	 */
	__s64 timeout_ns;
};

/** DRM_IOCTL_VSVM_DEV_QUERY - ask the device; &struct drm_vsvm_dev_query */
#define DRM_IOCTL_VSVM_DEV_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSVM_DEV_QUERY, struct drm_vsvm_dev_query)
/** DRM_IOCTL_VSVM_VM_CREATE - make a VM; &struct drm_vsvm_vm_create */
#define DRM_IOCTL_VSVM_VM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSVM_VM_CREATE, struct drm_vsvm_vm_create)
/** DRM_IOCTL_VSVM_VM_DESTROY - destroy a VM; &struct drm_vsvm_vm_destroy */
#define DRM_IOCTL_VSVM_VM_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VSVM_VM_DESTROY, struct drm_vsvm_vm_destroy)
/** DRM_IOCTL_VSVM_VM_BIND - bind and unbind BOs; &struct drm_vsvm_vm_bind */
#define DRM_IOCTL_VSVM_VM_BIND \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSVM_VM_BIND, struct drm_vsvm_vm_bind)
/** DRM_IOCTL_VSVM_VM_QUERY - ask a VM; &struct drm_vsvm_vm_query */
#define DRM_IOCTL_VSVM_VM_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSVM_VM_QUERY, struct drm_vsvm_vm_query)
/** DRM_IOCTL_VSVM_VM_SYNC - wait for deferred updates; &struct drm_vsvm_vm_sync */
#define DRM_IOCTL_VSVM_VM_SYNC \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VSVM_VM_SYNC, struct drm_vsvm_vm_sync)
/** DRM_IOCTL_VSVM_BO_CREATE - make a BO; &struct drm_vsvm_bo_create */
#define DRM_IOCTL_VSVM_BO_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSVM_BO_CREATE, struct drm_vsvm_bo_create)
/** DRM_IOCTL_VSVM_BO_MMAP_OFFSET - where to mmap a BO; &struct drm_vsvm_bo_mmap_offset */
#define DRM_IOCTL_VSVM_BO_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSVM_BO_MMAP_OFFSET, struct drm_vsvm_bo_mmap_offset)
/** DRM_IOCTL_VSVM_QUEUE_CREATE - make a queue; &struct drm_vsvm_queue_create */
#define DRM_IOCTL_VSVM_QUEUE_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSVM_QUEUE_CREATE, struct drm_vsvm_queue_create)
/** DRM_IOCTL_VSVM_QUEUE_DESTROY - destroy a queue; &struct drm_vsvm_queue_destroy */
#define DRM_IOCTL_VSVM_QUEUE_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VSVM_QUEUE_DESTROY, struct drm_vsvm_queue_destroy)
/** DRM_IOCTL_VSVM_QUEUE_QUERY - ask a queue; &struct drm_vsvm_queue_query */
#define DRM_IOCTL_VSVM_QUEUE_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSVM_QUEUE_QUERY, struct drm_vsvm_queue_query)
/** DRM_IOCTL_VSVM_EXEC - submit command streams; &struct drm_vsvm_exec */
#define DRM_IOCTL_VSVM_EXEC \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VSVM_EXEC, struct drm_vsvm_exec)
/** DRM_IOCTL_VSVM_WAIT_USER_FENCE - wait for a value in memory; &struct drm_vsvm_wait_user_fence */
#define DRM_IOCTL_VSVM_WAIT_USER_FENCE \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VSVM_WAIT_USER_FENCE, struct drm_vsvm_wait_user_fence)
/** DRM_IOCTL_VSVM_VM_REGISTER - register a range; &struct drm_vsvm_vm_register */
#define DRM_IOCTL_VSVM_VM_REGISTER \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VSVM_VM_REGISTER, struct drm_vsvm_vm_register)
/** DRM_IOCTL_VSVM_VM_PREFETCH - map memory before it is used; &struct drm_vsvm_vm_prefetch */
#define DRM_IOCTL_VSVM_VM_PREFETCH \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSVM_VM_PREFETCH, struct drm_vsvm_vm_prefetch)
/** DRM_IOCTL_VSVM_VM_ATTR - set attributes of ranges; &struct drm_vsvm_vm_attr */
#define DRM_IOCTL_VSVM_VM_ATTR \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSVM_VM_ATTR, struct drm_vsvm_vm_attr)

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_VSVM_DRM_H_ */
