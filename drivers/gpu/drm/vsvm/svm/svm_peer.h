/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_PEER_H_
#define _VSVM_SVM_PEER_H_

#include <linux/types.h>

#include "svm_interval.h"

struct page;
struct vm_area_struct;
struct vsvm_migrate_room;
struct vsvm_request;
struct vsvm_svm;

/** enum vsvm_peer_what - what became of pages in VRAM of another device, for traces */
enum vsvm_peer_what {
	/** @VSVM_PEER_MAPPED: mapped where they are */
	VSVM_PEER_MAPPED = 0,
	/** @VSVM_PEER_TAKEN: moved to own VRAM */
	VSVM_PEER_TAKEN = 1,
	/** @VSVM_PEER_REFUSED: moved to system memory */
	VSVM_PEER_REFUSED = 2,
};

int vsvm_peer_request(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		      struct vm_area_struct *vma, struct vsvm_request *req);
bool vsvm_peer_refused(struct vsvm_svm *svm, const struct vsvm_request *req,
		       struct vsvm_span window);
bool vsvm_peer_takes(const struct vsvm_request *req, u64 addr);
bool vsvm_peer_is_advised(const struct page *page);
int vsvm_peer_hot(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		  struct vsvm_request *req, struct vsvm_span bounds);
bool vsvm_peer_wanted(const struct vsvm_svm *svm, u64 start, struct vsvm_span span,
		      const struct vsvm_request *req);
unsigned int vsvm_peer_taken(const struct vsvm_migrate_room *room, unsigned int count);
void vsvm_peer_mapped(struct vsvm_svm *svm, struct vsvm_span window, bool huge);

#endif
