/*
 * building_entry.c: levels in cells that are all indoors: what would be there without their building, less its entry loss.
 *
 * The level is that of the direct ray or of the band over all roofs but the building's own, which for its lit face is the level outside (the
 * loss of Recommendation ITU-R P.2109 counts from there), and the bound of clutter loss.  The elevation is that of the last leg.
 */
#include "rpm_building_entry.h"
#include "trace/map_internal.h"

/* The frequencies that P.2109 is stated for. */
#define LOWEST_GHZ 0.08
#define HIGHEST_GHZ 100.0

static void do_rows(void *context, int64_t begin, int64_t end, int thread);
RPM_LOCAL double entry_gain(const rpm_map_job *job, int column, int row);
RPM_LOCAL int32_t building_over(const rpm_map_job *job, rpm_vec3 point);

#ifndef RPM_KERNEL
rpm_code
rpm_map_building_entry(rpm_map_job *job, rpm_status *status)
{
	if (job->device != NULL)
		return job->device->entry(job->device->context, job, status);
	return rpm_parallel_for(job->control, job->grid->rows, 1, do_rows, job, status);
}

static void
do_rows(void *context, int64_t begin, int64_t end, int thread)
{
	rpm_map_job *job = context;
	int			columns = job->grid->columns;

	(void) thread;
	for (int64_t row = begin; row < end; row++)
		for (int column = 0; column < columns && !rpm_stopped(job->control); column++)
		{
			double	   *gain = &job->gain[(size_t) row * (size_t) columns + (size_t) column];

			if (isnan(*gain))
				*gain = entry_gain(job, column, (int) row);
		}
}
#endif

/* In the middle of a cell. */
RPM_LOCAL double
entry_gain(const rpm_map_job *job, int column, int row)
{
	const rpm_grid *grid = job->grid;
	double		frequency_ghz = fmin(fmax(job->antenna->frequency_hz * 1e-9, LOWEST_GHZ), HIGHEST_GHZ), elevation_deg, power, loss_db;
	double		x = grid->west + (column + 0.5) * grid->cell_width_m, y = grid->north - (row + 0.5) * grid->cell_height_m;
	rpm_vec3	point = rpm_vec(x, y, rpm_map_surface_z(&job->surface, x, y));

	power = rpm_map_power_before(job, point, building_over(job, point), &elevation_deg);
	loss_db = rpm_building_entry_loss_db((rpm_building_kind) (job->options->building_entry - 1), frequency_ghz, elevation_deg,
										 job->options->building_entry_deviate);
	return power * pow(10, -loss_db / 10);
}

/* The building whose roof or floor is next above the point; RPM_NO_BUILDING where none is. */
RPM_LOCAL int32_t
building_over(const rpm_map_job *job, rpm_vec3 point)
{
	rpm_ray		ray = {{(float) point.x, (float) point.y, (float) point.z}, {0, 0, 1}, 0, INFINITY};
	rpm_hit		hit;

	return rpm_query_intersect(job->query, &ray, &hit) ? job->scene->triangles[hit.triangle].building : RPM_NO_BUILDING;
}
