/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_MIGRATE_H_
#define _VSVM_SVM_MIGRATE_H_

#include <linux/mm_types.h>
#include <linux/types.h>
#include <linux/vsvm_hw.h>

#include "svm_interval.h"

struct folio;
struct migrate_vma;
struct vm_area_struct;
struct vm_fault;
struct vsvm_request;
struct vsvm_svm;
struct vsvm_vram;

/**
 * struct vsvm_migrate_room - what moving some pages takes besides the pages
 */
struct vsvm_migrate_room {
	/** @max: pages that there is room for */
	unsigned int max;
	/** @num_copies: entries in @copies */
	unsigned int num_copies;
	/** @copies: what the copy engine is to do */
	struct vsvm_hw_copy *copies;
	/** @src: what the kernel says of the pages as they are, as &migrate_vma.src */
	unsigned long *src;
	/** @dst: where they go, as &migrate_vma.dst */
	unsigned long *dst;
	/** @pages: destinations that have not been given to one yet */
	struct page **pages;
	/** @evict_as: for hold points: of the VM whose memory is to make room, or NULL */
	const struct vsvm_hw_as *evict_as;
};

struct vsvm_migrate_room *vsvm_migrate_room_alloc(unsigned int max);
void vsvm_migrate_room_free(struct vsvm_migrate_room *room);
void vsvm_migrate_add_copy(struct vsvm_migrate_room *room, u64 src, u64 dst, u64 size, u32 flags);
void vsvm_migrate_drop(struct vsvm_migrate_room *room, unsigned int count);
int vsvm_migrate_copy(struct vsvm_hw *hw, struct vsvm_migrate_room *room, unsigned int count);
unsigned int vsvm_migrate_moved(const struct vsvm_migrate_room *room, unsigned int count);

int vsvm_migrate_request(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
			 struct vm_area_struct *vma, struct vsvm_request *req,
			 struct vsvm_span bounds);
void vsvm_migrate_begin(struct vsvm_svm *svm, struct vsvm_request *req);
void vsvm_migrate_end(struct vsvm_svm *svm);
bool vsvm_migrate_vma_ok(const struct vm_area_struct *vma);
struct vsvm_span vsvm_migrate_span(const unsigned long *pfns, const struct vsvm_vram *vram,
				   struct vsvm_span block, const struct vsvm_request *req,
				   bool whole);
bool vsvm_migrate_is_shared(struct vm_area_struct *vma);
void vsvm_migrate_back(struct vsvm_svm *svm, struct vsvm_span span);
int vsvm_migrate_to_ram(struct vsvm_vram *vram, struct vm_area_struct *vma, struct vsvm_span span,
			bool whole, struct page *fault_page, struct vsvm_migrate_room *room,
			unsigned int *moved);
vm_fault_t vsvm_migrate_cpu_fault(struct vm_fault *vmf);
void vsvm_migrate_folio_split(struct folio *head, struct folio *tail);

#endif
