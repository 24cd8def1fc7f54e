// SPDX-License-Identifier: MIT
/*
 * Loading and unloading the module; vsvm_modprobe.h says what each helper does.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "vsvm_lib.h"
#include "vsvm_modprobe.h"

#define PARAMS	"/sys/module/vsvm/parameters"

/* The module's parameters as they were found */
static char found[384];

bool vsvm_module_loaded(void)
{
	return !access("/sys/module/vsvm", F_OK);
}

int vsvm_module_load(const char *params)
{
	char cmd[512];
	int ret;

	snprintf(cmd, sizeof(cmd), "modprobe vsvm %s 2>/dev/null", params);
	ret = system(cmd);
	igt_assert(WIFEXITED(ret));
	return WEXITSTATUS(ret);
}

int __vsvm_module_unload(void)
{
	return syscall(SYS_delete_module, "vsvm", O_NONBLOCK) ? -errno : 0;
}

void vsvm_module_unload(void)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	int ret;

	if (!vsvm_module_loaded())
		return;
	/* Someone who looks at new devices may have it open for a moment. */
	for (ret = __vsvm_module_unload(); ret == -EWOULDBLOCK && vsvm_now() < deadline;
	     ret = __vsvm_module_unload())
		usleep(10000);
	igt_assert_eq(ret, 0);
	igt_assert(!vsvm_module_loaded());
}

void vsvm_module_reload(const char *params)
{
	vsvm_module_unload();
	igt_assert_eq(vsvm_module_load(params), 0);
	igt_assert(vsvm_module_loaded());
}

void vsvm_module_save(void)
{
	static const char *const names[] = {
		"devices", "engines", "fault_ring_size", "counter_ring_size", "job_timeout_ms",
		"counter_threshold", "density_percent", "hold_points", "vram_mib", "coherent",
		"vectors",
	};
	char path[128], value[32];
	size_t used = 0;
	FILE *f;

	igt_require_f(!geteuid(), "not root\n");
	if (!vsvm_module_loaded())
		igt_require_f(!vsvm_module_load(""), "vsvm does not load\n");
	igt_require_f(!access(PARAMS, F_OK), "vsvm is no module\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), PARAMS "/%s", names[i]);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fscanf(f, "%31s", value) == 1)
			used += snprintf(found + used, sizeof(found) - used, "%s=%s ", names[i],
					 value);
		fclose(f);
	}
}

const char *vsvm_module_found(void)
{
	return found;
}

/* The device, if it is open by vsvm_module_begin() or _reopen() */
static int opened = -1;

int vsvm_module_begin(const char *f, ...)
{
	char params[512];
	size_t used = snprintf(params, sizeof(params), "%s ", found);
	va_list args;

	va_start(args, f);
	vsnprintf(params + used, sizeof(params) - used, f, args);
	va_end(args);
	vsvm_module_shut();
	vsvm_module_reload(params);
	return vsvm_module_reopen();
}

int vsvm_module_reopen(void)
{
	opened = vsvm_open_node();
	return opened;
}

void vsvm_module_shut(void)
{
	if (opened >= 0)
		close(opened);
	opened = -1;
}

void vsvm_module_end(void)
{
	vsvm_module_shut();
	vsvm_module_unload();
	igt_assert_eq(vsvm_module_load(found), 0);
}

void vsvm_reserved(uint64_t *start, uint64_t *size)
{
	char line[4096], *at, *end;
	FILE *f;

	f = fopen("/proc/cmdline", "r");
	igt_assert(f);
	igt_assert(fgets(line, sizeof(line), f));
	fclose(f);
	at = strstr(line, "memmap=");
	igt_require_f(at, "the kernel has no memmap=SIZE$START\n");
	*size = strtoull(at + strlen("memmap="), &end, 0);
	igt_require_f(end[0] == 'M' && end[1] == '$', "not in MiB, or not reserved: %s\n", at);
	*size <<= 20;
	*start = strtoull(end + 2, NULL, 0);
}

const char *vsvm_device_name(unsigned int index)
{
	static const char *const names[] = {
		"vsvm", "vsvm-1", "vsvm-2", "vsvm-3", "vsvm-4", "vsvm-5", "vsvm-6", "vsvm-7",
	};

	igt_assert_lt_u32(index, ARRAY_SIZE(names));
	return names[index];
}

int vsvm_device_write(const char *file, unsigned int index)
{
	const char *name = vsvm_device_name(index);
	ssize_t size = strlen(name);
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), VSVM_DRIVER_DIR "/%s", file);
	fd = open(path, O_WRONLY);
	igt_assert_fd(fd);
	ret = write(fd, name, size) == size ? 0 : -errno;
	close(fd);
	return ret;
}

int vsvm_driver_write(const char *file)
{
	return vsvm_device_write(file, 0);
}

/* The first one, or with @index >= 0 the one that says it is that */
static int open_any(int index)
{
	char path[32], name[16];
	struct drm_version version;
	struct drm_vsvm_dev_info info;
	uint32_t size;
	int fd;

	for (int i = 128; i < 192; i++) {
		snprintf(path, sizeof(path), "/dev/dri/renderD%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		memset(name, 0, sizeof(name));
		version = (struct drm_version){ .name = name, .name_len = sizeof(name) - 1 };
		size = sizeof(info);
		if (!vsvm_ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vsvm") &&
		    (index < 0 || (!__vsvm_dev_query(fd, DRM_VSVM_DEV_QUERY_INFO, 0, &info,
						     &size) && info.index == (uint32_t)index)))
			return fd;
		close(fd);
	}
	return -1;
}

static int wait_any(int index)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	int fd = open_any(index);

	while (fd < 0 && vsvm_now() < deadline) {
		usleep(10000);
		fd = open_any(index);
	}
	igt_assert_fd(fd);
	return fd;
}

int __vsvm_open_node(void)
{
	return open_any(-1);
}

int vsvm_open_node(void)
{
	return wait_any(-1);
}

int __vsvm_open_device(unsigned int index)
{
	return open_any(index);
}

int vsvm_open_device(unsigned int index)
{
	return wait_any(index);
}
