// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Logic and bits
 *
 * As DOC: Arithmetic, for operations on bits. Pure.
 */

#include <linux/array_size.h>
#include <linux/bitops.h>

#include "hw_lanes.h"

static __always_inline u64 rol(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	b &= width - 1;
	/* By 0, it is a | a for the full width, a | 0 for the others. */
	return a << b | a >> ((width - b) & 63);
}

static __always_inline u64 ror(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	b &= width - 1;
	return a >> b | a << ((width - b) & 63);
}

static __always_inline u64 popcnt(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return hweight64(a);
}

static __always_inline u64 clz(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return width - fls64(a);
}

static __always_inline u64 find_lsb(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return fls64(a & -a) - 1;
}

static __always_inline u64 find_msb(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return fls64(is_signed && (s64)a < 0 ? ~a : a) - 1;
}

static __always_inline u64 swap_bits(u64 a, u64 mask, unsigned int distance)
{
	return (a & mask) << distance | (a >> distance & mask);
}

static __always_inline u64 bitrev(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	a = swap_bits(a, 0x5555555555555555, 1);
	a = swap_bits(a, 0x3333333333333333, 2);
	a = swap_bits(a, 0x0f0f0f0f0f0f0f0f, 4);
	a = swap_bits(a, 0x00ff00ff00ff00ff, 8);
	a = swap_bits(a, 0x0000ffff0000ffff, 16);
	a = swap_bits(a, 0x00000000ffffffff, 32);
	return a >> (64 - width);
}

static __always_inline u64 bfe(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	unsigned int offset = b & 31;
	unsigned int count = c & 31;
	u32 field = a;

	if (!count)
		return 0;
	if (offset + count < 32) {
		field <<= 32 - offset - count;
		offset = 32 - count;
	}
	return is_signed ? (u32)((s32)field >> offset) : field >> offset;
}

static __always_inline u64 bfm(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return ((1U << (a & 31)) - 1) << (b & 31);
}

static __always_inline u64 bfi(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	/* The lowest one of the mask is also by how much to multiply. */
	return (c & ~a) | (b * (a & -a) & a);
}

static __always_inline u64 pack(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return a | b << width;
}

/* Part number @b of a value that has parts of @part bits. */
static __always_inline u64 extract(u64 a, u64 b, unsigned int part, unsigned int width,
				   bool is_signed)
{
	a >>= part * (b & (width / part - 1));
	if (part == 8)
		return is_signed ? (u64)(s8)a : (u8)a;
	return is_signed ? (u64)(s16)a : (u16)a;
}

static __always_inline u64 extb(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return extract(a, b, 8, width, is_signed);
}

static __always_inline u64 exth(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return extract(a, b, 16, width, is_signed);
}

static __always_inline u64 insb(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return (u64)(u8)a << 8 * (b & (width / 8 - 1));
}

static __always_inline u64 insh(u64 a, u64 b, u64 c, unsigned int width, bool is_signed)
{
	return (u64)(u16)a << 16 * (b & (width / 16 - 1));
}

ALU(alu_rol, any_size, rol, SHIFT)
ALU(alu_ror, any_size, ror, SHIFT)
ALU(alu_popcnt, any_size, popcnt, INDEX)
ALU(alu_clz, any_size, clz, INDEX)
ALU(alu_find_lsb, any_size, find_lsb, INDEX)
ALU(alu_find_msb, any_type, find_msb, INDEX)
ALU(alu_bitrev, any_size, bitrev, UNARY)
ALU(alu_bfe, any_type, bfe, EXTRACT)
ALU(alu_bfm, any_size, bfm, BINARY)
ALU(alu_bfi, any_size, bfi, TERNARY)
ALU(alu_pack, any_narrow, pack, WIDEN)
ALU(alu_extb, any_type, extb, SHIFT)
ALU(alu_exth, any_type, exth, SHIFT)
ALU(alu_insb, any_size, insb, SHIFT)
ALU(alu_insh, any_size, insh, SHIFT)

static const vsvm_hw_alu_fn operations[] = {
	[VSVM_OP_ROL] = alu_rol,
	[VSVM_OP_ROR] = alu_ror,
	[VSVM_OP_POPCNT] = alu_popcnt,
	[VSVM_OP_CLZ] = alu_clz,
	[VSVM_OP_FIND_LSB] = alu_find_lsb,
	[VSVM_OP_FIND_MSB] = alu_find_msb,
	[VSVM_OP_BITREV] = alu_bitrev,
	[VSVM_OP_BFE] = alu_bfe,
	[VSVM_OP_BFM] = alu_bfm,
	[VSVM_OP_BFI] = alu_bfi,
	[VSVM_OP_PACK] = alu_pack,
	[VSVM_OP_EXTB] = alu_extb,
	[VSVM_OP_EXTH] = alu_exth,
	[VSVM_OP_INSB] = alu_insb,
	[VSVM_OP_INSH] = alu_insh,
};

/**
 * vsvm_hw_bits_find() - the function that does an operation on bits
 * @op: opcode
 *
 * Return: the function, or NULL.
 */
vsvm_hw_alu_fn vsvm_hw_bits_find(u8 op)
{
	return op < ARRAY_SIZE(operations) ? operations[op] : NULL;
}
