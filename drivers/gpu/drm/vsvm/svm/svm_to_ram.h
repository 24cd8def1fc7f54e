/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_TO_RAM_H_
#define _VSVM_SVM_TO_RAM_H_

#include <linux/mm_types.h>
#include <linux/types.h>

#include "svm_interval.h"

struct vm_area_struct;
struct vm_fault;
struct vsvm_migrate_room;
struct vsvm_svm;
struct vsvm_vram;

bool vsvm_migrate_is_shared(struct vm_area_struct *vma);
void vsvm_migrate_back(struct vsvm_svm *svm, struct vsvm_span span);
int vsvm_migrate_to_ram(struct vsvm_vram *vram, struct vm_area_struct *vma, struct vsvm_span span,
			bool whole, struct page *fault_page, struct vsvm_migrate_room *room,
			unsigned int *moved);
vm_fault_t vsvm_migrate_cpu_fault(struct vm_fault *vmf);

#endif
