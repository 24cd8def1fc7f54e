// SPDX-License-Identifier: MIT
/*
 * opencl-builtin: functions of OpenCL C, one value each: that they are there, for scalars and
 * vectors, and about right. opencl-alu has the precision of those that matter most.
 */
#include <math.h>

#include "cl.h"

/* What the functions below are called with, in T; i, j and u are of the types int and uint */
static const double x = 1.75, y = -2.5, z = 0.3;
static const int i = 123456, j = -77;
static const unsigned int u = 3000000000;

struct function {
	const char *text;
	double want;
};

#define NUM(array) ((int)(sizeof(array) / sizeof(*(array))))

static const char head[] =
	"T fract2(T v) { T w; return fract(v, &w); }\n"
	"T modf2(T v) { T w, f = modf(v, &w); return f + w; }\n"
	"T frexp2(T v) { int e; T f = frexp(v, &e); return f + e; }\n"
	"T sincos2(T v) { T c, s = sincos(v, &c); return s + c; }\n"
	"T remquo2(T v, T w) { int q; T r = remquo(v, w, &q); return r + q; }\n";

static void test(struct cl *cl, const char *type, const struct function *functions, int num,
		 double error)
{
	const bool is_int = !strcmp(type, "int");
	char *text = calloc(1, 65536), *p = text;
	double *out = calloc(num, sizeof(*out));
	const _Float16 h[] = { x, y, z };
	const cl_float f[] = { x, y, z };
	const cl_double d[] = { x, y, z };
	const void *values = !strcmp(type, "half") ? (const void *)h :
			     !strcmp(type, "double") ? (const void *)d : f;
	const cl_int k[] = { i, j, u };
	cl_kernel kernel;

	CHECK(text && out);
	p += sprintf(p, "#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n");
	p += sprintf(p, "typedef %s T;\n%s", type, is_int ? "" : head);
	p += sprintf(p, "kernel void values(global T *in, global int *k, global double *out)\n{\n");
	p += sprintf(p, "	int i = k[0], j = k[1]; uint u = k[2];\n");
	if (!is_int)
		p += sprintf(p, "	T x = in[0], y = in[1], z = in[2];\n");
	for (int n = 0; n < num; n++)
		p += sprintf(p, "	out[%d] = %s;\n", n, functions[n].text);
	sprintf(p, "}\n");
	kernel = cl_kernel_of(cl, text, "values");
	cl_arg_ptr(kernel, 0, values);
	cl_arg_ptr(kernel, 1, k);
	cl_arg_ptr(kernel, 2, out);
	cl_run(cl, kernel, 1, 0);
	for (int n = 0; n < num; n++) {
		if (!(fabs(out[n] - functions[n].want) <= error * (1 + fabs(functions[n].want))))
			FAIL("%s: %s is %.17g, not %.17g", type, functions[n].text, out[n],
			     functions[n].want);
	}
	free(text);
	free(out);
	CL(clReleaseKernel(kernel));
}

static void test_ints(struct cl *cl)
{
	const struct function ints[] = {
		{ "abs(j)", 77 },
		{ "abs_diff(i, j)", 123533 },
		{ "add_sat(2147483647, i)", INT32_MAX },
		{ "hadd(i, j)", (i + j) >> 1 },
		{ "rhadd(i, j)", (i + j + 1) >> 1 },
		{ "clamp(i, j, 9)", 9 },
		{ "clz(i)", 15 },
		{ "ctz(i)", 6 },
		{ "mad_hi(i, i, j)", 3 - 77 },
		{ "mad_sat(i, i, i)", INT32_MAX },
		{ "max(i, j)", 123456 },
		{ "min(i, j)", -77 },
		{ "mul_hi(i, i)", 3 },
		{ "rotate(j, 4)", -1217 },
		{ "sub_sat(j, 2147483647)", INT32_MIN + 0.0 },
		{ "upsample((short)j, (ushort)i)", -77 * 65536.0 + (123456 & 65535) },
		{ "popcount(i)", 6 },
		{ "mul24(i, j)", -77 * 123456.0 },
		{ "mad24(j, 100, i)", 123456 - 7700 },
		{ "bitselect(i, j, 255)", (123456 & ~255) | (-77 & 255) },
		{ "select(i, j, 1)", -77 },
		{ "any(j) + 2 * all(i)", 1 },
		{ "(int)(u % 1000u)", 0 },
		{ "(int)(u / 7u)", 428571428 },
		{ "j / 7", -11 },
		{ "j % 10", -7 },
		{ "(int)mul_hi(u, u)", 2095475792.0 },
		{ "as_int(as_char4(i).wzyx)", 1088553216.0 },
	};

	test(cl, "int", ints, NUM(ints), 0);
}

static void test_floats(struct cl *cl)
{
	/* In all precisions */
	const struct function all[] = {
		{ "acos(z)", acos(z) },
		{ "acosh(x)", acosh(x) },
		{ "acospi(z)", acos(z) / M_PI },
		{ "asin(z)", asin(z) },
		{ "asinh(y)", asinh(y) },
		{ "asinpi(z)", asin(z) / M_PI },
		{ "atan(y)", atan(y) },
		{ "atan2(y, x)", atan2(y, x) },
		{ "atanh(z)", atanh(z) },
		{ "atanpi(y)", atan(y) / M_PI },
		{ "atan2pi(y, x)", atan2(y, x) / M_PI },
		{ "cbrt(y)", cbrt(y) },
		{ "ceil(y)", ceil(y) },
		{ "copysign(x, y)", -x },
		{ "cos(y)", cos(y) },
		{ "cosh(x)", cosh(x) },
		{ "cospi(z)", cos(M_PI * z) },
		{ "erf(z)", erf(z) },
		{ "erfc(z)", erfc(z) },
		{ "exp(x)", exp(x) },
		{ "exp2(y)", exp2(y) },
		{ "exp10(x)", pow(10, x) },
		{ "expm1(z)", expm1(z) },
		{ "fabs(y)", -y },
		{ "fdim(x, y)", x - y },
		{ "floor(y)", -3 },
		{ "fma(x, y, z)", x * y + z },
		{ "fmax(x, y)", x },
		{ "fmin(x, y)", y },
		{ "fmod(y, x)", fmod(y, x) },
		{ "hypot(x, y)", hypot(x, y) },
		{ "(T)ilogb(y)", 1 },
		{ "ldexp(x, 5)", 56 },
		{ "lgamma(x)", lgamma(x) },
		{ "log(x)", log(x) },
		{ "log2(x)", log2(x) },
		{ "log10(x)", log10(x) },
		{ "log1p(z)", log1p(z) },
		{ "logb(y)", 1 },
		{ "mad(x, y, z)", x * y + z },
		{ "maxmag(x, y)", y },
		{ "minmag(x, y)", x },
		{ "nextafter(x, y)", x },
		{ "pow(x, y)", pow(x, y) },
		{ "pown(x, 3)", x * x * x },
		{ "powr(x, z)", pow(x, z) },
		{ "remainder(y, x)", remainder(y, x) },
		{ "rint(y)", -2 },
		{ "rootn(x, 3)", cbrt(x) },
		{ "round(y)", -3 },
		{ "rsqrt(x)", 1 / sqrt(x) },
		{ "sin(y)", sin(y) },
		{ "sinh(y)", sinh(y) },
		{ "sinpi(z)", sin(M_PI * z) },
		{ "sqrt(x)", sqrt(x) },
		{ "tan(x)", tan(x) },
		{ "tanh(y)", tanh(y) },
		{ "tanpi(z)", tan(M_PI * z) },
		{ "tgamma(x)", tgamma(x) },
		{ "trunc(y)", -2 },
		{ "clamp(y, -x, x)", -x },
		{ "degrees(z)", z * 180 / M_PI },
		{ "radians(z)", z * M_PI / 180 },
		{ "mix(x, y, z)", x + (y - x) * z },
		{ "max(x, y)", x },
		{ "min(x, y)", y },
		{ "step(y, x)", 1 },
		{ "smoothstep(y, x, z)",
		  ((z - y) / (x - y)) * ((z - y) / (x - y)) * (3 - 2 * ((z - y) / (x - y))) },
		{ "sign(y)", -1 },
		{ "(T)isequal(x, x)", 1 },
		{ "(T)isinf(x / (x - x))", 1 },
		{ "(T)signbit(y)", 1 },
		{ "(T)isnormal(z)", 1 },
		{ "(T)islessgreater(x, y)", 1 },
		{ "(T)isunordered(x, y)", 0 },
		{ "fract2(y)", 0.5 },
		{ "modf2(y)", -2.5 },
		{ "frexp2(x)", 0.875 + 1 },
		{ "sincos2(x)", sin(x) + cos(x) },
		{ "remquo2(y, x)", remainder(y, x) - 1 },
	};
	/* In one only */
	const struct function floats[] = {
		{ "native_sin(z)", sin(z) },
		{ "native_cos(z)", cos(z) },
		{ "native_tan(z)", tan(z) },
		{ "native_exp(z)", exp(z) },
		{ "native_exp2(z)", exp2(z) },
		{ "native_exp10(z)", pow(10, z) },
		{ "native_log(x)", log(x) },
		{ "native_log2(x)", log2(x) },
		{ "native_log10(x)", log10(x) },
		{ "native_sqrt(x)", sqrt(x) },
		{ "native_rsqrt(x)", 1 / sqrt(x) },
		{ "native_recip(x)", 1 / x },
		{ "native_divide(y, x)", y / x },
		{ "native_powr(x, z)", pow(x, z) },
		{ "half_sin(z)", sin(z) },
		{ "half_exp(z)", exp(z) },
		{ "half_sqrt(x)", sqrt(x) },
		{ "half_divide(y, x)", y / x },
		{ "half_powr(x, z)", pow(x, z) },
		{ "convert_float_rtz(u + 127u)", 3000000000.0 },
		{ "(T)convert_int_sat(y * 1e20f)", INT32_MIN },
		{ "(T)convert_int_rtp(y)", -2 },
		{ "(T)convert_uchar_sat_rte(x)", 2 },
		{ "as_float(as_int(x) + 0x800000)", 2 * x },
	};

	test(cl, "float", all, NUM(all), 1e-5);
	test(cl, "float", floats, NUM(floats), 1e-5);
	test(cl, "double", all, NUM(all), 1e-13);
	test(cl, "half", all, NUM(all), 2e-3);
}

int main(void)
{
	struct cl cl;

	cl_open(&cl);
	test_ints(&cl);
	test_floats(&cl);
	cl_close(&cl);
	return cl_ok();
}
