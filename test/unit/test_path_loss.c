/*
 * test_path_loss.c: empirical path-loss models against published values.
 *
 * Sources: the vectors of ns-3 (nsnam/ns-3-dev-git, src/propagation/test): three-gpp-propagation-loss-model-test-suite.cc,
 * okumura-hata-test-suite.cc, itu-r-1411-nlos-over-rooftop-test-suite.cc, with the tolerance that each states; ITU-R P.525 and P.1411-12
 * Table 4 worked by hand.  Two vectors of ns-3's Hata suite are not the standard's and stand here with the standard's value: its open
 * area takes 4.70 for 4.78, its large COST 231 city drops the constant of a(h).
 */
#include "rpm_path_loss.h"
#include "unit.h"

static double
loss(const char *model, const char *environment, double d, double f, double hb, double hm)
{
	rpm_path_loss_link link = rpm_path_loss_link_of(d, f, hb, hm);
	const rpm_path_loss_model *found;
	rpm_path_loss_value value;
	rpm_status	status;

	rpm_status_clear(&status);
	if (rpm_path_loss_find(model, environment, &found, &status) != RPM_OK || rpm_path_loss(found, &link, &value, &status) != RPM_OK)
	{
		printf("  %s\n", status.message);
		return NAN;
	}
	return value.loss_db;
}

static void
test_free_space(void)
{
	/* 32.4478 + 20 log10 f_MHz + 20 log10 d_km; the distance is that between the antennas. */
	CHECK_NEAR(loss("free_space", NULL, 1000, 1000, 10, 10), 92.4478, 1e-4);
	CHECK_NEAR(loss("free_space", NULL, 30, 2400, 41.5, 1.5), 20 * log10(4 * M_PI * 50 * 2.4e9 / 299792458), 1e-9);
}

static void
test_hata(void)
{
	CHECK_NEAR(loss("okumura_hata", "urban_large_city", 2000, 869, 30, 1), 137.931, 1e-3);
	CHECK_NEAR(loss("okumura_hata", "urban", 2000, 869, 30, 1), 137.877, 1e-3);
	CHECK_NEAR(loss("okumura_hata", NULL, 2000, 869, 30, 1), 137.877, 1e-3);
	CHECK_NEAR(loss("okumura_hata", "suburban", 2000, 869, 30, 1), 128.025, 1e-3);
	CHECK_NEAR(loss("okumura_hata", "open", 2000, 869, 30, 1), 109.520, 1e-3);
	CHECK_NEAR(loss("cost231_hata", "urban", 2000, 2114, 30, 1), 150.641, 1e-3);
	CHECK_NEAR(loss("cost231_hata", "urban_large_city", 2000, 2114, 30, 1), 153.641, 1e-3);
	/* Below 300 MHz a large city has its own form of a(h): 8.29 (log10 1.54 h)^2 - 1.1. */
	CHECK_NEAR(loss("okumura_hata", "urban_large_city", 5000, 150, 50, 1.5),
			   69.55 + 26.16 * log10(150) - 13.82 * log10(50) - (8.29 * pow(log10(2.31), 2) - 1.1) + (44.9 - 6.55 * log10(50)) * log10(5), 1e-9);
}

static void
test_ericsson(void)
{
	CHECK_NEAR(loss("ericsson_9999", "urban", 1000, 900, 30, 1.5), 103.222, 1e-3);
	CHECK_NEAR(loss("ericsson_9999", "suburban", 1000, 900, 30, 1.5), 110.222, 1e-3);
	CHECK_NEAR(loss("ericsson_9999", "rural", 1000, 900, 30, 1.5), 112.972, 1e-3);
	CHECK_NEAR(loss("ericsson_9999", "urban", 2000, 2100, 30, 1.5), 117.689, 1e-3);
	CHECK_NEAR(loss("ericsson_9999", "rural", 5000, 3500, 30, 3), 188.621, 1e-3);
	/* Near the antenna its rural line would be 30 dB below free space. */
	CHECK_NEAR(loss("ericsson_9999", "rural", 200, 900, 30, 1.5), loss("free_space", NULL, 200, 900, 30, 1.5), 1e-12);
}

static void
test_tr38901(void)
{
	static const struct
	{
		double		d, rma[2], uma[2], umi[2];
	}			rows[] = {
		{10, {77.3784, 77.3784}, {72.9380, 82.5131}, {69.8591, 76.7563}},
		{100, {87.2965, 95.7718}, {86.2362, 106.1356}, {88.4122, 107.9432}},
		{1000, {108.5577, 133.5223}, {109.7252, 144.7641}, {119.3114, 143.1886}},
		{5000, {128.4575, 160.5169}, {137.6794, 172.0753}, {147.2696, 167.8617}}
	};

	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 2; k++)
		{
			const char *condition = k == 0 ? "los" : "nlos";

			CHECK_NEAR(loss("tr38901_rma", condition, rows[i].d, 5000, 35, 1.5), rows[i].rma[k], 1e-4);
			CHECK_NEAR(loss("tr38901_uma", condition, rows[i].d, 5000, 25, 1.5), rows[i].uma[k], 1e-4);
			CHECK_NEAR(loss("tr38901_umi", condition, rows[i].d, 5000, 10, 1.5), rows[i].umi[k], 1e-4);
		}
}

/* Table 7.4.2-1 by hand, and the mixture of both conditions. */
static void
test_line_of_sight(void)
{
	static const char *const names[] = {"tr38901_rma", "tr38901_uma", "tr38901_umi"};
	static const double near[] = {10, 18, 18};
	double		at100[] = {exp(-0.09), 0.18 + exp(-100 / 63.0) * 0.82, 0.18 + exp(-100 / 36.0) * 0.82};
	double		heights[] = {35, 25, 10};

	for (int i = 0; i < 3; i++)
	{
		rpm_path_loss_link link = rpm_path_loss_link_of(100, 5000, heights[i], 1.5);
		const rpm_path_loss_model *mean, *los, *nlos;
		rpm_path_loss_value m, l, n;
		rpm_status	status;
		double		p = at100[i];

		rpm_status_clear(&status);
		CHECK(rpm_path_loss_find(names[i], NULL, &mean, &status) == RPM_OK && strcmp(mean->environment, "mean") == 0);
		CHECK(rpm_path_loss_find(names[i], "los", &los, &status) == RPM_OK);
		CHECK(rpm_path_loss_find(names[i], "nlos", &nlos, &status) == RPM_OK);
		CHECK(rpm_path_loss(mean, &link, &m, &status) == RPM_OK);
		CHECK(rpm_path_loss(los, &link, &l, &status) == RPM_OK);
		CHECK(rpm_path_loss(nlos, &link, &n, &status) == RPM_OK);
		CHECK_NEAR(m.line_of_sight, p, 1e-12);
		CHECK_NEAR(m.loss_db, p * l.loss_db + (1 - p) * n.loss_db, 1e-10);
		CHECK_NEAR(m.sigma_db * m.sigma_db, p * l.sigma_db * l.sigma_db + (1 - p) * n.sigma_db * n.sigma_db +
				   p * (1 - p) * pow(n.loss_db - l.loss_db, 2), 1e-9);
		CHECK(l.sigma_db == 4 && n.sigma_db == (i == 0 ? 8 : i == 1 ? 6 : 7.82));
		link.distance_m = near[i];
		CHECK(rpm_path_loss(mean, &link, &m, &status) == RPM_OK && m.line_of_sight == 1);
		CHECK(m.sigma_db == 4 && m.outside == NULL);
	}
	/* A receiver at 22.5 m at 100 m: C = 0.95^1.5 x 1.25 exp(-2/3). */
	{
		rpm_path_loss_link link = rpm_path_loss_link_of(100, 5000, 25, 22.5);
		const rpm_path_loss_model *uma;
		rpm_path_loss_value value;
		rpm_status	status;

		rpm_status_clear(&status);
		rpm_path_loss_find("tr38901_uma", "los", &uma, &status);
		CHECK(rpm_path_loss(uma, &link, &value, &status) == RPM_OK);
		CHECK_NEAR(value.line_of_sight, at100[1] * (1 + pow(0.95, 1.5) * 1.25 * exp(-100 / 150.0)), 1e-12);
		CHECK_NEAR(value.loss_db, 28 + 22 * log10(hypot(100, 2.5)) + 20 * log10(5), 1e-9);
	}
	/* RMa beyond its breakpoint: sigma 6 (Table 7.4.1-1); 2 pi 35 x 1.5 x 5 GHz / c is 5502 m. */
	CHECK_NEAR(loss("tr38901_rma", "los", 5600, 5000, 35, 1.5) - loss("tr38901_rma", "los", 9000, 5000, 35, 1.5), 40 * log10(5600.1002 / 9000.0623), 1e-5);
}

static void
test_p1411(void)
{
	/* 10 GHz over 100 m: Table 4 by hand. */
	CHECK_NEAR(loss("p1411_below_rooftop", "los", 100, 10000, 5, 5), 42.4 + 29.2 + 21.1, 1e-9);
	CHECK_NEAR(loss("p1411_below_rooftop", "nlos_high_rise", 100, 10000, 5, 5), 80 + 10.2 + 23.6, 1e-9);
	CHECK_NEAR(loss("p1411_below_rooftop", "nlos_low_rise", 100, 10000, 5, 5), 101.2 - 4.68 + 20.2, 1e-9);
	CHECK_NEAR(loss("p1411_below_rooftop", "nlos_residential", 100, 10000, 5, 5), 60.2 + 18.8 + 20.7, 1e-9);
	CHECK_NEAR(loss("p1411_above_rooftop", "los", 100, 10000, 5, 5), 45.8 + 28.6 + 19.6, 1e-9);
	CHECK_NEAR(loss("p1411_above_rooftop", "nlos_high_rise", 1000, 10000, 5, 5), 131.7 - 6.27 + 23, 1e-9);
	/* Over rooftops of 20 m: ns-3, with its tolerance; it takes the distance between the antennas. */
	CHECK_NEAR(loss("p1411_over_rooftops", "urban_large_city", hypot(900, 29), 2114, 30, 1), 143.68, 0.1);
	CHECK_NEAR(loss("p1411_over_rooftops", "urban_large_city", hypot(500, 29), 1865, 30, 1), 132.84, 0.1);
}

/* Over rooftops, in its regions: values of an independent program, crc-covlib (itur_p1411.py, SiteSpecificOverRoofTopsUrban). */
static void
test_over_rooftops_regions(void)
{
	static const struct
	{
		double		frequency_mhz, distance_m, antenna_m, length_m, separation_m, width_m, angle_deg;
		const char *environment;
		double		loss_db;
	}			rows[] = {
		{900, 2000, 40, 1500, 50, 20, 45, "urban_large_city", 143.422224},
		{900, 400, 40, 1500, 50, 20, 45, "urban_large_city", 116.861364},
		{3500, 700, 40, 300, 40, 15, 70, "urban", 145.363286},
		{3500, 300, 12, 300, 40, 15, 20, "urban", 165.254152},
		{3500, 80, 12, 300, 40, 15, 20, "urban", 142.314768},
		{1800, 600, 21, 500, 60, 20, 45, "urban", 152.580371},
		{1800, 100, 21, 500, 60, 20, 45, "urban", 121.878285},
		{1800, 30, 21, 500, 60, 20, 45, "urban", 101.486303},
		{1800, 30, 15, 500, 60, 20, 45, "urban_large_city", 116.730464},
		{1800, 600, 15, 500, 60, 20, 45, "urban_large_city", 169.745330}
	};
	const rpm_path_loss_model *model;
	rpm_path_loss_value value;
	rpm_status	status;
	rpm_path_loss_link link;

	rpm_status_clear(&status);
	for (int i = 0; i < (int) (sizeof(rows) / sizeof(rows[0])); i++)
	{
		link = rpm_path_loss_link_of(rows[i].distance_m, rows[i].frequency_mhz, rows[i].antenna_m, 1.5);
		link.roof_height_m = 20;
		link.building_length_m = rows[i].length_m;
		link.building_separation_m = rows[i].separation_m;
		link.street_width_m = rows[i].width_m;
		link.street_angle_deg = rows[i].angle_deg;
		CHECK(rpm_path_loss_find("p1411_over_rooftops", rows[i].environment, &model, &status) == RPM_OK);
		CHECK(rpm_path_loss(model, &link, &value, &status) == RPM_OK);
		/* That program takes 2.998e8 m/s for the speed of light. */
		CHECK_NEAR(value.loss_db, rows[i].loss_db, 2e-3);
	}
	/* An antenna at the level of the roofs, Q = b / d, by hand. */
	link = rpm_path_loss_link_of(2000, 900, 20, 1.5);
	CHECK(rpm_path_loss(model, &link, &value, &status) == RPM_OK);
	CHECK_NEAR(value.loss_db, 32.4 + 20 * log10(2 * 900) - 8.2 - 10 * log10(20) + 10 * log10(900) + 20 * log10(18.5) + 3.25 + 20 * log10(40), 1e-9);
	link.roof_height_m = 1;
	CHECK(rpm_path_loss(model, &link, &value, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "roof_height_m 1 is not above receiver_height_m 1.5") != NULL);
}

static void
test_ranges(void)
{
	rpm_path_loss_link link = rpm_path_loss_link_of(999, 900, 30, 1.5);
	const rpm_path_loss_model *hata;
	rpm_path_loss_value value;
	rpm_status	status;

	rpm_status_clear(&status);
	rpm_path_loss_find("okumura_hata", NULL, &hata, &status);
	CHECK(rpm_path_loss(hata, &link, &value, &status) == RPM_OK);
	CHECK(value.outside != NULL && strcmp(value.outside, "distance_m") == 0 && value.outside_least == 1000 && value.outside_most == 20000);
	link.distance_m = 1000;
	CHECK(rpm_path_loss(hata, &link, &value, &status) == RPM_OK && value.outside == NULL);
	link.frequency_mhz = 1501;
	CHECK(rpm_path_loss(hata, &link, &value, &status) == RPM_OK && strcmp(value.outside, "frequency_mhz") == 0);
	/* Continued, it never falls below free space. */
	link = rpm_path_loss_link_of(1, 900, 30, 1.5);
	CHECK(rpm_path_loss(hata, &link, &value, &status) == RPM_OK);
	CHECK_NEAR(value.loss_db, loss("free_space", NULL, 1, 900, 30, 1.5), 1e-12);
}

/* In their ranges all grow with distance and none is far below free space. */
static void
test_all_models(void)
{
	int			count;
	const rpm_path_loss_model *models = rpm_path_loss_models(&count);

	CHECK(count == 27);
	for (int i = 0; i < count; i++)
	{
		const rpm_path_loss_model *m = &models[i];
		double		f = sqrt(m->frequency_mhz.least * m->frequency_mhz.most), before = 0;
		double		hb = fmax(25, m->antenna_height_m.least), most = fmin(m->distance_m.most, 1e5);

		for (double d = fmax(m->distance_m.least, 1); d <= most; d *= 1.1)
		{
			double		l = loss(m->model, m->environment, d, f, hb, 1.5);

			CHECK(l >= before - 1e-9);
			CHECK(l > loss("free_space", NULL, d, f, hb, 1.5) - 4);
			before = l;
		}
	}
}

static void
test_bad_input(void)
{
	static const double bad[] = {0, -1, NAN, INFINITY};
	const rpm_path_loss_model *model;
	rpm_path_loss_value value;
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_path_loss_find("okumura", NULL, &model, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "okumura") != NULL && strstr(status.hint, "okumura_hata, cost231_hata") != NULL);
	CHECK(strstr(status.hint, "p1411_over_rooftops.") != NULL);
	rpm_status_clear(&status);
	CHECK(rpm_path_loss_find("tr38901_uma", "urban", &model, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.hint, "mean, los, nlos") != NULL);
	rpm_path_loss_find("tr38901_uma", "mean", &model, &status);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 4; k++)
		{
			double		n[4] = {100, 900, 25, 1.5};
			rpm_path_loss_link link;

			n[k] = bad[i];
			link = rpm_path_loss_link_of(n[0], n[1], n[2], n[3]);
			rpm_status_clear(&status);
			CHECK(rpm_path_loss(model, &link, &value, &status) == RPM_INVALID_ARGUMENT);
		}
}

int
main(void)
{
	RUN(test_free_space);
	RUN(test_hata);
	RUN(test_ericsson);
	RUN(test_tr38901);
	RUN(test_line_of_sight);
	RUN(test_p1411);
	RUN(test_over_rooftops_regions);
	RUN(test_ranges);
	RUN(test_all_models);
	RUN(test_bad_input);
	return unit_summary("path_loss");
}
