/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The vsvm GPU as its driver sees it.
 */
#ifndef _LINUX_VSVM_HW_H_
#define _LINUX_VSVM_HW_H_

#include <linux/bits.h>
#include <linux/types.h>
#include <drm/vsvm_isa.h>

/**
 * DOC: Programming interface
 *
 * This is all that the driver and the virtual GPU know of each other. A PCI device would offer the
 * same as registers, rings and tables in memory; here they are calls, none of which knows of
 * processes, files or the kernel's memory management.
 *
 * The device has engines, address spaces and queues. An address space is the physical address of a
 * page table root. A queue runs command streams in one address space on one engine. An engine
 * interleaves all its queues, and the waves of each: whatever waits for a page fault is parked, and
 * the rest goes on.
 *
 * Page faults: an access that the page table does not allow puts a record in the fault ring, raises
 * %VSVM_HW_IRQ_FAULT, and parks. Nothing else happens until the driver either mends the table and
 * calls vsvm_hw_fault_replay(), upon which everything that is parked in that address space tries
 * its access again, or kills the queue with vsvm_hw_queue_cancel(). When the ring is full the
 * record is lost but the access parks all the same, and any later replay, of whatever address
 * space, lets it try, and so report, again. So the driver must replay at least once after it has
 * emptied the ring, and may drop records at will as long as it replays their address space.
 *
 * An access may be recorded more than once, and one access of a wave may record up to
 * %VSVM_WAVE_LANES pages, twice as many if each lies in two. A page that a queue has reported for
 * the same access, and that has not been answered by a replay since, is not recorded again for that
 * queue. Copies and fills record up to %VSVM_HW_FAULT_AHEAD pages of each side that they are going
 * to touch, marked so: what is bad there is an error when they come to it, which may never be.
 * %VSVM_ACCESS_PREFETCH records park nothing.
 *
 * Access counters: the device can count how often each region of memory that is not in its own
 * VRAM is used, and tells by records in a ring of their own, with %VSVM_HW_IRQ_COUNTER, of those
 * that are used much. They are a hint: nobody waits for an answer, and what does not fit into the
 * ring is lost.
 */

/**
 * DOC: Page tables
 *
 * Five levels of 512 entries of 64 bits, in pages of 4 KiB of system memory. Level 4 is the root,
 * indexed by bits 56..48 of the address; level 0 by bits 20..12. An entry is a leaf at level 0, and
 * at levels 1 (2 MiB) and 2 (1 GiB) if %VSVM_PTE_LEAF is set; otherwise its address is the next
 * table's. An entry without %VSVM_PTE_VALID is empty, whatever else it holds.
 *
 * The device sets %VSVM_PTE_ACCESSED and %VSVM_PTE_DIRTY in leaves, with a compare-and-exchange on
 * the whole entry, and only in an entry that is still valid and still maps the same address with
 * the same rights. It sets DIRTY before the first write through a cached translation. So the driver
 * takes an entry away with one exchange and holds every dirty bit there will ever be; a write that
 * it did not announce by then finds the entry gone and faults. The driver changes entries with
 * single 64-bit stores or exchanges (WRITE_ONCE, xchg, cmpxchg); it must not store plainly over a
 * valid entry whose DIRTY bit it wants to keep.
 */
/** VSVM_PTE_VALID - the entry is in use */
#define VSVM_PTE_VALID		BIT_ULL(0)
/** VSVM_PTE_WRITE - leaf: stores are allowed */
#define VSVM_PTE_WRITE		BIT_ULL(1)
/** VSVM_PTE_ATOMIC - leaf: atomics are allowed (WRITE must be set too) */
#define VSVM_PTE_ATOMIC		BIT_ULL(2)
/** VSVM_PTE_VRAM - leaf: the address is an offset into VRAM; system memory otherwise */
#define VSVM_PTE_VRAM		BIT_ULL(3)
/** VSVM_PTE_LEAF - level 1 or 2: this is a mapping, not a table; must be zero at other levels */
#define VSVM_PTE_LEAF		BIT_ULL(4)
/** VSVM_PTE_ACCESSED - leaf: set by the device when it caches the translation */
#define VSVM_PTE_ACCESSED	BIT_ULL(5)
/** VSVM_PTE_DIRTY - leaf: set by the device before its first write through the translation */
#define VSVM_PTE_DIRTY		BIT_ULL(6)
/**
 * VSVM_PTE_PEER - leaf with %VSVM_PTE_VRAM: whose VRAM it is: number of a peer, see
 * vsvm_hw_peer_connect(), or 0 for the device's own; zero in others, else %VSVM_ERROR_TABLE
 */
#define VSVM_PTE_PEER		GENMASK_ULL(10, 7)
/** VSVM_PTE_RESERVED - must be zero, else %VSVM_ERROR_TABLE */
#define VSVM_PTE_RESERVED	(BIT_ULL(11) | GENMASK_ULL(63, 57))
/** VSVM_PTE_ADDR - physical address or VRAM offset, aligned to what the entry maps */
#define VSVM_PTE_ADDR		GENMASK_ULL(56, 12)

/** VSVM_PT_LEVELS - levels of the table */
#define VSVM_PT_LEVELS		5
/** VSVM_PT_BITS - address bits that one level decodes */
#define VSVM_PT_BITS		9
/** VSVM_PT_ENTRIES - entries of one table */
#define VSVM_PT_ENTRIES		BIT(VSVM_PT_BITS)
/**
 * VSVM_PT_SHIFT() - where the index into a table begins in an address
 * @level: level of the table
 *
 * Return: lowest address bit that decides; an entry there spans 1 << VSVM_PT_SHIFT(level) bytes.
 */
#define VSVM_PT_SHIFT(level)	(12 + VSVM_PT_BITS * (level))
/** VSVM_PT_MAX_LEAF_LEVEL - highest level at which %VSVM_PTE_LEAF may be set */
#define VSVM_PT_MAX_LEAF_LEVEL	2

/** VSVM_HW_VRAM_BLOCK - bytes of VRAM that are taken and given back together */
#define VSVM_HW_VRAM_BLOCK	BIT_ULL(VSVM_PT_SHIFT(1))

/** VSVM_HW_COUNTER_REGION - bytes of an address space that are counted together, aligned */
#define VSVM_HW_COUNTER_REGION	BIT_ULL(16)

/** VSVM_HW_FAULT_AHEAD - pages that a copy or fill reports ahead, each side */
#define VSVM_HW_FAULT_AHEAD	64
/** VSVM_HW_MAX_ENGINES - upper limit of &vsvm_hw_config.num_engines */
#define VSVM_HW_MAX_ENGINES	64
/** VSVM_HW_MAX_PEERS - numbers of peers are 1 to this */
#define VSVM_HW_MAX_PEERS	15
/** VSVM_HW_QUEUE_DEPTH - streams that a queue holds, the running one included */
#define VSVM_HW_QUEUE_DEPTH	64

struct vsvm_hw;
struct vsvm_hw_as;
struct vsvm_hw_queue;

/** VSVM_HW_IRQ_FAULT - the fault ring has a record, or has lost one */
#define VSVM_HW_IRQ_FAULT	BIT(0)
/** VSVM_HW_IRQ_FENCE - a fence was written, or a stream ended */
#define VSVM_HW_IRQ_FENCE	BIT(1)
/** VSVM_HW_IRQ_ERROR - a queue was killed */
#define VSVM_HW_IRQ_ERROR	BIT(2)
/** VSVM_HW_IRQ_COUNTER - the ring of the access counters has a record */
#define VSVM_HW_IRQ_COUNTER	BIT(3)

/**
 * enum vsvm_hw_hold - places of the device at which a test can stop it
 *
 * What silicon has as breakpoints and single steps. The names are what the driver calls them.
 */
enum vsvm_hw_hold {
	/**
	 * @VSVM_HW_HOLD_TRANSLATE: "engine-translate": an engine is about to translate an address,
	 * not in a section yet. An instruction of a wave has as many addresses as lanes, and is
	 * said to be about all addresses
	 */
	VSVM_HW_HOLD_TRANSLATE,
	/**
	 * @VSVM_HW_HOLD_ACCESS: "engine-access": it has translated one, and is about to touch the
	 * memory; in the section
	 */
	VSVM_HW_HOLD_ACCESS,
	/**
	 * @VSVM_HW_HOLD_PARK: "engine-park": an access is parked and its records are in the ring;
	 * before the interrupt
	 */
	VSVM_HW_HOLD_PARK,
	/**
	 * @VSVM_HW_HOLD_REPLAY: "engine-replay": what was parked has been replayed, and is about to
	 * try again
	 */
	VSVM_HW_HOLD_REPLAY,
	/**
	 * @VSVM_HW_HOLD_TLB: "tlb-invalidate": the driver has changed the table and called
	 * vsvm_hw_tlb_invalidate(); the TLBs still have what it was before
	 */
	VSVM_HW_HOLD_TLB,
	/** @VSVM_HW_NUM_HOLDS: how many there are */
	VSVM_HW_NUM_HOLDS,
};

/**
 * struct vsvm_hw_config - how the device is built
 */
struct vsvm_hw_config {
	/** @num_engines: 1..%VSVM_HW_MAX_ENGINES */
	unsigned int num_engines;
	/** @fault_ring_size: records, a power of two, 2..65536 */
	unsigned int fault_ring_size;
	/** @counter_ring_size: records of the access counters, a power of two, 2..65536 */
	unsigned int counter_ring_size;
	/**
	 * @as_base: numbers of address spaces begin behind it, so that devices that have different
	 * ones do not call two the same for as long as they have made fewer than that
	 */
	u32 as_base;
	/** @vram_size: bytes of VRAM, a multiple of %VSVM_HW_VRAM_BLOCK; 0: none */
	u64 vram_size;
	/**
	 * @vram_base: where processors see all of VRAM, a physical address, multiple of
	 * %VSVM_HW_VRAM_BLOCK: memory that belongs to the device alone. 0: it takes memory of the
	 * host for each block as that is used
	 */
	phys_addr_t vram_base;
	/**
	 * @irq: called for an interrupt, with a mask of VSVM_HW_IRQ_*; from an engine's thread or
	 * from a caller of this interface, with no lock of the device held but possibly in atomic
	 * context: must not sleep
	 */
	void (*irq)(void *data, u32 status);
	/** @irq_data: first argument of @irq */
	void *irq_data;
	/**
	 * @hold: for tests: called at &enum vsvm_hw_hold with the addresses [start, end) that it is
	 * about, and takes its time. It may sleep but at %VSVM_HW_HOLD_ACCESS and
	 * %VSVM_HW_HOLD_TLB, which hold locks. NULL, as it should be, costs nothing
	 */
	void (*hold)(struct vsvm_hw_as *as, enum vsvm_hw_hold point, u64 start, u64 end);
};

/**
 * struct vsvm_hw_fault - a record of the fault ring
 */
struct vsvm_hw_fault {
	/** @addr: faulting address, exact to the byte */
	u64 addr;
	/** @time_ns: device clock, CLOCK_MONOTONIC */
	u64 time_ns;
	/**
	 * @replay: number of the last replay of the address space before it was recorded; once
	 * there is a later one, whoever put it tries again, and if in vain puts another
	 */
	u64 replay;
	/** @asid: vsvm_hw_as_id() of the address space */
	u32 asid;
	/** @queue: vsvm_hw_queue_id() of the queue */
	u32 queue;
	/**
	 * @wave: number of the wave in its dispatch, %VSVM_HW_WAVE_NONE if it was not a wave's
	 * access
	 */
	u32 wave;
	/** @engine: number of the engine */
	u16 engine;
	/** @access: &enum vsvm_access */
	u8 access;
	/** @ahead: nobody waits for this page yet: the driver may serve it or let it be */
	bool ahead;
};

/**
 * VSVM_HW_WAVE_NONE - &vsvm_hw_fault.wave of packet fetch, arguments, program fetch, copies, fills,
 * fences
 */
#define VSVM_HW_WAVE_NONE	U32_MAX

/**
 * struct vsvm_hw_stream - one command stream, as written into a queue's ring
 */
struct vsvm_hw_stream {
	/** @addr: first packet, multiple of 8 */
	u64 addr;
	/** @size: bytes, multiple of 8 */
	u64 size;
	/**
	 * @fence_addr: where to write @fence_value when all packets are done, with an interrupt;
	 * multiple of 8, 0: nowhere
	 */
	u64 fence_addr;
	/** @fence_value: value to write */
	u64 fence_value;
};

/**
 * struct vsvm_hw_queue_config - how a queue is built
 */
struct vsvm_hw_queue_config {
	/** @as: its address space; must outlive the queue */
	struct vsvm_hw_as *as;
	/** @engine: engine that runs it, 0..num_engines - 1 */
	unsigned int engine;
	/**
	 * @timeout_ns: longest engine time of one packet, not counting the time it is parked; 0: no
	 * limit
	 */
	u64 timeout_ns;
};

/**
 * struct vsvm_hw_queue_status - state of a queue at one moment
 */
struct vsvm_hw_queue_status {
	/** @submitted: streams accepted since the queue was created */
	u64 submitted;
	/** @completed: streams completed, the fence of each written */
	u64 completed;
	/** @addr: address that the error is about */
	u64 addr;
	/** @time_ns: when the error was found, CLOCK_MONOTONIC */
	u64 time_ns;
	/** @error: &enum vsvm_error, %VSVM_ERROR_NONE while the queue lives */
	u32 error;
	/** @access: &enum vsvm_access, for errors from page faults */
	u32 access;
	/** @wave: wave in its dispatch or %VSVM_HW_WAVE_NONE */
	u32 wave;
	/** @parked: waves (or the packet reader) that wait for a replay */
	u32 parked;
};

/**
 * struct vsvm_hw_stats - counters of one engine since the device was created; read without stopping
 * it
 */
struct vsvm_hw_stats {
	/** @busy_ns: time spent executing */
	u64 busy_ns;
	/** @packets: packets completed */
	u64 packets;
	/** @waves: waves completed */
	u64 waves;
	/** @insns: wave instructions executed */
	u64 insns;
	/** @bytes: bytes written by copies and fills */
	u64 bytes;
	/** @tlb_hits: translations found in the TLB */
	u64 tlb_hits;
	/** @tlb_misses: page walks */
	u64 tlb_misses;
	/** @faults: fault records put into the ring */
	u64 faults;
	/** @overflows: fault records lost because the ring was full */
	u64 overflows;
	/** @invalidations: TLB invalidations received */
	u64 invalidations;
	/** @counter_records: records of access counters put into their ring */
	u64 counter_records;
	/** @counter_overflows: the same, lost because the ring was full */
	u64 counter_overflows;
};

/**
 * struct vsvm_hw_counter_record - a region of memory elsewhere that an engine uses often
 */
struct vsvm_hw_counter_record {
	/** @addr: first byte, a multiple of %VSVM_HW_COUNTER_REGION */
	u64 addr;
	/** @time_ns: device clock, CLOCK_MONOTONIC */
	u64 time_ns;
	/** @asid: vsvm_hw_as_id() of the address space */
	u32 asid;
	/** @count: translations that the engine has counted there */
	u32 count;
	/** @engine: number of the engine */
	u16 engine;
	/** @wrote: some of them were for writing */
	bool wrote;
};

/** VSVM_HW_COPY_FROM_VRAM - copy: the source is an offset into VRAM; system memory otherwise */
#define VSVM_HW_COPY_FROM_VRAM	BIT(0)
/** VSVM_HW_COPY_TO_VRAM - copy: the same for the destination */
#define VSVM_HW_COPY_TO_VRAM	BIT(1)
/** VSVM_HW_COPY_CLEAR - copy: there is no source, the destination is filled with zeroes */
#define VSVM_HW_COPY_CLEAR	BIT(2)
/** VSVM_HW_COPY_PEER - copy: with FROM_VRAM: whose it is, as %VSVM_PTE_PEER has it */
#define VSVM_HW_COPY_PEER	GENMASK(7, 4)

/**
 * struct vsvm_hw_copy - a descriptor of the copy engine
 */
struct vsvm_hw_copy {
	/** @src: physical address or VRAM offset */
	u64 src;
	/** @dst: physical address or VRAM offset */
	u64 dst;
	/** @size: bytes; the memory is that long, on both sides */
	u64 size;
	/** @flags: VSVM_HW_COPY_* */
	u32 flags;
};

/**
 * struct vsvm_hw_copy_stats - counters of the copy engine since the device was created
 */
struct vsvm_hw_copy_stats {
	/** @jobs: lists of descriptors done */
	u64 jobs;
	/** @bytes: bytes written */
	u64 bytes;
};

/**
 * vsvm_hw_create() - build a device and start its engines
 * @config: copied
 *
 * Context: may sleep.
 * Return: the device, or ERR_PTR: -EINVAL for a bad @config, -ENOMEM, or what starting a thread
 * returns.
 */
struct vsvm_hw *vsvm_hw_create(const struct vsvm_hw_config *config);

/**
 * vsvm_hw_destroy() - stop the engines and free the device
 * @hw: device without address spaces and queues
 *
 * Context: may sleep.
 */
void vsvm_hw_destroy(struct vsvm_hw *hw);

/**
 * vsvm_hw_set_vectors() - choose how wide the vectors of the processor are that compute lanes
 * @level: 0, floating point alone, by those that each processor has; 1, integers too; 2, by AVX2;
 *         less where there is no more. Negative: whatever is fastest, by a measurement
 *
 * What is computed is the same.
 *
 * Context: may sleep; before there is a device.
 */
void vsvm_hw_set_vectors(int level);

/**
 * vsvm_hw_features() - what the instruction set of this device has
 * @hw: device
 *
 * Context: any.
 * Return: mask of VSVM_FEATURE_*.
 */
u32 vsvm_hw_features(struct vsvm_hw *hw);

/**
 * vsvm_hw_stats() - read an engine's counters
 * @hw: device
 * @engine: 0..num_engines - 1
 * @stats: filled in
 *
 * Context: any.
 */
void vsvm_hw_stats(struct vsvm_hw *hw, unsigned int engine, struct vsvm_hw_stats *stats);

/**
 * vsvm_hw_vram_size() - how much VRAM is there?
 * @hw: device
 *
 * Context: any.
 * Return: bytes, a multiple of %VSVM_HW_VRAM_BLOCK.
 */
u64 vsvm_hw_vram_size(struct vsvm_hw *hw);

/**
 * vsvm_hw_vram_used() - how much of it has been taken?
 * @hw: device
 *
 * Context: any.
 * Return: bytes.
 */
u64 vsvm_hw_vram_used(struct vsvm_hw *hw);

/**
 * vsvm_hw_vram_take() - have a block of VRAM ready for use
 * @hw: device
 * @offset: in the block
 *
 * Its content is undefined, unless it was ready already. It takes memory of the host, but where
 * &vsvm_hw_config.vram_base says that there is some.
 *
 * Context: may sleep and allocate.
 * Return: 0, -ENOMEM if the host has no memory for it, -EINVAL if there is no such block.
 */
int vsvm_hw_vram_take(struct vsvm_hw *hw, u64 offset);

/**
 * vsvm_hw_vram_give() - undo vsvm_hw_vram_take()
 * @hw: device
 * @offset: in the block, which no entry of a page table names any more, nor a TLB, nor a copy
 *
 * Context: may sleep, does not allocate.
 */
void vsvm_hw_vram_give(struct vsvm_hw *hw, u64 offset);

/**
 * vsvm_hw_vram_bar() - where a processor sees VRAM
 * @hw: device
 * @offset: page aligned; in a block that has been taken
 *
 * Context: any.
 * Return: physical address of this page, which is good until the block is given back; 0 if the
 * block has not been taken.
 */
phys_addr_t vsvm_hw_vram_bar(struct vsvm_hw *hw, u64 offset);

/**
 * vsvm_hw_peer_connect() - let a device reach the VRAM of another one
 * @hw: device
 * @number: what it is to call it, 1..%VSVM_HW_MAX_PEERS; nobody is called so now
 * @peer: the other one, which need not reach this one's; may be destroyed when it has been
 *        disconnected
 *
 * Context: any.
 */
void vsvm_hw_peer_connect(struct vsvm_hw *hw, unsigned int number, struct vsvm_hw *peer);

/**
 * vsvm_hw_peer_disconnect() - undo vsvm_hw_peer_connect()
 * @hw: device
 * @number: number that no entry of a page table names any more, nor a TLB, nor a copy
 *
 * On return it knows nothing of the peer.
 *
 * Context: may sleep. Waits for no more than vsvm_hw_tlb_invalidate() and vsvm_hw_copy_run() do.
 */
void vsvm_hw_peer_disconnect(struct vsvm_hw *hw, unsigned int number);

/**
 * vsvm_hw_copy_run() - have the copy engine do a list of descriptors, and wait
 * @hw: device
 * @copies: descriptors
 * @count: how many
 *
 * Nothing that is copied from or to may be in use by somebody else. It waits for no more than what
 * others have asked for before.
 *
 * Context: may sleep, uninterruptibly, does not allocate; may be called where memory is reclaimed.
 * Return: 0, or -EFAULT if a descriptor names memory that does not exist; then it is not known how
 * far it got.
 */
int vsvm_hw_copy_run(struct vsvm_hw *hw, const struct vsvm_hw_copy *copies, unsigned int count);

/**
 * vsvm_hw_copy_stats() - read the copy engine's counters
 * @hw: device
 * @stats: filled in
 *
 * Context: any.
 */
void vsvm_hw_copy_stats(struct vsvm_hw *hw, struct vsvm_hw_copy_stats *stats);

/**
 * vsvm_hw_as_create() - tell the device of a page table
 * @hw: device
 * @root: physical address of the root table
 *
 * Context: may sleep.
 * Return: the address space, or ERR_PTR(-ENOMEM).
 */
struct vsvm_hw_as *vsvm_hw_as_create(struct vsvm_hw *hw, phys_addr_t root);

/**
 * vsvm_hw_as_destroy() - forget a page table
 * @as: address space without queues
 *
 * On return no engine can touch the table or anything it maps.
 *
 * Context: may sleep.
 */
void vsvm_hw_as_destroy(struct vsvm_hw_as *as);

/**
 * vsvm_hw_as_id() - number of an address space
 * @as: address space
 *
 * Context: any.
 * Return: what fault records call it; not used again before 2^32 others were created.
 */
u32 vsvm_hw_as_id(struct vsvm_hw_as *as);

/**
 * vsvm_hw_tlb_invalidate() - forget translations, and wait
 * @as: address space
 * @start: first byte, page aligned
 * @end: one past the last byte, page aligned; 0 with @start 0 means the whole address space
 *
 * The driver has changed the table before. When this returns, every access that used an old
 * translation (or an old pointer between tables) has ended and none will begin: pages and tables
 * that the old entries named may be freed. It waits for no more than the access of one page an
 * engine, so it may be called where memory is reclaimed.
 *
 * Context: any but hard interrupt; does not sleep (but for PREEMPT_RT), does not allocate.
 */
void vsvm_hw_tlb_invalidate(struct vsvm_hw_as *as, u64 start, u64 end);

/**
 * vsvm_hw_fault_read() - take records out of the fault ring
 * @hw: device
 * @faults: array for them
 * @count: its length
 *
 * Context: one caller at a time; does not sleep.
 * Return: records taken, 0 if the ring is empty.
 */
unsigned int vsvm_hw_fault_read(struct vsvm_hw *hw, struct vsvm_hw_fault *faults,
				unsigned int count);

/**
 * vsvm_hw_fault_replay() - let parked accesses try again
 * @hw: device
 * @as: address space whose accesses to replay; those whose record was lost try again too, whatever
 * theirs is. NULL: only those
 *
 * Context: any but hard interrupt; does not sleep.
 * Return: the number of this replay of @as, which rises by one with each; 0 for NULL.
 */
u64 vsvm_hw_fault_replay(struct vsvm_hw *hw, struct vsvm_hw_as *as);

/**
 * vsvm_hw_fault_retried() - has what was parked before a replay tried its access again?
 * @as: address space
 * @number: what vsvm_hw_fault_replay() has returned for it
 *
 * An access that has tried again has been done, as far as its pages were mapped, or is parked anew.
 *
 * Context: process; does not sleep.
 * Return: true if there is nothing, in any queue, that is still to do so.
 */
bool vsvm_hw_fault_retried(struct vsvm_hw_as *as, u64 number);

/**
 * vsvm_hw_counter_enable() - have accesses to memory that is not in own VRAM counted, or not
 * @as: address space
 * @threshold: count of a region at which there is a record; another one at each doubling. Large
 *             values are cut down to 2^30. 0: do not count
 *
 * What was counted before is forgotten. What one count is: DOC: Access counters in hw/hw_counter.c.
 *
 * Context: as vsvm_hw_tlb_invalidate(), one caller at a time for an address space.
 */
void vsvm_hw_counter_enable(struct vsvm_hw_as *as, u32 threshold);

/**
 * vsvm_hw_counter_clear() - have counters begin anew
 * @as: address space
 * @start: first byte
 * @end: one past the last byte; 0 with @start 0 means the whole address space
 *
 * Of all regions of which a part is in the range, on all engines. Records may still be in the ring.
 *
 * Context: as vsvm_hw_tlb_invalidate().
 */
void vsvm_hw_counter_clear(struct vsvm_hw_as *as, u64 start, u64 end);

/**
 * vsvm_hw_counter_read() - take records of access counters out of their ring
 * @hw: device
 * @records: array for them
 * @count: its length
 *
 * Context: does not sleep.
 * Return: records taken, 0 if the ring is empty.
 */
unsigned int vsvm_hw_counter_read(struct vsvm_hw *hw, struct vsvm_hw_counter_record *records,
				  unsigned int count);

/**
 * vsvm_hw_queue_create() - build a queue
 * @hw: device
 * @config: copied
 *
 * Context: may sleep.
 * Return: the queue, or ERR_PTR: -EINVAL for a bad @config, -ENOMEM.
 */
struct vsvm_hw_queue *vsvm_hw_queue_create(struct vsvm_hw *hw,
					   const struct vsvm_hw_queue_config *config);

/**
 * vsvm_hw_queue_destroy() - stop a queue, wherever it is, and free it
 * @queue: queue that nobody else calls upon
 *
 * On return none of its accesses is under way. Its fault records may still be in the ring. Takes as
 * long as one slice of the engine, which does not depend on user memory or on page faults.
 *
 * Context: may sleep, uninterruptibly.
 */
void vsvm_hw_queue_destroy(struct vsvm_hw_queue *queue);

/**
 * vsvm_hw_queue_id() - number of a queue
 * @queue: queue
 *
 * Context: any.
 * Return: what fault records call it; not used again before 2^32 others were created.
 */
u32 vsvm_hw_queue_id(struct vsvm_hw_queue *queue);

/**
 * vsvm_hw_queue_submit() - put streams into the ring and ring the doorbell
 * @queue: queue
 * @streams: what to run, in order
 * @count: how many, 1..%VSVM_HW_QUEUE_DEPTH
 *
 * Context: does not sleep; callers of one queue may race.
 * Return: 0 (all accepted), -EBUSY if there is not room for all, -EIO if the queue was killed; then
 * none is accepted.
 */
int vsvm_hw_queue_submit(struct vsvm_hw_queue *queue, const struct vsvm_hw_stream *streams,
			 unsigned int count);

/**
 * vsvm_hw_queue_cancel() - kill a queue because one of its accesses cannot be
 * @queue: queue
 * @fault: the record that could not be served, for the report
 * @error: &enum vsvm_error
 *
 * Nothing of the queue runs any more after its engine's present slice; %VSVM_HW_IRQ_ERROR tells
 * when the report is ready. A queue that is dead already keeps its first report.
 *
 * Context: does not sleep.
 */
void vsvm_hw_queue_cancel(struct vsvm_hw_queue *queue, const struct vsvm_hw_fault *fault,
			  u32 error);

/**
 * vsvm_hw_queue_status() - look at a queue
 * @queue: queue
 * @status: filled in
 *
 * Context: does not sleep.
 */
void vsvm_hw_queue_status(struct vsvm_hw_queue *queue, struct vsvm_hw_queue_status *status);

#endif /* _LINUX_VSVM_HW_H_ */
