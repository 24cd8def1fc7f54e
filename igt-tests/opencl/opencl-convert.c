// SPDX-License-Identifier: MIT
/*
 * opencl-convert: numbers of one type as another one, in all the ways to round and to saturate, of
 * variables and of constants, for a compiler computes the latter itself; the bits of one type as
 * another one; and mad_sat(), which saturates too. The CPU says what is right.
 */
#include <fenv.h>
#include <math.h>

#include "cl.h"

#define NUM(array) ((int)(sizeof(array) / sizeof(*(array))))

struct mode {
	const char *suffix;
	int host;
};

/* Without one it is rtz to integers and rte to floats. */
static const struct mode modes[] = {
	{ "", -1 }, { "_rte", FE_TONEAREST }, { "_rtz", FE_TOWARDZERO }, { "_rtp", FE_UPWARD },
	{ "_rtn", FE_DOWNWARD },
};

#define NUM_MODES NUM(modes)

struct integer {
	const char *name;
	int bits;
	bool is_signed;
};

static const struct integer integers[] = {
	{ "char", 8, true }, { "uchar", 8, false }, { "short", 16, true }, { "ushort", 16, false },
	{ "int", 32, true }, { "uint", 32, false }, { "long", 64, true }, { "ulong", 64, false },
};

#define NUM_INTEGERS NUM(integers)

static const double numbers[] = {
	0, -0.0, 0.25, -0.25, 0.5, -0.5, 0.75, 1.5, 2.5, -1.5, -2.5, 100.5, -100.5, 126.5, 127.5,
	128.5, -127.5, -128.5, -129, 254.5, 255.5, 256, 257.5, 32766.5, 32767.5, -32768.5, 65534.5,
	65535.5, 1e6, 2147483646.5, 2147483647.5, 2147483648.5, -2147483648.5, -2147483650.0,
	4294967294.5, 4294967295.5, 4294967297.0, 9.223372036854774e18, 9.223372036854775807e18,
	-9.223372036854775807e18, -9.3e18, 1.8446744073709549e19, 1.8446744073709551615e19, 1e30,
	-1e30, INFINITY, -INFINITY, NAN,
};

#define NUM_NUMBERS NUM(numbers)

static const double some[] = { -86.25, 8.5, 254.5, 1e30, -1e30, INFINITY, -INFINITY, NAN };

#define NUM_SOME NUM(some)

/*
 * A value that the compiler cannot know, nor move what is done with it: it does not take
 * conversions for something that depends on how they round.
 */
static void pin(const void *value)
{
	asm volatile("" : : "r" (value) : "memory");
}

static uint64_t next_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int64_t saturate(double v, const struct integer *to, int host)
{
	const long double least = to->is_signed ? -ldexpl(1, to->bits - 1) : 0;
	const long double most = ldexpl(1, to->bits - to->is_signed) - 1;
	double r;

	if (isnan(v))
		return 0;
	r = host == FE_TONEAREST ? nearbyint(v) : host == FE_UPWARD ? ceil(v) :
	    host == FE_DOWNWARD ? floor(v) : trunc(v);
	if (r < least)
		return to->is_signed ? INT64_MIN >> (64 - to->bits) : 0;
	if (r > most)
		return to->is_signed ? INT64_MAX >> (64 - to->bits) :
		       (int64_t)(UINT64_MAX >> (64 - to->bits));
	return to->is_signed ? (int64_t)r : (int64_t)(uint64_t)r;
}

static char *literal(double v)
{
	static char text[64];

	if (isnan(v))
		return "NAN";
	if (isinf(v))
		return v < 0 ? "-INFINITY" : "INFINITY";
	sprintf(text, "%a", v);
	return text;
}

/* From floating point numbers to integers, with saturation */
static void test_to_int(struct cl *cl, const char *from)
{
	const bool half = !strcmp(from, "half");
	cl_double in[NUM_NUMBERS];
	static int64_t out[NUM_NUMBERS * NUM_INTEGERS * NUM_MODES];
	static int64_t constants[NUM_SOME * NUM_INTEGERS * NUM_MODES];
	char *text = calloc(1, 1 << 17), *p = text;
	cl_kernel kernel;
	int at = 0;

	CHECK(text);
	p += sprintf(p, "#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n"
		     "kernel void convert(global double *in, global ulong *out,\n"
		     "		     global ulong *constants)\n{\n"
		     "	%s v = in[get_global_id(0)];\n"
		     "	out += get_global_id(0) * %d;\n", from, NUM_INTEGERS * NUM_MODES);
	for (int t = 0; t < NUM_INTEGERS; t++) {
		for (int m = 0; m < NUM_MODES; m++)
			p += sprintf(p, "	out[%d] = convert_%s_sat%s(v);\n",
				     t * NUM_MODES + m, integers[t].name, modes[m].suffix);
	}
	p += sprintf(p, "	if (get_global_id(0))\n		return;\n");
	for (int t = 0; t < NUM_INTEGERS; t++) {
		for (int s = 0; s < NUM_SOME; s++)
			p += sprintf(p, "	constants[%d] = convert_%s_sat%s((%s)%s);\n", at++,
				     integers[t].name, modes[(s + t) % NUM_MODES].suffix, from,
				     literal(some[s]));
	}
	sprintf(p, "}\n");
	kernel = cl_kernel_of(cl, text, "convert");
	for (int i = 0; i < NUM_NUMBERS; i++) {
		in[i] = numbers[i];
		if (half)
			in[i] = (double)(_Float16)in[i];
		else if (!strcmp(from, "float"))
			in[i] = (float)in[i];
	}
	memset(out, 0xa5, sizeof(out));
	memset(constants, 0xa5, sizeof(constants));
	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_arg_ptr(kernel, 2, constants);
	cl_run(cl, kernel, NUM_NUMBERS, 0);

	for (int i = 0; i < NUM_NUMBERS; i++) {
		for (int t = 0; t < NUM_INTEGERS; t++) {
			for (int m = 0; m < NUM_MODES; m++) {
				const int64_t want = saturate(in[i], &integers[t], modes[m].host);
				const int64_t got = out[(i * NUM_INTEGERS + t) * NUM_MODES + m];

				if (got != want)
					FAIL("convert_%s_sat%s((%s)%g) is %#llx, not %#llx",
					     integers[t].name, modes[m].suffix, from, in[i],
					     (long long)got, (long long)want);
			}
		}
	}
	at = 0;
	for (int t = 0; t < NUM_INTEGERS; t++) {
		for (int s = 0; s < NUM_SOME; s++) {
			const double v = half ? (double)(_Float16)some[s] : some[s];
			const int64_t want = saturate(v, &integers[t],
							modes[(s + t) % NUM_MODES].host);
			const int64_t got = constants[at++];

			if (got != want)
				FAIL("convert_%s_sat%s((%s)%g), a constant, is %#llx, not %#llx",
				     integers[t].name, modes[(s + t) % NUM_MODES].suffix, from, v,
				     (long long)got, (long long)want);
		}
	}
	free(text);
	CL(clReleaseKernel(kernel));
}

#define N 512

static uint32_t bits_of(float v)
{
	uint32_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static uint16_t half_bits_of(_Float16 v)
{
	uint16_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

/* From double to float, and from both to half, in memory */
static void test_to_smaller(struct cl *cl)
{
	static double in[N];
	static uint32_t out[N * NUM_MODES];
	static uint16_t halves[2 * N * NUM_MODES];
	char *text = calloc(1, 4096), *p = text;
	cl_kernel kernel;

	CHECK(text);
	p += sprintf(p, "kernel void convert(global double *in, global uint *out,\n"
		     "		     global half *halves)\n{\n"
		     "	size_t g = get_global_id(0) * %d;\n"
		     "	double v = in[get_global_id(0)];\n"
		     "	float f = convert_float(v);\n", NUM_MODES);
	for (int m = 0; m < NUM_MODES; m++)
		p += sprintf(p, "	out[g + %d] = as_uint(convert_float%s(v));\n"
			     "	vstore_half%s(v, 2 * g + %d, halves);\n"
			     "	vstore_half%s(f, 2 * g + %d, halves);\n", m, modes[m].suffix,
			     modes[m].suffix, 2 * m, modes[m].suffix, 2 * m + 1);
	sprintf(p, "}\n");
	kernel = cl_kernel_of(cl, text, "convert");
	for (int i = 0; i < N; i++) {
		const double v = 1 + ldexp(next_random() >> 12, -52);

		/* Normal as floats, and in part as halves */
		in[i] = ldexp(i & 1 ? v : -v, (int)(next_random() % (i & 2 ? 30 : 240)) -
			      (i & 2 ? 14 : 120));
		/* A tie of floats, or of halves */
		if (i % 16 >= 12)
			in[i] = ldexp(1 + ldexp(2 * (i % 8) + 1, i & 16 ? -24 : -11), i % 15);
	}
	in[0] = INFINITY;
	in[1] = -INFINITY;
	in[2] = 0;
	in[3] = -0.0;
	in[4] = 1e300;
	in[5] = -1e300;
	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_arg_ptr(kernel, 2, halves);
	cl_run(cl, kernel, N, 0);
	for (int i = 0; i < N; i++) {
		double v = in[i];
		float f = v;

		for (int m = 0; m < NUM_MODES; m++) {
			float want;
			_Float16 half, of_float;
			const int at = i * NUM_MODES + m;

			fesetround(modes[m].host < 0 ? FE_TONEAREST : modes[m].host);
			pin(&v);
			pin(&f);
			want = v;
			half = v;
			of_float = f;
			pin(&want);
			pin(&half);
			pin(&of_float);
			fesetround(FE_TONEAREST);
			if (out[at] != bits_of(want))
				FAIL("convert_float%s(%a) is %#x, not %#x", modes[m].suffix, v,
				     out[at], bits_of(want));
			if (halves[2 * at] != half_bits_of(half))
				FAIL("vstore_half%s(%a) is %#x, not %#x", modes[m].suffix, v,
				     halves[2 * at], half_bits_of(half));
			if (halves[2 * at + 1] != half_bits_of(of_float))
				FAIL("vstore_half%s(%af) is %#x, not %#x", modes[m].suffix, f,
				     halves[2 * at + 1], half_bits_of(of_float));
		}
	}
	free(text);
	CL(clReleaseKernel(kernel));
}

/* The half next to an integer, by its bits. */
static uint16_t half_of(__int128 v, int mode)
{
	const bool up = mode == (v < 0 ? FE_DOWNWARD : FE_UPWARD);
	__uint128_t q = v < 0 ? -v : v, rest;
	const uint16_t sign = v < 0 ? 0x8000 : 0;
	int shift = 0;

	while (q >> shift >= 2048)
		shift++;
	rest = q - (q >> shift << shift);
	q >>= shift;
	if (mode == FE_TONEAREST ? rest * 2 + (q & 1) > (__uint128_t)1 << shift : up && rest)
		q++;
	if (q << shift > 65504)
		return sign | (up || mode == FE_TONEAREST ? 0x7c00 : 0x7bff);
	return sign | half_bits_of((_Float16)(float)(q << shift));
}

/* From long and ulong, also by way of what has more bits, and back */
static void test_from_long(struct cl *cl)
{
	static int64_t in[N], back[N * 2];
	static float out[N * NUM_MODES * 2], twice[N * 2];
	static double doubles[N * NUM_MODES * 2];
	static uint16_t halves[N * NUM_MODES * 2];
	char *text = calloc(1, 8192), *p = text;
	cl_kernel kernel;

	CHECK(text);
	p += sprintf(p, "#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n"
		     "kernel void convert(global long *in, global float *out,\n"
		     "		     global double *doubles, global float *twice,\n"
		     "		     global long *back, global half *halves)\n{\n"
		     "	size_t i = get_global_id(0), g = i * %d;\n"
		     "	long v = in[i];\n"
		     "	twice[2 * i] = convert_float(convert_double(v));\n"
		     "	twice[2 * i + 1] = convert_float(convert_double(as_ulong(v)));\n"
		     "	back[2 * i] = convert_long_rte(convert_float_rte(v >> 2));\n"
		     "	back[2 * i + 1] = convert_long_sat(convert_double(v));\n", 2 * NUM_MODES);
	for (int m = 0; m < NUM_MODES; m++) {
		for (int is_unsigned = 0; is_unsigned < 2; is_unsigned++) {
			const char *v = is_unsigned ? "as_ulong(v)" : "v";
			const int at = 2 * m + is_unsigned;

			p += sprintf(p, "	out[g + %d] = convert_float%s(%s);\n"
				     "	doubles[g + %d] = convert_double%s(%s);\n"
				     "	halves[g + %d] = convert_half%s(%s);\n",
				     at, modes[m].suffix, v, at, modes[m].suffix, v,
				     at, modes[m].suffix, v);
		}
	}
	sprintf(p, "}\n");
	kernel = cl_kernel_of(cl, text, "convert");
	for (int i = 0; i < N; i++)
		in[i] = (int64_t)next_random() >> (next_random() % 64);
	in[0] = 0;
	in[1] = INT64_MIN;
	in[2] = INT64_MAX;
	in[3] = -1;
	/* The double next to it lies in the middle of two floats. */
	in[4] = (1ll << 60) + (1ll << 36) + 1;
	in[5] = -in[4];
	in[6] = (1ll << 60) + (3ll << 36) - 1;
	/* About the largest half */
	for (int i = 0; i < 64; i++)
		in[i + 8] = (65472 + 2 * i) * (i & 1 ? 1 : -1);
	cl_arg_ptr(kernel, 5, halves);
	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_arg_ptr(kernel, 2, doubles);
	cl_arg_ptr(kernel, 3, twice);
	cl_arg_ptr(kernel, 4, back);
	cl_run(cl, kernel, N, 0);
	for (int i = 0; i < N; i++) {
		int64_t v = in[i];
		uint64_t u = v;
		double from = v, from_unsigned = u;
		float quarter = v >> 2;

		if (twice[2 * i] != (float)from || twice[2 * i + 1] != (float)from_unsigned)
			FAIL("convert_float(convert_double(%lld)) is %a, of ulong %a", (long long)v,
			     twice[2 * i], twice[2 * i + 1]);
		if (back[2 * i] != (int64_t)quarter)
			FAIL("convert_long_rte(convert_float_rte(%lld)) is %lld", (long long)v >> 2,
			     (long long)back[2 * i]);
		if (back[2 * i + 1] != saturate(from, &integers[6], -1))
			FAIL("convert_long_sat(convert_double(%lld)) is %lld", (long long)v,
			     (long long)back[2 * i + 1]);
		for (int m = 0; m < NUM_MODES; m++) {
			const int host = modes[m].host < 0 ? FE_TONEAREST : modes[m].host;
			const int at = (i * NUM_MODES + m) * 2;
			double dv, du;
			float fv, fu;

			fesetround(host);
			pin(&v);
			pin(&u);
			fv = v;
			fu = u;
			dv = v;
			du = u;
			pin(&fv);
			pin(&fu);
			pin(&dv);
			pin(&du);
			fesetround(FE_TONEAREST);
			if (out[at] != fv || out[at + 1] != fu)
				FAIL("convert_float%s(%#llx) is %a, of ulong %a", modes[m].suffix,
				     (long long)v, out[at], out[at + 1]);
			if (halves[at] != half_of(v, host) || halves[at + 1] != half_of(u, host))
				FAIL("convert_half%s(%lld) is %#x, of ulong %#x", modes[m].suffix,
				     (long long)v, halves[at], halves[at + 1]);
			if (doubles[at] != dv || doubles[at + 1] != du)
				FAIL("convert_double%s(%#llx) is %a, of ulong %a", modes[m].suffix,
				     (long long)v, doubles[at], doubles[at + 1]);
		}
	}
	free(text);
	CL(clReleaseKernel(kernel));
}

static int64_t cut(__int128 v, const struct integer *to)
{
	return to->is_signed ? (int64_t)((uint64_t)v << (64 - to->bits)) >> (64 - to->bits) :
	       (int64_t)((uint64_t)v << (64 - to->bits) >> (64 - to->bits));
}

/* Among integers, with and without saturation; rounding changes nothing. */
static void test_among_ints(struct cl *cl, const struct integer *from)
{
	static int64_t in[64], out[64 * NUM_INTEGERS * NUM_MODES * 2];
	char *text = calloc(1, 1 << 16), *p = text;
	cl_kernel kernel;
	int at = 0;

	CHECK(text);
	p += sprintf(p, "kernel void convert(global long *in, global ulong *out)\n{\n"
		     "	%s v = in[get_global_id(0)];\n"
		     "	out += get_global_id(0) * %d;\n", from->name, NUM_INTEGERS * NUM_MODES * 2);
	for (int t = 0; t < NUM_INTEGERS; t++) {
		for (int m = 0; m < NUM_MODES; m++) {
			/* Vectors are other functions. */
			const char *plain = (t + m) % 2 ? "convert_%s%s(v)" :
					    "convert_%s2%s((%s2)(v)).y";
			const char *sat = (t + m) % 2 ? "convert_%s2_sat%s((%s2)(v)).y" :
					  "convert_%s_sat%s(v)";

			p += sprintf(p, "	out[%d] = ", at++);
			p += sprintf(p, plain, integers[t].name, modes[m].suffix, from->name);
			p += sprintf(p, ";\n	out[%d] = ", at++);
			p += sprintf(p, sat, integers[t].name, modes[m].suffix, from->name);
			p += sprintf(p, ";\n");
		}
	}
	sprintf(p, "}\n");
	kernel = cl_kernel_of(cl, text, "convert");
	for (int i = 0; i < 64; i++)
		in[i] = cut((int64_t)next_random() >> i, from);
	in[0] = 0;
	in[1] = cut(INT64_MIN, from);
	in[2] = cut(INT64_MAX, from);
	memset(out, 0xa5, sizeof(out));
	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_run(cl, kernel, 64, 0);
	at = 0;
	for (int i = 0; i < 64; i++) {
		const __int128 v = from->is_signed ? (__int128)in[i] : (__int128)(uint64_t)in[i];

		for (int t = 0; t < NUM_INTEGERS; t++) {
			const struct integer *to = &integers[t];
			const __int128 most = ((__int128)1 << (to->bits - to->is_signed)) - 1;
			const __int128 least = to->is_signed ? -most - 1 : 0;
			__int128 want;

			for (int m = 0; m < NUM_MODES; m++, at += 2) {
				if (out[at] != cut(v, to))
					FAIL("convert_%s%s((%s)%lld) is %lld", to->name,
					     modes[m].suffix, from->name, (long long)in[i],
					     (long long)out[at]);
				want = v < least ? least : v > most ? most : v;
				if (out[at + 1] != (int64_t)want)
					FAIL("convert_%s_sat%s((%s)%lld) is %lld", to->name,
					     modes[m].suffix, from->name, (long long)in[i],
					     (long long)out[at + 1]);
			}
		}
	}
	free(text);
	CL(clReleaseKernel(kernel));
}

static void test_mad_sat(struct cl *cl)
{
	static const char source[] =
		"kernel void mad(global long *x, global long *y, global long *z, global long *out)\n"
		"{\n"
		"	size_t i = get_global_id(0);\n"
		"	long4 v = mad_sat((long4)(x[i]), (long4)(y[i]), (long4)(z[i]));\n"
		"	out[i] = i & 1 ? v.w : mad_sat(x[i], y[i], z[i]);\n"
		"}\n";
	static const int64_t edges[] = {
		0, 1, -1, 2, -2, INT64_MIN, INT64_MAX, INT64_MIN + 1, 1ll << 32, -(1ll << 32),
		1ll << 31, -5050615137969148031,
	};
	enum { COUNT = NUM(edges) * NUM(edges) * NUM(edges) };
	static int64_t x[COUNT + N], y[COUNT + N], z[COUNT + N], out[COUNT + N];
	cl_kernel kernel = cl_kernel_of(cl, source, "mad");

	for (int i = 0; i < COUNT; i++) {
		x[i] = edges[i % NUM(edges)];
		y[i] = edges[i / NUM(edges) % NUM(edges)];
		z[i] = edges[i / NUM(edges) / NUM(edges)];
	}
	for (int i = COUNT; i < COUNT + N; i++) {
		x[i] = (int64_t)next_random() >> (next_random() % 64);
		y[i] = (int64_t)next_random() >> (next_random() % 64);
		z[i] = (int64_t)next_random() >> (next_random() % 64);
	}
	cl_arg_ptr(kernel, 0, x);
	cl_arg_ptr(kernel, 1, y);
	cl_arg_ptr(kernel, 2, z);
	cl_arg_ptr(kernel, 3, out);
	cl_run(cl, kernel, COUNT + N, 0);
	for (int i = 0; i < COUNT + N; i++) {
		__int128 want = (__int128)x[i] * y[i] + z[i];

		want = want < INT64_MIN ? INT64_MIN : want > INT64_MAX ? INT64_MAX : want;
		if (out[i] != want)
			FAIL("mad_sat(%lld, %lld, %lld) is %lld", (long long)x[i], (long long)y[i],
			     (long long)z[i], (long long)out[i]);
	}
	CL(clReleaseKernel(kernel));
}

/* The bits of constants as something else */
static void test_bits(struct cl *cl)
{
	static const char source[] =
		"struct s { uchar4 a; int2 b; };\n"
		"kernel void bits(global uchar *out, int zero)\n"
		"{\n"
		"	struct s s = { as_uchar4(0x01020304u), as_int2(0x0000000600000005L) };\n"
		"	uchar4 array[2] = { as_uchar4(0x0b0a0908u), as_uchar4(0x0f0e0d0cu) };\n"
		"\n"
		"	vstore4(as_uchar4(0x03020100u), 0, out);\n"
		"	vstore4(zero ? as_uchar4(zero) : as_uchar4(0x07060504), 1, out);\n"
		"	vstore4(array[zero], 2, out);\n"
		"	vstore4(array[zero + 1], 3, out);\n"
		"	vstore2(as_uchar2((short)0x1110), 8, out);\n"
		"	vstore2(as_uchar2((ushort)0x1312), 9, out);\n"
		"	vstore4((uchar4)(as_uchar2((short)0x1514), as_uchar2((short)0x1716)), 5, out);\n"
		"	vstore8(as_uchar8(0x1f1e1d1c1b1a1918UL), 3, out);\n"
		"	vstore2(as_int2(1.5), 0, (global int *)(out + 32));\n"
		"	vstore2(as_float2(0x3f80000040000000L), 0, (global float *)(out + 40));\n"
		"	vstore3((ushort3)(as_ushort((char2)((char)8))), 0, (global ushort *)(out + 48));\n"
		"	vstore2(as_uint2((ushort4)(1, 2, 3, 4)), 0, (global uint *)(out + 56));\n"
		"	vstore4(s.a, 16, out);\n"
		"	vstore2(s.b, 0, (global int *)(out + 68));\n"
		"}\n";
	static const uint32_t want[] = {
		0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918,
		0x1f1e1d1c, 0, 0x3ff80000, 0x40000000, 0x3f800000, 0x08080808, 0x0808, 0x20001,
		0x40003, 0x01020304, 5, 6,
	};
	uint32_t out[NUM(want)] = {};
	const cl_int zero = 0;
	cl_kernel kernel = cl_kernel_of(cl, source, "bits");

	cl_arg_ptr(kernel, 0, out);
	cl_arg(kernel, 1, zero);
	cl_run(cl, kernel, 1, 0);
	for (int i = 0; i < NUM(want); i++) {
		if (out[i] != want[i])
			FAIL("bits of constants: word %d is %#x, not %#x", i, out[i], want[i]);
	}
	CL(clReleaseKernel(kernel));
}

int main(void)
{
	struct cl cl;

	cl_open(&cl);
	test_to_int(&cl, "double");
	test_to_int(&cl, "float");
	test_to_int(&cl, "half");
	test_to_smaller(&cl);
	test_from_long(&cl);
	for (int t = 0; t < NUM_INTEGERS; t++)
		test_among_ints(&cl, &integers[t]);
	test_mad_sat(&cl);
	test_bits(&cl);
	cl_close(&cl);
	return cl_ok();
}
