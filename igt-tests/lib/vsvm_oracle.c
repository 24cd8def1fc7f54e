// SPDX-License-Identifier: MIT
/*
 * What arithmetic instructions give, by other means than the virtual GPU's: integers in 128 bits,
 * where nothing overflows, and floating point by the CPU and libm, halves by looking them up.
 */
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vsvm_isa.h"
#include "vsvm_oracle.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static unsigned int bits_of(uint8_t type)
{
	return 8u << (type & 3);
}

static bool is_signed(uint8_t type)
{
	return type & 4;
}

/*
 * The oracle: values as 128-bit integers, where nothing overflows, and then cut to the type.
 */

static uint64_t cut(uint8_t type, __int128 x)
{
	return bits_of(type) == 64 ? (uint64_t)x : (uint64_t)x & ((1ull << bits_of(type)) - 1);
}

static __int128 value(uint8_t type, uint64_t raw)
{
	uint64_t sign = 1ull << (bits_of(type) - 1);

	raw = cut(type, raw);
	return is_signed(type) && (raw & sign) ? (__int128)raw - ((__int128)sign << 1) : raw;
}

static __int128 limit(uint8_t type, __int128 x)
{
	__int128 one = 1;
	__int128 max = (one << (bits_of(type) - is_signed(type))) - 1;
	__int128 min = is_signed(type) ? -max - 1 : 0;

	return x < min ? min : x > max ? max : x;
}

static bool condition(uint8_t cond, __int128 a, __int128 b)
{
	switch (cond) {
	case VSVM_COND_EQ:
		return a == b;
	case VSVM_COND_NE:
		return a != b;
	case VSVM_COND_LT:
		return a < b;
	case VSVM_COND_LE:
		return a <= b;
	case VSVM_COND_GT:
		return a > b;
	default:
		return a >= b;
	}
}

static uint32_t bfe(bool sign, uint32_t a, uint32_t offset, uint32_t count)
{
	uint32_t x = 0;

	offset %= 32;
	count %= 32;
	if (!count)
		return 0;
	/* bit by bit; what lies beyond bit 31 is the sign, or zero */
	for (unsigned int i = 0; i < 32; i++) {
		unsigned int from = offset + (i < count ? i : count - 1);
		bool bit = from < 32 ? a >> from & 1 : sign && a >> 31;

		if (i < count || sign)
			x |= (uint32_t)bit << i;
	}
	return x;
}

static uint64_t integer(uint8_t op, uint8_t type, uint8_t mod, uint64_t a, uint64_t b, uint64_t c)
{
	const unsigned int width = bits_of(type), shift = (uint32_t)b % width;
	__int128 va = value(type, a), vb = value(type, b);
	uint64_t ua = cut(type, a);
	unsigned int n = 0;
	uint64_t r = 0;

	switch (op) {
	case VSVM_OP_MOV:
		return ua;
	case VSVM_OP_SEL:
		return cut(type, (uint32_t)a ? b : c);
	case VSVM_OP_CVT:
		return cut(type, value(mod, a));
	case VSVM_OP_ADD:
		return cut(type, va + vb);
	case VSVM_OP_SUB:
		return cut(type, va - vb);
	case VSVM_OP_MUL:
		return cut(type, (__uint128_t)va * (__uint128_t)vb);
	case VSVM_OP_MULHI:
		if (is_signed(type))
			return cut(type, va * vb >> width);
		return cut(type, (__uint128_t)va * (__uint128_t)vb >> width);
	case VSVM_OP_MAD:
		return cut(type, (__uint128_t)va * (__uint128_t)vb + value(type, c));
	case VSVM_OP_DIV:
		return vb ? cut(type, va / vb) : 0;
	case VSVM_OP_REM:
		return vb ? cut(type, va % vb) : 0;
	case VSVM_OP_MIN:
		return cut(type, va < vb ? va : vb);
	case VSVM_OP_MAX:
		return cut(type, va > vb ? va : vb);
	case VSVM_OP_NEG:
		return cut(type, -va);
	case VSVM_OP_ABS:
		return cut(type, va < 0 ? -va : va);
	case VSVM_OP_ADDSAT:
		return cut(type, limit(type, va + vb));
	case VSVM_OP_SUBSAT:
		return cut(type, limit(type, va - vb));
	case VSVM_OP_HADD:
		return cut(type, (va + vb) >> 1);
	case VSVM_OP_RHADD:
		return cut(type, (va + vb + 1) >> 1);
	case VSVM_OP_AND:
		return cut(type, a & b);
	case VSVM_OP_OR:
		return cut(type, a | b);
	case VSVM_OP_XOR:
		return cut(type, a ^ b);
	case VSVM_OP_NOT:
		return cut(type, ~a);
	case VSVM_OP_SHL:
		return cut(type, (__uint128_t)ua << shift);
	case VSVM_OP_SHR:
		return cut(type, va >> shift);
	case VSVM_OP_ROL:
		return cut(type, (__uint128_t)ua << shift | ua >> (width - shift) % 64 *
			   !!shift);
	case VSVM_OP_ROR:
		return cut(type, (__uint128_t)ua << (width - shift) | ua >> shift);
	case VSVM_OP_POPCNT:
		for (unsigned int i = 0; i < width; i++)
			n += ua >> i & 1;
		return n;
	case VSVM_OP_CLZ:
		while (n < width && !(ua >> (width - 1 - n) & 1))
			n++;
		return n;
	case VSVM_OP_FIND_LSB:
		for (n = 0; n < width; n++) {
			if (ua >> n & 1)
				return n;
		}
		return 0xffffffff;
	case VSVM_OP_FIND_MSB:
		for (n = width; n--;) {
			if ((ua >> n & 1) != (va < 0 ? 1 : 0))
				return n;
		}
		return 0xffffffff;
	case VSVM_OP_BITREV:
		a = 0;
		for (n = 0; n < width; n++)
			a |= (ua >> n & 1) << (width - 1 - n);
		return a;
	case VSVM_OP_BFE:
		return bfe(is_signed(type), a, b, c);
	case VSVM_OP_BFM:
		return (uint32_t)(((1ull << a % 32) - 1) << b % 32);
	case VSVM_OP_CMP:
		return condition(mod, va, vb) ? 0xffffffff : 0;
	case VSVM_OP_MOD:
		if (!vb)
			return 0;
		va %= vb;
		return cut(type, va && (va < 0) != (vb < 0) ? va + vb : va);
	case VSVM_OP_SIGN:
		return cut(type, (va > 0) - (va < 0));
	case VSVM_OP_ABSDIFF:
		return cut(type, va > vb ? va - vb : vb - va);
	case VSVM_OP_CARRY:
		return (va + vb) >> width != 0;
	case VSVM_OP_BORROW:
		return va < vb;
	case VSVM_OP_MULW:
		return va * vb;
	case VSVM_OP_BITSEL:
		for (n = 0; n < width; n++)
			r |= ((ua >> n & 1 ? b : c) >> n & 1) << n;
		return r;
	case VSVM_OP_BFI:
		r = cut(type, c);
		for (unsigned int from = 0; ua && from < 32; from++) {
			n = __builtin_ctzll(ua) + from;
			if (n < 32 && ua >> n & 1)
				r = (r & ~(1ull << n)) | (b >> from & 1) << n;
		}
		return r;
	case VSVM_OP_PACK:
		return cut(type, vb) << width | ua;
	case VSVM_OP_EXTB:
		n = 8 * ((uint32_t)b % (width / 8));
		return cut(type, is_signed(type) ? (int8_t)(ua >> n) : (uint8_t)(ua >> n));
	case VSVM_OP_EXTH:
		n = 16 * ((uint32_t)b % (width / 16));
		return cut(type, is_signed(type) ? (int16_t)(ua >> n) : (uint16_t)(ua >> n));
	case VSVM_OP_INSB:
		return (ua & 0xff) << 8 * ((uint32_t)b % (width / 8));
	case VSVM_OP_INSH:
		return (ua & 0xffff) << 16 * ((uint32_t)b % (width / 16));
	}
	fprintf(stderr, "vsvm_oracle: nobody knows opcode %#x\n", op);
	abort();
}

/*
 * Floating point: each value as a double, which holds all halves and floats.
 */

static uint32_t float_bits(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

static double number(uint8_t type, uint64_t raw)
{
	const unsigned int exponent = raw >> 10 & 31, fraction = raw & 1023;
	uint32_t float_raw = raw;
	double x;
	float f;

	switch (type) {
	case VSVM_TYPE_F16:
		if (exponent == 31)
			x = fraction ? NAN : INFINITY;
		else if (exponent)
			x = ldexp(1024 + fraction, (int)exponent - 25);
		else
			x = ldexp(fraction, -24);
		return raw & 0x8000 ? -x : x;
	case VSVM_TYPE_F32:
		memcpy(&f, &float_raw, sizeof(f));
		return f;
	default:
		memcpy(&x, &raw, sizeof(x));
		return x;
	}
}

/* The halves on both sides of a number; infinity counts as what would follow. */
static uint64_t round_half(__float128 x, uint8_t round)
{
	const bool sign = __builtin_signbit(x);
	const __float128 size = sign ? -x : x;
	unsigned int low = 0, high = 0x7c00;
	__float128 below, above;

	if (x != x)
		return 0x7e00;
	/* the largest one that is not beyond */
	while (high - low > 1) {
		unsigned int middle = (low + high) / 2;

		if (number(VSVM_TYPE_F16, middle) <= size)
			low = middle;
		else
			high = middle;
	}
	below = number(VSVM_TYPE_F16, low);
	above = high == 0x7c00 ? 65536 : number(VSVM_TYPE_F16, high);
	/* infinity */
	if (size - size != 0) {
		low = 0x7c00;
	} else if (size != below) {
		switch (round) {
		case VSVM_ROUND_EVEN:
			if (size - below > above - size ||
			    (size - below == above - size && low % 2))
				low = high;
			break;
		case VSVM_ROUND_UP:
			low = sign ? low : high;
			break;
		case VSVM_ROUND_DOWN:
			low = sign ? high : low;
			break;
		}
	}
	return low | (sign ? 0x8000 : 0);
}

static const int fe_modes[] = { FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD };

/* Nothing moves across: a compiler does not know that what rounds depends on the mode. */
static void fence(void *x)
{
	__asm__ __volatile__("" : : "g"(x) : "memory");
}

/* A number that is exact as a long double, rounded once. */
static uint64_t round_to(uint8_t type, long double x, uint8_t round)
{
	uint64_t raw;
	double d = 0;
	float f = 0;

	if (type == VSVM_TYPE_F16)
		return round_half(x, round);
	fesetround(fe_modes[round]);
	fence(&x);
	if (type == VSVM_TYPE_F32)
		f = x;
	else
		d = x;
	fence(&f);
	fence(&d);
	fesetround(FE_TONEAREST);
	if (type == VSVM_TYPE_F32)
		return float_bits(f);
	memcpy(&raw, &d, sizeof(raw));
	return raw;
}

static uint64_t float_to_integer(uint8_t type, double x, uint8_t round)
{
	const long double max = (long double)(~0ull >> (64 - bits_of(type) + is_signed(type)));
	const long double min = is_signed(type) ? -max - 1 : 0;

	if (isnan(x))
		return 0;
	switch (round) {
	case VSVM_ROUND_EVEN:
		x = rint(x);
		break;
	case VSVM_ROUND_ZERO:
		x = trunc(x);
		break;
	case VSVM_ROUND_UP:
		x = ceil(x);
		break;
	default:
		x = floor(x);
		break;
	}
	if (x >= max)
		return cut(type, (__int128)max);
	if (x <= min)
		return cut(type, (__int128)min);
	return cut(type, (__int128)x);
}

static uint64_t convert(uint8_t to, uint8_t mod, uint64_t a)
{
	const uint8_t from = mod & 15, round = mod >> 4;

	if (from < VSVM_TYPE_F16 && to < VSVM_TYPE_F16)
		return cut(to, value(from, a));
	if (from < VSVM_TYPE_F16)
		return round_to(to, (long double)value(from, a), round);
	if (to < VSVM_TYPE_F16)
		return float_to_integer(to, number(from, a), round);
	return round_to(to, number(from, a), round);
}

static bool float_condition(uint8_t cond, double a, double b)
{
	const bool nan = isnan(a) || isnan(b);

	switch (cond) {
	case VSVM_COND_EQ:
		return a == b;
	case VSVM_COND_NE:
		return a != b;
	case VSVM_COND_LT:
		return a < b;
	case VSVM_COND_LE:
		return a <= b;
	case VSVM_COND_GT:
		return a > b;
	case VSVM_COND_GE:
		return a >= b;
	case VSVM_COND_EQU:
		return nan || a == b;
	case VSVM_COND_NEO:
		return !nan && a != b;
	case VSVM_COND_LTU:
		return nan || a < b;
	case VSVM_COND_LEU:
		return nan || a <= b;
	case VSVM_COND_GTU:
		return nan || a > b;
	case VSVM_COND_GEU:
		return nan || a >= b;
	case VSVM_COND_ORD:
		return !nan;
	default:
		return nan;
	}
}

static double lesser(double a, double b, double direction)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	if (a == b)
		return signbit(a) == (direction > 0) ? a : b;
	return (a < b) == (direction > 0) ? a : b;
}

static uint64_t floating(uint8_t op, uint8_t type, uint8_t mod, uint64_t ra, uint64_t rb,
			 uint64_t rc)
{
	const double x = number(type, ra), y = number(type, rb), z = number(type, rc);
	const uint64_t sign = 1ull << (bits_of(type) - 1);
	const bool wide = type == VSVM_TYPE_F64;
	/* each step in the type of the instruction; halves in floats */
	const float f = x, g = y;
	int exponent = 0;
	double r;

	switch (op) {
	case VSVM_OP_FADD:
		return round_to(type, wide ? x + y : f + g, VSVM_ROUND_EVEN);
	case VSVM_OP_FSUB:
		return round_to(type, wide ? x - y : f - g, VSVM_ROUND_EVEN);
	case VSVM_OP_FMUL:
		return round_to(type, wide ? x * y : f * g, VSVM_ROUND_EVEN);
	case VSVM_OP_FDIV:
		return round_to(type, wide ? x / y : f / g, VSVM_ROUND_EVEN);
	case VSVM_OP_FFMA:
		/* of halves exact in 113 bits: all of it lies within 2^-48 and 2^33 */
		if (type == VSVM_TYPE_F16)
			return round_half((__float128)x * y + z, VSVM_ROUND_EVEN);
		return round_to(type, wide ? fma(x, y, z) : fmaf(x, y, z), VSVM_ROUND_EVEN);
	case VSVM_OP_FREM:
		r = wide ? x - y * trunc(x / y) : f - g * truncf(f / g);
		return round_to(type, r, VSVM_ROUND_EVEN);
	case VSVM_OP_FMOD:
		r = wide ? x - y * floor(x / y) : f - g * floorf(f / g);
		return round_to(type, r, VSVM_ROUND_EVEN);
	case VSVM_OP_FMIN:
		return round_to(type, lesser(x, y, 1), VSVM_ROUND_EVEN);
	case VSVM_OP_FMAX:
		return round_to(type, lesser(x, y, -1), VSVM_ROUND_EVEN);
	case VSVM_OP_FNEG:
		return cut(type, ra) ^ sign;
	case VSVM_OP_FABS:
		return cut(type, ra) & ~sign;
	case VSVM_OP_FSQRT:
		return round_to(type, wide ? sqrt(x) : sqrtf(x), VSVM_ROUND_EVEN);
	case VSVM_OP_FRCP:
		return round_to(type, wide ? 1 / x : 1 / f, VSVM_ROUND_EVEN);
	case VSVM_OP_FRSQ:
		return round_to(type, wide ? 1 / sqrt(x) : 1 / sqrtf(x), VSVM_ROUND_EVEN);
	case VSVM_OP_FFLOOR:
		return round_to(type, floor(x), VSVM_ROUND_EVEN);
	case VSVM_OP_FCEIL:
		return round_to(type, ceil(x), VSVM_ROUND_EVEN);
	case VSVM_OP_FTRUNC:
		return round_to(type, trunc(x), VSVM_ROUND_EVEN);
	case VSVM_OP_FROUND_EVEN:
		return round_to(type, rint(x), VSVM_ROUND_EVEN);
	case VSVM_OP_FFRACT:
		return round_to(type, wide ? x - floor(x) : f - floorf(f), VSVM_ROUND_EVEN);
	case VSVM_OP_FSIGN:
		r = isnan(x) ? 0 : x > 0 ? 1 : x < 0 ? -1 : x;
		return round_to(type, r, VSVM_ROUND_EVEN);
	case VSVM_OP_FSAT:
		r = x > 1 ? 1 : x > 0 ? x : 0;
		return round_to(type, r, VSVM_ROUND_EVEN);
	case VSVM_OP_FLDEXP:
		if (type == VSVM_TYPE_F32)
			return float_bits(ldexpf(x, (int32_t)rb));
		return round_to(type, ldexp(x, (int32_t)rb), VSVM_ROUND_EVEN);
	case VSVM_OP_FREXP_EXP:
		frexp(x, &exponent);
		return isfinite(x) ? (uint32_t)exponent : 0;
	case VSVM_OP_FREXP_SIG:
		return round_to(type, frexp(x, &exponent), VSVM_ROUND_EVEN);
	case VSVM_OP_FCMP:
		return float_condition(mod, x, y) ? 0xffffffff : 0;
	case VSVM_OP_FSIN:
		return round_to(VSVM_TYPE_F32, sin(x), VSVM_ROUND_EVEN);
	case VSVM_OP_FCOS:
		return round_to(VSVM_TYPE_F32, cos(x), VSVM_ROUND_EVEN);
	case VSVM_OP_FEXP2:
		return round_to(VSVM_TYPE_F32, exp2(x), VSVM_ROUND_EVEN);
	case VSVM_OP_FLOG2:
		return round_to(VSVM_TYPE_F32, log2(x), VSVM_ROUND_EVEN);
	case VSVM_OP_FPOW:
		return round_to(VSVM_TYPE_F32, pow(x, y), VSVM_ROUND_EVEN);
	}
	fprintf(stderr, "vsvm_oracle: nobody knows opcode %#x\n", op);
	abort();
}

static bool is_nan(uint8_t type, uint64_t raw)
{
	return isnan(number(type, raw));
}

/* A function that is only right to within a unit: @want is the float that is nearest. */
static bool near_enough(uint8_t type, uint64_t want, uint64_t got)
{
	uint32_t raw = want;
	float nearest, close[3];

	if (is_nan(VSVM_TYPE_F32, want))
		return is_nan(type, got);
	memcpy(&nearest, &raw, sizeof(nearest));
	close[0] = nearest;
	close[1] = nextafterf(nearest, INFINITY);
	close[2] = nextafterf(nearest, -INFINITY);
	for (int i = 0; i < 3; i++) {
		if (round_to(type, close[i], VSVM_ROUND_EVEN) == got)
			return true;
		/* but an infinity or a zero has to be one, and nothing else is */
		if (nearest == 0 || isinf(nearest))
			return false;
	}
	return false;
}

static bool is_function(uint8_t op)
{
	return op >= VSVM_OP_FSIN && op <= VSVM_OP_FPOW;
}

/* Does it give a floating point number, whose NaNs are one as good as the other? */
static bool gives_number(const struct vsvm_insn *insn)
{
	if (insn->type < VSVM_TYPE_F16)
		return false;
	return insn->op != VSVM_OP_FNEG && insn->op != VSVM_OP_FABS && insn->op != VSVM_OP_FCMP &&
	       insn->op != VSVM_OP_FREXP_EXP;
}

uint64_t vsvm_oracle(const struct vsvm_insn *insn, uint64_t a, uint64_t b, uint64_t c)
{
	if (insn->op == VSVM_OP_CVT)
		return convert(insn->type, insn->mod, a);
	if (insn->type >= VSVM_TYPE_F16)
		return floating(insn->op, insn->type, insn->mod, a, b, c);
	return integer(insn->op, insn->type, insn->mod, a, b, c);
}

bool vsvm_oracle_accepts(const struct vsvm_insn *insn, uint64_t want, uint64_t got)
{
	const uint64_t quiet = insn->type < VSVM_TYPE_F16 ? 0 :
			       (uint64_t[]){ 1ull << 9, 1ull << 22, 1ull << 51 }
			       [insn->type - VSVM_TYPE_F16];

	if (is_function(insn->op))
		return near_enough(insn->type, want, got);
	if (gives_number(insn) && is_nan(insn->type, want))
		return is_nan(insn->type, got) && got & quiet;
	return want == got;
}

/* Values where something may go wrong */

static uint64_t integer_edge(uint64_t (*rand)(void *data), void *data)
{
	static const uint64_t small[] = { 0, 1, 2, 7, 31, 32, 63 };
	uint64_t x = 1ull << (8u << rand(data) % 4) % 64 / (1 + rand(data) % 2);
	uint64_t r = small[rand(data) % ARRAY_SIZE(small)];

	switch (rand(data) % 8) {
	case 0:
		return r;
	case 1:
		return -r;
	case 2:
		return x;
	case 3:
		return x - 1;
	case 4:
		return -x;
	case 5:
		return (1ull << rand(data) % 64) - rand(data) % 2;
	default:
		return rand(data) >> rand(data) % 64;
	}
}

static const unsigned int fractions[] = { 10, 23, 52 };

/* Any sign; exponents at the ends, in the middle, or anything; fractions likewise. */
static uint64_t float_edge(uint8_t type, uint64_t (*rand)(void *data), void *data)
{
	const unsigned int fraction_bits = fractions[type - VSVM_TYPE_F16];
	const uint64_t last = (1ull << (bits_of(type) - 1 - fraction_bits)) - 1;
	uint64_t exponent, fraction, sign = rand(data) % 2;

	/* zero, infinity, one, and what is no number: often, so that they meet */
	if (rand(data) % 4 == 0) {
		const uint64_t special[] = { 0, last, last / 2, last };

		exponent = special[rand(data) % 4];
		fraction = rand(data) % 8 ? 0 : rand(data);
		return sign << (bits_of(type) - 1) | exponent << fraction_bits |
		       (fraction & ((1ull << fraction_bits) - 1));
	}
	switch (rand(data) % 8) {
	case 0:
		exponent = 0;
		break;
	case 1:
		exponent = rand(data) % 2 ? last : last - 1;
		break;
	case 2:
	case 3:
		exponent = last / 2 - 2 + rand(data) % 5;
		break;
	case 4:
		/* where fractions end, and integers of each size */
		exponent = last / 2 + rand(data) % 70;
		break;
	default:
		exponent = rand(data);
		break;
	}
	switch (rand(data) % 6) {
	case 0:
		fraction = 0;
		break;
	case 1:
		fraction = 1;
		break;
	case 2:
		fraction = ~0ull;
		break;
	case 3:
		fraction = 1ull << rand(data) % fraction_bits;
		break;
	default:
		fraction = rand(data);
		break;
	}
	return sign << (bits_of(type) - 1) | (exponent & last) << fraction_bits |
	       (fraction & ((1ull << fraction_bits) - 1));
}

uint64_t vsvm_oracle_operand(uint8_t type, uint64_t (*rand)(void *data), void *data)
{
	uint64_t x;

	if (type < VSVM_TYPE_F16)
		return integer_edge(rand, data);
	x = float_edge(type, rand, data);
	/* the bits above are anything */
	return type == VSVM_TYPE_F64 ? x : x | rand(data) << bits_of(type);
}

void vsvm_oracle_tie(uint8_t type, uint64_t src[3], uint64_t (*rand)(void *data), void *data)
{
	const unsigned int fraction_bits = fractions[type - VSVM_TYPE_F16];
	const uint64_t bias = (1ull << (bits_of(type) - 2 - fraction_bits)) - 1;
	const uint64_t mask = (1ull << fraction_bits) - 1, top = 1ull << (bits_of(type) - 1);
	uint64_t exponent = bias - 2 + rand(data) % 5, below = 1 + rand(data) % (2 * fraction_bits);

	/* An odd number of units in [1, 1.25), times 1.5, ends in half a unit. */
	src[0] = exponent << fraction_bits | (rand(data) & (mask >> 2)) | 1;
	src[1] = bias << fraction_bits | 1ull << (fraction_bits - 1);
	exponent = exponent > below + fraction_bits ? exponent - below - fraction_bits : 0;
	src[2] = exponent << fraction_bits | (rand(data) & mask);
	for (int i = 0; i < 3; i++)
		src[i] |= rand(data) & top;
}
