/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_HOLD_H_
#define _VSVM_HOLD_H_

#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/vsvm_hw.h>

struct vsvm_device;

/**
 * enum vsvm_hold_point - places of the driver at which a test can stop whoever passes
 *
 * Those of the hardware, &enum vsvm_hw_hold, come before them in the same numbering.
 */
enum vsvm_hold_point {
	/** @VSVM_HOLD_FAULT_BATCH: "fault-batch": records were taken, and not looked at yet */
	VSVM_HOLD_FAULT_BATCH = VSVM_HW_NUM_HOLDS,
	/**
	 * @VSVM_HOLD_FAULT_VMA: "fault-vma": the VMA is good and the interval there; HMM has not
	 * been asked. With mmap_lock held for reading
	 */
	VSVM_HOLD_FAULT_VMA,
	/**
	 * @VSVM_HOLD_FAULT_PAGES: "fault-pages": HMM has given the pages, which the GPU's page
	 * table has not got yet; before pt->lock and mmu_interval_read_retry()
	 */
	VSVM_HOLD_FAULT_PAGES,
	/** @VSVM_HOLD_FAULT_MAPPED: "fault-mapped": a batch has been served; before the replay */
	VSVM_HOLD_FAULT_MAPPED,
	/**
	 * @VSVM_HOLD_FAULT_ERROR: "fault-error": an access cannot be; before the record is found
	 * stale, or the queue killed
	 */
	VSVM_HOLD_FAULT_ERROR,
	/**
	 * @VSVM_HOLD_FAULT_UNMAPPED: "fault-unmapped": nothing is mapped where the access was;
	 * before it is looked whether a stack may grow down to there
	 */
	VSVM_HOLD_FAULT_UNMAPPED,
	/**
	 * @VSVM_HOLD_FAULT_COVER: "fault-cover": the bounds of a VMA have been read and mmap_lock
	 * dropped; the interval for them is still to be made
	 */
	VSVM_HOLD_FAULT_COVER,
	/**
	 * @VSVM_HOLD_FAULT_COVERED: "fault-covered": it is there; before the VMA is looked up once
	 * more
	 */
	VSVM_HOLD_FAULT_COVERED,
	/**
	 * @VSVM_HOLD_FAULT_WAIT: "fault-wait": an access is to wait for the process, and nothing
	 * has been done about that yet
	 */
	VSVM_HOLD_FAULT_WAIT,
	/** @VSVM_HOLD_INTERVAL_LIVE: "interval-live": new notifiers hear; before the swap */
	VSVM_HOLD_INTERVAL_LIVE,
	/** @VSVM_HOLD_INTERVAL_SWAPPED: "interval-swapped": the old ones are still to be removed */
	VSVM_HOLD_INTERVAL_SWAPPED,
	/**
	 * @VSVM_HOLD_INVALIDATE: "invalidate": a notifier was called; before pt->lock. Passed by if
	 * the caller must not block, as the next one
	 */
	VSVM_HOLD_INVALIDATE,
	/**
	 * @VSVM_HOLD_INVALIDATED: "invalidated": the entries are gone and no engine has the pages;
	 * pt->lock has been dropped, but for the kernel the invalidation is still under way
	 */
	VSVM_HOLD_INVALIDATED,
	/** @VSVM_HOLD_UPDATE: "update": a deferred update is due and has not begun */
	VSVM_HOLD_UPDATE,
	/**
	 * @VSVM_HOLD_UPDATE_VMAS: "update-vmas": it has looked at the VMAs and dropped mmap_lock;
	 * before vsvm_interval_replace()
	 */
	VSVM_HOLD_UPDATE_VMAS,
	/** @VSVM_HOLD_UPDATE_RETRY: "update-retry": it found no memory; before it tries again */
	VSVM_HOLD_UPDATE_RETRY,
	/**
	 * @VSVM_HOLD_MIGRATE_PAGES: "migrate-pages": pages that are to go to VRAM have been taken
	 * and locked; before they are copied. With mmap_lock held for reading; if they are 2M as
	 * one of another device's VRAM, for writing
	 */
	VSVM_HOLD_MIGRATE_PAGES,
	/**
	 * @VSVM_HOLD_MIGRATE_DONE: "migrate-done": they are in VRAM, and nothing maps them yet.
	 * With mmap_lock held, as there
	 */
	VSVM_HOLD_MIGRATE_DONE,
	/**
	 * @VSVM_HOLD_CPU_FAULT: "cpu-fault": a CPU wants a page that this VM has brought to VRAM,
	 * which is locked; before it is taken. With mmap_lock held for reading
	 */
	VSVM_HOLD_CPU_FAULT,
	/**
	 * @VSVM_HOLD_EVICT_PAGES: "evict-pages": pages of this VM that are to make room have been
	 * taken and locked; before they are copied. With mmap_lock of a process that maps them held
	 * for reading; if they are 2M as one, for writing
	 */
	VSVM_HOLD_EVICT_PAGES,
	/**
	 * @VSVM_HOLD_EXCLUSIVE_PAGE: "exclusive-page": a page has been made exclusive for an atomic
	 * access, and is locked; before the GPU's page table has it. With mmap_lock held for
	 * reading
	 */
	VSVM_HOLD_EXCLUSIVE_PAGE,
	/**
	 * @VSVM_HOLD_DUP_PAGES: "duplicate-pages": pages have been copied to VRAM for reading;
	 * before the GPU's page table has the copies
	 */
	VSVM_HOLD_DUP_PAGES,
	/**
	 * @VSVM_HOLD_BO_PLACED: "bo-placed": a fault has a block of a BO where it is to be; before
	 * it is entered. With the BO's dma_resv and the VM's bind_lock held
	 */
	VSVM_HOLD_BO_PLACED,
	/**
	 * @VSVM_HOLD_BO_ZAPPED: "bo-zapped": a block of a BO is to move, and is in this VM's page
	 * table no more; before it is copied. With the BO's dma_resv held
	 */
	VSVM_HOLD_BO_ZAPPED,
	/**
	 * @VSVM_HOLD_BO_UNBIND: "bo-unbind": a mapping of a BO is to go, and is out of the page
	 * table; the BO still knows of it. With the VM's bind_lock held
	 */
	VSVM_HOLD_BO_UNBIND,
	/**
	 * @VSVM_HOLD_COUNTER: "counter-serve": an access counter has told of a region, which has
	 * not been looked at yet
	 */
	VSVM_HOLD_COUNTER,
	/** @VSVM_HOLD_QUEUE_STOP: "queue-stop": a queue is to go, and still runs */
	VSVM_HOLD_QUEUE_STOP,
	/** @VSVM_HOLD_VM_RELEASE: "vm-release": the last reference of a VM is gone */
	VSVM_HOLD_VM_RELEASE,
	/** @VSVM_NUM_HOLDS: how many there are, those of the hardware included */
	VSVM_NUM_HOLDS,
};

/**
 * struct vsvm_hold_pass - somebody waits for an engine to let go of a queue
 */
struct vsvm_hold_pass {
	/** @link: in the list of those that are under way */
	struct list_head link;
	/** @as: address space of the queue's VM */
	const struct vsvm_hw_as *as;
};

#ifdef CONFIG_DEBUG_FS

DECLARE_STATIC_KEY_FALSE(vsvm_hold_key);

void __vsvm_hold(const struct vsvm_hw_as *as, unsigned int point, u64 start, u64 end);

/**
 * vsvm_hold() - a hold point: stop here if a test wants so
 * @as: address space of the VM
 * @point: &enum vsvm_hold_point
 * @start: first byte that this is about
 * @end: one past the last byte; 0..U64_MAX if it is about no address
 *
 * Context: may sleep, see DOC: Hold points. Costs a no-op unless the module allows holding.
 */
static inline void vsvm_hold(const struct vsvm_hw_as *as, enum vsvm_hold_point point, u64 start,
			     u64 end)
{
	if (static_branch_unlikely(&vsvm_hold_key))
		__vsvm_hold(as, point, start, end);
}

/**
 * vsvm_hold_allowed() - was the module loaded with hold points?
 */
static inline bool vsvm_hold_allowed(void)
{
	return static_branch_unlikely(&vsvm_hold_key);
}

void vsvm_hold_module_init(void);
void vsvm_hw_held(struct vsvm_hw_as *as, enum vsvm_hw_hold point, u64 start, u64 end);
void vsvm_hold_pass_begin(struct vsvm_hold_pass *pass, const struct vsvm_hw_as *as);
void vsvm_hold_pass_end(struct vsvm_hold_pass *pass);
void vsvm_hold_close_vm(const struct vsvm_hw_as *as);
void vsvm_hold_disarm_vm(const struct vsvm_hw_as *as);
void vsvm_hold_unplug(struct vsvm_device *vdev);
void vsvm_hold_debugfs_init(struct vsvm_device *vdev);

#else

#define vsvm_hw_held	NULL

static inline void vsvm_hold(const struct vsvm_hw_as *as, enum vsvm_hold_point point, u64 start,
			     u64 end) {}
static inline bool vsvm_hold_allowed(void)
{
	return false;
}

static inline void vsvm_hold_module_init(void) {}
static inline void vsvm_hold_pass_begin(struct vsvm_hold_pass *pass, const struct vsvm_hw_as *as) {}
static inline void vsvm_hold_pass_end(struct vsvm_hold_pass *pass) {}
static inline void vsvm_hold_close_vm(const struct vsvm_hw_as *as) {}
static inline void vsvm_hold_disarm_vm(const struct vsvm_hw_as *as) {}
static inline void vsvm_hold_unplug(struct vsvm_device *vdev) {}

#endif

#endif
