/*
 * roof_edges.h: the edges of a scene that may stand against the sky, by azimuth about a transmitter.
 */
#ifndef RPM_ROOF_EDGES_H
#define RPM_ROOF_EDGES_H

#include "trace/roof_profile.h"

struct rpm_roofs
{
	rpm_vec3	transmitter;
	double		wavelength_m;
	rpm_profile_edge *edges;	/* nearest first */
	size_t		edge_count, room;
	size_t		sectors;
	uint32_t   *sector_start;	/* sectors + 1; into members */
	uint32_t   *members;		/* edges of each sector, nearest first */
	/* Corners of walls: by the group of buildings that share vertices with one another. */
	rpm_profile_edge *uprights;
	size_t		upright_count;
	int32_t    *group_of;		/* buildings */
	uint32_t   *group_start;	/* groups + 1; into uprights */
	const rpm_profile_bench *bench;	/* of a device, else NULL */
};

/* The sector that a direction along the ground lies in. */
RPM_INLINE size_t
rpm_roof_sector(const rpm_roofs *roofs, double x, double y)
{
	double		turn = atan2(y, x) / (2 * RPM_PI) + 0.5;

	return (size_t) (turn * (double) roofs->sectors) % roofs->sectors;
}

#endif
