/* SPDX-License-Identifier: MIT */
/*
 * BOs that prefer VRAM, of which the module is loaded with little, and what is in them.
 */
#ifndef VSVM_BO_VRAM_H
#define VSVM_BO_VRAM_H

#include "vsvm_modprobe.h"
#include "vsvm_vram.h"

#define MIB		8
#define VRAM		((uint64_t)MIB << 20)
#define CHUNKS		(VRAM / VSVM_2M)

/* The module with so much VRAM */
static inline int bo_module(unsigned int mib)
{
	return vsvm_module_begin("vram_mib=%u", mib);
}

/* KiB that fdinfo says of a file: "resident", "vram" */
static inline uint64_t region_kib(int fd, const char *stat, const char *region)
{
	char path[64], line[128], key[64], unit[8] = "";
	unsigned long long value = 0;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	igt_assert(f);
	snprintf(key, sizeof(key), "drm-%s-%s:", stat, region);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)))
			continue;
		found = sscanf(line + strlen(key), "%llu %7s", &value, unit) >= 1;
		if (!strcmp(unit, "MiB"))
			value *= 1024;
		else if (strcmp(unit, "KiB"))
			value /= 1024;
	}
	fclose(f);
	igt_assert_f(found, "no %s in fdinfo\n", key);
	return value;
}

/* So many bytes of the BOs and VMs of a file are in VRAM */
#define expect_vram(fd, bytes) \
	igt_assert_eq_u64(region_kib(fd, "resident", "vram"), (bytes) / 1024)

/**
 * struct bo - a BO, where it is bound in an SVM VM, and what is in it
 */
struct bo {
	/** @handle: handle */
	uint32_t handle;
	/** @map: what a CPU sees */
	uint8_t *map;
	/** @k: what a GPU sees, and what it is to be */
	struct known k;
};

/*
 * A VM that keeps a range for BOs, of at most @size bytes. Its memory is what makes no use of VRAM,
 * unless something says so.
 */
static inline uint8_t *bo_vm(struct svm *t, int fd, uint64_t size)
{
	uint8_t *range = vsvm_reserve(size);

	svm_init_vm(t, fd, vsvm_vm_create_range(fd, range, size));
	return range;
}

/* A BO, bound at @at */
static inline void bo_init(struct bo *bo, struct svm *t, void *at, uint64_t size)
{
	int fd = t->ctx.fd;

	bo->handle = vsvm_bo_create_vram(fd, size);
	bo->map = vsvm_bo_mmap(fd, bo->handle, size);
	vsvm_bind(fd, t->ctx.vm, bo->handle, 0, vsvm_ptr(at), size, 0);
	known_init(&bo->k, at, size);
	bo->k.rng.state += bo->handle;
}

static inline void bo_fini(struct bo *bo, struct svm *t)
{
	int fd = t->ctx.fd;

	vsvm_unbind(fd, t->ctx.vm, vsvm_ptr(bo->k.p), bo->k.size);
	vsvm_unmap(bo->map, bo->k.size);
	vsvm_bo_close(fd, bo->handle);
	known_fini(&bo->k);
}

static inline void bo_expect_map(const struct bo *bo)
{
	for (size_t i = 0; i < bo->k.size; i += PAGE)
		igt_assert_f(!memcmp(bo->map + i, bo->k.want + i, PAGE),
			     "CPU: page %zu is wrong\n", i / (size_t)PAGE);
}

/* First the GPU, then the CPU sees each byte */
static inline void bo_expect(const struct bo *bo, struct svm *t)
{
	known_expect_gpu(&bo->k, t);
	bo_expect_map(bo);
}

#endif
