/*
 * cuda_map.h: a map at work on a device, as the parts of the module share it.
 */
#ifndef RPM_CUDA_MAP_H
#define RPM_CUDA_MAP_H

#include "cuda_internal.h"

struct rpm_cuda_map
{
	rpm_cuda_scene *scene;
	rpm_cuda_memory memory;
	rpm_map_job *job;			/* of the device, with what it points to */
	double	   *gain, *batch;	/* cells, of the device */
	float	   *outdoor_share;
	double	   *density, *first, *score, *visits;	/* bins of the directions of rays; taken by the first batch */
	double	   *height;			/* of its rows; NULL: in equal steps */
	size_t		bins;
	void	   *task;			/* room for a launch_task and the directions it names */
};

/* The job's roofs and the antenna's images on the device; NULL where it has none. */
rpm_code	rpm_cuda_bring_roofs(rpm_cuda_map *map, const rpm_map_job *job, const rpm_roofs **roofs,
								 const struct rpm_roof_mirrors **mirrors, rpm_status *status);

/*
 * How many threads the next launch has: so many that it takes some milliseconds, for a stop is seen between launches.
 */
typedef struct rpm_cuda_pace
{
	size_t		threads;
	double		began_s;
} rpm_cuda_pace;

void		rpm_cuda_pace_begin(rpm_cuda_pace *pace);
/* After the launch has ended. */
void		rpm_cuda_pace_end(rpm_cuda_pace *pace);

#define RPM_CUDA_FIRST_THREADS ((size_t) 1 << 13)

#endif
