// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Stacks
 *
 * A stack grows when the CPU touches what is below it, and likewise when the GPU does. Whether it
 * may is the kernel's to say: limits, the gap to what lies below, the memory that the system has
 * promised already. The kernel grows it for whoever looks into another process's memory as well, so
 * that is done here, without faulting: the access itself then finds a page to fault on, and waits
 * for it if it must. If the stack has not grown there is an error for the access, at once.
 *
 * Locking: mmap_lock is taken for writing, and for as long as it takes.
 *
 * Limits: the kernel compares with the limit of the thread that asks. For a work item that is the
 * one of kernel threads, 8 MiB unless the administrator changed it, and so the process's own is
 * looked at beforehand. It is known only with CONFIG_MEMCG; without, no stack grows.
 */

#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "svm_stack.h"

/* Whose stack could be made to reach @addr? Returns a reference, or NULL. */
static struct task_struct *owner_below(struct mm_struct *mm, u64 addr)
{
	struct task_struct *owner = NULL;
#ifdef CONFIG_MEMCG
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = find_vma(mm, addr);
	if (vma && vma->vm_start > addr && vma->vm_flags & VM_GROWSDOWN) {
		rcu_read_lock();
		owner = rcu_dereference(mm->owner);
		if (owner && vma->vm_end - ALIGN_DOWN(addr, PAGE_SIZE) <=
			     task_rlimit(owner, RLIMIT_STACK))
			get_task_struct(owner);
		else
			owner = NULL;
		rcu_read_unlock();
	}
	mmap_read_unlock(mm);
#endif
	return owner;
}

/**
 * vsvm_stack_grow() - let a stack reach an address, if an access of the CPU would
 * @mm: memory of the process, with users
 * @addr: address at which nothing was mapped
 *
 * Context: may sleep; mmap_lock not held.
 * Return: true if there is something now.
 */
bool vsvm_stack_grow(struct mm_struct *mm, u64 addr)
{
	struct task_struct *owner = owner_below(mm, addr);
	bool grown;
	u8 byte;

	if (!owner)
		return false;
	/*
	 * Does not read a byte, for there is no page yet. If the owner has another mm by now, which
	 * takes an exec since a moment ago, it is that one's stack that may have grown.
	 */
	access_process_vm(owner, addr, &byte, sizeof(byte), FOLL_NOFAULT);
	put_task_struct(owner);

	mmap_read_lock(mm);
	grown = vma_lookup(mm, addr);
	mmap_read_unlock(mm);
	return grown;
}
