/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_WAIT_H_
#define _VSVM_WAIT_H_

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct drm_vsvm_wait_user_fence;

bool vsvm_wait_satisfied(const struct drm_vsvm_wait_user_fence *args, u64 memory);
long vsvm_wait_jiffies(s64 timeout_ns, s64 now);
int vsvm_ioctl_wait_user_fence(struct drm_device *drm, void *data, struct drm_file *file);

#endif
