/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_WAIT_H_
#define _VSVM_WAIT_H_

struct drm_device;
struct drm_file;

int vsvm_ioctl_wait_user_fence(struct drm_device *drm, void *data, struct drm_file *file);

#endif
