/*
 * roof_profile.c: the edges that cross the vertical plane between two points (roof_profile.h).
 */
#include "trace/leg.h"
#include "trace/roof_edges.h"

RPM_LOCAL void consider(rpm_profile *p, const rpm_profile_edge *e, const rpm_roof_question *question);

RPM_SHARED bool
rpm_roof_band(const rpm_roofs *roofs, const rpm_roof_question *question, rpm_band *band)
{
	rpm_profile p;
	double		x = question->receiver.x - roofs->transmitter.x, y = question->receiver.y - roofs->transmitter.y;
	size_t		sector = rpm_roof_sector(roofs, x, y);

	band->corner_count = band->count = 0;
	band->round_part = 1;
	p.length = hypot(x, y);
	if (!(p.length > RPM_LEG_END_M))
		return false;
	p.transmitter = roofs->transmitter;
	p.base = rpm_vec(roofs->transmitter.x, roofs->transmitter.y, 0);
	p.onward = rpm_vec(x / p.length, y / p.length, 0);
	p.up = rpm_vec(0, 0, 1);
	p.z_begin = roofs->transmitter.z;
	p.z_end = question->receiver.z;
	p.wavelength_m = roofs->wavelength_m;
	rpm_profile_clear(&p, roofs->bench);
	for (uint32_t i = roofs->sector_start[sector]; i < roofs->sector_start[sector + 1]; i++)
	{
		const rpm_profile_edge *e = &roofs->edges[roofs->members[i]];

		if (e->nearest_m >= fmin(p.length, question->to_m))
			break;
		if (e->building != question->but)
			consider(&p, e, question);
	}
	if (!p.above && question->wish == RPM_ROOF_BEHIND && p.creases)
		band->round_part = rpm_band_over_creases(&p, band);
	if (!p.above && question->wish != RPM_ROOF_IN_SIGHT_TOO)
		return false;
	rpm_band_stretch(&p, band);
	if (question->wish != RPM_ROOF_CORNERS_ONLY)
		rpm_band_chain(&p, band);
	/* What stands over the line by less than rounding leaves no corner. */
	return p.above && band->corner_count > 0;
}

RPM_LOCAL void
consider(rpm_profile *p, const rpm_profile_edge *e, const rpm_roof_question *question)
{
	double		ux = p->onward.x, uy = p->onward.y, side0 = ux * e->y0 - uy * e->x0, side1 = ux * e->y1 - uy * e->x1, part, x;

	if ((side0 < 0) == (side1 < 0))
		return;
	part = side0 / (side0 - side1);
	x = ux * (e->x0 + part * (e->x1 - e->x0)) + uy * (e->y0 + part * (e->y1 - e->y0));
	if (x > question->from_m && x < question->to_m)
		rpm_profile_add(p, e, x, e->z0 + part * (e->z1 - e->z0));
}
