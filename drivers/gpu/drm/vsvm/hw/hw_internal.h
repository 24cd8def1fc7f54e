/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the parts of the virtual GPU know of each other.
 */
#ifndef _VSVM_HW_INTERNAL_H_
#define _VSVM_HW_INTERNAL_H_

#include <linux/bitmap.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vsvm_hw.h>
#include <linux/wait.h>

#include "hw_isa.h"

struct task_struct;

/* The GPU's own page, whatever the kernel's is: what level 0 of the table maps. */
#define VSVM_HW_PAGE_SHIFT	VSVM_PT_SHIFT(0)
#define VSVM_HW_PAGE_SIZE	BIT_ULL(VSVM_HW_PAGE_SHIFT)
#define VSVM_HW_PAGE_MASK	(~(VSVM_HW_PAGE_SIZE - 1))
/* First address that the MMU cannot translate. */
#define VSVM_HW_VA_END		BIT_ULL(VSVM_VA_BITS)

/* TLB entries for 4 KiB pages, and for 2 MiB and larger ones; powers of two. */
#define VSVM_HW_TLB_SMALL	512
#define VSVM_HW_TLB_LARGE	32

/* Access counters of an engine: sets, a power of two, and how many a set has. */
#define VSVM_HW_COUNTER_SETS	64
#define VSVM_HW_COUNTER_WAYS	4
/* Answers of a TLB entry that are counted together. */
#define VSVM_HW_COUNTER_SAMPLE	16U
/* Where a counter stops; twice as much must fit into it. */
#define VSVM_HW_COUNTER_MAX	BIT(30)
/* Regions that can be told of after one section. */
#define VSVM_HW_COUNTER_HOT	8

/* Waves of one dispatch that are under way together, at most; bits of a u64. */
#define VSVM_HW_WAVE_SLOTS	64
/* Waves of the largest workgroup. All of its waves are under way together. */
#define VSVM_HW_GROUP_WAVES	(VSVM_MAX_LOCAL / VSVM_WAVE_LANES)
/* A dispatch takes fewer slots when its registers would take more than this. */
#define VSVM_HW_WAVE_BYTES	(512 * 1024)
/* What an idle queue keeps of its buffers for the next dispatch. */
#define VSVM_HW_KEEP_BYTES	(64 * 1024)

/*
 * An engine works for one queue until it has done this many units, then for the next. A unit is
 * about the time of one wave instruction.
 */
#define VSVM_HW_SLICE		1024
#define VSVM_HW_COST_PACKET	8
#define VSVM_HW_COST_MEMORY	4
#define VSVM_HW_COST_PAGE	32
/* Bytes that are cleared in that time. */
#define VSVM_HW_CLEAR_BYTES	2048

/* Pages that one access can miss: both sides of a copy, or two for each lane. */
#define VSVM_HW_MAX_MISSES	(2 * VSVM_HW_FAULT_AHEAD)

/* Faults of a queue that are remembered while they wait for an answer. */
#define VSVM_HW_REPORTS		16

/* Instructions of a program that are fetched and checked at a time. */
#define VSVM_HW_FETCH_INSNS	64

/* What vsvm_hw_mmu_translate() says of a page that has to be faulted in; no enum vsvm_error. */
#define VSVM_HW_MISS		256U

/**
 * enum vsvm_hw_result - how a piece of work ended
 */
enum vsvm_hw_result {
	/** @VSVM_HW_DONE: it is complete */
	VSVM_HW_DONE,
	/** @VSVM_HW_MORE: the engine's slice is used up */
	VSVM_HW_MORE,
	/** @VSVM_HW_PARKED: it waits for a replay */
	VSVM_HW_PARKED,
	/** @VSVM_HW_WAITING: a wave that waits for others of its workgroup */
	VSVM_HW_WAITING,
	/** @VSVM_HW_DEAD: it killed its queue */
	VSVM_HW_DEAD,
};

/**
 * enum vsvm_hw_phase - what a queue's packet reader does next
 */
enum vsvm_hw_phase {
	/** @VSVM_HW_PHASE_IDLE: take the next stream */
	VSVM_HW_PHASE_IDLE,
	/** @VSVM_HW_PHASE_HEAD: read the head of a packet, or end the stream */
	VSVM_HW_PHASE_HEAD,
	/** @VSVM_HW_PHASE_BODY: read the rest of the packet and check it */
	VSVM_HW_PHASE_BODY,
	/** @VSVM_HW_PHASE_EXEC: execute the packet */
	VSVM_HW_PHASE_EXEC,
	/** @VSVM_HW_PHASE_FENCE: write the stream's fence */
	VSVM_HW_PHASE_FENCE,
};

/**
 * enum vsvm_hw_dispatch_phase - how far a dispatch is
 */
enum vsvm_hw_dispatch_phase {
	/** @VSVM_HW_DISPATCH_ARGS: reads the arguments */
	VSVM_HW_DISPATCH_ARGS,
	/** @VSVM_HW_DISPATCH_HEAD: reads the program's head */
	VSVM_HW_DISPATCH_HEAD,
	/** @VSVM_HW_DISPATCH_INSNS: reads and checks instructions */
	VSVM_HW_DISPATCH_INSNS,
	/** @VSVM_HW_DISPATCH_RUN: runs waves */
	VSVM_HW_DISPATCH_RUN,
};

/**
 * union vsvm_hw_packet - a packet of any kind, as fetched
 */
union vsvm_hw_packet {
	/** @head: what all have */
	struct vsvm_cmd head;
	/** @dispatch: %VSVM_CMD_DISPATCH */
	struct vsvm_cmd_dispatch dispatch;
	/** @copy: %VSVM_CMD_COPY */
	struct vsvm_cmd_copy copy;
	/** @fill: %VSVM_CMD_FILL */
	struct vsvm_cmd_fill fill;
	/** @atomic: %VSVM_CMD_ATOMIC */
	struct vsvm_cmd_atomic atomic;
	/** @timestamp: %VSVM_CMD_TIMESTAMP */
	struct vsvm_cmd_timestamp timestamp;
	/** @fence: %VSVM_CMD_FENCE */
	struct vsvm_cmd_fence fence;
};

/**
 * struct vsvm_hw_frame - what a wave remembers of an open IF or LOOP
 */
struct vsvm_hw_frame {
	/** @on: lanes that were on before it */
	u32 on;
	/** @other: IF: lanes for ELSE */
	u32 other;
	/** @left: LOOP: &vsvm_hw_wave.left of the loop around it */
	u32 left;
	/** @resume: LOOP: &vsvm_hw_wave.resume of the loop around it */
	u32 resume;
};

/**
 * struct vsvm_hw_team - a workgroup under way; owned by the engine's thread
 */
struct vsvm_hw_team {
	/** @members: slots of its waves that have not ended */
	u64 members;
	/** @arrived: those of them that wait at a barrier */
	u64 arrived;
	/** @shared: its shared memory */
	void *shared;
};

/**
 * struct vsvm_hw_wave - a wave under way; owned by the engine's thread
 */
struct vsvm_hw_wave {
	/** @pc: instruction to execute next */
	u32 pc;
	/** @on: lanes that are on */
	u32 on;
	/** @alive: lanes that have not ended */
	u32 alive;
	/** @left: lanes that have left this round of the innermost loop */
	u32 left;
	/** @resume: those of @left that come back for the next round */
	u32 resume;
	/** @pending: lanes for which the memory instruction at @pc is not done; 0: not begun */
	u32 pending;
	/** @depth: frames in use */
	u32 depth;
	/** @slot: index in &vsvm_hw_dispatch.waves */
	u32 slot;
	/** @number: number in the dispatch, modulo 2^32 */
	u32 number;
	/** @index: number in the workgroup */
	u32 index;
	/** @group: workgroup in x, y, z */
	u32 group[3];
	/** @team: the workgroup's other waves and its memory */
	struct vsvm_hw_team *team;
	/** @scratch: scratch memory of its lanes, &vsvm_hw_dispatch.scratch_stride each */
	void *scratch;
	/** @regs: rows of registers */
	u32 *regs;
	/** @frames: one for each level of nesting */
	struct vsvm_hw_frame *frames;
};

/**
 * struct vsvm_hw_dispatch - the dispatch that a queue executes; owned by the engine's thread
 */
struct vsvm_hw_dispatch {
	/** @phase: how far it is */
	enum vsvm_hw_dispatch_phase phase;
	/** @program: what the waves execute */
	struct vsvm_hw_program program;
	/** @memory: registers and frames of all slots */
	void *memory;
	/** @memory_size: bytes in it */
	size_t memory_size;
	/** @slots: waves that fit into it */
	u32 slots;
	/** @group_waves: waves of a workgroup */
	u32 group_waves;
	/** @shared_size: bytes of shared memory of a workgroup */
	u32 shared_size;
	/** @scratch_stride: bytes from one lane's scratch memory to the next one's */
	u32 scratch_stride;
	/** @used: slots that hold a wave */
	u64 used;
	/** @waiting: those of them that wait at a barrier */
	u64 waiting;
	/** @groups: workgroups of the grid */
	u64 groups;
	/** @next_group: workgroup to start next */
	u64 next_group;
	/** @next: where that is in x, y, z */
	u32 next[3];
	/** @turn: slot that is the first to run */
	u32 turn;
	/** @waves: wave of each slot */
	struct vsvm_hw_wave waves[VSVM_HW_WAVE_SLOTS];
	/** @num_teams: how many there can be at once */
	u32 num_teams;
	/** @teams: workgroups; one without members is free */
	struct vsvm_hw_team teams[VSVM_HW_WAVE_SLOTS];
	/** @args: kernel arguments */
	u8 args[VSVM_MAX_ARGS];
	/** @fetch: program text just read, not yet checked */
	union {
		/** @fetch.head: head of the program */
		struct vsvm_program head;
		/** @fetch.insns: some instructions */
		struct vsvm_insn insns[VSVM_HW_FETCH_INSNS];
	} fetch;
};

/**
 * struct vsvm_hw_as - an address space
 */
struct vsvm_hw_as {
	/** @hw: device */
	struct vsvm_hw *hw;
	/** @root: physical address of the root table */
	phys_addr_t root;
	/** @id: number, never 0 */
	u32 id;
	/** @replays: replays so far, and one; written under the fault ring's lock */
	u64 replays;
	/** @engines: those that ever had a queue of this address space: only they can cache it */
	DECLARE_BITMAP(engines, VSVM_HW_MAX_ENGINES);
	/** @counter_threshold: count at which the driver is told of a region, 0: do not count */
	u32 counter_threshold;
};

/**
 * struct vsvm_hw_report - a fault that is in the ring; under the ring's lock
 */
struct vsvm_hw_report {
	/** @page: address of the page */
	u64 page;
	/** @replays: &vsvm_hw_as.replays when it was put there; any other has answered it */
	u64 replays;
	/** @access: &enum vsvm_access */
	u8 access;
};

/**
 * struct vsvm_hw_queue - a queue
 */
struct vsvm_hw_queue {
	/** @hw: device */
	struct vsvm_hw *hw;
	/** @engine: engine that runs it */
	struct vsvm_hw_engine *engine;
	/** @as: its address space */
	struct vsvm_hw_as *as;
	/** @id: number, never 0 */
	u32 id;
	/** @timeout_ns: longest engine time of a packet, 0: no limit */
	u64 timeout_ns;
	/** @link: in &vsvm_hw_engine.queues, under its lock */
	struct list_head link;

	/** @lock: of the ring's producers and of the report */
	spinlock_t lock;
	/** @ring: streams; the one being run is number @completed */
	struct vsvm_hw_stream ring[VSVM_HW_QUEUE_DEPTH];
	/** @submitted: streams put into the ring, under @lock */
	u64 submitted;
	/** @completed: streams taken out, by the engine's thread */
	u64 completed;
	/** @error: first cause of death, set once under @lock with the four below */
	u32 error;
	/** @access: enum vsvm_access of it */
	u32 access;
	/** @wave: wave that caused it */
	u32 wave;
	/** @addr: address that it is about */
	u64 addr;
	/** @time_ns: when it was found */
	u64 time_ns;

	/* The rest is the engine's thread's alone, but that vsvm_hw_queue_status() peeks. */

	/** @parked: bits of what waits for a replay: slots of waves, or bit 0 for the reader */
	u64 parked;
	/** @trying: what a replay has let go on, and has not tried again yet */
	u64 trying;
	/** @lost: those of @parked that have no record in the fault ring */
	u64 lost;
	/** @as_replays: &vsvm_hw_as.replays when something was last parked */
	u64 as_replays;
	/** @any_replays: &vsvm_hw_fault_ring.replays when something was last parked */
	u64 any_replays;
	/** @reports: its unanswered faults, as many as there is room for */
	struct vsvm_hw_report reports[VSVM_HW_REPORTS];
	/** @blocked: nothing can run before a replay */
	bool blocked;
	/** @dropped: it is dead, its waves are gone, and that has been said */
	bool dropped;
	/** @atomic_done: %VSVM_CMD_ATOMIC: only the result is still to be written */
	bool atomic_done;
	/** @phase: what the packet reader does next */
	enum vsvm_hw_phase phase;
	/** @fetched: bytes that are already in the buffer of a fetch that parked */
	u32 fetched;
	/** @stream: the stream being run */
	struct vsvm_hw_stream stream;
	/** @pos: offset of the packet in it */
	u64 pos;
	/** @packet: the packet */
	union vsvm_hw_packet packet;
	/** @done: bytes that a copy, a fill or an atomic's result has behind it */
	u64 done;
	/** @atomic_old: %VSVM_CMD_ATOMIC: what the memory held */
	u64 atomic_old;
	/** @packet_ns: engine time of the packet in former slices */
	u64 packet_ns;
	/** @clock: when the packet, or this slice of it, began */
	u64 clock;
	/** @dispatch: state of %VSVM_CMD_DISPATCH */
	struct vsvm_hw_dispatch dispatch;
};

/**
 * struct vsvm_hw_tlb_entry - a cached translation; under &vsvm_hw_engine.tlb_lock
 */
struct vsvm_hw_tlb_entry {
	/** @va: first address that it maps */
	u64 va;
	/** @ptr: where the kernel sees the memory */
	void *ptr;
	/** @asid: address space, 0: the entry is empty */
	u32 asid;
	/** @rights: VSVM_PTE_WRITE, ATOMIC, DIRTY and LEAF as they are in the table */
	u32 rights;
	/** @left: answers until vsvm_hw_counter_sample() looks at it */
	u32 left;
	/** @counted: its answers are counted */
	bool counted;
};

/**
 * struct vsvm_hw_counter - how often a region was used; under &vsvm_hw_engine.tlb_lock
 */
struct vsvm_hw_counter {
	/** @region: address, in %VSVM_HW_COUNTER_REGION */
	u64 region;
	/** @asid: address space, 0: the counter is free */
	u32 asid;
	/** @count: translations counted */
	u32 count;
	/** @next: count at which to tell of it again, 0 if it has not been told of */
	u32 next;
	/** @wrote: some were for writing */
	bool wrote;
};

/**
 * struct vsvm_hw_miss - an access that has to be faulted in
 */
struct vsvm_hw_miss {
	/** @addr: address, exact to the byte */
	u64 addr;
	/** @access: &enum vsvm_access */
	u8 access;
	/** @ahead: the access has not come so far yet */
	bool ahead;
};

/**
 * struct vsvm_hw_engine - an engine
 */
struct vsvm_hw_engine {
	/** @hw: device */
	struct vsvm_hw *hw;
	/** @id: number */
	unsigned int id;
	/** @task: its thread */
	struct task_struct *task;

	/** @lock: of the list of queues and of @current_queue */
	spinlock_t lock;
	/** @queues: all its queues, that which runs next first */
	struct list_head queues;
	/** @current_queue: the one that has the engine's present slice */
	struct vsvm_hw_queue *current_queue;
	/** @doorbell: where the thread sleeps when there is nothing to do */
	wait_queue_head_t doorbell;
	/** @released: where vsvm_hw_queue_destroy() waits for the end of a slice */
	wait_queue_head_t released;

	/** @tlb_lock: held while the engine translates and touches memory */
	spinlock_t tlb_lock;
	/** @small: TLB of 4 KiB pages */
	struct vsvm_hw_tlb_entry small[VSVM_HW_TLB_SMALL];
	/** @large: TLB of larger ones, in pieces of 2 MiB */
	struct vsvm_hw_tlb_entry large[VSVM_HW_TLB_LARGE];
	/** @pieces: @small may have pages of larger leaves */
	bool pieces;
	/** @counters: access counters */
	struct vsvm_hw_counter counters[VSVM_HW_COUNTER_SETS][VSVM_HW_COUNTER_WAYS];

	/** @lost: an access parked without a record; under the fault ring's lock */
	bool lost;

	/** @budget: units left of the present slice */
	int budget;
	/** @num_misses: entries in @misses */
	unsigned int num_misses;
	/** @misses: what the present access could not translate */
	struct vsvm_hw_miss misses[VSVM_HW_MAX_MISSES];
	/** @num_hot: entries in @hot */
	unsigned int num_hot;
	/** @hot: counters that have reached a threshold in the present section */
	struct vsvm_hw_counter_record hot[VSVM_HW_COUNTER_HOT];
	/** @imm: an immediate, spread over two rows */
	u32 imm[2 * VSVM_WAVE_LANES] __aligned(8);

	/** @stats: each written by the thread or under @tlb_lock, and read by anybody */
	struct vsvm_hw_stats stats;
};

/**
 * struct vsvm_hw_fault_ring - records of faults, and who waits for them
 */
struct vsvm_hw_fault_ring {
	/** @lock: of all here, and of what parking and replaying write elsewhere */
	spinlock_t lock;
	/** @records: the ring */
	struct vsvm_hw_fault *records;
	/** @size: its length, a power of two */
	u32 size;
	/** @put: records ever written, modulo 2^32 */
	u32 put;
	/** @get: records ever read, modulo 2^32 */
	u32 get;
	/** @replays: replays ever, of whatever address space */
	u64 replays;
};

/**
 * struct vsvm_hw_counter_ring - what access counters have to tell
 */
struct vsvm_hw_counter_ring {
	/** @lock: of all here */
	spinlock_t lock;
	/** @records: the ring */
	struct vsvm_hw_counter_record *records;
	/** @size: its length, a power of two */
	u32 size;
	/** @put: records ever written, modulo 2^32 */
	u32 put;
	/** @get: records ever read, modulo 2^32 */
	u32 get;
};

/**
 * struct vsvm_hw_vram - the device's memory
 */
struct vsvm_hw_vram {
	/** @base: where the kernel sees memory that is the device's own; NULL: there is none */
	void *base;
	/** @lock: serialises changes of @blocks */
	struct mutex lock;
	/** @blocks: for each block its memory, see hw_vram.c; 0: it has not been taken */
	unsigned long *blocks;
	/** @num_blocks: how many there are */
	u64 num_blocks;
	/** @used: those with memory */
	u64 used;
};

/**
 * struct vsvm_hw_copy_engine - who copies for the driver
 */
struct vsvm_hw_copy_engine {
	/** @task: its thread */
	struct task_struct *task;
	/** @lock: of @jobs */
	spinlock_t lock;
	/** @jobs: what is to be done, in order */
	struct list_head jobs;
	/** @doorbell: where the thread sleeps when there is nothing */
	wait_queue_head_t doorbell;
	/** @busy: held while a job is done, by the thread or by who asks for it */
	struct mutex busy;
	/** @stats: written under @busy */
	struct vsvm_hw_copy_stats stats;
};

/**
 * struct vsvm_hw - the device
 */
struct vsvm_hw {
	/** @config: how it was built */
	struct vsvm_hw_config config;
	/** @as_ids: last number given to an address space */
	atomic_t as_ids;
	/** @queue_ids: last number given to a queue */
	atomic_t queue_ids;
	/** @ring: fault ring */
	struct vsvm_hw_fault_ring ring;
	/** @counter_ring: ring of the access counters */
	struct vsvm_hw_counter_ring counter_ring;
	/** @vram: its memory */
	struct vsvm_hw_vram vram;
	/** @copy: copy engine */
	struct vsvm_hw_copy_engine copy;
	/** @peers: devices whose VRAM can be reached, by number, see hw_peer.c; NULL: none */
	struct vsvm_hw *peers[VSVM_HW_MAX_PEERS + 1];
	/** @engines: &vsvm_hw_config.num_engines of them */
	struct vsvm_hw_engine *engines[VSVM_HW_MAX_ENGINES];
};

/* A counter with one writer at a time that others read at any time. */
static inline void vsvm_hw_count(u64 *counter, u64 n)
{
	WRITE_ONCE(*counter, *counter + n);
}

DECLARE_STATIC_KEY_FALSE(vsvm_hw_hold_key);

/* A hold point, about addresses [start, end). */
static inline void vsvm_hw_hold(struct vsvm_hw_as *as, enum vsvm_hw_hold point, u64 start, u64 end)
{
	/* The key is for all devices. */
	if (static_branch_unlikely(&vsvm_hw_hold_key) && as->hw->config.hold)
		as->hw->config.hold(as, point, start, end);
}

/*
 * Set a row for the lanes that are on. If that is all, two lanes at a time: an emulator is slow at
 * instructions on strings.
 */
static inline void vsvm_hw_fill(u32 *row, u32 on, u32 value)
{
	u64 *pairs = (u64 *)row;
	unsigned int i;

	if (on == VSVM_HW_ALL_LANES) {
		for (i = 0; i < VSVM_WAVE_LANES / 2; i++)
			pairs[i] = value | (u64)value << 32;
		return;
	}
	for (; on; on &= on - 1)
		row[__ffs(on)] = value;
}

/* hw_device.c */
void vsvm_hw_irq(struct vsvm_hw *hw, u32 status);
u32 vsvm_hw_new_id(atomic_t *ids);

/* hw_vram.c */
int vsvm_hw_vram_init(struct vsvm_hw *hw);
void vsvm_hw_vram_fini(struct vsvm_hw *hw);
void *vsvm_hw_vram_ptr(struct vsvm_hw *hw, u64 offset, u64 *size);

/* hw_peer.c */
struct vsvm_hw *vsvm_hw_peer(struct vsvm_hw *hw, unsigned int number);

/* hw_copy.c */
int vsvm_hw_copy_init(struct vsvm_hw *hw);
void vsvm_hw_copy_fini(struct vsvm_hw *hw);
int vsvm_hw_copy_job(struct vsvm_hw *hw, const struct vsvm_hw_copy *copies, unsigned int count);

/* hw_mmu.c */
void vsvm_hw_mmu_init(struct vsvm_hw_engine *engine);
void vsvm_hw_mmu_begin(struct vsvm_hw_engine *engine);
void vsvm_hw_mmu_end(struct vsvm_hw_engine *engine);
u32 vsvm_hw_mmu_translate(struct vsvm_hw_engine *engine, struct vsvm_hw_as *as, u64 va,
			  enum vsvm_access access, void **ptr);
u32 vsvm_hw_mmu_probe(struct vsvm_hw_engine *engine, struct vsvm_hw_as *as, u64 va,
		      enum vsvm_access access);
u32 vsvm_hw_pte_check(u64 pte, unsigned int level, bool *leaf);
bool vsvm_hw_range_ok(u64 va, u64 size, u64 *bad);

/* hw_counter.c */
int vsvm_hw_counter_init(struct vsvm_hw *hw);
void vsvm_hw_counter_fini(struct vsvm_hw *hw);
void vsvm_hw_counter_add(struct vsvm_hw_engine *engine, const struct vsvm_hw_as *as, u64 va,
			 enum vsvm_access access, u32 count);
void vsvm_hw_counter_sample(struct vsvm_hw_engine *engine, const struct vsvm_hw_as *as,
			    struct vsvm_hw_tlb_entry *entry, u64 va, enum vsvm_access access);
void vsvm_hw_counter_flush(struct vsvm_hw_engine *engine);

/* hw_fault.c */
int vsvm_hw_fault_init(struct vsvm_hw *hw);
void vsvm_hw_fault_fini(struct vsvm_hw *hw);
void vsvm_hw_fault_note(struct vsvm_hw_engine *engine, u64 addr, enum vsvm_access access,
			bool ahead);
void vsvm_hw_fault_park(struct vsvm_hw_queue *queue, u64 bit, u32 wave);
void vsvm_hw_fault_prefetch(struct vsvm_hw_queue *queue, u32 wave);
bool vsvm_hw_fault_woken(struct vsvm_hw_queue *queue);
void vsvm_hw_fault_poll(struct vsvm_hw_queue *queue);
void vsvm_hw_fault_tried(struct vsvm_hw_queue *queue, u64 bits);

/* hw_engine.c */
struct vsvm_hw_engine *vsvm_hw_engine_create(struct vsvm_hw *hw, unsigned int id);
void vsvm_hw_engine_destroy(struct vsvm_hw_engine *engine);
void vsvm_hw_engine_add(struct vsvm_hw_engine *engine, struct vsvm_hw_queue *queue);
void vsvm_hw_engine_remove(struct vsvm_hw_engine *engine, struct vsvm_hw_queue *queue);
void vsvm_hw_engine_ring(struct vsvm_hw_engine *engine);

/* hw_queue.c */
bool vsvm_hw_queue_has_work(struct vsvm_hw_queue *queue);
void vsvm_hw_queue_run(struct vsvm_hw_queue *queue);
void vsvm_hw_queue_kill(struct vsvm_hw_queue *queue, u32 error, u64 addr,
			enum vsvm_access access, u32 wave);

/* hw_cmd.c */
enum vsvm_hw_result vsvm_hw_cmd_run(struct vsvm_hw_queue *queue);
enum vsvm_hw_result vsvm_hw_cmd_fetch(struct vsvm_hw_queue *queue, u64 va, void *buf, u32 size);
size_t vsvm_hw_cmd_size(u32 op);
u32 vsvm_hw_cmd_check(const union vsvm_hw_packet *packet, u64 *bad);

/* hw_dispatch.c */
void vsvm_hw_dispatch_begin(struct vsvm_hw_queue *queue);
enum vsvm_hw_result vsvm_hw_dispatch_run(struct vsvm_hw_queue *queue);
bool vsvm_hw_dispatch_has_waves(const struct vsvm_hw_queue *queue);
void vsvm_hw_dispatch_trim(struct vsvm_hw_queue *queue, size_t keep);
bool vsvm_hw_dispatch_arrive(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave);

/* hw_wave.c */
void vsvm_hw_wave_begin(struct vsvm_hw_wave *wave, u32 num_regs, u32 lanes);
enum vsvm_hw_result vsvm_hw_wave_run(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave);

/* hw_subgroup.c */
void vsvm_hw_subgroup_insn(const struct vsvm_hw_wave *wave, const struct vsvm_hw_insn *insn,
			   const u32 *a, const u32 *b);

/* hw_local.c */
u32 vsvm_hw_local_generic(const struct vsvm_hw_wave *wave, const struct vsvm_hw_insn *insn);
enum vsvm_hw_result vsvm_hw_local_insn(struct vsvm_hw_queue *queue,
				       const struct vsvm_hw_wave *wave,
				       const struct vsvm_hw_insn *insn, u32 lanes);

/* hw_mem.c */
enum vsvm_hw_result vsvm_hw_mem_insn(struct vsvm_hw_queue *queue, struct vsvm_hw_wave *wave,
				     const struct vsvm_hw_insn *insn);
u64 vsvm_hw_mem_atomic(void *ptr, u32 op, u32 width, u64 operand, u64 compare);

#endif /* _VSVM_HW_INTERNAL_H_ */
