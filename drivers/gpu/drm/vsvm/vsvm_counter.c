// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Notices of access counters from the ring to their VM
 *
 * As for page faults, two work items, so that the service for one VM, which may wait for memory,
 * holds up nobody else: vsvm_counter_work(), one for the device, empties the ring and hands each
 * notice to the VM that its address space number names; vm_counter_work(), one for each VM, has
 * them served (svm/svm_counter.c).
 *
 * A notice may be dropped anywhere: when its VM is gone, in the ring before, or as the oldest when
 * there are more than %VSVM_COUNTER_BATCH that wait. The device tells again when the count has
 * doubled.
 *
 * A work item that is queued or runs holds a reference of its VM, and if that was the last, undoes
 * the VM itself. So a VM that is destroyed with notices pending does not wait for their service,
 * and that stops at the next one (&vsvm_svm.closing).
 *
 * Locking: the xarray lock of vdev->vms keeps a VM while a notice is handed to it; counters->lock
 * is below it.
 */

#include <linux/minmax.h>
#include <linux/string.h>

#include "svm/svm.h"
#include "vsvm_counter.h"
#include "vsvm_drv.h"
#include "vsvm_fault.h"
#include "vsvm_vm.h"

/* Records taken from the ring at a time; what fits on the stack. */
#define RING_CHUNK	8

/* Under counters->lock: who has taken a batch finds what comes later. */
static void add(struct vsvm_vm *vm, const struct vsvm_hw_counter_record *record)
{
	struct vsvm_vm_counters *counters = &vm->counters;

	lockdep_assert_held(&counters->lock);

	/* The latest are served first, so the first one is what was used longest ago. */
	if (counters->num_pending == VSVM_COUNTER_BATCH)
		memmove(&counters->pending[0], &counters->pending[1],
			--counters->num_pending * sizeof(counters->pending[0]));
	counters->pending[counters->num_pending++] = *record;
	/* The VM may be on its way out; then it is all the same. */
	if (counters->queued || !kref_get_unless_zero(&vm->ref))
		return;
	counters->queued = true;
	WARN_ON_ONCE(!queue_work(vm->faults.pool->wq, &counters->work));
}

static void hand_over(struct vsvm_device *vdev, const struct vsvm_hw_counter_record *record)
{
	struct vsvm_vm *vm;

	xa_lock(&vdev->vms);
	vm = xa_load(&vdev->vms, record->asid);
	if (vm && vm->mm) {
		spin_lock(&vm->counters.lock);
		add(vm, record);
		spin_unlock(&vm->counters.lock);
	}
	xa_unlock(&vdev->vms);
}

/**
 * vsvm_counter_work() - empty the ring of the access counters
 * @work: &vsvm_device.counter_work
 */
void vsvm_counter_work(struct work_struct *work)
{
	struct vsvm_device *vdev = container_of(work, struct vsvm_device, counter_work);
	struct vsvm_hw_counter_record chunk[RING_CHUNK];
	unsigned int left = vdev->counter_ring_size;
	unsigned int count, i;

	/* One ringful at a time, as others have work too; who puts more has it queued again. */
	while (left && (count = vsvm_hw_counter_read(vdev->hw, chunk, min(left, RING_CHUNK)))) {
		for (i = 0; i < count; i++)
			hand_over(vdev, &chunk[i]);
		left -= count;
	}
	if (!left)
		vsvm_fault_queue(&vdev->counter_work);
}

static void vm_counter_work(struct work_struct *work)
{
	struct vsvm_vm_counters *counters = container_of(work, struct vsvm_vm_counters, work);
	struct vsvm_vm *vm = container_of(counters, struct vsvm_vm, counters);
	struct vsvm_hw_counter_record record;
	bool more;

	/* The latest first: that is what is being used. */
	for (;;) {
		spin_lock(&counters->lock);
		more = counters->num_pending;
		if (more)
			record = counters->pending[--counters->num_pending];
		else
			counters->queued = false;
		spin_unlock(&counters->lock);
		if (!more)
			break;
		vsvm_svm_counter(&vm->svm, &record);
		cond_resched();
	}
	vsvm_vm_put(vm);
}

/**
 * vsvm_vm_counters_init() - prepare for the notices of a VM
 * @counters: zeroed
 */
void vsvm_vm_counters_init(struct vsvm_vm_counters *counters)
{
	spin_lock_init(&counters->lock);
	INIT_WORK(&counters->work, vm_counter_work);
}
