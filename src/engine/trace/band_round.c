/*
 * band_round.c: smooth round surfaces under a band: hills of a ground that is given by heights, domes (band.h).
 *
 * Their creases are no edges: the mesh stands for a surface that bends evenly.  Such a run of corners counts as a cylinder of its mean radius, by
 * Recommendation ITU-R P.526-15 section 4.2, between the corners (or ends) beside it, as in its cascaded cylinders: a knife
 * edge where the tangents meet, which stands in the chain for the run's own, and T(m, n), by which the field is multiplied.
 */
#include "trace/band.h"

/* Points of the ground nearer to each other are of one hill, as for the cascaded cylinders of P.526-15. */
#define HILL_M 250.0
/* It comes in with the nu of where the tangents meet up to this, and as the second crease turns the way; it goes out where that turns by so much. */
#define ROUND_NU 1.0
#define TURN_LESS_RAD 1.0
#define TURN_MOST_RAD 1.4

RPM_LOCAL void describe_cylinder(const rpm_profile *p, const rpm_band *band, int first, rpm_band_run *run);
RPM_LOCAL double radius_of(const rpm_chain_edge *corners, int count, double *share);
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

RPM_SHARED rpm_band_run
rpm_band_run_from(const rpm_profile *p, const rpm_band *band, int first)
{
	rpm_band_run run = {first, false, band->corners[first].x, band->corners[first].z, 1};

	while (run.last + 1 < band->corner_count && band->corners[run.last + 1].rounds)
		run.last++;
	if (run.last > first)
		describe_cylinder(p, band, first, &run);
	return run;
}

RPM_LOCAL void
describe_cylinder(const rpm_profile *p, const rpm_band *band, int first, rpm_band_run *run)
{
	const rpm_band_corner *c = &band->corners[first];
	rpm_chain_edge edges[RPM_EDGES_MAX];
	double		along = 0, aside = 0, heading = 0, end_m = leg_to(p, band, run->last + 1), share, beyond, radius;
	double		before_m, after_m, nu, part, cylinder;

	for (int i = first; i <= run->last; i++)
	{
		double		turn = turn_at(p, band, i), leg_m = leg_to(p, band, i);

		edges[i - first] = (rpm_chain_edge) {leg_m, turn, 1, false};
		/* Where the corner lies, seen along the first tangent. */
		along += i > first ? leg_m * cos(heading) : 0;
		aside += i > first ? leg_m * sin(heading) : 0;
		heading += turn;
	}
	radius = radius_of(edges, run->last - first + 1, &share);
	if (!(share > 0) || !(sin(heading) > 0) || heading >= TURN_MOST_RAD)
		return;
	before_m = edges[0].leg_m + along - aside * cos(heading) / sin(heading);
	after_m = end_m + aside / sin(heading);
	beyond = before_m / edges[0].leg_m - 1;
	run->round = true;
	run->x = c->x + (c->x - (first > 0 ? c[-1].x : 0)) * beyond;
	run->z = c->z + (c->z - (first > 0 ? c[-1].z : p->z_begin)) * beyond;
	nu = rpm_knife_edge_parameter(2 * sin(heading / 2), before_m, after_m, p->wavelength_m);
	part = rpm_smooth_step((TURN_MOST_RAD - heading) / (TURN_MOST_RAD - TURN_LESS_RAD));
	cylinder = rpm_rounded_obstacle_db(radius, heading, before_m, after_m, p->wavelength_m) / 20;
	run->part = pow(10, -cylinder * part * share * rpm_smooth_step(nu / ROUND_NU));
	/* As its own edges where it turns too much. */
	if (part < 1)
	{
		for (int i = 0; i <= run->last - first; i++)
			edges[i].turn = 2 * sin(edges[i].turn / 2);
		run->part *= pow(fmin(1, rpm_knife_edges(edges, run->last - first + 1, end_m, p->wavelength_m) / rpm_knife_edge(nu)), 1 - part);
	}
}

/*
 * The radius of corners that turn by `turn`, rad: that of each pair, the way between them by how it turns, weighted with the product of their
 * turns.  So a corner comes in without a step wherever it stands.  *share is 0 with one that turns, and 1 when a second turns half as much.
 */
RPM_LOCAL double
radius_of(const rpm_chain_edge *corners, int count, double *share)
{
	double		weights = 0, sum = 0, most = 0;

	for (int i = 0; i < count; i++)
	{
		double		way_m = 0, turned = corners[i].turn / 2;

		most = fmax(most, corners[i].turn);
		for (int k = i + 1; k < count; k++)
		{
			double		weight = corners[i].turn * corners[k].turn;

			way_m += corners[k].leg_m;
			turned += corners[k].turn / 2;
			weights += weight;
			sum += weight > 0 ? weight * way_m / turned : 0;
			turned += corners[k].turn / 2;
		}
	}
	*share = weights > 0 ? rpm_smooth_step(2 * weights / (most * most)) : 0;
	return sum / weights;
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
