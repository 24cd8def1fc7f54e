// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Queues
 *
 * A queue is a ring of command streams with the state of the one that runs, and a report if it was
 * killed. Whoever finds the first error writes the report, which never changes again: the engine's
 * thread for what the hardware detects, the driver by vsvm_hw_queue_cancel(). The engine's thread
 * then drops whatever the queue was doing, and raises %VSVM_HW_IRQ_ERROR. So that interrupt means
 * that nothing of the queue runs any more.
 *
 * Locking: &vsvm_hw_queue.lock orders those who submit, and covers the report. @submitted has one
 * writer at a time and @completed only the engine's thread; the entries between them belong to the
 * engine. Everything about the work under way belongs to the engine's thread.
 *
 * Timeouts count the time between the start of a packet, or of the queue's slice, and the end of
 * the slice. They are checked when a slice ends, so a packet may overrun by one.
 */

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "hw_internal.h"

struct vsvm_hw_queue *vsvm_hw_queue_create(struct vsvm_hw *hw,
					   const struct vsvm_hw_queue_config *config)
{
	struct vsvm_hw_queue *queue;

	if (!config->as || config->as->hw != hw || config->engine >= hw->config.num_engines)
		return ERR_PTR(-EINVAL);

	queue = kvzalloc_obj(*queue, GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	queue->hw = hw;
	queue->engine = hw->engines[config->engine];
	queue->as = config->as;
	queue->timeout_ns = config->timeout_ns;
	queue->id = vsvm_hw_new_id(&hw->queue_ids);
	queue->wave = VSVM_HW_WAVE_NONE;
	spin_lock_init(&queue->lock);

	/* From here on invalidations come to this engine. */
	set_bit(config->engine, queue->as->engines);
	/* Before the first walk; pairs with vsvm_hw_tlb_invalidate(). */
	smp_mb__after_atomic();
	vsvm_hw_engine_add(queue->engine, queue);
	return queue;
}

void vsvm_hw_queue_destroy(struct vsvm_hw_queue *queue)
{
	vsvm_hw_engine_remove(queue->engine, queue);
	vsvm_hw_dispatch_trim(queue, 0);
	kvfree(queue);
}

u32 vsvm_hw_queue_id(struct vsvm_hw_queue *queue)
{
	return queue->id;
}

int vsvm_hw_queue_submit(struct vsvm_hw_queue *queue, const struct vsvm_hw_stream *streams,
			 unsigned int count)
{
	unsigned long flags;
	unsigned int i;
	u64 used;

	spin_lock_irqsave(&queue->lock, flags);
	if (queue->error) {
		spin_unlock_irqrestore(&queue->lock, flags);
		return -EIO;
	}
	/* Acquire: the engine has read the entries that are overwritten. */
	used = queue->submitted - smp_load_acquire(&queue->completed);
	if (count > VSVM_HW_QUEUE_DEPTH - used) {
		spin_unlock_irqrestore(&queue->lock, flags);
		return -EBUSY;
	}
	for (i = 0; i < count; i++)
		queue->ring[(queue->submitted + i) % VSVM_HW_QUEUE_DEPTH] = streams[i];
	/* Release: the engine that sees the count sees the entries. */
	smp_store_release(&queue->submitted, queue->submitted + count);
	spin_unlock_irqrestore(&queue->lock, flags);

	vsvm_hw_engine_ring(queue->engine);
	return 0;
}

/**
 * vsvm_hw_queue_kill() - write the report of a queue that cannot go on
 * @queue: queue
 * @error: &enum vsvm_error
 * @addr: address that it is about
 * @access: kind of access
 * @wave: wave in its dispatch or %VSVM_HW_WAVE_NONE
 *
 * A queue has one report, the first. The engine drops the queue's work after its present slice.
 *
 * Context: any.
 */
void vsvm_hw_queue_kill(struct vsvm_hw_queue *queue, u32 error, u64 addr, enum vsvm_access access,
			u32 wave)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (!queue->error) {
		queue->addr = addr;
		queue->access = access;
		queue->wave = wave;
		queue->time_ns = ktime_get_ns();
		WRITE_ONCE(queue->error, error);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
}

void vsvm_hw_queue_cancel(struct vsvm_hw_queue *queue, const struct vsvm_hw_fault *fault, u32 error)
{
	vsvm_hw_queue_kill(queue, error ?: VSVM_ERROR_DEVICE, fault->addr, fault->access,
			   fault->wave);
	vsvm_hw_engine_ring(queue->engine);
}

void vsvm_hw_queue_status(struct vsvm_hw_queue *queue, struct vsvm_hw_queue_status *status)
{
	unsigned long flags;
	u64 completed;

	/* Acquire: who sees that a stream is complete sees what it did. */
	completed = smp_load_acquire(&queue->completed);

	spin_lock_irqsave(&queue->lock, flags);
	*status = (struct vsvm_hw_queue_status) {
		.submitted = queue->submitted,
		.completed = completed,
		.addr = queue->addr,
		.time_ns = queue->time_ns,
		.error = queue->error,
		.access = queue->access,
		.wave = queue->wave,
		.parked = hweight64(READ_ONCE(queue->parked)),
	};
	spin_unlock_irqrestore(&queue->lock, flags);
}

/**
 * vsvm_hw_queue_has_work() - would a slice do anything for a queue?
 * @queue: queue
 *
 * Context: the engine's thread.
 */
bool vsvm_hw_queue_has_work(struct vsvm_hw_queue *queue)
{
	if (READ_ONCE(queue->error))
		return !queue->dropped;
	if (queue->blocked)
		return vsvm_hw_fault_woken(queue);
	if (queue->phase != VSVM_HW_PHASE_IDLE)
		return true;
	return READ_ONCE(queue->submitted) != queue->completed;
}

/* Forget all that a dead queue was doing, and say that it is dead. */
static void drop(struct vsvm_hw_queue *queue)
{
	WRITE_ONCE(queue->parked, 0);
	WRITE_ONCE(queue->trying, 0);
	queue->lost = 0;
	queue->blocked = false;
	queue->phase = VSVM_HW_PHASE_IDLE;
	vsvm_hw_dispatch_trim(queue, 0);
	queue->dropped = true;
	vsvm_hw_irq(queue->hw, VSVM_HW_IRQ_ERROR);
}

static void check_time(struct vsvm_hw_queue *queue)
{
	u64 now;

	if (!queue->timeout_ns || queue->phase != VSVM_HW_PHASE_EXEC)
		return;
	now = ktime_get_ns();
	queue->packet_ns += now - queue->clock;
	if (queue->packet_ns > queue->timeout_ns)
		vsvm_hw_queue_kill(queue, VSVM_ERROR_TIMEOUT, queue->stream.addr + queue->pos,
				   VSVM_ACCESS_READ, VSVM_HW_WAVE_NONE);
}

/**
 * vsvm_hw_queue_run() - give a queue a slice
 * @queue: queue with work
 *
 * Context: the engine's thread.
 */
void vsvm_hw_queue_run(struct vsvm_hw_queue *queue)
{
	if (!READ_ONCE(queue->error)) {
		if (queue->timeout_ns)
			queue->clock = ktime_get_ns();
		queue->engine->num_misses = 0;
		if (READ_ONCE(queue->parked) && vsvm_hw_fault_woken(queue))
			vsvm_hw_hold(queue->as, VSVM_HW_HOLD_REPLAY, 0, U64_MAX);
		vsvm_hw_fault_poll(queue);
		queue->blocked = vsvm_hw_cmd_run(queue) == VSVM_HW_PARKED;
		/* Of waves it is known one by one; else it was the packet reader. */
		if (!vsvm_hw_dispatch_has_waves(queue))
			vsvm_hw_fault_tried(queue, ~0ULL);
		check_time(queue);
	}
	if (READ_ONCE(queue->error) && !queue->dropped)
		drop(queue);
}
