/*
 * map_directions.h: how launched rays are spread over the directions: evenly first, then where they have turned out to matter.
 */
#ifndef RPM_MAP_DIRECTIONS_H
#define RPM_MAP_DIRECTIONS_H

#include "trace/map_internal.h"

/* The sphere in side_z x side_azimuth bins; of equal solid angle (equal steps of z and of azimuth) unless rows are given. */
typedef struct rpm_map_directions
{
	int			side_z, side_azimuth;
	double	   *score, *visits;	/* bins: sum of squared worth of the rays sent, and their number */
	double	   *density, *smoothed;	/* bins: probability; room to smooth in */
	double	   *first;			/* bins + 1: sum of the densities before */
	double	   *height;			/* side_z + 1: z at which a row of bins begins, from 1 down to -1; NULL: in equal steps */
} rpm_map_directions;

/* A batch of `rays` over the densities, with its own random shifts. */
typedef struct rpm_map_aim
{
	const rpm_map_directions *directions;
	uint64_t	seed, batch;
	int64_t		rays;
	double		shift;
} rpm_map_aim;

/* Where the row `row` of bins begins. */
RPM_INLINE double
rpm_map_bin_height(const rpm_map_directions *directions, int row)
{
	return directions->height != NULL ? directions->height[row] : 1 - 2.0 * row / directions->side_z;
}

/* Bins for a first batch of so many rays; all densities even. */
rpm_code	rpm_map_directions_create(int64_t first_rays, rpm_control *control, rpm_map_directions *directions, rpm_status *status);
/*
 * Makes rows of bins hold equal shares of rays: even_share of them evenly spread, the others by how far from the antenna a ray would meet the
 * receivers' plane were there no walls, as many within a distance as its power (2: evenly over the plane) up to the grid's farthest corner.
 * Mirrors upright leave that distance as it is.  Errors: RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_map_directions_by_distance(const rpm_map_job *job, double even_share, double power, rpm_map_directions *directions,
										   rpm_status *status);
void		rpm_map_directions_free(rpm_map_directions *directions);

/* The direction of ray i of a batch: which bin, and the solid angle that the ray stands for. */
RPM_SHARED rpm_vec3 rpm_map_direction(const rpm_map_aim *aim, int64_t i, size_t *bin, double *solid_angle);

/* Notes that a ray of the bin was worth so much (atomic). */
RPM_SHARED void rpm_map_directions_note(rpm_map_directions *directions, size_t bin, double squared_worth);

/* Makes the densities follow what was noted. */
void		rpm_map_directions_learn(rpm_map_directions *directions);

RPM_SHARED void rpm_map_add(double *sum, double amount);

/* The bin that holds a direction, and the solid angle of a bin. */
RPM_SHARED size_t rpm_map_direction_bin(const rpm_map_directions *directions, rpm_vec3 direction);
RPM_SHARED double rpm_map_bin_solid_angle(const rpm_map_directions *directions, size_t bin);

#endif
