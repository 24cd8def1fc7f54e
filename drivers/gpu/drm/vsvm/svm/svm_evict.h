/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_EVICT_H_
#define _VSVM_SVM_EVICT_H_

#include <linux/types.h>

struct vsvm_vram;
struct vsvm_vram_chunk;
struct vsvm_vram_client;

bool vsvm_evict_chunk(struct vsvm_vram *vram, const struct vsvm_vram_client *client);
bool vsvm_evict_pages(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk, bool wait,
		      bool last);

#endif
