/*
 * test_metrics.c: error metrics of maps against scikit-image, scikit-learn and NumPy (test/data/metrics.csv, which
 * test/data/make_metrics.py made), and the cases that have no figure.
 */
#include "rpm_metrics.h"
#include "unit.h"

#define FIXTURE "test/data/metrics.csv"
#define NODATA (-9999.0f)
/* Relative; both sides are doubles and sum in another order. */
#define TOLERANCE 1e-11

typedef struct fixture
{
	char		name[64];
	int			columns, rows, modulus, measured_below, predicted_below;
	rpm_ssim_options options;
	double		threshold;
	long		cells, measured_only, predicted_only;
	double		figures[10];
	long		windows;
} fixture;

/* The maps as make_metrics.py has them. */
static void
make_maps(const fixture *f, float *predicted, float *measured)
{
	for (int i = 0; i < f->rows; i++)
		for (int j = 0; j < f->columns; j++)
		{
			float	   *p = &predicted[i * f->columns + j],
					   *m = &measured[i * f->columns + j];

			*p = -60 - 0.5f * ((i * 37 + j * 101 + i * j) % 97);
			*m = *p + 0.5f * ((i * 53 + j * 29) % 31 - 15);
			if ((i * i + 3 * j + i * j) % f->modulus >= f->measured_below)
				*m = NODATA;
			if ((5 * i + j * j) % f->modulus >= f->predicted_below)
				*p = j % 2 ? NAN : NODATA;
		}
}

static bool
read_case(FILE *file, fixture *f)
{
	double	   *x = f->figures;

	f->options.range_db = 96;
	return fscanf(file, " %63[^,],%d,%d,%d,%d,%d,%d,%d,%lf,%ld,%ld,%ld,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%ld", f->name, &f->columns,
				  &f->rows, &f->modulus, &f->measured_below, &f->predicted_below, &f->options.window_cells, &f->options.least_pairs,
				  &f->threshold, &f->cells, &f->measured_only, &f->predicted_only, &x[0], &x[1], &x[2], &x[3], &x[4], &x[5], &x[6], &x[7],
				  &x[8], &x[9], &f->windows) == 23;
}

static void
check_figures(const fixture *f, const rpm_comparison *comparison, double ssim, int64_t windows)
{
	rpm_metrics m = rpm_comparison_metrics(comparison);
	double		ours[10] = {m.rmse_db, m.mae_db, m.bias_db, m.pcc, m.smape, m.r2, m.hole_precision, m.hole_recall, m.hole_f1, ssim};

	for (int i = 0; i < 10; i++)
	{
		if (isnan(f->figures[i]) && isnan(ours[i]))
			continue;
		CHECK_NEAR(ours[i], f->figures[i], TOLERANCE * fmax(1, fabs(f->figures[i])));
	}
	CHECK(windows == f->windows);
	CHECK(comparison->pairs == f->cells && comparison->measured_only == f->measured_only &&
		  comparison->predicted_only == f->predicted_only);
}

static void
test_fixture(void)
{
	static float predicted[4096], measured[4096];
	FILE	   *file = fopen(FIXTURE, "r");
	fixture		f;
	int			cases = 0;

	CHECK(file != NULL);
	if (file == NULL)
		return;
	CHECK(fscanf(file, "%*[^\n]\n") == 0);
	while (read_case(file, &f))
	{
		rpm_comparison comparison = {0};
		rpm_status	status;
		double		ssim;
		int64_t		windows;
		rpm_level_map p = {-3, 7, f.columns, f.rows, NODATA, predicted},
					m = {-3, 7, f.columns, f.rows, NODATA, measured};

		rpm_status_clear(&status);
		make_maps(&f, predicted, measured);
		CHECK(rpm_compare_maps(&p, &m, f.threshold, NULL, &comparison, &status) == RPM_OK);
		CHECK(rpm_ssim(&p, &m, &f.options, NULL, &ssim, &windows, &status) == RPM_OK);
		check_figures(&f, &comparison, ssim, windows);
		cases++;
	}
	fclose(file);
	CHECK(cases == 6);
}

/* Two parts merged are the whole, in whichever order; an empty part changes nothing. */
static void
test_merge(void)
{
	rpm_comparison whole = {0},
				part[3];
	rpm_metrics a, b;

	memset(part, 0, sizeof(part));
	for (int i = 0; i < 1000; i++)
	{
		double		p = i % 50 == 7 ? NAN : -60 - i % 61,
					m = i % 40 == 3 ? NAN : -60 - i % 53;

		rpm_comparison_add(&whole, p, m, -100);
		rpm_comparison_add(&part[i < 300], p, m, -100);
	}
	rpm_comparison_merge(&part[2], &part[0]);
	rpm_comparison_merge(&part[2], &part[1]);
	rpm_comparison_merge(&part[2], &(rpm_comparison) {0});
	a = rpm_comparison_metrics(&whole);
	b = rpm_comparison_metrics(&part[2]);
	CHECK_NEAR(a.pcc, b.pcc, 1e-12);
	CHECK_NEAR(a.r2, b.r2, 1e-12);
	CHECK_NEAR(a.bias_db, b.bias_db, 1e-12);
	CHECK_RELATIVE(a.rmse_db, b.rmse_db, 1e-12);
	CHECK(a.hole_f1 == b.hole_f1 && part[2].pairs == whole.pairs && part[2].measured_only == whole.measured_only);
}

/* Maps of different extents: what lies outside the common cells is counted on its side. */
static void
test_union(void)
{
	static const float one[6] = {-80, -81, -82, -83, NODATA, -85},
				other[6] = {-90, NAN, -92, -93, -94, -95};
	rpm_level_map p = {0, 0, 3, 2, NODATA, one},
				m = {1, 1, 2, 3, NODATA, other},
				far_away = {INT64_C(1) << 40, 0, 2, 3, NODATA, other};
	rpm_comparison comparison = {0};
	rpm_status	status;

	/* Common: columns 1 and 2 of row 1: (none, -90) and (-85, NaN). */
	rpm_status_clear(&status);
	CHECK(rpm_compare_maps(&p, &m, -100, NULL, &comparison, &status) == RPM_OK);
	CHECK(comparison.pairs == 0 && comparison.measured_only == 5 && comparison.predicted_only == 5);
	CHECK(isnan(rpm_comparison_metrics(&comparison).rmse_db));
	comparison = (rpm_comparison) {0};
	CHECK(rpm_compare_maps(&p, &far_away, -100, NULL, &comparison, &status) == RPM_OK);
	CHECK(comparison.pairs == 0 && comparison.measured_only == 5 && comparison.predicted_only == 5);
}

/* What has no figure: nothing, one pair, constants, no holes. */
static void
test_undefined(void)
{
	rpm_comparison comparison = {0};
	rpm_metrics m = rpm_comparison_metrics(&comparison);

	CHECK(isnan(m.rmse_db) && isnan(m.mae_db) && isnan(m.bias_db) && isnan(m.pcc) && isnan(m.smape) && isnan(m.r2) && isnan(m.hole_f1));
	rpm_comparison_add(&comparison, -80, -90, -103);
	m = rpm_comparison_metrics(&comparison);
	CHECK(m.rmse_db == 10 && m.mae_db == 10 && m.bias_db == 10 && isnan(m.pcc) && isnan(m.r2) && isnan(m.hole_f1) && isnan(m.hole_precision));
	rpm_comparison_add(&comparison, -80, -110, -103);
	m = rpm_comparison_metrics(&comparison);
	CHECK(isnan(m.pcc) && m.hole_recall == 0 && m.hole_f1 == 0 && isnan(m.hole_precision));
	/* -103 itself is no hole. */
	comparison = (rpm_comparison) {0};
	rpm_comparison_add(&comparison, -103, -103, -103);
	CHECK(isnan(rpm_comparison_metrics(&comparison).hole_f1));
	/* 0 against 0. */
	comparison = (rpm_comparison) {0};
	rpm_comparison_add(&comparison, 0, 0, -103);
	CHECK(rpm_comparison_metrics(&comparison).smape == 0);
}

static void
test_refused(void)
{
	static const rpm_ssim_options bad[] = {{6, 20, 96}, {1, 2, 96}, {7, 1, 96}, {7, 50, 96}, {7, 25, 0}, {7, 25, NAN}};
	static const float values[64] = {0};
	rpm_level_map map = {0, 0, 8, 8, NODATA, values};
	rpm_control control = {.stop = 1};
	rpm_status	status;
	double		ssim;
	int64_t		windows;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		rpm_status_clear(&status);
		CHECK(rpm_ssim(&map, &map, &bad[i], NULL, &ssim, &windows, &status) == RPM_INVALID_ARGUMENT && status.hint[0] != 0);
	}
	rpm_status_clear(&status);
	CHECK(rpm_ssim(&map, &map, &(rpm_ssim_options) {7, 25, 96}, &control, &ssim, &windows, &status) == RPM_CANCELLED);
	/* Equal maps: 1. */
	rpm_status_clear(&status);
	CHECK(rpm_ssim(&map, &map, &(rpm_ssim_options) {7, 25, 96}, NULL, &ssim, &windows, &status) == RPM_OK);
	CHECK_NEAR(ssim, 1, 1e-12);
	CHECK(windows == 4);
}

int
main(void)
{
	RUN(test_fixture);
	RUN(test_merge);
	RUN(test_union);
	RUN(test_undefined);
	RUN(test_refused);
	return unit_summary("metrics");
}
