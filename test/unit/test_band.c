/*
 * test_band.c: the rubber band over random profiles, and the chain along it: no step as an end of the way moves up or down, whatever corners
 * and edges below come and go; edges askew, close together and creases among them.
 */
#include "draws.h"
#include "trace/band.h"
#include "unit.h"

#define WAVELENGTH_M 0.0857
#define EDGES_MOST 8
#define STEP_M 0.01
#define SMALLEST_M 1e-7
#define LOOK_DB 0.1
#define STEP_DB 0.5

typedef struct profile
{
	int			count;
	double		length, x[EDGES_MOST], z[EDGES_MOST];
	rpm_profile_edge edges[EDGES_MOST];
} profile;

static double
between(double low, double high)
{
	return low + (high - low) * uniform();
}

/* Roofs below an antenna 20 m up, some in pairs close together, every tenth a crease. */
static profile
draw_profile(void)
{
	profile		d;
	bool		paired = false;

	d.length = between(300, 900);
	d.count = (int) between(2, EDGES_MOST + 1);
	for (int i = 0; i < d.count; i++)
	{
		double		askew = tan(between(-1.2, 1.2)), half = between(3, 20);

		paired = i > 0 && !paired && d.x[i - 1] < d.length - 40 && uniform() < 0.4;
		d.x[i] = paired ? d.x[i - 1] + between(0.05, 15) : between(30, d.length - 20);
		d.z[i] = between(14, 20);
		d.edges[i] = (rpm_profile_edge) {.x0 = d.x[i] - half * askew, .y0 = -half, .z0 = d.z[i], .x1 = d.x[i] + half * askew, .y1 = half, .z1 = d.z[i],
			.wedge = -1, .building = i, .facet_0 = RPM_NO_FACET, .facet_n = RPM_NO_FACET, .sharp = uniform() < 0.9};
	}
	return d;
}

/* The field behind the profile over that of free space, dB, and the band; NaN in sight.  back: from the other end. */
static double
behind_db(const profile *d, double z_begin, double z_end, bool back, rpm_band *band)
{
	rpm_profile p;

	rpm_profile_clear(&p, NULL);
	p.transmitter = rpm_vec(0, 0, 0);
	p.base = rpm_vec(back ? d->length : 0, 0, 0);
	p.onward = rpm_vec(back ? -1 : 1, 0, 0);
	p.up = rpm_vec(0, 0, 1);
	p.length = d->length;
	p.z_begin = back ? z_end : z_begin;
	p.z_end = back ? z_begin : z_end;
	p.wavelength_m = WAVELENGTH_M;
	for (int i = 0; i < d->count; i++)
		rpm_profile_add(&p, &d->edges[i], back ? d->length - d->x[i] : d->x[i], d->z[i]);
	if (!p.above)
		return NAN;
	rpm_band_stretch(&p, band);
	rpm_band_chain(&p, band);
	return 20 * log10(rpm_knife_edges(band->chain, band->count, band->last_leg_m, WAVELENGTH_M) * band->round_part);
}

/* What is left of a change between two heights as they near each other, dB. */
static double
step_between(const profile *d, double low, double high)
{
	rpm_band	band;
	double		at_low = behind_db(d, 20, low, false, &band), at_high = behind_db(d, 20, high, false, &band);

	while (high - low > SMALLEST_M)
	{
		double		middle = (low + high) / 2, at_middle = behind_db(d, 20, middle, false, &band);

		if (fabs(at_middle - at_low) > fabs(at_high - at_middle))
		{
			high = middle;
			at_high = at_middle;
		}
		else
		{
			low = middle;
			at_low = at_middle;
		}
	}
	return fabs(at_high - at_low);
}

/* A receiver rises from far below the roofs into sight. */
static void
no_steps(void)
{
	int			walks = unit_quick() ? 10 : 100;

	state = 1;
	for (int walk = 0; walk < walks; walk++)
	{
		profile		d = draw_profile();
		rpm_band	band;
		double		before = NAN, change = NAN;

		for (double z = -20; z < 20; z += STEP_M)
		{
			double		now = behind_db(&d, 20, z, false, &band), next = now - before;

			if (fabs(next - change) > LOOK_DB)
				CHECK_NEAR(step_between(&d, z - STEP_M, z), 0, STEP_DB);
			change = next;
			before = now;
		}
	}
}

/* As much from either end. */
static void
ends_exchanged(void)
{
	double		worst = 0, sum = 0;
	int			count = 0;

	state = 2;
	for (int i = 0; i < 400; i++)
	{
		profile		d = draw_profile();
		double		z = between(-10, 15);
		rpm_band	band;
		double		difference = fabs(behind_db(&d, 20, z, false, &band) - behind_db(&d, 20, z, true, &band));

		if (isnan(difference))
			continue;
		count++;
		sum += difference;
		worst = fmax(worst, difference);
	}
	CHECK(count > 200);
	CHECK_NEAR(sum / count, 0, 0.02);
	CHECK_NEAR(worst, 0, 1);
}

int
main(void)
{
	RUN(no_steps);
	RUN(ends_exchanged);
	return unit_summary("band");
}
