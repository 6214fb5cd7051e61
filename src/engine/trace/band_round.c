/*
 * band_round.c: smooth round surfaces under a band: hills of a ground that is given by heights, domes (band.h).
 *
 * Their creases are no edges: the mesh stands for a surface that bends evenly.  Such a run of corners counts as a cylinder of its mean radius, by
 * Recommendation ITU-R P.526-15 section 4.2, between the corners (or ends) beside it, as in its cascaded cylinders: a knife
 * edge where the tangents meet, and T(m, n).  What this leaves of the field over what the run's knife edges do is multiplied in.
 */
#include "trace/band.h"

/* Points of the ground nearer to each other are of one hill, as for the cascaded cylinders of P.526-15. */
#define HILL_M 250.0
/* It comes in with the nu of where the tangents meet up to this, and as the second crease turns the way; it goes out where that turns by so much. */
#define ROUND_NU 1.0
#define TURN_LESS_RAD 1.0
#define TURN_MOST_RAD 1.4

/* A run of corners on one smooth surface, as if of a cylinder. */
typedef struct round_run
{
	double		radius_m, turn_rad;
	double		before_m, after_m;	/* from where the tangents meet */
	double		share;			/* less than 1 where it comes in */
	double		edges;			/* the field behind its knife edges */
} round_run;

RPM_LOCAL round_run describe_run(const rpm_profile *p, const rpm_band *band, int first, int last);
RPM_LOCAL double turn_at(const rpm_profile *p, const rpm_band *band, int i);
RPM_LOCAL double leg_to(const rpm_profile *p, const rpm_band *band, int i);

RPM_SHARED bool
rpm_band_rounds(const rpm_profile_edge *from, const rpm_profile_edge *to, double leg_m)
{
	if (from->sharp || to->sharp || from->building != to->building)
		return false;
	if (to->building == RPM_NO_BUILDING)
		return leg_m <= HILL_M;
	return to->facet_0 == from->facet_0 || to->facet_0 == from->facet_n || to->facet_n == from->facet_0 || to->facet_n == from->facet_n;
}

RPM_SHARED double
rpm_band_round_part(const rpm_profile *p, const rpm_band *band)
{
	double		part = 1;

	for (int first = 0, last; first < band->corner_count; first = last + 1)
	{
		round_run	run;
		double		nu, round;

		for (last = first; last + 1 < band->corner_count && band->corners[last + 1].rounds; last++)
			;
		if (last == first)
			continue;
		run = describe_run(p, band, first, last);
		nu = rpm_knife_edge_parameter(2 * sin(run.turn_rad / 2), run.before_m, run.after_m, p->wavelength_m);
		run.share *= rpm_smooth_step(nu / ROUND_NU);
		if (!(run.share > 0))
			continue;
		round = rpm_knife_edge(nu) * pow(10, -rpm_rounded_obstacle_db(run.radius_m, run.turn_rad, run.before_m, run.after_m, p->wavelength_m) / 20);
		if (round < run.edges)
			part *= pow(round / run.edges, run.share);
	}
	return part;
}

/*
 * The radius is a leg's length by half the turns at its ends, weighted with their product: so a corner comes in without a step.
 */
RPM_LOCAL round_run
describe_run(const rpm_profile *p, const rpm_band *band, int first, int last)
{
	round_run	run = {0, 0, 0, 0, 0, 0};
	rpm_chain_edge edges[RPM_EDGES_MAX];
	double		weights = 0, most = 0, along = 0, aside = 0, heading = 0, end_m = leg_to(p, band, last + 1);

	for (int i = first; i <= last; i++)
	{
		double		turn = turn_at(p, band, i), leg_m = leg_to(p, band, i);

		edges[i - first] = (rpm_chain_edge) {leg_m, 2 * sin(turn / 2), 1, false};
		if (i > first)
		{
			double		before = turn_at(p, band, i - 1), weight = before * turn;

			weights += weight;
			run.radius_m += weight > 0 ? weight * 2 * leg_m / (before + turn) : 0;
			/* Where the run's last corner lies, seen along the first tangent. */
			along += leg_m * cos(heading);
			aside += leg_m * sin(heading);
		}
		most = fmax(most, turn * turn);
		heading += turn;
	}
	run.turn_rad = heading;
	if (!(weights > 0) || !(sin(heading) > 0))
		return run;
	run.radius_m /= weights;
	run.before_m = edges[0].leg_m + along - aside * cos(heading) / sin(heading);
	run.after_m = end_m + aside / sin(heading);
	run.edges = rpm_knife_edges(edges, last - first + 1, end_m, p->wavelength_m);
	run.share = rpm_smooth_step(2 * weights / most) * rpm_smooth_step((TURN_MOST_RAD - heading) / (TURN_MOST_RAD - TURN_LESS_RAD));
	return run;
}

/* By how much the band turns around a corner, radians. */
RPM_LOCAL double
turn_at(const rpm_profile *p, const rpm_band *band, int i)
{
	const rpm_band_corner *c = &band->corners[i];
	double		x0 = i > 0 ? c[-1].x : 0, z0 = i > 0 ? c[-1].z : p->z_begin;
	double		x1 = i + 1 < band->corner_count ? c[1].x : p->length, z1 = i + 1 < band->corner_count ? c[1].z : p->z_end;

	return fmax(0, c->side * (atan2(c->z - z0, c->x - x0) - atan2(z1 - c->z, x1 - c->x)));
}

/* The leg's length that ends at corner i; corner_count is the receiver. */
RPM_LOCAL double
leg_to(const rpm_profile *p, const rpm_band *band, int i)
{
	double		x0 = i > 0 ? band->corners[i - 1].x : 0, z0 = i > 0 ? band->corners[i - 1].z : p->z_begin;
	double		x1 = i < band->corner_count ? band->corners[i].x : p->length, z1 = i < band->corner_count ? band->corners[i].z : p->z_end;

	return hypot(x1 - x0, z1 - z0);
}
