/* SPDX-License-Identifier: MIT */
/*
 * The part of IGT's interface that the tests use, for building them where there are no IGT headers.
 * It matches libigt.so.0 of IGT 2.5, and test sources are written to upstream's API: with
 * IGT_SRC=, upstream's igt.h takes the place of this file, and a test can be copied into its tree.
 */
#ifndef IGT_H
#define IGT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <xf86drm.h>

#ifndef IGT_LOG_DOMAIN
#define IGT_LOG_DOMAIN NULL
#endif

#define __igt_noreturn		__attribute((noreturn))
#define __igt_printf(f, a)	__attribute((format(printf, f, a)))

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define ALIGN(v, a)		((typeof(v))__igt_align_up(v, a))
#define ALIGN_DOWN(v, a)	((typeof(v))__igt_align_down(v, a))
#define IS_ALIGNED(v, a)	(((v) & ((typeof(v))(a) - 1)) == 0)
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)

static inline uint64_t __igt_align_down(uint64_t v, uint64_t a)
{
	return v & ~(a - 1);
}

static inline uint64_t __igt_align_up(uint64_t v, uint64_t a)
{
	return __igt_align_down(v + a - 1, a);
}

#define NSEC_PER_USEC		1000ul
#define NSEC_PER_MSEC		1000000ul
#define NSEC_PER_SEC		1000000000ul

#define IGT_EXIT_SKIP		77
#define IGT_EXIT_SUCCESS	0
#define IGT_EXIT_FAILURE	98

/* What libigt exports */

extern const char *__igt_test_description;
extern jmp_buf igt_subtest_jmpbuf;
extern jmp_buf igt_dynamic_jmpbuf;
extern int (*igt_ioctl)(int fd, unsigned long request, void *arg);

enum igt_log_level {
	IGT_LOG_DEBUG,
	IGT_LOG_INFO,
	IGT_LOG_WARN,
	IGT_LOG_CRITICAL,
	IGT_LOG_NONE,
};

struct option;
int igt_subtest_init_parse_opts(int *argc, char **argv, const char *extra_short_opts,
				const struct option *extra_long_opts, const char *help_str,
				int (*extra_opt_handler)(int opt, int opt_index, void *data),
				void *handler_data);
__igt_noreturn void igt_exit(void);

bool __igt_fixture(void);
void __igt_fixture_complete(void);
bool __igt_run_subtest(const char *name, const char *file, const int line);
bool __igt_enter_dynamic_container(void);
bool __igt_run_dynamic_subtest(const char *name);
void __igt_subtest_group_save(int *save, int *desc);
void __igt_subtest_group_restore(int save, int desc);
const char *igt_subtest_name(void);
bool igt_only_list_subtests(void);

void igt_success(void);
__igt_noreturn void igt_fail(int exitcode);
__igt_noreturn __igt_printf(1, 2) void igt_skip(const char *f, ...);
__igt_noreturn __igt_printf(5, 6) void __igt_skip_check(const char *file, const int line,
							const char *func, const char *check,
							const char *f, ...);
__igt_noreturn __igt_printf(6, 7) void __igt_fail_assert(const char *domain, const char *file,
							 const int line, const char *func,
							 const char *assertion, const char *f, ...);
__igt_printf(1, 2) void igt_describe_f(const char *f, ...);
__igt_printf(3, 4) void igt_log(const char *domain, enum igt_log_level level, const char *f, ...);

bool __igt_fork(void);
int __igt_waitchildren(void);
void igt_waitchildren(void);
void igt_waitchildren_timeout(int seconds, const char *reason);
void igt_kill_children(int signal);
void igt_install_exit_handler(void (*fn)(int sig));

struct igt_helper_process {
	bool running;
	bool use_SIGKILL;
	pid_t pid;
	int id;
};

bool __igt_fork_helper(struct igt_helper_process *proc);
int igt_wait_helper(struct igt_helper_process *proc);
void igt_stop_helper(struct igt_helper_process *proc);
void igt_fork_signal_helper(void);
void igt_stop_signal_helper(void);

void igt_set_timeout(unsigned int seconds, const char *op);
void igt_reset_timeout(void);
uint64_t igt_nsec_elapsed(struct timespec *start);
uint64_t igt_get_total_ram_mb(void);
uint64_t igt_get_avail_ram_mb(void);

#define DRIVER_VGEM	0x004
#define DRIVER_VKMS	0x200
#define DRIVER_VIRTIO	0x400
#define DRIVER_ANY	(~(DRIVER_VGEM | DRIVER_VKMS | DRIVER_VIRTIO))

int drm_open_driver(int chipset);
int drm_open_driver_render(int chipset);
int __drm_open_driver_render(int chipset);
int drm_reopen_driver(int fd);
int drm_close_driver(int fd);

/* Blocks. An early end (skip, failed assertion, success) jumps back to the head and past it. */

#define __igt_block(enter, jmpbuf, leave) \
	for (bool __on = (enter); __on && !sigsetjmp(jmpbuf, 1); __on = false, leave)

/* A block whose name is made by printf */
#define __igt_named_block(block, f...) \
	for (char __name[256], *__once = __name; __once; __once = NULL) \
		block(__igt_format(__name, f))

static inline __igt_printf(2, 3) const char *__igt_format(char name[256], const char *f, ...)
{
	va_list args;

	va_start(args, f);
	vsnprintf(name, 256, f, args);
	va_end(args);
	return name;
}

#define IGT_TEST_DESCRIPTION(text) const char *__igt_test_description = text

#define IGT_OPT_HANDLER_SUCCESS	0
#define IGT_OPT_HANDLER_ERROR	(-2)

#define igt_main_args(short_opts, long_opts, help_str, opt_handler, handler_data) \
	main(int argc, char **argv); \
	static void __igt_main(void); \
	int main(int argc, char **argv) \
	{ \
		igt_subtest_init_parse_opts(&argc, argv, short_opts, long_opts, help_str, \
					    opt_handler, handler_data); \
		__igt_main(); \
		igt_exit(); \
	} \
	static void __igt_main(void)

#define igt_main() igt_main_args(NULL, NULL, NULL, NULL, NULL)

#define igt_fixture() \
	__igt_block(__igt_fixture(), igt_subtest_jmpbuf, __igt_fixture_complete())

#define igt_subtest(name) \
	__igt_block(__igt_run_subtest(name, __FILE__, __LINE__), igt_subtest_jmpbuf, igt_success())

#define igt_subtest_f(f...) __igt_named_block(igt_subtest, f)

#define igt_subtest_with_dynamic(name) \
	__igt_block(__igt_run_subtest(name, __FILE__, __LINE__) && \
		    __igt_enter_dynamic_container(), igt_subtest_jmpbuf, igt_success())

#define igt_dynamic(name) \
	__igt_block(__igt_run_dynamic_subtest(name), igt_dynamic_jmpbuf, igt_success())

#define igt_dynamic_f(f...) __igt_named_block(igt_dynamic, f)

#define igt_subtest_group() \
	for (int __save = 0, __desc = 0, \
	     __on = (__igt_subtest_group_save(&__save, &__desc), 1); \
	     __on; __on = (__igt_subtest_group_restore(__save, __desc), 0))

#define igt_describe(text) igt_describe_f("%s", text)

#define __igt_in_child(enter) \
	for (; enter; exit(0))

/* child counts from 0 */
#define igt_fork(child, count) \
	for (int child = -1; __builtin_expect(child++ < (count) - 1, 1);) \
		__igt_in_child(__igt_fork())

#define igt_fork_helper(proc) __igt_in_child(__igt_fork_helper(proc))

/* Conditions */

#define __igt_fail_if_not(expr, text, f...) \
	do { \
		if (!(expr)) \
			__igt_fail_assert(IGT_LOG_DOMAIN, __FILE__, __LINE__, __func__, text, f); \
	} while (0)

#define igt_assert(expr)	__igt_fail_if_not(expr, #expr, NULL)
#define igt_assert_f(expr, f...) __igt_fail_if_not(expr, #expr, f)
#define igt_fail_on(expr)	igt_assert(!(expr))
#define igt_fail_on_f(expr, f...) igt_assert_f(!(expr), f)

#define __igt_assert_cmp(type, x, cmp, y) \
	do { \
		type __x = (x), __y = (y); \
		__igt_fail_if_not(__x cmp __y, #x " " #cmp " " #y, \
				  "error: %lld (%#llx) and %lld (%#llx)\n", \
				  (long long)__x, (unsigned long long)__x, \
				  (long long)__y, (unsigned long long)__y); \
	} while (0)

#define __igt_assert_int(x, cmp, y)	__igt_assert_cmp(int, x, cmp, y)
#define __igt_assert_u32(x, cmp, y)	__igt_assert_cmp(uint32_t, x, cmp, y)
#define __igt_assert_s64(x, cmp, y)	__igt_assert_cmp(int64_t, x, cmp, y)
#define __igt_assert_u64(x, cmp, y)	__igt_assert_cmp(uint64_t, x, cmp, y)
#define __igt_assert_ptr(x, cmp, y) \
	__igt_assert_cmp(uint64_t, (uintptr_t)(x), cmp, (uintptr_t)(y))

#define igt_assert_eq(x, y)		__igt_assert_int(x, ==, y)
#define igt_assert_neq(x, y)		__igt_assert_int(x, !=, y)
#define igt_assert_lte(x, y)		__igt_assert_int(x, <=, y)
#define igt_assert_lt(x, y)		__igt_assert_int(x, <, y)
#define igt_assert_eq_u32(x, y)		__igt_assert_u32(x, ==, y)
#define igt_assert_neq_u32(x, y)	__igt_assert_u32(x, !=, y)
#define igt_assert_lte_u32(x, y)	__igt_assert_u32(x, <=, y)
#define igt_assert_lt_u32(x, y)		__igt_assert_u32(x, <, y)
#define igt_assert_eq_s64(x, y)		__igt_assert_s64(x, ==, y)
#define igt_assert_lte_s64(x, y)	__igt_assert_s64(x, <=, y)
#define igt_assert_lt_s64(x, y)		__igt_assert_s64(x, <, y)
#define igt_assert_eq_u64(x, y)		__igt_assert_u64(x, ==, y)
#define igt_assert_neq_u64(x, y)	__igt_assert_u64(x, !=, y)
#define igt_assert_lte_u64(x, y)	__igt_assert_u64(x, <=, y)
#define igt_assert_lt_u64(x, y)		__igt_assert_u64(x, <, y)
#define igt_assert_eq_ptr(x, y)		__igt_assert_ptr(x, ==, y)
#define igt_assert_neq_ptr(x, y)	__igt_assert_ptr(x, !=, y)
#define igt_assert_fd(fd)		igt_assert_f((fd) >= 0, "no file descriptor: " #fd "\n")

#define __igt_skip_if(expr, text, f...) \
	do { \
		if (expr) \
			__igt_skip_check(__FILE__, __LINE__, __func__, text, f); \
	} while (0)

#define igt_require(expr)		__igt_skip_if(!(expr), #expr, NULL)
#define igt_require_f(expr, f...)	__igt_skip_if(!(expr), #expr, f)
#define igt_skip_on(expr)		__igt_skip_if(expr, "!(" #expr ")", NULL)
#define igt_skip_on_f(expr, f...)	__igt_skip_if(expr, "!(" #expr ")", f)

#define igt_debug(f...)			igt_log(IGT_LOG_DOMAIN, IGT_LOG_DEBUG, f)
#define igt_info(f...)			igt_log(IGT_LOG_DOMAIN, IGT_LOG_INFO, f)
#define igt_warn(f...)			igt_log(IGT_LOG_DOMAIN, IGT_LOG_WARN, f)

#define do_ioctl(fd, request, arg) \
	igt_assert_eq(igt_ioctl(fd, request, arg), 0)
#define do_ioctl_err(fd, request, arg, err) \
	do { \
		igt_assert_eq(igt_ioctl(fd, request, arg), -1); \
		igt_assert_eq(errno, err); \
	} while (0)

#endif /* IGT_H */
