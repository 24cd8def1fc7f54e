/* SPDX-License-Identifier: MIT */
/*
 * What the pure parts of hw/ use of the kernel, for a program.
 */
#ifndef NATIVE_KERNEL_H
#define NATIVE_KERNEL_H

#include <asm/types.h>
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#define __u128		__uint128_t

#define U16_MAX		((u16)~0U)
#define U32_MAX		((u32)~0U)
#define S32_MAX		((s32)(U32_MAX >> 1))
#define S32_MIN		((s32)(-S32_MAX - 1))
#define U64_MAX		((u64)~0ULL)
#define S64_MAX		((s64)(U64_MAX >> 1))
#define S64_MIN		((s64)(-S64_MAX - 1))

#define fallthrough	__attribute__((__fallthrough__))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1UL << (n))
#define BIT_ULL(n)	(1ULL << (n))
#define GENMASK(h, l)	(~0UL << (l) & ~0UL >> (63 - (h)))
#define GENMASK_ULL(h, l)	(~0ULL << (l) & ~0ULL >> (63 - (h)))
#define BITS_PER_TYPE(x)	(8 * sizeof(x))
#define BUILD_BUG_ON(x)	static_assert(!(x), #x)
#define min(a, b)	({ __auto_type a_ = (a); __auto_type b_ = (b); a_ < b_ ? a_ : b_; })
#define max(a, b)	({ __auto_type a_ = (a); __auto_type b_ = (b); a_ > b_ ? a_ : b_; })
#define clamp(v, l, h)	min(max(v, l), h)

#define __ffs(x)	((unsigned int)__builtin_ctzl(x))
#define hweight64(x)	((unsigned int)__builtin_popcountll(x))

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static inline u64 mul_u64_u64_shr(u64 a, u64 b, unsigned int shift)
{
	return (__u128)a * b >> shift;
}

static inline void *memchr_inv(const void *from, int byte, size_t size)
{
	for (const u8 *at = from; size--; at++)
		if (*at != (u8)byte)
			return (void *)at;
	return NULL;
}

#endif /* NATIVE_KERNEL_H */
