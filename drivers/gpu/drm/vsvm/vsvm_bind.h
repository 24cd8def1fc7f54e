/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_BIND_H_
#define _VSVM_BIND_H_

struct drm_device;
struct drm_file;
struct drm_gpuvm_ops;
struct drm_vsvm_bind_op;
struct vsvm_vm;

extern const struct drm_gpuvm_ops vsvm_gpuvm_ops;

int vsvm_bind_check(const struct vsvm_vm *vm, const struct drm_vsvm_bind_op *op);
void vsvm_bind_unmap_all(struct vsvm_vm *vm);
int vsvm_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif
