/*
 * fit_embedding.c: the coordinates that a fit steps in.
 *
 * Plain: the parameters in the scale of the fit.  Embedding (Bakirtzis et al. 2025, appendix B): a material's constant has the logarithm
 * u . w / sqrt(d), an antenna's number is low + (high - low) / (1 + exp(-u . w / sqrt(d))), w a vector of its own and u one shared by the
 * antennas and one by the materials; d = 5.  Offsets and losses, which that paper does not have, stay as they are.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fit.h"
#include "field/dense.h"
#include "trace/map_internal.h"

#define LENGTH 5
/* A bounded number starts no nearer than this share of its range to a bound. */
#define INSIDE 0.01

typedef enum family { FAMILY_NONE = -1, FAMILY_ANTENNA, FAMILY_MATERIAL, FAMILIES } family;

static family family_of(const rpm_fit_work *work, int parameter);
static int	vector_of(const rpm_fit_work *work, int parameter);
static void start_embedding(const rpm_fit_work *work, rpm_fit_embedding *embedding);
static double logit_of(const rpm_fit_work *work, int parameter, double z);
static void embed(const rpm_fit_work *work, rpm_fit_embedding *embedding, const double *x, double *z, bool with_jacobian);
static bool solve(int n, double *system, double *step, double damping);
static bool step_of_embedding(const rpm_fit_work *work, rpm_fit_embedding *embedding, double damping);

rpm_code
rpm_fit_embedding_create(const rpm_fit_work *work, bool embedded, rpm_fit_embedding *embedding, rpm_status *status)
{
	size_t		n = (size_t) work->count, m = n;

	memset(embedding, 0, sizeof *embedding);
	if (embedded)
	{
		m = FAMILIES * LENGTH;
		for (int i = 0; i < work->count; i++)
			m += family_of(work, i) == FAMILY_NONE ? 1 : LENGTH;
	}
	embedding->count = (int) m;
	embedding->x = calloc(m + 1, sizeof(double));
	embedding->trial = calloc(m + 1, sizeof(double));
	embedding->system = calloc(m * m + 1, sizeof(double));
	embedding->step = calloc(m + 1, sizeof(double));
	if (embedded)
	{
		embedding->jacobian = calloc(n * m + 1, sizeof(double));
		embedding->product = calloc(n * m + 1, sizeof(double));
	}
	if (!embedding->x || !embedding->trial || !embedding->system || !embedding->step
		|| (embedded && (!embedding->jacobian || !embedding->product)))
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for a fit in %zu coordinates", m);
	rpm_fit_embedding_restart(work, embedding);
	return RPM_OK;
}

void
rpm_fit_embedding_restart(const rpm_fit_work *work, rpm_fit_embedding *embedding)
{
	if (embedding->jacobian)
		start_embedding(work, embedding);
	else
		memcpy(embedding->x, work->z, (size_t) work->count * sizeof(double));
}

void
rpm_fit_embedding_free(rpm_fit_embedding *embedding)
{
	free(embedding->x);
	free(embedding->trial);
	free(embedding->jacobian);
	free(embedding->product);
	free(embedding->system);
	free(embedding->step);
}

void
rpm_fit_embedding_accept(rpm_fit_embedding *embedding)
{
	memcpy(embedding->x, embedding->trial, (size_t) embedding->count * sizeof(double));
}

bool
rpm_fit_embedding_step(const rpm_fit_work *work, rpm_fit_embedding *embedding, double damping, double *z)
{
	size_t		n = (size_t) work->count;

	if (embedding->jacobian)
	{
		if (!step_of_embedding(work, embedding, damping))
			return false;
		for (int i = 0; i < embedding->count; i++)
			embedding->trial[i] = embedding->x[i] + embedding->step[i];
		embed(work, embedding, embedding->trial, z, false);
	}
	else
	{
		memcpy(embedding->system, work->normal, n * n * sizeof(double));
		/* A parameter that its bound holds stays there. */
		for (size_t i = 0; i < n; i++)
		{
			bool		held = (work->z[i] <= work->low[i] && work->slope[i] > 0) || (work->z[i] >= work->high[i] && work->slope[i] < 0);

			embedding->step[i] = held ? 0 : -work->slope[i];
			for (size_t k = 0; k < n && held; k++)
				embedding->system[i * n + k] = embedding->system[k * n + i] = k == i ? 1 : 0;
		}
		if (!solve(work->count, embedding->system, embedding->step, damping))
			return false;
		for (size_t i = 0; i < n; i++)
			z[i] = embedding->trial[i] = fmin(work->high[i], fmax(work->low[i], embedding->x[i] + embedding->step[i]));
		return true;
	}
	for (size_t i = 0; i < n; i++)
		z[i] = fmin(work->high[i], fmax(work->low[i], z[i]));
	return true;
}

static bool
step_of_embedding(const rpm_fit_work *work, rpm_fit_embedding *embedding, double damping)
{
	size_t		n = (size_t) work->count, m = (size_t) embedding->count;

	embed(work, embedding, embedding->x, embedding->step, true);
	memset(embedding->product, 0, n * m * sizeof(double));
	memset(embedding->system, 0, m * m * sizeof(double));
	memset(embedding->step, 0, m * sizeof(double));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			for (size_t c = 0; c < m; c++)
				embedding->product[i * m + c] += work->normal[i * n + k] * embedding->jacobian[k * m + c];
	for (size_t i = 0; i < n; i++)
		for (size_t r = 0; r < m; r++)
		{
			double		j = embedding->jacobian[i * m + r];

			if (j == 0)
				continue;
			embedding->step[r] -= j * work->slope[i];
			for (size_t c = 0; c < m; c++)
				embedding->system[r * m + c] += j * embedding->product[i * m + c];
		}
	return solve((int) m, embedding->system, embedding->step, damping);
}

/* (system + damping diag) step = step, in place; what no equation holds is held by a share of the mean diagonal. */
static bool
solve(int n, double *system, double *step, double damping)
{
	double		mean = 0;

	for (int i = 0; i < n; i++)
		mean += system[(size_t) i * (size_t) n + (size_t) i] / n;
	for (int i = 0; i < n; i++)
		system[(size_t) i * (size_t) n + (size_t) i] += damping * (system[(size_t) i * (size_t) n + (size_t) i] + 1e-6 * mean);
	if (!dense_factor(system, n))
		return false;
	dense_solve(system, n, step);
	for (int i = 0; i < n; i++)
		if (!isfinite(step[i]))
			return false;
	return true;
}

static family
family_of(const rpm_fit_work *work, int parameter)
{
	int			kind = work->calibration->parameters[work->index[parameter]].kind;

	if (kind <= RPM_PARAMETER_GAIN_DBI)
		return FAMILY_ANTENNA;
	return kind == RPM_PARAMETER_PERMITTIVITY || kind == RPM_PARAMETER_CONDUCTIVITY ? FAMILY_MATERIAL : FAMILY_NONE;
}

/* First coordinate of a parameter; the shared vectors stand before them all. */
static int
vector_of(const rpm_fit_work *work, int parameter)
{
	int			first = FAMILIES * LENGTH;

	for (int i = 0; i < parameter; i++)
		first += family_of(work, i) == FAMILY_NONE ? 1 : LENGTH;
	return first;
}

/* Vectors drawn at random, each own one then moved along the shared one so that the product is what the parameter starts from. */
static void
start_embedding(const rpm_fit_work *work, rpm_fit_embedding *embedding)
{
	rpm_random	random = rpm_random_stream(work->options->seed, 2, 0);

	for (int i = 0; i < embedding->count; i++)
		embedding->x[i] = 2 * rpm_random_next(&random) - 1;
	for (int i = 0; i < FAMILIES; i++)
		embedding->x[i * LENGTH] = 1;
	for (int i = 0; i < work->count; i++)
	{
		family		own = family_of(work, i);
		double	   *w = embedding->x + vector_of(work, i), *u = embedding->x + own * LENGTH, product = 0, square = 0;

		if (own == FAMILY_NONE)
		{
			*w = work->z[i];
			continue;
		}
		for (int k = 0; k < LENGTH; k++)
		{
			product += u[k] * w[k];
			square += u[k] * u[k];
		}
		for (int k = 0; k < LENGTH; k++)
			w[k] += u[k] * (logit_of(work, i, work->z[i]) * sqrt(LENGTH) - product) / square;
	}
}

/* u . w / sqrt(d) of a parameter's z. */
static double
logit_of(const rpm_fit_work *work, int parameter, double z)
{
	double		share;

	if (family_of(work, parameter) != FAMILY_ANTENNA)
		return z;
	share = (z - work->low[parameter]) / (work->high[parameter] - work->low[parameter]);
	share = fmin(1 - INSIDE, fmax(INSIDE, share));
	return log(share / (1 - share));
}

/* The parameters of the coordinates, and their derivatives. */
static void
embed(const rpm_fit_work *work, rpm_fit_embedding *embedding, const double *x, double *z, bool with_jacobian)
{
	size_t		m = (size_t) embedding->count;

	if (with_jacobian)
		memset(embedding->jacobian, 0, (size_t) work->count * m * sizeof(double));
	for (int i = 0; i < work->count; i++)
	{
		family		own = family_of(work, i);
		int			first = vector_of(work, i);
		const double *w = x + first, *u = x + own * LENGTH;
		double		product = 0, rate = 1, *row = embedding->jacobian + (size_t) i * m;

		if (own == FAMILY_NONE)
		{
			if (!with_jacobian)
				z[i] = *w;
			else
				row[first] = 1;
			continue;
		}
		for (int k = 0; k < LENGTH; k++)
			product += u[k] * w[k] / sqrt(LENGTH);
		if (own == FAMILY_ANTENNA)
		{
			double		share = 1 / (1 + exp(-product)), range = work->high[i] - work->low[i];

			rate = range * share * (1 - share);
			product = work->low[i] + range * share;
		}
		if (!with_jacobian)
			z[i] = product;
		for (int k = 0; k < LENGTH && with_jacobian; k++)
		{
			row[first + k] = rate * u[k] / sqrt(LENGTH);
			row[own * LENGTH + k] = rate * w[k] / sqrt(LENGTH);
		}
	}
}
