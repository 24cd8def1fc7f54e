/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_FAULT_H_
#define _VSVM_SVM_FAULT_H_

#include <linux/types.h>

struct vm_area_struct;

int vsvm_svm_vma_error(struct vm_area_struct *vma, bool write);

#endif
