/* path_loss_fit.c: path-loss lines by antenna, site or network (rpm_path_loss_fit.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rpm_least_squares.h"
#include "rpm_path_loss_fit.h"
#include "rpm_pattern.h"

#define SHORTEST_M 0.1
#define STOP_ROWS 65536			/* rows between two looks at the stop flag */
#define LOWEST_GAIN_DBI (-60.0)	/* in a null of the pattern */

/* The rows of one group, and which of their columns are fitted. */
typedef struct subset
{
	const rpm_fit_rows *rows;
	const uint32_t *order;		/* row numbers; NULL: all rows as they stand */
	size_t		count;
	bool		fitted[RPM_FIT_COLUMNS];
	double	   *y;				/* count: loss less what the columns that are not fitted give */
} subset;

static double pattern_gain_dbi(const rpm_antenna *antenna, double east_m, double north_m, double up_m);
static rpm_code fit_subset(subset *set, const rpm_fit_options *options, const rpm_path_loss_fit *network, rpm_control *control,
						   rpm_path_loss_fit *fit, rpm_least_squares_fit *work, rpm_status *status);
static bool stop_at(const rpm_control *control, size_t row);
static bool survey(const subset *set, const rpm_fit_options *options, const rpm_control *control, rpm_path_loss_fit *fit);
static rpm_code solve(subset *set, const rpm_fit_options *options, const rpm_path_loss_fit *network, rpm_control *control,
					  rpm_least_squares_fit *work, rpm_status *status);
static bool take_out_unknown(subset *set, const rpm_least_squares_fit *work);
static void keep(const subset *set, const rpm_path_loss_fit *network, const rpm_least_squares_fit *work, rpm_path_loss_fit *fit);
static void fall_back(const rpm_path_loss_fit *network, rpm_path_loss_fit *fit);
static void write_rows(void *context, size_t first, size_t count, double *x);
static double value_of(const subset *set, size_t i, int column);
static rpm_code sort_by_group(const rpm_fit_rows *rows, uint32_t **order, size_t **begin, rpm_control *control, rpm_status *status);

void
rpm_fit_options_default(rpm_fit_options *options)
{
	options->huber_k = 1.345;
	options->least_rows = 10;
	options->least_spread = 0.02;
}

int
rpm_fit_row_values(const rpm_antenna *antenna, double east_m, double north_m, double up_m, double antenna_height_m, unsigned terms,
				   float *values)
{
	double		distance_m = fmax(sqrt(east_m * east_m + north_m * north_m + up_m * up_m), SHORTEST_M);
	int			n = 0;

	values[n++] = (float) log10(distance_m);
	if (terms & RPM_FIT_PATTERN)
		values[n++] = (float) pattern_gain_dbi(antenna, east_m, north_m, up_m);
	if (terms & RPM_FIT_FREQUENCY)
		values[n++] = (float) log10(antenna->frequency_hz / 1e6);
	if (terms & RPM_FIT_ANTENNA_HEIGHT)
		values[n++] = (float) log10(fmax(antenna_height_m, SHORTEST_M));
	return n;
}

static double
pattern_gain_dbi(const rpm_antenna *antenna, double east_m, double north_m, double up_m)
{
	rpm_vec3	direction = rpm_unit(rpm_vec(east_m, north_m, up_m));

	return fmax(10 * log10(rpm_cvec_norm2(rpm_antenna_field(antenna, direction))), LOWEST_GAIN_DBI);
}

rpm_code
rpm_fit_network(const rpm_fit_rows *rows, const rpm_fit_options *options, rpm_control *control, rpm_path_loss_fit *network,
				rpm_status *status)
{
	subset		set = {rows, NULL, rows->rows, {false}, NULL};
	rpm_least_squares_fit *work = malloc(sizeof(*work));
	rpm_code	code = rpm_reserve(control, sizeof(double) * rows->rows, "fitting the network", status);

	if (code == RPM_OK)
		set.y = malloc(sizeof(double) * rows->rows + 1);
	if (code == RPM_OK && (work == NULL || set.y == NULL))
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory to fit %zu rows", rows->rows);
	if (code == RPM_OK)
		code = fit_subset(&set, options, NULL, control, network, work, status);
	free(set.y);
	free(work);
	return code;
}

rpm_code
rpm_fit_groups(const rpm_fit_rows *rows, const rpm_fit_options *options, const rpm_path_loss_fit *network, rpm_control *control,
			   rpm_path_loss_fit *fits, rpm_status *status)
{
	rpm_least_squares_fit *work = malloc(sizeof(*work));
	uint32_t   *order = NULL;		/* row numbers by group */
	size_t	   *begin = NULL, most = 0;
	double	   *y = NULL;
	rpm_code	code = sort_by_group(rows, &order, &begin, control, status);

	for (int32_t g = 0; code == RPM_OK && g < rows->groups; g++)
		if (begin[g + 1] - begin[g] > most)
			most = begin[g + 1] - begin[g];
	if (code == RPM_OK)
	{
		y = malloc(sizeof(double) * most + 1);
		if (y == NULL || work == NULL)
			code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory to fit %zu rows", most);
	}
	for (int32_t g = 0; code == RPM_OK && g < rows->groups; g++)
	{
		subset		set = {rows, order + begin[g], begin[g + 1] - begin[g], {false}, y};

		code = fit_subset(&set, options, network, control, &fits[g], work, status);
		rpm_phase_add(control, 1);
	}
	free(y);
	free(work);
	free(order);
	free(begin);
	return code;
}

/* Row numbers sorted by group, in their order within each; begin[g] is the first of group g. */
static rpm_code
sort_by_group(const rpm_fit_rows *rows, uint32_t **order, size_t **begin, rpm_control *control, rpm_status *status)
{
	size_t		groups = (size_t) rows->groups, *at;
	rpm_code	code;

	if (rows->rows > UINT32_MAX)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Fit fewer antennas at once.", "%zu rows are more than %u", rows->rows, UINT32_MAX);
	code = rpm_reserve(control, sizeof(uint32_t) * rows->rows + 2 * sizeof(size_t) * (groups + 1), "sorting the measurements", status);
	if (code != RPM_OK)
		return code;
	*order = malloc(sizeof(uint32_t) * rows->rows + 1);
	*begin = calloc(groups + 1, sizeof(size_t));
	at = malloc(sizeof(size_t) * (groups + 1));
	if (*order == NULL || *begin == NULL || at == NULL)
	{
		free(at);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory to sort %zu rows", rows->rows);
	}
	for (size_t i = 0; i < rows->rows && !stop_at(control, i); i++)
		(*begin)[rows->group[i] + 1]++;
	for (size_t g = 0; g < groups; g++)
		(*begin)[g + 1] += (*begin)[g];
	memcpy(at, *begin, sizeof(size_t) * (groups + 1));
	for (size_t i = 0; i < rows->rows && !stop_at(control, i); i++)
		(*order)[at[rows->group[i]]++] = (uint32_t) i;
	free(at);
	return rpm_stopped(control) ? rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request") : RPM_OK;
}

static bool
stop_at(const rpm_control *control, size_t row)
{
	return row % STOP_ROWS == 0 && rpm_stopped(control);
}

static rpm_code
fit_subset(subset *set, const rpm_fit_options *options, const rpm_path_loss_fit *network, rpm_control *control, rpm_path_loss_fit *fit,
		   rpm_least_squares_fit *work, rpm_status *status)
{
	rpm_code	code;

	memset(fit, 0, sizeof(*fit));
	if (!survey(set, options, control, fit))
	{
		fall_back(network, fit);
		return rpm_stopped(control) ? rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request") : RPM_OK;
	}
	for (int c = 0; c < 2 + set->rows->terms; c++)
		set->fitted[c] = true;
	code = solve(set, options, network, control, work, status);
	if (code == RPM_OK && take_out_unknown(set, work))
		code = solve(set, options, network, control, work, status);
	if (code == RPM_OK)
		keep(set, network, work, fit);
	return code;
}

/* The group's rows and distances; whether they suffice for a line.  Stopped half way it says nothing. */
static bool
survey(const subset *set, const rpm_fit_options *options, const rpm_control *control, rpm_path_loss_fit *fit)
{
	double		least = INFINITY, most = -INFINITY, sum = 0, squares = 0;
	size_t		needed = (size_t) set->rows->terms + 3;

	fit->rows = set->count;
	for (size_t i = 0; i < set->count && !stop_at(control, i); i++)
	{
		least = fmin(least, value_of(set, i, 1));
		most = fmax(most, value_of(set, i, 1));
		sum += value_of(set, i, 1);
	}
	fit->least_distance_m = set->count > 0 ? pow(10, least) : NAN;
	fit->most_distance_m = set->count > 0 ? pow(10, most) : NAN;
	for (size_t i = 0; i < set->count && !stop_at(control, i); i++)
		squares += pow(value_of(set, i, 1) - sum / (double) set->count, 2);
	if (set->count == 0)
		fit->remark = RPM_FIT_NO_ROWS;
	else if (set->count < needed || set->count < options->least_rows)
		fit->remark = RPM_FIT_FEW_ROWS;
	else if (!(squares > options->least_spread * options->least_spread * (double) set->count))
		fit->remark = RPM_FIT_ONE_DISTANCE;
	return fit->remark == RPM_FIT_FINE;
}

static rpm_code
solve(subset *set, const rpm_fit_options *options, const rpm_path_loss_fit *network, rpm_control *control, rpm_least_squares_fit *work,
	  rpm_status *status)
{
	rpm_least_squares_options how;
	rpm_least_squares_data data = {set->count, 0, NULL, write_rows, set, set->y, NULL};

	rpm_least_squares_options_default(&how);
	how.huber_k = options->huber_k;
	for (int c = 0; c < 2 + set->rows->terms; c++)
		data.columns += set->fitted[c];
	for (size_t i = 0; i < set->count && !stop_at(control, i); i++)
	{
		size_t		row = set->order != NULL ? set->order[i] : i;
		double		y = set->rows->loss_db[row];

		for (int c = 2; c < 2 + set->rows->terms; c++)
			if (!set->fitted[c] && network != NULL && isfinite(network->coefficient[c]))
				y -= network->coefficient[c] * value_of(set, i, c);
		set->y[i] = y;
	}
	return rpm_least_squares(&data, &how, control, work, status);
}

/* Takes out the terms that the rows do not determine; returns whether there are any. */
static bool
take_out_unknown(subset *set, const rpm_least_squares_fit *work)
{
	bool		any = false;

	for (int c = 2; c < 2 + set->rows->terms; c++)
		if (!work->identifiable[c])
		{
			set->fitted[c] = false;
			any = true;
		}
	return any;
}

static void
keep(const subset *set, const rpm_path_loss_fit *network, const rpm_least_squares_fit *work, rpm_path_loss_fit *fit)
{
	int			from = 0;

	fit->source = RPM_FIT_OWN;
	for (int c = 0; c < RPM_FIT_COLUMNS; c++)
	{
		fit->coefficient[c] = fit->standard_error[c] = NAN;
		if (c < 2 + set->rows->terms && set->fitted[c])
		{
			fit->coefficient[c] = work->coefficient[from];
			fit->standard_error[c] = work->standard_error[from++];
		}
		else if (c < 2 + set->rows->terms && network != NULL && isfinite(network->coefficient[c]))
		{
			fit->coefficient[c] = network->coefficient[c];
			fit->standard_error[c] = network->standard_error[c];
			fit->remark = RPM_FIT_TERMS_OF_NETWORK;
		}
		else if (c < 2 + set->rows->terms)
			fit->remark = RPM_FIT_TERMS_UNKNOWN;
	}
	if (fit->coefficient[1] <= 0)
		fit->remark = RPM_FIT_RISING;
	fit->scale_db = work->scale;
	fit->residual_sd_db = work->residual_sd;
	fit->r_squared = work->r_squared;
}

/* The network's line; the group's own rows, distances and remark stay. */
static void
fall_back(const rpm_path_loss_fit *network, rpm_path_loss_fit *fit)
{
	bool		known = network != NULL && network->source == RPM_FIT_OWN;

	fit->source = known ? RPM_FIT_NETWORK : RPM_FIT_NONE;
	for (int c = 0; c < RPM_FIT_COLUMNS; c++)
	{
		fit->coefficient[c] = known ? network->coefficient[c] : NAN;
		fit->standard_error[c] = known ? network->standard_error[c] : NAN;
	}
	fit->scale_db = known ? network->scale_db : NAN;
	fit->residual_sd_db = known ? network->residual_sd_db : NAN;
	fit->r_squared = NAN;
}

/* Column 0 is the constant, 1 log10 distance, then the terms. */
static double
value_of(const subset *set, size_t i, int column)
{
	size_t		row = set->order != NULL ? set->order[i] : i;

	return column == 0 ? 1 : set->rows->values[row * (size_t) (1 + set->rows->terms) + (size_t) column - 1];
}

static void
write_rows(void *context, size_t first, size_t count, double *x)
{
	const subset *set = context;

	for (size_t i = first; i < first + count; i++)
		for (int c = 0; c < 2 + set->rows->terms; c++)
			if (set->fitted[c])
				*x++ = value_of(set, i, c);
}
