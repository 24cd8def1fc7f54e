// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Engines
 *
 * An engine is a kernel thread that gives its queues slices in turn, and sleeps when none of them
 * can run. A slice is bounded in work, not by what user space does: see %VSVM_HW_SLICE.
 *
 * A queue that is to go is taken off the list. If it has the present slice, whoever removes it
 * waits for the slice to end; the engine finds it gone and never touches it again.
 *
 * Sleeping does not miss a doorbell: who rings changes what vsvm_hw_queue_has_work() looks at
 * first and then looks for a sleeper, with a full barrier between; the thread declares itself
 * asleep first and then looks for work, likewise.
 *
 * Locking: &vsvm_hw_engine.lock covers the list and @current_queue, and is held while the list is
 * searched. It is never held while a queue runs.
 *
 * Limits: the search for a queue that can run is linear in the queues of the engine.
 */

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "hw_internal.h"

/* The queue whose turn it is, if any can run. It becomes the last of the list. */
static struct vsvm_hw_queue *take(struct vsvm_hw_engine *engine)
{
	struct vsvm_hw_queue *queue;

	spin_lock(&engine->lock);
	list_for_each_entry(queue, &engine->queues, link) {
		if (!vsvm_hw_queue_has_work(queue))
			continue;
		list_move_tail(&queue->link, &engine->queues);
		engine->current_queue = queue;
		spin_unlock(&engine->lock);
		return queue;
	}
	spin_unlock(&engine->lock);
	return NULL;
}

static void release(struct vsvm_hw_engine *engine)
{
	spin_lock(&engine->lock);
	engine->current_queue = NULL;
	/* Who waits looks at current_queue under the lock, after queueing up: so this is enough. */
	if (waitqueue_active(&engine->released))
		wake_up_all(&engine->released);
	spin_unlock(&engine->lock);
}

static bool has_work(struct vsvm_hw_engine *engine)
{
	struct vsvm_hw_queue *queue;
	bool found = false;

	spin_lock(&engine->lock);
	list_for_each_entry(queue, &engine->queues, link) {
		found = vsvm_hw_queue_has_work(queue);
		if (found)
			break;
	}
	spin_unlock(&engine->lock);
	return found;
}

static int run(void *data)
{
	struct vsvm_hw_engine *engine = data;
	struct vsvm_hw_queue *queue;
	u64 start = 0, now;

	while (!kthread_should_stop()) {
		queue = take(engine);
		if (!queue) {
			start = 0;
			wait_event_idle(engine->doorbell,
					kthread_should_stop() || has_work(engine));
			continue;
		}
		if (!start)
			start = ktime_get_ns();
		engine->budget = VSVM_HW_SLICE;
		vsvm_hw_queue_run(queue);
		release(engine);

		now = ktime_get_ns();
		vsvm_hw_count(&engine->stats.busy_ns, now - start);
		start = now;
		cond_resched();
	}
	return 0;
}

/**
 * vsvm_hw_engine_create() - build an engine and start it
 * @hw: device
 * @id: its number
 *
 * Return: the engine or ERR_PTR.
 */
struct vsvm_hw_engine *vsvm_hw_engine_create(struct vsvm_hw *hw, unsigned int id)
{
	struct vsvm_hw_engine *engine;
	struct task_struct *task;

	engine = kvzalloc_obj(*engine);
	if (!engine)
		return ERR_PTR(-ENOMEM);
	engine->hw = hw;
	engine->id = id;
	spin_lock_init(&engine->lock);
	INIT_LIST_HEAD(&engine->queues);
	init_waitqueue_head(&engine->doorbell);
	init_waitqueue_head(&engine->released);
	vsvm_hw_mmu_init(engine);

	task = kthread_run(run, engine, "vsvm-engine/%u", id);
	if (IS_ERR(task)) {
		kvfree(engine);
		return ERR_CAST(task);
	}
	engine->task = task;
	return engine;
}

/**
 * vsvm_hw_engine_destroy() - stop an engine and free it
 * @engine: engine without queues
 */
void vsvm_hw_engine_destroy(struct vsvm_hw_engine *engine)
{
	kthread_stop(engine->task);
	kvfree(engine);
}

/**
 * vsvm_hw_engine_add() - let an engine run a queue
 * @engine: engine
 * @queue: queue
 */
void vsvm_hw_engine_add(struct vsvm_hw_engine *engine, struct vsvm_hw_queue *queue)
{
	spin_lock(&engine->lock);
	list_add_tail(&queue->link, &engine->queues);
	spin_unlock(&engine->lock);
}

static bool is_released(struct vsvm_hw_engine *engine, struct vsvm_hw_queue *queue)
{
	bool released;

	spin_lock(&engine->lock);
	released = engine->current_queue != queue;
	spin_unlock(&engine->lock);
	return released;
}

/**
 * vsvm_hw_engine_remove() - take a queue from an engine, and wait until it does not run
 * @engine: engine
 * @queue: queue
 *
 * Context: sleeps for up to one slice.
 */
void vsvm_hw_engine_remove(struct vsvm_hw_engine *engine, struct vsvm_hw_queue *queue)
{
	spin_lock(&engine->lock);
	list_del(&queue->link);
	spin_unlock(&engine->lock);

	wait_event(engine->released, is_released(engine, queue));
}

/**
 * vsvm_hw_engine_ring() - wake an engine that sleeps
 * @engine: engine; what it shall find has been written
 *
 * Context: any.
 */
void vsvm_hw_engine_ring(struct vsvm_hw_engine *engine)
{
	if (wq_has_sleeper(&engine->doorbell))
		wake_up(&engine->doorbell);
}
