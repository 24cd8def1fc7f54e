// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Page faults from the ring to their VM
 *
 * Two work items, so that a slow fault of one VM holds up nobody else:
 *
 * - vsvm_fault_work(), one for the device, empties the ring and hands each record to its VM. It
 *   never waits.
 * - vm_fault_work(), one for each VM, serves a batch, kills the queues of accesses that cannot be,
 *   and replays once.
 *
 * Records may be lost, in the ring or when a VM has %VSVM_FAULT_BATCH waiting already. Nothing else
 * is: what was parked without a record tries again at the next replay, and reports again. There is
 * always a next replay: the batch that filled a VM's buffer ends with one, and vsvm_fault_work()
 * replays what the ring itself lost when it has made room.
 *
 * An access in the range for BOs has no service to wait for: either it is bound by now, or it is an
 * error.
 *
 * An error kills only who still waits for the access. One access may report many pages, and goes on
 * as soon as it finds all of them mapped, by whatever record; the rest of its records are then
 * leftovers. By the time they are served the program may have seen a fence and unmapped the memory,
 * as it is entitled to. So a record that is older than the last replay proves nothing: whoever put
 * it has tried again since, and if that failed, has said so in a newer record:
 *
 *  engine                                  vm_fault_work()
 *  ------                                  ---------------
 *  misses A and B: puts A
 *                                          takes A
 *  puts B, parks
 *                                          maps A, and B as its neighbour
 *                                          replay, number 8
 *  A and B are there: goes on
 *  writes the fence
 *  (the program unmaps A and B)
 *                                          takes B, put after replay 7: no VMA, but stale
 *
 * For a bad access to be found out nevertheless, its record has to be served between two replays.
 * So what has come in while a batch was served is served too, before the replay (MAX_ROUNDS).
 *
 * Locking: the xarray lock of vdev->vms keeps a VM while records are handed to it, and that of
 * vm->queues a queue while it is killed. A VM leaves vdev->vms before its work item is stopped.
 */

#include <linux/ktime.h>
#include <linux/slab.h>

#include "svm/svm.h"
#include "vsvm_bind.h"
#include "vsvm_drv.h"
#include "vsvm_fault.h"
#include "vsvm_queue.h"
#include "vsvm_vm.h"

/* Records taken from the ring at a time; what fits on the stack. */
#define RING_CHUNK	16
/* How often what has come in meanwhile is served, before those who wait may go on. */
#define MAX_ROUNDS	4

/* The BOs' side of a VM, and all there is without SVM. */
static u32 bo_fault(struct vsvm_vm *vm, const struct vsvm_hw_fault *fault)
{
	bool write = fault->access == VSVM_ACCESS_WRITE || fault->access == VSVM_ACCESS_ATOMIC;
	u64 entry;

	/* A bind that is under way counts as a whole. */
	mutex_lock(&vm->bind_lock);
	mutex_lock(&vm->pt.lock);
	entry = vsvm_pt_lookup(&vm->pt, fault->addr);
	mutex_unlock(&vm->pt.lock);
	mutex_unlock(&vm->bind_lock);

	if (!entry)
		return VSVM_ERROR_UNMAPPED;
	return write && !(entry & VSVM_PTE_WRITE) ? VSVM_ERROR_PERMISSION : VSVM_ERROR_NONE;
}

static bool is_bo_address(struct vsvm_vm *vm, u64 addr)
{
	return !vm->mm || (addr >= vm->bo_start && addr < vm->bo_end);
}

/*
 * Serves the faults in the range for BOs, and moves the others to the front. Returns how many those
 * are.
 */
static unsigned int serve_bo_faults(struct vsvm_vm *vm, struct vsvm_svm_fault *batch,
				    unsigned int count)
{
	unsigned int i, rest = 0;

	for (i = 0; i < count; i++) {
		if (is_bo_address(vm, batch[i].hw.addr)) {
			batch[i].error = bo_fault(vm, &batch[i].hw);
		} else {
			swap(batch[i], batch[rest]);
			rest++;
		}
	}
	return rest;
}

/*
 * Kills the queues of those that have an error and have not tried again since. Nobody waits for a
 * prefetch or for what is reported ahead, so nobody dies of it.
 */
static void report_errors(struct vsvm_vm *vm, const struct vsvm_svm_fault *batch,
			  unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!batch[i].error || batch[i].hw.access == VSVM_ACCESS_PREFETCH ||
		    batch[i].hw.ahead)
			continue;
		if (batch[i].hw.replay < vm->faults.replay)
			continue;
		WRITE_ONCE(vm->faults.failed, vm->faults.failed + 1);
		vsvm_queue_kill(vm, &batch[i].hw, batch[i].error);
	}
}

static unsigned int take_pending(struct vsvm_vm_faults *faults)
{
	unsigned int count;

	spin_lock(&faults->lock);
	swap(faults->pending, faults->batch);
	count = faults->num_pending;
	faults->num_pending = 0;
	spin_unlock(&faults->lock);
	return count;
}

/* Serves what waits. Returns false if nothing does. */
static bool serve_pending(struct vsvm_vm *vm)
{
	struct vsvm_vm_faults *faults = &vm->faults;
	unsigned int count, rest;

	count = take_pending(faults);
	if (!count)
		return false;

	rest = serve_bo_faults(vm, faults->batch, count);
	if (rest)
		vsvm_svm_fault(&vm->svm, faults->batch, rest);
	report_errors(vm, faults->batch, count);
	return true;
}

static void vm_fault_work(struct work_struct *work)
{
	struct vsvm_vm_faults *faults = container_of(work, struct vsvm_vm_faults, work);
	struct vsvm_vm *vm = container_of(faults, struct vsvm_vm, faults);
	u64 begin = ktime_get_ns();
	unsigned int rounds = 0;

	while (rounds < MAX_ROUNDS && serve_pending(vm))
		rounds++;
	if (!rounds)
		return;

	faults->replay = vsvm_hw_fault_replay(vm->vdev->hw, vm->pt.as);

	WRITE_ONCE(faults->batches, faults->batches + 1);
	WRITE_ONCE(faults->busy_ns, faults->busy_ns + ktime_get_ns() - begin);
}

static void hand_over(struct vsvm_device *vdev, const struct vsvm_hw_fault *fault)
{
	struct vsvm_vm_faults *faults;
	struct vsvm_vm *vm;

	xa_lock(&vdev->vms);
	vm = xa_load(&vdev->vms, fault->asid);
	if (vm) {
		faults = &vm->faults;
		spin_lock(&faults->lock);
		faults->received++;
		if (faults->num_pending < VSVM_FAULT_BATCH)
			faults->pending[faults->num_pending++] = (struct vsvm_svm_fault) {
				.hw = *fault,
			};
		spin_unlock(&faults->lock);
		queue_work(vdev->fault_wq, &faults->work);
	}
	xa_unlock(&vdev->vms);
}

/**
 * vsvm_fault_work() - empty the fault ring
 * @work: &vsvm_device.fault_work
 */
void vsvm_fault_work(struct work_struct *work)
{
	struct vsvm_device *vdev = container_of(work, struct vsvm_device, fault_work);
	unsigned int left = vdev->fault_ring_size;
	struct vsvm_hw_fault chunk[RING_CHUNK];
	unsigned int count, i;

	/* One ringful at a time: who fills it without end must not keep others from the replay. */
	while (left && (count = vsvm_hw_fault_read(vdev->hw, chunk, min(left, RING_CHUNK)))) {
		for (i = 0; i < count; i++)
			hand_over(vdev, &chunk[i]);
		left -= count;
	}

	vsvm_hw_fault_replay(vdev->hw, NULL);
	if (!left)
		queue_work(vdev->fault_wq, &vdev->fault_work);
}

/**
 * vsvm_vm_faults_init() - make room for a VM's faults
 * @faults: zeroed
 *
 * Return: 0 or -ENOMEM.
 */
int vsvm_vm_faults_init(struct vsvm_vm_faults *faults)
{
	faults->pending = kvcalloc(2 * VSVM_FAULT_BATCH, sizeof(*faults->pending),
				   GFP_KERNEL_ACCOUNT);
	if (!faults->pending)
		return -ENOMEM;
	faults->batch = faults->pending + VSVM_FAULT_BATCH;
	spin_lock_init(&faults->lock);
	INIT_WORK(&faults->work, vm_fault_work);
	return 0;
}

/**
 * vsvm_vm_faults_fini() - wait for the last batch, and give back the room
 * @faults: of a VM that hand_over() finds no more
 */
void vsvm_vm_faults_fini(struct vsvm_vm_faults *faults)
{
	cancel_work_sync(&faults->work);
	/* One allocation; the two halves may have changed places. */
	kvfree(min(faults->pending, faults->batch));
}
