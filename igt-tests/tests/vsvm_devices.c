// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm devices
 * Description: Several devices of one module, each of which goes without the others' noticing
 *
 * Loads the module with as many devices as a subtest wants; at the end it is loaded as it was.
 */
#include <xf86drm.h>

#include "vsvm_hold.h"
#include "vsvm_modprobe.h"
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("Several devices of one module");

#define MAX_DEVICES	8

/* What a subtest has open; one that fails leaves it to the next */
static int fds[MAX_DEVICES];
static unsigned int num_fds;

static void shut(void)
{
	while (num_fds)
		if (fds[--num_fds] >= 0)
			close(fds[num_fds]);
}

static void load(unsigned int count, const char *more)
{
	char params[512];

	shut();
	snprintf(params, sizeof(params), "%s devices=%u %s", vsvm_module_found(), count, more);
	vsvm_module_reload(params);
	for (; num_fds < count; num_fds++)
		fds[num_fds] = vsvm_open_device(num_fds);
}

/* All are there: to us, and as different ones to libdrm, which programs go by */
static void test_enumerate(unsigned int count)
{
	drmDevicePtr list[64];
	struct drm_vsvm_dev_info info;
	unsigned int ours = 0;
	drmVersionPtr version;
	int num, fd;
	char *seen;

	load(count, "");
	for (unsigned int i = 0; i < count; i++) {
		vsvm_dev_info(fds[i], &info);
		igt_assert_eq_u32(info.index, i);
		igt_assert_eq_u32(info.num_peers, info.vram_size ? count - 1 : 0);
		vsvm_engines_work(fds[i]);
	}
	igt_assert_eq(__vsvm_open_device(count), -1);

	num = drmGetDevices2(0, list, ARRAY_SIZE(list));
	igt_assert_lte(0, num);
	seen = calloc(num + 1, 24);
	igt_assert(seen);
	for (int i = 0; i < num; i++) {
		if (!(list[i]->available_nodes & 1 << DRM_NODE_RENDER))
			continue;
		fd = open(list[i]->nodes[DRM_NODE_RENDER], O_RDWR);
		igt_assert_fd(fd);
		version = drmGetVersion(fd);
		igt_assert(version);
		if (!strcmp(version->name, "vsvm")) {
			vsvm_dev_info(fd, &info);
			igt_assert_lt_u32(info.index, count);
			igt_assert_eq(list[i]->bustype, DRM_BUS_PLATFORM);
			igt_assert_f(!strcmp(list[i]->businfo.platform->fullname,
					     vsvm_device_name(info.index)),
				     "libdrm calls device %u %s\n", info.index,
				     list[i]->businfo.platform->fullname);
			for (unsigned int j = 0; j < ours; j++)
				igt_assert(strcmp(seen + j * 24,
						  list[i]->nodes[DRM_NODE_RENDER]));
			snprintf(seen + ours++ * 24, 24, "%s", list[i]->nodes[DRM_NODE_RENDER]);
		}
		drmFreeVersion(version);
		close(fd);
	}
	free(seen);
	drmFreeDevices(list, num);
	igt_assert_eq_u32(ours, count);
}

static void test_bad_count(void)
{
	static const char *const bad[] = {
		"devices=0", "devices=9", "devices=-1", "devices=4294967295",
		/* the others fail, and the first one goes with them */
		"devices=2 engines=65",
	};

	igt_emit_ignore_dmesg_regex("vsvm.*: (probe with .* failed|.* invalid for parameter)");
	shut();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		vsvm_module_unload();
		igt_assert_f(vsvm_module_load(bad[i]), "loads with %s\n", bad[i]);
		igt_assert_f(!vsvm_module_loaded(), "stays after %s\n", bad[i]);
	}
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
}

/* Numbers of engines' counters, of VRAM in use and of VMs are each device's own */
static void test_own(void)
{
	struct drm_vsvm_engine_info before, after;
	struct svm t, u;
	uint8_t *p;

	load(2, "engines=1");
	svm_init(&t, fds[0]);
	svm_init(&u, fds[1]);
	vsvm_engine_info(fds[1], 0, &before);
	p = vram_buffer(&t, 16);
	svm_fill(&t, p, 16 * PAGE, 0x600d);
	vram_expect_pages(&t, 16);
	vram_expect_pages(&u, 0);
	vsvm_engine_info(fds[1], 0, &after);
	igt_assert_eq_u64(before.packets, after.packets);
	igt_assert_eq_u64(before.faults, after.faults);
	/* a killed queue is killed on its device alone */
	svm_expect_error(&t, NULL, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_write(&u, p, 7);
	igt_assert_eq_u64(*(uint64_t *)p, 7);
	svm_buffer_free(p, 16 * PAGE);
	svm_fini(&u);
	svm_fini(&t);
}

/* The number that debugfs, traces and fault records have for a VM tells the device too */
static void test_numbers(void)
{
	struct svm t, u;
	FILE *f;

	load(2, "hold_points=1");
	f = svm_debugfs(fds[0], "vms");
	igt_require_f(f, "no debugfs\n");
	fclose(f);
	svm_init(&t, fds[0]);
	svm_init(&u, fds[1]);
	igt_assert_lt_u32(vsvm_hold_vm(fds[0], t.ctx.vm), 100000000);
	igt_assert_lt_u32(100000000, vsvm_hold_vm(fds[1], u.ctx.vm));
	svm_fini(&u);
	svm_fini(&t);
}

/*
 * One of three goes while another one writes all the time: to memory, and with @vram to its own
 * VRAM. What the one that goes had in VRAM is the process's.
 */
static void test_unbind(unsigned int gone, bool vram)
{
	const unsigned int stay = (gone + 1) % 3, size = BUSY_LANES * PAGE;
	struct drm_vsvm_dev_info info;
	uint32_t info_size = sizeof(info), id;
	struct svm t, u;
	uint8_t *p, *q;

	load(3, "");
	for (unsigned int round = 0; round < 2; round++) {
		busy_init(&t, fds[stay]);
		svm_init(&u, fds[gone]);
		p = svm_buffer(size);
		memset(p, 0, size);
		if (vram)
			vram_prefer(&t, p, size);
		q = vram_buffer(&u, 32);
		svm_number_pages(q, 32, 5);
		svm_expect_pages(&u, q, 32, 5);
		vram_expect_pages(&u, 32);
		busy_start(&t, p, PAGE, 0);
		busy_rounds(2);
		igt_assert_eq(vsvm_device_write("unbind", gone), 0);
		busy_rounds(2);
		vram_check(q, 32, 5);
		igt_assert_eq(__vsvm_open_device(gone), -1);
		igt_assert_eq(__vsvm_dev_query(fds[gone], DRM_VSVM_DEV_QUERY_INFO, 0, &info,
					       &info_size), -ENODEV);
		igt_assert_eq(__vsvm_vm_create(fds[gone], DRM_VSVM_VM_SVM, 0, 0, &id), -ENODEV);
		vsvm_dev_info(fds[stay], &info);
		igt_assert_eq_u32(info.index, stay);
		igt_assert_eq_u32(info.num_peers, 1);
		/* it may come back before those who had it open know */
		if (!round)
			close(fds[gone]);
		else
			vsvm_unmap(u.range, svm_range_size());
		igt_assert_eq(vsvm_device_write("bind", gone), 0);
		id = vsvm_open_device(gone);
		vsvm_engines_work(id);
		vsvm_dev_info(id, &info);
		igt_assert_eq_u32(info.num_peers, 2);
		busy_rounds(2);
		busy_stop();
		if (round)
			close(fds[gone]);
		else
			vsvm_unmap(u.range, svm_range_size());
		fds[gone] = id;
		svm_buffer_free(p, size);
		svm_buffer_free(q, 32 * PAGE);
		svm_fini(&t);
	}
}

/* All of them go, in an order that is none, and the module with none left */
static void test_unbind_all(void)
{
	static const unsigned int order[] = { 2, 0, 3, 1 };

	load(4, "");
	shut();
	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		igt_assert_eq(vsvm_device_write("unbind", order[i]), 0);
		igt_assert_neq(vsvm_device_write("unbind", order[i]), 0);
	}
	igt_assert_eq(__vsvm_open_node(), -1);
	igt_assert_eq(vsvm_device_write("bind", 3), 0);
	vsvm_engines_work(fds[num_fds++] = vsvm_open_device(3));
	shut();
	vsvm_module_unload();
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
}

/* A file of any of them keeps the module */
static void test_unload(void)
{
	load(3, "");
	close(fds[0]);
	close(fds[1]);
	fds[0] = -1;
	fds[1] = -1;
	igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);
	igt_assert_eq(vsvm_device_write("unbind", 2), 0);
	igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);
	shut();
	vsvm_module_unload();
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
}

/* Each device has a part of memory that CPUs map too */
static void test_coherent(void)
{
	struct drm_vsvm_dev_info info;
	uint64_t start, size;
	char params[64];
	struct svm t, u;
	uint8_t *p, *q;

	vsvm_reserved(&start, &size);
	snprintf(params, sizeof(params), "coherent=%lluM@%#llx", (long long)size >> 20,
		 (long long)start);
	load(2, params);
	for (unsigned int i = 0; i < 2; i++) {
		vsvm_dev_info(fds[i], &info);
		igt_assert_eq_u64(info.vram_size, size / 2);
		igt_assert(info.flags & DRM_VSVM_DEV_VRAM_COHERENT);
	}
	svm_init(&t, fds[0]);
	svm_init(&u, fds[1]);
	p = vram_buffer(&t, 16);
	q = vram_buffer(&u, 16);
	svm_number_pages(p, 16, 1);
	svm_number_pages(q, 16, 101);
	svm_expect_pages(&t, p, 16, 1);
	svm_expect_pages(&u, q, 16, 101);
	vram_expect_pages(&t, 16);
	vram_expect_pages(&u, 16);
	vram_check(p, 16, 1);
	vram_check(q, 16, 101);
	vram_expect_pages(&t, 16);
	vram_expect_pages(&u, 16);
	/* without the one, its memory is the system's, and the other's stays */
	igt_assert_eq(vsvm_device_write("unbind", 1), 0);
	vram_check(q, 16, 101);
	vram_expect_pages(&t, 16);
	svm_expect_pages(&t, q, 16, 101);
	vsvm_unmap(u.range, svm_range_size());
	close(fds[1]);
	igt_assert_eq(vsvm_device_write("bind", 1), 0);
	fds[1] = vsvm_open_device(1);
	svm_init(&u, fds[1]);
	svm_expect_pages(&u, p, 16, 1);
	svm_buffer_free(p, 16 * PAGE);
	svm_buffer_free(q, 16 * PAGE);
	svm_fini(&u);
	svm_fini(&t);
}

int igt_main()
{
	igt_fixture() {
		vsvm_module_save();
	}

	for (unsigned int count = 1; count <= MAX_DEVICES; count++) {
		if (count > 3 && count < MAX_DEVICES)
			continue;
		igt_describe("A program does not find all devices, or takes two for one");
		igt_subtest_f("enumerate-%u", count)
			test_enumerate(count);
	}
	igt_describe("A number of devices that makes no sense is accepted, or leaves a module");
	igt_subtest("bad-count")
		test_bad_count();
	igt_describe("One device's counters, VRAM or errors are another's");
	igt_subtest("own")
		test_own();
	igt_describe("Two VMs have one number in traces");
	igt_subtest("vm-numbers")
		test_numbers();
	for (unsigned int gone = 0; gone < 3; gone++) {
		igt_describe("Work of a device is disturbed when another one goes, or comes");
		igt_subtest_f("unbind-%u", gone)
			test_unbind(gone, gone == 2);
	}
	igt_describe("The module cannot be unloaded when its devices were unbound");
	igt_subtest("unbind-all")
		test_unbind_all();
	igt_describe("The module goes while a program has one of its devices open");
	igt_subtest("unload")
		test_unload();
	igt_describe("Two devices have the same memory");
	igt_subtest("coherent")
		test_coherent();

	igt_fixture() {
		shut();
		if (vsvm_module_loaded())
			vsvm_module_unload();
		igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
	}
}
