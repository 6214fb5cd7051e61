/* predict.c: prior and residual field of one antenna, from its measurements to a level and a deviation at every place (rpm_predict.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

#include "predict/work.h"

#define CELL_M 5.0
#define BLOCK_M 100.0
#define CHUNK 65536				/* places whose terms are in memory at once */
#define CHUNK_WITHOUT_POINTS 4096	/* the same where a place needs no neighbours: what fits a processor's cache */
/* With fewer cells than this the covariance is taken from the antenna with most measurements. */
#define OWN_COVARIANCE_CELLS 50
#define NEAR_AND_FAR_APART 1e-6
#define CLEARLY_BETTER 0.98
#define NORMAL_95 1.6448536269514722
/*
 * What is thought of a variance before data, in degrees of freedom: 2 / v, v the variance of its logarithm.  Its three parts have deviations of 1 in
 * the logarithm about 9, 18 and 18 dB2 (learn.c): together v = (9^2 + 18^2 + 18^2) / 45^2 = 0.36.
 */
#define FREEDOM_BEFORE (2 / 0.36)

/* What was decided before the map is made. */
typedef struct decision
{
	predict_candidate candidate;
	predict_data data;
	rpm_covariance covariance;
	rpm_trend_fit fit;
	rpm_predict_report *report;
} decision;

static rpm_code predict_antenna(predict_work *work, decision *made, double *mean_dbm, double *sd_db, rpm_status *status);
static int	first_candidate(const predict_work *work, const predict_candidate *candidates, int count, rpm_status *status);
static rpm_code learn_covariance(const predict_work *work, decision *made, rpm_status *status);
static int32_t covariance_donor(const predict_work *work, bool of_site);
static rpm_code learn_from_antenna(const predict_work *work, const predict_candidate *candidate, int32_t antenna,
								   rpm_covariance *covariance, rpm_field_learned *learned, rpm_status *status);
static rpm_code choose_candidate(const predict_work *work, const predict_candidate *candidates, int count, decision *made,
								 rpm_status *status);
static rpm_code covariance_of(const predict_work *work, const predict_candidate *candidate, const decision *made,
							  rpm_covariance *covariance, rpm_status *status);
static rpm_code take_candidate(const predict_work *work, const predict_candidate *candidate, decision *made, rpm_status *status);
static rpm_code reweigh(const predict_work *work, decision *made, rpm_status *status);
static rpm_code calibrate(const predict_work *work, decision *made, rpm_status *status);
static double few_points_scale(const rpm_predict_report *report);
static double student_95(double freedom);
static rpm_code fill_places(const predict_work *work, const decision *made, double *mean_dbm, double *sd_db, rpm_status *status);
static double scale_at(const rpm_predict_report *report, double share);
static void begin_report(const predict_work *work, rpm_predict_report *report);
static void end_report(decision *made);

void
rpm_predict_options_default(rpm_predict_options *options)
{
	options->prior = NULL;
	options->cell_m = CELL_M;
	options->block_m = BLOCK_M;
	options->share_site = options->share_others = true;
	rpm_field_options_default(&options->field);
}

rpm_code
rpm_predict_points(const rpm_predict_input *input, const rpm_predict_options *options, rpm_control *control, double *mean_dbm,
				   double *sd_db, rpm_predict_report *report, rpm_status *status)
{
	rpm_predict_options own = *options;
	rpm_predict_report unasked;
	predict_work work;
	decision	made = {.report = report != NULL ? report : &unasked};

	if (!own.share_site)
		own.field.site_neighbours = 0;
	if (!own.share_others)
		own.field.other_neighbours = 0;
	memset(made.report, 0, sizeof(*made.report));
	if (predict_work_open(&work, input, &own, control, status) == RPM_OK)
		predict_antenna(&work, &made, mean_dbm, sd_db, status);
	predict_data_close(&made.data);
	predict_work_close(&work);
	return status->code;
}

static rpm_code
predict_antenna(predict_work *work, decision *made, double *mean_dbm, double *sd_db, rpm_status *status)
{
	predict_candidate candidates[RPM_PREDICT_MOST_CANDIDATES];
	int			count = predict_candidates(work, candidates),
				first = first_candidate(work, candidates, count, status);

	if (status->code != RPM_OK)
		return status->code;
	begin_report(work, made->report);
	rpm_phase_begin(work->control, RPM_PHASE_LEARNING, 0);
	if (predict_fit_antennas(work, status) != RPM_OK || take_candidate(work, &candidates[first], made, status) != RPM_OK ||
		learn_covariance(work, made, status) != RPM_OK || reweigh(work, made, status) != RPM_OK)
		return status->code;
	if (work->options->prior != NULL)
		count = 1;
	if (choose_candidate(work, count == 1 ? &candidates[first] : candidates, count, made, status) != RPM_OK)
		return status->code;
	if (rpm_field_fit_trend(&made->data.data, &made->covariance, &work->options->field, work->control, &made->fit, status) != RPM_OK ||
		calibrate(work, made, status) != RPM_OK)
		return status->code;
	end_report(made);
	rpm_phase_begin(work->control, RPM_PHASE_PREDICTING, (int64_t) work->input->target_count);
	return fill_places(work, made, mean_dbm, sd_db, status);
}

/* The one that was asked for, else the richest empirical one, with which the covariance is learned first. */
static int
first_candidate(const predict_work *work, const predict_candidate *candidates, int count, rpm_status *status)
{
	char		names[256] = "";
	int			found = -1;

	for (int c = 0; c < count; c++)
	{
		size_t		used = strlen(names);

		if (work->options->prior == NULL ? candidates[c].prior != NULL : strcmp(work->options->prior, candidates[c].name) == 0)
			found = c;
		snprintf(names + used, sizeof(names) - used, "%s%.50s", c > 0 ? ", " : "", candidates[c].name);
	}
	if (found < 0)
	{
		char		hint[300];

		snprintf(hint, sizeof(hint), "Use one of %s, or leave it to validation.", names);
		rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "there is no prior \"%s\"", work->options->prior);
	}
	return found;
}

static rpm_code
take_candidate(const predict_work *work, const predict_candidate *candidate, decision *made, rpm_status *status)
{
	predict_candidate taken = *candidate;

	predict_data_close(&made->data);
	made->candidate = taken;
	return predict_data_open(&made->data, work, &made->candidate, work->input->antenna, status);
}

/* From the antenna's own measurements where there are enough, else from its site's or another's that has most. */
static rpm_code
learn_covariance(const predict_work *work, decision *made, rpm_status *status)
{
	rpm_predict_report *report = made->report;
	int32_t		antenna = work->input->antenna;
	rpm_field_learned learned;
	const char *source = "antenna";

	rpm_covariance_default(&made->covariance);
	snprintf(report->covariance_source, sizeof(report->covariance_source), "default");
	if (predict_cells(work, antenna) < OWN_COVARIANCE_CELLS)
	{
		int32_t		of_site = covariance_donor(work, true),
					of_network = covariance_donor(work, false);

		report->covariance_reason = "too few measured places";
		antenna = of_site >= 0 ? of_site : of_network;
		source = of_site >= 0 ? "site" : "network";
		if (antenna < 0 || made->candidate.prior == NULL)
			antenna = work->input->antenna;
	}
	if (learn_from_antenna(work, &made->candidate, antenna, &made->covariance, &learned, status) != RPM_OK)
		return status->code;
	if (learned.estimated)
		snprintf(report->covariance_source, sizeof(report->covariance_source), "%s",
				 antenna == work->input->antenna ? "antenna" : source);
	else
		report->covariance_reason = learned.reason;
	return RPM_OK;
}

/* The antenna with most cells, at least enough for a covariance; -1: none. */
static int32_t
covariance_donor(const predict_work *work, bool of_site)
{
	const rpm_predict_input *input = work->input;
	int32_t		donor = -1;

	for (int32_t a = 0; a < input->antenna_count; a++)
		if (a != input->antenna && predict_cells(work, a) >= OWN_COVARIANCE_CELLS &&
			(!of_site || input->antennas[a].site == input->antennas[input->antenna].site) &&
			(donor < 0 || predict_cells(work, a) > predict_cells(work, donor)))
			donor = a;
	return donor;
}

static rpm_code
learn_from_antenna(const predict_work *work, const predict_candidate *candidate, int32_t antenna, rpm_covariance *covariance,
				   rpm_field_learned *learned, rpm_status *status)
{
	predict_data data;
	rpm_trend_fit fit;

	if (predict_data_open(&data, work, candidate, antenna, status) == RPM_OK &&
		rpm_field_learn(&data.data, &work->options->field, work->control, covariance, &fit, learned, status) == RPM_OK &&
		learned->estimated && predict_cells(work, antenna) < work->count)
		rpm_field_learn_shares(&data.data, &fit, &work->options->field, work->control, covariance, status);
	predict_data_close(&data);
	return status->code;
}

/* Points that disagree with what is around them count less from here on; weights of others than the antenna and its site stay. */
static rpm_code
reweigh(const predict_work *work, decision *made, rpm_status *status)
{
	const rpm_field_data *data = &made->data.data;
	rpm_field_point *points = malloc((data->count + 1) * sizeof(rpm_field_point));

	if (points == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", data->count);
	memcpy(points, data->points, data->count * sizeof(rpm_field_point));
	for (size_t i = 0; i < data->count; i++)
		points[i].value_db = work->residual[i];
	if (rpm_field_reweigh(points, data->count, data->antenna, data->site, &made->covariance, work->control, status) == RPM_OK)
		for (size_t i = 0; i < data->count; i++)
			work->points[i].weight = points[i].weight;
	free(points);
	return status->code;
}

static rpm_code
choose_candidate(const predict_work *work, const predict_candidate *candidates, int count, decision *made, rpm_status *status)
{
	rpm_predict_report *report = made->report;
	rpm_covariance covariances[RPM_PREDICT_MOST_CANDIDATES];
	int			best = -1;

	report->candidate_count = count;
	for (int c = 0; c < count; c++)
	{
		rpm_predict_candidate *entry = &report->candidates[c];
		predict_validation validation = {0};
		predict_data data;

		memcpy(entry->name, candidates[c].name, sizeof(entry->name));
		if (covariance_of(work, &candidates[c], made, &covariances[c], status) != RPM_OK)
			return status->code;
		if (predict_data_open(&data, work, &candidates[c], work->input->antenna, status) == RPM_OK &&
			predict_validation_open(&validation, work, &data, status) == RPM_OK &&
			predict_validate_blocks(work, &data, &covariances[c], &validation, status) == RPM_OK)
			predict_score(&validation, entry);
		predict_validation_close(&validation);
		predict_data_close(&data);
		if (status->code != RPM_OK)
			return status->code;
		/* They stand from the plainest to the richest; where they are equally good the richer one goes on better where nothing was measured. */
		if (entry->validated && (best < 0 || entry->mae_db * CLEARLY_BETTER < report->candidates[best].mae_db))
			best = c;
	}
	/* What cannot be validated stays the richest empirical prior, whose coefficients the others and the published model hold. */
	if (best < 0 || strcmp(candidates[best].name, made->candidate.name) == 0)
		return take_candidate(work, &made->candidate, made, status);
	if (take_candidate(work, &candidates[best], made, status) != RPM_OK || candidates[best].prior != NULL)
		return status->code;
	/* What a given prior leaves over may vary much less. */
	return learn_covariance(work, made, status);
}

/* What a traced map leaves over may vary much less than what an empirical prior does: it is validated with a covariance of its own. */
static rpm_code
covariance_of(const predict_work *work, const predict_candidate *candidate, const decision *made, rpm_covariance *covariance,
			  rpm_status *status)
{
	rpm_covariance own;
	rpm_field_learned learned;

	*covariance = made->covariance;
	if (candidate->prior != NULL || !work->input->given[candidate->given].drift || predict_cells(work, work->input->antenna) < OWN_COVARIANCE_CELLS
		|| strcmp(candidate->name, made->candidate.name) == 0)
		return RPM_OK;
	rpm_covariance_default(&own);
	if (learn_from_antenna(work, candidate, work->input->antenna, &own, &learned, status) == RPM_OK && learned.estimated)
		*covariance = own;
	return status->code;
}

static rpm_code
calibrate(const predict_work *work, decision *made, rpm_status *status)
{
	rpm_predict_report *report = made->report;
	double		full = rpm_covariance_sill(&made->covariance) + made->covariance.nugget_db2;
	predict_validation validation = {0};

	if (predict_validation_open(&validation, work, &made->data, status) == RPM_OK &&
		predict_validate_blocks(work, &made->data, &made->covariance, &validation, status) == RPM_OK)
	{
		report->validation_points = validation.count;
		predict_calibrate(&validation, predict_blocks_of(work, &made->data, &validation), full, &report->coverage_far,
						  &report->scale_far, &report->share_far);
		if (predict_validate_points(work, &made->data, &made->fit, &made->covariance, &validation, status) == RPM_OK)
			predict_calibrate(&validation, validation.count, full, &report->coverage_near, &report->scale_near,
							  &report->share_near);
	}
	predict_validation_close(&validation);
	if (report->validation_points == 0 && report->cells > 0)
		report->scale_near = report->scale_far = few_points_scale(report);
	return status->code;
}

/*
 * Too few points to calibrate by what is left out: a variance that is found from n of them and from what was thought of it before has n +
 * FREEDOM_BEFORE degrees of freedom, and intervals are those of Student's t distribution.  The mode of the variance's logarithm, which
 * rpm_field_learn finds, is the scale of that t where the prior is an inverse gamma (Gelman et al., Bayesian Data Analysis, section 3.2).
 * Another antenna's covariance has many points behind it.
 */
static double
few_points_scale(const rpm_predict_report *report)
{
	if (strcmp(report->covariance_source, "antenna") == 0)
		return student_95((double) report->cells + FREEDOM_BEFORE) / NORMAL_95;
	return strcmp(report->covariance_source, "default") == 0 ? student_95(FREEDOM_BEFORE) / NORMAL_95 : 1;
}

/* The 95 % quantile of Student's t by its expansion in 1 / freedom (Abramowitz and Stegun, 26.7.5): 0.002 too small with 4 degrees of freedom, less with more. */
static double
student_95(double freedom)
{
	double		z = NORMAL_95,
				z2 = z * z,
				first = z * (z2 + 1) / 4,
				second = z * ((5 * z2 + 16) * z2 + 3) / 96,
				third = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;

	return z + (first + (second + third / freedom) / freedom) / freedom;
}

/* Chunk by chunk, so that the terms of a large map need not be in memory; neighbourhoods do not depend on the chunks. */
static rpm_code
fill_places(const predict_work *work, const decision *made, double *mean_dbm, double *sd_db, rpm_status *status)
{
	const rpm_predict_input *input = work->input;
	size_t		columns = (size_t) made->candidate.count,
				chunk = made->data.data.count == 0 ? CHUNK_WITHOUT_POINTS : CHUNK,
				most = input->target_count < chunk ? input->target_count : chunk;
	double	   *rows = malloc((most + 1) * columns * sizeof(double)),
			   *base = malloc((most + 1) * sizeof(double));
	double		power = predict_power(&input->antennas[input->antenna]),
				nugget = made->covariance.nugget_db2,
				full = rpm_covariance_sill(&made->covariance) + nugget;

	if (rows == NULL || base == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu places", most);
	for (size_t begin = 0; begin < input->target_count && status->code == RPM_OK; begin += most)
	{
		size_t		count = input->target_count - begin < most ? input->target_count - begin : most;
		rpm_field_targets targets = {count, input->target_x_m + begin, input->target_y_m + begin, rows, NULL, NULL};

		predict_target_rows(work, &made->candidate, begin, count, rows, base);
		if (rpm_field_predict(&made->data.data, &made->fit, &made->covariance, &targets, &work->options->field, work->control,
							  mean_dbm + begin, sd_db + begin, status) != RPM_OK)
			break;
		for (size_t i = 0; i < count; i++)
		{
			double		variance = sd_db[begin + i] + nugget;

			mean_dbm[begin + i] += base[i] + power;
			sd_db[begin + i] = sqrt(variance) * scale_at(made->report, variance / full);
		}
	}
	free(rows);
	free(base);
	return status->code;
}

/* Between the two, by how much of the variance is left; beyond them as at the nearer. */
static double
scale_at(const rpm_predict_report *report, double share)
{
	double		apart = report->share_far - report->share_near,
				along;

	if (apart < NEAR_AND_FAR_APART)
		return report->scale_far;
	along = fmin(fmax((share - report->share_near) / apart, 0), 1);
	return report->scale_near + along * (report->scale_far - report->scale_near);
}

static void
begin_report(const predict_work *work, rpm_predict_report *report)
{
	const rpm_predict_input *input = work->input;

	for (size_t i = 0; i < input->point_count; i++)
		report->measurements += input->points[i].antenna == input->antenna;
	report->cells = predict_cells(work, input->antenna);
	report->scale_near = report->scale_far = few_points_scale(report);
	for (int32_t a = 0; a < input->antenna_count; a++)
		if (a == input->antenna)
			continue;
		else if (input->antennas[a].site == input->antennas[input->antenna].site)
			report->site_cells += predict_cells(work, a);
		else
			report->other_cells += predict_cells(work, a);
}

static void
end_report(decision *made)
{
	rpm_predict_report *report = made->report;

	memcpy(report->prior, made->candidate.name, sizeof(report->prior));
	snprintf(report->prior_source, sizeof(report->prior_source), "%s",
			 report->cells > 0 ? "measurements" : made->data.before.source);
	report->covariance = made->covariance;
	report->coefficient_count = made->fit.count;
	memcpy(report->coefficients, made->fit.mean, sizeof(double) * (size_t) made->fit.count);
}
