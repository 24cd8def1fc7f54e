/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_COUNTER_H_
#define _VSVM_COUNTER_H_

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vsvm_hw.h>
#include <linux/workqueue.h>

/** VSVM_COUNTER_BATCH - notices of one VM that wait, and are served together, at most */
#define VSVM_COUNTER_BATCH	16

/**
 * struct vsvm_vm_counters - notices of a VM's access counters between the ring and their service
 */
struct vsvm_vm_counters {
	/** @work: serves them */
	struct work_struct work;
	/** @lock: of the rest */
	spinlock_t lock;
	/** @queued: @work is to run, and holds a reference of the VM */
	bool queued;
	/** @num_pending: entries in @pending */
	unsigned int num_pending;
	/** @pending: notices that wait */
	struct vsvm_hw_counter_record pending[VSVM_COUNTER_BATCH];
};

void vsvm_counter_work(struct work_struct *work);
void vsvm_vm_counters_init(struct vsvm_vm_counters *counters);

#endif
