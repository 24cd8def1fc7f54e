// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Faults
 *
 * What an access could not translate is noted in the engine while it is in its section. After the
 * section the notes become records of the ring and the access is parked: the bit of its wave (or of
 * the packet reader) is set in its queue, together with the number of replays that there had been.
 * A replay is nothing but the next number. So nobody keeps lists of who waits, and waking many
 * costs the same as waking one.
 *
 * A wake-up cannot be missed, because putting the record and reading the number are one step under
 * the ring's lock::
 *
 *   engine                                  driver
 *   ------                                  ------
 *   translate: a miss
 *                                           mends the table, for somebody else's record
 *                                           vsvm_hw_fault_replay(): lock, replays = 8, unlock
 *   lock
 *   put record, parked with 8
 *   unlock
 *                                           vsvm_hw_fault_read() -> the record
 *                                           finds nothing to mend
 *                                           vsvm_hw_fault_replay(): lock, replays = 9, unlock
 *   9 is not 8: try again
 *
 * Every access that is parked has either a record that the driver has not answered when it is
 * parked, or (lost) found the ring full, which the driver must empty and follow by a replay.
 * Both replays get numbers that the parked access has not seen.
 *
 * The waves of a dispatch often miss the same page together. While a record of the same queue, page
 * and access waits for its answer, which will be a replay or the end of the queue, it is not put
 * again: the next wave parks with the same number, so the answer is meant for it too.
 *
 * A queue remembers one number for all it has parked, that of the last time. What was parked with
 * an older number can run and is taken out first.
 *
 * Whether all that was parked before a replay has tried again since (vsvm_hw_fault_retried()) is
 * seen without a lock, by what a queue has parked and by what it has let go on. What is let go on
 * is in the second before it is out of the first, and the number is written when both are::
 *
 *   engine                                  driver
 *   ------                                  ------
 *   adds what is parked to trying
 *   parked = 0
 *                                           parked: something, of an old number? No
 *                                           trying: something? No
 *   the access is tried again
 *   trying &= ~its bit
 *
 * So who has not tried yet is found by one look or by the other.
 *
 * Locking: the ring's lock covers the ring, both numbers of replays and &vsvm_hw_engine.lost. The
 * bits in the queue belong to the engine's thread. The lock is innermost and held for at most
 * %VSVM_HW_MAX_MISSES records.
 *
 * Limits: one reader of the ring at a time. Prefetches and records ahead leave half of the ring to
 * what waits.
 */

#include <linux/bitops.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "hw_internal.h"

/**
 * vsvm_hw_fault_init() - allocate the fault ring
 * @hw: device
 *
 * Return: 0 or -ENOMEM.
 */
int vsvm_hw_fault_init(struct vsvm_hw *hw)
{
	struct vsvm_hw_fault_ring *ring = &hw->ring;

	spin_lock_init(&ring->lock);
	ring->size = hw->config.fault_ring_size;
	ring->records = kvzalloc_objs(*ring->records, ring->size);
	return ring->records ? 0 : -ENOMEM;
}

/**
 * vsvm_hw_fault_fini() - free the fault ring
 * @hw: device
 */
void vsvm_hw_fault_fini(struct vsvm_hw *hw)
{
	kvfree(hw->ring.records);
}

/**
 * vsvm_hw_fault_note() - remember a page that the present access misses
 * @engine: engine; its notes go with the next vsvm_hw_fault_park() or _prefetch()
 * @addr: address
 * @access: kind of access
 * @ahead: the access has not come so far yet
 */
void vsvm_hw_fault_note(struct vsvm_hw_engine *engine, u64 addr, enum vsvm_access access,
			bool ahead)
{
	struct vsvm_hw_miss *miss;
	unsigned int i;

	for (i = engine->num_misses; i--;) {
		miss = &engine->misses[i];
		if (!((miss->addr ^ addr) & VSVM_HW_PAGE_MASK) && miss->access == access)
			return;
	}
	if (engine->num_misses == VSVM_HW_MAX_MISSES)
		return;
	miss = &engine->misses[engine->num_misses++];
	miss->addr = addr;
	miss->access = access;
	miss->ahead = ahead;
}

/* Put a record into the ring, unless there are @limit in it. */
static bool put_record(struct vsvm_hw_queue *queue, u32 wave, const struct vsvm_hw_miss *miss,
		       u64 now, u32 limit)
{
	struct vsvm_hw_fault_ring *ring = &queue->hw->ring;

	lockdep_assert_held(&ring->lock);

	if (ring->put - ring->get >= limit)
		return false;
	ring->records[ring->put++ & (ring->size - 1)] = (struct vsvm_hw_fault) {
		.addr = miss->addr,
		.time_ns = now,
		.replay = queue->as->replays,
		.asid = queue->as->id,
		.queue = queue->id,
		.wave = wave,
		.engine = queue->engine->id,
		.access = miss->access,
		.ahead = miss->ahead,
	};
	vsvm_hw_count(&queue->engine->stats.faults, 1);
	return true;
}

/* The place for what the queue recently reported of a page. */
static struct vsvm_hw_report *report_of(struct vsvm_hw_queue *queue, u64 addr)
{
	return &queue->reports[(addr >> VSVM_HW_PAGE_SHIFT) % VSVM_HW_REPORTS];
}

/* Is there a record of the same queue, page and access that is still to be answered? */
static bool is_reported(const struct vsvm_hw_report *report, const struct vsvm_hw_miss *miss,
			u64 replays)
{
	return report->replays == replays && report->access == miss->access &&
	       report->page == (miss->addr & VSVM_HW_PAGE_MASK);
}

/**
 * vsvm_hw_fault_park() - report the misses of an access, and let it wait for a replay
 * @queue: queue of the access
 * @bit: what waits: the slot of a wave, or bit 0 for the packet reader
 * @wave: number of the wave or %VSVM_HW_WAVE_NONE
 *
 * Context: the engine's thread, not in a section.
 */
void vsvm_hw_fault_park(struct vsvm_hw_queue *queue, u64 bit, u32 wave)
{
	struct vsvm_hw_fault_ring *ring = &queue->hw->ring;
	struct vsvm_hw_engine *engine = queue->engine;
	u64 replays, now = ktime_get_ns();
	u64 addr = engine->misses[0].addr;
	const struct vsvm_hw_miss *miss;
	struct vsvm_hw_report *report;
	unsigned long flags;
	bool news = false;
	unsigned int i;

	spin_lock_irqsave(&ring->lock, flags);
	replays = queue->as->replays;
	vsvm_hw_fault_poll(queue);
	for (i = 0; i < engine->num_misses; i++) {
		miss = &engine->misses[i];
		if (miss->ahead) {
			/* The access does not wait for it, so it may as well be lost. */
			put_record(queue, wave, miss, now, ring->size / 2);
			continue;
		}
		report = report_of(queue, miss->addr);
		if (is_reported(report, miss, replays))
			continue;
		news = true;
		if (!put_record(queue, wave, miss, now, ring->size)) {
			vsvm_hw_count(&engine->stats.overflows, 1);
			queue->lost |= bit;
			engine->lost = true;
			continue;
		}
		report->page = miss->addr & VSVM_HW_PAGE_MASK;
		report->access = miss->access;
		report->replays = replays;
	}
	WRITE_ONCE(queue->parked, queue->parked | bit);
	/* Release: who sees the number sees what was let go on before. */
	smp_store_release(&queue->as_replays, replays);
	queue->any_replays = ring->replays;
	spin_unlock_irqrestore(&ring->lock, flags);

	engine->num_misses = 0;
	vsvm_hw_hold(queue->as, VSVM_HW_HOLD_PARK, addr, addr + 1);
	if (news)
		vsvm_hw_irq(queue->hw, VSVM_HW_IRQ_FAULT);
}

/**
 * vsvm_hw_fault_prefetch() - report what is noted, without waiting
 * @queue: queue of the access
 * @wave: number of the wave
 *
 * Context: the engine's thread, not in a section.
 */
void vsvm_hw_fault_prefetch(struct vsvm_hw_queue *queue, u32 wave)
{
	struct vsvm_hw_fault_ring *ring = &queue->hw->ring;
	struct vsvm_hw_engine *engine = queue->engine;
	u64 now = ktime_get_ns();
	unsigned long flags;
	unsigned int i;

	if (!engine->num_misses)
		return;

	spin_lock_irqsave(&ring->lock, flags);
	for (i = 0; i < engine->num_misses; i++) {
		if (!put_record(queue, wave, &engine->misses[i], now, ring->size / 2))
			break;
	}
	spin_unlock_irqrestore(&ring->lock, flags);

	engine->num_misses = 0;
	if (i)
		vsvm_hw_irq(queue->hw, VSVM_HW_IRQ_FAULT);
}

static bool as_replayed(const struct vsvm_hw_queue *queue)
{
	/* Acquire: who sees the number of the replay sees the table that was mended before. */
	return smp_load_acquire(&queue->as->replays) != queue->as_replays;
}

static bool any_replayed(const struct vsvm_hw_queue *queue)
{
	/* Acquire: as above. */
	return smp_load_acquire(&queue->hw->ring.replays) != queue->any_replays;
}

/**
 * vsvm_hw_fault_woken() - has there been a replay for something that a queue has parked?
 * @queue: queue
 *
 * Context: any; the queue does not go away.
 */
bool vsvm_hw_fault_woken(struct vsvm_hw_queue *queue)
{
	return as_replayed(queue) || (queue->lost && any_replayed(queue));
}

static void unpark(struct vsvm_hw_queue *queue, u64 bits)
{
	WRITE_ONCE(queue->trying, queue->trying | bits);
	/* Release: who does not see it parked sees that it is going to try. */
	smp_store_release(&queue->parked, queue->parked & ~bits);
}

/**
 * vsvm_hw_fault_tried() - something that was let go on has tried again
 * @queue: queue
 * @bits: what has
 *
 * Context: the engine's thread.
 */
void vsvm_hw_fault_tried(struct vsvm_hw_queue *queue, u64 bits)
{
	if (likely(!(queue->trying & bits)))
		return;
	/* Release: what it did comes before. */
	smp_store_release(&queue->trying, queue->trying & ~bits);
}

/**
 * vsvm_hw_fault_poll() - unpark what a replay lets try again
 * @queue: queue
 *
 * Context: the engine's thread.
 */
void vsvm_hw_fault_poll(struct vsvm_hw_queue *queue)
{
	if (!queue->parked)
		return;
	if (as_replayed(queue)) {
		unpark(queue, queue->parked);
		queue->lost = 0;
	} else if (queue->lost && any_replayed(queue)) {
		unpark(queue, queue->lost);
		queue->lost = 0;
	}
}

/* Has all that a queue had parked before a replay tried again, or is it dead? */
static bool queue_retried(const struct vsvm_hw_queue *queue, u64 number)
{
	u64 parked, replays;

	if (READ_ONCE(queue->error))
		return true;
	/* Acquire: pairs with unpark(). */
	parked = smp_load_acquire(&queue->parked);
	/* Acquire: pairs with vsvm_hw_fault_park(). */
	replays = smp_load_acquire(&queue->as_replays);
	if (parked && replays < number)
		return false;
	/* Acquire: pairs with vsvm_hw_fault_tried(). */
	return !smp_load_acquire(&queue->trying);
}

bool vsvm_hw_fault_retried(struct vsvm_hw_as *as, u64 number)
{
	struct vsvm_hw_queue *queue;
	bool retried = true;
	unsigned int i;

	for_each_set_bit(i, as->engines, VSVM_HW_MAX_ENGINES) {
		struct vsvm_hw_engine *engine = as->hw->engines[i];

		spin_lock(&engine->lock);
		list_for_each_entry(queue, &engine->queues, link) {
			retried = queue->as != as || queue_retried(queue, number);
			if (!retried)
				break;
		}
		spin_unlock(&engine->lock);
		if (!retried)
			break;
	}
	return retried;
}

unsigned int vsvm_hw_fault_read(struct vsvm_hw *hw, struct vsvm_hw_fault *faults,
				unsigned int count)
{
	struct vsvm_hw_fault_ring *ring = &hw->ring;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&ring->lock, flags);
	count = min(count, ring->put - ring->get);
	for (i = 0; i < count; i++)
		faults[i] = ring->records[ring->get++ & (ring->size - 1)];
	spin_unlock_irqrestore(&ring->lock, flags);
	return count;
}

u64 vsvm_hw_fault_replay(struct vsvm_hw *hw, struct vsvm_hw_as *as)
{
	DECLARE_BITMAP(wake, VSVM_HW_MAX_ENGINES) = {};
	struct vsvm_hw_fault_ring *ring = &hw->ring;
	unsigned long flags;
	unsigned int i;
	u64 number = 0;

	spin_lock_irqsave(&ring->lock, flags);
	if (as) {
		number = as->replays + 1;
		/* Release: pairs with as_replayed(). */
		smp_store_release(&as->replays, number);
	}
	/* Release: pairs with any_replayed(). */
	smp_store_release(&ring->replays, ring->replays + 1);
	for (i = 0; i < hw->config.num_engines; i++) {
		if (hw->engines[i]->lost || (as && test_bit(i, as->engines)))
			__set_bit(i, wake);
		hw->engines[i]->lost = false;
	}
	spin_unlock_irqrestore(&ring->lock, flags);

	for_each_set_bit(i, wake, VSVM_HW_MAX_ENGINES)
		vsvm_hw_engine_ring(hw->engines[i]);
	return number;
}
