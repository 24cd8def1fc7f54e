/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_ATOMIC_H_
#define _VSVM_SVM_ATOMIC_H_

#include <linux/types.h>
#include <linux/vsvm_hw.h>
#include <drm/vsvm_drm.h>

#include "svm_interval.h"

struct mmu_notifier_range;
struct vm_area_struct;
struct vsvm_request;
struct vsvm_svm;

int vsvm_atomic_request(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
			struct vm_area_struct *vma, struct vsvm_request *req,
			struct vsvm_span bounds);
void vsvm_atomic_init(struct vsvm_svm *svm);
void vsvm_atomic_fini(struct vsvm_svm *svm);
bool vsvm_atomic_turn_next(struct vsvm_svm *svm, u64 *addr);
void vsvm_atomic_unmapped(struct vsvm_svm *svm, struct vsvm_span span);
bool vsvm_atomic_is_taking(const struct vsvm_svm *svm, const struct mmu_notifier_range *range);
bool vsvm_atomic_is_own(const struct vsvm_svm *svm);

/**
 * vsvm_atomic_leaf() - take from an entry the atomics that its memory is not to have
 * @leaf: entry of a page that is where it is
 * @mode: &enum drm_vsvm_atomic of the range
 *
 * Return: the entry that is to be made.
 */
static inline u64 vsvm_atomic_leaf(u64 leaf, u8 mode)
{
	if (mode == DRM_VSVM_ATOMIC_DIRECT ||
	    (leaf & (VSVM_PTE_VRAM | VSVM_PTE_PEER)) == VSVM_PTE_VRAM)
		return leaf;
	return leaf & ~VSVM_PTE_ATOMIC;
}

#endif
