/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef VSVM_PEER_PAGEMAP_H
#define VSVM_PEER_PAGEMAP_H

struct drm_device;
struct drm_pagemap;

struct drm_pagemap *pagemap_create(void);
void *pagemap_owner(void);
int pagemap_init(struct drm_device *drm);
void pagemap_exit(void);

#endif
