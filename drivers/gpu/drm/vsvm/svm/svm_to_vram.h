/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_TO_VRAM_H_
#define _VSVM_SVM_TO_VRAM_H_

#include <linux/types.h>

#include "svm_interval.h"

struct vm_area_struct;
struct vsvm_request;
struct vsvm_svm;
struct vsvm_vram;

int vsvm_migrate_request(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
			 struct vm_area_struct *vma, struct vsvm_request *req,
			 struct vsvm_span bounds);
int vsvm_migrate_count(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		       const struct vsvm_request *req, u64 *kept);
void vsvm_migrate_begin(struct vsvm_svm *svm, struct vsvm_request *req);
unsigned int vsvm_migrate_vram_pages(struct vsvm_svm *svm, unsigned int count);
void vsvm_migrate_end(struct vsvm_svm *svm);
void vsvm_migrate_alone(struct vsvm_svm *svm, struct vsvm_request *req);
bool vsvm_migrate_vma_ok(const struct vm_area_struct *vma);
struct vsvm_span vsvm_migrate_span(const unsigned long *pfns, const struct vsvm_vram *vram,
				   struct vsvm_span block, const struct vsvm_request *req,
				   bool whole);

#endif
