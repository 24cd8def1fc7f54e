// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Copy engine
 *
 * Copies and clears pages of system memory and VRAM by their physical places, for the driver: what
 * moves memory in and out of VRAM. Unlike the COPY packet of a queue it knows no address space and
 * cannot fault, and so cannot have to wait: it is a thread of its own which takes what is asked for
 * in order, a list of descriptors at a time, and does nothing but copy. That makes it fit for where
 * memory is reclaimed or a process waits for a page.
 *
 * The list stays the caller's, who waits for the end of it. So nothing is allocated.
 *
 * To wake the thread, and to be woken, takes longer than to copy a few pages; where the processors
 * have others to run, longer than to copy many. So a list of at most %AT_ONCE bytes that finds the
 * engine idle is done by who asks for it, who would only wait meanwhile.
 *
 * Locking: copy->lock covers the list of jobs; copy->busy is held, by whoever it is, while one is
 * done. Nothing is waited for with either of them.
 */

#include <linux/bitfield.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "hw_internal.h"

/* Bytes that are copied before somebody else gets the processor, if he wants it. */
#define SLICE	SZ_64K
/* What is not worth a wakeup: what moves in and out of VRAM in one go. */
#define AT_ONCE	VSVM_HW_VRAM_BLOCK

struct job {
	struct list_head link;
	const struct vsvm_hw_copy *copies;
	unsigned int count;
	int ret;
	struct completion done;
};

/* As vsvm_hw_vram_ptr(), for any aperture; @peer says whose VRAM. */
static void *place(struct vsvm_hw *hw, bool vram, unsigned int peer, u64 addr, u64 *size)
{
	void *ptr;

	if (vram) {
		hw = vsvm_hw_peer(hw, peer);
		return hw ? vsvm_hw_vram_ptr(hw, addr, size) : NULL;
	}
	ptr = phys_to_virt(addr);
	/* A stray address is to become an error and not an oops. */
	if (!virt_addr_valid(ptr) || virt_to_phys(ptr) != addr || !virt_addr_valid(ptr + *size - 1))
		return NULL;
	return ptr;
}

static int copy_one(struct vsvm_hw *hw, const struct vsvm_hw_copy *copy)
{
	u64 done, size;
	void *src, *dst;

	for (done = 0; done < copy->size; done += size) {
		size = min(copy->size - done, SLICE);
		dst = place(hw, copy->flags & VSVM_HW_COPY_TO_VRAM, 0, copy->dst + done, &size);
		if (!dst)
			return -EFAULT;
		if (copy->flags & VSVM_HW_COPY_CLEAR) {
			memset(dst, 0, size);
		} else {
			src = place(hw, copy->flags & VSVM_HW_COPY_FROM_VRAM,
				    FIELD_GET(VSVM_HW_COPY_PEER, copy->flags), copy->src + done,
				    &size);
			if (!src)
				return -EFAULT;
			memcpy(dst, src, size);
		}
		vsvm_hw_count(&hw->copy.stats.bytes, size);
		cond_resched();
	}
	return 0;
}

/**
 * vsvm_hw_copy_job() - do a list of descriptors
 * @hw: device
 * @copies: descriptors
 * @count: how many
 *
 * Return: 0, or -EFAULT at the first one that names memory that is not there.
 */
int vsvm_hw_copy_job(struct vsvm_hw *hw, const struct vsvm_hw_copy *copies, unsigned int count)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < count && !ret; i++)
		ret = copy_one(hw, &copies[i]);
	vsvm_hw_count(&hw->copy.stats.jobs, 1);
	return ret;
}

static struct job *take_job(struct vsvm_hw_copy_engine *copy)
{
	struct job *job;

	spin_lock(&copy->lock);
	job = list_first_entry_or_null(&copy->jobs, struct job, link);
	if (job)
		list_del(&job->link);
	spin_unlock(&copy->lock);
	return job;
}

static int run(void *data)
{
	struct vsvm_hw *hw = data;
	struct job *job;

	while (!kthread_should_stop()) {
		job = take_job(&hw->copy);
		if (!job) {
			wait_event_idle(hw->copy.doorbell, kthread_should_stop() ||
					!list_empty_careful(&hw->copy.jobs));
			continue;
		}
		mutex_lock(&hw->copy.busy);
		job->ret = vsvm_hw_copy_job(hw, job->copies, job->count);
		mutex_unlock(&hw->copy.busy);
		/* It is its caller's stack, and gone after this. */
		complete(&job->done);
	}
	return 0;
}

static bool is_short(const struct vsvm_hw_copy *copies, unsigned int count)
{
	u64 left = AT_ONCE;
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (copies[i].size > left)
			return false;
		left -= copies[i].size;
	}
	return true;
}

int vsvm_hw_copy_run(struct vsvm_hw *hw, const struct vsvm_hw_copy *copies, unsigned int count)
{
	struct vsvm_hw_copy_engine *copy = &hw->copy;
	struct job job = {
		.copies = copies,
		.count = count,
		.done = COMPLETION_INITIALIZER_ONSTACK(job.done),
	};

	if (!count)
		return 0;
	if (is_short(copies, count) && mutex_trylock(&copy->busy)) {
		job.ret = vsvm_hw_copy_job(hw, copies, count);
		mutex_unlock(&copy->busy);
		return job.ret;
	}
	spin_lock(&copy->lock);
	list_add_tail(&job.link, &copy->jobs);
	spin_unlock(&copy->lock);
	wake_up(&copy->doorbell);
	wait_for_completion(&job.done);
	return job.ret;
}

/**
 * vsvm_hw_copy_init() - start the copy engine
 * @hw: device with VRAM
 *
 * Return: 0, or what starting a thread returns.
 */
int vsvm_hw_copy_init(struct vsvm_hw *hw)
{
	struct vsvm_hw_copy_engine *copy = &hw->copy;
	struct task_struct *task;

	spin_lock_init(&copy->lock);
	mutex_init(&copy->busy);
	INIT_LIST_HEAD(&copy->jobs);
	init_waitqueue_head(&copy->doorbell);
	task = kthread_run(run, hw, "vsvm-copy");
	if (IS_ERR(task)) {
		mutex_destroy(&copy->busy);
		return PTR_ERR(task);
	}
	copy->task = task;
	return 0;
}

/**
 * vsvm_hw_copy_fini() - stop the copy engine
 * @hw: device; nobody waits for a copy
 */
void vsvm_hw_copy_fini(struct vsvm_hw *hw)
{
	kthread_stop(hw->copy.task);
	mutex_destroy(&hw->copy.busy);
}
