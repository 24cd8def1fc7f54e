// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Waiting for the process
 *
 * Some accesses cannot go on until the process itself does something: a userfaultfd has to answer.
 * The service of faults does not wait for that, for it has a whole batch to serve, and holds locks.
 * It begins a wait (vsvm_wait_begin()) and goes on. A work item then does what the CPU would do for
 * that access, and when that returns, whatever it brought, has the VM's accesses tried again. So a
 * wait has no result: the access finds out.
 *
 * Until then the access stays parked. It may try again because something else was replayed, and
 * fault again; such a record finds the wait that is there. A batch of nothing but such records is
 * not replayed, or they would spin.
 *
 * The end of a wait is the process's affair: an answer, the death of the handler, a signal has no
 * meaning. But it may as well never come. When the VM goes the wait is cut loose: it keeps nothing
 * but the mm's users, and the sweeper wakes it again and again until it has noticed::
 *
 *   wait                                    vsvm_wait_fini()
 *   ----                                    ----------------
 *   handle_mm_fault():
 *     looks whether there is an answer
 *                                           wait->svm = NULL
 *                                           wake_up_process(): it is awake, nothing happens
 *     sleeps
 *                                           sweeper: wake_up_process()
 *     VM_FAULT_RETRY
 *   wait->svm is NULL: done
 *
 * A wait holds the mm's users, and so the memory of a process that has been killed. That is the
 * sweeper's affair too: where all users that an mm has are waits, they are cut loose.
 *
 * Locking: wait_lock, a spinlock, covers all lists and &vsvm_svm_wait.svm.
 *
 * Limits: %MAX_WAITS at a time for a VM; further accesses that have to wait stay parked until one
 * of those is over.
 */

#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>
#include <linux/workqueue.h>

#include "../vsvm_fault.h"
#include "../vsvm_hold.h"
#include "../vsvm_trace.h"
#include "svm.h"
#include "svm_fault.h"
#include "svm_wait.h"

/* Waits of one VM at a time. */
#define MAX_WAITS	16
/* How often the sweeper looks, while there are waits cut loose, and while there are any. */
#define SWEEP_LOOSE	(HZ / 50 + 1)
#define SWEEP_ANY	HZ

/**
 * struct vsvm_svm_wait - an access that waits for the process
 */
struct vsvm_svm_wait {
	/** @link: in &vsvm_svm.waits, or in loose */
	struct list_head link;
	/** @all: in all_waits */
	struct list_head all;
	/** @work: does it */
	struct work_struct work;
	/** @svm: who is to hear of the end; NULL when cut loose */
	struct vsvm_svm *svm;
	/** @mm: memory of the process; users held */
	struct mm_struct *mm;
	/** @task: who waits, while it may sleep */
	struct task_struct *task;
	/** @addr: address of the page */
	u64 addr;
	/** @write: for writing */
	bool write;
};

static DEFINE_SPINLOCK(wait_lock);
static LIST_HEAD(all_waits);
static LIST_HEAD(loose);
static struct workqueue_struct *wait_wq;

static void sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweeper, sweep);

static void cut_loose(struct vsvm_svm_wait *wait)
{
	lockdep_assert_held(&wait_lock);

	wait->svm->num_waits--;
	wait->svm = NULL;
	list_move(&wait->link, &loose);
}

/* Is every user of the mm a wait? */
static bool is_abandoned(struct mm_struct *mm)
{
	struct vsvm_svm_wait *wait;
	int waits = 0;

	list_for_each_entry(wait, &all_waits, all)
		waits += wait->mm == mm;
	return atomic_read(&mm->mm_users) <= waits;
}

static void sweep(struct work_struct *work)
{
	struct vsvm_svm_wait *wait;
	unsigned long delay = 0;

	spin_lock(&wait_lock);
	list_for_each_entry(wait, &all_waits, all) {
		if (wait->svm && is_abandoned(wait->mm))
			cut_loose(wait);
		delay = SWEEP_ANY;
	}
	list_for_each_entry(wait, &loose, link) {
		if (wait->task)
			wake_up_process(wait->task);
		delay = SWEEP_LOOSE;
	}
	spin_unlock(&wait_lock);

	if (delay)
		schedule_delayed_work(&sweeper, delay);
}

/* The CPU's fault handler, as for an access of user mode. It may sleep for as long as it likes. */
static void fault_in(struct mm_struct *mm, u64 addr, bool write)
{
	unsigned int flags = FAULT_FLAG_REMOTE | FAULT_FLAG_USER | FAULT_FLAG_ALLOW_RETRY |
			     FAULT_FLAG_INTERRUPTIBLE | (write ? FAULT_FLAG_WRITE : 0);
	struct vm_area_struct *vma;
	vm_fault_t fault;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (!vsvm_svm_vma_error(vma, write)) {
		fault = handle_mm_fault(vma, addr, flags, NULL);
		/* Then it has dropped the lock. */
		if (fault & (VM_FAULT_RETRY | VM_FAULT_COMPLETED))
			return;
	}
	mmap_read_unlock(mm);
}

static void wait_work(struct work_struct *work)
{
	struct vsvm_svm_wait *wait = container_of(work, struct vsvm_svm_wait, work);
	struct mm_struct *mm = wait->mm;
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(mm);
	bool wanted;

	spin_lock(&wait_lock);
	wanted = wait->svm;
	wait->task = current;
	spin_unlock(&wait_lock);

	set_active_memcg(memcg);
	if (wanted)
		fault_in(mm, wait->addr, wait->write);
	vsvm_svm_charge_end(memcg);

	spin_lock(&wait_lock);
	wait->task = NULL;
	list_del(&wait->all);
	list_del(&wait->link);
	if (wait->svm) {
		wait->svm->num_waits--;
		trace_vsvm_wait(vsvm_hw_as_id(wait->svm->pt->as), wait->addr, wait->write, true);
		/* The lock keeps it: vsvm_wait_fini() has not come yet. */
		vsvm_fault_resume(wait->svm);
	}
	spin_unlock(&wait_lock);

	kfree(wait);
	mmput_async(mm);
}

static struct vsvm_svm_wait *find(struct vsvm_svm *svm, u64 addr, bool write)
{
	struct vsvm_svm_wait *wait;

	lockdep_assert_held(&wait_lock);

	list_for_each_entry(wait, &svm->waits, link)
		if (wait->addr == addr && wait->write >= write)
			return wait;
	return NULL;
}

/**
 * vsvm_wait_begin() - let an access wait for the process
 * @svm: SVM; its mm has users
 * @addr: address of the page
 * @write: for writing
 *
 * Context: update_lock held, no other locks.
 * Return: 0, also if there is such a wait already or there are too many; or -ENOMEM.
 */
int vsvm_wait_begin(struct vsvm_svm *svm, u64 addr, bool write)
{
	struct vsvm_svm_wait *wait = kzalloc_obj(*wait, GFP_KERNEL_ACCOUNT);

	lockdep_assert_held(&svm->update_lock);

	if (!wait)
		return -ENOMEM;
	wait->mm = svm->mm;
	wait->svm = svm;
	wait->addr = addr;
	wait->write = write;
	INIT_WORK(&wait->work, wait_work);

	spin_lock(&wait_lock);
	if (svm->num_waits >= MAX_WAITS || find(svm, addr, write)) {
		spin_unlock(&wait_lock);
		kfree(wait);
		return 0;
	}
	mmget(wait->mm);
	list_add_tail(&wait->link, &svm->waits);
	list_add_tail(&wait->all, &all_waits);
	svm->num_waits++;
	svm->stats.waits++;
	spin_unlock(&wait_lock);

	trace_vsvm_wait(vsvm_hw_as_id(svm->pt->as), addr, write, false);
	vsvm_hold(svm->pt->as, VSVM_HOLD_FAULT_WAIT, addr, addr + PAGE_SIZE);
	queue_work(wait_wq, &wait->work);
	schedule_delayed_work(&sweeper, SWEEP_ANY);
	return 0;
}

/**
 * vsvm_wait_here() - wait for the process in the calling thread, which belongs to it
 * @svm: SVM
 * @addr: address of the page
 * @write: for writing
 *
 * Not by touching the page: of the kernel's own faults not every userfaultfd hears, and a signal
 * that does not kill does not end them.
 *
 * Context: process, no locks. A signal ends the wait.
 */
void vsvm_wait_here(struct vsvm_svm *svm, u64 addr, bool write)
{
	fault_in(svm->mm, addr, write);
}

/* As fault_in(), for one page of a file. Returns how far to go on from, @end if it is no use. */
static u64 read_page(struct mm_struct *mm, u64 addr, u64 end, unsigned int *flags)
{
	struct vm_area_struct *vma;
	vm_fault_t fault;
	u64 next;

	mmap_read_lock(mm);
	vma = find_vma(mm, addr);
	if (!vma || vsvm_svm_vma_error(vma, *flags & FAULT_FLAG_WRITE)) {
		next = end;
	} else if (addr < vma->vm_start) {
		next = vma->vm_start;
	} else if (!vma->vm_file || !S_ISREG(file_inode(vma->vm_file)->i_mode) ||
		   userfaultfd_armed(vma)) {
		next = vma->vm_end;
	} else {
		fault = handle_mm_fault(vma, addr, *flags, NULL);
		if (fault & VM_FAULT_RETRY) {
			/* Read, with the lock dropped; now it is to be mapped. */
			*flags |= FAULT_FLAG_TRIED;
			return addr;
		}
		*flags &= ~FAULT_FLAG_TRIED;
		if (fault & VM_FAULT_COMPLETED)
			return addr + PAGE_SIZE;
		next = fault & VM_FAULT_ERROR ? end : addr + PAGE_SIZE;
	}
	mmap_read_unlock(mm);
	return next;
}

/**
 * vsvm_wait_read() - have the pages of files read in the calling thread, which belongs to the mm
 * @svm: SVM
 * @start: first byte, page aligned
 * @end: one past the last byte
 * @write: for writing
 *
 * HMM would read them too, but with mmap_lock held, and nothing ends that, not even SIGKILL. It may
 * be the process itself that serves the file (FUSE), and has been killed: its connection is closed
 * only when all its threads have gone. What cannot be read is left to who finds that out.
 *
 * Context: process, no locks. A signal that kills ends it.
 */
void vsvm_wait_read(struct vsvm_svm *svm, u64 start, u64 end, bool write)
{
	unsigned int flags = FAULT_FLAG_REMOTE | FAULT_FLAG_USER | FAULT_FLAG_ALLOW_RETRY |
			     FAULT_FLAG_KILLABLE | (write ? FAULT_FLAG_WRITE : 0);

	while (start < end && !fatal_signal_pending(current))
		start = read_page(svm->mm, start, end, &flags);
}

void vsvm_wait_init(struct vsvm_svm *svm)
{
	INIT_LIST_HEAD(&svm->waits);
}

/**
 * vsvm_wait_fini() - cut all waits loose
 * @svm: SVM; nobody begins another one
 *
 * Context: process, no locks. Does not wait for them.
 */
void vsvm_wait_fini(struct vsvm_svm *svm)
{
	struct vsvm_svm_wait *wait, *next;
	bool any;

	spin_lock(&wait_lock);
	any = !list_empty(&svm->waits);
	list_for_each_entry_safe(wait, next, &svm->waits, link)
		cut_loose(wait);
	WARN_ON_ONCE(svm->num_waits);
	spin_unlock(&wait_lock);

	if (any)
		mod_delayed_work(system_percpu_wq, &sweeper, 0);
}

int vsvm_wait_module_init(void)
{
	/* Each sleeps for as long as a process likes. */
	wait_wq = alloc_workqueue("vsvm-wait", WQ_UNBOUND, WQ_UNBOUND_MAX_ACTIVE);
	return wait_wq ? 0 : -ENOMEM;
}

/* No VM is left, so all waits are loose, and the sweeper sees to it that they end. */
void vsvm_wait_module_fini(void)
{
	while (!list_empty_careful(&all_waits)) {
		mod_delayed_work(system_percpu_wq, &sweeper, 0);
		schedule_timeout_uninterruptible(SWEEP_LOOSE);
	}
	cancel_delayed_work_sync(&sweeper);
	destroy_workqueue(wait_wq);
}
