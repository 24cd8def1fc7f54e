/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_BO_H_
#define _VSVM_BO_H_

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct drm_gem_object;
struct vsvm_phyr;

struct drm_gem_object *vsvm_bo_create_object(struct drm_device *drm, size_t size);
int vsvm_bo_pin(struct drm_gem_object *obj);
void vsvm_bo_unpin(struct drm_gem_object *obj);
const struct vsvm_phyr *vsvm_bo_phyr(struct drm_gem_object *obj);

int vsvm_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);
int vsvm_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file);

#endif
