/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_ATTR_H_
#define _VSVM_SVM_ATTR_H_

#include <linux/types.h>

#include "svm_interval.h"

struct vsvm_svm;

/**
 * struct vsvm_attr - what is wished for a range; all 0 if nothing is
 */
struct vsvm_attr {
	/** @page_size: &enum drm_vsvm_page_size */
	u8 page_size;
	/** @location: &enum drm_vsvm_location */
	u8 location;
	/** @granularity: log2 of the bytes that migrate together; 0: what suits */
	u8 granularity;
	/** @atomic: &enum drm_vsvm_atomic */
	u8 atomic;
	/** @accessed_by: it is used where it is, and @location does not matter */
	bool accessed_by;
	/** @pinned: what is in VRAM does not make room */
	bool pinned;
	/** @read_mostly: copies for reading are good */
	bool read_mostly;
	/** @peer: &enum drm_vsvm_peer */
	u8 peer;
};

void *vsvm_attr_pack(struct vsvm_attr attr);
struct vsvm_attr vsvm_attr_unpack(void *entry);

void vsvm_attr_init(struct vsvm_svm *svm);
void vsvm_attr_fini(struct vsvm_svm *svm);
struct vsvm_attr vsvm_attr_get(struct vsvm_svm *svm, u64 addr, struct vsvm_span *bounds);
void vsvm_attr_unmapped(struct vsvm_svm *svm, struct vsvm_span span);
int vsvm_attr_reset(struct vsvm_svm *svm, u64 start, u64 end);
int vsvm_attr_uncover(struct vsvm_svm *svm, struct vsvm_span span, struct list_head *news);
int vsvm_attr_forget(struct vsvm_svm *svm);

#endif
