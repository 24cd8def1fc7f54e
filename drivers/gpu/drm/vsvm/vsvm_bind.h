/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_BIND_H_
#define _VSVM_BIND_H_

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct drm_gem_object;
struct drm_gpuvm_ops;
struct drm_vsvm_bind_op;
struct vsvm_vm;

extern const struct drm_gpuvm_ops vsvm_gpuvm_ops;

void vsvm_bind_zap_bo(struct drm_gem_object *obj, u64 start, u64 end);
u32 vsvm_bind_fault(struct vsvm_vm *vm, u64 addr, bool write);
int vsvm_bind_check(const struct vsvm_vm *vm, const struct drm_vsvm_bind_op *op);
void vsvm_bind_unmap_all(struct vsvm_vm *vm);
int vsvm_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif
