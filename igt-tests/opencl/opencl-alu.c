// SPDX-License-Identifier: MIT
/*
 * opencl-alu: arithmetic of all types on edge and random values, against what the CPU computes.
 */
#include <math.h>

#include "cl.h"

#define N 512

/* Integers: the same for each type, T */
#define INT_SOURCE \
	"kernel void ops(global const T *a, global const T *b, global T *out, int n)\n" \
	"{\n" \
	"	int i = get_global_id(0), bits = 8 * sizeof(T);\n" \
	"	T x = a[i], y = b[i];\n" \
	"	int s = (int)y & (bits - 1);\n" \
	"	global T *o = out + i * n;\n" \
	"	o[0] = x + y;\n" \
	"	o[1] = x - y;\n" \
	"	o[2] = x * y;\n" \
	"	o[3] = y ? x / y : 0;\n" \
	"	o[4] = y ? x % y : 0;\n" \
	"	o[5] = x & y;\n" \
	"	o[6] = x | y;\n" \
	"	o[7] = x ^ y;\n" \
	"	o[8] = ~x;\n" \
	"	o[9] = x << s;\n" \
	"	o[10] = x >> s;\n" \
	"	o[11] = x < y;\n" \
	"	o[12] = x >= y;\n" \
	"	o[13] = x == y ? x : -y;\n" \
	"	o[14] = mul_hi(x, y);\n" \
	"	o[15] = add_sat(x, y);\n" \
	"	o[16] = sub_sat(x, y);\n" \
	"	o[17] = hadd(x, y);\n" \
	"	o[18] = rhadd(x, y);\n" \
	"	o[19] = clz(x);\n" \
	"	o[20] = popcount(x);\n" \
	"	o[21] = rotate(x, y);\n" \
	"	o[22] = abs_diff(x, y);\n" \
	"	o[23] = min(x, y);\n" \
	"	o[24] = max(x, y);\n" \
	"	o[25] = mad_sat(x, y, x);\n" \
	"	o[26] = (uchar)x;\n" \
	"	o[27] = (short)y;\n" \
	"	o[28] = (T)((float)(x >> (bits / 2)) + 1);\n" \
	"	o[29] = convert_char_sat(x);\n" \
	"	o[30] = bitselect(x, y, (T)0x3c);\n" \
	"}\n"

#define INT_OPS 31

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

#define uint128 unsigned __int128

static __int128 sat(__int128 v, __int128 least, __int128 most)
{
	return v < least ? least : v > most ? most : v;
}

/* W is an integer type of 128 bits with the sign of T, U is T without one. */
#define INT_TEST(name, T, U, W, least, most)						\
static void host_##name(T x, T y, T *o)							\
{											\
	const int bits = 8 * sizeof(T), s = (int)y & (bits - 1);			\
	const U r = (U)y & (bits - 1);							\
	const W m = (W)x * y + x;							\
	U v = x;									\
	int n;										\
											\
	o[0] = (U)x + (U)y;								\
	o[1] = (U)x - (U)y;								\
	o[2] = (T)((uint64_t)x * (uint64_t)y);						\
	o[3] = y ? (T)((W)x / y) : 0;							\
	o[4] = y ? (T)((W)x % y) : 0;							\
	o[5] = x & y;									\
	o[6] = x | y;									\
	o[7] = x ^ y;									\
	o[8] = ~x;									\
	o[9] = (U)x << s;								\
	o[10] = x >> s;									\
	o[11] = x < y;									\
	o[12] = x >= y;									\
	o[13] = x == y ? x : (T)-(uint64_t)y;						\
	o[14] = ((W)x * y) >> bits;							\
	o[15] = sat((__int128)x + y, least, most);					\
	o[16] = sat((__int128)x - y, least, most);					\
	o[17] = ((W)x + y) >> 1;							\
	o[18] = ((W)x + y + 1) >> 1;							\
	for (n = 0; n < bits && !(v >> (bits - 1 - n) & 1); n++)			\
		;									\
	o[19] = n;									\
	o[20] = __builtin_popcountll((uint64_t)(U)x);					\
	o[21] = r ? (U)((U)x << r | (U)x >> (bits - r)) : (U)x;				\
	o[22] = x > y ? (U)x - (U)y : (U)y - (U)x;					\
	o[23] = x < y ? x : y;								\
	o[24] = x > y ? x : y;								\
	o[25] = (W)-1 > 0 ? (T)(m < (W)(most) ? m : (W)(most)) : sat(m, least, most);	\
	o[26] = (uint8_t)x;								\
	o[27] = (int16_t)y;								\
	o[28] = (T)((float)(T)(x >> (bits / 2)) + 1);						\
	o[29] = sat(x, -128, 127);					\
	o[30] = (x & ~(T)0x3c) | (y & (T)0x3c);						\
}											\
											\
static void test_##name(struct cl *cl)							\
{											\
	static const uint64_t edges[] = { 0, 1, 2, 7, 100, -1, -2, (uint64_t)(least),	\
					  (uint64_t)(most), (uint64_t)(most) - 1 };	\
	T *a = malloc(N * sizeof(T)), *b = malloc(N * sizeof(T));			\
	T *out = malloc(N * INT_OPS * sizeof(T)), expect[INT_OPS];			\
	const int n = INT_OPS;								\
	cl_kernel kernel;								\
											\
	CHECK(a && b && out);								\
	for (int i = 0; i < N; i++) {							\
		a[i] = i < 100 ? edges[i / 10] : next_random() >> next_random() % 64;	\
		b[i] = i < 100 ? edges[i % 10] : next_random() >> next_random() % 64;	\
	}										\
	kernel = cl_kernel_of(cl, "typedef " #name " T;\n" INT_SOURCE, "ops");		\
	cl_arg_ptr(kernel, 0, a);							\
	cl_arg_ptr(kernel, 1, b);							\
	cl_arg_ptr(kernel, 2, out);							\
	cl_arg(kernel, 3, n);								\
	cl_run(cl, kernel, N, 0);							\
	for (int i = 0; i < N; i++) {							\
		host_##name(a[i], b[i], expect);					\
		for (int o = 0; o < INT_OPS; o++) {					\
			/* Undefined: the least value by -1 */				\
			if ((o == 3 || o == 4) && (least) < 0 && a[i] == (T)(least) &&	\
			    b[i] == (T)-1)						\
				continue;						\
			/* libclc's of long is wrong: 0 * -1 overflows there */		\
			if (o == 25 && (least) == INT64_MIN)				\
				continue;						\
			if (out[i * INT_OPS + o] != expect[o])				\
				FAIL(#name " operation %d of %lld, %lld: %lld, not %lld", \
				     o, (long long)a[i], (long long)b[i],		\
				     (long long)out[i * INT_OPS + o],			\
				     (long long)expect[o]);				\
		}									\
	}										\
	CL(clReleaseKernel(kernel));							\
	free(a);									\
	free(b);									\
	free(out);									\
}

INT_TEST(char, int8_t, uint8_t, __int128, INT8_MIN, INT8_MAX)
INT_TEST(uchar, uint8_t, uint8_t, uint128, 0, UINT8_MAX)
INT_TEST(short, int16_t, uint16_t, __int128, INT16_MIN, INT16_MAX)
INT_TEST(ushort, uint16_t, uint16_t, uint128, 0, UINT16_MAX)
INT_TEST(int, int32_t, uint32_t, __int128, INT32_MIN, INT32_MAX)
INT_TEST(uint, uint32_t, uint32_t, uint128, 0, UINT32_MAX)
INT_TEST(long, int64_t, uint64_t, __int128, INT64_MIN, INT64_MAX)
INT_TEST(ulong, uint64_t, uint64_t, uint128, 0, UINT64_MAX)

#define FLOAT_SOURCE \
	"kernel void ops(global const T *a, global const T *b, global T *out, int n)\n" \
	"{\n" \
	"	int i = get_global_id(0);\n" \
	"	T x = a[i], y = b[i];\n" \
	"	global T *o = out + i * n;\n" \
	"	o[0] = x + y;\n" \
	"	o[1] = x - y;\n" \
	"	o[2] = x * y;\n" \
	"	o[3] = fma(x, y, x);\n" \
	"	o[4] = floor(x);\n" \
	"	o[5] = ceil(x);\n" \
	"	o[6] = trunc(x);\n" \
	"	o[7] = rint(x);\n" \
	"	o[8] = fabs(x);\n" \
	"	o[9] = fmin(x, y);\n" \
	"	o[10] = fmax(x, y);\n" \
	"	o[11] = (T)(int)x;\n" \
	"	o[12] = (T)(long)y;\n" \
	"	o[13] = x < y ? x : y > 1 ? y : -x;\n" \
	"	o[14] = (x != y) + 2 * (x <= y) + 4 * isnan(x);\n" \
	"	o[15] = copysign(x, y);\n" \
	"	o[16] = (T)(uchar)(fabs(x) < 200 ? fabs(x) : 0);\n" \
	"	o[17] = x / y;\n" \
	"	o[18] = sqrt(fabs(x));\n" \
	"	o[19] = exp2(y / 1024);\n" \
	"	o[20] = log(fabs(x));\n" \
	"	o[21] = sin(y);\n" \
	"	o[22] = cos(x);\n" \
	"	o[23] = exp(y / 1024);\n" \
	"	o[24] = pow(fabs(x), (T)0.7);\n" \
	"}\n"

#define FLOAT_EXACT 17
#define FLOAT_OPS 25

/* How many ulps results may be off, from o[17] on */
static const int ulps[] = { 3, 3, 3, 3, 4, 4, 3, 16 };

#define FLOAT_TEST(name, T, R, f)							\
static void host_##name(T x, T y, T *o, R *r)						\
{											\
	o[0] = x + y;									\
	o[1] = x - y;									\
	o[2] = x * y;									\
	o[3] = fma##f(x, y, x);								\
	o[4] = floor##f(x);								\
	o[5] = ceil##f(x);								\
	o[6] = trunc##f(x);								\
	o[7] = rint##f(x);								\
	o[8] = fabs##f(x);								\
	o[9] = fmin##f(x, y);								\
	o[10] = fmax##f(x, y);								\
	o[11] = (int)x;									\
	o[12] = (long)y;								\
	o[13] = x < y ? x : y > 1 ? y : -x;						\
	o[14] = (x != y) + 2 * (x <= y) + 4 * !!isnan(x);				\
	o[15] = copysign##f(x, y);							\
	o[16] = (uint8_t)(fabs##f(x) < 200 ? fabs##f(x) : 0);				\
	r[0] = (R)x / y;								\
	r[1] = sqrtl(fabs##f(x));							\
	r[2] = exp2l(y / 1024);								\
	r[3] = logl(fabs##f(x));							\
	r[4] = sinl(y);									\
	r[5] = cosl(x);									\
	r[6] = expl(y / 1024);								\
	r[7] = powl(fabs##f(x), (T)0.7);						\
}											\
											\
static void test_##name(struct cl *cl)							\
{											\
	static const T edges[] = { 0, -0.0, 1, -1, 0.5, 2.5, 3.75, -1024, 1e-6, 65535.5 };	\
	T *a = malloc(N * sizeof(T)), *b = malloc(N * sizeof(T));			\
	T *out = malloc(N * FLOAT_OPS * sizeof(T)), o[FLOAT_EXACT];			\
	R r[FLOAT_OPS - FLOAT_EXACT];							\
	const int n = FLOAT_OPS;							\
	cl_kernel kernel;								\
											\
	CHECK(a && b && out);								\
	for (int i = 0; i < N; i++) {							\
		a[i] = i < 100 ? edges[i / 10] :					\
		       ldexp((int32_t)next_random(), -16 - (int)(next_random() % 20));	\
		b[i] = i < 100 ? edges[i % 10] :					\
		       ldexp((int32_t)next_random(), -16 - (int)(next_random() % 20));	\
	}										\
	a[100] = NAN;									\
	b[101] = NAN;									\
	kernel = cl_kernel_of(cl, "typedef " #name " T;\n" FLOAT_SOURCE, "ops");	\
	cl_arg_ptr(kernel, 0, a);							\
	cl_arg_ptr(kernel, 1, b);							\
	cl_arg_ptr(kernel, 2, out);							\
	cl_arg(kernel, 3, n);								\
	cl_run(cl, kernel, N, 0);							\
	for (int i = 0; i < N; i++) {							\
		host_##name(a[i], b[i], o, r);						\
		for (int k = 0; k < FLOAT_OPS; k++) {					\
			const T got = out[i * FLOAT_OPS + k];				\
			const R want = k < FLOAT_EXACT ? o[k] : r[k - FLOAT_EXACT];	\
			const T ulp = nextafter##f(fabs##f((T)want), INFINITY) -	\
				      fabs##f((T)want);					\
			const R off = k < FLOAT_EXACT ? 0 : ulps[k - FLOAT_EXACT] * (R)ulp;	\
											\
			/* Undefined: NaN to an integer */				\
			if ((k == 11 && isnan(a[i])) || (k == 12 && isnan(b[i])))	\
				continue;						\
			if (got == (T)want || (isnan(got) && isnan(want)) ||		\
			    (k >= FLOAT_EXACT && fabsl((R)got - want) <= off))		\
				continue;						\
			FAIL(#name " operation %d of %a, %a: %a, not %a", k, (double)a[i],	\
			     (double)b[i], (double)got, (double)want);			\
		}									\
	}										\
	CL(clReleaseKernel(kernel));							\
	free(a);									\
	free(b);									\
	free(out);									\
}

FLOAT_TEST(float, float, double, f)
FLOAT_TEST(double, double, long double,)

/*
 * What a compiler may think to know of numbers, and does not of NaN, infinities and -0: compared
 * bit by bit, but for the bits of a NaN.
 */
#define SPECIAL_OPS	11
#define SPECIAL_SOURCE									\
	"kernel void special(global const T *in, global T *out)\n"			\
	"{\n"										\
	"	T x = in[get_global_id(0)], u = x / (T)0 * (T)0;\n"			\
	"	global T *p = out + 11 * get_global_id(0);\n"				\
	"	p[0] = x * (T)0; p[1] = x - x; p[2] = x / x; p[3] = x + (T)0;\n"	\
	"	p[4] = (T)0 - x; p[5] = -x; p[6] = u; p[7] = isnan(u);\n"		\
	"	p[8] = u != u; p[9] = !(x < (T)1) + 2 * (x >= (T)1);\n"			\
	"	p[10] = x * (T)-1 + (T)0;\n"						\
	"}\n"

#define SPECIAL_TEST(T)									\
static void test_special_##T(struct cl *cl)						\
{											\
	static const T in[] = { 1, -1, 0, -0.0, INFINITY, -INFINITY, NAN, 1e-30, -3.5 };	\
	const int n = sizeof(in) / sizeof(*in);						\
	cl_kernel kernel = cl_kernel_of(cl, "typedef " #T " T;\n" SPECIAL_SOURCE, "special");	\
	T out[sizeof(in) / sizeof(*in) * SPECIAL_OPS];					\
											\
	cl_arg_ptr(kernel, 0, in);							\
	cl_arg_ptr(kernel, 1, out);							\
	cl_run(cl, kernel, n, 0);							\
	for (int i = 0; i < n; i++) {							\
		const T x = in[i], zero = 0, nothing = x * zero, minus = x * -1;	\
		const T u = x / zero * zero;						\
		const T want[] = {							\
			nothing, x - x, x / x, x + zero, zero - x, -x, u, isnan(u),	\
			u != u, !(x < 1) + 2 * (x >= 1), minus + zero,			\
		};									\
											\
		for (int k = 0; k < SPECIAL_OPS; k++) {					\
			const T got = out[i * SPECIAL_OPS + k];				\
											\
			if (isnan(got) ? !isnan(want[k]) :				\
			    memcmp(&got, &want[k], sizeof(got)))			\
				FAIL(#T " special operation %d of %a: %a, not %a", k,	\
				     (double)x, (double)got, (double)want[k]);		\
		}									\
	}										\
	CL(clReleaseKernel(kernel));							\
}

SPECIAL_TEST(float)
SPECIAL_TEST(double)

/* Denormals, which the device keeps, those of constants too */
static void test_denormals(struct cl *cl)
{
	static const char source[] =
		"kernel void denormals(global const float *in, global float *out)\n"
		"{\n"
		"	out[0] = in[0] * 0.5f;\n"
		"	out[1] = FLT_MIN * 0.5f;\n"
		"	out[2] = in[1] + in[1];\n"
		"	out[3] = 0x1p-140f + 0x1p-140f;\n"
		"	out[4] = convert_float(0x1p-139);\n"
		"	out[5] = nextafter(in[2], 1.0f);\n"
		"	out[6] = nextafter(0.0f, 1.0f);\n"
		"	out[7] = nextafter(in[0], 0.0f) + 0x1p-149f;\n"
		"}\n";
	static const float in[] = { 0x1p-126, 0x1p-140, 0 };
	static const float want[] = {
		0x1p-127, 0x1p-127, 0x1p-139, 0x1p-139, 0x1p-139, 0x1p-149, 0x1p-149, 0x1p-126,
	};
	float out[8] = {};
	cl_kernel kernel = cl_kernel_of(cl, source, "denormals");

	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_run(cl, kernel, 1, 0);
	for (int i = 0; i < 8; i++) {
		if (out[i] != want[i])
			FAIL("denormal %d: %a, not %a", i, out[i], want[i]);
	}
	CL(clReleaseKernel(kernel));
}

int main(void)
{
	struct cl cl;

	cl_open(&cl);
	test_char(&cl);
	test_uchar(&cl);
	test_short(&cl);
	test_ushort(&cl);
	test_int(&cl);
	test_uint(&cl);
	test_long(&cl);
	test_ulong(&cl);
	test_float(&cl);
	test_double(&cl);
	test_special_float(&cl);
	test_special_double(&cl);
	test_denormals(&cl);
	cl_close(&cl);
	return cl_ok();
}
