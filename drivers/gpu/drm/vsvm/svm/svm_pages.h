/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_PAGES_H_
#define _VSVM_SVM_PAGES_H_

#include <linux/types.h>

#include "svm_interval.h"

struct vm_area_struct;
struct vsvm_pt;
struct vsvm_svm;
struct vsvm_vram;

/**
 * struct vsvm_request - neighbouring pages that are to be served in one go
 */
struct vsvm_request {
	/** @start: first byte still to be served */
	u64 start;
	/** @end: one past the last byte to be served together, in the same 2M block */
	u64 end;
	/** @write: for writing */
	bool write;
	/** @atomic: for atomics; @write too then */
	bool atomic;
	/** @asked_cpu: the CPU's fault handler has been asked about @start, and sees no error */
	bool asked_cpu;
	/** @page_size: &enum drm_vsvm_page_size */
	u8 page_size;
	/** @location: &enum drm_vsvm_location; in: that of a prefetch, which goes before others */
	u8 location;
	/** @granularity: log2 of the bytes that are to migrate together, 0: what suits */
	u8 granularity;
	/** @present: it is about what is there, and nothing is made for it */
	bool present;
	/** @advised: it is to be in VRAM for good, by an attribute or for the VM */
	bool advised;
	/** @asked: @location is the program's wish for now, and not for good */
	bool asked;
	/** @stream: it goes on where a neighbouring block has just moved */
	bool stream;
	/** @moved: it is where it is to be, or has to be served where it is */
	bool moved;
	/** @room: 4K pages of VRAM that it may take; 0: a chunk without a page in use */
	unsigned int room;
	/** @room_2m: they may be one page of 2M, which takes a chunk without a page in use */
	bool room_2m;
	/** @from_peers: something that is to move to VRAM is in that of another device */
	bool from_peers;
	/** @alone: moving it as 2M with mmap_lock for writing has been tried */
	bool alone;
	/** @only_vram: what is around it and not in VRAM is to fault, and move then */
	bool only_vram;
	/** @reserved: what migration takes has been asked for */
	bool reserved;
	/** @mode: &enum drm_vsvm_atomic */
	u8 mode;
	/** @pinned: what of it is in VRAM is to stay there */
	bool pinned;
	/** @peer: &enum drm_vsvm_peer */
	u8 peer;
	/** @dup: a copy for reading will do */
	bool dup;
	/** @dup_refused: pages that were to be copied so and are not, by the last try */
	unsigned int dup_refused;
	/** @turn: an atomic that is to be kept from CPUs until it has been tried */
	bool turn;
	/** @turned: it has been, and there has been a replay for it */
	bool turned;
	/** @full: how often there was no VRAM for it, where it cannot do without */
	unsigned int full;
	/** @before: pages that are mapped right before the request, as vsvm_pages_beside() says */
	unsigned int before;
	/** @behind: the page right behind it is mapped */
	bool behind;
};

/** vsvm_request_has() - is an address one that is asked for? */
static inline bool vsvm_request_has(const struct vsvm_request *req, u64 addr)
{
	return addr >= req->start && addr < req->end;
}

/*
 * Besides an &enum vsvm_error, a step of the service may answer: memory changed under it, or the
 * request has become smaller; the first page has to wait for the process.
 */
#define VSVM_SERVE_AGAIN	(-1)
#define VSVM_SERVE_WAIT		(-2)
/* It has moved, or VRAM has to be set aside for it, without mmap_lock; then it is tried again. */
#define VSVM_SERVE_MOVED	(-3)
#define VSVM_SERVE_RESERVE	(-4)
/* It has been entered into the page table. */
#define VSVM_SERVE_DONE		(-5)
/* It is to move with mmap_lock for writing, by vsvm_migrate_alone(), and then to be tried again. */
#define VSVM_SERVE_ALONE	(-6)

void vsvm_pages_beside(struct vsvm_pt *pt, struct vsvm_request *req);
int vsvm_pages_look(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		    struct vsvm_span span);
void vsvm_pages_make(struct vsvm_svm *svm, struct vm_area_struct *vma, u64 start,
		     const struct vsvm_request *req);
int vsvm_pages_get(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		   struct vm_area_struct *vma, struct vsvm_request *req, struct vsvm_span bounds,
		   struct vsvm_span *window);
int vsvm_pages_fault(struct vm_area_struct *vma, const struct vsvm_request *req);
int vsvm_pages_error(struct vm_area_struct *vma, struct vsvm_request *req);
int vsvm_pages_map(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		   struct vsvm_request *req, struct vsvm_span window, struct vsvm_span bounds);

/* Steps that need neither locks nor a process, for tests too. */
bool vsvm_pages_serves(unsigned long pfn, bool write);
u64 vsvm_pages_vram_offset(const struct vsvm_vram *vram, unsigned long pfn, u64 addr);
struct vsvm_span vsvm_pages_window(const struct vsvm_request *req, unsigned int around,
				   struct vsvm_span bounds);
u64 vsvm_pages_block_leaf(const struct vsvm_vram *vram, unsigned long pfn, u64 addr,
			  struct vsvm_span bounds);
unsigned int vsvm_pages_around(unsigned int around, const struct vsvm_request *req);

#endif
