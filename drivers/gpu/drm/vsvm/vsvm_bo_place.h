/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_BO_PLACE_H_
#define _VSVM_BO_PLACE_H_

#include <linux/mm_types.h>
#include <linux/types.h>

struct drm_file;
struct drm_gem_object;
struct drm_gem_object_funcs;
struct drm_printer;
struct page;
struct vsvm_vram;
struct vsvm_vram_chunk;

/**
 * struct vsvm_bo_moves - how often something has come and gone of late
 */
struct vsvm_bo_moves {
	/** @last: when it came the last time, in jiffies */
	unsigned long last;
	/** @count: how often it has come, never long after the last time; 0: not yet */
	u8 count;
};

/**
 * struct vsvm_bo_block - where %VSVM_HW_VRAM_BLOCK bytes of a BO are
 *
 * In VRAM, in system memory, or nowhere, as long as nobody has used them.
 */
struct vsvm_bo_block {
	/** @chunk: in VRAM: where */
	struct vsvm_vram_chunk *chunk;
	/** @pages: in system memory: the pages, with references */
	struct page **pages;
	/** @moves: how often it has come back to VRAM */
	struct vsvm_bo_moves moves;
	/** @lost: gone, with a device that was removed */
	bool lost;
};

extern const struct drm_gem_object_funcs vsvm_bo_vram_funcs;

void vsvm_bo_note_move(struct vsvm_bo_moves *moves, unsigned long now);
bool vsvm_bo_is_thrashing(const struct vsvm_bo_moves *moves, unsigned long now);

int vsvm_bo_place(struct drm_gem_object *obj, u64 block, struct vsvm_vram_chunk **chunk,
		  bool asked);
u64 vsvm_bo_leaf(struct drm_gem_object *obj, u64 offset, bool write, bool *large);
void vsvm_bo_used(struct drm_gem_object *obj, u64 block);
void vsvm_bo_evict(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk, bool last);
void vsvm_bo_show_memory(struct drm_printer *p, struct drm_file *file, u64 svm_bytes);

#endif
