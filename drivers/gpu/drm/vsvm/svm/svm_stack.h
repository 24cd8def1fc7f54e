/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_STACK_H_
#define _VSVM_SVM_STACK_H_

#include <linux/types.h>

struct mm_struct;

bool vsvm_stack_grow(struct mm_struct *mm, u64 addr);

#endif
