/* SPDX-License-Identifier: MIT */
/*
 * Loading and unloading the module, for tests that want it with parameters of their own.
 *
 * libigt keeps the first device open that it opens, and so the module. These helpers do not.
 */
#ifndef VSVM_MODPROBE_H
#define VSVM_MODPROBE_H

#include <igt.h>

/** VSVM_DRIVER_DIR - the driver in sysfs */
#define VSVM_DRIVER_DIR	"/sys/bus/platform/drivers/vsvm"

/** vsvm_module_loaded() - is it there? */
bool vsvm_module_loaded(void);
/** vsvm_module_load() - load it with parameters; returns the exit code of modprobe */
int vsvm_module_load(const char *params);
/** __vsvm_module_unload() - one try; 0 or -errno */
int __vsvm_module_unload(void);
/** vsvm_module_unload() - wait until nobody looks at the device, and unload it if it is there */
void vsvm_module_unload(void);
/** vsvm_module_reload() - the same, and load it with other parameters */
void vsvm_module_reload(const char *params);
/**
 * vsvm_module_save() - remember the parameters of the module, and load it if it is not there
 *
 * Skips if it cannot be loaded and unloaded here.
 */
void vsvm_module_save(void);
/** vsvm_module_found() - what vsvm_module_save() found, for vsvm_module_load() */
const char *vsvm_module_found(void);
/**
 * vsvm_module_begin() - load it with parameters besides those found, and open the device
 *
 * Whatever a subtest that failed has left open by this is closed.
 */
int vsvm_module_begin(const char *f, ...);
/** vsvm_module_reopen() - open the device again, after vsvm_module_shut() */
int vsvm_module_reopen(void);
/** vsvm_module_shut() - close it, if it is open by one of these two */
void vsvm_module_shut(void);
/** vsvm_module_end() - the same, and load the module as it was found; for the last fixture */
void vsvm_module_end(void);
/**
 * vsvm_reserved() - memory that the kernel leaves alone (memmap=SIZE$START)
 *
 * For coherent=SIZE@START. Skips if there is none.
 */
void vsvm_reserved(uint64_t *start, uint64_t *size);
/** vsvm_device_name() - what the platform calls one of the module's devices */
const char *vsvm_device_name(unsigned int index);
/** vsvm_device_write() - "bind" or "unbind" one of them; 0 or -errno */
int vsvm_device_write(const char *file, unsigned int index);
/** vsvm_driver_write() - the same for the first one */
int vsvm_driver_write(const char *file);

/** __vsvm_open_node() - open a device if there is one; else -1 */
int __vsvm_open_node(void);
/** vsvm_open_node() - open it; its name may take a moment after the module */
int vsvm_open_node(void);
/** __vsvm_open_device() - the same for a certain one, as &drm_vsvm_dev_info.index says */
int __vsvm_open_device(unsigned int index);
/** vsvm_open_device() - the same, and it has to be there in a moment */
int vsvm_open_device(unsigned int index);

#endif /* VSVM_MODPROBE_H */
