/*
 * map_points.cu: what has a closed form at the points of each cell (src/engine/trace/map_points.c), a point per thread.
 *
 * The points of a launch leave their powers in arrays, and a second kernel adds those of each cell in their order, so that the sums are
 * those of the CPU.  A point holds the fields that reach it in `room` places of each kind; where they do not do, the launch
 * is made again with more.
 */
#include <stdlib.h>

#include "map_engine.h"

#include "cuda_map.h"

#define FIRST_ROOM 24
/* Edges of a profile. */
#define FIRST_CROSSINGS 64
/* Of the device's memory for the fields of a launch. */
#define FIELD_BYTES ((size_t) 192 << 20)
/* Marks of a cell after the first pass. */
#define LOOK_CLOSER 1

/* What a launch of points is given. */
typedef struct points_view
{
	const rpm_map_job *job;
	const rpm_map_mirror *mirrors;
	const rpm_map_edge *edges;
	uint32_t	mirror_count, edge_count;
	const uint32_t *cells;		/* the cells of this pass; NULL: all */
	uint64_t   *signatures;		/* cells: which rays reach all of its points, after the first pass */
	uint8_t    *marks;			/* cells */
	double	   *power;			/* points of the launch: -1 where a point does not count */
	uint64_t   *signature;		/* points of the launch */
	rpm_map_reflected *reflected;	/* `room` for each point of the launch */
	rpm_map_diffracted *diffracted;
	uint32_t	room;
	uint32_t   *too_many;		/* [0] set where the room does not do, [1] where that for the edges of a profile does not */
} points_view;

typedef enum points_pass
{
	PASS_FIRST = 0,				/* rays; signatures */
	PASS_CLOSER,				/* rays at more points, or with the edges' fields */
	PASS_EDGES					/* edges where they join no ray: added */
} points_pass;

typedef struct points_work
{
	rpm_cuda_map *map;
	const rpm_map_job *job;		/* of the host */
	points_view view;
	size_t		points_max;		/* of a launch, by the memory for its fields and powers */
	size_t		field_bytes;
	void	   *fields;
	uint32_t	crossings;		/* room for the edges of a profile */
	uint32_t   *cells;			/* of the device: room for a list of all */
	rpm_cuda_pace pace;
} points_work;

static rpm_code take(points_work *work, const rpm_map_mirror *mirrors, size_t mirror_count, const rpm_map_edge *edges,
					 size_t edge_count, rpm_status *status);
static rpm_code divide_fields(points_work *work, uint32_t room, uint32_t crossings, rpm_status *status);
static rpm_code run_passes(points_work *work, rpm_status *status);
static rpm_code mark_cells(points_work *work, uint8_t *marks, rpm_status *status);
static rpm_code run_listed(points_work *work, points_pass pass, int n, const uint8_t *marks, uint32_t *list, rpm_status *status);
static rpm_code run_cells(points_work *work, points_pass pass, int n, size_t count, rpm_status *status);
static cudaError_t one_launch(points_work *work, points_pass pass, int n, size_t first, size_t count, uint32_t *too_many);
static rpm_code run_again_finer(points_work *work, int m, uint8_t *marks, uint32_t *list, rpm_status *status);

/* Cell number `index` of the pass. */
RPM_INLINE uint32_t
cell_of(const points_view *view, size_t index)
{
	return view->cells != NULL ? view->cells[index] : (uint32_t) index;
}

RPM_INLINE bool
throws_on(const rpm_map_mirror *mirror, int column, int row)
{
	return column >= mirror->column_low && column <= mirror->column_high && row >= mirror->row_low && row <= mirror->row_high;
}

/* The fields of all edges at a point; returns how many there are. */
RPM_INLINE int
edge_fields(const points_view *view, rpm_vec3 point, rpm_map_diffracted *diffracted)
{
	rpm_map_diffracted field;
	uint32_t	count = 0;

	for (uint32_t i = 0; i < view->edge_count; i++)
	{
		if (!rpm_map_edge_field(view->job, &view->edges[i], point, NULL, &field))
			continue;
		if (count == view->room)
		{
			*view->too_many = 1;
			break;
		}
		diffracted[count++] = field;
	}
	return (int) count;
}

/* As geometric_power of map_points.c, over the mirrors of a cell. */
RPM_INLINE double
rays_and_edges(const points_view *view, uint32_t cell, rpm_vec3 point, bool with_edges, bool with_roofs, rpm_map_reflected *reflected,
			   rpm_map_diffracted *diffracted, uint64_t *signature)
{
	const rpm_map_job *job = view->job;
	int			column = (int) (cell % (uint32_t) job->grid->columns), row = (int) (cell / (uint32_t) job->grid->columns);
	int			walls_crossed, diffracted_count = 0;
	uint32_t	count = 0;
	rpm_cvec3	direct = straight_field(job, point, NULL, &walls_crossed), field;
	rpm_map_mirror_blockers blockers;
	double		power = 0;

	*signature = rpm_random_mix((uint64_t) (walls_crossed + 2) | UINT64_C(1) << 32);
	if (walls_crossed > 0)
	{
		power = rpm_cvec_norm2(direct);
		direct = rpm_cvec_zero();
	}
	for (uint32_t i = 0; i < view->mirror_count; i++)
	{
		const rpm_map_mirror *mirror = &view->mirrors[i];

		blockers.before = blockers.after = RPM_NO_BLOCKER;
		if (!throws_on(mirror, column, row) || !rpm_map_mirror_field(job, mirror, point, &blockers, &field))
			continue;
		if (count == view->room)
		{
			*view->too_many = 1;
			break;
		}
		if (with_edges && with_roofs && job->roof_mirrors != NULL)
			field = rpm_cvec_scale(field, rpm_map_mirror_clearance(job, mirror->facet, point));
		reflected[count].field = field;
		reflected[count++].facet = mirror->facet;
		*signature = rpm_random_mix(*signature + (uint64_t) mirror->facet);
	}
	if (with_edges)
	{
		diffracted_count = edge_fields(view, point, diffracted);
		if (with_roofs)
			power += rpm_map_over_roofs(job, point, power + rays_power(direct, reflected, (int) count), diffracted, diffracted_count);
	}
	return power + rpm_map_field_power(direct, reflected, (int) count, diffracted, diffracted_count);
}

/* As edges_power of map_points.c. */
RPM_INLINE double
edges_alone(const points_view *view, rpm_vec3 point, bool with_roofs, rpm_map_diffracted *diffracted)
{
	int			count = edge_fields(view, point, diffracted);
	double		power = with_roofs ? rpm_map_over_roofs(view->job, point, 0, diffracted, count) : 0;

	if (view->job->sum_fields)
		return power + rpm_map_field_power(rpm_cvec_zero(), NULL, 0, diffracted, count);
	for (int i = 0; i < count; i++)
		power += rpm_cvec_norm2(diffracted[i].field);
	return power;
}

/* Point k of n x n of the launch's cells.  Without roofs a thread needs a fraction of the registers and memory. */
template <bool with_roofs> static __global__ void
evaluate_points(points_view view, points_pass pass, int n, size_t first, uint32_t points)
{
	uint32_t	t = blockIdx.x * blockDim.x + threadIdx.x;
	const rpm_map_job *job = view.job;
	uint32_t	cell;
	int			k;
	rpm_vec3	point;

	if (t >= points)
		return;
	cell = cell_of(&view, first + t / (uint32_t) (n * n));
	k = (int) (t % (uint32_t) (n * n));
	point = cell_point(job, (int) (cell % (uint32_t) job->grid->columns), (int) (cell / (uint32_t) job->grid->columns), k % n, k / n, n);
	view.signature[t] = NOT_COUNTED;
	view.power[t] = -1;
	if (job->options->cell_average != RPM_AVERAGE_CELL && !rpm_map_outdoors(job, point))
		return;
	if (pass == PASS_EDGES)
		view.power[t] = edges_alone(&view, point, with_roofs, view.diffracted + (size_t) t * view.room);
	else
		view.power[t] = rays_and_edges(&view, cell, point, pass == PASS_CLOSER && job->sum_fields, with_roofs,
									   view.reflected + (size_t) t * view.room, view.diffracted + (size_t) t * view.room, &view.signature[t]);
}

/* As the ends of do_cell and do_cell_edges of map_points.c. */
static __global__ void
fold_cells(points_view view, points_pass pass, int n, size_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;
	const rpm_map_job *job = view.job;
	uint64_t	common = NOT_COUNTED;
	double		gain = 0;
	uint32_t	cell;
	int			counted = 0;

	if (i >= count)
		return;
	cell = cell_of(&view, first + i);
	for (int k = 0; k < n * n; k++)
	{
		size_t		t = (size_t) i * (size_t) (n * n) + (size_t) k;

		if (view.power[t] >= 0)
		{
			counted++;
			gain += view.power[t];
		}
		if (k == 0)
			common = view.signature[t];
		else if (view.signature[t] != common)
			common = MIXED;
	}
	if (pass == PASS_EDGES)
	{
		if (counted > 0)
			job->gain[cell] += gain / counted;
		view.marks[cell] = counted == 0 && job->roofs != NULL && job->outdoor_share[cell] > 0 ? LOOK_CLOSER : 0;
		return;
	}
	if (pass == PASS_FIRST)
		view.signatures[cell] = common;
	job->outdoor_share[cell] = (float) counted / (float) (n * n);
	job->gain[cell] = counted > 0 ? gain / counted : (double) NAN;
}

/* As at_shadow_edge of map_points.c. */
RPM_INLINE bool
on_shadow_edge(const points_view *view, int column, int row)
{
	const rpm_grid *grid = view->job->grid;
	uint64_t	own = view->signatures[(size_t) row * (size_t) grid->columns + (size_t) column];

	for (int k = 0; k < 9; k++)
	{
		int			c = column + k % 3 - 1, r = row + k / 3 - 1;

		if (c >= 0 && c < grid->columns && r >= 0 && r < grid->rows)
		{
			uint64_t	other = view->signatures[(size_t) r * (size_t) grid->columns + (size_t) c];

			if (other == MIXED || other != own)
				return true;
		}
	}
	return false;
}

/* As lit_between_points of map_points.c. */
RPM_INLINE bool
lit_between(const points_view *view, int column, int row)
{
	const rpm_map_job *job = view->job;
	int			n = job->points * CLOSER;
	rpm_map_mirror_blockers blockers;
	rpm_cvec3	field;

	for (uint32_t i = 0; i < view->mirror_count; i++)
		if (view->mirrors[i].narrow && throws_on(&view->mirrors[i], column, row))
			for (int k = 0; k < n * n; k++)
			{
				blockers.before = blockers.after = RPM_NO_BLOCKER;
				if (rpm_map_mirror_field(job, &view->mirrors[i], cell_point(job, column, row, k % n, k / n, n), &blockers, &field))
					return true;
			}
	return false;
}

/* Which cells the second pass looks at. */
static __global__ void
mark_closer(points_view view, size_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;
	const rpm_map_job *job = view.job;
	size_t		cell = first + i;
	int			column,
				row;

	if (i >= count)
		return;
	column = (int) (cell % (size_t) job->grid->columns);
	row = (int) (cell / (size_t) job->grid->columns);
	if (job->sum_fields ? job->gain[cell] > 0 : on_shadow_edge(&view, column, row) || lit_between(&view, column, row))
		view.marks[cell] = LOOK_CLOSER;
}

rpm_code
rpm_cuda_map_points(rpm_cuda_map *map, const rpm_map_job *job, const rpm_map_mirror *mirrors, size_t mirror_count,
					const rpm_map_edge *edges, size_t edge_count, rpm_status *status)
{
	points_work work = {map, job};
	rpm_cuda_memory before = map->memory;
	cudaError_t error = cudaSetDevice(map->memory.device);
	rpm_code	code = error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "choosing the device", status);

	cudaFuncAttributes kernel;

	if (code == RPM_OK)
		error = job->roofs != NULL ? cudaFuncGetAttributes(&kernel, evaluate_points<true>) : cudaFuncGetAttributes(&kernel, evaluate_points<false>);
	if (error != cudaSuccess && code == RPM_OK)
		code = rpm_cuda_failure(error, "looking at a kernel", status);
	if (code == RPM_OK)
		code = rpm_cuda_take_stacks(&map->memory, kernel.localSizeBytes, "the points of the map", status);
	if (code == RPM_OK)
		code = take(&work, mirrors, mirror_count, edges, edge_count, status);
	if (code == RPM_OK)
		code = run_passes(&work, status);
	if (code == RPM_OK)
	{
		error = cudaMemcpy(job->gain, map->gain, job->cell_count * sizeof(double), cudaMemcpyDeviceToHost);
		if (error == cudaSuccess)
			error = cudaMemcpy(job->outdoor_share, map->outdoor_share, job->cell_count * sizeof(float), cudaMemcpyDeviceToHost);
		if (error != cudaSuccess)
			code = rpm_cuda_failure(error, "fetching the map", status);
	}
	/* What the points alone needed. */
	rpm_cuda_give_back_to(&map->memory, before.block_count, before.bytes);
	return code;
}

static rpm_code
take(points_work *work, const rpm_map_mirror *mirrors, size_t mirror_count, const rpm_map_edge *edges, size_t edge_count,
	 rpm_status *status)
{
	rpm_cuda_memory *memory = &work->map->memory;
	size_t		cells = work->job->cell_count, free_bytes, per_cell = (size_t) (work->job->points * work->job->points) * CLOSER * CLOSER;
	const char *what = "the points of the map";
	void	   *mirror, *edge, *signatures, *marks, *list, *power, *signature, *too_many;
	rpm_code	code = rpm_cuda_take(memory, mirror_count * sizeof(rpm_map_mirror), mirrors, what, &mirror, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(memory, edge_count * sizeof(rpm_map_edge), edges, what, &edge, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, cells * sizeof(uint64_t), NULL, what, &signatures, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, cells, NULL, what, &marks, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, cells * sizeof(uint32_t), NULL, what, &list, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, 2 * sizeof(uint32_t), NULL, what, &too_many, status);
	if (code != RPM_OK)
		return code;
	free_bytes = rpm_cuda_allowed(memory);
	work->field_bytes = free_bytes / 2 < FIELD_BYTES ? free_bytes / 2 : FIELD_BYTES;
	work->points_max = work->field_bytes / 8 / (sizeof(double) + sizeof(uint64_t));
	if (work->points_max < per_cell)
		work->points_max = per_cell;
	code = rpm_cuda_take(memory, work->points_max * sizeof(double), NULL, what, &power, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, work->points_max * sizeof(uint64_t), NULL, what, &signature, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, work->field_bytes, NULL, what, &work->fields, status);
	if (code != RPM_OK)
		return code;
	work->cells = (uint32_t *) list;
	work->view.job = work->map->job;
	work->view.mirrors = (const rpm_map_mirror *) mirror;
	work->view.edges = (const rpm_map_edge *) edge;
	work->view.mirror_count = (uint32_t) mirror_count;
	work->view.edge_count = (uint32_t) edge_count;
	work->view.signatures = (uint64_t *) signatures;
	work->view.marks = (uint8_t *) marks;
	work->view.power = (double *) power;
	work->view.signature = (uint64_t *) signature;
	work->view.too_many = (uint32_t *) too_many;
	return divide_fields(work, FIRST_ROOM, FIRST_CROSSINGS, status);
}

/* So many places of each kind for each point of a launch, no more than there are mirrors or edges; and for so many edges of its profile. */
static rpm_code
divide_fields(points_work *work, uint32_t room, uint32_t crossings, rpm_status *status)
{
	rpm_profile_bench bench;
	uint32_t	most = work->view.mirror_count > work->view.edge_count ? work->view.mirror_count : work->view.edge_count;
	size_t		points, per_point;

	work->crossings = work->job->roofs == NULL ? 0 : crossings < RPM_PROFILE_MAX ? crossings : RPM_PROFILE_MAX;
	work->view.room = room < most ? room : most > 0 ? most : 1;
	per_point = work->view.room * (sizeof(rpm_map_reflected) + sizeof(rpm_map_diffracted)) + work->crossings * sizeof(rpm_crossing);
	points = work->field_bytes / per_point;
	if (points < work->points_max)
		work->points_max = points;
	work->view.diffracted = (rpm_map_diffracted *) work->fields;
	work->view.reflected = (rpm_map_reflected *) (work->view.diffracted + points * work->view.room);
	bench.at = (rpm_crossing *) (work->view.reflected + points * work->view.room);
	bench.room = work->crossings;
	bench.too_many = work->view.too_many + 1;
	if (work->crossings > 0 && cudaMemcpy(work->map->bench, &bench, sizeof(bench), cudaMemcpyHostToDevice) != cudaSuccess)
		return rpm_cuda_failure(cudaGetLastError(), "dividing the memory for fields", status);
	return RPM_OK;
}

/* The two passes of rpm_map_points, its second in two. */
static rpm_code
run_passes(points_work *work, rpm_status *status)
{
	const rpm_map_job *job = work->job;
	int			m = job->points / 2 > 0 ? job->points / 2 : 1;
	uint8_t    *marks = (uint8_t *) calloc(job->cell_count, 1);
	uint32_t   *list = (uint32_t *) calloc(job->cell_count, sizeof(uint32_t));
	rpm_code	code = RPM_OK;

	if (marks == NULL || list == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the marks of %zu cells", job->cell_count);
	if (code == RPM_OK)
		code = run_cells(work, PASS_FIRST, job->points, job->cell_count, status);
	if (code == RPM_OK)
		code = mark_cells(work, marks, status);
	if (code == RPM_OK)
		code = run_listed(work, PASS_CLOSER, job->sum_fields ? job->points : job->points * CLOSER, marks, list, status);
	/* Where fields are added, the cells that the second pass looked at have theirs. */
	for (size_t i = 0; i < job->cell_count && code == RPM_OK; i++)
		marks[i] = !job->sum_fields || !marks[i];
	if (code == RPM_OK && (work->view.edge_count > 0 || job->roofs != NULL))
		code = run_listed(work, PASS_EDGES, m, marks, list, status);
	if (code == RPM_OK && job->roofs != NULL)
		code = run_again_finer(work, m, marks, list, status);
	free(marks);
	free(list);
	return code;
}

/* What is outdoors at the finer points alone, as do_cell_edges of map_points.c looks for it. */
static rpm_code
run_again_finer(points_work *work, int m, uint8_t *marks, uint32_t *list, rpm_status *status)
{
	size_t		cells = work->job->cell_count;
	rpm_code	code = RPM_OK;

	while (m < work->job->points * CLOSER && code == RPM_OK)
	{
		cudaError_t error;

		m *= 2;
		/* Marks of cells that this pass does not look at are not of it. */
		for (size_t i = 0; i < cells; i++)
			list[i] = marks[i];
		error = cudaMemcpy(marks, work->view.marks, cells, cudaMemcpyDeviceToHost);
		if (error != cudaSuccess)
			return rpm_cuda_failure(error, "looking for cells between points", status);
		for (size_t i = 0; i < cells; i++)
			marks[i] = marks[i] && list[i];
		code = run_listed(work, PASS_EDGES, m, marks, list, status);
	}
	return code;
}

static rpm_code
mark_cells(points_work *work, uint8_t *marks, rpm_status *status)
{
	size_t		cells = work->job->cell_count;
	rpm_cuda_pace pace = {0, 0};
	cudaError_t error = cudaSuccess;

	for (size_t done = 0; done < cells && error == cudaSuccess;)
	{
		size_t		count;

		if (rpm_stopped(work->job->control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		rpm_cuda_pace_begin(&pace);
		count = cells - done < pace.threads ? cells - done : pace.threads;
		RPM_LAUNCH(mark_closer, rpm_cuda_grid(count), RPM_CUDA_BLOCK_THREADS, work->view, done, (uint32_t) count);
		error = cudaGetLastError();
		if (error == cudaSuccess)
			error = cudaDeviceSynchronize();
		rpm_cuda_pace_end(&pace);
		done += count;
	}
	if (error == cudaSuccess)
		error = cudaMemcpy(marks, work->view.marks, cells, cudaMemcpyDeviceToHost);
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "looking for shadows' edges", status);
}

/* A pass over the marked cells. */
static rpm_code
run_listed(points_work *work, points_pass pass, int n, const uint8_t *marks, uint32_t *list, rpm_status *status)
{
	size_t		count = 0;
	cudaError_t error;
	rpm_code	code;

	for (size_t i = 0; i < work->job->cell_count; i++)
		if (marks[i])
			list[count++] = (uint32_t) i;
	error = cudaMemcpy(work->cells, list, count * sizeof(uint32_t), cudaMemcpyHostToDevice);
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, "copying a list of cells", status);
	work->view.cells = work->cells;
	code = run_cells(work, pass, n, count, status);
	work->view.cells = NULL;
	return code;
}

/* A pass over the first `count` cells of the view, as many as one launch is good for at a time. */
static rpm_code
run_cells(points_work *work, points_pass pass, int n, size_t count, rpm_status *status)
{
	size_t		per_cell = (size_t) (n * n), done = 0;

	work->pace.threads = 0;
	while (done < count)
	{
		size_t		cells,
					most;
		uint32_t	too_many[2] = {0, 0};
		cudaError_t error;

		if (rpm_stopped(work->job->control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		if (work->points_max < per_cell)
			return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Allow more of the device's memory, or trace on the CPU.",
							"the fields at the %zu points of a cell, %u of each kind, do not fit into %.1f MB of the device", per_cell,
							work->view.room, (double) work->field_bytes / 1048576.0);
		rpm_cuda_pace_begin(&work->pace);
		most = work->pace.threads < work->points_max ? work->pace.threads : work->points_max;
		cells = most / per_cell > 0 ? most / per_cell : 1;
		cells = cells < count - done ? cells : count - done;
		error = one_launch(work, pass, n, done, cells, too_many);
		if (error != cudaSuccess)
			return rpm_cuda_failure(error, "tracing to points", status);
		rpm_cuda_pace_end(&work->pace);
		if (too_many[0] || (too_many[1] && work->crossings < RPM_PROFILE_MAX))
		{
			rpm_code	code = divide_fields(work, too_many[0] ? 2 * work->view.room : work->view.room,
											 too_many[1] ? 2 * work->crossings : work->crossings, status);

			if (code != RPM_OK)
				return code;
			continue;
		}
		done += cells;
		if (pass != PASS_EDGES)
			rpm_phase_add(work->job->control, (int64_t) (cells * (size_t) (work->job->points * work->job->points) / 2));
	}
	return RPM_OK;
}

static cudaError_t
one_launch(points_work *work, points_pass pass, int n, size_t first, size_t count, uint32_t *too_many)
{
	uint32_t	points = (uint32_t) count * (uint32_t) (n * n);
	cudaError_t error = cudaMemset(work->view.too_many, 0, 2 * sizeof(uint32_t));

	if (error == cudaSuccess)
	{
		if (work->job->roofs != NULL && pass != PASS_FIRST)
			RPM_LAUNCH(evaluate_points<true>, rpm_cuda_grid(points), RPM_CUDA_BLOCK_THREADS, work->view, pass, n, first, points);
		else
			RPM_LAUNCH(evaluate_points<false>, rpm_cuda_grid(points), RPM_CUDA_BLOCK_THREADS, work->view, pass, n, first, points);
		error = cudaGetLastError();
	}
	if (error == cudaSuccess)
		error = cudaMemcpy(too_many, work->view.too_many, 2 * sizeof(uint32_t), cudaMemcpyDeviceToHost);
	/* A launch that is made again must not leave its sums. */
	if (error == cudaSuccess && too_many[0] == 0 && (too_many[1] == 0 || work->crossings == RPM_PROFILE_MAX))
	{
		RPM_LAUNCH(fold_cells, rpm_cuda_grid(count), RPM_CUDA_BLOCK_THREADS, work->view, pass, n, first, (uint32_t) count);
		error = cudaGetLastError();
	}
	return error;
}
