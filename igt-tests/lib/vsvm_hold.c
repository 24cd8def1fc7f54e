// SPDX-License-Identifier: MIT
/*
 * Hold points; vsvm_hold.h says what each helper does.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "vsvm_hold.h"
#include "vsvm_modprobe.h"

#define MAX_FILES	16

/* Open files of armed holds: a subtest that fails does not come to close its own. */
static int files[MAX_FILES];
static unsigned int num_files;

static FILE *open_debugfs(int fd, const char *name)
{
	char path[128];
	struct stat st;

	igt_assert_eq(fstat(fd, &st), 0);
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/%s", minor(st.st_rdev), name);
	return fopen(path, "re");
}

int vsvm_hold_open(int fd)
{
	char path[128];
	struct stat st;

	igt_assert_eq(fstat(fd, &st), 0);
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/hold", minor(st.st_rdev));
	return open(path, O_RDWR | O_CLOEXEC);
}

static bool has_debugfs(int fd)
{
	FILE *f = open_debugfs(fd, "vms");

	if (f)
		fclose(f);
	return f;
}

int vsvm_hold_setup(void)
{
	char params[512];
	int fd, file;

	vsvm_module_save();
	snprintf(params, sizeof(params), "%s hold_points=1", vsvm_module_found());
	vsvm_module_reload(params);
	fd = vsvm_open_node();
	file = vsvm_hold_open(fd);
	/* Where debugfs has the device, it has to have this too: or all races would skip as one. */
	igt_require_f(file >= 0 || !has_debugfs(fd), "no debugfs\n");
	igt_assert_f(file >= 0, "no hold points: %m\n");
	close(file);
	return fd;
}

void vsvm_hold_teardown(int fd)
{
	vsvm_hold_release_all();
	if (fd < 0)
		return;
	close(fd);
	vsvm_module_reload(vsvm_module_found());
}

/* Which client of the device is a file? fdinfo says so. */
static uint64_t client_of(int fd)
{
	unsigned long long client = 0;
	char line[256];
	FILE *f;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	f = fopen(line, "re");
	igt_assert(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "drm-client-id: %llu", &client) == 1)
			break;
	fclose(f);
	igt_assert(client);
	return client;
}

uint32_t vsvm_hold_vm(int fd, uint32_t vm)
{
	FILE *f = open_debugfs(fd, "vms");
	uint32_t number, found = 0;
	char line[256], mark[64];

	igt_assert(f);
	snprintf(mark, sizeof(mark), " client %llu id %u\n",
		 (unsigned long long)client_of(fd), vm);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "vm %u:", &number) == 1 && strstr(line, mark))
			found = number;
	fclose(f);
	igt_assert_f(found, "VM %u is not in debugfs\n", vm);
	return found;
}

int vsvm_hold_command(int file, const char *f, ...)
{
	char line[256];
	va_list args;
	int size;

	va_start(args, f);
	size = vsnprintf(line, sizeof(line), f, args);
	va_end(args);
	return write(file, line, size) == size ? 0 : -errno;
}

/*
 * Who is held may have mmap_lock, and then the stack of the test does not grow: whatever the test
 * calls until it lets go must do with what the stack has now.
 */
static void grow_stack(void)
{
	char room[128 << 10];

	for (size_t i = 0; i < sizeof(room); i += 4096)
		WRITE_ONCE(room[i], 0);
}

void vsvm_hold_arm_options(struct vsvm_hold *hold, int fd, uint32_t vm, const char *point,
			   const char *options)
{
	*hold = (struct vsvm_hold){
		.file = vsvm_hold_open(fd),
		.vm = vsvm_hold_vm(fd, vm),
		.point = point,
		.limited = strstr(options, "limit="),
	};
	grow_stack();
	igt_assert_fd(hold->file);
	igt_assert_lt(num_files, MAX_FILES);
	files[num_files++] = hold->file;
	igt_assert_eq(vsvm_hold_command(hold->file, "arm %u %s %s", hold->vm, point, options), 0);
}

void vsvm_hold_arm(struct vsvm_hold *hold, int fd, uint32_t vm, const char *point)
{
	vsvm_hold_arm_options(hold, fd, vm, point, "");
}

void vsvm_hold_arm_at(struct vsvm_hold *hold, int fd, uint32_t vm, const char *point,
		      const void *p, size_t size)
{
	char options[64];

	snprintf(options, sizeof(options), "start=%#llx end=%#llx", (unsigned long long)vsvm_ptr(p),
		 (unsigned long long)vsvm_ptr(p) + size);
	vsvm_hold_arm_options(hold, fd, vm, point, options);
}

void vsvm_hold_count(struct vsvm_hold *hold, int fd, uint32_t vm, const char *point,
		     const void *p, size_t size)
{
	char options[96];

	snprintf(options, sizeof(options), "start=%#llx end=%#llx skip=%u",
		 (unsigned long long)vsvm_ptr(p), (unsigned long long)vsvm_ptr(p) + size, 1u << 30);
	vsvm_hold_arm_options(hold, fd, vm, point, options);
}

int __vsvm_hold_wait(struct vsvm_hold *hold, unsigned int ms)
{
	int ret;

	do {
		ret = vsvm_hold_command(hold->file, "wait %u %s %u", hold->vm, hold->point, ms);
	} while (ret == -EINTR);
	return ret;
}

void vsvm_hold_wait(struct vsvm_hold *hold)
{
	int ret = __vsvm_hold_wait(hold, VSVM_WAIT_NS / NSEC_PER_MSEC);

	igt_assert_f(!ret, "nobody is held at %s: %s\n", hold->point, strerror(-ret));
}

bool vsvm_hold_is_held(struct vsvm_hold *hold)
{
	int ret = __vsvm_hold_wait(hold, 0);

	/* One that has reached a limit of its own is nobody's any more. */
	igt_assert_f(!ret || ret == -ETIMEDOUT || (ret == -ESTALE && hold->limited), "%s: %s\n",
		     hold->point, strerror(-ret));
	return !ret;
}

/* What the file says of a hold, from the number of those who passed on: one line */
static void read_line(struct vsvm_hold *hold, char line[128])
{
	char text[8192], mark[64], *at;
	ssize_t size;

	/* One read gives all of it, or the kernel would have had to make it twice. */
	size = pread(hold->file, text, sizeof(text) - 1, 0);
	igt_assert_lt(0, size);
	text[size] = '\0';
	snprintf(mark, sizeof(mark), "vm %u %s passed ", hold->vm, hold->point);
	at = strstr(text, mark);
	igt_assert_f(at, "not armed: %s\n", hold->point);
	snprintf(line, 128, "%.*s", (int)strcspn(at + strlen(mark), "\n"),
		 at + strlen(mark));
}

uint64_t vsvm_hold_passed(struct vsvm_hold *hold)
{
	char line[128];

	read_line(hold, line);
	return strtoull(line, NULL, 10);
}

void vsvm_hold_step(struct vsvm_hold *hold)
{
	igt_assert_eq(vsvm_hold_command(hold->file, "release %u %s", hold->vm, hold->point), 0);
}

static void close_file(unsigned int i)
{
	close(files[i]);
	files[i] = files[--num_files];
}

void vsvm_hold_release(struct vsvm_hold *hold)
{
	char line[128];

	read_line(hold, line);
	igt_assert_eq(vsvm_hold_command(hold->file, "disarm %u %s", hold->vm, hold->point), 0);
	for (unsigned int i = 0; i < num_files; i++)
		if (files[i] == hold->file)
			close_file(i);
	hold->file = -1;
	igt_assert_f(hold->limited || !strstr(line, " expired"),
		     "%s: somebody was held for too long, and went on\n", hold->point);
}

void vsvm_hold_release_all(void)
{
	while (num_files)
		close_file(0);
}
