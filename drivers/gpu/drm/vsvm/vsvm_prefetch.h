/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_PREFETCH_H_
#define _VSVM_PREFETCH_H_

struct drm_device;
struct drm_file;

int vsvm_prefetch_module_init(void);
void vsvm_prefetch_module_fini(void);

int vsvm_ioctl_vm_prefetch(struct drm_device *drm, void *data, struct drm_file *file);
int vsvm_ioctl_vm_attr(struct drm_device *drm, void *data, struct drm_file *file);

#endif
